/* A video with each version of its music, as WebM (VP9 and Opus: free, and every browser plays
 * them): the sound is measured as it will be written, one loudness fits all versions, then the
 * pictures are decoded once, a few seconds at a time, and written to every version.
 *
 * Files from outside are decoded by the worker (features `screen` and `sound`). */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "encode/encode.h"
#include "serve/study.h"
#include "serve/study_loudness.h"

enum { SCREEN_RATE_HZ = 25, PIECE_S = 4, MAX_LENGTH_S = 180, QUALITY = 16 };
enum { CHANNELS = ND__STUDY_CHANNELS };
static const double target_lufs = -16, most_peak_db = -1, silence_lufs = -70;
static const double fade_in_s = 0.01, fade_out_s = 1;

/* The sound of one version, as it is written. */
typedef struct {
    float *x; /* [n, CHANNELS] at ND__STUDY_RATE_HZ */
    int64_t n;
    double lufs, peak_db; /* before its gain */
} sound;

typedef struct {
    nd__study_film *film;
    const nd__study *study;
    const nd_study_params *params;
    nd_diag *diag;
    sound sounds[ND_STUDY_MAX_SYSTEMS];
    nd_writer *writers[ND_STUDY_MAX_SYSTEMS];
    int64_t n_frames;  /* written */
    uint8_t *picture;  /* [height, width, 3], of even sides */
    int width, height; /* of it; 0: not known yet */
} rendering;

static int describe(nd_description **out, const rendering *r, const char *path, nd_medium medium,
                    const char *feature, double start_s, double length_s)
{
    nd_describe_params how = {.medium = medium,
                              .features = feature,
                              .start_s = start_s,
                              .length_s = length_s,
                              .worker = r->params->worker,
                              .log = r->params->log};
    return nd_describe_file(out, path, &how, r->diag);
}

/* ---- sound ---------------------------------------- */

/* Append to s what the track has from start_s on. @return 0, s->n unchanged at its end; as
 * nd_describe_file */
static int append_track(sound *s, int64_t n_wanted, const rendering *r, const char *track,
                        double start_s)
{
    nd_description *d = NULL;
    int rc = describe(&d, r, track, ND_MUSIC, "sound", start_s,
                      (double)(n_wanted - s->n) / ND__STUDY_RATE_HZ);
    if (rc == ND_EEMPTY && start_s > 0) return 0; /* it starts at the track's end */
    if (rc) return rc;
    const nd_array *a = nd_description_find(d, "sound");
    bool is_sound = a && a->dtype == ND_F32 && a->n_dims == 2 && a->dims[1] == CHANNELS;
    int64_t n = is_sound ? ND_MIN(a->dims[0], n_wanted - s->n) : 0;
    if (n > 0) memcpy(s->x + s->n * CHANNELS, a->f32, (size_t)n * CHANNELS * sizeof *a->f32);
    s->n += n;
    nd_description_destroy(&d);
    return 0;
}

static void fade(sound *s)
{
    int64_t n_in = ND_MIN(s->n, llrint(fade_in_s * ND__STUDY_RATE_HZ));
    int64_t n_out = ND_MIN(s->n, llrint(fade_out_s * ND__STUDY_RATE_HZ));
    for (int64_t i = 0; i < n_in * CHANNELS; i++) s->x[i] *= (float)(i / CHANNELS) / (float)n_in;
    for (int64_t i = 0; i < n_out * CHANNELS; i++)
        s->x[s->n * CHANNELS - 1 - i] *= (float)(i / CHANNELS) / (float)n_out;
}

