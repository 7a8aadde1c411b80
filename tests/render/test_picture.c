/* Pictures of descriptions made by hand; the PNGs are read back by ffmpeg. */
#include <sys/stat.h>

#include "../test.h"
#include "describe/describe.h"
#include "needledrop/picture.h"

static const double pi = 3.14159265358979323846;

/* ---- descriptions of known truth ----------------------------------------------- */

static nd_description *new_description(nd_medium medium, double length_s)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    if (!d) abort();
    d->medium = medium;
    d->info.duration_s = d->analysed_s = length_s;
    return d;
}

static float *add_floats(nd_description *d, const char *name, int64_t n)
{
    nd_array *a = nd_description_add(d, name, ND_F32, 1, &n);
    if (!a) abort();
    return a->f32;
}

static int32_t *add_ints(nd_description *d, const char *name, int64_t n)
{
    nd_array *a = nd_description_add(d, name, ND_I32, 1, &n);
    if (!a) abort();
    return a->i32;
}

enum { BPM = 120 };

/* Loudness of the made track: quiet, rising, loudest in the third quarter. */
static double level_at(double share)
{
    return 0.15 + 0.75 * exp(-30 * (share - 0.66) * (share - 0.66)) + 0.1 * sin(9 * share);
}

static void add_sound(nd_description *d, double length_s)
{
    int64_t dims[2] = {(int64_t)(length_s * 100), 2}, n = (int64_t)(length_s * 31.25);
    nd_rng rng;
    nd_rng_init(&rng, 1, 0);
    nd_array *wave = nd_description_add(d, "waveform", ND_F32, 2, dims);
    if (!wave) abort();
    for (int64_t k = 0; k < dims[0]; k++) {
        double phase = fmod((double)k / 100, 60.0 / BPM);
        double a = level_at((double)k / (double)dims[0]) * (0.3 + 0.7 * exp(-9 * phase));
        wave->f32[2 * k] = (float)(-a * nd_rng_uniform(&rng, 0.7, 1));
        wave->f32[2 * k + 1] = (float)(a * nd_rng_uniform(&rng, 0.7, 1));
    }
    float *onset = add_floats(d, "onset", n);
    for (int64_t k = 0; k < n; k++) {
        double beat = (double)k / 31.25 * BPM / 60, phase = beat - floor(beat);
        bool is_strong = (int64_t)beat % 4 == 0;
        onset[k] = (float)((is_strong ? 9 : 5) * exp(-14 * phase) + nd_rng_uniform(&rng, 0, 0.8));
    }
    n = (int64_t)(length_s * 10);
    float *loudness = add_floats(d, "loudness_lufs", n);
    for (int64_t k = 0; k < n; k++)
        loudness[k] = (float)(20 * log10(level_at((double)k / (double)n)) - 8);
}

static void add_beats(nd_description *d, double length_s)
{
    int64_t n = (int64_t)(length_s * BPM / 60), n_clips = nd_clip_count(length_s);
    float *beats = add_floats(d, "beats_s", n);
    for (int64_t k = 0; k < n; k++) beats[k] = (float)k * 60 / BPM;
    int32_t *position = add_ints(d, "beat_position", n);
    for (int64_t k = 0; k < n; k++) position[k] = (int32_t)(1 + k % 4);
    float *salience = add_floats(d, "beat_salience", n);
    for (int64_t k = 0; k < n; k++) salience[k] = k % 2 ? 0.4f : 0.9f;
    int32_t *n_beats = add_ints(d, "clip_n_beats", n_clips);
    for (int64_t k = 0; k < n_clips; k++) n_beats[k] = 4 * BPM / 60;
    float *strength = add_floats(d, "clip_beat_strength", n_clips);
    for (int64_t k = 0; k < n_clips; k++)
        strength[k] = (float)level_at((k + 0.5) / (double)n_clips);
}

static nd_description *made_music(double length_s)
{
    nd_description *d = new_description(ND_MUSIC, length_s);
    add_sound(d, length_s);
    add_beats(d, length_s);
    nd_description_add_scalar(d, "tempo_bpm", BPM);
    nd_description_add_scalar(d, "integrated_lufs", -14.2);
    int32_t metre = 4, key = 9, is_minor = 1;
    nd_description_add_i32(d, "metre", &metre, 1);
    nd_description_add_i32(d, "key", &key, 1);
    nd_description_add_i32(d, "key_is_minor", &is_minor, 1);
    return d;
}

