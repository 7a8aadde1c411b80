/* Arrays: sizes, storage. */
#include "base/base.h"

size_t nd_dtype_bytes(nd_dtype dtype)
{
    switch (dtype) {
    case ND_F32: return 4;
    case ND_I32: return 4;
    case ND_U8: return 1;
    }
    return 0;
}

const char *nd_dtype_name(nd_dtype dtype)
{
    switch (dtype) {
    case ND_F32: return "f32";
    case ND_I32: return "i32";
    case ND_U8: return "u8";
    }
    return "";
}

int64_t nd_array_count(const nd_array *a)
{
    if (a->n_dims < 0 || a->n_dims > ND_ARRAY_MAX_DIMS) return -1;
    int64_t n = 1, bytes;
    for (int i = 0; i < a->n_dims; i++) {
        if (a->dims[i] < 0) return -1;
        if (__builtin_mul_overflow(n, a->dims[i], &n)) return -1;
    }
    if (__builtin_mul_overflow(n, (int64_t)nd_dtype_bytes(a->dtype), &bytes)) return -1;
    return n;
}

void nd_array_deinit(nd_array *a)
{
    if (!a) return;
    free(a->data);
    *a = (nd_array){0};
}
