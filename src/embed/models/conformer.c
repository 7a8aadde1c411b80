/* The Conformer (Gulati et al., Interspeech 2020) as UT-CMVMR uses it (models.md 1.3): a stem of
 * two 3 x 3 stride-2 convolutions with ReLU, a linear layer, L blocks, the mean over tokens, and a
 * classifier without bias. A block is
 *     x += FFN(x) / 2;  x += attention(x);  x += convolution(x);  x += FFN(x) / 2;  x = norm(x)
 * each part with a layer norm of its own first. Parameters have the names and shapes of the
 * published PyTorch modules.
 *
 * In inference three things are made once and not a clip at a time: the transformed weights of the
 * second convolution, the table of positions, and its projection in each block. */
#include <math.h>
#include <string.h>

#include "compute/gemm.h"
#include "compute/ops.h"
#include "embed/config.h"
#include "embed/embed.h"

enum { MAX_LAYERS = 64, KERNEL_AREA = 9 };

/* Indices of parameters: a weight, and its bias or shift right after it. */
typedef struct {
    int ffn[2][3]; /* norm, up, down */
    int attention_norm, q, k, v, r, u, v_bias, out;
    int conv_norm, gate, depthwise, batch_norm, mean, point, norm;
} block_params;

typedef struct {
    int64_t F, D, L, H, K, expansion, kernel;
    double input_dropout, ffn_dropout, attention_dropout, conv_dropout;
    bool full_positions; /* 2 T - 1 rows; else the published shift */
    int stem[2], input, classifier;
    block_params block[MAX_LAYERS];
    /* made by prepare */
    int64_t T;            /* tokens */
    float *positions;     /* [n_rows, D] */
    float *projected;     /* [L, n_rows, D]; NULL: not for inference */
    float *stem_weights;  /* nd_conv2d_prepare */
    float *input_weights; /* [frequencies, D, D]: of the linear layer, in the convolution's order */
} conformer;

/* ---- parameters ---------------------------------------------------------------- */

static int add(nd_params *p, const char *prefix, const char *name, nd_init init, int64_t fan_in,
               int n_dims, const int64_t *dims)
{
    char full[160];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return nd_params_add(p, full, init, fan_in, n_dims, dims);
}

/* A weight of some dims and, where asked, its bias. @return index of the weight */
static int add_weight(nd_params *p, const char *prefix, const char *name, int n_dims,
                      const int64_t *dims, bool with_bias)
{
    char part[96];
    int64_t fan_in = 1;
    for (int i = 1; i < n_dims; i++) fan_in *= dims[i];
    snprintf(part, sizeof part, "%s.weight", name);
    int index = add(p, prefix, part, ND_INIT_FAN_IN, 0, n_dims, dims);
    snprintf(part, sizeof part, "%s.bias", name);
    if (with_bias) add(p, prefix, part, ND_INIT_FAN_IN, fan_in, 1, dims);
    return index;
}

static int add_linear(nd_params *p, const char *prefix, const char *name, int64_t in, int64_t out)
{
    return add_weight(p, prefix, name, 2, (const int64_t[]){out, in}, true);
}

static int add_norm(nd_params *p, const char *prefix, const char *name, int64_t D)
{
    char part[96];
    snprintf(part, sizeof part, "%s.weight", name);
    int index = add(p, prefix, part, ND_INIT_ONES, 0, 1, &D);
    snprintf(part, sizeof part, "%s.bias", name);
    add(p, prefix, part, ND_INIT_ZEROS, 0, 1, &D);
    return index;
}

static void add_ffn(const conformer *c, nd_params *p, const char *prefix, int place, int *out)
{
    char full[128];
    snprintf(full, sizeof full, "%ssequential.%d.module.sequential.", prefix, place);
    out[0] = add_norm(p, full, "0", c->D);
    out[1] = add_linear(p, full, "1", c->D, c->D * c->expansion);
    out[2] = add_linear(p, full, "4", c->D * c->expansion, c->D);
}

