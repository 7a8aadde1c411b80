/* What the model learns from a batch of pairs (models.md 5.3). Temperatures are learned, within
 * bounds; that of the soft maximum over offsets falls to 0 as training goes on. */
#include <math.h>
#include <string.h>

#include "compute/losses.h"
#include "embed/models/ut_cmvmr/aligned.h"

enum { AV, GLOBAL, PAIR, PULSE, VTAG, ATAG, REGULAR, AGAIN, N_LOSSES };
enum { ROWS, WHOLES, TEXTS }; /* learned temperatures */
enum { N_HARD = 8, N_JUDGED = 64 };

/* A batch, embedded. */
typedef struct {
    const nd_pairs *pairs;
    aligned_sides s;
    nd_tensor *scores;  /* [n, n] */
    int32_t *offsets;   /* [n, n] */
    nd_tensor *texts;   /* [n, U]; NULL: not wanted */
    int32_t *text_tags; /* [n]: equal where texts mean the same; -1: none */
} batch;

static nd_tensor *infonce(const aligned_pass *p, nd_tensor *sims, int which, const int32_t *same)
{
    nd_tensor *first = nd_tape_input(p->t, 1, (const int64_t[]){1});
    if (!first) return NULL;
    first->data[0] = logf(1 / ALIGNED_TEMPERATURE);
    nd_infonce_params q = {.log_scale = nd_add(p->t, nd__aligned_get(p, p->a->scale[which]), first),
                           .coldest = 0.02f,
                           .hottest = 0.2f,
                           .same = same};
    return nd_loss_infonce(p->t, sims, &q);
}

/* Temperature of the soft maximum over offsets. */
static float alignment(const aligned_pass *p, const nd_pairs *pairs)
{
    return (float)(p->a->temperature * (1 - pairs->progress));
}

static int embed_batch(const aligned_pass *p, batch *b)
{
    const nd_pairs *pairs = b->pairs;
    aligned_sides *s = &b->s;
    size_t n = (size_t)pairs->n;
    if (nd__aligned_items(p, pairs->videos, pairs->n, &s->videos) ||
        nd__aligned_items(p, pairs->tracks, pairs->n, &s->tracks) ||
        nd__aligned_embed(p, &s->videos, &s->video) || nd__aligned_embed(p, &s->tracks, &s->track))
        return -1;
    b->offsets = nd_tape_bytes(p->t, n * n * sizeof *b->offsets);
    if (!b->offsets) return -1;
    nd_align_params q = {s->videos.rows, s->tracks.rows, alignment(p, pairs), b->offsets};
    b->scores = nd_aligned_scores(p->t, s->video.rows, s->track.rows, &q);
    return b->scores ? 0 : -1;
}

/* ---- the pair scorer ----------------------------------------------------------- */

typedef struct {
    int n, n_negatives;              /* videos, and tracks of each beside its own */
    int32_t *video, *track, *offset; /* [n, 1 + n_negatives] */
    int32_t *targets;                /* [n]: 0, the video's own; -1: too few negatives */
} candidates;

/* The hardest tracks of video i, hardest first. @return how many, n_wanted at most */
static int hardest(const batch *b, int i, int32_t *out, int n_wanted)
{
    const float *row = b->scores->data + (int64_t)i * b->pairs->n;
    int n = 0;
    for (int j = 0; j < b->pairs->n; j++) {
        int at = n;
        if (j == i || b->pairs->track_ids[j] == b->pairs->track_ids[i]) continue;
        while (at > 0 && row[out[at - 1]] < row[j]) at--;
        if (at == n_wanted) continue;
        n = ND_MIN(n + 1, n_wanted);
        memmove(out + at + 1, out + at, (size_t)(n - 1 - at) * sizeof *out);
        out[at] = j;
    }
    return n;
}

