/* needledrop eval: how well a model finds the music of videos it has not seen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"

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
    int status = parse_tags(c, &p->tags);
    if (!status) status = parse_control(c, &p->control);
    if (!status) status = cli_get_int(c, "rerank", 0, 1000000, &p->rerank);
    if (!status && cli_get(c, "rerank") && !p->rerank) p->rerank = -1;
    if (!status) status = cli_get_int(c, "against-rerank", 0, 1000000, &p->against_rerank);
    if (cli_get(c, "against-rerank") && !p->against_rerank) p->against_rerank = -1;
    if (!status) status = cli_get_int(c, "resamples", 1, 1000000, &p->n_resamples);
    if (!status) status = cli_get_seed(c, "seed", &p->seed);
    return status ? status : cli_get_int(c, "jobs", 1, 4096, &p->n_threads);
}

int eval_print(cli *c, int rc, char *text)
{
    nd_diag diag = {0};
    if (c->json) return cli_print_json(c, rc, text);
    if (rc) {
        nd_diag_set(&diag, rc, "printing the report: out of memory");
        return cli_fail(c, &diag);
    }
    fputs(text, stdout);
    free(text);
    return CLI_DONE;
}

static int measure_model(cli *c, const nd_eval_params *params)
{
    nd_eval_report report = {0};
    nd_diag diag = {0};
    char *text = NULL;
    if (!c->n_args) return cli_usage(c, "CORPUS expected, found 0 arguments");
    if (!params->model) return cli_usage(c, "--model FILE is needed");
    cli_screen_start(c);
    int rc = nd_eval(c->args[0], params, &report, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    rc = c->json ? nd_eval_report_json(&text, &report)
                 : nd_eval_report_text(&text, &report, cli_get(c, "markdown"));
    nd_eval_report_deinit(&report);
    return eval_print(c, rc, text);
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
    if (cli_get(c, "table")) return eval_table(c);
    int status = parse(c, &params);
    if (status) return status;
    return cli_get(c, "relevance") || cli_get(c, "ranking") ? eval_relevance(c, &params)
                                                            : measure_model(c, &params);
}

static const cli_option options[] = {
    {"model", 'm', "FILE", "model file with music, video and match"},
    {"split", 0, "NAME", "test (default), val or train"},
    {"tags", 0, "ROW", "none, predicted, user or true (repeat for more; default: all)"},
    {"rerank", 0, "N", "first tracks that the pair scorer orders anew (default: 100; 0: none)"},
    {"against", 0, "FILE", "another model: differences on the same videos"},
    {"against-rerank", 0, "N", "the same of it; 0, of one model: what the scorer is worth"},
    {"control", 0, "NAME", "clips, rhythm, first-clip or last-clip: take it from the items"},
    {"probe", 0, NULL, "what a linear classifier reads from one clip's embedding"},
    {"synonyms", 0, "FILE", "tags that are one (default: CORPUS/synonyms.txt)"},
    {"relevance", 0, "FILE", "measure by what people judged: lines of video, track, grade"},
    {"relevant", 0, "G", "grade from which a track is a hit (default: 1)"},
    {"ranking", 0, "FILE", "with --relevance: measure this (recommend --json, or lines)"},
    {"resamples", 0, "N", "of the intervals (default: 2000)"},
    {"seed", 0, "S", "of intervals and controls (default: 0)"},
    {"jobs", 'j', "N", "threads (default: one a core)"},
    {"markdown", 0, NULL, "tables as Markdown"},
    {"table", 0, "NAME", "train and measure the paper's table: collected or himv"},
    {"models", 0, "DIR", "with --table: what is made (default: CORPUS/tables; or of make ladder)"},
    {"seeds", 0, "N", "with --table: of every system (default: 3)"},
    {"ablation-seeds", 0, "N", "with --table: of every ablation (default: 1; 0: none)"},
    {"epochs", 0, "N", "with --table: of every training, at most, to try things"},
    {"plan", 0, NULL, "with --table: say what is missing and for how long, and stop"},
    {"no-train", 0, NULL, "with --table: print what is there"},
    {"csv", 0, "FILE", "with --table: write every figure, a line each"},
    {"plot", 0, "FILE.png", "with --table: draw recall over K"},
    {0},
};

const cli_command cli_eval = {
    .name = "eval",
    .args = "[CORPUS]",
    .summary = "measure how well a model finds the music of unseen videos",
    .help =
        "Every video of the split asks for its track among all tracks of the split and of\n"
        "gallery.jsonl. Recall@1, 5, 10, 25, median rank, MRR and nDCG@10 both ways, with\n"
        "95 % intervals over tracks; then with what tags may be known. \"true tag\" is an\n"
        "oracle: it knows the answer's tag, as the published figures do. With --relevance the\n"
        "judged videos ask, and hits, MRR and nDCG come from the grades that people gave.\n"
        "--table trains what is missing of the paper's systems, which takes hours: it says how\n"
        "long before it starts, and goes on where it was stopped.",
    .example = "needledrop eval corpus --model model.safetensors\n"
               "  needledrop eval corpus --model a.safetensors --against b.safetensors --json\n"
               "  needledrop eval corpus --model a.safetensors --relevance judged.tsv\n"
               "  needledrop eval --relevance judged.tsv --ranking results.json\n"
               "  needledrop eval --table collected corpus --plot recall.png",
    .options = options,
    .min_args = 0,
    .max_args = 1,
    .run = run,
};