static void add_attention(const conformer *c, nd_params *p, const char *prefix, block_params *b)
{
    const int64_t bias[] = {c->H, c->D / c->H};
    char full[128];
    snprintf(full, sizeof full, "%ssequential.1.module.", prefix);
    b->attention_norm = add_norm(p, full, "layer_norm", c->D);
    b->q = add_linear(p, full, "attention.query_proj", c->D, c->D);
    b->k = add_linear(p, full, "attention.key_proj", c->D, c->D);
    b->v = add_linear(p, full, "attention.value_proj", c->D, c->D);
    b->r = add_weight(p, full, "attention.pos_proj", 2, (const int64_t[]){c->D, c->D}, false);
    b->u = add(p, full, "attention.u_bias", ND_INIT_XAVIER, 0, 2, bias);
    b->v_bias = add(p, full, "attention.v_bias", ND_INIT_XAVIER, 0, 2, bias);
    b->out = add_linear(p, full, "attention.out_proj", c->D, c->D);
}

static void add_convolution(const conformer *c, nd_params *p, const char *prefix, block_params *b)
{
    char full[128], name[160];
    snprintf(full, sizeof full, "%ssequential.2.module.sequential.", prefix);
    b->conv_norm = add_norm(p, full, "0", c->D);
    b->gate = add_weight(p, full, "2.conv", 3, (const int64_t[]){2 * c->D, c->D, 1}, true);
    b->depthwise = add_weight(p, full, "4.conv", 3, (const int64_t[]){c->D, 1, c->kernel}, false);
    b->batch_norm = add_norm(p, full, "5", c->D);
    snprintf(name, sizeof name, "%s5.running_mean", full);
    b->mean = nd_params_add_buffer(p, name, ND_INIT_ZEROS, c->D);
    snprintf(name, sizeof name, "%s5.running_var", full);
    nd_params_add_buffer(p, name, ND_INIT_ONES, c->D);
    b->point = add_weight(p, full, "7.conv", 3, (const int64_t[]){c->D, c->D, 1}, true);
}

/* What two convolutions of stride 2 leave of n. */
static int64_t halved_twice(int64_t n)
{
    return ((n - 1) / 2 - 1) / 2;
}

static void add_parameters(conformer *c, nd_params *p)
{
    c->stem[0] = add_weight(p, "encoder.", "conv_subsample.sequential.0", 4,
                            (const int64_t[]){c->D, 1, 3, 3}, true);
    c->stem[1] = add_weight(p, "encoder.", "conv_subsample.sequential.2", 4,
                            (const int64_t[]){c->D, c->D, 3, 3}, true);
    c->input = add_linear(p, "encoder.", "input_projection.0", c->D * halved_twice(c->F), c->D);
    for (int i = 0; i < (int)c->L; i++) {
        block_params *b = &c->block[i];
        char prefix[48];
        snprintf(prefix, sizeof prefix, "encoder.layers.%d.", i);
        add_ffn(c, p, prefix, 0, b->ffn[0]);
        add_attention(c, p, prefix, b);
        add_convolution(c, p, prefix, b);
        add_ffn(c, p, prefix, 3, b->ffn[1]);
        b->norm = add_norm(p, prefix, "sequential.4", c->D);
    }
    if (c->K)
        c->classifier = add_weight(p, "", "classification", 2, (const int64_t[]){c->K, c->D},
                                   false);
}

/* ---- configuration ------------------------------------------------------------- */

/* The rates are those that Dropout takes: [0, 1). */
static const double RATE_LIMIT = 0.999;

