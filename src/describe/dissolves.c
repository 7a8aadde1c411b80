/* Dissolves and fades: runs of frames that are a mixture of two pictures.
 *
 * Between a picture A and a later one B, a frame M of a dissolve is
 * A + w (B - A), with w going from 0 to 1; a fade is a dissolve from or to a
 * flat picture. For spans of 0.2 to 4 s that end at the newest frame we fit w
 * to the frames between by least squares,
 *     w = <M - A, B - A> / |B - A|^2,
 * and look at what the mixture leaves: r = |M - A - w (B - A)|^2 / |B - A|^2.
 * A dissolve has a small r and a w that rises without a jump. A pan has r of
 * 0.75 in its middle (three unrelated pictures), a wipe or a passing object
 * w (1 - w), a cut a jump, a change of exposure two pictures that correlate.
 * All pictures are taken without their mean, which exposure moves most.
 *
 * Motion can look like a mixture: cos x moved by an angle d passes through
 * (A + B) / (2 cos(d/2)), a mixture but for its contrast, and so do turning
 * beams, rows of trunks, confetti. So two things more are asked. A and B are two
 * shots: their palettes differ, which motion hardly changes, and they are far
 * apart, at equal exposure too. And the frame in the middle is nearer to the
 * mixture than to what A or B can become by motion. nd_shot_distance measures
 * both; being dear, it is asked last, and of the best readings first.
 *
 * The model is Hampapur, Jain, Weymouth (Production model based digital video
 * segmentation, 1995); that many spans are tried takes the place of their
 * known length; the two questions are ours. 32 x 20 luma, 25 samples a second,
 * a ring of 96.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "describe/shots.h"

enum {
    W = ND_SHOT_W / 2,
    H = ND_SHOT_H / 2,
    N = W * H,
    RING = 96,
    MOST_BETWEEN = 12, /* frames looked at inside a span */
    END_EVERY = 2,     /* samples between ends of spans: time saved */
};

static const int spans[] = {5, 8, 12, 18, 26, 38, 56, 84};
static const double sample_interval_s = 0.04, longest_s = 5, shortest_ramp_s = 0.12;
static const float least_change = 8; /* root mean square of B - A, luma */
static const float most_residual = 0.12f, most_fade_residual = 0.2f; /* r */
static const float most_likeness = 0.85f;    /* correlation of A and B: skies over grounds */
static const float least_palette_change = 4; /* luma levels, nd_shot_palette_distance */
static const float least_distance = 0.5f;    /* nd_shot_distance of A and B: no title */
static const float least_gain = 1.05f;       /* in score, to be worth another look */
static const float most_of_motion = 0.6f;    /* distance from the mixture / from a moved end */
static const float most_jump = 0.45f, most_fall = 0.06f;
static const float flat_deviation = 6; /* luma of a flat picture */
static const double longest_black_s = 1;

typedef struct {
    double time_s;
    float luma[N]; /* without its mean */
    float mean, deviation;
    nd_shot_palette palette;
    nd_shot_frame frame;
} sample;

struct nd_dissolves {
    sample ring[RING];
    int64_t n;          /* samples seen */
    nd_dissolve *found; /* [n_found], apart from each other, rising */
    size_t n_found, capacity;
};

int nd_dissolves_create(nd_dissolves **out)
{
    nd_dissolves *p = nd_calloc(1, sizeof *p);
    if (!p) return ND_ENOMEM;
    *out = p;
    return 0;
}

void nd_dissolves_destroy(nd_dissolves **p)
{
    if (!p || !*p) return;
    free((*p)->found);
    free(*p);
    *p = NULL;
}

static void take_sample(sample *out, const nd_shot_frame *frame)
{
    float sum = 0, square = 0;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const uint8_t *at = frame->luma + (size_t)(2 * y) * ND_SHOT_W + 2 * x;
            int four = at[0] + at[1] + at[ND_SHOT_W] + at[ND_SHOT_W + 1];
            out->luma[y * W + x] = 0.25f * (float)four;
            sum += 0.25f * (float)four;
        }
    for (int i = 0; i < N; i++) {
        out->luma[i] -= sum / N;
        square += out->luma[i] * out->luma[i];
    }
    out->mean = sum / N;
    out->deviation = sqrtf(square / N);
    out->time_s = frame->time_s;
    out->frame = *frame;
    nd_shot_palette_read(&out->palette, frame);
}

/* Mean of x y over the picture. */
static float inner(const float *x, const float *y)
{
    float lane[8] = {0};
    for (int i = 0; i < N; i += 8)
        for (int k = 0; k < 8; k++) lane[k] += x[i + k] * y[i + k];
    return (((lane[0] + lane[4]) + (lane[1] + lane[5])) +
            ((lane[2] + lane[6]) + (lane[3] + lane[7]))) /
           N;
}

