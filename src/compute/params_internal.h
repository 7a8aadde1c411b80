/* What params.c, params_file.c and adam.c share. */
#ifndef ND_COMPUTE_PARAMS_INTERNAL_H
#define ND_COMPUTE_PARAMS_INTERNAL_H

#include "compute/params.h"

typedef struct param {
    char *name, *stored_name; /* the second is what a file calls it */
    nd_tensor shape;          /* dims alone */
    nd_init init;
    int64_t fan_in, offset;
    bool is_buffer;
} param;

struct nd_params {
    param *items;
    size_t n, capacity;
    int64_t n_learned, n_values; /* floats of the block that are learned; all of it */
    int n_shards;
    float *values;    /* [n_values] */
    float *turned;    /* [n_learned]: nd_params_turn */
    float *grads;     /* [n_shards, n_learned] */
    float *moments;   /* [2, n_learned]: m, v */
    nd_tensor *views; /* [n_shards, n] */
    uint64_t version;
    bool failed;
};

#endif