static int conformer_declare(void *state, nd_params *params, const json_t *config, const char *part,
                             nd_diag *diag)
{
    conformer *c = state;
    nd_config f = {config, part, diag, 0};
    const char *const positions[] = {"shifted", "full", NULL};
    const char *const layouts[] = {"rows", "time", NULL};
    c->F = nd_config_int(&f, "input_dim", 7, 1 << 20, 80);
    c->D = nd_config_int(&f, "encoder_dim", 1, 4000, 512);
    c->L = nd_config_int(&f, "num_encoder_layers", 1, MAX_LAYERS, 6);
    c->H = nd_config_int(&f, "num_attention_heads", 1, 4000, 8);
    c->K = nd_config_int(&f, "num_classes", 0, 1 << 24, 0);
    c->expansion = nd_config_int(&f, "feedforward_expansion_factor", 1, 64, 4);
    c->kernel = nd_config_int(&f, "conv_kernel_size", 1, 255, 31);
    nd_config_int(&f, "conv_expansion_factor", 2, 2, 2);
    c->input_dropout = nd_config_real(&f, "input_dropout", 0, RATE_LIMIT, 0.1);
    c->ffn_dropout = nd_config_real(&f, "feedforward_dropout", 0, RATE_LIMIT, 0.1);
    c->attention_dropout = nd_config_real(&f, "attention_dropout", 0, RATE_LIMIT, 0.1);
    c->conv_dropout = nd_config_real(&f, "conv_dropout", 0, RATE_LIMIT, 0.1);
    c->full_positions = nd_config_choice(&f, "positions", positions) == 1;
    nd_config_choice(&f, "layout", layouts); /* nd_network_feature reads it */
    if (f.rc) return f.rc;
    if (c->D % c->H)
        return nd_diag_set(diag, ND_EFORMAT,
                           "configuring %s: num_attention_heads that divide encoder_dim %lld "
                           "expected, found %lld",
                           part, (long long)c->D, (long long)c->H);
    if (c->kernel % 2 == 0)
        return nd_diag_set(diag, ND_EFORMAT,
                           "configuring %s: conv_kernel_size: an odd number expected, found %lld",
                           part, (long long)c->kernel);
    add_parameters(c, params);
    return 0;
}

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

static int64_t position_rows(const conformer *c)
{
    return c->full_positions ? 2 * c->T - 1 : c->T;
}

static void conformer_release(void *state)
{
    conformer *c = state;
    free(c->positions);
    free(c->projected);
    free(c->stem_weights);
    free(c->input_weights);
    c->positions = c->projected = c->stem_weights = c->input_weights = NULL;
}

static int project_positions(conformer *c, nd_params *params)
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

/* PyTorch lays a token out as channels of frequencies, our convolution as frequencies of channels.
 * In training tokens are turned; here the layer's weights are, once, and their rows and columns
 * too. */
static void order_input(conformer *c, const nd_tensor *w)
{
    int64_t n = halved_twice(c->F);
    for (int64_t k = 0; k < c->D; k++)
        for (int64_t d = 0; d < c->D; d++)
            for (int64_t f = 0; f < n; f++)
                c->input_weights[(f * c->D + d) * c->D + k] = w->data[(k * c->D + d) * n + f];
}

static int conformer_prepare(void *state, nd_params *params, int64_t T, bool for_inference,
                             nd_diag *diag)
{
    conformer *c = state;
    if (T < 7)
        return nd_diag_set(diag, ND_ESHORT,
                           "running a Conformer: 7 time steps or more expected, found %lld",
                           (long long)T);
    conformer_release(c);
    c->T = halved_twice(T);
    size_t n = (size_t)(position_rows(c) * c->D), weights = (size_t)(c->D * c->D);
    c->positions = nd_calloc(n, sizeof(float));
    if (for_inference) {
        c->projected = nd_calloc(n * (size_t)c->L, sizeof(float));
        c->stem_weights = nd_calloc(weights, ND_WINO_WEIGHTS * sizeof(float));
        c->input_weights = nd_calloc(weights, (size_t)halved_twice(c->F) * sizeof(float));
    }
    if (!c->positions ||
        (for_inference && (!c->projected || !c->stem_weights || !c->input_weights)))
        return nd_diag_set(diag, ND_ENOMEM, "preparing a Conformer: out of memory");
    fill_positions(c->positions, position_rows(c), c->full_positions ? c->T - 1 : 0,
                   c->full_positions ? -1 : 1, c->D);
    if (!for_inference) return 0;
    nd_conv2d_prepare(c->stem_weights, nd_params_tensor(params, 0, c->stem[1]));
    order_input(c, nd_params_tensor(params, 0, c->input));
    int threads = nd_gemm_threads(1), rc = nd_params_turn(params);
    if (!rc) rc = project_positions(c, params); /* by turned weights, as in every later call */
    nd_gemm_threads(threads);
    return rc ? nd_diag_set(diag, rc, "preparing a Conformer: out of memory") : 0;
}

/* ---- forward ------------------------------------------------------------------- */

/* A block, or the stem, of one pass: what nd_tape_block hands through. */
typedef struct {
    const conformer *c;
    nd_params *params;
    int shard, layer;
} place;

static nd_tensor *get(const place *at, int index)
{
    return nd_params_tensor(at->params, at->shard, index);
}

