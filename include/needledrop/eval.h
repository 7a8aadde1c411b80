/* Evaluation: how well a matching model finds the music of videos it has never seen, among all
 * tracks of a split. docs/eval.md says what each figure means. */
#ifndef NEEDLEDROP_EVAL_H
#define NEEDLEDROP_EVAL_H

#include <stdbool.h>

#include "needledrop/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is known of a query's tag when tracks are put in order. */
typedef enum nd_eval_tags {
    ND_EVAL_NONE,      /* nothing: what counts */
    ND_EVAL_PREDICTED, /* the tag that the model finds nearest to the video */
    ND_EVAL_USER,      /* what the uploader wrote: noisy */
    ND_EVAL_TRUE,      /* the catalogue's tag of the very track that is looked for: an oracle */
    ND_EVAL_N_TAGS
} nd_eval_tags;

/** @return "none", "predicted", "user", "true"; static. */
ND_API const char *nd_eval_tags_name(nd_eval_tags tags);

/** What is taken from the items, to see whether figures come from where they should. */
typedef enum nd_eval_control {
    ND_CONTROL_NOTHING,
    ND_CONTROL_CLIPS,  /* clips of each item in an order of its own, rhythm with them */
    ND_CONTROL_RHYTHM, /* rhythm and motion of clips of other items */
    ND_CONTROL_FIRST,  /* first clips alone */
    ND_CONTROL_LAST,   /* last clips alone */
    ND_EVAL_N_CONTROLS
} nd_eval_control;

/** @return "nothing", "clips", "rhythm", "first-clip", "last-clip"; static. */
ND_API const char *nd_eval_control_name(nd_eval_control control);

typedef struct nd_eval_params {
    const char *model;   /* file */
    const char *against; /* another, over the same queries; NULL: none */
    const char *split;   /* "test", "val", "train"; NULL: "test" */
    unsigned tags;       /* rows wanted, a set of 1 << nd_eval_tags; 0: all four */
    int rerank;          /* the model's pair scorer orders so many first tracks anew: a row of its
                          * own where the model has one; 0: 100; below 0: none */
    int against_rerank; /* the same of the other model; 0: as rerank. Below 0 its rows stand against
                          * reranked ones too: with the same model, what its pair scorer is worth */
    nd_eval_control control;
    bool probe;           /* linear probes on the embeddings of clips too; reads the train split */
    const char *synonyms; /* as nd_tags_params; NULL: DIR/synonyms.txt where there is one */
    int n_resamples;      /* of intervals; 0: 2,000 */
    uint64_t seed;        /* of intervals and of controls */
    int n_threads;        /* 0: one a core; figures are the same at any number */
    const nd_log *log;
    const nd_progress *progress;
} nd_eval_params;

/** A figure and its 95 % interval, by bootstrap over tracks. */
typedef struct nd_estimate {
    double value, lo, hi;
} nd_estimate;

/** Recall is measured at 1, 5, 10, 25. */
enum { ND_EVAL_N_CUTS = 4 };
/** @return the cut of an index, 0 .. ND_EVAL_N_CUTS - 1. */
ND_API int nd_eval_cut(int index);

/** One direction of a row. Shares are 0 .. 1. */
typedef struct nd_eval_measures {
    int n_queries, n_gallery; /* n_queries 0: not measured */
    nd_estimate recall[ND_EVAL_N_CUTS];
    nd_estimate median_rank; /* of a difference: NaN */
    nd_estimate mrr, ndcg_10;
    double chance[ND_EVAL_N_CUTS]; /* recall of an order at random */
} nd_eval_measures;

typedef struct nd_eval_row {
    nd_eval_tags tags;
    bool is_reranked;
    int n_tagged;                      /* queries that had a tag; the others are ranked without */
    double tags_alone[ND_EVAL_N_CUTS]; /* recall of what the tags say, equals in any order, without
                                        * any model: with tags, a model is to be better than that */
    double shortlist_recall; /* reranked: share of queries whose track was among the first */
    nd_eval_measures video_to_music;
    nd_eval_measures music_to_video; /* without tags alone */
} nd_eval_row;

enum { ND_EVAL_MAX_ROWS = ND_EVAL_N_TAGS + 1, ND_EVAL_MAX_PROBES = 10, ND_EVAL_N_MOR = 3 };

/** Where in its track the music of a video was placed, beside where it was taken from. */
typedef struct nd_eval_moment {
    int n;                          /* videos with a known start; 0: not measured */
    nd_estimate error_s;            /* median of |found - true| */
    nd_estimate within_2, within_4; /* share of starts found within 2 s, 4 s */
    nd_estimate iou;                /* mean overlap of the stretches */
    double start_within_4;          /* share that "at the start of the track" would have had */
    double mor_5[ND_EVAL_N_MOR];    /* track within the first 1, 5, 10 and overlap above 0.5 */
    double mor_7[ND_EVAL_N_MOR];    /* above 0.7 */
} nd_eval_moment;

