/* The rhythm ranker on hand-made descriptions: for each part one track is right by
 * construction, a planted start is found again, and anything at all gives sound scores
 * and one sentence. */
#include <ctype.h>

#include "../test.h"

#include "rank/parts.h"

/* ---- making descriptions ---------- */

static nd_description *make(nd_medium medium, double length_s)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    d->medium = medium;
    d->analysed_s = length_s;
    d->info = (nd_media_info){
        .duration_s = length_s, .has_audio = true, .has_video = medium == ND_VIDEO};
    return d;
}

/* n values from a to b. */
static void add_ramp(nd_description *d, const char *name, int n, double a, double b)
{
    float x[20000];
    ND_ASSERT(n <= (int)ND_COUNT(x));
    for (int i = 0; i < n; i++) x[i] = (float)(a + (b - a) * i / ND_MAX(n - 1, 1));
    ND_ASSERT_EQ(nd_description_add_f32(d, name, x, n), 0);
}

/* n values from a up to b in the middle and back. */
static void add_arch(nd_description *d, const char *name, int n, double a, double b)
{
    float x[1000];
    ND_ASSERT(n <= (int)ND_COUNT(x));
    for (int i = 0; i < n; i++) x[i] = (float)(a + (b - a) * sin(3.14159265 * (i + 0.5) / n));
    ND_ASSERT_EQ(nd_description_add_f32(d, name, x, n), 0);
}

static void add_level(nd_description *d, const char *name, double x)
{
    add_ramp(d, name, nd_clip_count(d->analysed_s), x, x);
}

/* A video of even motion, light and colour. */
static nd_description *make_video(double length_s, double widths_s, double look, double warmth)
{
    nd_description *d = make(ND_VIDEO, length_s);
    add_level(d, "clip_flow_widths_s", widths_s);
    add_ramp(d, "flow_px", (int)(8 * length_s), widths_s * 28, widths_s * 28);
    add_level(d, "clip_brightness", look);
    add_level(d, "clip_saturation", look);
    add_level(d, "clip_warmth", warmth);
    add_ramp(d, "brightness", (int)(8 * length_s), look, look);
    return d;
}

static void add_cuts(nd_description *d, const float *cuts_s, int n)
{
    int32_t kinds[4096] = {0};
    ND_ASSERT_EQ(nd_description_add_f32(d, "cuts_s", cuts_s, n), 0);
    ND_ASSERT_EQ(nd_description_add_i32(d, "cut_kind", kinds, n), 0);
}

/* Beats from first_s on, four to the bar. */
static void add_beats(nd_description *d, double first_s, double bpm)
{
    float at[8192], salience[8192];
    int32_t position[8192];
    int n = 0;
    for (double t = first_s; bpm > 0 && t < d->analysed_s && n < 8192; t += 60 / bpm, n++) {
        at[n] = (float)t;
        position[n] = n % 4 + 1;
        salience[n] = 1;
    }
    ND_ASSERT_EQ(nd_description_add_f32(d, "beats_s", at, n), 0);
    ND_ASSERT_EQ(nd_description_add_i32(d, "beat_position", position, n), 0);
    ND_ASSERT_EQ(nd_description_add_f32(d, "beat_salience", salience, n), 0);
    ND_ASSERT_EQ(nd_description_add_scalar(d, "tempo_bpm", bpm), 0);
    add_level(d, "clip_beat_interval_s", bpm > 0 ? 60 / bpm : 0);
}

static void add_key(nd_description *d, int key, int is_minor)
{
    nd_array *a = nd_description_add(d, "key", ND_I32, 0, NULL);
    a->i32[0] = key;
    a = nd_description_add(d, "key_is_minor", ND_I32, 0, NULL);
    a->i32[0] = is_minor;
    nd_description_add_scalar(d, "key_strength", 0.9);
}

static nd_description *make_track(double length_s, double bpm, double strength, int is_minor,
                                  double centroid_hz)
{
    nd_description *d = make(ND_MUSIC, length_s);
    add_beats(d, 0.25, bpm);
    add_level(d, "clip_beat_strength", strength);
    add_key(d, 9, is_minor);
    add_level(d, "clip_centroid_hz", centroid_hz);
    add_ramp(d, "loudness_lufs", (int)(10 * length_s), -14, -14);
    nd_description_add_scalar(d, "integrated_lufs", -14);
    return d;
}