static int choose_candidates(const aligned_pass *p, const batch *b, candidates *c)
{
    int n = b->pairs->n, width;
    c->n = ND_MIN(n, N_JUDGED);
    c->n_negatives = ND_MIN(N_HARD, n - 1);
    width = 1 + c->n_negatives;
    size_t bytes = (size_t)(c->n * width) * sizeof(int32_t);
    c->video = nd_tape_bytes(p->t, bytes);
    c->track = nd_tape_bytes(p->t, bytes);
    c->offset = nd_tape_bytes(p->t, bytes);
    c->targets = nd_tape_bytes(p->t, (size_t)c->n * sizeof(int32_t));
    if (p->t->status) return -1;
    for (int i = 0; i < c->n; i++) {
        int32_t *own = c->track + i * width;
        for (int j = 0; j < width; j++) own[j] = j ? -1 : i;
        bool enough = hardest(b, i, own + 1, c->n_negatives) == c->n_negatives;
        c->targets[i] = enough ? 0 : -1;
        for (int j = 0; j < width; j++) {
            if (own[j] < 0) own[j] = i;
            c->video[i * width + j] = i;
            c->offset[i * width + j] = b->offsets[(int64_t)i * n + own[j]];
        }
    }
    return 0;
}

/* Cross-entropy among a video's candidates orders them; that of each alone makes a probability of
 * the logit. */
static nd_tensor *pair_loss(const aligned_pass *p, const batch *b)
{
    candidates c;
    if (choose_candidates(p, b, &c)) return NULL;
    int width = 1 + c.n_negatives, n = c.n * width;
    float *is_own = nd_tape_floats(p->t, n);
    nd_tensor *logits = nd__aligned_judge(p, &b->s, c.video, c.track, c.offset, n);
    if (!is_own || !logits) return NULL;
    for (int i = 0; i < n; i++) is_own[i] = c.track[i] == c.video[i];
    logits = nd_reshape(p->t, logits, 2, (const int64_t[]){c.n, width});
    nd_tensor *both[] = {nd_loss_cross_entropy(p->t, logits, c.targets, 0),
                         nd_loss_binary_cross_entropy(p->t, logits, is_own)};
    return nd_loss_sum(p->t, (const float[]){1, 1}, both, 2);
}

/* ---- the order of pulses -------------------------------------------------------- */

/* Pulses [C, 3] in an order drawn at random. @return whether it is another one */
static bool shuffle(float *out, const float *pulse, int C, nd_rng *rng)
{
    size_t row = 3 * sizeof *out;
    memcpy(out, pulse, (size_t)C * row);
    for (int i = C - 1; i > 0; i--) {
        float kept[3], *a = out + (ptrdiff_t)3 * i, *b = out + (ptrdiff_t)3 * nd_rng_int(rng, 0, i);
        memcpy(kept, a, row);
        memcpy(a, b, row);
        memcpy(b, kept, row);
    }
    return memcmp(out, pulse, (size_t)C * row) != 0;
}

/* The batch's tracks, the pulses of each among its own clips.
 * @param targets  [n]: 0, or -1 where nothing has changed */
static nd_item *shuffled_tracks(const aligned_pass *p, const nd_pairs *pairs, int32_t *targets)
{
    size_t n = (size_t)pairs->n;
    nd_item *out = nd_tape_bytes(p->t, n * sizeof *out);
    nd_rng rng;
    nd_rng_init(&rng, pairs->key, 0);
    for (int i = 0; out && i < pairs->n; i++) {
        const nd_item *track = &pairs->tracks[i];
        float *pulse = nd_tape_floats(p->t, 3 * (int64_t)track->C);
        if (!pulse) return NULL;
        bool is_other = track->pulse && shuffle(pulse, track->pulse, track->C, &rng);
        targets[i] = is_other ? 0 : -1;
        out[i] = *track;
        if (is_other) out[i].pulse = pulse;
    }
    return out;
}

