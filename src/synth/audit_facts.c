/* Rankers that know one number of each file: every one has to rank at chance. The worker decodes
 * the test part once, for the picture's look and the sound's loudness. */
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "describe/describe.h"
#include "synth/audit.h"

typedef struct side {
    int *items; /* [n], of the script */
    int n;
    double *facts; /* [ND_N_FACTS][n] */
} side;

typedef struct gathering {
    nd_audit *a;
    side videos, tracks;
    int *wanted; /* [videos.n] index into tracks */
    int *lines;  /* [videos.n] */
    int block;   /* queries that are of one family, one after the other; 1: the split is not so */
    pthread_mutex_t lock;
    int64_t n_done;
    int n_unread, n_texts, n_sounds;
    char unread[160]; /* the first story */
} gathering;

static double *fact(const side *s, nd_fact which)
{
    return s->facts + (size_t)which * (size_t)s->n;
}

/* The first letters as a number: it sorts as the text does. */
static double number_of(const char *text)
{
    double x = 0;
    for (int i = 0; i < 6; i++) {
        x = 256 * x + (double)(unsigned char)*text;
        if (*text) text++;
    }
    return x;
}

static double mean_of(const nd_description *d, const char *array)
{
    int64_t n;
    const float *x = nd_description_f32(d, array, &n);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i];
    return n ? sum / (double)n : 0;
}

static size_t text_bytes(const nd_media_info *info)
{
    return strlen(info->title) + strlen(info->artist) + strlen(info->album) + strlen(info->genre) +
           strlen(info->mood) + strlen(info->comment);
}

static void note_media(side *s, int i, const nd_description *d)
{
    const nd_media_info *info = nd_description_info(d);
    bool is_video = nd_description_medium(d) == ND_VIDEO;
    fact(s, ND_FACT_DURATION)[i] = info->duration_s;
    fact(s, ND_FACT_BIT_RATE)[i] = fact(s, ND_FACT_SIZE)[i] / ND_MAX(info->duration_s, .01);
    fact(s, ND_FACT_CODEC)[i] = number_of(is_video ? info->video_codec : info->audio_codec);
    fact(s, ND_FACT_METADATA)[i] = (double)text_bytes(info);
    fact(s, ND_FACT_FORMAT)[i] = is_video ? info->width * info->height : info->rate_hz;
    fact(s, ND_FACT_BRIGHTNESS)[i] = mean_of(d, "clip_brightness");
    fact(s, ND_FACT_WARMTH)[i] = mean_of(d, "clip_warmth");
    fact(s, ND_FACT_SATURATION)[i] = mean_of(d, "clip_saturation");
    fact(s, ND_FACT_LOUDNESS)[i] = nd_description_scalar(d, "integrated_lufs", 0);
}

static void note_file(const gathering *g, side *s, int i, const char *path, bool is_video)
{
    struct stat st = {0};
    const nd_script *script = &g->a->script;
    int item = s->items[i];
    const char *id = is_video ? script->videos[item].id : script->tracks[item].id;
    if (!stat(path, &st)) {
        fact(s, ND_FACT_SIZE)[i] = (double)st.st_size;
        fact(s, ND_FACT_TIME)[i] = (double)st.st_mtim.tv_sec + 1e-9 * (double)st.st_mtim.tv_nsec;
        fact(s, ND_FACT_INODE)[i] = (double)st.st_ino;
    }
    fact(s, ND_FACT_NAME)[i] = (double)strtoull(id, NULL, 16);
    fact(s, ND_FACT_PLACE)[i] = is_video ? g->lines[i] : g->a->places[item];
}

static int gather_item(void *user, int64_t index)
{
    gathering *g = user;
    bool is_video = index < g->videos.n;
    side *s = is_video ? &g->videos : &g->tracks;
    int i = (int)(is_video ? index : index - g->videos.n);
    char *path = is_video ? nd_audit_video_path(g->a, s->items[i])
                          : nd_audit_track_path(g->a, s->items[i]);
    if (!path) return ND_ENOMEM;
    nd_describe_params params = {.medium = is_video ? ND_VIDEO : ND_MUSIC,
                                 .features = is_video ? "look" : "loudness"};
    nd_description *d = NULL;
    nd_diag diag = {0};
    note_file(g, s, i, path, is_video);
    int failed = nd_describe_file(&d, path, &params, &diag);
    if (!failed) note_media(s, i, d);
    pthread_mutex_lock(&g->lock);
    if (failed && g->n_unread++ == 0)
        nd_text_print(g->unread, sizeof g->unread, diag.text, strlen(diag.text));
    if (!failed) {
        g->n_texts += text_bytes(nd_description_info(d)) > 0;
        g->n_sounds += is_video && nd_description_info(d)->has_audio;
    }
    int rc = nd_progress_update(g->a->progress, "looking at the test part", ++g->n_done,
                                (int64_t)g->videos.n + g->tracks.n, nd_path_name(path));
    pthread_mutex_unlock(&g->lock);
    nd_description_destroy(&d);
    free(path);
    return rc;
}

