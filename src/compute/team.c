/* Threads that sleep between steps, and a barrier that sleeps too: on a shared machine a
 * spinning thread takes the time of the one it waits for. */
#include <pthread.h>
#include <string.h>

#include "compute/gemm.h"
#include "compute/team.h"

typedef struct member {
    nd_team *team;
    int rank;
    pthread_t thread;
} member;

struct nd_team {
    int n, n_started;
    member *members;
    pthread_mutex_t lock;
    pthread_cond_t start, met, done;
    uint64_t round;           /* grows by one with every nd_team_run */
    uint64_t meeting;         /* and with every barrier */
    int n_waiting, n_working; /* at the barrier; in nd_team_run */
    bool stop, is_broken;
    void (*work)(void *user, int rank);
    void *user;
    double *sums; /* [n][ND_TEAM_SUM] */
};

static void *member_main(void *arg)
{
    const member *self = arg;
    nd_team *t = self->team;
    nd_gemm_threads(1);
    for (uint64_t round = 1;; round++) {
        pthread_mutex_lock(&t->lock);
        while (t->round < round && !t->stop) pthread_cond_wait(&t->start, &t->lock);
        bool stop = t->stop;
        pthread_mutex_unlock(&t->lock);
        if (stop) return NULL;
        t->work(t->user, self->rank);
        pthread_mutex_lock(&t->lock);
        if (--t->n_working == 0) pthread_cond_signal(&t->done);
        pthread_mutex_unlock(&t->lock);
    }
}

int nd_team_create(nd_team **out, int n)
{
    ND_ASSERT(n >= 1 && n <= ND_TEAM_MAX);
    nd_team *t = nd_calloc(1, sizeof *t);
    if (!t) return ND_ENOMEM;
    t->n = n;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->start, NULL);
    pthread_cond_init(&t->met, NULL);
    pthread_cond_init(&t->done, NULL);
    t->members = nd_calloc((size_t)n, sizeof *t->members);
    t->sums = nd_calloc((size_t)n, ND_TEAM_SUM * sizeof *t->sums);
    if (!t->members || !t->sums) goto fail;
    for (int i = 1; i < n; i++, t->n_started++) {
        t->members[i] = (member){.team = t, .rank = i};
        if (pthread_create(&t->members[i].thread, NULL, member_main, &t->members[i])) goto fail;
    }
    *out = t;
    return 0;
fail:
    nd_team_destroy(&t);
    return ND_ENOMEM;
}

void nd_team_destroy(nd_team **team)
{
    nd_team *t = team ? *team : NULL;
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->start);
    pthread_mutex_unlock(&t->lock);
    for (int i = 1; i <= t->n_started; i++) pthread_join(t->members[i].thread, NULL);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->met);
    pthread_cond_destroy(&t->start);
    pthread_mutex_destroy(&t->lock);
    free(t->members);
    free(t->sums);
    free(t);
    *team = NULL;
}

int nd_team_size(const nd_team *team)
{
    return team->n;
}

void nd_team_run(nd_team *t, void (*work)(void *user, int rank), void *user)
{
    pthread_mutex_lock(&t->lock);
    t->work = work;
    t->user = user;
    t->n_working = t->n - 1;
    t->n_waiting = 0;
    t->is_broken = false;
    t->round++;
    pthread_cond_broadcast(&t->start);
    pthread_mutex_unlock(&t->lock);
    int before = nd_gemm_threads(1);
    work(user, 0);
    nd_gemm_threads(before);
    pthread_mutex_lock(&t->lock);
    while (t->n_working) pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

int nd_team_barrier(nd_team *t)
{
    pthread_mutex_lock(&t->lock);
    uint64_t meeting = t->meeting;
    if (!t->is_broken && ++t->n_waiting == t->n) {
        t->n_waiting = 0;
        t->meeting++;
        pthread_cond_broadcast(&t->met);
    }
    while (!t->is_broken && t->meeting == meeting) pthread_cond_wait(&t->met, &t->lock);
    int rc = t->is_broken ? ND_ECANCELLED : 0;
    pthread_mutex_unlock(&t->lock);
    return rc;
}

void nd_team_break(nd_team *t)
{
    pthread_mutex_lock(&t->lock);
    t->is_broken = true;
    pthread_cond_broadcast(&t->met);
    pthread_mutex_unlock(&t->lock);
}

int nd_team_sum(nd_team *t, int rank, double *mine, int n)
{
    ND_ASSERT(n <= ND_TEAM_SUM);
    memcpy(t->sums + (size_t)rank * ND_TEAM_SUM, mine, (size_t)n * sizeof *mine);
    if (nd_team_barrier(t)) return ND_ECANCELLED;
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int r = 0; r < t->n; r++) sum += t->sums[(size_t)r * ND_TEAM_SUM + (size_t)i];
        mine[i] = sum;
    }
    return nd_team_barrier(t); /* before anybody writes the next one */
}
