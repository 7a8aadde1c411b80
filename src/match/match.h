/* Front of the match room: libraries of music, and the stores they lie in. */
#ifndef ND_MATCH_MATCH_H
#define ND_MATCH_MATCH_H

#include "describe/describe.h"
#include "embed/embed.h"
#include "match/db.h"
#include "match/joint.h"
#include "match/scan.h"
#include "match/store.h"
#include "needledrop/library.h"

/** Parse "C" (major), "F#m", "Bb", "A minor", "major", "minor".
 *  @param key_out  0..11, -1 any;  @param is_minor_out  0, 1, -1 any
 *  @return 0; ND_EARG (both untouched). */
int nd_key_parse(int *key_out, int *is_minor_out, const char *text, nd_diag *diag);

/** Words of tags, all in one form: ASCII in lower case, '-' and '_' and runs of
 *  white space as one space, nothing at both ends. Two tags are the same when
 *  these are. Other bytes of UTF-8 stay as they are.
 *  @param out  NUL-terminated, cut to fit at a whole character
 *  @return out; Threads: safe. */
char *nd_tag_normalise(char *out, size_t out_bytes, const char *text, size_t n);

/** The tags of a track: genre and mood split at , ; / | and their words
 *  ("Hip-Hop; Soul" gives hip, hip hop, hop, soul), sorted, each once.
 *  @return malloc'ed in one block, NULL last (free with free); NULL: no memory. */
const char **nd_tags_of(const nd_media_info *info);

/** Find one track by its path or the end of its path (whole path components).
 *  @return 0; ND_ENOTFOUND; ND_EARG when several end so (the first three
 * named). */
int nd_library_find(int64_t *id_out, nd_library *lib, const char *path, nd_diag *diag);

/** The model that a library is embedded with: its rows are asked for by the fingerprint.
 *  @return 0; ND_ENOTFOUND: by none yet. */
int nd_library_model(nd_stored_model *out, nd_library *lib, nd_diag *diag);

/** What a library says that is embedded with this model: where the fingerprint is the same as
 *  nd_library_model's, queries made by the model and the library's rows meet. Its extractor is
 *  that of `clip_extractor`. The fingerprint is of the parts "music" and "match"; the video part
 *  has none in it.
 *  @return 0; as nd_model_matcher, nd_model_fingerprint. Cost: reads the model. */
int nd_model_stored(nd_stored_model *out, nd_model *model, nd_diag *diag);

/** One track by its id. @return what visit returned; ND_ENOTFOUND; as nd_library_each. */
int nd_library_track(nd_library *lib, int64_t track_id, nd_visit_track *visit, void *user,
                     nd_diag *diag);

/** Tracks that pass a filter, in order of id, by their measures alone: a tenth of nd_library_each's
 *  time. @return what visit returned; as nd_library_each. */
int nd_library_each_brief(nd_library *lib, const nd_filter *filter, nd_visit_brief *visit,
                          void *user, nd_diag *diag);

/** nd_library_description with some arrays of it.
 *  @param names  NULL last  @return as nd_library_description. Cost: of those arrays. */
int nd_library_arrays(nd_description **out, nd_library *lib, int64_t track_id,
                      const char *const *names, nd_diag *diag);

#endif
