/* CMVAE (docs/models.md "CMVAE"): a latent vector an item, drawn from a Gaussian that an encoder
 * gives; a video's is the product of what its picture and its text say. Each side generates the
 * other: music from the video's latent, picture and text from the music's. */
#include <math.h>
#include <string.h>

#include "compute/losses.h"
#include "embed/config.h"
#include "embed/item_input.h"

enum { MUSIC, PICTURE, TEXT, EXPERTS };
enum { MAX_CLIPS = 1024, MAX_HARDEST = 40 };

static const char *const names[EXPERTS] = {"music", "picture", "text"};
static const char *const settings[] = {"ae", "se+r", NULL};
enum { AE, SE_R };

/* Where log variances begin, and how far they go: at 0 a sample of many dimensions is nearly all
 * noise. */
static const float LOG_VAR_START = -4, LOG_VAR_LEAST = -8, LOG_VAR_MOST = 4;

/* What is known of one side: in, to a Gaussian; and out, from a latent vector. */
typedef struct expert {
    int hidden, mean, log_var;
    nd_norm_layer latent;
    int decoder;
} expert;

typedef struct cmvae {
    int64_t L, E; /* widths of the latent vector, of a text */
    float dropout, momentum, margin, warm_up;
    int hardest;                /* 0: min(40, N / 4) */
    nd_item_input inputs[TEXT]; /* of music, of picture */
    expert experts[EXPERTS];
} cmvae;

/* ---- configuration ------------------------------------------------------------- */

static int64_t width(nd_config *c, const char *key, int64_t missing)
{
    return nd_config_int(c, key, 1, ND_LAYER_MAX_WIDTH, missing);
}

static void add_expert(cmvae *s, nd_params *p, int which, int64_t in, int64_t hidden)
{
    expert *e = &s->experts[which];
    const char *name = names[which];
    e->hidden = nd__linear_add(p, name, "hidden", ND_INIT_FAN_IN, in, hidden);
    e->mean = nd__linear_add(p, name, "mean", ND_INIT_FAN_IN, hidden, s->L);
    e->log_var = nd__linear_add(p, name, "log_var", ND_INIT_FAN_IN, hidden, s->L);
    e->latent = nd__norm_add(p, name, "latent", s->L, false, s->momentum);
    e->decoder = nd__linear_add(p, name, "decoder", ND_INIT_FAN_IN, s->L, in);
}

static int declare(void *state, nd_params *params, const json_t *config, nd_diag *diag)
{
    cmvae *s = state;
    nd_config c = {.object = config, .part = "match", .diag = diag};
    bool is_sequence = nd_config_choice(&c, "setting", settings) == SE_R;
    const int64_t D[TEXT] = {width(&c, "music_dim", 128), width(&c, "video_dim", 128)};
    int64_t hidden = width(&c, "hidden", 512);
    s->L = width(&c, "latent", 128);
    s->E = nd_config_int(&c, "text_dim", 0, 1 << 16, 0);
    s->dropout = (float)nd_config_real(&c, "dropout", 0, 0.9, 0.2);
    s->momentum = (float)nd_config_real(&c, "momentum", 0, 1, 0.1);
    s->margin = (float)nd_config_real(&c, "margin", 0, 2, 0.05);
    s->warm_up = (float)nd_config_real(&c, "warm_up", 0, 1, 0.5);
    s->hardest = (int)nd_config_int(&c, "inter_topk", 0, 1 << 20, 0);
    if (c.rc) return c.rc;
    for (int side = 0; side < TEXT; side++) {
        s->inputs[side] = (nd_item_input){.view = is_sequence ? ND_CLIPS_SEQUENCE : ND_CLIPS_MEAN,
                                          .D = D[side]};
        nd__input_add(&s->inputs[side], params, names[side], s->momentum);
        add_expert(s, params, side, nd__input_width(&s->inputs[side]), hidden);
    }
    if (s->E) add_expert(s, params, TEXT, s->E, hidden);
    return 0;
}

