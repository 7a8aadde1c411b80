/* Training a matching model: steps of batches of pairs, and what an epoch of them comes to.
 *
 * A step runs on one thread: every pair of a batch is a negative of every other, so no member of a
 * team could work out its share of the loss alone, and a batch takes milliseconds. */
#include <math.h>
#include <time.h>

#include "compute/gemm.h"
#include "compute/losses.h"
#include "learn/train.h"

/* ---- one epoch ----------------------------------------------------------------- */

/* @return 0, or the stop that was asked for */
static int tell(const nd_training *x)
{
    nd_str item = {0};
    const nd_run *run = &x->run;
    double n = ND_MAX(x->sums.n, 1);
    int64_t in_epoch = run->n_steps - run->report->n_epochs * run->epoch_steps;
    nd_str_append(&item, "epoch %d of %d, step %lld of %lld, loss %.3f", run->report->n_epochs + 1,
                  run->p->n_epochs, (long long)in_epoch, (long long)run->epoch_steps,
                  x->sums.loss / n);
    for (int i = 0; i < x->report.n_losses; i++)
        if (x->weights[i] > 0)
            nd_str_append(&item, ", %s %.3f", x->report.loss_names[i], x->sums.losses[i] / n);
    int rc = nd_run_tell(run, "training", run->n_steps, nd_run_total_steps(run), item.text);
    nd_str_deinit(&item);
    return rc;
}

static nd_pass pass_of(const nd_training *x)
{
    uint64_t key = x->p.run.seed * 0x9E3779B97F4A7C15u + (uint64_t)x->run.n_steps;
    return (nd_pass){.record = true, .train = true, .drop_key = key};
}

/* Forward and backward. @return 0; ND_ENOMEM */
static int learn(nd_training *x, nd_tensor **losses, nd_tensor **loss_out)
{
    nd_params *params = nd_matcher_params(x->matcher);
    nd_pass pass = pass_of(x);
    nd_pairs pairs;
    nd_pair_batches_get(x->batches, &pairs, x->run.n_steps);
    pairs.progress = (double)x->run.n_steps / (double)nd_run_total_steps(&x->run);
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

/* The mean goes towards the values, faster in the first steps, which are soon forgotten. */
static void follow(nd_training *x)
{
    double n = (double)x->run.n_steps;
    float share = (float)(1 - ND_MIN(x->p.average, (1 + n) / (10 + n)));
    for (int i = 0; i < nd_params_count(x->run.mean); i++) {
        nd_tensor *mean = nd_params_tensor(x->run.mean, 0, i);
        const float *value = nd_params_tensor(x->run.values, 0, i)->data;
        for (int64_t j = 0; j < nd_tensor_count(mean); j++)
            mean->data[j] += share * (value[j] - mean->data[j]);
    }
    nd_params_touch(x->run.mean);
}

static int step(nd_training *x)
{
    nd_tensor *losses[ND_MAX_LOSSES] = {NULL}, *loss = NULL;
    double started_s = nd_now_s(), worked_s = processor_s();
    int64_t count = nd_gemm_count();
    nd_adam adam = {.rate = (float)nd_run_rate(&x->run, x->run.n_steps), .max_norm = 3};
    if (!nd__train_is_paper(x)) adam.weight_decay = 0.01F;
    int rc = learn(x, losses, &loss);
    if (rc) return nd_diag_set(x->run.diag, rc, "training: %s", nd_error_text(rc));
    add_to_sums(x, losses, loss);
    double norm = nd_adam_step(nd_matcher_params(x->matcher), &adam, x->run.n_steps + 1, NULL, 0);
    if (!isfinite(norm))
        return nd_diag_set(x->run.diag, ND_EFORMAT,
                           "training: a finite gradient expected at step %lld, its length is %g",
                           (long long)x->run.n_steps + 1, norm);
    x->run.n_steps++;
    follow(x);
    x->n_run++;
    x->n_multiplications += nd_gemm_count() - count;
    x->step_s += nd_now_s() - started_s;
    x->work_s += processor_s() - worked_s;
    return 0;
}

static int train_epoch(void *user)
{
    nd_training *x = user;
    int64_t end = (x->report.run.n_epochs + 1) * x->run.epoch_steps;
    int rc = 0;
    x->sums = (struct nd_train_sums){0};
    while (!rc && x->run.n_steps < end) {
        rc = step(x);
        if (!rc) rc = tell(x);
    }
    return rc;
}

/* Mean over the cuts: one of them alone is flat where the model is good or bad. */
static double mean_recall(const nd_train_epoch *e)
{
    double sum = 0;
    for (int i = 0; i < ND_EVAL_N_CUTS; i++) sum += e->val_recall[i];
    return sum / ND_EVAL_N_CUTS;
}

static bool is_better(const nd_train_report *r, const nd_train_epoch *e)
{
    return r->run.best < 0 || mean_recall(e) > mean_recall(&r->epochs[r->run.best]);
}

static int end_epoch(void *user, bool *is_better_out)
{
    nd_training *x = user;
    int64_t n_steps = x->run.n_steps;
    nd_train_epoch e = {.n_steps = n_steps, .rate = nd_run_rate(&x->run, n_steps - 1)};
    int rc = nd__train_validate(x, &e);
    if (rc) return rc;
    e.loss = x->sums.loss / x->sums.n;
    for (int i = 0; i < x->report.n_losses; i++) e.losses[i] = x->sums.losses[i] / x->sums.n;
    e.elapsed_s = nd_run_epoch_s(&x->run);
    *is_better_out = is_better(&x->report, &e);
    return nd_run_add_epoch(&x->run, &x->report.epochs, &e, sizeof e);
}

static void after_epoch(void *user)
{
    nd_training *x = user;
    if (x->p.after_epoch) x->p.after_epoch(x->p.user, &x->report);
}

/* ---- all of them --------------------------------------------------------------- */

static int load(void *user, const char *path)
{
    nd_training *x = user;
    return nd_params_read_state(x->run.values, path, &x->run.n_steps, x->run.diag);
}

const nd_run_ops nd__train_ops = {.train_epoch = train_epoch,
                                  .end_epoch = end_epoch,
                                  .after_epoch = after_epoch,
                                  .write_model = nd__train_write_model,
                                  .load = load,
                                  .exact_epoch = nd__train_exact_epoch,
                                  .take_epoch = nd__train_take_epoch,
                                  .epoch_json = nd__train_epoch_json};

/* Of this run's steps. */
static void measure_speed(nd_training *x)
{
    nd_train_report *r = &x->report;
    double n = (double)ND_MAX(x->n_run, 1);
    r->peak_gflop_per_s = nd__train_peak();
    r->gflop_a_step = 2e-9 * (double)x->n_multiplications / n;
    if (x->step_s > 0) r->steps_per_s = (double)x->n_run / x->step_s;
    if (x->work_s > 0) r->gflop_per_s = r->gflop_a_step * (double)x->n_run / x->work_s;
}

int nd_train(const char *dir, const char *path, const nd_train_params *params,
             nd_train_report *report_out, nd_diag *diag)
{
    nd_training x = {.dir = dir, .run = {.path = path, .diag = diag, .started_s = nd_now_s()}};
    int threads = nd_gemm_threads(1);
    if (params) x.p = *params;
    int rc = nd__train_setup(&x);
    if (!rc) rc = nd_run_train(&x.run);
    if (!rc) measure_speed(&x);
    nd_gemm_threads(threads);
    if (!rc) *report_out = x.report;
    else nd_train_report_deinit(&x.report);
    nd__train_deinit(&x);
    return rc;
}
