/* needledrop index: analyse music, keep a library in step with folders. */
#include <stdio.h>
#include <unistd.h>

#include "cli.h"

/* @param is_wanted  whether a model was to be used */
static void print_model(const nd_index_report *r, bool is_wanted)
{
    char name[1024];
    long long left = (long long)(r->n_tracks - r->n_embedded);
    if (!r->model[0]) {
        if (is_wanted)
            printf("no model: tracks can be ranked by their rhythm, not by a model "
                   "(--model FILE; needledrop train)\n");
        return;
    }
    printf("model %s: %lld of %lld embedded", cli_text(name, r->model), (long long)r->n_embedded,
           (long long)r->n_tracks);
    if (r->n_reembedded || r->n_reanalysed)
        printf("; %lld anew from stored features, %lld decoded again for it",
               (long long)r->n_reembedded, (long long)r->n_reanalysed);
    printf("\n");
    if (left)
        printf("%lld without: outside the folders given, or nothing that the model can read (-v)\n",
               left);
}

static void print_report(const cli *c, const nd_index_report *r, bool is_wanted)
{
    char music[16], elapsed[16];
    char library[1024];
    printf("%s: %lld track%s", cli_text(library, c->args[0]), (long long)r->n_tracks,
           r->n_tracks == 1 ? "" : "s");
    printf(" (%lld new, %lld changed, %lld moved, %lld removed, %lld as before)\n",
           (long long)r->n_added, (long long)r->n_changed, (long long)r->n_moved,
           (long long)r->n_removed, (long long)r->n_unchanged);
    if (r->music_s > 0)
        printf("analysed %s of music in %s, %.0f times as fast as it plays\n",
               cli_time(music, r->music_s), cli_time(elapsed, r->elapsed_s),
               r->elapsed_s > 0 ? r->music_s / r->elapsed_s : 0);
    print_model(r, is_wanted);
    if (r->n_failed)
        printf("%lld could not be read; needledrop list --failed %s says why\n",
               (long long)r->n_failed, library);
    if (r->n_found == 0)
        printf("no file there has a music file's name (.mp3, .ogg, .flac, .wav, ...)\n");
}

/* Paths of which none is there are a slip of the keyboard: no library is made for them. */
static bool has_something(const cli *c)
{
    bool found = c->n_args == 1;
    for (int i = 1; i < c->n_args; i++) found |= access(c->args[i], F_OK) == 0;
    return found || access(c->args[0], F_OK) == 0;
}

static int run(cli *c)
{
    nd_index_params params = {.log = &c->log, .progress = &c->progress};
    bool is_without = cli_get(c, "no-model");
    int status = cli_get_int(c, "jobs", 1, 256, &params.n_workers);
    if (status) return status;
    params.model = is_without ? "" : cli_get(c, "model");
    if (is_without && cli_get(c, "model"))
        return cli_usage(c, "--model FILE and --no-model contradict each other");
    if (params.model && !params.model[0] && !is_without)
        return cli_usage(c, "--model: a file expected");
    nd_library *lib = NULL;
    nd_diag diag = {0};
    if (!has_something(c)) {
        nd_diag_set(&diag, ND_ENOTFOUND, "looking for music in %s: no such file or folder",
                    c->args[1]);
        return cli_fail(c, &diag);
    }
    if (nd_library_open(&lib, c->args[0], ND_OPEN_INDEX, &diag)) return cli_fail(c, &diag);
    nd_index_report report = {0};
    cli_screen_start(c);
    int rc = nd_library_index(lib, (const char *const *)c->args + 1, c->n_args - 1, &params,
                              &report, &diag);
    cli_screen_end(c);
    nd_library_close(&lib);
    if (rc) return cli_fail(c, &diag);
    if (c->json) {
        char *json = NULL;
        rc = nd_index_report_json(&json, &report);
        if (cli_print_json(c, rc, json)) return CLI_FAILED;
    } else if (!c->quiet) {
        print_report(c, &report, !is_without);
    }
    return report.n_failed ? CLI_SOME_FAILED : CLI_DONE;
}

static const cli_option options[] = {
    {"jobs", 'j', "N", "worker processes (default: one a core)"},
    {"model", 0, "FILE", "embed with this model (default: the installed one)"},
    {"no-model", 0, NULL, "embed with none"},
    {0},
};

const cli_command cli_index = {
    .name = "index",
    .args = "LIBRARY [PATH...]",
    .summary = "analyse music, keep the library in step with the folders",
    .help = "New and changed files are analysed, moved ones found again, deleted ones dropped.\n"
            "Without a PATH every folder that was indexed before is looked at again. It may be\n"
            "stopped at any moment: what is done stays done.\n"
            "\n"
            "A model embeds every track. Another matching model over the same music extractor\n"
            "embeds them again from what the library holds, without a file being read, if that is\n"
            "all it reads; another extractor has them analysed anew.",
    .example = "needledrop index music.nd ~/Music",
    .options = options,
    .min_args = 1,
    .run = run,
};
