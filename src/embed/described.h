/* Descriptions that a model has read: clips embedded, and the item that a matching model reads.
 *
 *     nd_describe_file(&d, path, &(nd_describe_params){.features = nd_model_features(..)}, diag);
 *     nd_clips_embed(d, model's network of the medium, its fingerprint, 0, NULL, diag);
 *     nd_described_make(&x, d, D, nd_model_reads_published(..), diag);
 *     nd_matcher_embed(&rows, matcher, &x.item, 1, ..);
 * A library keeps what nd_clips_embed adds, and is embedded by another matching model from it. */
#ifndef ND_EMBED_DESCRIBED_H
#define ND_EMBED_DESCRIBED_H

#include "embed/matcher.h"
#include "embed/pulse.h"
#include "needledrop/model.h"

struct nd_network;

/** Features that a model needs of a file: the default ones, what the extractor of the medium reads,
 *  the published rhythm (nd_pulse_read), what its matching part needs of music beside these
 *  (nd_matcher_ops.features), and the published motion where it was made for that.
 *  @param out  as nd_describe_params.features
 *  @return 0; ND_ENOTFOUND (no extractor of that medium, no matching part); as nd_model_network. */
int nd_model_features(char out[128], nd_model *model, nd_medium medium, nd_diag *diag);

/** Whether the matching part reads rhythm and motion as published, not ours: what its training
 *  says, else what its classes are. */
bool nd_model_reads_published(const nd_model *model, const nd_matcher *m);

/** Name of a model for people: its file's, without folder and ".safetensors". @return out */
char *nd_model_name(char out[64], const nd_model *model);

/** Time steps of a clip as an extractor reads it: [C, steps, F] of nd_network_feature. A network
 *  that is prepared for them may be run from any number of threads (nd_network_run). */
int64_t nd_clip_steps(const struct nd_network *network);

/** Put the embeddings of a description's clips in place of what the extractor reads: arrays `clip`,
 *  [C, D] f32, and `clip_extractor`, [2] i32, the fingerprint's halves. Clips that the network
 *  cannot read (another shape, values that are not finite) leave `clip` [0, D].
 *  @param d  with the array nd_network_feature(network); it loses it
 *  @param extractor  nd_model_fingerprint of the network
 *  @return 0; ND_ENOTFOUND (no such array), ND_ENOMEM, ND_ECANCELLED: d as it was, but that it may
 *     have lost the array.
 *  Threads and n_threads: as nd_network_run. */
int nd_clips_embed(nd_description *d, struct nd_network *network, uint64_t extractor, int n_threads,
                   const nd_progress *progress, nd_diag *diag);

/** @return the fingerprint in `clip_extractor`; 0: no clips were embedded, or by none known. */
uint64_t nd_clips_extractor(const nd_description *d);

/** An item with rhythm or motion of its own. Zeroed is empty. */
typedef struct nd_described {
    nd_item item; /* clips and statistics borrowed from the description */
    float *pulse;
    int32_t *classes;
} nd_described;

/** Statistics of a track, borrowed: [*S_out = ND_STATISTICS]; NULL, 0: d has none,
 *  or another number of them, or some are not finite. */
const float *nd_described_statistics(int *S_out, const nd_description *d);

/** The item of a description with `clip` in it; without statistics where d has none.
 *  @param D  width of a clip  @param published  nd_model_reads_published
 *  @return 0; ND_ESHORT (no clip that was embedded, or of another width), ND_ENOMEM. *out
 *  untouched.
 *  Threads: safe. */
int nd_described_make(nd_described *out, const nd_description *d, int64_t D, bool published,
                      nd_diag *diag);
void nd_described_deinit(nd_described *x);

#endif
