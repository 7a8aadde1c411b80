/* Maps of a match: wrong parameters, one cell, small and many cells, a track that starts anew, what
 * is not finite, frames and waveform beside it; colours of cells. */
#include "../test.h"

#include "describe/describe.h"
#include "needledrop/picture.h"
#include "render/canvas.h"

static char path[64];

/* The picture at path; NULL: it is none. */
static cairo_surface_t *picture(void)
{
    cairo_surface_t *s = cairo_image_surface_create_from_png(path);
    if (cairo_surface_status(s) == CAIRO_STATUS_SUCCESS) return s;
    cairo_surface_destroy(s);
    return NULL;
}

/* @return its height; 0: there is none, or it is not 1600 wide */
static int height_of_file(void)
{
    cairo_surface_t *s = picture();
    int height = s && cairo_image_surface_get_width(s) == 1600 ? cairo_image_surface_get_height(s)
                                                               : 0;
    if (s) cairo_surface_destroy(s);
    return height;
}

static nd_match_picture match_of(const float *cosines, int n, int r, int offset)
{
    return (nd_match_picture){.cosines = cosines,
                              .n_query_clips = n,
                              .n_track_clips = r,
                              .offset = offset,
                              .score = NAN,
                              .start_s = NAN};
}

static void check_wrong(void)
{
    static const float one[1] = {0.5f};
    static const struct {
        const char *name;
        const float *cosines;
        int n, r, offset;
    } cases[] = {{"no_cosines", NULL, 1, 1, 0},
                 {"no_clip", one, 0, 1, 0},
                 {"no_track_clip", one, 1, 0, 0},
                 {"offset_before", one, 1, 1, -1},
                 {"offset_past", one, 1, 1, 1}};
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_diag diag = {0};
        nd_match_picture m = match_of(cases[i].cosines, cases[i].n, cases[i].r, cases[i].offset);
        int rc = nd_picture_match(path, &m, &diag);
        CHECK(cases[i].name, rc == ND_EARG && diag.text[0] && !height_of_file(), "%d", rc);
    }
    nd_match_picture m = match_of(one, 1, 1, 0);
    CHECK("no_path", nd_picture_match(NULL, &m, NULL) == ND_EARG, "taken");
    CHECK("no_match", nd_picture_match(path, NULL, NULL) == ND_EARG, "taken");
    CHECK("no_folder", nd_picture_match("/nonexistent/m.png", &m, NULL) == ND_EIO, "taken");
}

static void check_sizes(void)
{
    enum { N = 300, R = 2000 };
    static const struct {
        const char *name;
        int n, r, offset;
    } cases[] = {{"one_cell", 1, 1, 0},      {"few_cells", 3, 9, 4},   {"starts_anew", 9, 4, 3},
                 {"as_long_as_it", 5, 5, 0}, {"many_rows", N, 20, 19}, {"many_columns", 4, R, 1996},
                 {"many_cells", N, R, 12}};
    float *cosines = calloc((size_t)N * R, sizeof *cosines);
    for (int i = 0; cosines && i < N * R; i++) cosines[i] = (float)sin(i * 0.7);
    for (size_t i = 0; cosines && i < ND_COUNT(cases); i++) {
        nd_match_picture m = match_of(cosines, cases[i].n, cases[i].r, cases[i].offset);
        m.query_name = "\xFF\x01 video.mp4";
        m.track_name = "a track of a very long name that does not fit in a line of the sheet, nor "
                       "would it be of any use if it did.ogg";
        m.score = -0.004;
        m.note = "\xC3\xA9t\xC3\xA9 0.62";
        int rc = nd_picture_match(path, &m, NULL);
        CHECK(cases[i].name, !rc && height_of_file() >= 300 && height_of_file() <= 1500, "%d, %d",
              rc, height_of_file());
    }
    free(cosines);
}

