/* Embeddings of the clips of a split, and the file that keeps them.
 *
 * CACHE/embeddings-SPLIT-FINGERPRINT.safetensors holds music.clips, music.logits, video.clips and
 * video.logits. The fingerprint is of the extractors (configuration and values) and of the clips
 * that they read (names and checksums, in order), so nothing that is old is ever used. */
#include <inttypes.h>
#include <string.h>

#include "learn/cache_format.h"
#include "learn/items_internal.h"

enum { CHUNK_BYTES = 32 << 20, N_TENSORS = 4, FILE_VERSION = 1 };

static const char *const tensor_names[N_TENSORS] = {"music.clips", "music.logits", "video.clips",
                                                    "video.logits"};

static int no_memory(nd_diag *diag)
{
    return nd_diag_set(diag, ND_ENOMEM, "embedding clips: out of memory");
}

/* ---- the fingerprint -------------------------------------------------------------- */

static uint64_t chain(uint64_t before, const void *bytes, size_t n)
{
    uint64_t link[2] = {before, nd__cache_checksum(bytes, n)};
    return nd__cache_checksum(link, sizeof link);
}

static void add_file(uint64_t *print, const nd_items *it, const nd__item_file *f)
{
    const nd_cache_item *item = nd_cache_at(it->cache, f->cached);
    const char *array = nd_network_feature(it->networks[f->file->medium]);
    *print = chain(*print, f->file->name, strlen(f->file->name));
    for (int k = 0; k < item->n_arrays; k++) {
        const nd_cache_array *a = &item->arrays[k];
        if (strcmp(a->name, array)) continue;
        *print = chain(*print, a->dims, sizeof a->dims);
        *print = chain(*print, &a->checksum, sizeof a->checksum);
    }
}

uint64_t nd__items_fingerprint(const nd_items *it, nd_split split)
{
    uint64_t print = FILE_VERSION;
    for (int m = ND_MUSIC; m <= ND_VIDEO; m++) {
        print = chain(print, &it->prints[m], sizeof it->prints[m]);
        for (int i = 0; i < it->n; i++)
            if (nd__items_has(&it->files[i], split, (nd_medium)m))
                add_file(&print, it, &it->files[i]);
    }
    return print;
}

/* @return malloc'ed; NULL: out of memory */
static char *make_path(const nd_items *it, nd_split split)
{
    char name[64];
    snprintf(name, sizeof name, "embeddings-%s-%016" PRIx64 ".safetensors", nd_split_name(split),
             nd__items_fingerprint(it, split));
    return nd_path_join(it->cache_dir, name);
}

/* ---- the file --------------------------------------------------------------------- */

/* Sizes that a split's embeddings have. */
static void measure(nd__embedded *out, const nd_items *it, nd_split split)
{
    for (int m = ND_MUSIC; m <= ND_VIDEO; m++) {
        nd_network_size size = nd_network_size_of(it->networks[m]);
        nd__embeddings *e = &out->of[m];
        *e = (nd__embeddings){.D = size.D, .K = size.K};
        for (int i = 0; i < it->n; i++) {
            if (!nd__items_has(&it->files[i], split, (nd_medium)m)) continue;
            e->n_files++;
            e->n_clips += nd__items_clips(it, &it->files[i]);
        }
    }
}

/* Tensor i of the file: its shape, and where its values are told. */
static const float **tensor_of(nd__embedded *e, int i, int64_t dims[2])
{
    nd__embeddings *of = &e->of[i < 2 ? ND_MUSIC : ND_VIDEO];
    dims[0] = i % 2 ? of->n_files : of->n_clips;
    dims[1] = i % 2 ? of->K : of->D;
    return i % 2 ? &of->logits : &of->clips;
}

static void print_checksum(char out[17], nd__embedded *e)
{
    uint64_t sum = 0;
    for (int i = 0; i < N_TENSORS; i++) {
        int64_t dims[2];
        const float *values = *tensor_of(e, i, dims);
        sum = chain(sum, values, (size_t)(dims[0] * dims[1]) * sizeof *values);
    }
    snprintf(out, 17, "%016" PRIx64, sum);
}

