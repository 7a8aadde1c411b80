/* needledrop train: a matching model learns from a corpus which video goes with which track. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "needledrop/train.h"
#include "training.h"

/* ---- the curve ----------------------------------------------------------------- */

/* A panel has four colours: the losses that come first in the model's list, and their sum. */
enum { N_CURVES = 7 };

static void add_losses(training_curves *curves, const nd_train_report *r)
{
    size_t offset = offsetof(nd_train_epoch, losses);
    for (int i = 0; i < r->n_losses && curves->n < N_CURVES; i++, offset += sizeof(double))
        if (r->weights[i] > 0) training_add_curve(curves, r->loss_names[i], offset, false);
}

static void after_epoch(void *user, const nd_train_report *r)
{
    training_picture *picture = user;
    training_curves curves = {
        .epochs = r->epochs, .epoch_bytes = sizeof *r->epochs, .n_epochs = r->run.n_epochs};
    const nd_train_epoch *best = &r->epochs[r->run.best];
    char facts[256];
    if (!picture->path) return;
    training_add_curve(&curves, "R@1", offsetof(nd_train_epoch, val_recall[0]), true);
    training_add_curve(&curves, "R@10", offsetof(nd_train_epoch, val_recall[2]), true);
    training_add_curve(&curves, "MRR", offsetof(nd_train_epoch, val_mrr), true);
    training_add_curve(&curves, "all losses", offsetof(nd_train_epoch, loss), false);
    add_losses(&curves, r);
    snprintf(facts, sizeof facts,
             "best epoch %d: R@1 %.1f %%, R@10 %.1f %% of %d videos among %d tracks (chance %.1f "
             "%%)",
             r->run.best + 1, 100 * best->val_recall[0], 100 * best->val_recall[2], r->n_val_videos,
             r->n_val_tracks, 100 * r->chance_10);
    training_draw(picture, &curves, "matching", facts, r->run.best);
}

/* ---- what is said ----------------------------------------------------------------- */

static void print_head(const nd_train_report *r)
{
    printf("epoch      loss");
    for (int i = 0; i < r->n_losses; i++)
        if (r->weights[i] > 0) printf("  %9.9s", r->loss_names[i]);
    for (int k = 0; k < ND_EVAL_N_CUTS; k++) printf("   R@%-2d %%", nd_eval_cut(k));
    printf("     MRR\n");
}

static void print_epoch(const nd_train_report *r, int i)
{
    const nd_train_epoch *e = &r->epochs[i];
    printf("%5d  %8.4f", i + 1, e->loss);
    for (int l = 0; l < r->n_losses; l++)
        if (r->weights[l] > 0) printf("  %9.4f", e->losses[l]);
    for (int k = 0; k < ND_EVAL_N_CUTS; k++) printf("  %6.1f", 100 * e->val_recall[k]);
    printf("  %6.3f%s\n", e->val_mrr, i == r->run.best ? "  written" : "");
}

static void print_speed(const nd_train_report *r)
{
    printf("%.1f steps/s; %.3f GFLOP of matrix products a step, at %.1f GFLOP/s of processor time: "
           "%.0f %% of the sgemm peak of one thread (%.1f)\n",
           r->steps_per_s, r->gflop_a_step, r->gflop_per_s,
           r->peak_gflop_per_s > 0 ? 100 * r->gflop_per_s / r->peak_gflop_per_s : 0,
           r->peak_gflop_per_s);
}

static void print_report(const cli *c, const nd_train_report *r, const char *out)
{
    char shown[1024];
    printf("%d pairs to learn from, %d videos to search for among %d tracks to check with\n",
           r->n_pairs, r->n_val_videos, r->n_val_tracks);
    if (r->n_left_out) printf("left out, without features: %d pairs\n", r->n_left_out);
    print_head(r);
    for (int i = 0; i < r->run.n_epochs; i++)
        if (training_is_told(c, &r->run, i)) print_epoch(r, i);
    if (r->steps_per_s > 0) print_speed(r);
    printf("%s: R@10 %.1f %%, %.1f %% by chance; %lld parameters, ", cli_text(shown, out),
           100 * r->epochs[r->run.best].val_recall[2], 100 * r->chance_10,
           (long long)r->run.n_parameters);
    training_print_end(&r->run);
}

static int report(cli *c, const nd_train_report *r, const char *out)
{
    if (!c->json) {
        if (!c->quiet) print_report(c, r, out);
        return CLI_DONE;
    }
    char *json = NULL;
    int rc = nd_train_report_json(&json, r);
    return cli_print_json(c, rc, json);
}

/* ---- options ---------------------------------------------------------------------- */

/* Values of --loss, and where they are cut apart. */
typedef struct {
    nd_train_weight weights[ND_TRAIN_MAX_LOSSES];
    char names[ND_TRAIN_MAX_LOSSES][64];
    int n;
} losses;

