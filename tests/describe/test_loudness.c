/* Loudness from given momentary values: ranges, clips, missing values. That the
 * values themselves are EBU R128's is the decode room's test. */
#include "made.h"

enum { N_S = 9 };

static nd_description *hear_lufs(float *lufs, int64_t n, double integrated)
{
    static float silence[N_S * ND_MUSIC_RATE_HZ];
    nd_samples s = {.data = silence,
                    .n = N_S * ND_MUSIC_RATE_HZ,
                    .rate_hz = ND_MUSIC_RATE_HZ,
                    .momentary_lufs = lufs,
                    .n_momentary = n,
                    .integrated_lufs = integrated};
    nd_description *d = NULL;
    return nd_describe_samples(&d, &s, "loudness", NULL) ? NULL : d;
}

static void test_missing(void)
{
    nd_description *d = hear_lufs(NULL, 0, 0);
    CHECK("no values", !d, "accepted samples without loudness");
    nd_description_destroy(&d);
    CHECK("no samples", !made_hear(&d, "loudness", NULL, 0), "refused an empty track");
    CHECK_NEAR("no samples, integrated", nd_description_scalar(d, "integrated_lufs", 0), -120, 0);
    nd_description_destroy(&d);
}

static void test_clips(void)
{
    /* Clip 0: half at -20, half at -10: 10 log10((0.01 + 0.1) / 2) = -12.596. */
    float lufs[85];
    for (int i = 0; i < 85; i++) lufs[i] = i < 20 ? -20 : i < 40 ? -10 : -INFINITY;
    lufs[84] = NAN;
    nd_description *d = hear_lufs(lufs, 85, -13);
    int64_t n = 0;
    const float *clips = nd_description_f32(d, "clip_loudness_lufs", &n);
    CHECK("clip count", n == 2, "%lld", (long long)n);
    CHECK_NEAR("mean power", clips[0], -12.5964, 1e-3);
    CHECK_NEAR("silence", clips[1], -120, 0);
    const float *curve = nd_description_f32(d, "loudness_lufs", &n);
    CHECK("curve length", n == 85, "%lld", (long long)n);
    CHECK_NEAR("curve", curve[20], -10, 0);
    CHECK_NEAR("minus infinity is silence", curve[50], -120, 0);
    CHECK_NEAR("NaN is silence", curve[84], -120, 0);
    CHECK_NEAR("integrated", nd_description_scalar(d, "integrated_lufs", 0), -13, 0);
    nd_description_destroy(&d);
}

static void test_short_curve(void)
{
    float lufs[] = {-30};
    nd_description *d = hear_lufs(lufs, 1, -30);
    int64_t n = 0;
    const float *clips = nd_description_f32(d, "clip_loudness_lufs", &n);
    CHECK_NEAR("values end early: first clip", clips[0], -30, 1e-4);
    CHECK_NEAR("values end early: second clip", clips[1], -120, 0);
    nd_description_destroy(&d);
}

int main(void)
{
    test_missing();
    test_clips();
    test_short_curve();
    TEST_END();
}
