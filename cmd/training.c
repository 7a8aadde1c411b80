/* What pretrain and train share. */
#include "training.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int training_get_params(cli *c, int least_batch, nd_run_params *out)
{
    *out = (nd_run_params){.restart = cli_get(c, "restart"),
                           .history = cli_get(c, "log"),
                           .log = &c->log,
                           .progress = &c->progress};
    int status = cli_get_int(c, "epochs", 1, 100000, &out->n_epochs);
    if (!status) status = cli_get_int(c, "batch", least_batch, 65536, &out->batch);
    if (!status) status = cli_get_int(c, "patience", 1, 100000, &out->patience);
    if (!status) status = cli_get_int(c, "jobs", 1, 256, &out->n_threads);
    if (!status) status = cli_get_seed(c, "seed", &out->seed);
    if (!status) status = cli_get_seconds(c, "checkpoint", &out->checkpoint_s);
    return status ? status : cli_get_number(c, "rate", 1e-9, 1, &out->rate);
}

/* ---- the curve ----------------------------------------------------------------- */

void training_add_curve(training_curves *k, const char *label, size_t offset, bool is_share)
{
    const char *first = (const char *)k->epochs + offset;
    float *values = k->n < TRAINING_MAX_CURVES ? malloc((size_t)k->n_epochs * sizeof *values)
                                               : NULL;
    if (!values) return;
    for (int i = 0; i < k->n_epochs; i++) {
        double value;
        memcpy(&value, first + (size_t)i * k->epoch_bytes, sizeof value);
        values[i] = (float)value;
    }
    k->curves[k->n++] = (nd_curve){label, values, is_share};
}

void training_draw(training_picture *p, training_curves *k, const char *what, const char *facts,
                   int best)
{
    char title[1200], shown[1024];
    nd_diag diag = {0};
    snprintf(title, sizeof title, "%s: %s", cli_text(shown, cli_file_name(p->corpus)), what);
    int rc = nd_picture_curves(p->path, title, facts, k->curves, k->n, k->n_epochs, best, &diag);
    for (int i = 0; i < k->n; i++) free((float *)(uintptr_t)k->curves[i].values);
    k->n = 0;
    if (!rc || p->rc) return;
    p->rc = rc;
    p->diag = diag;
}

/* ---- what is said ----------------------------------------------------------------- */

bool training_is_told(const cli *c, const nd_run_report *r, int epoch)
{
    return c->verbose || epoch == r->best || epoch + 1 == r->n_epochs || epoch == 0;
}

void training_print_end(const nd_run_report *r)
{
    char elapsed[16];
    printf("%s%s%s\n", cli_time(elapsed, r->elapsed_s),
           r->is_resumed ? "; went on from a checkpoint" : "", r->is_early ? "; ended early" : "");
}

int training_finish(cli *c, int status, const training_picture *picture)
{
    return !status && picture->rc ? cli_fail(c, &picture->diag) : status;
}
