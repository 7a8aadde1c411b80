/* What a training leaves behind: its history, its report, the model with its record. */
#include <string.h>

#include "base/json.h"
#include "learn/train.h"

void nd_train_report_deinit(nd_train_report *report)
{
    if (!report) return;
    free(report->epochs);
    *report = (nd_train_report){0};
}

/* ---- progress of a checkpoint: every bit of every number ------------------------- */

static json_t *exact_list(const double *values, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n && list; i++)
        if (json_array_append_new(list, json_real(values[i]))) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static int unpack_list(double *out, const json_t *list, int n)
{
    if ((int)json_array_size(list) != n) return ND_EFORMAT;
    for (int i = 0; i < n; i++) {
        const json_t *value = json_array_get(list, (size_t)i);
        if (!json_is_number(value)) return ND_EFORMAT;
        out[i] = json_number_value(value);
    }
    return 0;
}

json_t *nd__train_exact_epoch(const void *user, int epoch)
{
    const nd_training *x = user;
    const nd_train_epoch *e = &x->report.epochs[epoch];
    return json_pack("{s:I, s:f, s:f, s:o, s:o, s:f, s:f, s:f}", "steps", (json_int_t)e->n_steps,
                     "rate", e->rate, "loss", e->loss, "losses",
                     exact_list(e->losses, x->report.n_losses), "recall",
                     exact_list(e->val_recall, ND_EVAL_N_CUTS), "mrr", e->val_mrr, "median_rank",
                     e->val_median_rank, "elapsed_s", e->elapsed_s);
}

int nd__train_take_epoch(void *user, json_t *epoch)
{
    nd_training *x = user;
    nd_train_epoch e = {0};
    json_int_t n_steps = 0;
    json_t *losses = NULL, *recall = NULL;
    if (json_unpack(epoch, "{s:I, s:F, s:F, s:o, s:o, s:F, s:F, s:F}", "steps", &n_steps, "rate",
                    &e.rate, "loss", &e.loss, "losses", &losses, "recall", &recall, "mrr",
                    &e.val_mrr, "median_rank", &e.val_median_rank, "elapsed_s", &e.elapsed_s) ||
        unpack_list(e.losses, losses, x->report.n_losses) ||
        unpack_list(e.val_recall, recall, ND_EVAL_N_CUTS))
        return ND_EFORMAT;
    e.n_steps = n_steps;
    return nd_run_add_epoch(&x->run, &x->report.epochs, &e, sizeof e);
}

/* ---- for people and programs ------------------------------------------------------ */

static json_t *losses_json(const nd_train_report *r, const double *values)
{
    json_t *o = json_object();
    for (int i = 0; i < r->n_losses; i++)
        if (r->weights[i] > 0)
            json_object_set_new(o, r->loss_names[i], nd_json_number(values[i], 5));
    return o;
}

/* Every call takes a NULL where memory ran out before, and the last fails. */
static json_t *val_json(json_t *o, const nd_train_epoch *e)
{
    char key[32];
    for (int k = 0; k < ND_EVAL_N_CUTS; k++) {
        snprintf(key, sizeof key, "val_recall_%d", nd_eval_cut(k));
        json_object_set_new(o, key, nd_json_number(e->val_recall[k], 5));
    }
    json_object_set_new(o, "val_mrr", nd_json_number(e->val_mrr, 5));
    json_object_set_new(o, "val_median_rank", nd_json_number(e->val_median_rank, 1));
    return o;
}

static json_t *epoch_json(const nd_train_report *r, int i)
{
    const nd_train_epoch *e = &r->epochs[i];
    json_t *o = json_pack("{s:i, s:I, s:f, s:o, s:o}", "epoch", i + 1, "steps",
                          (json_int_t)e->n_steps, "rate", e->rate, "loss",
                          nd_json_number(e->loss, 5), "losses", losses_json(r, e->losses));
    val_json(o, e);
    json_object_set_new(o, "elapsed_s", nd_json_number(e->elapsed_s, 3));
    return o;
}