/* A span under trial: the pictures at its ends and B - A. */
typedef struct {
    const sample *a, *b;
    float delta[N];
    float energy; /* |B - A|^2 / N */
    bool is_from_flat, is_to_flat;
} span_ends;

static bool is_flat(const sample *s, const sample *other)
{
    return s->deviation < flat_deviation && s->deviation < 0.25f * other->deviation;
}

/* Whether A and B can be two shots. */
static bool span_read(span_ends *e, const sample *a, const sample *b)
{
    if (b->time_s - a->time_s > longest_s) return false;
    if (nd_shot_palette_distance(&a->palette, &b->palette) < least_palette_change) return false;
    float product = inner(a->luma, b->luma);
    float energy = a->deviation * a->deviation + b->deviation * b->deviation - 2 * product;
    *e = (span_ends){.a = a, .b = b, .energy = energy};
    e->is_from_flat = is_flat(a, b);
    e->is_to_flat = is_flat(b, a);
    if (e->energy < least_change * least_change) return false;
    if (!e->is_from_flat && !e->is_to_flat && product > most_likeness * a->deviation * b->deviation)
        return false;
    for (int i = 0; i < N; i++) e->delta[i] = b->luma[i] - a->luma[i];
    return true;
}

/* The share w of B in m; r into *residual. */
static float mixture(const span_ends *e, const sample *m, float *residual)
{
    float from_a[N];
    for (int i = 0; i < N; i++) from_a[i] = m->luma[i] - e->a->luma[i];
    float w = inner(from_a, e->delta) / e->energy;
    *residual = inner(from_a, from_a) / e->energy - w * w;
    return w;
}

/* A span whose frames are mixtures of its ends. */
typedef struct {
    nd_dissolve is;
    const sample *a, *b, *middle; /* where w is nearest to a half */
    float w;                      /* there */
} reading;

/* `of` mixed with such a grey that it takes the contrast and, as far as there
 * are greys for it, the mean of `as`, whose contrast is less. */
static void expose_alike(nd_shot_frame *out, const sample *of, const sample *as)
{
    float gain = as->deviation / of->deviation;
    float grey = (as->mean - gain * of->mean) / fmaxf(1 - gain, 0.01f);
    nd_shot_frame flat = {0};
    memset(flat.luma, (int)lrintf(ND_CLAMP(grey, 0, 255)), sizeof flat.luma);
    nd_shot_frame_mix(out, &flat, &of->frame, gain);
}

/* Whether A and B are two shots: far apart as they are (a title is not), and at
 * equal exposure (which may change in a shot that moves). */
static bool are_two_shots(const reading *r)
{
    if (nd_shot_distance(&r->a->frame, &r->b->frame) < least_distance) return false;
    if (r->is.is_from_flat || r->is.is_to_flat) return true;
    bool is_a_low = r->a->deviation < r->b->deviation;
    const sample *low = is_a_low ? r->a : r->b;
    nd_shot_frame lowered;
    expose_alike(&lowered, is_a_low ? r->b : r->a, low);
    return nd_shot_distance(&lowered, &low->frame) >= least_distance;
}

/* Whether the mixture explains the middle better than either end in motion does. */
static bool beats_motion(const reading *r)
{
    nd_shot_frame mixed;
    nd_shot_frame_mix(&mixed, &r->a->frame, &r->b->frame, ND_CLAMP(r->w, 0, 1));
    float least = nd_shot_distance(&mixed, &r->middle->frame) / most_of_motion;
    return least < nd_shot_distance(&r->a->frame, &r->middle->frame) &&
           least < nd_shot_distance(&r->b->frame, &r->middle->frame);
}

/* When w passes `level` on the way from (t0, w0) to (t1, w1). */
static void note_crossing(double *at_s, float level, double t0, float w0, double t1, float w1)
{
    if (w0 < level && w1 >= level) *at_s = t0 + (level - w0) / (w1 - w0) * (t1 - t0);
}

/* Follow w over the samples of a span of `length`.
 * @return whether it is a mixture, described in out */
static bool span_try(reading *out, const nd_dissolves *p, int length)
{
    span_ends e;
    int64_t last = p->n - 1, first = last - length;
    if (first < 0) return false;
    if (!span_read(&e, &p->ring[first % RING], &p->ring[last % RING])) return false;
    int n_between = ND_MIN(length - 1, MOST_BETWEEN);
    double before_s = e.a->time_s, levels_s[3] = {0};
    const sample *middle = e.a;
    float before = 0, worst = 0, middle_w = 0;
    float most = e.is_from_flat || e.is_to_flat ? most_fade_residual : most_residual;
    for (int k = 1; k <= n_between + 1; k++) {
        const sample *m = &p->ring[(first + (int64_t)k * length / (n_between + 1)) % RING];
        float residual = 0, w = m == e.b ? 1 : mixture(&e, m, &residual);
        worst = fmaxf(worst, residual);
        if (worst > most || w - before > most_jump || w - before < -most_fall) return false;
        note_crossing(&levels_s[0], 0.1f, before_s, before, m->time_s, w);
        note_crossing(&levels_s[1], 0.5f, before_s, before, m->time_s, w);
        note_crossing(&levels_s[2], 0.9f, before_s, before, m->time_s, w);
        if (fabsf(w - 0.5f) < fabsf(middle_w - 0.5f)) {
            middle = m;
            middle_w = w;
        }
        before = w;
        before_s = m->time_s;
    }
    nd_dissolve *is = &out->is;
    *out = (reading){.a = e.a, .b = e.b, .middle = middle, .w = middle_w};
    is->start_s = is->first_s = levels_s[0];
    is->middle_s = levels_s[1];
    is->end_s = is->last_s = levels_s[2];
    is->is_from_flat = e.is_from_flat;
    is->is_to_flat = e.is_to_flat;
    is->score = e.energy * (1 - 4 * worst);
    return is->end_s - is->start_s >= shortest_ramp_s;
}

