/* ITU-R BS.1770-4 for two channels at 48 kHz. */
#include <math.h>

#include "serve/study_loudness.h"

enum { STEP = ND__STUDY_RATE_HZ / 10, STEPS_A_BLOCK = 4, PHASES = 4, HALF_TAPS = 12 };
enum { CHANNELS = ND__STUDY_CHANNELS };
static const double silence_db = -120;

/* ---- loudness ---------------------------------------- */

typedef struct {
    double b[3], a[2], z[2];
} biquad;

static double filter(biquad *f, double x)
{
    double y = f->b[0] * x + f->z[0];
    f->z[0] = f->b[1] * x - f->a[0] * y + f->z[1];
    f->z[1] = f->b[2] * x - f->a[1] * y;
    return y;
}

/* Add the mean square of a K-weighted channel, 10 a second.
 * @param steps  [n_steps];  @param x  [n_steps * STEP, CHANNELS], from the channel's first on */
static void weigh_channel(double *steps, int64_t n_steps, const float *x)
{
    biquad shelf = {{1.53512485958697, -2.69169618940638, 1.19839281085285},
                    {-1.69065929318241, 0.73248077421585},
                    {0}};
    biquad high_pass = {{1, -2, 1}, {-1.99004745483398, 0.99007225036621}, {0}};
    for (int64_t i = 0; i < n_steps * STEP; i++) {
        double y = filter(&high_pass, filter(&shelf, (double)x[i * CHANNELS]));
        steps[i / STEP] += y * y / STEP;
    }
}

/* Mean power of the blocks, 0.4 s each 0.1 s, that are louder than a gate. */
static double mean_above(const double *steps, int64_t n, double gate)
{
    double sum = 0;
    int64_t n_above = 0;
    for (int64_t at = 0; at + STEPS_A_BLOCK <= n; at++) {
        double power = (steps[at] + steps[at + 1] + steps[at + 2] + steps[at + 3]) / STEPS_A_BLOCK;
        if (!(power > gate)) continue;
        sum += power;
        n_above++;
    }
    return n_above ? sum / (double)n_above : 0;
}

double nd__study_lufs(const float *x, int64_t n)
{
    const double offset = -0.691;
    int64_t n_steps = n / STEP;
    double *steps = nd_calloc((size_t)n_steps + 1, sizeof *steps);
    if (!steps) return silence_db;
    for (int c = 0; c < CHANNELS; c++) weigh_channel(steps, n_steps, x + c);
    double loud = mean_above(steps, n_steps, pow(10, (-70 - offset) / 10));
    double gated = loud > 0 ? mean_above(steps, n_steps, loud / 10) : 0;
    free(steps);
    return gated > 0 ? offset + 10 * log10(gated) : silence_db;
}

/* ---- peaks ---------------------------------------- */

/* taps[k] of the value at `at` of the way from sample HALF_TAPS - 1 to the next. */
static void make_taps(double *taps, double at)
{
    for (int k = 0; k < 2 * HALF_TAPS; k++) {
        double t = k - (HALF_TAPS - 1) - at;
        double window = 0.5 + 0.5 * cos(M_PI * t / HALF_TAPS);
        taps[k] = (t == 0 ? 1 : sin(M_PI * t) / (M_PI * t)) * window;
    }
}

/* Of one channel: x [n, CHANNELS], from the channel's first on. */
static double peak_between(const float *x, int64_t n, const double *taps)
{
    double peak = 0;
    for (int64_t i = -HALF_TAPS; i < n; i++) {
        double y = 0;
        for (int k = 0; k < 2 * HALF_TAPS; k++) {
            int64_t from = i + k - (HALF_TAPS - 1);
            if (from >= 0 && from < n) y += taps[k] * (double)x[from * CHANNELS];
        }
        peak = fmax(peak, fabs(y));
    }
    return peak;
}

double nd__study_peak_db(const float *x, int64_t n)
{
    double taps[2 * HALF_TAPS], peak = 0;
    for (int64_t i = 0; i < n * CHANNELS; i++) peak = fmax(peak, fabs((double)x[i]));
    for (int phase = 1; phase < PHASES; phase++) {
        make_taps(taps, (double)phase / PHASES);
        for (int c = 0; c < CHANNELS; c++) peak = fmax(peak, peak_between(x + c, n, taps));
    }
    return peak > 0 ? fmax(20 * log10(peak), silence_db) : silence_db;
}
