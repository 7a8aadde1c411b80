/* What a pretraining leaves behind: its history, its report, the model with its record. */
#include <string.h>

#include "base/json.h"
#include "learn/pretrain.h"

void nd_pretrain_report_deinit(nd_pretrain_report *report)
{
    if (!report) return;
    free(report->epochs);
    *report = (nd_pretrain_report){0};
}

/* ---- progress of a checkpoint: every bit of every number ------------------------- */

json_t *nd__pretrain_exact_epoch(const void *x, int epoch)
{
    const nd_pretrain_epoch *e = &((const nd_pretraining *)x)->report.epochs[epoch];
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "steps",
                     (json_int_t)e->n_steps, "rate", e->rate, "train_loss", e->train_loss,
                     "train_accuracy", e->train_accuracy, "val_loss", e->val_loss,
                     "val_clip_accuracy", e->val_clip_accuracy, "val_item_loss", e->val_item_loss,
                     "val_item_accuracy", e->val_item_accuracy, "elapsed_s", e->elapsed_s);
}

int nd__pretrain_take_epoch(void *user, json_t *epoch)
{
    nd_pretraining *x = user;
    nd_pretrain_epoch e = {0};
    json_int_t n_steps = 0;
    if (json_unpack(epoch, "{s:I, s:F, s:F, s:F, s:F, s:F, s:F, s:F, s:F}", "steps", &n_steps,
                    "rate", &e.rate, "train_loss", &e.train_loss, "train_accuracy",
                    &e.train_accuracy, "val_loss", &e.val_loss, "val_clip_accuracy",
                    &e.val_clip_accuracy, "val_item_loss", &e.val_item_loss, "val_item_accuracy",
                    &e.val_item_accuracy, "elapsed_s", &e.elapsed_s))
        return ND_EFORMAT;
    e.n_steps = n_steps;
    return nd_run_add_epoch(&x->run, &x->report.epochs, &e, sizeof e);
}

json_t *nd__pretrain_exact_sums(const void *user)
{
    const nd_pretraining *x = user;
    return json_pack("{s:f, s:f, s:I, s:I}", "loss", x->sums.loss, "elapsed_s", x->run.epoch_s,
                     "right", (json_int_t)x->sums.n_right, "clips", (json_int_t)x->sums.n_clips);
}

int nd__pretrain_take_sums(void *user, const json_t *progress)
{
    nd_pretraining *x = user;
    double loss = 0, epoch_s = 0;
    json_int_t n_right = 0, n_clips = 0;
    if (json_unpack((json_t *)(uintptr_t)progress, "{s:F, s:F, s:I, s:I}", "loss", &loss,
                    "elapsed_s", &epoch_s, "right", &n_right, "clips", &n_clips))
        return ND_EFORMAT;
    x->sums = (struct nd_pretrain_sums){.loss = loss, .n_right = n_right, .n_clips = n_clips};
    x->run.epoch_s = epoch_s;
    return 0;
}

/* ---- for people and programs ------------------------------------------------------ */

static json_t *epoch_json(const nd_pretrain_report *r, int i)
{
    const nd_pretrain_epoch *e = &r->epochs[i];
    json_t *o = json_object();
    json_object_set_new(o, "epoch", json_integer(i + 1));
    json_object_set_new(o, "steps", json_integer(e->n_steps));
    json_object_set_new(o, "rate", json_real(e->rate));
    json_object_set_new(o, "train_loss", nd_json_number(e->train_loss, 5));
    json_object_set_new(o, "train_accuracy", nd_json_number(e->train_accuracy, 5));
    json_object_set_new(o, "val_loss", nd_json_number(e->val_loss, 5));
    json_object_set_new(o, "val_clip_accuracy", nd_json_number(e->val_clip_accuracy, 5));
    json_object_set_new(o, "val_item_loss", nd_json_number(e->val_item_loss, 5));
    json_object_set_new(o, "val_item_accuracy", nd_json_number(e->val_item_accuracy, 5));
    json_object_set_new(o, "elapsed_s", nd_json_number(e->elapsed_s, 3));
    return o;
}

