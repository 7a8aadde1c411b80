/* flock(2) on a file of its own, never on the library: closing any descriptor of
 * a SQLite file would drop SQLite's own (POSIX) locks of this process. The file
 * goes away at release, so who takes the lock looks whether it still has the file
 * of that name. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "match/lock.h"

static int say_busy(int fd, const char *path, nd_diag *diag)
{
    char pid[24] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
    return nd_diag_set(diag, ND_EBUSY, "opening library %s: another process%s%s is indexing it",
                       path, *pid ? ", number " : "", pid);
}

/* @return 1 when the descriptor's file is no longer the one of that name. */
static int try_lock(int fd, const char *name, const char *path, nd_diag *diag)
{
    struct stat mine, named;
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK) return say_busy(fd, path, diag);
        return nd_diag_errno(diag, "locking", name);
    }
    if (fstat(fd, &mine)) return nd_diag_errno(diag, "locking", name);
    if (stat(name, &named) || named.st_ino != mine.st_ino || named.st_dev != mine.st_dev) return 1;
    char pid[24];
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)n, 0) != n)
        return nd_diag_errno(diag, "writing", name);
    return 0;
}

int nd_lock_take(nd_lock *lock, const char *path, nd_diag *diag)
{
    nd_str s = {0};
    nd_str_append(&s, "%s-indexer", path);
    char *name = nd_str_take(&s);
    if (!name) return nd_diag_set(diag, ND_ENOMEM, "locking %s: out of memory", path);
    int fd, rc;
    do {
        fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        rc = fd < 0 ? nd_diag_errno(diag, "creating", name) : try_lock(fd, name, path, diag);
        if (rc && fd >= 0) close(fd);
    } while (rc > 0);
    if (rc) {
        free(name);
        return rc;
    }
    *lock = (nd_lock){.fd = fd, .path = name};
    return 0;
}

void nd_lock_release(nd_lock *lock)
{
    if (!lock->path) return;
    unlink(lock->path);
    close(lock->fd);
    free(lock->path);
    *lock = (nd_lock){0};
}
