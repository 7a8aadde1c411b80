/* The features that keep pictures: frames, thumbnails, flow_published. */
#include "show.h"

enum { SIDE = 224 };

/* Frame k of a series: one grey, so that each is known again. */
static uint8_t grey_of(int k)
{
    return (uint8_t)(10 + 20 * k);
}

static nd_description *show_greys(const char *name, int n_frames, int w, int h)
{
    show s = show_start(name);
    size_t stride = (size_t)w * (size_t)s.ops->frames.pixels + 32; /* rows apart */
    uint8_t *frame = malloc(stride * (size_t)h);
    ND_ASSERT(frame);
    for (int k = 0; k < n_frames; k++) {
        memset(frame, grey_of(k), stride * (size_t)h);
        ND_ASSERT_EQ(show_frame(&s, frame, stride, w, h), 0);
    }
    free(frame);
    return show_finish(&s);
}

/* How many clips come of n frames (models.md 1.2). */
static const struct {
    int n_frames, n_clips;
} rule[] = {{0, 0}, {1, 0}, {2, 0}, {3, 1}, {4, 1}, {5, 1}, {6, 1}, {7, 2}, {8, 2}, {11, 3}};

static void test_frames(void)
{
    for (size_t i = 0; i < ND_COUNT(rule); i++) {
        int n = rule[i].n_frames;
        nd_description *d = show_greys("frames", n, SIDE, SIDE);
        ND_ASSERT(d);
        const nd_array *a = nd_description_find(d, "frames");
        bool is_shape = a && a->dtype == ND_F32 && a->n_dims == 3 &&
                        a->dims[0] == rule[i].n_clips && a->dims[1] == SIDE &&
                        a->dims[2] == 4 * SIDE;
        CHECK("frames_shape", is_shape, "%d frames: %d clips", n, a ? (int)a->dims[0] : -1);
        bool is_equal = is_shape;
        for (int64_t k = 0; is_equal && k < nd_array_count(a); k++) {
            int clip = (int)(k / (SIDE * 4 * SIDE)), column = (int)(k % (4 * SIDE));
            int from = ND_MIN(4 * clip + column / SIDE, n - 1);
            is_equal = a->f32[k] == (float)grey_of(from);
        }
        CHECK("frames_side_by_side", is_equal, "%d frames", n);
        nd_description_destroy(&d);
    }
}

/* Eight frames a second: 16 or fewer are half a clip or less. */
static void test_colour_frames(void)
{
    static const struct {
        int n_frames, n_clips;
    } cases[] = {{0, 0}, {16, 0}, {17, 1}, {32, 1}, {48, 1}, {49, 2}};
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int n = cases[i].n_frames;
        nd_description *d = show_greys("colour_frames", n, 16, 16);
        const nd_array *a = nd_description_find(d, "colour_frames");
        bool is_right = a && a->dtype == ND_F32 && a->n_dims == 3 &&
                        a->dims[0] == cases[i].n_clips && a->dims[1] == 32 && a->dims[2] == 768;
        CHECK("colour_frames_shape", is_right, "%d frames: %d clips", n, a ? (int)a->dims[0] : -1);
        for (int64_t k = 0; is_right && k < nd_array_count(a); k++)
            is_right = a->f32[k] == (float)grey_of((int)ND_MIN(k / 768, n - 1)) / 255;
        CHECK("colour_frames_values", is_right, "%d frames", n);
        nd_description_destroy(&d);
    }
}

/* Where inside a frame a pixel goes. */
static void test_frames_pixels(void)
{
    static uint8_t frame[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) frame[i] = (uint8_t)(i / SIDE + 3 * (i % SIDE));
    show s = show_start("frames");
    for (int k = 0; k < 4; k++) ND_ASSERT_EQ(show_frame(&s, frame, SIDE, SIDE, SIDE), 0);
    nd_description *d = show_finish(&s);
    ND_ASSERT(d);
    const nd_array *a = nd_description_find(d, "frames");
    bool is_equal = true;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < 4 * SIDE; x++)
            is_equal &= a->f32[y * 4 * SIDE + x] == frame[y * SIDE + x % SIDE];
    CHECK("frames_rows_and_columns", is_equal, "differs");
    nd_description_destroy(&d);
}

static void test_thumbnails(void)
{
    static const int sizes[][3] = {{0, 0, 0}, {1, 96, 54}, {5, 54, 96}, {3, 1, 1}};
    for (size_t i = 0; i < ND_COUNT(sizes); i++) {
        int n = sizes[i][0], w = sizes[i][1], h = sizes[i][2];
        nd_description *d = show_greys("thumbnails", n, w, h);
        ND_ASSERT(d);
        const nd_array *a = nd_description_find(d, "thumbnails");
        bool is_right = a && a->dtype == ND_U8 && a->n_dims == 4 && a->dims[0] == n &&
                        a->dims[1] == h && a->dims[2] == w && a->dims[3] == 3;
        for (int64_t k = 0; is_right && k < nd_array_count(a); k++)
            is_right = a->u8[k] == grey_of((int)(k / (3 * w * h)));
        CHECK("thumbnails", is_right, "%d of %d x %d", n, w, h);
        nd_description_destroy(&d);
    }
}

