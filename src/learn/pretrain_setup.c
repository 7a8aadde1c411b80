/* What pretraining starts from: parameters checked, a network of the right size, what is shared. */
#include <inttypes.h>
#include <string.h>

#include "learn/pretrain.h"

static const char CLASSIFIER[] = "classification.weight";
/* Adam's, beside the rate: values shrink by this share of the rate a step. */
static const float MAX_NORM = 3, WEIGHT_DECAY = 0.01F;

const char *nd__pretrain_other(const char *part)
{
    return strcmp(part, "music") ? "music" : "video";
}

/* ---- parameters ---------------------------------------------------------------- */

static int check_params(nd_pretraining *x, nd_medium medium)
{
    nd_pretrain_params *p = &x->p;
    if (!x->dir || !x->run.path || (medium != ND_MUSIC && medium != ND_VIDEO))
        return nd_diag_set(x->run.diag, ND_EARG,
                           "pretraining: a corpus, a medium and a model's path expected");
    if (!p->preset) p->preset = "recommended";
    if (!p->schedule) p->schedule = "cosine";
    if (strcmp(p->schedule, "cosine") && strcmp(p->schedule, "inverse"))
        return nd_diag_set(x->run.diag, ND_EARG, "schedule: cosine or inverse expected, found %s",
                           p->schedule);
    if (p->jitter && medium == ND_MUSIC)
        return nd_diag_set(x->run.diag, ND_EARG,
                           "jitter: pictures expected, music has no colours to change");
    if (p->smoothing == 0) p->smoothing = 0.1;
    if (p->smoothing < 0 || p->multi_label) p->smoothing = 0;
    if (!(p->smoothing >= 0 && p->smoothing < 1))
        return nd_diag_set(x->run.diag, ND_EARG, "smoothing: a number below 1 expected, found %g",
                           p->smoothing);
    return 0;
}

static int begin_run(nd_pretraining *x, nd_medium medium)
{
    bool is_music = medium == ND_MUSIC;
    const nd_run_params defaults = {.n_epochs = is_music ? 10 : 6,
                                    .batch = is_music ? 32 : 64,
                                    .patience = 5,
                                    .rate = 0.001,
                                    .checkpoint_s = 300};
    nd_run_params *p = &x->p.run;
    x->report.part = is_music ? "music" : "video";
    x->run.ops = &nd__pretrain_ops;
    x->run.x = x;
    x->run.p = p;
    x->run.report = &x->report.run;
    x->run.what = is_music ? "training music" : "training video";
    int rc = nd_run_begin(&x->run, &defaults, 1);
    if (rc) return rc;
    if (!p->n_threads) p->n_threads = nd_core_count();
    p->n_threads = ND_MIN(ND_MIN(p->n_threads, p->batch), ND_TEAM_MAX);
    return 0;
}

/* ---- network ------------------------------------------------------------------- */

static int make_network(nd_network **out, const nd_pretraining *x)
{
    const nd_clip_data *d = &x->data;
    json_t *config = nd_network_preset(NULL, x->p.preset, d->array, d->K);
    if (!config)
        return nd_diag_set(x->run.diag, ND_EARG,
                           "preset: recommended, paper, small or tiny expected, found %s",
                           x->p.preset);
    int rc = nd_network_create(out, config, x->report.part, x->run.diag);
    json_decref(config);
    if (rc) return rc;
    nd_params_init(nd_network_params(*out), x->p.run.seed);
    int64_t F = nd_network_size_of(*out).F;
    if (F == d->F) return 0;
    return nd_diag_set(x->run.diag, ND_EFORMAT,
                       "reading %s/cache: clips of %lld columns expected, "
                       "found %lld",
                       x->dir, (long long)F, (long long)d->F);
}

static int find_classifier(nd_network *n)
{
    return nd_params_find(nd_network_params(n), CLASSIFIER);
}

/* Targets that the other part was made with, where its file says. */
static bool has_other_targets(const nd_model *m, const char *part, const json_t *names)
{
    const json_t *then = json_object_get(json_object_get(nd_model_record(m), part), "targets");
    if (!then) then = nd_model_tags(m);
    return then && !json_equal(then, names);
}

