/* Cores, a clock, a parallel loop, and the two callbacks. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

int nd_core_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set)) return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

double nd_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
    int64_t n_jobs;
    int (*job)(void *user, int64_t index);
    void *user;
    _Atomic int64_t next;
    _Atomic int result; /* the first nonzero one */
} parallel_work;

static void *parallel_thread(void *arg)
{
    parallel_work *w = arg;
    for (;;) {
        int64_t index = atomic_fetch_add(&w->next, 1);
        if (index >= w->n_jobs || atomic_load(&w->result)) return NULL;
        int rc = w->job(w->user, index), none = 0;
        if (rc) atomic_compare_exchange_strong(&w->result, &none, rc);
    }
}

int nd_parallel(int64_t n_jobs, int n_threads, int (*job)(void *user, int64_t index), void *user)
{
    enum { MAX_THREADS = 256 };
    parallel_work work = {.n_jobs = n_jobs, .job = job, .user = user};
    pthread_t threads[MAX_THREADS];
    int wanted = (int)ND_MIN((int64_t)ND_MIN(n_threads, MAX_THREADS), n_jobs);
    int started = 0;
    while (started < wanted - 1 && !pthread_create(&threads[started], NULL, parallel_thread, &work))
        started++;
    parallel_thread(&work);
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
    return atomic_load(&work.result);
}

int nd_progress_update(const nd_progress *p, const char *what, int64_t done, int64_t total,
                       const char *item)
{
    if (!p || !p->update) return 0;
    return p->update(p->user, what, done, total, item) ? ND_ECANCELLED : 0;
}

void nd_log_line(const nd_log *log, nd_log_level level, const char *format, ...)
{
    if (!log || !log->write || level > log->level) return;
    char raw[1024], line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    log->write(log->user, level, nd_text_print(line, sizeof line, raw, strlen(raw)));
}
