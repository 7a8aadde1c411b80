/* Sound, against what the ffmpeg program decodes from the same file. */
#include "fixture.h"

#include <sys/resource.h>

#define NOISE "-f lavfi -i anoisesrc=d=4:seed=7:r=44100:a=0.3 "

static void test_parameters(void)
{
    shell(FFMPEG NOISE "noise.wav && " FFMPEG "-f lavfi -i testsrc=s=64x48:d=1 silent.mp4");
    static const struct {
        const char *name, *file;
        nd_sample_params params;
        int expected;
    } cases[] = {
        {"rate_zero", "noise.wav", {.rate_hz = 0}, ND_EARG},
        {"rate_huge", "noise.wav", {.rate_hz = 2000000}, ND_EARG},
        {"start_negative", "noise.wav", {.rate_hz = 16000, .start_s = -1}, ND_EARG},
        {"start_nan", "noise.wav", {.rate_hz = 16000, .start_s = NAN}, ND_EARG},
        {"length_negative", "noise.wav", {.rate_hz = 16000, .length_s = -1}, ND_EARG},
        {"start_past_the_end", "noise.wav", {.rate_hz = 16000, .start_s = 9}, ND_EEMPTY},
        {"no_sound", "silent.mp4", {.rate_hz = 16000}, ND_EEMPTY},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_samples *s;
        nd_diag diag;
        int rc = read_samples(&s, cases[i].file, cases[i].params, &diag);
        CHECK(cases[i].name, rc == cases[i].expected && !s && diag.text[0], "%d %s", rc, diag.text);
    }
    nd_samples_destroy(NULL);
}

/* ---- the same samples as ffmpeg, at the stored rate ------------------------------ */

static double largest_difference(const float *a, const float *b, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, fabs((double)a[i] - b[i]));
    return most;
}

static void test_formats(void)
{
    static const char *const names[] = {"a.wav", "a.flac", "a.mp3", "a.ogg",  "a.opus", "a.m4a",
                                        "a.mkv", "a.ts",   "a.wma", "a.aiff", "a.aac"};
    for (size_t i = 0; i < ND_COUNT(names); i++) {
        shell(FFMPEG NOISE "-ac 2 %s", names[i]);
        nd_samples *s;
        nd_diag diag;
        int rate = strstr(names[i], "opus") ? 48000 : 44100;
        int rc = read_samples(&s, names[i], (nd_sample_params){.rate_hz = rate}, &diag);
        nd_bytes expected = output_of(
            "ffmpeg -v error -i %s -af 'pan=mono|c0=0.5*c0+0.5*c1' -f f32le -", names[i]);
        int64_t n = (int64_t)(expected.n / sizeof(float));
        double difference = s && s->n == n
                                ? largest_difference(s->data, (const float *)expected.data, n)
                                : 9;
        CHECK(names[i], rc == 0 && difference < 1e-4, "%s; %lld samples, ffmpeg %lld; off by %g",
              diag.text, s ? (long long)s->n : 0, (long long)n, difference);
        nd_bytes_deinit(&expected);
        nd_samples_destroy(&s);
    }
}

/* What lies before a part is not kept: 19 s of it at 1 MHz would be 76 MB. First of the tests,
 * as the high water mark does not fall. */
static void test_memory_of_a_late_part(void)
{
    if (ND_IS_TSAN) { /* it keeps a shadow of several times the memory */
        SKIP("a_late_part_takes_no_memory", "the thread sanitizer's own memory");
        return;
    }
    enum { MOST_KB = 40000 };
    struct rusage before, after;
    shell(FFMPEG "-f lavfi -i sine=d=20:r=8000 long.wav");
    nd_samples *s;
    getrusage(RUSAGE_SELF, &before);
    int rc = read_samples(&s, "long.wav",
                          (nd_sample_params){.rate_hz = 1000000, .start_s = 19, .length_s = 0.5},
                          NULL);
    getrusage(RUSAGE_SELF, &after);
    long kb = after.ru_maxrss - before.ru_maxrss;
    CHECK("a_late_part_takes_no_memory", rc == 0 && s && s->n == 500000 && kb < MOST_KB,
          "%d, %ld kB", rc, kb);
    nd_samples_destroy(&s);
}

