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

int nd__train_add_epoch(nd_training *x, const nd_train_epoch *epoch)
{
    nd_train_report *r = &x->report;
    if (nd_grow(&r->epochs, &x->capacity, (size_t)r->n_epochs, 1, sizeof *r->epochs))
        return ND_ENOMEM;
    r->epochs[r->n_epochs++] = *epoch;
    return 0;
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

static json_t *exact_epoch(const nd_train_epoch *e, int n_losses)
{
    return json_pack("{s:I, s:f, s:f, s:o, s:o, s:f, s:f, s:f}", "steps", (json_int_t)e->n_steps,
                     "rate", e->rate, "loss", e->loss, "losses", exact_list(e->losses, n_losses),
                     "recall", exact_list(e->val_recall, ND_TRAIN_N_CUTS), "mrr", e->val_mrr,
                     "median_rank", e->val_median_rank, "elapsed_s", e->elapsed_s);
}

static int unpack_epoch(nd_train_epoch *e, json_t *o, int n_losses)
{
    json_int_t n_steps = 0;
    json_t *losses = NULL, *recall = NULL;
    if (json_unpack(o, "{s:I, s:F, s:F, s:o, s:o, s:F, s:F, s:F}", "steps", &n_steps, "rate",
                    &e->rate, "loss", &e->loss, "losses", &losses, "recall", &recall, "mrr",
                    &e->val_mrr, "median_rank", &e->val_median_rank, "elapsed_s", &e->elapsed_s))
        return ND_EFORMAT;
    e->n_steps = n_steps;
    int rc = unpack_list(e->losses, losses, n_losses);
    return rc ? rc : unpack_list(e->val_recall, recall, ND_TRAIN_N_CUTS);
}

json_t *nd__train_progress(const nd_training *x)
{
    const nd_train_report *r = &x->report;
    json_t *list = json_array();
    for (int i = 0; i < r->n_epochs && list; i++)
        if (json_array_append_new(list, exact_epoch(&r->epochs[i], r->n_losses))) {
            json_decref(list);
            list = NULL;
        }
    return json_pack("{s:o, s:i}", "epochs", list, "best", r->best);
}

int nd__train_take_progress(nd_training *x, const json_t *progress)
{
    json_t *list = NULL, *o;
    size_t i;
    int best = -1, rc = 0;
    if (json_unpack((json_t *)(uintptr_t)progress, "{s:o, s:i}", "epochs", &list, "best", &best) ||
        best < 0 || best >= (int)json_array_size(list) ||
        x->n_steps != (int64_t)json_array_size(list) * x->epoch_steps)
        return ND_EFORMAT;
    json_array_foreach(list, i, o)
    {
        nd_train_epoch e = {0};
        if (!rc) rc = unpack_epoch(&e, o, x->report.n_losses);
        if (!rc) rc = nd__train_add_epoch(x, &e);
    }
    if (!rc) x->report.best = best;
    return rc;
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
    for (int k = 0; k < ND_TRAIN_N_CUTS; k++) {
        snprintf(key, sizeof key, "val_recall_%d", nd_train_cut(k));
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

int nd__train_write_history(const nd_training *x)
{
    nd_str text = {0};
    if (!x->p.history) return 0;
    for (int i = 0; i < x->report.n_epochs; i++) {
        json_t *o = epoch_json(&x->report, i);
        char *line = o ? json_dumps(o, ND_JSON_FLAGS) : NULL;
        if (line) nd_str_append(&text, "%s\n", line);
        else text.failed = true;
        json_decref(o);
        free(line);
    }
    int rc = text.failed
                 ? nd_diag_set(x->diag, ND_ENOMEM, "writing %s: out of memory", x->p.history)
                 : nd_file_write(x->p.history, text.text, text.n, x->diag);
    nd_str_deinit(&text);
    return rc;
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
    for (int i = 0; i < r->n_epochs; i++) json_array_append_new(epochs, epoch_json(r, i));
    json_t *root = json_pack("{s:i, s:i, s:{s:i, s:i}, s:I, s:o, s:o, s:o, s:b, s:b}", "pairs",
                             r->n_pairs, "left_out", r->n_left_out, "val", "videos",
                             r->n_val_videos, "tracks", r->n_val_tracks, "parameters",
                             (json_int_t)r->n_parameters, "weights", weights_json(r), "chance_10",
                             nd_json_number(r->chance_10, 5), "best_epoch",
                             r->best < 0 ? json_null() : json_integer(r->best + 1), "is_resumed",
                             r->is_resumed, "is_early", r->is_early);
    json_object_set_new(root, "steps_per_s", nd_json_number(r->steps_per_s, 3));
    json_object_set_new(root, "gflop_a_step", nd_json_number(r->gflop_a_step, 5));
    json_object_set_new(root, "gflop_per_s", nd_json_number(r->gflop_per_s, 3));
    json_object_set_new(root, "peak_gflop_per_s", nd_json_number(r->peak_gflop_per_s, 3));
    json_object_set_new(root, "embed_s", nd_json_number(r->embed_s, 3));
    json_object_set_new(root, "elapsed_s", nd_json_number(r->elapsed_s, 3));
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
    json_t *match = json_copy(x->settings);
    json_t *val = json_pack("{s:i, s:i}", "videos", r->n_val_videos, "tracks", r->n_val_tracks);
    json_object_del(match, "config");
    if (!val ||
        json_object_update_new(
            match, json_pack("{s:s, s:i, s:i, s:o, s:i, s:i, s:o}", "needledrop", nd_version(),
                             "pairs", r->n_pairs, "left_out", r->n_left_out, "val",
                             val_json(val, &r->epochs[r->best]), "epochs_run", r->n_epochs,
                             "best_epoch", r->best + 1, "weights", weights_json(r)))) {
        json_decref(match);
        match = NULL;
    }
    if (!json_object_set_new(o, "match", match)) return o;
    json_decref(o);
    return NULL;
}

int nd__train_write_model(nd_training *x)
{
    nd_network *networks[2];
    int rc = nd_model_network(&networks[0], x->extractors, "music", x->diag);
    if (!rc) rc = nd_model_network(&networks[1], x->extractors, "video", x->diag);
    if (rc) return rc;
    json_t *record = make_record(x);
    if (!record) return nd_diag_set(x->diag, ND_ENOMEM, "writing %s: out of memory", x->path);
    nd_model_contents contents = {.networks = networks,
                                  .n_networks = 2,
                                  .matcher = x->best,
                                  .words = x->words,
                                  .tags = nd_model_tags(x->extractors),
                                  .record = record,
                                  .half = x->p.half};
    rc = nd_model_write(x->path, &contents, x->diag);
    json_decref(record);
    return rc;
}
