/* The paper's two tables: every system of them trained and measured on one corpus, with what the
 * paper says beside what was found here. docs/eval.md says what stands where. */
#ifndef NEEDLEDROP_TABLES_H
#define NEEDLEDROP_TABLES_H

#include <stdbool.h>

#include "needledrop/eval.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Which table: of its authors' own collection, or of HIMV-200K. */
typedef enum nd_table { ND_TABLE_COLLECTED, ND_TABLE_HIMV, ND_N_TABLES } nd_table;

/** @return "collected", "himv"; "" for another; static. Also the folder of its products. */
ND_API const char *nd_table_name(nd_table table);

typedef struct nd_tables_params {
    nd_table table;
    const char *models;   /* folder of what is made: MODELS/TABLE/sSEED/NAME.safetensors and
                           * NAME.json, MODELS/steps.log, as make ladder has them, whose products
                           * are used where they are there; NULL: DIR/tables */
    int n_seeds;          /* 1, 2, ..: of every system; 0: 3 */
    int n_ablation_seeds; /* the first so many of them, of every ablation; 0: 1; below 0: none */
    int n_epochs;         /* of every training, at most, to try things: what was made so is not told
                           * apart; 0: their defaults */
    int n_jobs; /* trainings at a time, of one thread each; 0: one a core. Products are the
                           * same at any number */
    const nd_log *log;
    const nd_progress *progress;
} nd_tables_params;

/* ---- the plan ----------------------------------------------------------------------- */

/** Steps of one kind. */
typedef struct nd_tables_kind {
    char name[64]; /* "train/cmvae-ae" */
    int n_there, n_missing;
    double each_s;      /* by MODELS/steps.log; NaN: none like it was timed yet */
    bool is_by_general; /* none of this kind was timed: the mean of "train/.." stands in */
} nd_tables_kind;

/** What is there, what is missing, and for how long. */
typedef struct nd_tables_plan {
    char *models; /* the folder */
    nd_tables_kind *kinds;
    int n_kinds;
    int n_there, n_missing, n_not_timed; /* steps; not timed: of those missing */
    int n_jobs;
    double left_s;    /* of those missing that can be told, n_jobs at a time */
    char *impossible; /* lines: systems that this corpus cannot have, and why; NULL: none */
} nd_tables_plan;

/** Look what a table needs. Nothing is written.
 *  @param dir  folder of a corpus, extracted and tagged  @param params  NULL: the defaults
 *  @param plan_out  filled on success; nd_tables_plan_deinit
 *  @return 0; ND_EARG (a parameter), ND_EIO (no corpus; MODELS/steps.log), ND_ENOMEM.
 *  Threads: safe. */
ND_API int nd_tables_plan_make(nd_tables_plan *plan_out, const char *dir,
                               const nd_tables_params *params, nd_diag *diag);
ND_API void nd_tables_plan_deinit(nd_tables_plan *plan);

/** {"models", "jobs", "there", "missing", "not_timed", "left_s", "kinds": [{"kind", "there",
 *  "missing", "each_s" or null, "by": "kind", "general" or null}], "impossible": [line]}.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_tables_plan_json(char **json_out, const nd_tables_plan *plan);
/** The same for people. As nd_tables_plan_json. */
ND_API int nd_tables_plan_text(char **text_out, const nd_tables_plan *plan);

/* ---- making ------------------------------------------------------------------------- */

/** Train and measure what is missing, in order, several at a time; one that fails is told to the
 *  log and to *failures_out, and the rest goes on. Each product is written under another name and
 *  then renamed, a training keeps a checkpoint: the same call goes on after whatever stopped it.
 *  A product that another process makes right now is waited for.
 *  @param failures_out  lines, caller frees with free(3); NULL: all is there
 *  @return 0 (also where steps failed); ND_EARG, ND_EIO (no corpus; the folder cannot be written),
 *     ND_ENOMEM, ND_ECANCELLED (what is done stays). *failures_out untouched.
 *  Threads: distinct folders. Cost: hours; the plan says. */
ND_API int nd_tables_make(const char *dir, const nd_tables_params *params, char **failures_out,
                          nd_diag *diag);

/* ---- reading ------------------------------------------------------------------------ */

/** A recall or a difference of recalls, 0 .. 1, over seeds: mean, deviation, and the means of the
 *  ends of the seeds' 95 % intervals, which are of the tracks: what other tracks would have given
 *  to one training. */
typedef struct nd_tables_figure {
    double mean, deviation, lo, hi; /* deviation of one seed: NaN */
} nd_tables_figure;

