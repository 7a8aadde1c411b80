/* Equal things, sets, splits. */
#include "../test.h"
#include "learn/corpus_internal.h"

static void check_group(void)
{
    const char *const texts[] = {"b", "a", "b", "", "a", "c"};
    static const int expected[] = {0, 1, 0, 3, 1, 5};
    int first[6];
    int rc = nd__group(first, 6, nd__compare_texts, texts);
    CHECK("group", rc == 0 && !memcmp(first, expected, sizeof first), "%d %d %d %d %d %d", first[0],
          first[1], first[2], first[3], first[4], first[5]);
    CHECK("group_none", nd__group(first, 0, nd__compare_texts, texts) == 0, "failed");
}

static void check_paths(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {{"", "."},          {".", "."},
                 {"./", "."},        {"a", "a"},
                 {"./a//b/", "a/b"}, {"//a/./b", "/a/b"},
                 {"../a", "../a"},   {"/", "/"},
                 {"a/..", "a/.."},   {".hidden", ".hidden"}};
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char out[32], name[32];
        snprintf(name, sizeof name, "tidy_%zu", i);
        nd__path_tidy(out, cases[i].in);
        CHECK(name, !strcmp(out, cases[i].out), "\"%s\", expected \"%s\"", out, cases[i].out);
    }
    CHECK("below", !strcmp(nd__path_below("a/b", "a/b/c/d"), "c/d"), "wrong");
    CHECK("below_of_root", !strcmp(nd__path_below("/", "/c"), "c"), "wrong");
    CHECK("not_below", !strcmp(nd__path_below("a/b", "a/bc/d"), "a/bc/d"), "wrong");
}

static void check_sets(void)
{
    int parent[5] = {0, 1, 2, 3, 4};
    nd__set_join(parent, 4, 2);
    nd__set_join(parent, 3, 4);
    CHECK("joined", nd__set_find(parent, 3) == 2 && nd__set_find(parent, 4) == 2, "apart");
    CHECK("apart", nd__set_find(parent, 0) == 0 && nd__set_find(parent, 1) == 1, "joined");
}

enum { N = 1000, PER_SET = 4 };

static void fill(int *set, const char **order, char (*names)[16], int n, int per_set)
{
    for (int i = 0; i < n; i++) {
        set[i] = i / per_set;
        snprintf(names[i], sizeof names[i], "pair %04d", i);
        order[i] = names[i];
    }
}

static void count(int *by_split, const nd_split *split, int n)
{
    by_split[0] = by_split[1] = by_split[2] = 0;
    for (int i = 0; i < n; i++) by_split[split[i]]++;
}

static void check_shares(void)
{
    static char names[N][16];
    static int set[N];
    static const char *order[N];
    static nd_split split[N], again[N], other[N];
    int n[3];
    fill(set, order, names, N, PER_SET);
    int rc = nd__split_sets(split, set, order, N, 0.1, 0.1, 1);
    count(n, split, N);
    CHECK("shares", rc == 0 && n[1] == 100 && n[2] == 100, "%d %d %d", n[0], n[1], n[2]);
    bool together = true;
    for (int i = 1; i < N; i++) together &= set[i] != set[i - 1] || split[i] == split[i - 1];
    CHECK("sets_stay_together", together, "a set was parted");
    nd__split_sets(again, set, order, N, 0.1, 0.1, 1);
    nd__split_sets(other, set, order, N, 0.1, 0.1, 2);
    CHECK("same_seed_same_splits", !memcmp(split, again, sizeof split), "others");
    CHECK("other_seed_other_splits", memcmp(split, other, sizeof split), "the same");
    for (int i = 0; i < N; i++) set[i] = N - set[i];
    nd__split_sets(again, set, order, N, 0.1, 0.1, 1);
    CHECK("numbers_of_sets_do_not_matter", !memcmp(split, again, sizeof split), "others");
}

/* Few sets; none; a set that is most of all. */
static void check_few(void)
{
    static char names[8][16];
    static const struct {
        int n, per_set, expected[3];
        double val, test;
    } cases[] = {
        {0, 1, {0, 0, 0}, 0.1, 0.1},   {1, 1, {1, 0, 0}, 0.1, 0.1}, {2, 1, {1, 0, 1}, 0.1, 0.1},
        {3, 1, {1, 1, 1}, 0.1, 0.1},   {8, 8, {8, 0, 0}, 0.1, 0.1}, {8, 1, {8, 0, 0}, 0, 0},
        {8, 1, {4, 2, 2}, 0.25, 0.25},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int set[8], n[3];
        const char *order[8];
        nd_split split[8];
        char name[32];
        fill(set, order, names, cases[i].n, cases[i].per_set);
        int rc = nd__split_sets(split, set, order, cases[i].n, cases[i].val, cases[i].test, 3);
        count(n, split, cases[i].n);
        snprintf(name, sizeof name, "few_%zu", i);
        CHECK(name, rc == 0 && !memcmp(n, cases[i].expected, sizeof n), "%d %d %d", n[0], n[1],
              n[2]);
    }
}

static void check_big_set(void)
{
    static char names[8][16];
    int set[8] = {0, 0, 0, 0, 0, 0, 1, 2}, n[3];
    const char *order[8];
    nd_split split[8];
    fill(set, order, names, 8, 8);
    set[6] = 1;
    set[7] = 2;
    nd__split_sets(split, set, order, 8, 0.1, 0.1, 1);
    count(n, split, 8);
    CHECK("big_set_is_for_training", n[0] == 6 && n[1] == 1 && n[2] == 1, "%d %d %d", n[0], n[1],
          n[2]);
}

int main(void)
{
    check_group();
    check_paths();
    check_sets();
    check_shares();
    check_few();
    check_big_set();
    TEST_END();
}
