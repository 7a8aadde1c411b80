/* What every training run has. */
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "learn/checkpoint.h"
#include "learn/learn.h"
#include "learn/run.h"

int nd_run_no_memory(const nd_run *run)
{
    return nd_diag_set(run->diag, ND_ENOMEM, "%s: out of memory", run->what);
}

/* ---- parameters ---------------------------------------------------------------- */

static void fill_defaults(nd_run_params *p, const nd_run_params *defaults)
{
    if (!p->n_epochs) p->n_epochs = defaults->n_epochs;
    if (!p->batch) p->batch = defaults->batch;
    if (!p->patience) p->patience = defaults->patience;
    if (p->rate == 0) p->rate = defaults->rate;
    if (p->checkpoint_s == 0) p->checkpoint_s = defaults->checkpoint_s;
}

static int check_params(const nd_run *run, int least_batch)
{
    const nd_run_params *p = run->p;
    if (p->n_epochs < 1 || p->n_epochs > 100000 || p->batch < least_batch || p->batch > 65536 ||
        p->patience < 1 || p->n_threads < 0)
        return nd_diag_set(run->diag, ND_EARG,
                           "%s: 1 .. 100000 epochs, %d .. 65536 a step, a patience of 1 or more "
                           "and threads of 0 or more expected, found %d, %d, %d, %d",
                           run->what, least_batch, p->n_epochs, p->batch, p->patience,
                           p->n_threads);
    if (!(p->rate > 0 && p->rate <= 1) || !(p->checkpoint_s >= 0))
        return nd_diag_set(run->diag, ND_EARG,
                           "%s: a rate above 0 and at most 1 and seconds of 0 or more expected, "
                           "found %g and %g",
                           run->what, p->rate, p->checkpoint_s);
    return 0;
}

int nd_run_begin(nd_run *run, const nd_run_params *defaults, int least_batch)
{
    nd_str state = {0};
    fill_defaults(run->p, defaults);
    int rc = check_params(run, least_batch);
    if (rc) return rc;
    run->report->best = -1;
    nd_str_append(&state, "%s.state", run->path);
    run->state_path = nd_str_take(&state);
    return run->state_path ? 0 : nd_run_no_memory(run);
}

void nd_run_deinit(nd_run *run)
{
    json_decref(run->settings);
    free(run->state_path);
    *run = (nd_run){0};
}

/* ---- progress of a checkpoint: every bit of every number ------------------------- */

static json_t *exact_progress(const nd_run *run)
{
    json_t *list = json_array();
    int bad = !list;
    for (int i = 0; i < run->report->n_epochs && !bad; i++)
        bad = json_array_append_new(list, run->ops->exact_epoch(run->x, i));
    if (bad) {
        json_decref(list);
        return NULL;
    }
    json_t *o = json_pack("{s:o, s:i}", "epochs", list, "best", run->report->best);
    if (!run->ops->exact_sums || !json_object_update_new(o, run->ops->exact_sums(run->x))) return o;
    json_decref(o);
    return NULL;
}

static int take_progress(nd_run *run, const json_t *progress)
{
    const json_t *list = json_object_get(progress, "epochs");
    const json_t *best = json_object_get(progress, "best");
    int64_t n = (int64_t)json_array_size(list), at = json_integer_value(best);
    if (!json_is_array(list) || !json_is_integer(best) || at < -1 || at >= n ||
        run->n_steps < n * run->epoch_steps)
        return ND_EFORMAT;
    int rc = 0;
    for (int64_t i = 0; i < n && !rc; i++)
        rc = run->ops->take_epoch(run->x, json_array_get(list, (size_t)i));
    if (rc) return rc;
    run->report->best = (int)at;
    if (run->ops->take_sums) return run->ops->take_sums(run->x, progress);
    return run->n_steps == n * run->epoch_steps ? 0 : ND_EFORMAT;
}

int nd_run_add_epoch(nd_run *run, void *epochs, const void *epoch, size_t bytes)
{
    char *list;
    size_t n = (size_t)run->report->n_epochs;
    if (nd_grow(epochs, &run->capacity, n, 1, bytes)) return nd_run_no_memory(run);
    memcpy(&list, epochs, sizeof list);
    memcpy(list + n * bytes, epoch, bytes);
    run->report->n_epochs++;
    return 0;
}

/* ---- checkpoints --------------------------------------------------------------- */

double nd_run_epoch_s(const nd_run *run)
{
    return run->epoch_s + nd_now_s() - run->epoch_started_s;
}

int nd_run_save(nd_run *run)
{
    run->epoch_s = nd_run_epoch_s(run);
    run->epoch_started_s = nd_now_s();
    json_t *progress = exact_progress(run);
    const nd_checkpoint all = {run->values, run->best, run->mean};
    int rc = progress ? nd_checkpoint_write(run->state_path, &all, run->n_steps, run->settings,
                                            progress, run->diag)
                      : nd_run_no_memory(run);
    json_decref(progress);
    run->saved_s = nd_now_s();
    return rc;
}

