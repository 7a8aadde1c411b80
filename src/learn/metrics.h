/* Measures of retrieval: pure functions of scores and of what is right.
 *
 * Letters: G things that were ranked for one query, n queries. A grade is how right a thing is: 1
 * right, less where it is only near, 0 wrong. Things of equal score stand in no order: what is
 * measured is the mean over all their orders, never the most favourable one. A score that is NaN
 * counts as the worst.
 *
 * Source of rank measures: Manning, Raghavan, Schuetze, Introduction to Information Retrieval, 8.4;
 * nDCG: Jaervelin, Kekaelaeinen 2002; ties: McSherry, Najork 2008; intervals: Efron, Tibshirani
 * 1993, 13.3. Checked by tests/learn/test_metrics.c beside NumPy (tests/reference/metrics.py). */
#ifndef ND_LEARN_METRICS_H
#define ND_LEARN_METRICS_H

#include "base/base.h"
#include "needledrop/eval.h"

/** Place of the best placed right thing, 1 is the first: 1 + the number of wrong ones of a higher
 *  score + N / (P + 1), where N wrong and P right ones share its score.
 *  @param scores  [G]  @param grades  [G]; 1 or more is right
 *  @return 1 .. G, not always whole; INFINITY where nothing is right.
 *  Threads: safe. Allocates: no. Cost: O(G). */
double nd_metric_rank(const float *scores, const float *grades, int64_t G);

/** The chance that a right thing is among the first k, where equals stand in any order.
 *  @return 0 .. 1. As nd_metric_rank; cost O(G + k). */
double nd_metric_hit_chance(const float *scores, const float *grades, int64_t G, int64_t k);

/** Discounted cumulative gain of the first k over the most that is possible: gain is the grade,
 *  discount 1 / log2(1 + place).
 *  @param grades  [G], 0 .. 1
 *  @return 0 .. 1; 0 where no grade is above 0. Threads: safe. Allocates: no. Cost: O(k G). */
double nd_metric_ndcg(const float *scores, const float *grades, int64_t G, int64_t k);

/** 1 where a rank is k or better, else 0: their mean is Recall@k.
 *  @param out  [n], may be ranks itself  @param ranks  [n]. Threads: safe. Cost: O(n). */
void nd_metric_hits(double *out, const double *ranks, int64_t n, double k);

/** 1 / rank: their mean is the mean reciprocal rank. As nd_metric_hits. */
void nd_metric_reciprocals(double *out, const double *ranks, int64_t n);

/** @return their mean, 0 where n is 0. Threads: safe. Cost: O(n). */
double nd_metric_mean(const double *values, int64_t n);

/** @return share of ranks that are k or better: Recall@k; 0 where n is 0. */
double nd_metric_recall(const double *ranks, int64_t n, double k);

/** Recall@k of ranking at random: that one of P right things is among the first k of G.
 *  @return 1 - C(G - P, k) / C(G, k). Threads: safe. Cost: O(k). */
double nd_metric_chance(int64_t P, int64_t G, int64_t k);

/** Mean of 1 / place of the first of P right things, P >= 1, where they stand in any order among
 *  N wrong ones, behind n_above others. n_above 0: the reciprocal rank of ranking at random.
 *  @return above 0, 1 at most. Threads: safe. Cost: O(N). */
double nd_metric_reciprocal_chance(int64_t n_above, int64_t P, int64_t N);

/** Sum of the discounts 1 / log2(1 + place) of places first + 1 .. end: what gain 1 on each of
 *  them is worth. @param first  >= 0  @return 0 where end <= first. Threads: safe. Cost: O(end). */
double nd_metric_discounts(int64_t first, int64_t end);

/** Overlap of two stretches of time over the time that either takes.
 *  @return 0 .. 1; 0 where both are empty. */
double nd_metric_iou(double start_a, double end_a, double start_b, double end_b);

/** What is measured of values: their mean, or the middle one (of an even number, between the
 *  two). */
typedef enum nd_statistic { ND_STATISTIC_MEAN, ND_STATISTIC_MEDIAN } nd_statistic;

/** A statistic with a percentile bootstrap interval over groups: each resample draws as many groups
 *  as there are, with replacement, all values of a group together, since videos of one track are
 *  not independent. Of differences between two systems over the same queries it is the paired
 *  bootstrap. The same seed draws the same groups, whatever the values.
 *  @param values  [n], n >= 1; no NaN
 *  @param groups  [n] 0 .. N - 1, each number there at least once
 *  @param n_resamples  1 or more  @param out  filled on success
 *  @return 0; ND_ENOMEM. Threads: safe. Cost: O(n_resamples n), n log n for the median. */
int nd_metric_bootstrap(nd_estimate *out, const double *values, const int32_t *groups, int64_t n,
                        nd_statistic statistic, int n_resamples, uint64_t seed);

#endif
