/* Random numbers: golden first values of an independent implementation
 * (tests/reference/rng.py), ranges, and the shape of the distributions. */
#include <inttypes.h>
#include <limits.h>

#include "../test.h"

static void test_golden(void)
{
    nd_bytes file = {0};
    nd_diag diag = {0};
    int rc = nd_file_read(&file, "tests/golden/rng.txt", 1 << 16, &diag), n_lines = 0;
    CHECK("golden file", rc == 0 && !nd_bytes_append(&file, "", 1), "%s", diag.text);
    for (char *line = (char *)file.data; line && *line; line = strchr(line, '\n') + 1) {
        char *at = line, name[80];
        if (*line == '#') continue;
        uint64_t seed = strtoull(at, &at, 10), stream = strtoull(at, &at, 10);
        nd_rng rng;
        nd_rng_init(&rng, seed, stream);
        int n_equal = 0;
        for (int i = 0; i < 8; i++) n_equal += nd_rng_next(&rng) == strtoull(at, &at, 10);
        snprintf(name, sizeof name, "seed %" PRIu64 " stream %" PRIu64, seed, stream);
        CHECK(name, n_equal == 8, "%d of 8 values", n_equal);
        n_lines++;
    }
    CHECK("golden lines", n_lines == 6, "%d", n_lines);
    nd_bytes_deinit(&file);
}

static void test_ranges(void)
{
    static const struct {
        const char *name;
        int lo, hi;
    } ints[] = {{"int of one value", 5, 5},
                {"a die", 1, 6},
                {"negative ints", -3, 3},
                {"every int", INT_MIN, INT_MAX},
                {"the upper end", INT_MAX - 1, INT_MAX}};
    nd_rng rng;
    nd_rng_init(&rng, 1, 2);
    for (size_t i = 0; i < ND_COUNT(ints); i++) {
        int lo = INT_MAX, hi = INT_MIN;
        for (int k = 0; k < 2000; k++) {
            int v = nd_rng_int(&rng, ints[i].lo, ints[i].hi);
            lo = ND_MIN(lo, v);
            hi = ND_MAX(hi, v);
        }
        bool is_small = (int64_t)ints[i].hi - ints[i].lo < 10;
        bool ends_seen = lo == ints[i].lo && hi == ints[i].hi;
        CHECK(ints[i].name, lo >= ints[i].lo && hi <= ints[i].hi && (ends_seen || !is_small),
              "%d .. %d", lo, hi);
        CHECK(ints[i].name, is_small || (lo < INT_MIN / 2 && hi > INT_MAX / 2), "%d .. %d", lo, hi);
    }
    int n_outside = 0;
    for (int k = 0; k < 2000; k++) {
        /* Two neighbouring doubles: half of all sums round up to the upper. */
        double x = nd_rng_uniform(&rng, 1.0, 1.0 + 0x1p-52), y = nd_rng_uniform(&rng, -2, 3);
        n_outside += x != 1.0 || y < -2 || y >= 3;
    }
    CHECK("uniform stays below its end", n_outside == 0, "%d outside", n_outside);
    CHECK("uniform of one value", nd_rng_uniform(&rng, 4, 4) == 4, " ");
}

/* Means over n draws lie within 5 standard errors. */
static void test_distributions(void)
{
    enum { N = 40000 };
    double sum = 0, sum2 = 0, normal = 0, normal2 = 0;
    int tail = 0, counts[10] = {0};
    nd_rng rng;
    nd_rng_init(&rng, 3, 4);
    for (int k = 0; k < N; k++) {
        double u = nd_rng_uniform(&rng, 0, 1), z = nd_rng_normal(&rng);
        sum += u;
        sum2 += u * u;
        normal += z;
        normal2 += z * z;
        tail += fabs(z) > 1.959964;
        counts[nd_rng_int(&rng, 0, 9)]++;
    }
    CHECK_NEAR("uniform mean", sum / N, 0.5, 5 * sqrt(1 / 12.0 / N));
    CHECK_NEAR("uniform mean square", sum2 / N, 1 / 3.0, 5 * sqrt(4 / 45.0 / N));
    CHECK_NEAR("normal mean", normal / N, 0, 5 / sqrt(N));
    CHECK_NEAR("normal variance", normal2 / N, 1, 5 * sqrt(2.0 / N));
    CHECK_NEAR("normal tails", (double)tail / N, 0.05, 5 * sqrt(0.05 * 0.95 / N));
    double chi2 = 0;
    for (int i = 0; i < 10; i++) chi2 += pow(counts[i] - N / 10, 2) / (N / 10.0);
    CHECK("ints are even", chi2 < 30, "chi-square %.1f with 9 degrees of freedom", chi2);
}

static void test_streams(void)
{
    nd_rng a, b;
    int n_equal_bits = 0;
    nd_rng_init(&a, 9, 0);
    nd_rng_init(&b, 9, 1);
    for (int k = 0; k < 1000; k++)
        n_equal_bits += 64 - __builtin_popcountll(nd_rng_next(&a) ^ nd_rng_next(&b));
    CHECK_NEAR("streams are independent", n_equal_bits / 64000.0, 0.5, 5 * 0.5 / sqrt(64000));
}

int main(void)
{
    test_golden();
    test_ranges();
    test_distributions();
    test_streams();
    TEST_END();
}
