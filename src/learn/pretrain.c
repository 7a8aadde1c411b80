/* Pretraining: an epoch of balanced batches, validation, a checkpoint; until the epochs are over or
 * nothing gets better. What a step learns from is a function of the seed and the step, so a
 * checkpoint holds no random state. */
#include <string.h>
#include <unistd.h>

#include "learn/checkpoint.h"
#include "learn/pretrain.h"

/* ---- checkpoints --------------------------------------------------------------- */

static int save(nd_pretraining *x)
{
    json_t *progress = nd__pretrain_progress(x);
    int rc = progress
                 ? nd_checkpoint_write(x->state_path, nd_network_params(x->network),
                                       nd_network_params(x->best), nd_trainer_steps(x->trainer),
                                       x->settings, progress, x->diag)
                 : nd_diag_set(x->diag, ND_ENOMEM, "writing %s: out of memory", x->state_path);
    json_decref(progress);
    x->saved_s = nd_now_s();
    return rc;
}

/* Go on from the checkpoint, where there is one. */
static int resume(nd_pretraining *x)
{
    json_t *progress = NULL;
    if (x->p.restart || access(x->state_path, F_OK)) return 0;
    int rc = nd_checkpoint_read(&progress, x->state_path, nd_network_params(x->network),
                                nd_network_params(x->best), x->settings, x->diag);
    if (!rc) rc = nd_trainer_load(x->trainer, x->state_path, x->diag);
    if (!rc && nd__pretrain_take_progress(x, progress))
        rc = nd_diag_set(x->diag, ND_EFORMAT,
                         "going on from %s: epochs with their figures expected in its metadata",
                         x->state_path);
    json_decref(progress);
    x->report.is_resumed = !rc;
    return rc;
}

/* ---- one epoch ----------------------------------------------------------------- */

static double rate_at(const nd_pretraining *x, int64_t step)
{
    int64_t total = x->epoch_steps * x->p.n_epochs;
    if (!strcmp(x->p.schedule, "inverse"))
        return nd_schedule_inverse(x->p.rate, step / x->epoch_steps);
    return nd_schedule_cosine(x->p.rate, step, ND_MAX(1, total / 20), total);
}

/* @return 0, or the stop that was asked for */
static int tell(nd_pretraining *x)
{
    char item[96];
    const struct nd_pretrain_sums *s = &x->sums;
    int64_t left = x->epoch_steps * x->p.n_epochs - nd_trainer_steps(x->trainer);
    double n = s->n_clips ? (double)s->n_clips : 1;
    snprintf(item, sizeof item, "epoch %d, loss %.2f, %.0f %% right", x->report.n_epochs + 1,
             s->loss / n, 100 * (double)s->n_right / n);
    int rc = nd_progress_update(x->p.progress, x->report.part, x->n_done,
                                x->n_done + left * x->p.batch, item);
    return rc ? nd_diag_set(x->diag, ND_ECANCELLED,
                            "training %s: stopped on request; the same command goes on from %s",
                            x->report.part, x->state_path)
              : 0;
}

static int step(nd_pretraining *x)
{
    nd_step_report report = {0};
    int64_t at = nd_trainer_steps(x->trainer);
    int rc = nd_clip_batches_get(x->batches, x->clips, x->targets, x->labels, at);
    if (rc) return nd_diag_set(x->diag, rc, "reading clips of %s/cache", x->dir);
    rc = x->labels ? nd_trainer_step_labels(x->trainer, x->clips, x->labels, x->p.batch, x->data.T,
                                            rate_at(x, at), &report, x->diag)
                   : nd_trainer_step(x->trainer, x->clips, x->targets, x->p.batch, x->data.T,
                                     rate_at(x, at), &report, x->diag);
    if (rc) return rc;
    x->sums.loss += report.loss * x->p.batch;
    x->sums.n_right += report.n_right;
    x->sums.n_clips += x->p.batch;
    x->n_done += x->p.batch;
    return 0;
}

static double epoch_elapsed_s(const nd_pretraining *x)
{
    return x->sums.elapsed_s + nd_now_s() - x->epoch_started_s;
}

/* A stop keeps what was done. */
static int save_on_the_way(nd_pretraining *x, int stop)
{
    if (!stop && nd_now_s() - x->saved_s < x->p.checkpoint_s) return 0;
    x->sums.elapsed_s = epoch_elapsed_s(x);
    x->epoch_started_s = nd_now_s();
    int rc = save(x);
    return rc ? rc : stop;
}

