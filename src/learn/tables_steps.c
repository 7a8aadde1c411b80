/* The steps of a table: every product, what it needs, whether it is there, and how long it takes.
 *
 * What is wanted are measurements; a training is wanted where one that is missing needs it. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "learn/corpus.h"
#include "learn/tables.h"

enum { SEEDS = 3, MAX_LOG_BYTES = 16 << 20 };

static int no_memory(nd_diag *diag)
{
    return nd_diag_set(diag, ND_ENOMEM, "planning the table: out of memory");
}

/* ---- paths --------------------------------------------------------------------------- */

char *nd__tables_path(const nd__tables *t, const char *path)
{
    return nd_path_join(t->models, path);
}

const char *nd__tables_product(char out[160], const nd__tables *t, int seed, const char *name,
                               const char *ending)
{
    snprintf(out, 160, "%s/s%d/%s.%s", nd_table_name(t->p.table), seed, name, ending);
    return out;
}

static bool is_file(const char *dir, const char *name)
{
    char *path = nd_path_join(dir, name);
    bool is_there = path && !access(path, F_OK);
    free(path);
    return is_there;
}

bool nd__tables_has(const nd__tables *t, const char *path)
{
    return is_file(t->models, path);
}

static bool has_product(const nd__tables *t, int seed, const char *name, const char *ending)
{
    char path[160];
    return nd__tables_has(t, nd__tables_product(path, t, seed, name, ending));
}

/* ---- the list ------------------------------------------------------------------------ */

/* Where steps are added: of one seed. */
typedef struct {
    nd__tables *t;
    int seed, rc;
    /* The step that embeds with an extractor first, of training and of test; -1: none yet. */
    int first_train[2], first_eval[2];
} list;

static bool is_unified(const nd__tables_system *s)
{
    return !strcmp(s->extractors, "unified");
}

/* A step of what is zeroed in it; NULL: out of memory. Good until the next. */
static nd__tables_step *add_step(list *l, const char *name, const char *ending)
{
    nd__tables *t = l->t;
    if (l->rc ||
        (l->rc = nd_grow(&t->steps, &t->capacity, (size_t)t->n_steps, 1, sizeof *t->steps)))
        return NULL;
    nd__tables_step *s = &t->steps[t->n_steps++];
    *s = (nd__tables_step){.seed = l->seed, .after = -1, .state = ND__STEP_IDLE, .each_s = NAN};
    snprintf(s->name, sizeof s->name, "%s", name);
    nd__tables_product(s->path, t, l->seed, name, ending);
    if (has_product(t, l->seed, name, ending)) s->state = ND__STEP_THERE;
    return s;
}

static void need(nd__tables_step *s, int step)
{
    s->needs[s->n_needs++] = step;
}

/* The step of this seed that makes a product; -1: none. */
static int find_step(const list *l, const char *name, const char *ending)
{
    char path[160];
    nd__tables_product(path, l->t, l->seed, name, ending);
    for (int i = 0; i < l->t->n_steps; i++)
        if (!strcmp(l->t->steps[i].path, path)) return i;
    return -1;
}

/* Two networks of a kind: of video, then of music with it. */
static void add_extractors(list *l, const char *video, const char *music)
{
    nd__tables_step *s = add_step(l, video, "safetensors");
    int below = l->t->n_steps - 1;
    if (s) snprintf(s->kind, sizeof s->kind, "pretrain/video");
    s = add_step(l, music, "safetensors");
    if (!s) return;
    snprintf(s->kind, sizeof s->kind, "pretrain/music");
    need(s, below);
}

/* The first that reads clips through an extractor embeds all of them; the others come after. */
static void go_after(list *l, nd__tables_step *s, int first[2])
{
    int *of = &first[is_unified(s->system)], own = (int)(s - l->t->steps);
    if (s->state == ND__STEP_THERE) return;
    s->after = *of;
    if (*of < 0) *of = own;
}

