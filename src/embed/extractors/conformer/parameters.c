/* Parameters of the Conformer: names and shapes of the published PyTorch modules, where these have
 * such a part. */
#include "embed/extractors/conformer/conformer.h"

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

static void add_ffn(const nd_conformer *c, nd_params *p, const char *prefix, int place, int *out)
{
    char full[128];
    snprintf(full, sizeof full, "%ssequential.%d.module.sequential.", prefix, place);
    out[0] = add_norm(p, full, "0", c->D);
    out[1] = add_linear(p, full, "1", c->D, c->D * c->expansion);
    out[2] = add_linear(p, full, "4", c->D * c->expansion, c->D);
}

static void add_attention(const nd_conformer *c, nd_params *p, const char *prefix,
                          nd_conformer_block *b)
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

/* Of batch norm: mean, and variance right after it. @return index of the mean */
static int add_statistics(nd_params *p, const char *prefix, int64_t D)
{
    char name[160];
    snprintf(name, sizeof name, "%s5.running_mean", prefix);
    int index = nd_params_add_buffer(p, name, ND_INIT_ZEROS, D);
    snprintf(name, sizeof name, "%s5.running_var", prefix);
    nd_params_add_buffer(p, name, ND_INIT_ONES, D);
    return index;
}

static void add_convolution(const nd_conformer *c, nd_params *p, const char *prefix,
                            nd_conformer_block *b)
{
    char full[128];
    snprintf(full, sizeof full, "%ssequential.2.module.sequential.", prefix);
    b->conv_norm = add_norm(p, full, "0", c->D);
    b->gate = add_weight(p, full, "2.conv", 3, (const int64_t[]){2 * c->D, c->D, 1}, true);
    b->depthwise = add_weight(p, full, "4.conv", 3, (const int64_t[]){c->D, 1, c->kernel}, false);
    b->middle_norm = add_norm(p, full, "5", c->D);
    if (!c->layer_norm) b->mean = add_statistics(p, full, c->D);
    b->point = add_weight(p, full, "7.conv", 3, (const int64_t[]){c->D, c->D, 1}, true);
}

static void add_stem(nd_conformer *c, nd_params *p)
{
    const int64_t *k = c->channels;
    const int64_t first[] = {k[0], c->pictures ? 3 : 1, 3, 3}, second[] = {k[1], k[0], 3, 3};
    c->stem[0] = add_weight(p, "encoder.", "conv_subsample.sequential.0", 4, first, true);
    c->stem[1] = add_weight(p, "encoder.", "conv_subsample.sequential.2", 4, second, true);
    c->input = add_linear(p, "encoder.", "input_projection.0", nd__conformer_stem_width(c), c->D);
    if (c->has_stem_norm) c->stem_norm = add_norm(p, "encoder.", "input_norm", c->D);
}

void nd__conformer_add_parameters(nd_conformer *c, nd_params *p)
{
    add_stem(c, p);
    for (int i = 0; i < (int)c->L; i++) {
        nd_conformer_block *b = &c->block[i];
        char prefix[48];
        snprintf(prefix, sizeof prefix, "encoder.layers.%d.", i);
        add_ffn(c, p, prefix, 0, b->ffn[0]);
        add_attention(c, p, prefix, b);
        add_convolution(c, p, prefix, b);
        add_ffn(c, p, prefix, 3, b->ffn[1]);
        b->norm = add_norm(p, prefix, "sequential.4", c->D);
    }
    if (c->output_dim) c->output = add_linear(p, "", "output_projection", c->D, c->output_dim);
    int64_t width = c->output_dim ? c->output_dim : c->D;
    if (c->K)
        c->classifier = add_weight(p, "", "classification", 2, (const int64_t[]){c->K, width},
                                   false);
}
