/* Tags: one set of them that videos and music are both sorted into, made from what people and
 * machines wrote beside a corpus; vectors that say which tags are near; labels of every file.
 *
 * nd_tags_make writes CORPUS/tags.json and CORPUS/tags.vec (word2vec's text format); nd_tags_open
 * reads them again. */
#ifndef NEEDLEDROP_TAGS_H
#define NEEDLEDROP_TAGS_H

#include "needledrop/corpus.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A tag set with its vectors. Does not change: any number of threads may read one. */
typedef struct nd_tags nd_tags;

/** One tag, borrowed from its set. Counts are of the training pairs. */
typedef struct nd_tag {
    const char *name;       /* lower case, words with one space between */
    int n_videos, n_tracks; /* distinct files */
} nd_tag;

/** A tag that was left out. */
typedef struct nd_dropped_tag {
    nd_tag tag;
    const char *reason; /* "too few tracks", ..: one of a handful, static */
} nd_dropped_tag;

typedef struct nd_tags_params {
    const char *synonyms; /* file; one group a line, commas between, the first is the name; after
                                 * ! tags to drop. NULL: none */
    int min_videos, min_tracks; /* a tag is on as many distinct files at least; 0: 2 */
    const char *vectors;        /* .vec file; NULL: learned from which tags come together */
    int dim;                    /* of learned vectors, 1 .. 512; 0: 64 */
    const nd_log *log;
    const nd_progress *progress;
} nd_tags_params;

/** Make the tag set of a corpus from its training pairs alone, label every file, and write
 *  tags.vec and tags.json into the folder, each whole or not at all.
 *  @param params  NULL: the defaults  @param out  NULL: write only
 *  @return 0; ND_EARG (params), ND_EEMPTY (no tag is left: the story says what came nearest),
 *     ND_EFORMAT (synonyms, vectors: line and column are named), ND_EIO, ND_EFULL, ND_ELIMIT,
 *     ND_ENOMEM, ND_ECANCELLED; *out untouched.
 *  Same corpus and params, same bytes. Cost: 200,000 pairs of 10 tags out of 5,000 take some 25 s
 *  on one core, nearly all of it learning vectors. */
ND_API int nd_tags_make(nd_tags **out, const char *dir, const nd_tags_params *params,
                        nd_diag *diag);

/** Read what nd_tags_make wrote.
 *  @param vectors  another .vec file, whose words are then known too; NULL: DIR/tags.vec
 *  @return 0; ND_ENOTFOUND (nothing was made yet), ND_EFORMAT, ND_EIO, ND_ELIMIT, ND_ENOMEM. */
ND_API int nd_tags_open(nd_tags **out, const char *dir, const char *vectors, nd_diag *diag);
ND_API void nd_tags_close(nd_tags **tags);

/** Tags, largest first: by the smaller of their two counts, then by name. What was dropped,
 *  likewise. Index out of range: NULL. */
ND_API int nd_tags_count(const nd_tags *tags);
ND_API const nd_tag *nd_tags_at(const nd_tags *tags, int index);
ND_API int nd_tags_dropped_count(const nd_tags *tags);
ND_API const nd_dropped_tag *nd_tags_dropped_at(const nd_tags *tags, int index);

/** The tags of one media file.
 *  @param name      as corpus.jsonl has it
 *  @param tags_out  indices, borrowed; the first is the top-1: the tag of most of its pairs, of
 *     those the one nearest to all its tags together, of those the larger one. NULL: only the
 *     number
 *  @return their number, 0 for a file without a tag; ND_ENOTFOUND: no such file in the corpus. */
ND_API int nd_tags_of_file(const nd_tags *tags, const char *name, const int32_t **tags_out);

/** @return files of the corpus; *n_without_out those of them without a tag. */
ND_API int nd_tags_file_count(const nd_tags *tags, int *n_without_out);

/** @return lines of corpus.jsonl that were left out when the set was made, as far as they were
 *  counted; the first 20 were logged. 0 for one that was opened. */
ND_API int nd_tags_bad_lines(const nd_tags *tags);

/** @return [tags, dim] of unit length, borrowed; a tag of which nothing is known has zeroes */
ND_API const float *nd_tags_vectors(const nd_tags *tags, int *dim_out);

/** A tag and how near it is. */
typedef struct nd_near_tag {
    int index;
    float cosine;
} nd_near_tag;

/** The tags nearest to any text: a tag's own vector, else the mean of its words', of which each
 *  unknown one has the vector of its parts (3 to 5 letters).
 *  @param out    [k], filled from the front, nearest first  @param n_out  how many: k, or all tags
 *  @return 0; ND_EARG (k below 1), ND_EFORMAT (no word in it), ND_ENOMEM. */
ND_API int nd_tags_nearest(nd_near_tag *out, int *n_out, int k, const nd_tags *tags,
                           const char *text, nd_diag *diag);

/** @return 1 where the text or a word of it (small ones such as "of" aside) has its own vector;
 *  0 where only letters speak, and what is near is a guess, or out of memory. */
ND_API int nd_tags_knows(const nd_tags *tags, const char *text);

/** {"tags": [{"name", "videos", "tracks"}], "dropped": [{"name", "videos", "tracks", "reason"}],
 *  "files", "files_without_a_tag", "bad_lines", "dim"}.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_tags_json(char **json_out, const nd_tags *tags);

/** {"text", "known", "nearest": [{"name", "cosine"}]}; known as nd_tags_knows.
 *  @return as nd_tags_nearest. */
ND_API int nd_tags_nearest_json(char **json_out, const nd_tags *tags, const char *text, int k,
                                nd_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
