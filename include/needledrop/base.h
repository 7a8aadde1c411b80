/* Errors, diagnostics, log and progress: what every other header builds on.
 *
 * Conventions of the whole API
 *   - A function that can fail returns int: ND_OK (0) or a negative ND_E* code.
 *     Outputs go out by pointer and are untouched on failure.
 *   - `nd_diag *diag` may be NULL. On failure it holds one line that says what
 *     was being done, what was expected, what was found, and where.
 *   - `_create`/`_destroy(T **)`, `_open`/`_close(T **)`: the second takes the
 *     address of the handle, accepts NULL and a handle that is NULL, and sets
 *     the handle to NULL.
 *   - `const T *` parameters are borrowed until the call returns.
 *   - Text is UTF-8; paths are the bytes that the file system gave.
 *   - Threads: distinct objects may be used by distinct threads at once.
 */
#ifndef NEEDLEDROP_BASE_H
#define NEEDLEDROP_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ND_VERSION "0.1.0"

/** Marks a symbol that libneedledrop.so exports. */
#define ND_API __attribute__((visibility("default")))

/** Every error: its name and what it means to a reader. */
#define ND_ERRORS(X)                         \
    X(EARG, "wrong argument")                \
    X(ENOMEM, "out of memory")               \
    X(EIO, "read or write failed")           \
    X(EFORMAT, "not valid data of its kind") \
    X(EUNSUPPORTED, "not supported")         \
    X(ENOTFOUND, "not found")                \
    X(ESHORT, "too short")                   \
    X(ELIMIT, "over a limit")                \
    X(ETIMEOUT, "took too long")             \
    X(ECRASH, "worker crashed")              \
    X(EBUSY, "in use by another process")    \
    X(EVERSION, "made by another version")   \
    X(EFULL, "disk full")                    \
    X(EEMPTY, "nothing of that kind in it")  \
    X(ECANCELLED, "stopped on request")

enum {
    ND__FIRST_ERROR = -1000,
#define ND__ENUM(name, text) ND_##name,
    ND_ERRORS(ND__ENUM)
#undef ND__ENUM
        ND_OK = 0
};

/** @param code  ND_OK or an ND_E* code; anything else gives "unknown error"
 *  @return its meaning in a few words, a static string.
 *  Threads: safe. */
ND_API const char *nd_error_text(int code);

/** @return the code's name without its prefix, "EFORMAT"; "" for an unknown one. */
ND_API const char *nd_error_name(int code);

/** @return the code of that name; 0 when there is none. */
ND_API int nd_error_code(const char *name);

/** The one-line story of a failure. A zeroed one is empty. */
typedef struct nd_diag {
    int code;       /* ND_OK or the ND_E* code that was returned */
    char text[512]; /* one line, valid UTF-8, no control characters */
} nd_diag;

/** Fill a diagnostic; used as `return nd_diag_set(diag, ND_EIO, ...)`.
 *  Control characters and invalid UTF-8 in the result become \n, \xNN, so that
 *  a hostile file name cannot break the line.
 *  @param diag  NULL: nothing is written
 *  @return code
 *  Threads: distinct objects. */
ND_API int nd_diag_set(nd_diag *diag, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Copy n bytes as one printable line: control characters and invalid UTF-8
 *  become \n, \t, \xNN; cut at a whole character to fit out_bytes.
 *  @return out. Threads: safe. */
ND_API char *nd_text_print(char *out, size_t out_bytes, const char *in, size_t n);

typedef enum nd_log_level { ND_LOG_ERROR, ND_LOG_WARNING, ND_LOG_INFO, ND_LOG_DEBUG } nd_log_level;

/** Where messages go. NULL for silence: the library itself never prints. */
typedef struct nd_log {
    /* text: one line without its newline. May be called from several threads,
     * one at a time. */
    void (*write)(void *user, nd_log_level level, const char *text);
    void *user;
    nd_log_level level; /* messages above this level are not written */
} nd_log;

/** Called a few times a second during long work; NULL for none.
 *  Calls come one at a time, maybe from several threads. */
typedef struct nd_progress {
    /* what: the work, as a verb phrase; done of total units, total 0 when not
     * known; item: the piece now finished, maybe NULL.
     * @return 0 to go on; anything else ends the work soon with ND_ECANCELLED,
     * the results so far kept. */
    int (*update)(void *user, const char *what, int64_t done, int64_t total, const char *item);
    void *user;
} nd_progress;

/** @return the version of the library that is running, "major.minor.patch"; static. */
ND_API const char *nd_version(void);

/** The plug-ins of this build, shelf by shelf: index from 0, NULL past the last. One
 *  that was left out because its package is absent is "NAME (without PACKAGE)".
 *  @param shelf_out  what the plug-in is: "feature", "store", "ranker"
 *  Both static. Threads: safe. */
ND_API const char *nd_plugin(int index, const char **shelf_out);

#ifdef __cplusplus
}
#endif
#endif
