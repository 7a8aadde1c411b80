/* Pretraining: steps of balanced batches, and what an epoch of them comes to. */
#include <string.h>

#include "learn/pretrain.h"

/* ---- one epoch ----------------------------------------------------------------- */

static double rate_at(const nd_pretraining *x, int64_t step)
{
    if (strcmp(x->p.schedule, "inverse")) return nd_run_rate(&x->run, step);
    return nd_schedule_inverse(x->p.run.rate, step / x->run.epoch_steps);
}

/* @return 0, or the stop that was asked for */
static int tell(const nd_pretraining *x)
{
    char item[96];
    const struct nd_pretrain_sums *s = &x->sums;
    int64_t left = nd_run_total_steps(&x->run) - x->run.n_steps;
    double n = s->n_clips ? (double)s->n_clips : 1;
    snprintf(item, sizeof item, "epoch %d, loss %.2f, %.0f %% right", x->report.run.n_epochs + 1,
             s->loss / n, 100 * (double)s->n_right / n);
    return nd_run_tell(&x->run, x->report.part, x->n_done, x->n_done + left * x->p.run.batch, item);
}

static int step(nd_pretraining *x)
{
    nd_step_report report = {0};
    int batch = x->p.run.batch;
    double rate = rate_at(x, x->run.n_steps);
    int rc = nd_clip_batches_get(x->batches, x->clips, x->targets, x->labels, x->run.n_steps);
    if (rc) return nd_diag_set(x->run.diag, rc, "reading clips of %s/cache", x->dir);
    rc = x->labels ? nd_trainer_step_labels(x->trainer, x->clips, x->labels, batch, x->data.T, rate,
                                            &report, x->run.diag)
                   : nd_trainer_step(x->trainer, x->clips, x->targets, batch, x->data.T, rate,
                                     &report, x->run.diag);
    if (rc) return rc;
    x->run.n_steps = nd_trainer_steps(x->trainer);
    x->sums.loss += report.loss * batch;
    x->sums.n_right += report.n_right;
    x->sums.n_clips += batch;
    x->n_done += batch;
    return 0;
}

/* A stop keeps what was done. */
static int save_on_the_way(nd_pretraining *x, int stop)
{
    if (!stop && nd_now_s() - x->run.saved_s < x->p.run.checkpoint_s) return 0;
    int rc = nd_run_save(&x->run);
    return rc ? rc : stop;
}

static int train_epoch(void *user)
{
    nd_pretraining *x = user;
    int64_t end = (x->report.run.n_epochs + 1) * x->run.epoch_steps;
    double started_s = nd_now_s();
    int rc = 0;
    while (!rc && x->run.n_steps < end) {
        rc = step(x);
        if (!rc) rc = save_on_the_way(x, tell(x));
    }
    x->train_s += nd_now_s() - started_s;
    return rc;
}

/* By the loss of files: labels are weak (a clip of a track about the sea may show the city), so
 * that even a perfect judge of clips is right on few labels, and accuracy near its ceiling is
 * noise. */
static bool is_better(const nd_pretrain_report *r, const nd_pretrain_epoch *e)
{
    return r->run.best < 0 || e->val_item_loss < r->epochs[r->run.best].val_item_loss;
}

static int end_epoch(void *user, bool *is_better_out)
{
    nd_pretraining *x = user;
    nd_pretrain_epoch e = {.n_steps = x->run.n_steps};
    int rc = nd__pretrain_score(x, &e);
    if (rc) return rc;
    e.rate = rate_at(x, e.n_steps - 1);
    e.train_loss = x->sums.loss / (double)x->sums.n_clips;
    e.train_accuracy = (double)x->sums.n_right / (double)x->sums.n_clips;
    e.elapsed_s = nd_run_epoch_s(&x->run);
    *is_better_out = is_better(&x->report, &e);
    x->sums = (struct nd_pretrain_sums){0};
    return nd_run_add_epoch(&x->run, &x->report.epochs, &e, sizeof e);
}

static void after_epoch(void *user)
{
    nd_pretraining *x = user;
    if (x->p.after_epoch) x->p.after_epoch(x->p.user, &x->report);
}

/* ---- all of them --------------------------------------------------------------- */

static int load(void *user, const char *path)
{
    nd_pretraining *x = user;
    int rc = nd_trainer_load(x->trainer, path, x->run.diag);
    x->run.n_steps = nd_trainer_steps(x->trainer);
    return rc;
}

const nd_run_ops nd__pretrain_ops = {.train_epoch = train_epoch,
                                     .end_epoch = end_epoch,
                                     .after_epoch = after_epoch,
                                     .write_model = nd__pretrain_write_model,
                                     .load = load,
                                     .exact_epoch = nd__pretrain_exact_epoch,
                                     .take_epoch = nd__pretrain_take_epoch,
                                     .exact_sums = nd__pretrain_exact_sums,
                                     .take_sums = nd__pretrain_take_sums,
                                     .epoch_json = nd__pretrain_epoch_json};

int nd_pretrain(const char *dir, nd_medium medium, const char *path,
                const nd_pretrain_params *params, nd_pretrain_report *report_out, nd_diag *diag)
{
    nd_pretraining x = {.dir = dir, .run = {.path = path, .diag = diag, .started_s = nd_now_s()}};
    if (params) x.p = *params;
    int rc = nd__pretrain_setup(&x, medium);
    if (!rc) rc = nd_run_train(&x.run);
    if (x.train_s > 0) x.report.clips_per_s = (double)x.n_done / x.train_s;
    if (!rc) *report_out = x.report;
    else nd_pretrain_report_deinit(&x.report);
    nd__pretrain_deinit(&x);
    return rc;
}
