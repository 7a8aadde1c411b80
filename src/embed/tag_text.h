/* Tags in one form, whoever wrote them: "#CalmPianos", "calm-piano" and "Calm Piano" are one. */
#ifndef ND_EMBED_TAG_TEXT_H
#define ND_EMBED_TAG_TEXT_H

#include "base/base.h"

enum {
    ND_TAG_BYTES = 128,      /* of a name or a key, with its NUL */
    ND_TAG_RAW_BYTES = 4096, /* a longer raw text is no tag */
};

/** A tag: what people are shown and what makes two the same. */
typedef struct nd_tag_form {
    char name[ND_TAG_BYTES]; /* "calm pianos": NFKC, case folded, words with one space between */
    char key[ND_TAG_BYTES];  /* "calmpiano": the name without spaces, its last word singular */
} nd_tag_form;

/** Why a raw text is no tag. */
typedef enum nd_tag_fault {
    ND_TAG_FINE,
    ND_TAG_NOT_UTF8,
    ND_TAG_TOO_LONG,
    ND_TAG_NOTHING, /* no letter, digit or pictogram in it */
    ND_TAG_NO_MEMORY,
} nd_tag_fault;

/** The next piece of a raw text, which may hold several tags: cut at , ; / | and line ends, and
 *  before #. Pieces of white space alone are passed over.
 *  @param at  where to go on; at the text's end after the last piece
 *  @param piece_out,n_out  borrowed from the text
 *  @return whether there was one (outputs untouched where not). Threads: safe. Cost: O(bytes). */
bool nd_tag_next_piece(const char **piece_out, size_t *n_out, const char **at);

/** Bring one piece into form: words of CamelCase come apart (humps of two letters or more, so
 *  iPhone and DJs stay); Unicode NFKC and case folding; apostrophes go, & between words is "and",
 *  other punctuation parts words; pictograms stay.
 *  @param out  untouched unless fine  @param text  [n] any bytes
 *  @return ND_TAG_FINE or what is amiss. Threads: safe. Cost: O(n), some ten allocations. */
nd_tag_fault nd_tag_form_read(nd_tag_form *out, const char *text, size_t n);

/** The key of a name that is in form already. Threads: safe. Cost: O(bytes).
 *  English plurals are undone where that is safe: an ASCII word of four letters or more that ends
 *  in s, and not in ss, us, is, as, os or ics; and no name of a kind of music (blues). */
void nd_tag_key(char out[ND_TAG_BYTES], const char *name);

#endif
