/* What the inputs of a case hold, and what all references use. */
#include <math.h>
#include <string.h>

#include "op_case.h"

int op_n_dims(const int64_t *dims)
{
    int n = 0;
    while (n < ND_MAX_DIMS && dims[n]) n++;
    return n;
}

int64_t op_count(const int64_t *dims)
{
    int n = op_n_dims(dims);
    int64_t count = n > 0;
    for (int i = 0; i < n; i++) count *= dims[i];
    return count;
}

int64_t op_width(const int64_t *dims)
{
    return dims[op_n_dims(dims) - 1];
}

int64_t op_rows(const int64_t *dims)
{
    return op_count(dims) / op_width(dims);
}

bool op_wants_grad(const op_case *c, int i)
{
    return c->in[i][0] && !(c->fixed >> i & 1) && c->fill[i] != OP_MASK;
}

static void fill_mask(const int64_t *dims, float *out)
{
    int64_t T = op_width(dims);
    for (int64_t i = 0; i < op_count(dims); i++) {
        int64_t item = i / T, t = i % T;
        out[i] = item != 2 && (t * 7 + item * 3) % 5 != 1;
    }
}

void op_fill_input(const op_case *c, int i, float *out)
{
    static const double ranges[][2] = {[OP_UNIFORM] = {-1, 1},
                                       [OP_POSITIVE] = {0.5, 2},
                                       [OP_WIDE] = {-6, 6},
                                       [OP_VERY_WIDE] = {-200, 200},
                                       [OP_FAR] = {10, 12}};
    op_fill kind = c->fill[i];
    nd_rng rng;
    nd_rng_init(&rng, 1, (uint64_t)i);
    if (kind == OP_MASK) fill_mask(c->in[i], out);
    else
        for (int64_t j = 0; j < op_count(c->in[i]); j++)
            out[j] = (float)nd_rng_uniform(&rng, ranges[kind][0], ranges[kind][1]);
}

void op_begin(const op_case *c, nd_tape *t, bool record, const float *const *values, nd_tensor **in)
{
    nd_tape_begin(t, &(nd_pass){.record = record, .train = c->train, .drop_key = OP_DROP_KEY});
    for (int i = 0; i < ND_NODE_INPUTS; i++) {
        in[i] = NULL;
        if (!c->in[i][0]) continue;
        in[i] = nd_tape_input(t, op_n_dims(c->in[i]), c->in[i]);
        ND_ASSERT(in[i]);
        memcpy(in[i]->data, values[i], (size_t)op_count(c->in[i]) * sizeof(float));
        in[i]->wants_grad = record && op_wants_grad(c, i);
    }
}

/* As kernels.h and tape.h have it: the first dropout of a pass takes its key from stream 0. */
double op_kept(float p, int64_t i)
{
    nd_rng rng;
    nd_rng_init(&rng, OP_DROP_KEY, 0);
    uint32_t h = ((uint32_t)i * 0x9E3779B9u) ^ (uint32_t)nd_rng_next(&rng);
    h = (h ^ (h >> 16)) * 0x21F0AAADu;
    h = (h ^ (h >> 15)) * 0x735A2D97u;
    h ^= h >> 15;
    return h < (uint32_t)((double)p * 4294967296.0) ? 0 : 1 / (1 - (double)p);
}

double op_act(double x, nd_act act)
{
    switch (act) {
    case ND_ACT_NONE: return x;
    case ND_ACT_RELU: return fmax(x, 0);
    case ND_ACT_SIGMOID: return 1 / (1 + exp(-x));
    case ND_ACT_SWISH: return x / (1 + exp(-x));
    case ND_ACT_GELU: return x * 0.5 * erfc(-x / sqrt(2));
    }
    return x;
}
