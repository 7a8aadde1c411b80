/* Media files written and read back with the ffmpeg and ffprobe programs. The program has a pwrite
 * of its own, so that a disk is full when a case wants it to be. */
#define _GNU_SOURCE
#include "../test.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "encode/encode.h"

enum { WIDTH = 96, HEIGHT = 64, N_FRAMES = 24, RATE = 32000, N_SAMPLES = 40001 };

static char folder[] = "/tmp/needledrop-writer-XXXXXX";
static int64_t disk_left = INT64_MAX;
static int disk_error;

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    if ((int64_t)n > disk_left) {
        errno = disk_error;
        return -1;
    }
    disk_left -= disk_left == INT64_MAX ? 0 : (int64_t)n;
    return syscall(SYS_pwrite64, fd, data, n, at);
}

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* A picture that changes: a moving gradient with a bright box. */
static void draw(uint8_t *rgb, int frame)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *p = rgb + 3 * (y * WIDTH + x);
            bool box = abs(x - 20 - 2 * frame) < 8 && abs(y - 32) < 10;
            p[0] = (uint8_t)(box ? 240 : 2 * x);
            p[1] = (uint8_t)(box ? 200 : 60 + 2 * y);
            p[2] = (uint8_t)(120 + 3 * frame);
        }
}

static float sound_at(int64_t i)
{
    return .5f * (float)sin(2 * 3.14159265358979 * 440 * (double)i / RATE) *
           (float)(i % 8000 < 4000 ? 1 : .3);
}

/* Everything there is to write, into w. @return the first error */
static int write_all(nd_writer *w, const nd_writer_params *p, nd_diag *diag)
{
    static uint8_t rgb[WIDTH * HEIGHT * 3];
    static float samples[2 * N_SAMPLES];
    int channels = p->n_channels ? p->n_channels : 1, rc = 0;
    for (int f = 0; f < N_FRAMES && p->width && !rc; f++) {
        draw(rgb, f);
        rc = nd_writer_add_frame(w, rgb, diag);
    }
    for (int64_t i = 0; i < N_SAMPLES; i++)
        for (int c = 0; c < channels; c++) samples[i * channels + c] = sound_at(i);
    for (int64_t at = 0, n = 777; at < N_SAMPLES && p->rate_hz && !rc; at += n)
        rc = nd_writer_add_samples(w, samples + at * channels, ND_MIN(n, N_SAMPLES - at), diag);
    return rc;
}

static int make(const char *path, const nd_writer_params *p, nd_diag *diag)
{
    nd_writer *w = NULL;
    int rc = nd_writer_open(&w, path, p, diag);
    if (rc) return rc;
    rc = write_all(w, p, diag);
    if (!rc) return nd_writer_close(&w, diag);
    nd_writer_abort(&w);
    return rc;
}

/* What a command prints, up to n - 1 bytes. @return their number */
static size_t run(char *out, size_t n, const char *command, const char *path)
{
    char line[768];
    snprintf(line, sizeof line, command, path);
    FILE *pipe = popen(line, "r");
    size_t got = pipe ? fread(out, 1, n - 1, pipe) : 0;
    if (pipe) pclose(pipe);
    out[got] = '\0';
    return got;
}

static int n_files(void)
{
    int n = 0;
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) n += entry->d_name[0] != '.';
    if (dir) closedir(dir);
    return n;
}

static const nd_writer_params picture = {.width = WIDTH, .height = HEIGHT, .fps = 24};
static const nd_writer_params sound = {.rate_hz = RATE, .title = "A title", .artist = "Someone"};

