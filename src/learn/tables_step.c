/* One product of a table: trainings as they are by default, as make ladder (tools/ladder) has
 * them. */
#include <string.h>

#include "learn/tables.h"
#include "needledrop/pretrain.h"

/* What one step has at hand. */
typedef struct {
    const nd__tables *t;
    const nd__tables_step *s;
    nd_run_params run;
    const nd_log *log;
    const nd_progress *progress;
    nd_diag *diag;
    char *part; /* where it is written */
} work;

/* MODELS/TABLE/sSEED/NAME.safetensors of the step's seed. @return malloc'ed; NULL: out of memory */
static char *model_path(const work *w, const char *name)
{
    char path[160];
    return nd__tables_path(w->t, nd__tables_product(path, w->t, w->s->seed, name, "safetensors"));
}

static int no_memory(const work *w)
{
    return nd_diag_set(w->diag, ND_ENOMEM, "making %s: out of memory", w->s->path);
}

/* ---- extractors ---------------------------------------------------------------------- */

/* One target set that both media share, or of video the scene and of music groups that are not
 * scenes, sharing nothing. A video of himv has two tags, a mood and a scene. */
static int pretrain(const work *w)
{
    const char *name = w->s->name;
    bool is_video = !strcmp(w->s->kind, "pretrain/video");
    bool is_unified = !strcmp(name, is_video ? "video" : "unified");
    char *targets = nd_path_join(w->t->dir, is_video ? "targets_scene.txt" : "targets_family.txt");
    char *below = is_video ? NULL : model_path(w, is_unified ? "video" : "scene");
    nd_pretrain_params p = {.run = w->run,
                            .targets = is_unified ? NULL : targets,
                            .share = is_unified ? below : NULL,
                            .with = below,
                            .multi_label = is_unified && w->t->p.table == ND_TABLE_HIMV,
                            .jitter = is_video && !is_unified};
    nd_pretrain_report report = {0};
    int rc = targets && (is_video || below) ? 0 : no_memory(w);
    if (!rc)
        rc = nd_pretrain(w->t->dir, is_video ? ND_VIDEO : ND_MUSIC, w->part, &p, &report, w->diag);
    nd_pretrain_report_deinit(&report);
    free(targets);
    free(below);
    return rc;
}

/* ---- matching models ----------------------------------------------------------------- */

static int train(const work *w)
{
    const nd__tables_system *system = w->s->system;
    const nd__tables_part *part = w->s->part;
    char *extractors = model_path(w, system->extractors);
    nd_train_weight left_out = {part ? part->loss : "", 0};
    nd_train_params p = {.run = w->run,
                         .extractors = extractors,
                         .model = system->model,
                         .config = system->config,
                         .setting = system->setting,
                         .weights = &left_out,
                         .n_weights = *left_out.loss != '\0',
                         .changes = part && part->no_cross ? "{\"add_cross\": 0}" : NULL};
    nd_train_report report = {0};
    int rc = extractors ? nd_train(w->t->dir, w->part, &p, &report, w->diag) : no_memory(w);
    nd_train_report_deinit(&report);
    free(extractors);
    return rc;
}

/* ---- measurements -------------------------------------------------------------------- */

static int write_report(const work *w, const nd_eval_report *report)
{
    char *json = NULL;
    if (nd_eval_report_json(&json, report)) return no_memory(w);
    nd_str text = {0};
    nd_str_append(&text, "%s\n", json);
    free(json);
    int rc = text.failed ? no_memory(w) : nd_file_write(w->part, text.text, text.n, w->diag);
    nd_str_deinit(&text);
    return rc;
}

static int measure(const work *w)
{
    const nd__tables_step *s = w->s;
    char *model = model_path(w, s->model),
         *against = *s->against ? model_path(w, s->against) : NULL;
    nd_eval_params p = {.model = model,
                        .against = against,
                        .against_rerank = s->part && s->part->no_pair ? -1 : 0,
                        .tags = s->all_tags ? 0 : 1u << ND_EVAL_NONE,
                        .n_threads = 1,
                        .log = w->log,
                        .progress = w->progress};
    nd_eval_report report = {0};
    int rc = model && (against || !*s->against) ? 0 : no_memory(w);
    if (!rc) rc = nd_eval(w->t->dir, &p, &report, w->diag);
    if (!rc) rc = write_report(w, &report);
    nd_eval_report_deinit(&report);
    free(model);
    free(against);
    return rc;
}

/* ---- all of them --------------------------------------------------------------------- */

int nd__tables_make_folders(const char *path, nd_diag *diag)
{
    char *at = strdup(path);
    int rc = at ? 0 : nd_diag_set(diag, ND_ENOMEM, "making folders: out of memory");
    for (char *slash = at; !rc && (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        rc = nd_folder_make(at, diag);
        *slash = '/';
    }
    free(at);
    return rc;
}

static int make_part(const work *w)
{
    static int (*const works[])(const work *w) = {pretrain, train, measure};
    return works[w->s->work](w);
}

int nd__tables_step_make(const nd__tables *t, const nd__tables_step *step, const nd_log *log,
                         const nd_progress *progress, nd_diag *diag)
{
    work w = {t, step, {.seed = (uint64_t)step->seed, .n_threads = 1}, log, progress, diag, NULL};
    nd_str part = {0};
    char *path = nd__tables_path(t, step->path);
    w.run.n_epochs = t->p.n_epochs; /* 0: the default */
    w.run.log = log;
    w.run.progress = progress;
    if (path) nd_str_append(&part, "%s.part", path);
    w.part = part.text;
    int rc = w.part ? make_part(&w) : no_memory(&w);
    if (!rc && rename(w.part, path)) rc = nd_diag_errno(diag, "renaming", w.part);
    if (!rc) rc = nd_file_tidy(w.part, diag);
    nd_str_deinit(&part);
    free(path);
    return rc;
}
