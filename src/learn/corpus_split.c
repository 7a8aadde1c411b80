/* Who is for training, for validation, for the test: whole sets, so that what one split has heard
 * or seen is in no other. */
#include <math.h>
#include <string.h>

#include "learn/corpus_internal.h"

int nd__set_find(int *parent, int i)
{
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

void nd__set_join(int *parent, int a, int b)
{
    int i = nd__set_find(parent, a), j = nd__set_find(parent, b);
    parent[ND_MAX(i, j)] = ND_MIN(i, j);
}

typedef struct {
    const char *order; /* smallest text of its pairs */
    int set, size, first;
    bool is_taken;
} set_info;

static int by_order(const void *a, const void *b)
{
    const set_info *s = a, *t = b;
    int order = strcmp(s->order, t->order);
    return order ? order : (s->first > t->first) - (s->first < t->first);
}

static int compare_sets(const void *items, int a, int b)
{
    const int *set = items;
    return (set[a] > set[b]) - (set[a] < set[b]);
}

/* Sets [n at most] in the order of a seeded shuffle. first [n]: of each pair, the first of its
 * set. @return their number */
static int list_sets(set_info *sets, const int *first, const char *const *order, int n,
                     uint64_t seed)
{
    int n_sets = 0;
    for (int i = 0; i < n; i++) {
        sets[i] = (set_info){.order = order[i], .set = i, .first = i};
        set_info *s = &sets[first[i]];
        s->size++;
        if (strcmp(order[i], s->order) < 0) s->order = order[i];
    }
    for (int i = 0; i < n; i++)
        if (sets[i].size) sets[n_sets++] = sets[i];
    if (n_sets) qsort(sets, (size_t)n_sets, sizeof *sets, by_order);
    nd_rng rng;
    nd_rng_init(&rng, seed, 0);
    for (int i = n_sets - 1; i > 0; i--) {
        int k = nd_rng_int(&rng, 0, i);
        set_info moved = sets[i];
        sets[i] = sets[k];
        sets[k] = moved;
    }
    return n_sets;
}

/* Take sets for a split while each brings it nearer to its share; one at least, the smallest, where
 * none does and there are enough. split_of [n]: by the first pair of a set. */
static void take(nd_split *split_of, set_info *sets, int n_sets, double wanted, nd_split split,
                 bool needs_one)
{
    double taken = 0;
    int smallest = -1;
    for (int i = 0; i < n_sets && wanted > 0; i++) {
        set_info *s = &sets[i];
        if (s->is_taken) continue;
        if (smallest < 0 || s->size < sets[smallest].size) smallest = i;
        if (fabs(taken + s->size - wanted) >= fabs(taken - wanted)) continue;
        s->is_taken = true;
        split_of[s->set] = split;
        taken += s->size;
    }
    if (taken > 0 || smallest < 0 || !needs_one) return;
    sets[smallest].is_taken = true;
    split_of[sets[smallest].set] = split;
}

int nd__split_sets(nd_split *out, const int *set, const char *const *order, int n, double val_share,
                   double test_share, uint64_t seed)
{
    set_info *sets = nd_calloc((size_t)n, sizeof *sets);
    nd_split *split_of = nd_calloc((size_t)n, sizeof *split_of); /* zero is ND_TRAIN */
    int *first = nd_calloc((size_t)n, sizeof *first), rc = ND_ENOMEM;
    if (sets && split_of && first) rc = nd__group(first, n, compare_sets, set);
    if (!rc) {
        int n_sets = list_sets(sets, first, order, n, seed);
        take(split_of, sets, n_sets, test_share * n, ND_TEST, n_sets > 1);
        take(split_of, sets, n_sets, val_share * n, ND_VAL, n_sets > 2);
        for (int i = 0; i < n; i++) out[i] = split_of[first[i]];
    }
    free(sets);
    free(split_of);
    free(first);
    return rc;
}
