/* Flow against known motion: made pictures under translation, zoom and
 * rotation, and the four Middlebury pairs with measured truth. Then the feature
 * "flow": cuts, stills, black, sizes. */
#include "describe/flow_dis.h"

#include "show.h"

/* ---- made pictures ----------------------------------------------------------- */

static double lattice(int x, int y, uint32_t seed)
{
    uint32_t n = (uint32_t)x * 374761393u + (uint32_t)y * 668265263u + seed * 2246822519u;
    n = (n ^ (n >> 13)) * 1274126177u;
    return (double)((n ^ (n >> 16)) & 0xffff) / 65535.0;
}

static double smooth(double t)
{
    return t * t * (3 - 2 * t);
}

/* Value noise of four octaves, 0..255, at any real place. */
static double texture(double x, double y, uint32_t seed)
{
    double sum = 0, size = 32, weight = 0.45;
    for (int i = 0; i < 4; i++, size /= 2, weight *= 0.65) {
        double px = x / size + 1000, py = y / size + 1000;
        int ix = (int)px, iy = (int)py;
        double fx = smooth(px - ix), fy = smooth(py - iy);
        double top = lattice(ix, iy, seed) * (1 - fx) + lattice(ix + 1, iy, seed) * fx;
        double low = lattice(ix, iy + 1, seed) * (1 - fx) + lattice(ix + 1, iy + 1, seed) * fx;
        sum += weight * (top * (1 - fy) + low * fy);
    }
    return ND_CLAMP(255 * sum, 0, 255);
}

/* u = tx + (x - cx) * zoom - (y - cy) * turn, v = ty + .. * turn + .. * zoom */
typedef struct {
    const char *name;
    int w, h;
    double tx, ty, zoom, turn;
    double bound_px; /* mean end-point error allowed */
} motion;

static void flow_at(const motion *m, int x, int y, double *u, double *v)
{
    double dx = x - m->w / 2.0, dy = y - m->h / 2.0;
    *u = m->tx + dx * m->zoom - dy * m->turn;
    *v = m->ty + dx * m->turn + dy * m->zoom;
}

static void paint(uint8_t *out, const motion *m, bool is_first, uint32_t seed)
{
    for (int y = 0; y < m->h; y++)
        for (int x = 0; x < m->w; x++) {
            double u = 0, v = 0;
            if (is_first) flow_at(m, x, y, &u, &v);
            out[y * m->w + x] = (uint8_t)(texture(x + u, y + v, seed) + 0.5);
        }
}

/* Mean error over the pixels that stay inside. */
static double motion_error(const motion *m)
{
    size_t n = (size_t)m->w * (size_t)m->h;
    uint8_t *a = malloc(n), *b = malloc(n);
    float *u = malloc(n * sizeof *u), *v = malloc(n * sizeof *v);
    nd_flow *flow = NULL;
    ND_ASSERT(a && b && u && v && !nd_flow_create(&flow, m->w, m->h));
    paint(a, m, true, 7);
    paint(b, m, false, 7);
    nd_flow_run(flow, u, v, a, (size_t)m->w, b, (size_t)m->w);
    double sum = 0, count = 0;
    for (int y = 0; y < m->h; y++)
        for (int x = 0; x < m->w; x++) {
            double tu, tv;
            flow_at(m, x, y, &tu, &tv);
            if (x + tu < 0 || x + tu > m->w - 1 || y + tv < 0 || y + tv > m->h - 1) continue;
            sum += hypot(u[y * m->w + x] - tu, v[y * m->w + x] - tv);
            count++;
        }
    nd_flow_destroy(&flow);
    free(a);
    free(b);
    free(u);
    free(v);
    return sum / count;
}

/* ---- the flow itself ---------------------------------------------------------- */

