/* Every instruction set gives the plain loop's sums, to the last bit and the last byte. */
#include "../test.h"
#include "compute/dot8.h"

/* Sums of wide integers, of what slide is said to compute. */
static bool agrees(const nd_dot8 *dot8, const int8_t *a, const int8_t *b, int64_t n, int64_t stride,
                   int64_t n_out)
{
    int32_t *out = nd_calloc((size_t)n_out + 1, sizeof *out);
    out[n_out] = 12345;
    dot8->slide(out, a, b, n, stride, n_out);
    bool same = out[n_out] == 12345;
    for (int64_t i = 0; i < n_out && same; i++) {
        int64_t sum = 0;
        for (int64_t j = 0; j < n; j++) sum += (int64_t)a[j] * b[i * stride + j];
        same = sum == out[i];
    }
    free(out);
    return same;
}

static void check_random(const nd_dot8 *dot8)
{
    int n_same = 0, n = 0;
    nd_rng rng;
    nd_rng_init(&rng, 2, 0);
    for (; n < 200; n++) {
        int64_t steps = nd_rng_int(&rng, 1, 20), stride = nd_rng_int(&rng, 0, 100);
        int64_t n_out = nd_rng_int(&rng, 1, 40), bytes = steps * ND_DOT8_STEP;
        size_t reach = (size_t)((n_out - 1) * stride + bytes);
        int8_t *a = malloc((size_t)bytes), *b = malloc(reach); /* no byte behind */
        for (int64_t i = 0; i < bytes; i++) a[i] = (int8_t)nd_rng_int(&rng, -127, 127);
        for (size_t i = 0; i < reach; i++) b[i] = (int8_t)nd_rng_int(&rng, -128, 127);
        n_same += agrees(dot8, a, b, bytes, stride, n_out);
        free(a);
        free(b);
    }
    char name[32];
    snprintf(name, sizeof name, "random_%s", dot8->name);
    CHECK(name, n_same == n, "%d of %d", n_same, n);
}

/* The largest sums there are. */
static void check_extremes(const nd_dot8 *dot8)
{
    static const int8_t pairs[][2] = {{127, 127}, {-127, 127}, {127, -128}, {-127, -128}};
    for (size_t i = 0; i < ND_COUNT(pairs); i++) {
        char name[48];
        int8_t *a = malloc(ND_DOT8_MAX), *b = malloc(ND_DOT8_MAX);
        memset(a, pairs[i][0], ND_DOT8_MAX);
        memset(b, pairs[i][1], ND_DOT8_MAX);
        snprintf(name, sizeof name, "extreme_%s_%zu", dot8->name, i);
        CHECK(name, agrees(dot8, a, b, ND_DOT8_MAX, 1, 1), "another sum");
        free(a);
        free(b);
    }
}

int main(void)
{
    CHECK("plain_is_first", !strcmp(nd_dot8_at(0)->name, "plain"), "%s", nd_dot8_at(0)->name);
    for (int i = 0; nd_dot8_at(i); i++) {
        check_random(nd_dot8_at(i));
        check_extremes(nd_dot8_at(i));
        nd_dot8_use(nd_dot8_at(i));
        CHECK("used", nd_dot8_get() == nd_dot8_at(i), "%s", nd_dot8_get()->name);
    }
    nd_dot8_use(NULL);
    CHECK("best_again", nd_dot8_get() && !nd_dot8_at(99), "none");
    TEST_END();
}
