/* Model files: what they hold, and running their networks on given arrays. */
#ifndef NEEDLEDROP_MODEL_H
#define NEEDLEDROP_MODEL_H

#include "needledrop/media.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An open model file: safetensors with a configuration (docs/models.md). */
typedef struct nd_model nd_model;

/** The model that `index` and `recommend` use unasked: the environment's NEEDLEDROP_MODEL, there or
 *  not; else the installed default.safetensors; else models/default.safetensors of the source tree
 *  that this was built in.
 *  @return malloc'ed (free with free(3)); NULL: there is none, or no memory. Threads: safe. */
ND_API char *nd_model_default_path(void);

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

/** What a model makes of a media file.
 *  @param what  "clip": embeddings of its clips by the part of its medium, f32 [clips, D]; "joint":
 *     the rows that tracks and videos are compared by, of unit length, f32 [rows, W]: a row a clip,
 *     or a window of 7 clips with the published structure
 *  @param medium  0: video if it has moving pictures, else music
 *  @param params  as nd_describe_file takes them, for the worker, limits and log; its medium and
 *     features are not looked at; NULL: the defaults
 *  @param out  named as what; filled on success; nd_array_deinit
 *  @return as nd_describe_file and nd_model_run; ND_ESHORT (2 s or less: no clip); ND_ENOTFOUND
 *     (joint: no matching part); ND_EARG (what). */
ND_API int nd_model_embed(nd_array *out, nd_model *model, const char *what, const char *path,
                          nd_medium medium, const nd_describe_params *params, int n_threads,
                          nd_diag *diag);

/** Features to describe a file with, so that a model can read it: the default ones and what the
 *  extractor of the medium reads.
 *  @param to_match  also what nd_match_facts_make needs
 *  @param out  for nd_describe_params.features, whose medium must be this one
 *  @return 0; ND_ENOTFOUND (no such part, or no matching part); as nd_model_run for the weights.
 *     out untouched. Threads: one call at a time a model. */
ND_API int nd_model_reads(char out[128], nd_model *model, nd_medium medium, bool to_match,
                          nd_diag *diag);

/** Tags that a model hears in music or sees in a video. Zeroed is empty.
 *
 *  A share is what the classifier of the medium's extractor gives the tag, 0 .. 1. The classifier
 *  chooses one tag of its set: shares sum to 1 (softmax), and a file that none of the tags suits
 *  has a largest one all the same. One trained with several labels a file ("loss": "binary
 *  cross-entropy" in its record) judges each tag alone, and shares do not sum to 1 (sigmoid).
 *  Shares of the whole are of the mean of the clips' logits, which is how validation scores a
 *  file. They are no calibrated probabilities. */
typedef struct nd_tag_shares {
    nd_medium medium;
    int64_t n_clips;
    int n_tags;
    char **names; /* [n_tags] UTF-8, in the model's order */
    float *whole; /* [n_tags] shares in the whole */
    float *clips; /* [n_clips, n_tags] shares in each clip */
} nd_tag_shares;

/** Tags of a described file.
 *  @param d  with what nd_model_reads names
 *  @param n_threads, progress  as nd_model_run
 *  @param out  filled on success; nd_tag_shares_deinit
 *  @return 0; ND_ENOTFOUND (no such part, no classifier, no names of its tags; d lacks the
 *     feature), ND_ESHORT (no clip); as nd_model_run. *out untouched.
 *  Threads: one call at a time a model. Cost: as nd_model_run. Checked by
 *  tests/embed/test_model_tags.c. */
ND_API int nd_model_tags_of(nd_tag_shares *out, nd_model *model, const nd_description *d,
                            int n_threads, const nd_progress *progress, nd_diag *diag);
ND_API void nd_tag_shares_deinit(nd_tag_shares *tags);

/** The tags with the largest shares, the largest first; of equal ones the first.
 *  @param shares  [n_tags], a row of nd_tag_shares  @param out  [most] numbers of tags
 *  @return how many: the lesser of most and n_tags. Threads: safe. Cost: most * n_tags. */
ND_API int nd_tags_largest(int *out, const float *shares, int n_tags, int most);

/** How a query, a video as a rule, meets a track: each of its clips with each of the track's.
 *  Zeroed is empty. The query's clip k lies along the track's clip offset + k; past its last clip
 *  the track starts anew. */
typedef struct nd_match_facts {
    int n_query_clips, n_track_clips; /* 0: the model compares wholes, not clips */
    float *cosines;                   /* [n_query_clips, n_track_clips] -1 .. 1; or NULL */
    int offset;                       /* of the track's clips, 4 s each */
    double score;                     /* mean of the cosines along offset; of wholes their cosine */
    double pair; /* the closer look: the probability that they belong together; NAN: none */
} nd_match_facts;

