/* The tape: what was computed, so that gradients can be. One tape is one thread's; a team of them
 * shares a batch. Memory comes from an arena that is reset between steps: after the first step of a
 * size nothing is allocated.
 *
 * An op (ops.h) that is given NULL, or finds no memory, returns NULL; nd_tape_status says why. So
 * a network is written without a check a line, and asks once at its end. */
#ifndef ND_COMPUTE_TAPE_H
#define ND_COMPUTE_TAPE_H

#include "base/arena.h"
#include "compute/kernels.h"
#include "compute/team.h"
#include "compute/tensor.h"

typedef struct nd_tape nd_tape;

/** What kind of pass comes next. Zeroed: inference. */
typedef struct nd_pass {
    bool record;        /* keep what backward needs */
    bool train;         /* batch statistics, and dropout with drop_key */
    bool no_dropout;    /* train, but keep everything: for comparisons */
    bool checkpoint;    /* nd_tape_block keeps only what goes in, and computes again */
    uint64_t drop_key;  /* of this step */
    int64_t first_item; /* of this tape's share of the batch */
} nd_pass;

/** @param team  whose members share each batch; NULL: this tape alone
 *  @param rank  this tape's in the team
 *  @param max_bytes  of activations; 0: no limit
 *  @return 0; ND_ENOMEM (*out untouched). */
int nd_tape_create(nd_tape **out, nd_team *team, int rank, size_t max_bytes);
void nd_tape_destroy(nd_tape **tape);

/** Forget what was computed: every tensor of the last pass is gone. */
void nd_tape_begin(nd_tape *t, const nd_pass *pass);

/** @return 0; what went wrong since nd_tape_begin: ND_ENOMEM, ND_ELIMIT (max_bytes), ND_ECANCELLED
 *  (another member of the team failed). */
int nd_tape_status(const nd_tape *t);

/** A tensor that the caller fills, without gradient. @param dims [n_dims] */
nd_tensor *nd_tape_input(nd_tape *t, int n_dims, const int64_t *dims);

/** Gradients of weight * loss for all that wants one. Parameters' gradients are set, not added to,
 *  by the first backward after nd_params_begin. @param loss  [1], made by this pass
 *  @return nd_tape_status */
int nd_tape_backward(nd_tape *t, nd_tensor *loss, float weight);

/** y = work(t, user, x). In inference its memory but y's is given back at once; with
 *  pass.checkpoint it is given back too, and backward computes it again.
 *  work gives the same each time, and reads tensors of the tape through x alone. */
typedef nd_tensor *nd_tape_work(nd_tape *t, void *user, nd_tensor *x);
nd_tensor *nd_tape_block(nd_tape *t, nd_tape_work *work, void *user, nd_tensor *x);

/** Most bytes that were in use at once, of activations and gradients, since create. */
size_t nd_tape_peak_bytes(const nd_tape *t);

/* ---- for those who write ops --------------------------------------------------- */

enum { ND_NODE_INPUTS = 8 };

/** One op that was recorded. */
typedef struct nd_node {
    struct nd_node *before;
    /* Add to the gradients of the inputs that want one; out->grad may be written over. */
    void (*backward)(nd_tape *t, struct nd_node *node);
    nd_tensor *out, *in[ND_NODE_INPUTS]; /* absent ones NULL */
    void *saved;                         /* the op's own, in the arena */
} nd_node;

struct nd_tape {
    nd_arena arena;      /* tensors, nodes, what ops save */
    nd_arena grad_arena; /* gradients of tensors, given again and again in a pass */
    struct nd_spare *spares;
    size_t n_spares, spares_capacity;
    nd_node *last;
    nd_pass pass;
    uint32_t n_drops; /* dropout calls so far: each has a key of its own */
    bool again;       /* computing for the second time: running statistics stay */
    int status;
    nd_team *team;
    int rank;
    const nd_kernels *kernels;
};

/** n floats, or bytes, until the arena goes back; NULL: nd_tape_status is set. */
float *nd_tape_floats(nd_tape *t, int64_t n);
void *nd_tape_bytes(nd_tape *t, size_t bytes);
/** A tensor for an op's output. _like: of x's shape; _wide: but for the last dimension. */
nd_tensor *nd_tape_tensor(nd_tape *t, int n_dims, const int64_t *dims);
nd_tensor *nd_tape_like(nd_tape *t, const nd_tensor *x);
nd_tensor *nd_tape_wide(nd_tape *t, const nd_tensor *x, int64_t width);

/** Record an op, where the pass records and an input wants a gradient: out then wants one too.
 *  @param saved_bytes  of node->saved, zeroed  @return the node; NULL: nothing to record */
nd_node *nd_tape_record(nd_tape *t, void (*backward)(nd_tape *, nd_node *), nd_tensor *out,
                        nd_tensor *const *in, int n_in, size_t saved_bytes);

/** Where x's gradient goes. *beta: 0 to write it, 1 to add to it. NULL: none is wanted.
 *  _zeroed: to be added to always. */
float *nd_tape_grad(nd_tape *t, nd_tensor *x, float *beta);
float *nd_tape_grad_zeroed(nd_tape *t, nd_tensor *x);
/** Add out's gradient to x's of as many values; out's buffer becomes x's where it can. */
void nd_tape_pass_grad(nd_tape *t, nd_tensor *x, nd_tensor *out);

/** Sums over the team, as nd_team_sum; a tape alone has them already. @return 0; else status is
 *  set */
int nd_tape_sum(nd_tape *t, double *mine, int n);

/** The next dropout of this pass, over a tensor with so many values an item of the batch.
 *  Keeps everything where p is 0 or the pass does not train. */
nd_drop nd_tape_drop(nd_tape *t, float p, int64_t values_an_item);

#endif
