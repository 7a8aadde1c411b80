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

static int no_memory(const nd_pretraining *x)
{
    return nd_diag_set(x->diag, ND_ENOMEM, "training %s: out of memory", x->report.part);
}

/* ---- parameters ---------------------------------------------------------------- */

static void fill_defaults(nd_pretrain_params *p)
{
    if (!p->preset) p->preset = "recommended";
    if (!p->schedule) p->schedule = "cosine";
    if (!p->n_epochs) p->n_epochs = 12;
    if (!p->batch) p->batch = 32;
    if (!p->patience) p->patience = 5;
    if (p->rate == 0) p->rate = 0.001;
    if (p->smoothing == 0) p->smoothing = 0.1;
    if (p->smoothing < 0 || p->multi_label) p->smoothing = 0;
    if (p->checkpoint_s == 0) p->checkpoint_s = 300;
    if (!p->n_threads) p->n_threads = nd_core_count();
    p->n_threads = ND_MIN(ND_MIN(p->n_threads, p->batch), ND_TEAM_MAX);
}

static int check_numbers(const nd_pretraining *x)
{
    const nd_pretrain_params *p = &x->p;
    if (p->n_epochs < 1 || p->n_epochs > 100000 || p->batch < 1 || p->batch > 65536 ||
        p->patience < 1 || p->n_threads < 1)
        return nd_diag_set(x->diag, ND_EARG,
                           "pretraining: 1 .. 100000 epochs, 1 .. 65536 clips a step, a patience "
                           "and threads of 1 or more expected, found %d, %d, %d, %d",
                           p->n_epochs, p->batch, p->patience, p->n_threads);
    if (!(p->smoothing >= 0 && p->smoothing < 1))
        return nd_diag_set(x->diag, ND_EARG, "smoothing: a number below 1 expected, found %g",
                           p->smoothing);
    if (!(p->rate > 0 && p->rate <= 1) || !(p->checkpoint_s >= 0))
        return nd_diag_set(x->diag, ND_EARG,
                           "pretraining: a rate above 0 and at most 1 and seconds of 0 or more "
                           "expected, found %g and %g",
                           p->rate, p->checkpoint_s);
    return 0;
}

static int check_params(nd_pretraining *x, nd_medium medium)
{
    if (!x->dir || !x->path || (medium != ND_MUSIC && medium != ND_VIDEO))
        return nd_diag_set(x->diag, ND_EARG,
                           "pretraining: a corpus, a medium and a model's path expected");
    fill_defaults(&x->p);
    if (strcmp(x->p.schedule, "cosine") && strcmp(x->p.schedule, "inverse"))
        return nd_diag_set(x->diag, ND_EARG, "schedule: cosine or inverse expected, found %s",
                           x->p.schedule);
    if (x->p.jitter && medium == ND_MUSIC)
        return nd_diag_set(x->diag, ND_EARG,
                           "jitter: pictures expected, music has no colours to change");
    return check_numbers(x);
}

/* ---- network ------------------------------------------------------------------- */

