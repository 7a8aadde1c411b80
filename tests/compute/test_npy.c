/* .npy files: the same bytes as NumPy's, and NumPy's files read (tests/reference/npy.py). */
#include "compute/npy.h"
#include "failing_malloc.h"

static char folder[] = "/tmp/needledrop-npy-XXXXXX";

/* Write a, and compare with the golden file of that name. */
static void compare(const char *name, const nd_array *a)
{
    char path[128], golden[128];
    nd_bytes found = {0}, expected = {0};
    nd_diag diag = {0};
    snprintf(path, sizeof path, "%s/a.npy", folder);
    snprintf(golden, sizeof golden, "tests/golden/npy_%s.npy", name);
    int rc = nd_array_write_npy(a, path, &diag);
    if (!rc) rc = nd_file_read(&found, path, 1 << 16, &diag);
    if (!rc) rc = nd_file_read(&expected, golden, 1 << 16, &diag);
    CHECK(name,
          rc == 0 && found.n == expected.n && found.n > 0 &&
              !memcmp(found.data, expected.data, found.n),
          "%s; %zu bytes, %zu expected", diag.text, found.n, expected.n);
    nd_bytes_deinit(&found);
    nd_bytes_deinit(&expected);
    unlink(path);
}

static void test_wrong(void)
{
    float x[2] = {0};
    nd_array no_shape = {.name = "x", .dtype = ND_F32, .n_dims = 1, .dims = {-1}, .f32 = x};
    nd_array no_type = {.name = "x", .n_dims = 1, .dims = {2}, .f32 = x};
    nd_array good = {.name = "x", .dtype = ND_F32, .n_dims = 1, .dims = {2}, .f32 = x};
    nd_diag diag = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/absent/a.npy", folder);
    CHECK("no shape", nd_array_write_npy(&no_shape, "x.npy", &diag) == ND_EARG, "%s", diag.text);
    CHECK("no type", nd_array_write_npy(&no_type, "x.npy", NULL) == ND_EARG, " ");
    CHECK("nothing was written", access("x.npy", F_OK) != 0, " ");
    int rc = nd_array_write_npy(&good, path, &diag);
    CHECK("no such folder", rc == ND_EIO && strstr(diag.text, path), "%d %s", rc, diag.text);
}

/* ---- reading: what is refused ----------------------------------------------------------- */

#define DICT(descr, order, shape) \
    "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }"

