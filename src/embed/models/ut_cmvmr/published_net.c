/* The modules of the published network. */
#include <math.h>
#include <string.h>

#include "embed/models/ut_cmvmr/published.h"

static const float NORM_EPS = 1e-5f, MATCH_EPS = 1e-3f, MATCH_MOMENTUM = 0.1f;

static nd_tensor *parameter(const ut_run *r, int index)
{
    return nd_params_tensor(r->p, r->shard, index);
}

static nd_tensor *linear(const ut_run *r, nd_tensor *x, int index, const nd_linear_params *params)
{
    return nd_linear(r->t, x, parameter(r, index), parameter(r, index + 1), params);
}

static nd_tensor *layer_norm(const ut_run *r, nd_tensor *x, int index)
{
    return nd_layer_norm(r->t, x, parameter(r, index), parameter(r, index + 1), NORM_EPS);
}

static nd_tensor *batch_norm(const ut_run *r, nd_tensor *x, int norm, int mean, float eps,
                             float momentum, nd_act act)
{
    return nd_batch_norm(r->t, x, parameter(r, norm), parameter(r, norm + 1), parameter(r, mean),
                         parameter(r, mean + 1),
                         &(nd_batch_norm_params){.eps = eps, .momentum = momentum, .act = act});
}

nd_tensor *nd__ut_constant(const ut_run *r, const float *x, int64_t rows, int64_t width)
{
    nd_tensor *out = nd_tape_input(r->t, 2, (const int64_t[]){rows, width});
    if (!out) return NULL;
    size_t bytes = (size_t)(rows * width) * sizeof(float);
    if (x) memcpy(out->data, x, bytes);
    else memset(out->data, 0, bytes);
    return out;
}

/* ---- transformer ----------------------------------------------------------------- */

/* x + attention(norm(x)). */
static nd_tensor *attend(const ut_run *r, const ut_former *f, int layer, nd_tensor *x,
                         const float *mask)
{
    int64_t width = f->n_heads * f->E;
    nd_tensor *h = layer_norm(r, x, f->layers[layer].norm);
    nd_tensor *qkv = nd_linear(r->t, h, parameter(r, f->layers[layer].qkv), NULL, NULL);
    nd_tensor *y = nd_attention(
        r->t, nd_slice(r->t, qkv, 0, width), nd_slice(r->t, qkv, width, width),
        nd_slice(r->t, qkv, 2 * width, width),
        &(nd_attention_params){
            .n_heads = f->n_heads, .scale = 1 / sqrtf((float)f->E), .key_mask = mask});
    return linear(r, y, f->layers[layer].out,
                  &(nd_linear_params){.residual = x, .dropout = f->dropout});
}

/* x + FFN(norm(x)). */
static nd_tensor *feed_forward(const ut_run *r, const ut_former *f, int layer, nd_tensor *x)
{
    nd_tensor *h = layer_norm(r, x, f->layers[layer].ffn_norm);
    h = linear(r, h, f->layers[layer].up,
               &(nd_linear_params){.act = ND_ACT_GELU, .dropout = f->dropout});
    return linear(r, h, f->layers[layer].down,
                  &(nd_linear_params){.residual = x, .dropout = f->dropout});
}

/* @param x  [B, T, D]  @param mask  [B, T]; NULL: all  @return [B, T, K] */
static nd_tensor *run_former(const ut_run *r, const ut_former *f, nd_tensor *x, const float *mask)
{
    for (int i = 0; i < f->n_layers; i++) {
        x = attend(r, f, i, x, mask);
        x = feed_forward(r, f, i, x);
    }
    return linear(r, x, f->final, NULL);
}

/* ---- the rest -------------------------------------------------------------------- */

nd_tensor *nd__ut_mlp(const ut_run *r, const ut_mlp *m, nd_tensor *x)
{
    int i = 0;
    if (m->is_deep) {
        x = linear(r, x, m->linear[0], NULL);
        x = batch_norm(r, x, m->norm[0], m->mean[0], NORM_EPS, m->momentum[0], ND_ACT_SIGMOID);
        i = 1;
    }
    x = linear(r, x, m->linear[i], NULL);
    x = batch_norm(r, x, m->norm[i], m->mean[i], NORM_EPS, m->momentum[i], ND_ACT_RELU);
    return linear(r, x, m->linear[i + 1], NULL);
}

/* Rows of the tables of rhythm: of each clip three, side by side. */
static nd_tensor *rhythm_rows(const ut_run *r, const int32_t *ids, int64_t n)
{
    nd_tensor *parts[UT_RHYTHM_IDS];
    int32_t *column = nd_tape_bytes(r->t, (size_t)n * sizeof *column);
    if (!column) return NULL;
    for (int i = 0; i < UT_RHYTHM_IDS; i++) {
        for (int64_t j = 0; j < n; j++) column[j] = ids[j * UT_RHYTHM_IDS + i];
        parts[i] = nd_embedding_rows(r->t, parameter(r, r->s->rhythm[i]), column, n);
    }
    return nd_concat(r->t, parts, UT_RHYTHM_IDS);
}