static nd_fit fit(const nd_description *query, const nd_description *track)
{
    nd_fit f = {0};
    int rc = nd_ranker_find("rhythm")->fit(&f, query, track, NAN);
    ND_ASSERT_EQ(rc, 0);
    return f;
}

static const nd_score_part *part_of(const nd_fit *f, const char *name)
{
    for (int i = 0; i < f->n_parts; i++)
        if (!strcmp(f->parts[i].name, name)) return &f->parts[i];
    ND_ASSERT(!"such a part");
    return NULL;
}

/* `right` must beat `wrong` in the part and in the score. Takes the tracks. */
static void check_better(const char *name, const nd_description *query, const char *part,
                         nd_description *right, nd_description *wrong)
{
    nd_fit a = fit(query, right), b = fit(query, wrong);
    double x = part_of(&a, part)->value, y = part_of(&b, part)->value;
    CHECK(name, x > y + 0.1 && a.score > b.score, "%s %.3f and %.3f, score %.3f and %.3f", part, x,
          y, a.score, b.score);
    printf("# right: %s\n# wrong: %s\n", a.why, b.why);
    nd_description_destroy(&right);
    nd_description_destroy(&wrong);
}

/* ---- the parts ---------- */

static void test_parts(void)
{
    nd_description *fast = make_video(24, 0.6, 0.6, 0.25),
                   *still = make_video(24, 0.01, 0.15, -0.25);
    check_better("fast motion wants drive", fast, "motion", make_track(60, 160, 12, 0, 1000),
                 make_track(60, 60, 1, 0, 1000));
    check_better("still picture wants calm", still, "motion", make_track(60, 60, 1, 1, 200),
                 make_track(60, 160, 12, 1, 200));
    check_better("bright, warm picture wants major", fast, "colour",
                 make_track(60, 140, 8, 0, 1400), make_track(60, 140, 8, 1, 200));
    check_better("dark, cool picture wants minor", still, "colour", make_track(60, 60, 1, 1, 180),
                 make_track(60, 60, 1, 0, 1400));
    check_better("a loop is shorter", fast, "length", make_track(60, 140, 8, 0, 1000),
                 make_track(8, 140, 8, 0, 1000));
    nd_description_destroy(&fast);
    nd_description_destroy(&still);
}

static nd_description *make_swelling(double from_lufs, double to_lufs)
{
    nd_description *d = make(ND_MUSIC, 32);
    add_beats(d, 0.25, 110);
    add_ramp(d, "loudness_lufs", 320, from_lufs, to_lufs);
    return d;
}

static void test_energy(void)
{
    nd_description *video = make(ND_VIDEO, 30);
    add_ramp(video, "clip_flow_widths_s", 7, 0.02, 0.5);
    add_ramp(video, "flow_px", 240, 0.6, 14);
    check_better("energy follows loudness", video, "energy", make_swelling(-30, -10),
                 make_swelling(-10, -30));
    nd_description *arch = make(ND_VIDEO, 30), *swell = make(ND_MUSIC, 30);
    add_arch(arch, "flow_px", 240, 0.2, 8);
    add_arch(swell, "loudness_lufs", 300, -30, -10);
    nd_fit f = fit(arch, swell);
    CHECK("a peak is named", strstr(f.why, "t peaks with the picture at 0:14 of the video"), "%s",
          f.why);
    nd_description_destroy(&arch);
    nd_description_destroy(&swell);
    nd_description_destroy(&video);
}

/* ---- beats under cuts ---------- */

/* Cuts on some beats of a 100 bpm track that is started at planted_s. */
static int plant_cuts(float *cuts_s, double first_beat_s, double planted_s, const int *beats, int n)
{
    int n_out = 0;
    for (int i = 0; i < n; i++) {
        double at = first_beat_s + beats[i] * 0.6 - planted_s;
        if (at > 0) cuts_s[n_out++] = (float)at;
    }
    return n_out;
}

static double distance_to_grid(double x, double step)
{
    return fabs(x - step * round(x / step));
}

