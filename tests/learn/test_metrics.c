/* Measures of retrieval, beside NumPy's (tests/reference/metrics.py). */
#include "../test.h"
#include "../uniform.h"
#include "learn/metrics.h"

enum { N = 40, G = 30, TRACKS = 12, N_GOLDEN = N + 3 };

static float scores[N][G], grades[N][G];
static float golden[N_GOLDEN][4];
static double ranks[N];
static int32_t groups[N];

static void make_inputs(void)
{
    for (int i = 0; i < N * G; i++) {
        double draw = test_uniform("grades", i);
        scores[i / G][i % G] = (float)(floor(test_uniform("scores", i) * 8) / 8);
        grades[i / G][i % G] = draw < 0.1 || i % G == 3 ? 1.0f : draw < 0.3 ? 0.2f : 0.0f;
    }
    for (int j = 0; j < G; j++)
        if (grades[7][j] == 1.0f) scores[7][j] = NAN;
    for (int i = 0; i < N; i++)
        groups[i] = i < TRACKS ? i : (int32_t)floor(test_uniform("groups", i) * TRACKS);
}

static void read_golden(void)
{
    nd_array a = {0};
    nd_diag diag = {0};
    int rc = nd_array_read_npy(&a, "tests/golden/metrics.npy", &diag);
    CHECK("golden file", rc == 0 && a.n_dims == 2 && a.dims[0] == N_GOLDEN && a.dims[1] == 4, "%s",
          diag.text);
    if (rc) exit(1);
    memcpy(golden, a.data, sizeof golden);
    nd_array_deinit(&a);
}

static void test_nothing(void)
{
    float wrong[2] = {0, 0}, some[2] = {1, 2};
    CHECK("nothing right has no rank", isinf(nd_metric_rank(some, wrong, 2)), "finite");
    CHECK("nothing right is no hit", nd_metric_hit_chance(some, wrong, 2, 2) == 0, "not 0");
    CHECK("nothing ranked has no rank", isinf(nd_metric_rank(some, wrong, 0)), "finite");
    CHECK("nothing to gain", nd_metric_ndcg(some, wrong, 2, 10) == 0, "not 0");
    CHECK("no place", nd_metric_ndcg(some, some, 2, 0) == 0, "not 0");
    CHECK("no query", nd_metric_mean(NULL, 0) == 0 && nd_metric_recall(NULL, 0, 5) == 0, "not 0");
    CHECK("no time", nd_metric_iou(1, 1, 1, 1) == 0, "not 0");
}

static void test_ties(void)
{
    float same[5] = {0.5f, 0.5f, 0.5f, 0.5f, 0.5f}, one[5] = {1, 0, 0, 0, 0};
    float first[5] = {0.9f, 0.5f, 0.5f, 0.5f, 0.5f}, bad[5] = {NAN, 0, -1, -INFINITY, 1};
    CHECK_NEAR("all alike: the middle", nd_metric_rank(same, one, 5), 3, 0);
    CHECK_NEAR("first", nd_metric_rank(first, one, 5), 1, 0);
    CHECK_NEAR("NaN is last, beside the worst", nd_metric_rank(bad, one, 5), 4.5, 0);
    CHECK_NEAR("all alike: a hit by chance", nd_metric_hit_chance(same, one, 5, 2), 0.4, 1e-12);
    CHECK_NEAR("first: a hit for sure", nd_metric_hit_chance(first, one, 5, 1), 1, 0);
    CHECK_NEAR("one of two last in four places", nd_metric_hit_chance(bad, one, 5, 4), 0.5, 1e-12);
    CHECK_NEAR("no hit above", nd_metric_hit_chance(bad, one, 5, 3), 0, 0);
    CHECK_NEAR("all alike: mean gain", nd_metric_ndcg(same, one, 5, 1), 0.2, 1e-12);
    CHECK_NEAR("first: all gain", nd_metric_ndcg(first, one, 5, 3), 1, 1e-12);
}

