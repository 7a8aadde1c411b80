/* Media made by the ffmpeg program in a scratch folder, and what ffmpeg itself reads. */
#ifndef ND_TESTS_DECODE_FIXTURE_H
#define ND_TESTS_DECODE_FIXTURE_H

#include <fcntl.h>
#include <stdarg.h>

#include "../test.h"
#include "decode/decode.h"

static char scratch[] = "/tmp/needledrop-decode.XXXXXX";

/* Run a shell command inside the scratch folder. */
__attribute__((format(printf, 1, 2))) static inline int shell(const char *format, ...)
{
    char command[4096];
    int n = snprintf(command, sizeof command, "cd %s && ", scratch);
    va_list args;
    va_start(args, format);
    vsnprintf(command + n, sizeof command - (size_t)n, format, args);
    va_end(args);
    return system(command);
}

#define FFMPEG "ffmpeg -nostdin -v error -y "

static inline void scratch_make(void)
{
    if (!mkdtemp(scratch)) exit(1);
}

static inline void scratch_remove(void)
{
    if (shell("rm -rf %s", scratch)) exit(1);
}

/* A file of the scratch folder (or any, with a path), opened. */
static inline int open_file(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s%s", strchr(name, '/') ? "" : scratch,
             strchr(name, '/') ? "" : "/", name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

typedef struct {
    int fd, rc;
    nd_media *media;
    nd_diag diag;
} opened;

static inline opened open_media(const char *name)
{
    opened o = {.fd = open_file(name)};
    o.rc = nd_media_open(&o.media, o.fd, name, &o.diag);
    return o;
}

static inline void close_media(opened *o)
{
    nd_media_close(&o->media);
    close(o->fd);
}

/* Open, read, close. *out is NULL after a failure. */
static inline int read_samples(nd_samples **out, const char *name, nd_sample_params params,
                               nd_diag *diag)
{
    *out = NULL;
    opened o = open_media(name);
    int rc = o.rc ? o.rc : nd_media_read_samples(out, o.media, &params, &o.diag);
    if (diag) *diag = o.diag;
    close_media(&o);
    return rc;
}

/* What a shell command prints, whole. */
static inline nd_bytes output_of(const char *format, ...)
{
    char command[4096], block[65536];
    int n = snprintf(command, sizeof command, "cd %s && ", scratch);
    va_list args;
    va_start(args, format);
    vsnprintf(command + n, sizeof command - (size_t)n, format, args);
    va_end(args);
    nd_bytes out = {0};
    FILE *pipe = popen(command, "r");
    for (size_t got; pipe && (got = fread(block, 1, sizeof block, pipe)) > 0;)
        if (nd_bytes_append(&out, block, got)) exit(1);
    if (pipe) pclose(pipe);
    return out;
}

#endif
