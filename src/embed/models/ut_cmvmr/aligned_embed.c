/* Rows and wholes of items. A clip goes through a layer of its own with its pulse added, then
 * layers that look at its neighbours; every layer adds to what is there, so a row stays about its
 * clip. Positions are relative: a video may begin anywhere in a track. */
#include <math.h>

#include "embed/models/ut_cmvmr/aligned.h"

nd_tensor *nd__aligned_get(const aligned_pass *p, int index)
{
    return nd_params_tensor(p->params, p->shard, index);
}

nd_tensor *nd__aligned_linear(const aligned_pass *p, nd_tensor *x, int index,
                              const nd_linear_params *params)
{
    return nd_linear(p->t, x, nd__aligned_get(p, index), nd__aligned_get(p, index + 1), params);
}

nd_tensor *nd__aligned_norm(const aligned_pass *p, nd_tensor *x, int index)
{
    return nd_layer_norm(p->t, x, nd__aligned_get(p, index), nd__aligned_get(p, index + 1), 1e-5f);
}

nd_tensor *nd__aligned_ffn(const aligned_pass *p, nd_tensor *x, const aligned_ffn *f)
{
    float rate = (float)p->a->dropout;
    nd_tensor *h = nd__aligned_norm(p, x, f->norm);
    h = nd__aligned_linear(p, h, f->up, &(nd_linear_params){.act = ND_ACT_SWISH, .dropout = rate});
    return nd__aligned_linear(p, h, f->down, &(nd_linear_params){.dropout = rate, .residual = x});
}

/* Rows of the table for distances -(T - 1) .. T - 1. */
static nd_tensor *places(const aligned_pass *p, const aligned_attention *at, int64_t T)
{
    int32_t *ids = nd_tape_bytes(p->t, (size_t)(2 * T - 1) * sizeof *ids);
    for (int64_t i = 0; ids && i < 2 * T - 1; i++) ids[i] = (int32_t)(p->a->max_clips - T + i);
    return ids ? nd_embedding_rows(p->t, nd__aligned_get(p, at->place), ids, 2 * T - 1) : NULL;
}

nd_tensor *nd__aligned_attention(const aligned_pass *p, nd_tensor *x, nd_tensor *y,
                                 const aligned_attention *at, const float *mask)
{
    const aligned *a = p->a;
    float rate = (float)a->dropout;
    if (!x || !y) return NULL;
    nd_tensor *from = nd__aligned_norm(p, x, at->norm);
    nd_tensor *to = x == y ? from : nd__aligned_norm(p, y, at->norm);
    nd_tensor *mixed = nd_attention(
        p->t, nd__aligned_linear(p, from, at->q, NULL), nd__aligned_linear(p, to, at->k, NULL),
        nd__aligned_linear(p, to, at->v, NULL),
        &(nd_attention_params){.n_heads = (int)a->heads,
                               .scale = 1 / sqrtf((float)(a->d / a->heads)),
                               .positions = ND_POSITIONS_FULL,
                               .r = places(p, at, x->dims[1]),
                               .v = nd__aligned_get(p, at->place_bias),
                               .key_mask = mask,
                               .dropout = rate});
    return nd__aligned_linear(p, mixed, at->out,
                              &(nd_linear_params){.dropout = rate, .residual = x});
}

/* [n, T, d]: each clip with its pulse, alone. */
static nd_tensor *clip_tokens(const aligned_pass *p, const aligned_items *items)
{
    const aligned_side *s = &p->a->side[items->side];
    float rate = (float)p->a->dropout;
    const nd_layer_run run = {p->t, p->params, p->shard};
    nd_tensor *x = items->clips, *pulse = NULL;
    /* clips are nearly parallel, and layer norm leaves them so: what is a clip's own comes first */
    if (p->a->is_normed) x = nd__norm_run(&run, x, &s->clip_values);
    x = nd__aligned_norm(p, x, s->clip_norm);
    if (items->basis) {
        pulse = nd__aligned_linear(p, items->basis, s->pulse, NULL);
        pulse = nd_activate(p->t, nd__aligned_norm(p, pulse, s->pulse_norm), ND_ACT_SWISH);
        pulse = nd__aligned_linear(p, pulse, s->pulse_out, NULL);
        if (!pulse) return NULL;
    }
    x = nd__aligned_linear(p, x, s->clip, &(nd_linear_params){.dropout = rate, .residual = pulse});
    return nd__aligned_ffn(p, x, &s->stem);
}

int nd__aligned_embed(const aligned_pass *p, const aligned_items *items, nd_joint *out)
{
    const aligned_side *s = &p->a->side[items->side];
    nd_tensor *x = clip_tokens(p, items);
    for (int i = 0; i < (int)p->a->layers; i++) {
        x = nd__aligned_attention(p, x, x, &s->attention[i], items->mask);
        x = nd__aligned_ffn(p, x, &s->ffn[i]);
    }
    nd_tensor *rows = nd__aligned_linear(p, nd__aligned_norm(p, x, s->row_norm), s->row, NULL);
    nd_tensor *whole = nd_mean_pool(p->t, nd__aligned_norm(p, x, s->whole_norm), items->mask);
    whole = nd__aligned_linear(p, whole, s->whole, NULL);
    *out = (nd_joint){.rows = nd_l2_normalize(p->t, rows),
                      .whole = nd_l2_normalize(p->t, whole),
                      .tokens = x,
                      .mask = items->mask};
    return out->rows && out->whole && x ? 0 : -1;
}
