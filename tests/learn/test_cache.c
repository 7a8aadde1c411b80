/* The feature cache: what is written is read. What happens to damaged ones: test_cache_damage.c. */
#include "cache_fixture.h"

/* ---- wrong parameters ------------------------------------------------------------- */

static void check_wrong(void)
{
    nd_cache *c = NULL;
    nd_cache_writer *w = NULL;
    nd_diag diag = {0};
    CHECK("open_null", nd_cache_open(NULL, "x", &diag) == ND_EARG, "%s", diag.text);
    CHECK("open_no_folder", nd_cache_open(&c, NULL, &diag) == ND_EARG && !c, "%s", diag.text);
    CHECK("open_absent", nd_cache_open(&c, path_in("none", ""), &diag) == ND_ENOTFOUND && !c, "%s",
          diag.text);
    CHECK("writer_null", nd_cache_writer_open(&w, NULL, &diag) == ND_EARG && !w, "%s", diag.text);
    CHECK("writer_no_parent",
          nd_cache_writer_open(&w, path_in("none/cache", ""), &diag) == ND_EIO && !w, "%s",
          diag.text);
    nd_cache_close(&c);
    nd_cache_close(NULL);
    nd_cache_writer_close(&w);
    nd_cache_writer_close(NULL);
    CHECK("encoding_name_unknown", !*nd_cache_encoding_name((nd_cache_encoding)77), "named");
    CHECK("settings_of_no_medium", nd_cache_clip_bytes(ND_CACHE_RAW, 2, 2) == 0, "bytes");
}

static void check_wrong_shapes(void)
{
    static const struct {
        const char *name, *array;
        int n_dims;
        int64_t dims[4];
    } cases[] = {
        {"shape_fbank_wide", "fbank", 3, {2, T, 81}},
        {"shape_fbank_flat", "fbank", 2, {T, F}},
        {"shape_frames", "frames", 3, {1, 224, 224}},
        {"shape_colour", "colour_frames", 4, {1, 32, 16, 48}},
        {"shape_hollow", "beats_s", 2, {1 << 20, 0}},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_description *d = nd_calloc(1, sizeof *d);
        nd_cache_record r = {0};
        nd_diag diag = {0};
        nd_description_add(d, cases[i].array, ND_F32, cases[i].n_dims, cases[i].dims);
        CHECK(cases[i].name,
              nd_cache_encode(&r, d, false, &diag) == ND_EFORMAT && !r.arrays &&
                  strstr(diag.text, cases[i].array),
              "%s", diag.text);
        nd_cache_record_deinit(&r);
        nd_description_destroy(&d);
    }
}

/* ---- encodings -------------------------------------------------------------------- */

static double worst_error(nd_cache_encoding encoding, const float *clip, int64_t rows, int64_t wide)
{
    size_t n = (size_t)(rows * wide);
    uint8_t *bytes = malloc(nd_cache_clip_bytes(encoding, rows, wide));
    float *again = malloc(n * sizeof *again);
    double worst = 0;
    nd_cache_encode_clip(bytes, encoding, clip, rows, wide);
    nd_cache_decode_clip(again, encoding, bytes, rows, wide);
    for (size_t i = 0; i < n; i++) worst = fmax(worst, fabs((double)clip[i] - (double)again[i]));
    free(bytes);
    free(again);
    return worst;
}

static void check_encodings(void)
{
    static float clip[N], flat[N];
    make_clip(clip, 1);
    float lo = clip[0], hi = clip[0];
    for (int i = 0; i < N; i++) lo = fminf(lo, clip[i]), hi = fmaxf(hi, clip[i]);
    double step = (double)(hi - lo) / 255;
    double worst = worst_error(ND_CACHE_BANDS, clip, T, F);
    CHECK("bands_within_half_a_step", worst > 0 && worst < 0.51 * step, "%g of %g", worst, step);
    worst = worst_error(ND_CACHE_HALF, clip, T, F);
    CHECK("half_within_its_step", worst > 0 && worst <= 0x1p-7, "%g", worst);
    for (int i = 0; i < N; i++) flat[i] = -15.942385f;
    CHECK("bands_of_silence_exact", worst_error(ND_CACHE_BANDS, flat, T, F) == 0, "lost");
    CHECK("bands_one_row_exact", worst_error(ND_CACHE_BANDS, clip, 1, F) == 0, "lost");
    CHECK("bands_wide", worst_error(ND_CACHE_BANDS, clip, 100, 300) < 0.51 * step, "lost");
    for (int i = 0; i < 256; i++) clip[i] = (float)i;
    CHECK("byte_exact", worst_error(ND_CACHE_BYTE, clip, 16, 16) == 0, "lost");
    for (int i = 0; i < 256; i++) clip[i] = (float)i / 255;
    CHECK("unit_exact", worst_error(ND_CACHE_UNIT, clip, 16, 16) == 0, "lost");
    clip[0] = -3, clip[1] = 1e30f, clip[2] = 300;
    uint8_t bytes[256];
    nd_cache_encode_clip(bytes, ND_CACHE_BYTE, clip, 16, 16);
    CHECK("byte_clamped", bytes[0] == 0 && bytes[1] == 255 && bytes[2] == 255, "%d %d %d", bytes[0],
          bytes[1], bytes[2]);
}

