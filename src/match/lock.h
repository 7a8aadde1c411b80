/* One indexer at a time: a lock file beside a library. */
#ifndef ND_MATCH_LOCK_H
#define ND_MATCH_LOCK_H

#include "base/base.h"

typedef struct nd_lock {
    int fd;     /* held open: the lock goes with it, also when killed */
    char *path; /* owned; NULL: not held */
} nd_lock;

/** Take the lock of the file `path`, in "path-indexer", which holds the process
 *  number while it is held and is removed after.
 *  @param lock  filled; give back with nd_lock_release
 *  @return 0; ND_EBUSY (the holder's number in diag), ND_EIO, ND_EFULL, ND_ENOMEM.
 *  Does not wait. Holds against processes and against this one alike. */
int nd_lock_take(nd_lock *lock, const char *path, nd_diag *diag);

/** Accepts a zeroed lock. */
void nd_lock_release(nd_lock *lock);

#endif
