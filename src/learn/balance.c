/* Every class as often as any other. */
#include <string.h>

#include "learn/balance.h"

static uint64_t seed_of(const nd_balance *b, int stream)
{
    return b->seed * 4 + (uint64_t)stream;
}

nd_rng nd_balance_rng(const nd_balance *b, int stream, int64_t place)
{
    nd_rng rng;
    nd_rng_init(&rng, seed_of(b, stream), (uint64_t)place);
    return rng;
}

/* Things by class, by counting; classes without a thing go. */
static void sort_things(nd_balance *b, const int32_t *class_of, int n, int K)
{
    for (int i = 0; i < n; i++) b->first[class_of[i] + 1]++;
    for (int k = 0; k < K; k++) b->first[k + 1] += b->first[k];
    for (int i = 0; i < n; i++) b->members[b->first[class_of[i]]++] = i;
    /* first[k] is now where class k ends. */
    int end = 0;
    for (int k = 0; k < K; k++) {
        if (b->first[k] == end) continue;
        end = b->first[k];
        b->classes[b->n_classes] = k;
        b->turns[b->n_classes] = (uint64_t)b->n_classes << 40;
        b->first[b->n_classes++] = end;
    }
    memmove(b->first + 1, b->first, (size_t)b->n_classes * sizeof *b->first);
    b->first[0] = 0;
}

int nd_balance_make(nd_balance *out, const int32_t *class_of, int n, int K, uint64_t seed)
{
    nd_balance b = {.seed = seed};
    b.classes = nd_calloc((size_t)K, sizeof *b.classes);
    b.turns = nd_calloc((size_t)K, sizeof *b.turns);
    b.first = nd_calloc((size_t)K + 1, sizeof *b.first);
    b.members = nd_calloc((size_t)n, sizeof *b.members);
    b.order = nd_calloc((size_t)ND_MAX(K, n), sizeof *b.order);
    if (!b.classes || !b.turns || !b.first || !b.members || !b.order) {
        nd_balance_deinit(&b);
        return ND_ENOMEM;
    }
    sort_things(&b, class_of, n, K);
    *out = b;
    return 0;
}

void nd_balance_deinit(nd_balance *b)
{
    free(b->classes);
    free(b->turns);
    free(b->first);
    free(b->members);
    free(b->order);
    *b = (nd_balance){0};
}

/* Element `at` of 0 .. n - 1 as a seed and a stream shuffle them; the last shuffle is kept. */
static int shuffled(nd_balance *b, int n, int at, uint64_t seed, uint64_t stream)
{
    bool is_kept = b->n_shuffled == n && b->shuffled[0] == seed && b->shuffled[1] == stream;
    nd_rng rng;
    nd_rng_init(&rng, seed, stream);
    for (int i = 0; i < n && !is_kept; i++) {
        int j = nd_rng_int(&rng, 0, i);
        b->order[i] = b->order[j];
        b->order[j] = i;
    }
    b->n_shuffled = n;
    b->shuffled[0] = seed;
    b->shuffled[1] = stream;
    return b->order[at];
}

int nd_balance_at(nd_balance *b, int64_t place)
{
    int64_t round = place / b->n_classes;
    int c = (int)(place % b->n_classes);
    if (b->n_classes > 1)
        c = shuffled(b, b->n_classes, c, seed_of(b, ND_STREAM_ROUNDS), (uint64_t)round);
    int m = b->first[c + 1] - b->first[c];
    uint64_t turn = b->turns[c] ^ (uint64_t)(round / m);
    int member = shuffled(b, m, (int)(round % m), seed_of(b, ND_STREAM_TURNS), turn);
    return b->members[b->first[c] + member];
}
