/* Shares, worths, and their intervals. */
#include <math.h>
#include <string.h>

#include "serve/study_stats.h"

enum { N_RESAMPLES = 1000, MAX_ROUNDS = 10000 };

static int count_bits(unsigned set)
{
    return __builtin_popcount(set);
}

/* ---- tallies ---------------------------------------- */

static void give(nd__tally *t, unsigned set, double wins)
{
    for (int i = 0; i < ND_STUDY_MAX_SYSTEMS; i++)
        if (set >> i & 1) t->wins[i] += wins / count_bits(set);
}

void nd__tally_add(nd__tally *t, const unsigned *sets, int n, int choice)
{
    unsigned all = 0;
    for (int v = 0; v < n; v++) {
        ND_ASSERT(sets[v] && sets[v] < ND__STUDY_SETS && !(all & sets[v]));
        all |= sets[v];
        if (choice < 0 || choice == v) give(t, sets[v], choice < 0 ? 1.0 / n : 1);
    }
    t->sets[all]++;
    t->n_answers++;
    t->n_undecided += choice < 0;
}

void nd__tally_sum(nd__tally *t, const nd__tally *other)
{
    for (int i = 0; i < ND_STUDY_MAX_SYSTEMS; i++) t->wins[i] += other->wins[i];
    for (int s = 0; s < ND__STUDY_SETS; s++) t->sets[s] += other->sets[s];
    t->n_answers += other->n_answers;
    t->n_undecided += other->n_undecided;
}

static double shown_of(const nd__tally *t, int system)
{
    double n = 0;
    for (unsigned s = 0; s < ND__STUDY_SETS; s++)
        if (s >> system & 1) n += t->sets[s];
    return n;
}

/* ---- estimates ---------------------------------------- */

void nd__wilson(double out[2], double wins, double n)
{
    const double z = 1.959963984540054, z2 = z * z;
    double p = wins / n, middle = p + z2 / (2 * n);
    double half = z * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    out[0] = n > 0 ? fmax(0, (middle - half) / (1 + z2 / n)) : NAN;
    out[1] = n > 0 ? fmin(1, (middle + half) / (1 + z2 / n)) : NAN;
}

/* next_i = wins_i / sum over answers that i took part in of 1 / sum of their worths. */
static void improve(double *next, const double *worths, const nd__tally *t, int k)
{
    double rates[ND_STUDY_MAX_SYSTEMS] = {0}, total = 0;
    for (unsigned s = 1; s < 1u << k; s++) {
        double sum = 0, n = t->sets[s] + (s == (1u << k) - 1);
        if (n == 0) continue;
        for (int i = 0; i < k; i++) sum += s >> i & 1 ? worths[i] : 0;
        for (int i = 0; i < k; i++) rates[i] += s >> i & 1 ? n / sum : 0;
    }
    for (int i = 0; i < k; i++) total += next[i] = (t->wins[i] + 1.0 / k) / rates[i];
    for (int i = 0; i < k; i++) next[i] /= total;
}

void nd__worths(double *worths, const nd__tally *t, int k)
{
    ND_ASSERT(k >= 1 && k <= ND_STUDY_MAX_SYSTEMS);
    double change = 1;
    for (int i = 0; i < k; i++) worths[i] = 1.0 / k;
    for (int round = 0; round < MAX_ROUNDS && change > 1e-12; round++) {
        double next[ND_STUDY_MAX_SYSTEMS];
        improve(next, worths, t, k);
        change = 0;
        for (int i = 0; i < k; i++) {
            change = fmax(change, fabs(next[i] - worths[i]));
            worths[i] = next[i];
        }
    }
}

/* ---- resampling ---------------------------------------- */

/* What each resample gave, system by system: [k, N_RESAMPLES]. */
typedef struct {
    float *shares, *worths;
    int n_best[ND_STUDY_MAX_SYSTEMS];
} resamples;

static void resample(resamples *r, int at, const nd__tally *people, int n, int k, nd_rng *rng)
{
    nd__tally t = {0};
    double worths[ND_STUDY_MAX_SYSTEMS];
    int best = 0;
    for (int p = 0; p < n; p++) nd__tally_sum(&t, &people[nd_rng_int(rng, 0, n - 1)]);
    nd__worths(worths, &t, k);
    for (int i = 0; i < k; i++) {
        double shown = shown_of(&t, i);
        r->shares[i * N_RESAMPLES + at] = shown > 0 ? (float)(t.wins[i] / shown) : 0.0f;
        r->worths[i * N_RESAMPLES + at] = (float)worths[i];
        if (worths[i] > worths[best]) best = i;
    }
    r->n_best[best]++;
}

static void interval(double out[2], float *values)
{
    out[0] = (double)nd_quantile(values, N_RESAMPLES, 0.025);
    out[1] = (double)nd_quantile(values, N_RESAMPLES, 0.975);
}

static int resample_all(nd_study_score *scores, const nd__tally *people, int n, int k,
                        uint64_t seed)
{
    size_t size = (size_t)k * N_RESAMPLES;
    resamples r = {.shares = nd_calloc(2 * size, sizeof *r.shares)};
    nd_rng rng;
    if (!r.shares) return ND_ENOMEM;
    r.worths = r.shares + size;
    nd_rng_init(&rng, seed, 0);
    for (int at = 0; at < N_RESAMPLES; at++) resample(&r, at, people, n, k, &rng);
    for (int i = 0; i < k; i++) {
        interval(scores[i].resampled, r.shares + i * N_RESAMPLES);
        interval(scores[i].worth_range, r.worths + i * N_RESAMPLES);
        scores[i].best = (double)r.n_best[i] / N_RESAMPLES;
    }
    free(r.shares);
    return 0;
}

int nd__study_score(nd_study_score *scores, const nd__tally *people, int n, int k, uint64_t seed)
{
    nd__tally t = {0};
    double worths[ND_STUDY_MAX_SYSTEMS];
    nd_study_score made[ND_STUDY_MAX_SYSTEMS];
    memcpy(made, scores, (size_t)k * sizeof *made);
    for (int p = 0; p < n; p++) nd__tally_sum(&t, &people[p]);
    nd__worths(worths, &t, k);
    for (int i = 0; i < k; i++) {
        nd_study_score *s = &made[i];
        double shown = shown_of(&t, i);
        s->wins = t.wins[i];
        s->n_shown = (int)shown;
        s->share = shown > 0 ? s->wins / shown : NAN;
        nd__wilson(s->wilson, s->wins, shown);
        s->worth = worths[i];
        s->best = s->resampled[0] = s->resampled[1] = s->worth_range[0] = s->worth_range[1] = NAN;
    }
    int rc = n > 1 ? resample_all(made, people, n, k, seed) : 0;
    if (!rc) memcpy(scores, made, (size_t)k * sizeof *made);
    return rc;
}

double nd__straight_chance(const int counts[ND_STUDY_MAX_SYSTEMS + 1])
{
    double chance = 0;
    for (int position = 0; position < ND_STUDY_MAX_SYSTEMS; position++) {
        double product = 1;
        for (int v = 0; v <= ND_STUDY_MAX_SYSTEMS; v++)
            if (counts[v]) product *= position < v ? pow(v, -counts[v]) : 0;
        chance += product;
    }
    return fmin(chance, 1);
}
