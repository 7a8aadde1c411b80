/* Our loudness and peaks beside those of FFmpeg's ebur128 filter, over files that we write. */
#include <fcntl.h>

#include "../test.h"
#include "decode/decode.h"
#include "encode/encode.h"
#include "serve/study_loudness.h"

enum { RATE = ND__STUDY_RATE_HZ, CHANNELS = ND__STUDY_CHANNELS, N = 6 * RATE };

/* What FFmpeg hears in x [n, CHANNELS], once it is a file. */
static double ffmpeg_lufs(const float *x, int64_t n)
{
    char path[] = "/tmp/needledrop-loudness-XXXXXX.flac";
    nd_writer *w = NULL;
    nd_media *m = NULL;
    nd_samples *s = NULL;
    nd_diag diag = {0};
    close(mkstemps(path, 5));
    nd_writer_params how = {.rate_hz = RATE, .n_channels = CHANNELS};
    int rc = nd_writer_open(&w, path, &how, &diag);
    if (!rc) rc = nd_writer_add_samples(w, x, n, &diag);
    if (!rc) rc = nd_writer_close(&w, &diag);
    int fd = open(path, O_RDONLY);
    if (!rc) rc = nd_media_open(&m, fd, path, &diag);
    if (!rc)
        rc = nd_media_read_samples(&s, m, &(nd_sample_params){.rate_hz = RATE, .loudness = true},
                                   &diag);
    double lufs = rc ? NAN : s->integrated_lufs;
    if (rc) printf("%s\n", diag.text);
    nd_samples_destroy(&s);
    nd_media_close(&m);
    close(fd);
    unlink(path);
    return lufs;
}

static void check_lufs(const char *name, const float *x)
{
    CHECK_NEAR(name, nd__study_lufs(x, N), ffmpeg_lufs(x, N), 0.05);
}

static void test_against_ffmpeg(float *x)
{
    nd_rng rng;
    nd_rng_init(&rng, 3, 0);
    for (int i = 0; i < CHANNELS * N; i++)
        x[i] = (float)(0.1 * sin(2 * M_PI * 997 * (i / CHANNELS) / RATE));
    check_lufs("a tone", x);
    double both = nd__study_lufs(x, N);
    for (int i = 0; i < N; i++) x[CHANNELS * i] = 0;
    check_lufs("a tone on the right", x);
    CHECK_NEAR("half the power", nd__study_lufs(x, N), both - 10 * log10(2), 0.01);
    for (int i = 0; i < CHANNELS * N; i++)
        x[i] = (float)nd_rng_uniform(&rng, -0.3, 0.3) * (i % CHANNELS ? 0.2f : 1);
    check_lufs("noise", x);
    for (int i = 0; i < CHANNELS * N; i++) /* loud, quiet, silent: both gates shut */
        x[i] *= i < CHANNELS * N / 3 ? 1 : i < CHANNELS * N * 2 / 3 ? 0.02f : 0;
    check_lufs("gated noise", x);
}

static void test_peaks(float *x)
{
    for (int c = 0; c < CHANNELS; c++) {
        /* A quarter of the rate, between its highest points: samples say 3 dB less. */
        for (int i = 0; i < CHANNELS * N; i++) x[i] = 0.1f;
        for (int i = 0; i < N; i++)
            x[CHANNELS * i + c] = (float)(0.5 * sin(M_PI * i / N) * sin(M_PI * i / 2 + M_PI / 4));
        CHECK_NEAR(c ? "right, between samples" : "left, between samples", nd__study_peak_db(x, N),
                   20 * log10(0.5), 0.1);
    }
    memset(x, 0, CHANNELS * N * sizeof *x);
    x[CHANNELS * N - 1] = -0.25f;
    CHECK_NEAR("the last sample", nd__study_peak_db(x, N), 20 * log10(0.25), 0.1);
}

int main(void)
{
    float *x = nd_calloc(N, CHANNELS * sizeof *x);
    CHECK("silence", nd__study_lufs(x, N) == -120 && nd__study_peak_db(x, N) == -120, "%g",
          nd__study_lufs(x, N));
    CHECK("of nothing", nd__study_lufs(x, 0) == -120 && nd__study_peak_db(x, 0) == -120, "%g",
          nd__study_lufs(x, 0));
    test_peaks(x);
    test_against_ffmpeg(x);
    free(x);
    TEST_END();
}
