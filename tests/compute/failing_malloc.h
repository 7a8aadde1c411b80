/* A malloc that fails from its n-th call on, for tests of what is left then. Included by one
 * file of a program. The sanitizers have their own malloc: there nothing fails. */
#ifndef ND_TESTS_COMPUTE_FAILING_MALLOC_H
#define ND_TESTS_COMPUTE_FAILING_MALLOC_H

#include <errno.h>

#include "../test.h"

#define MALLOC_CAN_FAIL (!ND_IS_ASAN && !ND_IS_TSAN)

static long malloc_calls_left = -1; /* -1: it does not fail */
static long malloc_n_live;          /* blocks that were not freed */

#if MALLOC_CAN_FAIL
/* Seen by the libraries too, though all else is hidden: what strdup takes must be counted as what
 * free gives back. */
#pragma GCC visibility push(default)
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static bool malloc_fails(void)
{
    if (malloc_calls_left == 0) {
        errno = ENOMEM;
        return true;
    }
    if (malloc_calls_left > 0) malloc_calls_left--;
    return false;
}

static void *malloc_counted(void *p)
{
    malloc_n_live += p != NULL;
    return p;
}

void *malloc(size_t n)
{
    return malloc_fails() ? NULL : malloc_counted(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
    return malloc_fails() ? NULL : malloc_counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
    if (malloc_fails()) return NULL;
    return p ? __libc_realloc(p, n) : malloc_counted(__libc_malloc(n));
}

void free(void *p)
{
    malloc_n_live -= p != NULL;
    __libc_free(p);
}
#pragma GCC visibility pop
#endif

/** Call job(user) with malloc failing at once, after one call, after two, .., until it
 *  succeeds; each failure must be ND_ENOMEM and leave no block behind. */
static inline void check_malloc_failures(const char *name, int (*job)(void *user), void *user)
{
    int rc = ND_ENOMEM;
    long n = 0, n_left = 0;
    for (; MALLOC_CAN_FAIL && rc == ND_ENOMEM && n_left == 0; n++) {
        long before = malloc_n_live;
        malloc_calls_left = n;
        rc = job(user);
        malloc_calls_left = -1;
        n_left = malloc_n_live - before;
    }
    if (!MALLOC_CAN_FAIL) SKIP(name, "this build's malloc does not fail");
    else
        CHECK(name, rc == 0 && n_left == 0 && n > 1, "call %ld: error %d, %ld blocks left", n, rc,
              n_left);
}

#endif