/* [n, 1] of [n, n]. */
static nd_tensor *diagonal(const aligned_pass *p, nd_tensor *x)
{
    nd_tensor *one = x ? nd_tape_like(p->t, x) : NULL;
    if (!one) return NULL;
    int64_t n = nd_tensor_width(x);
    for (int64_t i = 0; i < n * n; i++) one->data[i] = i % (n + 1) == 0;
    return nd_row_dots(p->t, x, one);
}

/* A track shall fit its video better than it would with its own pulses in another order. Among the
 * tracks of a batch what the clips are about tells nearly all apart, and the order of pulses would
 * not be learned: without this, tracks of a family that differ in it alone are told apart by
 * chance. */
static nd_tensor *pulse_loss(const aligned_pass *p, const batch *b)
{
    const aligned_sides *s = &b->s;
    int n = b->pairs->n;
    aligned_items items = {0};
    nd_joint joint = {0};
    int32_t *targets = nd_tape_bytes(p->t, (size_t)n * sizeof *targets);
    nd_item *tracks = targets ? shuffled_tracks(p, b->pairs, targets) : NULL;
    if (!tracks || nd__aligned_items(p, tracks, n, &items) || nd__aligned_embed(p, &items, &joint))
        return NULL;
    nd_align_params q = {s->videos.rows, items.rows, alignment(p, b->pairs), NULL};
    nd_tensor *other = nd_aligned_scores(p->t, s->video.rows, joint.rows, &q);
    nd_tensor *both[] = {diagonal(p, b->scores), diagonal(p, other)};
    nd_tensor *logits = nd_scale(p->t, nd_concat(p->t, both, 2), 1 / ALIGNED_TEMPERATURE);
    return nd_loss_cross_entropy(p->t, logits, targets, 0);
}

/* ---- texts --------------------------------------------------------------------- */

nd_tensor *nd__aligned_text(const void *state, nd_tape *t, nd_params *params, int shard,
                            const float *texts, int n)
{
    aligned_pass p = {state, t, params, shard};
    const aligned *a = state;
    nd_tensor *x = nd_tape_input(t, 2, (const int64_t[]){n, a->E});
    if (!x) return NULL;
    memcpy(x->data, texts, (size_t)(n * a->E) * sizeof *texts);
    x = nd__aligned_linear(&p, x, a->text[0],
                           &(nd_linear_params){.act = ND_ACT_SWISH, .dropout = (float)a->dropout});
    return nd_l2_normalize(t, nd__aligned_linear(&p, x, a->text[1], NULL));
}

static bool is_zero(const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (x[i] != 0) return false;
    return true;
}

/* Texts of a tag are not told apart; a text without a tag is like no other. */
static int embed_texts(const aligned_pass *p, batch *b)
{
    const nd_pairs *pairs = b->pairs;
    b->text_tags = nd_tape_bytes(p->t, (size_t)pairs->n * sizeof *b->text_tags);
    b->texts = nd__aligned_text(p->a, p->t, p->params, p->shard, pairs->texts, pairs->n);
    if (!b->text_tags || !b->texts) return -1;
    for (int i = 0; i < pairs->n; i++) {
        bool has_tag = pairs->tags && pairs->tags[i] >= 0;
        b->text_tags[i] = has_tag ? pairs->tags[i] : INT32_MAX - i;
        if (is_zero(pairs->texts + i * p->a->E, p->a->E)) b->text_tags[i] = -1;
    }
    return 0;
}

static nd_tensor *text_loss(const aligned_pass *p, const batch *b, const nd_joint *joint)
{
    return infonce(p, nd_linear(p->t, b->texts, joint->whole, NULL, NULL), TEXTS, b->text_tags);
}

/* ---- what clips say before ------------------------------------------------------ */

