/* A training run of a toy: one value that a step makes better until it is good enough. What is
 * refused, what is kept, early stop, the best epoch, going on after a stop. */
#include "../test.h"
#include "corpus_root.h"
#include "learn/learn.h"
#include "learn/run.h"

enum { EPOCH_STEPS = 4 };

typedef struct {
    double error; /* what an epoch came to */
} toy_epoch;

typedef struct {
    nd_run run;
    nd_run_params p;
    nd_run_report report;
    toy_epoch *epochs;
    nd_network *network, *best;
    const double *errors; /* of each epoch */
    int stop_at, n_told;  /* step; 0: none */
    float written;        /* the first value of what was written; -1: none */
} toy;

static float *value_of(nd_network *n)
{
    return nd_params_tensor(nd_network_params(n), 0, 0)->data;
}

static int train_epoch(void *user)
{
    toy *x = user;
    while (x->run.n_steps < (x->report.n_epochs + 1) * EPOCH_STEPS) {
        if (x->stop_at && x->run.n_steps == x->stop_at) {
            int rc = nd_run_save(&x->run);
            return rc ? rc : ND_ECANCELLED;
        }
        *value_of(x->network) = (float)++x->run.n_steps;
    }
    return 0;
}

static int end_epoch(void *user, bool *is_better_out)
{
    toy *x = user;
    toy_epoch e = {x->errors[x->report.n_epochs]};
    *is_better_out = x->report.best < 0 || e.error < x->epochs[x->report.best].error;
    return nd_run_add_epoch(&x->run, &x->epochs, &e, sizeof e);
}

static void after_epoch(void *user)
{
    ((toy *)user)->n_told++;
}

static int write_model(void *user)
{
    toy *x = user;
    x->written = *value_of(x->best);
    return 0;
}

static int load(void *user, const char *path)
{
    toy *x = user;
    return nd_params_read_state(x->run.values, path, &x->run.n_steps, x->run.diag);
}

static json_t *exact_epoch(const void *user, int epoch)
{
    return json_pack("{s:f}", "error", ((const toy *)user)->epochs[epoch].error);
}

static int take_epoch(void *user, json_t *epoch)
{
    toy *x = user;
    toy_epoch e = {0};
    if (json_unpack(epoch, "{s:F}", "error", &e.error)) return ND_EFORMAT;
    return nd_run_add_epoch(&x->run, &x->epochs, &e, sizeof e);
}

static json_t *exact_sums(const void *user)
{
    (void)user;
    return json_object();
}

static int take_sums(void *user, const json_t *progress)
{
    (void)user, (void)progress;
    return 0;
}

static const nd_run_ops anywhere = {.train_epoch = train_epoch,
                                    .end_epoch = end_epoch,
                                    .after_epoch = after_epoch,
                                    .write_model = write_model,
                                    .load = load,
                                    .exact_epoch = exact_epoch,
                                    .take_epoch = take_epoch,
                                    .exact_sums = exact_sums,
                                    .take_sums = take_sums,
                                    .epoch_json = exact_epoch};

static int begin(toy *x, const nd_run_ops *ops, const nd_run_params *p, nd_diag *diag)
{
    static const nd_run_params defaults = {
        .n_epochs = 6, .batch = 2, .patience = 2, .rate = 0.5, .checkpoint_s = 1};
    *diag = (nd_diag){0};
    *x = (toy){.p = *p, .written = -1};
    x->run = (nd_run){.ops = ops, .x = x, .what = "training a toy", .diag = diag};
    x->run.p = &x->p;
    x->run.report = &x->report;
    x->run.path = in_root("toy");
    x->run.epoch_steps = EPOCH_STEPS;
    return nd_run_begin(&x->run, &defaults, 2);
}

static void make_values(toy *x)
{
    json_t *config = nd_network_preset(NULL, "tiny", "fbank", 2);
    ND_ASSERT(config && !nd_network_create(&x->network, config, "music", NULL));
    ND_ASSERT(!nd_network_create(&x->best, config, "music", NULL));
    json_decref(config);
    x->run.values = nd_network_params(x->network);
    x->run.best = nd_network_params(x->best);
    ND_ASSERT(!nd_params_train(x->run.values, 1));
    x->run.settings = json_pack("{s:f}", "rate", x->p.rate);
}

static void end(toy *x)
{
    nd_network_destroy(&x->network);
    nd_network_destroy(&x->best);
    nd_run_deinit(&x->run);
    free(x->epochs);
}