/* Clips are nearly parallel, and what is a clip's own is a fraction of the positions that are
 * added. So values are taken about their means, by their deviations. */
static nd_tensor *norm_clips(const ut_run *r, int side, nd_tensor *x)
{
    const nd_layer_run run = {r->t, r->p, r->shard};
    return nd__norm_run(&run, x, &r->s->norms[side]);
}

nd_tensor *nd__ut_xi(const ut_run *r, int side, const ut_clips *clips)
{
    nd_tensor *x = clips->clips;
    if (!x) return NULL;
    int64_t B = x->dims[0], T = x->dims[1];
    if (r->s->is_normed) x = norm_clips(r, side, x);
    if (clips->ids) {
        nd_tensor *rows = side == UT_MUSIC ? rhythm_rows(r, clips->ids, B * T)
                                           : nd_embedding_rows(r->t, parameter(r, r->s->flow),
                                                               clips->ids, B * T);
        x = nd_add(r->t, x, nd_reshape(r->t, rows, 3, x->dims));
    }
    x = nd_add(r->t, x, nd__ut_constant(r, r->s->positions[side], T, r->s->D[side]));
    x = run_former(r, &r->s->temporal[side], x, clips->mask);
    return nd__ut_mlp(r, &r->s->encoder[side], nd_mean_pool(r->t, x, clips->mask));
}

void nd__ut_attend(const ut_run *r, nd_tensor *const xi[UT_SIDES], nd_tensor *added[UT_SIDES])
{
    int64_t X = r->s->X, B = xi[0] ? xi[0]->dims[0] : 0;
    for (int side = 0; side < UT_SIDES && !r->s->has_cross; side++)
        added[side] = B ? nd__ut_constant(r, NULL, B, X) : NULL;
    if (!r->s->has_cross) return;
    nd_tensor *x = nd_concat(r->t, xi, UT_SIDES);
    x = nd_reshape(r->t, x, 3, (const int64_t[]){B, UT_SIDES, X});
    x = run_former(r, &r->s->cross, nd_add(r->t, x, parameter(r, r->s->types)), NULL);
    x = nd_reshape(r->t, x, 2, (const int64_t[]){B, UT_SIDES * X});
    for (int side = 0; side < UT_SIDES; side++) added[side] = nd_slice(r->t, x, side * X, X);
}

nd_tensor *nd__ut_match(const ut_run *r, nd_tensor *const phi[UT_SIDES])
{
    nd_tensor *x = nd_concat(r->t, phi, UT_SIDES);
    for (int i = 0; i < 2; i++) {
        x = linear(r, x, r->s->match.linear[i], NULL);
        x = batch_norm(r, x, r->s->match.norm[i], r->s->match.mean[i], MATCH_EPS, MATCH_MOMENTUM,
                       ND_ACT_RELU);
        x = nd_dropout(r->t, x, 1 - r->s->keep);
    }
    return linear(r, x, r->s->match.linear[2], NULL);
}

/* ---- pairs ------------------------------------------------------------------------- */

void nd__ut_pair(const ut_run *r, nd_tensor *const xi[UT_SIDES], ut_places *out)
{
    nd_tensor *added[UT_SIDES];
    nd__ut_attend(r, xi, added);
    for (int side = 0; side < UT_SIDES; side++) {
        nd_tensor *x = nd_add(r->t, xi[side], added[side]);
        out->raw[side] = nd__ut_mlp(r, &r->s->projection[side], x);
        out->theta[side] = nd_l2_normalize(r->t, out->raw[side]);
        out->phi[side] = nd_l2_normalize(r->t, nd__ut_mlp(r, &r->s->decoder, out->raw[side]));
    }
}

nd_tensor *nd__ut_score_rows(const ut_run *r, nd_tensor *theta, nd_tensor *phi)
{
    nd_tensor *parts[] = {nd_scale(r->t, theta, sqrtf(r->s->weight)),
                          nd_scale(r->t, phi, sqrtf(1 - r->s->weight))};
    return nd_concat(r->t, parts, 2);
}

/* A score of 0.1 counts as much as a logit of 1, before anything is learned. */
static const float SCORE_LOGIT = 10;
static const float YES_MINUS_NO[] = {-1, 1}, BOTH[] = {1, 1};

nd_tensor *nd__ut_logit(const ut_run *r, const ut_places *at, nd_tensor *verdict)
{
    nd_tensor *rows[UT_SIDES];
    for (int side = 0; side < UT_SIDES; side++)
        rows[side] = nd__ut_score_rows(r, at->theta[side], at->phi[side]);
    nd_tensor *score = nd_row_dots(r->t, rows[UT_MUSIC], rows[UT_VIDEO]);
    nd_tensor *difference = nd__ut_constant(r, YES_MINUS_NO, 1, 2);
    nd_tensor *parts[] = {nd_scale(r->t, score, SCORE_LOGIT),
                          nd_linear(r->t, verdict, difference, NULL, NULL)};
    nd_tensor *x = nd_concat(r->t, parts, 2);
    if (r->s->logit < 0) return nd_linear(r->t, x, nd__ut_constant(r, BOTH, 1, 2), NULL, NULL);
    return linear(r, x, r->s->logit, NULL);
}
