/* Onset strength: borders, a click's place, librosa's own values. */
#include "../test.h"

#include "hearing_data.h"

static void test_borders(void)
{
    float x[ND_ONSET_HOP] = {0}, out[2] = {-1, -1};
    CHECK("one frame of no sample", nd_onset_frame_count(0) == 1, "%lld",
          (long long)nd_onset_frame_count(0));
    int rc = nd_onset_strength(out, x, 0);
    CHECK("no sample", !rc && out[0] == 0, "rc %d, %g", rc, (double)out[0]);
    rc = nd_onset_strength(out, x, ND_ONSET_HOP);
    CHECK("silence", !rc && out[0] == 0 && out[1] == 0, "rc %d, %g", rc, (double)out[1]);
}

/* A click in the middle of frame 40 rises first in the difference of frames 37
 * and 38 (2,048 points reach 1,024 ahead), which rule 5 places at frame 40. */
static void test_click(void)
{
    enum { N = 4 * RATE, T = 1 + N / ND_ONSET_HOP };
    float *x = calloc(N, sizeof *x), out[T];
    x[40 * ND_ONSET_HOP] = 4;
    int rc = nd_onset_strength(out, x, N), best = 0;
    for (int i = 0; i < T; i++)
        if (out[i] > out[best]) best = i;
    CHECK("a click peaks no earlier than it is and at most 3 frames later",
          !rc && best >= 40 && best <= 43, "rc %d, frame %d", rc, best);
    float before = out[best];
    for (int i = 0; i < N; i++) x[i] *= 0.25F;
    rc = nd_onset_strength(out, x, N);
    CHECK_NEAR("four times softer, the same in decibels", rc ? rc : out[best], before, 1e-3);
    free(x);
}

static double worst_error(const char *audio, const char *reference)
{
    int64_t n, t;
    float *x = audio_read(audio, &n), *expected = npy_read(reference, &t);
    float *found = calloc((size_t)nd_onset_frame_count(n), sizeof *found);
    double worst = INFINITY, most = 1e-9;
    if (x && t == nd_onset_frame_count(n) && !nd_onset_strength(found, x, n)) {
        worst = 0;
        for (int64_t i = 0; i < t; i++) {
            worst = fmax(worst, fabs(found[i] - (double)expected[i]));
            most = fmax(most, expected[i]);
        }
    }
    free(x);
    free(expected);
    free(found);
    return worst / most;
}

static void test_reference(const char *data)
{
    static const char *const NAMES[] = {"A_Mission", "Dangerous", "inter", "chuggachugga"};
    for (size_t i = 0; i < ND_COUNT(NAMES); i++) {
        char audio[512], reference[512], name[128];
        snprintf(audio, sizeof audio, "%s/reference/librosa_%s.flac", data, NAMES[i]);
        snprintf(reference, sizeof reference, "%s/reference/librosa_%s.onset.npy", data, NAMES[i]);
        snprintf(name, sizeof name, "as librosa: %s", NAMES[i]);
        double worst = worst_error(audio, reference);
        CHECK(name, worst <= 1e-4, "worst error %g of the maximum", worst);
    }
}

int main(void)
{
    test_borders();
    test_click();
    if (test_shared_data()) test_reference(test_shared_data());
    else SKIP("as librosa", "no ../shared/data");
    TEST_END();
}