static void test_wrong_parameters(void)
{
    static const int sizes[][2] = {
        {0, 5}, {5, 0}, {-3, 5}, {ND_FLOW_MAX_SIDE + 1, 5}, {5, ND_FLOW_MAX_SIDE + 1}};
    nd_flow *const untouched = (nd_flow *)(uintptr_t)8;
    for (size_t i = 0; i < ND_COUNT(sizes); i++) {
        nd_flow *flow = untouched;
        int rc = nd_flow_create(&flow, sizes[i][0], sizes[i][1]);
        CHECK("create_refuses_size", rc == ND_EARG && flow == untouched, "%d x %d: %d", sizes[i][0],
              sizes[i][1], rc);
    }
    nd_flow *none = NULL;
    nd_flow_destroy(NULL);
    nd_flow_destroy(&none);
    CHECK("destroy_takes_nothing", !none, "%p", (void *)none);
}

static void test_motions(void)
{
    static const motion motions[] = {
        {"still_moves_nowhere", 320, 180, 0, 0, 0, 0, 0},
        {"slides_a_little", 320, 180, 0.4, -0.3, 0, 0, 0.05},
        {"slides", 320, 180, 3.3, -1.7, 0, 0, 0.05},
        {"slides_far", 320, 180, 22, -9, 0, 0, 0.25},
        {"zooms", 224, 126, 0, 0, 0.05, 0, 0.12},
        {"shrinks", 224, 126, 1, 0, -0.05, 0, 0.12},
        {"turns", 224, 126, 0, 0, 0, 0.06, 0.12},
        {"stands_on_end", 126, 224, 2, 6, 0.02, 0.02, 0.12},
        {"is_small", 96, 54, 3, 1, 0.02, 0, 0.15},
        {"has_odd_sides", 223, 127, -4, 2, 0, 0.02, 0.12},
    };
    for (size_t i = 0; i < ND_COUNT(motions); i++) {
        double error = motion_error(&motions[i]);
        CHECK(motions[i].name, error <= motions[i].bound_px, "end-point error %.4f px", error);
    }
}

static uint8_t *noise(int w, int h, uint64_t seed)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, 0);
    uint8_t *p = malloc((size_t)w * (size_t)h);
    ND_ASSERT(p);
    for (int i = 0; i < w * h; i++) p[i] = (uint8_t)nd_rng_int(&rng, 0, 255);
    return p;
}

/* Pictures that have nothing in common, at every awkward size: finite, and the
 * same from a fresh object and from one that has seen something else. */
static void test_sizes(void)
{
    static const int sizes[][2] = {{1, 1},   {1, 500}, {500, 1}, {2, 2},  {7, 5},   {8, 8},
                                   {15, 16}, {17, 33}, {64, 1},  {65, 3}, {31, 30}, {129, 67}};
    for (size_t i = 0; i < ND_COUNT(sizes); i++) {
        int w = sizes[i][0], h = sizes[i][1];
        size_t n = (size_t)w * (size_t)h, bytes = n * sizeof(float);
        uint8_t *a = noise(w, h, 1), *b = noise(w, h, 2);
        float *u = malloc(4 * bytes), *v = u + n, *u2 = v + n, *v2 = u2 + n;
        nd_flow *flow = NULL;
        ND_ASSERT(u && !nd_flow_create(&flow, w, h));
        nd_flow_run(flow, u, v, a, (size_t)w, b, (size_t)w);
        for (int k = 0; k < 3; k++) nd_flow_run(flow, u2, v2, b, (size_t)w, a, (size_t)w);
        nd_flow_run(flow, u2, v2, a, (size_t)w, b, (size_t)w);
        bool is_finite = isfinite(nd_flow_mean_px(flow)) && isfinite(nd_flow_residual(flow));
        for (size_t k = 0; k < 2 * n; k++) is_finite &= isfinite(u[k]) != 0;
        CHECK("noise_is_finite", is_finite, "%d x %d", w, h);
        CHECK("forgets_earlier_runs", !memcmp(u, u2, 2 * bytes), "%d x %d", w, h);
        nd_flow_destroy(&flow);
        free(a);
        free(b);
        free(u);
    }
}