/* A part read alone is the same part of the whole. */
static void test_parts(void)
{
    static const char *const names[] = {"a.wav", "a.mp3", "a.m4a", "a.ogg", "a.mkv"};
    for (size_t i = 0; i < ND_COUNT(names); i++) {
        nd_samples *whole, *part;
        char name[32];
        snprintf(name, sizeof name, "part_of_%s", names[i]);
        read_samples(&whole, names[i], (nd_sample_params){.rate_hz = 16000}, NULL);
        read_samples(&part, names[i],
                     (nd_sample_params){.rate_hz = 16000, .start_s = 1.25, .length_s = 1.5}, NULL);
        CHECK(name,
              whole && part && part->n == 24000 && part->is_cut && !whole->is_cut &&
                  !memcmp(part->data, whole->data + 20000, 24000 * sizeof(float)),
              "%lld samples", part ? (long long)part->n : 0);
        nd_samples_destroy(&whole);
        nd_samples_destroy(&part);
    }
    nd_samples *s;
    read_samples(&s, "a.wav", (nd_sample_params){.rate_hz = 44100, .start_s = 2, .length_s = 1},
                 NULL);
    nd_bytes expected = output_of("ffmpeg -v error -ss 2 -t 1 -i a.wav -af "
                                  "'pan=mono|c0=0.5*c0+0.5*c1' -f f32le -");
    CHECK("part_as_ffmpeg_cuts_it",
          s && (size_t)s->n * sizeof(float) == expected.n &&
              largest_difference(s->data, (const float *)expected.data, s->n) < 1e-4,
          "%lld samples, ffmpeg %zu", s ? (long long)s->n : 0, expected.n / sizeof(float));
    nd_bytes_deinit(&expected);
    nd_samples_destroy(&s);
    read_samples(&s, "a.wav", (nd_sample_params){.rate_hz = 16000, .start_s = 3, .length_s = 1},
                 NULL);
    CHECK("a_part_up_to_the_end_is_not_cut", s && s->n == 16000 && !s->is_cut, "%lld samples",
          s ? (long long)s->n : 0);
    nd_samples_destroy(&s);
}

static void test_read_twice(void)
{
    static const char *const names[] = {"a.m4a", "a.mp3", "a.ts", "a.aac", "a.ogg"};
    for (size_t i = 0; i < ND_COUNT(names); i++) {
        opened o = open_media(names[i]);
        nd_samples *s[2] = {0};
        nd_sample_params params = {.rate_hz = 16000};
        for (int k = 0; k < 2 && !o.rc; k++)
            o.rc = nd_media_read_samples(&s[k], o.media, &params, &o.diag);
        char name[32];
        snprintf(name, sizeof name, "twice_%s", names[i]);
        CHECK(name,
              !o.rc && s[0]->n == s[1]->n &&
                  !memcmp(s[0]->data, s[1]->data, (size_t)s[0]->n * sizeof(float)),
              "%s", o.diag.text);
        nd_samples_destroy(&s[0]);
        nd_samples_destroy(&s[1]);
        close_media(&o);
    }
}

/* ---- the mean of the channels -------------------------------------------------------- */

static void test_mean(void)
{
    static const char *const codecs[] = {"pcm_u8",    "pcm_s16le", "pcm_s24le",
                                         "pcm_s32le", "pcm_f32le", "pcm_f64le"};
    for (size_t i = 0; i < ND_COUNT(codecs); i++) {
        shell(FFMPEG "-f lavfi -i 'aevalsrc=0.5|0.25|-0.25:d=1:s=16000:c=2.1' -c:a %s mean.wav",
              codecs[i]);
        nd_samples *s;
        read_samples(&s, "mean.wav", (nd_sample_params){.rate_hz = 16000}, NULL);
        char name[32];
        snprintf(name, sizeof name, "mean_%s", codecs[i]);
        CHECK_NEAR(name, s ? s->data[8000] : 9, 0.5 / 3, i == 0 ? 0.008 : 1e-4);
        nd_samples_destroy(&s);
    }
    shell(FFMPEG "-f lavfi -i 'aevalsrc=0.25:d=2:s=192000' -af pan='24c|c0=c0|c23=c0' "
                 "-c:a pcm_s16le wide.wav");
    nd_samples *s;
    nd_diag diag;
    int rc = read_samples(&s, "wide.wav", (nd_sample_params){.rate_hz = 16000, .loudness = true},
                          &diag);
    CHECK("channels_24_at_192_khz",
          !rc && s->n == 32000 && fabsf(s->data[16000] - 0.5f / 24) < 1e-4f && s->n_momentary == 20,
          "%s", diag.text);
    nd_samples_destroy(&s);
}

static void test_not_finite(void)
{
    shell(FFMPEG "-f lavfi -i 'aevalsrc=if(gt(mod(t\\,1)\\,0.5)\\,0.25\\,0/0):d=4:s=44100' "
                 "-c:a pcm_f32le nan.wav");
    nd_samples *s;
    nd_diag diag;
    int rc = read_samples(&s, "nan.wav", (nd_sample_params){.rate_hz = 16000, .loudness = true},
                          &diag);
    bool is_finite = true;
    for (int64_t i = 0; s && i < s->n; i++) is_finite &= isfinite(s->data[i]);
    for (int64_t i = 0; s && i < s->n_momentary; i++) is_finite &= isfinite(s->momentary_lufs[i]);
    CHECK("nan_becomes_silence",
          !rc && is_finite && fabsf(s->data[4000]) < 1e-6f && fabsf(s->data[12000] - 0.25f) < 1e-3f,
          "%s", diag.text);
    nd_samples_destroy(&s);
}

/* ---- resampling --------------------------------------------------------------------------- */

