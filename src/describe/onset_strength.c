/* Onset strength as librosa 0.11 computes it: rules 1-5 of models.md 7.
 *
 * Spectral flux of a 128-band decibel mel spectrogram. Rule 5 puts each value
 * three frames late against its first difference, so the curve peaks 20-45 ms
 * after an attack is heard; the tracker of `beat` does not read it. */
#include <math.h>
#include <string.h>

#include "describe/hearing.h"

enum { LAG = 1 + ND_ONSET_FFT / (2 * ND_ONSET_HOP) }; /* rule 5 */

int64_t nd_onset_frame_count(int64_t n_samples)
{
    return 1 + n_samples / ND_ONSET_HOP;
}

/* Rules 1, 2: mel [t, 128] of power, before the logarithm. */
static int mel_power(float *mel_out, const float *x, int64_t n, int64_t n_frames)
{
    nd_mel *mel = NULL;
    int rc = nd_mel_create(&mel, ND_MEL_SLANEY, ND_ONSET_BANDS, ND_ONSET_FFT, ND_MUSIC_RATE_HZ, 0,
                           8000);
    if (!rc) rc = nd_mel_spectrogram(mel_out, n_frames, ND_ONSET_HOP, mel, x, n);
    nd_mel_destroy(&mel);
    return rc;
}

/* Rule 4 between two frames of ln power: the mean rise, in decibels. */
static float mean_rise_db(const float *now, const float *before)
{
    enum { LANES = 8 };
    float lane[LANES] = {0}, sum = 0;
    for (int m = 0; m < ND_ONSET_BANDS; m += LANES)
        for (int k = 0; k < LANES; k++) {
            float rise = now[m + k] - before[m + k];
            lane[k] += rise > 0 ? rise : 0;
        }
    for (int k = 0; k < LANES; k++) sum += lane[k];
    return sum * (float)(10 / M_LN10 / ND_ONSET_BANDS);
}

int nd_onset_strength(float *out, const float *x, int64_t n)
{
    int64_t n_frames = nd_onset_frame_count(n);
    float *mel = nd_calloc((size_t)n_frames, ND_ONSET_BANDS * sizeof *mel);
    if (!mel) return ND_ENOMEM;
    int rc = mel_power(mel, x, n, n_frames);
    if (rc) goto fail;
    float peak = 1e-10F;
    int64_t n_values = n_frames * ND_ONSET_BANDS;
    for (int64_t i = 0; i < n_values; i++) peak = mel[i] > peak ? mel[i] : peak;
    nd_log_floor(mel, n_values, fmaxf(1e-10F, peak * 1e-8F)); /* rule 3 */
    for (int64_t t = 0; t < n_frames; t++) {
        const float *before = mel + (t - LAG) * ND_ONSET_BANDS;
        out[t] = t < LAG ? 0 : mean_rise_db(before + ND_ONSET_BANDS, before);
    }
fail:
    free(mel);
    return rc;
}
