/* The beat tracker on made tracks of known truth, on inputs without a pulse, and on
 * rendered tunes; the published tracker against librosa's own beats. */
#include <dirent.h>
#include <jansson.h>

#include "../test.h"

#include "hearing_data.h"

/* ---- what must always hold --------------------------------------------------------- */

static bool beats_are_sound(const nd_beats *b, double length_s)
{
    for (int64_t i = 0; i < b->n; i++) {
        if (!(b->time_s[i] >= 0 && b->time_s[i] <= length_s)) return false;
        if (i && !(b->time_s[i] > b->time_s[i - 1])) return false;
        if (!(b->salience[i] >= 0 && b->salience[i] <= 1)) return false;
        if (b->position[i] < 1 || b->position[i] > b->metre) return false;
    }
    return b->n ? b->tempo_bpm > 0 && b->metre >= 3 : b->tempo_bpm == 0 && b->metre == 0;
}

/* Without a pulse: no beats. n samples of x, which is freed. */
static void expect_none(const char *name, float *x, int64_t n)
{
    nd_beats *b = NULL;
    int rc = nd_beats_create(&b, x, n);
    CHECK(name, !rc && b->n == 0 && beats_are_sound(b, 0), "rc %d, %lld beats at %g bpm", rc,
          b ? (long long)b->n : -1, b ? b->tempo_bpm : -1);
    nd_beats_destroy(&b);
    free(x);
}

static float *noise(int64_t n, double gain, double smooth)
{
    float *x = malloc((size_t)n * sizeof *x), last = 0;
    nd_rng rng;
    nd_rng_init(&rng, 7, 0);
    for (int64_t i = 0; i < n; i++)
        x[i] = last = (float)(smooth * last + gain * nd_rng_uniform(&rng, -1, 1));
    return x;
}

static void test_no_pulse(void)
{
    enum { N = 30 * RATE };
    float *sine = malloc(N * sizeof *sine);
    for (int i = 0; i < N; i++) sine[i] = 0.3F * (float)sin(2 * M_PI * 440 * i / RATE);
    float *huge = noise(N, 3e38, 0);
    expect_none("samples without end", huge, N);
    expect_none("no sample", calloc(1, sizeof(float)), 0);
    expect_none("100 samples", noise(100, 0.1, 0), 100);
    expect_none("2 s of noise", noise(2 * RATE, 0.1, 0), 2 * RATE);
    expect_none("silence", calloc(N, sizeof(float)), N);
    expect_none("white noise", noise(N, 0.1, 0), N);
    expect_none("wind", noise(N, 0.005, 0.99), N);
    expect_none("a steady tone", sine, N);
}

/* ---- made tracks ------------------------------------------------------------------------ */

static double median_error_s(const nd_beats *b, const made_track *k)
{
    float error[4096];
    size_t n = 0;
    for (int64_t i = 0, j = 0; i < b->n && n < ND_COUNT(error); i++) {
        while (j + 1 < k->n_beats &&
               fabs(k->beat_s[j + 1] - b->time_s[i]) < fabs(k->beat_s[j] - b->time_s[i]))
            j++;
        error[n++] = (float)(b->time_s[i] - k->beat_s[j]);
    }
    return nd_quantile(error, n, 0.5);
}

static void test_made_track(const char *name, const made_params *p)
{
    made_track *k = made_create(p);
    nd_beats *b = NULL;
    int rc = nd_beats_create(&b, k->x, k->n);
    if (rc) {
        CHECK(name, !rc, "rc %d", rc);
        made_destroy(&k);
        return;
    }
    double f = f_measure(k->beat_s, k->n_beats, b->time_s, b->n, 0.025);
    double late_s = median_error_s(b, k);
    bool tempo_fits = p->drift > 0 || p->next_bpm > 0 || fabs(b->tempo_bpm / p->bpm - 1) < 0.01;
    bool metre_fits = p->swing <= 0 || b->metre == p->metre;
    CHECK(name,
          f >= 0.97 && fabs(late_s) < 0.006 && tempo_fits && metre_fits &&
              beats_are_sound(b, p->length_s),
          "F at 25 ms %.3f, late %.1f ms, %.2f bpm, metre %d", f, late_s * 1e3, b->tempo_bpm,
          b->metre);
    nd_beats_destroy(&b);
    made_destroy(&k);
}

