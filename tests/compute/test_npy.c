/* .npy files: the same bytes as NumPy's (tests/reference/npy.py). */
#include "../test.h"

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

int main(void)
{
    float scalar = -14.25f, four[24];
    int32_t vector[] = {-2, -1, 0, 1, 2, 3, 4};
    uint8_t matrix[] = {0, 50, 100, 150, 200, 250};
    for (int i = 0; i < 24; i++) four[i] = (float)i / 8;
    if (!mkdtemp(folder)) return 1;
    test_wrong();
    compare("scalar_f32", &(nd_array){.dtype = ND_F32, .f32 = &scalar});
    compare("vector_i32", &(nd_array){.dtype = ND_I32, .n_dims = 1, .dims = {7}, .i32 = vector});
    compare("matrix_u8", &(nd_array){.dtype = ND_U8, .n_dims = 2, .dims = {2, 3}, .u8 = matrix});
    compare("empty_f32", &(nd_array){.dtype = ND_F32, .n_dims = 1});
    compare("empty_i32", &(nd_array){.dtype = ND_I32, .n_dims = 2, .dims = {0, 3}});
    compare("four_f32",
            &(nd_array){.dtype = ND_F32, .n_dims = 4, .dims = {1, 2, 3, 4}, .f32 = four});
    rmdir(folder);
    TEST_END();
}
