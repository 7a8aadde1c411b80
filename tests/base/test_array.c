/* Sizes of arrays. */
#include "../test.h"

static void test_dtype(void)
{
    CHECK("bytes of f32", nd_dtype_bytes(ND_F32) == 4, " ");
    CHECK("bytes of i32", nd_dtype_bytes(ND_I32) == 4, " ");
    CHECK("bytes of u8", nd_dtype_bytes(ND_U8) == 1, " ");
    CHECK("bytes of no type", nd_dtype_bytes((nd_dtype)0) == 0, " ");
    CHECK("bytes of an unknown type", nd_dtype_bytes((nd_dtype)77) == 0, " ");
}

int main(void)
{
    static const struct {
        const char *name;
        nd_dtype dtype;
        int n_dims;
        int64_t dims[ND_ARRAY_MAX_DIMS];
        int64_t expected;
    } cases[] = {
        {"negative number of dims", ND_F32, -1, {0}, -1},
        {"too many dims", ND_F32, 5, {1, 1, 1, 1}, -1},
        {"a negative dim", ND_F32, 2, {3, -1}, -1},
        {"negative twice", ND_F32, 2, {-3, -1}, -1},
        {"values overflow", ND_U8, 2, {INT64_MAX, 2}, -1},
        {"bytes overflow", ND_F32, 1, {INT64_MAX / 2}, -1},
        {"most bytes", ND_U8, 1, {INT64_MAX}, INT64_MAX},
        {"a scalar", ND_F32, 0, {9, 9}, 1},
        {"empty", ND_F32, 1, {0}, 0},
        {"rows of nothing", ND_I32, 2, {5, 0}, 0},
        {"four dims", ND_U8, 4, {2, 3, 4, 5}, 120},
    };
    test_dtype();
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_array a = {.dtype = cases[i].dtype, .n_dims = cases[i].n_dims};
        memcpy(a.dims, cases[i].dims, sizeof a.dims);
        int64_t n = nd_array_count(&a);
        CHECK(cases[i].name, n == cases[i].expected, "%lld", (long long)n);
    }
    TEST_END();
}
