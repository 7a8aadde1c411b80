/* Tracks through a model: while they are analysed, one a thread; later from what is stored, some
 * hundred at a time on all threads. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "compute/gemm.h"
#include "embed/embed.h"
#include "match/embed_track.h"

struct nd_embedder {
    nd_model *model;
    nd_network *network; /* the model's, prepared: any number of threads run it */
    nd_matcher *matcher;
    pthread_mutex_t matcher_lock; /* one call at a time */
    nd_stored_model stored;
    bool is_published;
    char features[128];
};

/* ---- the model -------------------------------------------------------------------- */

int nd_model_stored(nd_stored_model *out, nd_model *model, nd_diag *diag)
{
    struct {
        uint64_t match, music, is_published;
    } key = {0};
    nd_matcher *matcher = NULL;
    int rc = nd_model_matcher(&matcher, model, diag);
    if (!rc) rc = nd_model_fingerprint(&key.match, model, "match", diag);
    if (!rc) rc = nd_model_fingerprint(&key.music, model, "music", diag);
    if (rc) return rc;
    key.is_published = nd_model_reads_published(model, matcher);
    nd_matcher_size size = nd_matcher_size_of(matcher);
    uint64_t hash = nd_hash(0, &key, sizeof key);
    *out = (nd_stored_model){
        .fingerprint = hash ? hash : 1, .extractor = key.music, .W = size.W, .U = size.U};
    nd_model_name(out->name, model);
    return 0;
}

/* Later the workers are started from this process: oneDNN's threads must not be. */
static int prepare(nd_network *network, nd_diag *diag)
{
    int before = nd_gemm_threads(1);
    int rc = nd_network_prepare(network, nd_clip_steps(network), true, diag);
    nd_gemm_threads(before);
    return rc;
}

static int open_parts(nd_embedder *e, const char *path, nd_diag *diag)
{
    int rc = nd_model_open(&e->model, path, diag);
    if (!rc) rc = nd_model_network(&e->network, e->model, "music", diag);
    if (!rc) rc = nd_model_matcher(&e->matcher, e->model, diag);
    if (!rc) rc = nd_model_stored(&e->stored, e->model, diag);
    if (!rc) rc = nd_model_features(e->features, e->model, ND_MUSIC, diag);
    if (rc) return rc;
    int64_t D = nd_network_size_of(e->network).D, reads = nd_matcher_size_of(e->matcher).D_music;
    if (D != reads)
        return nd_diag_set(diag, ND_EFORMAT,
                           "opening %s: clips of %lld numbers expected by its matching part, its "
                           "music part makes %lld",
                           path, (long long)reads, (long long)D);
    e->is_published = nd_model_reads_published(e->model, e->matcher);
    return prepare(e->network, diag);
}

int nd_embedder_open(nd_embedder **out, const char *path, nd_diag *diag)
{
    nd_embedder *e = nd_calloc(1, sizeof *e);
    if (!e) return nd_diag_set(diag, ND_ENOMEM, "opening %s: out of memory", path);
    pthread_mutex_init(&e->matcher_lock, NULL);
    int rc = open_parts(e, path, diag);
    if (rc) nd_embedder_close(&e);
    else *out = e;
    return rc;
}

void nd_embedder_close(nd_embedder **embedder)
{
    nd_embedder *e = embedder ? *embedder : NULL;
    if (!e) return;
    nd_model_close(&e->model);
    pthread_mutex_destroy(&e->matcher_lock);
    free(e);
    *embedder = NULL;
}

const nd_stored_model *nd_embedder_model(const nd_embedder *e)
{
    return &e->stored;
}

const char *nd_embedder_features(const nd_embedder *e)
{
    return e->features;
}

/* ---- one track -------------------------------------------------------------------- */

/* Item i as a library keeps it; nothing of rows that are no numbers. */
static int pack(nd_track_rows *out, const nd_rows *rows, int64_t i)
{
    int64_t n = rows->first[i + 1] - rows->first[i];
    const float *values = rows->rows + rows->first[i] * rows->W;
    const float *whole = rows->whole ? rows->whole + i * rows->U : NULL;
    size_t bytes = nd_packed_bytes(n, rows->W, rows->U);
    for (int64_t k = 0; k < n * rows->W; k++)
        if (!isfinite(values[k])) return 0;
    if (!bytes) return 0;
    uint8_t *data = nd_calloc(bytes, 1);
    if (!data) return ND_ENOMEM;
    nd_packed_write(data, values, n, rows->W, whole, rows->U);
    *out = (nd_track_rows){n, data, bytes};
    return 0;
}