static void test_planted_start(void)
{
    static const int beats[] = {80, 84, 87, 88, 92, 96, 98, 100, 104, 108};
    for (int i = 0; i < 5; i++) {
        double planted_s = 45.1 + 0.137 * i;
        float cuts_s[16];
        int n = plant_cuts(cuts_s, 0.25, planted_s, beats, ND_COUNT(beats));
        nd_description *video = make_video(21, 0.05, 0.4, 0);
        add_cuts(video, cuts_s, n);
        nd_description *track = make_track(120, 100, 5, 0, 1500);
        nd_fit f = fit(video, track);
        double off_s = distance_to_grid(f.start_s - planted_s, 0.6);
        CHECK("planted start", off_s < 0.020, "%.3f s instead of %.3f, off by %.3f", f.start_s,
              planted_s, off_s);
        double off_bar_s = distance_to_grid(f.start_s - planted_s, 2.4);
        CHECK("planted bar", off_bar_s < 0.020, "%.3f s instead of %.3f", f.start_s, planted_s);
        CHECK("planted sync", part_of(&f, "sync")->value > 0.8, "%.3f", part_of(&f, "sync")->value);
        CHECK("planted window", f.window_s[0] == f.start_s && f.window_s[1] == f.start_s + 21,
              "%.3f %.3f", f.window_s[0], f.window_s[1]);
        CHECK("all cuts are named", strstr(f.why, "all 10 cuts land on a beat"), "%s", f.why);
        nd_ranker_find("rhythm")->fit(&f, video, track, 70);
        CHECK("held near", fabs(f.start_s - 70) <= 2, "%.3f", f.start_s);
        nd_ranker_find("rhythm")->fit(&f, video, track, 1e300);
        CHECK("held near the end", fabs(f.start_s - 99) <= 2, "%.3f", f.start_s);
        nd_ranker_find("rhythm")->fit(&f, video, track, planted_s + 1.4);
        CHECK("refined near", distance_to_grid(f.start_s - planted_s, 0.6) < 0.020, "%.3f",
              f.start_s);
        nd_description_destroy(&video);
        nd_description_destroy(&track);
    }
}

static void test_sync_against_chance(void)
{
    static const int beats[] = {3, 6, 8, 13, 16, 17, 22, 25, 29, 30};
    float cuts_s[16];
    int n = plant_cuts(cuts_s, 0.25, 0.4, beats, ND_COUNT(beats));
    nd_description *video = make_video(21, 0.05, 0.4, 0);
    add_cuts(video, cuts_s, n);
    check_better("cuts want the tempo they were cut to", video, "sync",
                 make_track(120, 100, 5, 0, 1500), make_track(120, 109, 5, 0, 1500));
    nd_description_destroy(&video);
}

static void test_no_cuts(void)
{
    nd_description *video = make_video(20, 0.05, 0.4, 0), *track = make_track(90, 100, 5, 0, 1500);
    nd_fit f = fit(video, track);
    CHECK("without cuts on a downbeat", distance_to_grid(f.start_s - 0.25, 2.4) < 1e-4, "%.4f",
          f.start_s);
    CHECK("without cuts no weight", part_of(&f, "sync")->weight == 0, "%g",
          part_of(&f, "sync")->weight);
    nd_description_destroy(&video);
    nd_description_destroy(&track);
}

static void test_loops(void)
{
    static const float cuts_s[] = {6.25f, 12.25f, 18.25f, 24.25f};
    nd_description *video = make_video(30, 0.05, 0.4, 0), *track = make_track(6, 120, 5, 0, 1500);
    add_cuts(video, cuts_s, 4);
    nd_fit f = fit(video, track);
    CHECK("a loop's window ends with the track", f.window_s[1] <= 6 && f.start_s < 2.01,
          "%.3f %.3f", f.start_s, f.window_s[1]);
    CHECK("beats repeat in a loop", strstr(f.why, "all 4 cuts land on a downbeat"), "%s", f.why);
    CHECK("a loop is said", strstr(f.why, "at 0:06 it must loop to fill 0:30"), "%s", f.why);
    nd_description_destroy(&video);
    nd_description_destroy(&track);
}

/* ---- what is missing ---------- */

static void check_sound(const char *name, const nd_fit *f);

