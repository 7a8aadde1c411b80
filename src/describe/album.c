/* Colour pictures that are kept as they come. */
#include <string.h>

#include "describe/album.h"

enum { CHANNELS = 3 };

/* The part of a picture's row that the album has room for, and black after it. */
static int add_row(nd_album *a, const nd_frame *frame, int y)
{
    size_t first = a->pixels.n, n = (size_t)a->w * CHANNELS;
    size_t there = y < frame->height ? (size_t)ND_MIN(a->w, frame->width) * CHANNELS : 0;
    const uint8_t *row = frame->data + (size_t)y * frame->stride;
    int rc = there ? nd_bytes_append(&a->pixels, row, there) : 0;
    static const uint8_t black[CHANNELS];
    while (!rc && a->pixels.n < first + n) rc = nd_bytes_append(&a->pixels, black, CHANNELS);
    return rc;
}

int nd_album_add(nd_album *a, const nd_frame *frame, int64_t most, const char *name, nd_diag *diag)
{
    if (a->n == 0) {
        a->w = frame->width;
        a->h = frame->height;
    }
    if (a->n >= most)
        return nd_diag_set(diag, ND_ELIMIT, "keeping %s: more than %lld pictures", name,
                           (long long)most);
    int rc = 0;
    for (int y = 0; y < a->h && !rc; y++) rc = add_row(a, frame, y);
    if (rc) return nd_diag_set(diag, rc, "keeping %s: out of memory", name);
    a->n++;
    return 0;
}

int nd_album_store(const nd_album *a, nd_description *d, const char *name, nd_diag *diag)
{
    const int64_t dims[] = {a->n, a->h, a->w, CHANNELS};
    nd_array *array = nd_description_add(d, name, ND_U8, 4, dims);
    if (!array) return nd_diag_set(diag, ND_ENOMEM, "storing %s: out of memory", name);
    if (a->pixels.n) memcpy(array->u8, a->pixels.data, a->pixels.n);
    return 0;
}

void nd_album_deinit(nd_album *a)
{
    nd_bytes_deinit(&a->pixels);
}
