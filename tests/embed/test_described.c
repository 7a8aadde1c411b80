/* Descriptions that a model has read: clips embedded in them, items out of them, which features a
 * model wants; rhythm and motion of arrays that do not fit. */
#include <math.h>

#include "../test.h"
#include "describe/describe.h"

#include "../model_file.h"

enum { STEPS = 398, BANDS = 80 };

static nd_description *description(nd_medium medium)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    if (!d) exit(1);
    d->medium = medium;
    return d;
}

static void add_clips(nd_description *d, int64_t C, int64_t T, int64_t F)
{
    nd_array *a = nd_description_add(d, "fbank", ND_F32, 3, (const int64_t[]){C, T, F});
    for (int64_t i = 0; a && i < C * T * F; i++) a->f32[i] = (float)sin((double)i);
}

/* ---- clips ---- */

static void check_clips(nd_network *network)
{
    static const struct {
        const char *name;
        int64_t C, T, F, expected;
        float value;
    } cases[] = {
        {"clips_as_expected", 2, STEPS, BANDS, 2, 0}, {"no_clips", 0, STEPS, BANDS, 0, 0},
        {"other_steps", 2, STEPS - 1, BANDS, 0, 0},   {"other_bands", 2, STEPS, BANDS + 1, 0, 0},
        {"not_finite", 2, STEPS, BANDS, 0, INFINITY},
    };
    nd_diag diag = {0};
    nd_description *none = description(ND_MUSIC);
    int rc = nd_clips_embed(none, network, 5, 1, NULL, &diag);
    CHECK("no_feature", rc == ND_ENOTFOUND && strstr(diag.text, "fbank") && !none->n_arrays, "%s",
          diag.text);
    CHECK("no_extractor", nd_clips_extractor(none) == 0, "found one");
    nd_description_destroy(&none);
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_description *d = description(ND_MUSIC);
        nd_described x = {0};
        add_clips(d, cases[i].C, cases[i].T, cases[i].F);
        if (cases[i].value > 0) d->arrays[0].f32[7] = cases[i].value;
        int64_t D = nd_network_size_of(network).D;
        rc = nd_clips_embed(d, network, UINT64_C(0xFEDCBA9876543210), 1, NULL, &diag);
        const nd_array *a = nd_description_find(d, "clip");
        CHECK(cases[i].name,
              !rc && a && a->dims[0] == cases[i].expected && a->dims[1] == D &&
                  nd_clips_extractor(d) == UINT64_C(0xFEDCBA9876543210) && d->n_arrays == 2,
              "%s", nd_error_name(rc));
        int expected = cases[i].expected ? 0 : ND_ESHORT;
        rc = nd_described_make(&x, d, D, false, &diag);
        CHECK("item", rc == expected && x.item.C == cases[i].expected, "%s", nd_error_name(rc));
        nd_described_deinit(&x);
        rc = nd_described_make(&x, d, D + 1, false, &diag);
        CHECK("item_of_other_width", rc == ND_ESHORT && !x.pulse, "%s", nd_error_name(rc));
        nd_description_destroy(&d);
    }
}

/* ---- items ---- */

static void add_rhythm(nd_description *d, const char *prefix)
{
    static const int32_t beats[] = {8, 7}, classes[] = {8, 20, 30, 99, -4, 200};
    static const float strength[] = {2.5f, NAN}, interval[] = {0.5f, 0.6f};
    char name[32];
    snprintf(name, sizeof name, "%sclip_n_beats", prefix);
    nd_description_add_i32(d, name, beats, 2);
    snprintf(name, sizeof name, "%sclip_beat_strength", prefix);
    nd_description_add_f32(d, name, strength, 2);
    snprintf(name, sizeof name, "%sclip_beat_interval_s", prefix);
    nd_description_add_f32(d, name, interval, 2);
    snprintf(name, sizeof name, "%sclip_rhythm_class", prefix);
    nd_array *a = nd_description_add(d, name, ND_I32, 2, (const int64_t[]){2, 3});
    if (a) memcpy(a->i32, classes, sizeof classes);
}

static void check_music_item(void)
{
    nd_description *d = description(ND_MUSIC);
    nd_described x = {0};
    nd_description_add(d, "clip", ND_F32, 2, (const int64_t[]){3, 4});
    add_rhythm(d, "published_");
    nd_described_make(&x, d, 4, false, NULL);
    CHECK("rhythm_missing", x.item.C == 3 && !x.item.pulse && !x.item.classes, "found");
    nd_described_deinit(&x);
    nd_described_make(&x, d, 4, true, NULL);
    const float pulse[] = {8, 2.5f, 0.5f, 7, 0, 0.6f, 7, 0, 0.6f};
    const int32_t classes[] = {8, 20, 30, 17, 0, 64, 17, 0, 64};
    CHECK("rhythm",
          x.item.pulse && x.item.classes && !memcmp(x.item.pulse, pulse, sizeof pulse) &&
              !memcmp(x.item.classes, classes, sizeof classes),
          "other values");
    nd_described_deinit(&x);
    add_rhythm(d, "");
    nd_described_make(&x, d, 4, false, NULL);
    CHECK("rhythm_of_ours", x.item.pulse && !memcmp(x.item.pulse, pulse, sizeof pulse), "other");
    nd_described_deinit(&x);
    /* Alone a clip is heard at double, and at its own, tempo. */
    nd_array *alone = (nd_array *)(uintptr_t)nd_description_find(d,
                                                                 "published_clip_beat_interval_s");
    alone->f32[0] = 0.26f;
    alone->f32[1] = 0.55f;
    nd_described_make(&x, d, 4, false, NULL);
    CHECK_NEAR("interval_at_the_octave_of_the_track", x.item.pulse[2], 0.52, 1e-6);
    CHECK_NEAR("interval_of_the_clip", x.item.pulse[5], 0.55, 1e-6);
    nd_described_deinit(&x);
    nd_description_destroy(&d);
}

