/* Model files: what they hold, and running their networks on given arrays. */
#ifndef NEEDLEDROP_MODEL_H
#define NEEDLEDROP_MODEL_H

#include "needledrop/media.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An open model file: safetensors with a configuration (docs/models.md). */
typedef struct nd_model nd_model;

/** Map a file and check its header and its configuration; networks are read when first used.
 *  @return 0; ND_EIO, ND_EFORMAT (not safetensors; no "format": "needledrop-1" or another; a
 *     configuration that is not JSON), ND_EUNSUPPORTED, ND_ELIMIT, ND_ENOMEM. *out untouched.
 *  Threads: distinct objects. Cost: the header alone. */
ND_API int nd_model_open(nd_model **out, const char *path, nd_diag *diag);
ND_API void nd_model_close(nd_model **model);

/** Run one network on clips.
 *  @param part  "music" or "video"
 *  @param clips  f32 [n, T, F], finite: music [n, 398, 80], video as published [n, 224, 896]
 *  @param want_logits  the classifier's output [n, K] instead of embeddings [n, D]
 *  @param n_threads  0: one a core; results are the same bytes at any number
 *  @param progress  NULL: none
 *  @param out  f32, filled on success; nd_array_deinit
 *  @return 0; ND_ENOTFOUND (no such part, a tensor is missing), ND_EFORMAT (a tensor's shape is not
 *     the configuration's; a value is not finite), ND_EARG (the array's shape or type; no
 *     classifier), ND_ESHORT (too few time steps), ND_ENOMEM, ND_ECANCELLED.
 *  Threads: one call at a time a model. Cost: 18 GFLOP a clip for the paper's sizes, 1.2 for
 *  "small". */
ND_API int nd_model_run(nd_array *out, nd_model *model, const char *part, const nd_array *clips,
                        bool want_logits, int n_threads, const nd_progress *progress,
                        nd_diag *diag);

/** Embeddings of the clips of a media file, by the part of its medium.
 *  @param medium  0: video if it has moving pictures, else music
 *  @param params  as nd_describe_file takes them, for the worker, limits and log; its medium and
 *     features are not looked at; NULL: the defaults
 *  @param out  f32 [clips, D], "clip"; filled on success; nd_array_deinit
 *  @return as nd_describe_file and nd_model_run; ND_ESHORT (2 s or less: no clip). */
ND_API int nd_model_embed(nd_array *out, nd_model *model, const char *path, nd_medium medium,
                          const nd_describe_params *params, int n_threads, nd_diag *diag);

/** What a file holds: {"path", "format", "size_bytes", "n_tensors", "n_values", "parts": {"music":
 *  {"model", "n_tensors", "n_parameters", "config": {..}}, ..}, "n_tags", "tags": [..],
 *  "training": {..} or null, "tensors": [{"name", "dtype", "shape"}]}.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_model_json(char **json_out, const nd_model *model);

/** The same for people: parts, sizes, tags, training record; with every tensor where asked.
 *  @param text_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_model_text(char **text_out, const nd_model *model, bool with_tensors);

typedef struct nd_model_params {
    const char *preset;        /* "paper", "small", "tiny" */
    const char *music, *video; /* NULL: without that part; "": seeded parameters; else a safetensors
                                * file of weights as PyTorch names them, with "music." or "video."
                                * before each name or not */
    const char *layout;        /* of video: "rows", as published (NULL), or "time" */
    int n_classes;             /* 0: as many as the weights have; seeded: 663, as published */
    uint64_t seed;
    bool half; /* keep values as half floats */
} nd_model_params;

/** Write a new model file of a named size.
 *  @return 0; ND_EARG (the preset, no part); as nd_model_run for the weights; ND_EIO, ND_EFULL (an
 *     old file is untouched), ND_ENOMEM. */
ND_API int nd_model_create(const char *path, const nd_model_params *params, nd_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