/* Each second is a flat colour of its own: red rises with time, blue falls. */
static void add_thumbnails(nd_description *d, int64_t n, int64_t height, int64_t width)
{
    int64_t dims[4] = {n, height, width, 3};
    nd_array *a = nd_description_add(d, "thumbnails", ND_U8, 4, dims);
    if (!a) abort();
    for (int64_t k = 0; k < n * height * width; k++) {
        int64_t second = k / (height * width);
        a->u8[3 * k] = (uint8_t)(255 * second / n);
        a->u8[3 * k + 1] = (uint8_t)(60 + k % width);
        a->u8[3 * k + 2] = (uint8_t)(255 - 255 * second / n);
    }
}

static nd_description *made_video(double length_s, int width, int height)
{
    static const float cuts[] = {3.5f, 8, 12.25f, 19, 24};
    static const int32_t kinds[] = {0, 0, 1, 0, 1};
    nd_description *d = new_description(ND_VIDEO, length_s);
    int64_t n = (int64_t)(length_s * 8), n_clips = nd_clip_count(length_s);
    d->info.width = width;
    d->info.height = height;
    d->info.fps = 24000 / 1001.0;
    add_thumbnails(d, (int64_t)length_s, width > height ? 54 : 96, width > height ? 96 : 54);
    float *flow = add_floats(d, "flow_px", n);
    for (int64_t k = 0; k < n; k++) flow[k] = (float)(2.5 + 2 * sin((double)k / 9));
    float *brightness = add_floats(d, "brightness", n);
    for (int64_t k = 0; k < n; k++) brightness[k] = (float)(0.5 + 0.4 * sin((double)k / 31));
    float *warmth = add_floats(d, "clip_warmth", n_clips);
    for (int64_t k = 0; k < n_clips; k++)
        warmth[k] = (float)(0.5 * sin(2 * pi * (double)k / (double)n_clips));
    float *saturation = add_floats(d, "clip_saturation", n_clips);
    for (int64_t k = 0; k < n_clips; k++) saturation[k] = 0.3f + 0.1f * (float)(k % 5);
    nd_description_add_f32(d, "cuts_s", cuts, ND_COUNT(cuts));
    nd_description_add_i32(d, "cut_kind", kinds, ND_COUNT(kinds));
    return d;
}

/* ---- reading a picture back -------------------------------------------------------- */

static char folder[64];

typedef struct {
    int width, height;
    nd_bytes rgb; /* height * width * 3; empty where ffmpeg could not decode it */
} pixels;

static char *path_of(const char *name)
{
    char *path = nd_path_join(folder, name);
    if (!path) abort();
    return path;
}

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static pixels read_picture(const char *path)
{
    pixels p = {0};
    nd_bytes png = {0};
    char command[256];
    uint8_t block[65536];
    size_t n;
    if (nd_file_read(&png, path, (size_t)1 << 26, NULL)) return p;
    if (png.n > 24 && !memcmp(png.data, "\x89PNG\r\n\x1A\n", 8)) {
        p.width = (int)big_endian(png.data + 16);
        p.height = (int)big_endian(png.data + 20);
    }
    nd_bytes_deinit(&png);
    snprintf(command, sizeof command, "ffmpeg -v error -i '%s' -f rawvideo -pix_fmt rgb24 -", path);
    FILE *pipe = popen(command, "r");
    if (!pipe) return p;
    while ((n = fread(block, 1, sizeof block, pipe)) > 0) nd_bytes_append(&p.rgb, block, n);
    pclose(pipe);
    return p;
}

/* How many pixels of a column of the sheet have exactly this colour. */
static int count_in_column(const pixels *p, int x, uint32_t rgb)
{
    int n = 0;
    for (int y = 0; y < p->height; y++) {
        const uint8_t *at = p->rgb.data + 3 * ((size_t)y * (size_t)p->width + (size_t)x);
        n += ((uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2]) == rgb;
    }
    return n;
}

