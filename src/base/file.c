/* Whole files in, whole files out; files piece by piece, files mapped. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
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

/* The name of a file not yet whole: of path, this and six letters. */
static const char NEW[] = ".new-";

struct nd_file_writer {
    char *path, *temporary; /* NULL: path is a device or a pipe and written to directly */
    bool has_temporary;     /* it was made and not yet renamed */
    int fd;
};

/* What is written: path itself, or what it is a link to. A device or a pipe has no old
 * content to keep, and must not be renamed over. */
static int find_target(nd_file_writer *w, const char *path, nd_diag *diag)
{
    struct stat info;
    bool is_there = stat(path, &info) == 0, is_regular = is_there && S_ISREG(info.st_mode);
    w->path = is_regular ? realpath(path, NULL) : strdup(path);
    if (!w->path && errno != ENOMEM) return nd_diag_errno(diag, "writing", path);
    if (w->path && is_there && !is_regular) return 0;
    nd_str name = {0};
    if (w->path) nd_str_append(&name, "%s%sXXXXXX", w->path, NEW);
    w->temporary = w->path ? nd_str_take(&name) : NULL;
    return w->temporary ? 0 : nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", path);
}

int nd_file_writer_open(nd_file_writer **out, const char *path, nd_diag *diag)
{
    nd_file_writer *w = nd_calloc(1, sizeof *w);
    if (!w) return nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", path);
    w->fd = -1;
    int rc = find_target(w, path, diag);
    if (rc) goto fail;
    w->fd = w->temporary ? mkstemp(w->temporary) : open(w->path, O_WRONLY | O_CLOEXEC);
    if (w->fd < 0) rc = nd_diag_errno(diag, "writing", w->path);
    if (rc) goto fail;
    w->has_temporary = w->temporary != NULL;
    *out = w;
    return 0;
fail:
    nd_file_writer_close(&w);
    return rc;
}

int nd_file_writer_append(nd_file_writer *w, const void *data, size_t n, nd_diag *diag)
{
    return write_all(w->fd, data, n) ? 0 : nd_diag_errno(diag, "writing", w->path);
}

/* Sync and close what was written. */
static int finish(nd_file_writer *w, nd_diag *diag)
{
    int rc = 0, fd = w->fd;
    w->fd = -1;
    if (w->temporary && (fchmod(fd, 0644) || fsync(fd)))
        rc = nd_diag_errno(diag, "writing", w->path);
    if (close(fd) && !rc) rc = nd_diag_errno(diag, "writing", w->path);
    return rc;
}

int nd_file_writer_commit(nd_file_writer *w, nd_diag *diag)
{
    int rc = finish(w, diag);
    if (rc || !w->temporary) return rc;
    if (rename(w->temporary, w->path))
        return nd_diag_errno(diag, "renaming the new file to", w->path);
    w->has_temporary = false;
    return 0;
}

void nd_file_writer_close(nd_file_writer **w)
{
    if (!w || !*w) return;
    nd_file_writer *p = *w;
    if (p->fd >= 0) close(p->fd);
    if (p->has_temporary) unlink(p->temporary);
    free(p->temporary);
    free(p->path);
    free(p);
    *w = NULL;
}

int nd_file_write(const char *path, const void *data, size_t n, nd_diag *diag)
{
    nd_file_writer *w = NULL;
    int rc = nd_file_writer_open(&w, path, diag);
    if (!rc) rc = nd_file_writer_append(w, data, n, diag);
    if (!rc) rc = nd_file_writer_commit(w, diag);
    nd_file_writer_close(&w);
    return rc;
}

/* Whether a name is what a writer gives to a file that is to be called `wanted`. */
static bool is_begun(const char *name, const char *wanted)
{
    size_t n = strlen(wanted), n_new = sizeof NEW - 1;
    return strlen(name) == n + n_new + 6 && !strncmp(name, wanted, n) &&
           !strncmp(name + n, NEW, n_new);
}

static void remove_begun(const char *folder, const char *wanted)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (is_begun(entry->d_name, wanted)) unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir) closedir(dir);
}

int nd_file_tidy(const char *path, nd_diag *diag)
{
    const char *name = nd_path_name(path);
    char *folder = name > path ? strndup(path, (size_t)(name - path)) : strdup(".");
    if (!folder) return nd_diag_set(diag, ND_ENOMEM, "tidying %s: out of memory", path);
    remove_begun(folder, name);
    free(folder);
    return 0;
}

int nd_file_remove(const char *path, nd_diag *diag)
{
    int rc = nd_file_tidy(path, diag);
    if (rc) return rc;
    return unlink(path) && errno != ENOENT ? nd_diag_errno(diag, "removing", path) : 0;
}

int nd_folder_make(const char *path, nd_diag *diag)
{
    struct stat info;
    if (!mkdir(path, 0777)) return 0;
    if (errno != EEXIST || stat(path, &info)) return nd_diag_errno(diag, "making the folder", path);
    if (S_ISDIR(info.st_mode)) return 0;
    return nd_diag_set(diag, ND_EIO, "making the folder %s: a file has that name", path);
}

/* An empty file is mapped to nothing, which mmap would refuse. */
static int map(nd_file_map *out, int fd, const char *path, nd_diag *diag)
{
    struct stat info;
    if (fstat(fd, &info)) return nd_diag_errno(diag, "opening", path);
    if (!S_ISREG(info.st_mode))
        return nd_diag_set(diag, ND_EIO, "opening %s: a regular file expected", path);
    nd_file_map m = {.n = (size_t)info.st_size};
    if (m.n) {
        void *bytes = mmap(NULL, m.n, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED) return nd_diag_errno(diag, "mapping", path);
        m.bytes = bytes;
    }
    *out = m;
    return 0;
}

int nd_file_map_open(nd_file_map *out, const char *path, nd_diag *diag)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return nd_diag_errno(diag, "opening", path);
    int rc = map(out, fd, path, diag);
    close(fd);
    return rc;
}

void nd_file_map_deinit(nd_file_map *m)
{
    if (m->n) munmap((void *)(uintptr_t)m->bytes, m->n);
    *m = (nd_file_map){0};
}

uint64_t nd_hash(uint64_t seed, const void *bytes, size_t n)
{
    return XXH3_64bits_withSeed(bytes, n, seed);
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