/** @param query, track  described with what nd_model_reads names, to_match; each loses what the
 *     extractor reads and has the array `clip` instead, and can be given again so
 *  @param n_threads  0: one a core; the same bytes at any number
 *  @param out  filled on success; nd_match_facts_deinit
 *  @return 0; ND_EARG (the track is no music), ND_ENOTFOUND (a part or a feature is missing),
 *     ND_ESHORT (no clip in one of them), ND_ENOMEM; as nd_model_run for the weights. *out
 *     untouched.
 *  Threads: one call at a time a model. Checked by tests/embed/test_match_facts.c. */
ND_API int nd_match_facts_make(nd_match_facts *out, nd_model *model, nd_description *query,
                               nd_description *track, int n_threads, nd_diag *diag);
ND_API void nd_match_facts_deinit(nd_match_facts *facts);

/** What `inspect` shows of a file. All borrowed. */
typedef struct nd_inspection {
    const nd_description *description;
    const char *path;
    const nd_tag_shares *tags; /* NULL: none */
    const char *track_path;    /* the track it was held against; NULL: none */
    const nd_match_facts *match;
    const nd_tag_shares *track_tags; /* NULL: none */
} nd_inspection;

/** The JSON of nd_description_json, and where there are tags "heard" (music) or "seen" (video):
 *  [{"name", "share"}], the ten largest, and the three largest in each of "clips"; with a track
 *  "with": {"path", "score", "pair", "offset", "start_s", "cosines", "heard"}, null where a model
 *  compares wholes or has no closer look. Numbers have 3 decimals.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_inspection_json(char **json_out, const nd_inspection *x);

enum { ND_MATCH_OUTPUTS = 11 };

/** N pairs, row i of each; T is max_clip, 7. */
typedef struct nd_match_input {
    const nd_array *music, *video; /* f32 [N, T, D], finite: clips as the extractors give them */
    const nd_array *rhythm;        /* i32 [N, T, 3]: beats 0 .. 17, strength 0 .. 48, interval
                                    * 0 .. 64; NULL where add_rhythm is 0 */
    const nd_array *flow;          /* i32 [N, T]: 0 .. 64; likewise */
    const nd_array *tags;          /* f32 [N, E], finite; NULL: none */
} nd_match_input;

/** Run the matching network of the published structure on given pairs, each conditioned on its
 *  partner, in evaluation mode.
 *  @param out  f32, by name: xi_m, xi_v [N, dim_rho], theta_m, theta_v, theta_tag [N, dim_theta]
 *     of unit length, phi_m, phi_v, phi_tag [N, dim_rho] of unit length, xi_m_rec, xi_v_rec
 *     [N, dim_rho], match_prob [N] in 0 .. 1. Without tags theta_tag and phi_tag are zeroed. Filled
 *     on success; nd_array_deinit each
 *  @return 0; ND_EARG (an array is missing, of another shape or type, not finite; a class outside
 *     its table: row and value are named), ND_EUNSUPPORTED (another structure), ND_ENOMEM; as
 *     nd_model_run for the weights.
 *  Threads: one call at a time a model. Cost: 45 MFLOP a pair at the published sizes.
 *  Source: UT-CMVMR's released code. Checked by tests/embed/test_ut_published.c. */
ND_API int nd_model_match(nd_array out[ND_MATCH_OUTPUTS], nd_model *model, const nd_match_input *in,
                          nd_diag *diag);

/** What a file holds: {"path", "format", "size_bytes", "n_tensors", "n_values", "parts": {"music":
 *  {"model", "n_tensors", "n_parameters", "config": {..}}, ..}, "n_tags", "tags": [..],
 *  "training": {..} or null, "tensors": [{"name", "dtype", "shape"}]}.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_model_json(char **json_out, const nd_model *model);

/** The same for people: parts, sizes, tags, training record; with every tensor where asked.
 *  @param text_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_model_text(char **text_out, const nd_model *model, bool with_tensors);

typedef struct nd_model_params {
    const char *preset;        /* "recommended", "paper", "small", "tiny" */
    const char *music, *video; /* NULL: without that part; "": seeded parameters; else a safetensors
                                * file of weights as PyTorch names them, with "music." or "video."
                                * before each name or not */
    const char *layout;        /* of video: "rows", as published, or "time"; NULL: rows, but time of
                                * the preset "recommended", which has no other */
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
