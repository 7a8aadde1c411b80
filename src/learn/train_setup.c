/* What a training needs before its first step. Of the corpus it opens the training and the
 * validation split; the test split is not embedded and not read. */
#include <inttypes.h>
#include <string.h>

#include "learn/cache_format.h"
#include "learn/tag_learn.h"
#include "learn/train.h"

/* ---- parameters ----------------------------------------------------------------- */

static int unknown_model(const nd_training *x)
{
    nd_str known = {0};
    for (int i = 0; nd_matcher_shelf[i]; i++)
        nd_str_append(&known, "%s%s", i ? ", " : "", nd_matcher_shelf[i]->name);
    int rc = nd_diag_set(x->run.diag, ND_EARG, "model: one of %s expected, found %s",
                         known.text ? known.text : "this build", x->p.model);
    nd_str_deinit(&known);
    return rc;
}

/* Which configurations and settings a model has. */
static int check_preset(const nd_training *x, const nd_matcher_ops *ops)
{
    static const char *const configs[] = {"recommended", "paper", "paper-s"};
    static const char *const settings[] = {"ae", "a-se", "se", "se+r"};
    nd_str known = {0};
    bool is_known = false;
    for (size_t i = 0; i < ND_COUNT(configs) * ND_COUNT(settings); i++) {
        const char *config = configs[i / ND_COUNT(settings)];
        const char *setting = settings[i % ND_COUNT(settings)];
        json_t *preset = ops->preset(config, setting, 1, 1, 0);
        if (preset) nd_str_append(&known, "%s%s %s", known.n ? ", " : "", config, setting);
        is_known |= preset && !strcmp(config, x->p.config) && !strcmp(setting, x->p.setting);
        json_decref(preset);
    }
    int rc = is_known ? 0
                      : nd_diag_set(x->run.diag, ND_EARG,
                                    "config and setting of %s: one of %s expected, found %s %s",
                                    ops->name, known.text ? known.text : "its own", x->p.config,
                                    x->p.setting);
    nd_str_deinit(&known);
    return rc;
}

static int check_params(nd_training *x)
{
    nd_train_params *p = &x->p;
    if (!x->dir || !x->run.path || !p->extractors)
        return nd_diag_set(x->run.diag, ND_EARG,
                           "training: a corpus, a model's path and extractors expected");
    if (!p->model) p->model = "ut-cmvmr";
    if (!p->config) p->config = "recommended";
    if (!p->setting) p->setting = "se+r";
    if (!p->max_words) p->max_words = 2000;
    if (!(p->average >= 0 && p->average <= 0.9999))
        return nd_diag_set(x->run.diag, ND_EARG,
                           "training: an average of 0 .. 0.9999 expected, found %g", p->average);
    if (p->max_words < 0)
        return nd_diag_set(x->run.diag, ND_EARG, "training: 0 words or more expected, found %d",
                           p->max_words);
    const nd_matcher_ops *ops = nd_matcher_find(p->model);
    return ops ? check_preset(x, ops) : unknown_model(x);
}

bool nd__train_is_paper(const nd_training *x)
{
    return !strcmp(x->p.config, "paper") || !strcmp(x->p.config, "paper-s");
}

static int begin_run(nd_training *x)
{
    nd_run_params defaults = {
        .n_epochs = 40, .batch = 64, .patience = 7, .rate = 0.001, .checkpoint_s = 5};
    if (!strcmp(x->p.config, "paper")) defaults.rate = 0.0003;
    /* the published losses fall slowly: for ten epochs there may be nothing to see */
    if (nd__train_is_paper(x)) defaults.patience = 20;
    /* values go to and fro, so that which epoch is the best would be chance */
    if (x->p.average == 0) x->p.average = 0.99;
    x->run.ops = &nd__train_ops;
    x->run.x = x;
    x->run.p = &x->p.run;
    x->run.report = &x->report.run;
    x->run.what = "training";
    int rc = nd_run_begin(&x->run, &defaults, 2);
    x->run.epoch_checkpoint_s = x->p.run.checkpoint_s;
    return rc;
}

/* ---- texts ----------------------------------------------------------------------- */

static int make_words(nd_training *x, const nd_tags *tags)
{
    int n = nd_tags_count(tags);
    const char **names = nd_calloc((size_t)n, sizeof *names);
    if (!names) return nd_run_no_memory(&x->run);
    for (int i = 0; i < n; i++) names[i] = nd_tags_at(tags, i)->name;
    int rc = nd_words_of_vectors(&x->words, nd__tags_vectors(tags), names, n, x->p.max_words,
                                 x->run.diag);
    free(names);
    return rc;
}

static int copy_vectors(nd_training *x)
{
    size_t n = (size_t)nd_words_tag_count(x->words), E = (size_t)nd_words_dim(x->words);
    x->vectors = nd_calloc(n, E * sizeof *x->vectors);
    if (!x->vectors) return nd_run_no_memory(&x->run);
    for (size_t i = 0; i < n; i++)
        memcpy(x->vectors + i * E, nd_words_tag_vector(x->words, (int)i), E * sizeof *x->vectors);
    return 0;
}

