/* Look of frames whose colours are known; bars do not count. */
#include "made.h"

typedef struct {
    uint8_t a[3], b[3]; /* left and right half */
    int bar_rows, bar_columns;
    int n_dark; /* black frames at the start */
} scene;

static void paint(uint8_t *rgb, int w, int h, int k, void *user)
{
    const scene *s = user;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            bool is_bar = k < s->n_dark || y < s->bar_rows || y >= h - s->bar_rows ||
                          x < s->bar_columns || x >= w - s->bar_columns;
            for (int c = 0; c < 3; c++)
                rgb[3 * (y * w + x) + c] = is_bar ? 0 : x < w / 2 ? s->a[c] : s->b[c];
        }
}

static void test_scenes(void)
{
    /* Expected by hand: luma 0.2126 R + 0.7152 G + 0.0722 B. */
    static const struct {
        const char *name;
        scene scene;
        double brightness, saturation, contrast, warmth;
    } cases[] = {
        {"black", {{0}, {0}, 0, 0, 0}, 0, 0, 0, 0},
        {"white", {{255, 255, 255}, {255, 255, 255}, 0, 0, 0}, 1, 0, 0, 0},
        {"black and white", {{0}, {255, 255, 255}, 0, 0, 0}, 0.5, 0, 1, 0},
        {"orange", {{255, 128, 0}, {255, 128, 0}, 0, 0, 0}, 0.5716, 1, 0, 1},
        {"blue", {{0, 0, 255}, {0, 0, 255}, 0, 0, 0}, 0.0722, 1, 0, -1},
        {"green", {{0, 255, 0}, {0, 255, 0}, 0, 0, 0}, 0.7152, 1, 0, 0},
        {"half saturated", {{200, 100, 100}, {200, 100, 100}, 0, 0, 0}, 0.4756, 0.5, 0, 0.5},
        {"letterbox", {{200, 200, 200}, {100, 100, 100}, 6, 0, 0}, 0.5882, 0, 0.3922, 0},
        {"pillars", {{200, 200, 200}, {100, 100, 100}, 0, 16, 0}, 0.5882, 0, 0.3922, 0},
        {"window after black", {{90, 90, 90}, {90, 90, 90}, 4, 4, 16}, 0.1765, 0, 0, 0},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        scene s = cases[i].scene;
        nd_description *d = made_see("look", 32, 8, paint, &s);
        const double expected[] = {cases[i].brightness, cases[i].saturation, cases[i].contrast,
                                   cases[i].warmth};
        static const char *const arrays[] = {"clip_brightness", "clip_saturation", "clip_contrast",
                                             "clip_warmth"};
        for (int k = 0; k < 4; k++) {
            int64_t n = 0;
            const float *found = nd_description_f32(d, arrays[k], &n);
            char name[96];
            snprintf(name, sizeof name, "%s: %s", cases[i].name, arrays[k]);
            if (n != 1) CHECK(name, n == 1, "%lld clips", (long long)n);
            else CHECK_NEAR(name, found[0], expected[k], 2e-3);
        }
        nd_description_destroy(&d);
    }
}

static void test_curve(void)
{
    scene s = {{255, 255, 255}, {255, 255, 255}, 0, 0, 5};
    nd_description *d = made_see("look", 9, 8, paint, &s);
    int64_t n = 0;
    const float *curve = nd_description_f32(d, "brightness", &n);
    CHECK("curve has every frame", n == 9, "%lld", (long long)n);
    CHECK_NEAR("dark frame", curve[4], 0, 0);
    CHECK_NEAR("bright frame", curve[5], 1, 1e-5);
    nd_description_destroy(&d);
}

static void test_few(void)
{
    scene s = {0};
    for (int n_frames = 0; n_frames <= 1; n_frames++) {
        nd_description *d = made_see("look", n_frames, 8, paint, &s);
        int64_t n = -1;
        nd_description_f32(d, "clip_brightness", &n);
        CHECK("too short for a clip", n == 0, "%lld clips of %d frames", (long long)n, n_frames);
        nd_description_destroy(&d);
    }
}

int main(void)
{
    test_few();
    test_scenes();
    test_curve();
    TEST_END();
}
