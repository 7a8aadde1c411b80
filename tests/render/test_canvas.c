/* The canvas: where values land, what decimation keeps, labels. */
#include "../test.h"
#include "render/canvas.h"

enum { WIDTH = 200, HEIGHT = 100 };

static const nd_panel whole = {0, 0, WIDTH, HEIGHT, 0, 100, 0, 10};

static uint32_t pixel(const nd_canvas *c, int x, int y)
{
    const uint8_t *data = cairo_image_surface_get_data(c->surface);
    uint32_t rgb;
    memcpy(&rgb, data + y * cairo_image_surface_get_stride(c->surface) + 4 * x, sizeof rgb);
    return rgb & 0xFFFFFF;
}

/* Rows of a column that are not paper. */
static int inked_rows(const nd_canvas *c, int x)
{
    int n = 0;
    cairo_surface_flush(c->surface);
    for (int y = 0; y < HEIGHT; y++) n += pixel(c, x, y) != 0xFFFFFF;
    return n;
}

static void test_places(void)
{
    static const struct {
        const char *name;
        double time_s, value, x, y;
    } cases[] = {
        {"origin", 0, 0, 0, 100},
        {"middle", 50, 5, 100, 50},
        {"far corner", 100, 10, 200, 0},
        {"clamped below", -7, -1, 0, 100},
        {"clamped above", 1e9, 1e9, 200, 0},
        {"NaN", NAN, NAN, 0, 100},
        {"infinite", INFINITY, -INFINITY, 200, 100},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        CHECK_NEAR(cases[i].name, nd_panel_x(&whole, cases[i].time_s), cases[i].x, 1e-9);
        CHECK_NEAR(cases[i].name, nd_panel_y(&whole, cases[i].value), cases[i].y, 1e-9);
    }
}

static void test_ranges(void)
{
    static const float values[] = {5, NAN, -3, INFINITY, 8, 2};
    nd_series all = {values, 6, 1, 0, 1}, odd = {values + 1, 3, 2, 0, 1}, none = {NULL, 0, 1, 0, 1};
    float lo = 77, hi = 77;
    CHECK("range of nothing", !nd_series_range(&none, 0, 9, &lo, &hi) && lo == 77 && hi == 77, " ");
    CHECK("range of what is not finite", !nd_series_range(&all, 1, 2, &lo, &hi) && lo == 77, " ");
    CHECK("range outside", !nd_series_range(&all, 6, 100, &lo, &hi), " ");
    CHECK("range of all", nd_series_range(&all, -5, 99, &lo, &hi) && lo == -3 && hi == 8, "%g %g",
          (double)lo, (double)hi);
    CHECK("the end is not in it", nd_series_range(&all, 2, 4, &lo, &hi) && lo == -3 && hi == -3,
          "%g %g", (double)lo, (double)hi);
    CHECK("range with a stride", nd_series_range(&odd, 0, 9, &lo, &hi) && lo == 2 && hi == 2,
          "%g %g", (double)lo, (double)hi);
}

static void test_times(void)
{
    static const struct {
        double time_s;
        bool tenths;
        const char *text;
    } cases[] = {
        {0, false, "0:00"},      {29.999, false, "0:30"},  {182, false, "3:02"},
        {3599, false, "59:59"},  {3730, false, "1:02:10"}, {1.25, true, "1.2 s"},
        {-1e-17, true, "0.0 s"}, {-5, false, "0:00"},      {1e300, false, "277777:46:40"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char text[32];
        nd_time_print(text, cases[i].time_s, cases[i].tenths);
        CHECK(cases[i].text, !strcmp(text, cases[i].text), "%s", text);
    }
}

static void test_colors(void)
{
    nd_color a = {0, 0.5, 1, 1}, b = {1, 0.5, 0, 0};
    nd_color half = nd_color_mix(a, b, 0.5), first = nd_color_mix(a, b, NAN);
    CHECK("half of each", half.r == 0.5 && half.g == 0.5 && half.b == 0.5 && half.a == 0.5, " ");
    CHECK("a share that is no number", first.r == 0 && first.b == 1, " ");
    CHECK("a share above 1", nd_color_mix(a, b, 5).r == 1, " ");
    for (int i = 0; i < ND_INK_N; i++)
        for (int k = 0; k < i; k++) {
            nd_color p = nd_color_of((nd_ink)i), q = nd_color_of((nd_ink)k);
            if (p.r == q.r && p.g == q.g && p.b == q.b)
                CHECK("colours differ", false, "%d and %d", i, k);
        }
}

/* One spike in 100,000 values, 500 to a pixel, is seen in its column. */
static void test_spike(void)
{
    enum { N = 100000, AT = 61250 };
    static float values[N];
    nd_series s = {values, N, 1, 0, N / 100.0};
    nd_canvas c;
    values[AT] = 10;
    CHECK("canvas", nd_canvas_init(&c, WIDTH, HEIGHT) == 0, " ");
    nd_panel_curve(&c, &whole, &s, 1, nd_color_of(ND_INK_TEXT), 0);
    int at = inked_rows(&c, AT * WIDTH / N), beside = inked_rows(&c, AT * WIDTH / N - 5);
    CHECK("a spike is kept", at > 90, "%d rows", at);
    CHECK("a spike stays narrow", beside <= 2, "%d rows", beside);
    nd_canvas_deinit(&c);
}

/* A curve has a gap where its values are not finite; a band too. */
static void test_gap(void)
{
    static float values[101], zeros[101];
    nd_series s = {values, 101, 1, 0, 1}, low = {zeros, 101, 1, 0, 1};
    for (int i = 0; i <= 100; i++) values[i] = i > 40 && i < 60 ? NAN : 5;
    for (int k = 0; k < 2; k++) {
        nd_canvas c;
        nd_canvas_init(&c, WIDTH, HEIGHT);
        if (k) nd_panel_band(&c, &whole, &low, &s, nd_color_of(ND_INK_BLUE));
        else nd_panel_curve(&c, &whole, &s, 2, nd_color_of(ND_INK_BLUE), 0);
        int left = inked_rows(&c, 60), gap = inked_rows(&c, 100), right = inked_rows(&c, 140);
        CHECK(k ? "band with a gap" : "curve with a gap", left > 0 && gap == 0 && right > 0,
              "%d, %d, %d rows", left, gap, right);
        nd_canvas_deinit(&c);
    }
}

static void test_text(void)
{
    nd_canvas c;
    nd_font font = {16, false, ND_RIGHT, {0, 0, 0, 1}};
    nd_canvas_init(&c, WIDTH, HEIGHT);
    nd_canvas_text_fit(&c, 150, 50, 60, font, "a line that is far too long to fit");
    int inside = 0, outside = 0;
    for (int x = 0; x < WIDTH; x++) *(x >= 88 && x < 152 ? &inside : &outside) += inked_rows(&c, x);
    CHECK("text is cut to its width", inside > 50 && outside == 0, "%d inside, %d outside", inside,
          outside);
    nd_canvas_deinit(&c);
}

static void test_failures(void)
{
    nd_bytes png = {0};
    nd_canvas c;
    int rc = nd_canvas_init(&c, 1 << 20, 1 << 20);
    nd_panel_time_axis(&c, &whole, true);
    CHECK("a sheet that is too large", rc == ND_ENOMEM && nd_canvas_png(&png, &c) == ND_ENOMEM,
          "%d", rc);
    nd_canvas_deinit(&c);
    nd_bytes_deinit(&png);
}

int main(void)
{
    test_failures();
    test_places();
    test_ranges();
    test_times();
    test_colors();
    test_spike();
    test_gap();
    test_text();
    TEST_END();
}