static int make_rows(nd_track_rows *out, nd_embedder *e, const nd_item *item, nd_diag *diag)
{
    nd_rows rows = {0};
    pthread_mutex_lock(&e->matcher_lock);
    int rc = nd_matcher_embed(&rows, e->matcher, item, 1, 1, NULL, diag);
    pthread_mutex_unlock(&e->matcher_lock);
    if (!rc && pack(out, &rows, 0))
        rc = nd_diag_set(diag, ND_ENOMEM, "embedding a track: out of memory");
    nd_rows_deinit(&rows);
    return rc;
}

int nd_embed_track(nd_track_rows *out, nd_embedder *e, nd_description *d,
                   const nd_progress *progress, nd_diag *diag)
{
    nd_described x = {0};
    nd_track_rows rows = {0};
    int rc = nd_clips_embed(d, e->network, e->stored.extractor, 1, progress, diag);
    if (rc) return rc;
    rc = nd_described_make(&x, d, nd_network_size_of(e->network).D, e->is_published, NULL);
    if (rc == ND_ENOMEM) return nd_diag_set(diag, rc, "embedding a track: out of memory");
    if (!rc) rc = make_rows(&rows, e, &x.item, diag);
    nd_described_deinit(&x);
    if (rc && rc != ND_ESHORT) return rc;
    *out = rows;
    return 0;
}

int nd_track_rows_put(const nd_track_rows *rows, const nd_embedder *e, nd_library *lib, int64_t id,
                      nd_diag *diag)
{
    nd_stored_joint joint = {.track_id = id,
                             .model = e->stored.fingerprint,
                             .n_rows = rows->n,
                             .data = rows->data,
                             .bytes = rows->bytes};
    return rows->n ? lib->ops->put_joint(lib->store, &joint, diag) : 0;
}

/* ---- tracks without rows ----------------------------------------------------------- */

/* Whether rows can be made of what is stored, or it is known that they cannot be made at all. */
static bool is_known_clips(const nd_description *d, const nd_embedder *e)
{
    int S;
    if (nd_clips_extractor(d) != e->stored.extractor) return false;
    if (nd_matcher_ops_of(e->matcher)->features && !nd_described_statistics(&S, d)) return false;
    return !e->is_published || nd_description_find(d, "published_clip_rhythm_class");
}

typedef struct {
    int64_t *ids;
    char **paths;
    size_t n, capacity_ids, capacity_paths;
} missing_tracks;

static int add_missing(void *user, int64_t id, const char *path)
{
    missing_tracks *m = user;
    if (nd_grow(&m->ids, &m->capacity_ids, m->n, 1, sizeof *m->ids) ||
        nd_grow(&m->paths, &m->capacity_paths, m->n, 1, sizeof *m->paths))
        return ND_ENOMEM;
    m->paths[m->n] = strdup(path);
    if (!m->paths[m->n]) return ND_ENOMEM;
    m->ids[m->n++] = id;
    return 0;
}

static void missing_deinit(missing_tracks *m)
{
    for (size_t i = 0; i < m->n; i++) free(m->paths[i]);
    free(m->paths);
    free(m->ids);
}

static int list_missing(missing_tracks *out, nd_library *lib, const nd_embedder *e, nd_diag *diag)
{
    int rc = lib->ops->each_without_joint(lib->store, e->stored.fingerprint, add_missing, out,
                                          diag);
    return rc == ND_ENOMEM ? nd_diag_set(diag, rc, "reading the library: out of memory") : rc;
}

/* ---- many tracks ------------------------------------------------------------------- */

enum { BATCH = 256 };

/* Tracks that are embedded together. */
typedef struct {
    nd_embedder *e;
    nd_library *lib;
    nd_entries *known;
    int n_threads;
    const nd_log *log;
    nd_diag *diag;
    int n;
    int64_t ids[BATCH];
    nd_description *descriptions[BATCH];
    nd_described described[BATCH];
    nd_item items[BATCH];
    int64_t n_done;
} batch;

static void forget(batch *b)
{
    for (int i = 0; i < b->n; i++) {
        nd_described_deinit(&b->described[i]);
        nd_description_destroy(&b->descriptions[i]);
    }
    b->n = 0;
}

