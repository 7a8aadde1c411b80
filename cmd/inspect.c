/* needledrop inspect: what is seen or heard in one media file, and how it meets a track. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* A file and the track it is held against, if any. Zeroed is empty. */
typedef struct inspection {
    nd_description *d, *track;
    nd_model *model; /* NULL: none */
    bool is_wanted;  /* the model was asked for: what is amiss with it is a failure */
    nd_tag_shares tags, track_tags; /* n_tags 0: none */
    nd_match_facts match;
} inspection;

/* ---- text ---------------------------------------------------------------------------- */

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

static const char *verb(const nd_tag_shares *t)
{
    return t->medium == ND_MUSIC ? "heard" : "seen";
}

/* "calm sea 0.62, ..": the largest, as far as they count. */
static void print_tags(const nd_tag_shares *t, const char *label)
{
    enum { MOST = 5 };
    int largest[MOST], n = t->n_tags ? nd_tags_largest(largest, t->whole, t->n_tags, MOST) : 0;
    char name[1024];
    if (n) printf("%-10s", label);
    for (int i = 0; i < n && (!i || t->whole[largest[i]] >= 0.05f); i++)
        printf("%s%s %.2f", i ? ", " : "", cli_text(name, t->names[largest[i]]),
               (double)t->whole[largest[i]]);
    if (n) printf("\n");
}

/* The tag of a clip, at the end of its line. */
static void print_clip_tag(const nd_tag_shares *t, int64_t clip)
{
    char name[1024];
    int best;
    if (clip >= t->n_clips) return;
    const float *shares = t->clips + clip * t->n_tags;
    nd_tags_largest(&best, shares, t->n_tags, 1);
    printf("  %s %.2f", cli_text(name, t->names[best]), (double)shares[best]);
}

/* One line a clip: start, then the named arrays, then its tag. */
static void print_clips(const inspection *x, const char *const *names, const char *heading)
{
    const nd_description *d = x->d;
    printf("%s%s%s\n", heading, x->tags.n_tags ? "  " : "", x->tags.n_tags ? verb(&x->tags) : "");
    for (int64_t c = 0; c < count(d, names[0]); c++) {
        char start[16];
        printf("  %6s", cli_time(start, (double)c * 4));
        for (int i = 0; names[i]; i++) {
            const nd_array *a = nd_description_find(d, names[i]);
            if (a && a->n_dims == 1 && c < a->dims[0])
                printf("  %8.3f", a->dtype == ND_F32 ? (double)a->f32[c] : a->i32[c]);
            else printf("  %8s", "-");
        }
        print_clip_tag(&x->tags, c);
        printf("\n");
    }
}

/* Where the track is best started under the file. */
static void print_match(const inspection *x, const char *path)
{
    char shown[1024], start[16];
    const nd_match_facts *m = &x->match;
    if (!x->track) return;
    printf("with      %s: match %.2f", cli_text(shown, cli_file_name(path)), m->score);
    if (isfinite(m->pair)) printf(", pair %.2f", m->pair);
    if (m->n_track_clips)
        printf(", from %s on (clip %d of %d)", cli_time(start, 4.0 * m->offset), m->offset + 1,
               m->n_track_clips);
    printf("\n");
    print_tags(&x->track_tags, "  heard");
}

static void print_text(const inspection *x, const char *path, const char *track_path)
{
    static const char *const music[] = {"clip_n_beats",         "clip_beat_strength",
                                        "clip_beat_interval_s", "clip_loudness_lufs",
                                        "clip_centroid_hz",     NULL};
    static const char *const video[] = {"clip_flow_px",    "clip_flow_widths_s", "clip_brightness",
                                        "clip_saturation", "clip_warmth",        NULL};
    const nd_media_info *info = nd_description_info(x->d);
    bool is_music = nd_description_medium(x->d) == ND_MUSIC;
    char shown[1024], length[16];
    printf("%s\n", cli_text(shown, path));
    printf("length    %s (%.3f s), %s\n", cli_time(length, info->duration_s), info->duration_s,
           info->container);
    if (info->title[0]) printf("title     %s\n", info->title);
    if (info->artist[0]) printf("artist    %s\n", info->artist);
    (is_music ? print_music : print_video)(x->d);
    print_tags(&x->tags, verb(&x->tags));
    print_match(x, track_path);
    if (is_music)
        print_clips(x, music, "clips    start     beats  strength  interval  loudness  centroid");
    else print_clips(x, video, "clips    start   flow px  widths/s  bright.   saturat.    warmth");
}

/* ---- the model ----------------------------------------------------------------------- */

static void say(const cli *c, nd_log_level level, const char *what, const char *why)
{
    char line[1024];
    snprintf(line, sizeof line, "%s%s", what, why);
    if (level <= c->log.level) c->log.write(c->log.user, level, line);
}

