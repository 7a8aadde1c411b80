/* needledrop pretrain: a network of one medium learns the tags of a corpus, clip by clip. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "needledrop/pretrain.h"
#include "training.h"

/* ---- the curve ----------------------------------------------------------------- */

static void after_epoch(void *user, const nd_pretrain_report *r)
{
    static const struct {
        const char *label;
        size_t offset;
        bool is_share;
    } kinds[] = {
        {"training", offsetof(nd_pretrain_epoch, train_loss), false},
        {"validation", offsetof(nd_pretrain_epoch, val_loss), false},
        {"training, clips", offsetof(nd_pretrain_epoch, train_accuracy), true},
        {"validation, clips", offsetof(nd_pretrain_epoch, val_clip_accuracy), true},
        {"validation, files", offsetof(nd_pretrain_epoch, val_item_accuracy), true},
    };
    training_picture *picture = user;
    training_curves curves = {
        .epochs = r->epochs, .epoch_bytes = sizeof *r->epochs, .n_epochs = r->run.n_epochs};
    const nd_pretrain_epoch *best = &r->epochs[r->run.best];
    char facts[256];
    if (!picture->path) return;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        training_add_curve(&curves, kinds[i].label, kinds[i].offset, kinds[i].is_share);
    snprintf(facts, sizeof facts,
             "best epoch %d: %.1f %% of validation files right, %.1f %% of clips (%d classes, "
             "chance %.1f %%)",
             r->run.best + 1, 100 * best->val_item_accuracy, 100 * best->val_clip_accuracy,
             r->n_classes, 100 * r->chance);
    training_draw(picture, &curves, r->part, facts, r->run.best);
}

/* ---- what is said ----------------------------------------------------------------- */

static void print_epoch(const nd_pretrain_report *r, int i)
{
    const nd_pretrain_epoch *e = &r->epochs[i];
    printf("%5d  %9.4f  %6.1f %%  %9.4f  %6.1f %%  %6.1f %%%s\n", i + 1, e->train_loss,
           100 * e->train_accuracy, e->val_loss, 100 * e->val_clip_accuracy,
           100 * e->val_item_accuracy, i == r->run.best ? "  written" : "");
}

static void print_report(const cli *c, const nd_pretrain_report *r, const char *out)
{
    char shown[1024];
    printf("%s: %d files, %lld clips to learn from, %d and %lld to check with; %d classes\n",
           r->part, r->n_train_files, (long long)r->n_train_clips, r->n_val_files,
           (long long)r->n_val_clips, r->n_classes);
    if (r->n_left_out) printf("left out, without a target or features: %d files\n", r->n_left_out);
    printf("epoch       loss     right   val loss     clips     files\n");
    for (int i = 0; i < r->run.n_epochs; i++)
        if (training_is_told(c, &r->run, i)) print_epoch(r, i);
    printf("%s: %.1f %% of files right, %.1f %% by chance; %lld parameters, %.1f clips/s, ",
           cli_text(shown, out), 100 * r->epochs[r->run.best].val_item_accuracy, 100 * r->chance,
           (long long)r->run.n_parameters, r->clips_per_s);
    training_print_end(&r->run);
}

static int report(cli *c, const nd_pretrain_report *r, const char *out)
{
    if (!c->json) {
        if (!c->quiet) print_report(c, r, out);
        return CLI_DONE;
    }
    char *json = NULL;
    int rc = nd_pretrain_report_json(&json, r);
    return cli_print_json(c, rc, json);
}

/* ---- options ---------------------------------------------------------------------- */

static int get_params(cli *c, nd_pretrain_params *p)
{
    *p = (nd_pretrain_params){.preset = cli_get(c, "preset"),
                              .targets = cli_get(c, "targets"),
                              .share = cli_get(c, "share"),
                              .with = cli_get(c, "with"),
                              .schedule = cli_get(c, "schedule"),
                              .multi_label = cli_get(c, "multi-label"),
                              .jitter = cli_get(c, "jitter")};
    int status = training_get_params(c, 1, &p->run);
    if (!status) status = cli_get_number(c, "smoothing", 0, 0.9, &p->smoothing);
    if (cli_get(c, "smoothing") && p->smoothing == 0) p->smoothing = -1; /* none */
    return status;
}

static int run(cli *c)
{
    nd_pretrain_params params;
    nd_pretrain_report r = {0};
    nd_diag diag = {0};
    training_picture picture = {.path = cli_get(c, "curve"), .corpus = c->args[1]};
    const char *part = c->args[0], *out = cli_get(c, "out");
    nd_medium medium = !strcmp(part, "music") ? ND_MUSIC : ND_VIDEO;
    if (medium == ND_VIDEO && strcmp(part, "video"))
        return cli_usage(c, "music or video expected, found \"%s\"", part);
    if (!out) return cli_usage(c, "--out: a model to write expected");
    int status = get_params(c, &params);
    if (status) return status;
    params.after_epoch = after_epoch;
    params.user = &picture;
    cli_screen_start(c);
    int rc = nd_pretrain(c->args[1], medium, out, &params, &r, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    status = training_finish(c, report(c, &r, out), &picture);
    nd_pretrain_report_deinit(&r);
    return status;
}

static const cli_option options[] = {
    {"out", 'o', "MODEL", "the model file to write; MODEL.state beside it holds checkpoints"},
    {"preset", 0, "NAME", "size: recommended (default), paper, small, tiny"},
    {"targets", 0, "FILE", "a target a line, then the tags that belong to it (default: the tags)"},
    {"multi-label", 0, NULL, "learn all tags of a file, not the first alone"},
    {"share", 0, "MODEL", "take the classifier of its other part, and keep it as it is"},
    {"with", 0, "MODEL", "copy its other part into the new model"},
    {"jitter", 0, NULL, "change colours and light of video much: what is shown counts alone"},
    {"epochs", 0, "N", "at most (default: 10 of music, 6 of video)"},
    {"patience", 0, "N", "end after N epochs without a better one (default: 5)"},
    {"batch", 0, "N", "clips a step (default: 32 of music, 64 of video)"},
    {"rate", 0, "X", "of learning (default: 0.001)"},
    {"smoothing", 0, "X", "share of a label given to all others (default: 0.1; published: 0)"},
    {"schedule", 0, "NAME", "cosine, after a warm-up (default), or inverse, as published"},
    {"seed", 0, "N", "of parameters, order, dropout (default: 0)"},
    {"checkpoint", 0, "S", "seconds between checkpoints inside an epoch (default: 300)"},
    {"restart", 0, NULL, "begin anew, whatever checkpoint there is"},
    {"log", 0, "FILE", "write an epoch a line, as JSON"},
    {"curve", 0, "FILE.png", "draw loss and accuracy, anew after each epoch"},
    {"jobs", 'j', "N", "threads (default: one a core)"},
    {0},
};

const cli_command cli_pretrain = {
    .name = "pretrain",
    .args = "music|video CORPUS",
    .summary = "train the network that hears music, or sees video, on a corpus's tags",
    .help = "CORPUS has tags (needledrop tags) and features (needledrop extract). Clips come as\n"
            "often from each tag as from any other; the network of the best epoch on the\n"
            "validation files is written. It may be stopped at any moment: the same command goes\n"
            "on from the checkpoint, to the same model.",
    .example = "needledrop pretrain music corpus --out music.safetensors --curve music.png\n"
               "  needledrop pretrain video corpus --out both.safetensors \\\n"
               "      --with music.safetensors --share music.safetensors",
    .options = options,
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
