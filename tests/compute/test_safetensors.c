/* Safetensors: hostile files first, then what another program wrote and what ours writes
 * (tests/reference/safetensors.py). */
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "compute/half.h"
#include "compute/safetensors.h"
#include "failing_malloc.h"

static char folder[] = "/tmp/needledrop-safetensors-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int files_in_folder(void)
{
    int n = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) n += entry->d_name[0] != '.';
    if (dir) closedir(dir);
    return n;
}

/* ---- what is refused when it is opened ----------------------------------------------- */

#define ONE(type, shape, offsets) \
    "{\"t.x\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define F32(name, offsets) \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" offsets "}"

static const struct {
    const char *name, *header;
    size_t n_data;
    int expected;
    const char *text;
} hostile[] = {
    {"not JSON", "{\"t.x\":", 0, ND_EFORMAT, "header: byte 7"},
    {"no object", "[]", 0, ND_EFORMAT, "'{' expected first"},
    {"space first", " {}", 0, ND_EFORMAT, "'{' expected first"},
    {"no header", "", 4, ND_EFORMAT, "'{' expected first"},
    {"text after the object", "{} {}", 0, ND_EFORMAT, "end of file expected"},
    {"not UTF-8", "{\"\xFF\":1}", 0, ND_EFORMAT, "header: byte 2: unable to decode"},
    {"a NUL in a name", "{\"a\\u0000b\":1}", 0, ND_EFORMAT, "header: byte"},
    {"a name twice", "{" F32("t.x", "[0,4]") "," F32("t.x", "[0,4]") "}", 4, ND_EFORMAT, "t.x"},
    {"a key twice", "{\"t.x\":{\"shape\":[],\"shape\":[1]}}", 4, ND_EFORMAT, "duplicate"},
    {"no entry", "{\"t.x\":[]}", 0, ND_EFORMAT, "tensor t.x: an object expected"},
    {"no type", "{\"t.x\":{}}", 0, ND_EFORMAT, "tensor t.x: a text \"dtype\" expected"},
    {"type a number", "{\"t.x\":{\"dtype\":1}}", 0, ND_EFORMAT, "tensor t.x: a text \"dtype\""},
    {"strange type", ONE("F33", "[1]", "[0,4]"), 4, ND_EFORMAT, "tensor t.x: a type such as"},
    {"no type's name", ONE("", "[1]", "[0,4]"), 4, ND_EFORMAT, "tensor t.x: a type such as"},
    {"float of 8 bits", ONE("F8_E5M2", "[1]", "[0,1]"), 1, ND_EUNSUPPORTED, "t.x: type F8_E5M2"},
    {"no shape", "{\"t.x\":{\"dtype\":\"F32\"}}", 0, ND_EFORMAT, "t.x: a list \"shape\""},
    {"shape a number", ONE("F32", "1", "[0,4]"), 4, ND_EFORMAT, "t.x: a list \"shape\""},
    {"9 dims", ONE("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, ND_EUNSUPPORTED, "t.x: 8 dim"},
    {"negative dim", ONE("F32", "[2,-1]", "[0,4]"), 4, ND_EFORMAT, "t.x: dimension 1"},
    {"negative twice", ONE("F32", "[-1,-1]", "[0,4]"), 4, ND_EFORMAT, "t.x: dimension 0"},
    {"half a dim", ONE("F32", "[0.5]", "[0,2]"), 2, ND_EFORMAT, "t.x: dimension 0"},
    {"dim over 63 bits", ONE("F32", "[18446744073709551615]", "[0,4]"), 4, ND_EFORMAT, "too big"},
    {"shape overflows", ONE("F32", "[4294967296,4294967296]", "[0,0]"), 0, ND_EFORMAT,
     "t.x: the shape is too large"},
    {"bytes overflow", ONE("F32", "[4611686018427387904]", "[0,0]"), 0, ND_EFORMAT,
     "t.x: the shape is too large"},
    {"no offsets", "{\"t.x\":{\"dtype\":\"F32\",\"shape\":[]}}", 4, ND_EFORMAT,
     "t.x: \"data_offsets\""},
    {"one offset", ONE("F32", "[1]", "[4]"), 4, ND_EFORMAT, "t.x: \"data_offsets\""},
    {"three offsets", ONE("F32", "[1]", "[0,4,8]"), 8, ND_EFORMAT, "t.x: \"data_offsets\""},
    {"offset a text", ONE("F32", "[1]", "[0,\"4\"]"), 4, ND_EFORMAT, "t.x: \"data_offsets\""},
    {"negative offset", ONE("F32", "[1]", "[-4,0]"), 4, ND_EFORMAT, "0 .. 4 expected, -4 .. 0"},
    {"backwards", ONE("F32", "[1]", "[4,0]"), 4, ND_EFORMAT, "0 .. 4 expected, 4 .. 0 found"},
    {"past the end", ONE("F32", "[2]", "[0,8]"), 4, ND_EFORMAT, "t.x: data within 0 .. 4"},
    {"too few bytes", ONE("F32", "[3]", "[0,8]"), 8, ND_EFORMAT,
     "reading x.safetensors: tensor t.x: 12 bytes of data expected ([3] F32), 8 found"},
    {"too many bytes", ONE("F16", "[1,2]", "[0,8]"), 8, ND_EFORMAT,
     "t.x: 4 bytes of data expected ([1, 2] F16), 8 found"},
    {"overlap", "{" F32("a", "[0,4]") "," F32("t.x", "[2,6]") "}", 6, ND_EFORMAT,
     "t.x: data from 4 on expected, from 2 on found (an overlap)"},
    {"the same place", "{" F32("a", "[0,4]") "," F32("b", "[0,4]") "}", 4, ND_EFORMAT, "overlap"},
    {"a hole", "{" F32("a", "[0,4]") "," F32("t.x", "[5,9]") "}", 9, ND_EFORMAT,
     "t.x: data from 4 on expected, from 5 on found (a hole)"},
    {"a hole first", "{" F32("t.x", "[1,5]") "}", 5, ND_EFORMAT, "t.x: data from 0 on expected"},
    {"bytes left over", "{" F32("t.x", "[0,4]") "}", 5, ND_EFORMAT, "4 bytes of data expected, 5"},
    {"metadata no object", "{\"__metadata__\":1}", 0, ND_EFORMAT, "__metadata__: an object"},
    {"metadata no text", "{\"__metadata__\":{\"k\":1}}", 0, ND_EFORMAT, "__metadata__: k: a text"},
};

/* A file in memory: the length, the header, data of zeroes. */
static void build(nd_bytes *out, const char *header, size_t n_data)
{
    uint64_t n = strlen(header);
    *out = (nd_bytes){0};
    if (nd_bytes_append(out, &n, sizeof n) || nd_bytes_append(out, header, n)) abort();
    for (size_t i = 0; i < n_data; i++)
        if (nd_bytes_append(out, "", 1)) abort();
}

static void test_hostile(void)
{
    for (size_t i = 0; i < ND_COUNT(hostile); i++) {
        nd_bytes file;
        nd_safetensors *s = NULL;
        nd_diag diag = {0};
        build(&file, hostile[i].header, hostile[i].n_data);
        int rc = nd_safetensors_parse(&s, file.data, file.n, "x.safetensors", &diag);
        CHECK(hostile[i].name,
              rc == hostile[i].expected && !s && strstr(diag.text, hostile[i].text) &&
                  strstr(diag.text, "reading x.safetensors: "),
              "%d %s", rc, diag.text);
        nd_bytes_deinit(&file);
    }
}

/* A file of n bytes that begins with the given length; most of it is not on the disk. */
static int open_with_length(uint64_t length, off_t n, nd_diag *diag)
{
    nd_safetensors *s = NULL;
    const char *path = in_folder("length");
    if (nd_file_write(path, &length, sizeof length, NULL) || truncate(path, n)) abort();
    int rc = nd_safetensors_open(&s, path, diag);
    nd_safetensors_close(&s);
    unlink(path);
    return rc;
}

static void test_lengths(void)
{
    nd_diag diag = {0};
    int rc = open_with_length(0, 0, &diag);
    CHECK("an empty file", rc == ND_EFORMAT && strstr(diag.text, "0 found"), "%d %s", rc,
          diag.text);
    rc = open_with_length(0, 7, &diag);
    CHECK("7 bytes", rc == ND_EFORMAT && strstr(diag.text, "7 found"), "%d %s", rc, diag.text);
    rc = open_with_length(2, 9, &diag);
    CHECK("a header that is cut", rc == ND_EFORMAT && strstr(diag.text, "1 found"), "%d %s", rc,
          diag.text);
    rc = open_with_length(UINT64_MAX, 100, &diag);
    CHECK("a header of 2^64", rc == ND_EFORMAT && strstr(diag.text, "18446744073709551615"),
          "%d %s", rc, diag.text);
    rc = open_with_length(100000001, 100000009, &diag);
    CHECK("a header over the limit", rc == ND_ELIMIT && strstr(diag.text, "100000000"), "%d %s", rc,
          diag.text);
}

/* Every beginning of a good file is refused. */
static void test_cut(void)
{
    nd_bytes file = {0};
    int n_cut = 0;
    if (nd_file_read(&file, "fuzz/corpus/safetensors/two", 1 << 16, NULL)) return;
    for (size_t n = 0; n < file.n; n++) {
        nd_safetensors *s = NULL;
        uint8_t *exact = malloc(n + 1); /* so that the address sanitizer sees its end */
        memcpy(exact, file.data, n);
        n_cut += nd_safetensors_parse(&s, exact, n, "cut", NULL) == ND_EFORMAT && !s;
        free(exact);
    }
    CHECK("every cut is refused", n_cut == (int)file.n, "%d of %zu", n_cut, file.n);
    nd_bytes_deinit(&file);
}

/* ---- reading values -------------------------------------------------------------------- */

static const char every_type[] = "tests/golden/safetensors_every_type.safetensors";

static void test_wrong_values(void)
{
    nd_safetensors *s = NULL;
    nd_diag diag = {0};
    float out[6] = {42, 42, 42, 42, 42, 42};
    int rc = nd_safetensors_open(&s, in_folder("absent"), &diag);
    CHECK("open what is absent", rc == ND_EIO && !s && strstr(diag.text, "absent"), "%d %s", rc,
          diag.text);
    rc = nd_safetensors_open(&s, folder, &diag);
    CHECK("open a folder", rc == ND_EIO && !s, "%d %s", rc, diag.text);
    if (nd_safetensors_open(&s, every_type, NULL)) return;
    rc = nd_safetensors_read_f32(s, "music.no", 1, (int64_t[]){6}, out, &diag);
    CHECK("no such tensor",
          rc == ND_ENOTFOUND && strstr(diag.text, "music.no") && strstr(diag.text, every_type),
          "%d %s", rc, diag.text);
    rc = nd_safetensors_read_f32(s, "f32", 2, (int64_t[]){2, 3}, out, &diag);
    CHECK("another shape", rc == ND_EFORMAT && strstr(diag.text, "f32: shape [2, 3] expected, [6]"),
          "%d %s", rc, diag.text);
    rc = nd_safetensors_read_f32(s, "scalar", 1, (int64_t[]){1}, out, &diag);
    CHECK("a scalar is no [1]", rc == ND_EFORMAT && strstr(diag.text, "[1] expected, [] found"),
          "%d %s", rc, diag.text);
    rc = nd_safetensors_read_f32(s, "other.i32", 1, (int64_t[]){6}, out, &diag);
    CHECK("no float", rc == ND_EFORMAT && strstr(diag.text, "other.i32: F32, F16"), "%d %s", rc,
          diag.text);
    CHECK("out is untouched", out[0] == 42 && out[5] == 42, "%g %g", (double)out[0],
          (double)out[5]);
    nd_safetensors_close(&s);
    nd_safetensors_close(&s);
    nd_safetensors_close(NULL);
    CHECK("closed", !s, " ");
}

/* One value of each type that is not finite, or not as an f32. */
static void test_not_finite(void)
{
    static const struct {
        const char *name, *header;
        uint8_t bytes[16]; /* two values, the second is it */
    } cases[] = {
        {"NaN in F32", ONE("F32", "[2]", "[0,8]"), {0, 0, 0, 0, 0, 0, 0xC0, 0x7F}},
        {"infinity in F32", ONE("F32", "[2]", "[0,8]"), {0, 0, 0, 0, 0, 0, 0x80, 0xFF}},
        {"infinity in F16", ONE("F16", "[2]", "[0,4]"), {0, 0, 0, 0x7C}},
        {"NaN in BF16", ONE("BF16", "[2]", "[0,4]"), {0, 0, 0xC0, 0x7F}},
        {"1e300 in F64",
         ONE("F64", "[2]", "[0,16]"),
         {0, 0, 0, 0, 0, 0, 0, 0, 0x9C, 0x75, 0x00, 0x88, 0x3C, 0xE4, 0x37, 0x7E}},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_bytes file;
        nd_diag diag = {0};
        nd_safetensors *s = NULL;
        float out[2] = {42, 42};
        size_t each = strstr(cases[i].header, "F64") ? 8 : strstr(cases[i].header, "F32") ? 4 : 2;
        build(&file, cases[i].header, 2 * each);
        memcpy(file.data + file.n - 2 * each, cases[i].bytes, 2 * each);
        int rc = nd_safetensors_parse(&s, file.data, file.n, "x", NULL);
        if (!rc) rc = nd_safetensors_read_f32(s, "t.x", 1, (int64_t[]){2}, out, &diag);
        CHECK(cases[i].name,
              rc == ND_EFORMAT && strstr(diag.text, "tensor t.x: value 1: a finite f32 expected") &&
                  out[0] == 42,
              "%d %s", rc, diag.text);
        nd_safetensors_close(&s);
        nd_bytes_deinit(&file);
    }
}

/* Everything in the file that NumPy wrote, each value misaligned. */
static void test_every_type(void)
{
    static const char *const floats[] = {"f32", "f16", "bf16", "f64"};
    nd_safetensors *s = NULL;
    nd_diag diag = {0};
    float out[6];
    int rc = nd_safetensors_open(&s, every_type, &diag);
    CHECK("open NumPy's file", rc == 0, "%s", diag.text);
    if (rc) return;
    for (size_t k = 0; k < ND_COUNT(floats); k++) {
        int n_wrong = 0;
        rc = nd_safetensors_read_f32(s, floats[k], 1, (int64_t[]){6}, out, &diag);
        for (int i = 0; i < 6 && !rc; i++) n_wrong += out[i] != (float)(i - 3) / 4;
        CHECK(floats[k], rc == 0 && n_wrong == 0, "%d wrong; %s", n_wrong, diag.text);
    }
    rc = nd_safetensors_read_f32(s, "scalar", 0, NULL, out, &diag);
    CHECK("a scalar", rc == 0 && out[0] == 7, "%g %s", (double)out[0], diag.text);
    rc = nd_safetensors_read_f32(s, "empty", 3, (int64_t[]){2, 0, 3}, out, &diag);
    CHECK("an empty one", rc == 0, "%s", diag.text);
    rc = nd_safetensors_read_f32(s, "eight", 8, (int64_t[]){1, 1, 2, 1, 1, 2, 1, 1}, out, &diag);
    CHECK("eight dims", rc == 0 && out[3] == 3, "%s", diag.text);
    const nd_stored_tensor *t = nd_safetensors_find(s, "other.i16");
    CHECK("find", t && t->dtype == ND_STORED_I16 && t->n_dims == 1 && t->n_bytes == 12, " ");
    int n_ordered = 0, n = nd_safetensors_count(s);
    for (int i = 0; i + 1 < n; i++)
        n_ordered += strcmp(nd_safetensors_at(s, i)->name, nd_safetensors_at(s, i + 1)->name) < 0;
    CHECK("in order of the names", n == 16 && n_ordered == 15, "%d of %d", n_ordered, n);
    const char *made_by = nd_safetensors_metadata(s, "made_by");
    CHECK("metadata", made_by && !strcmp(made_by, "NumPy") && !nd_safetensors_metadata(s, "x"),
          "%s", made_by ? made_by : "none");
    nd_safetensors_close(&s);
}

static void test_nothing(void)
{
    nd_bytes file;
    nd_safetensors *s = NULL;
    build(&file, "{}   ", 0);
    int rc = nd_safetensors_parse(&s, file.data, file.n, "x", NULL);
    CHECK("a file of nothing",
          rc == 0 && nd_safetensors_count(s) == 0 && !nd_safetensors_find(s, "") &&
              !nd_safetensors_metadata(s, ""),
          "%d", rc);
    nd_safetensors_close(&s);
    nd_bytes_deinit(&file);
}

/* ---- halves ------------------------------------------------------------------------------- */

static double half_value(unsigned bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double x = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return bits & 0x8000 ? -x : x;
}

static void test_halves(void)
{
    int n_wrong = 0, n_back = 0, n_not_finite = 0;
    for (unsigned bits = 0; bits < 65536; bits++) {
        float x = nd_f32_from_f16((uint16_t)bits);
        if ((bits & 0x7C00) == 0x7C00) n_not_finite += isfinite(x) || !isnan(x) != !(bits & 1023);
        else n_wrong += (double)x != half_value(bits) || !signbit(x) != !(bits & 0x8000);
        n_back += isnan(x) ? !isnan(nd_f32_from_f16(nd_f16_from_f32(x)))
                           : nd_f16_from_f32(x) != bits;
    }
    CHECK("every half", n_wrong == 0 && n_not_finite == 0, "%d, %d wrong", n_wrong, n_not_finite);
    CHECK("every half and back", n_back == 0, "%d wrong", n_back);
    CHECK("bfloat16", nd_f32_from_bf16(0xC049) == -3.140625f, "%g",
          (double)nd_f32_from_bf16(0xC049));
}

static void test_rounding(void)
{
    nd_array a = {0};
    nd_diag diag = {0};
    int n_wrong = 0;
    int rc = nd_array_read_npy(&a, "tests/golden/f16_rounding.npy", &diag);
    for (int64_t i = 0; i < a.dims[0] && !rc; i++) {
        float x;
        memcpy(&x, &a.i32[2 * i], sizeof x);
        n_wrong += nd_f16_from_f32(x) != a.i32[2 * i + 1];
    }
    CHECK("rounding as NumPy's", rc == 0 && a.dims[0] > 3000 && n_wrong == 0, "%d of %d; %s",
          n_wrong, (int)a.dims[0], diag.text);
    nd_array_deinit(&a);
}

/* ---- writing ------------------------------------------------------------------------------ */

static const float zero_to_five[] = {0, 0.125f, 0.25f, 0.375f, 0.5f, 0.625f};
static const float scale = 0.5f, bias[] = {0.1f, -2.5f, 65504};
static const float ties[] = {1 + 0x1p-11f, 1 + 0x3p-11f, 0x1p-25f, -1e-30f};

/* Those of F16 stand among those of F32 here, and after them in the file. */
static const nd_stored_value ours[] = {
    {"match.scale", ND_STORED_F32, 0, {0}, &scale},
    {"music.bias", ND_STORED_F16, 1, {3}, bias},
    {"music.weight", ND_STORED_F32, 2, {2, 3}, zero_to_five},
    {"video.\"x\"/y", ND_STORED_F16, 2, {4, 1}, ties},
    {"music.gr\xC3\xB6\xC3\x9F"
     "e",
     ND_STORED_F32,
     2,
     {0, 4},
     NULL},
};
static const nd_text_pair metadata[] = {{"format", "needledrop-1"},
                                        {"config", "{\"music\": {\"input_dim\": 80}}"}};

static int write_ours(const char *path, nd_diag *diag)
{
    return nd_safetensors_write(path, ours, ND_COUNT(ours), metadata, ND_COUNT(metadata), diag);
}

#define ITEM(text, type) .name = text, .dtype = ND_STORED_##type

static void test_wrong_write(void)
{
    static const float nan_at_1[] = {0, NAN}, large[] = {-65520};
    static const struct {
        const char *name;
        nd_stored_value items[2];
        int n;
        int expected;
        const char *text;
    } cases[] = {
        {"write a name twice", {{ITEM("a.b", F32)}, {ITEM("a.b", F16)}}, 2, ND_EARG, "a.b"},
        {"write __metadata__", {{ITEM("__metadata__", F32)}}, 1, ND_EARG, "__metadata__"},
        {"write a name not UTF-8", {{ITEM("a\xFF", F32)}}, 1, ND_EARG, "a\\xFF: the name is"},
        {"write as I32", {{ITEM("a.b", I32)}}, 1, ND_EARG, "a.b: F32 or F16"},
        {"write as nothing", {{ITEM("a.b", NONE)}}, 1, ND_EARG, "a.b: F32 or F16"},
        {"write 9 dims", {{ITEM("a.b", F32), .n_dims = 9}}, 1, ND_EARG, "a.b: its shape"},
        {"write a negative dim",
         {{ITEM("a.b", F32), .n_dims = 1, .dims = {-1}}},
         1,
         ND_EARG,
         "a.b: its shape"},
        {"write what overflows",
         {{ITEM("a.b", F32), .n_dims = 2, .dims = {INT64_MAX, 9}}},
         1,
         ND_EARG,
         "a.b: its shape"},
        {"write NaN",
         {{"a.b", ND_STORED_F32, 1, {2}, nan_at_1}},
         1,
         ND_EARG,
         "a.b: value 1: a fin"},
        {"write 65520 as F16",
         {{"a.b", ND_STORED_F16, 1, {1}, large}},
         1,
         ND_ELIMIT,
         "a.b: value 0"},
    };
    nd_diag diag = {0};
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_stored_value items[2];
        memcpy(items, cases[i].items, sizeof items);
        for (int k = 0; k < 2; k++)
            if (!items[k].f32) items[k].f32 = zero_to_five;
        int rc = nd_safetensors_write(in_folder("no"), items, cases[i].n, NULL, 0, &diag);
        CHECK(cases[i].name, rc == cases[i].expected && strstr(diag.text, cases[i].text), "%d %s",
              rc, diag.text);
    }
    CHECK("nothing was written", files_in_folder() == 0, "%d", files_in_folder());
}

static void test_wrong_metadata(void)
{
    nd_diag diag = {0};
    nd_text_pair twice[] = {{"k", "1"}, {"k", "2"}}, not_utf8[] = {{"k", "\xFF"}};
    int rc = nd_safetensors_write(in_folder("no"), NULL, 0, twice, 2, &diag);
    CHECK("write a key twice", rc == ND_EARG && strstr(diag.text, ": k: "), "%d %s", rc, diag.text);
    rc = nd_safetensors_write(in_folder("no"), NULL, 0, not_utf8, 1, NULL);
    CHECK("write metadata not UTF-8", rc == ND_EARG, "%d", rc);
    rc = write_ours(in_folder("absent/x"), &diag);
    CHECK("write into no folder", rc == ND_EIO && strstr(diag.text, "absent/x"), "%d %s", rc,
          diag.text);
    CHECK("nor then", files_in_folder() == 0, "%d", files_in_folder());
}

static bool same_files(const char *a, const char *b)
{
    nd_bytes x = {0}, y = {0};
    bool same = !nd_file_read(&x, a, 1 << 20, NULL) && !nd_file_read(&y, b, 1 << 20, NULL) &&
                x.n == y.n && x.n && !memcmp(x.data, y.data, x.n);
    nd_bytes_deinit(&x);
    nd_bytes_deinit(&y);
    return same;
}

static void test_write(void)
{
    nd_diag diag = {0};
    nd_safetensors *s = NULL;
    float out[6] = {0};
    const char *path = in_folder("ours");
    int rc = write_ours(path, &diag);
    CHECK("write", rc == 0 && files_in_folder() == 1, "%s", diag.text);
    CHECK("the bytes that Python makes",
          same_files(path, "tests/golden/safetensors_ours.safetensors"), "%s differs", path);
    rc = nd_safetensors_open(&s, path, &diag);
    CHECK("open what was written", rc == 0, "%s", diag.text);
    if (rc) return;
    rc = nd_safetensors_read_f32(s, "music.weight", 2, (int64_t[]){2, 3}, out, &diag);
    CHECK("F32 come back", rc == 0 && !memcmp(out, zero_to_five, sizeof out), "%s", diag.text);
    rc = nd_safetensors_read_f32(s, "music.bias", 1, (int64_t[]){3}, out, &diag);
    CHECK("F16 come back", rc == 0 && out[0] == 0.0999755859375f && out[2] == 65504, "%g %s",
          (double)out[0], diag.text);
    CHECK("metadata come back", !strcmp(nd_safetensors_metadata(s, "config"), metadata[1].value),
          " ");
    for (int i = 0; i < nd_safetensors_count(s); i++) {
        const nd_stored_tensor *t = nd_safetensors_at(s, i);
        CHECK(t->name, (uintptr_t)t->data % (t->dtype == ND_STORED_F32 ? 4 : 2) == 0, "misaligned");
    }
    nd_safetensors_close(&s);
}

/* A limit on the size of files stands for the disk that is full. */
static void test_failed_write(void)
{
    static float large[50000];
    nd_stored_value item = {"large", ND_STORED_F16, 1, {ND_COUNT(large)}, large};
    nd_diag diag = {0};
    struct rlimit saved, small;
    const char *path = in_folder("ours");
    getrlimit(RLIMIT_FSIZE, &saved);
    small = (struct rlimit){4096, saved.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int rc = nd_safetensors_write(path, &item, 1, NULL, 0, &diag);
    setrlimit(RLIMIT_FSIZE, &saved);
    CHECK("a write that fails", rc == ND_EIO && strstr(diag.text, path), "%d %s", rc, diag.text);
    CHECK("it keeps the old file",
          same_files(path, "tests/golden/safetensors_ours.safetensors") && files_in_folder() == 1,
          "%d files", files_in_folder());
    rc = nd_safetensors_write("/dev/full", &item, 1, NULL, 0, &diag);
    CHECK("a full disk", rc == ND_EFULL && strstr(diag.text, "/dev/full"), "%d %s", rc, diag.text);
    rc = nd_safetensors_write(path, &item, 1, NULL, 0, &diag);
    nd_safetensors *s = NULL;
    if (!rc) rc = nd_safetensors_open(&s, path, &diag);
    CHECK("the new file takes its place", rc == 0 && nd_safetensors_find(s, "large"), "%s",
          diag.text);
    nd_safetensors_close(&s);
}

/* ---- many names, little memory -------------------------------------------------------------- */

static void test_many(void)
{
    enum { N = 5000 };
    static char names[N][24];
    static nd_stored_value items[N];
    nd_safetensors *s = NULL;
    nd_diag diag = {0};
    int n_found = 0;
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "layers.%d.weight", (i * 7919) % N);
        items[i] = (nd_stored_value){names[i], ND_STORED_F32, 1, {i % 3}, zero_to_five};
    }
    int rc = nd_safetensors_write(in_folder("many"), items, N, NULL, 0, &diag);
    if (!rc) rc = nd_safetensors_open(&s, in_folder("many"), &diag);
    for (int i = 0; i < N && !rc; i++) {
        const nd_stored_tensor *t = nd_safetensors_find(s, names[i]);
        n_found += t && t->dims[0] == i % 3 && !strcmp(t->name, names[i]);
    }
    CHECK("many names", rc == 0 && n_found == N, "%d of %d; %s", n_found, N, diag.text);
    nd_safetensors_close(&s);
}

static int job_open(void *path)
{
    nd_safetensors *s = NULL;
    int rc = nd_safetensors_open(&s, path, NULL);
    if (!rc) nd_safetensors_close(&s);
    return rc;
}

static int job_write(void *path)
{
    return write_ours(path, NULL);
}

int main(void)
{
    char command[64], path[128], golden[] = "tests/golden/safetensors_every_type.safetensors";
    if (!mkdtemp(folder)) return 1;
    test_hostile();
    test_lengths();
    test_cut();
    test_wrong_values();
    test_not_finite();
    test_every_type();
    test_nothing();
    test_halves();
    test_rounding();
    test_wrong_write();
    test_wrong_metadata();
    test_write();
    test_failed_write();
    snprintf(path, sizeof path, "%s", in_folder("ours"));
    check_malloc_failures("open with no memory", job_open, golden);
    check_malloc_failures("write with no memory", job_write, path);
    CHECK("no other file is left", files_in_folder() == 1, "%d", files_in_folder());
    test_many();
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command)) return 1;
    TEST_END();
}
