/* A team that goes through a list of jobs. */
#include <stdatomic.h>

#include "embed/tape_jobs.h"

typedef struct {
    int64_t n;
    nd_tape_job *job;
    void *user;
    const char *what;
    const nd_progress *progress;
    _Atomic int64_t next, done;
    _Atomic int rc; /* the first failure */
} run;

/* A member takes the next job until there is none; the first of them tells how far all are. */
static void run_member(void *user, int rank)
{
    run *r = user;
    nd_tape *t = NULL;
    int rc = nd_tape_create(&t, NULL, 0, 0), none = 0;
    while (!rc && !atomic_load(&r->rc)) {
        int64_t index = atomic_fetch_add(&r->next, 1);
        if (index >= r->n) break;
        rc = r->job(r->user, t, index);
        int64_t done = atomic_fetch_add(&r->done, 1) + 1;
        if (!rc && rank == 0) rc = nd_progress_update(r->progress, r->what, done, r->n, NULL);
    }
    if (rc) atomic_compare_exchange_strong(&r->rc, &none, rc);
    nd_tape_destroy(&t);
}

int nd__tape_jobs(int64_t n, int n_threads, nd_tape_job *job, void *user, const char *what,
                  const nd_progress *progress)
{
    nd_team *team = NULL;
    int64_t members = ND_CLAMP(n_threads ? n_threads : nd_core_count(), 1, ND_TEAM_MAX);
    run r = {.n = n, .job = job, .user = user, .what = what, .progress = progress};
    if (n == 0) return 0;
    int rc = nd_team_create(&team, (int)ND_MIN(members, n));
    if (!rc) {
        nd_team_run(team, run_member, &r);
        rc = atomic_load(&r.rc);
    }
    nd_team_destroy(&team);
    return rc;
}