static void test_missing(void)
{
    nd_description *video = make_video(20, 0.05, 0.4, 0), *bare = make(ND_MUSIC, 60);
    nd_fit f = {.score = -1};
    int rc = nd_ranker_find("rhythm")->fit(&f, video, bare, NAN);
    CHECK("nothing to compare", rc == ND_EEMPTY && f.score == -1, "%d", rc);
    add_level(bare, "clip_centroid_hz", 1000);
    f = fit(video, bare);
    check_sound("centroid alone", &f);
    CHECK("colour alone counts",
          part_of(&f, "colour")->weight > 0.5 && part_of(&f, "motion")->value == 0.5, "%g",
          part_of(&f, "colour")->weight);
    nd_description *beatless = make_track(60, 0, 0, 0, 1500);
    f = fit(video, beatless);
    check_sound("no beat", &f);
    CHECK("no beat is said", strstr(f.why, "beatless"), "%s", f.why);
    nd_description_destroy(&video);
    video = make_video(20, 0.005, 0.4, 0);
    add_cuts(video, (const float[]){4, 9, 15}, 3);
    f = fit(video, beatless);
    CHECK("cuts meet no beat", part_of(&f, "sync")->value == 0 && part_of(&f, "sync")->weight > 0.1,
          "%g", part_of(&f, "sync")->value);
    CHECK("cuts meet no beat, said", strstr(f.why, "no beat for the cuts to meet"), "%s", f.why);
    check_sound("cuts and no beat", &f);
    f = fit(video, bare);
    CHECK("beats not looked for", part_of(&f, "sync")->weight == 0, "%g",
          part_of(&f, "sync")->weight);
    nd_description *even = make(ND_MUSIC, 60);
    add_ramp(even, "loudness_lufs", 600, -14, -14);
    f = fit(video, even);
    check_sound("even loudness alone", &f);
    CHECK("no reason at all", !strcmp(f.why, "Nothing speaks for it or against it."), "%s", f.why);
    nd_description_destroy(&even);
    nd_description *nothing = make(ND_MUSIC, 0);
    CHECK("no length", nd_ranker_find("rhythm")->fit(&f, video, nothing, NAN) == ND_EEMPTY, "%s",
          f.why);
    CHECK("no such ranker", !nd_ranker_find("rhythms") && !nd_ranker_find(""), "found");
    nd_description_destroy(&video);
    nd_description_destroy(&bare);
    nd_description_destroy(&beatless);
    nd_description_destroy(&nothing);
}

/* ---- anything at all ---------- */

/* One sentence: capital, one stop at its end, printable, no doubled space or comma. */
static bool is_sentence(const char *s)
{
    size_t n = strlen(s);
    if (n < 10 || n > 255 || !isupper((unsigned char)s[0]) || s[n - 1] != '.') return false;
    for (size_t i = 0; i < n; i++) {
        if (!isprint((unsigned char)s[i]) || (s[i] == '.' && i + 1 < n)) return false;
        if (s[i] == ' ' && (s[i + 1] == ' ' || s[i + 1] == ',' || s[i + 1] == '.')) return false;
    }
    return !strstr(s, ",,") && !strstr(s, "nan") && !strstr(s, "inf") && !strstr(s, "null");
}

static bool is_sound(const nd_fit *f)
{
    double weight = 0, score = 0;
    for (int i = 0; i < f->n_parts; i++) {
        const nd_score_part *p = &f->parts[i];
        if (!(p->value >= 0 && p->value <= 1 && p->weight >= 0)) return false;
        weight += p->weight;
        score += p->weight * p->value;
    }
    return fabs(weight - 1) < 1e-9 && fabs(score - f->score) < 1e-9 && f->score <= 1 &&
           f->start_s >= 0 && f->start_s < 1e7 && f->window_s[0] == f->start_s &&
           f->window_s[1] > f->window_s[0] && is_sentence(f->why);
}

static void check_sound(const char *name, const nd_fit *f)
{
    CHECK(name, is_sound(f), "score %g, start %g, window %g %g: %s", f->score, f->start_s,
          f->window_s[0], f->window_s[1], f->why);
}

/* Up to 40 values, some of them absurd when hostile. */
static void add_noise(nd_rng *rng, nd_description *d, const char *name, double lo, double hi,
                      bool rising, bool hostile)
{
    static const float absurd[] = {NAN, INFINITY, -INFINITY, -1e30f, 1e30f, -1, 0, 1e-40f};
    if (nd_rng_int(rng, 0, 7) == 0) return;
    float x[40];
    int n = nd_rng_int(rng, 0, 40);
    double at = 0;
    for (int i = 0; i < n; i++) {
        at = rising ? at + nd_rng_uniform(rng, lo, hi) : nd_rng_uniform(rng, lo, hi);
        x[i] = (float)at;
        if (hostile && nd_rng_int(rng, 0, 3) == 0) x[i] = absurd[nd_rng_int(rng, 0, 7)];
    }
    nd_description_add_f32(d, name, x, n);
}

