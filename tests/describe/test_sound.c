/* Sound as people hear it, of files that the ffmpeg program makes: left stays left, one channel is
 * on both sides, more are mixed down; what it does not go with. */
#include "../decode/fixture.h"
#include "describe/describe.h"

enum { RATE = 48000, SECONDS = 2, LOW_HZ = 440, HIGH_HZ = 1500 };
#define LOW  "0.5*sin(2*PI*440*t)"
#define HIGH "0.25*sin(2*PI*1500*t)"
#define AEVAL(channels, layout) \
    FFMPEG "-f lavfi -i 'aevalsrc=" channels ":d=2:s=44100:c=" layout "' "

static nd_description *describe(const char *name, const char *features, double start_s,
                                double length_s, int *rc_out, nd_diag *diag)
{
    nd_description *d = NULL;
    opened o = open_media(name);
    int rc = o.rc;
    if (!rc) rc = nd_describe_media(&d, o.media, ND_MUSIC, features, start_s, length_s, &o.diag);
    close_media(&o);
    *diag = o.diag;
    if (rc_out) *rc_out = rc;
    return d;
}

static void test_wrong_params(void)
{
    static const struct {
        const char *name;
        nd_sample_params params;
    } cases[] = {
        {"channels_negative", {.rate_hz = RATE, .n_channels = -1}},
        {"channels_three", {.rate_hz = RATE, .n_channels = 3}},
        {"loudness_of_stereo", {.rate_hz = RATE, .n_channels = 2, .loudness = true}},
    };
    nd_diag diag;
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_samples *s;
        int rc = read_samples(&s, "two.flac", cases[i].params, &diag);
        CHECK(cases[i].name, rc == ND_EARG && !s && diag.text[0], "%d %s", rc, diag.text);
    }
    static const char *const together[] = {"sound,waveform", "waveform,sound"};
    for (size_t i = 0; i < ND_COUNT(together); i++) {
        int rc;
        nd_description *d = describe("two.flac", together[i], 0, 0, &rc, &diag);
        CHECK(together[i], rc == ND_EARG && !d && strstr(diag.text, "2 x 48000 Hz"), "%d %s", rc,
              diag.text);
    }
}

/* ---- which tone is where ---------------------------------------- */

/* Amplitude of a tone in channel c of x [n, 2]. */
static double tone(const float *x, int64_t n, int c, double hz)
{
    double re = 0, im = 0;
    for (int64_t i = 0; i < n; i++) {
        double at = 2 * M_PI * hz * (double)i / RATE;
        re += cos(at) * (double)x[2 * i + c] * 2 / (double)n;
        im += sin(at) * (double)x[2 * i + c] * 2 / (double)n;
    }
    return hypot(re, im);
}

/* Both tones' amplitudes on both sides; -1: there is no sound of that length. */
static void hear(double out[4], const char *name)
{
    nd_diag diag;
    nd_description *d = describe(name, "sound", 0, 0, NULL, &diag);
    const nd_array *a = d ? nd_description_find(d, "sound") : NULL;
    bool fits = a && a->dtype == ND_F32 && a->n_dims == 2 && a->dims[1] == 2 &&
                llabs(a->dims[0] - RATE * SECONDS) < RATE / 10;
    CHECK(name, fits, "%s", diag.text);
    for (int i = 0; i < 4; i++)
        out[i] = fits ? tone(a->f32 + 2 * RATE / 2, RATE, i / 2, i % 2 ? HIGH_HZ : LOW_HZ) : -1;
    nd_description_destroy(&d);
}

