/* Configuration and parameters: the keys of the published YAML, with its values where a key is
 * absent, and the names that PyTorch gives the modules. */
#include <string.h>

#include "embed/config.h"
#include "embed/models/ut_cmvmr/published.h"

/* Widths; column statistics of a batch take some 4,000. */
static const int64_t MAX_WIDTH = 4000;
static const double MAX_RATE = 0.999;
/* "momentum" is of the second norm of a deep network alone: the others keep PyTorch's. */
static const float TORCH_MOMENTUM = 0.1f;

/* ---- parameters ---------------------------------------------------------------- */

typedef char param_name[128];

/* PREFIX.NAME.LEAF. */
static int add(nd_params *p, const char *prefix, const char *name, const char *leaf, nd_init init,
               int64_t fan_in, int n_dims, const int64_t *dims)
{
    param_name full;
    snprintf(full, sizeof full, "%s.%s.%s", prefix, name, leaf);
    return nd_params_add(p, full, init, fan_in, n_dims, dims);
}

static int add_weight(nd_params *p, const char *prefix, const char *name, nd_init init, int64_t in,
                      int64_t out)
{
    return add(p, prefix, name, "weight", init, 0, 2, (const int64_t[]){out, in});
}

/* A linear layer that starts as Kaiming has it. */
static int add_linear(nd_params *p, const char *prefix, const char *name, int64_t in, int64_t out)
{
    int index = add_weight(p, prefix, name, ND_INIT_KAIMING, in, out);
    add(p, prefix, name, "bias", ND_INIT_ZEROS, 0, 1, &out);
    return index;
}

static int add_norm(nd_params *p, const char *prefix, const char *name, int64_t D)
{
    int index = add(p, prefix, name, "weight", ND_INIT_ONES, 0, 1, &D);
    add(p, prefix, name, "bias", ND_INIT_ZEROS, 0, 1, &D);
    return index;
}

/* Batch norm. @return index of the scale; *mean_out of the running mean, the variance is next */
static int add_batch_norm(nd_params *p, const char *prefix, int place, int64_t D, int *mean_out)
{
    param_name full;
    char name[16];
    snprintf(name, sizeof name, "%d", place);
    int index = add_norm(p, prefix, name, D);
    snprintf(full, sizeof full, "%s.%s.running_mean", prefix, name);
    *mean_out = nd_params_add_buffer(p, full, ND_INIT_ZEROS, D);
    snprintf(full, sizeof full, "%s.%s.running_var", prefix, name);
    nd_params_add_buffer(p, full, ND_INIT_ONES, D);
    return index;
}

static void add_former(ut_former *f, nd_params *p, const char *name, int64_t D, int64_t hidden,
                       int64_t K)
{
    int64_t width = f->n_heads * f->E;
    for (int i = 0; i < f->n_layers; i++) {
        char attention[64], ffn[64];
        snprintf(attention, sizeof attention, "%s.layers.%d.0", name, i);
        snprintf(ffn, sizeof ffn, "%s.layers.%d.1", name, i);
        f->layers[i].norm = add_norm(p, attention, "norm", D);
        f->layers[i].qkv = add_weight(p, attention, "fn.to_qkv", ND_INIT_KAIMING, D, 3 * width);
        f->layers[i].out = add_linear(p, attention, "fn.to_out.0", width, D);
        f->layers[i].ffn_norm = add_norm(p, ffn, "norm", D);
        f->layers[i].up = add_linear(p, ffn, "fn.net.0", D, hidden);
        f->layers[i].down = add_linear(p, ffn, "fn.net.3", hidden, D);
    }
    f->final = add_weight(p, name, "final_linear", ND_INIT_FAN_IN, D, K);
    add(p, name, "final_linear", "bias", ND_INIT_FAN_IN, D, 1, &K);
}

/* @param hidden  0: not deep */
static void add_mlp(ut_mlp *m, nd_params *p, const char *name, int64_t in, int64_t hidden,
                    int64_t out, float momentum)
{
    char net[32];
    int i = 0;
    snprintf(net, sizeof net, "%s.net", name);
    m->is_deep = hidden > 0;
    m->momentum[0] = ND_MIN(momentum, TORCH_MOMENTUM);
    m->momentum[1] = momentum;
    if (m->is_deep) {
        m->linear[0] = add_linear(p, net, "0", in, hidden);
        m->norm[0] = add_batch_norm(p, net, 1, hidden, &m->mean[0]);
        in = hidden;
        i = 1;
    }
    m->linear[i] = add_linear(p, net, i ? "3" : "0", in, out);
    m->norm[i] = add_batch_norm(p, net, i ? 4 : 1, out, &m->mean[i]);
    m->linear[i + 1] = add_linear(p, net, i ? "6" : "3", out, out);
}

/* Published tables begin by chance, so each class is learned from its own examples; ours begin as
 * positions do, neighbours alike, which a few hundred pairs are enough for. */
