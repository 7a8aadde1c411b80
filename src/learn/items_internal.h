/* What the files of nd_items share. */
#ifndef ND_LEARN_ITEMS_INTERNAL_H
#define ND_LEARN_ITEMS_INTERNAL_H

#include "learn/gallery.h"
#include "learn/items.h"

enum { ND__N_MEDIA = ND_VIDEO + 1 };

typedef struct nd__item_file {
    const nd_corpus_file *file;
    unsigned splits;   /* that it is in */
    unsigned first_in; /* those of them where no file before it has its content */
    int cached;        /* item of the cache; -1: none */
    int same;
    nd_item item; /* clips NULL: there is none */
    const float *logits;
} nd__item_file;

/** Embeddings of one medium of one split. */
typedef struct nd__embeddings {
    int64_t n_files, n_clips, D, K;
    const float *clips;  /* [n_clips, D], files in order */
    const float *logits; /* [n_files, K] means */
} nd__embeddings;

/** Those of a split: in a file that is mapped, or made and owned. */
typedef struct nd__embedded {
    nd__embeddings of[ND__N_MEDIA];
    nd_safetensors *file;
    float *owned[2 * ND__N_MEDIA];
} nd__embedded;

struct nd_items {
    const nd_corpus *corpus;
    nd_items_params params;
    char *cache_dir;
    nd_cache *cache;
    nd_gallery gallery;
    nd_network *networks[ND__N_MEDIA]; /* the model's */
    int64_t T[ND__N_MEDIA];            /* time steps of a clip; 0: no clip of it is there */
    uint64_t prints[ND__N_MEDIA];      /* nd_model_fingerprint of them */
    int n;
    nd__item_file *files; /* [n] */
    nd__embedded splits[ND_N_SPLITS];
    float *pulse;     /* of all, one after another */
    int32_t *classes; /* likewise */
};

/** Whether a file has a part in the embeddings of a split and medium. */
bool nd__items_has(const nd__item_file *f, nd_split split, nd_medium medium);

/** A number for the extractors, and for the clips of a split that they read. */
uint64_t nd__items_fingerprint(const nd_items *items, nd_split split);

/** Clips of a file in the cache. */
int nd__items_clips(const nd_items *items, const nd__item_file *f);

/** Fill items->splits[split]: read the file of its embeddings, else make it.
 *  @return as nd_items_open. */
int nd__items_embed(nd_items *items, nd_split split, nd_diag *diag);
void nd__items_embedded_deinit(nd__embedded *embedded);

/** Statistics of a cached track, where the cache has ND_STATISTICS finite ones.
 *  @return [*S_out], the cache's; NULL: none, *S_out 0 */
const float *nd__items_statistics(int *S_out, const nd_cache *cache, int cached);

/** Rhythm or motion of a cached file of C clips.
 *  @param pulse, classes  [C, 3] out  @param has_out  whether the cache has them: pulse, classes */
void nd__items_pulse(float *pulse, int32_t *classes, bool has_out[2], const nd_cache *cache,
                     int cached, nd_medium medium, int C, bool published);

#endif
