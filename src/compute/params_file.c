/* Parameters in files. */
#include <inttypes.h>
#include <string.h>

#include "compute/params.h"
#include "compute/params_internal.h"

static char *joined(const char *prefix, const char *name)
{
    nd_str s = {0};
    nd_str_append(&s, "%s%s", prefix, name);
    return nd_str_take(&s);
}

int nd_params_check(const nd_params *p, const nd_safetensors *file, const char *prefix,
                    nd_diag *diag)
{
    int rc = 0;
    for (size_t i = 0; i < p->n && !rc; i++) {
        const nd_tensor *shape = &p->items[i].shape;
        char *name = joined(prefix, p->items[i].name);
        rc = name ? nd_safetensors_check(file, name, shape->n_dims, shape->dims, diag)
                  : nd_diag_set(diag, ND_ENOMEM, "reading parameters: out of memory");
        free(name);
    }
    return rc;
}

/* Read what of p is wanted into to + its offset. */
static int read_block(nd_params *p, const nd_safetensors *file, const char *prefix, float *to,
                      bool with_buffers, nd_diag *diag)
{
    int rc = 0;
    for (size_t i = 0; i < p->n && !rc; i++) {
        const param *item = &p->items[i];
        if (item->is_buffer && !with_buffers) continue;
        char *name = joined(prefix, item->name);
        rc = name ? nd_safetensors_read_f32(file, name, item->shape.n_dims, item->shape.dims,
                                            to + item->offset, diag)
                  : nd_diag_set(diag, ND_ENOMEM, "reading parameters: out of memory");
        free(name);
    }
    return rc;
}

int nd_params_read(nd_params *p, const nd_safetensors *file, const char *prefix, nd_diag *diag)
{
    nd_params_touch(p);
    return read_block(p, file, prefix, p->values, true, diag);
}

static nd_stored_value stored(const param *item, char *name, nd_stored_dtype dtype,
                              const float *block)
{
    nd_stored_value v = {name, dtype, item->shape.n_dims, {0}, block + item->offset};
    memcpy(v.dims, item->shape.dims, sizeof item->shape.dims);
    return v;
}

int nd_params_list(nd_params *p, const char *prefix, nd_stored_dtype dtype, nd_stored_value **items,
                   size_t *n, size_t *capacity)
{
    for (size_t i = 0; i < p->n; i++) {
        param *item = &p->items[i];
        free(item->stored_name);
        item->stored_name = joined(prefix, item->name);
        if (!item->stored_name || nd_grow(items, capacity, *n, 1, sizeof **items)) return ND_ENOMEM;
        (*items)[(*n)++] = stored(item, item->stored_name, dtype, p->values);
    }
    return 0;
}

/* ---- training state ------------------------------------------------------------ */

static const char *const MOMENTS[] = {"m.", "v."};

static void free_items(nd_stored_value *items, size_t n)
{
    for (size_t i = 0; i < n; i++) free((char *)(uintptr_t)items[i].name);
    free(items);
}

int nd_params_write_state(nd_params *p, const char *path, int64_t step, nd_diag *diag)
{
    ND_ASSERT(p->moments);
    nd_stored_value *items = NULL;
    size_t n = 0, capacity = 0;
    int rc = 0;
    for (int m = 0; m < 2 && !rc; m++)
        for (size_t i = 0; i < p->n && !rc; i++) {
            if (p->items[i].is_buffer) continue;
            char *name = joined(MOMENTS[m], p->items[i].name);
            rc = name ? nd_grow(&items, &capacity, n, 1, sizeof *items) : ND_ENOMEM;
            if (rc) free(name);
            else
                items[n++] = stored(&p->items[i], name, ND_STORED_F32,
                                    p->moments + m * p->n_learned);
        }
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, step);
    const nd_text_pair metadata[] = {{"format", "needledrop-state-1"}, {"step", text}};
    if (rc) nd_diag_set(diag, rc, "writing %s: out of memory", path);
    else rc = nd_safetensors_write(path, items, (int)n, metadata, 2, diag);
    free_items(items, n);
    return rc;
}

/* @return the number that text is, digits alone; -1: it is none, or too large */
static int64_t step_of(const char *text)
{
    size_t n = text ? strspn(text, "0123456789") : 0;
    return n && n <= 18 && !text[n] ? strtoll(text, NULL, 10) : -1;
}

/* Mean squares: a negative one would make a step that is not a number. */
static int check_squares(const nd_params *p, const char *path, nd_diag *diag)
{
    for (int64_t i = 0; i < p->n_learned; i++) {
        float v = p->moments[p->n_learned + i];
        if (v < 0)
            return nd_diag_set(diag, ND_EFORMAT,
                               "reading %s: mean squares of 0 or more expected, found %g", path,
                               (double)v);
    }
    return 0;
}

int nd_params_read_state(nd_params *p, const char *path, int64_t *step_out, nd_diag *diag)
{
    ND_ASSERT(p->moments);
    nd_safetensors *file = NULL;
    int rc = nd_safetensors_open(&file, path, diag);
    if (rc) return rc;
    const char *text = nd_safetensors_metadata(file, "step");
    int64_t step = step_of(text);
    if (step < 0)
        rc = nd_diag_set(diag, ND_EFORMAT,
                         "reading %s: a number of steps expected in its metadata, found %s", path,
                         text ? text : "none");
    for (int m = 0; m < 2 && !rc; m++)
        rc = read_block(p, file, MOMENTS[m], p->moments + m * p->n_learned, false, diag);
    if (!rc) rc = check_squares(p, path, diag);
    if (!rc) *step_out = step;
    nd_safetensors_close(&file);
    return rc;
}