/* ---- written and read ------------------------------------------------------------- */

static void check_empty(void)
{
    nd_cache_writer *w = open_writer("empty");
    nd_cache_writer_close(&w);
    nd_cache *c = open_reader("empty");
    CHECK("empty", c && nd_cache_count(c) == 0 && nd_cache_failure_count(c) == 0, "items");
    CHECK("empty_find", c && nd_cache_find(c, "a", ND_MUSIC) == -1, "found");
    CHECK("empty_settings", c && !nd_cache_settings(c, ND_MUSIC) && !nd_cache_settings(c, 0),
          "settings");
    nd_cache_close(&c);
}

static void check_round_trip(void)
{
    nd_cache_writer *w = open_writer("round");
    nd_cache_source failed = source_of("d", 4);
    CHECK("put", !put(w, "c", 2, 30) && !put(w, "a", 3, 10) && !put(w, "b", 0, 20), "failed");
    CHECK("put_failure", !nd_cache_writer_put_failure(w, &failed, ND_EFORMAT, "no media", NULL),
          "failed");
    CHECK("put_again", !put(w, "c", 1, 50), "failed");
    nd_cache_writer_close(&w);
    nd_cache *c = open_reader("round");
    CHECK("in_order",
          nd_cache_count(c) == 3 && !strcmp(nd_cache_at(c, 0)->source.name, "a") &&
              !strcmp(nd_cache_at(c, 2)->source.name, "c"),
          "%d", nd_cache_count(c));
    CHECK("same_values", has(c, "a", 3, 10) && has(c, "b", 0, 20), "differ");
    CHECK("last_counts", has(c, "c", 1, 50), "differs");
    CHECK("other_medium", nd_cache_find(c, "a", ND_VIDEO) == -1, "found");
    const nd_cache_item *f = nd_cache_find_failure(c, "d", ND_MUSIC);
    CHECK("failure_kept", f && f->code == ND_EFORMAT && !strcmp(f->reason, "no media"), "lost");
    CHECK("no_failure", !nd_cache_find_failure(c, "a", ND_MUSIC) && !nd_cache_failure_at(c, 1),
          "found");
    static float clip[N];
    int64_t dims[4] = {-1}, rows = -1;
    CHECK("shape", nd_cache_shape(c, 0, "fbank", dims) == 3 && dims[0] == 3 && dims[2] == F, "%lld",
          (long long)dims[0]);
    CHECK("shape_absent", nd_cache_shape(c, 0, "frames", dims) == ND_ENOTFOUND, "found");
    CHECK("clip_absent", nd_cache_clip_f32(clip, c, 0, "frames", 0) == ND_ENOTFOUND, "found");
    CHECK("clip_past_end", nd_cache_clip_f32(clip, c, 0, "fbank", 3) == ND_EARG, "read");
    CHECK("clip_negative", nd_cache_clip_f32(clip, c, 0, "fbank", -1) == ND_EARG, "read");
    CHECK("clip_of_raw", nd_cache_clip_f32(clip, c, 0, "beats_s", 0) == ND_EARG, "read");
    CHECK("other_type", !nd_cache_i32(c, 0, "beats_s", &rows) && rows == 0, "read");
    CHECK("encoded_is_not_raw", !nd_cache_f32(c, 0, "fbank", NULL), "read");
    nd_diag diag = {0};
    CHECK("verify", nd_cache_verify(c, NULL, &diag) == 0, "%s", diag.text);
    nd_cache_close(&c);
}