static int train_epoch(nd_pretraining *x)
{
    int64_t end = (x->report.n_epochs + 1) * x->epoch_steps;
    int rc = 0;
    double started_s = nd_now_s();
    while (!rc && nd_trainer_steps(x->trainer) < end) {
        rc = step(x);
        if (!rc) rc = save_on_the_way(x, tell(x));
    }
    x->report.clips_per_s += nd_now_s() - started_s; /* seconds, until the end */
    return rc;
}

static void copy_values(nd_network *to, nd_network *from)
{
    nd_params *a = nd_network_params(to), *b = nd_network_params(from);
    for (int i = 0; i < nd_params_count(a); i++) {
        nd_tensor *t = nd_params_tensor(a, 0, i);
        memcpy(t->data, nd_params_tensor(b, 0, i)->data,
               (size_t)nd_tensor_count(t) * sizeof(float));
    }
    nd_params_touch(a);
}

/* By the loss of files: labels are weak (a clip of a track about the sea may show the city), so that
 * even a perfect judge of clips is right on few labels, and accuracy near its ceiling is noise. */
static bool is_better(const nd_pretrain_report *r, const nd_pretrain_epoch *e)
{
    return r->best < 0 || e->val_item_loss < r->epochs[r->best].val_item_loss;
}

/* What the epoch came to. */
static int end_epoch(nd_pretraining *x)
{
    nd_pretrain_epoch e = {.n_steps = nd_trainer_steps(x->trainer)};
    int rc = nd__pretrain_score(x, &e);
    if (rc) return rc;
    e.rate = rate_at(x, e.n_steps - 1);
    e.train_loss = x->sums.loss / (double)x->sums.n_clips;
    e.train_accuracy = (double)x->sums.n_right / (double)x->sums.n_clips;
    e.elapsed_s = epoch_elapsed_s(x);
    bool better = is_better(&x->report, &e);
    if (nd__pretrain_add_epoch(x, &e))
        return nd_diag_set(x->diag, ND_ENOMEM, "training %s: out of memory", x->report.part);
    if (better) {
        x->report.best = x->report.n_epochs - 1;
        copy_values(x->best, x->network);
    }
    x->sums = (struct nd_pretrain_sums){0};
    x->epoch_started_s = nd_now_s();
    rc = save(x);
    return rc ? rc : nd__pretrain_write_history(x);
}

/* ---- all of them --------------------------------------------------------------- */

static bool is_over(nd_pretraining *x)
{
    const nd_pretrain_report *r = &x->report;
    x->report.is_early = r->n_epochs < x->p.n_epochs && r->best >= 0 &&
                         r->n_epochs - 1 - r->best >= x->p.patience;
    return r->is_early || r->n_epochs >= x->p.n_epochs;
}

static void tell_epochs(const nd_pretraining *x)
{
    if (x->p.after_epoch && x->report.n_epochs) x->p.after_epoch(x->p.user, &x->report);
}

static int train(nd_pretraining *x)
{
    int rc = resume(x);
    if (!rc && !x->report.is_resumed) rc = save(x); /* what cannot be written is told at once */
    if (!rc && x->report.is_resumed) {
        rc = nd__pretrain_write_history(x);
        tell_epochs(x);
    }
    x->epoch_started_s = x->saved_s = nd_now_s();
    while (!rc && !is_over(x)) {
        rc = train_epoch(x);
        if (!rc) rc = end_epoch(x);
        if (!rc) tell_epochs(x);
    }
    return rc;
}

static void end_report(nd_pretraining *x)
{
    double train_s = x->report.clips_per_s;
    x->report.clips_per_s = train_s > 0 ? (double)x->n_done / train_s : 0;
    x->report.elapsed_s = nd_now_s() - x->started_s;
}

int nd_pretrain(const char *dir, nd_medium medium, const char *path,
                const nd_pretrain_params *params, nd_pretrain_report *report_out, nd_diag *diag)
{
    nd_pretraining x = {.dir = dir, .path = path, .diag = diag, .started_s = nd_now_s()};
    if (params) x.p = *params;
    int rc = nd__pretrain_setup(&x, medium);
    if (!rc) rc = train(&x);
    if (!rc) rc = nd__pretrain_write_model(&x);
    if (!rc) unlink(x.state_path);
    if (!rc) end_report(&x);
    if (!rc) *report_out = x.report;
    else nd_pretrain_report_deinit(&x.report);
    nd__pretrain_deinit(&x);
    return rc;
}