static void add_training(list *l, const char *name, const nd__tables_system *system,
                         const nd__tables_part *part)
{
    nd__tables_step *s = add_step(l, name, "safetensors");
    if (!s) return;
    s->work = ND__STEP_TRAIN;
    s->system = system;
    s->part = part;
    snprintf(s->kind, sizeof s->kind, "train/%s", system->name);
    need(s, find_step(l, system->extractors, "safetensors"));
    go_after(l, s, l->first_train);
}

/* @param against  name of a model; NULL: none */
static nd__tables_step *add_evaluation(list *l, const char *name, const nd__tables_system *system,
                                       const char *model, const char *against)
{
    nd__tables_step *s = add_step(l, name, "json");
    if (!s) return NULL;
    s->work = ND__STEP_EVAL;
    s->system = system;
    snprintf(s->model, sizeof s->model, "%s", model);
    snprintf(s->against, sizeof s->against, "%s", against ? against : "");
    snprintf(s->kind, sizeof s->kind, against ? "eval/against" : "eval/plain");
    need(s, find_step(l, model, "safetensors"));
    if (against && strcmp(against, model)) need(s, find_step(l, against, "safetensors"));
    go_after(l, s, l->first_eval);
    return s;
}

/* NAME.json of make ladder where it is there, else what stands in for it. */
static void add_own_evaluation(list *l, const nd__tables_system *system)
{
    char name[96];
    bool stands_in = system->is_alone && !has_product(l->t, l->seed, system->name, "json");
    snprintf(name, sizeof name, "%s%s", system->name, stands_in ? ".plain" : "");
    nd__tables_step *s = add_evaluation(l, name, system, system->name, system->against);
    if (s) s->all_tags = true;
}

static void add_questions(list *l)
{
    const nd__tables_set *set = l->t->set;
    for (int i = 0; i < set->n_versus; i++) {
        const nd__tables_versus *v = &set->versus[i];
        if (strcmp(v->file, v->a))
            add_evaluation(l, v->file, nd__tables_find(set, v->a), v->a, v->b);
    }
}

static void add_parts(list *l)
{
    for (int i = 0; i < l->t->n_parts; i++) {
        const nd__tables_part *part = &l->t->parts[i];
        const char *base = part->base->name;
        if (!part->no_pair) add_training(l, part->name, part->base, part);
        nd__tables_step *s = add_evaluation(l, part->name, part->base,
                                            part->no_pair ? base : part->name, base);
        if (s) s->part = part;
    }
}

static void add_systems(list *l)
{
    const nd__tables_set *set = l->t->set;
    add_extractors(l, "video", "unified");
    add_extractors(l, "scene", "separate");
    for (int i = 0; i < set->n_systems; i++)
        add_training(l, set->systems[i].name, &set->systems[i], NULL);
    for (int i = 0; i < set->n_systems; i++) add_own_evaluation(l, &set->systems[i]);
    add_questions(l);
}

/* The systems of every seed, then ablations: who has no time for all has the table. */
static int add_steps(nd__tables *t)
{
    list lists[ND__TABLES_MAX_SEEDS];
    int rc = 0;
    for (int i = 0; i < t->p.n_seeds && !rc; i++) {
        lists[i] = (list){t, i + 1, 0, {-1, -1}, {-1, -1}};
        add_systems(&lists[i]);
        rc = lists[i].rc;
    }
    for (int i = 0; i < t->p.n_ablation_seeds && !rc; i++) {
        add_parts(&lists[i]);
        rc = lists[i].rc;
    }
    return rc;
}

/* ---- what is wanted ------------------------------------------------------------------ */

static void want(nd__tables *t)
{
    for (int i = t->n_steps - 1; i >= 0; i--) {
        nd__tables_step *s = &t->steps[i];
        if (s->state == ND__STEP_IDLE && s->work == ND__STEP_EVAL) s->state = ND__STEP_WAITING;
        for (int k = 0; k < s->n_needs && s->state == ND__STEP_WAITING; k++) {
            nd__tables_step *needed = &t->steps[s->needs[k]];
            if (needed->state == ND__STEP_IDLE) needed->state = ND__STEP_WAITING;
        }
    }
}

