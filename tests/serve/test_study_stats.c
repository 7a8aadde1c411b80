/* Choices into shares, worths and intervals: against tests/reference/study.py, and what each rule
 * says of answers that can be counted by hand. */
#include "../test.h"
#include "needledrop/array.h"
#include "serve/study_stats.h"

enum { WIDTH = ND_STUDY_MAX_SYSTEMS, N_CASES = 3 };

/* ---- the reference's generator ------------------------------------------------------------- */

static unsigned state;

static unsigned draw(void)
{
    state = (state * 1103515245u + 12345u) & 0x7FFFFFFFu;
    return state >> 8;
}

static void draw_answer(nd__tally *t, int k)
{
    unsigned sets[WIDTH];
    int n = 0;
    for (int i = 0; i < k; i++)
        if (draw() % 4) sets[n++] = 1u << i;
    if (n < 2)
        for (n = 0; n < k; n++) sets[n] = 1u << n;
    if (draw() % 5 == 0 && n > 2) {
        sets[0] |= sets[1];
        memmove(sets + 1, sets + 2, (size_t)(n - 2) * sizeof *sets);
        n--;
    }
    unsigned a = draw() % (unsigned)(n + 1), b = draw() % (unsigned)(n + 1);
    nd__tally_add(t, sets, n, (int)ND_MAX(a, b) - 1);
}

static void test_golden(void)
{
    static const int cases[N_CASES][2] = {{2, 40}, {3, 120}, {5, 300}};
    nd_array golden = {0};
    nd_diag diag = {0};
    int rc = nd_array_read_npy(&golden, "tests/golden/study.npy", &diag);
    CHECK("golden file", !rc && golden.n_dims == 2 && golden.dims[0] == N_CASES, "%s", diag.text);
    if (rc) return;
    for (int c = 0; c < N_CASES; c++) {
        int k = cases[c][0];
        const float *row = golden.f32 + c * 4 * WIDTH;
        nd__tally t = {0};
        nd_study_score scores[WIDTH] = {{0}};
        state = (unsigned)k;
        for (int i = 0; i < cases[c][1]; i++) draw_answer(&t, k);
        CHECK("scored", !nd__study_score(scores, &t, 1, k, 1), "out of memory");
        for (int i = 0; i < k; i++) {
            CHECK_NEAR("worth", scores[i].worth, row[i], 1e-6);
            CHECK_NEAR("share", scores[i].share, row[WIDTH + i], 1e-6);
            CHECK_NEAR("lower end", scores[i].wilson[0], row[2 * WIDTH + i], 1e-6);
            CHECK_NEAR("upper end", scores[i].wilson[1], row[3 * WIDTH + i], 1e-6);
        }
    }
    free(golden.data);
}

/* ---- by hand ---------------------------------------- */

static void test_tally(void)
{
    nd__tally t = {0}, sum = {0};
    nd__tally_add(&t, (unsigned[]){1, 2, 4}, 3, 1);
    nd__tally_add(&t, (unsigned[]){1, 2, 4}, 3, -1);
    nd__tally_add(&t, (unsigned[]){5, 2}, 2, 0);
    CHECK_NEAR("a third, half a shared win", t.wins[0], 1.0 / 3 + 0.5, 1e-12);
    CHECK_NEAR("a win and a third", t.wins[1], 1 + 1.0 / 3, 1e-12);
    CHECK("answers", t.n_answers == 3 && t.n_undecided == 1 && t.sets[7] == 3, "%d, %d, %g",
          t.n_answers, t.n_undecided, t.sets[7]);
    nd__tally_sum(&sum, &t);
    nd__tally_sum(&sum, &t);
    CHECK("twice", sum.wins[1] == 2 * t.wins[1] && sum.sets[7] == 6 && sum.n_answers == 6, "%g",
          sum.wins[1]);
}

static void test_wilson(void)
{
    double r[2];
    nd__wilson(r, 0, 0);
    CHECK("of nothing", isnan(r[0]) && isnan(r[1]), "%g, %g", r[0], r[1]);
    nd__wilson(r, 0, 10); /* Brown, Cai, DasGupta: z2 / (n + z2) */
    CHECK("none of ten", fabs(r[0]) < 1e-12 && fabs(r[1] - 0.277533) < 1e-6, "%g, %g", r[0], r[1]);
    nd__wilson(r, 10, 10);
    CHECK("ten of ten", fabs(r[0] - 0.722467) < 1e-6 && fabs(r[1] - 1) < 1e-12, "%g, %g", r[0],
          r[1]);
}

/* Two systems, 30 to 10: with the added answer 30.5 to 10.5. */
static void test_worths(void)
{
    nd__tally t = {.wins = {30, 10}, .sets = {[3] = 40}};
    double w[2];
    nd__worths(w, &t, 2);
    CHECK_NEAR("of two the share", w[0], 30.5 / 41, 1e-9);
    nd__worths(w, &(nd__tally){0}, 2);
    CHECK_NEAR("of no answer the same", w[0], 0.5, 1e-9);
    nd__worths(w, &(nd__tally){.wins = {9, 0}, .sets = {[3] = 9}}, 2);
    CHECK("never chosen is above 0", w[1] > 0.01 && w[1] < 0.1, "%g", w[1]);
}

static void test_straight(void)
{
    int counts[WIDTH + 1] = {0};
    CHECK_NEAR("of no question", nd__straight_chance(counts), 1, 0);
    counts[3] = 4;
    CHECK_NEAR("four of three", nd__straight_chance(counts), 3 / 81.0, 1e-12);
    counts[2] = 1;
    CHECK_NEAR("and one of two", nd__straight_chance(counts), 2 / 162.0, 1e-12);
}

/* People that answer as one and people that do not: the interval knows. */
static void test_resampled(void)
{
    enum { N = 24 };
    static nd__tally same[N], split[N];
    nd_study_score a[2] = {{0}}, b[2] = {{0}}, again[2] = {{0}};
    for (int p = 0; p < N; p++)
        for (int q = 0; q < 10; q++) {
            nd__tally_add(&same[p], (unsigned[]){1, 2}, 2, q % 2);
            nd__tally_add(&split[p], (unsigned[]){1, 2}, 2, p % 2);
        }
    CHECK("scored", !nd__study_score(a, same, N, 2, 1) && !nd__study_score(b, split, N, 2, 1),
          "out of memory");
    CHECK("nobody differs", a[0].resampled[0] == 0.5 && a[0].resampled[1] == 0.5, "%g, %g",
          a[0].resampled[0], a[0].resampled[1]);
    CHECK("everybody differs", b[0].resampled[1] - b[0].resampled[0] > 0.3, "%g, %g",
          b[0].resampled[0], b[0].resampled[1]);
    CHECK("wider than Wilson's", b[0].resampled[1] > b[0].wilson[1], "%g", b[0].wilson[1]);
    nd__study_score(again, split, N, 2, 1);
    CHECK("same seed, same bytes", !memcmp(again, b, sizeof b), "%g, %g", again[0].best, b[0].best);
    nd__study_score(a, split, 1, 2, 1);
    CHECK("one person has none", isnan(a[0].resampled[0]) && isnan(a[0].best), "%g", a[0].best);
    nd__study_score(a, split, 0, 2, 1);
    CHECK("nobody has no share", isnan(a[0].share) && a[0].worth == 0.5, "%g", a[0].share);
}

int main(void)
{
    test_tally();
    test_wilson();
    test_worths();
    test_straight();
    test_resampled();
    test_golden();
    TEST_END();
}
