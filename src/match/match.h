/* Front of the match room: libraries of music, and the stores they lie in. */
#ifndef ND_MATCH_MATCH_H
#define ND_MATCH_MATCH_H

#include "describe/describe.h"
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

#endif
