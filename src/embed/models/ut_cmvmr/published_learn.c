/* What the published network learns from n pairs and n of other tags (models.md 1.6, poster form).
 *
 * Every item is seen alone; beside that three pairs of each place are conditioned on their own
 * partners: (track, video), which belong together, (other track, video) and (track, other video).
 * So five blocks of n rows go through each projection at once, and all of these with the tags
 * through the decoder: what batch norm learns is what inference then uses. */
#include <string.h>

#include "compute/losses.h"
#include "embed/models/ut_cmvmr/published.h"

enum { AV, VTAG, ATAG, REGULAR, CE, PAIR };
/* Blocks of rows, and the pairs among them. */
enum { OWN, OTHER, TRUE_PAIR, OTHER_TRACK, OTHER_VIDEO, BLOCKS };
enum { PAIRS = BLOCKS - TRUE_PAIR, MAX_HARDEST = 100 };

typedef struct {
    const ut_run *r;
    const nd_pairs *pairs;
    int64_t n;
    nd_tensor *xi[UT_SIDES];                    /* [2 n, X] own, other */
    nd_tensor *raw[UT_SIDES], *theta[UT_SIDES]; /* [5 n, H]; theta of unit length */
    nd_tensor *phi[UT_SIDES];                   /* [5 n, X] */
    int64_t n_tagged;                           /* pairs that have a text */
    int32_t *tagged;                            /* [n_tagged] which */
    nd_tensor *tag_raw, *tag_theta, *tag_phi;   /* [2 n_tagged, ..] own, other */
} lesson;

/* ---- rows ------------------------------------------------------------------------- */

/* Rows under one another. */
static nd_tensor *stack(const ut_run *r, nd_tensor *const *xs, int n)
{
    nd_tensor *flat[ND_NODE_INPUTS];
    int64_t count = 0;
    for (int i = 0; i < n; i++) {
        if (!xs[i]) return NULL;
        flat[i] = nd_reshape(r->t, xs[i], 2, (const int64_t[]){1, nd_tensor_count(xs[i])});
        count += nd_tensor_count(xs[i]);
    }
    int64_t D = nd_tensor_width(xs[0]);
    return nd_reshape(r->t, nd_concat(r->t, flat, n), 2, (const int64_t[]){count / D, D});
}

/* Rows from .. from + n - 1. */
static nd_tensor *rows_of(const ut_run *r, nd_tensor *x, int64_t from, int64_t n)
{
    if (!x) return NULL;
    int64_t D = nd_tensor_width(x);
    nd_tensor *flat = nd_reshape(r->t, x, 2, (const int64_t[]){1, nd_tensor_count(x)});
    return nd_reshape(r->t, nd_slice(r->t, flat, from * D, n * D), 2, (const int64_t[]){n, D});
}

static nd_tensor *block(const lesson *l, nd_tensor *x, int which)
{
    return rows_of(l->r, x, which * l->n, l->n);
}

/* Of a block the rows whose pairs have texts. */
static nd_tensor *tagged(const lesson *l, nd_tensor *x, int which)
{
    return nd_embedding_rows(l->r->t, block(l, x, which), l->tagged, l->n_tagged);
}

static nd_tensor *tags(const lesson *l, nd_tensor *x, int which)
{
    return rows_of(l->r, x, which * l->n_tagged, l->n_tagged);
}

/* ---- forward ---------------------------------------------------------------------- */

static nd_tensor *read_xi(const ut_run *r, int side, const nd_item *own, const nd_item *other,
                          int n)
{
    const nd_item *items[] = {own, other};
    nd_item *all = nd_tape_bytes(r->t, 2 * (size_t)n * sizeof *all);
    int32_t *zeros = nd_tape_bytes(r->t, 2 * (size_t)n * sizeof *zeros);
    ut_clips clips = {0};
    if (!all || !zeros) return NULL;
    for (int i = 0; i < 2; i++) memcpy(all + i * n, items[i], (size_t)n * sizeof *all);
    memset(zeros, 0, 2 * (size_t)n * sizeof *zeros);
    if (nd__ut_read(r, side, all, 2 * n, zeros, &clips)) return NULL;
    return nd__ut_xi(r, side, &clips);
}

