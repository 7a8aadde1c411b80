/* What makes tokens of a clip: two 3 x 3 convolutions of stride 2 with ReLU, the mean of
 * neighbouring tokens, a linear layer, and in ours a layer norm: without it what all clips have in
 * common is most of a token, and training starts late. The clip is one picture of rows
 * ("spectrogram", as published), or each time step is a small picture of its own ("frames").
 *
 * The mean comes before the linear layer: the sum is the same and less of it is worked out. */
#include <math.h>
#include <string.h>

#include "compute/ops.h"
#include "embed/extractors/conformer/conformer.h"

/* What two convolutions of stride 2 leave of n. */
static int64_t halved_twice(int64_t n)
{
    return ((n - 1) / 2 - 1) / 2;
}

/* Frequencies of a row, or places of a frame, that reach the linear layer. */
static int64_t places(const nd_conformer *c)
{
    int64_t side = halved_twice(ND_PICTURE_SIDE);
    return c->pictures ? side * side : halved_twice(c->F);
}

int64_t nd__conformer_stem_width(const nd_conformer *c)
{
    return places(c) * c->channels[1];
}

int64_t nd__conformer_tokens(const nd_conformer *c, int64_t T)
{
    if (!c->pictures && T < 7) return 0;
    return (c->pictures ? T : halved_twice(T)) / c->token_pool;
}

int64_t nd__conformer_least(const nd_conformer *c)
{
    return c->pictures ? c->token_pool : 4 * c->token_pool + 3;
}

/* ---- made once ----------------------------------------------------------------- */

/* PyTorch lays a token out as channels of frequencies, our convolution as frequencies of channels.
 * In training tokens are turned; here the layer's weights are, once, and their rows and columns
 * too. A token of a frame is as the convolution has it: rows of columns of channels. */
static void order_input(nd_conformer *c, const nd_tensor *w)
{
    int64_t n = places(c), channels = c->channels[1];
    for (int64_t k = 0; k < c->D; k++)
        for (int64_t d = 0; d < channels; d++)
            for (int64_t f = 0; f < n; f++)
                c->input_weights[(f * channels + d) * c->D + k] =
                    w->data[(k * channels + d) * n + f];
}

int nd__conformer_prepare_stem(nd_conformer *c, nd_params *params)
{
    size_t weights = (size_t)(c->channels[0] * c->channels[1]);
    c->stem_weights = nd_calloc(weights, ND_WINO_WEIGHTS * sizeof(float));
    if (!c->stem_weights) return ND_ENOMEM;
    nd_conv2d_prepare(c->stem_weights, nd_params_tensor(params, 0, c->stem[1]));
    if (c->pictures) return 0;
    c->input_weights = nd_calloc((size_t)nd__conformer_stem_width(c), (size_t)c->D * sizeof(float));
    if (!c->input_weights) return ND_ENOMEM;
    order_input(c, nd_params_tensor(params, 0, c->input));
    return 0;
}

/* ---- forward ------------------------------------------------------------------- */

static nd_tensor *get(const nd_conformer_place *at, int index)
{
    return nd_params_tensor(at->params, at->shard, index);
}

/* A clip of n values less their mean, by their deviation: loudness is no content. */
static void normalize(float *out, const float *in, int64_t n)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)in[i];
    float mean = (float)(sum / (double)n);
    for (int64_t i = 0; i < n; i++) squares += (double)(in[i] - mean) * (double)(in[i] - mean);
    float factor = (float)(1 / sqrt(squares / (double)n + 1e-5));
    for (int64_t i = 0; i < n; i++) out[i] = (in[i] - mean) * factor;
}

static nd_tensor *normalized(nd_tape *t, const nd_conformer *c, nd_tensor *x)
{
    int64_t n = x->dims[1] * x->dims[2];
    if (c->input_norm == ND_INPUT_NONE) return x;
    nd_tensor *out = nd_tape_input(t, 3, x->dims);
    if (!out) return NULL;
    for (int64_t b = 0; b < x->dims[0] && c->input_norm == ND_INPUT_CLIP; b++)
        normalize(out->data + b * n, x->data + b * n, n);
    for (int64_t i = 0; i < x->dims[0] * n && c->input_norm == ND_INPUT_UNIT; i++)
        out->data[i] = 4 * x->data[i] - 2;
    return out;
}

