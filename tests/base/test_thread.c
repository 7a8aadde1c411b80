/* The parallel loop, the clock, the two callbacks. */
#include <stdatomic.h>

#include "../test.h"

enum { N_JOBS = 1000 };

typedef struct {
    atomic_int count[N_JOBS];
    atomic_int started;
    int64_t fails_at; /* this job and those after it fail */
} jobs;

static int run_job(void *user, int64_t index)
{
    jobs *j = user;
    atomic_fetch_add(&j->count[index], 1);
    atomic_fetch_add(&j->started, 1);
    return index >= j->fails_at ? ND_ESHORT : 0;
}

static void test_parallel(void)
{
    static const int n_threads[] = {-1, 0, 1, 2, 7, 100000};
    for (size_t i = 0; i < ND_COUNT(n_threads); i++) {
        static jobs j;
        char name[64];
        memset(&j, 0, sizeof j);
        j.fails_at = N_JOBS;
        int rc = nd_parallel(N_JOBS, n_threads[i], run_job, &j), n_once = 0;
        for (int k = 0; k < N_JOBS; k++) n_once += atomic_load(&j.count[k]) == 1;
        snprintf(name, sizeof name, "each index once on %d threads", n_threads[i]);
        CHECK(name, rc == 0 && n_once == N_JOBS, "code %d, %d once", rc, n_once);

        memset(&j, 0, sizeof j);
        j.fails_at = 10;
        rc = nd_parallel(N_JOBS, n_threads[i], run_job, &j);
        int started = atomic_load(&j.started);
        snprintf(name, sizeof name, "an error stops %d threads", n_threads[i]);
        CHECK(name, rc == ND_ESHORT && started >= 11 && started < 11 + 256, "code %d, %d started",
              rc, started);
    }
    jobs none = {.fails_at = 0};
    CHECK("no jobs", nd_parallel(0, 4, run_job, &none) == 0 && none.started == 0, " ");
    CHECK("a negative number of jobs", nd_parallel(-5, 4, run_job, &none) == 0 && none.started == 0,
          " ");
}

static void test_clock(void)
{
    double a = nd_now_s();
    usleep(20000);
    double b = nd_now_s();
    CHECK("the clock runs", b - a >= 0.02 && b - a < 10, "%g s", b - a);
    CHECK("cores", nd_core_count() >= 1, "%d", nd_core_count());
}

static int stop_at_three(void *user, const char *what, int64_t done, int64_t total,
                         const char *item)
{
    *(int64_t *)user = done;
    return done >= 3 && total == 5 && !strcmp(what, "testing") && !item;
}

static void keep_line(void *user, nd_log_level level, const char *text)
{
    snprintf(user, 100, "%d %s", (int)level, text);
}

static void test_callbacks(void)
{
    int64_t seen = -1;
    nd_progress progress = {stop_at_three, &seen}, empty = {0};
    CHECK("no progress", nd_progress_update(NULL, "testing", 1, 5, NULL) == 0, " ");
    CHECK("progress without a function", nd_progress_update(&empty, "testing", 1, 5, NULL) == 0,
          " ");
    CHECK("progress goes on",
          nd_progress_update(&progress, "testing", 2, 5, NULL) == 0 && seen == 2, " ");
    CHECK("progress stops", nd_progress_update(&progress, "testing", 3, 5, NULL) == ND_ECANCELLED,
          " ");

    char line[100] = "";
    nd_log log = {keep_line, line, ND_LOG_WARNING};
    nd_log_line(NULL, ND_LOG_ERROR, "x");
    nd_log_line(&log, ND_LOG_INFO, "too much");
    CHECK("a level above is not written", line[0] == '\0', "%s", line);
    nd_log_line(&log, ND_LOG_WARNING, "a\nb %d", 7);
    CHECK("a line", !strcmp(line, "1 a\\nb 7"), "%s", line);
}

int main(void)
{
    test_parallel();
    test_clock();
    test_callbacks();
    TEST_END();
}
