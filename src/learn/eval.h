/* What the files of nd_eval share: queries and gallery, tags, scores, ranks.
 *
 * Letters: n queries, G tracks of the gallery, Q tracks that have a query. A query is a pair of the
 * split; a track is a content: identical files are one. */
#ifndef ND_LEARN_EVAL_H
#define ND_LEARN_EVAL_H

#include "learn/items.h"
#include "learn/metrics.h"
#include "learn/tag_set.h"

/* ---- queries and gallery (eval_set.c) --------------------------------------------- */

typedef struct nd__eval_set {
    int n, G, Q;
    int n_left_out;      /* pairs of the split without features */
    int32_t *pairs;      /* [n] of the corpus */
    int32_t *videos;     /* [n] files */
    int32_t *track_of;   /* [n] place in tracks */
    int32_t *next_same;  /* [n] the next query of the same video, round and round */
    int32_t *group_of;   /* [n] place in queried */
    int32_t *tracks;     /* [G] files */
    int32_t *queried;    /* [Q] places in tracks */
    int32_t *identities; /* [Q] 0 .. Q - 1: groups of queries by track */
} nd__eval_set;

/** @param out  filled on success; nd__eval_set_deinit
 *  @return 0; ND_EEMPTY (no pair of the split has features), ND_ENOMEM. */
int nd__eval_set_make(nd__eval_set *out, const nd_corpus *corpus, const nd_items *items,
                      nd_split split, nd_diag *diag);
void nd__eval_set_deinit(nd__eval_set *set);

/** Whether a track is right for a query: for it, or for the same video in another pair. */
bool nd__eval_is_right(const nd__eval_set *set, int query, int track);

/* ---- tags of people (eval_tags.c) -------------------------------------------------- */

/** What the corpus's catalogue and uploaders say, in one form. Zeroed is empty. */
typedef struct nd__eval_words {
    nd_tag_map keys;    /* of all tags; a tag's number */
    nd_tag_form *forms; /* [keys.n] */
    size_t capacity;
    nd_tag_lists tracks;  /* [G] tags of the catalogue */
    nd_tag_lists queries; /* [n] tags of the uploader */
} nd__eval_words;

/** Read "tags" and "music_tags" of corpus.jsonl, gallery.jsonl, and test_tags.jsonl. A track's tags
 *  are those of its catalogue alone. Lines that are not JSON say nothing.
 *  @param synonyms  file; NULL: DIR/synonyms.txt where there is one
 *  @return 0; ND_EIO, ND_ELIMIT, ND_EFORMAT (synonyms), ND_ENOMEM. *out untouched. */
int nd__eval_words_read(nd__eval_words *out, const nd_corpus *corpus, const nd_items *items,
                        const nd__eval_set *set, const char *synonyms, nd_diag *diag);
void nd__eval_words_deinit(nd__eval_words *words);

/** The number of a tag by its text, added where it is new. @return 0; ND_EFORMAT (no tag),
 *  ND_ENOMEM. */
int nd__eval_word(nd__eval_words *words, const char *text, int *out);

/** Whether two tracks of the gallery have a tag in common. */
bool nd__eval_share_a_tag(const nd__eval_words *words, int track, int other);

/* ---- items (eval_control.c) ---------------------------------------------------------- */

/** Items as a control leaves them. Zeroed is empty. */
typedef struct nd__eval_view {
    nd_item *items; /* [n], borrowing from nd_items or from what follows */
    float *clips, *pulse;
    int32_t *classes;
} nd__eval_view;

/** @param files  [n], each with an item  @return 0 or ND_ENOMEM (*out untouched) */
int nd__eval_view_make(nd__eval_view *out, const nd_items *items, const int32_t *files, int n,
                       nd_eval_control control, uint64_t seed);
void nd__eval_view_deinit(nd__eval_view *view);

/* ---- one model over the set (eval_system.c, eval_rank.c) ---------------------------- */

/** Ranks of one direction, a query each. Zeroed: not measured. */
typedef struct nd__eval_ranks {
    int n, n_gallery;
    double *ranks, *ndcg;  /* [n] of n_gallery things, from 1 */
    const int32_t *groups; /* [n], the set's */
    double chance[ND_EVAL_N_CUTS];
} nd__eval_ranks;

typedef struct nd__eval_ranked_row {
    nd_eval_tags tags;
    bool is_reranked;
    int n_tagged;
    double tags_alone[ND_EVAL_N_CUTS];
    double shortlist_recall;
    nd__eval_ranks videos, music; /* to music, to video */
} nd__eval_ranked_row;

/** A model and what it makes of the set. Zeroed is empty. */
typedef struct nd__eval_system {
    nd_model *model;
    nd_matcher *matcher; /* the model's */
    nd_words *words;     /* the model's; NULL: none */
    nd_items *items;
    nd__eval_view videos, tracks;
    nd_rows video_rows, track_rows;
    float *scores;    /* [n, G] */
    int32_t *offsets; /* [n] row of the query's track from where it goes best */
    nd__eval_ranked_row rows[ND_EVAL_MAX_ROWS];
    int n_rows;
    nd_str missing; /* lines */
} nd__eval_system;

/** What all systems are measured on. */
typedef struct nd__eval_task {
    const nd_eval_params *params; /* with defaults filled in */
    const nd_corpus *corpus;
    nd_split split;
    nd__eval_set set;
    nd__eval_words words;
} nd__eval_task;

/** Put defaults in the place of zeros, but for the model.
 *  @return 0; ND_EARG (*p then half filled in). */