/* ---- the gallery ------------------------------------------------------------------------- */

/* Whether the queries are whole families one after the other. */
static bool is_in_blocks(const gathering *g)
{
    const nd_script *s = &g->a->script;
    for (int i = 0; i < g->videos.n; i++) {
        int family = s->tracks[g->tracks.items[g->wanted[i]]].family;
        if (family != i / ND_FAMILY_TRACKS) return false;
    }
    return g->videos.n % ND_FAMILY_TRACKS == 0;
}

/* Queries are the videos of the test part, the gallery its tracks, each once; families one after
 * the other, as the script has them. */
static int find_gallery(gathering *g)
{
    nd_audit *a = g->a;
    int n_tracks = a->script.n_tracks;
    int *seats = nd_calloc((size_t)n_tracks, sizeof *seats);
    const nd_audit_pair **by_video = nd_calloc((size_t)a->script.n_videos, sizeof *by_video);
    g->videos.items = nd_calloc((size_t)a->n_pairs, sizeof *g->videos.items);
    g->lines = nd_calloc((size_t)a->n_pairs, sizeof *g->lines);
    g->wanted = nd_calloc((size_t)a->n_pairs, sizeof *g->wanted);
    g->tracks.items = nd_calloc((size_t)n_tracks, sizeof *g->tracks.items);
    if (!seats || !by_video || !g->videos.items || !g->lines || !g->wanted || !g->tracks.items) {
        free(seats);
        free(by_video);
        return ND_ENOMEM;
    }
    for (int i = 0; i < a->n_pairs; i++) by_video[a->pairs[i].video] = &a->pairs[i];
    for (int v = 0; v < a->script.n_videos; v++) {
        const nd_audit_pair *p = by_video[v];
        if (!p || p->split != ND_IN_TEST) continue;
        if (!seats[p->track]) {
            g->tracks.items[g->tracks.n] = p->track;
            seats[p->track] = ++g->tracks.n;
        }
        g->videos.items[g->videos.n] = p->video;
        g->lines[g->videos.n] = p->line;
        g->wanted[g->videos.n++] = seats[p->track] - 1;
    }
    free(seats);
    free(by_video);
    g->block = is_in_blocks(g) ? ND_FAMILY_TRACKS : 1;
    g->videos.facts = nd_calloc((size_t)g->videos.n * ND_N_FACTS, sizeof *g->videos.facts);
    g->tracks.facts = nd_calloc((size_t)g->tracks.n * ND_N_FACTS, sizeof *g->tracks.facts);
    return g->videos.facts && g->tracks.facts ? 0 : ND_ENOMEM;
}

/* ---- the rankers ------------------------------------------------------------------------- */

typedef struct ranker {
    const char *name;
    nd_fact of_video, of_track;
} ranker;

static const ranker rankers[] = {
    {"file_size", ND_FACT_SIZE, ND_FACT_SIZE},
    {"duration", ND_FACT_DURATION, ND_FACT_DURATION},
    {"bit_rate", ND_FACT_BIT_RATE, ND_FACT_BIT_RATE},
    {"codec", ND_FACT_CODEC, ND_FACT_CODEC},
    {"metadata", ND_FACT_METADATA, ND_FACT_METADATA},
    {"format", ND_FACT_FORMAT, ND_FACT_FORMAT},
    {"list_order", ND_FACT_PLACE, ND_FACT_PLACE},
    {"name", ND_FACT_NAME, ND_FACT_NAME},
    {"time_stamp", ND_FACT_TIME, ND_FACT_TIME},
    {"inode", ND_FACT_INODE, ND_FACT_INODE},
    {"brightness", ND_FACT_BRIGHTNESS, ND_FACT_LOUDNESS},
    {"warmth", ND_FACT_WARMTH, ND_FACT_LOUDNESS},
    {"saturation", ND_FACT_SATURATION, ND_FACT_LOUDNESS},
    {"loudness", ND_FACT_BIT_RATE, ND_FACT_LOUDNESS},
    {"size_duration", ND_FACT_SIZE, ND_FACT_DURATION},
    {"duration_size", ND_FACT_DURATION, ND_FACT_SIZE},
};

