/* needledrop recommend: rank the tracks of a library for each video. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

/* Rank for each video in turn; one that cannot be read does not stop the rest. */
static int rank_all(cli *c, const cli_query *q, nd_ranking **rankings, int *n_out)
{
    nd_diag why = {0};
    nd_searcher *searcher = NULL;
    if (nd_searcher_open(&searcher, q->libraries, q->n_libraries, &q->params, &why))
        return cli_fail(c, &why);
    for (int i = 1; i < c->n_args; i++) {
        nd_diag diag = {0};
        nd_ranking *ranking = NULL;
        if (nd_searcher_recommend(&ranking, searcher, c->args[i], &diag)) {
            cli_fail_input(c, c->args[i], &diag);
            continue;
        }
        if (!c->json) cli_print_ranking(ranking, q->params.n_hits);
        rankings[(*n_out)++] = ranking;
    }
    nd_searcher_close(&searcher);
    return cli_inputs_status(c, *n_out);
}

/* Not where there is nothing to show: what FILE held stays then, too.
 * @return status; CLI_FAILED (message printed) */
static int write_report(cli *c, nd_ranking *const *rankings, int n, int status)
{
    nd_diag diag = {0};
    const char *path = cli_get(c, "report");
    if (!path || !n) return status;
    if (nd_rankings_report(path, rankings, n, c->failures, c->n_failures, &diag))
        return cli_fail(c, &diag);
    return status;
}

static int run(cli *c)
{
    cli_query query;
    const char *report = cli_get(c, "report");
    if (report && !report[0]) return cli_usage(c, "--report: a file expected");
    int n = 0, status = cli_query_open(c, &query);
    if (status) return status;
    query.params.keeps_descriptions = report != NULL;
    nd_ranking **rankings = calloc((size_t)c->n_args, sizeof *rankings);
    status = rankings ? rank_all(c, &query, rankings, &n)
                      : cli_fail(c, &(nd_diag){.code = ND_ENOMEM});
    status = write_report(c, rankings, n, status);
    if (c->json && rankings) {
        char *json = NULL;
        int rc = nd_rankings_json(&json, "videos", rankings, n, c->failures, c->n_failures);
        if (cli_print_json(c, rc, json)) status = CLI_FAILED;
    }
    for (int i = 0; i < n; i++) nd_ranking_destroy(&rankings[i]);
    free(rankings);
    cli_query_close(&query);
    return status;
}

static const cli_option options[] = {
    CLI_QUERY_OPTIONS,
    CLI_RANKER_OPTIONS,
    {"report", 0, "FILE", "write a page of it, too: which clips met, how cuts met beats"},
    {0},
};

const cli_command cli_recommend = {
    .name = "recommend",
    .args = "LIBRARY VIDEO...",
    .summary = "rank tracks for each video",
    .help = "Each track comes with its score and the parts of it, the stretch that fits best,\n"
            "where to start it so that beats meet cuts, and a sentence of why.\n"
            "\n"
            "In a library that is indexed with a model, the model ranks, and the rhythm ranker is\n"
            "its second opinion. --like puts words beside the video: they count for half of the\n"
            "score, and \"calmer\" is calmer than what the video alone would get.\n"
            "\n"
            "--report FILE writes all of it as one page of HTML that needs nothing beside it: the\n"
            "pictures, motion and cuts of each video, and for each track the parts of its score,\n"
            "which of its clips met which of the video's, and how cuts met beats.",
    .example = "needledrop recommend music.nd holiday.mp4 --bpm 90-130 --not-tag vocal",
    .options = options,
    .min_args = 2,
    .run = run,
};