int nd__eval_params_fill(nd_eval_params *p, nd_split *split, nd_diag *diag);

/** Open a model and its items. @return as nd_model_open, nd_model_matcher, nd_items_open. */
int nd__eval_system_open(nd__eval_system *out, const nd__eval_task *task, const char *path,
                         nd_diag *diag);
/** Scores of all pairs. @return 0; ND_ENOMEM, ND_ECANCELLED. */
int nd__eval_system_score(nd__eval_system *s, const nd__eval_task *task, nd_diag *diag);
void nd__eval_system_close(nd__eval_system *s);

/** Fill the rows that were asked for, and say which cannot be. @return 0; ND_ENOMEM,
 *  ND_ECANCELLED. */
int nd__eval_rank(nd__eval_system *s, nd__eval_task *task, nd_diag *diag);
void nd__eval_ranked_row_deinit(nd__eval_ranked_row *row);

/** Order the first N tracks of every query anew by the model's pair scorer, before all others.
 *  @param scores  [n, G] in, and out: as nd__eval_order  @param N  1 .. G
 *  @return 0; ND_ENOMEM, ND_ECANCELLED; as nd_matcher_pair. scores are then of no use. */
int nd__eval_rerank(float *scores, nd__eval_system *s, const nd__eval_task *task, int N,
                    nd_diag *diag);

/** Scores in place of others that put tiers, highest first, before scores: equal where both are.
 *  @param out  [G], whole numbers  @return 0 or ND_ENOMEM */
int nd__eval_order(float *out, const float *tiers, const float *scores, int G);

/** How near the tags of a query are to those of every track, in the vectors of a model's words.
 *  @param tags  [n_tags] of the query  @param vectors  [all tags, E], of length 1 or zero; NULL:
 *     only equal ones are near
 *  @param out  [G]: 1 the same, less for others, -2 for a track without tags */
void nd__eval_nearness(float *out, const nd__eval_words *words, const int32_t *tags, int n_tags,
                       const float *vectors, int E);

/* ---- what comes out (eval_measure.c, eval_moment.c, eval_truth.c, eval_probe.c) ----- */

/** Ranks to a row of the report. @return 0 or ND_ENOMEM */
int nd__eval_measure(nd_eval_row *out, const nd__eval_ranked_row *row, const nd_eval_params *p);
/** Their differences, a - b. @return 0 or ND_ENOMEM */
int nd__eval_compare(nd_eval_row *out, const nd__eval_ranked_row *a, const nd__eval_ranked_row *b,
                     const nd_eval_params *p);

/** @return 0 or ND_ENOMEM; out->n is 0 where the model has no order. */
int nd__eval_moment(nd_eval_moment *out, const nd__eval_system *s, const nd__eval_task *task);

/** What is known of a made corpus. Zeroed knows nothing. */
typedef struct nd__eval_truth {
    json_t *root;  /* NULL: no truth.json */
    json_t *by_id; /* what is said of each track and video */
} nd__eval_truth;

/** Read DIR/truth.json. @param out  filled on success, zeroed where there is none
 *  @return 0; ND_EFORMAT (no JSON), ND_ENOMEM. */
int nd__eval_truth_read(nd__eval_truth *out, const char *dir, nd_diag *diag);
void nd__eval_truth_deinit(nd__eval_truth *truth);
/** @return what is said of a file, by its name without folder and ending, borrowed; NULL: nothing.
 */
const json_t *nd__eval_truth_of(const nd__eval_truth *truth, const char *file_name);

/** Of a made corpus whose gallery is families alone: in which step queries fail.
 *  @param out  [ND_EVAL_N_STEPS]  @param n_out  untouched where there are no families
 *  @return 0; ND_EFORMAT (truth.json), ND_ENOMEM. */
int nd__eval_ladder(nd_eval_step *out, int *n_out, const nd__eval_system *s,
                    const nd__eval_task *task, nd_diag *diag);

/** Embedded clips of a split, those of one file one after another. Zeroed is empty. */
typedef struct nd__clips {
    float *x;                  /* [n, D] */
    int32_t *classes;          /* [n] 0 .. */
    int32_t *files, *contents; /* [n] the file, and the first one with its bytes */
    size_t n;
    int64_t D;
} nd__clips;

/** Ask each clip for its nearest neighbour among the other clips of its class (eval_identity.c): is
 *  it of the same file?
 *  @param out  zeroed but for its names; n 0 where no clip could be asked. n_classes: files
 *  @param n_threads  0: one a core; the same at any number
 *  @return 0 or ND_ENOMEM. Cost: O(n^2 D) where all are of one class. */
int nd__eval_identity(nd_eval_probe *out, const nd__clips *clips, int n_threads);

/** Linear classifiers on the clips of train, measured on the split's; and nd__eval_identity.
 *  @param items  of both splits  @param out  [ND_EVAL_MAX_PROBES]
 *  @return 0; ND_ENOMEM; ND_EFORMAT (truth.json). */
int nd__eval_probe(nd_eval_probe *out, int *n_out, const nd__eval_task *task, const nd_items *items,
                   nd_diag *diag);

/* ---- what reports share (eval_json.c) ------------------------------------------------- */

/** Set "key" and "key_interval": [lo, hi]. @return 0; -1: out of memory, as jansson has it. */
int nd__eval_set_estimate(json_t *o, const char *key, const nd_estimate *e);

/** A list of lines. @param lines  each with its end; NULL: none  @return NULL: out of memory. */
json_t *nd__eval_lines_json(const char *lines);

#endif