static int map_tensor(nd__embedded *e, int i, nd_diag *diag)
{
    int64_t dims[2];
    const float **values = tensor_of(e, i, dims);
    int rc = nd_safetensors_check(e->file, tensor_names[i], 2, dims, diag);
    if (rc) return rc;
    const nd_stored_tensor *t = nd_safetensors_find(e->file, tensor_names[i]);
    if (t->dtype != ND_STORED_F32 || (uintptr_t)t->data % sizeof(float))
        return nd_diag_set(diag, ND_EFORMAT, "%s: aligned F32 expected", tensor_names[i]);
    *values = (const float *)(const void *)t->data;
    return 0;
}

/* @return 0; ND_ENOTFOUND (it was not made yet), else what is amiss with it */
static int read_file(nd__embedded *e, const char *path, nd_diag *diag)
{
    char sum[17];
    FILE *there = fopen(path, "rb");
    if (!there) return ND_ENOTFOUND;
    fclose(there);
    int rc = nd_safetensors_open(&e->file, path, diag);
    for (int i = 0; i < N_TENSORS && !rc; i++) rc = map_tensor(e, i, diag);
    if (!rc) {
        const char *written = nd_safetensors_metadata(e->file, "checksum");
        print_checksum(sum, e);
        if (!written || strcmp(written, sum))
            rc = nd_diag_set(diag, ND_EFORMAT, "its values are not what was written");
    }
    if (rc) nd_safetensors_close(&e->file);
    return rc;
}

static int write_file(nd__embedded *e, const char *path, nd_diag *diag)
{
    char sum[17];
    nd_stored_value values[N_TENSORS];
    for (int i = 0; i < N_TENSORS; i++) {
        int64_t dims[2];
        const float *from = *tensor_of(e, i, dims);
        values[i] = (nd_stored_value){tensor_names[i], ND_STORED_F32, 2, {dims[0], dims[1]}, from};
    }
    print_checksum(sum, e);
    nd_text_pair checksum = {"checksum", sum};
    return nd_safetensors_write(path, values, N_TENSORS, &checksum, 1, diag);
}

/* ---- making ----------------------------------------------------------------------- */

/* One medium of one split on its way through the network. */
typedef struct {
    nd_items *it;
    nd_network *network;
    nd_medium medium;
    float *chunk;                /* [capacity, T, F] */
    float *clips, *chunk_logits; /* [n_clips, D]; [capacity, K] */
    float *logits;               /* [n_files, K]: sums, then means */
    int32_t *owner;              /* [capacity] file, 0 .. n_files - 1 */
    int64_t T, F, D, K;
    int64_t capacity, n; /* clips in the chunk */
    int64_t total, n_run;
    nd_progress progress; /* of the network's, in clips of the chunk */
} embedding;

static int update(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    (void)what, (void)total;
    embedding *e = user;
    const nd_progress *to = e->it->params.progress;
    return to->update(to->user, e->medium == ND_MUSIC ? "embedding music" : "embedding video",
                      e->n_run + done, e->total, item);
}

static int run_chunk(embedding *e, nd_diag *diag)
{
    bool tells = e->it->params.progress && e->it->params.progress->update;
    int rc = nd_network_run(e->network, e->chunk, e->n, e->T, e->clips + e->n_run * e->D,
                            e->K ? e->chunk_logits : NULL, e->it->params.n_threads,
                            tells ? &e->progress : NULL, diag);
    for (int64_t i = 0; i < e->n && !rc; i++)
        for (int64_t k = 0; k < e->K; k++)
            e->logits[e->owner[i] * e->K + k] += e->chunk_logits[i * e->K + k];
    e->n_run += e->n;
    e->n = 0;
    return rc;
}

static int embed_file(embedding *e, const nd__item_file *f, int32_t owner, nd_diag *diag)
{
    const char *array = nd_network_feature(e->network);
    int C = nd__items_clips(e->it, f), rc = 0;
    for (int c = 0; c < C && !rc; c++) {
        rc = nd_cache_clip_f32(e->chunk + e->n * e->T * e->F, e->it->cache, f->cached, array, c);
        if (rc)
            return nd_diag_set(diag, ND_EFORMAT, "embedding %s: clip %d of %s expected",
                               f->file->name, c, array);
        e->owner[e->n++] = owner;
        if (e->n == e->capacity) rc = run_chunk(e, diag);
    }
    return rc;
}