/* @return 0; ND_ESHORT: nothing can be made of what is stored; ND_ENOMEM. d is taken on success. */
static int add_to_batch(batch *b, int64_t id, nd_description *d, nd_diag *why)
{
    int64_t D = nd_network_size_of(b->e->network).D;
    int rc = nd_described_make(&b->described[b->n], d, D, b->e->is_published, why);
    if (rc) return rc;
    b->ids[b->n] = id;
    b->descriptions[b->n] = d;
    b->items[b->n] = b->described[b->n].item;
    b->n++;
    return 0;
}

/* Load a track: into the batch, or it is foreign, or can never be embedded. One that another
 * program spoilt is analysed anew. */
static int take(batch *b, int64_t id, const char *path)
{
    nd_description *d = NULL;
    nd_diag why = {0};
    nd_entry *entry = nd_entries_find(b->known, path);
    int rc = b->lib->ops->load(&d, b->lib->store, id, NULL, &why);
    bool is_foreign = rc == ND_EFORMAT || (!rc && !is_known_clips(d, b->e));
    if (is_foreign) rc = 0;
    else if (!rc) rc = add_to_batch(b, id, d, &why);
    if (entry) entry->is_foreign = is_foreign;
    if (is_foreign || rc) nd_description_destroy(&d);
    if (rc == ND_ESHORT) nd_log_line(b->log, ND_LOG_DEBUG, "%s: not embedded: %s", path, why.text);
    return rc && rc != ND_ESHORT ? nd_diag_set(b->diag, rc, "%s", why.text) : 0;
}

static int put_batch(batch *b, const nd_rows *rows)
{
    int rc = 0;
    for (int i = 0; i < b->n && !rc; i++) {
        nd_track_rows r = {0};
        rc = pack(&r, rows, i);
        if (rc) nd_diag_set(b->diag, rc, "embedding tracks: out of memory");
        if (!rc) rc = nd_track_rows_put(&r, b->e, b->lib, b->ids[i], b->diag);
        b->n_done += !rc && r.n;
        free(r.data);
    }
    return rc;
}

static int run_batch(batch *b)
{
    nd_rows rows = {0};
    int rc = nd_matcher_embed(&rows, b->e->matcher, b->items, b->n, b->n_threads, NULL, b->diag);
    if (!rc) rc = put_batch(b, &rows);
    nd_rows_deinit(&rows);
    forget(b);
    return rc;
}

/* Progress after track i of n. */
static int tell(const nd_progress *progress, size_t i, size_t n, nd_diag *diag)
{
    if (!nd_progress_update(progress, "embedding tracks", (int64_t)i, (int64_t)n, NULL)) return 0;
    return nd_diag_set(diag, ND_ECANCELLED, "indexing: stopped on request");
}

int nd_embed_stored(int64_t *n_out, nd_entries *known, nd_embedder *e, nd_library *lib,
                    int n_threads, const nd_log *log, const nd_progress *progress, nd_diag *diag)
{
    missing_tracks m = {0};
    batch *b = nd_calloc(1, sizeof *b);
    if (!b) return nd_diag_set(diag, ND_ENOMEM, "embedding tracks: out of memory");
    *b = (batch){e, lib, known, n_threads, log, diag, .n = 0};
    int rc = list_missing(&m, lib, e, diag);
    for (size_t i = 0; i < m.n && !rc; i++) {
        rc = take(b, m.ids[i], m.paths[i]);
        if (!rc && b->n && (b->n == BATCH || i + 1 == m.n)) rc = run_batch(b);
        if (!rc && (i + 1) % BATCH == 0) rc = tell(progress, i + 1, m.n, diag);
    }
    if (!rc) *n_out = b->n_done;
    forget(b);
    free(b);
    missing_deinit(&m);
    return rc;
}

static int count_one(void *user, int64_t id, const char *path)
{
    (void)id, (void)path;
    ++*(int64_t *)user;
    return 0;
}

int nd_count_embedded(int64_t *n_out, nd_library *lib, uint64_t fingerprint, nd_diag *diag)
{
    int64_t n_tracks, n_failures, n_missing = 0;
    int rc = lib->ops->count(lib->store, &n_tracks, &n_failures, diag);
    if (!rc)
        rc = lib->ops->each_without_joint(lib->store, fingerprint, count_one, &n_missing, diag);
    if (!rc) *n_out = n_tracks - n_missing;
    return rc;
}
