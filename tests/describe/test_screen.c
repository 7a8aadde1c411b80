/* Pictures as people see them: their rate, size, values. */
#include <fcntl.h>

#include "../test.h"
#include "describe/describe.h"
#include "encode/encode.h"

enum { W = 128, H = 72, FPS = 10, SECONDS = 2 };

static char path[] = "/tmp/needledrop-screen-XXXXXX.mkv";

static int make_film(nd_diag *diag)
{
    static uint8_t picture[W * H * 3];
    nd_writer *w = NULL;
    int fd = mkstemps(path, 4);
    close(fd);
    for (int i = 0; i < W * H; i++) memcpy(picture + 3 * i, (uint8_t[]){200, 40, 40}, 3);
    int rc = nd_writer_open(&w, path, &(nd_writer_params){.width = W, .height = H, .fps = FPS},
                            diag);
    for (int i = 0; i < FPS * SECONDS && !rc; i++) rc = nd_writer_add_frame(w, picture, diag);
    if (rc) nd_writer_abort(&w);
    return rc ? rc : nd_writer_close(&w, diag);
}

static nd_description *describe(const char *features, nd_diag *diag)
{
    nd_media *m = NULL;
    nd_description *d = NULL;
    int fd = open(path, O_RDONLY);
    int rc = nd_media_open(&m, fd, path, diag);
    if (!rc) rc = nd_describe_media(&d, m, ND_VIDEO, features, 0, 0, diag);
    nd_media_close(&m);
    close(fd);
    return d;
}

int main(void)
{
    nd_diag diag = {0};
    int rc = make_film(&diag);
    CHECK("a film", !rc, "%s", diag.text);
    nd_description *d = describe("screen", &diag);
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
