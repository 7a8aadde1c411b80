/* A query and a track under a model: cosines, the place, a track that is shorter; wrong ones first.
 * The JSON of what was found. */
#include <math.h>

#include "../test.h"
#include "base/json.h"
#include "describe/describe.h"

#include "../model_file.h"

static nd_description *described(nd_medium medium, const char *feature, const int64_t dims[3])
{
    nd_description *d = nd_calloc(1, sizeof *d);
    if (!d) exit(1);
    d->medium = medium;
    d->analysed_s = 4 * (double)dims[0];
    nd_array *a = nd_description_add(d, feature, ND_F32, 3, dims);
    for (int64_t i = 0; a && i < nd_array_count(a); i++)
        a->f32[i] = 0.5f + 0.5f * (float)sin((double)i * (double)i * 0.013);
    return d;
}

static nd_description *video_of(int64_t C)
{
    return described(ND_VIDEO, "colour_frames", (const int64_t[]){C, 32, 768});
}

static nd_description *music_of(int64_t C)
{
    return described(ND_MUSIC, "fbank", (const int64_t[]){C, 398, 80});
}

/* ---- wrong ones ---- */

static void check_wrong(nd_model *model)
{
    nd_description *video = video_of(2), *empty = music_of(0), *bare = music_of(1);
    nd_match_facts f = {.offset = 77};
    nd_diag diag = {0};
    int rc = nd_match_facts_make(&f, model, video, video, 1, &diag);
    CHECK("no_music", rc == ND_EARG && f.offset == 77, "%s", diag.text);
    rc = nd_match_facts_make(&f, model, video, empty, 1, &diag);
    CHECK("no_clip", rc == ND_ESHORT && f.offset == 77, "%s", diag.text);
    strcpy(bare->arrays[0].name, "other");
    rc = nd_match_facts_make(&f, model, video, bare, 1, &diag);
    CHECK("no_feature", rc == ND_ENOTFOUND && strstr(diag.text, "fbank") && f.offset == 77, "%s",
          diag.text);
    nd_description_destroy(&video);
    nd_description_destroy(&empty);
    nd_description_destroy(&bare);
}

/* ---- facts ---- */

/* The largest mean along a diagonal, the track starting anew past its end. */
static double best_mean(const nd_match_facts *f, int *offset_out)
{
    int n = f->n_query_clips, r = f->n_track_clips;
    double best = -INFINITY;
    for (int o = 0; o < (r >= n ? r - n + 1 : r); o++) {
        double sum = 0;
        for (int k = 0; k < n; k++) sum += (double)f->cosines[k * r + (o + k) % r] / n;
        if (sum <= best) continue;
        best = sum;
        *offset_out = o;
    }
    return best;
}

static void check_facts(nd_model *model, int n, int r)
{
    nd_description *video = video_of(n), *track = music_of(r);
    nd_match_facts f = {0}, again = {0};
    nd_diag diag = {0};
    int offset = -1;
    int rc = nd_match_facts_make(&f, model, video, track, 2, &diag);
    CHECK("facts", !rc && f.n_query_clips == n && f.n_track_clips == r, "%s", diag.text);
    if (!rc) {
        CHECK_NEAR("score", f.score, best_mean(&f, &offset), 1e-5);
        CHECK("offset", f.offset == offset, "%d, expected %d", f.offset, offset);
        CHECK("pair", f.pair >= 0 && f.pair <= 1, "%g", f.pair);
        CHECK("is_a_cosine", fabsf(f.cosines[0]) <= 1.0001f, "%g", (double)f.cosines[0]);
        CHECK("clips_are_kept",
              nd_description_find(video, "clip") && !nd_description_find(track, "fbank"), "not");
        rc = nd_match_facts_make(&again, model, video, track, 1, &diag);
        CHECK("again_the_same",
              !rc && again.score == f.score && again.pair == f.pair &&
                  !memcmp(again.cosines, f.cosines, (size_t)(n * r) * sizeof(float)),
              "%s", diag.text);
    }
    nd_match_facts_deinit(&f);
    nd_match_facts_deinit(&again);
    nd_description_destroy(&video);
    nd_description_destroy(&track);
}

static void check_music_query(nd_model *model)
{
    nd_description *query = music_of(3), *track = music_of(3);
    nd_match_facts f = {0};
    int rc = nd_match_facts_make(&f, model, query, track, 1, NULL);
    CHECK("itself", !rc && f.offset == 0 && f.score > 0.999 && isnan(f.pair), "%d at %d: %g", rc,
          f.offset, f.score);
    nd_match_facts_deinit(&f);
    nd_description_destroy(&query);
    nd_description_destroy(&track);
}

/* ---- JSON ---- */

static void check_json(void)
{
    static char *names[] = {"calm sea", "happy city"};
    static float shares[] = {0.25f, 0.75f}, cosines[] = {0.5f, NAN};
    nd_description *d = video_of(1);
    nd_description_add_f32(d, "clip_brightness", shares, 1);
    nd_tag_shares tags = {ND_VIDEO, 1, 2, names, shares, shares};
    nd_match_facts f = {1, 2, cosines, 1, 0.1234567, NAN};
    nd_inspection x = {.description = d, .path = "v.mp4"};
    char *json = NULL;
    CHECK("json_plain", !nd_inspection_json(&json, &x) && !strstr(json, "\"seen\""), "%s", json);
    free(json);
    x.tags = &tags;
    x.track_path = "t\xFF.ogg";
    x.match = &f;
    x.track_tags = &tags;
    json = NULL;
    int rc = nd_inspection_json(&json, &x);
    static const char *const parts[] = {
        "\"seen\": [{\"name\": \"happy city\", \"share\": 0.75}, ",
        "\"start_s\": 0.0, \"brightness\": 0.25, \"seen\": [{\"name\"",
        "\"path_hex\": \"74ff2e6f6767\"",
        "\"score\": 0.123, \"pair\": null, \"offset\": 1, \"start_s\": 4.0, \"cosines\"",
        "\"cosines\": [[0.5, null]]",
        "\"heard\": [{\"name\": \"happy city\"",
    };
    for (size_t i = 0; i < ND_COUNT(parts); i++)
        CHECK("json", !rc && strstr(json, parts[i]), "no %s in %s", parts[i], json);
    free(json);
    nd_description_destroy(&d);
}

int main(void)
{
    char path[64];
    nd_model *model = NULL;
    nd_diag diag = {0};
    snprintf(path, sizeof path, "/tmp/needledrop-facts-%d.safetensors", (int)getpid());
    if (nd_model_open(&model, model_file_write(path, &(model_file){.extractors = 1, .match = 1}),
                      &diag)) {
        fprintf(stderr, "%s\n", diag.text);
        return 1;
    }
    check_wrong(model);
    check_facts(model, 3, 7);
    check_facts(model, 5, 2);
    check_facts(model, 1, 1);
    check_music_query(model);
    check_json();
    nd_model_close(&model);
    unlink(path);
    TEST_END();
}
