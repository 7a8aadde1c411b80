/* Pictures and sound as people see and hear them: their rates, sizes, values; what they do not go
 * with. */
#include <fcntl.h>

#include "../test.h"
#include "describe/describe.h"
#include "encode/encode.h"

enum { W = 128, H = 72, FPS = 10, SECONDS = 2, RATE = 48000 };

static char path[] = "/tmp/nd-screen-XXXXXX.mkv";

static int make_film(nd_diag *diag)
{
    static uint8_t picture[W * H * 3];
    static float tone[RATE * SECONDS];
    nd_writer *w = NULL;
    int fd = mkstemps(path, 4);
    close(fd);
    for (int i = 0; i < W * H; i++) memcpy(picture + 3 * i, (uint8_t[]){200, 40, 40}, 3);
    for (int i = 0; i < RATE * SECONDS; i++)
        tone[i] = (float)(0.5 * sin(2 * M_PI * 12000 * i / RATE));
    int rc = nd_writer_open(
        &w, path, &(nd_writer_params){.width = W, .height = H, .fps = FPS, .rate_hz = RATE}, diag);
    for (int i = 0; i < FPS * SECONDS && !rc; i++) rc = nd_writer_add_frame(w, picture, diag);
    if (!rc) rc = nd_writer_add_samples(w, tone, RATE * SECONDS, diag);
    if (rc) nd_writer_abort(&w);
    return rc ? rc : nd_writer_close(&w, diag);
}

static nd_description *describe(nd_medium medium, const char *features, int *rc_out, nd_diag *diag)
{
    nd_media *m = NULL;
    nd_description *d = NULL;
    int fd = open(path, O_RDONLY);
    int rc = nd_media_open(&m, fd, path, diag);
    if (!rc) rc = nd_describe_media(&d, m, medium, features, 0, 0, diag);
    nd_media_close(&m);
    close(fd);
    *rc_out = rc;
    return d;
}

int main(void)
{
    nd_diag diag = {0};
    int rc = make_film(&diag);
    CHECK("a film", !rc, "%s", diag.text);
    nd_description *d = describe(ND_MUSIC, "sound,waveform", &rc, &diag);
    CHECK("two rates at once", rc == ND_EARG && !d && strstr(diag.text, "48000 Hz"), "%s",
          diag.text);
    d = describe(ND_MUSIC, "waveform,sound", &rc, &diag);
    CHECK("in either order", rc == ND_EARG && !d, "%s", diag.text);

    d = describe(ND_MUSIC, "sound", &rc, &diag);
    int64_t n = 0;
    const float *x = d ? nd_description_f32(d, "sound", &n) : NULL;
    double power = 0;
    for (int64_t i = 0; i < n; i++) power += (double)x[i] * (double)x[i] / (double)n;
    CHECK("all of the sound", n == RATE * SECONDS, "%lld: %s", (long long)n, diag.text);
    CHECK_NEAR("12 kHz is in it", power, 0.125, 0.002);
    nd_description_destroy(&d);

    d = describe(ND_VIDEO, "screen", &rc, &diag);
    const nd_array *a = d ? nd_description_find(d, "screen") : NULL;
    CHECK("25 pictures a second, 640 px",
          a && a->n_dims == 4 && llabs(a->dims[0] - 25 * SECONDS) <= 1 && a->dims[1] == 360 &&
              a->dims[2] == 640 && a->dims[3] == 3,
          "%s", diag.text);
    CHECK("their colour", a && abs(a->u8[0] - 200) < 12 && abs(a->u8[1] - 40) < 12, "%d, %d",
          a ? a->u8[0] : -1, a ? a->u8[1] : -1);
    nd_description_destroy(&d);
    unlink(path);
    TEST_END();
}
