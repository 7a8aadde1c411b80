/* Tracks of a corpus that no video has: CORPUS/gallery.jsonl, {"music", "split", ..} a line. They
 * make the choice harder, and nobody learns from them. */
#ifndef ND_LEARN_GALLERY_H
#define ND_LEARN_GALLERY_H

#include "base/arena.h"
#include "learn/corpus.h"

typedef struct nd_gallery_track {
    nd_corpus_file file; /* ND_MUSIC */
    nd_split split;
} nd_gallery_track;

/** Zeroed is empty. */
typedef struct nd_gallery {
    nd_gallery_track *tracks; /* [n], in order of the file */
    size_t n, capacity;
    int n_bad; /* lines that are no track: left out */
    nd_arena texts;
} nd_gallery;

/** Read DIR/gallery.jsonl. What the corpus's pairs name as music, or an earlier line, is left out.
 *  @param out  filled on success; nd_gallery_deinit
 *  @return 0 (also where there is no such file: then it is empty); ND_EIO, ND_ELIMIT (over 1 GB),
 *     ND_ENOMEM. *out untouched. Threads: safe. */
int nd_gallery_read(nd_gallery *out, const nd_corpus *corpus, nd_diag *diag);
/** It is empty after. */
void nd_gallery_deinit(nd_gallery *gallery);

#endif
