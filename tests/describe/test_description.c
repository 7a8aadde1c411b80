/* Descriptions: adding, finding, and the bytes that travel, damaged in every place. */
#include "../test.h"

#include "describe/describe.h"

static nd_description *sample(void)
{
    nd_description *d = calloc(1, sizeof *d);
    static const float curve[5] = {0, 1, 2, 3, 4};
    static const int32_t codes[3] = {7, 8, 9};
    d->medium = ND_MUSIC;
    d->analysed_s = 12.5;
    d->info.duration_s = 12.5;
    strcpy(d->info.title, "A title");
    nd_description_add_f32(d, "curve", curve, 5);
    nd_description_add_i32(d, "codes", codes, 3);
    nd_description_add_scalar(d, "one", 1.5);
    nd_description_add_scalar(d, "huge", 1e30);
    nd_description_add(d, "image", ND_U8, 3, (int64_t[]){2, 3, 3});
    nd_description_add(d, "nothing", ND_F32, 2, (int64_t[]){0, 80});
    return d;
}

static void test_find(const nd_description *d)
{
    int64_t n = -1;
    CHECK("find_absent", !nd_description_find(d, "absent"), "found one");
    CHECK("wrong_type_is_absent", !nd_description_i32(d, "curve", &n) && n == 0, "n %lld",
          (long long)n);
    CHECK("scalar_missing", nd_description_scalar(d, "absent", -3) == -3, "no fallback");
    CHECK("scalar", nd_description_scalar(d, "one", 0) == 1.5, "other value");
    int huge = nd_description_int(d, "huge", 0), whole = nd_description_int(d, "one", 0);
    CHECK("int_of_a_huge_number", huge == INT32_MAX && whole == 1, "%d, %d", huge, whole);
    CHECK("at_end", !nd_description_at(d, 6) && !nd_description_at(d, -1), "past the end");
    const float *curve = nd_description_f32(d, "curve", &n);
    CHECK("vector", n == 5 && curve && curve[4] == 4, "n %lld", (long long)n);
}

static void test_round_trip(const nd_description *d, const nd_bytes *bytes)
{
    nd_description *again = NULL;
    nd_bytes second = {0};
    int rc = nd_description_read(&again, bytes->data, bytes->n, NULL);
    CHECK("read", rc == 0, "%s", nd_error_text(rc));
    if (rc) return;
    nd_description_write(&second, again);
    CHECK("same_bytes", second.n == bytes->n && !memcmp(second.data, bytes->data, second.n),
          "%zu and %zu bytes differ", second.n, bytes->n);
    CHECK("same_title", !strcmp(again->info.title, d->info.title), "%s", again->info.title);
    nd_bytes_deinit(&second);
    nd_description_destroy(&again);
    nd_description_destroy(&again);
}

/* Cut at every length, and each byte turned: refused or read, never a crash (the
 * sanitizer builds watch), and nothing handed out on failure. */
static void test_damage(const nd_bytes *bytes)
{
    int n_wrong = 0;
    for (size_t n = 0; n < bytes->n; n++) {
        nd_description *d = NULL;
        uint8_t *copy = malloc(n ? n : 1);
        memcpy(copy, bytes->data, n);
        nd_diag diag = {0};
        int rc = nd_description_read(&d, copy, n, &diag);
        n_wrong += rc != ND_EFORMAT || d || !diag.text[0];
        free(copy);
    }
    CHECK("cut_anywhere_is_refused", n_wrong == 0, "%d lengths were not", n_wrong);
    uint8_t *copy = malloc(bytes->n);
    for (size_t i = 0; i < bytes->n; i++) {
        memcpy(copy, bytes->data, bytes->n);
        copy[i] ^= 0xFF;
        nd_description *d = NULL;
        int rc = nd_description_read(&d, copy, bytes->n, NULL);
        n_wrong += (rc != 0) != (d == NULL);
        nd_description_destroy(&d);
    }
    free(copy);
    CHECK("turned_bytes_are_survived", n_wrong == 0, "%d were not", n_wrong);
}

static void test_not_finite(void)
{
    nd_description *d = sample(), *again = NULL;
    d->arrays[0].f32[2] = NAN;
    nd_bytes bytes = {0};
    nd_description_write(&bytes, d);
    CHECK("nan_is_refused", nd_description_read(&again, bytes.data, bytes.n, NULL) == ND_EFORMAT,
          "read");
    nd_bytes_deinit(&bytes);
    nd_description_destroy(&d);
}

/* Rows that hold no value: 9 million of them would be 9 million empty lists. */
static void test_hollow(void)
{
    nd_description *d = sample(), *again = NULL;
    d->arrays[5].dims[0] = 9000000;
    d->arrays[5].dims[1] = 0;
    nd_bytes bytes = {0};
    nd_description_write(&bytes, d);
    CHECK("rows_without_values_are_refused",
          nd_description_read(&again, bytes.data, bytes.n, NULL) == ND_EFORMAT, "read");
    nd_bytes_deinit(&bytes);
    nd_description_destroy(&d);
}

/* Empty arrays cost the writer 72 bytes each and the reader a search of all names: a worker
 * that was taken over could send 14 million. */
static void test_crowd(void)
{
    nd_description *d = sample(), *again = NULL;
    for (int i = 0; i < 1100; i++) {
        char name[ND_ARRAY_NAME_BYTES];
        snprintf(name, sizeof name, "empty %d", i);
        nd_description_add(d, name, ND_F32, 1, (int64_t[]){0});
    }
    nd_bytes bytes = {0};
    nd_description_write(&bytes, d);
    CHECK("a_crowd_of_arrays_is_refused",
          nd_description_read(&again, bytes.data, bytes.n, NULL) == ND_EFORMAT, "read");
    nd_bytes_deinit(&bytes);
    nd_description_destroy(&again);
    nd_description_destroy(&d);
}

static void test_json(const nd_description *d)
{
    char *json = NULL;
    CHECK("json", nd_description_json(&json, d, "a\xFF.mp3") == 0, "failed");
    CHECK("json_path_hex", json && strstr(json, "\"path_hex\": \"61ff2e6d7033\""), "%s",
          json ? json : "");
    free(json);
}

int main(void)
{
    CHECK("file_no_path", nd_describe_file(NULL, NULL, NULL, NULL) == ND_EARG, "accepted");
    nd_description *d = sample();
    nd_bytes bytes = {0};
    nd_description_write(&bytes, d);
    test_find(d);
    test_round_trip(d, &bytes);
    test_damage(&bytes);
    test_not_finite();
    test_hollow();
    test_crowd();
    test_json(d);
    nd_bytes_deinit(&bytes);
    nd_description_destroy(&d);
    TEST_END();
}