/* Clip means about the batch's, so that their cosines tell them apart. */
static nd_tensor *about_mean(const aligned_pass *p, const nd_tensor *means)
{
    int64_t n = nd_tensor_rows(means), D = nd_tensor_width(means);
    nd_tensor *out = nd_tape_like(p->t, means);
    float *centre = nd_tape_floats(p->t, D);
    if (!out || !centre) return NULL;
    for (int64_t i = 0; i < n; i++)
        p->t->kernels->scale_add(centre, i > 0, 1 / (float)n, means->data + i * D, D);
    memcpy(out->data, means->data, (size_t)(n * D) * sizeof(float));
    for (int64_t i = 0; i < n; i++) p->t->kernels->scale_add(out->data + i * D, 1, -1, centre, D);
    return out;
}

static nd_tensor *neighbours(const aligned_pass *p, const aligned_items *items,
                             const nd_joint *joint)
{
    nd_tensor *means = about_mean(p, items->means);
    return nd_loss_neighbours(p->t, nd_cosines(p->t, joint->whole, joint->whole),
                              nd_cosines(p->t, means, means), 0.1f);
}

/* The clips' mean from the whole: at the deviation of its own values, whatever its scale. */
static nd_tensor *again(const aligned_pass *p, const aligned_items *items, const nd_joint *joint)
{
    int64_t D = nd_tensor_width(items->means);
    nd_tensor *ones = nd_tape_input(p->t, 1, &D), *zeros = nd_tape_input(p->t, 1, &D);
    if (!ones || !zeros) return NULL;
    for (int64_t i = 0; i < D; i++) {
        ones->data[i] = 1;
        zeros->data[i] = 0;
    }
    nd_tensor *target = nd_layer_norm(p->t, items->means, ones, zeros, 1e-5f);
    return nd_loss_mse(
        p->t, nd__aligned_linear(p, joint->whole, p->a->side[items->side].again, NULL), target);
}

/* The mean of a loss over both media. */
static nd_tensor *of_both(const aligned_pass *p, const batch *b,
                          nd_tensor *(*loss)(const aligned_pass *, const aligned_items *,
                                             const nd_joint *))
{
    nd_tensor *both[] = {loss(p, &b->s.videos, &b->s.video), loss(p, &b->s.tracks, &b->s.track)};
    return nd_loss_sum(p->t, (const float[]){0.5f, 0.5f}, both, 2);
}

static nd_tensor *loss_of(const aligned_pass *p, const batch *b, int which)
{
    const int32_t *same = b->pairs->track_ids;
    switch (which) {
    case AV: return infonce(p, b->scores, ROWS, same);
    case GLOBAL:
        return infonce(p, nd_linear(p->t, b->s.video.whole, b->s.track.whole, NULL, NULL), WHOLES,
                       same);
    case PAIR: return pair_loss(p, b);
    case PULSE: return pulse_loss(p, b);
    case VTAG: return text_loss(p, b, &b->s.video);
    case ATAG: return text_loss(p, b, &b->s.track);
    case REGULAR: return of_both(p, b, neighbours);
    default: return of_both(p, b, again);
    }
}

int nd__aligned_learn(const void *state, nd_tape *t, nd_params *params, int shard,
                      const nd_pairs *pairs, const float *weights, nd_tensor **losses_out)
{
    aligned_pass p = {state, t, params, shard};
    batch b = {.pairs = pairs};
    bool knows_texts = p.a->E && pairs->texts;
    for (int i = 0; i < N_LOSSES; i++) losses_out[i] = NULL;
    if (embed_batch(&p, &b)) return -1;
    if (knows_texts && (weights[VTAG] > 0 || weights[ATAG] > 0) && embed_texts(&p, &b)) return -1;
    for (int i = 0; i < N_LOSSES; i++) {
        bool is_nothing = ((i == VTAG || i == ATAG) && !knows_texts) ||
                          (i == PULSE && !p.a->has_pulse);
        if (!(weights[i] > 0)) continue;
        losses_out[i] = is_nothing ? nd_loss_make(t, 0, NULL, 0) : loss_of(&p, &b, i);
        if (!losses_out[i]) return -1;
    }
    return 0;
}