/* The three kinds of pairs, attended to: what of a side they add to themselves. */
static void condition(const lesson *l, nd_tensor *out[UT_SIDES])
{
    static const int blocks[UT_SIDES][PAIRS] = {{OWN, OTHER, OWN}, {OWN, OWN, OTHER}};
    nd_tensor *xi[UT_SIDES], *added[UT_SIDES];
    for (int side = 0; side < UT_SIDES; side++) {
        nd_tensor *parts[PAIRS];
        for (int i = 0; i < PAIRS; i++) parts[i] = block(l, l->xi[side], blocks[side][i]);
        xi[side] = stack(l->r, parts, PAIRS);
    }
    nd__ut_attend(l->r, xi, added);
    for (int side = 0; side < UT_SIDES; side++) out[side] = nd_add(l->r->t, xi[side], added[side]);
}

/* Whether a text is there: one that is not is zeros. */
static bool has_text(const float *texts, int64_t i, int64_t E)
{
    for (int64_t k = 0; k < E; k++)
        if (texts[i * E + k] != 0) return true;
    return false;
}

static int find_tagged(lesson *l)
{
    const nd_pairs *p = l->pairs;
    int64_t E = l->r->s->E;
    l->tagged = nd_tape_bytes(l->r->t, (size_t)l->n * sizeof *l->tagged);
    if (!l->tagged) return -1;
    for (int i = 0; E && i < l->n; i++)
        if (has_text(p->texts, i, E) && has_text(p->other_texts, i, E))
            l->tagged[l->n_tagged++] = i;
    return 0;
}

/* The tags' vectors at unit length, [2 n_tagged, E]. */
static nd_tensor *read_tags(const lesson *l)
{
    int64_t E = l->r->s->E, k = l->n_tagged;
    nd_tensor *x = nd__ut_constant(l->r, NULL, 2 * k, E);
    for (int64_t i = 0; x && i < k; i++) {
        size_t bytes = (size_t)E * sizeof(float);
        memcpy(x->data + i * E, l->pairs->texts + l->tagged[i] * E, bytes);
        memcpy(x->data + (k + i) * E, l->pairs->other_texts + l->tagged[i] * E, bytes);
    }
    return nd_l2_normalize(l->r->t, x);
}

/* The decoder has one batch: of music, of video, of tags. */
static void decode(lesson *l)
{
    nd_tape *t = l->r->t;
    nd_tensor *parts[] = {l->raw[UT_MUSIC], l->raw[UT_VIDEO], l->tag_raw};
    int64_t n = BLOCKS * l->n, k = 2 * l->n_tagged;
    nd_tensor *x = nd__ut_mlp(l->r, &l->r->s->decoder, stack(l->r, parts, k ? 3 : 2));
    nd_tensor *phi = nd_l2_normalize(t, x);
    for (int side = 0; side < UT_SIDES; side++) {
        l->phi[side] = rows_of(l->r, phi, side * n, n);
        l->theta[side] = nd_l2_normalize(t, l->raw[side]);
    }
    if (!k) return;
    l->tag_phi = rows_of(l->r, phi, 2 * n, k);
    l->tag_theta = nd_l2_normalize(t, l->tag_raw);
}

static int forward(lesson *l)
{
    const nd_pairs *p = l->pairs;
    nd_tensor *conditioned[UT_SIDES];
    if (find_tagged(l)) return -1;
    l->xi[UT_MUSIC] = read_xi(l->r, UT_MUSIC, p->tracks, p->other_tracks, p->n);
    l->xi[UT_VIDEO] = read_xi(l->r, UT_VIDEO, p->videos, p->other_videos, p->n);
    condition(l, conditioned);
    for (int side = 0; side < UT_SIDES; side++) {
        nd_tensor *x = stack(l->r, (nd_tensor *[]){l->xi[side], conditioned[side]}, 2);
        l->raw[side] = nd__ut_mlp(l->r, &l->r->s->projection[side], x);
    }
    if (l->n_tagged) l->tag_raw = nd__ut_mlp(l->r, &l->r->s->text, read_tags(l));
    decode(l);
    return nd_tape_status(l->r->t) ? -1 : 0;
}