/* A layer of weight `index` and its bias after it. */
static nd_tensor *linear(nd_tape *t, const place *at, nd_tensor *x, int index,
                         const nd_linear_params *params)
{
    return nd_linear(t, x, get(at, index), get(at, index + 1), params);
}

static nd_tensor *norm(nd_tape *t, const place *at, nd_tensor *x, int index)
{
    return nd_layer_norm(t, x, get(at, index), get(at, index + 1), 1e-5f);
}

static nd_tensor *ffn(nd_tape *t, const place *at, nd_tensor *x, const int *index)
{
    float p = (float)at->c->ffn_dropout;
    nd_tensor *h = norm(t, at, x, index[0]);
    h = linear(t, at, h, index[1], &(nd_linear_params){.act = ND_ACT_SWISH, .dropout = p});
    return linear(t, at, h, index[2],
                  &(nd_linear_params){.dropout = p, .residual = x, .factor = 0.5f});
}

/* Positions of a block, projected: made before, or with a gradient. */
static nd_tensor *positions(nd_tape *t, const place *at)
{
    const conformer *c = at->c;
    int64_t n_rows = position_rows(c);
    nd_tensor *table = nd_tape_input(t, 2, (const int64_t[]){n_rows, c->D});
    if (!table) return NULL;
    bool is_made = c->projected && !t->pass.record;
    const float *from = is_made ? c->projected + at->layer * n_rows * c->D : c->positions;
    memcpy(table->data, from, (size_t)(n_rows * c->D) * sizeof(float));
    return is_made ? table : nd_linear(t, table, get(at, c->block[at->layer].r), NULL, NULL);
}

static nd_tensor *attention(nd_tape *t, const place *at, nd_tensor *x)
{
    const conformer *c = at->c;
    const block_params *b = &c->block[at->layer];
    float p = (float)c->attention_dropout;
    nd_tensor *h = norm(t, at, x, b->attention_norm);
    nd_tensor *mixed = nd_attention(
        t, linear(t, at, h, b->q, NULL), linear(t, at, h, b->k, NULL), linear(t, at, h, b->v, NULL),
        &(nd_attention_params){
            .n_heads = (int)c->H,
            .scale = 1.0f / sqrtf((float)c->D),
            .positions = c->full_positions ? ND_POSITIONS_FULL : ND_POSITIONS_SHIFTED,
            .r = positions(t, at),
            .u = get(at, b->u),
            .v = get(at, b->v_bias),
            .dropout = p,
        });
    return linear(t, at, mixed, b->out, &(nd_linear_params){.dropout = p, .residual = x});
}

static nd_tensor *convolution(nd_tape *t, const place *at, nd_tensor *x)
{
    const block_params *b = &at->c->block[at->layer];
    nd_tensor *h = nd_glu(t, linear(t, at, norm(t, at, x, b->conv_norm), b->gate, NULL));
    h = nd_depthwise(t, h, get(at, b->depthwise));
    h = nd_batch_norm(t, h, get(at, b->batch_norm), get(at, b->batch_norm + 1), get(at, b->mean),
                      get(at, b->mean + 1),
                      &(nd_batch_norm_params){.eps = 1e-5f, .momentum = 0.1f, .act = ND_ACT_SWISH});
    return linear(t, at, h, b->point,
                  &(nd_linear_params){.dropout = (float)at->c->conv_dropout, .residual = x});
}

static nd_tensor *block(nd_tape *t, void *user, nd_tensor *x)
{
    const place *at = user;
    const block_params *b = &at->c->block[at->layer];
    x = ffn(t, at, x, b->ffn[0]);
    x = attention(t, at, x);
    x = convolution(t, at, x);
    x = ffn(t, at, x, b->ffn[1]);
    return norm(t, at, x, b->norm);
}

/* [B, h, w, D] to tokens [B, h, D]. */
static nd_tensor *project(nd_tape *t, const place *at, nd_tensor *x)
{
    const conformer *c = at->c;
    bool is_ordered = c->input_weights && !t->pass.record;
    nd_tensor ordered = *get(at, c->input);
    ordered.turned = c->input_weights;
    if (!is_ordered) x = nd_transpose(t, x);
    if (!x) return NULL;
    x = nd_reshape(t, x, 3, (const int64_t[]){x->dims[0], x->dims[1], x->dims[2] * x->dims[3]});
    return nd_linear(t, x, is_ordered ? &ordered : get(at, c->input), get(at, c->input + 1),
                     &(nd_linear_params){.dropout = (float)c->input_dropout});
}

