/* Front of the base room: memory, text, files, threads, random numbers. */
#ifndef ND_BASE_BASE_H
#define ND_BASE_BASE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "needledrop/array.h"
#include "needledrop/base.h"

#define ND_COUNT(array)     (sizeof(array) / sizeof((array)[0]))
#define ND_MIN(a, b)        ((a) < (b) ? (a) : (b))
#define ND_MAX(a, b)        ((a) > (b) ? (a) : (b))
#define ND_CLAMP(x, lo, hi) ((x) < (lo) ? (lo) : (x) > (hi) ? (hi) : (x))

/* Whether this is a build of the address, of the thread sanitizer: gcc defines a macro, clang
 * answers __has_feature. */
#if defined(__has_feature)
#define ND__HAS_FEATURE(x) __has_feature(x)
#else
#define ND__HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || ND__HAS_FEATURE(address_sanitizer)
#define ND_IS_ASAN 1
#else
#define ND_IS_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || ND__HAS_FEATURE(thread_sanitizer)
#define ND_IS_TSAN 1
#else
#define ND_IS_TSAN 0
#endif

/* ---- promises between our own functions ---------------------------------- */

/** Abort with both values when a broken promise (shape, index) is found; alive
 *  in release builds. Never for input from outside. */
#define ND_ASSERT_EQ(a, b)                                                       \
    do {                                                                         \
        long long a_ = (long long)(a), b_ = (long long)(b);                      \
        if (a_ != b_) nd__assert_fail(__FILE__, __LINE__, #a " == " #b, a_, b_); \
    } while (0)
#define ND_ASSERT(condition)                                                     \
    do {                                                                         \
        if (!(condition)) nd__assert_fail(__FILE__, __LINE__, #condition, 0, 1); \
    } while (0)
_Noreturn void nd__assert_fail(const char *file, int line, const char *what, long long found,
                               long long expected);

/* ---- memory ----------------------------------------------------------------
 */

/** a * b into *out. @return false when it overflows size_t (*out untouched). */
bool nd_size_mul(size_t *out, size_t a, size_t b);

/** Zeroed storage for n items of size bytes; NULL when it cannot be had or
 *  n * size overflows. n = 0 gives a block that can be freed. */
void *nd_calloc(size_t n, size_t size);

/** Grow *items (n used of *capacity) so that n + extra fit, doubling.
 *  @param items  address of a pointer to items of size bytes
 *  @return 0 or ND_ENOMEM (*items and *capacity untouched). */
int nd_grow(void *items, size_t *capacity, size_t n, size_t extra, size_t size);

/** A block of changing length: bytes[0 .. n), owned. Zeroed is empty. */
typedef struct nd_bytes {
    uint8_t *data;
    size_t n, capacity;
} nd_bytes;

/** Copy n bytes to the end. @return 0; ND_ENOMEM (b untouched). */
int nd_bytes_append(nd_bytes *b, const void *data, size_t n);
void nd_bytes_deinit(nd_bytes *b);

/* ---- text ------------------------------------------------------------------
 */

/** Length of the valid UTF-8 sequence at s[0 .. n): 1..4, or 0 when it is not
 *  one (overlong, surrogate, cut short, above U+10FFFF). */
int nd_utf8_length(const char *s, size_t n);

/** Copy text from outside as valid UTF-8: invalid bytes become U+FFFD, control
 *  characters a space; white space at both ends goes; cut to fit. @return out
 */
char *nd_text_clean(char *out, size_t out_bytes, const char *in, size_t n);

/** A growing text. Zeroed is "". After a failure to grow, .failed stays set and
 *  appends do nothing, so that only the end need be checked. */
typedef struct nd_str {
    char *text; /* NULL while empty, else NUL-terminated */
    size_t n, capacity;
    bool failed;
} nd_str;

/** Print to the end, as printf does. No argument may lie in s itself. */
void nd_str_append(nd_str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Hand over the text (free with free); NULL when an append had failed. */
char *nd_str_take(nd_str *s);
void nd_str_deinit(nd_str *s);

/** malloc'ed "dir/name" (no doubled slash; "name" where dir is ""). NULL: out of
 *  memory. */
char *nd_path_join(const char *dir, const char *name);
/** The part after the last '/', borrowed from path. */
const char *nd_path_name(const char *path);

/** Look for a file beside the program that we are, or the shared library that we are in: in folders
 *  given from theirs, the library's first.
 *  @param folders  [n] "", "..", "../share"  @param mode  as access(2)
 *  @return malloc'ed; NULL: in none of them, or no memory. Threads: safe. */
char *nd_path_beside(const char *const *folders, size_t n, const char *name, int mode);

/* ---- files -----------------------------------------------------------------
 */

/** Read a whole file of at most max_bytes.
 *  @return 0; ND_EIO, ND_ELIMIT (larger than max_bytes), ND_ENOMEM. */
int nd_file_read(nd_bytes *out, const char *path, size_t max_bytes, nd_diag *diag);

/** Write through a temporary file beside path, synced and renamed: path holds
 *  either what it held or all of the new bytes. A link stays, its target is
 *  written; a device or a pipe is written to directly.
 *  @return 0; ND_EIO, ND_EFULL, ND_ENOMEM. */
int nd_file_write(const char *path, const void *data, size_t n, nd_diag *diag);

/** A file that is written piece by piece, as nd_file_write does it: what path
 *  held stays until the commit. Use: open; append, append, ..; commit; close. */
typedef struct nd_file_writer nd_file_writer;

/** @param out  to be closed by the caller, who commits before or does not
 *  @return 0; ND_EIO, ND_EFULL, ND_ENOMEM (*out untouched, no file made).
 *  Threads: distinct paths. */
int nd_file_writer_open(nd_file_writer **out, const char *path, nd_diag *diag);

/** Write n bytes to the end, without a buffer: hand over large pieces.
 *  @return 0; ND_EIO, ND_EFULL (close it then). */
int nd_file_writer_append(nd_file_writer *w, const void *data, size_t n, nd_diag *diag);

/** Sync and rename: path holds all that was appended. Once a writer, and nothing
 *  but the close after it.
 *  @return 0; ND_EIO, ND_EFULL (path holds what it held). */
int nd_file_writer_commit(nd_file_writer *w, nd_diag *diag);

/** What was not committed is dropped, its temporary file removed. */
void nd_file_writer_close(nd_file_writer **w);

/** Remove what writers of a file that were killed have left beside it ("PATH.new-" and six
 *  letters); the file stays. Not while a writer of path is open: what it has begun goes too.
 *  @return 0 or ND_ENOMEM. Cost: a look at each name of the folder. */
int nd_file_tidy(const char *path, nd_diag *diag);

/** The same, and the file goes too. None there is fine. @return 0; ND_EIO, ND_ENOMEM. */
int nd_file_remove(const char *path, nd_diag *diag);

/** Make a folder in one that is there. One that is there already is fine, or a link to one.
 *  @return 0; ND_EIO (a file has that name, too), ND_EFULL. */
int nd_folder_make(const char *path, nd_diag *diag);

/** A regular file's bytes [n], read-only, in memory as they are needed. Zeroed
 *  is an empty one. Who shortens the file under it makes its reader crash
 *  (SIGBUS). */
typedef struct nd_file_map {
    const uint8_t *bytes; /* NULL when n is 0 */
    size_t n;
} nd_file_map;

/** @param out  the caller's storage: nd_file_map_deinit
 *  @return 0; ND_EIO (not there, no regular file; *out untouched).
 *  Threads: safe. */
int nd_file_map_open(nd_file_map *out, const char *path, nd_diag *diag);
void nd_file_map_deinit(nd_file_map *m);

/** ND_EFULL for ENOSPC and EDQUOT, else ND_EIO; text of errno in the story.
 *  `return nd_diag_errno(diag, "writing", path)`. */
int nd_diag_errno(nd_diag *diag, const char *doing, const char *path);

/** 64-bit hash (XXH3) of bytes [n]; a chain of them by the hash before as seed. Threads: safe. */
uint64_t nd_hash(uint64_t seed, const void *bytes, size_t n);

/** 64-bit content hash (XXH3) of an open file, from its start.
 *  @return 0; ND_EIO. Cost: reads it all. */
int nd_file_hash(uint64_t *out, int fd, nd_diag *diag);

/* ---- threads and time
 * -------------------------------------------------------- */

/** Cores that this process may use: 1 or more. */
int nd_core_count(void);

/** Seconds on a clock that never goes back. */
double nd_now_s(void);

/** Run job(user, index) for index 0 .. n_jobs - 1 on n_threads threads (the
 *  caller's and n_threads - 1 more), each taking the next index. A job that
 *  returns nonzero stops new ones from starting.
 *  @return 0, or the first nonzero value a job returned. */
int nd_parallel(int64_t n_jobs, int n_threads, int (*job)(void *user, int64_t index), void *user);

/** Call p->update; p NULL: 0. @return 0, or ND_ECANCELLED to stop. */
int nd_progress_update(const nd_progress *p, const char *what, int64_t done, int64_t total,
                       const char *item);

/** Write a log line where log is not NULL and its level reaches. */
void nd_log_line(const nd_log *log, nd_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- random numbers
 * ------------------------------------------------------------ */

/** xoshiro256** (Blackman, Vigna 2018) seeded through splitmix64: the same
 *  numbers on every machine. */
typedef struct nd_rng {
    uint64_t s[4];
} nd_rng;

/** @param stream  distinct streams of one seed are independent */
void nd_rng_init(nd_rng *rng, uint64_t seed, uint64_t stream);
uint64_t nd_rng_next(nd_rng *rng);
double nd_rng_uniform(nd_rng *rng, double lo, double hi); /* [lo, hi) */
int nd_rng_int(nd_rng *rng, int lo, int hi);              /* lo .. hi, both in */
double nd_rng_normal(nd_rng *rng);                        /* N(0, 1) */

/* ---- statistics
 * ------------------------------------------------------------------ */

/** The q-quantile (0..1, linear between ranks) of x[0 .. n), which is reordered
 *  and holds no NaN. n = 0 gives 0. Cost: O(n log n). */
float nd_quantile(float *x, size_t n, double q);

#endif