/* Separate extractors need targets of their own, which made corpora have. */
static void rule_out(nd__tables *t)
{
    bool has_targets = is_file(t->dir, "targets_scene.txt") &&
                       is_file(t->dir, "targets_family.txt");
    bool is_ruled_out = false;
    for (int i = 0; i < t->n_steps; i++) {
        nd__tables_step *s = &t->steps[i];
        if (s->state != ND__STEP_WAITING) continue;
        if (!has_targets && (!strcmp(s->name, "scene") || !strcmp(s->name, "separate")))
            s->state = ND__STEP_FAILED;
        for (int k = 0; k < s->n_needs; k++)
            if (t->steps[s->needs[k]].state == ND__STEP_FAILED) s->state = ND__STEP_FAILED;
        is_ruled_out |= s->state == ND__STEP_FAILED;
    }
    if (is_ruled_out)
        nd_str_append(&t->impossible,
                      "AE needs extractors of separate target sets: targets_scene.txt and "
                      "targets_family.txt expected in %s\n",
                      t->dir);
}

/* ---- how long it takes --------------------------------------------------------------- */

/* "train/.." of "train/x". */
static size_t general_length(const char *kind)
{
    return strcspn(kind, "/") + 1;
}

/* Mean seconds of what the log has of a kind, or of all that begins as it. */
static double mean_of(const char *log, const char *kind, size_t n_compared, bool is_whole)
{
    double sum_s = 0;
    int n = 0;
    for (const char *line = log; line && *line; line = strchr(line, '\n')) {
        char name[64];
        double seconds;
        line += *line == '\n';
        if (sscanf(line, "%63s %lf ", name, &seconds) != 2 || !isfinite(seconds)) continue;
        if (strncmp(name, kind, n_compared) || (is_whole && name[n_compared])) continue;
        sum_s += seconds;
        n++;
    }
    return n ? sum_s / n : NAN;
}

static void time_step(nd__tables_step *s, const char *log)
{
    s->each_s = mean_of(log, s->kind, strlen(s->kind), true);
    if (!isnan(s->each_s)) return;
    s->each_s = mean_of(log, s->kind, general_length(s->kind), false);
    s->is_by_general = !isnan(s->each_s);
}

/* MODELS/steps.log as text, "" where there is none. */
static int read_log(nd_bytes *out, const nd__tables *t, nd_diag *diag)
{
    char *path = nd__tables_path(t, "steps.log");
    int rc = path ? 0 : no_memory(diag);
    if (!rc && !access(path, F_OK)) rc = nd_file_read(out, path, MAX_LOG_BYTES, diag);
    if (!rc && nd_bytes_append(out, "", 1)) rc = no_memory(diag);
    free(path);
    return rc;
}

static int time_steps(nd__tables *t, nd_diag *diag)
{
    nd_bytes log = {0};
    int rc = read_log(&log, t, diag);
    for (int i = 0; i < t->n_steps && !rc; i++) {
        nd__tables_step *s = &t->steps[i];
        if (s->state == ND__STEP_WAITING) time_step(s, (const char *)log.data);
    }
    nd_bytes_deinit(&log);
    return rc;
}

/* ---- opening ------------------------------------------------------------------------- */

static int fill_params(nd__tables *t, nd_diag *diag)
{
    nd_tables_params *p = &t->p;
    if (!t->dir || (int)p->table < 0 || p->table >= ND_N_TABLES)
        return nd_diag_set(diag, ND_EARG, "table: a corpus, and collected or himv expected");
    p->n_seeds = p->n_seeds ? p->n_seeds : SEEDS;
    p->n_ablation_seeds = p->n_ablation_seeds ? ND_MAX(p->n_ablation_seeds, 0) : 1;
    p->n_jobs = p->n_jobs ? p->n_jobs : nd_core_count();
    if (p->n_seeds < 1 || p->n_seeds > ND__TABLES_MAX_SEEDS || p->n_ablation_seeds > p->n_seeds)
        return nd_diag_set(diag, ND_EARG,
                           "table: 1 .. %d seeds, and of ablations no more, expected, found %d and "
                           "%d",
                           ND__TABLES_MAX_SEEDS, p->n_seeds, p->n_ablation_seeds);
    if (p->n_epochs >= 0 && p->n_jobs > 0) return 0;
    return nd_diag_set(diag, ND_EARG, "table: 0 epochs or more, 1 job or more expected");
}