/* A track that ends before the video does starts anew. */
static int take_sound(sound *s, const rendering *r, const nd__study_version *version)
{
    int64_t n_wanted = llrint(r->film->length_s * ND__STUDY_RATE_HZ);
    s->x = nd_calloc((size_t)n_wanted, CHANNELS * sizeof *s->x);
    if (!s->x) return nd_diag_set(r->diag, ND_ENOMEM, "reading %s: out of memory", version->track);
    int rc = append_track(s, n_wanted, r, version->track, version->start_s);
    while (!rc && s->n < n_wanted) {
        int64_t before = s->n;
        rc = append_track(s, n_wanted, r, version->track, 0);
        if (!rc && s->n == before)
            rc = nd_diag_set(r->diag, ND_EEMPTY, "reading %s: no sound in it", version->track);
    }
    if (rc) return rc;
    fade(s);
    s->lufs = nd__study_lufs(s->x, s->n);
    s->peak_db = nd__study_peak_db(s->x, s->n);
    return 0;
}

/* One loudness for all, that lets no peak pass; silence stays silence. */
static void level_sounds(rendering *r)
{
    double lufs = target_lufs;
    for (int v = 0; v < r->film->n_versions; v++) {
        const sound *s = &r->sounds[v];
        if (s->lufs > silence_lufs) lufs = fmin(lufs, s->lufs + most_peak_db - s->peak_db);
    }
    for (int v = 0; v < r->film->n_versions; v++) {
        sound *s = &r->sounds[v];
        float gain = s->lufs > silence_lufs ? (float)pow(10, (lufs - s->lufs) / 20) : 1;
        for (int64_t i = 0; i < s->n * CHANNELS; i++) s->x[i] *= gain;
    }
    r->film->lufs = lufs;
}

static int take_sounds(rendering *r)
{
    int rc = 0;
    for (int v = 0; v < r->film->n_versions && !rc; v++)
        rc = take_sound(&r->sounds[v], r, &r->film->versions[v]);
    if (!rc) level_sounds(r);
    return rc;
}

/* ---- pictures ---------------------------------------- */

static int open_writer(rendering *r, int v)
{
    char code[ND_STUDY_CODE_BYTES];
    nd__study_version *version = &r->film->versions[v];
    int rc = nd__study_random_code(code, r->diag);
    if (rc) return rc;
    snprintf(version->file, sizeof version->file, "%s.webm", code);
    char *path = nd__study_media_path(r->study, version->file);
    if (!path) return nd_diag_set(r->diag, ND_ENOMEM, "writing a version: out of memory");
    nd_writer_params how = {.width = r->width,
                            .height = r->height,
                            .fps = SCREEN_RATE_HZ,
                            .quality = QUALITY,
                            .rate_hz = ND__STUDY_RATE_HZ,
                            .n_channels = CHANNELS};
    rc = nd_writer_open(&r->writers[v], path, &how, r->diag);
    free(path);
    return rc;
}

/* All writers, for pictures of this size. */
static int open_writers(rendering *r, const nd_array *a)
{
    r->height = (int)a->dims[1] & ~1;
    r->width = (int)a->dims[2] & ~1;
    if (r->height < 2 || r->width < 2)
        return nd_diag_set(r->diag, ND_EFORMAT, "reading %s: pictures of 2 px or more expected",
                           r->film->video);
    r->picture = nd_calloc((size_t)r->height, (size_t)r->width * 3);
    int rc = r->picture ? 0 : nd_diag_set(r->diag, ND_ENOMEM, "writing a version: out of memory");
    for (int v = 0; v < r->film->n_versions && !rc; v++) rc = open_writer(r, v);
    return rc;
}

/* A picture of the first's size: a later piece of another is cut, or stands on black. */
static const uint8_t *fit_picture(rendering *r, const nd_array *a, int64_t t)
{
    size_t row = (size_t)a->dims[2] * 3, row_out = (size_t)r->width * 3;
    const uint8_t *from = a->u8 + (size_t)t * (size_t)a->dims[1] * row;
    memset(r->picture, 0, (size_t)r->height * row_out);
    for (int64_t y = 0; y < ND_MIN(a->dims[1], r->height); y++)
        memcpy(r->picture + (size_t)y * row_out, from + (size_t)y * row, ND_MIN(row, row_out));
    return r->picture;
}

