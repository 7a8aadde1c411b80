/* Our loudness and peaks beside those of FFmpeg's ebur128 filter, over files that we write. */
#include <fcntl.h>

#include "../test.h"
#include "decode/decode.h"
#include "encode/encode.h"
#include "serve/study_loudness.h"

enum { RATE = ND__STUDY_RATE_HZ, N = 6 * RATE };
static const double dual_mono_db = 3.0102999566398120;

/* What FFmpeg hears in the samples, once they are a file. */
static double ffmpeg_lufs(const float *x, int64_t n)
{
    char path[64];
    nd_writer *w = NULL;
    nd_media *m = NULL;
    nd_samples *s = NULL;
    nd_diag diag = {0};
    snprintf(path, sizeof path, "/tmp/nd-loudness-%d.flac", (int)getpid());
    int rc = nd_writer_open(&w, path, &(nd_writer_params){.rate_hz = RATE}, &diag);
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

static void test_against_ffmpeg(float *x)
{
    nd_rng rng;
    nd_rng_init(&rng, 3, 0);
    for (int i = 0; i < N; i++) x[i] = (float)(0.1 * sin(2 * M_PI * 997 * i / RATE));
    CHECK_NEAR("a tone", nd__study_lufs(x, N), ffmpeg_lufs(x, N) + dual_mono_db, 0.05);
    for (int i = 0; i < N; i++) x[i] = (float)nd_rng_uniform(&rng, -0.3, 0.3);
    CHECK_NEAR("noise", nd__study_lufs(x, N), ffmpeg_lufs(x, N) + dual_mono_db, 0.05);
    for (int i = 0; i < N; i++) /* loud, quiet, silent: both gates shut */
        x[i] *= i < N / 3 ? 1 : i < 2 * N / 3 ? 0.02f : 0;
    CHECK_NEAR("gated noise", nd__study_lufs(x, N), ffmpeg_lufs(x, N) + dual_mono_db, 0.05);
}

static void test_peaks(float *x)
{
    /* A quarter of the rate, between its highest points: samples say 3 dB less. */
    for (int i = 0; i < N; i++)
        x[i] = (float)(0.5 * sin(M_PI * i / N) * sin(M_PI * i / 2 + M_PI / 4));
    CHECK_NEAR("between samples", nd__study_peak_db(x, N), 20 * log10(0.5), 0.1);
    memset(x, 0, N * sizeof *x);
    x[N - 1] = -0.25f;
    CHECK_NEAR("the last sample", nd__study_peak_db(x, N), 20 * log10(0.25), 0.1);
}

int main(void)
{
    float *x = nd_calloc(N, sizeof *x);
    CHECK("silence", nd__study_lufs(x, N) == -120 && nd__study_peak_db(x, N) == -120, "%g",
          nd__study_lufs(x, N));
    CHECK("of nothing", nd__study_lufs(x, 0) == -120 && nd__study_peak_db(x, 0) == -120, "%g",
          nd__study_lufs(x, 0));
    test_peaks(x);
    test_against_ffmpeg(x);
    free(x);
    TEST_END();
}