static void test_extremes(void)
{
    enum { W = 96, H = 64 };
    static uint8_t a[W * H], b[W * H];
    static float u[W * H], v[W * H];
    nd_flow *flow = NULL;
    ND_ASSERT(!nd_flow_create(&flow, W, H));
    CHECK("figures_before_a_run", nd_flow_mean_px(flow) == 0 && nd_flow_residual(flow) == 0,
          "%g %g", nd_flow_mean_px(flow), nd_flow_residual(flow));
    for (int i = 0; i < W * H; i++) b[i] = 255;
    nd_flow_run(flow, u, v, a, W, b, W);
    double most = 0;
    for (int i = 0; i < W * H; i++) most = fmax(most, fmax(fabsf(u[i]), fabsf(v[i])));
    CHECK("black_to_white_is_no_motion", most == 0, "%g px", most);
    CHECK_NEAR("exposure_is_no_residual", nd_flow_residual(flow), 0, 1e-3);
    for (int i = 0; i < W * H; i++) a[i] = (i + i / W) & 1 ? 255 : 0, b[i] = (uint8_t)(255 - a[i]);
    nd_flow_run(flow, u, v, a, W, b, W);
    bool is_finite = true;
    for (int i = 0; i < W * H; i++) is_finite &= isfinite(u[i]) && isfinite(v[i]);
    CHECK("chessboard_is_finite", is_finite, "mean %g px", nd_flow_mean_px(flow));
    nd_flow_destroy(&flow);
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const void *data, size_t n)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < n; i++) hash = (hash ^ ((const uint8_t *)data)[i]) * 1099511628211u;
    return hash;
}

/* Rows further apart, the two means, and the same bytes from every compiler,
 * flavour and instruction set: the hash was written by gcc 12 with AVX-512. */
static void test_bytes(void)
{
    enum { W = 203, H = 117, STRIDE = 256 };
    static const uint64_t expected = 0x2de5e2658d622add;
    const motion m = {.w = W, .h = H, .tx = 2.5, .ty = -1, .zoom = 0.03, .turn = 0.02};
    static uint8_t a[W * H], b[W * H], wide_a[STRIDE * H], wide_b[STRIDE * H];
    static float out[2][W * H], wide_out[2][W * H];
    paint(a, &m, true, 3);
    paint(b, &m, false, 3);
    for (int y = 0; y < H; y++) {
        memset(wide_a + y * STRIDE, 99, STRIDE);
        memcpy(wide_a + y * STRIDE, a + y * W, W);
        memcpy(wide_b + y * STRIDE, b + y * W, W);
    }
    nd_flow *flow = NULL;
    ND_ASSERT(!nd_flow_create(&flow, W, H));
    nd_flow_run(flow, out[0], out[1], a, W, b, W);
    double mean = 0;
    for (int i = 0; i < W * H; i++) mean += hypotf(out[0][i], out[1][i]) / (W * H);
    CHECK_NEAR("mean_of_half_size", nd_flow_mean_px(flow), mean, 0.02);
    nd_flow_run(flow, wide_out[0], wide_out[1], wide_a, STRIDE, wide_b, STRIDE);
    CHECK("rows_apart", !memcmp(out, wide_out, sizeof out), "differs");
    uint64_t hash = hash_of(out, sizeof out);
    CHECK("same_bytes_everywhere", hash == expected, "found %#llx", (unsigned long long)hash);
    nd_flow_destroy(&flow);
}

/* ---- Middlebury ------------------------------------------------------------------ */

typedef struct {
    const char *name;
    int w, h;
    double bound_px;
} pair;

static bool read_picture(uint8_t *out, const char *folder, const pair *p, int number)
{
    char command[512];
    snprintf(command, sizeof command,
             "ffmpeg -v error -i '%s/flow/middlebury/%s_frame%d.png' -pix_fmt gray -f rawvideo -",
             folder, p->name, number);
    FILE *pipe = popen(command, "r");
    size_t n = (size_t)p->w * (size_t)p->h;
    bool is_read = pipe && fread(out, 1, n, pipe) == n;
    if (pipe) pclose(pipe);
    return is_read;
}

