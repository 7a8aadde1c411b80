/* Items: what a matching model reads of every media file of a corpus. Clips are embedded once by
 * the extractors of a model file, and kept beside the cache; rhythm and motion come out of the
 * cache. docs/training.md has the file.
 *
 * A file has a number: those of the corpus their own (nd_corpus_file_at), tracks of the gallery
 * (learn/gallery.h) the numbers after them. */
#ifndef ND_LEARN_ITEMS_H
#define ND_LEARN_ITEMS_H

#include "embed/embed.h"
#include "learn/cache.h"
#include "learn/corpus.h"

/** Splits as a set. */
#define ND_SPLIT_BIT(split) (1u << (unsigned)(split))

typedef struct nd_items nd_items;

typedef struct nd_items_params {
    const char *cache;    /* folder of the cache; NULL: DIR/cache */
    unsigned splits;      /* ND_SPLIT_BIT: files that no pair or gallery line of these has are not
                        * embedded, and not there */
    const char *features; /* what the matching model needs of music beside clips and rhythm
                           * (nd_matcher_ops.features): every track must have it; NULL: nothing */
    bool published;       /* pulse and classes as published (published_*), not ours */
    bool is_forgetful;    /* embeddings are not kept on disk */
    int n_threads;        /* of the networks; 0: one a core; the same bytes at any number */
    const nd_log *log;
    const nd_progress *progress;
} nd_items_params;

/** Items of a corpus. Embeddings that an earlier call made of the same features by the same weights
 *  are mapped; else they are made, and written to CACHE/embeddings-SPLIT-FINGERPRINT.safetensors.
 *  A damaged one is made again; where it cannot be written that is a warning.
 *  @param out  the caller closes it, before corpus and model  @param corpus, model  borrowed
 *  @return 0; ND_EARG (no split), ND_ENOTFOUND (no cache; no extractor in the model; the cache has
 *     not the array that one reads, or of a track not the features), ND_EFORMAT (the cache's clips
 *     are of another size), ND_EIO, ND_ENOMEM, ND_ECANCELLED; as nd_model_network. *out untouched.
 *  Files that are not in the cache have no item: one warning says how many.
 *  Threads: one call at a time a model. Cost: the networks over all clips, the first time. */
int nd_items_open(nd_items **out, const nd_corpus *corpus, nd_model *model,
                  const nd_items_params *params, nd_diag *diag);
void nd_items_close(nd_items **items);

/** @return files, the gallery's among them. */
int nd_items_count(const nd_items *items);

/** What follows: file is 0 .. nd_items_count - 1 (ND_ASSERT), results are borrowed until the close,
 *  any number of threads may read at once. */

/** @return the item of a file; NULL: of no split that was asked for, or not in the cache. */
const nd_item *nd_items_at(const nd_items *items, int file);

/** Mean over its clips of its extractor's logits.
 *  @return [nd_items_tag_count]; NULL: no item, or no classifier */
const float *nd_items_logits(const nd_items *items, int file);
/** Classes of a medium's extractor; 0: it has no classifier. */
int nd_items_tag_count(const nd_items *items, nd_medium medium);

/** As corpus.jsonl or gallery.jsonl has it. */
const char *nd_items_name(const nd_items *items, int file);

/** Splits that the file is in, a set of ND_SPLIT_BIT; all of them, asked for or not. */
unsigned nd_items_splits(const nd_items *items, int file);

/** The smallest number of a file of its medium with the same content: same id, same track. Its own
 *  where it is not in the cache. */
int nd_items_same(const nd_items *items, int file);

/** Width of a medium's embeddings. */
int nd_items_width(const nd_items *items, nd_medium medium);

/** One number for all that the items of the splits asked for hold; of statistics, where `features`
 *  asks for them. */
uint64_t nd_items_digest(const nd_items *items);

/** The tracks that videos of a split are searched among: those of its pairs and of the gallery,
 *  each content once, with an item, in order of their numbers.
 *  @param files_out  [nd_items_count] room  @return how many */
int nd_items_tracks(const nd_items *items, nd_split split, int32_t *files_out);

#endif
