/* What a person asks for in words: "calmer, no drums", "slow piano but not too dark, 90 bpm".
 *
 * A text becomes wishes. Words of what is measured (tempo, beat, loudness, brightness of the sound,
 * mode) become directions on that; every text is also one for the model's vectors. English; words
 * that no table has stay texts. The tables are in wish_words.c.
 *
 * Pieces are parted by , ; / | : ( ) . ! ? # line ends and the words and, but, or, yet, plus.
 * Before a piece: "no", "not", "without", "less", "too", "-" turn it round, "very", "a bit" give it
 * strength. What was turned round stays so after "or", and after "and" for a single word that is no
 * direction: "without drums and vocals", but "without drums and calmer".
 */
#ifndef ND_EMBED_WISH_H
#define ND_EMBED_WISH_H

#include "embed/tag_text.h"

typedef enum nd_wish_kind {
    ND_WISH_TEXT, /* near the vector of .text, or far from it */
    ND_WISH_TEMPO,
    ND_WISH_BEAT,
    ND_WISH_LOUDNESS,
    ND_WISH_BRIGHTNESS, /* of the sound */
    ND_WISH_MODE,       /* major is more, minor is less */
    ND_WISH_KINDS
} nd_wish_kind;

/** What a kind is measured by. */
typedef struct nd_wish_measure {
    const char *name;  /* "tempo" */
    const char *array; /* of a music's description (docs/features.md): a scalar, or a number a clip
                        * whose mean is meant; NULL: of ND_WISH_TEXT */
    const char *unit;
    bool is_log;   /* ratios count: compare logarithms to base 2 */
    bool is_least; /* its least value is what is asked for: of ND_WISH_MODE, where 0 is major */
    double step;   /* how much a wish of weight 1 asks for, in the unit, or in octaves where is_log:
                    * chosen */
} nd_wish_measure;

/** @return [ND_WISH_KINDS], static. Threads: safe. */
const nd_wish_measure *nd_wish_measures(void);

typedef struct nd_wish {
    nd_wish_kind kind;
    int sign;     /* 1: more of it, -1: less of it, 0: near .value */
    float weight; /* 0.1 .. 4; 1: as said without "very" or "a bit" */
    float value;  /* BPM, with ND_WISH_TEMPO: "under 100 bpm" is -1 and 100; 0: none was said */
    bool only_if_known; /* a text beside what is measured: it counts where the model knows it */
    char text[ND_TAG_BYTES]; /* the words that said it, in form: "calm" of "CALMER!" */
} nd_wish;

enum { ND_MAX_WISHES = 64, ND_WISH_MAX_BYTES = 4096 };

/** Zeroed is none. */
typedef struct nd_wishes {
    int n;
    nd_wish items[ND_MAX_WISHES];
} nd_wishes;

/** Read what a person asks for.
 *  @param out  1 or more wishes, in the order they were said; a direction that is said twice is
 *     one, of both weights
 *  @param text  any bytes; several arguments of a command are joined by spaces
 *  @return 0; ND_EARG (not UTF-8; over ND_WISH_MAX_BYTES; a word of over 120 bytes; nothing is
 *     asked; over ND_MAX_WISHES), ND_ENOMEM. *out untouched.
 *  Threads: distinct outs. Cost: some 20 us a word. Checked by tests/embed/test_wish.c. */
int nd_wishes_read(nd_wishes *out, const char *text, nd_diag *diag);

#endif