/* The colour of one pixel. */
static uint32_t pixel_at(const pixels *p, int x, int y)
{
    const uint8_t *at = p->rgb.data + 3 * ((size_t)y * (size_t)p->width + (size_t)x);
    return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static bool is_whole(const pixels *p)
{
    return p->width > 0 && p->rgb.n == (size_t)p->width * (size_t)p->height * 3;
}

/* Draw d, which is destroyed, and read it back. */
static pixels draw(nd_description *d, const char *title, const char *name)
{
    nd_diag diag = {0};
    char *path = path_of(name);
    pixels p = {0};
    int rc = nd_picture_write(d, title, path, &diag);
    if (rc == 0) p = read_picture(path);
    CHECK(name, rc == 0 && is_whole(&p), "code %d %s, %d x %d, %zu bytes", rc, diag.text, p.width,
          p.height, p.rgb.n);
    nd_description_destroy(&d);
    free(path);
    return p;
}

static void draw_only(nd_description *d, const char *title, const char *name)
{
    pixels p = draw(d, title, name);
    nd_bytes_deinit(&p.rgb);
}

/* ---- cases --------------------------------------------------------------------------- */

static void test_arguments(void)
{
    nd_diag diag = {0};
    nd_description *d = made_music(8);
    CHECK("no description", nd_picture_write(NULL, "t", "x.png", &diag) == ND_EARG, "%s",
          diag.text);
    CHECK("no path", nd_picture_write(d, "t", NULL, NULL) == ND_EARG, " ");
    diag.text[0] = '\0';
    char *path = path_of("absent/x.png");
    int rc = nd_picture_write(d, "t", path, &diag);
    CHECK("a path that cannot be written", rc == ND_EIO && strstr(diag.text, path), "%d %s", rc,
          diag.text);
    CHECK("features of music", strstr(nd_picture_features(ND_MUSIC), "waveform"), " ");
    CHECK("features of video", strstr(nd_picture_features(ND_VIDEO), "thumbnails"), " ");
    nd_description_destroy(&d);
    free(path);
}

/* The margins of the sheet: time 0 is at 92, the end at 1508. */
static double x_of(double time_s, double length_s)
{
    return 92 + 1416 * time_s / length_s;
}

static void test_music_marks(void)
{
    enum { BLUE = 0x0072B2 };
    pixels p = draw(made_music(40), "marks", "short.png");
    if (!is_whole(&p)) return;
    int beat = count_in_column(&p, (int)round(x_of(20.5, 40)), BLUE);
    int downbeat = count_in_column(&p, (int)round(x_of(20, 40)), BLUE);
    int between = count_in_column(&p, (int)round(x_of(20.25, 40)), BLUE);
    CHECK("a beat has its mark", beat >= 10 && beat < 18, "%d blue pixels", beat);
    CHECK("a downbeat has a longer one", downbeat >= 18, "%d blue pixels", downbeat);
    CHECK("no mark between beats", between == 0, "%d blue pixels", between);
    nd_bytes_deinit(&p.rgb);
}

/* The loudest 12 s of the made track are known: the frame around them is drawn
 * on the overview in the colour of text. */
static void test_loudest(void)
{
    enum { TEXT = 0x1F2933 };
    pixels p = draw(made_music(300), "loudest", "long.png");
    if (!is_whole(&p)) return;
    int inside = 0, outside = 0;
    for (double t = 1; t < 300; t += 2) {
        int n = count_in_column(&p, (int)x_of(t, 300), TEXT) >= 8;
        if (fabs(t - 201) < 4) inside += n;
        if (fabs(t - 201) > 15 && t > 120) outside += n;
    }
    CHECK("the loudest stretch is framed", inside == 3, "%d of 3 columns", inside);
    CHECK("nothing else is framed", outside == 0, "%d columns", outside);
    nd_bytes_deinit(&p.rgb);
}

static void test_video_marks(void)
{
    enum { RED = 0xD55E00 };
    pixels p = draw(made_video(30, 1280, 720), "marks", "video.png");
    if (!is_whole(&p)) return;
    int hard = count_in_column(&p, (int)round(x_of(19, 30)), RED);
    int fade = count_in_column(&p, (int)round(x_of(12.25, 30)), RED);
    int none = count_in_column(&p, (int)round(x_of(15, 30)), RED);
    CHECK("a hard cut is a line", hard > 250, "%d pixels", hard);
    CHECK("a fade is dashed", fade > 100 && fade < hard * 3 / 4, "%d of %d pixels", fade, hard);
    CHECK("no line without a cut", none == 0, "%d pixels", none);
    uint32_t first = pixel_at(&p, 100, 150), last = pixel_at(&p, 1500, 150);
    CHECK("the first frame is blue", (first & 255) > 200 && first >> 16 < 60, "%06x", first);
    CHECK("the last frame is red", (last & 255) < 60 && last >> 16 > 200, "%06x", last);
    nd_bytes_deinit(&p.rgb);
}

/* Leave out one array after another: each picture is valid, none is larger than
 * the full one. */
static void test_absent(nd_medium medium)
{
    nd_description *whole = medium == ND_MUSIC ? made_music(70) : made_video(30, 640, 480);
    size_t n = whole->n_arrays;
    char *path = path_of("absent.png");
    int full_height = 0, n_valid = 0, n_smaller = 0;
    for (size_t left_out = 0; left_out <= n; left_out++) {
        nd_description some = *whole;
        some.arrays = nd_calloc(n, sizeof *some.arrays);
        some.n_arrays = 0;
        for (size_t k = 0; k < n; k++)
            if (k + 1 != left_out) some.arrays[some.n_arrays++] = whole->arrays[k];
        int rc = nd_picture_write(&some, "absent", path, NULL);
        pixels p = read_picture(path);
        if (left_out == 0) full_height = p.height;
        n_valid += rc == 0 && is_whole(&p) && p.height <= full_height;
        n_smaller += p.height < full_height;
        nd_bytes_deinit(&p.rgb);
        free(some.arrays);
    }
    CHECK(medium == ND_MUSIC ? "music without an array" : "video without an array",
          n_valid == (int)n + 1, "%d of %zu valid", n_valid, n + 1);
    CHECK(medium == ND_MUSIC ? "music leaves no gap" : "video leaves no gap",
          n_smaller == (medium == ND_MUSIC ? 1 : 4), "%d smaller", n_smaller);
    nd_description_destroy(&whole);
    free(path);
}

static void test_degenerate(void)
{
    int64_t none[2] = {1000, 0};
    nd_description *d = new_description(ND_MUSIC, 0);
    draw_only(d, "", "nothing.png");
    d = new_description(ND_VIDEO, NAN);
    draw_only(d, NULL, "nan-length.png");
    d = new_description(ND_MUSIC, 30);
    nd_description_add(d, "waveform", ND_F32, 2, none);
    nd_description_add(d, "beats_s", ND_F32, 2, none);
    nd_description_add(d, "onset", ND_F32, 2, none);
    nd_description_add(d, "loudness_lufs", ND_I32, 2, none);
    draw_only(d, "rows of nothing", "rows-of-nothing.png");
    draw_only(made_music(4), "one clip", "one-clip.png");
    draw_only(made_video(4, 720, 1280), "one clip", "one-clip-video.png");
    draw_only(made_music(0.5), "short", "half-second.png");
    draw_only(made_music(1800), "long", "half-hour.png");
}

/* Every number of every array broken in its turn. */
static void test_broken_numbers(void)
{
    static const float broken[] = {NAN, INFINITY, -INFINITY, 3e38f};
    for (size_t i = 0; i < ND_COUNT(broken); i++) {
        char name[32];
        nd_description *music = made_music(70), *video = made_video(20, 320, 240);
        nd_description *both[] = {music, video};
        for (int m = 0; m < 2; m++)
            for (size_t k = 0; k < both[m]->n_arrays; k++) {
                nd_array *a = &both[m]->arrays[k];
                for (int64_t j = 0; j < nd_array_count(a); j++) {
                    if (a->dtype == ND_F32) a->f32[j] = broken[i];
                    if (a->dtype == ND_I32) a->i32[j] = broken[i] > 0 ? INT32_MAX : INT32_MIN;
                }
            }
        snprintf(name, sizeof name, "music of %g", (double)broken[i]);
        draw_only(music, "broken", name);
        snprintf(name, sizeof name, "video of %g", (double)broken[i]);
        draw_only(video, "broken", name);
    }
}

static void test_titles(void)
{
    char endless[3000];
    memset(endless, 'W', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    draw_only(made_music(4), "\xFF\xFE\n\x01\x1B[31m caf\xC3\xA9 \xF0\x9F\x8E\xB5",
              "hostile-title.png");
    draw_only(made_music(4), endless, "endless-title.png");
}

static void test_same_bytes(void)
{
    static const char *const names[] = {"same-1.png", "same-2.png"};
    nd_bytes files[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        char *path = path_of(names[i]);
        nd_description *d = made_music(100);
        nd_picture_write(d, "same", path, NULL);
        nd_file_read(&files[i], path, (size_t)1 << 26, NULL);
        nd_description_destroy(&d);
        free(path);
    }
    CHECK("same input, same bytes",
          files[0].n > 1000 && files[0].n == files[1].n &&
              !memcmp(files[0].data, files[1].data, files[0].n),
          "%zu and %zu bytes", files[0].n, files[1].n);
    for (int i = 0; i < 2; i++) nd_bytes_deinit(&files[i]);
}

int main(void)
{
    char command[100];
    strcpy(folder, "/tmp/needledrop-picture-XXXXXX");
    if (!mkdtemp(folder)) return 1;
    test_arguments();
    test_music_marks();
    test_loudest();
    test_video_marks();
    test_absent(ND_MUSIC);
    test_absent(ND_VIDEO);
    test_degenerate();
    test_broken_numbers();
    test_titles();
    test_same_bytes();
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command)) return 1;
    TEST_END();
}
