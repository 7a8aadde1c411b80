/* Whole files in, whole files out. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/base.h"

int nd_diag_errno(nd_diag *diag, const char *doing, const char *path)
{
    int error = errno;
    int code = error == ENOSPC || error == EDQUOT ? ND_EFULL : ND_EIO;
    return nd_diag_set(diag, code, "%s %s: %s", doing, path, strerror(error));
}

/* Read fd to its end into out; reads that a signal cut short go on. */
static int read_all(nd_bytes *out, int fd, const char *path, size_t max_bytes, nd_diag *diag)
{
    uint8_t block[65536];
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return nd_diag_errno(diag, "reading", path);
        if (n == 0) return 0;
        if (out->n + (size_t)n > max_bytes)
            return nd_diag_set(diag, ND_ELIMIT, "reading %s: at most %zu bytes expected", path,
                               max_bytes);
        if (nd_bytes_append(out, block, (size_t)n))
            return nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", path);
    }
}

int nd_file_read(nd_bytes *out, const char *path, size_t max_bytes, nd_diag *diag)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return nd_diag_errno(diag, "opening", path);
    nd_bytes bytes = {0};
    int rc = read_all(&bytes, fd, path, max_bytes, diag);
    close(fd);
    if (rc) nd_bytes_deinit(&bytes);
    else *out = bytes;
    return rc;
}

static bool write_all(int fd, const uint8_t *data, size_t n)
{
    while (n) {
        ssize_t written = write(fd, data, n);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        data += written;
        n -= (size_t)written;
    }
    return true;
}

/* A device or a pipe has no old content to keep, and must not be renamed over. */
static int write_directly(const char *path, const void *data, size_t n, nd_diag *diag)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return nd_diag_errno(diag, "writing", path);
    int rc = write_all(fd, data, n) ? 0 : nd_diag_errno(diag, "writing", path);
    if (close(fd) && !rc) rc = nd_diag_errno(diag, "writing", path);
    return rc;
}

static int write_and_rename(const char *path, const void *data, size_t n, nd_diag *diag)
{
    nd_str name = {0};
    nd_str_append(&name, "%s.XXXXXX", path);
    char *temporary = nd_str_take(&name);
    if (!temporary) return nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", path);
    int rc = 0;
    int fd = mkstemp(temporary);
    if (fd < 0) {
        rc = nd_diag_errno(diag, "writing", path);
        free(temporary);
        return rc;
    }
    if (!write_all(fd, data, n) || fchmod(fd, 0644) || fsync(fd))
        rc = nd_diag_errno(diag, "writing", path);
    if (close(fd) && !rc) rc = nd_diag_errno(diag, "writing", path);
    if (!rc && rename(temporary, path)) rc = nd_diag_errno(diag, "renaming the new file to", path);
    if (rc) unlink(temporary);
    free(temporary);
    return rc;
}

int nd_file_write(const char *path, const void *data, size_t n, nd_diag *diag)
{
    struct stat info;
    if (stat(path, &info)) return write_and_rename(path, data, n, diag);
    if (!S_ISREG(info.st_mode)) return write_directly(path, data, n, diag);
    char *target = realpath(path, NULL); /* of a link */
    if (!target) return nd_diag_errno(diag, "writing", path);
    int rc = write_and_rename(target, data, n, diag);
    free(target);
    return rc;
}

int nd_file_hash(uint64_t *out, int fd, nd_diag *diag)
{
    XXH3_state_t *state = XXH3_createState();
    if (!state || XXH3_64bits_reset(state) == XXH_ERROR) {
        XXH3_freeState(state);
        return nd_diag_set(diag, ND_ENOMEM, "hashing: out of memory");
    }
    uint8_t block[65536];
    off_t at = 0;
    ssize_t n;
    while ((n = pread(fd, block, sizeof block, at)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        XXH3_64bits_update(state, block, (size_t)n);
        at += n;
    }
    if (n == 0) *out = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return n ? nd_diag_errno(diag, "hashing", "the file") : 0;
}