static void release(void *state)
{
    (void)state; /* it owns nothing */
}

static json_t *preset(const char *name, const char *setting, int D_music, int D_video, int E)
{
    bool is_paper = !strcmp(name, "paper");
    if (!is_paper && strcmp(name, "paper-s") && strcmp(name, "recommended")) return NULL;
    if (strcmp(setting, settings[AE]) && strcmp(setting, settings[SE_R])) return NULL;
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i}", "model", "cmvae", "setting", setting,
                     "music_dim", D_music, "video_dim", D_video, "text_dim", E, "hidden",
                     is_paper ? 512 : 256, "latent", is_paper ? 128 : 64);
}

static nd_matcher_size size_of(const void *state)
{
    const cmvae *s = state;
    return (nd_matcher_size){.D_music = s->inputs[MUSIC].D,
                             .D_video = s->inputs[PICTURE].D,
                             .W = s->L,
                             .U = s->E ? s->L : 0,
                             .E = s->E,
                             .max_clips = MAX_CLIPS};
}

static int rows_of(const void *state, int C)
{
    (void)state, (void)C;
    return 1;
}

/* ---- encoders ------------------------------------------------------------------ */

/* [n, E] texts at deviation 1, whatever their length; one that is not there stays zeros. */
static nd_tensor *read_texts(const cmvae *s, nd_tape *t, const float *texts, int n)
{
    nd_tensor *x = nd_tape_input(t, 2, (const int64_t[]){n, s->E});
    if (x) memcpy(x->data, texts, (size_t)(n * s->E) * sizeof *texts);
    return nd_scale(t, nd_l2_normalize(t, x), sqrtf((float)s->E));
}

/* @return [n, 2 L]: means and log variances */
static nd_tensor *encode(const cmvae *s, const nd_layer_run *r, int which, nd_tensor *x)
{
    const expert *e = &s->experts[which];
    nd_tensor *start = nd_tape_input(r->t, 1, &s->L);
    for (int64_t i = 0; start && i < s->L; i++) start->data[i] = LOG_VAR_START;
    nd_tensor *h = nd__linear_run(r, nd_dropout(r->t, x, s->dropout), e->hidden,
                                  &(nd_linear_params){.act = ND_ACT_RELU});
    nd_tensor *log_var = nd_add(r->t, nd__linear_run(r, h, e->log_var, NULL), start);
    nd_tensor *both[] = {nd__linear_run(r, h, e->mean, NULL),
                         nd_clamp(r->t, log_var, LOG_VAR_LEAST, LOG_VAR_MOST)};
    return nd_concat(r->t, both, 2);
}

/* Of one expert alone: the music's own mean, or that of the expert and the prior. @return [n, L] of
 * unit length */
static nd_tensor *mean_alone(const cmvae *s, const nd_layer_run *r, int which, nd_tensor *x)
{
    nd_tensor *g = encode(s, r, which, x);
    if (which != MUSIC) g = nd_gauss_product(r->t, &g, NULL, 1);
    return nd_l2_normalize(r->t, nd_slice(r->t, g, 0, s->L));
}

static int embed(const void *state, nd_tape *t, nd_params *params, int shard, const nd_item *items,
                 int n, nd_joint *out)
{
    const cmvae *s = state;
    nd_layer_run r = {t, params, shard};
    int side = items[0].medium == ND_MUSIC ? MUSIC : PICTURE;
    nd_tensor *x = mean_alone(s, &r, side, nd__input_run(&s->inputs[side], &r, items, n));
    *out = (nd_joint){.rows = nd_reshape(t, x, 3, (const int64_t[]){n, 1, s->L}),
                      .whole = s->E ? x : NULL};
    return out->rows ? 0 : -1;
}

