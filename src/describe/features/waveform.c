/* The outline of the sound: lowest and highest sample of each 10 ms. */
#include "describe/describe.h"

enum { PER_SECOND = 100 };

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    const nd_samples *s = in->samples;
    int64_t n_rows = (s->n * PER_SECOND + s->rate_hz - 1) / s->rate_hz;
    nd_array *out = nd_description_add(d, "waveform", ND_F32, 2, (int64_t[]){n_rows, 2});
    if (!out) return nd_diag_set(diag, ND_ENOMEM, "outlining the sound: out of memory");
    for (int64_t row = 0; row < n_rows; row++) {
        int64_t first = row * s->rate_hz / PER_SECOND;
        int64_t end = ND_MIN((row + 1) * s->rate_hz / PER_SECOND, s->n);
        float low = s->data[first], high = low;
        for (int64_t i = first + 1; i < end; i++) {
            low = ND_MIN(low, s->data[i]);
            high = ND_MAX(high, s->data[i]);
        }
        out->f32[2 * row] = low;
        out->f32[2 * row + 1] = high;
    }
    return 0;
}

const nd_feature_ops nd_feature_waveform = {
    .name = "waveform",
    .summary = "lowest and highest sample, 100 a second",
    .paper = "none: an outline for pictures",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"waveform", NULL},
    .hear = hear,
};