static void test_sides(void)
{
    const double front = 1 / (1 + 2 * M_SQRT1_2), rest = M_SQRT1_2 * front;
    const struct {
        const char *name, *make;
        double tones[4]; /* low and high on the left, on the right */
        double slack;
    } cases[] = {
        {"two.wav", AEVAL(LOW "|" HIGH, "stereo"), {.5, 0, 0, .25}, .001},
        /* LAME takes 5 % off */
        {"two.mp3", AEVAL(LOW "|" HIGH, "stereo"), {.475, 0, 0, .2375}, .005},
        {"two.mkv", AEVAL(LOW "|" HIGH, "stereo") "-c:a pcm_f32le ", {.5, 0, 0, .25}, .001},
        {"one.flac", AEVAL(LOW "+" HIGH, "mono"), {.5, .25, .5, .25}, .001},
        /* front left, right and centre, LFE, back left and right */
        {"five.flac",
         AEVAL(LOW "|0|" HIGH "|" LOW "|0|" LOW, "5.1"),
         {.5 * front, .25 * rest, .5 * rest, .25 * rest},
         .001},
        /* of no layout: taken for 5.1 */
        {"six.wav",
         AEVAL(LOW "|" HIGH, "stereo") "-af 'pan=6c|c0=c0|c1=c1' ",
         {.5 * front, 0, 0, .25 * front},
         .001},
        /* of one without a right side: the mean */
        {"lopsided.wav",
         AEVAL(LOW "|0|" HIGH, "FL+LFE+BC"),
         {.5 / 3, .25 / 3, .5 / 3, .25 / 3},
         .001},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        double got[4];
        shell("%s%s", cases[i].make, cases[i].name);
        hear(got, cases[i].name);
        for (int k = 0; k < 4; k++) {
            char name[64];
            snprintf(name, sizeof name, "%s_%s_%s", cases[i].name, k % 2 ? "high" : "low",
                     k / 2 ? "right" : "left");
            CHECK_NEAR(name, got[k], cases[i].tones[k], cases[i].slack);
        }
    }
}

/* ---- parts, damage ---------------------------------------- */

static void test_part(void)
{
    nd_diag diag;
    nd_description *whole = describe("two.mp3", "sound", 0, 0, NULL, &diag);
    nd_description *part = describe("two.mp3", "sound", 0.5, 1, NULL, &diag);
    const nd_array *a = whole ? nd_description_find(whole, "sound") : NULL;
    const nd_array *b = part ? nd_description_find(part, "sound") : NULL;
    CHECK("part_of_the_whole",
          a && b && b->dims[0] == RATE && nd_description_is_cut(part) &&
              !memcmp(b->f32, a->f32 + RATE, 2 * RATE * sizeof(float)),
          "%s", diag.text);
    nd_description_destroy(&whole);
    nd_description_destroy(&part);
}

static void test_damage(void)
{
    shell(AEVAL("if(gt(t\\,1)\\,0.25\\,0/0)|0.25", "stereo") "-c:a pcm_f32le nan.wav");
    shell(AEVAL(LOW, "mono") "1.aac && " AEVAL(LOW "|" HIGH, "stereo") "2.aac && " AEVAL(
        "0|" LOW "|0", "2.1") "3.aac && cat 1.aac 2.aac 3.aac > changing.aac");
    nd_diag diag;
    nd_description *d = describe("nan.wav", "sound", 0, 0, NULL, &diag);
    const nd_array *a = d ? nd_description_find(d, "sound") : NULL;
    int64_t n_wrong = 0;
    for (int64_t i = 0; a && i < nd_array_count(a); i++) n_wrong += !isfinite(a->f32[i]);
    CHECK("nan_becomes_silence_on_its_side",
          a && !n_wrong && fabsf(a->f32[RATE]) < 1e-3f && fabsf(a->f32[RATE + 1] - .25f) < 1e-3f,
          "%s, %lld", diag.text, (long long)n_wrong);
    nd_description_destroy(&d);
    d = describe("changing.aac", "sound", 0, 0, NULL, &diag);
    a = d ? nd_description_find(d, "sound") : NULL;
    bool is_whole = a && llabs(a->dims[0] - 3 * RATE * SECONDS) < RATE / 2;
    CHECK("channels_change_midway", is_whole, "%s", diag.text);
    const float *second = is_whole ? a->f32 + 2 * (RATE * 5 / 2) : NULL;
    CHECK("then_each_has_its_side",
          second && tone(second, RATE, 0, HIGH_HZ) < .01 && tone(second, RATE, 1, LOW_HZ) < .01 &&
              tone(second, RATE, 1, HIGH_HZ) > .2,
          "no");
    nd_description_destroy(&d);
}

int main(void)
{
    scratch_make();
    shell(AEVAL(LOW "|" HIGH, "stereo") "two.flac");
    test_wrong_params();
    test_sides();
    test_part();
    test_damage();
    scratch_remove();
    TEST_END();
}
