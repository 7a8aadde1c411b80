/* Rhythm and motion of a cached file, and its statistics. */
#include <math.h>

#include "learn/items_internal.h"

typedef struct {
    const nd_cache *cache;
    int cached;
} place;

static bool find(const void *user, const char *name, nd_array *view_out)
{
    const place *p = user;
    nd_array a = {0};
    a.n_dims = nd_cache_shape(p->cache, p->cached, name, a.dims);
    if (a.n_dims < 0) return false;
    const void *data = nd_cache_f32(p->cache, p->cached, name, NULL);
    a.dtype = data ? ND_F32 : ND_I32;
    if (!data) data = nd_cache_i32(p->cache, p->cached, name, NULL);
    a.data = (void *)data;
    if (!data) return false;
    *view_out = a;
    return true;
}

void nd__items_pulse(float *pulse, int32_t *classes, bool has_out[2], const nd_cache *cache,
                     int cached, nd_medium medium, int C, bool published)
{
    place p = {cache, cached};
    nd_pulse_read(pulse, classes, has_out, find, &p, medium, C, published);
}

const float *nd__items_statistics(int *S_out, const nd_cache *cache, int cached)
{
    int64_t n = 0;
    const float *x = nd_cache_f32(cache, cached, "statistics", &n);
    bool is_good = n == ND_STATISTICS;
    for (int64_t i = 0; i < n && is_good; i++) is_good = isfinite(x[i]);
    *S_out = is_good ? ND_STATISTICS : 0;
    return is_good ? x : NULL;
}
