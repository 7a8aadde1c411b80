/* Statistics of a track against NumPy's (tests/reference/statistics.py), their parts, borders. */
#include "../test.h"

#include "describe/statistics.h"
#include "hearing_data.h"

enum { PART = ND_STATISTICS_ROWS, KIND = 2 * PART };

/* As the reference's. */
static float *make_track(int64_t n)
{
    uint32_t state = 1;
    float *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) {
        state = 1664525U * state + 1013904223U;
        double noise = (state >> 8) / 0x1p24 - 0.5, t = (double)(i % 8000) / 16000;
        double hz = 220 * exp2((double)(i / 8000 * 5 % 12) / 12);
        double tone = sin(2 * M_PI * hz * t) + 0.5 * sin(6 * M_PI * hz * t);
        double stroke = exp(-60 * (double)(i % 4000) / 16000) * noise;
        x[i] = (float)(0.3 * exp(-4 * t) * tone + 0.4 * stroke + 0.01 * noise);
    }
    return x;
}

static int describe(float *out, const float *x, int64_t n, const char *features)
{
    nd_samples s = {.data = (float *)x, .n = n, .rate_hz = RATE};
    nd_description *d = NULL;
    int rc = nd_describe_samples(&d, &s, features, NULL);
    const nd_array *a = rc ? NULL : nd_description_find(d, "statistics");
    bool fits = a && a->dtype == ND_F32 && a->n_dims == 1 && a->dims[0] == ND_STATISTICS;
    if (fits) memcpy(out, a->f32, ND_STATISTICS * sizeof *out);
    nd_description_destroy(&d);
    return rc || fits ? rc : ND_EFORMAT;
}

