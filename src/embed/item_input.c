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
    return in->view == ND_CLIPS_SEQUENCE ? ND_INPUT_CLIPS * ND_PULSE_SHOWN : 0;
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

static nd_tensor *read_pulses(const nd_item_input *in, const nd_layer_run *r, const nd_item *items,
                              int n)
{
    nd_tensor *x = nd_tape_input(r->t, 2, (const int64_t[]){n, pulse_width(in)});
    for (int i = 0; x && i < n; i++) {
        const nd_item *item = &items[i];
        float *row = x->data + i * pulse_width(in);
        for (int k = 0; k < ND_INPUT_CLIPS; k++)
            nd_pulse_show(row + ND_PULSE_SHOWN * k,
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
