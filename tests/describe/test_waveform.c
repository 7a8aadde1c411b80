/* The outline against values worked out by hand. */
#include "made.h"

static void test_short(void)
{
    static const struct {
        int64_t n, rows;
    } cases[] = {{0, 0}, {1, 1}, {160, 1}, {161, 2}, {16000, 100}};
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        float *x = nd_calloc((size_t)cases[i].n + 1, sizeof *x);
        nd_description *d = NULL;
        int rc = made_hear(&d, "waveform", x, cases[i].n);
        const nd_array *a = rc ? NULL : nd_description_find(d, "waveform");
        CHECK("rows", a && a->dims[0] == cases[i].rows && a->dims[1] == 2, "%lld samples",
              (long long)cases[i].n);
        nd_description_destroy(&d);
        free(x);
    }
}

static void test_peaks(void)
{
    float x[400] = {0};
    x[0] = -0.5f, x[159] = 0.75f, x[160] = 1, x[399] = -1;
    nd_description *d = NULL;
    ND_ASSERT_EQ(made_hear(&d, "waveform", x, 400), 0);
    static const float expected[] = {-0.5f, 0.75f, 0, 1, -1, 0};
    const float *found = nd_description_find(d, "waveform")->f32;
    for (int i = 0; i < 6; i++) CHECK_NEAR("peaks", found[i], expected[i], 0);
    nd_description_destroy(&d);
}

int main(void)
{
    test_short();
    test_peaks();
    TEST_END();
}