/* Pairs with their tags; a corpus without tags has neither texts nor words. */
static int list_pairs(nd_training *x)
{
    nd_tags *tags = NULL;
    int rc = nd_tags_open(&tags, x->dir, x->p.words, x->run.diag);
    if (rc == ND_ENOTFOUND && !x->p.words) {
        nd_log_line(x->p.run.log, ND_LOG_WARNING,
                    "%s has no tags, and the model will know no words; "
                    "needledrop tags makes them",
                    x->dir);
        rc = 0;
    }
    if (!rc && tags) rc = make_words(x, tags);
    if (!rc && tags) rc = copy_vectors(x);
    if (!rc) rc = nd_train_pairs_make(&x->pairs, x->corpus, x->items, tags, ND_TRAIN, x->run.diag);
    nd_tags_close(&tags);
    if (!rc && !x->pairs.has_others)
        rc = nd_diag_set(x->run.diag, ND_EEMPTY, "training: two tracks or more expected in %s",
                         x->dir);
    if (!rc && x->p.shuffle_pairs) nd_train_pairs_shuffle(&x->pairs, x->p.run.seed);
    return rc;
}

/* ---- the model --------------------------------------------------------------------- */

/* "losses" of a configuration: what the caller asks for. */
static int set_losses(json_t *config, const nd_training *x, const nd_matcher_ops *ops)
{
    json_t *losses = json_object_get(config, "losses");
    if (x->p.n_weights && !losses) {
        losses = json_object();
        if (json_object_set_new(config, "losses", losses)) return nd_run_no_memory(&x->run);
    }
    for (int i = 0; i < x->p.n_weights; i++) {
        const nd_train_weight *w = &x->p.weights[i];
        if (json_object_set_new(losses, w->loss, json_real((double)w->weight)))
            return nd_diag_set(x->run.diag, ND_EARG, "training: a loss of %s and a weight expected",
                               ops->name);
    }
    return 0;
}

static int change_config(json_t *config, const nd_training *x)
{
    json_error_t error;
    if (!x->p.changes) return 0;
    json_t *changes = json_loads(x->p.changes, 0, &error);
    int rc = json_is_object(changes) && !json_object_update(config, changes) ? 0 : ND_EARG;
    json_decref(changes);
    return rc ? nd_diag_set(x->run.diag, rc,
                            "training: changes of the configuration: a JSON object expected, found "
                            "%s",
                            x->p.changes)
              : 0;
}

static int make_config(json_t **out, const nd_training *x)
{
    const nd_matcher_ops *ops = nd_matcher_find(x->p.model);
    int D_music = nd_items_width(x->items, ND_MUSIC), D_video = nd_items_width(x->items, ND_VIDEO);
    json_t *config = ops->preset(x->p.config, x->p.setting, D_music, D_video,
                                 x->words ? nd_words_dim(x->words) : 0);
    if (!config) return nd_run_no_memory(&x->run);
    int rc = change_config(config, x);
    if (!rc) rc = set_losses(config, x, ops);
    if (rc) json_decref(config);
    else *out = config;
    return rc;
}

static void name_losses(nd_training *x)
{
    nd_train_report *r = &x->report;
    const nd_matcher_ops *ops = nd_matcher_ops_of(x->matcher);
    const float *weights = nd_matcher_weights(x->matcher);
    for (; r->n_losses < ND_MAX_LOSSES && ops->losses[r->n_losses].name; r->n_losses++) {
        r->loss_names[r->n_losses] = ops->losses[r->n_losses].name;
        r->weights[r->n_losses] = x->weights[r->n_losses] = weights[r->n_losses];
    }
}

static int make_matchers(nd_training *x, const json_t *config)
{
    int rc = nd_matcher_create(&x->matcher, config, x->run.diag);
    if (!rc) rc = nd_matcher_create(&x->best, config, x->run.diag);
    if (!rc) rc = nd_matcher_create(&x->mean, config, x->run.diag);
    if (rc) return rc == ND_EFORMAT ? ND_EARG : rc;
    nd_params *params = x->run.values = nd_matcher_params(x->matcher);
    x->run.best = nd_matcher_params(x->best);
    nd_params_init(params, x->p.run.seed);
    x->run.mean = nd_matcher_params(x->mean);
    nd_params_init(x->run.mean, x->p.run.seed);
    name_losses(x);
    x->report.run.n_parameters = nd_params_size(params);
    return nd_params_train(params, 1) ? nd_run_no_memory(&x->run) : 0;
}

/* ---- what the result depends on --------------------------------------------------------- */

static json_t *hex(uint64_t number)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, number);
    return json_string(text);
}

