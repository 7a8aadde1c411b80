/* Tags heard or seen: shares out of logits, of one choice and of many, whole and by clip; files
 * that have none. `test_model_tags make FILE [no-tags]` writes the model for tests of commands. */
#include <math.h>

#include "../test.h"
#include "describe/describe.h"

#include "../model_file.h"

enum { CLIPS = 3, STEPS = 398, BANDS = 80, TAGS = 4 };

static char path[64];

static nd_model *model_of(const model_file *f)
{
    nd_diag diag = {0};
    nd_model *model = NULL;
    if (!nd_model_open(&model, model_file_write(path, f), &diag)) return model;
    fprintf(stderr, "%s\n", diag.text);
    exit(1);
}

static nd_description *music_of(int64_t C, int64_t steps)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    if (!d) exit(1);
    d->medium = ND_MUSIC;
    nd_array *a = nd_description_add(d, "fbank", ND_F32, 3, (const int64_t[]){C, steps, BANDS});
    for (int64_t i = 0; a && i < C * steps * BANDS; i++) a->f32[i] = (float)sin((double)i * 0.37);
    return d;
}

/* ---- wrong ones ---- */

static void check_wrong(void)
{
    static const struct {
        const char *name, *story;
        model_file file;
        int64_t C, steps;
        int rc;
    } cases[] = {
        {"no_names",
         "names of the 4 classes",
         {1, 1, .with_tags = false},
         CLIPS,
         STEPS,
         ND_ENOTFOUND},
        {"no_clip", "more than 2 s", {1, 1, .with_tags = true}, 0, STEPS, ND_ESHORT},
        {"too_short_clips", "", {1, 1, .with_tags = true}, CLIPS, 1, ND_ESHORT},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_diag diag = {0};
        nd_model *model = model_of(&cases[i].file);
        nd_description *d = music_of(cases[i].C, cases[i].steps);
        nd_tag_shares t = {.n_tags = 77};
        int rc = nd_model_tags_of(&t, model, d, 1, NULL, &diag);
        CHECK(cases[i].name,
              rc == cases[i].rc && strstr(diag.text, cases[i].story) && t.n_tags == 77, "%s: %s",
              nd_error_name(rc), diag.text);
        nd_description_destroy(&d);
        nd_model_close(&model);
    }
}

static void check_feature(void)
{
    nd_diag diag = {0};
    nd_tag_shares t = {0};
    nd_model *model = model_of(&(model_file){1, 1, .with_tags = true, .without_match = true});
    nd_description *d = music_of(CLIPS, STEPS);
    char reads[128] = "kept";
    int rc = nd_model_reads(reads, model, ND_MUSIC, true, &diag);
    CHECK("no_match", rc == ND_ENOTFOUND && !strcmp(reads, "kept"), "%s", reads);
    rc = nd_model_reads(reads, model, ND_VIDEO, false, &diag);
    CHECK("video_reads", !rc && !strcmp(reads, "default,colour_frames"), "%s", reads);
    d->medium = ND_VIDEO;
    rc = nd_model_tags_of(&t, model, d, 1, NULL, &diag);
    CHECK("other_feature", rc == ND_ENOTFOUND && strstr(diag.text, "colour_frames"), "%s",
          diag.text);
    nd_description_destroy(&d);
    nd_model_close(&model);
}

/* ---- shares ---- */

/* As the head of model.h says, from the logits. */
static double expected_share(const double *z, int i, bool alone)
{
    double sum = 0;
    for (int k = 0; k < TAGS; k++) sum += exp(z[k]);
    return alone ? 1 / (1 + exp(-z[i])) : exp(z[i]) / sum;
}

static double worst_error(const nd_tag_shares *t, const nd_array *logits, bool alone)
{
    double worst = 0, mean[TAGS] = {0};
    for (int c = 0; c < CLIPS; c++) {
        double z[TAGS];
        for (int i = 0; i < TAGS; i++) {
            z[i] = (double)logits->f32[c * TAGS + i];
            mean[i] += z[i] / CLIPS;
        }
        for (int i = 0; i < TAGS; i++)
            worst = fmax(worst, fabs(expected_share(z, i, alone) - (double)t->clips[c * TAGS + i]));
    }
    for (int i = 0; i < TAGS; i++)
        worst = fmax(worst, fabs(expected_share(mean, i, alone) - (double)t->whole[i]));
    return worst;
}

static void check_shares(bool alone)
{
    nd_diag diag = {0};
    nd_model *model = model_of(&(model_file){1, 1, .with_tags = true, .multi_label = alone});
    nd_description *d = music_of(CLIPS, STEPS);
    nd_tag_shares t = {0};
    nd_array logits = {0};
    int rc = nd_model_tags_of(&t, model, d, 2, NULL, &diag);
    CHECK("has_shares", !rc && t.n_clips == CLIPS && t.n_tags == TAGS && t.medium == ND_MUSIC, "%s",
          diag.text);
    if (!rc) rc = nd_model_run(&logits, model, "music", &d->arrays[0], true, 1, NULL, &diag);
    if (!rc) {
        CHECK_NEAR(alone ? "shares_alone" : "shares", worst_error(&t, &logits, alone), 0, 1e-6);
        CHECK("names", !strcmp(t.names[0], "calm sea") && !strcmp(t.names[3], "slow snow"),
              "others");
        CHECK("feature_is_kept", d->n_arrays == 1, "%zu arrays", d->n_arrays);
    }
    nd_array_deinit(&logits);
    nd_tag_shares_deinit(&t);
    nd_tag_shares_deinit(&t);
    nd_description_destroy(&d);
    nd_model_close(&model);
}

static void check_largest(void)
{
    static const float shares[] = {0.1f, 0.4f, 0.1f, 0.4f};
    int out[6] = {-1, -1, -1, -1, -1, -1};
    int n = nd_tags_largest(out, shares, 4, 6);
    CHECK("largest", n == 4 && out[0] == 1 && out[1] == 3 && out[2] == 0 && out[3] == 2,
          "%d: %d %d %d %d", n, out[0], out[1], out[2], out[3]);
    CHECK("largest_stays_within", out[4] == -1, "%d", out[4]);
    CHECK("largest_of_none", nd_tags_largest(out, NULL, 0, 3) == 0, "found some");
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        model_file_write(argv[2], &(model_file){1, 1, .with_tags = argc == 3});
        return 0;
    }
    snprintf(path, sizeof path, "/tmp/needledrop-tags-%d.safetensors", (int)getpid());
    check_wrong();
    check_feature();
    check_shares(false);
    check_shares(true);
    check_largest();
    unlink(path);
    TEST_END();
}