static int check_corpus(const nd__tables *t, nd_diag *diag)
{
    nd_corpus *corpus = NULL;
    int rc = nd_corpus_open(&corpus, t->dir, diag);
    nd_corpus_close(&corpus);
    return rc;
}

int nd__tables_open(nd__tables *t, const char *dir, const nd_tables_params *params, nd_diag *diag)
{
    t->dir = dir;
    if (params) t->p = *params;
    int rc = fill_params(t, diag);
    if (!rc) rc = check_corpus(t, diag);
    if (rc) return rc;
    t->set = nd__tables_set_of(t->p.table);
    t->models = t->p.models ? strdup(t->p.models) : nd_path_join(dir, "tables");
    t->n_parts = t->models ? nd__tables_parts(t->parts, t->set) : -1;
    if (t->n_parts < 0) return no_memory(diag);
    if (add_steps(t)) return no_memory(diag);
    want(t);
    rule_out(t);
    return time_steps(t, diag);
}

void nd__tables_close(nd__tables *t)
{
    free(t->models);
    free(t->steps);
    nd_str_deinit(&t->impossible);
    *t = (nd__tables){0};
}

/* ---- the plan ------------------------------------------------------------------------ */

static nd_tables_kind *kind_of(nd_tables_plan *plan, const char *name)
{
    for (int i = 0; i < plan->n_kinds; i++)
        if (!strcmp(plan->kinds[i].name, name)) return &plan->kinds[i];
    nd_tables_kind *kind = &plan->kinds[plan->n_kinds++];
    snprintf(kind->name, sizeof kind->name, "%s", name);
    kind->each_s = NAN;
    return kind;
}

static void count_step(nd_tables_plan *plan, const nd__tables_step *s)
{
    if (s->state != ND__STEP_THERE && s->state != ND__STEP_WAITING) return;
    nd_tables_kind *kind = kind_of(plan, s->kind);
    if (s->state == ND__STEP_THERE) {
        kind->n_there++;
        plan->n_there++;
        return;
    }
    kind->n_missing++;
    plan->n_missing++;
    kind->each_s = s->each_s;
    kind->is_by_general = s->is_by_general;
    if (isnan(s->each_s)) plan->n_not_timed++;
    else plan->left_s += s->each_s / plan->n_jobs;
}

static int fill_plan(nd_tables_plan *plan, nd__tables *t, nd_diag *diag)
{
    plan->kinds = nd_calloc((size_t)t->n_steps, sizeof *plan->kinds);
    if (!plan->kinds || t->impossible.failed) return no_memory(diag);
    for (int i = 0; i < t->n_steps; i++) count_step(plan, &t->steps[i]);
    if (t->impossible.n) plan->impossible = nd_str_take(&t->impossible);
    plan->models = t->models;
    t->models = NULL;
    return 0;
}

int nd_tables_plan_make(nd_tables_plan *plan_out, const char *dir, const nd_tables_params *params,
                        nd_diag *diag)
{
    nd__tables t = {0};
    nd_tables_plan plan = {0};
    int rc = nd__tables_open(&t, dir, params, diag);
    plan.n_jobs = t.p.n_jobs;
    if (!rc) rc = fill_plan(&plan, &t, diag);
    if (!rc) *plan_out = plan;
    else nd_tables_plan_deinit(&plan);
    nd__tables_close(&t);
    return rc;
}

void nd_tables_plan_deinit(nd_tables_plan *plan)
{
    free(plan->models);
    free(plan->kinds);
    free(plan->impossible);
    *plan = (nd_tables_plan){0};
}