static uint64_t digest_of(const nd_training *x)
{
    uint64_t parts[3] = {nd_items_digest(x->items)};
    parts[1] = nd__cache_checksum(x->pairs.pairs, (size_t)x->pairs.n * sizeof *x->pairs.pairs);
    if (x->words) {
        size_t n = (size_t)nd_words_tag_count(x->words) * (size_t)nd_words_dim(x->words);
        parts[2] = nd__cache_checksum(x->vectors, n * sizeof *x->vectors);
    }
    return nd__cache_checksum(parts, sizeof parts);
}

static int make_settings(nd_training *x, json_t *config)
{
    const nd_train_params *p = &x->p;
    x->run.settings = json_pack(
        "{s:s, s:s, s:s, s:O, s:o, s:b, s:b, s:b, s:i, s:i, s:i, s:f, s:f, s:o}", "model", p->model,
        "name", p->config, "setting", p->setting, "config", config, "data", hex(digest_of(x)),
        "natural", p->natural, "published", p->published, "shuffle_pairs", p->shuffle_pairs,
        "epochs", p->run.n_epochs, "batch", p->run.batch, "patience", p->run.patience, "rate",
        p->run.rate, "average", p->average, "seed", hex(p->run.seed));
    return x->run.settings ? 0 : nd_run_no_memory(&x->run);
}

/* ---- all of it ------------------------------------------------------------------------- */

static int open_items(nd_training *x)
{
    double started_s = nd_now_s();
    nd_items_params params = {.splits = ND_SPLIT_BIT(ND_TRAIN) | ND_SPLIT_BIT(ND_VAL),
                              .features = nd_matcher_find(x->p.model)->features,
                              .published = x->p.published,
                              .n_threads = x->p.run.n_threads,
                              .log = x->p.run.log,
                              .progress = x->p.run.progress};
    int rc = nd_items_open(&x->items, x->corpus, x->extractors, &params, x->run.diag);
    for (int i = 0; !rc && i < nd_items_count(x->items); i++)
        ND_ASSERT(!nd_items_at(x->items, i) || nd_items_splits(x->items, i) & params.splits);
    x->report.embed_s = nd_now_s() - started_s;
    return rc;
}

/* Of an epoch: with some hundred pairs ten steps would change little from one look at the
 * validation split to the next, and patience would end before much is learned. */
enum { LEAST_STEPS = 32 };

static int make_batches(nd_training *x)
{
    nd_matcher_size size = nd_matcher_size_of(x->matcher);
    nd_pair_batches_params params = {.B = x->p.run.batch,
                                     .seed = x->p.run.seed,
                                     .natural = x->p.natural,
                                     .max_clips = size.learn_clips ? size.learn_clips
                                                                   : size.max_clips,
                                     .vectors = x->vectors,
                                     .E = x->words ? nd_words_dim(x->words) : 0};
    if (nd_pair_batches_create(&x->batches, &x->pairs, x->items, &params) ||
        nd_tape_create(&x->tape, NULL, 0, 0))
        return nd_run_no_memory(&x->run);
    x->run.epoch_steps = ND_MAX(LEAST_STEPS, (x->pairs.n + x->p.run.batch - 1) / x->p.run.batch);
    x->report.n_pairs = x->pairs.n;
    x->report.n_left_out += x->pairs.n_left_out;
    return 0;
}

static int make_model(nd_training *x)
{
    json_t *config = NULL;
    int rc = make_config(&config, x);
    if (!rc) rc = make_matchers(x, config);
    if (!rc) rc = make_settings(x, config);
    json_decref(config);
    return rc ? rc : make_batches(x);
}

static int make_gallery(nd_training *x)
{
    nd_train_report *r = &x->report;
    int rc = nd__train_gallery_make(&x->gallery, x->corpus, x->items, &r->n_left_out, x->run.diag);
    if (rc) return rc;
    r->n_val_videos = x->gallery.n_videos;
    r->n_val_tracks = x->gallery.n_tracks;
    r->chance_10 = r->n_val_tracks > 10 ? 10.0 / r->n_val_tracks : 1;
    return 0;
}

int nd__train_setup(nd_training *x)
{
    int rc = check_params(x);
    if (!rc) rc = begin_run(x);
    if (!rc) rc = nd_corpus_open(&x->corpus, x->dir, x->run.diag);
    if (!rc) rc = nd_model_open(&x->extractors, x->p.extractors, x->run.diag);
    if (!rc) rc = open_items(x);
    if (!rc) rc = list_pairs(x);
    if (!rc) rc = make_gallery(x);
    return rc ? rc : make_model(x);
}

void nd__train_deinit(nd_training *x)
{
    nd_tape_destroy(&x->tape);
    nd_pair_batches_destroy(&x->batches);
    nd_matcher_destroy(&x->matcher);
    nd_matcher_destroy(&x->best);
    nd_matcher_destroy(&x->mean);
    nd__train_gallery_deinit(&x->gallery);
    nd_train_pairs_deinit(&x->pairs);
    nd_words_destroy(&x->words);
    free(x->vectors);
    nd_items_close(&x->items);
    nd_model_close(&x->extractors);
    nd_corpus_close(&x->corpus);
    nd_run_deinit(&x->run);
}
