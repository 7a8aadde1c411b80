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

int main(void)
{
    mallopt(M_PERTURB, 0x35); /* memory comes full of 0xCA: large numbers */
    for (int n = 4; n <= MOST; n *= 2) test_size(n);
    TEST_END();
}
