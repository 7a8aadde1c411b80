/* The FFT against the sum that defines it, in memory that was never clean. */
#include "../test.h"

#include <malloc.h>

#include "describe/describe.h"

enum { MOST = 64 };

/* |sum_i x[i] e^(-2 pi j i k / n)|^2 */
static double power_at(const double *x, int n, int k)
{
    double re = 0, im = 0;
    for (int i = 0; i < n; i++) {
        re += x[i] * cos(2 * M_PI * i * k / n);
        im -= x[i] * sin(2 * M_PI * i * k / n);
    }
    return re * re + im * im;
}

static double largest_error(const float *power, const double *x, int n)
{
    double most = 0;
    for (int k = 0; k <= n / 2; k++) /* a NaN must not pass for small */
        if (!(fabs(power[k] - power_at(x, n, k)) <= most))
            most = fabs(power[k] - power_at(x, n, k));
    return most;
}

static void test_size(int n)
{
    double x[MOST];
    float narrow[MOST], power[MOST / 2 + 1], wide_power[MOST / 2 + 1];
    for (int i = 0; i < n; i++) narrow[i] = (float)(x[i] = 0.1 + i * 7 % 11 - i % 2);
    nd_rfft *fft = NULL, *wide = NULL;
    int rc = nd_rfft_create(&fft, n);
    if (!rc) rc = nd_rfft_create_wide(&wide, n);
    char name[32];
    snprintf(name, sizeof name, "create_%d", n);
    CHECK(name, rc == 0, "%d", rc);
    if (rc) return;
    nd_rfft_power(fft, power, narrow);
    nd_rfft_power_wide(wide, wide_power, x);
    double error = largest_error(power, x, n), wide_error = largest_error(wide_power, x, n);
    snprintf(name, sizeof name, "power_of_%d", n);
    CHECK(name, error < 0.1, "off by %g", error);
    snprintf(name, sizeof name, "power_of_%d_wide", n);
    CHECK(name, wide_error < 0.01, "off by %g", wide_error);
    nd_rfft_destroy(&fft);
    nd_rfft_destroy(&wide);
    nd_rfft_destroy(&wide);
}

/* There and back, and the bins that the power is made of. */
static void test_inverse(int n)
{
    float x[MOST], back[MOST], bins[MOST + 2], power[MOST / 2 + 1];
    double off = 0, apart = 0;
    nd_rfft *fft = NULL, *inverse = NULL;
    for (int i = 0; i < n; i++) x[i] = (float)(i * 7 % 11 - i % 3);
    int rc = nd_rfft_create(&fft, n);
    if (!rc) rc = nd_rfft_create_inverse(&inverse, n);
    if (!rc) {
        nd_rfft_bins(fft, bins, x);
        nd_rfft_power(fft, power, x);
        nd_rfft_invert(inverse, back, bins);
    }
    for (int i = 0; i < n && !rc; i++)
        if (!(fabsf(back[i] - x[i]) <= off)) off = fabsf(back[i] - x[i]);
    for (int k = 0; k <= n / 2 && !rc; k++) {
        float p = bins[2 * k] * bins[2 * k] + bins[2 * k + 1] * bins[2 * k + 1];
        if (!(fabsf(p - power[k]) <= apart)) apart = fabsf(p - power[k]);
    }
    char name[32];
    snprintf(name, sizeof name, "inverse_of_%d", n);
    CHECK(name, !rc && off < 1e-5 && apart < 1e-2, "%d, off by %g, powers by %g", rc, off, apart);
    nd_rfft_destroy(&fft);
    nd_rfft_destroy(&inverse);
}

int main(void)
{
    mallopt(M_PERTURB, 0x35); /* memory comes full of 0xCA: large numbers */
    for (int n = 4; n <= MOST; n *= 2) test_size(n);
    for (int n = 4; n <= MOST; n *= 2) test_inverse(n);
    TEST_END();
}
