/* A library brought in step with folders.
 *
 * Walk, compare by size and time, hash where another file of that size is about,
 * settle what needs no analysis (touched, moved, copied, gone), then analyse the
 * rest in parallel. The analysis of a track runs in a process of its own; what
 * comes back is stored at once, one transaction a track, so that a kill loses
 * only what is under way. Ids are given before, in order of path: the library's
 * content does not depend on who finishes first. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "match/embed_track.h"

/* EBU R128's absolute gate: nothing above it, nothing to hear. */
#define SILENCE_LUFS -70.0

typedef struct {
    nd_library *lib;
    const nd_index_params *params;
    const nd_analyser *analyser;
    nd_entries known;
    nd_walk walk;
    nd_tasks tasks;
    nd_task **queue; /* to hash, later to analyse */
    int64_t n_queue;
    int n_workers;
    nd_log log; /* the caller's, under log_mutex */
    pthread_mutex_t log_mutex;
    pthread_mutex_t mutex; /* store, progress and all below */
    int64_t n_done, n_total;
    nd_index_report report;
    nd_diag *diag;
} index_run;

static void write_log(void *user, nd_log_level level, const char *text)
{
    index_run *run = user;
    pthread_mutex_lock(&run->log_mutex);
    run->params->log->write(run->params->log->user, level, text);
    pthread_mutex_unlock(&run->log_mutex);
}

static int no_memory(index_run *run)
{
    return nd_diag_set(run->diag, ND_ENOMEM, "indexing: out of memory");
}

/* Tell how far the work is; what: static. */
static int update(index_run *run, const char *what, const char *item)
{
    int rc = nd_progress_update(run->params->progress, what, run->n_done, run->n_total, item);
    return rc ? nd_diag_set(run->diag, rc, "indexing: stopped on request") : 0;
}

/* ---- what is there --------------------------------------------------------------- */

static bool is_known(void *user, const char *path)
{
    return nd_entries_find(&((index_run *)user)->known, path) != NULL;
}

static int on_file(void *user, int64_t n_found)
{
    enum { EVERY = 64 };
    index_run *run = user;
    run->n_done = n_found;
    return n_found % EVERY ? 0 : update(run, "looking for music", NULL);
}

/* Something that was once read at or under a path. */
static bool has_known_under(const nd_entries *known, const char *path)
{
    for (size_t i = 0; i < known->n; i++)
        if ((known->items[i].id || known->items[i].file.hash) &&
            nd_path_is_under(known->items[i].path, path))
            return true;
    return false;
}

/* A path named now that is no more, and was indexed: what it held is gone. One
 * remembered from before may be a drive that is not plugged in: what it held
 * stays, and the path is listed as failed. */
static int add_missing(index_run *run, const char *path, bool is_named, const char *reason)
{
    nd_walk *w = &run->walk;
    if (!is_named || !has_known_under(&run->known, path)) {
        int rc = nd_walk_add_problem(w, path, reason);
        return rc == ND_ENOMEM ? no_memory(run) : rc;
    }
    if (nd_paths_add(&w->covered, path)) return no_memory(run);
    return run->lib->ops->remove(run->lib->store, path, run->diag);
}

/* Walk one path; *n_seen counts those that could be looked at. */
static int walk_path(index_run *run, const char *path, bool is_named, int *n_seen)
{
    nd_walk *w = &run->walk;
    nd_diag why = {0};
    size_t n_covered = w->covered.n;
    int rc = nd_walk_path(w, path, &why);
    if (rc == ND_ENOTFOUND) {
        rc = add_missing(run, path, is_named, why.text);
    } else if (!rc && w->covered.n > n_covered) {
        rc = run->lib->ops->put_root(run->lib->store, path, run->diag);
    } else if (rc == ND_ENOMEM) {
        rc = no_memory(run);
    }
    bool is_blind = false;
    for (size_t i = 0; i < w->blind.n; i++) is_blind |= !strcmp(w->blind.items[i], path);
    *n_seen += !is_blind;
    return rc;
}

