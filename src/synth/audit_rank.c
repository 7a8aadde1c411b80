/* How well a single number ranks, and what chance would give. */
#include <math.h>
#include <string.h>

#include "synth/audit.h"

enum { N_SHUFFLES = 4000, N_RESAMPLES = 1000 };

typedef struct scored {
    double x;
    int index;
} scored;

static int compare(const void *a, const void *b)
{
    const scored *p = a, *q = b;
    return p->x < q->x ? -1 : p->x > q->x ? 1 : p->index - q->index;
}

/* Each number becomes its place among the others, 0..1; equals share the middle of theirs. */
static int to_places(double *out, const double *x, int n)
{
    scored *sorted = nd_calloc((size_t)n, sizeof *sorted);
    if (!sorted) return ND_ENOMEM;
    for (int i = 0; i < n; i++) sorted[i] = (scored){isfinite(x[i]) ? x[i] : 0, i};
    qsort(sorted, (size_t)n, sizeof *sorted, compare);
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && sorted[end].x <= sorted[i].x;) end++;
        for (int k = i; k < end; k++) out[sorted[k].index] = (.5 * (i + end - 1) + .5) / n;
    }
    free(sorted);
    return 0;
}

/* The figures of one query for each track, were it the wanted one. */
static void fill_row(float (*row)[ND_RANK_STATS], scored *sorted, double query,
                     const double *places, int n)
{
    for (int t = 0; t < n; t++)
        sorted[t] = (scored){round(fabs(places[t] - query) * 1e9), t}; /* nearest first */
    qsort(sorted, (size_t)n, sizeof *sorted, compare);
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && sorted[end].x <= sorted[i].x;) end++;
        for (int k = i; k < end; k++) {
            float *out = row[sorted[k].index];
            for (int r = 0; r < ND_RECALLS; r++)
                out[r] = (float)ND_CLAMP((double)(nd_recall_at[r] - i) / (end - i), 0.0, 1.0);
            out[ND_RECALLS] = (float)((.5 * (i + end - 1) + .5) / n);
        }
    }
}

/* Queries stand in blocks of like ones: members of one family. */
typedef struct table {
    float (*rows)[ND_RANK_STATS]; /* [n_queries][n_gallery] */
    const int *wanted;
    int n_queries, n_gallery, block;
} table;

static void mean_of(double out[ND_RANK_STATS], const table *t, const int *queries,
                    const int *wanted)
{
    memset(out, 0, sizeof(double) * ND_RANK_STATS);
    for (int i = 0; i < t->n_queries; i++) {
        int q = queries ? queries[i] : i;
        const float *stats = t->rows[(size_t)q * (size_t)t->n_gallery + (size_t)wanted[q]];
        for (int r = 0; r < ND_RANK_STATS; r++) out[r] += (double)stats[r] / t->n_queries;
    }
}

static void shuffle(int *x, int n, nd_rng *rng)
{
    for (int i = n - 1; i > 0; i--) {
        int j = nd_rng_int(rng, 0, i), kept = x[i];
        x[i] = x[j];
        x[j] = kept;
    }
}

/* Every block gets the tracks of another one, in random order. @param order  [n_queries] scratch */
static void assign(int *out, int *order, const table *t, nd_rng *rng)
{
    int n_blocks = t->n_queries / t->block;
    for (int b = 0; b < n_blocks; b++) order[b] = b;
    shuffle(order, n_blocks, rng);
    for (int b = 0; b < n_blocks; b++) {
        for (int i = 0; i < t->block; i++)
            out[b * t->block + i] = t->wanted[order[b] * t->block + i];
        shuffle(out + b * t->block, t->block, rng);
    }
}

static void find_chance(nd_audit_ranking *out, const table *t, int *scratch, nd_rng *rng)
{
    for (int r = 0; r < ND_RANK_STATS; r++) out->chance_lo[r] = INFINITY;
    for (int s = 0; s < N_SHUFFLES; s++) {
        double stats[ND_RANK_STATS];
        assign(scratch, scratch + t->n_queries, t, rng);
        mean_of(stats, t, NULL, scratch);
        for (int r = 0; r < ND_RANK_STATS; r++) {
            out->chance[r] += stats[r] / N_SHUFFLES;
            out->chance_lo[r] = ND_MIN(out->chance_lo[r], stats[r]);
            out->chance_hi[r] = ND_MAX(out->chance_hi[r], stats[r]);
        }
    }
}

/* Whole blocks are drawn, then queries in them. */
static void bootstrap(nd_audit_ranking *out, const table *t, int *drawn, nd_rng *rng)
{
    static const double tail = .025;
    float samples[ND_RANK_STATS][N_RESAMPLES];
    int n_blocks = t->n_queries / t->block;
    for (int s = 0; s < N_RESAMPLES; s++) {
        double stats[ND_RANK_STATS];
        for (int b = 0; b < n_blocks; b++) {
            int from = nd_rng_int(rng, 0, n_blocks - 1) * t->block;
            for (int i = 0; i < t->block; i++)
                drawn[b * t->block + i] = from + nd_rng_int(rng, 0, t->block - 1);
        }
        mean_of(stats, t, drawn, t->wanted);
        for (int r = 0; r < ND_RANK_STATS; r++) samples[r][s] = (float)stats[r];
    }
    for (int r = 0; r < ND_RANK_STATS; r++) {
        out->lo[r] = (double)nd_quantile(samples[r], N_RESAMPLES, tail);
        out->hi[r] = (double)nd_quantile(samples[r], N_RESAMPLES, 1 - tail);
    }
}

static bool is_within(const nd_audit_ranking *r)
{
    const double rounding = 1e-6;
    for (int i = 0; i < ND_RANK_STATS; i++)
        if (r->found[i] < r->chance_lo[i] - rounding || r->found[i] > r->chance_hi[i] + rounding)
            return false;
    return true;
}

int nd_audit_rank(nd_audit_ranking *out, const double *queries, const double *gallery,
                  const int *wanted, int n_queries, int n_gallery, int block)
{
    ND_ASSERT(block >= 1 && n_queries % block == 0);
    table t = {.wanted = wanted, .n_queries = n_queries, .n_gallery = n_gallery, .block = block};
    t.rows = nd_calloc((size_t)n_queries * (size_t)n_gallery, sizeof *t.rows);
    double *of_queries = nd_calloc((size_t)n_queries, sizeof *of_queries);
    double *of_gallery = nd_calloc((size_t)n_gallery, sizeof *of_gallery);
    scored *sorted = nd_calloc((size_t)n_gallery, sizeof *sorted);
    int *scratch = nd_calloc(2 * (size_t)n_queries, sizeof *scratch), rc = 0;
    if (!t.rows || !of_queries || !of_gallery || !sorted || !scratch) rc = ND_ENOMEM;
    if (!rc) rc = to_places(of_queries, queries, n_queries);
    if (!rc) rc = to_places(of_gallery, gallery, n_gallery);
    if (!rc) {
        nd_audit_ranking r = {.is_at_chance = false};
        nd_rng rng;
        nd_rng_init(&rng, 1, 0);
        for (int q = 0; q < n_queries; q++)
            fill_row(t.rows + (size_t)q * (size_t)n_gallery, sorted, of_queries[q], of_gallery,
                     n_gallery);
        mean_of(r.found, &t, NULL, wanted);
        find_chance(&r, &t, scratch, &rng);
        bootstrap(&r, &t, scratch, &rng);
        r.is_at_chance = is_within(&r);
        *out = r;
    }
    free(t.rows);
    free(of_queries);
    free(of_gallery);
    free(sorted);
    free(scratch);
    return rc;
}
