/* Curves of a training: wrong parameters, one epoch, many, what is not finite. */
#include "../test.h"

#include "base/base.h"
#include "needledrop/picture.h"

static char path[64];

/* Width and height of the PNG at path; 0: it is none. */
static uint32_t size_at(int offset)
{
    nd_bytes png = {0};
    uint32_t value = 0;
    if (!nd_file_read(&png, path, 1 << 24, NULL) && png.n > 32 && !memcmp(png.data, "\x89PNG", 4))
        for (int i = 0; i < 4; i++) value = value << 8 | png.data[offset + i];
    nd_bytes_deinit(&png);
    return value;
}

static void check_wrong(void)
{
    const float values[1] = {1};
    nd_curve curve = {"loss", values, 0};
    static const struct {
        const char *name;
        int n_curves, n, best;
    } cases[] = {{"no curve", 0, 1, -1},
                 {"too many curves", 9, 1, -1},
                 {"no epoch", 1, 0, -1},
                 {"a best that is not there", 1, 1, 1}};
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_diag diag = {0};
        int rc = nd_picture_curves(path, "t", "f", &curve, cases[i].n_curves, cases[i].n,
                                   cases[i].best, &diag);
        CHECK(cases[i].name, rc == ND_EARG && diag.text[0] && size_at(16) == 0, "%d", rc);
    }
    CHECK("no path", nd_picture_curves(NULL, "t", "f", &curve, 1, 1, -1, NULL) == ND_EARG, "taken");
    CHECK("no folder",
          nd_picture_curves("/nonexistent/c.png", "t", "f", &curve, 1, 1, -1, NULL) == ND_EIO,
          "taken");
}

int main(void)
{
    enum { N = 3000 };
    static float falling[N], rising[N];
    snprintf(path, sizeof path, "/tmp/needledrop-curves-%d.png", (int)getpid());
    check_wrong();
    for (int k = 0; k < N; k++) {
        falling[k] = (float)(3 * exp(-k / 600.0) + 0.4);
        rising[k] = (float)(0.9 - 0.85 * exp(-k / 400.0));
    }
    nd_curve both[] = {{"training", falling, 0}, {"validation, files", rising, 1}};
    CHECK("one epoch", !nd_picture_curves(path, "t", "f", both, 2, 1, 0, NULL), "failed");
    CHECK("two panels", size_at(16) == 1600 && size_at(20) == 1102, "%u x %u", size_at(16),
          size_at(20));
    CHECK("many epochs", !nd_picture_curves(path, "t", "f", both, 2, N, N - 1, NULL), "failed");
    falling[4] = NAN;
    falling[5] = INFINITY;
    CHECK("not finite", !nd_picture_curves(path, NULL, "\xFF\x01", both, 2, 9, -1, NULL), "failed");
    CHECK("one panel", !nd_picture_curves(path, "t", "f", both + 1, 1, 9, 3, NULL), "failed");
    CHECK("is lower", size_at(20) == 622, "%u", size_at(20));
    for (int k = 0; k < 9; k++) falling[k] = 0;
    CHECK("all zero", !nd_picture_curves(path, "t", "f", both, 2, 9, -1, NULL), "failed");
    unlink(path);
    TEST_END();
}