static nd_tensor *text(const void *state, nd_tape *t, nd_params *params, int shard,
                       const float *texts, int n)
{
    const cmvae *s = state;
    nd_layer_run r = {t, params, shard};
    return mean_alone(s, &r, TEXT, read_texts(s, t, texts, n));
}

/* ---- a batch ------------------------------------------------------------------- */

enum { GEN_M, GEN_V, GEN_T, KL, RANK, N_LOSSES };

static const struct nd_matcher_loss losses[] = {{"gen_m", 1}, {"gen_v", 1}, {"gen_t", 1},
                                                {"kl", 1},    {"rank", 5},  {NULL, 0}};

typedef struct batch {
    const cmvae *s;
    const nd_layer_run *r;
    const nd_pairs *pairs;
    nd_tensor *x[EXPERTS];        /* [n, F] what goes in; of TEXT NULL where there are none */
    int32_t *tagged, n_tagged;    /* pairs with a text */
    float *masks[EXPERTS];        /* [n] whether the expert of picture, of text is heard */
    nd_tensor *music, *video;     /* [n, 2 L] */
    nd_tensor *z_music, *z_video; /* [n, L] */
} batch;

static bool has_text(const batch *b, int i)
{
    const float *text = b->pairs->texts + i * b->s->E;
    for (int64_t k = 0; k < b->s->E; k++)
        if (text[k] != 0) return true;
    return false;
}

/* Who is heard of picture and text: one, the other or both, so that each can also stand alone. */
static void draw_experts(batch *b, nd_rng *rng)
{
    for (int i = 0; i < b->pairs->n; i++) {
        int drawn = nd_rng_int(rng, 0, 2);
        bool is_tagged = b->x[TEXT] && has_text(b, i);
        b->masks[TEXT][i] = is_tagged && drawn != 0;
        b->masks[PICTURE][i] = !is_tagged || drawn != 1;
        if (is_tagged) b->tagged[b->n_tagged++] = i;
    }
}

static nd_tensor *draw_latents(const batch *b, nd_tensor *gaussians, nd_rng *rng)
{
    int64_t n = b->pairs->n * b->s->L;
    float *noise = nd_tape_floats(b->r->t, n);
    for (int64_t i = 0; noise && i < n; i++) noise[i] = (float)nd_rng_normal(rng);
    return noise ? nd_gauss_sample(b->r->t, gaussians, noise) : NULL;
}

static int read_batch(batch *b)
{
    const cmvae *s = b->s;
    nd_tape *t = b->r->t;
    int n = b->pairs->n;
    b->x[MUSIC] = nd__input_run(&s->inputs[MUSIC], b->r, b->pairs->tracks, n);
    b->x[PICTURE] = nd__input_run(&s->inputs[PICTURE], b->r, b->pairs->videos, n);
    if (s->E && b->pairs->texts) b->x[TEXT] = read_texts(s, t, b->pairs->texts, n);
    b->tagged = nd_tape_bytes(t, (size_t)n * sizeof *b->tagged);
    b->masks[PICTURE] = nd_tape_floats(t, n);
    b->masks[TEXT] = nd_tape_floats(t, n);
    return nd_tape_status(t) ? -1 : 0;
}

static int encode_batch(batch *b)
{
    nd_rng rng;
    nd_tensor *said[] = {NULL, NULL};
    int n = b->x[TEXT] ? 2 : 1;
    nd_rng_init(&rng, b->pairs->key, 0);
    draw_experts(b, &rng);
    b->music = encode(b->s, b->r, MUSIC, b->x[MUSIC]);
    for (int i = 0; i < n; i++) said[i] = encode(b->s, b->r, PICTURE + i, b->x[PICTURE + i]);
    b->video = nd_gauss_product(b->r->t, said, (const float *const *)b->masks + PICTURE, n);
    b->z_music = draw_latents(b, b->music, &rng);
    b->z_video = draw_latents(b, b->video, &rng);
    return b->z_music && b->z_video ? 0 : -1;
}

/* ---- losses -------------------------------------------------------------------- */