/* What is amiss with a model that nobody asked for only costs its tags: a file without a classifier
 * or without a clip is in order, the rest is told.
 * @return CLI_DONE; CLI_FAILED (message printed) */
static int judge_model(cli *c, const inspection *x, int rc, const nd_diag *diag)
{
    bool is_usual = rc == ND_ENOTFOUND || rc == ND_ESHORT;
    if (!rc) return CLI_DONE;
    if (x->is_wanted && !is_usual) return cli_fail(c, diag);
    say(c, is_usual ? ND_LOG_DEBUG : ND_LOG_WARNING, "no tags: ", diag->text);
    return CLI_DONE;
}

static int open_model(cli *c, inspection *x)
{
    nd_diag diag = {0};
    const char *given = cli_get(c, "model");
    char *path = given ? strdup(given) : nd_model_default_path();
    int status = CLI_DONE;
    x->is_wanted = given || cli_get(c, "with");
    if (path && nd_model_open(&x->model, path, &diag)) {
        if (x->is_wanted) status = cli_fail(c, &diag);
        else say(c, ND_LOG_WARNING, "no tags: ", diag.text);
    } else if (!path && x->is_wanted) {
        nd_diag_set(&diag, ND_ENOTFOUND, "there is no model here: --model FILE");
        status = cli_fail(c, &diag);
    } else if (!path) {
        say(c, ND_LOG_DEBUG, "no tags: ", "there is no model here (--model FILE)");
    }
    free(path);
    return status;
}

/* The features that the model reads, behind those that there are. */
static int add_model_features(cli *c, const inspection *x, char features[512], nd_medium medium)
{
    char reads[128];
    nd_diag diag = {0};
    if (!x->model) return CLI_DONE;
    bool to_match = cli_get(c, "with");
    int rc = nd_model_reads(reads, x->model, medium, to_match, &diag);
    if (!rc) snprintf(features + strlen(features), 512 - strlen(features), ",%s", reads);
    if (rc && to_match) return cli_fail(c, &diag);
    return judge_model(c, x, rc, &diag);
}

static int read_tags(cli *c, inspection *x, nd_tag_shares *out, const nd_description *d)
{
    nd_diag diag = {0};
    if (!x->model || !d) return CLI_DONE;
    return judge_model(c, x, nd_model_tags_of(out, x->model, d, 0, NULL, &diag), &diag);
}

/* Tags first: what they are read from is not kept. */
static int look(cli *c, inspection *x)
{
    nd_diag diag = {0};
    int status = read_tags(c, x, &x->tags, x->d);
    if (!status) status = read_tags(c, x, &x->track_tags, x->track);
    if (!status && x->track && nd_match_facts_make(&x->match, x->model, x->d, x->track, 0, &diag))
        status = cli_fail(c, &diag);
    return status;
}

/* ---- the file ------------------------------------------------------------------------- */

/* Features differ by medium: where that is not said, the file is asked. */
static int find_medium(cli *c, nd_medium *medium)
{
    nd_diag diag = {0};
    nd_description *first = NULL;
    nd_describe_params quick = {.features = "", .log = &c->log};
    if (*medium) return CLI_DONE;
    if (nd_describe_file(&first, c->args[0], &quick, &diag)) return cli_fail(c, &diag);
    *medium = nd_description_medium(first);
    nd_description_destroy(&first);
    return CLI_DONE;
}

/* The default features, the published variants where asked for, what the model reads, and what the
 * picture needs. */
static int describe(cli *c, const inspection *x, nd_description **d, const char *path,
                    nd_medium medium)
{
    char features[512] = "default";
    nd_diag diag = {0};
    if (cli_get(c, "published"))
        strcat(features,
               medium == ND_MUSIC ? ",beat_published,rhythm_published" : ",flow_published");
    if (cli_get(c, "png")) {
        strcat(features, ",");
        strcat(features, nd_picture_features(medium));
    }
    int status = add_model_features(c, x, features, medium);
    nd_describe_params params = {.medium = medium, .features = features, .log = &c->log};
    if (!status && nd_describe_file(d, path, &params, &diag)) status = cli_fail(c, &diag);
    return status;
}

static int inspect(cli *c, inspection *x)
{
    nd_medium medium = cli_get(c, "music") ? ND_MUSIC : 0;
    const char *with = cli_get(c, "with");
    int status = cli_get(c, "no-model") ? CLI_DONE : open_model(c, x);
    if (!status) status = find_medium(c, &medium);
    if (!status) status = describe(c, x, &x->d, c->args[0], medium);
    if (!status && with) status = describe(c, x, &x->track, with, ND_MUSIC);
    return status ? status : look(c, x);
}