static nd_tensor *convolve(nd_tape *t, const nd_conformer_place *at, nd_tensor *x)
{
    for (int i = 0; i < 2; i++)
        x = nd_conv2d(t, x, get(at, at->c->stem[i]), get(at, at->c->stem[i] + 1), true,
                      i == 1 && !t->pass.record ? at->c->stem_weights : NULL);
    return x;
}

/* [B, T, F] to [B, tokens, F', C]. */
static nd_tensor *convolve_rows(nd_tape *t, const nd_conformer_place *at, nd_tensor *x)
{
    const int64_t picture[] = {x->dims[0], x->dims[1], x->dims[2], 1};
    return convolve(t, at, nd_reshape(t, x, 4, picture));
}

/* [B, T, 768] to [B, T, 9, C]: the frames one below another, as one high picture and three rows
 * more, so that frame i has rows 4 i .. 4 i + 3 of what comes out; the last of the four saw two
 * frames, and is dropped. */
static nd_tensor *convolve_frames(nd_tape *t, const nd_conformer_place *at, nd_tensor *x)
{
    enum { SIDE = ND_PICTURE_SIDE, EDGE = 3 * SIDE * 3 };
    int64_t B = x->dims[0], T = x->dims[1], C = at->c->channels[1], n = places(at->c);
    nd_tensor *edge = nd_tape_input(t, 2, (const int64_t[]){B, EDGE});
    if (!edge) return NULL;
    memset(edge->data, 0, (size_t)(B * EDGE) * sizeof(float));
    x = nd_reshape(t, x, 2, (const int64_t[]){B, T * ND_PICTURE_VALUES});
    x = nd_concat(t, (nd_tensor *const[]){x, edge}, 2);
    x = nd_reshape(t, x, 4, (const int64_t[]){B, T * SIDE + 3, SIDE, 3});
    x = nd_reshape(t, convolve(t, at, x), 3, (const int64_t[]){B, T, n / 3 * 4 * C});
    return nd_reshape(t, nd_slice(t, x, 0, n * C), 4, (const int64_t[]){B, T, n, C});
}

/* [B, T, n, C] to [B, T / pool, n, C]: means of neighbours; what is left over is not looked at. */
static nd_tensor *pool_tokens(nd_tape *t, const nd_conformer *c, nd_tensor *x)
{
    if (!x || c->token_pool == 1) return x;
    int64_t B = x->dims[0], width = x->dims[2] * x->dims[3], T = x->dims[1] / c->token_pool;
    int64_t n = x->dims[2], C = x->dims[3];
    x = nd_reshape(t, x, 2, (const int64_t[]){B, x->dims[1] * width});
    x = nd_slice(t, x, 0, T * c->token_pool * width);
    x = nd_reshape(t, x, 3, (const int64_t[]){B * T, c->token_pool, width});
    return nd_reshape(t, nd_mean_pool(t, x, NULL), 4, (const int64_t[]){B, T, n, C});
}

/* [B, T, n, C] to tokens [B, T, D]. */
static nd_tensor *project(nd_tape *t, const nd_conformer_place *at, nd_tensor *x)
{
    const nd_conformer *c = at->c;
    bool is_ordered = c->input_weights && !t->pass.record;
    nd_tensor ordered = *get(at, c->input);
    ordered.turned = c->input_weights;
    if (!is_ordered && !c->pictures) x = nd_transpose(t, x);
    if (!x) return NULL;
    x = nd_reshape(t, x, 3, (const int64_t[]){x->dims[0], x->dims[1], x->dims[2] * x->dims[3]});
    return nd_linear(t, x, is_ordered ? &ordered : get(at, c->input), get(at, c->input + 1),
                     &(nd_linear_params){.dropout = (float)c->input_dropout});
}

nd_tensor *nd__conformer_stem(nd_tape *t, void *user, nd_tensor *x)
{
    const nd_conformer_place *at = user;
    const nd_conformer *c = at->c;
    x = x ? normalized(t, c, x) : NULL;
    if (!x) return NULL;
    x = (c->pictures ? convolve_frames : convolve_rows)(t, at, x);
    x = project(t, at, pool_tokens(t, c, x));
    if (!c->has_stem_norm) return x;
    return nd_layer_norm(t, x, get(at, c->stem_norm), get(at, c->stem_norm + 1), 1e-5f);
}
