/* needledrop find: tracks for words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* The words after the library, with spaces between. @return malloc'ed; NULL: no memory */
static char *join_words(const cli *c)
{
    size_t n = 1;
    for (int i = 1; i < c->n_args; i++) n += strlen(c->args[i]) + 1;
    char *words = calloc(n, 1);
    for (int i = 1; i < c->n_args && words; i++) {
        strcat(words, c->args[i]);
        if (i + 1 < c->n_args) strcat(words, " ");
    }
    return words;
}

static int print_found(cli *c, const nd_ranking *ranking, int n_wanted)
{
    char *json = NULL;
    if (c->json) {
        int rc = nd_found_json(&json, ranking);
        return cli_print_json(c, rc, json);
    }
    cli_print_ranking(ranking, n_wanted);
    return CLI_DONE;
}

static int run(cli *c)
{
    cli_query query;
    nd_diag diag = {0};
    nd_ranking *ranking = NULL;
    int status = cli_query_open(c, &query);
    if (status) return status;
    char *words = join_words(c);
    if (!words) nd_diag_set(&diag, ND_ENOMEM, "reading the words: out of memory");
    else nd_find(&ranking, query.libraries, query.n_libraries, words, &query.params, &diag);
    status = ranking ? print_found(c, ranking, query.params.n_hits) : cli_fail(c, &diag);
    nd_ranking_destroy(&ranking);
    free(words);
    cli_query_close(&query);
    return status;
}

static const cli_option options[] = {
    CLI_QUERY_OPTIONS,
    {0},
};

const cli_command cli_find = {
    .name = "find",
    .args = "LIBRARY WORDS...",
    .summary = "rank tracks for words",
    .help = "What the words say is compared with what the model hears and with the tags of the\n"
            "files; \"calmer\", \"no drums\", \"fast\", \"in minor\", \"90 bpm\" with what was "
            "measured.\n"
            "Without a model tags and measures alone count.",
    .example = "needledrop find music.nd slow piano, no drums",
    .options = options,
    .min_args = 2,
    .run = run,
};