static void add_tables(ut_published *s, nd_params *p)
{
    int64_t D = s->D[UT_MUSIC];
    const char *rhythm = "A_rhythm_embed";
    nd_init init = s->is_log ? ND_INIT_WAVES : ND_INIT_NORMAL;
    s->rhythm[0] = add_weight(p, rhythm, "n_beat_embed", init, D / 2, UT_BEATS);
    s->rhythm[1] = add_weight(p, rhythm, "beat_strength_embed", init, D / 4, UT_STRENGTHS);
    s->rhythm[2] = add_weight(p, rhythm, "beat_interval_width_embed", init, D / 4, UT_INTERVALS);
    s->flow = add_weight(p, "V_optic_embed", "optic_displacement_embed", init, s->D[UT_VIDEO],
                         UT_FLOWS);
}

static void add_match(ut_published *s, nd_params *p)
{
    static const char *const name = "ce_match_loss.linear_net";
    int64_t X = s->X, widths[] = {2 * X, X, X / 2, 2};
    for (int i = 0; i < 3; i++) {
        char place[4];
        snprintf(place, sizeof place, "%d", 4 * i);
        s->match.linear[i] = add_linear(p, name, place, widths[i], widths[i + 1]);
        if (i < 2)
            s->match.norm[i] = add_batch_norm(p, name, 4 * i + 1, widths[i + 1], &s->match.mean[i]);
    }
}

/* The logit of a pair, of the fixed mixture's two parts: it starts as that. */
static int add_mixture(nd_params *p)
{
    int index = nd_params_add(p, "pair.weight", ND_INIT_ONES, 0, 2, (const int64_t[]){1, 2});
    nd_params_add(p, "pair.bias", ND_INIT_ZEROS, 0, 1, (const int64_t[]){1});
    return index;
}

/* ---- configuration ------------------------------------------------------------- */

static int64_t width(nd_config *c, const char *key, int64_t missing)
{
    return nd_config_int(c, key, 2, MAX_WIDTH, missing);
}

static ut_former read_former(nd_config *c, const char *layers, const char *dropout,
                             const char *heads, const char *head_dim, int64_t missing_E)
{
    return (ut_former){.n_layers = (int)nd_config_int(c, layers, 1, UT_MAX_LAYERS, 1),
                       .n_heads = (int)nd_config_int(c, heads, 1, 64, 3),
                       .E = nd_config_int(c, head_dim, 1, 1024, missing_E),
                       .dropout = (float)nd_config_real(c, dropout, 0, MAX_RATE, 0.8)};
}

static void read_rest(ut_published *s, nd_config *c)
{
    static const char *const clips[] = {"sequence", "mean", NULL};
    static const char *const classes[] = {"published", "log", NULL};
    static const char *const norms[] = {"none", "batch", NULL};
    s->has_rhythm = nd_config_int(c, "add_rhythm", 0, 1, 0) == 1;
    s->has_cross = nd_config_int(c, "add_cross", 0, 1, 1) == 1;
    s->is_mean = nd_config_choice(c, "clips", clips) == 1;
    s->is_log = nd_config_choice(c, "classes", classes) == 1;
    s->is_normed = nd_config_choice(c, "clip_norm", norms) == 1;
    s->window = (int)nd_config_int(c, "max_clip", 1, UT_MAX_WINDOW, 7);
    s->weight = (float)nd_config_real(c, "weight", 0, 1, 0.6);
    s->keep = (float)nd_config_real(c, "keep_prob", 1 - MAX_RATE, 1, 0.6);
    s->margin = (float)nd_config_real(c, "margin", 0, 10, 0);
    s->ranking_margin = (float)nd_config_real(c, "inter_margin", 0, 10, (double)s->margin);
    s->hardest = (int)nd_config_int(c, "inter_topk", 0, 1 << 20, 1024);
    s->X = width(c, "dim_rho", 768);
    s->H = width(c, "dim_theta", 256);
    s->E = nd_config_int(c, "t_data_dim", 0, MAX_WIDTH, 768);
    s->D[UT_MUSIC] = width(c, "a_enc_dmodel", 512);
    s->D[UT_VIDEO] = width(c, "v_enc_dmodel", 512);
    for (int side = 0; side < UT_SIDES; side++)
        s->temporal[side] = read_former(c, "nlayers", "dropout_enc", "enc_heads", "enc_head_dim",
                                        1);
    s->cross = read_former(c, "depth_transformer", "dropout_encoder", "cross_heads",
                           "cross_head_dim", 100);
}

/* ---- presets ------------------------------------------------------------------- */

/* Widths as published, or a quarter of them. */
static json_t *widths(int D_music, int D_video, int E, int divisor)
{
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}",
                     "structure", "published", "a_enc_dmodel", D_music, "v_enc_dmodel", D_video,
                     "t_data_dim", E, "a_data_dim", 512 / divisor, "v_data_dim", 512 / divisor,
                     "dim_theta", 256 / divisor, "dim_rho", ND_MAX(768 / divisor, E),
                     "encoder_hidden_size", 1024 / divisor, "decoder_hidden_size", 512 / divisor,
                     "enc_hidden_dim", 1024 / divisor, "cross_hidden_dim", 1024 / divisor,
                     "cross_head_dim", 100 / divisor, "inter_topk", 0);
}

