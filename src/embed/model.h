/* What an open model file is, to the files of this room. */
#ifndef ND_EMBED_MODEL_H
#define ND_EMBED_MODEL_H

#include "compute/safetensors.h"
#include "embed/embed.h"

#define ND_MODEL_FORMAT "needledrop-1"

struct nd_model {
    char *path;
    nd_safetensors *file;
    json_t *config;
    nd_network **networks; /* those that were asked for */
    size_t n_networks, capacity;
    nd_matcher *matcher; /* NULL: not yet asked for */
    nd_words *words;
};

#endif
