/* Checked sizes and growing blocks. */
#include <signal.h>
#include <sys/wait.h>

#include "../test.h"

static void test_sizes(void)
{
    size_t out = 123;
    CHECK("product overflows", !nd_size_mul(&out, SIZE_MAX / 2 + 1, 2) && out == 123, "%zu", out);
    CHECK("largest product", nd_size_mul(&out, SIZE_MAX, 1) && out == SIZE_MAX, "%zu", out);
    CHECK("product with 0", nd_size_mul(&out, SIZE_MAX, 0) && out == 0, "%zu", out);
    CHECK("storage overflows", nd_calloc(SIZE_MAX / 4, 8) == NULL, " ");
    void *none = nd_calloc(0, 8), *some = nd_calloc(100, 8);
    CHECK("storage for nothing", none != NULL, " ");
    bool zero = some != NULL;
    for (int i = 0; zero && i < 800; i++) zero = ((char *)some)[i] == 0;
    CHECK("storage is zeroed", zero, " ");
    free(none);
    free(some);
}

static void test_grow(void)
{
    int32_t *items = NULL, *old;
    size_t capacity = 0;
    CHECK("grow from nothing", nd_grow(&items, &capacity, 0, 1, sizeof *items) == 0 && items, " ");
    for (size_t n = 0; n < 10000; n++)
        if (!nd_grow(&items, &capacity, n, 1, sizeof *items)) items[n] = (int32_t)n;
    CHECK("grow keeps what is there", items[0] == 0 && items[9999] == 9999, " ");
    CHECK("grow doubles", capacity >= 10000 && capacity < 20000, "%zu", capacity);
    size_t before = capacity;
    old = items;
    CHECK("grow without need",
          nd_grow(&items, &capacity, 5, 5, sizeof *items) == 0 && items == old &&
              capacity == before,
          " ");
    CHECK("n + extra overflows",
          nd_grow(&items, &capacity, 10, SIZE_MAX, sizeof *items) == ND_ENOMEM, " ");
    CHECK("doubling overflows",
          nd_grow(&items, &capacity, 0, SIZE_MAX / 2 + 2, sizeof *items) == ND_ENOMEM, " ");
    CHECK("bytes overflow", nd_grow(&items, &capacity, 0, SIZE_MAX / 4, sizeof *items) == ND_ENOMEM,
          " ");
    CHECK("a failure changes nothing", items == old && capacity == before && items[9999] == 9999,
          " ");
    free(items);
}

static void test_bytes(void)
{
    nd_bytes b = {0};
    CHECK("append nothing", nd_bytes_append(&b, NULL, 0) == 0 && b.n == 0, " ");
    for (int i = 0; i < 1000; i++) nd_bytes_append(&b, "abc", 3);
    CHECK("append", b.n == 3000 && !memcmp(b.data + 2997, "abc", 3), "%zu", b.n);
    CHECK("append too much",
          nd_bytes_append(&b, b.data, SIZE_MAX - 100) == ND_ENOMEM && b.n == 3000, " ");
    nd_bytes_deinit(&b);
    CHECK("deinit", !b.data && b.n == 0 && b.capacity == 0, " ");
    nd_bytes_deinit(&b);
}

/* A broken promise ends the process with both values on stderr. */
static void test_assert(void)
{
    int fds[2], status;
    char text[512] = "";
    if (pipe(fds)) abort();
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], 2);
        signal(SIGABRT, SIG_DFL);
        ND_ASSERT_EQ(1 + 1, 3);
        _exit(0);
    }
    close(fds[1]);
    waitpid(child, &status, 0);
    ssize_t n = read(fds[0], text, sizeof text - 1);
    close(fds[0]);
    CHECK("a broken promise aborts", WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%d",
          status);
    CHECK("a broken promise names both values",
          n > 0 && strstr(text, "(2, 3)") && strstr(text, "1 + 1 == 3"), "%s", text);
}

int main(void)
{
    test_sizes();
    test_grow();
    test_bytes();
    test_assert();
    TEST_END();
}