/* What is mended (docs/models.md). */
static json_t *mended(const char *setting)
{
    bool has_rhythm = !strcmp(setting, "se+r"), is_mean = strncmp(setting, "se", 2) != 0;
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:f, s:f, s:f, s:f}", "add_rhythm", has_rhythm,
                     "clips", is_mean ? "mean" : "sequence", "clip_norm", "batch", "classes", "log",
                     "pair", "learned", "momentum", 0.1, "dropout_enc", 0.1, "dropout_encoder", 0.1,
                     "margin", 0.2);
}

json_t *nd__ut_preset(const char *name, const char *setting, int D_music, int D_video, int E)
{
    static const char *const settings[] = {"ae", "a-se", "se", "se+r"};
    int divisor = !strcmp(name, "paper") ? 1 : !strcmp(name, "paper-s") ? 4 : 0;
    bool is_known = false;
    for (size_t i = 0; i < ND_COUNT(settings); i++) is_known |= !strcmp(setting, settings[i]);
    if (!divisor || !is_known) return NULL;
    json_t *out = widths(D_music, D_video, E, divisor), *rest = mended(setting);
    if (!out || !rest || json_object_update(out, rest)) {
        json_decref(out);
        out = NULL;
    }
    json_decref(rest);
    return out;
}

/* ---- positions ----------------------------------------------------------------- */

static float *make_positions(int T, int64_t D)
{
    float *out = nd_calloc((size_t)(T * D), sizeof *out);
    if (out) nd_waves(out, T, D);
    return out;
}

static void add_sides(ut_published *s, nd_params *p, nd_config *c)
{
    static const char *const names[UT_SIDES][4] = {{"A_enc_former", "A_enc", "A_proj", "A_rec"},
                                                   {"V_enc_former", "V_enc", "V_proj", "V_rec"}};
    static const char *const widths[UT_SIDES] = {"a_data_dim", "v_data_dim"};
    static const char *const norms[UT_SIDES] = {"A", "V"};
    int64_t former_hidden = width(c, "enc_hidden_dim", 1024);
    int64_t encoder_hidden = width(c, "encoder_hidden_size", 1024);
    int64_t decoder_hidden = width(c, "decoder_hidden_size", 512);
    float momentum = (float)nd_config_real(c, "momentum", 0, 1, 0.55);
    for (int side = 0; side < UT_SIDES; side++) {
        int64_t K = width(c, widths[side], 512);
        if (s->is_normed)
            s->norms[side] = nd__norm_add(p, norms[side], "clip_norm", s->D[side], false,
                                          TORCH_MOMENTUM);
        add_former(&s->temporal[side], p, names[side][0], s->D[side], former_hidden, K);
        add_mlp(&s->encoder[side], p, names[side][1], K, encoder_hidden, s->X, momentum);
        add_mlp(&s->projection[side], p, names[side][2], s->X, decoder_hidden, s->H, momentum);
        add_mlp(&s->recovery[side], p, names[side][3], s->H, 0, s->X, momentum);
    }
    add_mlp(&s->decoder, p, "D", s->H, 0, s->X, momentum);
    if (s->E) add_mlp(&s->text, p, "W_proj", s->E, 0, s->H, momentum);
}

static void add_cross(ut_published *s, nd_params *p, int64_t hidden)
{
    add_former(&s->cross, p, "cross_attention", s->X, hidden, s->X);
    s->types = nd_params_add(p, "pos_emb1D", ND_INIT_NORMAL, 0, 2,
                             (const int64_t[]){UT_SIDES, s->X});
}

int nd__ut_declare(void *state, nd_params *params, const json_t *config, nd_diag *diag)
{
    ut_published *s = state;
    static const char *const pair[] = {"fixed", "learned", NULL};
    nd_config c = {.object = config, .part = "match", .diag = diag};
    read_rest(s, &c);
    if (!c.rc && s->has_rhythm && s->D[UT_MUSIC] % 4)
        return nd_diag_set(diag, ND_EFORMAT,
                           "configuring match: a_enc_dmodel: a multiple of 4 expected with "
                           "add_rhythm, found %lld",
                           (long long)s->D[UT_MUSIC]);
    add_sides(s, params, &c);
    if (s->has_cross) add_cross(s, params, width(&c, "cross_hidden_dim", 1024));
    if (s->has_rhythm) add_tables(s, params);
    add_match(s, params);
    s->logit = nd_config_choice(&c, "pair", pair) == 1 ? add_mixture(params) : -1;
    if (c.rc) return c.rc;
    for (int side = 0; side < UT_SIDES; side++)
        if (!(s->positions[side] = make_positions(s->window, s->D[side])))
            return nd_diag_set(diag, ND_ENOMEM, "configuring match: out of memory");
    return 0;
}

void nd__ut_release(void *state)
{
    ut_published *s = state;
    for (int side = 0; side < UT_SIDES; side++) free(s->positions[side]);
}
