/* Gaussians with a diagonal covariance. A row of 2 L holds one: L means, and L log variances. */
#include <math.h>
#include <string.h>

#include "compute/ops.h"

/* ---- products ------------------------------------------------------------------ */

typedef struct {
    int n;
    const float *masks[ND_NODE_INPUTS]; /* [rows]; NULL: all */
} saved_product;

/* exp(-log var) of an expert that is there. */
static float precision(const saved_product *s, int k, int64_t row, float log_var)
{
    return s->masks[k] && s->masks[k][row] == 0 ? 0 : expf(-log_var);
}

/* With w = p_k / P of the product's mean m and log variance -log P: dm / dm_k = w, dm / dlog var_k
 * = -w (m_k - m), d(-log P) / dlog var_k = w. */
static void product_backward(nd_tape *t, nd_node *node)
{
    const saved_product *s = node->saved;
    const nd_tensor *out = node->out;
    int64_t width = nd_tensor_width(out), L = width / 2;
    for (int k = 0; k < s->n; k++) {
        float *d = nd_tape_grad_zeroed(t, node->in[k]);
        for (int64_t at = 0; d && at < nd_tensor_count(out); at++) {
            int64_t mean = at, var = at + L;
            if (at % width >= L) continue;
            const float *x = node->in[k]->data;
            float w = precision(s, k, at / width, x[var]) * expf(out->data[var]);
            d[mean] += w * out->grad[mean];
            d[var] += w * (out->grad[var] - (x[mean] - out->data[mean]) * out->grad[mean]);
        }
    }
}

static void product_row(float *out, nd_tensor *const *experts, const saved_product *s, int64_t row,
                        int64_t L)
{
    for (int64_t i = 0; i < L; i++) {
        float sum = 1, weighted = 0; /* the prior: mean 0, precision 1 */
        for (int k = 0; k < s->n; k++) {
            const float *x = experts[k]->data + 2 * L * row;
            float p = precision(s, k, row, x[L + i]);
            sum += p;
            weighted += p * x[i];
        }
        out[i] = weighted / sum;
        out[L + i] = -logf(sum);
    }
}

nd_tensor *nd_gauss_product(nd_tape *t, nd_tensor *const *experts, const float *const *masks, int n)
{
    saved_product s = {.n = n};
    for (int k = 0; k < n; k++) {
        if (!experts[k]) return NULL;
        ND_ASSERT_EQ(nd_tensor_count(experts[k]), nd_tensor_count(experts[0]));
        s.masks[k] = masks ? masks[k] : NULL;
    }
    int64_t width = nd_tensor_width(experts[0]);
    ND_ASSERT_EQ(width % 2, 0);
    nd_tensor *out = nd_tape_like(t, experts[0]);
    if (!out) return NULL;
    for (int64_t r = 0; r < nd_tensor_rows(out); r++)
        product_row(out->data + r * width, experts, &s, r, width / 2);
    nd_node *node = nd_tape_record(t, product_backward, out, experts, n, sizeof s);
    if (node) *(saved_product *)node->saved = s;
    return t->status ? NULL : out;
}

/* ---- samples ------------------------------------------------------------------- */

static void sample_backward(nd_tape *t, nd_node *node)
{
    const float *noise = *(const float **)node->saved;
    int64_t L = nd_tensor_width(node->out);
    float *d = nd_tape_grad_zeroed(t, node->in[0]);
    for (int64_t i = 0; d && i < nd_tensor_count(node->out); i++) {
        int64_t mean = i / L * 2 * L + i % L, var = mean + L;
        float dz = node->out->grad[i];
        d[mean] += dz;
        d[var] += 0.5f * dz * noise[i] * expf(0.5f * node->in[0]->data[var]);
    }
}

nd_tensor *nd_gauss_sample(nd_tape *t, nd_tensor *x, const float *noise)
{
    if (!x) return NULL;
    int64_t L = nd_tensor_width(x) / 2;
    ND_ASSERT_EQ(nd_tensor_width(x) % 2, 0);
    nd_tensor *out = nd_tape_wide(t, x, L);
    if (!out) return NULL;
    for (int64_t i = 0; i < nd_tensor_count(out); i++) {
        const float *mean = x->data + i / L * 2 * L + i % L;
        out->data[i] = mean[0] + expf(0.5f * mean[L]) * noise[i];
    }
    nd_node *node = nd_tape_record(t, sample_backward, out, &x, 1, sizeof noise);
    if (node) *(const float **)node->saved = noise;
    return t->status ? NULL : out;
}

/* ---- bounds -------------------------------------------------------------------- */

static void clamp_backward(nd_tape *t, nd_node *node)
{
    const float *x = node->in[0]->data, *out = node->out->data;
    for (int64_t i = 0; i < nd_tensor_count(node->out); i++)
        if (x[i] != out[i]) node->out->grad[i] = 0;
    nd_tape_pass_grad(t, node->in[0], node->out);
}

nd_tensor *nd_clamp(nd_tape *t, nd_tensor *x, float lo, float hi)
{
    nd_tensor *out = x ? nd_tape_like(t, x) : NULL;
    if (!out) return NULL;
    for (int64_t i = 0; i < nd_tensor_count(x); i++) out->data[i] = ND_CLAMP(x->data[i], lo, hi);
    nd_tape_record(t, clamp_backward, out, &x, 1, 0);
    return t->status ? NULL : out;
}
