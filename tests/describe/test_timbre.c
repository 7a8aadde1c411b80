/* Timbre of sounds whose spectrum is known. */
#include "made.h"

enum { N = 4 * ND_MUSIC_RATE_HZ };

static void check(const char *name, float *x, int64_t n, const double *expected,
                  const double *tolerance)
{
    static const char *const arrays[] = {"clip_centroid_hz", "clip_flatness", "clip_low_ratio",
                                         "clip_high_ratio"};
    nd_description *d = NULL;
    ND_ASSERT_EQ(made_hear(&d, "timbre", x, n), 0);
    for (int i = 0; i < 4; i++) {
        int64_t n_clips = 0;
        const float *found = nd_description_f32(d, arrays[i], &n_clips);
        char what[96];
        snprintf(what, sizeof what, "%s: %s", name, arrays[i]);
        if (n_clips != nd_clip_count((double)n / ND_MUSIC_RATE_HZ))
            CHECK(what, false, "%lld clips", (long long)n_clips);
        else if (n_clips > 0) CHECK_NEAR(what, found[0], expected[i], tolerance[i]);
    }
    nd_description_destroy(&d);
}

static void fill_square(float *x, int period)
{
    for (int i = 0; i < N; i++) x[i] = i / (period / 2) % 2 ? -1 : 1;
}

int main(void)
{
    static const double exact[4] = {0}, fine[4] = {3, 0.01, 0.01, 0.01};
    static float x[N];
    nd_description *d = NULL;
    for (int64_t n = 0; n <= 1; n++) {
        CHECK("no clip", !made_hear(&d, "timbre", x, n), "%lld samples refused", (long long)n);
        nd_description_destroy(&d);
    }
    check("silence", x, N, (double[]){0, 0, 0, 0}, exact);
    for (int i = 0; i < N; i++) x[i] = 0.7f;
    check("DC", x, N, (double[]){0, 0, 0, 0}, exact);
    memset(x, 0, sizeof x);
    made_sine(x, N, 100, 0.5);
    check("sine of 100 Hz", x, N, (double[]){100, 0, 1, 0}, fine);
    made_sine(x, N, 3000, 0.5);
    check("100 and 3000 Hz", x, N, (double[]){1550, 0, 0.5, 0.5}, (double[]){10, 0.01, 0.01, 0.01});
    nd_rng rng;
    nd_rng_init(&rng, 1, 0);
    for (int i = 0; i < N; i++) x[i] = (float)nd_rng_uniform(&rng, -1, 1);
    check("white noise", x, N, (double[]){4000, 1, 0.03, 0.75}, (double[]){100, 0.05, 0.01, 0.02});
    /* A square has 8 / pi^2 of its energy in the fundamental, 500 Hz. */
    fill_square(x, 32);
    check("full-scale square", x, N, (double[]){1000, 0, 0, 0.1},
          (double[]){300, 0.05, 0.01, 0.05});
    for (int i = 0; i < N; i++) x[i] = i % 3 ? 1e30f : -3e38f;
    CHECK("absurd samples", !made_hear(&d, "timbre", x, N), "refused");
    int64_t n = 0;
    CHECK("absurd samples stay finite", isfinite(nd_description_f32(d, "clip_centroid_hz", &n)[0]),
          "not finite");
    nd_description_destroy(&d);
    TEST_END();
}
