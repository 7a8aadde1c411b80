/* What an open model file is, to the files of this room. */
#ifndef ND_EMBED_MODEL_H
#define ND_EMBED_MODEL_H

#include "compute/safetensors.h"
#include "describe/describe.h"
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

/** A description as the model's matching part reads it: its clips are embedded where they are not.
 *  @param d  made with nd_model_features, or from a library
 *  @param out  nd_described_deinit; its clips are d's
 *  @return 0; as nd_model_network, nd_clips_embed, nd_described_make. */
int nd__model_item(nd_described *out, nd_model *model, nd_matcher *m, nd_description *d,
                   int n_threads, nd_diag *diag);

#endif