static double middlebury_error(const char *folder, const pair *p)
{
    size_t n = (size_t)p->w * (size_t)p->h;
    uint8_t *a = malloc(n), *b = malloc(n);
    float *u = malloc(n * sizeof *u), *v = malloc(n * sizeof *v);
    ND_ASSERT(a && b && u && v);
    char path[256];
    snprintf(path, sizeof path, "%s/flow/middlebury/%s_flow10.flo", folder, p->name);
    nd_bytes truth = {0};
    nd_flow *flow = NULL;
    double sum = 0, count = 0;
    if (read_picture(a, folder, p, 10) && read_picture(b, folder, p, 11) &&
        !nd_file_read(&truth, path, 1 << 24, NULL) && truth.n == 12 + 8 * n &&
        !nd_flow_create(&flow, p->w, p->h)) {
        nd_flow_run(flow, u, v, a, (size_t)p->w, b, (size_t)p->w);
        for (size_t i = 0; i < n; i++) {
            float t[2];
            memcpy(t, truth.data + 12 + 8 * i, sizeof t);
            if (fabsf(t[0]) > 1e9f || fabsf(t[1]) > 1e9f) continue;
            sum += hypot(u[i] - t[0], v[i] - t[1]);
            count++;
        }
    }
    nd_flow_destroy(&flow);
    nd_bytes_deinit(&truth);
    free(a);
    free(b);
    free(u);
    free(v);
    return count > 0 ? sum / count : INFINITY;
}

static void test_middlebury(void)
{
    static const pair pairs[] = {{"Dimetrodon", 584, 388, 0.16},
                                 {"RubberWhale", 584, 388, 0.20},
                                 {"Venus", 420, 380, 0.36},
                                 {"Grove2", 640, 480, 0.25}};
    const char *folder = test_shared_data();
    if (!folder) {
        SKIP("middlebury", "no ../shared/data");
        return;
    }
    double mean = 0;
    for (size_t i = 0; i < ND_COUNT(pairs); i++) {
        double error = middlebury_error(folder, &pairs[i]);
        mean += error / ND_COUNT(pairs);
        CHECK(pairs[i].name, error <= pairs[i].bound_px, "end-point error %.4f px", error);
    }
    CHECK("middlebury_mean", mean <= 0.24, "end-point error %.4f px", mean);
}

/* ---- the feature -------------------------------------------------------------------- */

enum { W = 224, H = 126 };

/* A texture that slides by px a frame. */
static void slide(uint8_t *out, double px, int k, uint32_t seed)
{
    const motion m = {.w = W, .h = H, .tx = -px * k};
    paint(out, &m, true, seed);
}

static void test_cut(void)
{
    static uint8_t frame[W * H];
    show s = show_start("flow");
    int rc = 0;
    for (int k = 0; k < 36 && !rc; k++) {
        slide(frame, k < 20 ? 2 : 0.5, k, k < 20 ? 1 : 2);
        rc = show_frame(&s, frame, W, W, H);
    }
    nd_description *d = show_finish(&s);
    ND_ASSERT(d);
    int64_t n, n_clips;
    const float *px = nd_description_f32(d, "flow_px", &n);
    const float *clips = nd_description_f32(d, "clip_flow_px", &n_clips);
    CHECK("pairs_and_clips", !rc && n == 35 && n_clips == 1, "%d, %d, %d", rc, (int)n,
          (int)n_clips);
    CHECK_NEAR("before_the_cut", px[10], 2, 0.05);
    CHECK("cut_holds_the_value_before", px[19] == px[18], "%g after %g", (double)px[19],
          (double)px[18]);
    CHECK_NEAR("after_the_cut", px[25], 0.5, 0.05);
    CHECK_NEAR("clip_is_the_median", clips[0], 2, 0.05);
    CHECK_NEAR("widths_a_second", nd_description_scalar(d, "clip_flow_widths_s", -1), 2 * 8. / 224,
               0.002);
    CHECK_NEAR("class_is_log_spaced", nd_description_scalar(d, "clip_flow_class", -1), 25, 0);
    nd_description_destroy(&d);
}

