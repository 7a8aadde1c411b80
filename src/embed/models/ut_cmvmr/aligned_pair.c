/* Two items looked at together: each clip of the video beside the clip of the track that it would
 * be heard with. Each side attends to the other, the two meet clip by clip, and what their rows say
 * of the pair goes in beside it. What comes of that is added to the score of the rows, so it begins
 * as their order and is moved where there is reason. It learns from the pairs that the rows find
 * hard, and takes tokens as they are. */
#include <math.h>
#include <string.h>

#include "embed/models/ut_cmvmr/aligned.h"

/* ---- facts --------------------------------------------------------------------- */

/* One pair's rows: of the video [n, W], of the track [s, W]. */
typedef struct {
    const float *v, *m;
    int64_t n, s, W;
} pair_rows;

static float cosine_at(const pair_rows *r, int64_t k, int64_t offset)
{
    const float *v = r->v + k * r->W, *m = r->m + (offset + k) % r->s * r->W;
    float sum = 0;
    for (int64_t d = 0; d < r->W; d++) sum += v[d] * m[d];
    return sum;
}

static float mean_at(const pair_rows *r, int64_t offset)
{
    float sum = 0;
    for (int64_t k = 0; k < r->n; k++) sum += cosine_at(r, k, offset);
    return sum / (float)r->n;
}

/* How much more there is at the offset than at the best other; 0 where there is no other. */
static float gap_at(const pair_rows *r, int64_t offset, float mean)
{
    int64_t n_offsets = r->s < r->n ? r->s : r->s - r->n + 1;
    float best = -2;
    for (int64_t o = 0; o < n_offsets; o++)
        if (o != offset) best = fmaxf(best, mean_at(r, o));
    return best < -1.5f ? 0 : mean - best;
}

/* out [ALIGNED_FACTS - 1]: mean, least and deviation of the clips' cosines, the gap. */
static void tell_rows(float *out, const pair_rows *r, int64_t offset)
{
    float mean = mean_at(r, offset), least = 1, squares = 0;
    for (int64_t k = 0; k < r->n; k++) {
        float c = cosine_at(r, k, offset);
        least = fminf(least, c);
        squares += (c - mean) * (c - mean);
    }
    out[0] = mean;
    out[1] = least;
    out[2] = sqrtf(squares / (float)r->n);
    out[3] = gap_at(r, offset, mean);
}

static pair_rows rows_of(const aligned_pass *p, const aligned_sides *s, int32_t video,
                         int32_t track)
{
    int64_t W = p->a->W;
    return (pair_rows){s->video.rows->data + video * s->videos.T * W,
                       s->track.rows->data + track * s->tracks.T * W, s->videos.rows[video],
                       s->tracks.rows[track], W};
}

static float whole_cosine(const aligned_sides *s, int32_t video, int32_t track)
{
    int64_t U = nd_tensor_width(s->video.whole);
    const float *a = s->video.whole->data + video * U, *b = s->track.whole->data + track * U;
    float sum = 0;
    for (int64_t d = 0; d < U; d++) sum += a[d] * b[d];
    return sum;
}

/* ---- the network --------------------------------------------------------------- */

/* Tokens of pairs, clip beside clip. */
typedef struct {
    nd_tensor *video, *track; /* [n, T, d] */
    nd_tensor *facts;         /* [n, ALIGNED_FACTS] */
    nd_tensor *start;         /* [n, 1]: the logit that the rows give alone */
    float *mask;              /* [n, T] */
} beside;

static int lay_beside(const aligned_pass *p, const aligned_sides *s, const int32_t *video,
                      const int32_t *track, const int32_t *offset, int n, beside *out)
{
    int64_t T = s->videos.T, d = p->a->d;
    const int64_t dims[] = {n, T, d}, facts[] = {n, ALIGNED_FACTS}, one[] = {n, 1};
    *out = (beside){nd_tape_input(p->t, 3, dims), nd_tape_input(p->t, 3, dims),
                    nd_tape_input(p->t, 2, facts), nd_tape_input(p->t, 2, one),
                    nd_tape_floats(p->t, n * T)};
    if (p->t->status) return -1;
    for (int i = 0; i < n; i++) {
        pair_rows r = rows_of(p, s, video[i], track[i]);
        int64_t from = offset[i] % r.s;
        float *fact = out->facts->data + i * ALIGNED_FACTS;
        tell_rows(fact, &r, from);
        out->start->data[i] = fact[0] / ALIGNED_TEMPERATURE;
        fact[ALIGNED_FACTS - 1] = whole_cosine(s, video[i], track[i]);
        memcpy(out->video->data + i * T * d, s->video.tokens->data + video[i] * T * d,
               (size_t)(T * d) * sizeof(float));
        for (int64_t k = 0; k < T; k++) {
            memcpy(out->track->data + (i * T + k) * d,
                   s->track.tokens->data + (track[i] * s->tracks.T + (from + k) % r.s) * d,
                   (size_t)d * sizeof(float));
            out->mask[i * T + k] = k < r.n;
        }
    }
    return 0;
}

