/* needledrop eval: how well a model finds the music of videos it has not seen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "needledrop/eval.h"

static int parse_tags(const cli *c, unsigned *out)
{
    const char *values[CLI_MAX_VALUES + 1];
    cli_get_all(c, "tags", values);
    for (int i = 0; values[i]; i++) {
        int k = 0;
        while (k < ND_EVAL_N_TAGS && strcmp(values[i], nd_eval_tags_name((nd_eval_tags)k))) k++;
        if (k == ND_EVAL_N_TAGS)
            return cli_usage(c, "--tags: none, predicted, user or true expected, found %s",
                             values[i]);
        *out |= 1u << k;
    }
    return CLI_DONE;
}

static int parse_control(const cli *c, nd_eval_control *out)
{
    const char *value = cli_get(c, "control");
    for (int k = 1; value && k < ND_EVAL_N_CONTROLS; k++)
        if (!strcmp(value, nd_eval_control_name((nd_eval_control)k)))
            return *out = (nd_eval_control)k, CLI_DONE;
    return value ? cli_usage(c,
                             "--control: clips, rhythm, first-clip or last-clip expected, "
                             "found %s",
                             value)
                 : CLI_DONE;
}

static int parse(const cli *c, nd_eval_params *p)
{
    if (!p->model) return cli_usage(c, "--model FILE is needed");
    int status = parse_tags(c, &p->tags);
    if (!status) status = parse_control(c, &p->control);
    if (!status) status = cli_get_int(c, "rerank", 0, 1000000, &p->rerank);
    if (!status && cli_get(c, "rerank") && !p->rerank) p->rerank = -1;
    if (!status) status = cli_get_int(c, "resamples", 1, 1000000, &p->n_resamples);
    if (!status) status = cli_get_seed(c, "seed", &p->seed);
    return status ? status : cli_get_int(c, "jobs", 1, 4096, &p->n_threads);
}

static int print_text(cli *c, const nd_eval_report *report)
{
    nd_diag diag = {0};
    char *text = NULL;
    int rc = nd_eval_report_text(&text, report, cli_get(c, "markdown"));
    if (rc) {
        nd_diag_set(&diag, rc, "printing the report: out of memory");
        return cli_fail(c, &diag);
    }
    fputs(text, stdout);
    free(text);
    return CLI_DONE;
}

static int run(cli *c)
{
    nd_eval_params params = {.model = cli_get(c, "model"),
                             .against = cli_get(c, "against"),
                             .split = cli_get(c, "split"),
                             .synonyms = cli_get(c, "synonyms"),
                             .probe = cli_get(c, "probe"),
                             .log = &c->log,
                             .progress = &c->progress};
    nd_eval_report report = {0};
    nd_diag diag = {0};
    int status = parse(c, &params);
    if (status) return status;
    cli_screen_start(c);
    int rc = nd_eval(c->args[0], &params, &report, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    if (c->json) {
        char *json = NULL;
        rc = nd_eval_report_json(&json, &report);
        status = cli_print_json(c, rc, json);
    } else {
        status = print_text(c, &report);
    }
    nd_eval_report_deinit(&report);
    return status;
}

static const cli_option options[] = {
    {"model", 'm', "FILE", "model file with music, video and match"},
    {"split", 0, "NAME", "test (default), val or train"},
    {"tags", 0, "ROW", "none, predicted, user or true (repeat for more; default: all)"},
    {"rerank", 0, "N", "first tracks that the pair scorer orders anew (default: 100; 0: none)"},
    {"against", 0, "FILE", "another model: differences on the same videos"},
    {"control", 0, "NAME", "clips, rhythm, first-clip or last-clip: take it from the items"},
    {"probe", 0, NULL, "what a linear classifier reads from one clip's embedding"},
    {"synonyms", 0, "FILE", "tags that are one (default: CORPUS/synonyms.txt)"},
    {"resamples", 0, "N", "of the intervals (default: 2000)"},
    {"seed", 0, "S", "of intervals and controls (default: 0)"},
    {"jobs", 'j', "N", "threads (default: one a core)"},
    {"markdown", 0, NULL, "tables as Markdown"},
    {0},
};

const cli_command cli_eval = {
    .name = "eval",
    .args = "CORPUS",
    .summary = "measure how well a model finds the music of unseen videos",
    .help = "Every video of the split asks for its track among all tracks of the split and of\n"
            "gallery.jsonl. Recall@1, 5, 10, 25, median rank, MRR and nDCG@10 both ways, with\n"
            "95 % intervals over tracks; then with what tags may be known. \"true tag\" is an\n"
            "oracle: it knows the answer's tag, as the published figures do.",
    .example = "needledrop eval corpus --model model.safetensors\n"
               "  needledrop eval corpus --model a.safetensors --against b.safetensors --json",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
