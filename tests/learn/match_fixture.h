/* What the tests of matching share: a corpus whose features are made here, not decoded. Each track
 * has a pattern that its log-mel shows, and its videos' frames too; the tag is one of three. */
#ifndef ND_TESTS_LEARN_MATCH_FIXTURE_H
#define ND_TESTS_LEARN_MATCH_FIXTURE_H

#include <sys/stat.h>

#include "../test.h"
#include "embed/embed.h"
#include "learn/cache.h"
#include "needledrop/tags.h"

enum { MATCH_TRACKS = 18, MATCH_TRAIN = 10, MATCH_VAL = 5 }; /* the rest is test */

static char root[64];

static inline void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (*root && system(command)) perror(command);
}

/** A path in it, good for the next seven calls. */
static inline const char *in_root(const char *name)
{
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static inline bool make_root(void)
{
    strcpy(root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(root)) return false;
    atexit(remove_root);
    return true;
}

/** Clips of track t; of its videos one fewer. */
static inline int match_clips(int t)
{
    return 3 + t % 3;
}

static inline void fill_clips(nd_array *a, int t, bool is_music, uint64_t seed)
{
    int64_t F = a->dims[2];
    nd_rng rng;
    nd_rng_init(&rng, seed, (uint64_t)t);
    for (int64_t i = 0; i < nd_array_count(a); i++) {
        double place = (double)(i % F) / (double)F, wave = sin(6.2831853 * (1 + t) * place / 4);
        double noise = nd_rng_normal(&rng);
        a->f32[i] = is_music ? (float)(-8 + 4 * wave + noise)
                             : (float)(ND_CLAMP(0.5 + 0.3 * wave + 0.02 * noise, 0, 1));
        if (!is_music) a->f32[i] = roundf(a->f32[i] * 255) / 255;
    }
}

static inline nd_description *describe_track(int t)
{
    int64_t C = match_clips(t);
    nd_description *d = nd_calloc(1, sizeof *d);
    d->medium = ND_MUSIC;
    d->analysed_s = 4.0 * (double)C;
    fill_clips(nd_description_add(d, "fbank", ND_F32, 3, (const int64_t[]){C, 398, 80}), t, true,
               1);
    nd_array *beats = nd_description_add(d, "clip_n_beats", ND_I32, 1, &C);
    nd_array *classes = nd_description_add(d, "clip_rhythm_class", ND_I32, 2,
                                           (const int64_t[]){C, 3});
    float strength[8], interval[8];
    for (int c = 0; c < C; c++) {
        beats->i32[c] = 6 + t % 4;
        strength[c] = 1 + 0.1F * (float)c;
        interval[c] = t == 1 ? NAN : 0.5F;
        for (int k = 0; k < 3; k++) classes->i32[3 * c + k] = t == 2 ? 1000 : t + k;
    }
    nd_description_add_f32(d, "clip_beat_strength", strength, C);
    nd_description_add_f32(d, "clip_beat_interval_s", interval, C);
    return d;
}

static inline nd_description *describe_video(int t, int which)
{
    int64_t C = match_clips(t) - 1;
    nd_description *d = nd_calloc(1, sizeof *d);
    d->medium = ND_VIDEO;
    d->analysed_s = 4.0 * (double)C;
    fill_clips(nd_description_add(d, "colour_frames", ND_F32, 3, (const int64_t[]){C, 32, 768}), t,
               false, 2 + (uint64_t)which);
    float flow[8];
    nd_array *classes = nd_description_add(d, "clip_flow_class", ND_I32, 1, &C);
    for (int c = 0; c < C; c++) {
        flow[c] = 0.1F * (float)(1 + t % 4);
        classes->i32[c] = 10 * (t % 4);
    }
    nd_description_add_f32(d, "clip_flow_widths_s", flow, C);
    nd_description_add_f32(d, "cuts_s", (const float[]){0.5F, 1, 4.5F, 99}, 4);
    return d;
}

static inline int put(nd_cache_writer *w, const char *name, nd_description *d, uint64_t hash)
{
    nd_cache_record r = {0};
    nd_cache_source source = {name, d->medium, 1000, 5, hash};
    int rc = nd_cache_encode(&r, d, false, NULL);
    if (!rc) rc = nd_cache_writer_put(w, &source, &r, NULL);
    nd_cache_record_deinit(&r);
    nd_description_destroy(&d);
    return rc;
}

static inline const char *match_split(int t)
{
    return t < MATCH_TRAIN ? "train" : t < MATCH_TRAIN + MATCH_VAL ? "val" : "test";
}

/** corpus.jsonl: two videos a track. Gallery: two tracks of val, one the same as val's first to the
 *  byte, one that is not in the cache; and lines that are none. */
static inline int write_lists(void)
{
    static const char *const tags[] = {"calm sea", "happy hills", "tense city"};
    nd_str text = {0};
    for (int t = 0; t < MATCH_TRACKS; t++)
        for (int v = 0; v < 2; v++)
            nd_str_append(&text,
                          "{\"id\": \"%d-%d\", \"video\": \"v%d-%d.mp4\", \"music\": \"m%d.ogg\", "
                          "\"start_s\": %d, \"tags\": [\"%s\"], \"split\": \"%s\"}\n",
                          t, v, t, v, t, 4 * v, tags[t % 3], match_split(t));
    int rc = nd_file_write(in_root("corpus.jsonl"), text.text, text.n, NULL);
    nd_str_deinit(&text);
    static const char gallery[] = "{\"music\": \"twin.ogg\", \"split\": \"val\"}\n"
                                  "not JSON\n"
                                  "{\"music\": \"./m0.ogg\", \"split\": \"val\"}\n"
                                  "\n"
                                  "{\"music\": \"spare.ogg\", \"split\": \"val\", \"x\": 1}\n"
                                  "{\"music\": \"spare.ogg\", \"split\": \"train\"}\n"
                                  "{\"music\": \"absent.ogg\", \"split\": \"val\"}\n"
                                  "{\"music\": \"none.ogg\", \"split\": \"all\"}";
    return rc ? rc : nd_file_write(in_root("gallery.jsonl"), gallery, sizeof gallery - 1, NULL);
}

static inline int write_cache(void)
{
    char name[32];
    nd_cache_writer *w = NULL;
    int rc = nd_cache_writer_open(&w, in_root("cache"), NULL);
    for (int t = 0; t < MATCH_TRACKS && !rc; t++) {
        snprintf(name, sizeof name, "m%d.ogg", t);
        rc = put(w, name, describe_track(t), 100 + (uint64_t)t);
        for (int v = 0; v < 2 && !rc; v++) {
            snprintf(name, sizeof name, "v%d-%d.mp4", t, v);
            rc = put(w, name, describe_video(t, v), 1000 + 2 * (uint64_t)t + (uint64_t)v);
        }
    }
    if (!rc) rc = put(w, "twin.ogg", describe_track(MATCH_TRAIN), 100 + MATCH_TRAIN);
    if (!rc) rc = put(w, "spare.ogg", describe_track(MATCH_TRACKS), 100 + MATCH_TRACKS);
    nd_cache_writer_close(&w);
    return rc;
}

/** All of it in root: lists, cache, tags, and "x.safetensors", extractors of random weights. */
static inline int make_match_corpus(nd_diag *diag)
{
    nd_model_params params = {
        .preset = "tiny", .music = "", .video = "", .layout = "time", .n_classes = 3, .seed = 1};
    if (!make_root()) return ND_EIO;
    int rc = write_lists();
    if (!rc) rc = write_cache();
    if (!rc) rc = nd_tags_make(NULL, root, &(nd_tags_params){.dim = 8}, diag);
    return rc ? rc : nd_model_create(in_root("x.safetensors"), &params, diag);
}

#endif