static int add_root(void *user, int64_t id, const char *path)
{
    (void)id;
    return nd_paths_add(user, path);
}

static int collect_paths(nd_paths *out, index_run *run, const char *const *paths, int n_paths)
{
    if (n_paths == 0) {
        int rc = run->lib->ops->each_root(run->lib->store, add_root, out, run->diag);
        if (rc) return rc == ND_ENOMEM ? no_memory(run) : rc;
        if (out->n) return 0;
        return nd_diag_set(run->diag, ND_EARG,
                           "indexing: a file or folder expected; none was indexed before");
    }
    for (int i = 0; i < n_paths; i++) {
        char *path = nd_path_absolute(paths[i]);
        int rc = path ? nd_paths_add(out, path) : ND_ENOMEM;
        free(path);
        if (rc) return no_memory(run);
    }
    return 0;
}

static int walk_all(index_run *run, const char *const *paths, int n_paths)
{
    nd_paths wanted = {0};
    nd_walk *w = &run->walk;
    int n_seen = 0;
    w->is_known = is_known;
    w->on_file = on_file;
    w->user = run;
    w->log = &run->log;
    int rc = collect_paths(&wanted, run, paths, n_paths);
    for (size_t i = 0; i < wanted.n && !rc; i++)
        rc = walk_path(run, wanted.items[i], n_paths > 0, &n_seen);
    if (!rc && !n_seen)
        rc = nd_diag_set(run->diag, ND_EIO, "indexing %s: %s", wanted.items[0],
                         w->found[0].problem);
    nd_paths_deinit(&wanted);
    nd_walk_finish(w);
    nd_log_line(&run->log, ND_LOG_DEBUG, "%lld files are not named like music",
                (long long)w->n_ignored);
    return rc;
}

/* A path that was named once, maybe mistyped, and never was anything: no folder that is
 * walked has it, so nothing else would take it off the list of failures. */
static int forget_unfounded(index_run *run)
{
    nd_paths roots = {0};
    struct stat info;
    int rc = run->lib->ops->each_root(run->lib->store, add_root, &roots, run->diag);
    for (size_t i = 0; i < run->known.n && !rc; i++) {
        nd_entry *e = &run->known.items[i];
        bool is_looked_at = e->is_stale || e->is_gone || nd_paths_cover(&run->walk.blind, e->path);
        if (e->id || e->file.hash || is_looked_at || !lstat(e->path, &info)) continue;
        e->is_gone = errno == ENOENT || errno == ENOTDIR;
        for (size_t k = 0; k < roots.n; k++)
            if (!strcmp(roots.items[k], e->path)) e->is_gone = false;
    }
    nd_paths_deinit(&roots);
    return rc == ND_ENOMEM ? no_memory(run) : rc;
}

/* ---- content ----------------------------------------------------------------------- */

/* @return 0; ND_ENOTFOUND: gone; ND_EIO, ND_ENOMEM. */
static int read_state(nd_file_state *out, const char *path, nd_diag *diag)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return ND_ENOTFOUND;
    if (fd < 0) return nd_diag_errno(diag, "opening", path);
    int rc = 0;
    if (fstat(fd, &info)) rc = nd_diag_errno(diag, "reading", path);
    else if (!S_ISREG(info.st_mode))
        rc = nd_diag_set(diag, ND_EIO, "opening %s: a regular file expected", path);
    uint64_t hash = 0;
    if (!rc) rc = nd_file_hash(&hash, fd, diag);
    close(fd);
    if (rc) return rc;
    *out = (nd_file_state){.size_bytes = info.st_size,
                           .mtime_ns = nd_mtime_ns(&info),
                           .hash = hash ? hash : 1}; /* 0 means not known */
    return 0;
}