/* Readings that overlap, or are joined by others that do, are one transition;
 * the best speaks for it. Those of long ago cannot overlap. */
static int keep(nd_dissolves *p, const nd_dissolve *d)
{
    nd_dissolve best = *d;
    size_t first = p->n_found, after;
    while (first > 0 && p->found[first - 1].last_s > d->first_s) first--;
    for (after = first; after < p->n_found && p->found[after].first_s < d->last_s; after++) {
        const nd_dissolve *other = &p->found[after];
        double first_s = fmin(best.first_s, other->first_s);
        double last_s = fmax(best.last_s, other->last_s);
        if (other->score >= best.score) best = *other;
        best.first_s = first_s;
        best.last_s = last_s;
    }
    if (nd_grow(&p->found, &p->capacity, p->n_found, 1, sizeof *p->found)) return ND_ENOMEM;
    memmove(p->found + first + 1, p->found + after, (p->n_found - after) * sizeof *p->found);
    p->found[first] = best;
    p->n_found += first + 1 - after;
    return 0;
}

/* Whether a transition that was found is there already, about as good. */
static bool is_known(const nd_dissolves *p, const nd_dissolve *d)
{
    for (size_t i = p->n_found; i > 0 && p->found[i - 1].last_s > d->middle_s; i--)
        if (p->found[i - 1].first_s < d->middle_s && d->score < least_gain * p->found[i - 1].score)
            return true;
    return false;
}

/* The best first; of equals the one that began last. */
static int compare_readings(const void *x, const void *y)
{
    const reading *a = x, *b = y;
    if (a->is.score != b->is.score) return a->is.score < b->is.score ? 1 : -1;
    return (a->a->time_s < b->a->time_s) - (a->a->time_s > b->a->time_s);
}

int nd_dissolves_push(nd_dissolves *p, const nd_shot_frame *frame)
{
    double since_s = p->n ? frame->time_s - p->ring[(p->n - 1) % RING].time_s : DBL_MAX;
    if (!(since_s > 0.9 * sample_interval_s)) return 0;
    take_sample(&p->ring[p->n % RING], frame);
    p->n++;
    if (p->n % END_EVERY) return 0;
    reading readings[ND_COUNT(spans)];
    size_t n = 0;
    for (size_t i = 0; i < ND_COUNT(spans); i++) n += span_try(&readings[n], p, spans[i]);
    if (n) qsort(readings, n, sizeof *readings, compare_readings);
    for (size_t i = 0; i < n; i++) {
        const reading *r = &readings[i];
        if (is_known(p, &r->is) || !are_two_shots(r) || !beats_motion(r)) continue;
        if (keep(p, &r->is)) return ND_ENOMEM;
    }
    return 0;
}

/* A fade out and the fade in after it are one transition. */
static void join_fades(nd_dissolves *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_found; i++) {
        nd_dissolve d = p->found[i], *out = n ? &p->found[n - 1] : NULL;
        if (out && out->is_to_flat && d.is_from_flat && d.start_s - out->end_s <= longest_black_s) {
            out->middle_s = 0.5 * (out->end_s + d.start_s);
            out->end_s = d.end_s;
            out->is_to_flat = false;
        } else {
            p->found[n++] = d;
        }
    }
    p->n_found = n;
}

/* When things move fast only parts of a dissolve are mixtures: where the best
 * reading covers less than half of all that joined it, all of them are it. */
static void widen_parts(nd_dissolves *p)
{
    for (size_t i = 0; i < p->n_found; i++) {
        nd_dissolve *d = &p->found[i];
        if (d->end_s - d->start_s >= 0.5 * (d->last_s - d->first_s)) continue;
        d->start_s = d->first_s;
        d->middle_s = 0.5 * (d->first_s + d->last_s);
        d->end_s = d->last_s;
    }
}

void nd_dissolves_finish(nd_dissolves *p, const nd_dissolve **found, size_t *n_found)
{
    widen_parts(p);
    join_fades(p);
    *found = p->found;
    *n_found = p->n_found;
}
