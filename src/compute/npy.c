/* NumPy's .npy, version 1.0: magic, header length, a Python dict, the values.
 */
#include <string.h>

#include "base/base.h"

static const char *npy_descr(nd_dtype dtype)
{
    return dtype == ND_F32 ? "<f4" : dtype == ND_I32 ? "<i4" : "|u1";
}

/* The dict, padded with spaces so that the values start on 64 bytes. */
static int npy_header(nd_bytes *out, const nd_array *a)
{
    nd_str dict = {0};
    nd_str_append(&dict, "{'descr': '%s', 'fortran_order': False, 'shape': (", npy_descr(a->dtype));
    for (int i = 0; i < a->n_dims; i++)
        nd_str_append(&dict, "%s%lld", i ? ", " : "", (long long)a->dims[i]);
    nd_str_append(&dict, "%s), }", a->n_dims == 1 ? "," : "");
    size_t total = (10 + dict.n + 1 + 63) / 64 * 64;
    nd_str_append(&dict, "%*s\n", (int)(total - 10 - dict.n - 1), "");
    uint8_t head[10] = "\x93NUMPY\x01";
    head[8] = (uint8_t)((total - 10) & 255);
    head[9] = (uint8_t)((total - 10) >> 8);
    int rc = dict.failed ? ND_ENOMEM : nd_bytes_append(out, head, sizeof head);
    if (!rc) rc = nd_bytes_append(out, dict.text, dict.n);
    nd_str_deinit(&dict);
    return rc;
}

int nd_array_write_npy(const nd_array *a, const char *path, nd_diag *diag)
{
    int64_t n = nd_array_count(a);
    if (n < 0 || nd_dtype_bytes(a->dtype) == 0)
        return nd_diag_set(diag, ND_EARG, "writing %s: array %s has no shape or no type", path,
                           a->name);
    nd_bytes file = {0};
    int rc = npy_header(&file, a);
    if (!rc) rc = nd_bytes_append(&file, a->data, (size_t)n * nd_dtype_bytes(a->dtype));
    if (rc) nd_diag_set(diag, rc, "writing %s: out of memory", path);
    else rc = nd_file_write(path, file.data, file.n, diag);
    nd_bytes_deinit(&file);
    return rc;
}
