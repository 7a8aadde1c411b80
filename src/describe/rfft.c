/* Real FFT over libavutil's av_tx, which picks AVX code at run time; in single
 * precision, and in double ("wide") where digits are short; and, single, back. */
#include <libavutil/mem.h>
#include <libavutil/tx.h>
#include <string.h>

#include "describe/describe.h"

struct nd_rfft {
    int n;
    bool is_wide, is_inverse;
    AVTXContext *tx;
    av_tx_fn run;
    void *in;  /* [n] float or double, aligned; of an inverse, what comes out */
    void *out; /* [n / 2 + 1] AVComplexFloat or AVComplexDouble, aligned; what goes in */
};

void nd_rfft_destroy(nd_rfft **fft)
{
    if (!fft || !*fft) return;
    av_tx_uninit(&(*fft)->tx);
    av_free((*fft)->in);
    av_free((*fft)->out);
    free(*fft);
    *fft = NULL;
}

static int create(nd_rfft **out, int n, bool is_wide, bool is_inverse)
{
    ND_ASSERT(n >= 4 && (n & (n - 1)) == 0);
    nd_rfft *fft = nd_calloc(1, sizeof *fft);
    if (!fft) return ND_ENOMEM;
    size_t value = is_wide ? sizeof(double) : sizeof(float);
    static const double scale_wide = 1;
    const float scale = is_inverse ? 1 / (float)n : 1;
    fft->n = n;
    fft->is_wide = is_wide;
    fft->is_inverse = is_inverse;
    fft->in = av_malloc_array((size_t)n, value);
    fft->out = av_malloc_array((size_t)n / 2 + 1, 2 * value);
    if (!fft->in || !fft->out ||
        av_tx_init(&fft->tx, &fft->run, is_wide ? AV_TX_DOUBLE_RDFT : AV_TX_FLOAT_RDFT, is_inverse,
                   n, is_wide ? (const void *)&scale_wide : (const void *)&scale, 0) < 0) {
        nd_rfft_destroy(&fft);
        return ND_ENOMEM;
    }
    *out = fft;
    return 0;
}

int nd_rfft_create(nd_rfft **out, int n)
{
    return create(out, n, false, false);
}

int nd_rfft_create_wide(nd_rfft **out, int n)
{
    return create(out, n, true, false);
}

/* The bins of in [n], in fft->out. */
static const AVComplexFloat *run_forward(nd_rfft *fft, const float *in)
{
    ND_ASSERT(!fft->is_wide && !fft->is_inverse);
    AVComplexFloat *bins = fft->out;
    memcpy(fft->in, in, (size_t)fft->n * sizeof *in);
    fft->run(fft->tx, fft->out, fft->in, sizeof *in);
    bins[fft->n / 2].im = 0; /* libavutil 57 leaves it as the memory was */
    return bins;
}

void nd_rfft_power(nd_rfft *fft, float *power_out, const float *in)
{
    const AVComplexFloat *bins = run_forward(fft, in);
    for (int k = 0; k <= fft->n / 2; k++)
        power_out[k] = bins[k].re * bins[k].re + bins[k].im * bins[k].im;
}

void nd_rfft_bins(nd_rfft *fft, float *bins_out, const float *in)
{
    memcpy(bins_out, run_forward(fft, in), (size_t)(fft->n + 2) * sizeof *bins_out);
}

int nd_rfft_create_inverse(nd_rfft **out, int n)
{
    return create(out, n, false, true);
}

void nd_rfft_invert(nd_rfft *fft, float *out, const float *bins)
{
    ND_ASSERT(fft->is_inverse);
    memcpy(fft->out, bins, (size_t)(fft->n + 2) * sizeof *bins);
    fft->run(fft->tx, fft->in, fft->out, sizeof(AVComplexFloat));
    memcpy(out, fft->in, (size_t)fft->n * sizeof *out);
}

void nd_rfft_power_wide(nd_rfft *fft, float *power_out, const double *in)
{
    ND_ASSERT(fft->is_wide);
    AVComplexDouble *bins = fft->out;
    memcpy(fft->in, in, (size_t)fft->n * sizeof *in);
    fft->run(fft->tx, fft->out, fft->in, sizeof *in);
    bins[fft->n / 2].im = 0; /* libavutil 57 leaves it as the memory was */
    for (int k = 0; k <= fft->n / 2; k++)
        power_out[k] = (float)(bins[k].re * bins[k].re + bins[k].im * bins[k].im);
}