static void check_supersede(void)
{
    nd_cache_writer *w = open_writer("supersede");
    nd_cache_source source = source_of("a", 1);
    put(w, "a", 1, 1);
    nd_cache_writer_put_failure(w, &source, ND_ECRASH, "crashed", NULL);
    nd_cache_writer_close(&w);
    nd_cache *c = open_reader("supersede");
    CHECK("failure_replaces", nd_cache_count(c) == 0 && nd_cache_failure_count(c) == 1, "%d",
          nd_cache_count(c));
    nd_cache_close(&c);
    w = open_writer("supersede");
    put(w, "a", 2, 2);
    nd_cache_writer_close(&w);
    w = open_writer("supersede");
    const nd_cache *known = nd_cache_writer_known(w);
    CHECK("features_replace", has(known, "a", 2, 2) && nd_cache_failure_count(known) == 0, "not");
    source = nd_cache_at(known, 0)->source;
    source.mtime_ns = 99;
    CHECK("touch", !nd_cache_writer_touch(w, nd_cache_at(known, 0), &source, NULL), "failed");
    nd_cache_writer_close(&w);
    c = open_reader("supersede");
    CHECK("touched", has(c, "a", 2, 2) && nd_cache_at(c, 0)->source.mtime_ns == 99, "not");
    nd_cache_close(&c);
}

static int add_values(nd_cache_writer *w, const nd_cache_item *item, const char *array, float value)
{
    nd_description d = {.medium = ND_MUSIC};
    nd_cache_record r = {0};
    nd_cache_source source = item->source;
    source.mtime_ns++;
    int rc = nd_description_add_f32(&d, array, (const float[]){value, 2, 3}, 3);
    if (!rc) rc = nd_cache_encode(&r, &d, false, NULL);
    if (!rc) rc = nd_cache_writer_add(w, item, &source, &r, NULL);
    nd_cache_record_deinit(&r);
    for (size_t i = 0; i < d.n_arrays; i++) nd_array_deinit(&d.arrays[i]);
    free(d.arrays);
    return rc;
}

/* Arrays that come later stand beside those that were there. */
static void check_add(void)
{
    nd_cache_writer *w = open_writer("add");
    char name[32];
    put(w, "a", 3, 1);
    put(w, "b", 2, 2);
    nd_cache_writer_close(&w);
    w = open_writer("add");
    nd_cache_item before = *nd_cache_at(nd_cache_writer_known(w), 0);
    CHECK("add", !add_values(w, &before, "statistics", 7), "failed");
    put(w, "c", 1, 3);
    nd_cache_writer_close(&w);
    nd_cache *c = open_reader("add");
    int64_t rows = 0;
    const float *x = nd_cache_f32(c, 0, "statistics", &rows);
    const nd_cache_item *a = nd_cache_at(c, 0);
    nd_diag diag = {0};
    CHECK("added", x && rows == 3 && x[0] == 7 && x[2] == 3, "%lld rows", (long long)rows);
    CHECK("what_was_there_stays",
          has(c, "a", 3, 1) && has(c, "b", 2, 2) && has(c, "c", 1, 3) && a->n_clips == 3 &&
              a->source.mtime_ns == before.source.mtime_ns + 1 && !nd_cache_verify(c, NULL, &diag),
          "%s", diag.text);
    CHECK("others_have_none", !nd_cache_f32(c, 1, "statistics", NULL), "found");
    nd_cache_close(&c);
    for (int i = 0, rc = 0; i < ND_CACHE_MAX_ARRAYS && !rc; i++) {
        w = open_writer("add");
        snprintf(name, sizeof name, "more_%d", i);
        rc = add_values(w, nd_cache_at(nd_cache_writer_known(w), 0), name, 1);
        nd_cache_writer_close(&w);
        if (rc) CHECK("too_many_arrays", rc == ND_EARG && i > 50, "%d at %d", rc, i);
    }
    c = open_reader("add");
    CHECK("as_many_as_there_may_be", nd_cache_at(c, 0)->n_arrays == ND_CACHE_MAX_ARRAYS, "%d",
          nd_cache_at(c, 0)->n_arrays);
    nd_cache_close(&c);
}