/* Mean squared error of a side's numbers, generated from the other side's latent vector. */
static nd_tensor *generate(const batch *b, int which, nd_tensor *z)
{
    const expert *e = &b->s->experts[which];
    nd_tape *t = b->r->t;
    nd_tensor *x = nd_dropout(t, nd__norm_run(b->r, z, &e->latent), b->s->dropout);
    nd_tensor *made = nd__linear_run(b->r, x, e->decoder, NULL), *real = b->x[which];
    if (which == TEXT) {
        made = nd_embedding_rows(t, made, b->tagged, b->n_tagged);
        real = nd_embedding_rows(t, real, b->tagged, b->n_tagged);
    }
    return nd_loss_mse(t, made, real);
}

static nd_tensor *kl_of(const batch *b, nd_tensor *gaussians)
{
    nd_tape *t = b->r->t;
    int64_t L = b->s->L;
    return nd_loss_kl_normal(t, nd_slice(t, gaussians, 0, L), nd_slice(t, gaussians, L, L));
}

/* Beside a mean squared error a value, so 2 / F of the divergence: together they are the bound on
 * the likelihood of the F generated values. */
static nd_tensor *kl(const batch *b)
{
    float progress = (float)b->pairs->progress, warm_up = b->s->warm_up;
    float share = warm_up > 0 ? ND_MIN(1, progress / warm_up) : 1;
    float of_video = 2 * share / (float)nd_tensor_width(b->x[MUSIC]);
    float of_music = 2 * share / (float)nd_tensor_width(b->x[PICTURE]);
    nd_tensor *both[] = {kl_of(b, b->video), kl_of(b, b->music)};
    return nd_loss_sum(b->r->t, (const float[]){of_video, of_music}, both, 2);
}

static nd_tensor *rank(const batch *b)
{
    int quarter = ND_MIN(MAX_HARDEST, ND_MAX(1, b->pairs->n / 4));
    return nd_loss_ranking(b->r->t, b->z_video, b->z_music,
                           &(nd_ranking_params){.margin = b->s->margin,
                                                .top_k = b->s->hardest ? b->s->hardest : quarter,
                                                .same = b->pairs->track_ids});
}

static nd_tensor *loss_of(const batch *b, int which)
{
    switch (which) {
    case GEN_M: return generate(b, MUSIC, b->z_video);
    case GEN_V: return generate(b, PICTURE, b->z_music);
    case GEN_T:
        return b->n_tagged ? generate(b, TEXT, b->z_music) : nd_loss_make(b->r->t, 0, NULL, 0);
    case KL: return kl(b);
    default: return rank(b);
    }
}

static int learn(const void *state, nd_tape *t, nd_params *params, int shard, const nd_pairs *pairs,
                 const float *weights, nd_tensor **losses_out)
{
    nd_layer_run r = {t, params, shard};
    batch b = {.s = state, .r = &r, .pairs = pairs};
    for (int i = 0; i < N_LOSSES; i++) losses_out[i] = NULL;
    if (read_batch(&b) || encode_batch(&b)) return -1;
    for (int i = 0; i < N_LOSSES; i++)
        if (weights[i] > 0) losses_out[i] = loss_of(&b, i);
    return nd_tape_status(t) ? -1 : 0;
}

extern const nd_matcher_ops nd_matcher_cmvae;
const nd_matcher_ops nd_matcher_cmvae = {
    .name = "cmvae",
    .summary = "latent Gaussians, picture and text by product of experts; settings ae and se+r",
    .paper = "Yi, Zhu, Xie, Chen 2021, Cross-modal Variational Auto-encoder for Content-based "
             "Micro-video Background Music Recommendation",
    .state_bytes = sizeof(cmvae),
    .losses = losses,
    .declare = declare,
    .size = size_of,
    .rows = rows_of,
    .embed = embed,
    .text = text,
    .learn = learn,
    .release = release,
    .preset = preset,
};
