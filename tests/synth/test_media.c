/* Made media against its truth: files decoded by the ffmpeg program, cuts looked for in pictures,
 * beats and loudness in the sound. */
#include "../test.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/json.h"
#include "needledrop/synth.h"

enum { N_TRACKS = 4, N_VIDEOS = 3, RATE = 32000, SMALL_W = 80, SMALL_H = 45, FRAME = 80 * 45 };

static char folder[] = "/tmp/needledrop-media-XXXXXX";

static const nd_synth_media_params usual = {
    .n_tracks = N_TRACKS, .n_videos = N_VIDEOS, .seed = 11, .music_s = 24, .video_s = 7};

static char *path_of(const char *dir, const char *name)
{
    static char paths[6][512];
    static int next;
    char *path = paths[next++ % 6];
    snprintf(path, sizeof paths[0], "%s/%s/%s", folder, dir, name);
    return path;
}

static nd_bytes output_of(const char *command, const char *path)
{
    char line[1024], block[65536];
    nd_bytes out = {0};
    snprintf(line, sizeof line, command, path);
    FILE *pipe = popen(line, "r");
    size_t n;
    while (pipe && (n = fread(block, 1, sizeof block, pipe)) > 0) nd_bytes_append(&out, block, n);
    if (pipe) pclose(pipe);
    nd_bytes_append(&out, "", 1);
    out.n--;
    return out;
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

static bool same_file(const char *a, const char *b)
{
    nd_bytes x = {0}, y = {0};
    bool same = !nd_file_read(&x, a, 1 << 26, NULL) && !nd_file_read(&y, b, 1 << 26, NULL) &&
                x.n == y.n && !memcmp(x.data, y.data, x.n);
    nd_bytes_deinit(&x);
    nd_bytes_deinit(&y);
    return same;
}

static int count_files(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    struct dirent *entry;
    while (d && (entry = readdir(d))) n += entry->d_name[0] != '.';
    if (d) closedir(d);
    return n;
}

static void test_wrong_params(void)
{
    static const struct {
        const char *name, *dir;
        nd_synth_media_params params;
        int code;
    } cases[] = {
        {"wrong_tracks", "w", {.n_tracks = -1}, ND_EARG},
        {"wrong_videos", "w", {.n_videos = -1}, ND_EARG},
        {"wrong_too_many", "w", {.n_videos = 1 << 30}, ND_EARG},
        {"wrong_music_s", "w", {.music_s = -1}, ND_EARG},
        {"wrong_nan", "w", {.video_s = NAN}, ND_EARG},
        {"wrong_long", "w", {.music_s = 1e9}, ND_EARG},
        {"wrong_threads", "w", {.n_threads = -1}, ND_EARG},
        {"wrong_dir_is_file", "file", {.n_tracks = 1}, ND_EIO},
        {"wrong_dir_in_file", "file/w", {.n_tracks = 1}, ND_EIO},
    };
    nd_file_write(path_of(".", "file"), "x", 1, NULL);
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_diag diag = {0};
        int rc = nd_synth_media(path_of(".", cases[i].dir), &cases[i].params, NULL, &diag);
        CHECK(cases[i].name, rc == cases[i].code && diag.text[0], "%d %s", rc, diag.text);
    }
    CHECK("wrong_null", nd_synth_media(NULL, &usual, NULL, NULL) == ND_EARG, "taken");
    CHECK("wrong_makes_nothing", access(path_of(".", "w"), F_OK) != 0, "a folder was made");
    nd_synth_media_params none = {.seed = 1};
    int rc = nd_synth_media(path_of(".", "none"), &none, NULL, NULL);
    CHECK("none_makes_truth_alone", rc == 0 && count_files(path_of(".", "none")) == 1, "%d", rc);
}

static int stop_at_once(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    (void)what;
    *(int *)user += item != NULL && done == 1 && total == 3;
    return 1;
}

