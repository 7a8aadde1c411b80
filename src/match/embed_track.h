/* Inside the match room: tracks on their way through a model into a library.
 *
 * Of a track a library keeps the clips as the music extractor embedded them, with its fingerprint
 * (`clip`, `clip_extractor`: docs/features.md), and what the matching part made of these. Another
 * matching part over the same extractor needs no file, unless it reads features that are not stored
 * (nd_matcher_ops.features); another extractor needs them all. */
#ifndef ND_MATCH_EMBED_TRACK_H
#define ND_MATCH_EMBED_TRACK_H

#include "match/compare.h"

/** A model that embeds tracks. */
typedef struct nd_embedder nd_embedder;

/** @param path  a model file with the parts "music" and "match"
 *  @return 0; as nd_model_open, nd_model_network, nd_model_matcher; ND_EFORMAT (the parts do not
 *  fit together), ND_ENOMEM. *out untouched. Cost: reads the model. */
int nd_embedder_open(nd_embedder **out, const char *path, nd_diag *diag);
void nd_embedder_close(nd_embedder **e);

/** What a library says of it, and the features it needs of a track; the embedder's. */
const nd_stored_model *nd_embedder_model(const nd_embedder *e);
const char *nd_embedder_features(const nd_embedder *e);

/** What a model made of a track, as a library keeps it. Zeroed: nothing. */
typedef struct nd_track_rows {
    int64_t n;     /* 0: it could not be embedded */
    uint8_t *data; /* as nd_packed_write makes it; free(3) */
    size_t bytes;
} nd_track_rows;

/** Embed a track that was just analysed, on the calling thread: the same bytes on any.
 *  @param d  with nd_embedder_features; as nd_clips_embed leaves it
 *  @param progress  NULL: none
 *  @return 0, also where the model can make nothing of it (out->n 0); ND_ENOTFOUND (features are
 *  missing), ND_ENOMEM, ND_ECANCELLED. Threads: any number an embedder. */
int nd_embed_track(nd_track_rows *out, nd_embedder *e, nd_description *d,
                   const nd_progress *progress, nd_diag *diag);

/** Store what nd_embed_track made, if anything. @return as nd_store_ops.put_joint. */
int nd_track_rows_put(const nd_track_rows *rows, const nd_embedder *e, nd_library *lib, int64_t id,
                      nd_diag *diag);

/** Embed from what is stored the tracks that have no rows of the model, some hundred at a time,
 *  each stored at once: what was done before a kill stays done. Of a track whose clips another
 *  extractor embedded, or none, or that has not the features that the matching part needs,
 *  is_foreign is set: its file must be read.
 *  @param n_out  how many were embedded  @param known  all of the library
 *  @param n_threads  0: one a core  @param log  at DEBUG, the tracks that cannot be embedded
 *  @return 0; as nd_store_ops.load and .put_joint, ND_ENOMEM, ND_ECANCELLED.
 *  Cost: loads these tracks' features. */
int nd_embed_stored(int64_t *n_out, nd_entries *known, nd_embedder *e, nd_library *lib,
                    int n_threads, const nd_log *log, const nd_progress *progress, nd_diag *diag);

/** Tracks that have rows of a model. @return as nd_store_ops.count. */
int nd_count_embedded(int64_t *n_out, nd_library *lib, uint64_t fingerprint, nd_diag *diag);

#endif
