/* Cuts: hard ones to the frame, and fades and dissolves.
 *
 * A hard cut is a frame that is far from the one before (nd_shot_distance)
 * while its neighbours in time are not far from theirs: an adaptive threshold,
 * as PySceneDetect's AdaptiveDetector, with a high quantile of the neighbours
 * where that has their mean, so that repeated frames (24 in 60, animation on
 * twos) do not lower it. It must be a cut from both sides: no frame of the
 * 1/8 s before is near one of the 1/8 s after, or it was a flash. A cut is
 * decided 0.4 s late, from a ring of frames. Gradual ones: dissolves.c.
 */
#include <math.h>
#include <string.h>

#include "describe/shots.h"

enum { RING = 128, MOST_NEIGHBOURS = 48, MOST_FLASH = 16, LEAST_FLASH = 2 };

static const double horizon_s = 0.4, flash_s = 0.13;
static const float least_distance = 0.34f;
static const float flash_ratio = 0.6f; /* nearer than this across: a flash */

typedef struct {
    double time_s;
    int32_t kind; /* 0 hard, 1 gradual */
} cut;

typedef struct {
    nd_shot_frame *frames; /* [RING] */
    float distances[RING]; /* from the frame before; 0 for the first */
    int64_t n, n_decided;
    nd_dissolves *dissolves;
    cut *cuts;
    size_t n_cuts, capacity;
} cuts_state;

static int start(void *state, const nd_video_input *in, nd_diag *diag)
{
    (void)in;
    cuts_state *s = state;
    s->frames = nd_calloc(RING, sizeof *s->frames);
    if (!s->frames || nd_dissolves_create(&s->dissolves))
        return nd_diag_set(diag, ND_ENOMEM, "looking for cuts: out of memory");
    return 0;
}

static void stop(void *state)
{
    cuts_state *s = state;
    free(s->frames);
    nd_dissolves_destroy(&s->dissolves);
    free(s->cuts);
}

static const nd_shot_frame *frame_at(const cuts_state *s, int64_t i)
{
    return &s->frames[i % RING];
}

static double seconds_between(const cuts_state *s, int64_t i, int64_t k)
{
    return fabs(frame_at(s, i)->time_s - frame_at(s, k)->time_s);
}

/* What distance is usual around frame i: the 80 % quantile, without the frames
 * next to it, which a blended frame at the cut would raise. */
static float usual_distance(const cuts_state *s, int64_t i)
{
    float around[2 * MOST_NEIGHBOURS];
    size_t n = 0;
    int64_t first = ND_MAX(i - MOST_NEIGHBOURS, 1), last = ND_MIN(i + MOST_NEIGHBOURS, s->n - 1);
    for (int64_t k = first; k <= last; k++)
        if ((k < i - 1 || k > i + 1) && seconds_between(s, i, k) <= horizon_s)
            around[n++] = s->distances[k % RING];
    return nd_quantile(around, n, 0.8);
}

/* Frames on one side of the cut before i that a flash could hide:
 * step -1: i - 1, i - 2, ..; step 1: i, i + 1, .. */
static int flash_length(const cuts_state *s, int64_t i, int step)
{
    int n = 0;
    int64_t from = step < 0 ? i - 1 : i;
    for (int64_t k = from; k >= 0 && k < s->n && n < MOST_FLASH; k += step, n++)
        if (n >= LEAST_FLASH && seconds_between(s, from, k) > flash_s) break;
    return n;
}

/* Whether the picture before frame i comes back after it, or was there before:
 * some frame on one side is near one of the two next to the cut on the other. */
static bool is_flash(const cuts_state *s, int64_t i, float distance)
{
    int n_before = flash_length(s, i, -1), n_after = flash_length(s, i, 1);
    for (int b = 0; b < n_before; b++)
        for (int a = 0; a < n_after; a++) {
            if (a >= LEAST_FLASH && b >= LEAST_FLASH) break;
            float across = nd_shot_distance(frame_at(s, i - 1 - b), frame_at(s, i + a));
            if (across < flash_ratio * distance) return true;
        }
    return false;
}

static bool is_cut(const cuts_state *s, int64_t i)
{
    float distance = s->distances[i % RING];
    if (distance < least_distance || distance < s->distances[(i - 1) % RING]) return false;
    if (i + 1 < s->n && distance <= s->distances[(i + 1) % RING]) return false;
    float usual = usual_distance(s, i);
    if (distance < 2.2f * usual && distance < 1.2f * usual + 0.3f) return false;
    return !is_flash(s, i, distance);
}