static void test_cancel(void)
{
    int n_calls = 0;
    nd_progress progress = {.update = stop_at_once, .user = &n_calls};
    nd_synth_media_params params = {.n_tracks = 3, .music_s = 4, .n_threads = 1};
    int rc = nd_synth_media(path_of(".", "stopped"), &params, &progress, NULL);
    CHECK("cancelled", rc == ND_ECANCELLED && n_calls == 1, "%d, %d calls", rc, n_calls);
    CHECK("cancelled_no_truth", access(path_of("stopped", "truth.json"), F_OK) != 0, "written");
    CHECK("cancelled_keeps_done", count_files(path_of("stopped", "music")) == 1, "%d",
          count_files(path_of("stopped", "music")));
}

/* The same bytes from one thread and two; the first items the same when there are more. */
static void test_same_bytes(const json_t *truth)
{
    nd_synth_media_params other = usual;
    other.n_threads = 1;
    other.n_tracks = 2;
    other.n_videos = 1;
    int rc = nd_synth_media(path_of(".", "b"), &other, NULL, NULL), same = 0;
    for (int i = 0; i < 2; i++) {
        const char *file = text(json_array_get(json_object_get(truth, "tracks"), (size_t)i),
                                "file");
        same += same_file(path_of("a", file), path_of("b", file));
    }
    const char *file = text(json_array_get(json_object_get(truth, "videos"), 0), "file");
    same += same_file(path_of("a", file), path_of("b", file));
    CHECK("same_bytes_when_fewer_and_one_thread", rc == 0 && same == 3, "%d of 3", same);
    json_t *again = json_load_file(path_of("b", "truth.json"), 0, NULL);
    CHECK("same_truth",
          json_equal(json_array_get(json_object_get(again, "tracks"), 1),
                     json_array_get(json_object_get(truth, "tracks"), 1)),
          "differs");
    json_decref(again);
    other.seed++;
    rc = nd_synth_media(path_of(".", "c"), &other, NULL, NULL);
    again = json_load_file(path_of("c", "truth.json"), 0, NULL);
    const json_t *first = json_array_get(json_object_get(again, "tracks"), 0);
    const json_t *before = json_array_get(json_object_get(truth, "tracks"), 0);
    CHECK("other_seed_other_beats",
          !json_equal(json_object_get(first, "beats_s"), json_object_get(before, "beats_s")),
          "the same");
    json_decref(again);
}

static void test_fields(const json_t *truth)
{
    static const char *const track_keys[] = {
        "file", "title", "artist",   "genre",       "mood",     "duration_s",  "tempo_bpm", "metre",
        "key",  "mode",  "is_minor", "instruments", "sections", "downbeats_s", "beats_s"};
    static const char *const video_keys[] = {
        "file",   "title",           "mood",    "duration_s", "fps",           "width",
        "height", "motion_widths_s", "palette", "sync_bpm",   "sync_offset_s", "cuts",
        "shots"};
    const json_t *tracks = json_object_get(truth, "tracks"),
                 *videos = json_object_get(truth, "videos");
    CHECK("n_tracks", json_array_size(tracks) == N_TRACKS, "%zu", json_array_size(tracks));
    CHECK("n_videos", json_array_size(videos) == N_VIDEOS, "%zu", json_array_size(videos));
    int missing = 0;
    for (size_t i = 0; i < N_TRACKS; i++)
        for (size_t k = 0; k < ND_COUNT(track_keys); k++)
            missing += !json_object_get(json_array_get(tracks, i), track_keys[k]);
    for (size_t i = 0; i < N_VIDEOS; i++)
        for (size_t k = 0; k < ND_COUNT(video_keys); k++)
            missing += !json_object_get(json_array_get(videos, i), video_keys[k]);
    CHECK("all_keys", missing == 0, "%d missing", missing);
    int same_mood = 0;
    for (size_t i = 0; i < N_TRACKS; i++)
        for (size_t j = 0; j < i; j++)
            same_mood += !strcmp(text(json_array_get(tracks, i), "mood"),
                                 text(json_array_get(tracks, j), "mood"));
    CHECK("four_tracks_four_moods", same_mood == 0, "%d pairs alike", same_mood);
}