/* [B, T, F] to tokens. */
static nd_tensor *stem(nd_tape *t, void *user, nd_tensor *x)
{
    const place *at = user;
    const conformer *c = at->c;
    x = nd_reshape(t, x, 4, (const int64_t[]){x->dims[0], x->dims[1], x->dims[2], 1});
    for (int i = 0; i < 2; i++)
        x = nd_conv2d(t, x, get(at, c->stem[i]), get(at, c->stem[i] + 1), true,
                      i == 1 && !t->pass.record ? c->stem_weights : NULL);
    return project(t, at, x);
}

static nd_tensor *conformer_forward(const void *state, nd_tape *t, nd_params *params, int shard,
                                    nd_tensor *clips, nd_tensor **logits)
{
    const conformer *c = state;
    /* They are read again in backward, where blocks are computed twice. */
    place *places = nd_tape_bytes(t, (size_t)(c->L + 1) * sizeof *places);
    if (!places || !clips) return NULL;
    for (int i = 0; i <= (int)c->L; i++) places[i] = (place){c, params, shard, i};
    /* The stem costs more than all it would save: it is never computed twice. */
    nd_tensor *x = t->pass.record ? stem(t, &places[c->L], clips)
                                  : nd_tape_block(t, stem, &places[c->L], clips);
    for (int64_t i = 0; i < c->L; i++) x = nd_tape_block(t, block, &places[i], x);
    nd_tensor *embedding = nd_mean_pool(t, x, NULL);
    if (logits) {
        ND_ASSERT(c->K > 0);
        *logits = nd_linear(t, embedding, get(places, c->classifier), NULL, NULL);
    }
    return embedding;
}

static nd_network_size conformer_size(const void *state)
{
    const conformer *c = state;
    return (nd_network_size){c->F, c->D, c->K};
}

/* ---- sizes by name ------------------------------------------------------------- */

/* What each feature is as an input: [T, F], and the layout that tells it from others of its part.
 * */
static const struct {
    const char *feature, *layout;
    int T, F;
} inputs[] = {
    {"fbank", NULL, 398, 80}, {"frames", "rows", 224, 896}, {"colour_frames", "time", 32, 768}};

static json_t *size_json(int D, int L, int H, int input, int n_classes)
{
    json_t *c = json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "model",
                          "conformer", "input_dim", inputs[input].F, "seq_length", inputs[input].T,
                          "encoder_dim", D, "num_encoder_layers", L, "num_attention_heads", H,
                          "feedforward_expansion_factor", 4, "conv_expansion_factor", 2,
                          "conv_kernel_size", 31, "num_classes", n_classes);
    if (inputs[input].layout) json_object_set_new(c, "layout", json_string(inputs[input].layout));
    return c;
}

static json_t *conformer_preset(const char *name, const char *feature, int n_classes)
{
    static const struct {
        const char *name;
        int music[3], video[3]; /* D, L, H */
    } sizes[] = {{"paper", {512, 6, 8}, {256, 10, 16}},
                 {"small", {144, 4, 4}, {144, 4, 4}},
                 {"tiny", {64, 2, 2}, {64, 2, 2}}};
    for (int i = 0; i < (int)ND_COUNT(inputs); i++)
        for (size_t k = 0; k < ND_COUNT(sizes); k++)
            if (!strcmp(inputs[i].feature, feature) && !strcmp(sizes[k].name, name)) {
                const int *size = i == 0 ? sizes[k].music : sizes[k].video;
                return size_json(size[0], size[1], size[2], i, n_classes);
            }
    return NULL;
}

const nd_model_ops nd_model_conformer = {
    .name = "conformer",
    .summary = "clips to embeddings and tags: convolutions and self-attention",
    .paper = "Gulati et al. 2020 (Conformer); Mao et al. 2024 (UT-CMVMR)",
    .state_bytes = sizeof(conformer),
    .declare = conformer_declare,
    .prepare = conformer_prepare,
    .forward = conformer_forward,
    .size = conformer_size,
    .release = conformer_release,
    .preset = conformer_preset,
};
