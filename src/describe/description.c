/* A description: info and named arrays. */
#include <string.h>

#include "describe/describe.h"

void nd_description_destroy(nd_description **d)
{
    if (!d || !*d) return;
    for (size_t i = 0; i < (*d)->n_arrays; i++) free((*d)->arrays[i].data);
    free((*d)->arrays);
    free(*d);
    *d = NULL;
}

const nd_media_info *nd_description_info(const nd_description *d)
{
    return &d->info;
}

nd_medium nd_description_medium(const nd_description *d)
{
    return d->medium;
}

bool nd_description_is_cut(const nd_description *d)
{
    return d->is_cut;
}

double nd_description_analysed_s(const nd_description *d)
{
    return d->analysed_s;
}

const nd_array *nd_description_at(const nd_description *d, int index)
{
    return index >= 0 && (size_t)index < d->n_arrays ? &d->arrays[index] : NULL;
}

const nd_array *nd_description_find(const nd_description *d, const char *name)
{
    for (size_t i = 0; i < d->n_arrays; i++)
        if (!strcmp(d->arrays[i].name, name)) return &d->arrays[i];
    return NULL;
}

nd_array *nd_description_add(nd_description *d, const char *name, nd_dtype dtype, int n_dims,
                             const int64_t *dims)
{
    nd_array a = {.dtype = dtype, .n_dims = n_dims};
    ND_ASSERT(strlen(name) < sizeof a.name && !nd_description_find(d, name));
    strcpy(a.name, name);
    for (int i = 0; i < n_dims; i++) a.dims[i] = dims[i];
    int64_t n = nd_array_count(&a);
    ND_ASSERT(n >= 0);
    if (nd_grow(&d->arrays, &d->capacity, d->n_arrays, 1, sizeof a)) return NULL;
    a.data = nd_calloc((size_t)n, nd_dtype_bytes(dtype));
    if (!a.data) return NULL;
    d->arrays[d->n_arrays] = a;
    return &d->arrays[d->n_arrays++];
}

static int add_vector(nd_description *d, const char *name, nd_dtype dtype, int n_dims,
                      const void *x, int64_t n)
{
    nd_array *a = nd_description_add(d, name, dtype, n_dims, &n);
    if (!a) return ND_ENOMEM;
    if (n) memcpy(a->data, x, (size_t)n * nd_dtype_bytes(dtype));
    return 0;
}

int nd_description_add_scalar(nd_description *d, const char *name, double x)
{
    float value = (float)x;
    return add_vector(d, name, ND_F32, 0, &value, 1);
}

int nd_description_add_f32(nd_description *d, const char *name, const float *x, int64_t n)
{
    return add_vector(d, name, ND_F32, 1, x, n);
}

int nd_description_add_i32(nd_description *d, const char *name, const int32_t *x, int64_t n)
{
    return add_vector(d, name, ND_I32, 1, x, n);
}

double nd_description_scalar(const nd_description *d, const char *name, double missing)
{
    const nd_array *a = nd_description_find(d, name);
    if (!a || nd_array_count(a) < 1) return missing;
    return a->dtype == ND_F32 ? (double)a->f32[0] : a->dtype == ND_I32 ? a->i32[0] : a->u8[0];
}

int nd_description_int(const nd_description *d, const char *name, int missing)
{
    return (int)ND_CLAMP(nd_description_scalar(d, name, missing), INT32_MIN, INT32_MAX);
}

static const void *find_vector(const nd_description *d, const char *name, nd_dtype dtype,
                               int64_t *n_out)
{
    const nd_array *a = nd_description_find(d, name);
    bool found = a && a->dtype == dtype && a->n_dims >= 1 && nd_array_count(a) >= a->dims[0];
    *n_out = found ? a->dims[0] : 0;
    return found ? a->data : NULL;
}

const float *nd_description_f32(const nd_description *d, const char *name, int64_t *n_out)
{
    return find_vector(d, name, ND_F32, n_out);
}

const int32_t *nd_description_i32(const nd_description *d, const char *name, int64_t *n_out)
{
    return find_vector(d, name, ND_I32, n_out);
}