static void test_wrong_params(void)
{
    static const struct {
        const char *name, *file;
        nd_writer_params params;
        int code;
    } cases[] = {
        {"wrong_odd_width", "a.mp4", {.width = 95, .height = 64, .fps = 24}, ND_EARG},
        {"wrong_odd_height", "a.mp4", {.width = 96, .height = 63, .fps = 24}, ND_EARG},
        {"wrong_no_height", "a.mp4", {.width = 96, .fps = 24}, ND_EARG},
        {"wrong_huge", "a.mp4", {.width = 1 << 20, .height = 64, .fps = 24}, ND_EARG},
        {"wrong_no_fps", "a.mp4", {.width = 96, .height = 64}, ND_EARG},
        {"wrong_nan_fps", "a.mp4", {.width = 96, .height = 64, .fps = NAN}, ND_EARG},
        {"wrong_quality", "a.mp4", {.width = 96, .height = 64, .fps = 24, .quality = 32}, ND_EARG},
        {"wrong_nothing", "a.mp4", {.fps = 24}, ND_EARG},
        {"wrong_rate", "a.wav", {.rate_hz = -1}, ND_EARG},
        {"wrong_channels", "a.wav", {.rate_hz = 8000, .n_channels = 99}, ND_EARG},
        {"wrong_opus_rate", "a.opus", {.rate_hz = 22050}, ND_EUNSUPPORTED},
        {"wrong_picture_in_wav", "a.wav", {.width = 96, .height = 64, .fps = 24}, ND_EUNSUPPORTED},
        {"wrong_ending", "a.xyz", {.rate_hz = 8000}, ND_EUNSUPPORTED},
        {"wrong_no_ending", "mp4", {.rate_hz = 8000}, ND_EUNSUPPORTED},
        {"wrong_folder", "absent/a.wav", {.rate_hz = 8000}, ND_EIO},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_writer *w = NULL;
        nd_diag diag = {0};
        int rc = nd_writer_open(&w, in_folder(cases[i].file), &cases[i].params, &diag);
        CHECK(cases[i].name, rc == cases[i].code && !w && diag.text[0], "%d %s", rc, diag.text);
    }
    nd_writer *w = NULL;
    CHECK("wrong_null", nd_writer_open(&w, NULL, &sound, NULL) == ND_EARG && !w, "opened");
    nd_writer_open(&w, in_folder("empty.wav"), &sound, NULL);
    int rc = nd_writer_close(&w, NULL);
    CHECK("empty_refused", rc == ND_EEMPTY && !w, "%d", rc);
    CHECK("close_null", nd_writer_close(&w, NULL) == 0 && nd_writer_close(NULL, NULL) == 0, "no");
    CHECK("wrong_leaves_nothing", n_files() == 0, "%d files", n_files());
}

static void test_containers(void)
{
    nd_writer_params both = picture;
    both.rate_hz = 48000;
    both.n_channels = 2;
    const struct {
        const char *file, *codecs;
        const nd_writer_params *params;
        double seconds, slack_s;
    } cases[] = {
        {"p.mp4", "mpeg4\n", &picture, 1, .001},
        {"b.mp4", "mpeg4\naac\n", &both, 1, .05},
        {"b.mkv", "mpeg4\nflac\n", &both, 1, .05},
        {"b.webm", "vp9\nopus\n", &both, 1, .05},
        {"s.wav", "pcm_s16le\n", &sound, N_SAMPLES / (double)RATE, 1e-4},
        {"s.flac", "flac\n", &sound, N_SAMPLES / (double)RATE, 1e-4},
        {"s.ogg", "vorbis\n", &sound, N_SAMPLES / (double)RATE, 1e-4},
        {"s.mp3", "mp3\n", &sound, N_SAMPLES / (double)RATE, .08},
        {"s.m4a", "aac\n", &sound, N_SAMPLES / (double)RATE, .05},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        const char *path = in_folder(cases[i].file);
        nd_diag diag = {0};
        char text[512], name[64];
        int rc = make(path, cases[i].params, &diag);
        snprintf(name, sizeof name, "container_%s", cases[i].file);
        run(text, sizeof text, "ffprobe -v error -show_entries stream=codec_name -of csv=p=0 %s",
            path);
        CHECK(name, rc == 0 && !strcmp(text, cases[i].codecs), "%d %s %s", rc, diag.text, text);
        run(text, sizeof text, "ffprobe -v error -show_entries format=duration -of csv=p=0 %s",
            path);
        snprintf(name, sizeof name, "duration_%s", cases[i].file);
        if (cases[i].params == &both) CHECK(name, atof(text) >= 1, "%s", text);
        else CHECK_NEAR(name, atof(text), cases[i].seconds, cases[i].slack_s);
    }
}

static void test_picture(void)
{
    enum { BYTES = WIDTH * HEIGHT * 3 };
    static char seen[BYTES * N_FRAMES + 2];
    static uint8_t rgb[BYTES];
    const char *path = in_folder("p.mp4");
    char text[256];
    run(text, sizeof text,
        "ffprobe -v error -show_entries stream=width,height,r_frame_rate,nb_frames -of csv=p=0 %s",
        path);
    CHECK("picture_size_and_rate", !strcmp(text, "96,64,24/1,24\n"), "%s", text);
    run(text, sizeof text,
        "ffprobe -v error -show_entries stream=color_range,color_space -of csv=p=0 %s", path);
    CHECK("picture_says_its_matrix", !strcmp(text, "tv,smpte170m\n"), "%s", text);
    size_t n = run(seen, sizeof seen, "ffmpeg -v error -i %s -f rawvideo -pix_fmt rgb24 -", path);
    CHECK("picture_frames", n == (size_t)BYTES * N_FRAMES, "%zu bytes", n);
    double worst = 99;
    for (int f = 0; f < N_FRAMES; f++) {
        double error = 0;
        draw(rgb, f);
        for (int i = 0; i < BYTES; i++) {
            double d = (double)rgb[i] - (uint8_t)seen[(size_t)f * BYTES + (size_t)i];
            error += d * d / BYTES;
        }
        worst = fmin(worst, 10 * log10(255 * 255 / (error + 1e-9)));
    }
    CHECK("picture_psnr", worst > 27, "%.1f dB", worst);
}

