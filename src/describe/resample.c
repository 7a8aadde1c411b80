/* 16 kHz to 12 kHz: three phases of a windowed sinc, one for each place that a sample of the result
 * can have between two of the input. */
#include <math.h>
#include <string.h>

#include "describe/statistics.h"

enum { TAPS = 96, PHASES = 3 };

static const double cutoff = 0.94 * ND_STATISTICS_HZ /
                             ND_MUSIC_RATE_HZ; /* of the input's Nyquist */
static const double kaiser_beta = 9;
static const float loudest = 16;

/* Modified Bessel function of the first kind, order 0. */
static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-12 * sum; k++) sum += term *= (x / (2 * k)) * (x / (2 * k));
    return sum;
}

/* The kernel at `at` input samples from its middle. */
static double kernel(double at)
{
    double edge = 2 * at / TAPS, x = M_PI * cutoff * at;
    if (fabs(edge) >= 1) return 0;
    double window = bessel_i0(kaiser_beta * sqrt(1 - edge * edge)) / bessel_i0(kaiser_beta);
    return cutoff * window * (fabs(x) > 1e-9 ? sin(x) / x : 1);
}

/* taps[p][i] is of input sample q - TAPS / 2 + 1 + i, where the result lies at q + p / 3. */
static void make_taps(float taps[PHASES][TAPS])
{
    for (int p = 0; p < PHASES; p++)
        for (int i = 0; i < TAPS; i++)
            taps[p][i] = (float)kernel(i - TAPS / 2 + 1 - p / (double)PHASES);
}

static float one_sample(const float *taps, const float *x, int64_t n, int64_t from)
{
    float lane[8] = {0}, around[TAPS];
    for (int i = 0; i < TAPS; i++) {
        int64_t k = from + i;
        around[i] = k >= 0 && k < n ? ND_CLAMP(x[k], -loudest, loudest) : 0;
    }
    for (int i = 0; i < TAPS; i += 8)
        for (int k = 0; k < 8; k++) lane[k] += taps[i + k] * around[i + k];
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) +
           ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

void nd_resample_12k(float *out, int64_t first, int64_t n_out, const float *x, int64_t n)
{
    float taps[PHASES][TAPS];
    make_taps(taps);
    for (int64_t j = 0; j < n_out; j++) {
        int64_t thirds = 4 * (first + j), q = thirds / PHASES;
        bool is_there = q < n;
        out[j] = is_there ? one_sample(taps[thirds % PHASES], x, n, q - TAPS / 2 + 1) : 0;
    }
}