static int hash_job(void *user, int64_t index)
{
    index_run *run = user;
    nd_task *t = run->queue[index];
    nd_diag ignored; /* what cannot be read now is said when it is analysed */
    read_state(&t->to.file, t->to.path, &ignored);
    pthread_mutex_lock(&run->mutex);
    run->n_done++;
    int rc = update(run, "comparing files", t->to.path);
    pthread_mutex_unlock(&run->mutex);
    return rc;
}

static int run_queue(index_run *run, int (*job)(void *user, int64_t index))
{
    run->n_done = 0;
    return nd_parallel(run->n_queue, run->n_workers, job, run);
}

static int hash_tasks(index_run *run)
{
    bool *wanted = nd_calloc(run->tasks.n, sizeof *wanted);
    int rc = !wanted || nd_tasks_need_hash(wanted, &run->tasks, &run->known) ? no_memory(run) : 0;
    run->n_queue = 0;
    for (size_t i = 0; !rc && i < run->tasks.n; i++)
        if (wanted[i]) run->queue[run->n_queue++] = &run->tasks.items[i];
    free(wanted);
    run->n_total = run->n_queue;
    return rc ? rc : run_queue(run, hash_job);
}

/* ---- without analysis ---------------------------------------------------------------- */

static void count_stored(index_run *run, const nd_task *t)
{
    if (t->known && t->known->id) run->report.n_changed++;
    else run->report.n_added++;
}

/* The same content at the same path, or nothing that can be read. */
static int settle_in_place(index_run *run, nd_task *t)
{
    const nd_store_ops *ops = run->lib->ops;
    nd_entry *e = t->known;
    nd_file_state none = {0};
    if (t->found->problem) {
        t->is_settled = true;
        return ops->put_failure(run->lib->store, t->to.path, &none, t->found->problem, run->diag);
    }
    bool is_same = e && nd_entry_is_current(e) && e->file.hash && e->file.hash == t->to.file.hash &&
                   e->file.size_bytes == t->to.file.size_bytes;
    if (!is_same) return 0;
    t->is_settled = true;
    e->is_stale = false;
    e->file = t->to.file;
    run->tasks.n_unchanged += e->id != 0;
    return e->id ? ops->move_track(run->lib->store, &t->to, run->diag)
                 : ops->touch_failure(run->lib->store, e->path, &e->file, run->diag);
}

static int settle_from_source(index_run *run, nd_task *t)
{
    if (!t->source) return 0;
    t->is_settled = true;
    if (t->is_move) {
        t->to.id = t->source->id;
        run->report.n_moved++;
        return run->lib->ops->move_track(run->lib->store, &t->to, run->diag);
    }
    count_stored(run, t);
    return run->lib->ops->copy_track(run->lib->store, t->source->id, &t->to, run->diag);
}

static int remove_gone(index_run *run)
{
    int rc = 0;
    for (size_t i = 0; i < run->known.n && !rc; i++) {
        const nd_entry *e = &run->known.items[i];
        if (!e->is_gone || e->is_taken) continue;
        rc = run->lib->ops->remove(run->lib->store, e->path, run->diag);
        run->report.n_removed += e->id != 0;
    }
    return rc;
}

static int settle(index_run *run)
{
    nd_tasks *t = &run->tasks;
    int rc = 0;
    for (size_t i = 0; i < t->n && !rc; i++) rc = settle_in_place(run, &t->items[i]);
    if (!rc && nd_tasks_match(t, &run->known)) rc = no_memory(run);
    for (size_t i = 0; i < t->n && !rc; i++) rc = settle_from_source(run, &t->items[i]);
    return rc ? rc : remove_gone(run);
}

/* ---- from what is stored -------------------------------------------------------------- */

/* Rows of a new model for what needs no file, be it there or not. From here on the library is this
 * model's. */
