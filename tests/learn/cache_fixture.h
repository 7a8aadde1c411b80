/* What the tests of the feature cache share: a folder of their own, features of known values. */
#ifndef ND_TESTS_LEARN_CACHE_FIXTURE_H
#define ND_TESTS_LEARN_CACHE_FIXTURE_H

#include <sys/stat.h>

#include "../test.h"
#include "learn/cache_format.h"

enum { T = 398, F = 80, N = T * F };

static char root[64];

static inline void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (*root && system(command)) perror(command);
}

static inline const char *path_in(const char *dir, const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s%s%s", root, dir, *name ? "/" : "", name);
    return path;
}

/* Noise about a level that rises with the band, as log-mel is. */
static inline void make_clip(float *clip, uint64_t seed)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, 0);
    for (int i = 0; i < N; i++)
        clip[i] = (float)(nd_rng_normal(&rng) * 3 - 8 + (double)(i % F) / 20);
}

/* n clips of log-mel and their rhythm. */
static inline nd_description *make_description(int n, uint64_t seed)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    d->medium = ND_MUSIC;
    d->analysed_s = 4.0 * n;
    nd_array *a = nd_description_add(d, "fbank", ND_F32, 3, (const int64_t[]){n, T, F});
    for (int i = 0; i < n; i++) make_clip(a->f32 + (size_t)i * N, seed + (uint64_t)i);
    a = nd_description_add(d, "clip_rhythm_class", ND_I32, 2, (const int64_t[]){n, 3});
    for (int i = 0; i < 3 * n; i++) a->i32[i] = (int32_t)(seed + (uint64_t)i) % 18;
    nd_description_add_scalar(d, "tempo_bpm", 90 + (double)seed);
    nd_description_add_f32(d, "beats_s", (const float[]){0.5f, 1}, (int64_t)(seed % 3));
    return d;
}

static inline nd_cache_source source_of(const char *name, uint64_t seed)
{
    return (nd_cache_source){name, ND_MUSIC, 1000 + (int64_t)seed, 5, seed + 1};
}

static inline int put(nd_cache_writer *w, const char *name, int n, uint64_t seed)
{
    nd_description *d = make_description(n, seed);
    nd_cache_record r = {0};
    nd_cache_source source = source_of(name, seed);
    int rc = nd_cache_encode(&r, d, false, NULL);
    if (!rc) rc = nd_cache_writer_put(w, &source, &r, NULL);
    nd_cache_record_deinit(&r);
    nd_description_destroy(&d);
    return rc;
}

/* Whether an item is there and is what put() put. */
static inline bool has(const nd_cache *c, const char *name, int n, uint64_t seed)
{
    int item = nd_cache_find(c, name, ND_MUSIC);
    if (item < 0 || nd_cache_at(c, item)->n_clips != n) return false;
    static float clip[N], expected[N], kept[N];
    uint8_t *bytes = malloc(nd_cache_clip_bytes(ND_CACHE_BANDS, T, F));
    bool is_same = nd_cache_at(c, item)->source.hash == seed + 1;
    for (int i = 0; i < n; i++) {
        make_clip(expected, seed + (uint64_t)i);
        nd_cache_encode_clip(bytes, ND_CACHE_BANDS, expected, T, F);
        nd_cache_decode_clip(kept, ND_CACHE_BANDS, bytes, T, F);
        is_same &= nd_cache_clip_f32(clip, c, item, "fbank", i) == 0;
        is_same &= !memcmp(clip, kept, sizeof clip);
    }
    int64_t rows = -1;
    const int32_t *classes = nd_cache_i32(c, item, "clip_rhythm_class", &rows);
    is_same &= rows == n && classes && (n == 0 || classes[1] == (int32_t)(seed + 1) % 18);
    const float *tempo = nd_cache_f32(c, item, "tempo_bpm", &rows);
    is_same &= rows == 1 && tempo && *tempo == 90 + (float)seed;
    free(bytes);
    return is_same;
}

static inline nd_cache_writer *open_writer(const char *dir)
{
    nd_cache_writer *w = NULL;
    nd_diag diag = {0};
    if (nd_cache_writer_open(&w, path_in(dir, ""), &diag)) printf("FAIL writer: %s\n", diag.text);
    return w;
}

static inline nd_cache *open_reader(const char *dir)
{
    nd_cache *c = NULL;
    nd_diag diag = {0};
    if (nd_cache_open(&c, path_in(dir, ""), &diag)) printf("FAIL reader: %s\n", diag.text);
    return c;
}

static inline bool make_root(void)
{
    strcpy(root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(root)) return false;
    atexit(remove_root);
    return true;
}

#endif
