/* Front of the match room: libraries of music, and the stores they lie in. */
#ifndef ND_MATCH_MATCH_H
#define ND_MATCH_MATCH_H

#include "describe/describe.h"
#include "needledrop/library.h"

/** What a library knows of a file, to notice changes. */
typedef struct nd_file_state {
    int64_t size_bytes;
    int64_t mtime_ns;
    uint64_t hash;
} nd_file_state;

/** Parse "C", "F#m", "Bb", "A minor", "major", "minor".
 *  @param key_out  0..11, -1 any;  @param is_minor_out  0, 1, -1 any
 *  @return 0; ND_EARG. */
int nd_key_parse(int *key_out, int *is_minor_out, const char *text, nd_diag *diag);

/** "A minor" into out[16]; "" when key is -1. @return out */
char *nd_key_print(char out[16], int key, int is_minor);

/** Find one track by its path or the end of its path (whole path components).
 *  @return 0; ND_ENOTFOUND; ND_EARG when several end so (the first three
 * named). */
int nd_library_find(int64_t *id_out, nd_library *lib, const char *path, nd_diag *diag);

#endif