static int embed_stored(index_run *run)
{
    const nd_library *lib = run->lib;
    const nd_stored_model *model = nd_embedder_model(run->analyser->embedder);
    nd_stored_model known = {0};
    int rc = lib->ops->get_model(&known, lib->store, run->diag);
    if (rc && rc != ND_ENOTFOUND) return rc;
    bool is_new = known.fingerprint != model->fingerprint || strcmp(known.name, model->name);
    rc = is_new ? lib->ops->put_model(lib->store, model, run->diag) : 0;
    if (rc) return rc;
    return nd_embed_stored(&run->report.n_reembedded, &run->known, run->analyser->embedder,
                           run->lib, run->n_workers, &run->log, run->params->progress, run->diag);
}

/* ---- analysis ---------------------------------------------------------------------- */

/* What became of one file: gone, or why it failed, or its description and what the model made of
 * it. */
typedef struct {
    nd_description *description;
    nd_track_rows rows;
    nd_diag why; /* code 0: no failure */
    bool is_gone;
    bool is_momentary; /* the failure says nothing of the content: try again */
} outcome;

/* Was the file the same from before its hash to now? */
static void check_still_same(outcome *o, const nd_task *t)
{
    struct stat info;
    if (stat(t->to.path, &info)) {
        o->is_gone = errno == ENOENT || errno == ENOTDIR;
    } else if (info.st_size != t->to.file.size_bytes || nd_mtime_ns(&info) != t->to.file.mtime_ns) {
        nd_diag_set(&o->why, ND_EIO,
                    "reading %s: it changed on the way; the next index tries again", t->to.path);
    }
}

/* Music that can be used for nothing counts as a failure. */
static void check_usable(outcome *o, const nd_task *t)
{
    const nd_description *d = o->description;
    double lufs = nd_description_scalar(d, "integrated_lufs", 0);
    if (nd_clip_count(d->analysed_s) == 0)
        nd_diag_set(&o->why, ND_ESHORT, "%s: too short: %.3g s, more than 2 s expected",
                    nd_path_name(t->to.path), d->analysed_s);
    else if (lufs <= SILENCE_LUFS)
        nd_diag_set(&o->why, ND_EEMPTY, "%s: silent: %.0f LUFS, more than %.0f expected",
                    nd_path_name(t->to.path), lufs, SILENCE_LUFS);
}

/* A track on its way through the model. */
typedef struct {
    index_run *run;
    const char *path;
} embedding;

/* The files that are done tell how far the work is; here it can be stopped. */
static int on_clip(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    (void)what, (void)done, (void)total, (void)item;
    embedding *e = user;
    pthread_mutex_lock(&e->run->mutex);
    int rc = update(e->run, "analysing music", e->path);
    pthread_mutex_unlock(&e->run->mutex);
    return rc;
}

/* @return ND_ECANCELLED; else 0, and what went wrong is the track's failure. */
static int embed(outcome *o, index_run *run, const nd_task *t)
{
    embedding e = {run, t->to.path};
    nd_progress progress = {on_clip, &e};
    if (!run->analyser->embedder || o->why.code || o->is_gone) return 0;
    int rc = nd_embed_track(&o->rows, run->analyser->embedder, o->description, &progress, &o->why);
    if (rc == ND_ECANCELLED) return nd_diag_set(&o->why, rc, "indexing: stopped on request");
    if (!rc && !o->rows.n)
        nd_log_line(&run->log, ND_LOG_DEBUG, "%s: not embedded: the model can make nothing of it",
                    t->to.path);
    return 0;
}

/* @return 0, also where the file fails; else why the whole work must end. */
static int analyse(outcome *o, index_run *run, nd_task *t)
{
    int rc = t->to.file.hash ? 0 : read_state(&t->to.file, t->to.path, &o->why);
    o->is_gone = rc == ND_ENOTFOUND;
    if (!rc)
        rc = run->analyser->analyse(&o->description, run->analyser->user, t->to.path, &run->log,
                                    &o->why);
    if (rc == ND_EARG || rc == ND_EFULL) return rc;
    if (!o->is_gone) check_still_same(o, t);
    if (!o->why.code && !o->is_gone) check_usable(o, t);
    if ((rc = embed(o, run, t))) return rc;
    o->is_momentary = o->why.code == ND_EIO || o->why.code == ND_ENOMEM;
    return 0;
}