static void test_thumbnails_change_shape(void)
{
    static uint8_t frame[96 * 96 * 3];
    memset(frame, 200, sizeof frame);
    show s = show_start("thumbnails");
    ND_ASSERT_EQ(show_frame(&s, frame, 96 * 3, 96, 54), 0);
    ND_ASSERT_EQ(show_frame(&s, frame, 40 * 3, 40, 96), 0);
    nd_description *d = show_finish(&s);
    ND_ASSERT(d);
    const nd_array *a = nd_description_find(d, "thumbnails");
    const uint8_t *second = a->u8 + 54 * 96 * 3;
    bool is_right = a->dims[0] == 2 && a->dims[1] == 54 && a->dims[2] == 96;
    for (int x = 0; is_right && x < 96; x++) is_right = second[3 * x] == (x < 40 ? 200 : 0);
    CHECK("thumbnails_keep_the_first_size", is_right, "%d x %d", (int)a->dims[2], (int)a->dims[1]);
    nd_description_destroy(&d);
}

static void test_thumbnails_limit(void)
{
    const uint8_t pixel[3] = {1, 2, 3};
    show s = show_start("thumbnails");
    int rc = 0, n = 0;
    for (; n < 10000 && !rc; n++) rc = show_frame(&s, pixel, 3, 1, 1);
    CHECK("thumbnails_are_bounded", rc == ND_ELIMIT && n == 7201 && s.diag.text[0], "%d after %d",
          rc, n);
    nd_description *d = show_finish(&s);
    nd_description_destroy(&d);
}

/* A still texture that jumps by `jump` px in frame `when`. */
static nd_description *show_jump(int n_frames, int when, int jump)
{
    static uint8_t texture[SIDE][SIDE + 64], frame[SIDE * SIDE];
    nd_rng rng;
    nd_rng_init(&rng, 1, 0);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE + 64; x++) /* blocks of 8 px */
            texture[y][x] = y % 8   ? texture[y - 1][x]
                            : x % 8 ? texture[y][x - 1]
                                    : (uint8_t)nd_rng_int(&rng, 0, 255);
    show s = show_start("flow_published");
    for (int k = 0; k < n_frames; k++) {
        for (int i = 0; i < SIDE * SIDE; i++)
            frame[i] = texture[i / SIDE][i % SIDE + (k >= when ? jump : 0)];
        ND_ASSERT_EQ(show_frame(&s, frame, SIDE, SIDE, SIDE), 0);
    }
    return show_finish(&s);
}

static void test_flow_published(void)
{
    for (size_t i = 0; i < ND_COUNT(rule); i++) {
        nd_description *d = show_greys("flow_published", rule[i].n_frames, SIDE, SIDE);
        ND_ASSERT(d);
        int64_t n, n_classes;
        nd_description_f32(d, "published_clip_flow_px", &n);
        const int32_t *classes = nd_description_i32(d, "published_clip_flow_class", &n_classes);
        bool is_zero = true;
        for (int64_t k = 0; k < n_classes; k++) is_zero &= classes[k] == 0;
        CHECK("published_clips", n == rule[i].n_clips && n_classes == n && is_zero,
              "%d frames: %d clips", rule[i].n_frames, (int)n);
        nd_description_destroy(&d);
    }
    static const struct {
        const char *name;
        int n_frames, when, clip, n_clips;
        double px;
        int class;
    } cases[] = {
        {"published_mean_of_three_pairs", 4, 2, 0, 1, 18.0 / 3, 1},
        {"published_last_frame_repeated", 3, 2, 0, 1, 18.0 / 3, 1},
        {"published_no_pair_between_clips", 8, 4, 1, 2, 0, 0},
        {"published_second_clip", 7, 6, 1, 2, 18.0 / 3, 1},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_description *d = show_jump(cases[i].n_frames, cases[i].when, 18);
        ND_ASSERT(d);
        int64_t n, n_classes;
        const float *px = nd_description_f32(d, "published_clip_flow_px", &n);
        const int32_t *classes = nd_description_i32(d, "published_clip_flow_class", &n_classes);
        bool is_right = n == cases[i].n_clips && n_classes == n &&
                        fabs((double)px[cases[i].clip] - cases[i].px) <= 0.4 &&
                        classes[cases[i].clip] == cases[i].class;
        CHECK(cases[i].name, is_right, "%d clips, %g px, class %d", (int)n,
              n ? (double)px[n - 1] : -1, n ? (int)classes[n - 1] : -1);
        nd_description_destroy(&d);
    }
}

int main(void)
{
    test_frames();
    test_colour_frames();
    test_frames_pixels();
    test_thumbnails();
    test_thumbnails_change_shape();
    test_thumbnails_limit();
    test_flow_published();
    TEST_END();
}
