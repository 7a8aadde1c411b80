/* CBVMR, known as VM-NET (docs/models.md "CBVMR"): two branches of fully connected layers on
 * statistics of whole items, one vector an item. A video's are of its clips' embeddings, a track's
 * the 1,140 numbers of the feature `statistics`. */
#include <string.h>

#include "compute/losses.h"
#include "embed/config.h"
#include "embed/item_input.h"

enum { MUSIC, VIDEO, SIDES };
enum { MAX_LAYERS = 3, MAX_CLIPS = 1024, MAX_HARDEST = 100 };

static const char *const settings[] = {"ae", "se+r", NULL};
enum { AE, SE_R };

typedef struct branch {
    nd_item_input input;
    int n_layers, layers[MAX_LAYERS];
    nd_norm_layer norm; /* of what the last layer gives */
} branch;

typedef struct cbvmr {
    int64_t W;
    float dropout, momentum, margin;
    int hardest; /* 0: min(100, N / 4) */
    branch sides[SIDES];
} cbvmr;

/* ---- configuration ------------------------------------------------------------- */

static int64_t width(nd_config *c, const char *key, int64_t missing)
{
    return nd_config_int(c, key, 1, ND_LAYER_MAX_WIDTH, missing);
}

/* @param widths  [n] of what the layers give */
static void add_branch(cbvmr *s, nd_params *p, int side, const int64_t *widths, int n)
{
    static const char *const names[SIDES] = {"music", "video"};
    branch *b = &s->sides[side];
    nd__input_add(&b->input, p, names[side], s->momentum);
    int64_t in = nd__input_width(&b->input);
    for (b->n_layers = 0; b->n_layers < n; b->n_layers++) {
        char name[16];
        snprintf(name, sizeof name, "fc%d", b->n_layers + 1);
        int64_t out = widths[b->n_layers];
        b->layers[b->n_layers] = nd__linear_add(p, names[side], name, ND_INIT_KAIMING, in, out);
        in = out;
    }
    b->norm = nd__norm_add(p, names[side], "norm", in, true, s->momentum);
}

static void read_inputs(cbvmr *s, nd_config *c)
{
    bool is_sequence = nd_config_choice(c, "setting", settings) == SE_R;
    nd_item_input *music = &s->sides[MUSIC].input, *video = &s->sides[VIDEO].input;
    music->view = is_sequence ? ND_CLIPS_SEQUENCE : ND_CLIPS_NONE;
    video->view = is_sequence ? ND_CLIPS_SEQUENCE : ND_CLIPS_SPREAD;
    music->D = width(c, "music_dim", 128);
    video->D = nd_config_int(c, "video_dim", 1, nd__input_max_width(video->view), 128);
    music->S = width(c, "statistics_dim", 1140);
}

static int declare(void *state, nd_params *params, const json_t *config, nd_diag *diag)
{
    cbvmr *s = state;
    nd_config c = {.object = config, .part = "match", .diag = diag};
    read_inputs(s, &c);
    s->W = width(&c, "rows", 512);
    const int64_t music[] = {width(&c, "music_hidden", 2048), width(&c, "music_hidden_2", 1024),
                             s->W};
    const int64_t video[] = {width(&c, "video_hidden", 2048), s->W};
    s->dropout = (float)(1 - nd_config_real(&c, "keep_prob", 0.001, 1, 0.9));
    s->momentum = (float)nd_config_real(&c, "momentum", 0, 1, 0.01);
    s->margin = (float)nd_config_real(&c, "margin", 0, 10, 0.1);
    s->hardest = (int)nd_config_int(&c, "inter_topk", 0, 1 << 20, MAX_HARDEST);
    if (c.rc) return c.rc;
    add_branch(s, params, MUSIC, music, ND_COUNT(music));
    add_branch(s, params, VIDEO, video, ND_COUNT(video));
    return 0;
}

static void release(void *state)
{
    (void)state; /* it owns nothing */
}

static json_t *preset(const char *name, const char *setting, int D_music, int D_video, int E)
{
    bool is_paper = !strcmp(name, "paper"), is_small = !is_paper;
    (void)E;
    if (!is_paper && strcmp(name, "paper-s") && strcmp(name, "recommended")) return NULL;
    if (strcmp(setting, settings[AE]) && strcmp(setting, settings[SE_R])) return NULL;
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:i}", "model", "cbvmr",
                     "setting", setting, "music_dim", D_music, "video_dim", D_video, "music_hidden",
                     is_small ? 256 : 2048, "music_hidden_2", is_small ? 256 : 1024, "video_hidden",
                     is_small ? 256 : 2048, "rows", is_small ? 128 : 512, "momentum", 0.1,
                     "inter_topk", 0);
}