static int put_description(index_run *run, const nd_task *t, const nd_description *d)
{
    nd_record r = {
        .track = {.id = t->to.id,
                  .path = t->to.path,
                  .info = d->info,
                  .tempo_bpm = nd_description_scalar(d, "tempo_bpm", 0),
                  .key = nd_description_int(d, "key", -1),
                  .is_minor = nd_description_int(d, "key_is_minor", -1),
                  .loudness_lufs = nd_description_scalar(d, "integrated_lufs", 0)},
        .file = t->to.file,
        .metre = nd_description_int(d, "metre", 0),
        .vocal = -1,
        .is_cut = d->is_cut,
        .analysed_s = d->analysed_s,
        .analysis = ND_ANALYSIS_VERSION,
    };
    const char **tags = nd_tags_of(&d->info);
    if (!tags) return no_memory(run);
    r.track.tags = tags;
    int rc = run->lib->ops->put_track(run->lib->store, &r, d, run->diag);
    free(tags);
    if (!rc && d->is_cut)
        nd_log_line(&run->log, ND_LOG_WARNING, "%s: its first %.0f s are analysed, not the rest",
                    t->to.path, d->analysed_s);
    return rc;
}

/* Store what became of a file. @return 0 or why the work must end. */
static int commit(index_run *run, nd_task *t, const outcome *o)
{
    const nd_store_ops *ops = run->lib->ops;
    bool was_track = t->known && t->known->id;
    int rc;
    if (o->is_gone) {
        run->report.n_removed += was_track;
        return ops->remove(run->lib->store, t->to.path, run->diag);
    }
    if (o->why.code) {
        /* The stop may have reached the worker first and look like its crash. */
        if ((rc = update(run, "analysing music", NULL))) return rc;
        nd_file_state file = t->to.file;
        if (o->is_momentary) file.hash = 0;
        run->report.n_changed += was_track;
        return ops->put_failure(run->lib->store, t->to.path, &file, o->why.text, run->diag);
    }
    rc = put_description(run, t, o->description);
    if (!rc && o->rows.n)
        rc = nd_track_rows_put(&o->rows, run->analyser->embedder, run->lib, t->to.id, run->diag);
    if (rc) return rc;
    if (was_track && t->known->is_foreign)
        run->report.n_reanalysed += t->known->file.hash == t->to.file.hash;
    t->music_s = o->description->analysed_s;
    count_stored(run, t);
    return 0;
}

/* One file, or a copy of one just analysed. *done_id: 0, or the track that has
 * this content now. */
static int index_one(index_run *run, nd_task *t, int64_t *done_id)
{
    outcome o = {0};
    int rc = *done_id ? 0 : analyse(&o, run, t);
    pthread_mutex_lock(&run->mutex);
    if (rc) {
        nd_diag_set(run->diag, rc, "%s", o.why.text);
    } else if (*done_id) {
        rc = run->lib->ops->copy_track(run->lib->store, *done_id, &t->to, run->diag);
        if (!rc) count_stored(run, t);
    } else {
        rc = commit(run, t, &o);
        if (!rc && o.description && !o.why.code && !o.is_gone) *done_id = t->to.id;
    }
    run->n_done++;
    if (!rc) rc = update(run, "analysing music", t->to.path);
    pthread_mutex_unlock(&run->mutex);
    nd_description_destroy(&o.description);
    free(o.rows.data);
    return rc;
}

static int analyse_job(void *user, int64_t index)
{
    index_run *run = user;
    int64_t done_id = 0;
    int rc = 0;
    for (nd_task *t = run->queue[index]; t && !rc; t = t->twin) rc = index_one(run, t, &done_id);
    return rc;
}

