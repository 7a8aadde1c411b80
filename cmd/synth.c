/* needledrop synth: made media of known truth, a made corpus, its audit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static int make_media(cli *c)
{
    nd_synth_media_params params = {.n_tracks = 8, .n_videos = 2, .seed = 1};
    int status = cli_get_int(c, "tracks", 0, 100000, &params.n_tracks);
    if (!status) status = cli_get_int(c, "videos", 0, 100000, &params.n_videos);
    if (!status) status = cli_get_int(c, "jobs", 1, 256, &params.n_threads);
    if (!status) status = cli_get_seed(c, "seed", &params.seed);
    if (!status) status = cli_get_seconds(c, "music-length", &params.music_s);
    if (!status) status = cli_get_seconds(c, "video-length", &params.video_s);
    if (status) return status;
    nd_diag diag = {0};
    cli_screen_start(c);
    int rc = nd_synth_media(c->args[1], &params, &c->progress, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    if (c->json) printf("{\"tracks\": %d, \"videos\": %d}\n", params.n_tracks, params.n_videos);
    else if (!c->quiet)
        printf("%d tracks and %d videos; what is true of them is in truth.json\n", params.n_tracks,
               params.n_videos);
    return CLI_DONE;
}

static int get_noise(const cli *c, double *out)
{
    const char *text = cli_get(c, "noise");
    char *end;
    if (!text) return CLI_DONE;
    double x = strtod(text, &end);
    if (!*text || *end || !(x >= 0 && x < .9))
        return cli_usage(c, "--noise: a number from 0 to 0.9 expected, found \"%s\"", text);
    *out = x > 0 ? x : -1; /* 0 would be the default */
    return CLI_DONE;
}

static int get_size(const cli *c, nd_synth_corpus_params *params)
{
    static const char *const names[] = {"tiny", "small", "full"};
    const char *size = cli_get(c, "size"), *pairs = cli_get(c, "pairs");
    if (size && pairs) return cli_usage(c, "--size or --pairs expected, not both");
    if (pairs) return cli_get_int(c, "pairs", 24, 200000, &params->n_pairs);
    params->size = ND_SIZE_TINY;
    if (!size) return CLI_DONE;
    for (int i = 0; i < 3; i++)
        if (!strcmp(size, names[i])) {
            params->size = (nd_synth_size)(ND_SIZE_TINY + i);
            return CLI_DONE;
        }
    return cli_usage(c, "--size: tiny, small or full expected, found \"%s\"", size);
}

static int get_world(const cli *c, nd_synth_world *out)
{
    const char *world = cli_get(c, "world");
    if (!world || !strcmp(world, "collected")) return CLI_DONE;
    if (strcmp(world, "himv"))
        return cli_usage(c, "--world: collected or himv expected, found \"%s\"", world);
    *out = ND_WORLD_HIMV;
    return CLI_DONE;
}

static void print_counts(const cli *c, const nd_synth_corpus_counts *n)
{
    if (c->json)
        printf("{\"tracks\": %d, \"videos\": %d, \"train\": %d, \"val\": %d, \"test\": %d, "
               "\"kept\": %d}\n",
               n->n_tracks, n->n_videos, n->n_train, n->n_val, n->n_test, n->n_kept);
    else if (!c->quiet)
        printf("%d tracks and %d videos, %d of the files there before; pairs: %d train, %d val, "
               "%d test\n",
               n->n_tracks, n->n_videos, n->n_kept, n->n_train, n->n_val, n->n_test);
}

static int make_corpus(cli *c)
{
    nd_synth_corpus_params params = {.seed = 1, .no_script = cli_get(c, "no-script")};
    nd_synth_corpus_counts counts;
    int status = get_size(c, &params);
    if (!status) status = get_world(c, &params.world);
    if (!status) status = get_noise(c, &params.noise);
    if (!status) status = cli_get_int(c, "jobs", 1, 256, &params.n_threads);
    if (!status) status = cli_get_seed(c, "seed", &params.seed);
    if (!status) status = cli_get_seed(c, "video-seed", &params.video_seed);
    if (!status) status = cli_get_seed(c, "music-seed", &params.music_seed);
    if (status) return status;
    nd_diag diag = {0};
    cli_screen_start(c);
    int rc = nd_synth_corpus(c->args[1], &params, &counts, &c->progress, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    print_counts(c, &counts);
    return CLI_DONE;
}

static int audit_corpus(cli *c)
{
    nd_synth_audit_params params = {.as_json = c->json};
    int status = cli_get_int(c, "jobs", 1, 256, &params.n_threads);
    if (status) return status;
    nd_diag diag = {0};
    char *report = NULL;
    bool passed = false;
    cli_screen_start(c);
    int rc = nd_synth_audit(&report, &passed, c->args[1], &params, &c->progress, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    if (c->json) status = cli_print_json(c, 0, report);
    else {
        if (!c->quiet) fputs(report, stdout);
        free(report);
    }
    return status ? status : passed ? CLI_DONE : CLI_FAILED;
}

static int run(cli *c)
{
    static const struct {
        const char *name;
        int (*run)(cli *c);
    } works[] = {{"media", make_media}, {"corpus", make_corpus}, {"audit", audit_corpus}};
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        if (!strcmp(c->args[0], works[i].name)) return works[i].run(c);
    return cli_usage(c, "media, corpus or audit expected, found \"%s\"", c->args[0]);
}

static const cli_option options[] = {
    {"tracks", 0, "N", "media: pieces of music (default: 8)"},
    {"videos", 0, "N", "media: videos (default: 2)"},
    {"music-length", 0, "S", "media: mean length of a track (default: 40 s)"},
    {"video-length", 0, "S", "media: mean length of a video (default: 20 s)"},
    {"size", 0, "SIZE", "corpus: tiny, small or full (default: tiny)"},
    {"pairs", 0, "N", "corpus: this many pairs instead"},
    {"world", 0, "WORLD",
     "corpus: collected (several videos a track) or himv (default: collected)"},
    {"noise", 0, "X", "corpus: chance that a clip of video shows something near (default: 0.2)"},
    {"no-script", 0, NULL, "corpus: nothing links a pair: what a model then finds is a leak"},
    {"video-seed", 0, "S", "corpus: of how videos are made (default: the seed)"},
    {"music-seed", 0, "S", "corpus: of how music is made (default: the seed)"},
    {"seed", 0, "S", "same seed, same bytes (default: 1)"},
    {"jobs", 'j', "N", "threads (default: one a core)"},
    {0},
};

const cli_command cli_synth = {
    .name = "synth",
    .args = "media|corpus|audit DIR",
    .summary = "make test media or a corpus of known truth; audit a made corpus",
    .help =
        "media writes DIR/music, DIR/video and DIR/truth.json. corpus writes a training corpus\n"
        "whose pairs are related through a hidden script alone; started again it goes on. audit\n"
        "looks for leaks in one and prints what oracles reach: status 1 where a control fails.",
    .example = "needledrop synth corpus made --size tiny --seed 1 && needledrop synth audit made",
    .options = options,
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
