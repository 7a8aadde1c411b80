/* Checked sizes, zeroed storage, growing blocks; broken promises. */
#include <string.h>

#include "base/base.h"

_Noreturn void nd__assert_fail(const char *file, int line, const char *what, long long found,
                               long long expected)
{
    fprintf(stderr, "%s:%d: broken promise: %s (%lld, %lld)\n", file, line, what, found, expected);
    abort();
}

bool nd_size_mul(size_t *out, size_t a, size_t b)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product)) return false;
    *out = product;
    return true;
}

void *nd_calloc(size_t n, size_t size)
{
    size_t bytes;
    if (!nd_size_mul(&bytes, n, size)) return NULL;
    return calloc(1, bytes ? bytes : 1);
}

int nd_grow(void *items, size_t *capacity, size_t n, size_t extra, size_t size)
{
    size_t needed, bytes;
    if (__builtin_add_overflow(n, extra, &needed)) return ND_ENOMEM;
    if (needed <= *capacity) return 0;
    size_t wanted = *capacity < 16 ? 16 : *capacity;
    while (wanted < needed)
        if (!nd_size_mul(&wanted, wanted, 2)) return ND_ENOMEM;
    if (!nd_size_mul(&bytes, wanted, size)) return ND_ENOMEM;
    void *old;
    memcpy(&old, items, sizeof old);
    void *grown = realloc(old, bytes);
    if (!grown) return ND_ENOMEM;
    memcpy(items, &grown, sizeof grown);
    *capacity = wanted;
    return 0;
}

int nd_bytes_append(nd_bytes *b, const void *data, size_t n)
{
    if (nd_grow(&b->data, &b->capacity, b->n, n, 1)) return ND_ENOMEM;
    if (n) memcpy(b->data + b->n, data, n);
    b->n += n;
    return 0;
}

void nd_bytes_deinit(nd_bytes *b)
{
    free(b->data);
    *b = (nd_bytes){0};
}
