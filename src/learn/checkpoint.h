/* A checkpoint: one file that holds all a training goes on from. Safetensors: "value.NAME" as they
 * are, "m.NAME" and "v.NAME" as nd_params_write_state has them, "best.NAME" of the best so far,
 * "mean.NAME" of a running mean; in the metadata what the training is ("settings") and how far it
 * is ("progress"), as JSON. */
#ifndef ND_LEARN_CHECKPOINT_H
#define ND_LEARN_CHECKPOINT_H

#include <jansson.h>

#include "compute/params.h"

/** What there are values of: objects of the same names. */
typedef struct nd_checkpoint {
    nd_params *values; /* with moments */
    nd_params *best;   /* may be values */
    nd_params *mean;   /* NULL: there is none */
} nd_checkpoint;

/** Write it, atomically.
 *  @param step  steps of Adam so far  @param settings,progress  objects
 *  @return as nd_safetensors_write: what was there stays after a failure. */
int nd_checkpoint_write(const char *path, const nd_checkpoint *all, int64_t step,
                        const json_t *settings, const json_t *progress, nd_diag *diag);

/** Read all values and progress; moments and the step are nd_params_read_state's, of the
 *  same path.
 *  @param settings  must be those that were written  @param progress_out  a new object
 *  @return 0; ND_EARG (other settings: the first that differs, with both values); ND_EFORMAT (cut
 *     short, no checkpoint, other parameters), ND_EIO, ND_ENOMEM. Values may then be new ones;
 *     *progress_out is untouched. */
int nd_checkpoint_read(json_t **progress_out, const char *path, const nd_checkpoint *all,
                       const json_t *settings, nd_diag *diag);

#endif
