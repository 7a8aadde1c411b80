/* needledrop extract: a corpus's media into a cache of features to train on. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "needledrop/extract.h"

static void print_share(const char *what, const nd_extract_share *s)
{
    char length[16];
    if (s->n_files == 0) return;
    printf("%s: %lld file%s, %s, %lld clips, %.1f MB: %.1f MB an hour\n", what,
           (long long)s->n_files, s->n_files == 1 ? "" : "s", cli_time(length, s->media_s),
           (long long)s->n_clips, (double)s->n_bytes / 1e6, nd_extract_bytes_per_hour(s) / 1e6);
}

static void print_losses(const nd_extract_report *r)
{
    for (int i = 0; i < r->n_losses; i++) {
        const nd_extract_loss *l = &r->losses[i];
        printf(
            "%s as %s%s, %lld clips: max error %.3g, rms %.3g; embeddings differ by %.2g (mean), "
            "%.2g (max)",
            l->array, l->encoding, l->is_kept ? "" : " (not kept)", (long long)l->n_clips,
            l->max_error, l->rms_error, l->mean_cosine_difference, l->max_cosine_difference);
        if (l->neighbour_cosine_difference > 0)
            printf(", two clips of a file by %.2g", l->neighbour_cosine_difference);
        printf("\n");
    }
}

static void print_report(const cli *c, const nd_extract_report *r)
{
    char corpus[1024], media[16], elapsed[16];
    printf("%s: %lld file%s (%lld extracted, %lld as before, %lld failed)\n",
           cli_text(corpus, c->args[0]), (long long)r->n_files, r->n_files == 1 ? "" : "s",
           (long long)r->n_extracted, (long long)r->n_unchanged, (long long)r->n_failed);
    if (r->extracted_s > 0)
        printf("extracted %s of media in %s, %.0f times as fast as it plays\n",
               cli_time(media, r->extracted_s), cli_time(elapsed, r->elapsed_s),
               r->elapsed_s > 0 ? r->extracted_s / r->elapsed_s : 0);
    print_share("music", &r->music);
    print_share("video", &r->video);
    print_losses(r);
}

static void print_failures(const nd_extract_report *r)
{
    char path[1024], reason[1024];
    for (int64_t i = 0; i < r->n_failed; i++)
        fprintf(stderr, "%s: %s\n", cli_text(path, r->failures[i].path),
                cli_text(reason, r->failures[i].reason));
}

/* The cache beside the corpus, or where --cache says. @return malloc'ed; NULL: no memory */
static char *cache_of(const cli *c)
{
    const char *given = cli_get(c, "cache");
    size_t n = 0;
    char *path = NULL;
    FILE *text = open_memstream(&path, &n);
    if (!text) return NULL;
    if (given) fputs(given, text);
    else fprintf(text, "%s/cache", c->args[0]);
    return fclose(text) ? free(path), NULL : path;
}

static int verify(cli *c)
{
    nd_diag diag = {0};
    int64_t n = 0;
    uint64_t digest = 0;
    char *cache = cache_of(c);
    if (!cache) return cli_fail(c, &(nd_diag){.code = ND_ENOMEM});
    cli_screen_start(c);
    int rc = nd_extract_verify(cache, &n, &digest, &c->progress, &diag);
    cli_screen_end(c);
    free(cache);
    if (rc) return cli_fail(c, &diag);
    if (c->json)
        printf("{\"verified\": %lld, \"digest\": \"%016llx\"}\n", (long long)n,
               (unsigned long long)digest);
    else if (!c->quiet)
        printf("%lld files' features are what was written; digest %016llx\n", (long long)n,
               (unsigned long long)digest);
    return CLI_DONE;
}

static int report(cli *c, const nd_extract_report *r)
{
    int status = r->n_failed == 0           ? CLI_DONE
                 : r->n_failed < r->n_files ? CLI_SOME_FAILED
                                            : CLI_FAILED;
    if (c->json) {
        char *json = NULL;
        int rc = nd_extract_report_json(&json, r);
        if (cli_print_json(c, rc, json)) return CLI_FAILED;
    } else if (!c->quiet) {
        print_report(c, r);
        fflush(stdout);
    }
    print_failures(r);
    return status;
}

static int run(cli *c)
{
    nd_extract_params params = {.what = cli_get(c, "what"),
                                .layout = cli_get(c, "layout"),
                                .cache = cli_get(c, "cache"),
                                .statistics = cli_get(c, "statistics"),
                                .half = cli_get(c, "half"),
                                .retry = cli_get(c, "retry"),
                                .measure = cli_get(c, "measure"),
                                .log = &c->log,
                                .progress = &c->progress};
    int status = cli_get_int(c, "jobs", 1, 256, &params.n_workers);
    if (!status) status = cli_get_seconds(c, "max-length", &params.max_length_s);
    if (status) return status;
    if (cli_get(c, "verify")) return verify(c);
    nd_diag diag = {0};
    nd_extract_report r = {0};
    cli_screen_start(c);
    int rc = nd_extract(c->args[0], &params, &r, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    status = report(c, &r);
    nd_extract_report_deinit(&r);
    return status;
}

static const cli_option options[] = {
    {"what", 0, "MEDIA", "music, video or music,video (default: both)"},
    {"layout", 0, "LAYOUT", "video frames: rows (as published; default), time, or rows,time"},
    {"cache", 0, "DIR", "where features are kept (default: CORPUS/cache)"},
    {"statistics", 0, NULL, "of music, also what cbvmr reads; adds it to what is there"},
    {"half", 0, NULL, "log-mel as half floats instead of bytes"},
    {"max-length", 0, "S", "seconds of a file that are extracted (default: 1800)"},
    {"retry", 0, NULL, "try again what failed before"},
    {"measure", 0, NULL, "say what encoding loses"},
    {"verify", 0, NULL, "compare the cache with its checksums, extract nothing"},
    {"jobs", 'j', "N", "worker processes (default: one a core)"},
    {0},
};

const cli_command cli_extract = {
    .name = "extract",
    .args = "CORPUS",
    .summary = "decode a corpus's media once, into a cache to train from",
    .help =
        "Music becomes log-mel clips, beats and rhythm; video becomes frames, cuts and optical\n"
        "flow. It may be stopped at any moment: the next run goes on where it was. Files that\n"
        "changed are extracted again; those that could not be read are listed at the end.",
    .example = "needledrop extract corpus --layout time -j 2",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
