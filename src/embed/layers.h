/* Layers that matching models share: their parameters, by the names that PyTorch gives them, and
 * what computes with them. */
#ifndef ND_EMBED_LAYERS_H
#define ND_EMBED_LAYERS_H

#include "compute/ops.h"
#include "compute/params.h"

/* Column statistics of a batch take no wider rows (nd_batch_norm). */
enum { ND_LAYER_MAX_WIDTH = 4000 };

/** What computes: a tape, and a view of the parameters. */
typedef struct nd_layer_run {
    nd_tape *t;
    nd_params *params;
    int shard;
} nd_layer_run;

/** A linear layer PREFIX.NAME, its bias zeros. @return the index of its weight; the bias is next */
int nd__linear_add(nd_params *params, const char *prefix, const char *name, nd_init init,
                   int64_t in, int64_t out);
/** @param index  as _add gave it  @param params  NULL: plain  @return as nd_linear */
nd_tensor *nd__linear_run(const nd_layer_run *r, nd_tensor *x, int index,
                          const nd_linear_params *params);

/** Batch norm of columns. Without a gain it standardises, and nothing of it is learned. */
typedef struct nd_norm_layer {
    int mean; /* index of the running mean; the variance is next */
    int gain; /* of the gain; the shift is next; -1: it has neither */
    float momentum;
} nd_norm_layer;

/** @param momentum  share of the new in running statistics, 0 .. 1 */
nd_norm_layer nd__norm_add(nd_params *params, const char *prefix, const char *name, int64_t D,
                           bool has_gain, float momentum);
/** @param x  [.., D], D <= ND_LAYER_MAX_WIDTH where the pass trains: statistics are of all its rows
 *  @return [.., D], as nd_batch_norm */
nd_tensor *nd__norm_run(const nd_layer_run *r, nd_tensor *x, const nd_norm_layer *norm);

#endif
