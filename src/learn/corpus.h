/* A corpus: a folder whose corpus.jsonl says which video goes with which music. One JSON object
 * a line: {"id", "video", "music", "start_s", "tags": [..], "split": "train|val|test"}; other
 * keys are allowed, and passed over. What is asked of one from outside: needledrop/corpus.h. */
#ifndef ND_LEARN_CORPUS_H
#define ND_LEARN_CORPUS_H

#include "base/base.h"
#include "needledrop/corpus.h"
#include "needledrop/media.h"

typedef enum nd_split { ND_TRAIN, ND_VAL, ND_TEST } nd_split;
enum { ND_N_SPLITS = 3 };

/** @return "train", "val", "test". Static. */
const char *nd_split_name(nd_split split);

/** @param out  untouched where name is none of the three. @return whether it is one */
bool nd_split_parse(nd_split *out, const char *name);

/** One pair. Texts of a pair that was read are borrowed from its corpus and valid UTF-8; paths
 *  are as the file has them. */
typedef struct nd_pair {
    const char *id;
    const char *video, *music; /* relative to the corpus folder, or absolute; music may be the
                                  video itself */
    double start_s;            /* where in the track the video's music starts, >= 0; 0 where the
                                  file does not say */
    const char *const *tags; /* [n_tags], then NULL; as written; an owner may pass NULL for none */
    int n_tags;
    nd_split split;
    int line; /* of corpus.jsonl, from 1; a writer does not look at it */
} nd_pair;

/** What a problem is about. */
typedef enum nd_corpus_problem_kind {
    ND_PROBLEM_LINE, /* no pair: left out */
    ND_PROBLEM_ID,   /* an earlier line has its id: left out */
    ND_PROBLEM_PAIR, /* an earlier line has its video and its music: left out */
    ND_PROBLEM_TAG,  /* a tag that was left out, the pair was kept */
    ND_PROBLEM_MORE  /* how many more there are */
} nd_corpus_problem_kind;

typedef struct nd_corpus_problem {
    nd_corpus_problem_kind kind;
    int line;   /* from 1 */
    int column; /* bytes, from 1; 0 where it concerns the whole line */
    char reason[160];
} nd_corpus_problem;

/** A media file that pairs name: once, however many do. */
typedef struct nd_corpus_file {
    const char *name; /* as written */
    const char *path; /* of that, from the folder the program runs in (or absolute) */
    nd_medium medium; /* what it is used as: a film whose own sound is its music is there twice,
                         once as ND_VIDEO, once as ND_MUSIC */
} nd_corpus_file;

typedef struct nd_corpus nd_corpus;

/** Longest line that is read; a longer one is a problem and its bytes are skipped. */
enum { ND_CORPUS_MAX_LINE_BYTES = 16 << 20 };

/** Read DIR/corpus.jsonl. A line that is no pair, or repeats an id, or a video with the same
 *  music, is left out and kept as a problem; the rest goes on. A file without one good pair
 *  opens, with count 0.
 *  @param out  the caller closes it
 *  @return 0; ND_EIO (no such file), ND_ELIMIT (over 16 M lines), ND_ENOMEM (*out untouched).
 *  Threads: safe. Cost: O(bytes); a line at a time beside what is kept. */
int nd_corpus_open(nd_corpus **out, const char *dir, nd_diag *diag);

/** As nd_corpus_open, of bytes [n] that stand for DIR/corpus.jsonl. For tests and fuzzing. */
int nd_corpus_parse(nd_corpus **out, const char *dir, const char *bytes, size_t n, nd_diag *diag);

/** *c may be NULL, and is NULL after. */
void nd_corpus_close(nd_corpus **c);

/** What follows is borrowed and good until the close. An index out of range is a broken promise
 *  (ND_ASSERT). Threads: any number may read one corpus. Cost: O(1). */
const char *nd_corpus_dir(const nd_corpus *c);
int nd_corpus_count(const nd_corpus *c);
const nd_pair *nd_corpus_pair(const nd_corpus *c, int i);
int nd_corpus_problem_count(const nd_corpus *c);
const nd_corpus_problem *nd_corpus_problem_at(const nd_corpus *c, int i);

/** Files stand in the order of their first mention. Two spellings of one path ("a.mp3",
 *  "./a.mp3") are one file. */
int nd_corpus_file_count(const nd_corpus *c);
const nd_corpus_file *nd_corpus_file_at(const nd_corpus *c, int i);

/** @param video_out, music_out  indices for nd_corpus_file_at */
void nd_corpus_pair_files(const nd_corpus *c, int i, int *video_out, int *music_out);

/* ---- writing ------------------------------------------------------------------- */

typedef struct nd_corpus_writer nd_corpus_writer;

/** Make DIR where it is not there, and a temporary file in it: corpus.jsonl stays what it was
 *  until the commit.
 *  @return 0; ND_EIO, ND_EFULL, ND_ENOMEM (*out untouched). Threads: distinct folders. */
int nd_corpus_writer_open(nd_corpus_writer **out, const char *dir, nd_diag *diag);

/** Add a line. Keys stand in the order id, video, music, start_s, tags, split.
 *  @param pair  texts valid UTF-8, start_s finite
 *  @return 0; ND_EARG (text that is not UTF-8, no id, start_s below 0 or not finite: the writer
 *     is as it was, the next may be added); ND_EIO, ND_EFULL, ND_ENOMEM (close it). */
int nd_corpus_writer_add(nd_corpus_writer *w, const nd_pair *pair, nd_diag *diag);

/** corpus.jsonl is what was added. Once, and nothing but the close after it.
 *  @return 0; ND_EIO, ND_EFULL (it is what it was). */
int nd_corpus_writer_commit(nd_corpus_writer *w, nd_diag *diag);

/** What was not committed is dropped. *w may be NULL, and is NULL after. */
void nd_corpus_writer_close(nd_corpus_writer **w);

/* ---- sources of pairs: the shelf learn/corpora -------------------------------------- */

/** What a source has found so far: src/learn/corpus_internal.h. */
typedef struct nd_corpus_draft nd_corpus_draft;

/** One way to find pairs: src/learn/corpora/NAME.c defines `const nd_corpus_ops nd_corpus_NAME`. */
typedef struct nd_corpus_ops {
    const char *name;  /* that of its file */
    const char *about; /* one line */
    /** Add pairs to draft; what cannot be read goes to its failures, what has no partner to its
     *  unpaired. Media are not opened here.
     *  @return 0; ND_EARG (a parameter that it needs is missing), ND_EIO, ND_EFORMAT, ND_ELIMIT,
     *     ND_ENOMEM */
    int (*find)(nd_corpus_draft *draft, const nd_corpus_params *params, nd_diag *diag);
} nd_corpus_ops;

/** Every source, NULL last; written by tools/make-shelf. */
extern const nd_corpus_ops *const nd_corpus_shelf[];

#endif