/* Statistics are there where they are all, and numbers. */
static void check_statistics(void)
{
    static const struct {
        const char *name;
        int64_t n;
        float last;
        bool expected;
    } cases[] = {
        {"statistics", ND_STATISTICS, 7, true},
        {"statistics_of_another_length", ND_STATISTICS - 1, 7, false},
        {"statistics_that_are_no_numbers", ND_STATISTICS, INFINITY, false},
        {"statistics_that_are_not_there", 0, 0, false},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_description *d = description(ND_MUSIC);
        nd_described x = {0};
        nd_description_add(d, "clip", ND_F32, 2, (const int64_t[]){3, 4});
        if (cases[i].n) {
            nd_array *a = nd_description_add(d, "statistics", ND_F32, 1, &cases[i].n);
            a->f32[cases[i].n - 1] = cases[i].last;
        }
        int rc = nd_described_make(&x, d, 4, false, NULL);
        bool found = x.item.statistics && x.item.S == ND_STATISTICS &&
                     x.item.statistics[ND_STATISTICS - 1] == 7;
        CHECK(cases[i].name, !rc && found == cases[i].expected && found == (x.item.S > 0), "%d, %d",
              rc, x.item.S);
        nd_described_deinit(&x);
        nd_description_destroy(&d);
    }
}

static void check_video_item(void)
{
    static const float flow[] = {0.2f, 0.4f}, cuts[] = {0.5f, 3.9f, 4, 90, -1, NAN};
    nd_description *d = description(ND_VIDEO);
    nd_described x = {0};
    nd_description_add(d, "clip", ND_F32, 2, (const int64_t[]){2, 4});
    nd_description_add_f32(d, "clip_flow_widths_s", flow, 2);
    nd_description_add_f32(d, "cuts_s", cuts, 6);
    nd_described_make(&x, d, 4, false, NULL);
    const float pulse[] = {0.2f, 2, 0, 0.4f, 2, 0};
    CHECK("motion", x.item.pulse && !memcmp(x.item.pulse, pulse, sizeof pulse) && !x.item.classes,
          "other values");
    nd_described_deinit(&x);
    nd_description_destroy(&d);
}

/* ---- models ---- */

static void check_features(nd_model *model, bool published)
{
    char music[128], video[128], name[64];
    nd_diag diag = {0};
    int rc = nd_model_features(music, model, ND_MUSIC, &diag);
    if (!rc) rc = nd_model_features(video, model, ND_VIDEO, &diag);
    CHECK("features",
          !rc && !strcmp(music, "default,fbank,rhythm_published") &&
              !strcmp(video,
                      published ? "default,colour_frames,flow_published" : "default,colour_frames"),
          "%s %s %s", music, video, diag.text);
    CHECK("model_name", !strcmp(nd_model_name(name, model), "a model"), "%s", name);
}

/* A matching part that reads more of music asks for it. */
static void check_needs(const char *path)
{
    char music[128] = "", video[128] = "";
    nd_model *model = NULL;
    model_file_write(path, &(model_file){.kind = "cbvmr"});
    int rc = nd_model_open(&model, path, NULL);
    if (!rc) rc = nd_model_features(music, model, ND_MUSIC, NULL);
    if (!rc) rc = nd_model_features(video, model, ND_VIDEO, NULL);
    CHECK("features_of_the_matching_part",
          !rc && !strcmp(music, "default,fbank,rhythm_published,statistics") &&
              !strstr(video, "statistics"),
          "%s %s", music, video);
    nd_model_close(&model);
}

int main(void)
{
    char folder[] = "/tmp/needledrop-test-XXXXXX", path[64];
    nd_network *network = NULL;
    if (!mkdtemp(folder)) return 1;
    snprintf(path, sizeof path, "%s/a model.safetensors", folder);
    check_music_item();
    check_statistics();
    check_video_item();
    for (int published = 0; published < 2; published++) {
        nd_model *model = NULL;
        model_file_write(path, &(model_file){.extractors = 1, .match = 1, .published = published});
        if (nd_model_open(&model, path, NULL) || nd_model_network(&network, model, "music", NULL))
            return 1;
        check_features(model, published);
        if (!published) check_clips(network);
        nd_model_close(&model);
    }
    check_needs(path);
    setenv("NEEDLEDROP_MODEL", path, 1);
    char *found = nd_model_default_path();
    CHECK("default_of_environment", found && !strcmp(found, path), "%s", found ? found : "none");
    free(found);
    unlink(path);
    rmdir(folder);
    TEST_END();
}
