/* The spectrogram that onset strength and chroma share: rules 1 and 2 of models.md 7, for any
 * bands and hop. */
#include <math.h>
#include <string.h>

#include "describe/hearing.h"

/* The frame around sample `centre`, zeros beyond both ends, windowed. */
static void windowed_frame(float *frame, const float *x, int64_t n, int64_t centre,
                           const float *window)
{
    int64_t start = centre - ND_ONSET_FFT / 2;
    int64_t lo = ND_MAX(0, -start), hi = ND_MIN(ND_ONSET_FFT, n - start);
    memset(frame, 0, ND_ONSET_FFT * sizeof *frame);
    for (int64_t i = lo; i < hi; i++) frame[i] = x[start + i] * window[i];
}

int nd_mel_spectrogram(float *out, int64_t n_frames, int hop, const nd_mel *mel, const float *x,
                       int64_t n)
{
    float window[ND_ONSET_FFT], frame[ND_ONSET_FFT];
    float power[ND_ONSET_FFT / 2 + 1 + ND_MEL_SLACK] = {0};
    nd_rfft *fft = NULL;
    ND_ASSERT_EQ(mel->n_bins, ND_ONSET_FFT / 2 + 1);
    if (nd_rfft_create(&fft, ND_ONSET_FFT)) return ND_ENOMEM;
    for (int i = 0; i < ND_ONSET_FFT; i++)
        window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / ND_ONSET_FFT));
    for (int64_t t = 0; t < n_frames; t++) {
        windowed_frame(frame, x, n, t * hop, window);
        nd_rfft_power(fft, power, frame);
        nd_mel_apply(mel, out + t * mel->n_bands, power);
    }
    nd_rfft_destroy(&fft);
    return 0;
}
