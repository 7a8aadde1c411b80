/* Extraction: the files of a corpus, each described by a worker process, into a feature cache.
 *
 * Files are compared with the cache by size and time, then those that differ by content, and only
 * what is new is decoded. Workers run side by side; what comes back is encoded outside the lock and
 * stored under it, a file at a time, so that a kill loses only what is under way. Who finishes
 * first changes where features lie in the data, never what they are. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "learn/corpus.h"
#include "learn/extract.h"
#include "learn/gallery.h"

typedef enum { TASK_OPEN, TASK_UNCHANGED, TASK_EXTRACTED, TASK_FAILED } task_state;

/* A file of the corpus as one medium. */
typedef struct {
    const nd_corpus_file *file;
    const nd_cache_item *known, *failure; /* of a run before; NULL: none */
    bool lacks;                           /* known, without the statistics that are wanted */
    bool adds;                            /* only these are made, and what is known stays */
    nd_cache_source now;
    task_state state;
    nd_diag why; /* of a failure */
    double media_s;
    nd_loss_sum losses[ND_N_LOSSES]; /* a file's own, so that their sum has one order */
} task;

typedef struct {
    nd_extract_params p;
    const nd_extractor *by;
    const char *features[ND_VIDEO + 1]; /* NULL: that medium is not wanted */
    bool statistics;                    /* of music, beside its features */
    nd_corpus *corpus;
    nd_gallery gallery;
    nd_cache_writer *writer;
    nd_loss_meter *meter; /* NULL: nothing is measured */
    task *tasks;
    int64_t n_tasks;
    task **queue;
    int64_t n_queue;
    nd_log log; /* the caller's, under log_mutex */
    pthread_mutex_t log_mutex, meter_mutex;
    pthread_mutex_t mutex; /* writer, progress and all below */
    int64_t n_done;
    nd_diag *diag;
} extraction;

static void write_log(void *user, nd_log_level level, const char *text)
{
    extraction *x = user;
    pthread_mutex_lock(&x->log_mutex);
    x->p.log->write(x->p.log->user, level, text);
    pthread_mutex_unlock(&x->log_mutex);
}

static int no_memory(nd_diag *diag)
{
    return nd_diag_set(diag, ND_ENOMEM, "extracting features: out of memory");
}

static int update(extraction *x, const char *item)
{
    int rc = nd_progress_update(x->p.progress, "extracting features", x->n_done, x->n_queue, item);
    return rc ? nd_diag_set(x->diag, ND_ECANCELLED, "extracting features: stopped on request") : 0;
}

/* ---- what is to be done ----------------------------------------------------------- */

#define MUSIC_FEATURES "fbank,onset,beat,rhythm,rhythm_published"
#define STATISTICS     "statistics"

const char *nd__extract_features(nd_medium medium, const char *layout)
{
    if (medium == ND_MUSIC) return MUSIC_FEATURES;
    bool rows = strstr(layout, "rows"), time = strstr(layout, "time");
    return rows && time ? "frames,colour_frames,cuts,flow,flow_published"
           : time       ? "colour_frames,cuts,flow,flow_published"
                        : "frames,cuts,flow,flow_published";
}

/* What a file is described with. Statistics are no part of the settings: a cache may have them of
 * some files, and gets the others' without making the rest anew. */
static const char *features_for(const extraction *x, const task *t)
{
    nd_medium medium = t->file->medium;
    if (medium == ND_VIDEO || !x->statistics) return x->features[medium];
    return t->adds ? STATISTICS : MUSIC_FEATURES "," STATISTICS;
}

static bool has_statistics(const nd_cache *cache, int item)
{
    return nd_cache_f32(cache, item, STATISTICS, NULL);
}

/* Asked for, or the cache has them of some file: then a run that does not ask keeps on. */
static bool wants_statistics(const extraction *x)
{
    const nd_cache *cache = nd_cache_writer_known(x->writer);
    bool wants = x->p.statistics;
    for (int i = 0; i < nd_cache_count(cache) && !wants; i++) wants = has_statistics(cache, i);
    return wants && x->features[ND_MUSIC];
}

/* What decides the values of a medium's features, as the cache keeps it. */
static int put_settings(extraction *x, nd_medium medium)
{
    nd_str s = {0};
    nd_str_append(&s, "features %s\nanalysis %d\nmax_length_s %.9g\n", x->features[medium],
                  ND_ANALYSIS_VERSION, x->p.max_length_s > 0 ? x->p.max_length_s : 1800);
    if (medium == ND_MUSIC)
        nd_str_append(&s, "fbank %s\n",
                      nd_cache_encoding_name(nd_cache_encoding_for("fbank", x->p.half)));
    char *text = nd_str_take(&s);
    int rc = text ? nd_cache_writer_settings(x->writer, medium, text, x->diag) : no_memory(x->diag);
    free(text);
    return rc;
}