static void check_duration(const char *kind, const json_t *item)
{
    nd_bytes out = output_of("ffprobe -v error -show_entries format=duration -of csv=p=0 '%s'",
                             path_of("a", text(item, "file")));
    char name[64];
    snprintf(name, sizeof name, "duration_of_%s", kind);
    CHECK_NEAR(name, atof((char *)out.data), number(item, "duration_s"), .002);
    nd_bytes_deinit(&out);
}

/* ---- sound ------------------------------------------------------------------------------- */

/* Energy of the differenced sound (drums stand out) in 15 ms from t on. */
static double energy_after(const float *x, size_t n, double t)
{
    double energy = 1e-9;
    int64_t from = (int64_t)(t * RATE);
    for (int64_t i = ND_MAX(from, 1); i < from + 480 && i < (int64_t)n; i++)
        energy += pow((double)(x[i] - x[i - 1]), 2);
    return energy;
}

/* Mean rise of energy, in log units, at a share of each beat. */
static double mean_rise(const float *x, size_t n, const json_t *beats, double share)
{
    double sum = 0;
    size_t n_beats = json_array_size(beats);
    for (size_t i = 0; i + 1 < n_beats; i++) {
        double at = json_number_value(json_array_get(beats, i));
        at += share * (json_number_value(json_array_get(beats, i + 1)) - at);
        sum += log(energy_after(x, n, at) / energy_after(x, n, at - .018));
    }
    return sum / (double)n_beats;
}

/* The loudness that the truth tells of each section is heard in the file. */
static void check_sections(const float *stereo, size_t n_frames, const json_t *track)
{
    const json_t *sections = json_object_get(track, "sections");
    size_t n = json_array_size(sections);
    double worst = 0, loudest = -99, quietest = 0, loud_level = 0, quiet_level = 0;
    for (size_t s = 0; s + 1 < n; s++) {
        const json_t *section = json_array_get(sections, s);
        size_t from = (size_t)(number(section, "start_s") * RATE);
        size_t to = (size_t)(number(json_array_get(sections, s + 1), "start_s") * RATE);
        double power = 1e-12;
        for (size_t i = 2 * from; i < 2 * ND_MIN(to, n_frames); i++)
            power += (double)stereo[i] * (double)stereo[i] / (double)(2 * (to - from));
        double db = 10 * log10(power);
        worst = fmax(worst, fabs(db - number(section, "loudness_db")));
        if (db > loudest) loud_level = number(section, "level");
        if (db < quietest) quiet_level = number(section, "level");
        loudest = fmax(loudest, db);
        quietest = fmin(quietest, db);
    }
    CHECK("section_loudness", n >= 3 && worst < .8, "%zu sections, off by %.2f dB", n, worst);
    CHECK("loudness_follows_level", loudest - quietest > 2 && loud_level > quiet_level,
          "%.1f to %.1f dB at levels %.2f and %.2f", quietest, loudest, quiet_level, loud_level);
}

static void test_track(const json_t *track)
{
    check_duration("track", track);
    nd_bytes out = output_of("ffmpeg -v error -i '%s' -f f32le -",
                             path_of("a", text(track, "file")));
    const float *stereo = (const float *)(void *)out.data;
    size_t n = out.n / 8, n_clipped = 0;
    float *mono = nd_calloc(n + 1, sizeof *mono);
    for (size_t i = 0; i < n; i++) {
        mono[i] = .5f * (stereo[2 * i] + stereo[2 * i + 1]);
        n_clipped += fabsf(stereo[2 * i]) > 1 || fabsf(stereo[2 * i + 1]) > 1;
    }
    CHECK("no_clipping", n_clipped < n / 10000, "%zu samples above 1", n_clipped);
    const json_t *beats = json_object_get(track, "beats_s");
    double at = mean_rise(mono, n, beats, 0), beside = mean_rise(mono, n, beats, .38);
    CHECK("beats_are_heard", at > .5 && at > 2 * beside, "%s: rise %.2f at beats, %.2f beside",
          text(track, "genre"), at, beside);
    double first = json_number_value(json_array_get(beats, 0));
    double last = json_number_value(json_array_get(beats, json_array_size(beats) - 1));
    double bpm = 60 * (double)(json_array_size(beats) - 1) / (last - first);
    CHECK_NEAR("tempo_is_that_of_beats", bpm / number(track, "tempo_bpm"), 1, .01);
    check_sections(stereo, n, track);
    free(mono);
    nd_bytes_deinit(&out);
}