static int get_loss(const cli *c, losses *l, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : 0;
    char *end = NULL;
    double weight = equals ? strtod(equals + 1, &end) : 0;
    if (n == 0 || n >= sizeof l->names[0] || !equals[1] || *end || !(weight >= 0 && weight <= 1e6))
        return cli_usage(c, "--loss: NAME=WEIGHT with a weight of 0 to 1e6 expected, found \"%s\"",
                         text);
    if (l->n == ND_TRAIN_MAX_LOSSES)
        return cli_usage(c, "--loss: %d at most expected", ND_TRAIN_MAX_LOSSES);
    snprintf(l->names[l->n], sizeof l->names[0], "%.*s", (int)n, text);
    l->weights[l->n] = (nd_train_weight){l->names[l->n], (float)weight};
    l->n++;
    return CLI_DONE;
}

static int get_losses(const cli *c, losses *l, nd_train_params *p)
{
    const char *values[CLI_MAX_VALUES + 1];
    int status = CLI_DONE, n = cli_get_all(c, "loss", values);
    for (int i = 0; i < n && !status; i++) status = get_loss(c, l, values[i]);
    p->weights = l->weights;
    p->n_weights = l->n;
    return status;
}

static int get_params(cli *c, nd_train_params *p, losses *l)
{
    *p = (nd_train_params){.extractors = cli_get(c, "extractors"),
                           .model = cli_get(c, "model"),
                           .config = cli_get(c, "config"),
                           .setting = cli_get(c, "setting"),
                           .changes = cli_get(c, "change"),
                           .words = cli_get(c, "words"),
                           .natural = cli_get(c, "natural"),
                           .published = cli_get(c, "published"),
                           .shuffle_pairs = cli_get(c, "shuffle-pairs"),
                           .half = cli_get(c, "half")};
    int status = training_get_params(c, 2, &p->run);
    if (!status) status = cli_get_number(c, "average", 0, 0.9999, &p->average);
    return status ? status : get_losses(c, l, p);
}

static int run(cli *c)
{
    nd_train_params params;
    nd_train_report r = {0};
    nd_diag diag = {0};
    losses l = {.n = 0};
    training_picture picture = {.path = cli_get(c, "curve"), .corpus = c->args[0]};
    const char *out = cli_get(c, "out");
    if (!out) return cli_usage(c, "--out: a model to write expected");
    if (!cli_get(c, "extractors"))
        return cli_usage(c, "--extractors: a model with music and video expected");
    int status = get_params(c, &params, &l);
    if (status) return status;
    params.after_epoch = after_epoch;
    params.user = &picture;
    cli_screen_start(c);
    int rc = nd_train(c->args[0], out, &params, &r, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    status = training_finish(c, report(c, &r, out), &picture);
    nd_train_report_deinit(&r);
    return status;
}

static const cli_option options[] = {
    {"extractors", 'x', "MODEL", "model file with music and video (needledrop pretrain)"},
    {"out", 'o', "MODEL", "the model file to write; MODEL.state beside it holds checkpoints"},
    {"model", 0, "NAME", "ut-cmvmr (default), or a baseline: cbvmr, cmvae"},
    {"config", 0, "NAME", "recommended (default), paper, paper-s"},
    {"setting", 0, "NAME", "what it reads: ae, a-se, se, se+r (default)"},
    {"loss", 0, "NAME=W", "weight of a loss, 0 for none (repeat for more)"},
    {"change", 0, "JSON", "keys of its configuration, '{\"add_cross\": 0}' (docs/models.md)"},
    {"words", 0, "FILE", ".vec file of words that the model then knows (default: the tags')"},
    {"natural", 0, NULL, "pairs as often as they are (default: each tag as often as any other)"},
    {"published", 0, NULL, "rhythm and motion as published"},
    {"shuffle-pairs", 0, NULL, "give each video another's track: what is learned then is a leak"},
    {"half", 0, NULL, "write values as half floats"},
    {"epochs", 0, "N", "at most (default: 40)"},
    {"patience", 0, "N", "end after N epochs without a better one (default: 7; paper 20)"},
    {"average", 0, "X", "keep a running mean of the values, X of it the old (default: 0.99)"},
    {"batch", 0, "N", "pairs a step (default: 64)"},
    {"rate", 0, "X", "of learning (default: 0.001; paper 0.0003)"},
    {"seed", 0, "N", "of parameters, batches, dropout (default: 0)"},
    {"checkpoint", 0, "S", "seconds between checkpoints, at an epoch's end (default: 5)"},
    {"restart", 0, NULL, "begin anew, whatever checkpoint there is"},
    {"log", 0, "FILE", "write an epoch a line, as JSON"},
    {"curve", 0, "FILE.png", "draw losses and recall, anew after each epoch"},
    {"jobs", 'j', "N", "threads that embed and validate (default: one a core)"},
    {0},
};

const cli_command cli_train = {
    .name = "train",
    .args = "CORPUS",
    .summary = "train a model that matches videos with music",
    .help = "CORPUS has features (needledrop extract) and tags (needledrop tags). Clips are\n"
            "embedded once by the extractors, and kept beside the features. The model of the\n"
            "epoch with the best mean recall on the validation split is written, the extractors\n"
            "with it; the test split is not read. It may be stopped at any moment: the same\n"
            "command goes on from the checkpoint, to the same model.",
    .example = "needledrop train corpus --extractors both.safetensors --out model.safetensors",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