static void add_noise_i32(nd_rng *rng, nd_description *d, const char *name, int hi, bool hostile)
{
    int32_t x[40];
    int n = nd_rng_int(rng, 0, 40);
    for (int i = 0; i < n; i++) x[i] = nd_rng_int(rng, hostile ? -hi : 0, hi);
    nd_description_add_i32(d, name, x, n);
}

static nd_description *make_random(nd_rng *rng, nd_medium medium, bool hostile)
{
    nd_description *d = make(medium, nd_rng_uniform(rng, 2, nd_rng_int(rng, 0, 9) ? 90 : 9000));
    static const struct {
        const char *name;
        double lo, hi;
        bool rising;
    } arrays[] = {
        {"cuts_s", 0.1, 4, true},
        {"flow_px", 0, 20, false},
        {"clip_flow_widths_s", 0, 0.8, false},
        {"clip_brightness", 0, 1, false},
        {"clip_saturation", 0, 1, false},
        {"clip_warmth", -1, 1, false},
        {"brightness", 0, 1, false},
        {"beats_s", 0.3, 0.9, true},
        {"beat_salience", 0, 1, false},
        {"clip_beat_strength", 0, 20, false},
        {"clip_beat_interval_s", 0, 1, false},
        {"loudness_lufs", -40, -5, false},
        {"clip_centroid_hz", 200, 5000, false},
        {"clip_flatness", 0, 1, false},
        {"clip_low_ratio", 0, 1, false},
        {"clip_high_ratio", 0, 1, false},
        {"clip_loudness_lufs", -40, -5, false},
        {"onset", 0, 10, false},
        {"integrated_lufs", -40, -5, false},
        {"key_strength", 0, 1, false},
        {"tempo_bpm", 40, 220, false},
        {"chroma", 0, 1, false},
    };
    for (size_t i = 0; i < ND_COUNT(arrays); i++)
        add_noise(rng, d, arrays[i].name, arrays[i].lo, arrays[i].hi, arrays[i].rising, hostile);
    add_noise_i32(rng, d, "cut_kind", 1, hostile);
    add_noise_i32(rng, d, "beat_position", 4, hostile);
    add_noise_i32(rng, d, "key", 11, hostile);
    add_noise_i32(rng, d, "key_is_minor", 1, hostile);
    return d;
}

static void test_anything(const char *name, nd_medium query_medium, bool hostile)
{
    nd_rng rng;
    nd_rng_init(&rng, 7, hostile + 2 * (uint64_t)query_medium);
    int n_bad = 0, n_fits = 0;
    char bad[1024] = "";
    for (int i = 0; i < 4000; i++) {
        nd_description *query = make_random(&rng, query_medium, hostile);
        nd_description *track = make_random(&rng, ND_MUSIC, hostile);
        nd_fit a = {0}, b = {0};
        double near_s = i % 3 ? NAN : 40 * (double)(i % 7) - 20;
        int rc = nd_ranker_find("rhythm")->fit(&a, query, track, near_s);
        int again = nd_ranker_find("rhythm")->fit(&b, query, track, near_s);
        n_fits += rc == 0;
        bool same = rc == again && !strcmp(a.why, b.why) && a.score == b.score;
        if (!same || !(rc == ND_EEMPTY || (rc == 0 && is_sound(&a)))) {
            n_bad++;
            snprintf(bad, sizeof bad, "case %d: %d, score %g, start %g: %s", i, rc, a.score,
                     a.start_s, a.why);
        }
        nd_description_destroy(&query);
        nd_description_destroy(&track);
    }
    CHECK(name, n_bad == 0 && n_fits > 1000, "%d bad of %d fits; %s", n_bad, n_fits, bad);
}

/* ---- music like music ---------- */