/* The classifier's matrix of the other part, into the network and kept there. */
static int share(nd_pretraining *x)
{
    const char *part = nd__pretrain_other(x->report.part);
    nd_network *other = NULL;
    int rc = nd_model_network(&other, x->shared, part, x->run.diag);
    if (rc) return rc;
    if (has_other_targets(x->shared, part, json_object_get(x->run.settings, "targets")))
        return nd_diag_set(x->run.diag, ND_EFORMAT,
                           "sharing the classifier of %s: the same targets in the same order "
                           "expected, found others",
                           x->p.share);
    int from = find_classifier(other), to = find_classifier(x->network);
    nd_tensor *a = from < 0 ? NULL : nd_params_tensor(nd_network_params(other), 0, from);
    nd_tensor *b = to < 0 ? NULL : nd_params_tensor(nd_network_params(x->network), 0, to);
    if (!a || !b || a->dims[0] != b->dims[0] || a->dims[1] != b->dims[1])
        return nd_diag_set(x->run.diag, ND_EFORMAT,
                           "sharing the classifier of %s: [%lld, %lld] expected, found [%lld, "
                           "%lld]",
                           x->p.share, (long long)(b ? b->dims[0] : 0),
                           (long long)(b ? b->dims[1] : 0), (long long)(a ? a->dims[0] : 0),
                           (long long)(a ? a->dims[1] : 0));
    memcpy(b->data, a->data, (size_t)nd_tensor_count(a) * sizeof(float));
    nd_params_touch(nd_network_params(x->network));
    return 0;
}

/* ---- settings ------------------------------------------------------------------ */