static void inspection_deinit(inspection *x)
{
    nd_tag_shares_deinit(&x->tags);
    nd_tag_shares_deinit(&x->track_tags);
    nd_match_facts_deinit(&x->match);
    nd_description_destroy(&x->d);
    nd_description_destroy(&x->track);
    nd_model_close(&x->model);
}

/* ---- results -------------------------------------------------------------------------- */

/* "seen: calm sea 0.62" of the picture's line of facts. */
static void add_tag(char note[400], const nd_tag_shares *t)
{
    char name[1024];
    int best;
    size_t n = strlen(note);
    if (!t->n_tags) return;
    nd_tags_largest(&best, t->whole, t->n_tags, 1);
    snprintf(note + n, 400 - n, "%s%s: %.100s %.2f", n ? ", " : "", verb(t),
             cli_text(name, t->names[best]), (double)t->whole[best]);
}

static int draw_match(const cli *c, const inspection *x, const char *png, nd_diag *diag)
{
    const nd_match_facts *m = &x->match;
    char note[400] = "";
    if (isfinite(m->pair)) snprintf(note, sizeof note, "pair %.2f", m->pair);
    add_tag(note, &x->tags);
    add_tag(note, &x->track_tags);
    nd_match_picture picture = {.cosines = m->cosines,
                                .n_query_clips = m->n_query_clips,
                                .n_track_clips = m->n_track_clips,
                                .offset = m->offset,
                                .score = m->score,
                                .start_s = NAN,
                                .query_name = cli_file_name(c->args[0]),
                                .track_name = cli_file_name(cli_get(c, "with")),
                                .note = note,
                                .query = x->d,
                                .track = x->track};
    if (!m->cosines)
        return nd_diag_set(diag, ND_EUNSUPPORTED,
                           "drawing %s: a model that compares clips expected, this one compares "
                           "wholes",
                           png);
    return nd_picture_match(png, &picture, diag);
}

static int draw(cli *c, const inspection *x)
{
    nd_diag diag = {0};
    const char *png = cli_get(c, "png");
    if (!png) return CLI_DONE;
    int rc = x->track ? draw_match(c, x, png, &diag)
                      : nd_picture_write(x->d, cli_file_name(c->args[0]), png, &diag);
    return rc ? cli_fail(c, &diag) : CLI_DONE;
}

static int print_json(cli *c, const inspection *x)
{
    char *json = NULL;
    nd_inspection shown = {.description = x->d,
                           .path = c->args[0],
                           .tags = x->tags.n_tags ? &x->tags : NULL,
                           .track_path = cli_get(c, "with"),
                           .match = x->track ? &x->match : NULL,
                           .track_tags = x->track_tags.n_tags ? &x->track_tags : NULL};
    int rc = nd_inspection_json(&json, &shown);
    return cli_print_json(c, rc, json);
}

static int check_options(const cli *c)
{
    const char *model = cli_get(c, "model");
    if (cli_get(c, "no-model") && model)
        return cli_usage(c, "--model FILE and --no-model contradict each other");
    if (cli_get(c, "no-model") && cli_get(c, "with"))
        return cli_usage(c, "--with TRACK and --no-model contradict each other");
    return model && !model[0] ? cli_usage(c, "--model: a file expected") : CLI_DONE;
}

static int run(cli *c)
{
    inspection x = {0};
    int status = check_options(c);
    if (status) return status;
    status = inspect(c, &x);
    if (!status) status = draw(c, &x);
    if (!status && c->json) status = print_json(c, &x);
    else if (!status) print_text(&x, c->args[0], cli_get(c, "with"));
    inspection_deinit(&x);
    return status;
}

static const cli_option options[] = {
    {"png", 0, "FILE", "draw it: beats over the waveform, or motion and cuts"},
    {"with", 0, "TRACK", "how its clips meet those of a track; --png draws that"},
    {"music", 0, NULL, "listen to a video's soundtrack instead of looking at it"},
    {"published", 0, NULL, "rhythm and flow as the published code computes them"},
    {"model", 0, "FILE", "model that sees and hears tags (default: the installed one)"},
    {"no-model", 0, NULL, "no tags"},
    {0},
};

const cli_command cli_inspect = {
    .name = "inspect",
    .args = "FILE",
    .summary = "what is seen or heard in one media file",
    .help =
        "A model whose classifier has names for its tags says which of them it sees in a video\n"
        "or hears in music, in the whole and in each clip of 4 s. The number behind a tag is\n"
        "its share among all tags of the set: the classifier chooses one, so a file that none\n"
        "of them suits has a first one, too. -v says why there are no tags.\n"
        "\n"
        "--with TRACK holds each clip of the file against each clip of a track: match is the\n"
        "mean cosine where the file lies best along it, pair what the model's closer look says\n"
        "of that place, 0 to 1.",
    .example = "needledrop inspect holiday.mp4 --with song.ogg --png match.png",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
