/* Training a matching model: an epoch of batches, a search of the validation split, a checkpoint;
 * until the epochs are over or nothing gets better. What a step learns from is a function of the
 * seed and the step, so a checkpoint holds no random state.
 *
 * A step runs on one thread: every pair of a batch is a negative of every other, so no member of a
 * team could work out its share of the loss alone, and a batch takes milliseconds. */
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compute/gemm.h"
#include "compute/losses.h"
#include "learn/checkpoint.h"
#include "learn/train.h"

/* ---- checkpoints --------------------------------------------------------------- */

static int save(nd_training *x)
{
    json_t *progress = nd__train_progress(x);
    int rc = progress ? nd_checkpoint_write(x->state_path, nd_matcher_params(x->matcher),
                                            nd_matcher_params(x->best), x->n_steps, x->settings,
                                            progress, x->diag)
                      : nd_diag_set(x->diag, ND_ENOMEM, "writing %s: out of memory", x->state_path);
    json_decref(progress);
    x->saved_s = nd_now_s();
    return rc;
}

/* Go on from the checkpoint, where there is one. */
static int resume(nd_training *x)
{
    json_t *progress = NULL;
    if (x->p.restart || access(x->state_path, F_OK)) return 0;
    nd_params *params = nd_matcher_params(x->matcher);
    int rc = nd_checkpoint_read(&progress, x->state_path, params, nd_matcher_params(x->best),
                                x->settings, x->diag);
    if (!rc) rc = nd_params_read_state(params, x->state_path, &x->n_steps, x->diag);
    if (!rc && nd__train_take_progress(x, progress))
        rc = nd_diag_set(x->diag, ND_EFORMAT,
                         "going on from %s: epochs with their figures expected in its metadata",
                         x->state_path);
    json_decref(progress);
    x->report.is_resumed = !rc;
    return rc;
}

/* ---- one epoch ----------------------------------------------------------------- */

static int64_t total_steps(const nd_training *x)
{
    return x->epoch_steps * x->p.n_epochs;
}

static double rate_at(const nd_training *x, int64_t step)
{
    return nd_schedule_cosine(x->p.rate, step, ND_MAX(1, total_steps(x) / 20), total_steps(x));
}

/* @return 0, or the stop that was asked for */
static int tell(const nd_training *x)
{
    nd_str item = {0};
    double n = ND_MAX(x->sums.n, 1);
    int64_t in_epoch = x->n_steps - x->report.n_epochs * x->epoch_steps;
    nd_str_append(&item, "epoch %d of %d, step %lld of %lld, loss %.3f", x->report.n_epochs + 1,
                  x->p.n_epochs, (long long)in_epoch, (long long)x->epoch_steps, x->sums.loss / n);
    for (int i = 0; i < x->report.n_losses; i++)
        if (x->weights[i] > 0)
            nd_str_append(&item, ", %s %.3f", x->report.loss_names[i], x->sums.losses[i] / n);
    int rc = nd_progress_update(x->p.progress, "training", x->n_steps, total_steps(x), item.text);
    nd_str_deinit(&item);
    return rc ? nd_diag_set(x->diag, ND_ECANCELLED,
                            "training: stopped on request; the same command goes on from %s",
                            x->state_path)
              : 0;
}

static nd_pass pass_of(const nd_training *x)
{
    uint64_t key = x->p.seed * 0x9E3779B97F4A7C15u + (uint64_t)x->n_steps;
    return (nd_pass){.record = true, .train = true, .drop_key = key};
}

/* Forward and backward. @return 0; ND_ENOMEM */
static int learn(nd_training *x, nd_tensor **losses, nd_tensor **loss_out)
{
    nd_params *params = nd_matcher_params(x->matcher);
    nd_pass pass = pass_of(x);
    nd_pairs pairs;
    nd_pair_batches_get(x->batches, &pairs, x->n_steps);
    pairs.progress = (double)x->n_steps / (double)total_steps(x);
    nd_tape_begin(x->tape, &pass);
    nd_params_begin(params, 0);
    nd_matcher_ops_of(x->matcher)
        ->learn(nd_matcher_state(x->matcher), x->tape, params, 0, &pairs, x->weights, losses);
    *loss_out = nd_loss_sum(x->tape, x->weights, losses, x->report.n_losses);
    return nd_tape_backward(x->tape, *loss_out, 1);
}

static void add_to_sums(nd_training *x, nd_tensor *const *losses, const nd_tensor *loss)
{
    x->sums.n++;
    x->sums.loss += (double)loss->data[0];
    for (int i = 0; i < x->report.n_losses; i++)
        if (x->weights[i] > 0) x->sums.losses[i] += (double)losses[i]->data[0];
}

