/* The Conformer (Gulati et al., Interspeech 2020) as UT-CMVMR uses it (models.md 1.3): a stem of
 * two 3 x 3 stride-2 convolutions with ReLU, a linear layer, L blocks, the mean over tokens, and a
 * classifier without bias. A block is
 *     x += FFN(x) / 2;  x += attention(x);  x += convolution(x);  x += FFN(x) / 2;  x = norm(x)
 * each part with a layer norm of its own first. Parameters have the names and shapes of the
 * published PyTorch modules.
 *
 * Keys of ours make of it the small one of models.md 5.2, preset "recommended" (docs/models.md):
 * a narrow stem, of frames as well, fewer tokens, layer norm throughout, distances in attention,
 * an embedding of its own width, and a classifier of directions that music and video can share.
 *
 * Files: conformer/configuration.c, parameters.c, stem.c; here blocks and what surrounds them.
 * In inference three things are made once and not a clip at a time: the transformed weights of the
 * second convolution, the table of positions, and its projection in each block. */
#include <math.h>
#include <string.h>

#include "compute/gemm.h"
#include "compute/losses.h"
#include "embed/extractors/conformer/conformer.h"

/* ---- what is made once --------------------------------------------------------- */

/* pe[t, 2 i] = sin(t / 10000^(2 i / D)), pe[t, 2 i + 1] = cos of the same (Vaswani 2017). In the
 * form of 2 T - 1 rows, row T - 1 + j - i is for distance i - j. */
static void fill_positions(float *out, int64_t n_rows, int64_t first, int64_t step, int64_t D)
{
    for (int64_t row = 0; row < n_rows; row++)
        for (int64_t d = 0; d < D; d++) {
            double rate = exp((double)(d / 2 * 2) * -(log(10000.0) / (double)D));
            double angle = (double)(float)((double)(first + row * step) * (double)(float)rate);
            out[row * D + d] = (float)(d % 2 ? cos(angle) : sin(angle));
        }
}

static int64_t position_rows(const nd_conformer *c)
{
    return c->full_positions ? 2 * c->T - 1 : c->T;
}

static void conformer_release(void *state)
{
    nd_conformer *c = state;
    free(c->positions);
    free(c->projected);
    free(c->stem_weights);
    free(c->input_weights);
    c->positions = c->projected = c->stem_weights = c->input_weights = NULL;
}

static int project_positions(nd_conformer *c, nd_params *params)
{
    int64_t n = position_rows(c) * c->D;
    nd_tape *t = NULL;
    int rc = nd_tape_create(&t, NULL, 0, 0);
    if (rc) return rc;
    nd_tape_begin(t, &(nd_pass){0});
    nd_tensor table = {.data = c->positions, .n_dims = 2, .dims = {position_rows(c), c->D, 1, 1}};
    for (int64_t i = 0; i < c->L && !rc; i++) {
        nd_tensor *r = nd_linear(t, &table, nd_params_tensor(params, 0, c->block[i].r), NULL, NULL);
        if (r) memcpy(c->projected + i * n, r->data, (size_t)n * sizeof(float));
        rc = nd_tape_status(t);
    }
    nd_tape_destroy(&t);
    return rc;
}

static int conformer_prepare(void *state, nd_params *params, int64_t T, bool for_inference,
                             nd_diag *diag)
{
    nd_conformer *c = state;
    int64_t n_tokens = nd__conformer_tokens(c, T);
    if (n_tokens < 1)
        return nd_diag_set(diag, ND_ESHORT,
                           "running a Conformer: %lld time steps or more expected, found %lld",
                           (long long)nd__conformer_least(c), (long long)T);
    conformer_release(c);
    c->T = n_tokens;
    size_t n = (size_t)(position_rows(c) * c->D);
    c->positions = nd_calloc(n, sizeof(float));
    if (for_inference) c->projected = nd_calloc(n * (size_t)c->L, sizeof(float));
    if (!c->positions || (for_inference && !c->projected))
        return nd_diag_set(diag, ND_ENOMEM, "preparing a Conformer: out of memory");
    fill_positions(c->positions, position_rows(c), c->full_positions ? c->T - 1 : 0,
                   c->full_positions ? -1 : 1, c->D);
    if (!for_inference) return 0;
    int threads = nd_gemm_threads(1), rc = nd__conformer_prepare_stem(c, params);
    if (!rc) rc = nd_params_turn(params);
    if (!rc) rc = project_positions(c, params); /* by turned weights, as in every later call */
    nd_gemm_threads(threads);
    return rc ? nd_diag_set(diag, rc, "preparing a Conformer: out of memory") : 0;
}

/* ---- forward ------------------------------------------------------------------- */

static nd_tensor *get(const nd_conformer_place *at, int index)
{
    return nd_params_tensor(at->params, at->shard, index);
}

/* A layer of weight `index` and its bias after it. */
static nd_tensor *linear(nd_tape *t, const nd_conformer_place *at, nd_tensor *x, int index,
                         const nd_linear_params *params)
{
    return nd_linear(t, x, get(at, index), get(at, index + 1), params);
}

static nd_tensor *norm(nd_tape *t, const nd_conformer_place *at, nd_tensor *x, int index)
{
    return nd_layer_norm(t, x, get(at, index), get(at, index + 1), 1e-5f);
}

static nd_tensor *ffn(nd_tape *t, const nd_conformer_place *at, nd_tensor *x, const int *index)
{
    float p = (float)at->c->ffn_dropout;
    nd_tensor *h = norm(t, at, x, index[0]);
    h = linear(t, at, h, index[1], &(nd_linear_params){.act = ND_ACT_SWISH, .dropout = p});
    return linear(t, at, h, index[2],
                  &(nd_linear_params){.dropout = p, .residual = x, .factor = 0.5f});
}

