/* Statistics of choices: pure, no file, no clock. docs/study.md has the formulas. */
#ifndef ND_SERVE_STUDY_STATS_H
#define ND_SERVE_STUDY_STATS_H

#include "base/base.h"
#include "needledrop/study.h"

enum { ND__STUDY_SETS = 1 << ND_STUDY_MAX_SYSTEMS };

/** All that the statistics need of some answers: sums, so that people's tallies add. Zeroed: of no
 *  answer. */
typedef struct nd__tally {
    double wins[ND_STUDY_MAX_SYSTEMS];
    double sets[ND__STUDY_SETS]; /* answers in which these systems (a bit each) took part */
    int n_answers, n_undecided;
} nd__tally;

/** One answer.
 *  @param sets    [n] the systems of each version, a bit each; no bit twice
 *  @param choice  0 .. n - 1; -1: no preference. The version's win is shared by its systems. */
void nd__tally_add(nd__tally *t, const unsigned *sets, int n, int choice);
/** Add another's. */
void nd__tally_sum(nd__tally *t, const nd__tally *other);

/** Wilson's score interval of 95 % of wins out of n, fractions allowed.
 *  Source: Wilson 1927, eq. 3 of Brown, Cai, DasGupta 2001. n 0: NAN. */
void nd__wilson(double out[2], double wins, double n);

/** Worths of k systems that sum to 1, by Luce's choice rule (for pairs Bradley and Terry's):
 *  the chance to be chosen among a set is worth over the sum of the set's worths. Fitted by
 *  Hunter's MM; one more answer among all, without preference, keeps every worth above 0.
 *  @param worths  [k]  Source: Hunter 2004, Annals of Statistics 32(1), eq. 30. */
void nd__worths(double *worths, const nd__tally *t, int k);

/** The whole score of k systems, from tallies of people; people are resampled 1000 times for the
 *  intervals, which are NAN for fewer than two.
 *  @param scores  [k], in order of systems; names stay as they are
 *  @param people  [n]
 *  @return 0 or ND_ENOMEM (scores untouched). Same seed, same bytes. */
int nd__study_score(nd_study_score *scores, const nd__tally *people, int n, int k, uint64_t seed);

/** How probable it is that one who clicks at random always chooses the same position.
 *  @param counts  [v]: questions with v versions, each position as likely
 *  @return sum over positions of the product over questions of 1 / v, 1 at most */
double nd__straight_chance(const int counts[ND_STUDY_MAX_SYSTEMS + 1]);

#endif
