/* Front of the embed room: networks that turn clips into embeddings, and the files they live in. */
#ifndef ND_EMBED_EMBED_H
#define ND_EMBED_EMBED_H

#include <jansson.h>

#include "compute/params.h"
#include "compute/tape.h"
#include "embed/described.h"
#include "embed/matcher.h"
#include "embed/pulse.h"
#include "embed/wish.h"
#include "embed/words.h"
#include "needledrop/model.h"

/* ---- the shelf extractors/ ----------------------------------------------------- */

/** Sizes of a network: features a time step, width of an embedding, classes (0: no classifier). */
typedef struct nd_network_size {
    int64_t F, D, K;
} nd_network_size;

/** A kind of network over clips: extractors/NAME.c defines
 *  `const nd_network_ops nd_network_NAME`. */
typedef struct nd_network_ops {
    const char *name;    /* its value of "model" in a configuration */
    const char *summary; /* a line, without a full stop */
    const char *paper;
    size_t state_bytes;

    /** Check the configuration of a part, fill the state (zeroed), and add the parameters.
     *  @param part  "music", "video": for messages
     *  @return 0; ND_EFORMAT naming the key, what was expected and what was found. */
    int (*declare)(void *state, nd_params *params, const json_t *config, const char *part,
                   nd_diag *diag);

    /** Make what depends on the values, or on the length of a clip, and would else be made at every
     *  clip. Called again after either changed. @param T  time steps of a clip
     *  @param for_inference  whether values stay until the next call
     *  @return 0; ND_ENOMEM; ND_ESHORT (T too short for the network). */
    int (*prepare)(void *state, nd_params *params, int64_t T, bool for_inference, nd_diag *diag);

    /** @param clips  [B, T, F]  @param logits  [B, K] out; NULL: not wanted
     *  @return [B, D], or NULL (tape.h). Threads: any number, with a tape and a shard each. */
    nd_tensor *(*forward)(const void *state, nd_tape *t, nd_params *params, int shard,
                          nd_tensor *clips, nd_tensor **logits);

    nd_network_size (*size)(const void *state);

    /** Free what the state holds; it may be half made. */
    void (*release)(void *state);

    /** @param feature  that it reads: "fbank", "frames", "colour_frames"
     *  @return the configuration of a named size ("paper", "small", "tiny"; "recommended" of the
     *  first and the last feature) as a new object;
     *  NULL: there is none of that name, or no memory. */
    json_t *(*preset)(const char *name, const char *feature, int n_classes);
} nd_network_ops;

/** The shelf, NULL last. */
extern const nd_network_ops *const nd_network_shelf[];

/* ---- networks ------------------------------------------------------------------ */

typedef struct nd_network nd_network;

/** A network of a configuration, parameters zero.
 *  @param config  borrowed; "model" names the kind, "conformer" where it is absent
 *  @param part  what its parameters' names begin with in a file, "music"; copied
 *  @return 0; ND_EFORMAT (the configuration), ND_ENOMEM. *out untouched. */
int nd_network_create(nd_network **out, const json_t *config, const char *part, nd_diag *diag);
/** The same with the parameters of a file, as prefix + name: nothing is allocated for what the file
 *  does not hold. @return as nd_network_create, nd_params_check, nd_params_read. *out untouched. */
int nd_network_read(nd_network **out, const json_t *config, const char *part,
                    const nd_safetensors *file, const char *prefix, nd_diag *diag);
void nd_network_destroy(nd_network **network);

/** What it holds, the network's: parameters, the configuration and the part it was made with. */
nd_params *nd_network_params(nd_network *network);
const json_t *nd_network_config(const nd_network *network);
const char *nd_network_part(const nd_network *network);
nd_network_size nd_network_size_of(const nd_network *network);

/** What declare made of the configuration, and what computes with it. */
const nd_network_ops *nd_network_ops_of(const nd_network *network);
const void *nd_network_state(const nd_network *network);

/** nd_network_ops.prepare, where it was not done for T and the parameters as they are. */
int nd_network_prepare(nd_network *network, int64_t T, bool for_inference, nd_diag *diag);

/** Embeddings of clips, on n_threads threads, each a clip at a time: the same bytes at any number.
 *  What can be made once is kept from call to call, while T and the parameters stay.
 *  @param clips  [n, T, F]  @param embeddings  [n, D] out  @param logits  [n, K] out; NULL: none
 *  @param n_threads  0: one a core  @param progress  NULL: none
 *  @return 0; ND_ESHORT (T), ND_ENOMEM, ND_ECANCELLED: outputs then hold anything.
 *  Threads: one call at a time a network; after nd_network_prepare for T and inference any number,
 *  as long as T and the parameters stay. */
int nd_network_run(nd_network *network, const float *clips, int64_t n, int64_t T, float *embeddings,
                   float *logits, int n_threads, const nd_progress *progress, nd_diag *diag);

/** A configuration by name. @param model  NULL: "conformer"
 *  @return new object; NULL: no such preset or model, or no memory */
json_t *nd_network_preset(const char *model, const char *preset, const char *feature,
                          int n_classes);

/* ---- front-ends ---------------------------------------------------------------- */

/** The array of a description (docs/features.md) that holds the clips a network reads, and the name
 *  of its feature. Music: `fbank`, [C, 398, 80]. Video as published, "layout": "rows": `frames`,
 *  [C, 224, 896], four grey frames side by side and image rows as time. Video of ours, "layout":
 *  "time": `colour_frames`, [C, 32, 768], time as time. Static. */
const char *nd_network_feature(const nd_network *network);

/* ---- model files --------------------------------------------------------------- */

/** The network of a part, read when first asked for. Owned by the model.
 *  @return 0; ND_ENOTFOUND (the file has no such part); as nd_params_read. */
int nd_model_network(nd_network **out, nd_model *model, const char *part, nd_diag *diag);

/** The matching model, what the file knows of texts, and the names of its tags; each read when
 *  first asked for. Owned by the model.
 *  @return 0; ND_ENOTFOUND (the file has none); as nd_matcher_read, nd_words_read. */
int nd_model_matcher(nd_matcher **out, nd_model *model, nd_diag *diag);
int nd_model_words(nd_words **out, nd_model *model, nd_diag *diag);

/** "tags" and "training" of its configuration, borrowed; NULL: not said. */
const json_t *nd_model_tags(const nd_model *model);
const json_t *nd_model_record(const nd_model *model);

/** A number for the values and the configuration of a part ("music", "video", "match"): what was
 *  made with it can be used again as long as this is the same. Cost: reads the part.
 *  @return 0; ND_ENOTFOUND (no such part). */
int nd_model_fingerprint(uint64_t *out, nd_model *model, const char *part, nd_diag *diag);

/** What goes into a model file; all borrowed. */
typedef struct nd_model_contents {
    nd_network *const *networks; /* [n_networks], each under its own part's name */
    int n_networks;
    nd_matcher *matcher;  /* as "match"; NULL: none */
    nd_words *words;      /* as "text"; NULL: none */
    const json_t *tags;   /* what the classes are, in order; NULL: not said */
    const json_t *record; /* "training": how it was made; NULL: not said */
    bool half;            /* keep values as F16 */
} nd_model_contents;

/** Write a model file, atomically. @return as nd_safetensors_write. */
int nd_model_write(const char *path, const nd_model_contents *contents, nd_diag *diag);

#endif
