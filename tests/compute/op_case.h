/* One case of an op, four uses: its value against plain loops in double, its gradient against
 * finite differences of those loops, the agreement of the instruction sets (test_ops.c), and its
 * time (bench/ops.c, at sizes of its own). */
#ifndef ND_TESTS_OP_CASE_H
#define ND_TESTS_OP_CASE_H

#include "compute/ops.h"

/** What an input holds. */
typedef enum op_fill {
    OP_UNIFORM,   /* in -1 .. 1 */
    OP_POSITIVE,  /* in 0.5 .. 2 */
    OP_WIDE,      /* in -6 .. 6 */
    OP_VERY_WIDE, /* in -200 .. 200 */
    OP_FAR,       /* in 10 .. 12 */
    OP_MASK       /* [items, T]: 0 or 1, mixed; all 0 in item 2; wants no gradient */
} op_fill;

typedef struct op_case op_case;

/** What ops.h declares, as a case calls it. in[i] is NULL where absent. */
typedef struct op_kind {
    nd_tensor *(*run)(const op_case *c, nd_tape *t, nd_tensor *const *in);
    /* The same in double, written as the formula reads. out is of the size that run gives, zeroed;
     * in[i] holds input i. */
    void (*reference)(const op_case *c, double *out, const double *const *in);
    double (*multiplications)(const op_case *c); /* of the formula, forward; NULL: few */
} op_kind;

struct op_case {
    const char *name;
    const op_kind *op;
    bool train;                              /* the kind of pass: batch statistics, dropout */
    int64_t in[ND_NODE_INPUTS][ND_MAX_DIMS]; /* dims up to the first 0; none: absent */
    unsigned fixed;                          /* bit i: no gradient of input i is asked for */
    op_fill fill[ND_NODE_INPUTS];
    const void *params;                     /* what the op's function takes beside tensors */
    double value_tolerance, grad_tolerance; /* of the largest magnitude; 0: 3e-6, 1e-5 */
};

extern const op_case op_cases[];
extern const int op_n_cases;

extern const op_kind op_linear;         /* x, w, b, residual; nd_linear_params */
extern const op_kind op_embedding_rows; /* table; int, how many ids */
extern const op_kind op_layer_norm;     /* x, g, b */
extern const op_kind op_batch_norm;     /* x, g, b, mean, variance; nd_batch_norm_params */
extern const op_kind op_l2_normalize;   /* x */
extern const op_kind op_conv2d;         /* x, w, b; op_conv2d_params */
extern const op_kind op_depthwise;      /* x, w */
extern const op_kind op_glu;            /* x */
extern const op_kind op_attention;      /* q, k, v, r, u, v, mask; nd_attention_params */
extern const op_kind op_align;          /* v, m; nd_align_params */
extern const op_kind op_activate;       /* x; nd_act */
extern const op_kind op_dropout;        /* x; float, the probability */
extern const op_kind op_softmax;        /* x */
extern const op_kind op_add;            /* a, b */
extern const op_kind op_row_dots;       /* a, b */
extern const op_kind op_scale;          /* x; float, the factor */
extern const op_kind op_clamp;          /* x; float [2], lo and hi */
extern const op_kind op_gauss_product;  /* two experts, the mask of each */
extern const op_kind op_gauss_sample;   /* x, noise */
extern const op_kind op_reshape;        /* x; int64_t [ND_MAX_DIMS], dims up to the first 0 */
extern const op_kind op_transpose;      /* x */
extern const op_kind op_concat;         /* as many as there are */
extern const op_kind op_slice;          /* x; int64_t [2], from and width */
extern const op_kind op_mean_pool;      /* x, mask */

typedef struct op_conv2d_params {
    bool relu, prepared;
} op_conv2d_params;

/** The pass that dropout's references repeat: drop_key of every case's pass, and first_item 0. */
enum { OP_DROP_KEY = 2024 };

/** What dropout multiplies value i of a case's only dropout by. */
double op_kept(float p, int64_t i);
/** An activation, in double. */
double op_act(double x, nd_act act);

/** How many dimensions dims has (0: absent), and values. */
int op_n_dims(const int64_t *dims);
int64_t op_count(const int64_t *dims);
/** Width and number of rows, as tensor.h counts them. */
int64_t op_width(const int64_t *dims);
int64_t op_rows(const int64_t *dims);

/** Whether the gradient of input i is asked for. */
bool op_wants_grad(const op_case *c, int i);
/** Values of input i of a case, the same each time. @param out  [op_count] */
void op_fill_input(const op_case *c, int i, float *out);
/** Begin a pass and put the inputs on the tape. @param values  [ND_NODE_INPUTS], NULL where absent
 *  @param in  [ND_NODE_INPUTS] gets the tensors */
void op_begin(const op_case *c, nd_tape *t, bool record, const float *const *values,
              nd_tensor **in);

#endif
