/* What the files of a corpus share: equal things found, folders walked, lists read, media asked
 * what they are, drafts of pairs. */
#ifndef ND_LEARN_CORPUS_INTERNAL_H
#define ND_LEARN_CORPUS_INTERNAL_H

#include "base/arena.h"
#include "learn/corpus.h"

/* ---- equal things, paths (corpus_text.c) ------------------------------------------- */

/** Number equal things alike: first_out[i] is the smallest j that equals i.
 *  @param first_out  [n]
 *  @param compare  of items a and b: 0 where equal, else an order
 *  @return 0 or ND_ENOMEM (first_out untouched). Cost: O(n log n) compares, whoever chose the
 *     items. Threads: safe. */
int nd__group(int *first_out, int n, int (*compare)(const void *items, int a, int b),
              const void *items);

/** nd__group's compare of const char *const items[]. */
int nd__compare_texts(const void *items, int a, int b);

/** Copy path without "." parts and doubled slashes; ".." stays. "" becomes ".".
 *  @param out  [strlen(path) + 2]. @return out */
char *nd__path_tidy(char *out, const char *path);

/** A copy of text[0 .. n) in the arena; NULL: out of memory. */
char *nd__arena_text(nd_arena *a, const char *text, size_t n);
/** "dir/name" in the arena, name alone where it is absolute or dir is ""; NULL: out of memory. */
char *nd__arena_path(nd_arena *a, const char *dir, const char *name);

/** @return what path is below root, borrowed; path itself where it is not below it. */
const char *nd__path_below(const char *root, const char *path);

/** @return bytes of a path before its last ending: of "a/b.tar.gz" those of "a/b.tar". */
size_t nd__stem_bytes(const char *path);

/** Texts in the order they were added; the texts are borrowed, the list is owned. */
typedef struct nd__texts {
    const char **items;
    size_t n, capacity;
} nd__texts;
int nd__texts_add(nd__texts *t, const char *text);                /* 0 or ND_ENOMEM */
const char *nd__texts_find(const nd__texts *t, const char *text); /* in a sorted one; or NULL */
void nd__texts_sort(nd__texts *t);                                /* by bytes */
void nd__texts_deinit(nd__texts *t);

/* ---- drafts (corpus_draft.c) ------------------------------------------------------- */

typedef struct nd__draft_pair {
    const char *id;            /* wished; made distinct later */
    const char *video, *music; /* paths that can be opened; the same text: its own sound */
    const char *root_video, *root_music; /* folders that were given: names below are tags */
    double start_s;
    nd__texts tags; /* raw */
    nd_split split;
    int video_media, music_media; /* corpus_build.c */
} nd__draft_pair;

/** Failures in order of addition. */
typedef struct nd__failures {
    nd_failure *items;
    size_t n, capacity;
} nd__failures;

/** What a source finds. All texts lie in its arena. Zeroed is empty. */
struct nd_corpus_draft {
    nd_arena texts;
    nd__draft_pair *pairs;
    size_t n_pairs, pair_capacity;
    nd__failures failures, unpaired;
    nd__texts missing;
    int n_listed, n_unused; /* as in the report */
};

/** Add a pair; texts are copied, tags none. @return it, good until the next is added; NULL: out
 *  of memory */
nd__draft_pair *nd__draft_add(nd_corpus_draft *d, const char *id, const char *video,
                              const char *music);

/** Add a raw tag text[0 .. n), cleaned; nothing where nothing is left or the pair has it.
 *  @return 0 or ND_ENOMEM */
int nd__draft_tag(nd_corpus_draft *d, nd__draft_pair *p, const char *text, size_t n);

/** Add to a list of failures; both texts are copied. @return 0 or ND_ENOMEM */
int nd__draft_fail(nd_corpus_draft *d, nd__failures *list, const char *path, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));

void nd__draft_deinit(nd_corpus_draft *d);

/* ---- folders (corpus_walk.c) ------------------------------------------------------- */

/** Walk a folder: paths of files named like media, by bytes in order. Hidden ones are passed
 *  over, links to folders not followed. What cannot be looked at goes to d->failures.
 *  @param media  ND_VIDEO, ND_MUSIC, or both with |
 *  @param out  texts in d's arena
 *  @return 0; ND_EIO (dir is no folder that can be read), ND_ENOMEM. */
int nd__walk_media(nd__texts *out, nd_corpus_draft *d, const char *dir, int media, nd_diag *diag);

/** @return ND_VIDEO, ND_MUSIC, or 0 by the name's ending. */
int nd__named_like(const char *path);

/* ---- lists (corpus_list.c) --------------------------------------------------------- */

enum { ND__MAX_FIELDS = 64 };

/** A table of texts: rows of fields, in one block. */
typedef struct nd__table {
    nd_bytes text;      /* owned: fields with their NULs */
    const char **cells; /* [n_rows][n_columns], owned; "" where a row is short */
    int *lines;         /* [n_rows] of the file, from 1, owned */
    int n_rows, n_columns;
} nd__table;

/** Read a CSV (RFC 4180) or TSV file: which it is, the first line says (a tab in it, or
 *  not). A mark of UTF-8 at its start, "\r" at ends and empty lines are passed over.
 *  @return 0; ND_EIO, ND_ELIMIT (256 MB, 64 fields), ND_EFORMAT (a quote that does not end),
 *     ND_ENOMEM. *out untouched. */
