/* Spectra of frames around a sample, and back. */
#include <math.h>
#include <string.h>

#include "describe/statistics.h"

void nd_stft_destroy(nd_stft **stft)
{
    nd_stft *s = stft ? *stft : NULL;
    if (!s) return;
    nd_rfft_destroy(&s->forward);
    nd_rfft_destroy(&s->inverse);
    free(s->window);
    free(s->frame);
    free(s);
    *stft = NULL;
}

int nd_stft_create(nd_stft **out, int n_fft, bool goes_back)
{
    nd_stft *s = nd_calloc(1, sizeof *s);
    if (!s) return ND_ENOMEM;
    s->n_fft = n_fft;
    s->window = nd_calloc((size_t)n_fft, sizeof *s->window);
    s->frame = nd_calloc((size_t)n_fft, sizeof *s->frame);
    int rc = s->window && s->frame ? nd_rfft_create(&s->forward, n_fft) : ND_ENOMEM;
    if (!rc && goes_back) rc = nd_rfft_create_inverse(&s->inverse, n_fft);
    for (int i = 0; i < n_fft && !rc; i++)
        s->window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / n_fft));
    if (rc) nd_stft_destroy(&s);
    else *out = s;
    return rc;
}

static void take_frame(nd_stft *s, const float *x, int64_t n, int64_t centre)
{
    int64_t start = centre - s->n_fft / 2;
    ND_ASSERT(n > s->n_fft / 2 && centre >= 0 && centre <= n);
    for (int i = 0; i < s->n_fft; i++) {
        int64_t k = start + i;
        if (k < 0) k = -k;
        if (k >= n) k = 2 * (n - 1) - k;
        s->frame[i] = x[k] * s->window[i];
    }
}

void nd_stft_power(nd_stft *s, float *power_out, const float *x, int64_t n, int64_t centre)
{
    take_frame(s, x, n, centre);
    nd_rfft_power(s->forward, power_out, s->frame);
}

void nd_stft_bins(nd_stft *s, float *bins_out, const float *x, int64_t n, int64_t centre)
{
    take_frame(s, x, n, centre);
    nd_rfft_bins(s->forward, bins_out, s->frame);
}

void nd_stft_add(nd_stft *s, float *y, int64_t n, int64_t centre, const float *bins)
{
    int64_t start = centre - s->n_fft / 2;
    int64_t lo = ND_MAX(0, -start), hi = ND_MIN(s->n_fft, n - start);
    nd_rfft_invert(s->inverse, s->frame, bins);
    for (int64_t i = lo; i < hi; i++) y[start + i] += s->frame[i] * s->window[i];
}