json_t *nd__train_epoch_json(const void *x, int epoch)
{
    return epoch_json(&((const nd_training *)x)->report, epoch);
}

static json_t *weights_json(const nd_train_report *r)
{
    json_t *o = json_object();
    for (int i = 0; i < r->n_losses; i++)
        json_object_set_new(o, r->loss_names[i], nd_json_number((double)r->weights[i], 6));
    return o;
}

int nd_train_report_json(char **json_out, const nd_train_report *r)
{
    json_t *epochs = json_array();
    for (int i = 0; i < r->run.n_epochs; i++) json_array_append_new(epochs, epoch_json(r, i));
    json_t *root = json_pack("{s:i, s:i, s:{s:i, s:i}, s:I, s:o, s:o, s:o, s:b, s:b}", "pairs",
                             r->n_pairs, "left_out", r->n_left_out, "val", "videos",
                             r->n_val_videos, "tracks", r->n_val_tracks, "parameters",
                             (json_int_t)r->run.n_parameters, "weights", weights_json(r),
                             "chance_10", nd_json_number(r->chance_10, 5), "best_epoch",
                             r->run.best < 0 ? json_null() : json_integer(r->run.best + 1),
                             "is_resumed", r->run.is_resumed, "is_early", r->run.is_early);
    json_object_set_new(root, "steps_per_s", nd_json_number(r->steps_per_s, 3));
    json_object_set_new(root, "gflop_a_step", nd_json_number(r->gflop_a_step, 5));
    json_object_set_new(root, "gflop_per_s", nd_json_number(r->gflop_per_s, 3));
    json_object_set_new(root, "peak_gflop_per_s", nd_json_number(r->peak_gflop_per_s, 3));
    json_object_set_new(root, "embed_s", nd_json_number(r->embed_s, 3));
    json_object_set_new(root, "elapsed_s", nd_json_number(r->run.elapsed_s, 3));
    json_object_set_new(root, "epochs", epochs);
    return nd_json_print_take(json_out, root);
}

/* ---- the model --------------------------------------------------------------------- */

/* {EXTRACTOR: as it was, "match": what was asked and what came of it}; no clock in it. */
static json_t *make_record(const nd_training *x)
{
    const nd_train_report *r = &x->report;
    const json_t *before = nd_model_record(x->extractors);
    json_t *o = json_is_object(before) ? json_copy((json_t *)(uintptr_t)before) : json_object();
    json_t *match = json_copy(x->run.settings);
    json_t *val = json_pack("{s:i, s:i}", "videos", r->n_val_videos, "tracks", r->n_val_tracks);
    json_object_del(match, "config");
    if (!val ||
        json_object_update_new(
            match, json_pack("{s:s, s:i, s:i, s:o, s:i, s:i, s:o}", "needledrop", nd_version(),
                             "pairs", r->n_pairs, "left_out", r->n_left_out, "val",
                             val_json(val, &r->epochs[r->run.best]), "epochs_run", r->run.n_epochs,
                             "best_epoch", r->run.best + 1, "weights", weights_json(r)))) {
        json_decref(match);
        match = NULL;
    }
    if (!json_object_set_new(o, "match", match)) return o;
    json_decref(o);
    return NULL;
}

int nd__train_write_model(void *user)
{
    nd_training *x = user;
    nd_network *networks[2];
    int rc = nd_model_network(&networks[0], x->extractors, "music", x->run.diag);
    if (!rc) rc = nd_model_network(&networks[1], x->extractors, "video", x->run.diag);
    if (rc) return rc;
    json_t *record = make_record(x);
    if (!record)
        return nd_diag_set(x->run.diag, ND_ENOMEM, "writing %s: out of memory", x->run.path);
    nd_model_contents contents = {.networks = networks,
                                  .n_networks = 2,
                                  .matcher = x->best,
                                  .words = x->words,
                                  .tags = nd_model_tags(x->extractors),
                                  .record = record,
                                  .half = x->p.half};
    rc = nd_model_write(x->run.path, &contents, x->run.diag);
    json_decref(record);
    return rc;
}
