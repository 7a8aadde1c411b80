/* Making what a table lacks: the steps that stand ready, some at a time, each on a thread of its
 * own. Products are made by one thread each, so they are the same at any number. */
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "learn/tables.h"

enum { MAX_JOBS = 256 };

/* Of all threads; the lock is held wherever it is read or written. */
typedef struct {
    nd__tables *t;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    double *shares; /* [n_steps] of each step's work that is done */
    double each_s;  /* what stands in for a step that was never timed */
    nd_str failures;
    int rc; /* the first that ends all of them */
    nd_diag diag;
} crew;

/* One thread's step. */
typedef struct {
    crew *c;
    int step;
} job;

/* ---- progress and log ---------------------------------------------------------------- */

/* Seconds that a step takes in all. */
static double size_of(const crew *c, int i)
{
    double s = c->t->steps[i].each_s;
    return isnan(s) ? c->each_s : s;
}

static bool is_wanted(const nd__tables_step *s)
{
    return s->state != ND__STEP_THERE && s->state != ND__STEP_IDLE;
}

/* Milliseconds of work, as it was timed before: what a bar needs to tell the time that is left. */
static int tell(crew *c, const char *item)
{
    double done_s = 0, all_s = 0;
    for (int i = 0; i < c->t->n_steps; i++) {
        if (!is_wanted(&c->t->steps[i])) continue;
        all_s += size_of(c, i);
        done_s += size_of(c, i) * c->shares[i];
    }
    return nd_progress_update(c->t->p.progress, "making the table", (int64_t)(1e3 * done_s),
                              (int64_t)(1e3 * all_s), item);
}

static int job_progress(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    job *j = user;
    crew *c = j->c;
    char text[256];
    snprintf(text, sizeof text, "%s: %s", c->t->steps[j->step].path, item ? item : what);
    pthread_mutex_lock(&c->lock);
    bool is_work = c->t->steps[j->step].work == ND__STEP_PRETRAIN || !strcmp(what, "training");
    if (total > 0 && is_work) c->shares[j->step] = ND_CLAMP((double)done / (double)total, 0.0, 1.0);
    int rc = c->rc ? c->rc : tell(c, text);
    pthread_mutex_unlock(&c->lock);
    return rc;
}

static void job_log(void *user, nd_log_level level, const char *text)
{
    job *j = user;
    pthread_mutex_lock(&j->c->lock);
    nd_log_line(j->c->t->p.log, level, "%s: %s", j->c->t->steps[j->step].path, text);
    pthread_mutex_unlock(&j->c->lock);
}

/* ---- one step ------------------------------------------------------------------------ */

/* "KIND SECONDS PRODUCT", one write, since others may add lines too. */
static int write_time(const nd__tables *t, const nd__tables_step *s, double seconds, nd_diag *diag)
{
    char line[256];
    char *path = nd__tables_path(t, "steps.log");
    int n = snprintf(line, sizeof line, "%s %.0f %s\n", s->kind, ceil(seconds), s->path);
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    int rc = fd >= 0 && write(fd, line, (size_t)n) == n
                 ? 0
                 : nd_diag_errno(diag, "writing", path ? path : "steps.log");
    if (fd >= 0) close(fd);
    free(path);
    return rc;
}

/* Wait for the product's lock, which whoever makes it holds: we, another run, make ladder. */
static int take_lock(int fd, job *j)
{
    static const struct timespec pause = {.tv_nsec = 200000000};
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (job_progress(j, "waiting for another process", 0, 0, NULL)) return ND_ECANCELLED;
        nanosleep(&pause, NULL);
    }
    return 0;
}

static int make_timed(job *j, nd__tables_step *s, nd_diag *diag)
{
    const nd__tables *t = j->c->t;
    nd_log log = {.write = job_log, .user = j, .level = t->p.log ? t->p.log->level : ND_LOG_ERROR};
    nd_progress progress = {.update = job_progress, .user = j};
    double start_s = nd_now_s();
    if (nd__tables_has(t, s->path)) return 0; /* made while we waited */
    int rc = nd__tables_step_make(t, s, &log, &progress, diag);
    if (rc) return rc;
    rc = write_time(t, s, nd_now_s() - start_s, diag);
    nd_log_line(&log, ND_LOG_INFO, "made in %.0f s", nd_now_s() - start_s);
    return rc;
}