static const struct {
    const char *name, *header;
    size_t n_values; /* bytes of them */
    int expected;
    const char *text;
} hostile[] = {
    {"no dict", "", 4, ND_EFORMAT, "header: { expected, \"\" found"},
    {"a list", "['descr']", 4, ND_EFORMAT, "header: { expected"},
    {"empty dict", "{}", 4, ND_EFORMAT, "header: descr expected, not found"},
    {"no descr", "{'shape': (1,), 'fortran_order': False}", 4, ND_EFORMAT, "descr expected, not"},
    {"no order", "{'descr': '<f4', 'shape': (1,)}", 4, ND_EFORMAT, "fortran_order expected, not"},
    {"no shape", "{'descr': '<f4', 'fortran_order': False}", 4, ND_EFORMAT, "shape expected, not"},
    {"descr twice", "{'descr': '<f4', 'descr': '<f4'}", 4, ND_EFORMAT, "one descr expected"},
    {"order twice", "{'fortran_order': False, 'fortran_order': False}", 4, ND_EFORMAT,
     "one fortran_order expected"},
    {"shape twice", "{'shape': (1,), 'shape': (1,)}", 4, ND_EFORMAT, "one shape expected"},
    {"strange key", "{'descrs': '<f4'}", 4, ND_EFORMAT, "descrs found"},
    {"key not in quotes", "{descr: '<f4'}", 4, ND_EFORMAT, "a text in quotes expected"},
    {"quote not closed", "{'descr", 4, ND_EFORMAT, "a text in quotes expected"},
    {"no colon", "{'descr' '<f4'}", 4, ND_EFORMAT, "a colon expected"},
    {"dict not closed", "{'descr': '<f4'", 4, ND_EFORMAT, "a comma or } expected"},
    {"text after the dict", DICT("'<f4'", "False", "(1,)") " x", 4, ND_EFORMAT,
     "the end expected, \"x\" found"},
    {"order 0", DICT("'<f4'", "0", "(1,)"), 4, ND_EFORMAT, "True or False expected"},
    {"shape a number", DICT("'<f4'", "False", "1"), 4, ND_EFORMAT, "a shape in parentheses"},
    {"shape a number in parentheses", DICT("'<f4'", "False", "(1)"), 4, ND_EFORMAT, "a comma"},
    {"shape not closed", "{'shape': (1,", 4, ND_EFORMAT, "a length of 0 or more expected"},
    {"shape of a comma", DICT("'<f4'", "False", "(,)"), 4, ND_EFORMAT, "a length of 0 or more"},
    {"nested parentheses", DICT("'<f4'", "False", "((1,),)"), 4, ND_EFORMAT, "a length of 0"},
    {"negative length", DICT("'<f4'", "False", "(-1,)"), 4, ND_EFORMAT, "a length of 0 or more"},
    {"half a length", DICT("'<f4'", "False", "(1.5,)"), 4, ND_EFORMAT, "a comma"},
    {"length of 2^63", DICT("'<f4'", "False", "(9223372036854775808,)"), 4, ND_EFORMAT,
     "a length of under 2^63"},
    {"shape overflows", DICT("'<f4'", "False", "(4294967296, 4294967296)"), 4, ND_EFORMAT,
     "the shape is too large"},
    {"bytes overflow", DICT("'<f8'", "False", "(2305843009213693952,)"), 4, ND_EFORMAT,
     "too large"},
    {"rows without values", DICT("'<f4'", "False", "(1000000000, 0)"), 0, ND_EFORMAT,
     "1000000000 rows without values"},
    {"five dims", DICT("'<f4'", "False", "(1, 1, 1, 1, 1)"), 4, ND_EUNSUPPORTED, "at most 4 dim"},
    {"columns first", DICT("'<f4'", "True", "(1, 1)"), 4, ND_EUNSUPPORTED, "columns first"},
    {"big endian", DICT("'>f4'", "False", "(1,)"), 4, ND_EUNSUPPORTED, ">f4 (big endian) found"},
    {"objects", DICT("'|O'", "False", "(1,)"), 4, ND_EUNSUPPORTED, "|O (Python objects) found"},
    {"a record", DICT("[('a', '<f4')]", "False", "(1,)"), 4, ND_EUNSUPPORTED, "a record of"},
    {"complex", DICT("'<c8'", "False", "(1,)"), 8, ND_EUNSUPPORTED, "<c8 found"},
    {"no type", DICT("''", "False", "(1,)"), 4, ND_EUNSUPPORTED, "|b1 expected,  found"},
    {"cut short", DICT("'<f4'", "False", "(2,)"), 7, ND_EFORMAT,
     "reading x.npy: 8 bytes of values expected (2 of <f4), 7 found"},
    {"left over", DICT("'<f4'", "False", "(2,)"), 9, ND_EFORMAT, "8 bytes of values expected"},
    {"no scalar", DICT("'<f4'", "False", "()"), 0, ND_EFORMAT, "4 bytes of values expected"},
};

static void build(nd_bytes *out, const char *header, size_t n_values)
{
    size_t n = strlen(header);
    uint8_t head[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)n, (uint8_t)(n >> 8)};
    *out = (nd_bytes){0};
    if (nd_bytes_append(out, head, sizeof head) || nd_bytes_append(out, header, n)) abort();
    for (size_t i = 0; i < n_values; i++)
        if (nd_bytes_append(out, "", 1)) abort();
}

static void test_hostile(void)
{
    for (size_t i = 0; i < ND_COUNT(hostile); i++) {
        nd_bytes file;
        nd_array a = {.n_dims = 42};
        nd_diag diag = {0};
        build(&file, hostile[i].header, hostile[i].n_values);
        int rc = nd_npy_parse(&a, file.data, file.n, "x.npy", &diag);
        CHECK(hostile[i].name,
              rc == hostile[i].expected && a.n_dims == 42 && strstr(diag.text, hostile[i].text) &&
                  strstr(diag.text, "reading x.npy: "),
              "%d %s", rc, diag.text);
        nd_bytes_deinit(&file);
    }
}

