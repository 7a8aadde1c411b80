/* Real FFT over libavutil's av_tx, which picks AVX code at run time. */
#include <libavutil/mem.h>
#include <libavutil/tx.h>

#include "describe/describe.h"

struct nd_rfft {
    int n;
    AVTXContext *tx;
    av_tx_fn run;
    float *in;           /* [n] aligned */
    AVComplexFloat *out; /* [n / 2 + 1] aligned */
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

int nd_rfft_create(nd_rfft **out, int n)
{
    ND_ASSERT(n >= 4 && (n & (n - 1)) == 0);
    nd_rfft *fft = nd_calloc(1, sizeof *fft);
    if (!fft) return ND_ENOMEM;
    float scale = 1;
    fft->n = n;
    fft->in = av_malloc_array((size_t)n, sizeof *fft->in);
    fft->out = av_malloc_array((size_t)n / 2 + 1, sizeof *fft->out);
    if (!fft->in || !fft->out ||
        av_tx_init(&fft->tx, &fft->run, AV_TX_FLOAT_RDFT, 0, n, &scale, 0) < 0) {
        nd_rfft_destroy(&fft);
        return ND_ENOMEM;
    }
    *out = fft;
    return 0;
}

void nd_rfft_power(nd_rfft *fft, float *power_out, const float *in)
{
    int n_bins = fft->n / 2 + 1;
    for (int i = 0; i < fft->n; i++) fft->in[i] = in[i];
    fft->run(fft->tx, fft->out, fft->in, sizeof(float));
    for (int k = 0; k < n_bins; k++) {
        float re = fft->out[k].re, im = fft->out[k].im;
        power_out[k] = re * re + im * im;
    }
}
