/* needledrop corpus: pairs of videos and music to learn from, made and checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "needledrop/corpus.h"

/* ---- options ------------------------------------------------------------------- */

/* "80/10/10": training, validation, test, whatever they sum to. */
static int parse_shares(const cli *c, nd_corpus_params *p)
{
    const char *text = cli_get(c, "split");
    double train, val, test;
    char rest;
    if (!text) return CLI_DONE;
    if (sscanf(text, "%lf/%lf/%lf%c", &train, &val, &test, &rest) != 3 || !(train > 0) ||
        !(val >= 0) || !(test >= 0) || train + val + test > 1e9)
        return cli_usage(c, "--split TRAIN/VAL/TEST expected, as 80/10/10, found \"%s\"", text);
    double sum = train + val + test;
    p->val_share = val > 0 ? val / sum : -1;
    p->test_share = test > 0 ? test / sum : -1;
    return CLI_DONE;
}

static int parse_params(const cli *c, nd_corpus_params *p)
{
    *p = (nd_corpus_params){.videos = cli_get(c, "videos"),
                            .music = cli_get(c, "music"),
                            .pairs = cli_get(c, "pairs"),
                            .ids = cli_get(c, "ids"),
                            .seed = 1,
                            .spread_tracks = cli_get(c, "spread-tracks") != NULL,
                            .no_listening = cli_get(c, "no-listening") != NULL,
                            .log = &c->log,
                            .progress = &c->progress};
    int status = parse_shares(c, p);
    if (!status) status = cli_get_int(c, "jobs", 1, 256, &p->n_workers);
    if (!status) status = cli_get_seed(c, "seed", &p->seed);
    if (!status && p->spread_tracks && cli_get(c, "keep-tracks-together"))
        status = cli_usage(c, "--keep-tracks-together or --spread-tracks expected, found both");
    return status;
}

/* ---- making one ---------------------------------------------------------------- */

static void print_list(const cli *c, const char *title, const nd_failure *items, int n)
{
    enum { SHOWN = 10 };
    char path[1024];
    if (n) printf("%s: %d\n", title, n);
    for (int i = 0; i < n && (c->verbose || i < SHOWN); i++)
        printf("  %s: %s\n", cli_text(path, items[i].path), items[i].reason);
    if (n > SHOWN && !c->verbose) printf("  ... and %d more; -v shows all\n", n - SHOWN);
}

static void print_missing(const cli *c, const nd_corpus_report *r)
{
    enum { SHOWN = 10 };
    int n = c->verbose ? r->n_missing : r->n_missing < SHOWN ? r->n_missing : SHOWN;
    if (!r->n_missing) return;
    printf("ids without media: %d of %d\n ", r->n_missing, r->n_listed);
    for (int i = 0; i < n; i++) printf(" %s", r->missing[i]);
    printf("%s\n", n < r->n_missing ? " ..." : "");
}

static void print_report(const cli *c, const nd_corpus_report *r)
{
    char dir[1024], video[16], music[16];
    if (r->n_pairs) {
        printf("%s: %d pair%s: %d for training, %d for validation, %d for the test\n",
               cli_text(dir, c->args[1]), r->n_pairs, r->n_pairs == 1 ? "" : "s", r->n_train,
               r->n_val, r->n_test);
        printf("%d videos (%s), %d tracks (%s of music files), %d groups that stay together\n",
               r->n_videos, cli_time(video, r->video_s), r->n_tracks, cli_time(music, r->music_s),
               r->n_groups);
        printf("%d tags; %d pairs have none\n", r->n_tags, r->n_untagged);
    }
    print_missing(c, r);
    if (r->n_unused) printf("music that no video has: %d\n", r->n_unused);
    print_list(c, "without a partner", r->unpaired, r->n_unpaired);
    print_list(c, "could not be read", r->failures, r->n_failures);
}

static int build(cli *c, const char *source, const nd_corpus_params *params)
{
    nd_corpus_report *report = NULL;
    nd_diag diag = {0};
    cli_screen_start(c);
    int rc = nd_corpus_build(&report, c->args[1], source, params, &diag);
    cli_screen_end(c);
    int status = report && report->n_failures ? CLI_SOME_FAILED : CLI_DONE;
    if (report && c->json && !rc) {
        char *json = NULL;
        rc = nd_corpus_report_json(&json, report);
        if (cli_print_json(c, rc, json)) status = CLI_FAILED;
    } else if (report && !c->json && !c->quiet) {
        print_report(c, report);
    }
    nd_corpus_report_destroy(&report);
    return rc ? cli_fail(c, &diag) : status;
}

static int from_folders(cli *c, nd_corpus_params *p)
{
    if (c->n_args != 2 || !p->videos || !p->music)
        return cli_usage(c, "from-folders DIR --videos DIR --music DIR expected");
    return build(c, "folders", p);
}