static int64_t mtime_ns(const struct stat *info)
{
    return (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

static bool is_same_state(const nd_cache_source *then, const struct stat *info)
{
    return then->hash && then->size_bytes == info->st_size && then->mtime_ns == mtime_ns(info);
}

static void fail_task(task *t, const nd_diag *why)
{
    t->state = TASK_FAILED;
    t->why = *why;
}

/* Settle a task that needs no decoding. Features whose file is gone stay: they are what it was. */
static void look_at_task(extraction *x, task *t)
{
    const nd_cache *cache = nd_cache_writer_known(x->writer);
    struct stat info;
    int item = nd_cache_find(cache, t->file->name, t->file->medium);
    if (item >= 0) t->known = nd_cache_at(cache, item);
    t->lacks = t->known && x->statistics && t->file->medium == ND_MUSIC &&
               !has_statistics(cache, item);
    t->failure = nd_cache_find_failure(cache, t->file->name, t->file->medium);
    t->now = (nd_cache_source){.name = t->file->name, .medium = t->file->medium};
    if (stat(t->file->path, &info)) {
        if (t->known) t->state = TASK_UNCHANGED;
    } else if (t->known && is_same_state(&t->known->source, &info)) {
        if (!t->lacks) t->state = TASK_UNCHANGED;
    } else if (t->failure && !x->p.retry && is_same_state(&t->failure->source, &info)) {
        t->state = TASK_FAILED;
        nd_diag_set(&t->why, t->failure->code, "%s", t->failure->reason);
    }
}

static void warn_of_lines(const extraction *x, const char *dir)
{
    int n = nd_corpus_problem_count(x->corpus);
    if (n)
        nd_log_line(&x->log, ND_LOG_WARNING,
                    "%s/corpus.jsonl: lines left out or doubtful: %d; needledrop corpus check %s "
                    "says why",
                    dir, n, dir);
    if (x->gallery.n_bad)
        nd_log_line(&x->log, ND_LOG_WARNING, "%s/gallery.jsonl: lines that are no track: %d", dir,
                    x->gallery.n_bad);
}

/* Files of pairs first, then tracks of the gallery. */
static const nd_corpus_file *file_at(const extraction *x, int i)
{
    int n_files = nd_corpus_file_count(x->corpus);
    return i < n_files ? nd_corpus_file_at(x->corpus, i) : &x->gallery.tracks[i - n_files].file;
}

static int make_tasks(extraction *x)
{
    int n = nd_corpus_file_count(x->corpus) + (int)x->gallery.n;
    x->tasks = nd_calloc((size_t)n, sizeof *x->tasks);
    x->queue = nd_calloc((size_t)n, sizeof(task *));
    if (!x->tasks || !x->queue) return no_memory(x->diag);
    x->statistics = wants_statistics(x);
    bool has[ND_VIDEO + 1] = {false};
    for (int i = 0; i < n; i++) {
        const nd_corpus_file *file = file_at(x, i);
        if (!x->features[file->medium]) continue;
        x->tasks[x->n_tasks++].file = file;
        has[file->medium] = true;
    }
    int rc = 0;
    for (int m = ND_MUSIC; m <= ND_VIDEO && !rc; m++)
        if (has[m]) rc = put_settings(x, (nd_medium)m);
    for (int64_t i = 0; i < x->n_tasks && !rc; i++) {
        look_at_task(x, &x->tasks[i]);
        if (x->tasks[i].state == TASK_OPEN) x->queue[x->n_queue++] = &x->tasks[i];
    }
    return rc;
}

/* ---- one file --------------------------------------------------------------------- */

static int read_state(nd_cache_source *out, const char *path, nd_diag *diag)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return nd_diag_errno(diag, "opening", path);
    int rc = 0;
    uint64_t hash = 0;
    if (fstat(fd, &info)) rc = nd_diag_errno(diag, "reading", path);
    else if (!S_ISREG(info.st_mode))
        rc = nd_diag_set(diag, ND_EIO, "opening %s: a regular file expected", path);
    if (!rc) rc = nd_file_hash(&hash, fd, diag);
    close(fd);
    if (rc) return rc;
    out->size_bytes = info.st_size;
    out->mtime_ns = mtime_ns(&info);
    out->hash = hash ? hash : 1; /* 0 means not known */
    return 0;
}

static int check_still_same(const task *t, nd_diag *diag)
{
    struct stat info;
    if (!stat(t->file->path, &info) && is_same_state(&t->now, &info)) return 0;
    return nd_diag_set(diag, ND_EIO, "reading %s: it changed on the way; the next run tries again",
                       t->file->path);
}

static bool is_one_value(const nd_array *a)
{
    int64_t n = a ? nd_array_count(a) : 0;
    for (int64_t i = 1; i < n; i++)
        if (a->f32[i] != a->f32[0]) return false;
    return n > 0;
}

/* Media that nothing can be learnt from count as failures. */
static int check_usable(const nd_description *d, const nd_cache_record *r, const task *t,
                        nd_diag *diag)
{
    const nd_array *fbank = nd_description_find(d, "fbank");
    if (r->n_clips == 0)
        return nd_diag_set(diag, ND_ESHORT, "%s: too short: %.3g s, more than 2 s expected",
                           nd_path_name(t->file->path), d->analysed_s);
    if (fbank && is_one_value(fbank))
        return nd_diag_set(diag, ND_EEMPTY, "%s: silent: some sound expected",
                           nd_path_name(t->file->path));
    return 0;
}

static int measure(extraction *x, task *t, const nd_description *d, nd_diag *diag)
{
    if (!x->meter) return 0;
    pthread_mutex_lock(&x->meter_mutex);
    int rc = nd__loss_measure(t->losses, x->meter, d, diag);
    pthread_mutex_unlock(&x->meter_mutex);
    return rc;
}

/* Decode and encode. @return 0, or why the file fails */
static int make_record(nd_cache_record *out, extraction *x, task *t, nd_diag *why)
{
    nd_describe_params params = {.medium = t->file->medium,
                                 .features = features_for(x, t),
                                 .max_length_s = x->p.max_length_s,
                                 .worker = x->p.worker,
                                 .log = &x->log};
    nd_description *d = NULL;
    nd_cache_record r = {0};
    int rc = x->by->describe(&d, x->by->user, t->file->path, &params, why);
    if (!rc) rc = check_still_same(t, why);
    if (!rc) rc = nd_cache_encode(&r, d, x->p.half, why);
    if (!rc && !t->adds) rc = check_usable(d, &r, t, why);
    if (!rc && !t->adds) rc = measure(x, t, d, why);
    nd_description_destroy(&d);
    if (rc) nd_cache_record_deinit(&r);
    else *out = r;
    return rc;
}

/* The same content at another time: known features, or a known failure, need no decoding. */
static bool is_same_content(const nd_cache_item *then, const nd_cache_source *now)
{
    return then && then->source.hash && then->source.hash == now->hash &&
           then->source.size_bytes == now->size_bytes;
}

/* Note a failure, once: a run that finds the same writes nothing. A name that cannot be kept is
 * told by the report alone, and so is what could not be added: the rest stays. */
static int store_failure(extraction *x, task *t, const nd_diag *why)
{
    const nd_cache_item *f = t->failure;
    bool is_momentary = why->code == ND_EIO || why->code == ND_ENOMEM;
    if (is_momentary) t->now.size_bytes = t->now.mtime_ns = 0, t->now.hash = 0;
    fail_task(t, why);
    if (t->adds) return 0;
    if (f && f->code == why->code && !strcmp(f->reason, why->text) &&
        f->source.mtime_ns == t->now.mtime_ns && f->source.hash == t->now.hash)
        return 0;
    int rc = nd_cache_writer_put_failure(x->writer, &t->now, why->code, why->text, x->diag);
    return rc == ND_EARG ? 0 : rc;
}

static int store_record(extraction *x, task *t, const nd_cache_record *r)
{
    int rc = t->adds ? nd_cache_writer_add(x->writer, t->known, &t->now, r, x->diag)
                     : nd_cache_writer_put(x->writer, &t->now, r, x->diag);
    if (rc) return rc;
    t->state = TASK_EXTRACTED;
    t->media_s = r->analysed_s;
    if (r->is_cut)
        nd_log_line(&x->log, ND_LOG_WARNING, "%s: its first %.0f s are extracted, not the rest",
                    t->file->path, r->analysed_s);
    return 0;
}

/* Store what became of a file, under the lock. @return 0, or why the work must end */
static int store(extraction *x, task *t, const nd_cache_record *r, const nd_diag *why)
{
    int rc;
    if (why->code) {
        /* The stop may have reached the worker first and look like its crash. */
        rc = update(x, NULL);
        if (!rc) rc = store_failure(x, t, why);
    } else if (r->arrays) {
        rc = store_record(x, t, r);
    } else {
        t->state = TASK_UNCHANGED;
        rc = nd_cache_writer_touch(x->writer, t->known, &t->now, x->diag);
    }
    x->n_done++;
    return rc ? rc : update(x, t->file->name);
}

static int extract_one(void *user, int64_t index)
{
    extraction *x = user;
    task *t = x->queue[index];
    nd_cache_record r = {0};
    nd_diag why = {0};
    int rc = read_state(&t->now, t->file->path, &why);
    bool is_known = is_same_content(t->known, &t->now);
    t->adds = t->lacks && (rc || is_known);
    if (!rc && (!is_known || t->adds)) {
        if (!t->adds && !x->p.retry && is_same_content(t->failure, &t->now))
            rc = nd_diag_set(&why, t->failure->code, "%s", t->failure->reason);
        else rc = make_record(&r, x, t, &why);
    }
    if (rc && !why.code) nd_diag_set(&why, rc, "%s: %s", t->file->path, nd_error_text(rc));
    pthread_mutex_lock(&x->mutex);
    if (rc == ND_EARG || rc == ND_EFULL) nd_diag_set(x->diag, rc, "%s", why.text);
    else rc = store(x, t, &r, &why);
    pthread_mutex_unlock(&x->mutex);
    nd_cache_record_deinit(&r);
    return rc;
}

/* ---- the report ------------------------------------------------------------------- */

static int add_failure(nd_extract_report *r, const task *t)
{
    nd_failure *f = &r->failures[r->n_failed];
    f->path = strdup(t->file->name);
    f->reason = strdup(t->why.text);
    r->n_failed++;
    return f->path && f->reason ? 0 : ND_ENOMEM;
}

static void add_share(nd_extract_report *r, const nd_cache *cache, const task *t)
{
    int i = nd_cache_find(cache, t->file->name, t->file->medium);
    if (i < 0) return;
    const nd_cache_item *item = nd_cache_at(cache, i);
    nd_extract_share *share = t->file->medium == ND_MUSIC ? &r->music : &r->video;
    share->n_files++;
    share->n_clips += item->n_clips;
    share->media_s += item->analysed_s;
    share->n_bytes += item->n_bytes;
}

static void add_losses(nd_loss_sum *sums, const task *t)
{
    for (int i = 0; i < ND_N_LOSSES; i++) {
        const nd_loss_sum *s = &t->losses[i];
        sums[i].n_clips += s->n_clips;
        sums[i].n_values += s->n_values;
        sums[i].max_error = ND_MAX(sums[i].max_error, s->max_error);
        sums[i].square_error += s->square_error;
        sums[i].cosine_difference += s->cosine_difference;
        sums[i].neighbour_difference += s->neighbour_difference;
        sums[i].n_neighbours += s->n_neighbours;
        sums[i].max_cosine_difference = ND_MAX(sums[i].max_cosine_difference,
                                               s->max_cosine_difference);
    }
}

static int make_report(nd_extract_report *out, const extraction *x, const nd_cache *cache)
{
    nd_extract_report r = {.n_files = x->n_tasks, .cache_bytes = nd_cache_bytes(cache)};
    nd_loss_sum sums[ND_N_LOSSES] = {{0}};
    r.failures = nd_calloc((size_t)x->n_tasks, sizeof *r.failures);
    int rc = r.failures ? 0 : ND_ENOMEM;
    for (int64_t i = 0; i < x->n_tasks && !rc; i++) {
        const task *t = &x->tasks[i];
        r.n_extracted += t->state == TASK_EXTRACTED;
        r.n_unchanged += t->state == TASK_UNCHANGED;
        r.extracted_s += t->media_s;
        if (t->state == TASK_FAILED) rc = add_failure(&r, t);
        add_share(&r, cache, t);
        add_losses(sums, t);
    }
    nd__loss_report(&r, sums, x->p.half);
    if (rc) nd_extract_report_deinit(&r);
    else *out = r;
    return rc ? no_memory(x->diag) : 0;
}

/* ---- all of it -------------------------------------------------------------------- */

static bool names_only(const char *text, const char *a, const char *b)
{
    char both[2][32];
    snprintf(both[0], sizeof both[0], "%s,%s", a, b);
    snprintf(both[1], sizeof both[1], "%s,%s", b, a);
    return !strcmp(text, a) || !strcmp(text, b) || !strcmp(text, both[0]) || !strcmp(text, both[1]);
}

static int check_params(extraction *x, const char *dir)
{
    nd_extract_params *p = &x->p;
    if (!p->what) p->what = "music,video";
    if (!p->layout) p->layout = "rows";
    if (!dir || p->n_workers < 0 || !(p->max_length_s >= 0))
        return nd_diag_set(x->diag, ND_EARG,
                           "extracting features: a corpus, 0 or more workers and a length of 0 or "
                           "more expected");
    if (!names_only(p->what, "music", "video"))
        return nd_diag_set(x->diag, ND_EARG,
                           "extracting features: music, video or music,video expected, found "
                           "\"%s\"",
                           p->what);
    if (!names_only(p->layout, "rows", "time"))
        return nd_diag_set(x->diag, ND_EARG,
                           "extracting features: the layout rows, time or rows,time expected, "
                           "found \"%s\"",
                           p->layout);
    if (strstr(p->what, "music")) x->features[ND_MUSIC] = nd__extract_features(ND_MUSIC, p->layout);
    if (strstr(p->what, "video")) x->features[ND_VIDEO] = nd__extract_features(ND_VIDEO, p->layout);
    return 0;
}

/* The cache as it is after the work, whose entries the report counts. */
static int report_on(extraction *x, const char *cache_dir, nd_extract_report *out)
{
    nd_cache *cache = NULL;
    int rc = nd_cache_open(&cache, cache_dir, x->diag);
    if (!rc) rc = make_report(out, x, cache);
    nd_cache_close(&cache);
    return rc;
}

static int extract_all(extraction *x, const char *dir, nd_extract_report *report)
{
    double started_s = nd_now_s();
    char *cache_dir = x->p.cache ? strdup(x->p.cache) : nd_path_join(dir, "cache");
    int rc = cache_dir ? nd_corpus_open(&x->corpus, dir, x->diag) : no_memory(x->diag);
    if (!rc) rc = nd_gallery_read(&x->gallery, x->corpus, x->diag);
    if (!rc) warn_of_lines(x, dir);
    if (!rc) rc = nd_cache_writer_open(&x->writer, cache_dir, x->diag);
    if (!rc && x->p.measure) rc = nd__loss_meter_create(&x->meter, x->diag);
    if (!rc) rc = make_tasks(x);
    int n_workers = x->p.n_workers ? x->p.n_workers : nd_core_count();
    if (!rc) rc = nd_parallel(x->n_queue, n_workers, extract_one, x);
    if (!rc) rc = report_on(x, cache_dir, report);
    if (!rc) report->elapsed_s = nd_now_s() - started_s;
    free(cache_dir);
    return rc;
}

int nd__extract_with(const char *dir, const nd_extract_params *params, const nd_extractor *by,
                     nd_extract_report *report_out, nd_diag *diag)
{
    extraction x = {.by = by,
                    .diag = diag,
                    .mutex = PTHREAD_MUTEX_INITIALIZER,
                    .log_mutex = PTHREAD_MUTEX_INITIALIZER,
                    .meter_mutex = PTHREAD_MUTEX_INITIALIZER};
    if (params) x.p = *params;
    int rc = check_params(&x, dir);
    if (!rc && !report_out)
        rc = nd_diag_set(diag, ND_EARG, "extracting features: a place for the report expected");
    if (rc) return rc;
    if (x.p.log && x.p.log->write) x.log = (nd_log){write_log, &x, x.p.log->level};
    rc = extract_all(&x, dir, report_out);
    free(x.queue);
    free(x.tasks);
    nd__loss_meter_destroy(&x.meter);
    nd_cache_writer_close(&x.writer);
    nd_gallery_deinit(&x.gallery);
    nd_corpus_close(&x.corpus);
    return rc;
}

/* ---- with the worker -------------------------------------------------------------- */

static int describe(nd_description **out, void *user, const char *path,
                    const nd_describe_params *params, nd_diag *diag)
{
    nd_describe_params p = *params;
    p.worker = user;
    return nd_describe_file(out, path, &p, diag);
}

int nd_extract(const char *dir, const nd_extract_params *params, nd_extract_report *report_out,
               nd_diag *diag)
{
    const char *given = params ? params->worker : NULL;
    char *worker = given ? strdup(given) : nd_worker_find("needledrop-worker");
    if (!worker) return no_memory(diag);
    /* Without it every file would fail, and stay so. */
    int rc = access(worker, X_OK) ? nd_diag_errno(diag, "starting the worker", worker) : 0;
    nd_extractor by = {.describe = describe, .user = worker};
    if (!rc) rc = nd__extract_with(dir, params, &by, report_out, diag);
    free(worker);
    return rc;
}
