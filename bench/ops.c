/* The ops at the sizes of the "small" Conformer (8 clips of 98 steps, width 144), on one thread,
 * under each instruction set that the processor has.
 *
 * results: Microseconds a call on one thread, forward and forward with backward, for each compiled
 * results: set of kernels; matrix products are oneDNN's under all of them. GFLOP/s are those of the
 * results: best set by the multiplications of the formula (backward counts twice), so the 3 x 3
 * results: convolution, which needs 0.5625 of them, may show more than the processor has. The last
 * results: two columns are the times of the best set against those of plain.
 *
 * The sets take turns: ROUNDS rounds of as many calls as fill ROUND_S; a time is the median over
 * rounds of a round's fastest call. */
#include <string.h>

#include "../tests/compute/op_case.h"
#include "compute/gemm.h"

enum { ROUNDS = 5, MAX_KERNELS = 3 };
static const double ROUND_S = 0.02;

enum { B = 8, T = 98, ROWS = B * T, D = 144, FFN = 576, HEADS = 4, TAPS = 31 };

#define LINEAR &(const nd_linear_params)
#define SCALE  .scale = 1.0f / 12, .n_heads = HEADS

static const op_case cases[] = {
    {"linear 144 to 144", &op_linear, .in = {{B, T, D}, {D, D}, {D}}},
    {"linear 144 to 576, swish", &op_linear, .in = {{B, T, D}, {FFN, D}, {FFN}},
     .params = LINEAR{.act = ND_ACT_SWISH}},
    {"linear 144 to 576, swish, dropout", &op_linear, true, .in = {{B, T, D}, {FFN, D}, {FFN}},
     .params = LINEAR{.act = ND_ACT_SWISH, .dropout = 0.1f}},
    {"linear 144 to 576, gelu", &op_linear, .in = {{B, T, D}, {FFN, D}, {FFN}},
     .params = LINEAR{.act = ND_ACT_GELU}},
    {"linear 576 to 144, residual", &op_linear, .in = {{B, T, FFN}, {D, FFN}, {D}, {B, T, D}},
     .params = LINEAR{.factor = 0.5f}},
    {"linear 2736 to 144", &op_linear, .in = {{B, T, 19 * D}, {D, 19 * D}, {D}}},
    {"layer norm", &op_layer_norm, .in = {{B, T, D}, {D}, {D}}},
    {"batch norm, swish, training", &op_batch_norm, true, .in = {{B, T, D}, {D}, {D}, {D}, {D}},
     .fixed = 1 << 3 | 1 << 4, .fill = {[4] = OP_POSITIVE},
     .params = &(const nd_batch_norm_params){1e-5f, 0.1f, ND_ACT_SWISH}},
    {"batch norm, swish, inference", &op_batch_norm, .in = {{B, T, D}, {D}, {D}, {D}, {D}},
     .fixed = 1 << 3 | 1 << 4, .fill = {[4] = OP_POSITIVE},
     .params = &(const nd_batch_norm_params){1e-5f, 0.1f, ND_ACT_SWISH}},
    {"l2 normalize", &op_l2_normalize, .in = {{ROWS, D}}},
    {"conv2d 398 x 80, 1 to 144, relu, 2 pictures", &op_conv2d,
     .in = {{2, 398, 80, 1}, {D, 1, 3, 3}, {D}}, .fixed = 1,
     .params = &(const op_conv2d_params){.relu = true}},
    {"conv2d 198 x 39, 144 to 144, relu, 2 pictures", &op_conv2d,
     .in = {{2, 198, 39, D}, {D, D, 3, 3}, {D}}, .params = &(const op_conv2d_params){.relu = true}},
    {"depthwise, 31 taps", &op_depthwise, .in = {{B, T, D}, {D, 1, TAPS}}},
    {"glu", &op_glu, .in = {{B, T, 2 * D}}},
    {"attention", &op_attention, .in = {{B, T, D}, {B, T, D}, {B, T, D}},
     .params = &(const nd_attention_params){SCALE}},
    {"attention, shifted", &op_attention,
     .in = {{B, T, D}, {B, T, D}, {B, T, D}, {T, D}, {HEADS, D / HEADS}, {HEADS, D / HEADS}},
     .params = &(const nd_attention_params){SCALE, .positions = ND_POSITIONS_SHIFTED}},
    {"attention, shifted, dropout", &op_attention, true,
     .in = {{B, T, D}, {B, T, D}, {B, T, D}, {T, D}, {HEADS, D / HEADS}, {HEADS, D / HEADS}},
     .params = &(const nd_attention_params){SCALE, .positions = ND_POSITIONS_SHIFTED,
                                            .dropout = 0.1f}},
    {"swish", &op_activate, .in = {{B, T, D}}, .params = &(const nd_act){ND_ACT_SWISH}},
    {"gelu", &op_activate, .in = {{B, T, D}}, .params = &(const nd_act){ND_ACT_GELU}},
    {"dropout", &op_dropout, true, .in = {{B, T, D}}, .params = &(const float){0.1f}},
    {"softmax of 98", &op_softmax, .in = {{B, HEADS, T, T}}},
    {"add", &op_add, .in = {{B, T, D}, {B, T, D}}},
    {"transpose", &op_transpose, .in = {{B, T, D}}},
    {"mean pool", &op_mean_pool, .in = {{B, T, D}}},
};

