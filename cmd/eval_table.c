/* needledrop eval --table: the paper's tables, trained and measured on a corpus. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "needledrop/tables.h"

/* ---- options ------------------------------------------------------------------------- */

/* Options that say nothing here. */
static int check_options(const cli *c)
{
    static const char *const never[] = {"model",     "split",     "tags",     "rerank",  "against",
                                        "control",   "probe",     "synonyms", "ranking", "relevant",
                                        "relevance", "resamples", "seed"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (cli_get(c, never[i])) return cli_usage(c, "--%s does not go with --table", never[i]);
    return c->n_args ? CLI_DONE : cli_usage(c, "CORPUS expected, found 0 arguments");
}

static int parse(cli *c, nd_tables_params *p)
{
    const char *name = cli_get(c, "table");
    *p = (nd_tables_params){
        .models = cli_get(c, "models"), .log = &c->log, .progress = &c->progress};
    int status = check_options(c), k = 0;
    if (status) return status;
    while (k < ND_N_TABLES && strcmp(name, nd_table_name((nd_table)k))) k++;
    if (k == ND_N_TABLES)
        return cli_usage(c, "--table: collected or himv expected, found %s", name);
    p->table = (nd_table)k;
    status = cli_get_int(c, "seeds", 1, 100, &p->n_seeds);
    if (!status) status = cli_get_int(c, "ablation-seeds", 0, 100, &p->n_ablation_seeds);
    if (cli_get(c, "ablation-seeds") && !p->n_ablation_seeds) p->n_ablation_seeds = -1;
    if (!status) status = cli_get_int(c, "epochs", 1, 100000, &p->n_epochs);
    return status ? status : cli_get_int(c, "jobs", 1, 256, &p->n_jobs);
}

/* ---- the plan ------------------------------------------------------------------------ */

/* On stdout where that is what was asked for, else on stderr before the work starts. */
static int show_plan(cli *c, const nd_tables_params *p, bool is_all, int *n_missing_out)
{
    nd_tables_plan plan = {0};
    nd_diag diag = {0};
    char *text = NULL;
    int rc = nd_tables_plan_make(&plan, c->args[0], p, &diag);
    if (rc) return cli_fail(c, &diag);
    *n_missing_out = plan.n_missing;
    if (is_all || (plan.n_missing && !c->quiet))
        rc = is_all && c->json ? nd_tables_plan_json(&text, &plan)
                               : nd_tables_plan_text(&text, &plan);
    nd_tables_plan_deinit(&plan);
    if (is_all) return eval_print(c, rc, text);
    if (text) fputs(text, stderr);
    free(text);
    return rc ? cli_fail(c, &(nd_diag){.code = rc}) : CLI_DONE;
}

/* ---- the work ------------------------------------------------------------------------ */

/* Steps that failed were told by the log; they are listed with what is missing. */
static int make_products(cli *c, const nd_tables_params *p, int *n_failed_out)
{
    nd_diag diag = {0};
    char *failures = NULL;
    cli_screen_start(c);
    int rc = nd_tables_make(c->args[0], p, &failures, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    for (const char *at = failures; at && (at = strchr(at, '\n')); at++) ++*n_failed_out;
    free(failures);
    return CLI_DONE;
}

/* What the path held stays until all is written. */
static int write_text(cli *c, const char *path, const char *text)
{
    char part[4096];
    int n = snprintf(part, sizeof part, "%s.part", path);
    FILE *file = n < (int)sizeof part ? fopen(part, "w") : NULL;
    bool is_written = file && fputs(text, file) >= 0;
    nd_diag diag = {0};
    if (file && fclose(file)) is_written = false;
    if (is_written && !rename(part, path)) return CLI_DONE;
    nd_diag_set(&diag, ND_EIO, "writing %s: %s", path, strerror(errno));
    return cli_fail(c, &diag);
}

static int write_files(cli *c, const nd_tables_report *report)
{
    const char *csv = cli_get(c, "csv"), *plot = cli_get(c, "plot");
    nd_diag diag = {0};
    char *text = NULL;
    int status = CLI_DONE;
    if (csv && nd_tables_report_csv(&text, report))
        return cli_fail(c, &(nd_diag){.code = ND_ENOMEM});
    if (csv) status = write_text(c, csv, text);
    free(text);
    if (plot && nd_tables_report_picture(plot, report, &diag)) status = cli_fail(c, &diag);
    return status;
}

static int print_report(cli *c, const nd_tables_params *p)
{
    nd_tables_report report = {0};
    nd_diag diag = {0};
    char *text = NULL;
    if (nd_tables_read(&report, c->args[0], p, &diag)) return cli_fail(c, &diag);
    int status = write_files(c, &report);
    int rc = c->json ? nd_tables_report_json(&text, &report)
                     : nd_tables_report_text(&text, &report, cli_get(c, "markdown"));
    nd_tables_report_deinit(&report);
    int printed = eval_print(c, rc, text);
    return status ? status : printed;
}

int eval_table(cli *c)
{
    nd_tables_params p;
    int n_missing = 0, n_failed = 0, status = parse(c, &p);
    if (status) return status;
    bool is_plan = cli_get(c, "plan");
    if (is_plan || !cli_get(c, "no-train")) status = show_plan(c, &p, is_plan, &n_missing);
    if (status || is_plan) return status;
    if (n_missing) status = make_products(c, &p, &n_failed);
    if (!status) status = print_report(c, &p);
    return status ? status : n_failed ? CLI_SOME_FAILED : CLI_DONE;
}
