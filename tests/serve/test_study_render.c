/* Versions of a film as they are rendered: what was on the left and on the right of a track is
 * there in the file, and all are as loud. */
#include <sys/stat.h>

#include "../decode/fixture.h"
#include "serve/study.h"
#include "serve/study_loudness.h"

enum { RATE = ND__STUDY_RATE_HZ, CHANNELS = ND__STUDY_CHANNELS, LENGTH_S = 3 };
#define AEVAL(channels) FFMPEG "-f lavfi -i 'aevalsrc=" channels ":s=44100:d="

static int render(nd__study_film *film, nd_diag *diag)
{
    char worker[512], video[512];
    const char *build = getenv("NEEDLEDROP_BUILD");
    snprintf(worker, sizeof worker, "%s/needledrop-worker", build ? build : "build");
    snprintf(video, sizeof video, "%s/film.mp4", scratch);
    nd__study s = {.folder = scratch};
    nd_study_params params = {.worker = worker, .videos = (const char *[]){video}, .n_videos = 1};
    film->video = video;
    int rc = nd__study_render(film, &s, &params, diag);
    film->video = NULL;
    return rc;
}

/* What the ffmpeg program plays of a version: [n, CHANNELS] f32, whatever the file holds. */
static nd_bytes played(const nd__study_version *v)
{
    return output_of("ffmpeg -v error -i media/%s -f f32le -", v->file);
}

/* Amplitude of a tone in the middle second of a channel. */
static double tone(const nd_bytes *sound, int c, double hz)
{
    const float *x = (const float *)(const void *)sound->data + CHANNELS * RATE;
    double re = 0, im = 0;
    for (int i = 0; i < RATE; i++) {
        re += cos(2 * M_PI * hz * i / RATE) * (double)x[CHANNELS * i + c] * 2 / RATE;
        im += sin(2 * M_PI * hz * i / RATE) * (double)x[CHANNELS * i + c] * 2 / RATE;
    }
    return hypot(re, im);
}

static void check_loudness(const nd__study_film *film, int v)
{
    nd_bytes text = output_of("ffmpeg -nostats -i media/%s -af ebur128=peak=true -f null - 2>&1 | "
                              "sed -n 's/^ *\\(I\\|Peak\\): *//p' | tail -n 2",
                              film->versions[v].file);
    double lufs = 0, peak_db = 99;
    if (!nd_bytes_append(&text, "", 1))
        sscanf((const char *)text.data, "%lf LUFS %lf", &lufs, &peak_db);
    char name[32];
    snprintf(name, sizeof name, "loudness_%d", v);
    CHECK_NEAR(name, lufs, film->lufs, 0.5);
    snprintf(name, sizeof name, "peak_%d", v);
    CHECK(name, peak_db <= -0.5, "%g dBTP", peak_db); /* -1 before Opus */
    nd_bytes_deinit(&text);
}

/* A track in stereo, a short one in mono that starts anew, one whose right side alone has peaks. */
static void test_film(void)
{
    char tracks[3][512];
    nd__study_film film = {.n_versions = 3};
    nd_diag diag = {0};
    for (int i = 0; i < 3; i++) {
        snprintf(tracks[i], sizeof tracks[i], "%s/%d.flac", scratch, i);
        film.versions[i] = (nd__study_version){.track = tracks[i], .start_s = i ? 0 : 1};
    }
    int rc = render(&film, &diag);
    CHECK("rendered", rc == 0 && film.length_s > LENGTH_S - 0.1, "%d %s", rc, diag.text);
    for (int v = 0; v < 3 && !rc; v++) {
        nd_bytes probe = output_of("ffprobe -v error -select_streams a -show_entries "
                                   "stream=channels,sample_rate -of csv=p=0 media/%s",
                                   film.versions[v].file);
        CHECK("two channels", probe.n == 8 && !memcmp(probe.data, "48000,2\n", 8), "%.*s",
              (int)probe.n, (const char *)probe.data);
        nd_bytes_deinit(&probe);
        check_loudness(&film, v);
    }
    nd_bytes two = played(&film.versions[0]), one = played(&film.versions[1]);
    size_t least = CHANNELS * (LENGTH_S * RATE - RATE / 10) * sizeof(float);
    CHECK("all of the sound", two.n > least && one.n > least, "%zu, %zu", two.n, one.n);
    if (two.n > least && one.n > least) {
        double low = tone(&two, 0, 440), high = tone(&two, 1, 1500);
        CHECK("the left is on the left", low > 0.05 && tone(&two, 1, 440) < 0.01 * low, "%g, %g",
              low, tone(&two, 1, 440));
        CHECK("the right is on the right", high > 0.02 && tone(&two, 0, 1500) < 0.01 * high,
              "%g, %g", high, tone(&two, 0, 1500));
        CHECK_NEAR("one gain for both", low / high, 2, 0.1);
        CHECK_NEAR("mono is on both sides", tone(&one, 0, 700) / tone(&one, 1, 700), 1, 0.01);
    }
    nd_bytes_deinit(&two);
    nd_bytes_deinit(&one);
}

static void test_wrong_track(void)
{
    char track[512];
    nd_diag diag = {0};
    snprintf(track, sizeof track, "%s/film.mp4", scratch);
    nd__study_film film = {.n_versions = 1, .versions = {{.track = track}}};
    int rc = render(&film, &diag);
    CHECK("no sound", rc == ND_EEMPTY && strstr(diag.text, "no sound"), "%d %s", rc, diag.text);
    CHECK("nothing is left", shell("test -z \"$(ls media)\"") == 0, "a file");
}

int main(void)
{
    scratch_make();
    shell("mkdir media && " FFMPEG "-f lavfi -i testsrc=s=64x36:r=25:d=3 film.mp4");
    shell(AEVAL("0.4*sin(2*PI*440*t)|0.2*sin(2*PI*1500*t)") "6' 0.flac");
    shell(AEVAL("0.1*sin(2*PI*700*t)") "1.3' 1.flac");
    shell(
        AEVAL("0.1*sin(2*PI*440*t)|0.1*sin(2*PI*440*t)+0.8*lt(mod(t\\,0.5)\\,0.001)") "6' 2.flac");
    test_wrong_track();
    test_film();
    scratch_remove();
    TEST_END();
}
