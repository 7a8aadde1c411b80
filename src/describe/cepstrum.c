/* MFCC of mel energies, and slopes of a row along time. */
#include <math.h>

#include "describe/statistics.h"

enum { SLOPE_HALF = 4 };

static const float decibels = 4.34294482F; /* of a natural logarithm of power */

/* mel[i] = 10 log10 of max(mel[i], 1e-10), at most 80 below the greatest. */
static void to_decibels(float *mel, int64_t n)
{
    nd_log_floor(mel, n, 1e-10F);
    float most = mel[0];
    for (int64_t i = 0; i < n; i++) most = fmaxf(most, mel[i]);
    for (int64_t i = 0; i < n; i++) mel[i] = fmaxf(decibels * mel[i], decibels * most - 80);
}

void nd_cepstrum(float *out, float *mel, int64_t n)
{
    enum { BANDS = ND_CEPSTRUM_BANDS };
    double cosine[BANDS]; /* wide: of a level spectrum all but the first are 0 */
    to_decibels(mel, n * BANDS);
    for (int c = 0; c < ND_CEPSTRUM; c++) {
        for (int m = 0; m < BANDS; m++)
            cosine[m] = sqrt((c ? 2.0 : 1.0) / BANDS) * cos(M_PI * c * (2 * m + 1) / (2.0 * BANDS));
        for (int64_t t = 0; t < n; t++) {
            double lane[4] = {0};
            for (int m = 0; m < BANDS; m += 4)
                for (int k = 0; k < 4; k++)
                    lane[k] += cosine[m + k] * (double)mel[t * BANDS + m + k];
            out[c * n + t] = (float)((lane[0] + lane[2]) + (lane[1] + lane[3]));
        }
    }
}

void nd_slope(float *out, const float *row, int64_t n)
{
    enum { SQUARES = 60 }; /* 2 (1 + 4 + 9 + 16) */
    for (int64_t t = 0; t < n; t++) {
        float sum = 0;
        for (int k = 1; k <= SLOPE_HALF; k++)
            sum += (float)k * (row[ND_MIN(t + k, n - 1)] - row[ND_MAX(t - k, 0)]);
        out[t] = sum / SQUARES;
    }
}