/* Seconds a call: forward without a record, forward with one and backward. */
enum { FORWARD, BOTH, N_PASSES };

static void fill_inputs(const op_case *c, nd_arena *arena, const float **values)
{
    for (int i = 0; i < ND_NODE_INPUTS; i++) {
        float *to = nd_arena_alloc(arena, (size_t)op_count(c->in[i]) * sizeof *to);
        ND_ASSERT(to);
        op_fill_input(c, i, to);
        values[i] = to;
    }
}

/* One call; tape, inputs and the gradient that comes in are made before the clock starts. */
static double call_s(const op_case *c, nd_tape *t, const float *const *values, int pass)
{
    nd_tensor *in[ND_NODE_INPUTS];
    op_begin(c, t, pass == BOTH, values, in);
    double start_s = nd_now_s();
    nd_tensor *out = c->op->run(c, t, in);
    double run_s = nd_now_s() - start_s;
    ND_ASSERT(out && !nd_tape_status(t));
    if (pass == FORWARD) return run_s;
    float beta, *grad = nd_tape_grad(t, out, &beta);
    ND_ASSERT(grad && t->last);
    memcpy(grad, out->data, (size_t)nd_tensor_count(out) * sizeof *grad);
    start_s = nd_now_s();
    t->last->backward(t, t->last);
    return run_s + nd_now_s() - start_s;
}

static double round_s(const op_case *c, nd_tape *t, const float *const *values, int pass)
{
    double fastest = 1e9, end_s = nd_now_s() + ROUND_S;
    do {
        double s = call_s(c, t, values, pass);
        fastest = ND_MIN(fastest, s);
    } while (nd_now_s() < end_s);
    return fastest;
}

static double median(double *x)
{
    for (int i = 0; i < ROUNDS; i++)
        for (int j = i; j > 0 && x[j] < x[j - 1]; j--) {
            double kept = x[j];
            x[j] = x[j - 1];
            x[j - 1] = kept;
        }
    return x[ROUNDS / 2];
}

static void time_case(const op_case *c, nd_tape *t, double s[MAX_KERNELS][N_PASSES])
{
    nd_arena arena = {0};
    const float *values[ND_NODE_INPUTS];
    double rounds[MAX_KERNELS][N_PASSES][ROUNDS];
    fill_inputs(c, &arena, values);
    for (int round = 0; round < ROUNDS; round++)
        for (int k = 0; nd_kernels_at(k); k++)
            for (int pass = 0; pass < N_PASSES; pass++) {
                nd_kernels_use(nd_kernels_at(k));
                if (round == 0) call_s(c, t, values, pass); /* memory comes now */
                rounds[k][pass][round] = round_s(c, t, values, pass);
            }
    for (int k = 0; nd_kernels_at(k); k++)
        for (int pass = 0; pass < N_PASSES; pass++) s[k][pass] = median(rounds[k][pass]);
    nd_kernels_use(NULL);
    nd_arena_deinit(&arena);
}

static void print_header(int n_kernels)
{
    printf("op");
    for (int k = 0; k < n_kernels; k++) printf("\t%s us\tand back", nd_kernels_at(k)->name);
    printf("\tGFLOP/s\tand back\tagainst plain\tand back\n");
}

static void print_row(const op_case *c, int n_kernels, double s[MAX_KERNELS][N_PASSES])
{
    const double *best = s[n_kernels - 1];
    double flop = c->op->multiplications ? 2e-9 * c->op->multiplications(c) : 0;
    printf("%s", c->name);
    for (int k = 0; k < n_kernels; k++)
        printf("\t%.1f\t%.1f", 1e6 * s[k][FORWARD], 1e6 * s[k][BOTH]);
    if (flop > 0) printf("\t%.1f\t%.1f", flop / best[FORWARD], 3 * flop / best[BOTH]);
    else printf("\t-\t-");
    printf("\t%.2f\t%.2f\n", best[FORWARD] / s[0][FORWARD], best[BOTH] / s[0][BOTH]);
    fflush(stdout);
}

int main(void)
{
    int n_kernels = 0;
    nd_tape *t = NULL;
    if (nd_tape_create(&t, NULL, 0, 0)) return 1;
    nd_gemm_threads(1);
    while (nd_kernels_at(n_kernels)) n_kernels++;
    print_header(n_kernels);
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        double s[MAX_KERNELS][N_PASSES];
        time_case(&cases[i], t, s);
        print_row(&cases[i], n_kernels, s);
    }
    nd_tape_destroy(&t);
    return 0;
}