static int add_cut(cuts_state *s, double time_s, int32_t kind, nd_diag *diag)
{
    if (nd_grow(&s->cuts, &s->capacity, s->n_cuts, 1, sizeof *s->cuts))
        return nd_diag_set(diag, ND_ENOMEM, "looking for cuts: out of memory");
    s->cuts[s->n_cuts++] = (cut){time_s, kind};
    return 0;
}

/* Decide on frames whose neighbourhood is complete; all of them at the end. */
static int decide(cuts_state *s, bool is_end, nd_diag *diag)
{
    for (; s->n_decided < s->n; s->n_decided++) {
        int64_t i = s->n_decided;
        if (!is_end && s->n - 1 - i < MOST_NEIGHBOURS &&
            seconds_between(s, i, s->n - 1) <= horizon_s)
            break;
        int rc = i > 0 && is_cut(s, i) ? add_cut(s, frame_at(s, i)->time_s, 0, diag) : 0;
        if (rc) return rc;
    }
    return 0;
}

static int see(void *state, const nd_frame *frame, nd_diag *diag)
{
    cuts_state *s = state;
    nd_shot_frame *f = &s->frames[s->n % RING];
    nd_shot_frame_read(f, frame);
    s->distances[s->n % RING] = s->n ? nd_shot_distance(frame_at(s, s->n - 1), f) : 0;
    s->n++;
    if (nd_dissolves_push(s->dissolves, f))
        return nd_diag_set(diag, ND_ENOMEM, "looking for dissolves: out of memory");
    return decide(s, false, diag);
}

/* What looked like a hard cut within a gradual transition is part of it: the
 * mixture rises without a jump. */
static void drop_cuts_within(cuts_state *s, const nd_dissolve *d)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_cuts; i++) {
        const cut *c = &s->cuts[i];
        if (c->kind == 0 && c->time_s >= d->start_s && c->time_s <= d->end_s) continue;
        s->cuts[n++] = *c;
    }
    s->n_cuts = n;
}

static int compare_cuts(const void *a, const void *b)
{
    const cut *x = a, *y = b;
    return x->time_s != y->time_s ? (x->time_s > y->time_s) - (x->time_s < y->time_s)
                                  : x->kind - y->kind;
}

static int add_gradual_cuts(cuts_state *s, nd_diag *diag)
{
    const nd_dissolve *found;
    size_t n_found;
    nd_dissolves_finish(s->dissolves, &found, &n_found);
    for (size_t i = 0; i < n_found; i++) {
        drop_cuts_within(s, &found[i]);
        int rc = add_cut(s, found[i].middle_s, 1, diag);
        if (rc) return rc;
    }
    if (s->n_cuts) qsort(s->cuts, s->n_cuts, sizeof *s->cuts, compare_cuts);
    return 0;
}

static int finish(void *state, nd_description *d, nd_diag *diag)
{
    cuts_state *s = state;
    int rc = decide(s, true, diag);
    if (!rc) rc = add_gradual_cuts(s, diag);
    if (rc) return rc;
    int64_t n = (int64_t)s->n_cuts;
    nd_array *times = nd_description_add(d, "cuts_s", ND_F32, 1, &n);
    if (!times) return nd_diag_set(diag, ND_ENOMEM, "keeping cuts: out of memory");
    for (int64_t i = 0; i < n; i++) times->f32[i] = (float)s->cuts[i].time_s;
    nd_array *kinds = nd_description_add(d, "cut_kind", ND_I32, 1, &n);
    if (!kinds) return nd_diag_set(diag, ND_ENOMEM, "keeping cuts: out of memory");
    for (int64_t i = 0; i < n; i++) kinds->i32[i] = s->cuts[i].kind;
    return 0;
}

const nd_feature_ops nd_feature_cuts = {
    .name = "cuts",
    .summary = "hard cuts, fades and dissolves",
    .paper = "Shahraray 1995 (block matching); Hampapur, Jain, Weymouth 1995 (mixtures)",
    .medium = ND_VIDEO,
    .arrays = (const char *const[]){"cuts_s", "cut_kind", NULL},
    .is_default = true,
    .frames = {.rate_hz = 0, .width = ND_SHOT_W, .height = ND_SHOT_H, .pixels = ND_RGB},
    .state_bytes = sizeof(cuts_state),
    .start = start,
    .see = see,
    .finish = finish,
    .stop = stop,
};