static nd_description *make_song(double length_s, double bpm, int key, int is_minor, double hz,
                                 double lufs)
{
    nd_description *d = make(ND_MUSIC, length_s);
    float onset[8000], chroma[12];
    int n = (int)(length_s * 31.25);
    add_beats(d, 0.3, bpm);
    for (int i = 0; i < n; i++) onset[i] = (float)(1 + cos(6.2832 * (i / 31.25 - 0.3) * bpm / 60));
    for (int i = 0; i < 12; i++) chroma[i] = (float)(7 * (i - key + 12) % 12 < 6) / 6;
    nd_description_add_f32(d, "onset", onset, n);
    nd_description_add_f32(d, "chroma", chroma, 12);
    add_level(d, "clip_beat_strength", 4);
    add_key(d, key, is_minor);
    add_level(d, "clip_centroid_hz", hz);
    add_level(d, "clip_flatness", 0.1);
    add_level(d, "clip_low_ratio", 0.4);
    add_level(d, "clip_high_ratio", 0.1);
    add_ramp(d, "clip_loudness_lufs", nd_clip_count(length_s), lufs - 4, lufs);
    add_ramp(d, "loudness_lufs", (int)(10 * length_s), lufs - 4, lufs);
    nd_description_add_scalar(d, "integrated_lufs", lufs);
    return d;
}

static void test_likeness(void)
{
    nd_description *query = make_song(60, 120, 9, 1, 1500, -14);
    nd_description *twin = make_song(60, 120, 9, 1, 1450, -14.1);
    nd_fit f = fit(query, twin);
    CHECK("a twin is near 1", f.score > 0.95, "%.3f: %s", f.score, f.why);
    check_sound("a twin's fit", &f);
    nd_description_destroy(&twin);
    check_better("half the tempo is nearer than a fifth off", query, "tempo",
                 make_song(60, 60, 9, 1, 1500, -14), make_song(60, 96, 9, 1, 1500, -14));
    check_better("the relative key is nearer than the tritone", query, "key",
                 make_song(60, 120, 0, 0, 1500, -14), make_song(60, 120, 3, 1, 1500, -14));
    check_better("sound", query, "timbre", make_song(60, 120, 9, 1, 1400, -14),
                 make_song(60, 120, 9, 1, 4000, -14));
    check_better("loudness", query, "energy", make_song(60, 120, 9, 1, 1500, -15),
                 make_song(60, 120, 9, 1, 1500, -30));
    nd_description_destroy(&query);
}

/* ---- cost ---------- */

static void test_half_an_hour(void)
{
    float cuts_s[2000];
    nd_rng rng;
    nd_rng_init(&rng, 1, 1);
    double at = 0;
    for (int i = 0; i < 2000; i++) cuts_s[i] = (float)(at += nd_rng_uniform(&rng, 0.2, 0.69));
    nd_description *video = make_video(900, 0.2, 0.4, 0),
                   *track = make_track(1800, 200, 5, 0, 1500);
    add_cuts(video, cuts_s, 2000);
    double started_s = nd_now_s();
    nd_fit f = {0};
    for (int i = 0; i < 10; i++) f = fit(video, track);
    double each_s = (nd_now_s() - started_s) / 10;
    check_sound("half an hour", &f);
    CHECK("half an hour in time", each_s < 0.25, "%.1f ms", 1e3 * each_s);
    printf("# half an hour: %.2f ms\n", 1e3 * each_s);
    nd_description_destroy(&video);
    video = make_video(20, 0.05, 0.4, 0);
    add_cuts(video, cuts_s, 12);
    nd_description_destroy(&track);
    track = make_track(200, 120, 5, 0, 1500);
    started_s = nd_now_s();
    for (int i = 0; i < 200; i++) f = fit(video, track);
    printf("# 20 s against 200 s: %.1f us\n", 1e6 * (nd_now_s() - started_s) / 200);
    nd_description_destroy(&video);
    nd_description_destroy(&track);
}

int main(void)
{
    test_missing();
    test_parts();
    test_energy();
    test_planted_start();
    test_sync_against_chance();
    test_no_cuts();
    test_loops();
    test_likeness();
    test_anything("random videos", ND_VIDEO, false);
    test_anything("hostile videos", ND_VIDEO, true);
    test_anything("random music", ND_MUSIC, false);
    test_anything("hostile music", ND_MUSIC, true);
    test_half_an_hour();
    TEST_END();
}
