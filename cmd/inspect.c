/* needledrop inspect: what is seen or heard in one media file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static double value(const nd_description *d, const char *name)
{
    const nd_array *a = nd_description_find(d, name);
    if (!a || nd_array_count(a) < 1) return 0;
    return a->dtype == ND_F32 ? (double)a->f32[0] : a->i32[0];
}

static int64_t count(const nd_description *d, const char *name)
{
    const nd_array *a = nd_description_find(d, name);
    return a && a->n_dims ? a->dims[0] : 0;
}

static void print_music(const nd_description *d)
{
    if (value(d, "tempo_bpm") > 0)
        printf("tempo     %.2f bpm, %.0f beats in a bar, %lld beats\n", value(d, "tempo_bpm"),
               value(d, "metre"), (long long)count(d, "beats_s"));
    else printf("tempo     no beat\n");
    printf("key       %s (strength %.2f)\n",
           nd_key_name((int)value(d, "key"), (int)value(d, "key_is_minor")),
           value(d, "key_strength"));
    printf("loudness  %.1f LUFS\n", value(d, "integrated_lufs"));
}

static void print_times(const nd_array *a)
{
    enum { MOST = 12 };
    for (int64_t i = 0; a && i < a->dims[0] && i < MOST; i++)
        printf("%s%.2f", i ? " " : "", (double)a->f32[i]);
    printf("%s\n", a && a->dims[0] > MOST ? " ..." : "");
}

static void print_video(const nd_description *d)
{
    const nd_media_info *info = nd_description_info(d);
    printf("picture   %d x %d, %.3g frames a second, %s\n", info->width, info->height, info->fps,
           info->video_codec);
    printf("cuts      %lld  ", (long long)count(d, "cuts_s"));
    print_times(nd_description_find(d, "cuts_s"));
}

/* One line a clip: start, then the named arrays. */
static void print_clips(const nd_description *d, const char *const *names, const char *heading)
{
    printf("%s\n", heading);
    for (int64_t c = 0; c < count(d, names[0]); c++) {
        char start[16];
        printf("  %6s", cli_time(start, (double)c * 4));
        for (int i = 0; names[i]; i++) {
            const nd_array *a = nd_description_find(d, names[i]);
            if (a && a->n_dims == 1 && c < a->dims[0])
                printf("  %8.3f", a->dtype == ND_F32 ? (double)a->f32[c] : a->i32[c]);
            else printf("  %8s", "-");
        }
        printf("\n");
    }
}

static void print_text(const nd_description *d, const char *path)
{
    static const char *const music[] = {"clip_n_beats",         "clip_beat_strength",
                                        "clip_beat_interval_s", "clip_loudness_lufs",
                                        "clip_centroid_hz",     NULL};
    static const char *const video[] = {"clip_flow_px",    "clip_flow_widths_s", "clip_brightness",
                                        "clip_saturation", "clip_warmth",        NULL};
    const nd_media_info *info = nd_description_info(d);
    char shown[1024], length[16];
    printf("%s\n", cli_text(shown, path));
    printf("length    %s (%.3f s), %s\n", cli_time(length, info->duration_s), info->duration_s,
           info->container);
    if (info->title[0]) printf("title     %s\n", info->title);
    if (info->artist[0]) printf("artist    %s\n", info->artist);
    if (nd_description_medium(d) == ND_MUSIC) {
        print_music(d);
        print_clips(d, music, "clips    start     beats  strength  interval  loudness  centroid");
    } else {
        print_video(d);
        print_clips(d, video, "clips    start   flow px  widths/s  bright.   saturat.    warmth");
    }
}

/* The default features, the published variants where asked for, and what the
 * picture needs. The medium has to be known first: 0 lets the file say. */
static int describe(const cli *c, nd_description **d, nd_medium medium, nd_diag *diag)
{
    char features[512] = "default";
    bool published = cli_get(c, "published") != NULL, pictured = cli_get(c, "png") != NULL;
    nd_describe_params params = {.medium = medium, .features = features, .log = &c->log};
    if (!medium && (published || pictured)) {
        nd_description *first = NULL;
        nd_describe_params quick = {.features = "", .log = &c->log};
        int rc = nd_describe_file(&first, c->args[0], &quick, diag);
        if (rc) return rc;
        params.medium = nd_description_medium(first);
        nd_description_destroy(&first);
    }
    if (published)
        strcat(features,
               params.medium == ND_MUSIC ? ",beat_published,rhythm_published" : ",flow_published");
    if (pictured) {
        strcat(features, ",");
        strcat(features, nd_picture_features(params.medium));
    }
    return nd_describe_file(d, c->args[0], &params, diag);
}

static int run(cli *c)
{
    nd_diag diag = {0};
    nd_description *d = NULL;
    if (describe(c, &d, cli_get(c, "music") ? ND_MUSIC : 0, &diag)) return cli_fail(c, &diag);
    const char *png = cli_get(c, "png");
    int status = CLI_DONE;
    if (png && nd_picture_write(d, cli_file_name(c->args[0]), png, &diag))
        status = cli_fail(c, &diag);
    if (!status && c->json) {
        char *json = NULL;
        int rc = nd_description_json(&json, d, c->args[0]);
        status = cli_print_json(c, rc, json);
    } else if (!status) {
        print_text(d, c->args[0]);
    }
    nd_description_destroy(&d);
    return status;
}

static const cli_option options[] = {
    {"png", 0, "FILE", "draw it: beats over the waveform, or motion and cuts"},
    {"music", 0, NULL, "listen to a video's soundtrack instead of looking at it"},
    {"published", 0, NULL, "rhythm and flow as the published code computes them"},
    {0},
};

const cli_command cli_inspect = {
    .name = "inspect",
    .args = "FILE",
    .summary = "what is seen or heard in one media file",
    .help = "",
    .example = "needledrop inspect holiday.mp4 --png holiday.png",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
