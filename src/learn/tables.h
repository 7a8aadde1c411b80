/* What the files of nd_tables share: which systems a table has, the steps that make them, and the
 * figures of what was made.
 *
 * A product is a file of MODELS, TABLE/sSEED/NAME.safetensors or NAME.json; names are those of
 * make ladder (tools/ladder), so either goes on from what the other made. */
#ifndef ND_LEARN_TABLES_H
#define ND_LEARN_TABLES_H

#include <jansson.h>

#include "base/base.h"
#include "needledrop/tables.h"
#include "needledrop/train.h"

enum { ND__TABLES_MAX_SEEDS = 100 };

/* ---- what a table has (tables_list.c) ------------------------------------------------ */

typedef struct nd__tables_system {
    const char *name, *label;
    const char *model, *config, *setting; /* as nd_train_params */
    const char *extractors;               /* "separate", "unified" */
    const char *against;                  /* what NAME.json has the differences to; NULL: none */
    bool is_alone; /* make ladder's NAME.json has differences to what this table has not:
                          * where it is not there, NAME.plain.json is made */
    bool is_ours;
    double theirs[ND_EVAL_N_CUTS]; /* in percent; zeros: no row of the paper's */
} nd__tables_system;

/** A question: one system over another. */
typedef struct nd__tables_versus {
    const char *question, *label;
    const char *a, *b; /* names of systems */
    const char *file;  /* whose differences answer it */
} nd__tables_versus;

typedef struct nd__tables_set {
    const nd__tables_system *systems;
    const nd__tables_versus *versus;
    int n_systems, n_versus;
} nd__tables_set;

/** @param table  a valid one */
const nd__tables_set *nd__tables_set_of(nd_table table);
/** @return the system of that name, which is in the set (ND_ASSERT) */
const nd__tables_system *nd__tables_find(const nd__tables_set *set, const char *name);

typedef struct nd__tables_part {
    const nd__tables_system *base;
    char name[96];    /* of its product */
    char without[64]; /* in words */
    char loss[32];    /* left out; "": none is */
    bool no_cross;    /* trained without cross-attention */
    bool no_pair;     /* no training: the base, reranked against not */
} nd__tables_part;
enum { ND__TABLES_MAX_PARTS = 2 * (ND_TRAIN_MAX_LOSSES + 1) };

/** Every loss of the two configurations that has a weight, and cross-attention.
 *  @param out  [ND__TABLES_MAX_PARTS]  @return their number; -1: out of memory */
int nd__tables_parts(nd__tables_part *out, const nd__tables_set *set);

/* ---- steps (tables_steps.c) ---------------------------------------------------------- */

typedef enum nd__tables_state {
    ND__STEP_THERE,
    ND__STEP_IDLE,
    ND__STEP_WAITING,
    ND__STEP_RUNNING,
    ND__STEP_DONE,
    ND__STEP_FAILED
} nd__tables_state;

/** One product. */
typedef struct nd__tables_step {
    char path[160]; /* below MODELS */
    char kind[64];  /* "train/cmvae-ae": steps that take as long */
    char name[96];  /* without folder and ending */
    int seed;
    enum { ND__STEP_PRETRAIN, ND__STEP_TRAIN, ND__STEP_EVAL } work;
    const nd__tables_system *system; /* trained, measured */
    const nd__tables_part *part;     /* without which; NULL: whole */
    char model[96], against[96];     /* measured: names; against "": none */
    bool all_tags;                   /* measured with each kind of tag, not without alone */
    int needs[3], n_needs;           /* steps */
    int after;                       /* a step that embeds all clips for this one; -1: none */
    nd__tables_state state;
    double each_s;      /* how long it takes, by what was timed; NaN: not known */
    bool is_by_general; /* by steps of other kinds */
} nd__tables_step;

/** Steps in an order in which each could be done. Zeroed is empty. */
typedef struct nd__tables {
    const char *dir;
    nd_tables_params p; /* with defaults filled in */
    char *models;       /* the folder, owned */
    const nd__tables_set *set;
    nd__tables_part parts[ND__TABLES_MAX_PARTS];
    int n_parts;
    nd__tables_step *steps;
    int n_steps;
    size_t capacity;
    nd_str impossible; /* lines */
} nd__tables;

/** Look at the corpus and at what is there. @param t  zeroed; nd__tables_close, after a failure too
 *  @return as nd_tables_plan_make */
int nd__tables_open(nd__tables *t, const char *dir, const nd_tables_params *params, nd_diag *diag);
void nd__tables_close(nd__tables *t);

/** MODELS/path. @return malloc'ed; NULL: out of memory */
char *nd__tables_path(const nd__tables *t, const char *path);
/** Whether MODELS/path is there. */
bool nd__tables_has(const nd__tables *t, const char *path);

/** The path of a product below MODELS. @return out */
const char *nd__tables_product(char out[160], const nd__tables *t, int seed, const char *name,
                               const char *ending);

/* ---- making one (tables_step.c) ------------------------------------------------------ */

/** Make one product, by the defaults of each work. @param progress  its own
 *  @return 0; as nd_pretrain, nd_train, nd_eval; ND_EIO; ND_ECANCELLED */
int nd__tables_step_make(const nd__tables *t, const nd__tables_step *step, const nd_log *log,
                         const nd_progress *progress, nd_diag *diag);

/** Make the folders that a path lies in. @return 0; ND_EIO, ND_EFULL, ND_ENOMEM */
int nd__tables_make_folders(const char *path, nd_diag *diag);

/* ---- figures (tables_read.c) --------------------------------------------------------- */

/** Mean, deviation and mean interval of a seed's estimates. @param n  1 or more */
nd_tables_figure nd__tables_figure_of(const nd_estimate *estimates, int n);

#endif
