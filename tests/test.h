/* What every test program uses: one line a case, read by tools/run-tests. */
#ifndef ND_TESTS_TEST_H
#define ND_TESTS_TEST_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

static int test_n_failed;

/** A case: `CHECK("name", condition, "what was found: %d", x)`. */
#define CHECK(name, condition, ...)                                               \
    do {                                                                          \
        if (condition) {                                                          \
            printf("pass %s\n", name);                                            \
        } else {                                                                  \
            printf("FAIL %s: %s:%d: %s: ", name, __FILE__, __LINE__, #condition); \
            printf(__VA_ARGS__);                                                  \
            printf("\n");                                                         \
            test_n_failed++;                                                      \
        }                                                                         \
        fflush(stdout);                                                           \
    } while (0)

#define CHECK_NEAR(name, found, expected, tolerance)                                  \
    CHECK(name, fabs((double)(found) - (double)(expected)) <= (tolerance),            \
          "found %.9g, expected %.9g within %g", (double)(found), (double)(expected), \
          (double)(tolerance))

#define SKIP(name, why) (printf("skip %s: %s\n", name, why), fflush(stdout))

/** The folder of real media that lies beside a checkout, or NULL (the test
 *  then skips with "no ../shared/data"). */
static inline const char *test_shared_data(void)
{
    static const char folder[] = "../shared/data";
    return access(folder, R_OK) == 0 ? folder : NULL;
}

/** The last line of main. */
#define TEST_END() return test_n_failed ? 1 : 0

#endif