static nd_matcher_size size_of(const void *state)
{
    const cbvmr *s = state;
    return (nd_matcher_size){.D_music = s->sides[MUSIC].input.D,
                             .D_video = s->sides[VIDEO].input.D,
                             .W = s->W,
                             .max_clips = MAX_CLIPS};
}

static int rows_of(const void *state, int C)
{
    (void)state, (void)C;
    return 1;
}

/* ---- forward ------------------------------------------------------------------- */

/* Items of one medium, as they come in and as they come out. */
typedef struct place {
    nd_tensor *low; /* [N, F] */
    nd_tensor *row; /* [N, W], unit length */
} place;

static int run_branch(const cbvmr *s, const nd_layer_run *r, const nd_item *items, int n,
                      place *out)
{
    const branch *b = &s->sides[items[0].medium == ND_MUSIC ? MUSIC : VIDEO];
    nd_tensor *x = out->low = nd__input_run(&b->input, r, items, n);
    for (int i = 0; i < b->n_layers; i++) {
        bool is_last = i == b->n_layers - 1;
        nd_linear_params hidden = {.act = ND_ACT_RELU, .dropout = s->dropout};
        x = nd__linear_run(r, x, b->layers[i], is_last ? NULL : &hidden);
    }
    out->row = nd_l2_normalize(r->t, nd__norm_run(r, x, &b->norm));
    return out->row ? 0 : -1;
}

static int embed(const void *state, nd_tape *t, nd_params *params, int shard, const nd_item *items,
                 int n, nd_joint *out)
{
    const cbvmr *s = state;
    nd_layer_run r = {t, params, shard};
    place at;
    if (run_branch(s, &r, items, n, &at)) return -1;
    *out = (nd_joint){.rows = nd_reshape(t, at.row, 3, (const int64_t[]){n, 1, s->W})};
    return out->rows ? 0 : -1;
}

/* ---- losses -------------------------------------------------------------------- */

enum { INTER_MV, INTER_VM, STRUCTURE_M, STRUCTURE_V, N_LOSSES };

static const struct nd_matcher_loss losses[] = {
    {"inter_mv", 3}, {"inter_vm", 1}, {"structure_m", 0.2f}, {"structure_v", 0.2f}, {NULL, 0}};

/* Each item against the hardest of the other medium, those of its own track left out. */
static nd_tensor *inter(const cbvmr *s, nd_tape *t, nd_tensor *sims, const nd_pairs *pairs,
                        bool is_of_music)
{
    int quarter = ND_MIN(MAX_HARDEST, ND_MAX(1, pairs->n / 4));
    return nd_loss_ranking_sims(t, sims,
                                &(nd_ranking_params){.margin = s->margin,
                                                     .top_k = s->hardest ? s->hardest : quarter,
                                                     .same = pairs->track_ids,
                                                     .rows = is_of_music,
                                                     .columns = !is_of_music});
}

static int learn(const void *state, nd_tape *t, nd_params *params, int shard, const nd_pairs *pairs,
                 const float *weights, nd_tensor **losses_out)
{
    const cbvmr *s = state;
    nd_layer_run r = {t, params, shard};
    place music, video;
    for (int i = 0; i < N_LOSSES; i++) losses_out[i] = NULL;
    if (run_branch(s, &r, pairs->tracks, pairs->n, &music) ||
        run_branch(s, &r, pairs->videos, pairs->n, &video))
        return -1;
    nd_tensor *sims = nd_cosines(t, music.row, video.row);
    for (int i = 0; i < N_LOSSES; i++) {
        const place *own = i == STRUCTURE_M ? &music : &video;
        if (!(weights[i] > 0)) continue;
        losses_out[i] = i < STRUCTURE_M ? inter(s, t, sims, pairs, i == INTER_MV)
                                        : nd_loss_structure(t, own->row, own->low, 0);
    }
    return nd_tape_status(t) ? -1 : 0;
}

extern const nd_matcher_ops nd_matcher_cbvmr;
const nd_matcher_ops nd_matcher_cbvmr = {
    .name = "cbvmr",
    .summary = "statistics of whole items through two networks; settings ae and se+r",
    .paper = "Hong, Im, Yang 2018, CBVMR: Content-Based Video-Music Retrieval Using Soft "
             "Intra-Modal Structure Constraint",
    .features = "statistics",
    .state_bytes = sizeof(cbvmr),
    .losses = losses,
    .declare = declare,
    .size = size_of,
    .rows = rows_of,
    .embed = embed,
    .learn = learn,
    .release = release,
    .preset = preset,
};
