/* needledrop synth: made media of known truth. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static int run(cli *c)
{
    if (strcmp(c->args[0], "media"))
        return cli_usage(c, "media DIR expected, found \"%s\"", c->args[0]);
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

static const cli_option options[] = {
    {"tracks", 0, "N", "pieces of music (default: 8)"},
    {"videos", 0, "N", "videos (default: 2)"},
    {"seed", 0, "S", "same seed, same bytes (default: 1)"},
    {"music-length", 0, "S", "mean length of a track (default: 40 s)"},
    {"video-length", 0, "S", "mean length of a video (default: 20 s)"},
    {"jobs", 'j', "N", "threads (default: one a core)"},
    {0},
};

const cli_command cli_synth = {
    .name = "synth",
    .args = "media DIR",
    .summary = "make test media of known truth",
    .help = "DIR/music, DIR/video and DIR/truth.json are written.",
    .example = "needledrop synth media made --tracks 12 --videos 2 --seed 7",
    .options = options,
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