json_t *nd__pretrain_epoch_json(const void *x, int epoch)
{
    return epoch_json(&((const nd_pretraining *)x)->report, epoch);
}

static json_t *split_json(int n_files, int64_t n_clips)
{
    return json_pack("{s:i, s:I}", "files", n_files, "clips", (json_int_t)n_clips);
}

int nd_pretrain_report_json(char **json_out, const nd_pretrain_report *r)
{
    json_t *epochs = json_array();
    for (int i = 0; i < r->run.n_epochs; i++) json_array_append_new(epochs, epoch_json(r, i));
    json_t *root = json_pack("{s:s, s:i, s:I, s:o, s:o, s:i, s:o, s:o, s:b, s:b, s:o, s:o, s:o}",
                             "part", r->part, "classes", r->n_classes, "parameters",
                             (json_int_t)r->run.n_parameters, "train",
                             split_json(r->n_train_files, r->n_train_clips), "val",
                             split_json(r->n_val_files, r->n_val_clips), "left_out", r->n_left_out,
                             "chance", nd_json_number(r->chance, 5), "best_epoch",
                             r->run.best < 0 ? json_null() : json_integer(r->run.best + 1),
                             "is_resumed", r->run.is_resumed, "is_early", r->run.is_early,
                             "clips_per_s", nd_json_number(r->clips_per_s, 2), "elapsed_s",
                             nd_json_number(r->run.elapsed_s, 3), "epochs", epochs);
    return nd_json_print_take(json_out, root);
}

/* ---- the model --------------------------------------------------------------------- */

/* What was asked and what came of it; no clock in it. */
static json_t *part_record(const nd_pretraining *x)
{
    const nd_pretrain_report *r = &x->report;
    const nd_pretrain_epoch *e = &r->epochs[r->run.best];
    json_t *o = json_copy(x->run.settings);
    if (!o) return NULL;
    json_object_del(o, "config");
    json_object_del(o, "part");
    if (!json_object_update_new(
            o, json_pack("{s:s, s:o, s:o, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "needledrop",
                         nd_version(), "train", split_json(r->n_train_files, r->n_train_clips),
                         "val", split_json(r->n_val_files, r->n_val_clips), "left_out",
                         r->n_left_out, "epochs_run", r->run.n_epochs, "best_epoch",
                         r->run.best + 1, "train_accuracy", nd_json_number(e->train_accuracy, 5),
                         "val_loss", nd_json_number(e->val_loss, 5), "val_clip_accuracy",
                         nd_json_number(e->val_clip_accuracy, 5), "val_item_accuracy",
                         nd_json_number(e->val_item_accuracy, 5), "chance",
                         nd_json_number(r->chance, 5))))
        return o;
    json_decref(o);
    return NULL;
}

/* {PART: {..}, OTHER: as it was}. */
static json_t *make_record(const nd_pretraining *x)
{
    const char *other = nd__pretrain_other(x->report.part);
    json_t *before = x->with ? json_object_get(nd_model_record(x->with), other) : NULL;
    json_t *o = json_pack("{s:o}", x->report.part, part_record(x));
    if (o && before && json_object_set(o, other, before)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

int nd__pretrain_write_model(void *user)
{
    nd_pretraining *x = user;
    nd_network *networks[2] = {x->best, NULL};
    const json_t *names = json_object_get(x->run.settings, "targets");
    nd_model_contents contents = {.networks = networks, .n_networks = 1, .tags = names};
    int rc = 0;
    if (x->with) {
        rc = nd_model_network(&networks[1], x->with, nd__pretrain_other(x->report.part),
                              x->run.diag);
        contents.n_networks = 2;
        /* the file's tags are what both parts know */
        if (!json_equal(nd_model_tags(x->with), names)) contents.tags = NULL;
    }
    if (rc) return rc;
    json_t *record = make_record(x);
    if (!record)
        return nd_diag_set(x->run.diag, ND_ENOMEM, "writing %s: out of memory", x->run.path);
    contents.record = record;
    rc = nd_model_write(x->run.path, &contents, x->run.diag);
    json_decref(record);
    return rc;
}