int nd__table_read(nd__table *out, const char *path, nd_diag *diag);
int nd__table_parse(nd__table *out, const char *bytes, size_t n, const char *name, nd_diag *diag);
void nd__table_deinit(nd__table *t);
/** @return the column whose first row is name, whatever the case; -1: none. */
int nd__table_column(const nd__table *t, const char *name);

/** Add the pairs of a list: CSV or TSV (columns video, music, start_s, tags, by name in the
 *  first row, else in that order; tags part at ; or ,) or JSON lines (those keys).
 *  Lines without a pair, or whose files are not there, go to d->failures.
 *  @param videos, music  folders that its paths start from
 *  @return 0; ND_EIO, ND_ELIMIT, ND_EFORMAT, ND_ENOMEM */
int nd__list_pairs(nd_corpus_draft *d, const char *path, const char *videos, const char *music,
                   nd_diag *diag);

/* ---- prints (corpus_print.c) ------------------------------------------------------- */

/** How a piece sounds, in a form that two encodings and two excerpts share. */
typedef struct nd__print {
    uint32_t *words; /* [n], owned */
    int n;
} nd__print;

/** @param fbank  [C, 398, 80] f32 log mel energy. @return 0 or ND_ENOMEM (*out untouched) */
int nd__print_make(nd__print *out, const nd_array *fbank);
void nd__print_deinit(nd__print *p);

/** Two pieces that sound alike over a stretch. */
typedef struct nd__likeness {
    int a, b;         /* a < b */
    double overlap_s; /* compared */
    double offset_s;  /* b's start in a */
    double error;     /* share of bits that differ, 0 .. 0.5 */
} nd__likeness;

/** Find all pairs of prints that sound alike.
 *  @param list_out  [*n_out], ordered by a then b; caller frees
 *  @return 0 or ND_ENOMEM. Cost: O(N log N) of all words, and what the likenesses need. */
int nd__print_match(nd__likeness **list_out, int *n_out, const nd__print *const *prints, int n);

/* ---- media (corpus_media.c) -------------------------------------------------------- */

/** A media file. */
typedef struct nd__media {
    const char *path;        /* borrowed */
    bool is_video, is_music; /* what it is used as, maybe both */
    char *failure;           /* owned; NULL: it can be read as what it is used as */
    bool is_silent;          /* the failure: a video without sound that is used as music */
    char *tags;              /* owned: raw tags of its metadata, a line each; NULL: none */
    double duration_s;
    double music_s; /* of its sound, where it is used as music; else 0 */
    int64_t size_bytes;
    uint64_t hash; /* of its bytes; 0: unknown */
    nd__print print;
} nd__media;

/** Ask every file what it is, in parallel; each fails alone.
 *  @return 0; ND_ENOMEM, ND_ECANCELLED, ND_EARG (no worker program) */
int nd__media_read(nd__media *media, int n, const nd_corpus_params *params, nd_diag *diag);
void nd__media_deinit(nd__media *media, int n);

/** Join what has the same bytes, and (by_sound) what sounds alike.
 *  @param set_out  [n] parents for nd__set_find
 *  @param alike_out, n_out  as nd__print_match, indices into media; both NULL: not wanted
 *  @return 0 or ND_ENOMEM */
int nd__media_sets(int *set_out, const nd__media *media, int n, bool by_sound,
                   nd__likeness **alike_out, int *n_out);

/* ---- splits (corpus_split.c) ------------------------------------------------------- */

/** Sets that things are in, joined step by step: parent[i] <= i, i where it is its own. */
int nd__set_find(int *parent, int i);
void nd__set_join(int *parent, int a, int b);

/** Give each of n pairs a split; pairs of one set stay together.
 *  @param set  [n] number of its set, any
 *  @param order  [n] texts that order the sets whatever their numbers: by their smallest
 *  @param val_share, test_share  >= 0, sum at most 1
 *  @return 0 or ND_ENOMEM. Same seed, texts and sets: same splits. A split with a share gets a set
 *     where there are three sets or more (test first where there are two). */
int nd__split_sets(nd_split *out, const int *set, const char *const *order, int n, double val_share,
                   double test_share, uint64_t seed);

/* ---- tags (corpus_tags.c) ---------------------------------------------------------- */

/** Raw tags of a file's metadata, a line each: genre and mood parted at ,;/| and hashtags of
 *  title and comment. @return malloc'ed; "" where there are none; NULL: out of memory */
char *nd__tags_of_info(const nd_media_info *info);

/** Add tags to a pair: names of the folders between root and path, and sidecar files beside path
 *  (STEM.txt, STEM.json, STEM.info.json). A sidecar that cannot be read goes to d->failures. */
int nd__tags_of_place(nd_corpus_draft *d, nd__draft_pair *p, const char *root, const char *path);

/** Add tags of a text: hashtags; of "tags: a, b" and the like what stands behind. */
int nd__tags_of_text(nd_corpus_draft *d, nd__draft_pair *p, const char *text, size_t n);

/** Call add for each hashtag of text[0 .. n), without its #: letters, digits, "_" and all that
 *  is not ASCII; with a letter in it. @return 0 or what add returned */
int nd__each_hashtag(const char *text, size_t n, int (*add)(void *user, const char *tag, size_t n),
                     void *user);

#endif
