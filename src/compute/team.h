/* A team: threads that go through one step together, each with its share of the batch. */
#ifndef ND_COMPUTE_TEAM_H
#define ND_COMPUTE_TEAM_H

#include "base/base.h"

typedef struct nd_team nd_team;

enum { ND_TEAM_MAX = 256 };

/** @param n  members, 1 .. ND_TEAM_MAX: the calling thread and n - 1 threads that sleep until
 *     nd_team_run
 *  @return 0; ND_ENOMEM (a thread could not be started; *out untouched). */
int nd_team_create(nd_team **out, int n);
void nd_team_destroy(nd_team **team);
int nd_team_size(const nd_team *team);

/** Call work(user, rank) for ranks 0 .. n - 1 at the same time, rank 0 on the calling thread;
 *  returns when all have. The matrix products of each stay on its own thread.
 *  Threads: one call at a time a team. Cost: two futex calls a member. */
void nd_team_run(nd_team *team, void (*work)(void *user, int rank), void *user);

/** Wait, asleep, until every member is here. Only inside nd_team_run, by all members or none.
 *  @return 0; ND_ECANCELLED: a member has broken the team, and nobody waits any more in this run.
 *  */
int nd_team_barrier(nd_team *team);

/** Say that this member cannot go on (no memory), so that no other waits for it. Until the end of
 *  the run every barrier returns at once. */
void nd_team_break(nd_team *team);

/** Every member brings mine[0 .. n) and gets the sum over members, added in order of rank: the
 *  same bytes for all. @param n  at most ND_TEAM_SUM
 *  @return as nd_team_barrier; mine may then hold anything. */
enum { ND_TEAM_SUM = 8192 };
int nd_team_sum(nd_team *team, int rank, double *mine, int n);

#endif