/** A system, a row of a table. */
typedef struct nd_tables_row {
    char name[64];  /* "paper-s-se+r": of its products */
    char label[96]; /* "6 UT-CMVMR SE+R" */
    bool is_ours;   /* no row of the paper's */
    bool is_reranked;
    int n_seeds;                             /* that were measured; 0: none */
    nd_tables_figure recall[ND_EVAL_N_CUTS]; /* without tags */
    nd_tables_figure tagged[ND_EVAL_N_CUTS]; /* the true tag is known: the paper's procedure */
    bool has_tagged;                         /* those are there */
    double theirs[ND_EVAL_N_CUTS];           /* as printed in the paper; NaN: no row of it */
} nd_tables_row;

/** One system over another on the same videos: paired intervals. */
typedef struct nd_tables_difference {
    const char *question; /* "framework", "tag set", "order", "rhythm", "both", "ours"; static */
    char label[160];      /* "3 - 1 framework, over CBVMR" */
    bool is_reranked;
    int n_seeds;
    nd_tables_figure recall[ND_EVAL_N_CUTS];
} nd_tables_difference;

/** A training without one of its parts, and what that part is worth: with it, minus without. */
typedef struct nd_tables_ablation {
    char name[96];    /* "paper-s-se+r.no-av" */
    char without[64]; /* "av", "cross-attention" */
    char base[64];    /* "paper-s-se+r" */
    bool is_reranked;
    int n_seeds;
    nd_tables_figure recall[ND_EVAL_N_CUTS], worth[ND_EVAL_N_CUTS];
} nd_tables_ablation;

typedef struct nd_tables_report {
    char *corpus, *models;
    nd_table table;
    int n_seeds, n_ablation_seeds; /* asked for */
    int n_videos, n_tracks;        /* of the test split; 0: nothing was measured yet */
    double chance[ND_EVAL_N_CUTS];
    double tag_alone[ND_EVAL_N_CUTS]; /* the true tag without a model; NaN: not known */
    nd_tables_row *rows;
    int n_rows;
    nd_tables_difference *differences;
    int n_differences;
    nd_tables_ablation *ablations;
    int n_ablations;
    char *missing; /* lines: figures that are not there, and why; NULL: none */
} nd_tables_report;

/** Read what nd_tables_make left. Nothing is written.
 *  @param report_out  filled on success; nd_tables_report_deinit
 *  @return 0; ND_EARG, ND_EIO (no corpus), ND_ENOMEM. *report_out untouched. A file that is not
 *     what eval wrote is told in .missing. Threads: safe. */
ND_API int nd_tables_read(nd_tables_report *report_out, const char *dir,
                          const nd_tables_params *params, nd_diag *diag);
ND_API void nd_tables_report_deinit(nd_tables_report *report);

/** {"corpus", "models", "table", "seeds", "ablation_seeds", "videos", "tracks", "chance":
 *  {"recall_1", ..}, "true_tag_alone": {..} or null, "theirs": text, "rows": [{"name", "label",
 *  "ours", "rerank", "seeds", "recall_1": {"mean", "deviation" or null, "interval": [lo, hi]}, ..
 *  5, 10, 25, "true_tag": {"recall_1", ..} or null, "theirs": {"recall_1", ..} or null}],
 *  "differences": [{"question", "label", "rerank", "seeds", "recall_1", ..}], "ablations":
 *  [{"name", "base", "without", "rerank", "seeds", "recall_1", .., "worth": {"recall_1", ..}}],
 *  "missing": [line]}; shares are 0 .. 1; a row without figures has none of "recall_K".
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_tables_report_json(char **json_out, const nd_tables_report *report);

/** The same as tables for people, in percent. As nd_eval_report_text. */
ND_API int nd_tables_report_text(char **text_out, const nd_tables_report *report, bool is_markdown);

/** A line a figure, "part,name,label,seeds,tags,rerank,k,mean,deviation,lo,hi,theirs", in percent;
 *  part is "system", "difference", "ablation" (its recall) or "worth".
 *  @param csv_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_tables_report_csv(char **csv_out, const nd_tables_report *report);

/** Draw recall over K of every system that was measured, without tags, with its intervals, as PNG.
 *  @param path  written through a temporary file
 *  @return 0; ND_EARG, ND_EIO, ND_EFULL (path untouched), ND_ENOMEM.
 *  Threads: distinct paths. Cost: tens of ms. Checked by tests/render/test_table_picture.c. */
ND_API int nd_tables_report_picture(const char *path, const nd_tables_report *report,
                                    nd_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
