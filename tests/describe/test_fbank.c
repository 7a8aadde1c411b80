/* Log-mel against torchaudio's (tests/reference/fbank.py), and its borders. */
#include "../test.h"

#include "hearing_data.h"

enum { CLIP = 4 * RATE, VALUES = ND_FBANK_CLIP_FRAMES * ND_FBANK_BANDS };

static void make_noise(float *x)
{
    uint32_t state = 1;
    for (int i = 0; i < CLIP; i++) {
        state = 1664525U * state + 1013904223U;
        x[i] = (float)((state >> 8) / 0x1p24 - 0.5);
    }
}

static void make_notes(float *x)
{
    make_noise(x);
    for (int i = 0; i < CLIP; i++) {
        double t = (i % 8000) / 16000.0, hz = 220 * exp2(i / 8000 * 5 % 12 / 12.0);
        double tone = sin(2 * M_PI * hz * t) + 0.5 * sin(6 * M_PI * hz * t);
        x[i] = (float)(0.3 * exp(-4 * t) * tone + 0.01 * x[i] + 0.05);
    }
}

static void test_short_input(void)
{
    float x[ND_FBANK_WINDOW] = {0}, out[ND_FBANK_BANDS] = {0};
    CHECK("no frame in 399 samples", nd_fbank_frame_count(399) == 0, "%lld",
          (long long)nd_fbank_frame_count(399));
    CHECK("one frame in 400", nd_fbank_frame_count(400) == 1, "%lld",
          (long long)nd_fbank_frame_count(400));
    CHECK("398 frames in 4 s", nd_fbank_frame_count(CLIP) == ND_FBANK_CLIP_FRAMES, "%lld",
          (long long)nd_fbank_frame_count(CLIP));
    int rc = nd_fbank_compute(out, x, ND_FBANK_WINDOW);
    CHECK_NEAR("silence is the floor", rc ? rc : out[40], log(0x1p-23), 1e-5);
}

static void test_golden(const char *name, void (*make)(float *), const char *path)
{
    int64_t n;
    float *x = malloc(CLIP * sizeof *x), *found = malloc(VALUES * sizeof *found);
    float *expected = npy_read(path, &n), worst = -1;
    make(x);
    int rc = nd_fbank_compute(found, x, CLIP);
    for (int i = 0; i < VALUES && !rc && n == VALUES; i++)
        worst = fmaxf(worst, fabsf(found[i] - expected[i]));
    CHECK(name, worst >= 0 && worst <= 1e-3, "rc %d, %lld values in %s, worst %g", rc, (long long)n,
          path, (double)worst);
    free(x);
    free(found);
    free(expected);
}

static void test_log(void)
{
    float x[] = {0, 1e-30F, 1e-7F, 0.70F, 0.71F, 1, 3, 12345, 3e38F};
    double worst = 0;
    for (size_t i = 0; i < ND_COUNT(x); i++) {
        float y = x[i];
        nd_log_floor(&y, 1, 1e-7F);
        double expected = log(fmax(x[i], 1e-7F));
        worst = fmax(worst, fabs(y - expected) / fmax(1, fabs(expected)));
    }
    CHECK("logarithm", worst < 3e-7, "worst relative error %g", worst);
}

/* 7 s: two clips, the second padded with 1 s of zeros. */
static void test_feature(void)
{
    nd_samples s = {.n = 7 * RATE, .rate_hz = RATE, .data = calloc(7 * RATE, sizeof(float))};
    float *alone = malloc(VALUES * sizeof *alone), *clip = calloc(CLIP, sizeof *clip);
    make_notes(s.data);
    memcpy(s.data + CLIP, s.data, 3 * RATE * sizeof *clip);
    memcpy(clip, s.data + CLIP, 3 * RATE * sizeof *clip);
    nd_description *d = NULL;
    int rc = nd_describe_samples(&d, &s, "fbank", NULL);
    const nd_array *a = rc ? NULL : nd_description_find(d, "fbank");
    CHECK("two clips of 7 s",
          a && a->n_dims == 3 && a->dims[0] == 2 && a->dims[1] == 398 && a->dims[2] == 80, "rc %d",
          rc);
    rc = nd_fbank_compute(alone, clip, CLIP);
    CHECK("the last clip is padded with zeros",
          a && !rc && !memcmp(alone, a->f32 + VALUES, VALUES * sizeof *alone), "rc %d", rc);
    nd_description_destroy(&d);
    s.n = 2 * RATE;
    rc = nd_describe_samples(&d, &s, "fbank", NULL);
    a = rc ? NULL : nd_description_find(d, "fbank");
    CHECK("no clip of 2 s", a && a->dims[0] == 0, "rc %d", rc);
    nd_description_destroy(&d);
    free(s.data);
    free(alone);
    free(clip);
}

int main(void)
{
    test_short_input();
    test_log();
    test_golden("notes as torchaudio", make_notes, "tests/golden/fbank_notes.npy");
    test_golden("noise as torchaudio", make_noise, "tests/golden/fbank_noise.npy");
    test_feature();
    TEST_END();
}