/* Go on from the checkpoint, where there is one. */
static int resume(nd_run *run)
{
    json_t *progress = NULL;
    if (run->p->restart || access(run->state_path, F_OK)) return 0;
    const nd_checkpoint all = {run->values, run->best, run->mean};
    int rc = nd_checkpoint_read(&progress, run->state_path, &all, run->settings, run->diag);
    if (!rc) rc = run->ops->load(run->x, run->state_path);
    if (!rc && take_progress(run, progress))
        rc = nd_diag_set(run->diag, ND_EFORMAT,
                         "going on from %s: epochs with their figures expected in its metadata",
                         run->state_path);
    json_decref(progress);
    run->report->is_resumed = !rc;
    return rc;
}

/* ---- history ------------------------------------------------------------------- */

static int write_history(const nd_run *run)
{
    const char *path = run->p->history;
    nd_str text = {0};
    if (!path) return 0;
    nd_str_append(&text, "%s", "");
    for (int i = 0; i < run->report->n_epochs; i++) {
        json_t *o = run->ops->epoch_json(run->x, i);
        char *line = o ? json_dumps(o, ND_JSON_FLAGS) : NULL;
        if (line) nd_str_append(&text, "%s\n", line);
        else text.failed = true;
        json_decref(o);
        free(line);
    }
    int rc = text.failed ? nd_diag_set(run->diag, ND_ENOMEM, "writing %s: out of memory", path)
                         : nd_file_write(path, text.text, text.n, run->diag);
    nd_str_deinit(&text);
    return rc;
}

/* ---- steps --------------------------------------------------------------------- */

int64_t nd_run_total_steps(const nd_run *run)
{
    return run->epoch_steps * run->p->n_epochs;
}

double nd_run_rate(const nd_run *run, int64_t step)
{
    int64_t total = nd_run_total_steps(run);
    return nd_schedule_cosine(run->p->rate, step, ND_MAX(1, total / 20), total);
}

int nd_run_tell(const nd_run *run, const char *what, int64_t done, int64_t total, const char *item)
{
    if (!nd_progress_update(run->p->progress, what, done, total, item)) return 0;
    return nd_diag_set(run->diag, ND_ECANCELLED,
                       "%s: stopped on request; the same command goes on from %s", run->what,
                       run->state_path);
}

/* ---- epochs -------------------------------------------------------------------- */

static void copy_values(nd_params *to, nd_params *from)
{
    for (int i = 0; i < nd_params_count(to); i++) {
        nd_tensor *t = nd_params_tensor(to, 0, i);
        memcpy(t->data, nd_params_tensor(from, 0, i)->data,
               (size_t)nd_tensor_count(t) * sizeof(float));
    }
    nd_params_touch(to);
}

static bool is_over(nd_run *run)
{
    nd_run_report *r = run->report;
    bool is_last = r->n_epochs >= run->p->n_epochs;
    r->is_early = !is_last && r->best >= 0 && r->n_epochs - 1 - r->best >= run->p->patience;
    return is_last || r->is_early;
}

static int end_epoch(nd_run *run)
{
    bool is_better = false;
    int rc = run->ops->end_epoch(run->x, &is_better);
    if (rc) return rc;
    if (is_better) {
        run->report->best = run->report->n_epochs - 1;
        copy_values(run->best, run->mean ? run->mean : run->values);
    }
    run->epoch_s = 0;
    run->epoch_started_s = nd_now_s();
    bool is_last = is_over(run);
    if (is_last || nd_now_s() - run->saved_s >= run->epoch_checkpoint_s) rc = nd_run_save(run);
    if (!rc) rc = write_history(run);
    if (!rc) run->ops->after_epoch(run->x);
    return rc;
}

/* From a checkpoint, or with one: what cannot be written is told at once. */
static int start(nd_run *run)
{
    run->epoch_started_s = nd_now_s();
    int rc = resume(run);
    if (!rc && !run->report->is_resumed) rc = nd_run_save(run);
    if (!rc && run->report->is_resumed) rc = write_history(run);
    if (!rc && run->report->n_epochs) run->ops->after_epoch(run->x);
    run->epoch_started_s = run->saved_s = nd_now_s();
    return rc;
}

int nd_run_train(nd_run *run)
{
    int rc = start(run);
    while (!rc && !is_over(run)) {
        rc = run->ops->train_epoch(run->x);
        if (!rc) rc = end_epoch(run);
    }
    if (!rc) rc = run->ops->write_model(run->x);
    if (!rc) rc = nd_file_remove(run->state_path, run->diag);
    if (!rc) rc = nd_file_tidy(run->path, run->diag);
    run->report->elapsed_s = nd_now_s() - run->started_s;
    return rc;
}
