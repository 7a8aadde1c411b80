/* What an open model file is, to the files of this room. */
#ifndef ND_EMBED_MODEL_H
#define ND_EMBED_MODEL_H

#include "compute/safetensors.h"
#include "embed/embed.h"

struct nd_model {
    char *path;
    nd_safetensors *file;
    json_t *config;
    nd_network **networks; /* those that were asked for */
    size_t n_networks, capacity;
};

#endif