/* One frame repeated, or one of each kind in turn, gives these displacements. */
typedef enum { BLACK, GREY, GRAIN, PICTURE } kind;

static void fill(uint8_t *out, kind what, uint64_t seed)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, 1);
    for (int i = 0; i < W * H; i++)
        out[i] = what == BLACK   ? 0
                 : what == GREY  ? 128
                 : what == GRAIN ? (uint8_t)ND_CLAMP(128 + 5 * nd_rng_normal(&rng), 0, 255)
                                 : (uint8_t)texture(i % W, i / W, 5);
}

static void test_no_motion(void)
{
    static const struct {
        const char *name;
        kind frames[4];
    } cases[] = {
        {"black_stays_black", {BLACK, BLACK, BLACK, BLACK}},
        {"black_to_grey", {BLACK, GREY, BLACK, GREY}},
        {"grain_on_grey", {GRAIN, GRAIN, GRAIN, GRAIN}},
        {"still_picture", {PICTURE, PICTURE, PICTURE, PICTURE}},
        {"picture_out_of_black", {BLACK, BLACK, PICTURE, PICTURE}},
    };
    static uint8_t frame[W * H];
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        show s = show_start("flow");
        for (uint64_t k = 0; k < 4; k++) {
            fill(frame, cases[i].frames[k], k);
            ND_ASSERT_EQ(show_frame(&s, frame, W, W, H), 0);
        }
        nd_description *d = show_finish(&s);
        ND_ASSERT(d);
        int64_t n;
        const float *px = nd_description_f32(d, "flow_px", &n);
        bool is_zero = n == 3;
        for (int64_t k = 0; k < n; k++) is_zero &= px[k] == 0;
        CHECK(cases[i].name, is_zero, "%d pairs: %g %g %g", (int)n, (double)px[0], (double)px[1],
              (double)px[2]);
        nd_description_destroy(&d);
    }
}

/* No frame, one frame, one pixel, and a stream that changes its shape. */
static void test_odd_streams(void)
{
    static uint8_t frame[W * H];
    static const struct {
        const char *name;
        int n_frames, n_pairs, w[4], h[4];
    } cases[] = {
        {"no_frame", 0, 0, {0}, {0}},
        {"one_frame", 1, 0, {W}, {H}},
        {"one_pixel", 3, 2, {1, 1, 1}, {1, 1, 1}},
        {"one_row", 3, 2, {W, W, W}, {1, 1, 1}},
        {"changes_shape", 4, 3, {W, H, H, W}, {H, W, W, H}},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        show s = show_start("flow");
        int rc = 0;
        for (int k = 0; k < cases[i].n_frames && !rc; k++) {
            fill(frame, PICTURE, 0);
            rc = show_frame(&s, frame, (size_t)cases[i].w[k], cases[i].w[k], cases[i].h[k]);
        }
        nd_description *d = show_finish(&s);
        ND_ASSERT(d);
        int64_t n, n_clips;
        const float *px = nd_description_f32(d, "flow_px", &n);
        nd_description_f32(d, "clip_flow_px", &n_clips);
        bool is_zero = true;
        for (int64_t k = 0; k < n; k++) is_zero &= px[k] == 0;
        CHECK(cases[i].name, !rc && n == cases[i].n_pairs && n_clips == 0 && is_zero,
              "%d: %d pairs, %d clips", rc, (int)n, (int)n_clips);
        nd_description_destroy(&d);
    }
}

int main(void)
{
    test_wrong_parameters();
    test_motions();
    test_sizes();
    test_extremes();
    test_bytes();
    test_middlebury();
    test_cut();
    test_no_motion();
    test_odd_streams();
    TEST_END();
}
