/* Things of classes of any size: each class comes as often as any other, each of its things too,
 * whatever place is asked for first. */
#include "../test.h"

#include "learn/balance.h"

enum { N = 11, K = 5, ROUNDS = 600 };

/* Class 2 has nothing; 0 has one thing, 1 two, 3 three, 4 five. */
static const int32_t class_of[N] = {4, 0, 1, 3, 4, 4, 3, 1, 4, 3, 4};

static void test_shares(nd_balance *b)
{
    int by_thing[N] = {0}, by_class[K] = {0}, sizes[K] = {0};
    for (int i = 0; i < N; i++) sizes[class_of[i]]++;
    for (int round = 0; round < ROUNDS; round++) {
        bool seen[K] = {false}, twice = false;
        for (int c = 0; c < b->n_classes; c++) {
            int i = nd_balance_at(b, (int64_t)round * b->n_classes + c);
            twice = twice || seen[class_of[i]];
            seen[class_of[i]] = true;
            by_thing[i]++;
            by_class[class_of[i]]++;
        }
        if (twice) CHECK("each class once a round", false, "round %d", round);
    }
    for (int k = 0; k < K; k++)
        CHECK("each class as often", by_class[k] == (sizes[k] ? ROUNDS : 0), "%d", by_class[k]);
    for (int i = 0; i < N; i++)
        CHECK("each thing as often", by_thing[i] * sizes[class_of[i]] == ROUNDS, "%d: %d", i,
              by_thing[i]);
}

static void test_places(nd_balance *b, uint64_t seed)
{
    nd_balance again = {0}, other = {0};
    int n_differ = 0, n_other = 0;
    ND_ASSERT(!nd_balance_make(&again, class_of, N, K, seed));
    ND_ASSERT(!nd_balance_make(&other, class_of, N, K, seed + 1));
    for (int64_t p = 99; p >= 0; p--) {
        n_differ += nd_balance_at(&again, p) != nd_balance_at(b, p * 37 % 100);
        n_other += nd_balance_at(&other, p) != nd_balance_at(&again, p);
    }
    CHECK("places differ", n_differ > 0, "all are the same");
    CHECK("seeds differ", n_other > 20, "%d of 100", n_other);
    n_differ = 0;
    for (int64_t p = 0; p < 100; p++) n_differ += nd_balance_at(&again, p) != nd_balance_at(b, p);
    CHECK("a function of seed and place", n_differ == 0, "%d of 100", n_differ);
    nd_balance_deinit(&again);
    nd_balance_deinit(&other);
}

static void test_one_class(void)
{
    static const int32_t one[4] = {0};
    nd_balance b = {0};
    ND_ASSERT(!nd_balance_make(&b, one, 4, 1, 3));
    for (int turn = 0; turn < 5; turn++) {
        int seen = 0;
        for (int i = 0; i < 4; i++) seen |= 1 << nd_balance_at(&b, turn * 4 + i);
        CHECK("one class: all, then all again", seen == 15, "%x", (unsigned)seen);
    }
    nd_balance_deinit(&b);
    nd_balance_deinit(&b);
}

int main(void)
{
    nd_balance b = {0};
    ND_ASSERT(!nd_balance_make(&b, class_of, N, K, 7));
    CHECK("classes with a thing", b.n_classes == K - 1, "%d", b.n_classes);
    test_shares(&b);
    test_places(&b, 7);
    test_one_class();
    nd_balance_deinit(&b);
    TEST_END();
}
