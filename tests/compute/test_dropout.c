/* Which values dropout keeps: as many as it says, independently, and the same whoever computes. */
#include "../test.h"
#include "compute/ops.h"

enum { N_DROP = 1 << 18 };

/* Which of n ones are kept: 0 or the scale. */
static void drop_ones(nd_tape *t, const nd_pass *pass, int64_t n_items, int n_before, float *out)
{
    nd_tape_begin(t, pass);
    nd_tensor *x = nd_tape_input(t, 2, (const int64_t[]){n_items, N_DROP / 4});
    for (int64_t i = 0; i < nd_tensor_count(x); i++) x->data[i] = 1;
    for (int i = 0; i < n_before; i++) nd_dropout(t, x, 0.3f);
    memcpy(out, nd_dropout(t, x, 0.3f)->data, (size_t)nd_tensor_count(x) * sizeof *out);
}

static double share_of_equal(const float *a, const float *b)
{
    double n = 0;
    for (int i = 0; i < N_DROP; i++) n += (a[i] > 0) == (b[i] > 0);
    return n / N_DROP;
}

static void test_dropout(void)
{
    static float whole[N_DROP], other[N_DROP];
    nd_tape *t = NULL;
    ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
    nd_pass pass = {.train = true, .drop_key = 77};
    drop_ones(t, &pass, 4, 0, whole);
    double kept = 0, neighbours = 0, sum = 0, sigma = sqrt(0.3 * 0.7 / N_DROP);
    for (int i = 0; i < N_DROP; i++) {
        kept += whole[i] > 0;
        sum += (double)whole[i];
        neighbours += i && whole[i] > 0 && whole[i - 1] > 0;
    }
    CHECK_NEAR("dropout keeps 1 - p", kept / N_DROP, 0.7, 4 * sigma);
    CHECK_NEAR("dropout keeps the mean", sum / N_DROP, 1, 6 * sigma);
    CHECK_NEAR("dropout of neighbours is independent", neighbours / N_DROP, 0.49, 6 * sigma);
    drop_ones(t, &pass, 4, 1, other); /* agree by chance: 0.7^2 + 0.3^2 */
    CHECK_NEAR("each dropout of a pass is another", share_of_equal(whole, other), 0.58, 6 * sigma);
    pass.drop_key++;
    drop_ones(t, &pass, 4, 0, other);
    CHECK_NEAR("each key is another", share_of_equal(whole, other), 0.58, 6 * sigma);
    pass = (nd_pass){.train = true, .drop_key = 77, .first_item = 3};
    drop_ones(t, &pass, 1, 0, other);
    CHECK("an item's mask does not depend on who has it",
          !memcmp(whole + N_DROP / 4 * 3, other, N_DROP / 4 * sizeof *other), "%d", 0);
    nd_tape_destroy(&t);
}

int main(void)
{
    test_dropout();
    TEST_END();
}