static int from_videos(cli *c, nd_corpus_params *p)
{
    if (c->n_args != 3) return cli_usage(c, "from-videos DIR VIDEOS expected");
    p->videos = c->args[2];
    return build(c, "videos", p);
}

static int from_list(cli *c, nd_corpus_params *p)
{
    if (c->n_args != 2 || !p->pairs) return cli_usage(c, "from-list DIR --pairs FILE expected");
    return build(c, "manifest", p);
}

static int from_himv(cli *c, nd_corpus_params *p)
{
    if (c->n_args != 3 || !p->ids) return cli_usage(c, "himv DIR MEDIA --ids FILE expected");
    p->videos = c->args[2];
    return build(c, "himv", p);
}

/* ---- checking one -------------------------------------------------------------- */

static int print_check(cli *c, const nd_corpus_check *check)
{
    char *text = NULL;
    int rc = c->json ? nd_corpus_check_json(&text, check)
                     : nd_corpus_check_text(&text, check, c->verbose);
    if (c->json) return cli_print_json(c, rc, text);
    nd_diag diag = {0};
    if (rc) {
        nd_diag_set(&diag, rc, "printing the check: out of memory");
        return cli_fail(c, &diag);
    }
    fputs(text, stdout);
    free(text);
    return CLI_DONE;
}

static int check(cli *c, nd_corpus_params *p)
{
    nd_corpus_check *found = NULL;
    nd_diag diag = {0};
    if (c->n_args != 2) return cli_usage(c, "check DIR expected");
    cli_screen_start(c);
    int rc = nd_corpus_check_run(&found, c->args[1], p, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    int status = print_check(c, found);
    if (!status && nd_corpus_check_failures(found)) status = CLI_SOME_FAILED;
    nd_corpus_check_destroy(&found);
    return status;
}

static int run(cli *c)
{
    static const struct {
        const char *name;
        int (*run)(cli *c, nd_corpus_params *p);
    } works[] = {{"check", check},
                 {"from-folders", from_folders},
                 {"from-videos", from_videos},
                 {"from-list", from_list},
                 {"himv", from_himv}};
    nd_corpus_params params;
    int status = parse_params(c, &params);
    if (status) return status;
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        if (!strcmp(c->args[0], works[i].name)) return works[i].run(c, &params);
    char shown[1024];
    return cli_usage(c,
                     "check, from-folders, from-videos, from-list or himv expected, found \"%s\"",
                     cli_text(shown, c->args[0]));
}

static const cli_option options[] = {
    {"videos", 0, "DIR", "from-folders: the videos"},
    {"music", 0, "DIR", "from-folders: the music"},
    {"pairs", 0, "FILE", "list of pairs: .csv, .tsv (columns video, music, start_s, tags), .jsonl"},
    {"ids", 0, "FILE", "himv: YouTube ids, one a line or in a column of a CSV"},
    {"split", 0, "A/B/C", "shares of training, validation, test (default: 80/10/10)"},
    {"seed", 0, "S", "who goes where (default: 1)"},
    {"keep-tracks-together", 0, NULL, "all videos of a track in one split (the default)"},
    {"spread-tracks", 0, NULL, "videos of one track may lie in several splits"},
    {"no-listening", 0, NULL, "only files of the same bytes count as one track; much faster"},
    {"jobs", 'j', "N", "worker processes (default: one a core)"},
    {0},
};

const cli_command cli_corpus = {
    .name = "corpus",
    .args = "check|from-folders|from-videos|from-list|himv DIR [MEDIA]",
    .summary = "pairs of videos and music to learn from: make them, check them",
    .help =
        "DIR/corpus.jsonl is written, one pair a line. Pairs are found\n"
        "  from-folders  by the list --pairs (or pairs.csv, .tsv, .jsonl in the folder of "
        "videos);\n"
        "                then each video goes with the music of its name (day/sea.mp4 with\n"
        "                day/sea.mp3; else with the only sea.* of the music)\n"
        "  from-videos   each video of the folder MEDIA with its own sound\n"
        "  from-list     by the list --pairs, whose paths start from its folder\n"
        "  himv          by the ids --ids in the names of the folder MEDIA; missing ones are "
        "counted\n"
        "Tags come from genre, mood and #hashtags of title and comment, from the names of folders\n"
        "below the ones given, and from NAME.txt, NAME.json or NAME.info.json beside a file. What "
        "has\n"
        "no partner and what cannot be read is listed. No track of the test is heard in training:\n"
        "files of the same bytes or the same sound are one track.\n"
        "\"check\" reads DIR again and reports counts, lengths, tags, repeats, broken lines, "
        "unreadable\n"
        "files, and what one split knows of another.",
    .example = "needledrop corpus from-folders corpus --videos films --music music\n"
               "  needledrop corpus from-videos corpus ~/Videos\n"
               "  needledrop corpus check corpus",
    .options = options,
    .min_args = 2,
    .max_args = 3,
    .run = run,
};
