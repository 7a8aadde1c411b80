/* needledrop similar: rank tracks like one track. */
#include <stdio.h>

#include "cli.h"

static int rank_like(cli *c, const cli_query *q)
{
    nd_diag diag = {0};
    nd_ranking *ranking = NULL;
    if (nd_similar(&ranking, q->libraries, q->n_libraries, c->args[1], &q->params, &diag))
        return cli_fail(c, &diag);
    int status = CLI_DONE;
    if (c->json) {
        char *json = NULL;
        int rc = nd_rankings_json(&json, "tracks", &ranking, 1, NULL, 0);
        status = cli_print_json(c, rc, json);
    } else {
        cli_print_ranking(ranking, q->params.n_hits);
    }
    nd_ranking_destroy(&ranking);
    return status;
}

static int run(cli *c)
{
    cli_query query;
    int status = cli_query_open(c, &query);
    if (status) return status;
    status = rank_like(c, &query);
    cli_query_close(&query);
    return status;
}

static const cli_option options[] = {
    CLI_QUERY_OPTIONS,
    CLI_RANKER_OPTIONS,
    {0},
};

const cli_command cli_similar = {
    .name = "similar",
    .args = "LIBRARY TRACK",
    .summary = "rank tracks like this one",
    .help = "TRACK is the path of a track of the library, the end of one, or any music file.",
    .example = "needledrop similar music.nd caves_1.ogg -k 5",
    .options = options,
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
