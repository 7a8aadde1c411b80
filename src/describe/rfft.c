/* Real FFT over libavutil's av_tx, which picks AVX code at run time; in single
 * precision, and in double ("wide") where digits are short. */
#include <libavutil/mem.h>
#include <libavutil/tx.h>
#include <string.h>

#include "describe/describe.h"

struct nd_rfft {
    int n;
    bool is_wide;
    AVTXContext *tx;
    av_tx_fn run;
    void *in;  /* [n] float or double, aligned */
    void *out; /* [n / 2 + 1] AVComplexFloat or AVComplexDouble, aligned */
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

static int create(nd_rfft **out, int n, bool is_wide)
{
    ND_ASSERT(n >= 4 && (n & (n - 1)) == 0);
    nd_rfft *fft = nd_calloc(1, sizeof *fft);
    if (!fft) return ND_ENOMEM;
    size_t value = is_wide ? sizeof(double) : sizeof(float);
    static const double scale_wide = 1;
    static const float scale = 1;
    fft->n = n;
    fft->is_wide = is_wide;
    fft->in = av_malloc_array((size_t)n, value);
    fft->out = av_malloc_array((size_t)n / 2 + 1, 2 * value);
    if (!fft->in || !fft->out ||
        av_tx_init(&fft->tx, &fft->run, is_wide ? AV_TX_DOUBLE_RDFT : AV_TX_FLOAT_RDFT, 0, n,
                   is_wide ? (const void *)&scale_wide : (const void *)&scale, 0) < 0) {
        nd_rfft_destroy(&fft);
        return ND_ENOMEM;
    }
    *out = fft;
    return 0;
}

int nd_rfft_create(nd_rfft **out, int n)
{
    return create(out, n, false);
}

int nd_rfft_create_wide(nd_rfft **out, int n)
{
    return create(out, n, true);
}

void nd_rfft_power(nd_rfft *fft, float *power_out, const float *in)
{
    ND_ASSERT(!fft->is_wide);
    AVComplexFloat *bins = fft->out;
    memcpy(fft->in, in, (size_t)fft->n * sizeof *in);
    fft->run(fft->tx, fft->out, fft->in, sizeof *in);
    bins[fft->n / 2].im = 0; /* libavutil 57 leaves it as the memory was */
    for (int k = 0; k <= fft->n / 2; k++)
        power_out[k] = bins[k].re * bins[k].re + bins[k].im * bins[k].im;
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
