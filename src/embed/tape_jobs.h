/* Jobs of inference, each on the tape of the thread that takes it. */
#ifndef ND_EMBED_TAPE_JOBS_H
#define ND_EMBED_TAPE_JOBS_H

#include "compute/tape.h"

/** One of the jobs. @return 0, or what stops them all */
typedef int nd_tape_job(void *user, nd_tape *t, int64_t index);

/** Run job(user, t, index) for index 0 .. n - 1 on n_threads threads, each taking the next one.
 *  @param n_threads  0: one a core  @param what  for the progress, static  @param progress  NULL:
 *  none
 *  @return 0; the first failure of a job; ND_ENOMEM, ND_ECANCELLED. */
int nd__tape_jobs(int64_t n, int n_threads, nd_tape_job *job, void *user, const char *what,
                  const nd_progress *progress);

#endif