/* Positions of a block, projected: made before, or with a gradient. */
static nd_tensor *positions(nd_tape *t, const nd_conformer_place *at)
{
    const nd_conformer *c = at->c;
    int64_t n_rows = position_rows(c);
    nd_tensor *table = nd_tape_input(t, 2, (const int64_t[]){n_rows, c->D});
    if (!table) return NULL;
    bool is_made = c->projected && !t->pass.record;
    const float *from = is_made ? c->projected + at->layer * n_rows * c->D : c->positions;
    memcpy(table->data, from, (size_t)(n_rows * c->D) * sizeof(float));
    return is_made ? table : nd_linear(t, table, get(at, c->block[at->layer].r), NULL, NULL);
}

static nd_tensor *attention(nd_tape *t, const nd_conformer_place *at, nd_tensor *x)
{
    const nd_conformer *c = at->c;
    const nd_conformer_block *b = &c->block[at->layer];
    float p = (float)c->attention_dropout;
    nd_tensor *h = norm(t, at, x, b->attention_norm);
    nd_tensor *mixed = nd_attention(
        t, linear(t, at, h, b->q, NULL), linear(t, at, h, b->k, NULL), linear(t, at, h, b->v, NULL),
        &(nd_attention_params){
            .n_heads = (int)c->H,
            .scale = 1.0f / sqrtf((float)(c->head_scale ? c->D / c->H : c->D)),
            .positions = c->full_positions ? ND_POSITIONS_FULL : ND_POSITIONS_SHIFTED,
            .r = positions(t, at),
            .u = get(at, b->u),
            .v = get(at, b->v_bias),
            .dropout = p,
        });
    return linear(t, at, mixed, b->out, &(nd_linear_params){.dropout = p, .residual = x});
}

/* A norm and Swish. */
static nd_tensor *middle_norm(nd_tape *t, const nd_conformer_place *at, nd_tensor *h,
                              const nd_conformer_block *b)
{
    if (at->c->layer_norm) return nd_activate(t, norm(t, at, h, b->middle_norm), ND_ACT_SWISH);
    return nd_batch_norm(
        t, h, get(at, b->middle_norm), get(at, b->middle_norm + 1), get(at, b->mean),
        get(at, b->mean + 1),
        &(nd_batch_norm_params){.eps = 1e-5f, .momentum = 0.1f, .act = ND_ACT_SWISH});
}

static nd_tensor *convolution(nd_tape *t, const nd_conformer_place *at, nd_tensor *x)
{
    const nd_conformer_block *b = &at->c->block[at->layer];
    nd_tensor *h = nd_glu(t, linear(t, at, norm(t, at, x, b->conv_norm), b->gate, NULL));
    h = nd_depthwise(t, h, get(at, b->depthwise));
    h = middle_norm(t, at, h, b);
    return linear(t, at, h, b->point,
                  &(nd_linear_params){.dropout = (float)at->c->conv_dropout, .residual = x});
}

static nd_tensor *block(nd_tape *t, void *user, nd_tensor *x)
{
    const nd_conformer_place *at = user;
    const nd_conformer_block *b = &at->c->block[at->layer];
    x = ffn(t, at, x, b->ffn[0]);
    x = attention(t, at, x);
    x = convolution(t, at, x);
    x = ffn(t, at, x, b->ffn[1]);
    return norm(t, at, x, b->norm);
}

/* [B, E] to [B, K]. */
static nd_tensor *classify(nd_tape *t, const nd_conformer_place *at, nd_tensor *embedding)
{
    const nd_conformer *c = at->c;
    nd_tensor *rows = get(at, c->classifier);
    if (!c->cosine) return nd_linear(t, embedding, rows, NULL, NULL);
    return nd_scale(t, nd_cosines(t, embedding, rows), (float)c->classifier_scale);
}

static nd_tensor *conformer_forward(const void *state, nd_tape *t, nd_params *params, int shard,
                                    nd_tensor *clips, nd_tensor **logits)
{
    const nd_conformer *c = state;
    /* They are read again in backward, where blocks are computed twice. */
    nd_conformer_place *places = nd_tape_bytes(t, (size_t)(c->L + 1) * sizeof *places);
    if (!places || !clips) return NULL;
    for (int i = 0; i <= (int)c->L; i++) places[i] = (nd_conformer_place){c, params, shard, i};
    /* The stem costs more than all it would save: it is never computed twice. */
    nd_tensor *x = t->pass.record ? nd__conformer_stem(t, &places[c->L], clips)
                                  : nd_tape_block(t, nd__conformer_stem, &places[c->L], clips);
    for (int64_t i = 0; i < c->L; i++) x = nd_tape_block(t, block, &places[i], x);
    nd_tensor *embedding = nd_mean_pool(t, x, NULL);
    if (c->output_dim) embedding = linear(t, places, embedding, c->output, NULL);
    ND_ASSERT(!logits || c->K > 0);
    if (logits) *logits = classify(t, places, embedding);
    return embedding;
}

static nd_network_size conformer_size(const void *state)
{
    const nd_conformer *c = state;
    return (nd_network_size){c->F, c->output_dim ? c->output_dim : c->D, c->K};
}

const nd_network_ops nd_network_conformer = {
    .name = "conformer",
    .summary = "clips to embeddings and tags: convolutions and self-attention",
    .paper = "Gulati et al. 2020 (Conformer); Mao et al. 2024 (UT-CMVMR)",
    .state_bytes = sizeof(nd_conformer),
    .declare = nd__conformer_declare,
    .prepare = conformer_prepare,
    .forward = conformer_forward,
    .size = conformer_size,
    .release = conformer_release,
    .preset = nd__conformer_preset,
};