/* ---- picture ----------------------------------------------------------------------------- */

static double difference(const uint8_t *video, int64_t frame)
{
    double sum = 0;
    const uint8_t *a = video + (frame - 1) * FRAME, *b = video + frame * FRAME;
    for (int i = 0; i < FRAME; i++) sum += abs(a[i] - b[i]);
    return sum / FRAME;
}

static void test_video(const json_t *video)
{
    check_duration("video", video);
    nd_bytes out = output_of("ffmpeg -v error -i '%s' -vf scale=80:45 -f rawvideo -pix_fmt gray -",
                             path_of("a", text(video, "file")));
    int64_t n = (int64_t)(out.n / FRAME);
    double fps = number(video, "fps");
    CHECK_NEAR("number_of_frames", n, number(video, "duration_s") * fps, .5);
    const json_t *cuts = json_object_get(video, "cuts");
    for (size_t c = 0; c < json_array_size(cuts); c++) {
        const json_t *cut = json_array_get(cuts, c);
        int64_t at = llround(number(cut, "time_s") * fps);
        if (strcmp(text(cut, "kind"), "cut") || at < 5 || at + 5 > n) continue;
        double here = difference(out.data, at), beside = 0;
        for (int k = 1; k < 5; k++)
            beside = fmax(beside, fmax(difference(out.data, at - k), difference(out.data, at + k)));
        CHECK("cut_is_seen", here > 1.5 * beside, "%s at %.3f s: %.1f, beside it %.1f",
              text(video, "file"), number(cut, "time_s"), here, beside);
    }
    double sum = 0;
    for (size_t i = 0; i < out.n; i++) sum += out.data[i];
    CHECK_NEAR("brightness", (sum / (double)out.n - 16) / 219, /* limited range or full */
               number(json_object_get(video, "palette"), "brightness"), .09);
    CHECK("moves", number(video, "motion_widths_s") > .005, "%g", number(video, "motion_widths_s"));
    nd_bytes_deinit(&out);
}

/* Motion of the moods: a driving film moves more than a calm one. */
static void test_moods(const json_t *truth)
{
    double calm = -1, driving = -1;
    const json_t *videos = json_object_get(truth, "videos");
    for (size_t i = 0; i < json_array_size(videos); i++) {
        const json_t *video = json_array_get(videos, i);
        if (!strcmp(text(video, "mood"), "calm")) calm = number(video, "motion_widths_s");
        if (!strcmp(text(video, "mood"), "driving")) driving = number(video, "motion_widths_s");
    }
    if (calm < 0 || driving < 0) SKIP("moods_move_apart", "not both among the videos");
    else CHECK("moods_move_apart", driving > 2 * calm, "calm %.3f, driving %.3f", calm, driving);
}

int main(void)
{
    if (!mkdtemp(folder)) return 1;
    test_wrong_params();
    test_cancel();
    nd_diag diag = {0};
    nd_synth_media_params two = usual;
    two.n_threads = 2;
    int rc = nd_synth_media(path_of(".", "a"), &two, NULL, &diag);
    CHECK("made", rc == 0, "%d %s", rc, diag.text);
    CHECK("files",
          count_files(path_of("a", "music")) == N_TRACKS &&
              count_files(path_of("a", "video")) == N_VIDEOS,
          "not as many as asked");
    json_t *truth = json_load_file(path_of("a", "truth.json"), 0, NULL);
    CHECK("truth_is_json", truth != NULL, "it is not");
    test_fields(truth);
    test_same_bytes(truth);
    for (size_t i = 0; i < N_TRACKS; i++)
        test_track(json_array_get(json_object_get(truth, "tracks"), i));
    for (size_t i = 0; i < N_VIDEOS; i++)
        test_video(json_array_get(json_object_get(truth, "videos"), i));
    test_moods(truth);
    json_decref(truth);
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK("folder_removed", system(command) == 0, "%s", folder);
    TEST_END();
}