static json_t *names_json(const nd_clip_data *d)
{
    json_t *list = json_array();
    for (int k = 0; k < d->K && list; k++)
        if (json_array_append_new(list, json_string(d->names[k]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static int make_settings(nd_pretraining *x)
{
    const nd_pretrain_params *p = &x->p;
    char seed[24], corpus[24], shared[24] = "";
    uint64_t print = 0;
    int rc = 0;
    if (x->shared)
        rc = nd_model_fingerprint(&print, x->shared, nd__pretrain_other(x->report.part),
                                  x->run.diag);
    if (rc) return rc;
    snprintf(seed, sizeof seed, "%" PRIu64, p->run.seed);
    snprintf(corpus, sizeof corpus, "%016" PRIx64, x->data.digest);
    if (x->shared) snprintf(shared, sizeof shared, "%016" PRIx64, print);
    x->run.settings = json_pack(
        "{s:s, s:s, s:s, s:b, s:b, s:i, s:i, s:f, s:f, s:s, s:i, s:s, s:i, s:s, s:o, s:O}", "part",
        x->report.part, "preset", p->preset, "loss",
        p->multi_label ? "binary cross-entropy" : "cross-entropy", "jitter", p->jitter, "shares",
        x->shared != NULL, "epochs", p->run.n_epochs, "batch", p->run.batch, "rate", p->run.rate,
        "smoothing", p->smoothing, "schedule", p->schedule, "patience", p->run.patience, "seed",
        seed, "threads", p->run.n_threads, "corpus", corpus, "targets", names_json(&x->data),
        "config", (json_t *)(uintptr_t)nd_network_config(x->network));
    if (!x->run.settings ||
        (x->shared && json_object_set_new(x->run.settings, "shared", json_string(shared))))
        return nd_run_no_memory(&x->run);
    return 0;
}

/* ---- storage ------------------------------------------------------------------- */

static int most_clips(const nd_clip_files *files)
{
    int most = 0;
    for (int i = 0; i < files->n; i++) most = ND_MAX(most, files->files[i].n_clips);
    return most;
}

static int make_storage(nd_pretraining *x)
{
    const nd_clip_data *d = &x->data;
    size_t clip = (size_t)(d->T * d->F) * sizeof(float), B = (size_t)x->p.run.batch;
    size_t n = (size_t)most_clips(&d->val), K = (size_t)d->K;
    size_t D = (size_t)nd_network_size_of(x->network).D;
    x->clips = nd_calloc(B, clip);
    x->targets = nd_calloc(B, sizeof *x->targets);
    if (x->p.multi_label) x->labels = nd_calloc(B, K * sizeof(float));
    x->file_clips = nd_calloc(n, clip);
    x->embeddings = nd_calloc(n, D * sizeof(float));
    x->logits = nd_calloc(n, K * sizeof(float));
    bool whole = x->clips && x->targets && (x->labels || !x->p.multi_label) && x->file_clips &&
                 x->embeddings && x->logits;
    int rc = whole ? nd_clip_batches_create(&x->batches, d, x->p.run.batch, x->p.run.seed,
                                            x->p.jitter)
                   : ND_ENOMEM;
    return rc ? nd_run_no_memory(&x->run) : 0;
}

static void begin_report(nd_pretraining *x)
{
    const nd_clip_data *d = &x->data;
    nd_pretrain_report *r = &x->report;
    r->n_classes = d->K;
    r->n_train_files = d->train.n;
    r->n_val_files = d->val.n;
    r->n_train_clips = d->train.n_clips;
    r->n_val_clips = d->val.n_clips;
    r->n_left_out = d->n_left_out;
    r->run.n_parameters = nd_params_size(nd_network_params(x->network));
    r->chance = 1.0 / d->K;
    x->run.values = nd_network_params(x->network);
    x->run.best = nd_network_params(x->best);
    x->run.epoch_steps = (d->train.n_clips + x->p.run.batch - 1) / x->p.run.batch;
}

static int make_trainer(nd_pretraining *x)
{
    nd_trainer_params t = {.n_threads = x->p.run.n_threads,
                           .seed = x->p.run.seed,
                           .label_smoothing = (float)x->p.smoothing,
                           .adam = {.max_norm = MAX_NORM, .weight_decay = WEIGHT_DECAY}};
    int rc = nd_trainer_create(&x->trainer, x->network, &t, x->run.diag);
    if (!rc && x->shared && nd_trainer_freeze(x->trainer, find_classifier(x->network)))
        rc = nd_run_no_memory(&x->run);
    return rc;
}

static int open_models(nd_pretraining *x)
{
    int rc = x->p.share ? nd_model_open(&x->shared, x->p.share, x->run.diag) : 0;
    if (!rc && x->p.with) rc = nd_model_open(&x->with, x->p.with, x->run.diag);
    nd_network *n = NULL;
    if (!rc && x->with)
        rc = nd_model_network(&n, x->with, nd__pretrain_other(x->report.part), x->run.diag);
    return rc;
}

int nd__pretrain_setup(nd_pretraining *x, nd_medium medium)
{
    int rc = check_params(x, medium);
    if (!rc) rc = begin_run(x, medium);
    if (!rc) rc = nd_clip_data_open(&x->data, x->dir, medium, x->p.targets, x->run.diag);
    if (!rc) rc = open_models(x);
    if (!rc) rc = make_network(&x->network, x);
    if (!rc) rc = make_network(&x->best, x);
    if (!rc) rc = make_settings(x);
    if (!rc && x->shared) rc = share(x);
    if (!rc) rc = make_storage(x);
    if (!rc) rc = make_trainer(x);
    if (!rc) begin_report(x);
    return rc;
}

void nd__pretrain_deinit(nd_pretraining *x)
{
    nd_trainer_destroy(&x->trainer);
    nd_clip_batches_destroy(&x->batches);
    nd_network_destroy(&x->network);
    nd_network_destroy(&x->best);
    nd_model_close(&x->shared);
    nd_model_close(&x->with);
    nd_clip_data_deinit(&x->data);
    nd_run_deinit(&x->run);
    free(x->clips);
    free(x->labels);
    free(x->targets);
    free(x->file_clips);
    free(x->embeddings);
    free(x->logits);
}
