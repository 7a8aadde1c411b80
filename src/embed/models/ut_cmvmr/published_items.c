/* Items as the published network reads them: windows of clips, or their mean; classes of rhythm and
 * motion; what is missing. */
#include <math.h>
#include <string.h>

#include "embed/models/ut_cmvmr/published.h"

int nd__ut_rows(const ut_published *s, int C)
{
    return s->is_mean || C <= s->window ? 1 : C - s->window + 1;
}

/* ---- classes ---------------------------------------------------------------------- */

/* The class for what was not measured, and for music without two beats. */
enum { NO_INTERVAL = UT_INTERVALS - 1, NO_FLOW = UT_FLOWS - 1 };

/* Steps of one size on a log scale, from lo on; the last takes what lies beyond. */
static int32_t log_class(double x, double lo, double steps_an_octave, int last)
{
    double step = x > lo ? steps_an_octave * log2(x / lo) : 0;
    return (int32_t)fmin(step + 0.5, last);
}

/* Beats as they are; strength from 0 to 69 and interval from 0.1 s to 3.8 s by steps that are the
 * same share of the value; displacement from 1/2000 frame width a second to 3. */
static void classes_of_pulse(int32_t *out, int side, const float *pulse)
{
    if (side == UT_VIDEO) {
        out[0] = log_class((double)pulse[0], 5e-4, 5, NO_FLOW - 1);
        return;
    }
    out[0] = (int32_t)fmin(fmax((double)pulse[0], 0), UT_BEATS - 1);
    out[1] = log_class(1 + fmax((double)pulse[1], 0), 1, 8, UT_STRENGTHS - 1);
    out[2] = pulse[2] > 0 ? log_class((double)pulse[2], 0.1, 12, NO_INTERVAL - 1) : NO_INTERVAL;
}

static void clamped_classes(int32_t *out, int side, const int32_t *classes)
{
    static const int music[] = {UT_BEATS, UT_STRENGTHS, UT_INTERVALS};
    if (side == UT_VIDEO) out[0] = ND_CLAMP(classes[0], 0, UT_FLOWS - 1);
    for (int i = 0; side == UT_MUSIC && i < UT_RHYTHM_IDS; i++)
        out[i] = ND_CLAMP(classes[i], 0, music[i] - 1);
}

/* @param out  [3] of music, [1] of video */
static void read_classes(const ut_published *s, int32_t *out, int side, const nd_item *item,
                         int clip)
{
    ptrdiff_t at = UT_RHYTHM_IDS * (ptrdiff_t)clip;
    if (s->is_log && item->pulse) {
        classes_of_pulse(out, side, item->pulse + at);
    } else if (!s->is_log && item->classes) {
        clamped_classes(out, side, item->classes + at);
    } else if (side == UT_VIDEO) {
        out[0] = NO_FLOW;
    } else {
        memcpy(out, (const int32_t[]){0, 0, NO_INTERVAL}, UT_RHYTHM_IDS * sizeof *out);
    }
}

/* ---- windows ----------------------------------------------------------------------- */

typedef struct {
    const ut_published *s;
    int side;
    int64_t T, D, n_ids;
    float *clips, *mask; /* where the next row goes */
    int32_t *ids;        /* NULL: none */
} reader;

static void next_row(reader *r)
{
    r->clips += r->T * r->D;
    r->mask += r->T;
    if (r->ids) r->ids += r->T * r->n_ids;
}

/* A window from a clip on. An item that ends before it is looped; of a video that is masked, and
 * there so that a batch's statistics are those of clips. */
static void read_window(reader *r, const nd_item *item, int first)
{
    for (int k = 0; k < r->T; k++) {
        int clip = (first + k) % item->C;
        r->mask[k] = r->side == UT_MUSIC || first + k < item->C;
        memcpy(r->clips + k * r->D, item->clips + clip * r->D, (size_t)r->D * sizeof(float));
        if (r->ids) read_classes(r->s, r->ids + k * r->n_ids, r->side, item, clip);
    }
    next_row(r);
}

/* The mean of all clips, in one place; of their classes, those of the first. */
static void read_mean(reader *r, const nd_item *item)
{
    for (int i = 0; i < item->C; i++)
        for (int64_t d = 0; d < r->D; d++)
            r->clips[d] += item->clips[i * r->D + d] / (float)item->C;
    r->mask[0] = 1;
    if (r->ids) read_classes(r->s, r->ids, r->side, item, 0);
    next_row(r);
}

static void read_item(reader *r, const nd_item *item, const int32_t *first)
{
    if (r->s->is_mean) {
        read_mean(r, item);
    } else if (first) {
        read_window(r, item, *first % item->C);
    } else {
        for (int i = 0; i < nd__ut_rows(r->s, item->C); i++) read_window(r, item, i);
    }
}

int nd__ut_read(const ut_run *r, int side, const nd_item *items, int n, const int32_t *firsts,
                ut_clips *out)
{
    reader to = {.s = r->s,
                 .side = side,
                 .T = r->s->is_mean ? 1 : r->s->window,
                 .D = r->s->D[side],
                 .n_ids = side == UT_MUSIC ? UT_RHYTHM_IDS : 1};
    int64_t B = 0;
    for (int i = 0; i < n; i++) B += firsts ? 1 : nd__ut_rows(r->s, items[i].C);
    nd_tensor *x = nd_tape_input(r->t, 3, (const int64_t[]){B, to.T, to.D});
    to.mask = nd_tape_floats(r->t, B * to.T);
    if (r->s->has_rhythm)
        to.ids = nd_tape_bytes(r->t, (size_t)(B * to.T * to.n_ids) * sizeof *to.ids);
    if (!x || nd_tape_status(r->t)) return nd_tape_status(r->t);
    memset(x->data, 0, (size_t)nd_tensor_count(x) * sizeof(float));
    *out = (ut_clips){x, to.ids, to.mask};
    to.clips = x->data;
    for (int i = 0; i < n; i++) read_item(&to, &items[i], firsts ? &firsts[i] : NULL);
    return 0;
}