/* One picture, and the sound while it is shown, to every version. */
static int write_frame(rendering *r, const uint8_t *picture)
{
    enum { N = ND__STUDY_RATE_HZ / SCREEN_RATE_HZ };
    int rc = 0;
    for (int v = 0; v < r->film->n_versions && !rc; v++) {
        const sound *s = &r->sounds[v];
        int64_t at = ND_MIN(r->n_frames * N, s->n), n = ND_MIN(s->n - at, (int64_t)N);
        rc = nd_writer_add_frame(r->writers[v], picture, r->diag);
        if (!rc) rc = nd_writer_add_samples(r->writers[v], s->x + at * CHANNELS, n, r->diag);
    }
    r->n_frames++;
    return rc;
}

static int write_piece(rendering *r, const nd_description *d)
{
    const nd_array *a = nd_description_find(d, "screen");
    if (!a || a->dtype != ND_U8 || a->n_dims != 4 || a->dims[3] != 3 || a->dims[0] < 1)
        return nd_diag_set(r->diag, ND_EFORMAT, "reading %s: pictures expected", r->film->video);
    int rc = r->picture ? 0 : open_writers(r, a);
    int64_t n_most = llrint(r->film->length_s * SCREEN_RATE_HZ);
    for (int64_t t = 0; t < a->dims[0] && r->n_frames < n_most && !rc; t++)
        rc = write_frame(r, fit_picture(r, a, t));
    return rc;
}

static int write_pieces(rendering *r)
{
    int rc = 0;
    for (double at = 0; at < r->film->length_s && !rc; at += PIECE_S) {
        nd_description *d = NULL;
        rc = describe(&d, r, r->film->video, ND_VIDEO, "screen", at, PIECE_S);
        if (rc == ND_EEMPTY && r->picture) return 0; /* it ended a picture earlier */
        if (!rc) rc = write_piece(r, d);
        nd_description_destroy(&d);
        if (!rc) rc = nd__study_progress(r->params, r->film->number, r->diag);
    }
    return rc;
}

/* ---- the whole ---------------------------------------- */

/* Seconds that there are pictures for: what the container claims is not to be trusted. */
static int measure_length(rendering *r)
{
    nd_description *d = NULL;
    int rc = describe(&d, r, r->film->video, ND_VIDEO, "thumbnails", 0, MAX_LENGTH_S);
    if (rc) return rc;
    r->film->length_s = ND_MIN(nd_description_analysed_s(d), (double)MAX_LENGTH_S);
    if (nd_description_is_cut(d))
        nd_log_line(r->params->log, ND_LOG_WARNING, "%s: its first %d s are shown", r->film->video,
                    MAX_LENGTH_S);
    nd_description_destroy(&d);
    if (r->film->length_s > 0) return 0;
    return nd_diag_set(r->diag, ND_ESHORT, "reading %s: a moving picture expected", r->film->video);
}

/* Every file is finished, or none is left. */
static int close_writers(rendering *r, int rc)
{
    for (int v = 0; v < r->film->n_versions; v++) {
        if (rc) nd_writer_abort(&r->writers[v]);
        else rc = nd_writer_close(&r->writers[v], r->diag);
    }
    for (int v = 0; v < r->film->n_versions && rc; v++) {
        char *path = r->film->versions[v].file[0]
                         ? nd__study_media_path(r->study, r->film->versions[v].file)
                         : NULL;
        if (path) unlink(path);
        free(path);
    }
    return rc;
}

int nd__study_render(nd__study_film *film, const nd__study *s, const nd_study_params *params,
                     nd_diag *diag)
{
    rendering r = {.film = film, .study = s, .params = params, .diag = diag};
    int rc = measure_length(&r);
    if (!rc) rc = take_sounds(&r);
    if (!rc) rc = write_pieces(&r);
    rc = close_writers(&r, rc);
    for (int v = 0; v < film->n_versions; v++) free(r.sounds[v].x);
    free(r.picture);
    return rc;
}
