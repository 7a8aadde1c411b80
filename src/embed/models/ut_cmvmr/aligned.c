/* "aligned", the recommended structure of UT-CMVMR (docs/models.md): a row a clip, and the score of
 * a pair is the best of all places where the rows can lie along each other. What the paper puts
 * into one vector an item stays apart by time, so a library is searched by order and pulse. */
#include <string.h>

#include "embed/config.h"
#include "embed/models/ut_cmvmr/aligned.h"

static const char *const media[] = {[ALIGNED_MUSIC] = "music", [ALIGNED_VIDEO] = "video"};
static const char *const settings[] = {"se+r", "se", "a-se", "ae", NULL};
enum { SE_R, SE };

/* Share of a batch in the running statistics of clips. */
static const float NORM_MOMENTUM = 0.1f;

/* ---- parameters ---------------------------------------------------------------- */

static int add_layer(nd_params *p, const char *name, nd_init init, int64_t in, int64_t out)
{
    char full[96];
    snprintf(full, sizeof full, "%s.weight", name);
    int index = nd_params_add(p, full, init, 0, 2, (const int64_t[]){out, in});
    snprintf(full, sizeof full, "%s.bias", name);
    nd_params_add(p, full, ND_INIT_ZEROS, 0, 1, &out);
    return index;
}

static int add_linear(nd_params *p, const char *name, int64_t in, int64_t out)
{
    return add_layer(p, name, ND_INIT_FAN_IN, in, out);
}

static int add_norm(nd_params *p, const char *name, int64_t D)
{
    char full[96];
    snprintf(full, sizeof full, "%s.weight", name);
    int index = nd_params_add(p, full, ND_INIT_ONES, 0, 1, &D);
    snprintf(full, sizeof full, "%s.bias", name);
    nd_params_add(p, full, ND_INIT_ZEROS, 0, 1, &D);
    return index;
}

/* "music.row", "video.stem.up". */
static const char *join(char *out, const char *prefix, const char *name)
{
    snprintf(out, 80, "%s.%s", prefix, name);
    return out;
}

static void add_ffn(const aligned *a, nd_params *p, const char *prefix, aligned_ffn *f)
{
    char name[80];
    f->norm = add_norm(p, join(name, prefix, "norm"), a->d);
    f->up = add_linear(p, join(name, prefix, "up"), a->d, a->ffn);
    f->down = add_linear(p, join(name, prefix, "down"), a->ffn, a->d);
}

static void add_attention(const aligned *a, nd_params *p, const char *prefix, aligned_attention *at)
{
    char name[80];
    at->norm = add_norm(p, join(name, prefix, "norm"), a->d);
    at->q = add_linear(p, join(name, prefix, "query"), a->d, a->d);
    at->k = add_linear(p, join(name, prefix, "key"), a->d, a->d);
    at->v = add_linear(p, join(name, prefix, "value"), a->d, a->d);
    at->out = add_linear(p, join(name, prefix, "out"), a->d, a->d);
    at->place = nd_params_add(p, join(name, prefix, "place"), ND_INIT_FAN_IN, 0, 2,
                              (const int64_t[]){2 * a->max_clips - 1, a->d});
    at->place_bias = nd_params_add(p, join(name, prefix, "place_bias"), ND_INIT_FAN_IN, 0, 2,
                                   (const int64_t[]){a->heads, a->d / a->heads});
}

static void add_side(aligned *a, nd_params *p, int side)
{
    aligned_side *s = &a->side[side];
    const char *prefix = media[side];
    char name[80];
    if (a->is_normed)
        s->clip_values = nd__norm_add(p, prefix, "clip_values", a->D[side], false, NORM_MOMENTUM);
    s->clip_norm = add_norm(p, join(name, prefix, "clip_norm"), a->D[side]);
    s->clip = add_linear(p, join(name, prefix, "clip"), a->D[side], a->d);
    if (a->has_pulse) {
        s->pulse = add_linear(p, join(name, prefix, "pulse"), ALIGNED_BASIS, a->d);
        s->pulse_norm = add_norm(p, join(name, prefix, "pulse_norm"), a->d);
        s->pulse_out = add_linear(p, join(name, prefix, "pulse_out"), a->d, a->d);
    }
    add_ffn(a, p, join(name, prefix, "stem"), &s->stem);
    for (int i = 0; i < (int)a->layers; i++) {
        char layer[24];
        snprintf(layer, sizeof layer, "%s.%d", prefix, i);
        add_attention(a, p, join(name, layer, "attention"), &s->attention[i]);
        add_ffn(a, p, join(name, layer, "ffn"), &s->ffn[i]);
    }
    s->row_norm = add_norm(p, join(name, prefix, "row_norm"), a->d);
    s->row = add_linear(p, join(name, prefix, "row"), a->d, a->W);
    s->whole_norm = add_norm(p, join(name, prefix, "whole_norm"), a->d);
    s->whole = add_linear(p, join(name, prefix, "whole"), a->d, a->U);
    s->again = add_linear(p, join(name, prefix, "again"), a->U, a->D[side]);
}

static void add_scorer(aligned *a, nd_params *p)
{
    static const char *const names[] = {"pair.music", "pair.video"};
    char name[80];
    for (int i = 0; i < 2; i++) {
        add_attention(a, p, join(name, names[i], "attention"), &a->cross[i]);
        add_ffn(a, p, join(name, names[i], "ffn"), &a->cross_ffn[i]);
    }
    a->meet = add_linear(p, "pair.meet", 2 * a->d, a->d);
    a->judge[0] = add_linear(p, "pair.judge", a->d + ALIGNED_FACTS, a->d);
    a->judge[1] = add_layer(p, "pair.verdict", ND_INIT_ZEROS, a->d, 1);
}