static bool all_finite(const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

static void test_wrong(void)
{
    float out[ND_STATISTICS];
    int rc = describe(out, NULL, 0, "statistic");
    CHECK("no such feature", rc == ND_EARG, "%d", rc);
    rc = describe(out, NULL, 0, "statistics");
    CHECK("no sample", !rc && all_finite(out, ND_STATISTICS) && out[0] == 0, "%d", rc);
    CHECK("not by default", !nd_feature_find("statistics")->is_default, "it is");
}

static void test_borders(void)
{
    float out[ND_STATISTICS], again[ND_STATISTICS], *x = calloc(RATE, sizeof *x);
    bool is_zero = true;
    int rc = describe(out, x, RATE, "statistics");
    for (int r = 0; r < PART; r++) /* of MFCC, that of a level spectrum alone is there */
        is_zero = is_zero && out[r] == (r > 120 && r < 140 ? -80 : 0) && out[KIND + r] == 0;
    CHECK("silence is the reference itself", !rc && is_zero, "%d", rc);
    x[0] = 1;
    rc = describe(out, x, 1, "statistics");
    CHECK("one sample", !rc && all_finite(out, ND_STATISTICS), "%d", rc);
    for (int i = 0; i < RATE; i++) x[i] = i % 2 ? 1e30F : -1e30F;
    rc = describe(out, x, RATE, "statistics");
    CHECK("samples beyond measure", !rc && all_finite(out, ND_STATISTICS), "%d", rc);
    free(x);
    x = make_track(RATE);
    rc = describe(out, x, RATE, "statistics");
    if (!rc) rc = describe(again, x, RATE, "statistics");
    CHECK("a second of sound", !rc && all_finite(out, ND_STATISTICS), "%d", rc);
    CHECK("the same twice", !rc && !memcmp(out, again, sizeof out), "another");
    for (int i = 0; i < RATE; i++) x[i] *= 0.5F;
    rc = describe(again, x, RATE, "statistics");
    double worst = 0;
    for (int r = 0; r < KIND; r++) /* MFCC know the level */
        if (r % PART < 120 || r % PART >= 180)
            worst = fmax(worst, fabs((double)(again[r] - out[r])));
    CHECK("half as loud is the same", !rc && worst < 1e-3, "%d, %g", rc, worst);
    free(x);
}

/* Blocks of rows as the reference stacks them, and how far apart numbers in dB may lie: single
 * precision near a logarithm's pole, and a frame that falls the other way at an edge. */
static const struct {
    const char *name;
    int first, n;
    double mean, variance, most;
} blocks[] = {
    {"chroma", 0, 12, 0.002, 0.02, 0.001}, {"cens", 12, 12, 0.02, 0.5, 0.01},
    {"mel", 24, 96, 0.002, 0.02, 0.001},   {"mfcc", 120, 20, 0.005, 0.3, 0.001},
    {"slope", 140, 20, 0.005, 0.3, 0.001}, {"curve", 160, 20, 0.005, 0.3, 0.001},
    {"energy", 180, 1, 0.002, 0.02, 0},    {"centroid", 181, 1, 0.002, 0.02, 0},
    {"bandwidth", 182, 1, 0.002, 0.02, 0}, {"roll-off", 183, 1, 0.01, 0.1, 0},
    {"line", 184, 2, 0.002, 0.02, 0.001},  {"parabola", 186, 3, 0.002, 0.02, 0.001},
    {"crossings", 189, 1, 0.01, 0.1, 0},
};

static void test_golden(const char *name, double seconds)
{
    char path[64], what[64];
    int64_t n_expected;
    snprintf(path, sizeof path, "tests/golden/statistics_%s.npy", name);
    float found[ND_STATISTICS], *expected = npy_read(path, &n_expected);
    float *x = make_track((int64_t)(seconds * RATE));
    int rc = describe(found, x, (int64_t)(seconds * RATE), "statistics");
    CHECK(name, !rc && n_expected == ND_STATISTICS, "%d, %lld values", rc, (long long)n_expected);
    for (size_t b = 0; b < 2 * ND_COUNT(blocks) && !rc && n_expected == ND_STATISTICS; b++) {
        size_t of = b % ND_COUNT(blocks);
        int first = blocks[of].first + (b >= ND_COUNT(blocks) ? PART : 0);
        double worst[3] = {0};
        for (int kind = 0; kind < 3; kind++)
            for (int i = 0; i < blocks[of].n; i++) {
                int k = kind * KIND + first + i;
                worst[kind] = fmax(worst[kind], fabs((double)(found[k] - expected[k])));
            }
        snprintf(what, sizeof what, "%s_%s_%s", name, first < PART ? "harmonic" : "percussive",
                 blocks[of].name);
        CHECK(what,
              worst[0] <= blocks[of].mean && worst[1] <= blocks[of].variance &&
                  worst[2] <= blocks[of].most,
              "mean off by %g, variance %g, maximum %g", worst[0], worst[1], worst[2]);
    }
    free(x);
    free(expected);
}

static void test_numbers(void)
{
    float x[] = {1, -10, 0.1F, 0}, three[3], zeros[2] = {0};
    nd_log_amplitude(x, 4);
    CHECK("decibels below the greatest magnitude",
          fabsf(x[0] + 10) < 1e-4F && x[1] == 0 && fabsf(x[2] + 20) < 1e-4F, "%g %g %g",
          (double)x[0], (double)x[1], (double)x[2]);
    CHECK("at least -80", x[3] == -80, "%g", (double)x[3]);
    nd_log_amplitude(zeros, 2);
    CHECK("nothing is 0", zeros[0] == 0 && zeros[1] == 0, "%g", (double)zeros[0]);
    float row[1000];
    for (int i = 0; i < 1000; i++) row[i] = 3 + 2 * (float)sin(2 * M_PI * i / 100);
    nd_row_statistics(three, row, 1000);
    CHECK("mean, variance, greatest of a sine",
          fabsf(three[0] - 3) < 1e-5F && fabsf(three[1] - 2) < 1e-4F && three[2] == 5, "%g %g %g",
          (double)three[0], (double)three[1], (double)three[2]);
    float line[20], slope[20];
    for (int i = 0; i < 20; i++) line[i] = 3 * (float)i;
    nd_slope(slope, line, 20);
    CHECK("slope of a line", fabsf(slope[10] - 3) < 1e-6F && slope[0] < 3, "%g", (double)slope[10]);
}

static int by_value(const void *a, const void *b)
{
    return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b);
}