static void test_golden(void)
{
    double worst[4] = {0};
    for (int i = 0; i < N; i++) {
        ranks[i] = nd_metric_rank(scores[i], grades[i], G);
        double found[4] = {ranks[i], nd_metric_ndcg(scores[i], grades[i], G, 10),
                           nd_metric_ndcg(scores[i], grades[i], G, 3),
                           nd_metric_chance(1 + i % 5, G, 1 + i % 9)};
        for (int k = 0; k < 4; k++)
            worst[k] = fmax(worst[k], fabs(found[k] - (double)golden[i][k]));
    }
    CHECK_NEAR("ranks as NumPy's", worst[0], 0, 1e-5);
    CHECK_NEAR("nDCG@10 as NumPy's", worst[1], 0, 1e-6);
    CHECK_NEAR("nDCG@3 as NumPy's", worst[2], 0, 1e-6);
    CHECK_NEAR("chance as by counting", worst[3], 0, 1e-6);
}

static void test_sums(void)
{
    double values[4] = {1, 2, 4.5, 40};
    CHECK_NEAR("Recall@4", nd_metric_recall(values, 4, 4), 0.5, 0);
    CHECK_NEAR("a rank of 4.5 is no hit at 4, and one at 5", nd_metric_recall(values, 4, 5), 0.75,
               0);
    nd_metric_reciprocals(values, values, 4);
    CHECK_NEAR("MRR", nd_metric_mean(values, 4), (1 + 0.5 + 1 / 4.5 + 1 / 40.0) / 4, 1e-12);
    CHECK_NEAR("chance of one among 100 in 5", nd_metric_chance(1, 100, 5), 0.05, 1e-12);
    CHECK_NEAR("chance of all", nd_metric_chance(3, 10, 10), 1, 1e-12);
    CHECK_NEAR("a third overlaps", nd_metric_iou(0, 20, 10, 30), 1 / 3.0, 1e-12);
    CHECK_NEAR("apart", nd_metric_iou(0, 2, 3, 5), 0, 0);
}

static void check_bootstrap(const char *name, const double *values, nd_statistic statistic,
                            uint64_t seed, const float *expected)
{
    nd_estimate e = {0};
    int rc = nd_metric_bootstrap(&e, values, groups, N, statistic, 500, seed);
    CHECK(name,
          rc == 0 && fabs(e.value - (double)expected[0]) < 1e-5 &&
              fabs(e.lo - (double)expected[1]) < 1e-5 && fabs(e.hi - (double)expected[2]) < 1e-5,
          "found %g (%g to %g), expected %g (%g to %g)", e.value, e.lo, e.hi, (double)expected[0],
          (double)expected[1], (double)expected[2]);
}

static void test_bootstrap(void)
{
    double hits[N], inverse[N], none[N] = {0};
    nd_estimate e = {1, 1, 1};
    nd_metric_hits(hits, ranks, N, 5);
    nd_metric_reciprocals(inverse, ranks, N);
    check_bootstrap("interval of Recall@5", hits, ND_STATISTIC_MEAN, 1, golden[N]);
    check_bootstrap("interval of the median rank", ranks, ND_STATISTIC_MEDIAN, 2, golden[N + 1]);
    check_bootstrap("interval of MRR", inverse, ND_STATISTIC_MEAN, (uint64_t)1 << 40,
                    golden[N + 2]);
    nd_metric_bootstrap(&e, none, groups, N, ND_STATISTIC_MEAN, 100, 3);
    CHECK("no difference has no width", e.value == 0 && e.lo == 0 && e.hi == 0, "%g", e.hi);
    nd_metric_bootstrap(&e, hits, groups, 1, ND_STATISTIC_MEDIAN, 1, 0);
    CHECK("one query, one resample", e.value == hits[0] && e.lo == hits[0], "%g", e.value);
}

int main(void)
{
    make_inputs();
    read_golden();
    test_nothing();
    test_ties();
    test_golden();
    test_sums();
    test_bootstrap();
    TEST_END();
}
