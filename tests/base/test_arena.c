/* The arena: alignment, marks, limits; a second round of the same sizes asks for nothing. */
#include "../test.h"
#include "base/arena.h"

static void test_wrong_sizes(void)
{
    nd_arena a = {0};
    CHECK("no room for SIZE_MAX", !nd_arena_alloc(&a, SIZE_MAX), "%zu used", a.used);
    CHECK("no room for SIZE_MAX - 64", !nd_arena_alloc(&a, SIZE_MAX - 64), "%zu used", a.used);
    if (ND_IS_ASAN || ND_IS_TSAN) SKIP("no room for all memory", "the sanitizer would end it");
    else CHECK("no room for all memory", !nd_arena_alloc(&a, SIZE_MAX / 2), "%zu used", a.used);
    CHECK("a failure uses nothing", a.used == 0 && a.peak == 0, "%zu, %zu", a.used, a.peak);
    CHECK("nothing is a place too", nd_arena_alloc(&a, 0) != NULL, "%zu used", a.used);
    nd_arena_deinit(&a);
    nd_arena_deinit(&a);
}

/* Blocks filled to the last byte do not touch one another. */
static void test_distinct(void)
{
    enum { N = 2000 };
    static unsigned char *blocks[N];
    static size_t sizes[N];
    nd_arena a = {0};
    nd_rng rng;
    nd_rng_init(&rng, 1, 0);
    int n_wrong = 0;
    for (int i = 0; i < N; i++) {
        sizes[i] = (size_t)nd_rng_int(&rng, 0, i % 100 ? 3000 : 3000000);
        blocks[i] = nd_arena_alloc(&a, sizes[i]);
        n_wrong += !blocks[i] || (uintptr_t)blocks[i] % ND_ARENA_ALIGN;
        if (blocks[i]) memset(blocks[i], i, sizes[i]);
    }
    for (int i = 0; i < N; i++)
        for (size_t j = 0; blocks[i] && j < sizes[i]; j++) n_wrong += blocks[i][j] != i % 256;
    CHECK("aligned and distinct", n_wrong == 0, "%d wrong", n_wrong);
    nd_arena_deinit(&a);
}

static void test_limit(void)
{
    nd_arena a = {.limit = 1024};
    CHECK("over the limit", !nd_arena_alloc(&a, 1025), "%zu used", a.used);
    CHECK("up to the limit", nd_arena_alloc(&a, 900) && nd_arena_alloc(&a, 10), "%zu", a.used);
    CHECK("and no further", !nd_arena_alloc(&a, 100), "%zu used", a.used);
    nd_arena_reset(&a);
    CHECK("afresh after a reset", nd_arena_alloc(&a, 900) && a.limit == 1024, "%zu used", a.used);
    CHECK("peak is the most at once", a.peak == 1024, "%zu", a.peak);
    nd_arena_deinit(&a);
}

/* What was given out before a mark stays; what came after is given again. */
static void test_marks(void)
{
    nd_arena a = {0};
    nd_arena_mark start = nd_arena_save(&a);
    char *kept = nd_arena_alloc(&a, 1000), *again;
    memset(kept, 7, 1000);
    nd_arena_mark mark = nd_arena_save(&a);
    char *first = nd_arena_alloc(&a, 100);
    for (int i = 0; i < 20; i++) memset(nd_arena_alloc(&a, (size_t)i << 17), i, (size_t)i << 17);
    nd_arena_restore(&a, mark);
    again = nd_arena_alloc(&a, 100);
    CHECK("a mark gives the same place", again == first, "%p, %p", (void *)again, (void *)first);
    CHECK("a mark counts", a.used == 1024 + 128, "%zu", a.used);
    int n_wrong = 0;
    for (int i = 0; i < 1000; i++) n_wrong += kept[i] != 7;
    CHECK("what lies before a mark stays", n_wrong == 0, "%d bytes changed", n_wrong);
    nd_arena_restore(&a, start);
    CHECK("a mark of an empty arena", nd_arena_alloc(&a, 1) == kept && a.used == 64, "%zu", a.used);
    nd_arena_deinit(&a);
}

/* Marks within marks, over block borders, against a plain stack of sizes. */
static void test_many_marks(void)
{
    enum { DEPTH = 40 };
    nd_arena a = {0};
    nd_arena_mark marks[DEPTH];
    unsigned char *blocks[DEPTH];
    nd_rng rng;
    nd_rng_init(&rng, 2, 0);
    int depth = 0, n_wrong = 0;
    for (int i = 0; i < 5000; i++) {
        int target = nd_rng_int(&rng, 0, DEPTH - 1);
        if (depth < target) {
            marks[depth] = nd_arena_save(&a);
            blocks[depth] = nd_arena_alloc(&a, 1 + (size_t)depth * 20011);
            memset(blocks[depth], depth, 1 + (size_t)depth * 20011);
            depth++;
        } else if (depth > target) {
            depth = target;
            nd_arena_restore(&a, marks[depth]);
        }
        for (int j = 0; j < depth; j++) n_wrong += blocks[j][j * 20011] != j || blocks[j][0] != j;
    }
    CHECK("marks within marks", n_wrong == 0, "%d wrong", n_wrong);
    nd_arena_deinit(&a);
}

/* The first round takes several blocks, the second one block, the third the same. */
static void test_rounds(void)
{
    nd_arena a = {0};
    const void *block[4] = {0};
    for (int round = 0; round < 4; round++) {
        nd_arena_reset(&a);
        for (int i = 1; i < 40; i++) nd_arena_alloc(&a, (size_t)i * 100000);
        block[round] = a.blocks;
        if (round) CHECK("one place for all of a round", a.blocks == a.current, "%zu used", a.used);
    }
    CHECK("the same from the second round on", block[2] == block[1] && block[3] == block[1],
          "%p %p %p", block[1], block[2], block[3]);
    nd_arena_deinit(&a);
    CHECK("nothing left", !a.blocks && !a.current && !a.used, "%zu used", a.used);
}

int main(void)
{
    test_wrong_sizes();
    test_distinct();
    test_limit();
    test_marks();
    test_many_marks();
    test_rounds();
    TEST_END();
}