static void test_median(void)
{
    enum { N = 60 };
    float x[N], padded[N + 30], out[N], window[31];
    int n_wrong = 0;
    for (int i = 0; i < N; i++) padded[15 + i] = x[i] = (float)(i * i * 7 % 23);
    nd_median_31(out, padded, N);
    for (int i = 0; i < N; i++) {
        for (int k = -15; k <= 15; k++) {
            int j = i + k;
            window[k + 15] = x[j < 0 ? -1 - j : j >= N ? 2 * N - 1 - j : j];
        }
        qsort(window, 31, sizeof *window, by_value);
        n_wrong += out[i] != window[15];
    }
    CHECK("median as sorting has it", n_wrong == 0, "%d wrong", n_wrong);
}

/* A sine goes to one side, clicks to the other, and both together are what was there. */
static void test_split(void)
{
    enum { N = 4 * ND_STATISTICS_HZ };
    float *x = calloc(N, sizeof *x), *h = calloc(N, sizeof *h), *p = calloc(N, sizeof *p);
    double of_sine[2] = {0}, of_clicks[2] = {0}, apart = 0;
    for (int i = 0; i < N; i++) x[i] = (float)(0.1 * sin(2 * M_PI * 440 * i / ND_STATISTICS_HZ));
    for (int i = N / 2; i < N; i++) x[i] = i % 3000 == 1500 ? 1 : 0;
    int rc = nd_hpss(h, p, x, N);
    for (int i = 0; i < N && !rc; i++) {
        double *to = i < N / 2 ? of_sine : of_clicks;
        to[0] += (double)(h[i] * h[i]);
        to[1] += (double)(p[i] * p[i]);
        apart = fmax(apart, fabs((double)(h[i] + p[i] - x[i])));
    }
    CHECK("a sine lasts", of_sine[0] > 20 * of_sine[1], "%g, %g", of_sine[0], of_sine[1]);
    CHECK("clicks strike", of_clicks[1] > 5 * of_clicks[0], "%g, %g", of_clicks[0], of_clicks[1]);
    CHECK("nothing is lost", !rc && apart < 1e-5, "%d, %g", rc, apart);
    free(x);
    free(h);
    free(p);
}

static void test_resample(void)
{
    enum { N = RATE };
    float *x = calloc(N, sizeof *x), *y = calloc(N, sizeof *y);
    double worst = 0;
    for (int i = 0; i < N; i++) x[i] = (float)sin(2 * M_PI * 1000 * i / RATE);
    nd_resample_12k(y, 3000, 6000, x, N);
    for (int j = 0; j < 6000; j++)
        worst = fmax(worst, fabs((double)y[j] - sin(2 * M_PI * 1000 * (3000 + j) / 12000.0)));
    CHECK("a sine of 1 kHz stays one", worst < 2e-4, "off by %g", worst);
    for (int i = 0; i < N; i++) x[i] = (float)sin(2 * M_PI * 7000 * i / RATE);
    nd_resample_12k(y, 3000, 6000, x, N);
    for (int j = worst = 0; j < 6000; j++) worst = fmax(worst, fabs((double)y[j]));
    CHECK("one of 7 kHz goes", worst < 2e-4, "%g is left", worst);
    free(x);
    free(y);
}

int main(void)
{
    test_wrong();
    test_borders();
    test_numbers();
    test_median();
    test_split();
    test_resample();
    test_golden("short", 3);
    test_golden("long", 31);
    TEST_END();
}
