/* needledrop eval --relevance: a ranking beside what people judged. */
#include <stdlib.h>

#include "eval.h"

/* Options that say nothing here; those of a model say nothing of a ranking. */
static int check_options(const cli *c, bool has_ranking)
{
    static const char *const never[] = {"tags", "against", "against-rerank", "probe", "synonyms"};
    static const char *const of_model[] = {"model", "split", "rerank", "control", "jobs"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (cli_get(c, never[i]))
            return cli_usage(c, "--%s does not go with --relevance", never[i]);
    for (size_t i = 0; i < sizeof of_model / sizeof of_model[0] && has_ranking; i++)
        if (cli_get(c, of_model[i]))
            return cli_usage(c, "--%s does not go with --ranking", of_model[i]);
    return CLI_DONE;
}

static int parse(const cli *c, const nd_eval_params *params, nd_relevance_params *out)
{
    *out = (nd_relevance_params){cli_get(c, "relevance"), cli_get(c, "ranking"), 0};
    if (!out->relevance) return cli_usage(c, "--ranking needs --relevance FILE");
    int status = check_options(c, out->ranking);
    if (status) return status;
    if (out->ranking && c->n_args) return cli_usage(c, "CORPUS or --ranking expected, found both");
    if (!out->ranking && (!c->n_args || !params->model))
        return cli_usage(c, "--relevance needs CORPUS and --model FILE, or --ranking FILE");
    return cli_get_number(c, "relevant", 1e-6, 1e6, &out->relevant);
}

int eval_relevance(cli *c, const nd_eval_params *params)
{
    nd_relevance_params relevance;
    nd_relevance_report report = {0};
    nd_diag diag = {0};
    char *text = NULL;
    int status = parse(c, params, &relevance);
    if (status) return status;
    cli_screen_start(c);
    int rc = nd_eval_relevance(c->n_args ? c->args[0] : NULL, params, &relevance, &report, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    rc = c->json ? nd_relevance_report_json(&text, &report)
                 : nd_relevance_report_text(&text, &report, cli_get(c, "markdown"));
    nd_relevance_report_deinit(&report);
    return eval_print(c, rc, text);
}
