/* The parent's side: one file described by one worker process. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "describe/describe.h"

enum { MAX_RESULT_BYTES = 1 << 30 };

/* Open a regular file for the worker; a device or pipe could block for ever. */
static int open_media(int *fd_out, int64_t *size_out, const char *path, nd_diag *diag)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return nd_diag_errno(diag, "opening", path);
    struct stat info;
    int rc = 0;
    if (fstat(fd, &info)) rc = nd_diag_errno(diag, "opening", path);
    else if (S_ISDIR(info.st_mode))
        rc = nd_diag_set(diag, ND_EIO, "opening %s: a file expected, it is a folder", path);
    else if (!S_ISREG(info.st_mode))
        rc = nd_diag_set(diag, ND_EIO, "opening %s: a regular file expected", path);
    else if (info.st_size == 0)
        rc = nd_diag_set(diag, ND_EFORMAT, "opening %s: media expected, the file is empty", path);
    if (rc) {
        close(fd);
        return rc;
    }
    *fd_out = fd;
    *size_out = info.st_size;
    return 0;
}

/* Patience grows with what could be in the file: no real media of length L s is
 * smaller than L kB or so, and a minute is for start-up and slow machines. */
static double patience_s(const nd_describe_params *p, double length_s, int64_t size_bytes)
{
    if (p->wall_s > 0) return p->wall_s;
    return 60 + ND_MIN(length_s, (double)size_bytes / 1000);
}

static int run_worker(nd_bytes *result, int fd, int64_t size_bytes, const char *path,
                      const nd_describe_params *p, nd_diag *diag)
{
    char *program = p->worker ? strdup(p->worker) : nd_worker_find("needledrop-worker");
    if (!program) return nd_diag_set(diag, ND_ENOMEM, "starting the worker: out of memory");
    double max_s = p->max_length_s > 0 ? p->max_length_s : 1800;
    double length_s = p->length_s > 0 ? ND_MIN(p->length_s, max_s) : max_s;
    double wall_s = patience_s(p, length_s, size_bytes);
    int64_t memory = p->memory_bytes > 0 ? p->memory_bytes : (int64_t)2 << 30;
    char medium[16], start[32], length[32], bytes[32], cpu[32], name[256];
    snprintf(medium, sizeof medium, "%d", (int)p->medium);
    snprintf(start, sizeof start, "%.17g", p->start_s);
    snprintf(length, sizeof length, "%.17g", length_s);
    snprintf(bytes, sizeof bytes, "%lld", (long long)memory);
    snprintf(cpu, sizeof cpu, "%.17g", p->cpu_s > 0 ? p->cpu_s : wall_s);
    nd_text_print(name, sizeof name, nd_path_name(path), strlen(nd_path_name(path)));
    char *features = (char *)(p->features ? p->features : "default");
    char *argv[] = {"needledrop-worker", medium, features, start, length, bytes, cpu, name, NULL};
    nd_worker_params worker = {.program = program,
                               .argv = argv,
                               .media_fd = fd,
                               .wall_s = wall_s,
                               .max_result_bytes = MAX_RESULT_BYTES,
                               .log = p->log};
    int rc = nd_worker_run(result, &worker, diag);
    free(program);
    return rc;
}

int nd_describe_file(nd_description **out, const char *path, const nd_describe_params *params,
                     nd_diag *diag)
{
    nd_describe_params p = params ? *params : (nd_describe_params){0};
    if (!out || !path || !(p.start_s >= 0) || !(p.length_s >= 0) || !(p.max_length_s >= 0))
        return nd_diag_set(diag, ND_EARG,
                           "describing a file: a path, start >= 0 and length >= 0 expected");
    int fd = -1;
    int64_t size_bytes = 0;
    int rc = open_media(&fd, &size_bytes, path, diag);
    if (rc) return rc;
    nd_bytes result = {0};
    nd_description *d = NULL;
    rc = run_worker(&result, fd, size_bytes, path, &p, diag);
    close(fd);
    if (!rc) rc = nd_description_read(&d, result.data, result.n, diag);
    nd_bytes_deinit(&result);
    if (rc) return rc;
    d->info.size_bytes = size_bytes;
    *out = d;
    return 0;
}