/** Of a made corpus with families (docs/made-world.md): the first track found, has it the right
 *  tag; of those, the right family; then order; of those, the right contour and level of tempo. */
typedef struct nd_eval_step {
    const char *name; /* "tag", "family", "order", "contour", "level"; static */
    int n, n_right;
    double chance; /* share of the gallery that is right, of what was right in the step before */
} nd_eval_step;
enum { ND_EVAL_N_STEPS = 5 };

/** How much of something a linear classifier reads out of one clip's embedding. */
typedef struct nd_eval_probe {
    const char *medium;         /* "music", "video" */
    const char *what;           /* "concept", "tag", "pulse", "clip" (its index),
                                 * "later_clip" (the same, without the first), "track" (no
                                 * classifier: is the nearest other clip of its concept, or tag,
                                 * one of its own track) */
    int n_classes, n_fitted, n; /* clips fitted (train; "track": 0), measured */
    double accuracy;
    double chance; /* share of the commonest class; "track": of own clips among the others */
} nd_eval_probe;

typedef struct nd_eval_report {
    char *model, *corpus, *against; /* as given; against NULL: none */
    const char *split, *control;    /* static */
    char *training;                 /* the model's training record, JSON; NULL: not said */
    int n_videos, n_tracks;         /* queries, gallery */
    int n_left_out;                 /* pairs without features */
    uint64_t seed;
    int n_resamples, rerank;
    double elapsed_s;
    nd_eval_row rows[ND_EVAL_MAX_ROWS];
    int n_rows;
    nd_eval_row against_rows[ND_EVAL_MAX_ROWS]; /* the other model's */
    int n_against_rows;
    nd_eval_row differences[ND_EVAL_MAX_ROWS]; /* model - against, of rows that both have */
    int n_differences;
    nd_eval_moment moment;
    nd_eval_step ladder[ND_EVAL_N_STEPS];
    int n_steps; /* 0: no families */
    nd_eval_probe probes[ND_EVAL_MAX_PROBES];
    int n_probes;
    char *missing; /* lines: rows that were asked for and are not there, and why; NULL: none */
} nd_eval_report;

/** Measure a model on a split of a corpus. Nothing is learned and nothing is written but the
 *  embeddings of clips beside the cache.
 *  @param dir  the folder of corpus.jsonl, extracted (needledrop extract)
 *  @param params  model is needed
 *  @param report_out  filled on success; nd_eval_report_deinit
 *  @return 0; ND_EARG (a parameter), ND_EIO (no corpus, no model file), ND_ENOTFOUND (no cache: the
 *     story says what makes one; the model has no matching part or no extractor), ND_EFORMAT,
 *     ND_EEMPTY (no pair of the split has features), ND_ENOMEM, ND_ECANCELLED. *report_out
 *     untouched.
 *  Same files, same seed, same figures, at any n_threads. Threads: distinct caches. */
ND_API int nd_eval(const char *dir, const nd_eval_params *params, nd_eval_report *report_out,
                   nd_diag *diag);

/** Free what a report owns. A zeroed one is fine. */
ND_API void nd_eval_report_deinit(nd_eval_report *report);

/** {"model", "corpus", "split", "videos", "tracks", "left_out", "control", "seed" (a text),
 *  "resamples", "training", "elapsed_s", "rows": [{"tags", "rerank", "tagged", "tags_alone":
 *  {"recall_1", ..} or null, "shortlist", "shortlist_recall", "video_to_music": {"queries",
 *  "gallery", "recall_1", "recall_1_interval": [lo, hi], "recall_1_chance", .. 5, 10, 25,
 *  "median_rank", "median_rank_interval", "mrr", .., "ndcg_10", ..}, "music_to_video": {..} or
 *  null}], "moment": {"videos", "start_within_4_s", "error_s", "error_s_interval", "within_2_s",
 *  .., "within_4_s", .., "iou", .., "mor_1_iou_0.5", "mor_1_iou_0.7", .. 5, 10} or null, "ladder":
 *  [{"step", "of", "right", "share", "chance"}], "probes": [{"medium", "what", "classes",
 *  "fitted", "clips", "accuracy", "chance"}], "against": {"model", "rows"} or null,
 *  "differences": [rows], "missing": [line]}; shares are 0 .. 1.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_eval_report_json(char **json_out, const nd_eval_report *report);

/** The same as tables for people, in percent.
 *  @param is_markdown  as tables of Markdown  @param text_out  caller frees with free(3)
 *  @return 0 or ND_ENOMEM. */
ND_API int nd_eval_report_text(char **text_out, const nd_eval_report *report, bool is_markdown);

/* ---- human judgement ---------------------------------------------------------------- */