static int make_network(nd_network **out, const nd_pretraining *x)
{
    const nd_clip_data *d = &x->data;
    json_t *config = nd_network_preset(NULL, x->p.preset, d->array, d->K);
    if (!config)
        return nd_diag_set(x->diag, ND_EARG,
                           "preset: recommended, paper, small or tiny expected, found %s",
                           x->p.preset);
    int rc = nd_network_create(out, config, x->report.part, x->diag);
    json_decref(config);
    if (rc) return rc;
    nd_params_init(nd_network_params(*out), x->p.seed);
    int64_t F = nd_network_size_of(*out).F;
    if (F == d->F) return 0;
    return nd_diag_set(x->diag, ND_EFORMAT,
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
    int rc = nd_model_network(&other, x->shared, part, x->diag);
    if (rc) return rc;
    if (has_other_targets(x->shared, part, json_object_get(x->settings, "targets")))
        return nd_diag_set(x->diag, ND_EFORMAT,
                           "sharing the classifier of %s: the same targets in the same order "
                           "expected, found others",
                           x->p.share);
    int from = find_classifier(other), to = find_classifier(x->network);
    nd_tensor *a = from < 0 ? NULL : nd_params_tensor(nd_network_params(other), 0, from);
    nd_tensor *b = to < 0 ? NULL : nd_params_tensor(nd_network_params(x->network), 0, to);
    if (!a || !b || a->dims[0] != b->dims[0] || a->dims[1] != b->dims[1])
        return nd_diag_set(x->diag, ND_EFORMAT,
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
        rc = nd_model_fingerprint(&print, x->shared, nd__pretrain_other(x->report.part), x->diag);
    if (rc) return rc;
    snprintf(seed, sizeof seed, "%" PRIu64, p->seed);
    snprintf(corpus, sizeof corpus, "%016" PRIx64, x->data.digest);
    if (x->shared) snprintf(shared, sizeof shared, "%016" PRIx64, print);
    x->settings = json_pack(
        "{s:s, s:s, s:s, s:b, s:b, s:i, s:i, s:f, s:f, s:s, s:i, s:s, s:i, s:s, s:o, s:O}", "part",
        x->report.part, "preset", p->preset, "loss",
        p->multi_label ? "binary cross-entropy" : "cross-entropy", "jitter", p->jitter, "shares",
        x->shared != NULL, "epochs", p->n_epochs, "batch", p->batch, "rate", p->rate, "smoothing",
        p->smoothing, "schedule", p->schedule, "patience", p->patience, "seed", seed, "threads",
        p->n_threads, "corpus", corpus, "targets", names_json(&x->data), "config",
        (json_t *)(uintptr_t)nd_network_config(x->network));
    if (!x->settings ||
        (x->shared && json_object_set_new(x->settings, "shared", json_string(shared))))
        return no_memory(x);
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
    size_t clip = (size_t)(d->T * d->F) * sizeof(float), B = (size_t)x->p.batch;
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
    int rc = whole ? nd_clip_batches_create(&x->batches, d, x->p.batch, x->p.seed, x->p.jitter)
                   : ND_ENOMEM;
    return rc ? no_memory(x) : 0;
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
    r->n_parameters = nd_params_size(nd_network_params(x->network));
    r->chance = 1.0 / d->K;
    r->best = -1;
    x->epoch_steps = (d->train.n_clips + x->p.batch - 1) / x->p.batch;
}

static int make_trainer(nd_pretraining *x)
{
    nd_trainer_params t = {.n_threads = x->p.n_threads,
                           .seed = x->p.seed,
                           .label_smoothing = (float)x->p.smoothing,
                           .adam = {.max_norm = MAX_NORM, .weight_decay = WEIGHT_DECAY}};
    int rc = nd_trainer_create(&x->trainer, x->network, &t, x->diag);
    if (!rc && x->shared && nd_trainer_freeze(x->trainer, find_classifier(x->network)))
        rc = no_memory(x);
    return rc;
}

static int open_models(nd_pretraining *x)
{
    int rc = x->p.share ? nd_model_open(&x->shared, x->p.share, x->diag) : 0;
    if (!rc && x->p.with) rc = nd_model_open(&x->with, x->p.with, x->diag);
    nd_network *n = NULL;
    if (!rc && x->with)
        rc = nd_model_network(&n, x->with, nd__pretrain_other(x->report.part), x->diag);
    return rc;
}

int nd__pretrain_setup(nd_pretraining *x, nd_medium medium)
{
    nd_str state = {0};
    int rc = check_params(x, medium);
    if (rc) return rc;
    x->report.part = medium == ND_MUSIC ? "music" : "video";
    nd_str_append(&state, "%s.state", x->path);
    if (!(x->state_path = nd_str_take(&state))) return no_memory(x);
    rc = nd_clip_data_open(&x->data, x->dir, medium, x->p.targets, x->diag);
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
    json_decref(x->settings);
    free(x->state_path);
    free(x->clips);
    free(x->labels);
    free(x->targets);
    free(x->file_clips);
    free(x->embeddings);
    free(x->logits);
}
