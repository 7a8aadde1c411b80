/* A safetensors file that an enemy made: every byte of what is accepted is looked at. */
#include "compute/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* @return bytes of the tensor, all of which are read */
static size_t look_at(const nd_safetensors *s, const nd_stored_tensor *t)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < t->n_bytes; i++) sum += t->data[i];
    ND_ASSERT(sum <= 255 * (uint64_t)t->n_bytes);
    ND_ASSERT(nd_safetensors_find(s, t->name) == t);
    float *out = nd_calloc(t->n_bytes, sizeof *out); /* no value is under a byte */
    if (out) nd_safetensors_read_f32(s, t->name, t->n_dims, t->dims, out, NULL);
    free(out);
    return t->n_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    nd_safetensors *s = NULL;
    nd_diag diag = {0};
    size_t n_seen = 0;
    if (nd_safetensors_parse(&s, data, n, "fuzz", &diag)) {
        ND_ASSERT(diag.code && diag.text[0] && !s);
        return 0;
    }
    for (int i = 0; i < nd_safetensors_count(s); i++) n_seen += look_at(s, nd_safetensors_at(s, i));
    ND_ASSERT(n_seen <= n);
    nd_safetensors_metadata(s, "config");
    nd_safetensors_close(&s);
    return 0;
}