static void test_made_tracks(void)
{
    static const struct {
        const char *name;
        made_params p;
    } cases[] = {
        {"clicks, 60 bpm", {.bpm = 60, .length_s = 30, .metre = 4}},
        {"clicks, 90 bpm", {.bpm = 90, .length_s = 30, .metre = 4}},
        {"clicks, 120 bpm", {.bpm = 120, .length_s = 30, .metre = 4}},
        {"drums, 60 bpm", {.bpm = 60, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"drums, 70 bpm", {.bpm = 70, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"drums, 80 bpm", {.bpm = 80, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"drums, 90 bpm", {.bpm = 90, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"drums, 110 bpm", {.bpm = 110, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"drums, 133.3 bpm", {.bpm = 133.3, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"drums, 160 bpm", {.bpm = 160, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"drums, 170 bpm", {.bpm = 170, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"drums, 180 bpm", {.bpm = 180, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"drums, 190 bpm", {.bpm = 190, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"drums, 200 bpm", {.bpm = 200, .length_s = 30, .metre = 4, .swing = 0.5}},
        {"swing, 80 bpm", {.bpm = 80, .length_s = 30, .metre = 4, .swing = 0.667}},
        {"swing, 120 bpm", {.bpm = 120, .length_s = 30, .metre = 4, .swing = 0.667}},
        {"swing, 160 bpm", {.bpm = 160, .length_s = 30, .metre = 4, .swing = 0.667}},
        {"waltz, 90 bpm", {.bpm = 90, .length_s = 30, .metre = 3, .swing = 0.5}},
        {"waltz, 120 bpm", {.bpm = 120, .length_s = 30, .metre = 3, .swing = 0.5}},
        {"waltz, 150 bpm", {.bpm = 150, .length_s = 30, .metre = 3, .swing = 0.5}},
        {"rubato of 8 %, 100 bpm",
         {.bpm = 100, .length_s = 40, .metre = 4, .swing = 0.5, .drift = 0.08}},
        {"rubato of 8 %, 130 bpm",
         {.bpm = 130, .length_s = 40, .metre = 4, .swing = 0.5, .drift = 0.08}},
        {"100 bpm, then 125",
         {.bpm = 100, .length_s = 60, .metre = 4, .swing = 0.5, .next_bpm = 125}},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) test_made_track(cases[i].name, &cases[i].p);
}

static void test_waltz_downbeats(void)
{
    made_track *k = made_create(
        &(made_params){.bpm = 120, .length_s = 40, .metre = 3, .swing = 0.5});
    nd_beats *b = NULL;
    double truth[4096], found[4096];
    int rc = nd_beats_create(&b, k->x, k->n);
    if (!rc) {
        int64_t n = downbeats(truth, k->beat_s, k->position, k->n_beats);
        int64_t m = downbeats(found, b->time_s, b->position, b->n);
        double f = f_measure(truth, n, found, m, 0.07);
        CHECK("downbeats of a waltz", f > 0.95, "F %.3f", f);
    }
    nd_beats_destroy(&b);
    made_destroy(&k);
}

/* Half an hour; and the silence around 20 s of drums keeps no beats. */
static void test_long(void)
{
    made_track *k = made_create(
        &(made_params){.bpm = 120, .length_s = 1800, .metre = 4, .swing = 0.5});
    nd_beats *b = NULL;
    int rc = nd_beats_create(&b, k->x, k->n);
    CHECK("half an hour", !rc && llabs(b->n - k->n_beats) < 5 && beats_are_sound(b, 1800),
          "rc %d, %lld beats", rc, b ? (long long)b->n : -1);
    nd_beats_destroy(&b);
    memset(k->x, 0, 10 * RATE * sizeof *k->x);
    memset(k->x + 30 * RATE, 0, 10 * RATE * sizeof *k->x);
    rc = nd_beats_create(&b, k->x, 40 * RATE);
    CHECK("no beats in silence", !rc && b->n > 30 && b->time_s[0] > 9.5 && b->time_s[b->n - 1] < 31,
          "rc %d, %lld beats from %.2f s", rc, b ? (long long)b->n : -1,
          b && b->n ? b->time_s[0] : -1);
    nd_beats_destroy(&b);
    made_destroy(&k);
}

static void test_feature(void)
{
    made_track *k = made_create(
        &(made_params){.bpm = 120, .length_s = 20, .metre = 4, .swing = 0.5});
    nd_samples s = {.data = k->x, .n = k->n, .rate_hz = RATE};
    nd_description *d[2] = {NULL, NULL};
    nd_bytes bytes[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        int rc = nd_describe_samples(&d[i], &s, "beat,beat_published", NULL);
        if (!rc) rc = nd_description_write(&bytes[i], d[i]);
        CHECK("the feature runs", !rc, "rc %d", rc);
    }
    int64_t n = 0, m = 0;
    nd_description_f32(d[0], "beats_s", &n);
    nd_description_i32(d[0], "beat_position", &m);
    CHECK("a place in the bar for each beat", n > 30 && n == m, "%lld, %lld", (long long)n,
          (long long)m);
    CHECK_NEAR("tempo", nd_description_scalar(d[0], "tempo_bpm", -1), 120, 0.5);
    CHECK_NEAR("metre", nd_description_scalar(d[0], "metre", -1), 4, 0);
    CHECK_NEAR("published tempo, on its grid",
               nd_description_scalar(d[0], "published_tempo_bpm", -1), 120, 4);
    CHECK("same input, same bytes",
          bytes[0].n == bytes[1].n && !memcmp(bytes[0].data, bytes[1].data, bytes[0].n),
          "%zu and %zu bytes", bytes[0].n, bytes[1].n);
    for (int i = 0; i < 2; i++) {
        nd_description_destroy(&d[i]);
        nd_bytes_deinit(&bytes[i]);
    }
    made_destroy(&k);
}

/* ---- the F-measure itself, against mir_eval's numbers ------------------------------------ */

static void test_f_measure(const char *data)
{
    static double truth[4096], found[4096];
    for (int i = 0; i < 6; i++) {
        char path[512], name[64];
        snprintf(path, sizeof path, "%s/beat/mir_eval_beat_fixtures/ref%02d.txt", data, i);
        int64_t n = numbers_read(truth, 4096, path);
        snprintf(path, sizeof path, "%s/beat/mir_eval_beat_fixtures/est%02d.txt", data, i);
        int64_t m = numbers_read(found, 4096, path);
        snprintf(path, sizeof path, "%s/beat/mir_eval_beat_fixtures/output%02d.json", data, i);
        json_t *scores = json_load_file(path, 0, NULL);
        double expected = json_real_value(json_object_get(scores, "F-measure"));
        snprintf(name, sizeof name, "F-measure as mir_eval, pair %d", i);
        CHECK_NEAR(name, f_measure(truth, n, found, m, 0.07), scores ? expected : -1, 1e-9);
        json_decref(scores);
    }
}

/* ---- real music ----------------------------------------------------------------------------- */

/* @return beats of the flac that are within a frame of librosa's, as a share. */
static double published_agreement(const char *data, const char *name)
{
    char path[512];
    int64_t n, found;
    double tempo = 0;
    snprintf(path, sizeof path, "%s/reference/%s.flac", data, name);
    float *x = audio_read(path, &n);
    int64_t t = nd_onset_frame_count(n);
    float *onset = calloc((size_t)t, sizeof *onset);
    int32_t *beats = calloc((size_t)t, sizeof *beats);
    snprintf(path, sizeof path, "%s/reference/%s.json", data, name);
    json_t *reference = json_load_file(path, 0, NULL),
           *times = json_object_get(reference, "beats_s");
    int rc = nd_onset_strength(onset, x, n);
    if (!rc) rc = nd_beat_track_published(beats, &found, &tempo, onset, t);
    int64_t expected = (int64_t)json_array_size(times), near = 0;
    for (int64_t i = 0; !rc && i < found && i < expected; i++)
        near += fabs(json_real_value(json_array_get(times, (size_t)i)) * RATE / ND_ONSET_HOP -
                     beats[i]) < 1.01;
    double share = rc || found != expected ? 0 : (double)near / (double)expected;
    json_decref(reference);
    free(x);
    free(onset);
    free(beats);
    return share;
}

static void test_published(const char *data)
{
    char folder[512];
    int n = 0, n_agree = 0;
    snprintf(folder, sizeof folder, "%s/reference", data);
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        size_t length = strlen(entry->d_name);
        if (length < 6 || strcmp(entry->d_name + length - 5, ".flac")) continue;
        entry->d_name[length - 5] = '\0';
        n++;
        n_agree += published_agreement(data, entry->d_name) == 1;
    }
    if (dir) closedir(dir);
    CHECK("published beats as librosa's on 11 of 12 excerpts", n == 12 && n_agree >= 11, "%d of %d",
          n_agree, n);
}

static void test_tunes(const char *data)
{
    static const char *const TUNES[] = {
        "be_sharp_bw_redfarn",    "careless_perc_redfarn", "chuggachugga",  "city_blues_redfarn",
        "coconut_run2",           "harp_harmony",          "modern_motion", "say_what_redfarn",
        "train_filled_with_cash", "ttsong_iii_imuh3"};
    static double rows[8192], truth[4096];
    double sum_70 = 0, sum_25 = 0;
    for (size_t i = 0; i < ND_COUNT(TUNES); i++) {
        char path[512];
        int64_t n;
        snprintf(path, sizeof path, "%s/beat/openmsx_rendered/%s.beats", data, TUNES[i]);
        int64_t n_beats = numbers_read(rows, ND_COUNT(rows), path) / 2;
        for (int64_t k = 0; k < n_beats; k++) truth[k] = rows[2 * k];
        snprintf(path, sizeof path, "%s/beat/openmsx_rendered/%s.ogg", data, TUNES[i]);
        float *x = audio_read(path, &n);
        nd_beats *b = NULL;
        if (!nd_beats_create(&b, x, n)) {
            sum_70 += f_measure(truth, n_beats, b->time_s, b->n, 0.07);
            sum_25 += f_measure(truth, n_beats, b->time_s, b->n, 0.025);
        }
        nd_beats_destroy(&b);
        free(x);
    }
    CHECK("ten rendered tunes, mean F at 70 ms", sum_70 / 10 >= 0.92, "%.3f", sum_70 / 10);
    CHECK("ten rendered tunes, mean F at 25 ms", sum_25 / 10 >= 0.89, "%.3f", sum_25 / 10);
}

static void test_real_music(const char *data)
{
    static const struct {
        const char *file;
        double bpm;
    } cases[] = {{"beat/808kick120bpm/808kick120bpm.mp3", 120},
                 {"beat/godot_bpm_sync/the_comeback2.ogg", 116},
                 {"beat/metronome/metronome.ogg", 120},
                 {"music/valyriatear/icy_wind.ogg", 0},
                 {"music/valyriatear/forest_at_night.ogg", 0}};
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char path[512];
        int64_t n;
        snprintf(path, sizeof path, "%s/%s", data, cases[i].file);
        float *x = audio_read(path, &n);
        nd_beats *b = NULL;
        int rc = nd_beats_create(&b, x, n);
        CHECK(cases[i].file, !rc && fabs(b->tempo_bpm - cases[i].bpm) <= 0.005 * cases[i].bpm,
              "rc %d, %.2f bpm, expected %g", rc, b ? b->tempo_bpm : -1, cases[i].bpm);
        nd_beats_destroy(&b);
        free(x);
    }
}

int main(void)
{
    test_no_pulse();
    test_made_tracks();
    test_waltz_downbeats();
    test_long();
    test_feature();
    const char *data = test_shared_data();
    if (data) {
        test_f_measure(data);
        test_published(data);
        test_tunes(data);
        test_real_music(data);
    } else {
        SKIP("tunes, published beats, real music", "no ../shared/data");
    }
    TEST_END();
}
