/* Items as rows of numbers. */
#include <math.h>
#include <string.h>

#include "embed/item_input.h"

/* ---- sizes --------------------------------------------------------------------- */

/* Of clips: how many rows of an item are standardised, and how wide they are. */
static int64_t clip_rows(const nd_item_input *in)
{
    return in->view == ND_CLIPS_SEQUENCE ? ND_INPUT_CLIPS : 1;
}

static int64_t clip_width(const nd_item_input *in)
{
    if (in->view == ND_CLIPS_NONE) return 0;
    return in->view == ND_CLIPS_SPREAD ? 3 * in->D : in->D;
}

static int64_t pulse_width(const nd_item_input *in)
{
    return in->view == ND_CLIPS_SEQUENCE ? ND_INPUT_CLIPS * ND_INPUT_PULSE : 0;
}

int64_t nd__input_width(const nd_item_input *in)
{
    return clip_rows(in) * clip_width(in) + pulse_width(in) + in->S;
}

int64_t nd__input_max_width(nd_clip_view view)
{
    return view == ND_CLIPS_SPREAD ? ND_LAYER_MAX_WIDTH / 3 : ND_LAYER_MAX_WIDTH;
}

void nd__input_add(nd_item_input *in, nd_params *params, const char *prefix, float momentum)
{
    if (in->view != ND_CLIPS_NONE)
        in->clips = nd__norm_add(params, prefix, "clips", clip_width(in), false, momentum);
    if (in->S) in->statistics = nd__norm_add(params, prefix, "statistics", in->S, false, momentum);
}

/* ---- clips --------------------------------------------------------------------- */

static void put_mean(float *out, const nd_item *item, int64_t D)
{
    for (int64_t d = 0; d < D; d++) {
        double sum = 0;
        for (int k = 0; k < item->C; k++) sum += (double)item->clips[k * D + d];
        out[d] = (float)(sum / item->C);
    }
}

static void put_spread(float *out, const nd_item *item, int64_t D)
{
    float *variance = out + D, *highest = out + 2 * D;
    put_mean(out, item, D);
    for (int64_t d = 0; d < D; d++) {
        double squares = 0;
        highest[d] = -INFINITY;
        for (int k = 0; k < item->C; k++) {
            double away = (double)item->clips[k * D + d] - (double)out[d];
            squares += away * away;
            highest[d] = ND_MAX(highest[d], item->clips[k * D + d]);
        }
        variance[d] = (float)(squares / item->C);
    }
}

static void put_sequence(float *out, const nd_item *item, int64_t D)
{
    for (int k = 0; k < ND_INPUT_CLIPS; k++)
        memcpy(out + k * D, item->clips + k % item->C * D, (size_t)D * sizeof *out);
}

/* [n, rows * width] of clips, standardised. */
static nd_tensor *read_clips(const nd_item_input *in, const nd_layer_run *r, const nd_item *items,
                             int n)
{
    static void (*const put[])(float *, const nd_item *, int64_t) = {
        [ND_CLIPS_MEAN] = put_mean,
        [ND_CLIPS_SPREAD] = put_spread,
        [ND_CLIPS_SEQUENCE] = put_sequence,
    };
    int64_t width = clip_width(in), rows = clip_rows(in);
    nd_tensor *x = nd_tape_input(r->t, 2, (const int64_t[]){n * rows, width});
    for (int i = 0; x && i < n; i++) put[in->view](x->data + i * rows * width, &items[i], in->D);
    return nd_reshape(r->t, nd__norm_run(r, x, &in->clips), 2, (const int64_t[]){n, rows * width});
}

/* ---- pulses -------------------------------------------------------------------- */

enum { MISSING, NO_INTERVAL, VALUES };

/* Within what can be told apart. */
static float count_of(float x)
{
    return ND_CLAMP(x, 0, 1e3f);
}

static float log_of(float x)
{
    return log2f(ND_CLAMP(x, 1e-3f, 1e3f));
}

/* The values that the aligned model shows beside its scales (aligned_items.c). */
static void put_pulse(float *out, const float *pulse, nd_medium medium)
{
    bool is_known = pulse && isfinite(pulse[0]) && isfinite(pulse[1]) && isfinite(pulse[2]);
    memset(out, 0, ND_INPUT_PULSE * sizeof *out);
    if (!is_known) {
        out[MISSING] = 1;
    } else if (medium == ND_VIDEO) {
        out[VALUES] = 0.3f * log_of(pulse[0]);
        out[VALUES + 1] = 0.2f * count_of(pulse[1]);
    } else {
        out[NO_INTERVAL] = pulse[2] <= 0;
        out[VALUES] = 0.1f * count_of(pulse[0]);
        out[VALUES + 1] = 0.2f * log_of(pulse[1]);
        out[VALUES + 2] = pulse[2] > 0 ? log_of(pulse[2]) : 0;
    }
}

static nd_tensor *read_pulses(const nd_item_input *in, const nd_layer_run *r, const nd_item *items,
                              int n)
{
    nd_tensor *x = nd_tape_input(r->t, 2, (const int64_t[]){n, pulse_width(in)});
    for (int i = 0; x && i < n; i++) {
        const nd_item *item = &items[i];
        float *row = x->data + i * pulse_width(in);
        for (int k = 0; k < ND_INPUT_CLIPS; k++)
            put_pulse(row + ND_INPUT_PULSE * k,
                      item->pulse ? item->pulse + 3 * (k % item->C) : NULL, item->medium);
    }
    return x;
}

/* ---- statistics ---------------------------------------------------------------- */

static nd_tensor *read_statistics(const nd_item_input *in, const nd_layer_run *r,
                                  const nd_item *items, int n)
{
    nd_tensor *x = nd_tape_input(r->t, 2, (const int64_t[]){n, in->S});
    for (int i = 0; x && i < n; i++) {
        if (!items[i].statistics || items[i].S != in->S) {
            r->t->status = items[i].statistics ? ND_EFORMAT : ND_ENOTFOUND;
            return NULL;
        }
        memcpy(x->data + i * in->S, items[i].statistics, (size_t)in->S * sizeof(float));
    }
    return nd__norm_run(r, x, &in->statistics);
}

/* ---- all of it ------------------------------------------------------------------ */

nd_tensor *nd__input_run(const nd_item_input *in, const nd_layer_run *r, const nd_item *items,
                         int n)
{
    nd_tensor *parts[3];
    int n_parts = 0;
    if (in->view != ND_CLIPS_NONE) parts[n_parts++] = read_clips(in, r, items, n);
    if (in->view == ND_CLIPS_SEQUENCE) parts[n_parts++] = read_pulses(in, r, items, n);
    if (in->S) parts[n_parts++] = read_statistics(in, r, items, n);
    return n_parts == 1 ? parts[0] : nd_concat(r->t, parts, n_parts);
}