/** What is measured against graded relevance: hit at each cut, then these. Shares, 0 .. 1. */
enum {
    ND_RELEVANCE_MRR = ND_EVAL_N_CUTS, /* of the best placed relevant track */
    ND_RELEVANCE_NDCG_10,
    ND_RELEVANCE_NDCG, /* over all places */
    ND_RELEVANCE_N_FIGURES
};
/** @return "hit_1", "hit_5", "hit_10", "hit_25", "mrr", "ndcg_10", "ndcg" of an index, 0 ..
 *  ND_RELEVANCE_N_FIGURES - 1; static. */
ND_API const char *nd_relevance_figure_name(int index);

typedef struct nd_relevance_params {
    const char *relevance; /* file of judgements: lines of video, track, grade (docs/eval.md) */
    const char *ranking;   /* file of rankings that any system made; NULL: a model ranks a corpus */
    double relevant;       /* grade from which a track is a hit, above 0; 0: 1 */
} nd_relevance_params;

/** One order of tracks, measured. */
typedef struct nd_relevance_row {
    bool is_reranked;  /* by the model's pair scorer */
    bool is_condensed; /* judged tracks alone; else unjudged ones count as grade 0 */
    double n_tracks;   /* that one video's are chosen among, mean */
    double judged_10;  /* share of the first 10 that somebody judged, mean */
    nd_estimate figures[ND_RELEVANCE_N_FIGURES]; /* intervals over videos */
    double chance[ND_RELEVANCE_N_FIGURES];       /* of a random order, exact */
} nd_relevance_row;

enum { ND_RELEVANCE_MAX_ROWS = 4 };

typedef struct nd_relevance_report {
    char *relevance;                /* as given */
    char *ranking, *model, *corpus; /* as given; NULL: not */
    const char *split, *control;    /* static; NULL with a ranking */
    double relevant;
    int n_lines;      /* of judgements, good and bad */
    int n_judgements; /* that count */
    int n_left_out;   /* lines that do not: each is in problems */
    int n_videos;     /* measured */
    int n_without;    /* videos left out, for none of their tracks is relevant */
    int n_tracks;     /* of the gallery; with a ranking: all that either file names */
    int n_not_found;  /* with a ranking: judgements of tracks that their video's ranking lacks */
    uint64_t seed;
    int n_resamples, rerank; /* rerank 0: no pair scorer was asked */
    double elapsed_s;
    nd_relevance_row rows[ND_RELEVANCE_MAX_ROWS];
    int n_rows;
    char *problems; /* lines, the first 100 and how many more: what is amiss, with file and number
                     * of the line; NULL: nothing */
} nd_relevance_report;

/** Measure a ranking against graded judgements of people: that of a model over a corpus's split, or
 *  that of a file, made by anything. A line that is bad, or names what is not there, or repeats or
 *  contradicts an earlier one, is left out and told; the rest goes on.
 *  @param dir  the folder of corpus.jsonl, extracted; NULL with relevance->ranking, without it not
 *  @param params  model, split, rerank, control, n_resamples, seed, n_threads, log and progress
 *     count; with a ranking n_resamples and seed alone
 *  @param relevance  its file is needed
 *  @param report_out  filled on success; nd_relevance_report_deinit
 *  @return 0; ND_EARG (a parameter; a model and a ranking, or neither), ND_EIO, ND_ELIMIT (a file
 *     above 256 MB), ND_EFORMAT (a ranking without one good line), ND_EEMPTY (no judged video has a
 *     relevant track and a ranking), ND_ENOMEM, else as nd_eval. *report_out untouched.
 *  Same files, same seed, same figures, at any n_threads. Threads: distinct caches. */
ND_API int nd_eval_relevance(const char *dir, const nd_eval_params *params,
                             const nd_relevance_params *relevance, nd_relevance_report *report_out,
                             nd_diag *diag);

/** Free what a report owns. A zeroed one is fine. */
ND_API void nd_relevance_report_deinit(nd_relevance_report *report);

/** {"relevance", "ranking" or null, "model" or null, "corpus" or null, "split", "control",
 *  "relevant", "lines", "judgements", "left_out", "videos", "without_relevant", "tracks",
 *  "not_found", "seed" (a text), "resamples", "elapsed_s", "rows": [{"rerank": tracks or null,
 *  "condensed", "tracks", "judged_10", then for each figure of nd_relevance_figure_name "hit_1",
 *  "hit_1_interval": [lo, hi], "hit_1_chance", ..}], "problems": [line]}; shares are 0 .. 1.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_relevance_report_json(char **json_out, const nd_relevance_report *report);

/** As nd_eval_report_text. */
ND_API int nd_relevance_report_text(char **text_out, const nd_relevance_report *report,
                                    bool is_markdown);

#ifdef __cplusplus
}
#endif
#endif
