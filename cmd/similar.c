/* needledrop similar: rank tracks like one track. */
#include <stdio.h>

#include "cli.h"

static int rank_like(cli *c, cli_libraries *l, const nd_rank_params *params)
{
    nd_diag diag = {0};
    nd_ranking *ranking = NULL;
    if (nd_similar(&ranking, l->open, l->n, c->args[1], params, &diag)) return cli_fail(c, &diag);
    int status = CLI_DONE;
    if (c->json) {
        char *json = NULL;
        int rc = nd_rankings_json(&json, "tracks", &ranking, 1);
        status = cli_print_json(c, rc, json);
    } else {
        cli_print_ranking(ranking, params->n_hits);
    }
    nd_ranking_destroy(&ranking);
    return status;
}

static int run(cli *c)
{
    cli_filter filter;
    int status = cli_filter_parse(c, &filter);
    nd_rank_params params = {
        .n_hits = 10, .filter = &filter.filter, .ranker = cli_get(c, "ranker"), .log = &c->log};
    if (!status) status = cli_get_int(c, "results", 1, 100000, &params.n_hits);
    if (!status) status = cli_get_int(c, "jobs", 1, 256, &params.n_threads);
    cli_libraries libraries;
    if (!status) status = cli_libraries_open(c, &libraries);
    if (status) return status;
    status = rank_like(c, &libraries, &params);
    cli_libraries_close(&libraries);
    return status;
}

static const cli_option options[] = {
    {"results", 'k', "N", "how many tracks (default: 10)"},
    {"also", 0, "LIBRARY", "search this library too (repeat for more)"},
    {"ranker", 0, "NAME", "how to rank (default: rhythm)"},
    {"jobs", 'j', "N", "threads (default: one a core)"},
    CLI_FILTER_OPTIONS,
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
