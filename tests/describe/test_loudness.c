/* Loudness from given momentary values: ranges, clips, missing values. Then a
 * whole file against the summary of ffmpeg's own ebur128 filter. */
#include <fcntl.h>

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

/* "    I:         -15.3 LUFS" of the summary, the last such line. */
static double ask_ffmpeg(const char *path)
{
    char command[256], line[512];
    double lufs = NAN;
    snprintf(command, sizeof command,
             "ffmpeg -hide_banner -nostats -nostdin -i '%s' -af ebur128 -f null - 2>&1", path);
    FILE *pipe = popen(command, "r");
    while (pipe && fgets(line, sizeof line, pipe)) sscanf(line, " I: %lf LUFS", &lufs);
    if (pipe) pclose(pipe);
    return lufs;
}

static void test_against_ffmpeg(void)
{
    static const char path[] = "../shared/data/music/neverball/track1.ogg";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        SKIP("integrated as ffmpeg's", "no ../shared/data");
        return;
    }
    nd_media *m = NULL;
    nd_description *d = NULL;
    nd_diag diag = {0};
    int rc = nd_media_open(&m, fd, path, &diag);
    if (!rc) rc = nd_describe_media(&d, m, ND_MUSIC, "loudness", 0, 0, &diag);
    CHECK("a file is heard", rc == 0, "%s", diag.text);
    if (!rc)
        CHECK_NEAR("integrated as ffmpeg's", nd_description_scalar(d, "integrated_lufs", 0),
                   ask_ffmpeg(path), 0.1);
    nd_description_destroy(&d);
    nd_media_close(&m);
    close(fd);
}

int main(void)
{
    test_against_ffmpeg();
    test_missing();
    test_clips();
    test_short_curve();
    TEST_END();
}