static int analyse_tasks(index_run *run)
{
    run->n_queue = run->n_total = 0;
    for (size_t i = 0; i < run->tasks.n; i++) {
        nd_task *t = &run->tasks.items[i];
        if (t->is_settled) continue;
        run->n_total++;
        if (!t->is_twin) run->queue[run->n_queue++] = t;
    }
    return run_queue(run, analyse_job);
}

/* ---- all of it ----------------------------------------------------------------------- */

static int finish_report(index_run *run, double started_s)
{
    nd_index_report *r = &run->report;
    const nd_embedder *e = run->analyser->embedder;
    r->n_unchanged = run->tasks.n_unchanged;
    for (size_t i = 0; i < run->walk.n; i++) r->n_found += !run->walk.found[i].problem;
    for (size_t i = 0; i < run->tasks.n; i++) r->music_s += run->tasks.items[i].music_s;
    r->elapsed_s = nd_now_s() - started_s;
    int rc = run->lib->ops->count(run->lib->store, &r->n_tracks, &r->n_failed, run->diag);
    if (rc || !e) return rc;
    const nd_stored_model *model = nd_embedder_model(e);
    memcpy(r->model, model->name, sizeof r->model);
    return nd_count_embedded(&r->n_embedded, run->lib, model->fingerprint, run->diag);
}

static int index_all(index_run *run, const char *const *paths, int n_paths)
{
    int rc = nd_entries_load(&run->known, run->lib, run->diag);
    if (!rc && run->analyser->embedder) rc = embed_stored(run);
    if (!rc) rc = walk_all(run, paths, n_paths);
    if (!rc && nd_tasks_make(&run->tasks, &run->known, &run->walk)) rc = no_memory(run);
    if (!rc) rc = forget_unfounded(run);
    if (rc) return rc;
    run->queue = nd_calloc(run->tasks.n, sizeof *run->queue);
    if (!run->queue) return no_memory(run);
    rc = hash_tasks(run);
    if (!rc) rc = settle(run);
    return rc ? rc : analyse_tasks(run);
}

static int check_arguments(const nd_library *lib, const char *const *paths, int n_paths,
                           const nd_index_params *params, const nd_index_report *report,
                           nd_diag *diag)
{
    bool is_right = lib && report && n_paths >= 0 && (n_paths == 0 || paths);
    for (int i = 0; is_right && i < n_paths; i++) is_right = paths[i] && *paths[i];
    if (!is_right || (params && params->n_workers < 0))
        return nd_diag_set(diag, ND_EARG,
                           "indexing: an open library, paths and 0 or more workers expected");
    if (lib->mode != ND_OPEN_INDEX)
        return nd_diag_set(diag, ND_EARG, "indexing: a library opened to index expected");
    return 0;
}

int nd__library_index_with(nd_library *lib, const char *const *paths, int n_paths,
                           const nd_index_params *params, const nd_analyser *analyser,
                           nd_index_report *report_out, nd_diag *diag)
{
    static const nd_index_params defaults = {0};
    double started_s = nd_now_s();
    int rc = check_arguments(lib, paths, n_paths, params, report_out, diag);
    if (rc) return rc;
    index_run run = {.lib = lib,
                     .params = params ? params : &defaults,
                     .analyser = analyser,
                     .diag = diag,
                     .log_mutex = PTHREAD_MUTEX_INITIALIZER,
                     .mutex = PTHREAD_MUTEX_INITIALIZER};
    const nd_log *log = run.params->log;
    if (log && log->write) run.log = (nd_log){write_log, &run, log->level};
    run.n_workers = run.params->n_workers ? run.params->n_workers : nd_core_count();
    rc = index_all(&run, paths, n_paths);
    if (!rc) rc = finish_report(&run, started_s);
    if (!rc) *report_out = run.report;
    free(run.queue);
    nd_tasks_deinit(&run.tasks);
    nd_walk_deinit(&run.walk);
    nd_entries_deinit(&run.known);
    return rc;
}
