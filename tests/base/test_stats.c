/* Quantiles. */
#include "../test.h"

int main(void)
{
    static const struct {
        const char *name;
        float x[6];
        size_t n;
        double q, expected;
    } cases[] = {
        {"of nothing", {0}, 0, 0.5, 0},
        {"of one", {7}, 1, 0.9, 7},
        {"least", {3, 1, 2}, 3, 0, 1},
        {"greatest", {3, 1, 2}, 3, 1, 3},
        {"median of an odd number", {9, -4, 5}, 3, 0.5, 5},
        {"median of an even number", {4, 1, 3, 2}, 4, 0.5, 2.5},
        {"between ranks", {10, 0, 30, 20}, 4, 0.1, 3},
        {"below 0", {5, 6}, 2, -1, 5},
        {"above 1", {5, 6}, 2, 2, 6},
        {"equal values", {2, 2, 2, 2, 2, 2}, 6, 0.3, 2},
        {"with infinity above", {1, INFINITY, 2}, 3, 0.5, 2},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        float x[6];
        memcpy(x, cases[i].x, sizeof x);
        CHECK_NEAR(cases[i].name, nd_quantile(x, cases[i].n, cases[i].q), cases[i].expected, 1e-6);
    }
    TEST_END();
}