static void check_names(void)
{
    nd_cache_writer *w = open_writer("names");
    char *longest = calloc(1, ND_CACHE_MAX_TEXT_BYTES + 1);
    memset(longest, 'n', ND_CACHE_MAX_TEXT_BYTES - 1);
    CHECK("name_empty", put(w, "", 1, 1) == ND_EARG, "kept");
    CHECK("name_longest", put(w, longest, 1, 1) == 0, "refused");
    longest[ND_CACHE_MAX_TEXT_BYTES - 1] = 'n';
    CHECK("name_too_long", put(w, longest, 1, 1) == ND_EARG, "kept");
    CHECK("name_bytes", put(w, "\xff\n\x01", 1, 7) == 0, "refused");
    nd_cache_writer_close(&w);
    nd_cache *c = open_reader("names");
    longest[ND_CACHE_MAX_TEXT_BYTES - 1] = '\0';
    CHECK("names_there",
          nd_cache_count(c) == 2 && has(c, longest, 1, 1) && has(c, "\xff\n\x01", 1, 7), "%d",
          nd_cache_count(c));
    nd_cache_close(&c);
    free(longest);
}

static void check_settings(void)
{
    nd_cache_writer *w = open_writer("settings");
    nd_diag diag = {0};
    CHECK("settings_first", !nd_cache_writer_settings(w, ND_MUSIC, "a 1\nb 2\n", &diag), "%s",
          diag.text);
    CHECK("settings_same_run", nd_cache_writer_settings(w, ND_MUSIC, "a 2\n", &diag) == ND_EVERSION,
          "taken");
    nd_cache_writer_close(&w);
    w = open_writer("settings");
    CHECK("settings_same", !nd_cache_writer_settings(w, ND_MUSIC, "a 1\nb 2\n", &diag), "%s",
          diag.text);
    CHECK("settings_differ",
          nd_cache_writer_settings(w, ND_MUSIC, "a 1\nb 3\n", &diag) == ND_EVERSION &&
              strstr(diag.text, "\"b 2\"") && strstr(diag.text, "\"b 3\""),
          "%s", diag.text);
    CHECK("settings_fewer",
          nd_cache_writer_settings(w, ND_MUSIC, "a 1\n", &diag) == ND_EVERSION &&
              strstr(diag.text, "\"b 2\""),
          "%s", diag.text);
    CHECK("settings_other_medium", !nd_cache_writer_settings(w, ND_VIDEO, "a 7\n", &diag), "%s",
          diag.text);
    nd_cache_writer_close(&w);
    nd_cache *c = open_reader("settings");
    CHECK("settings_kept",
          !strcmp(nd_cache_settings(c, ND_MUSIC), "a 1\nb 2\n") &&
              !strcmp(nd_cache_settings(c, ND_VIDEO), "a 7\n"),
          "lost");
    nd_cache_close(&c);
}

static void check_lock(void)
{
    nd_cache_writer *w = open_writer("lock"), *other = NULL;
    nd_diag diag = {0};
    CHECK("locked", nd_cache_writer_open(&other, path_in("lock", ""), &diag) == ND_EBUSY && !other,
          "%s", diag.text);
    put(w, "a", 1, 1);
    nd_cache *c = open_reader("lock");
    CHECK("readers_go_on", c && has(c, "a", 1, 1), "not");
    put(w, "b", 1, 2);
    CHECK("reader_sees_its_own", nd_cache_count(c) == 1 && has(c, "a", 1, 1), "not");
    nd_cache_close(&c);
    nd_cache_writer_close(&w);
    CHECK("unlocked", !nd_cache_writer_open(&other, path_in("lock", ""), &diag), "%s", diag.text);
    nd_cache_writer_close(&other);
}

/* ---- many readers ----------------------------------------------------------------- */

static int read_job(void *user, int64_t index)
{
    float *clip = malloc(N * sizeof *clip), *first = malloc(N * sizeof *first);
    const nd_cache *c = user;
    int rc = 0;
    nd_cache_clip_f32(first, c, (int)(index % 2) * 2, "fbank", 0);
    for (int i = 0; i < 50 && !rc; i++) {
        rc = nd_cache_clip_f32(clip, c, (int)(index % 2) * 2, "fbank", 0);
        if (!rc && memcmp(clip, first, N * sizeof *clip)) rc = 1;
    }
    free(clip);
    free(first);
    return rc;
}

static void check_threads(void)
{
    nd_cache *c = open_reader("round");
    CHECK("many_readers", nd_parallel(4, 4, read_job, c) == 0, "differ");
    nd_cache_close(&c);
}

int main(void)
{
    if (!make_root()) return 1;
    check_wrong();
    check_wrong_shapes();
    check_encodings();
    check_empty();
    check_round_trip();
    check_supersede();
    check_add();
    check_names();
    check_settings();
    check_lock();
    check_threads();
    TEST_END();
}