/* Processor time of this thread: others may use the machine. */
static double processor_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int step(nd_training *x)
{
    nd_tensor *losses[ND_MAX_LOSSES] = {NULL}, *loss = NULL;
    double started_s = nd_now_s(), worked_s = processor_s();
    int64_t count = nd_gemm_count();
    nd_adam adam = {.rate = (float)rate_at(x, x->n_steps), .max_norm = 3};
    if (strncmp(x->p.config, "paper", 5)) adam.weight_decay = 0.01F;
    int rc = learn(x, losses, &loss);
    if (rc) return nd_diag_set(x->diag, rc, "training: %s", nd_error_text(rc));
    add_to_sums(x, losses, loss);
    double norm = nd_adam_step(nd_matcher_params(x->matcher), &adam, x->n_steps + 1, NULL, 0);
    if (!isfinite(norm))
        return nd_diag_set(x->diag, ND_EFORMAT,
                           "training: a finite gradient expected at step %lld, its length is %g",
                           (long long)x->n_steps + 1, norm);
    x->n_steps++;
    x->n_run++;
    x->n_multiplications += nd_gemm_count() - count;
    x->step_s += nd_now_s() - started_s;
    x->work_s += processor_s() - worked_s;
    return 0;
}

static int train_epoch(nd_training *x)
{
    int64_t end = (x->report.n_epochs + 1) * x->epoch_steps;
    int rc = 0;
    x->sums = (struct nd_train_sums){0};
    while (!rc && x->n_steps < end) {
        rc = step(x);
        if (!rc) rc = tell(x);
    }
    return rc;
}

static void copy_values(nd_matcher *to, nd_matcher *from)
{
    nd_params *a = nd_matcher_params(to), *b = nd_matcher_params(from);
    for (int i = 0; i < nd_params_count(a); i++) {
        nd_tensor *t = nd_params_tensor(a, 0, i);
        memcpy(t->data, nd_params_tensor(b, 0, i)->data,
               (size_t)nd_tensor_count(t) * sizeof(float));
    }
    nd_params_touch(a);
}

/* Mean over the cuts: one of them alone is flat where the model is good or bad. */
static double mean_recall(const nd_train_epoch *e)
{
    double sum = 0;
    for (int i = 0; i < ND_TRAIN_N_CUTS; i++) sum += e->val_recall[i];
    return sum / ND_TRAIN_N_CUTS;
}

static bool is_better(const nd_train_report *r, const nd_train_epoch *e)
{
    return r->best < 0 || mean_recall(e) > mean_recall(&r->epochs[r->best]);
}

static bool is_over(nd_training *x)
{
    nd_train_report *r = &x->report;
    r->is_early = r->n_epochs < x->p.n_epochs && r->best >= 0 &&
                  r->n_epochs - 1 - r->best >= x->p.patience;
    return r->is_early || r->n_epochs >= x->p.n_epochs;
}

/* What the epoch came to. */
static int end_epoch(nd_training *x)
{
    nd_train_epoch e = {.n_steps = x->n_steps, .rate = rate_at(x, x->n_steps - 1)};
    int rc = nd__train_validate(x, &e);
    if (rc) return rc;
    e.loss = x->sums.loss / x->sums.n;
    for (int i = 0; i < x->report.n_losses; i++) e.losses[i] = x->sums.losses[i] / x->sums.n;
    e.elapsed_s = nd_now_s() - x->epoch_started_s;
    x->epoch_started_s = nd_now_s();
    bool better = is_better(&x->report, &e);
    if (nd__train_add_epoch(x, &e))
        return nd_diag_set(x->diag, ND_ENOMEM, "training: out of memory");
    if (better) {
        x->report.best = x->report.n_epochs - 1;
        copy_values(x->best, x->matcher);
    }
    if (nd_now_s() - x->saved_s >= x->p.checkpoint_s || is_over(x)) rc = save(x);
    return rc ? rc : nd__train_write_history(x);
}

/* ---- all of them --------------------------------------------------------------- */

static void tell_epochs(const nd_training *x)
{
    if (x->p.after_epoch && x->report.n_epochs) x->p.after_epoch(x->p.user, &x->report);
}

static int train(nd_training *x)
{
    int rc = resume(x);
    if (!rc && x->report.is_resumed) {
        rc = nd__train_write_history(x);
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

static void end_report(nd_training *x)
{
    nd_train_report *r = &x->report;
    double n = (double)ND_MAX(x->n_run, 1);
    r->peak_gflop_per_s = nd__train_peak();
    r->gflop_a_step = 2e-9 * (double)x->n_multiplications / n;
    if (x->step_s > 0) r->steps_per_s = (double)x->n_run / x->step_s;
    if (x->work_s > 0) r->gflop_per_s = r->gflop_a_step * (double)x->n_run / x->work_s;
    r->elapsed_s = nd_now_s() - x->started_s;
}

int nd_train(const char *dir, const char *path, const nd_train_params *params,
             nd_train_report *report_out, nd_diag *diag)
{
    nd_training x = {.dir = dir, .path = path, .diag = diag, .started_s = nd_now_s()};
    int threads = nd_gemm_threads(1);
    if (params) x.p = *params;
    int rc = nd__train_setup(&x);
    if (!rc) rc = train(&x);
    if (!rc) rc = nd__train_write_model(&x);
    if (!rc) unlink(x.state_path);
    if (!rc) end_report(&x);
    nd_gemm_threads(threads);
    if (!rc) *report_out = x.report;
    else nd_train_report_deinit(&x.report);
    nd__train_deinit(&x);
    return rc;
}
