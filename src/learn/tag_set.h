/* The unified target set: which tags there are, what was dropped, what each file is labelled. */
#ifndef ND_LEARN_TAG_SET_H
#define ND_LEARN_TAG_SET_H

#include "embed/embed.h"
#include "learn/corpus.h"
#include "learn/tag_synonyms.h"
#include "needledrop/tags.h"

/** Lists of numbers, one after another: list i is values[first[i] .. first[i + 1]). */
typedef struct nd_tag_lists {
    int n;
    int64_t *first;  /* [n + 1] */
    int32_t *values; /* [first[n]] */
} nd_tag_lists;

/** Zeroed is empty. */
typedef struct nd_tag_set {
    nd_tag_map names, keys;  /* of the tags; a tag has one number in both */
    nd_tag *tags;            /* [names.n] */
    nd_dropped_tag *dropped; /* [n_dropped], names owned */
    int n_dropped;
    nd_tag_map files;    /* as the corpus writes them */
    nd_tag_lists labels; /* tags of each file */
    int32_t *votes;      /* of each label: pairs of the file that have it; NULL in a set that was
                            read */
    nd_tag_lists pairs;  /* tags of each training pair; empty in a set that was read */
} nd_tag_set;

/** Count, drop, label. A file that is in several splits is labelled by its pairs of the first of
 *  them (train, val, test) alone, so that no later one leaks into training.
 *  @param out  filled on success; _deinit  @param synonyms  NULL: none
 *  @param params  with min_videos and min_tracks of 1 or more; its progress and log are used
 *  @return 0; ND_EEMPTY (no tag is left), ND_ENOMEM, ND_ECANCELLED. *out untouched.
 *  Cost: O(mentions log mentions). */
int nd_tag_set_make(nd_tag_set *out, const nd_corpus *corpus, const nd_tag_synonyms *synonyms,
                    const nd_tags_params *params, nd_diag *diag);

/** Put the top-1 of each file first: most votes; then nearest to the mean of the file's tags, as
 *  far as four decimals tell; then the smaller number.
 *  @param rows  [tags, dim] of unit length  @return 0 or ND_ENOMEM. */
int nd_tag_set_order(nd_tag_set *set, const float *rows, int dim);

/** Write as tags.json: {"tags": [{"name", "videos", "tracks"}], "dropped": [{.., "reason"}],
 *  "items": {file: [tag, ..]}}, a tag or a file a line.
 *  @return 0; ND_EIO, ND_EFULL (what was there stays), ND_ENOMEM. */
int nd_tag_set_write(const nd_tag_set *set, const char *path, nd_diag *diag);

enum { ND_TAG_SET_MAX_BYTES = 1 << 30 };

/** Read one that was written.
 *  @return 0; ND_EFORMAT (what is amiss is named), ND_EIO, ND_ELIMIT, ND_ENOMEM. *out untouched. */
int nd_tag_set_read(nd_tag_set *out, const char *path, nd_diag *diag);

/** {"name", "videos", "tracks"}, a new object; NULL: out of memory. */
struct json_t *nd_tag_json(const nd_tag *tag);
/** The same with "reason". */
struct json_t *nd_dropped_tag_json(const nd_dropped_tag *dropped);

/** It is empty after. */
void nd_tag_set_deinit(nd_tag_set *set);

#endif
