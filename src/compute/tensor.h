/* Tensors: float32, row-major, at most 4 dimensions. */
#ifndef ND_COMPUTE_TENSOR_H
#define ND_COMPUTE_TENSOR_H

#include "base/base.h"

enum { ND_MAX_DIMS = 4 };

/** Values and, while a tape runs backward, their gradient. Storage is the tape's or the
 *  parameters'; a tensor frees nothing. */
typedef struct nd_tensor {
    float *data;               /* [dims] */
    float *grad;               /* [dims]; NULL: none yet */
    int64_t dims[ND_MAX_DIMS]; /* those past n_dims are 1 */
    int n_dims;                /* 1 .. ND_MAX_DIMS */
    const float *turned;       /* [K, N] of a weight [N, K], for passes that do not record
                          * (nd_params_turn); NULL: there is none */
    bool wants_grad;           /* a parameter, or made from one */
    bool has_grad;             /* grad holds values of this step */
    bool is_parameter;         /* grad is not the tape's */
} nd_tensor;

/** @return number of values. */
static inline int64_t nd_tensor_count(const nd_tensor *t)
{
    return t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3];
}

/** @return size of the last dimension, and how many rows of that size there are. */
static inline int64_t nd_tensor_width(const nd_tensor *t)
{
    return t->dims[t->n_dims - 1];
}
static inline int64_t nd_tensor_rows(const nd_tensor *t)
{
    return nd_tensor_count(t) / nd_tensor_width(t);
}

#endif
