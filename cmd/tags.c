/* needledrop tags: one set of tags for videos and music, and what is near a text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "needledrop/tags.h"

enum { TAGS_SHOWN = 20, NAME_WIDTH = 28 };

/* ---- the report ---------------------------------------------------------------- */

static void print_tag(const nd_tag *tag, const char *reason)
{
    char name[1024];
    printf("  %-*s %7d %7d%s%s\n", NAME_WIDTH, cli_text(name, tag->name), tag->n_videos,
           tag->n_tracks, reason ? "  " : "", reason ? reason : "");
}

static void print_tags(const cli *c, const nd_tags *tags)
{
    int n = nd_tags_count(tags), n_shown = c->verbose || n < TAGS_SHOWN ? n : TAGS_SHOWN;
    printf("%d tag%s\n  %-*s %7s %7s\n", n, n == 1 ? "" : "s", NAME_WIDTH, "", "videos", "tracks");
    for (int i = 0; i < n_shown; i++) print_tag(nd_tags_at(tags, i), NULL);
    if (n > n_shown) printf("  and %d more (-v shows all)\n", n - n_shown);
}

/* How many were dropped for each reason. */
static void print_reasons(const nd_tags *tags)
{
    const char *reasons[16];
    int counts[16], n_reasons = 0;
    for (int i = 0; i < nd_tags_dropped_count(tags); i++) {
        const char *reason = nd_tags_dropped_at(tags, i)->reason;
        int k = 0;
        while (k < n_reasons && strcmp(reasons[k], reason)) k++;
        if (k == 16) continue;
        if (k == n_reasons) {
            reasons[n_reasons] = reason;
            counts[n_reasons++] = 0;
        }
        counts[k]++;
    }
    for (int k = 0; k < n_reasons; k++) printf("  %7d %s\n", counts[k], reasons[k]);
}

static void print_dropped(const cli *c, const nd_tags *tags)
{
    int n = nd_tags_dropped_count(tags), n_shown = c->verbose || n < TAGS_SHOWN ? n : TAGS_SHOWN;
    if (!n) return;
    printf("%d dropped\n", n);
    print_reasons(tags);
    printf("  the largest of them:\n");
    for (int i = 0; i < n_shown; i++)
        print_tag(&nd_tags_dropped_at(tags, i)->tag, nd_tags_dropped_at(tags, i)->reason);
    if (n > n_shown) printf("  and %d more (-v shows all)\n", n - n_shown);
}

static void print_files(const cli *c, const nd_tags *tags)
{
    char folder[1024];
    int n_without, n = nd_tags_file_count(tags, &n_without), dim;
    nd_tags_vectors(tags, &dim);
    printf("%d files labelled, %d without a tag; vectors of %d numbers; written to %s/tags.json, "
           "tags.vec\n",
           n - n_without, n_without, dim, cli_text(folder, c->args[0]));
}

/* ---- the two uses ---------------------------------------------------------------- */

static int make_tags(cli *c, nd_tags_params *params)
{
    nd_diag diag = {0};
    nd_tags *tags = NULL;
    cli_screen_start(c);
    int rc = nd_tags_make(&tags, c->args[0], params, &diag), status = CLI_DONE;
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    if (c->json) {
        char *json = NULL;
        rc = nd_tags_json(&json, tags);
        status = cli_print_json(c, rc, json);
    } else if (!c->quiet) {
        print_tags(c, tags);
        print_dropped(c, tags);
        print_files(c, tags);
    }
    if (!status && nd_tags_bad_lines(tags)) status = CLI_SOME_FAILED;
    nd_tags_close(&tags);
    return status;
}

static int print_nearest(cli *c, const nd_tags *tags, const char *text, int k)
{
    nd_diag diag = {0};
    char name[1024];
    int n = 0, n_tags = nd_tags_count(tags);
    nd_near_tag *near = calloc((size_t)(k < n_tags ? k : n_tags) + 1, sizeof *near);
    int rc = near ? nd_tags_nearest(near, &n, k, tags, text, &diag)
                  : nd_diag_set(&diag, ND_ENOMEM, "looking for near tags: out of memory");
    for (int i = 0; i < n; i++)
        printf("%6.3f  %s\n", round((double)near[i].cosine * 1e3) / 1e3 + 0.0, /* no -0.000 */
               cli_text(name, nd_tags_at(tags, near[i].index)->name));
    free(near);
    return rc ? cli_fail(c, &diag) : CLI_DONE;
}

static int nearest(cli *c, const char *text, const char *vectors)
{
    nd_diag diag = {0};
    nd_tags *tags = NULL;
    int k = 10, status = cli_get_int(c, "results", 1, 1000000, &k);
    if (status) return status;
    if (nd_tags_open(&tags, c->args[0], vectors, &diag)) return cli_fail(c, &diag);
    if (c->json) {
        char *json = NULL;
        int rc = nd_tags_nearest_json(&json, tags, text, k, &diag);
        status = rc && rc != ND_ENOMEM ? cli_fail(c, &diag) : cli_print_json(c, rc, json);
    } else {
        status = print_nearest(c, tags, text, k);
    }
    if (!status && !nd_tags_knows(tags, text) && c->log.level >= ND_LOG_WARNING)
        c->log.write(c->log.user, ND_LOG_WARNING,
                     "no word of it is known; these are near by letters alone");
    nd_tags_close(&tags);
    return status;
}

static int run(cli *c)
{
    nd_tags_params params = {.synonyms = cli_get(c, "synonyms"),
                             .vectors = cli_get(c, "vectors"),
                             .log = &c->log,
                             .progress = &c->progress};
    const char *text = cli_get(c, "nearest");
    if (text) return nearest(c, text, params.vectors);
    int status = cli_get_int(c, "min-video", 1, 1000000000, &params.min_videos);
    if (!status) status = cli_get_int(c, "min-music", 1, 1000000000, &params.min_tracks);
    if (!status) status = cli_get_int(c, "dim", 1, 512, &params.dim);
    return status ? status : make_tags(c, &params);
}

static const cli_option options[] = {
    {"synonyms", 0, "FILE", "tags that are one: a group a line, commas between; ! drops"},
    {"min-video", 0, "N", "a tag is on N videos or more (default: 2)"},
    {"min-music", 0, "N", "a tag is on N tracks or more (default: 2)"},
    {"vectors", 0, "FILE", "word vectors (.vec; default: learned from the corpus)"},
    {"dim", 0, "D", "numbers of a learned vector, 1 .. 512 (default: 64)"},
    {"nearest", 0, "TEXT", "show the tags of CORPUS/tags.json nearest to a text"},
    {"results", 'k', "N", "how many of them (default: 10)"},
    {0},
};

const cli_command cli_tags = {
    .name = "tags",
    .args = "CORPUS",
    .summary = "make one set of tags for videos and music",
    .help = "The tags of the training pairs of CORPUS/corpus.jsonl are brought into one form,\n"
            "counted on both sides, and written with their vectors and every file's labels to\n"
            "CORPUS/tags.json and CORPUS/tags.vec. With --nearest a set that was made is asked;\n"
            "--vectors given again has all words of that file known.",
    .example = "needledrop tags corpus --synonyms same.txt --min-music 5\n"
               "  needledrop tags corpus --nearest \"calm piano\" -k 5",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