/* ---- losses ------------------------------------------------------------------------ */

static nd_tensor *sum(const lesson *l, nd_tensor *const *losses, int n)
{
    static const float ones[] = {1, 1, 1, 1, 1, 1, 1};
    ND_ASSERT(n <= (int)ND_COUNT(ones));
    return nd_loss_sum(l->r->t, ones, losses, n);
}

/* Mean of max(0, margin + score of a pair that does not belong together - score of one that does):
 * both conditioned on their own partners. */
static nd_tensor *hinge(const lesson *l, nd_tensor *scores, int which)
{
    nd_tape *t = l->r->t;
    nd_tensor *gap = nd_add(t, rows_of(l->r, scores, which * l->n, l->n),
                            nd_scale(t, rows_of(l->r, scores, 0, l->n), -1));
    const float margin = l->r->s->margin;
    gap = nd_activate(t, nd_add(t, gap, nd__ut_constant(l->r, &margin, 1, 1)), ND_ACT_RELU);
    return nd_reshape(t,
                      nd_mean_pool(t, nd_reshape(t, gap, 3, (const int64_t[]){1, l->n, 1}), NULL),
                      1, (const int64_t[]){1});
}

/* Alone, against the hardest of the batch; as pairs, against those of another tag. */
static nd_tensor *loss_av(const lesson *l)
{
    const ut_published *s = l->r->s;
    int hardest = (int)ND_CLAMP(l->n / 4, 1, MAX_HARDEST);
    nd_tensor *pairs[UT_SIDES];
    for (int side = 0; side < UT_SIDES; side++)
        pairs[side] = rows_of(l->r, l->theta[side], TRUE_PAIR * l->n, PAIRS * l->n);
    nd_tensor *scores = nd_row_dots(l->r->t, pairs[UT_MUSIC], pairs[UT_VIDEO]);
    nd_tensor *ranking = nd_loss_ranking(
        l->r->t, block(l, l->theta[UT_VIDEO], OWN), block(l, l->theta[UT_MUSIC], OWN),
        &(nd_ranking_params){.margin = s->ranking_margin,
                             .top_k = s->hardest ? s->hardest : hardest,
                             .same = l->pairs->track_ids});
    return sum(l,
               (nd_tensor *[]){ranking, hinge(l, scores, OTHER_TRACK - TRUE_PAIR),
                               hinge(l, scores, OTHER_VIDEO - TRUE_PAIR)},
               3);
}

/* 0, where no pair has a text. */
static nd_tensor *zero(const lesson *l)
{
    return nd_tape_status(l->r->t)
               ? NULL
               : nd_reshape(l->r->t, nd__ut_constant(l->r, NULL, 1, 1), 1, (const int64_t[]){1});
}

/* As on the poster, where the second term's negative is the other tag for video, the other track
 * for music. */
static nd_tensor *loss_tag(const lesson *l, int side)
{
    nd_tape *t = l->r->t;
    if (!l->n_tagged) return zero(l);
    float margin = l->r->s->margin;
    nd_tensor *theta = tagged(l, l->theta[side], OWN), *phi = tagged(l, l->phi[side], OWN);
    nd_tensor *other = tagged(l, l->theta[side], OTHER);
    nd_tensor *tag = tags(l, l->tag_theta, OWN), *other_tag = tags(l, l->tag_theta, OTHER);
    nd_tensor *parts[] = {nd_loss_triplet(t, theta, tag, other, margin, ND_DISTANCE_EUCLIDEAN),
                          nd_loss_triplet(t, tag, theta, side == UT_VIDEO ? other_tag : other,
                                          margin, ND_DISTANCE_EUCLIDEAN),
                          nd_loss_triplet(t, tags(l, l->tag_phi, OWN), phi,
                                          tagged(l, l->phi[side], OTHER), margin,
                                          ND_DISTANCE_EUCLIDEAN)};
    return sum(l, parts, 3);
}