/* What stands before the dict. */
static void test_hostile_heads(void)
{
    static const struct {
        const char *name;
        char head[13];
        size_t n;
        int expected;
        const char *text;
    } cases[] = {
        {"nothing", "", 0, ND_EFORMAT, "a .npy file expected"},
        {"another magic", "\x93NUMPZ\1\0\0\0", 10, ND_EFORMAT, "a .npy file expected"},
        {"magic only", "\x93NUMPY\1\0\0", 9, ND_EFORMAT, "a .npy file expected"},
        {"version 0", "\x93NUMPY\0\0\0\0", 10, ND_EUNSUPPORTED, "0.0 found"},
        {"version 1.1", "\x93NUMPY\1\1\0\0", 10, ND_EUNSUPPORTED, "1.1 found"},
        {"version 4", "\x93NUMPY\4\0\0\0\0\0", 12, ND_EUNSUPPORTED, "4.0 found"},
        {"length cut", "\x93NUMPY\2\0\0\0\0", 11, ND_EFORMAT, "0 found"},
        {"header cut", "\x93NUMPY\1\0\2\0{", 11, ND_EFORMAT, "a header of 2 bytes expected, 1"},
        {"header of 4 GB", "\x93NUMPY\2\0\xFF\xFF\xFF\xFF", 12, ND_EFORMAT, "of 4294967295 bytes"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_array a = {0};
        nd_diag diag = {0};
        int rc = nd_npy_parse(&a, cases[i].head, cases[i].n, "x.npy", &diag);
        CHECK(cases[i].name, rc == cases[i].expected && !a.data && strstr(diag.text, cases[i].text),
              "%d %s", rc, diag.text);
    }
    static uint8_t large[70012] = "\x93NUMPY\2\0\x70\x11\x01"; /* 70000 */
    nd_array a = {0};
    nd_diag diag = {0};
    int rc = nd_npy_parse(&a, large, sizeof large, "x.npy", &diag);
    CHECK("header over the limit", rc == ND_ELIMIT && strstr(diag.text, "70000 found"), "%d %s", rc,
          diag.text);
}

/* ---- reading: what is converted --------------------------------------------------------- */

static const char *corpus(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "fuzz/corpus/npy/%s", name);
    return path;
}

/* Read a file of the corpus and compare it with expected, but for the name. */
static void check_read(const char *name, const nd_array *expected)
{
    nd_array a = {0};
    nd_diag diag = {0};
    int rc = nd_array_read_npy(&a, corpus(name), &diag);
    bool same = rc == 0 && a.dtype == expected->dtype && a.n_dims == expected->n_dims &&
                !memcmp(a.dims, expected->dims, sizeof a.dims) && !strcmp(a.name, name);
    size_t n_bytes = (size_t)nd_array_count(expected) * nd_dtype_bytes(expected->dtype);
    CHECK(name, same && !memcmp(a.data, expected->data, n_bytes), "%d %s; %s, %d dims, %s", rc,
          diag.text, a.name, a.n_dims, nd_dtype_name(a.dtype));
    nd_array_deinit(&a);
    CHECK("nothing is left of it", !a.data && !a.n_dims, " ");
}

static void test_converted(void)
{
    float quarters[] = {0, 0.25f, 0.5f, 0.75f, 1, 1.25f}, zero = 0, eighths[24];
    int32_t limits[] = {INT32_MIN, -1, 0, INT32_MAX}, vector[] = {-2, -1, 0, 1, 2, 3, 4};
    uint8_t bools[] = {1, 0, 0, 1}, matrix[] = {0, 50, 100, 150, 200, 250};
    nd_array f32 = {.dtype = ND_F32, .n_dims = 2, .dims = {2, 3}, .f32 = quarters};
    nd_array one = {.dtype = ND_F32, .n_dims = 1, .dims = {1}, .f32 = &zero};
    for (int i = 0; i < 24; i++) eighths[i] = (float)i / 8;
    check_read("f8", &f32);
    check_read("f2", &f32);
    check_read("i8", &(nd_array){.dtype = ND_I32, .n_dims = 1, .dims = {4}, .i32 = limits});
    check_read("bool", &(nd_array){.dtype = ND_U8, .n_dims = 2, .dims = {2, 2}, .u8 = bools});
    check_read("one_column", &one);
    check_read("other_order", &one);
    check_read("version_2", &(nd_array){.dtype = ND_I32, .n_dims = 1, .dims = {7}, .i32 = vector});
    check_read("version_3", &(nd_array){.dtype = ND_U8, .n_dims = 2, .dims = {2, 3}, .u8 = matrix});
    check_read("four",
               &(nd_array){.dtype = ND_F32, .n_dims = 4, .dims = {1, 2, 3, 4}, .f32 = eighths});
}

