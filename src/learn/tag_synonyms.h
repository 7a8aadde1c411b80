/* What a person says of tags: which are one, which are none. */
#ifndef ND_LEARN_TAG_SYNONYMS_H
#define ND_LEARN_TAG_SYNONYMS_H

#include "embed/embed.h"

/** A group of a line. */
typedef struct nd_tag_group {
    nd_tag_form head; /* what all of them become */
    bool is_dropped;  /* they are no tags */
    int line;         /* of the file, from 1 */
} nd_tag_group;

/** Zeroed says nothing. */
typedef struct nd_tag_synonyms {
    nd_tag_map keys;
    int32_t *group_of; /* [keys.n] */
    nd_tag_group *groups;
    size_t n_groups, capacity, of_capacity;
} nd_tag_synonyms;

enum { ND_TAG_SYNONYMS_MAX_BYTES = 64 << 20 };

/** Read bytes [n]: one group a line, tags with commas between, the first is what the others
 *  become; after ! a line of tags to drop; empty lines and lines that begin with "# " say nothing.
 *  @param name  of the file, for the story  @param out  filled on success; _deinit
 *  @return 0; ND_EFORMAT (a text that is no tag, a tag in two groups: line and column are named),
 *     ND_ENOMEM. *out untouched. Threads: safe. Cost: O(n). */
int nd_tag_synonyms_parse(nd_tag_synonyms *out, const char *bytes, size_t n, const char *name,
                          nd_diag *diag);

/** The same of a file. @return as above; ND_EIO, ND_ELIMIT (over ND_TAG_SYNONYMS_MAX_BYTES). */
int nd_tag_synonyms_read(nd_tag_synonyms *out, const char *path, nd_diag *diag);

/** @return the group that a tag is in, borrowed; NULL: none. Threads: any number of readers. */
const nd_tag_group *nd_tag_synonyms_find(const nd_tag_synonyms *s, const char *key);

/** It says nothing after. */
void nd_tag_synonyms_deinit(nd_tag_synonyms *s);

#endif
