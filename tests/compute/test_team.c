/* A team: everybody runs, waits, and gets the same sums; nobody waits for one who gave up. */
#include <stdatomic.h>

#include "../test.h"
#include "compute/gemm.h"
#include "compute/team.h"

enum { MOST = 5, ROUNDS = 200 };

typedef struct {
    nd_team *team;
    int n, round;
    int seen[MOST]; /* by each rank */
    int n_early;    /* looked at before all had written */
    double sums[MOST][3];
    _Atomic int n_barriers_failed;
} job;

static void count(void *user, int rank)
{
    job *j = user;
    j->seen[rank]++;
}

static void test_run(job *j)
{
    memset(j->seen, 0, sizeof j->seen);
    for (int i = 0; i < ROUNDS; i++) nd_team_run(j->team, count, j);
    int n_wrong = 0;
    for (int i = 0; i < j->n; i++) n_wrong += j->seen[i] != ROUNDS;
    CHECK("every rank runs each time", n_wrong == 0, "team of %d: %d ranks did not", j->n, n_wrong);
}

/* Each writes its round and after the barrier reads that of its neighbour. */
static void step_together(void *user, int rank)
{
    job *j = user;
    for (int i = 1; i <= ROUNDS; i++) {
        j->seen[rank] = i;
        if (nd_team_barrier(j->team)) j->n_barriers_failed++;
        int early = j->seen[(rank + 1) % j->n] != i;
        if (nd_team_barrier(j->team)) j->n_barriers_failed++;
        if (rank == 0) j->n_early += early;
    }
}

static void test_barrier(job *j)
{
    j->n_early = 0;
    nd_team_run(j->team, step_together, j);
    CHECK("a barrier keeps all together", j->n_early == 0 && !j->n_barriers_failed,
          "team of %d: %d of %d early, %d failed", j->n, j->n_early, ROUNDS, j->n_barriers_failed);
}

/* 1 + 1e16 - 1e16 in order of rank: other orders give another sum. */
static void add_up(void *user, int rank)
{
    static const double difficult[MOST] = {1, 1e16, -1e16, 3, 1e-3};
    job *j = user;
    for (int i = 0; i < ROUNDS; i++) {
        double mine[3] = {rank, difficult[rank], i};
        nd_team_sum(j->team, rank, mine, 3);
        memcpy(j->sums[rank], mine, sizeof mine);
    }
}

static void test_sum(job *j)
{
    static const double expected[MOST] = {1, 1e16, 0, 3, 3.001};
    nd_team_run(j->team, add_up, j);
    int n_differ = 0;
    for (int i = 1; i < j->n; i++)
        n_differ += memcmp(j->sums[i], j->sums[0], sizeof j->sums[0]) != 0;
    CHECK("all get the same bytes", n_differ == 0, "team of %d: %d differ", j->n, n_differ);
    CHECK("the sum of ranks", j->sums[0][0] == j->n * (j->n - 1) / 2, "%g", j->sums[0][0]);
    CHECK("added in order of rank", j->sums[0][1] == expected[j->n - 1], "team of %d: %.17g", j->n,
          j->sums[0][1]);
    CHECK("the last round's", j->sums[0][2] == j->n * (ROUNDS - 1), "%g", j->sums[0][2]);
}

static void sum_most(void *user, int rank)
{
    static double block[MOST][ND_TEAM_SUM];
    job *j = user;
    for (int i = 0; i < ND_TEAM_SUM; i++) block[rank][i] = i;
    nd_team_sum(j->team, rank, block[rank], ND_TEAM_SUM);
    j->sums[rank][0] = block[rank][ND_TEAM_SUM - 1];
}

static void test_largest_sum(job *j)
{
    nd_team_run(j->team, sum_most, j);
    CHECK("as many as there may be", j->sums[0][0] == j->n * (ND_TEAM_SUM - 1.0), "%g",
          j->sums[0][0]);
}

/* The last rank gives up after some steps; all others are told, at one barrier or another. */
static void give_up(void *user, int rank)
{
    job *j = user;
    for (int i = 0; i < ROUNDS; i++) {
        if (rank == j->n - 1 && i == j->round) {
            nd_team_break(j->team);
            return;
        }
        double mine = 1;
        int rc = i % 2 ? nd_team_barrier(j->team) : nd_team_sum(j->team, rank, &mine, 1);
        if (rc == ND_ECANCELLED) {
            j->seen[rank] = 1;
            return;
        }
    }
}

static void test_break(job *j)
{
    int n_told = 0;
    for (j->round = 0; j->round < 20; j->round++) {
        memset(j->seen, 0, sizeof j->seen);
        nd_team_run(j->team, give_up, j);
        for (int i = 0; i < j->n; i++) n_told += j->seen[i];
    }
    CHECK("all are told of a break", n_told == 20 * (j->n - 1), "team of %d: %d", j->n, n_told);
    test_barrier(j); /* the next run is whole again */
}

/* The product [1, 2] . [3, 4] by every member; and the caller's threads are what they were. */
static void multiply(void *user, int rank)
{
    job *j = user;
    const float a[] = {1, 2}, b[] = {3, 4};
    float c = 0;
    nd_gemm('N', 'T', 1, 1, 2, 1, a, 2, b, 2, 0, &c, 1);
    int threads = nd_gemm_threads(1);
    j->seen[rank] = (int)c == 11 && threads == 1;
}

static void test_products(job *j)
{
    int before = nd_gemm_threads(2);
    nd_team_run(j->team, multiply, j);
    int after = nd_gemm_threads(before), n_right = 0;
    for (int i = 0; i < j->n; i++) n_right += j->seen[i];
    CHECK("products on one thread each", n_right == j->n, "%d of %d", n_right, j->n);
    CHECK("the caller's setting comes back", after == 2, "%d", after);
}

int main(void)
{
    nd_team_destroy(NULL);
    for (int n = 1; n <= MOST; n++) {
        job j = {.n = n};
        int rc = nd_team_create(&j.team, n);
        CHECK("create", !rc && nd_team_size(j.team) == n, "error %d", rc);
        if (rc) continue;
        test_run(&j);
        test_barrier(&j);
        test_sum(&j);
        test_largest_sum(&j);
        test_break(&j);
        test_products(&j);
        nd_team_destroy(&j.team);
        CHECK("destroy", !j.team, "%p", (void *)j.team);
    }
    TEST_END();
}
