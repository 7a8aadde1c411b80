/* libswscale with the frame's own range and colour matrix; turning of small planes. */
#include "decode/scaler.h"

#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <string.h>

#include "decode/internal.h"

struct nd_scaler {
    nd_frame_spec spec;
    struct SwsContext *sws;
    int in_width, in_height, in_format, in_range, in_matrix; /* that sws was made for */
    int width, height;                                       /* before turning */
    uint8_t *scaled, *turned;
    size_t capacity;
    bool is_fresh; /* scaled (or turned) holds the frame on show */
};

int nd_scaler_create(nd_scaler **out, const nd_frame_spec *spec)
{
    nd_scaler *s = nd_calloc(1, sizeof *s);
    if (!s) return ND_ENOMEM;
    s->spec = *spec;
    *out = s;
    return 0;
}

void nd_scaler_destroy(nd_scaler **s)
{
    if (!s || !*s) return;
    sws_freeContext((*s)->sws);
    free((*s)->scaled);
    free((*s)->turned);
    free(*s);
    *s = NULL;
}

void nd_scaler_forget(nd_scaler *s)
{
    s->is_fresh = false;
}

/* The size before turning: exact, or the long side given and the other in proportion,
 * even and 2 at least. */
static void choose_size(nd_scaler *s, const AVFrame *f, AVRational aspect, int turns)
{
    int shown_width = nd__shown_width(f->width, aspect), height = f->height;
    if (s->spec.width > 0) {
        s->width = turns % 2 ? s->spec.height : s->spec.width;
        s->height = turns % 2 ? s->spec.width : s->spec.height;
        return;
    }
    int long_side = s->spec.long_side_px;
    double ratio = (double)ND_MIN(shown_width, height) / ND_MAX(shown_width, height);
    int short_side = ND_MAX(2 * (int)lrint(long_side * ratio / 2), 2);
    s->width = shown_width >= height ? long_side : short_side;
    s->height = shown_width >= height ? short_side : long_side;
}

/* Full range is what the frame says, or what its format has always meant. */
static int is_full_range(const AVFrame *f)
{
    switch (f->format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P: return 1;
    default: break;
    }
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    bool is_grey = d && d->nb_components < 3; /* full where nothing says, as in ffmpeg */
    return f->color_range == AVCOL_RANGE_JPEG ||
           (is_grey && f->color_range == AVCOL_RANGE_UNSPECIFIED);
}

/* What the frame says, else BT.709 at any size. Players guess BT.601 for a small picture, but most
 * are larger ones scaled down, whose matrix stayed; and one film is described alike at any size. */
static int matrix_of(const AVFrame *f)
{
    if (f->colorspace != AVCOL_SPC_UNSPECIFIED && f->colorspace != AVCOL_SPC_RGB)
        return f->colorspace;
    return AVCOL_SPC_BT709;
}

static int make_sws(nd_scaler *s, const AVFrame *f)
{
    int range = is_full_range(f), matrix = matrix_of(f);
    if (s->sws && s->in_width == f->width && s->in_height == f->height &&
        s->in_format == f->format && s->in_range == range && s->in_matrix == matrix)
        return 0;
    sws_freeContext(s->sws);
    enum AVPixelFormat to = s->spec.pixels == ND_LUMA ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
    s->sws = sws_getContext(f->width, f->height, f->format, s->width, s->height, to,
                            SWS_AREA | SWS_FULL_CHR_H_INT | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (!s->sws) return ND_EFORMAT;
    const int *coefficients = sws_getCoefficients(matrix);
    sws_setColorspaceDetails(s->sws, coefficients, range, coefficients, 1, 0, 1 << 16, 1 << 16);
    s->in_width = f->width, s->in_height = f->height, s->in_format = f->format;
    s->in_range = range, s->in_matrix = matrix;
    return 0;
}

/* libswscale may write whole vectors: rows padded to 64 bytes. */
static size_t row_bytes(int width, nd_pixels pixels)
{
    return ((size_t)width * pixels + 63) / 64 * 64;
}

static int make_room(nd_scaler *s)
{
    size_t rows = (size_t)ND_MAX(s->width, s->height);
    size_t bytes = rows * row_bytes(ND_MAX(s->width, s->height), s->spec.pixels) + 64;
    if (bytes <= s->capacity) return 0;
    free(s->scaled);
    free(s->turned);
    s->scaled = nd_calloc(bytes, 1);
    s->turned = nd_calloc(bytes, 1);
    s->capacity = s->scaled && s->turned ? bytes : 0;
    return s->capacity ? 0 : ND_ENOMEM;
}

/* Where the pixel at (x, y) of the turned picture (w wide, h high) came from. */
static void turn(nd_scaler *s, int turns, int w, int h)
{
    size_t in_stride = row_bytes(s->width, s->spec.pixels), n = s->spec.pixels;
    size_t out_stride = row_bytes(w, s->spec.pixels);
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            int from_x = turns == 1 ? y : turns == 2 ? w - 1 - x : h - 1 - y;
            int from_y = turns == 1 ? w - 1 - x : turns == 2 ? h - 1 - y : x;
            memcpy(s->turned + (size_t)y * out_stride + (size_t)x * n,
                   s->scaled + (size_t)from_y * in_stride + (size_t)from_x * n, n);
        }
    }
}

static int scale(nd_scaler *s, const AVFrame *f, AVRational aspect, int turns)
{
    choose_size(s, f, aspect, turns);
    int rc = make_sws(s, f);
    if (!rc) rc = make_room(s);
    if (rc) return rc;
    uint8_t *planes[4] = {s->scaled};
    int strides[4] = {(int)row_bytes(s->width, s->spec.pixels)};
    if (sws_scale(s->sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height, planes,
                  strides) != s->height)
        return ND_EFORMAT;
    if (turns) turn(s, turns, turns % 2 ? s->height : s->width, turns % 2 ? s->width : s->height);
    s->is_fresh = true;
    return 0;
}

int nd_scaler_run(nd_scaler *s, nd_frame *out, const AVFrame *frame, AVRational pixel_aspect,
                  int turns)
{
    int rc = s->is_fresh ? 0 : scale(s, frame, pixel_aspect, turns);
    if (rc) return rc;
    out->width = turns % 2 ? s->height : s->width;
    out->height = turns % 2 ? s->width : s->height;
    out->stride = row_bytes(out->width, s->spec.pixels);
    out->pixels = s->spec.pixels;
    out->data = turns ? s->turned : s->scaled;
    return 0;
}