static nd_tensor *cross(const aligned_pass *p, nd_tensor *x, nd_tensor *y, int side,
                        const float *mask)
{
    x = nd__aligned_attention(p, x, y, &p->a->cross[side], mask);
    return nd__aligned_ffn(p, x, &p->a->cross_ffn[side]);
}

nd_tensor *nd__aligned_judge(const aligned_pass *p, const aligned_sides *sides,
                             const int32_t *video, const int32_t *track, const int32_t *offset,
                             int n)
{
    beside b;
    if (lay_beside(p, sides, video, track, offset, n, &b)) return NULL;
    const nd_linear_params swish = {.act = ND_ACT_SWISH, .dropout = (float)p->a->dropout};
    nd_tensor *both[] = {cross(p, b.video, b.track, ALIGNED_VIDEO, b.mask),
                         cross(p, b.track, b.video, ALIGNED_MUSIC, b.mask)};
    nd_tensor *met = nd__aligned_linear(p, nd_concat(p->t, both, 2), p->a->meet, &swish);
    nd_tensor *all[] = {nd_mean_pool(p->t, met, b.mask), b.facts};
    nd_tensor *h = nd__aligned_linear(p, nd_concat(p->t, all, 2), p->a->judge[0], &swish);
    h = nd__aligned_linear(p, h, p->a->judge[1], &(nd_linear_params){.residual = b.start});
    return h ? nd_reshape(p->t, h, 1, (const int64_t[]){n}) : NULL;
}

/* ---- pairs of items ------------------------------------------------------------ */

/* Items, each once where the same follow each other, and which of them each pair has. */
typedef struct {
    nd_item *items;
    int32_t *places; /* [n] */
    int n;
} distinct;

static int distinct_init(const aligned_pass *p, distinct *d, int n)
{
    *d = (distinct){.items = nd_tape_bytes(p->t, (size_t)n * sizeof *d->items),
                    .places = nd_tape_bytes(p->t, (size_t)n * sizeof *d->places)};
    return d->items && d->places ? 0 : -1;
}

static void distinct_add(distinct *d, int i, const nd_item *item)
{
    const nd_item *last = d->n ? &d->items[d->n - 1] : NULL;
    bool is_same = last && item->clips == last->clips && item->C == last->C &&
                   item->pulse == last->pulse;
    if (!is_same) d->items[d->n++] = *item;
    d->places[i] = d->n - 1;
}

/* The stretch of a long item with n clips from *offset on in its middle, as far as it can be.
 * *offset becomes that within it. */
static nd_item stretch(const aligned *a, const nd_item *item, int64_t n, int32_t *offset)
{
    nd_item s = *item;
    int64_t max = a->max_clips, D = a->D[item->medium - ND_MUSIC];
    if (item->C <= max) return s;
    int64_t first = ND_CLAMP(*offset + n / 2 - max / 2, 0, item->C - max);
    s.C = (int)max;
    s.clips += first * D;
    if (s.pulse) s.pulse += 3 * first;
    *offset -= (int32_t)first;
    return s;
}

static int embed_items(const aligned_pass *p, const distinct *d, aligned_items *packed,
                       nd_joint *joint)
{
    if (nd__aligned_items(p, d->items, d->n, packed)) return -1;
    return nd__aligned_embed(p, packed, joint);
}

nd_tensor *nd__aligned_pair(const void *state, nd_tape *t, nd_params *params, int shard,
                            const nd_item *videos, const nd_item *tracks, const int32_t *offsets,
                            int n)
{
    aligned_pass p = {state, t, params, shard};
    aligned_sides s;
    distinct video, track;
    int32_t *within = nd_tape_bytes(t, (size_t)n * sizeof *within);
    if (!within || distinct_init(&p, &video, n) || distinct_init(&p, &track, n)) return NULL;
    for (int i = 0; i < n; i++) {
        int32_t start = 0;
        nd_item shown = stretch(p.a, &videos[i], 0, &start);
        within[i] = offsets[i] % tracks[i].C;
        nd_item heard = stretch(p.a, &tracks[i], shown.C, &within[i]);
        distinct_add(&video, i, &shown);
        distinct_add(&track, i, &heard);
    }
    if (embed_items(&p, &video, &s.videos, &s.video) ||
        embed_items(&p, &track, &s.tracks, &s.track))
        return NULL;
    return nd__aligned_judge(&p, &s, video.places, track.places, within, n);
}