static void add_parameters(aligned *a, nd_params *p)
{
    static const char *const scales[] = {"scale.rows", "scale.whole", "scale.text"};
    add_side(a, p, ALIGNED_MUSIC);
    add_side(a, p, ALIGNED_VIDEO);
    for (int i = 0; i < 3; i++)
        a->scale[i] = nd_params_add(p, scales[i], ND_INIT_ZEROS, 0, 1, (const int64_t[]){1});
    if (a->E) {
        a->text[0] = add_linear(p, "text.up", a->E, a->d);
        a->text[1] = add_linear(p, "text.down", a->d, a->U);
    }
    add_scorer(a, p);
}

/* ---- configuration ------------------------------------------------------------- */

static int aligned_declare(void *state, nd_params *params, const json_t *config, nd_diag *diag)
{
    static const char *const norms[] = {"none", "batch", NULL};
    aligned *a = state;
    nd_config f = {config, "match", diag, 0};
    int setting = nd_config_choice(&f, "setting", settings);
    a->is_mean = setting > SE;
    a->has_pulse = setting == SE_R;
    a->is_normed = nd_config_choice(&f, "clip_norm", norms) == 1;
    int64_t widest = a->is_normed ? ND_LAYER_MAX_WIDTH : 1 << 16;
    a->D[ALIGNED_MUSIC] = nd_config_int(&f, "music_dim", 1, widest, 128);
    a->D[ALIGNED_VIDEO] = nd_config_int(&f, "video_dim", 1, widest, 128);
    a->E = nd_config_int(&f, "text_dim", 0, 1 << 16, 0);
    a->d = nd_config_int(&f, "dim", 1, 4096, 128);
    a->heads = nd_config_int(&f, "heads", 1, 4096, 4);
    a->ffn = nd_config_int(&f, "ffn", 1, 1 << 16, 256);
    a->layers = nd_config_int(&f, "layers", 0, ALIGNED_MAX_LAYERS, 1);
    a->W = nd_config_int(&f, "rows", 1, 4096, 32);
    a->U = nd_config_int(&f, "whole", 1, 4096, 64);
    a->max_clips = nd_config_int(&f, "max_clips", 1, 4096, 64);
    a->dropout = nd_config_real(&f, "dropout", 0, 0.9, 0.1);
    a->pulse_dropout = nd_config_real(&f, "pulse_dropout", 0, 1, 0.2);
    a->temperature = nd_config_real(&f, "temperature", 0, 10, 0.05);
    if (f.rc) return f.rc;
    if (a->d % a->heads)
        return nd_diag_set(diag, ND_EFORMAT,
                           "configuring match: heads that divide dim %lld expected, found %lld",
                           (long long)a->d, (long long)a->heads);
    add_parameters(a, params);
    return 0;
}

static nd_matcher_size aligned_size(const void *state)
{
    const aligned *a = state;
    return (nd_matcher_size){.D_music = a->D[ALIGNED_MUSIC],
                             .D_video = a->D[ALIGNED_VIDEO],
                             .W = a->W,
                             .U = a->U,
                             .E = a->E,
                             .max_clips = (int)a->max_clips,
                             .has_pair = true};
}

static int aligned_rows(const void *state, int C)
{
    return ((const aligned *)state)->is_mean ? 1 : C;
}

static json_t *aligned_preset(const char *name, const char *setting, int D_music, int D_video,
                              int E)
{
    bool is_known = false;
    for (int i = 0; settings[i]; i++) is_known |= !strcmp(setting, settings[i]);
    if (strcmp(name, "recommended") || !is_known) return NULL;
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i}", "model", "ut_cmvmr", "structure",
                     "aligned", "setting", setting, "clip_norm", "batch", "music_dim", D_music,
                     "video_dim", D_video, "text_dim", E);
}

/* ---- the ops ------------------------------------------------------------------- */

static int aligned_embed(const void *state, nd_tape *t, nd_params *params, int shard,
                         const nd_item *items, int n, nd_joint *out)
{
    aligned_pass p = {state, t, params, shard};
    aligned_items packed;
    if (nd__aligned_items(&p, items, n, &packed)) return -1;
    return nd__aligned_embed(&p, &packed, out);
}

static void aligned_release(void *state)
{
    (void)state; /* it owns nothing */
}

static const struct nd_matcher_loss losses[] = {
    {"av", 1},      {"global", 0.5f},  {"pair", 0.5f},   {"pulse", 1}, {"vtag", 0.3f},
    {"atag", 0.3f}, {"regular", 0.1f}, {"again", 0.05f}, {NULL, 0},
};

const nd_matcher_ops nd__ut_aligned = {
    .name = "ut_cmvmr",
    .summary = "a row a clip, compared at every offset; then pairs looked at together",
    .paper = "after Mao et al. 2024; late interaction after Khattab, Zaharia 2020",
    .state_bytes = sizeof(aligned),
    .losses = losses,
    .declare = aligned_declare,
    .size = aligned_size,
    .rows = aligned_rows,
    .embed = aligned_embed,
    .pair = nd__aligned_pair,
    .text = nd__aligned_text,
    .learn = nd__aligned_learn,
    .release = aligned_release,
    .preset = aligned_preset,
};