static json_t *percents(const double x[ND_RECALLS])
{
    json_t *list = json_array();
    for (int r = 0; r < ND_RECALLS; r++) json_array_append_new(list, nd_json_number(100 * x[r], 2));
    return list;
}

static int report_ranking(nd_audit *a, const ranker *r, const nd_audit_ranking *k)
{
    char name[48], found[160];
    snprintf(name, sizeof name, "ranker_%s", r->name);
    snprintf(found, sizeof found,
             "%5.1f %5.1f %5.1f %5.1f  [%4.1f %4.1f]  chance %4.1f..%4.1f  mean rank %.3f, "
             "chance %.3f..%.3f",
             100 * k->found[0], 100 * k->found[1], 100 * k->found[2], 100 * k->found[3],
             100 * k->lo[3], 100 * k->hi[3], 100 * k->chance_lo[3], 100 * k->chance_hi[3],
             k->found[4], k->chance_lo[4], k->chance_hi[4]);
    json_t *extra = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:[o, o]}", "recall", percents(k->found), "bootstrap_lo",
        percents(k->lo), "bootstrap_hi", percents(k->hi), "chance_lo", percents(k->chance_lo),
        "chance_hi", percents(k->chance_hi), "mean_rank", nd_json_number(k->found[ND_RECALLS], 4),
        "mean_rank_chance", nd_json_number(k->chance_lo[ND_RECALLS], 4),
        nd_json_number(k->chance_hi[ND_RECALLS], 4));
    return extra ? nd_audit_add(a, name, k->is_at_chance, found, extra) : ND_ENOMEM;
}

static int rank_all(gathering *g)
{
    int rc = 0;
    nd_str_append(&g->a->text,
                  "\nrankers: Recall@1 5 10 25 in %%, [95 %% by bootstrap of the last], what 4,000 "
                  "random pairings give\n");
    for (size_t i = 0; i < ND_COUNT(rankers) && !rc; i++) {
        nd_audit_ranking ranking;
        rc = nd_audit_rank(&ranking, fact(&g->videos, rankers[i].of_video),
                           fact(&g->tracks, rankers[i].of_track), g->wanted, g->videos.n,
                           g->tracks.n, g->block);
        if (!rc) rc = report_ranking(g->a, &rankers[i], &ranking);
    }
    return rc;
}

static int report_media(gathering *g)
{
    char found[256];
    snprintf(found, sizeof found, "%d of the test part cannot be decoded%s%s", g->n_unread,
             g->n_unread ? ", the first: " : "", g->unread);
    int rc = nd_audit_add(g->a, "test_part_decodes", g->n_unread == 0, found, NULL);
    snprintf(found, sizeof found, "%d files with a title or other text in them", g->n_texts);
    if (!rc) rc = nd_audit_add(g->a, "no_text_in_media", g->n_texts == 0, found, NULL);
    snprintf(found, sizeof found, "%d videos of the test part with sound", g->n_sounds);
    if (!rc) rc = nd_audit_add(g->a, "no_sound_in_videos", g->n_sounds == 0, found, NULL);
    return rc;
}

int nd_audit_rankers(nd_audit *a, nd_diag *diag)
{
    gathering g = {.a = a, .lock = PTHREAD_MUTEX_INITIALIZER};
    int rc = find_gallery(&g);
    if (!rc && g.videos.n == 0) {
        rc = nd_audit_add(a, "test_part", false, "no pair of the split \"test\"", NULL);
    } else {
        if (!rc) rc = nd_parallel((int64_t)g.videos.n + g.tracks.n, a->n_threads, gather_item, &g);
        if (!rc) rc = report_media(&g);
        if (!rc) rc = rank_all(&g);
    }
    pthread_mutex_destroy(&g.lock);
    free(g.videos.items);
    free(g.videos.facts);
    free(g.tracks.items);
    free(g.tracks.facts);
    free(g.wanted);
    free(g.lines);
    return rc ? nd_diag_set(diag, rc, "auditing %s: %s", a->dir, nd_error_text(rc)) : 0;
}