static void check_not_finite(void)
{
    static const float none[4] = {NAN, INFINITY, -INFINITY, NAN}, huge[4] = {1e30f, -1e30f, 0, NAN};
    nd_match_picture m = match_of(none, 2, 2, 0);
    m.start_s = 1e300;
    m.score = INFINITY;
    CHECK("none_finite", !nd_picture_match(path, &m, NULL) && height_of_file(), "failed");
    m.cosines = huge;
    CHECK("huge", !nd_picture_match(path, &m, NULL) && height_of_file(), "failed");
}

/* Sum of the channels of the pixel in the middle of a cell, a little above its value. */
static int brightness(cairo_surface_t *s, double x, double y)
{
    const uint8_t *p = cairo_image_surface_get_data(s) +
                       (int)y * (ptrdiff_t)cairo_image_surface_get_stride(s) + 4 * (int)x;
    return p[0] + p[1] + p[2];
}

/* Without frames and waveform the map is at 112, 158 .. 1560, 326. */
static void check_shades(void)
{
    static const float cosines[6] = {-0.2f, 0.9f, 0.4f, 0.4f, -0.2f, 0.9f};
    nd_match_picture m = match_of(cosines, 2, 3, 0);
    nd_picture_match(path, &m, NULL);
    cairo_surface_t *s = picture();
    if (!s) return;
    double w = 1448 / 3.0, y[2] = {158 + 20, 158 + 84 + 20};
    int low = brightness(s, 112 + 0.5 * w, y[0]), high = brightness(s, 112 + 1.5 * w, y[0]);
    int middle = brightness(s, 112 + 2.5 * w, y[0]);
    CHECK("closer_is_darker", low > middle + 100 && middle > high + 100, "%d, %d, %d", low, middle,
          high);
    CHECK("same_is_same",
          brightness(s, 112 + 0.5 * w, y[1]) == middle &&
              brightness(s, 112 + 2.5 * w, y[1]) == high,
          "%d", brightness(s, 112 + 0.5 * w, y[1]));
    cairo_surface_destroy(s);
}

static void check_beside(void)
{
    static const float cosines[6] = {0, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f};
    nd_description *video = calloc(1, sizeof *video), *track = calloc(1, sizeof *track);
    if (!video || !track) exit(1);
    nd_match_picture m = match_of(cosines, 2, 3, 2);
    nd_picture_match(path, &m, NULL);
    int plain = height_of_file();
    m.query = video;
    m.track = track;
    video->medium = ND_VIDEO;
    track->medium = ND_MUSIC;
    CHECK("nothing_in_them", !nd_picture_match(path, &m, NULL) && height_of_file() == plain, "%d",
          height_of_file());
    nd_array *a = nd_description_add(video, "thumbnails", ND_U8, 4, (const int64_t[]){1, 4, 6, 3});
    nd_array *b = nd_description_add(track, "waveform", ND_F32, 2, (const int64_t[]){1000, 2});
    for (int64_t i = 0; a && i < nd_array_count(a); i++) a->u8[i] = (uint8_t)(i * 3);
    for (int64_t i = 0; b && i < 1000; i++) b->f32[2 * i] = -(b->f32[2 * i + 1] = 0.3f);
    CHECK("frames_and_waveform",
          !nd_picture_match(path, &m, NULL) && height_of_file() > plain + 100, "%d, plain %d",
          height_of_file(), plain);
    nd_bytes first = {0}, second = {0};
    nd_file_read(&first, path, 1 << 24, NULL);
    nd_picture_match(path, &m, NULL);
    nd_file_read(&second, path, 1 << 24, NULL);
    CHECK("same_bytes", first.n == second.n && first.n && !memcmp(first.data, second.data, first.n),
          "%zu, %zu bytes", first.n, second.n);
    nd_bytes_deinit(&first);
    nd_bytes_deinit(&second);
    nd_description_destroy(&video);
    nd_description_destroy(&track);
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/needledrop-match-%d.png", (int)getpid());
    check_wrong();
    check_sizes();
    check_not_finite();
    check_shades();
    check_beside();
    unlink(path);
    TEST_END();
}
