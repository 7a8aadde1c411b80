/* needledrop list: what is in a library, and what could not be read. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static int print_track(void *user, const nd_track *t)
{
    int64_t *n = user;
    char path[1024], length[16];
    printf("%6s  ", cli_time(length, t->info.duration_s));
    if (t->tempo_bpm > 0) printf("%5.1f bpm", t->tempo_bpm);
    else printf("%9s", "no beat");
    printf("  %-8s  %6.1f LUFS  %s", nd_key_name(t->key, t->is_minor), t->loudness_lufs,
           cli_text(path, t->path));
    for (int i = 0; t->tags[i]; i++) printf("%s%s", i ? ", " : "  [", t->tags[i]);
    printf("%s\n", t->tags[0] ? "]" : "");
    ++*n;
    return 0;
}

static int print_failure(void *user, const nd_failure *f)
{
    int64_t *n = user;
    char path[1024], reason[1024];
    printf("%s\n    %s\n", cli_text(path, f->path), cli_text(reason, f->reason));
    ++*n;
    return 0;
}

static int print_model(cli *c, nd_library *lib)
{
    char name[1024];
    nd_library_facts facts;
    nd_diag diag = {0};
    if (nd_library_count(&facts, lib, &diag)) return cli_fail(c, &diag);
    if (facts.model[0])
        printf("embedded by %s: %lld of %lld\n", cli_text(name, facts.model),
               (long long)facts.n_embedded, (long long)facts.n_tracks);
    return CLI_DONE;
}

static int list(cli *c, nd_library *lib, const nd_filter *filter)
{
    bool failed = cli_get(c, "failed") != NULL;
    if (c->json) {
        char *json = NULL;
        nd_diag diag = {0};
        int rc = failed ? nd_failures_json(&json, lib, &diag)
                        : nd_tracks_json(&json, lib, filter, &diag);
        return rc ? cli_fail(c, &diag) : cli_print_json(c, 0, json);
    }
    int64_t n = 0;
    nd_diag diag = {0};
    int rc = failed ? nd_library_each_failure(lib, print_failure, &n, &diag)
                    : nd_library_each(lib, filter, print_track, &n, &diag);
    if (rc) return cli_fail(c, &diag);
    printf("%lld %s%s\n", (long long)n, failed ? "failed file" : "track", n == 1 ? "" : "s");
    return failed ? CLI_DONE : print_model(c, lib);
}

static int run(cli *c)
{
    cli_filter filter;
    int status = cli_filter_parse(c, &filter);
    if (status) return status;
    nd_library *lib = NULL;
    nd_diag diag = {0};
    if (nd_library_open(&lib, c->args[0], ND_OPEN_READ, &diag)) return cli_fail(c, &diag);
    status = list(c, lib, &filter.filter);
    nd_library_close(&lib);
    return status;
}

static const cli_option options[] = {
    {"failed", 0, NULL, "what could not be read, and why"},
    CLI_FILTER_OPTIONS,
    {0},
};

const cli_command cli_list = {
    .name = "list",
    .args = "LIBRARY",
    .summary = "what is in it; --failed: what could not be read, and why",
    .help = "",
    .example = "needledrop list music.nd --bpm 90-120 --json",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