static void test_wrong(void)
{
    static const struct {
        const char *name, *story;
        nd_run_params p;
    } wrong[] = {{"epochs below 0", "epochs", {.n_epochs = -1}},
                 {"a batch too small", "2 .. 65536", {.batch = 1}},
                 {"a patience below 0", "patience", {.patience = -2}},
                 {"threads below 0", "threads", {.n_threads = -1}},
                 {"a rate above 1", "rate", {.rate = 1.5}},
                 {"a rate that is no number", "rate", {.rate = NAN}},
                 {"seconds below 0", "seconds", {.checkpoint_s = -1}}};
    for (size_t i = 0; i < ND_COUNT(wrong); i++) {
        toy x;
        nd_diag diag;
        int rc = begin(&x, &anywhere, &wrong[i].p, &diag);
        CHECK(wrong[i].name, rc == ND_EARG && strstr(diag.text, wrong[i].story), "%d %s", rc,
              diag.text);
        end(&x);
    }
}

/* Train with errors of the epochs. @return as nd_run_train; x is to be ended */
static int train(toy *x, const nd_run_ops *ops, const nd_run_params *p, const double *errors,
                 int stop_at, nd_diag *diag)
{
    ND_ASSERT(!begin(x, ops, p, diag));
    make_values(x);
    x->errors = errors;
    x->stop_at = stop_at;
    return nd_run_train(&x->run);
}

static void test_whole(void)
{
    static const double falls[] = {6, 5, 4, 3, 2, 1}, rises[] = {3, 2, 4, 5, 6, 7};
    nd_run_params p = {.history = in_root("log")};
    toy x;
    nd_diag diag;
    int rc = train(&x, &anywhere, &p, falls, 0, &diag);
    CHECK("all epochs", !rc && x.report.n_epochs == 6 && !x.report.is_early, "%d %s", rc,
          diag.text);
    CHECK("each told", x.n_told == 6, "%d", x.n_told);
    CHECK("the last is the best", x.report.best == 5 && x.written == 6 * EPOCH_STEPS, "%d",
          x.report.best);
    CHECK("no checkpoint is left", access(in_root("toy.state"), F_OK) != 0, "one is");
    CHECK("the history is there", access(in_root("log"), F_OK) == 0, "none");
    CHECK_NEAR("the rate goes up", nd_run_rate(&x.run, 0), 0.5, 1e-12);
    CHECK("and down", nd_run_rate(&x.run, 23) < 0.01, "%g", nd_run_rate(&x.run, 23));
    end(&x);
    rc = train(&x, &anywhere, &p, rises, 0, &diag);
    CHECK("an early end", !rc && x.report.n_epochs == 4 && x.report.is_early, "%d epochs",
          x.report.n_epochs);
    CHECK("the best values are kept", x.report.best == 1 && x.written == 2 * EPOCH_STEPS, "%d, %g",
          x.report.best, (double)x.written);
    end(&x);
}

/* Stopped in the third epoch, and gone on with. */
static void test_resume(void)
{
    static const double errors[] = {1.0 / 3, 0.1, 0.2, 0.05, 0.3, 0.4};
    nd_run_params p = {.patience = 9};
    nd_run_ops between_epochs = anywhere;
    toy x;
    nd_diag diag;
    between_epochs.exact_sums = NULL;
    between_epochs.take_sums = NULL;
    int rc = train(&x, &anywhere, &p, errors, 10, &diag);
    CHECK("it stops", rc == ND_ECANCELLED && x.written < 0, "%d", rc);
    end(&x);
    p.rate = 0.25;
    rc = train(&x, &anywhere, &p, errors, 0, &diag);
    CHECK("other settings are refused", rc == ND_EARG && strstr(diag.text, "rate 0.5"), "%s",
          diag.text);
    end(&x);
    p.rate = 0;
    rc = train(&x, &between_epochs, &p, errors, 0, &diag);
    CHECK("a begun epoch needs its sums", rc == ND_EFORMAT, "%d %s", rc, diag.text);
    end(&x);
    rc = train(&x, &anywhere, &p, errors, 0, &diag);
    CHECK("it goes on", !rc && x.report.is_resumed && x.report.n_epochs == 6, "%d %s", rc,
          diag.text);
    CHECK("with what was told before", x.n_told == 5 && x.epochs[0].error == errors[0], "%d",
          x.n_told);
    CHECK("to the best", x.report.best == 3 && x.written == 4 * EPOCH_STEPS, "%d, %g",
          x.report.best, (double)x.written);
    end(&x);
}

static void test_unwritable(void)
{
    static const double errors[6] = {0};
    toy x;
    nd_diag diag;
    ND_ASSERT(!begin(&x, &anywhere, &(nd_run_params){0}, &diag));
    make_values(&x);
    x.errors = errors;
    free(x.run.state_path);
    x.run.state_path = strdup(in_root("none/toy.state"));
    int rc = nd_run_train(&x.run);
    CHECK("what cannot be written is told at once", rc == ND_EIO && x.run.n_steps == 0, "%d %s", rc,
          diag.text);
    end(&x);
}

int main(void)
{
    strcpy(root, "/tmp/needledrop-run.XXXXXX");
    ND_ASSERT(mkdtemp(root) != NULL);
    atexit(remove_root);
    test_wrong();
    test_whole();
    test_resume();
    test_unwritable();
    TEST_END();
}