/* Level of a tone of that frequency after 44.1 -> 16 kHz, against full, in dB. */
static double tone_db(double hz)
{
    shell(FFMPEG "-f lavfi -i 'aevalsrc=0.5*sin(2*PI*%g*t):d=1:s=44100' -c:a pcm_f32le tone.wav",
          hz);
    nd_samples *s;
    read_samples(&s, "tone.wav", (nd_sample_params){.rate_hz = 16000}, NULL);
    double power = 0;
    for (int64_t i = 2000; s && i < 14000; i++) power += (double)s->data[i] * s->data[i];
    nd_samples_destroy(&s);
    return 10 * log10(power / 12000 / 0.125 + 1e-15);
}

static void test_resampling(void)
{
    CHECK_NEAR("flat_at_100_hz", tone_db(100), 0, 0.05);
    CHECK_NEAR("flat_at_4_khz", tone_db(4000), 0, 0.05);
    CHECK_NEAR("flat_at_7200_hz", tone_db(7200), 0, 0.1);
    static const double folding[] = {8800, 9500, 12000, 16100, 20000};
    for (size_t i = 0; i < ND_COUNT(folding); i++) {
        char name[32];
        snprintf(name, sizeof name, "no_alias_of_%.0f_hz", folding[i]);
        double db = tone_db(folding[i]);
        CHECK(name, db < -80, "%.1f dB", db);
    }
}

/* ---- loudness ---------------------------------------------------------------------------- */

static double ffmpeg_integrated(const char *name)
{
    nd_bytes text = output_of("ffmpeg -nostats -i %s -af ebur128 -f null - 2>&1 | "
                              "sed -n 's/^ *I: *\\([-0-9.]*\\) LUFS/\\1/p' | tail -n 1",
                              name);
    double lufs = 0;
    if (!nd_bytes_append(&text, "", 1)) lufs = atof((const char *)text.data);
    nd_bytes_deinit(&text);
    return lufs;
}

static void test_loudness(void)
{
    shell(FFMPEG "-f lavfi -i 'aevalsrc=0.4*sin(2000*t)*gt(mod(t\\,4)\\,2)|"
                 "0.2*sin(3000*t):d=12:s=44100' two.wav && " FFMPEG
                 "-i two.wav -af 'pan=5.1|c0=c0|c1=c1|c2=c0|c3=c0|c4=c1|c5=c0' six.flac");
    static const char *const names[] = {"two.wav", "six.flac", "a.mp3"};
    for (size_t i = 0; i < ND_COUNT(names); i++) {
        nd_samples *s;
        nd_diag diag;
        int rc = read_samples(&s, names[i], (nd_sample_params){.rate_hz = 16000, .loudness = true},
                              &diag);
        char name[32];
        snprintf(name, sizeof name, "integrated_%s", names[i]);
        CHECK_NEAR(name, rc ? 99 : s->integrated_lufs, ffmpeg_integrated(names[i]), 0.15);
        nd_samples_destroy(&s);
    }
    shell(FFMPEG "-f lavfi -i anullsrc -t 3 null.wav");
    nd_samples *s;
    read_samples(&s, "null.wav", (nd_sample_params){.rate_hz = 16000, .loudness = true}, NULL);
    CHECK("silence_is_minus_120",
          s && s->integrated_lufs == -120 && s->n_momentary == 30 && s->momentary_lufs[20] == -120,
          "%g", s ? s->integrated_lufs : 0);
    nd_samples_destroy(&s);
    read_samples(&s, "two.wav", (nd_sample_params){.rate_hz = 16000}, NULL);
    CHECK("loudness_only_when_asked", s && !s->momentary_lufs && s->n_momentary == 0, "%d", 0);
    nd_samples_destroy(&s);
}

/* ---- damage ------------------------------------------------------------------------------- */

static void test_damage(void)
{
    shell("head -c 30000 a.mp3 > d1.mp3 && head -c 5000 /dev/zero >> d1.mp3 && "
          "tail -c 20000 a.mp3 >> d1.mp3 && head -c 20000 a.ogg > cut.ogg");
    nd_samples *s;
    nd_diag diag;
    int rc = read_samples(&s, "d1.mp3", (nd_sample_params){.rate_hz = 16000}, &diag);
    CHECK("broken_middle_keeps_the_rest", !rc && s->n > 40000, "%s", diag.text);
    nd_samples_destroy(&s);
    rc = read_samples(&s, "cut.ogg", (nd_sample_params){.rate_hz = 16000}, &diag);
    CHECK("cut_short_keeps_its_start", !rc && s->n > 8000, "%s", diag.text);
    nd_samples_destroy(&s);
    shell(FFMPEG NOISE "b1.aac && " FFMPEG NOISE "-ar 22050 -ac 2 b2.aac && cat b1.aac b2.aac > "
                       "both.aac");
    rc = read_samples(&s, "both.aac", (nd_sample_params){.rate_hz = 16000, .loudness = true},
                      &diag);
    CHECK("the_rate_changes_midway", !rc && llabs(s->n - 128000) < 4000, "%s %lld", diag.text,
          s ? (long long)s->n : 0);
    nd_samples_destroy(&s);
}

int main(void)
{
    scratch_make();
    test_memory_of_a_late_part();
    test_parameters();
    test_formats();
    test_parts();
    test_read_twice();
    test_mean();
    test_not_finite();
    test_resampling();
    test_loudness();
    test_damage();
    scratch_remove();
    TEST_END();
}
