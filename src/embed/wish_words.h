/* The words that wishes are made of. Everything here takes words in form (nd_tag_form), one after
 * another, and looks at the ones that stand first: "longest" means of the table's phrases. */
#ifndef ND_EMBED_WISH_WORDS_H
#define ND_EMBED_WISH_WORDS_H

#include "embed/wish.h"

/** A word in form. */
typedef struct nd_word {
    char text[ND_TAG_BYTES];
} nd_word;

/** What stands before or after a text and turns it round or gives it strength. */
typedef enum nd_wish_scope {
    ND_WISH_OF_ANY,
    ND_WISH_OF_THING, /* only beside a thing that is measured: "low energy", not "low strings" */
    ND_WISH_OF_SENSE  /* only beside what is measured: "calm music", not "film music" */
} nd_wish_scope;

typedef struct nd_wish_turn {
    const char *phrases; /* "not too|not so" */
    int sign;            /* 1 or -1 */
    float weight;
    nd_wish_scope scope;
} nd_wish_turn;

/** What a word says of what is measured. */
typedef struct nd_wish_sense {
    const char *keys;        /* nd_tag_key of each, single spaces between */
    float of[ND_WISH_KINDS]; /* how much, -1 .. 1; of[ND_WISH_TEXT]: weight of the word itself as a
                              * text */
    bool is_thing;           /* a thing, not a direction: "drums" and "vocals", not "calm" */
} nd_wish_sense;

/** The turn that words [n] begin with, the longest. @return words of it; 0: none */
int nd_wish_turn_before(const nd_wish_turn **out, const nd_word *words, int n);
/** That words [n] end in. @return as above */
int nd_wish_turn_after(const nd_wish_turn **out, const nd_word *words, int n);

/** A phrase that is one text whatever its words say: "drum and bass", "soft rock".
 *  @return words of it; 0: words [n] do not begin with one */
int nd_wish_whole(const nd_word *words, int n);

/** The sense of all words [n] together. Comparatives and superlatives ("calmer", "happiest") are
 *  looked up by what they compare.
 *  @param name_out  the words, with such a one put back ("calm"); untouched where there is no sense
 *  @return NULL: they have none */
const nd_wish_sense *nd_wish_sense_of(nd_word *name_out, const nd_word *words, int n);

/** Whether a word parts pieces ("and"), and whether what was turned round then stays so ("or"). */
bool nd_wish_is_joint(const char *word);
bool nd_wish_is_or(const char *word);

#endif
