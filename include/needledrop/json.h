/* Results as JSON: the contract of `--json`, and of the HTTP service. Keys are never
 * renamed. Each function hands out NUL-terminated text that the caller frees with
 * free(3). A path that is not UTF-8 has U+FFFD for its bad bytes, and then KEY_hex
 * beside it holds its bytes. nd_description_json and nd_rankings_json stand with their
 * types. */
#ifndef NEEDLEDROP_JSON_H
#define NEEDLEDROP_JSON_H

#include "needledrop/library.h"

#ifdef __cplusplus
extern "C" {
#endif

/** {"error": {"code", "reason"}}: what `--json` prints where a command fails as a whole.
 *  code is the name of the ND_E* code without its prefix, "EFORMAT".
 *  @return 0 or ND_ENOMEM. */
ND_API int nd_error_json(char **json_out, const nd_diag *diag);

/** {"tracks": [{"path", "duration_s", "tempo_bpm", "key", ..}], "model": name of the model that
 *  embedded the library, or null, "embedded": how many of all tracks}, in order of path.
 *  @param filter  NULL: all. @return 0; ND_ENOMEM; as nd_library_each. */
ND_API int nd_tracks_json(char **json_out, nd_library *lib, const nd_filter *filter, nd_diag *diag);

/** {"failed": [{"path", "reason"}]}. @return 0; ND_ENOMEM; as nd_library_each_failure. */
ND_API int nd_failures_json(char **json_out, nd_library *lib, nd_diag *diag);

/** {"found", "added", "changed", "moved", "removed", "unchanged", "failed", "tracks",
 *  "music_s", "elapsed_s", "model": its name or null, "embedded", "reembedded", "reanalysed"}.
 *  @return 0 or ND_ENOMEM. */
ND_API int nd_index_report_json(char **json_out, const nd_index_report *report);

/** One array that was written to a file. */
typedef struct nd_embedding {
    const char *path; /* of the media file */
    const char *out;  /* of the array */
    nd_array shape;   /* without its data */
} nd_embedding;

/** {"arrays": [{"path", "out", "name", "dtype", "shape"}]}, and where files failed "failed":
 *  [{"path", "reason"}]. @return 0 or ND_ENOMEM. */
ND_API int nd_embeddings_json(char **json_out, const nd_embedding *items, int n,
                              const nd_failure *failures, int n_failures);

#ifdef __cplusplus
}
#endif
#endif
