/* Parameters: what a network learns, by the names that PyTorch gives them. Values, gradients and
 * optimiser moments are one block each; a parameter is a stretch of the block. */
#ifndef ND_COMPUTE_PARAMS_H
#define ND_COMPUTE_PARAMS_H

#include "compute/safetensors.h"
#include "compute/team.h"
#include "compute/tensor.h"

/** What a parameter is before training. Fans are those of PyTorch: of a weight [K, D, ..], in: the
 *  product of all dims but the first, out: of all but the second. */
typedef enum nd_init {
    ND_INIT_ZEROS,
    ND_INIT_ONES,
    ND_INIT_FAN_IN,  /* uniform within 1 / sqrt(in): PyTorch's default of Linear and Conv */
    ND_INIT_XAVIER,  /* uniform within sqrt(6 / (in + out)) (Glorot, Bengio 2010) */
    ND_INIT_KAIMING, /* normal, deviation sqrt(2 / in) (He 2015) */
    ND_INIT_NORMAL,  /* normal, deviation 1: PyTorch's default of Embedding */
    ND_INIT_WAVES    /* nd_waves of each row: neighbouring rows begin alike */
} nd_init;

typedef struct nd_params nd_params;

/** @return 0 or ND_ENOMEM (*out untouched). */
int nd_params_create(nd_params **out);
void nd_params_destroy(nd_params **params);

/** Add one, before nd_params_allocate. Out of memory is remembered, and told by that.
 *  @param name  copied; unique
 *  @param fan_in  of ND_INIT_FAN_IN where the tensor itself does not say (a bias); else 0
 *  @return its index, 0, 1, .. in order of adding. */
int nd_params_add(nd_params *p, const char *name, nd_init init, int64_t fan_in, int n_dims,
                  const int64_t *dims);
/** The same for what is kept but not learned: running statistics. */
int nd_params_add_buffer(nd_params *p, const char *name, nd_init init, int64_t D);

/** Storage for all that were added, zeros. @return 0 or ND_ENOMEM. */
int nd_params_allocate(nd_params *p);

/** Sines and cosines of each row's number, wavelengths from 2 pi to 10,000 times that (Vaswani
 *  2017).
 *  @param out  [rows, D], to fill */
void nd_waves(float *out, int64_t rows, int64_t D);

/** Values of every parameter and buffer, from the seed and its name alone. */
void nd_params_init(nd_params *p, uint64_t seed);
/** Gradients for n_shards members of a team, and moments. After nd_params_allocate, once.
 *  @return 0 or ND_ENOMEM (as before). Memory: 4 bytes * (n_shards + 2) a value. */
int nd_params_train(nd_params *p, int n_shards);

/** @return a number that grows whenever values change through this header: what was made of them is
 *  then old. Who writes to a tensor's data says so with nd_params_touch. */
uint64_t nd_params_version(const nd_params *p);
void nd_params_touch(nd_params *p);

/** @return how many there are, buffers included; how many values are learned. */
int nd_params_count(const nd_params *p);
int64_t nd_params_size(const nd_params *p);
const char *nd_params_name(const nd_params *p, int index);
bool nd_params_is_buffer(const nd_params *p, int index);
/** @return the index; -1: there is none of that name. Cost: O(count). */
int nd_params_find(const nd_params *p, const char *name);

/** A member's view: values are the same for all, gradients its own. Shard 0 is there without
 *  nd_params_train, then read-only, for any number of threads. */
nd_tensor *nd_params_tensor(nd_params *p, int shard, int index);

/** For inference: keep each weight of two dimensions (others of size 1 after them) turned round
 *  beside itself, which oneDNN multiplies by faster than by the stored form. Values must stay from
 *  then on. @return 0 or ND_ENOMEM (none is turned). Memory: as much again. */
int nd_params_turn(nd_params *p);

/** Before a member's forward: it has no gradients. */
void nd_params_begin(nd_params *p, int shard);

/* ---- files --------------------------------------------------------------------- */

/** Whether a file has every parameter and buffer, each of its shape. Before nd_params_allocate:
 *  what is then allocated is no more than the file holds, whatever a configuration says.
 *  @return as nd_safetensors_check, naming the tensor; ND_ENOMEM. */
int nd_params_check(const nd_params *p, const nd_safetensors *file, const char *prefix,
                    nd_diag *diag);

/** Read every parameter and buffer, as prefix + name; other tensors of the file are not looked at.
 *  @return as nd_safetensors_read_f32, naming the tensor; some may then hold new values. */
int nd_params_read(nd_params *p, const nd_safetensors *file, const char *prefix, nd_diag *diag);

/** Append every one to items[*n ..), borrowed from p; names are prefix + name, owned by p until it
 *  is destroyed or asked again. @return 0 or ND_ENOMEM. */
int nd_params_list(nd_params *p, const char *prefix, nd_stored_dtype dtype, nd_stored_value **items,
                   size_t *n, size_t *capacity);

/** The state of a training run that is not in the model: moments and the number of steps, as
 *  "m.NAME", "v.NAME" and metadata "step". With the model beside it training goes on as if it had
 *  not stopped. @return as nd_safetensors_write. */
int nd_params_write_state(nd_params *p, const char *path, int64_t step, nd_diag *diag);
/** @param step_out  optimiser steps so far  @return as nd_params_read; ND_EFORMAT without a step.
 *  */
int nd_params_read_state(nd_params *p, const char *path, int64_t *step_out, nd_diag *diag);

/* ---- optimiser ----------------------------------------------------------------- */

/** Adam, or with weight_decay AdamW. */
typedef struct nd_adam {
    float rate;
    float b1, b2, eps;  /* 0: 0.9, 0.999, 1e-8 */
    float weight_decay; /* share of rate by which values shrink a step; 0: Adam */
    float max_norm;     /* the gradient is scaled down to this length; 0: it is not */
} nd_adam;

/** One step with the sum of the members' gradients, each member doing a stretch of the block.
 *  @param step  1, 2, ..
 *  @return length of the gradient before it was cut, the same for every member; not finite: nothing
 *     was changed
 *  Threads: every member of the team calls it (team NULL: the one thread). Cost: seven passes over
 *  the parameters, memory-bound. Source: compute/kernels.h. */
double nd_adam_step(nd_params *p, const nd_adam *adam, int64_t step, nd_team *team, int rank);

/** Learning rate at a step or epoch e = 0, 1, ..: rate * decay^(e / every) (every 0: 1). */
double nd_schedule_exponential(double rate, double decay, int64_t e, int64_t every);
/** Warms up linearly over warm_up steps, then falls as half a cosine to 0 at total. */
double nd_schedule_cosine(double rate, int64_t step, int64_t warm_up, int64_t total);
/** rate / (e + 1), the published one of the Conformers. */
double nd_schedule_inverse(double rate, int64_t e);

#endif
