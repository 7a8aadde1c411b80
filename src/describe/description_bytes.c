/* A description as bytes, for the pipe from the worker and for fuzzing.
 *
 *   "NDD1"  u32 medium  u32 is_cut  u32 n_arrays  f64 analysed_s  nd_media_info
 *   then per array: name[32]  u32 dtype  u32 n_dims  i64 dims[4]  values
 *
 * Little endian, the machine's own layout: both ends are one build on one
 * machine. What is read is checked as if an enemy had written it, because the
 * worker that wrote it has just parsed an enemy's file.
 */
#include <math.h>
#include <string.h>

#include "describe/describe.h"

static const char magic[4] = "NDD1";

/* Every feature of a build together has a tenth of it. More could only be an enemy's: each
 * name is compared with all before it. */
enum { MAX_ARRAYS = 1024 };

typedef struct {
    char magic[4];
    uint32_t medium, is_cut, n_arrays;
    double analysed_s;
    nd_media_info info;
} head;

typedef struct {
    char name[ND_ARRAY_NAME_BYTES];
    uint32_t dtype, n_dims;
    int64_t dims[ND_ARRAY_MAX_DIMS];
} array_head;

static int write_array(nd_bytes *out, const nd_array *a)
{
    array_head h = {.dtype = a->dtype, .n_dims = (uint32_t)a->n_dims};
    memcpy(h.name, a->name, sizeof h.name);
    memcpy(h.dims, a->dims, sizeof h.dims);
    if (nd_bytes_append(out, &h, sizeof h)) return ND_ENOMEM;
    return nd_bytes_append(out, a->data, (size_t)nd_array_count(a) * nd_dtype_bytes(a->dtype));
}

int nd_description_write(nd_bytes *out, const nd_description *d)
{
    head h;
    memset(&h, 0, sizeof h); /* padding too: same description, same bytes */
    memcpy(h.magic, magic, sizeof magic);
    h.medium = d->medium;
    h.is_cut = d->is_cut;
    h.n_arrays = (uint32_t)d->n_arrays;
    h.analysed_s = d->analysed_s;
    memcpy(&h.info, &d->info, sizeof h.info);
    int rc = nd_bytes_append(out, &h, sizeof h);
    for (size_t i = 0; i < d->n_arrays && !rc; i++) rc = write_array(out, &d->arrays[i]);
    return rc;
}

/* A cursor over bytes that nobody vouches for. */
typedef struct {
    const uint8_t *data;
    size_t n, at;
} reader;

static bool read_bytes(reader *r, void *out, size_t n)
{
    if (n > r->n - r->at) return false;
    if (n) memcpy(out, r->data + r->at, n);
    r->at += n;
    return true;
}

/* Read one text field: cut at its end and cleaned. */
static void clean_field(char *field, size_t bytes)
{
    char raw[512];
    ND_ASSERT(bytes <= sizeof raw);
    memcpy(raw, field, bytes);
    nd_text_clean(field, bytes, raw, strnlen(raw, bytes - 1));
}

static double finite_or_zero(double x)
{
    return isfinite(x) && x > 0 ? x : 0;
}

/* The flags are read as bytes: any value but 0 is true, so that no invalid
 * bool is ever loaded. */
static void clean_info(nd_media_info *info)
{
    uint8_t flags[2];
    memcpy(&flags[0], &info->has_audio, 1);
    memcpy(&flags[1], &info->has_video, 1);
    info->has_audio = flags[0] != 0;
    info->has_video = flags[1] != 0;
    info->duration_s = finite_or_zero(info->duration_s);
    info->fps = finite_or_zero(info->fps);
    info->tag_bpm = finite_or_zero(info->tag_bpm);
#define CLEAN(field) clean_field(info->field, sizeof info->field)
    CLEAN(container), CLEAN(audio_codec), CLEAN(video_codec);
    CLEAN(title), CLEAN(artist), CLEAN(album), CLEAN(genre), CLEAN(mood), CLEAN(comment);
#undef CLEAN
}

/* Whether the head describes an array whose values are all in r. */
static bool array_head_is_good(const array_head *h, const reader *r)
{
    if (!memchr(h->name, 0, sizeof h->name) || !h->name[0]) return false;
    if (h->n_dims > ND_ARRAY_MAX_DIMS) return false;
    nd_array a = {.dtype = (nd_dtype)h->dtype, .n_dims = (int)h->n_dims};
    memcpy(a.dims, h->dims, sizeof a.dims);
    size_t each = nd_dtype_bytes(a.dtype);
    int64_t n = nd_array_count(&a);
    /* Rows without values would cost the writer nothing and every reader a loop. */
    bool is_hollow = n == 0 && a.n_dims > 0 && a.dims[0] != 0;
    return each && n >= 0 && !is_hollow && (size_t)n <= (r->n - r->at) / each;
}

static int read_array(nd_description *d, reader *r)
{
    array_head h;
    if (!read_bytes(r, &h, sizeof h) || !array_head_is_good(&h, r)) return ND_EFORMAT;
    if (nd_description_find(d, h.name)) return ND_EFORMAT;
    nd_array *a = nd_description_add(d, h.name, (nd_dtype)h.dtype, (int)h.n_dims, h.dims);
    if (!a) return ND_ENOMEM;
    size_t n = (size_t)nd_array_count(a);
    read_bytes(r, a->data, n * nd_dtype_bytes(a->dtype));
    for (size_t i = 0; a->dtype == ND_F32 && i < n; i++)
        if (!isfinite(a->f32[i])) return ND_EFORMAT;
    return 0;
}

int nd_description_read(nd_description **out, const uint8_t *data, size_t n, nd_diag *diag)
{
    reader r = {data, n, 0};
    head h;
    if (!read_bytes(&r, &h, sizeof h) || memcmp(h.magic, magic, sizeof magic) ||
        (h.medium != ND_MUSIC && h.medium != ND_VIDEO))
        return nd_diag_set(diag, ND_EFORMAT, "reading features: no header in %zu bytes", n);
    if (h.n_arrays > MAX_ARRAYS)
        return nd_diag_set(diag, ND_EFORMAT,
                           "reading features: at most %d arrays expected, found %u", MAX_ARRAYS,
                           h.n_arrays);
    nd_description *d = nd_calloc(1, sizeof *d);
    if (!d) return nd_diag_set(diag, ND_ENOMEM, "reading features: out of memory");
    d->medium = (nd_medium)h.medium;
    d->is_cut = h.is_cut != 0;
    d->analysed_s = finite_or_zero(h.analysed_s);
    d->info = h.info;
    clean_info(&d->info);
    int rc = 0;
    for (uint32_t i = 0; i < h.n_arrays && !rc; i++) rc = read_array(d, &r);
    if (!rc && r.at != n) rc = ND_EFORMAT;
    if (rc) {
        nd_diag_set(diag, rc, "reading features: array %zu of %u is damaged", d->n_arrays,
                    h.n_arrays);
        nd_description_destroy(&d);
        return rc;
    }
    *out = d;
    return 0;
}