static int embed_files(embedding *e, nd_split split, nd_diag *diag)
{
    int rc = 0;
    int32_t n_files = 0;
    for (int i = 0; i < e->it->n && !rc; i++)
        if (nd__items_has(&e->it->files[i], split, e->medium))
            rc = embed_file(e, &e->it->files[i], n_files++, diag);
    if (!rc && e->n) rc = run_chunk(e, diag);
    n_files = 0;
    for (int i = 0; i < e->it->n && !rc; i++) {
        if (!nd__items_has(&e->it->files[i], split, e->medium)) continue;
        float share = 1.f / (float)nd__items_clips(e->it, &e->it->files[i]);
        for (int64_t k = 0; k < e->K; k++) e->logits[n_files * e->K + k] *= share;
        n_files++;
    }
    return rc;
}

static int embed_medium(nd_items *it, nd_split split, nd_medium medium, nd_diag *diag)
{
    nd__embedded *to = &it->splits[split];
    nd__embeddings *of = &to->of[medium];
    embedding e = {.it = it, .network = it->networks[medium], .medium = medium};
    e.progress = (nd_progress){update, &e};
    e.T = ND_MAX(it->T[medium], 1);
    e.F = nd_network_size_of(e.network).F;
    e.D = of->D;
    e.K = of->K;
    e.total = of->n_clips;
    e.capacity = ND_CLAMP(CHUNK_BYTES / (e.T * e.F * (int64_t)sizeof(float)), 1,
                          ND_MAX(e.total, 1));
    e.chunk = nd_calloc((size_t)e.capacity, (size_t)(e.T * e.F) * sizeof(float));
    e.chunk_logits = nd_calloc((size_t)e.capacity, (size_t)e.K * sizeof(float));
    e.owner = nd_calloc((size_t)e.capacity, sizeof *e.owner);
    of->clips = e.clips = to->owned[2 * medium] = nd_calloc((size_t)of->n_clips,
                                                            (size_t)e.D * sizeof(float));
    of->logits = e.logits = to->owned[2 * medium + 1] = nd_calloc((size_t)of->n_files,
                                                                  (size_t)e.K * sizeof(float));
    int rc = e.chunk && e.chunk_logits && e.owner && e.clips && e.logits ? 0 : no_memory(diag);
    if (!rc) rc = embed_files(&e, split, diag);
    free(e.chunk);
    free(e.chunk_logits);
    free(e.owner);
    return rc;
}

static void try_to_write(nd_items *it, nd__embedded *e, const char *path)
{
    nd_diag why = {0};
    if (it->params.is_forgetful || !write_file(e, path, &why)) return;
    nd_log_line(it->params.log, ND_LOG_WARNING, "embeddings are not kept for the next time: %s",
                why.text);
}

int nd__items_embed(nd_items *it, nd_split split, nd_diag *diag)
{
    nd__embedded *e = &it->splits[split];
    nd_diag why = {0};
    char *path = make_path(it, split);
    measure(e, it, split);
    if (!path) return no_memory(diag);
    int rc = read_file(e, path, &why);
    if (rc && rc != ND_ENOTFOUND)
        nd_log_line(it->params.log, ND_LOG_WARNING, "%s is damaged and made again: %s", path,
                    why.text);
    if (rc) {
        rc = embed_medium(it, split, ND_MUSIC, diag);
        if (!rc) rc = embed_medium(it, split, ND_VIDEO, diag);
        if (!rc) try_to_write(it, e, path);
    }
    free(path);
    return rc;
}

void nd__items_embedded_deinit(nd__embedded *embedded)
{
    for (int i = 0; i < 2 * ND__N_MEDIA; i++) free(embedded->owned[i]);
    nd_safetensors_close(&embedded->file);
    *embedded = (nd__embedded){0};
}