static void test_sound(void)
{
    static char raw[4 * N_SAMPLES + 4096];
    const char *path = in_folder("s.flac");
    size_t n = run(raw, sizeof raw, "ffmpeg -v error -i %s -f s16le -", path) / 2;
    const int16_t *exact = (const int16_t *)(void *)raw;
    int worst = 0;
    for (int i = 0; i < ND_MIN((int)n, N_SAMPLES); i++)
        worst = ND_MAX(worst, abs(exact[i] - (int)lrintf(32768 * sound_at(i))));
    CHECK("flac_exact", n == N_SAMPLES && worst == 0, "%zu samples, off by %d", n, worst);
    n = run(raw, sizeof raw, "ffmpeg -v error -i %s -f f32le -", in_folder("s.ogg")) / 4;
    const float *near = (const float *)(void *)raw;
    double error = 0, power = 0;
    for (int i = 0; i < ND_MIN((int)n, N_SAMPLES); i++) {
        error += pow((double)near[i] - (double)sound_at(i), 2);
        power += pow((double)sound_at(i), 2);
    }
    CHECK("ogg_samples_in_place", n == N_SAMPLES && error < .01 * power, "%zu, %.1f dB", n,
          10 * log10(power / error));
    char text[128];
    run(text, sizeof text, "ffprobe -v error -show_entries stream_tags=title,artist -of csv=p=0 %s",
        in_folder("s.ogg"));
    CHECK("tags", !strcmp(text, "A title,Someone\n"), "%s", text);
}

static bool same_bytes(const char *a, const char *b)
{
    nd_bytes x = {0}, y = {0};
    bool same = !nd_file_read(&x, a, 1 << 24, NULL) && !nd_file_read(&y, b, 1 << 24, NULL) &&
                x.n == y.n && !memcmp(x.data, y.data, x.n);
    nd_bytes_deinit(&x);
    nd_bytes_deinit(&y);
    return same;
}

static void test_same_bytes(void)
{
    static const char *const endings[] = {"mp4", "mkv", "ogg", "flac", "mp3", "m4a"};
    nd_writer_params both = picture;
    both.rate_hz = RATE;
    for (size_t i = 0; i < ND_COUNT(endings); i++) {
        char a[32], b[32], name[32];
        snprintf(a, sizeof a, "one.%s", endings[i]);
        snprintf(b, sizeof b, "two.%s", endings[i]);
        snprintf(name, sizeof name, "same_bytes_%s", endings[i]);
        const nd_writer_params *p = i < 2 ? &both : &sound;
        make(in_folder(a), p, NULL);
        make(in_folder(b), p, NULL);
        CHECK(name, same_bytes(in_folder(a), in_folder(b)), "two runs differ");
    }
}

static void test_full_disk(void)
{
    static const struct {
        const char *name, *file;
        int64_t left;
        int error, code;
    } cases[] = {
        {"full_at_once", "full.mp4", 0, ENOSPC, ND_EFULL},
        {"full_later", "full.wav", 65536, ENOSPC, ND_EFULL},
        {"full_quota", "full.flac", 0, EDQUOT, ND_EFULL},
        {"disk_broken", "full.ogg", 0, EIO, ND_EIO},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        const char *path = in_folder(cases[i].file);
        nd_file_write(path, "old", 3, NULL);
        int before = n_files();
        nd_diag diag = {0};
        disk_left = cases[i].left;
        disk_error = cases[i].error;
        int rc = make(path, strstr(path, ".mp4") ? &picture : &sound, &diag);
        disk_left = INT64_MAX;
        nd_bytes kept = {0};
        nd_file_read(&kept, path, 100, NULL);
        CHECK(cases[i].name, rc == cases[i].code && strstr(diag.text, path), "%d %s", rc,
              diag.text);
        CHECK(cases[i].name, kept.n == 3 && n_files() == before, "%zu bytes, %d files", kept.n,
              n_files() - before);
        nd_bytes_deinit(&kept);
    }
}

static void test_abort(void)
{
    nd_writer *w = NULL;
    int before = n_files();
    int rc = nd_writer_open(&w, in_folder("given-up.mp4"), &picture, NULL);
    if (!rc) rc = write_all(w, &picture, NULL);
    nd_writer_abort(&w);
    CHECK("abort_leaves_nothing", rc == 0 && !w && n_files() == before, "%d", n_files() - before);
    struct stat st;
    CHECK("mode_readable", !stat(in_folder("p.mp4"), &st) && (st.st_mode & 0777) == 0644, "%o",
          st.st_mode);
}

int main(void)
{
    if (!mkdtemp(folder)) return 1;
    test_wrong_params();
    test_containers();
    test_picture();
    test_sound();
    test_same_bytes();
    test_full_disk();
    test_abort();
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK("folder_removed", system(command) == 0, "%s", folder);
    TEST_END();
}