/* Values that no f32 and no i32 has, and files that are not there. */
static void test_wrong_files(void)
{
    nd_array a = {0};
    nd_diag diag = {0};
    nd_bytes file;
    double large = 1e300;
    int rc = nd_array_read_npy(&a, corpus("i8_too_large"), &diag);
    CHECK("2^31", rc == ND_ELIMIT && !a.data && strstr(diag.text, "value 1: one within i32"),
          "%d %s", rc, diag.text);
    build(&file, DICT("'<f8'", "False", "()"), sizeof large);
    memcpy(file.data + file.n - sizeof large, &large, sizeof large);
    rc = nd_npy_parse(&a, file.data, file.n, "x.npy", &diag);
    CHECK("1e300", rc == ND_ELIMIT && !a.data && strstr(diag.text, "value 0: one within f32"),
          "%d %s", rc, diag.text);
    nd_bytes_deinit(&file);
    rc = nd_array_read_npy(&a, corpus("absent"), &diag);
    CHECK("read what is absent", rc == ND_EIO && !a.data && strstr(diag.text, "npy/absent"),
          "%d %s", rc, diag.text);
    rc = nd_array_read_npy(&a, folder, &diag);
    CHECK("read a folder", rc == ND_EIO && !a.data, "%d %s", rc, diag.text);
    rc = nd_array_read_npy(&a, corpus("nan"), &diag);
    CHECK("NaN and infinity are values", rc == 0 && isnan(a.f32[0]) && isinf(a.f32[1]), "%d %s", rc,
          diag.text);
    nd_array_deinit(&a);
    nd_array_deinit(NULL);
}

/* What is written comes back, under the name of its file. */
static void test_round_trip(void)
{
    float x[] = {-0.0f, 1e-40f, 3.5f};
    nd_array in = {.name = "other", .dtype = ND_F32, .n_dims = 2, .dims = {3, 1}, .f32 = x}, out;
    nd_diag diag = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/a name that is much longer than 31 bytes.npy", folder);
    int rc = nd_array_write_npy(&in, path, &diag);
    if (!rc) rc = nd_array_read_npy(&out, path, &diag);
    CHECK("round trip", rc == 0 && out.n_dims == 2 && !memcmp(out.f32, x, sizeof x), "%s",
          diag.text);
    if (rc) return;
    CHECK("its name", !strcmp(out.name, "a name that is much longer than"), "%s", out.name);
    nd_array_deinit(&out);
    unlink(path);
}

static int job_read(void *path)
{
    nd_array a = {0};
    int rc = nd_array_read_npy(&a, path, NULL);
    if (!rc) nd_array_deinit(&a);
    return rc;
}

int main(void)
{
    float scalar = -14.25f, four[24];
    int32_t vector[] = {-2, -1, 0, 1, 2, 3, 4};
    uint8_t matrix[] = {0, 50, 100, 150, 200, 250};
    for (int i = 0; i < 24; i++) four[i] = (float)i / 8;
    if (!mkdtemp(folder)) return 1;
    char path[128];
    test_wrong();
    compare("scalar_f32", &(nd_array){.dtype = ND_F32, .f32 = &scalar});
    compare("vector_i32", &(nd_array){.dtype = ND_I32, .n_dims = 1, .dims = {7}, .i32 = vector});
    compare("matrix_u8", &(nd_array){.dtype = ND_U8, .n_dims = 2, .dims = {2, 3}, .u8 = matrix});
    compare("empty_f32", &(nd_array){.dtype = ND_F32, .n_dims = 1});
    compare("empty_i32", &(nd_array){.dtype = ND_I32, .n_dims = 2, .dims = {0, 3}});
    compare("four_f32",
            &(nd_array){.dtype = ND_F32, .n_dims = 4, .dims = {1, 2, 3, 4}, .f32 = four});
    test_hostile();
    test_hostile_heads();
    test_converted();
    test_wrong_files();
    test_round_trip();
    snprintf(path, sizeof path, "%s", corpus("four"));
    check_malloc_failures("read with no memory", job_read, path);
    rmdir(folder);
    TEST_END();
}
