/* Configurations of the Conformer: the published keys, ours, and sizes by name. */
#include <string.h>

#include "embed/config.h"
#include "embed/extractors/conformer/conformer.h"

/* ---- reading ------------------------------------------------------------------- */

/* The rates are those that Dropout takes: [0, 1). */
static const double RATE_LIMIT = 0.999;

enum { MAX_WIDTH = 4000 };

/* Which of two a text is: the first is the published one. */
static bool is_second(nd_config *f, const char *key, const char *first, const char *second)
{
    return nd_config_choice(f, key, (const char *const[]){first, second, NULL}) == 1;
}

static void read_sizes(nd_conformer *c, nd_config *f)
{
    c->F = nd_config_int(f, "input_dim", 7, 1 << 20, 80);
    c->D = nd_config_int(f, "encoder_dim", 1, MAX_WIDTH, 512);
    c->L = nd_config_int(f, "num_encoder_layers", 1, ND_CONFORMER_LAYERS, 6);
    c->H = nd_config_int(f, "num_attention_heads", 1, MAX_WIDTH, 8);
    c->K = nd_config_int(f, "num_classes", 0, 1 << 24, 0);
    c->expansion = nd_config_int(f, "feedforward_expansion_factor", 1, 64, 4);
    c->kernel = nd_config_int(f, "conv_kernel_size", 1, 255, 31);
    nd_config_int(f, "conv_expansion_factor", 2, 2, 2);
    c->token_pool = nd_config_int(f, "token_pool", 1, 64, 1);
    bool has_output = json_object_get(f->object, "output_dim") != NULL;
    c->output_dim = has_output ? nd_config_int(f, "output_dim", 1, MAX_WIDTH, 0) : 0;
}

static void read_rates(nd_conformer *c, nd_config *f)
{
    c->input_dropout = nd_config_real(f, "input_dropout", 0, RATE_LIMIT, 0.1);
    c->ffn_dropout = nd_config_real(f, "feedforward_dropout", 0, RATE_LIMIT, 0.1);
    c->attention_dropout = nd_config_real(f, "attention_dropout", 0, RATE_LIMIT, 0.1);
    c->conv_dropout = nd_config_real(f, "conv_dropout", 0, RATE_LIMIT, 0.1);
    c->classifier_scale = nd_config_real(f, "classifier_scale", 0.01, 1000, 16);
}

static void read_kinds(nd_conformer *c, nd_config *f)
{
    static const char *const norms[] = {"none", "clip", "unit", NULL};
    c->full_positions = is_second(f, "positions", "shifted", "full");
    c->head_scale = is_second(f, "attention_scale", "width", "head");
    c->has_stem_norm = is_second(f, "stem_norm", "none", "layer");
    c->pictures = is_second(f, "stem", "spectrogram", "frames");
    c->input_norm = nd_config_choice(f, "input_norm", norms);
    c->layer_norm = is_second(f, "conv_norm", "batch", "layer");
    c->cosine = is_second(f, "classifier", "linear", "cosine");
    is_second(f, "layout", "rows", "time"); /* nd_network_feature reads it */
}

static void read_channels(nd_conformer *c, nd_config *f)
{
    const json_t *pair = json_object_get(f->object, "stem_channels");
    for (size_t i = 0; i < 2; i++) {
        const json_t *value = json_array_get(pair, i);
        c->channels[i] = pair ? json_integer_value(value) : c->D;
        bool is_one = !pair || (json_array_size(pair) == 2 && json_is_integer(value) &&
                                c->channels[i] >= 1 && c->channels[i] <= MAX_WIDTH);
        if (is_one || f->rc) continue;
        char *found = json_dumps(pair, JSON_ENCODE_ANY | JSON_COMPACT);
        f->rc = nd_diag_set(f->diag, ND_EFORMAT,
                            "configuring %s: stem_channels: two whole numbers in 1..%d expected, "
                            "found %.60s",
                            f->part, MAX_WIDTH, found ? found : "another thing");
        free(found);
    }
}

/* What no key says alone. */
static int check(const nd_conformer *c, const char *part, nd_diag *diag)
{
    if (c->D % c->H)
        return nd_diag_set(diag, ND_EFORMAT,
                           "configuring %s: num_attention_heads that divide encoder_dim %lld "
                           "expected, found %lld",
                           part, (long long)c->D, (long long)c->H);
    if (c->kernel % 2 == 0)
        return nd_diag_set(diag, ND_EFORMAT,
                           "configuring %s: conv_kernel_size: an odd number expected, found %lld",
                           part, (long long)c->kernel);
    if (c->pictures && c->F != ND_PICTURE_VALUES)
        return nd_diag_set(diag, ND_EFORMAT,
                           "configuring %s: input_dim: %d expected with the stem \"frames\" "
                           "(%d x %d pictures in colour), found %lld",
                           part, ND_PICTURE_VALUES, ND_PICTURE_SIDE, ND_PICTURE_SIDE,
                           (long long)c->F);
    return 0;
}

int nd__conformer_declare(void *state, nd_params *params, const json_t *config, const char *part,
                          nd_diag *diag)
{
    nd_conformer *c = state;
    nd_config f = {config, part, diag, 0};
    read_sizes(c, &f);
    read_rates(c, &f);
    read_kinds(c, &f);
    read_channels(c, &f);
    int rc = f.rc ? f.rc : check(c, part, diag);
    if (!rc) nd__conformer_add_parameters(c, params);
    return rc;
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

/* The keys of ours (models.md 5.2), of music or of frames in time. Brightness is part of a film's
 * mood, loudness is not of a track's. */
static json_t *recommended_json(int input, int n_classes)
{
    bool is_music = inputs[input].layout == NULL;
    json_t *c = size_json(64, 2, 4, input, n_classes);
    json_t *ours = json_pack("{s:s, s:[i,i], s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:i, s:s}", "stem",
                             is_music ? "spectrogram" : "frames", "stem_channels", 16, 32,
                             "input_norm", is_music ? "clip" : "unit", "stem_norm", "layer",
                             "token_pool", 4, "conv_kernel_size", is_music ? 15 : 7, "conv_norm",
                             "layer", "positions", "full", "attention_scale", "head", "output_dim",
                             128, "classifier", "cosine");
    if (!ours || json_object_update(c, ours)) {
        json_decref(c);
        c = NULL;
    }
    json_decref(ours);
    return c;
}

json_t *nd__conformer_preset(const char *name, const char *feature, int n_classes)
{
    static const struct {
        const char *name;
        int music[3], video[3]; /* D, L, H */
    } sizes[] = {{"paper", {512, 6, 8}, {256, 10, 16}},
                 {"small", {144, 4, 4}, {144, 4, 4}},
                 {"tiny", {64, 2, 2}, {64, 2, 2}}};
    int input = -1;
    for (int i = 0; i < (int)ND_COUNT(inputs); i++)
        if (!strcmp(inputs[i].feature, feature)) input = i;
    if (input < 0) return NULL;
    bool is_published = inputs[input].layout && !strcmp(inputs[input].layout, "rows");
    if (!strcmp(name, "recommended"))
        return is_published ? NULL : recommended_json(input, n_classes);
    for (size_t k = 0; k < ND_COUNT(sizes); k++)
        if (!strcmp(sizes[k].name, name)) {
            const int *size = input == 0 ? sizes[k].music : sizes[k].video;
            return size_json(size[0], size[1], size[2], input, n_classes);
        }
    return NULL;
}