static int make_locked(job *j, nd__tables_step *s, nd_diag *diag)
{
    nd_str name = {0};
    char *path = nd__tables_path(j->c->t, s->path);
    if (path) nd_str_append(&name, "%s.lock", path);
    int rc = name.text ? nd__tables_make_folders(name.text, diag)
                       : nd_diag_set(diag, ND_ENOMEM, "making %s: out of memory", s->path);
    int fd = rc ? -1 : open(name.text, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (!rc && fd < 0) rc = nd_diag_errno(diag, "creating", name.text);
    if (!rc) rc = take_lock(fd, j);
    bool is_ours = !rc;
    if (!rc) rc = make_timed(j, s, diag);
    if (is_ours) unlink(name.text);
    if (fd >= 0) close(fd);
    nd_str_deinit(&name);
    free(path);
    return rc;
}

/* ---- the crew ------------------------------------------------------------------------ */

static bool is_open(const nd__tables_step *s)
{
    return s->state == ND__STEP_WAITING || s->state == ND__STEP_RUNNING;
}

/* Steps whose needs failed fail too. @return whether one did */
static bool pass_failures_on(nd__tables *t)
{
    bool did = false;
    for (int i = 0; i < t->n_steps; i++) {
        nd__tables_step *s = &t->steps[i];
        for (int k = 0; k < s->n_needs && s->state == ND__STEP_WAITING; k++)
            if (t->steps[s->needs[k]].state == ND__STEP_FAILED) {
                s->state = ND__STEP_FAILED;
                did = true;
            }
    }
    return did;
}

static bool is_ready(const nd__tables *t, const nd__tables_step *s)
{
    bool ready = s->state == ND__STEP_WAITING && (s->after < 0 || !is_open(&t->steps[s->after]));
    for (int k = 0; k < s->n_needs; k++) ready &= !is_open(&t->steps[s->needs[k]]);
    return ready;
}

/* The next step, waited for where all that are left need what is being made. @return -1: no more */
static int next_step(crew *c)
{
    for (;;) {
        bool any = false;
        for (int i = 0; i < c->t->n_steps && !c->rc; i++) {
            if (is_ready(c->t, &c->t->steps[i])) return i;
            any |= is_open(&c->t->steps[i]);
        }
        if (!any) return -1;
        pthread_cond_wait(&c->changed, &c->lock);
    }
}

static void end_step(crew *c, int step, int rc, const nd_diag *diag)
{
    nd__tables_step *s = &c->t->steps[step];
    s->state = rc ? ND__STEP_FAILED : ND__STEP_DONE;
    c->shares[step] = 1;
    if ((rc == ND_ECANCELLED || rc == ND_ENOMEM) && !c->rc) {
        c->rc = rc;
        c->diag = *diag;
    } else if (rc && rc != ND_ECANCELLED) {
        nd_str_append(&c->failures, "%s: %s\n", s->path, diag->text);
        nd_log_line(c->t->p.log, ND_LOG_ERROR, "%s: %s", s->path, diag->text);
    }
    while (pass_failures_on(c->t)) {
    }
    if (!c->rc) c->rc = tell(c, s->path);
    pthread_cond_broadcast(&c->changed);
}

static void *work(void *user)
{
    crew *c = user;
    pthread_mutex_lock(&c->lock);
    for (int step; (step = next_step(c)) >= 0;) {
        job j = {.c = c, .step = step};
        nd_diag diag = {0};
        c->t->steps[step].state = ND__STEP_RUNNING;
        pthread_mutex_unlock(&c->lock);
        int rc = make_locked(&j, &c->t->steps[step], &diag);
        pthread_mutex_lock(&c->lock);
        end_step(c, step, rc, &diag);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static void run_crew(crew *c)
{
    pthread_t threads[MAX_JOBS];
    int n = 0, wanted = ND_MIN(c->t->p.n_jobs, MAX_JOBS) - 1;
    while (n < wanted && !pthread_create(&threads[n], NULL, work, c)) n++;
    work(c);
    while (n > 0) pthread_join(threads[--n], NULL);
}

/* A step of which none like it was timed counts as the mean of the others, or as a minute. */
static double middle_step(const nd__tables *t)
{
    double sum_s = 0;
    int n = 0;
    for (int i = 0; i < t->n_steps; i++) {
        if (isnan(t->steps[i].each_s)) continue;
        sum_s += t->steps[i].each_s;
        n++;
    }
    return n ? sum_s / n : 60;
}

static int make_all(nd__tables *t, char **failures_out, nd_diag *diag)
{
    crew c = {.t = t, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    c.shares = nd_calloc((size_t)t->n_steps, sizeof *c.shares);
    c.each_s = middle_step(t);
    if (!c.shares) return nd_diag_set(diag, ND_ENOMEM, "making the table: out of memory");
    run_crew(&c);
    pthread_cond_destroy(&c.changed);
    pthread_mutex_destroy(&c.lock);
    free(c.shares);
    if (!c.rc && c.failures.failed)
        c.rc = nd_diag_set(&c.diag, ND_ENOMEM, "making the table: out of memory");
    if (c.rc && !c.diag.code) nd_diag_set(&c.diag, c.rc, "making the table: stopped on request");
    if (!c.rc) *failures_out = c.failures.n ? nd_str_take(&c.failures) : NULL;
    else if (diag) *diag = c.diag;
    nd_str_deinit(&c.failures);
    return c.rc;
}

int nd_tables_make(const char *dir, const nd_tables_params *params, char **failures_out,
                   nd_diag *diag)
{
    nd__tables t = {0};
    int rc = nd__tables_open(&t, dir, params, diag);
    if (!rc) rc = make_all(&t, failures_out, diag);
    nd__tables_close(&t);
    return rc;
}