/* xi from theta, alone and beside its partner. */
static nd_tensor *recovery(const lesson *l, int side)
{
    nd_tensor *raw = stack(
        l->r, (nd_tensor *[]){block(l, l->raw[side], OWN), block(l, l->raw[side], TRUE_PAIR)}, 2);
    nd_tensor *xi = block(l, l->xi[side], OWN);
    return nd_loss_mse(l->r->t, nd__ut_mlp(l->r, &l->r->s->recovery[side], raw),
                       stack(l->r, (nd_tensor *[]){xi, xi}, 2));
}

/* The tags' vectors in the space of phi: its first dimensions. */
static nd_tensor *tag_targets(const lesson *l)
{
    const ut_published *s = l->r->s;
    nd_tensor *given = read_tags(l), *x = nd__ut_constant(l->r, NULL, l->n_tagged, s->X);
    for (int64_t i = 0; x && given && i < l->n_tagged; i++)
        memcpy(x->data + i * s->X, given->data + i * s->E, (size_t)s->E * sizeof(float));
    return x;
}

static nd_tensor *loss_regular(const lesson *l)
{
    nd_tape *t = l->r->t;
    nd_tensor *parts[7] = {recovery(l, UT_MUSIC), recovery(l, UT_VIDEO)};
    int n = 2;
    for (int side = 0; l->n_tagged && side < UT_SIDES; side++)
        parts[n++] = nd_loss_mse(t, tagged(l, l->theta[side], OWN), tags(l, l->tag_theta, OWN));
    if (!l->n_tagged || l->r->s->E > l->r->s->X) return sum(l, parts, n);
    nd_tensor *targets = tag_targets(l);
    for (int side = 0; side < UT_SIDES; side++)
        parts[n++] = nd_loss_mse(t, tagged(l, l->phi[side], OWN), targets);
    parts[n++] = nd_loss_mse(t, tags(l, l->tag_phi, OWN), targets);
    return sum(l, parts, n);
}

/* Which pairs belong together: of what the classifier says, and of the logit that ranks. */
static void losses_of_pairs(const lesson *l, const float *weights, nd_tensor **out)
{
    const ut_run *r = l->r;
    int64_t n = PAIRS * l->n;
    ut_places at;
    int32_t *classes = nd_tape_bytes(r->t, (size_t)n * sizeof *classes);
    float *targets = nd_tape_floats(r->t, n);
    if (!classes || !targets) return;
    for (int64_t i = 0; i < n; i++) targets[i] = (float)(classes[i] = i < l->n);
    for (int side = 0; side < UT_SIDES; side++) {
        at.theta[side] = rows_of(r, l->theta[side], TRUE_PAIR * l->n, n);
        at.phi[side] = rows_of(r, l->phi[side], TRUE_PAIR * l->n, n);
    }
    nd_tensor *verdict = nd__ut_match(r, at.phi);
    if (weights[CE] != 0) out[CE] = nd_loss_cross_entropy(r->t, verdict, classes, 0);
    if (weights[PAIR] != 0)
        out[PAIR] = nd_loss_binary_cross_entropy(r->t, nd__ut_logit(r, &at, verdict), targets);
}

int nd__ut_learn(const void *state, nd_tape *t, nd_params *params, int shard, const nd_pairs *pairs,
                 const float *weights, nd_tensor **losses_out)
{
    const ut_run r = {state, t, params, shard};
    lesson l = {.r = &r, .pairs = pairs, .n = pairs->n};
    nd_tensor *out[PAIR + 1] = {0};
    if (forward(&l)) return -1;
    if (weights[AV] != 0) out[AV] = loss_av(&l);
    if (weights[VTAG] != 0) out[VTAG] = loss_tag(&l, UT_VIDEO);
    if (weights[ATAG] != 0) out[ATAG] = loss_tag(&l, UT_MUSIC);
    if (weights[REGULAR] != 0) out[REGULAR] = loss_regular(&l);
    if (weights[CE] != 0 || weights[PAIR] != 0) losses_of_pairs(&l, weights, out);
    if (nd_tape_status(t)) return -1;
    memcpy(losses_out, out, sizeof out);
    return 0;
}
