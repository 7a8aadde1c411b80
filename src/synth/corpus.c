/* nd_synth_corpus: the script planned, every item rendered to its file, the lists written last.
 *
 * truth.json is written first: it holds all parameters, so that a folder of another world is
 * noticed. Items are rendered in an order that has nothing to do with the pairs, videos and tracks
 * each in its own, since inodes tell the order in which files were made. */
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/json.h"
#include "synth/corpus.h"
#include "synth/truth.h"

enum { LEAST_PAIRS = 24, MOST_PAIRS = 200000, TIME_STAMP = 1704067200 }; /* 2024-01-01 */

typedef struct work {
    const nd_script *script;
    const char *dir;
    int *video_order, *track_order;
    const nd_progress *progress;
    nd_diag *diag;
    pthread_mutex_t lock; /* of what follows, of diag and of progress */
    int64_t n_done, n_kept;
    bool has_failed;
} work;

/* ---- parameters -------------------------------------------------------------------------- */

static int check_params(const char *dir, const nd_synth_corpus_params *p, nd_diag *diag)
{
    if (!dir || !*dir || !p)
        return nd_diag_set(diag, ND_EARG, "making a corpus: a folder and parameters expected");
    if (p->size < ND_SIZE_NONE || p->size > ND_SIZE_FULL || p->world < ND_WORLD_COLLECTED ||
        p->world > ND_WORLD_HIMV)
        return nd_diag_set(diag, ND_EARG, "making a corpus: no size %d or world %d", (int)p->size,
                           (int)p->world);
    if (p->size == ND_SIZE_NONE && (p->n_pairs < LEAST_PAIRS || p->n_pairs > MOST_PAIRS))
        return nd_diag_set(diag, ND_EARG, "making a corpus: %d to %d pairs expected, not %d",
                           (int)LEAST_PAIRS, (int)MOST_PAIRS, p->n_pairs);
    if (!(p->noise < .9))
        return nd_diag_set(diag, ND_EARG, "making a corpus: noise below 0.9 expected, not %g",
                           p->noise);
    if (p->n_threads < 0)
        return nd_diag_set(diag, ND_EARG, "making a corpus: n_threads should not be %d",
                           p->n_threads);
    return 0;
}

static nd_script_params resolve(const nd_synth_corpus_params *p)
{
    static const nd_script_params sizes[] = {
        [ND_SIZE_TINY] = {.n_tracks = 64, .n_pairs = 200, .n_families = 4, .side_px = 48, .fps = 4},
        [ND_SIZE_SMALL] =
            {.n_tracks = 700, .n_pairs = 2800, .n_families = 32, .side_px = 96, .fps = 8},
        [ND_SIZE_FULL] =
            {.n_tracks = 1600, .n_pairs = 6300, .n_families = 64, .side_px = 96, .fps = 8},
    };
    nd_script_params r = sizes[p->size];
    if (p->size == ND_SIZE_NONE) {
        r.n_families = (int)ND_CLAMP(lround(.155 * p->n_pairs / ND_FAMILY_TRACKS), 1, 64);
        r.n_pairs = p->n_pairs - r.n_families * ND_FAMILY_TRACKS;
        r.n_tracks = (int)ND_MAX(2, lround(r.n_pairs / 3.9));
        r.side_px = 96;
        r.fps = 8;
    }
    if (p->world == ND_WORLD_HIMV) {
        if (p->size == ND_SIZE_NONE) r.n_tracks = r.n_pairs;
        r.n_pairs = r.n_tracks;
    }
    r.world = p->world;
    r.is_blank = p->no_script;
    r.noise = p->noise < 0 ? 0 : p->noise > 0 ? p->noise : .2;
    r.seed = p->seed;
    r.video_seed = p->video_seed ? p->video_seed : p->seed;
    r.music_seed = p->music_seed ? p->music_seed : p->seed;
    return r;
}

/* ---- files ------------------------------------------------------------------------------- */

static int make_folder(const char *dir, const char *name, nd_diag *diag)
{
    char *path = nd_path_join(dir, name);
    int rc = path ? nd_folder_make(path, diag)
                  : nd_diag_set(diag, ND_ENOMEM, "making a corpus: out of memory");
    free(path);
    return rc;
}

/* All files seem to be made at one moment. */
static int set_time(const char *path, nd_diag *diag)
{
    const struct timespec times[2] = {{.tv_sec = TIME_STAMP}, {.tv_sec = TIME_STAMP}};
    return utimensat(AT_FDCWD, path, times, 0) ? nd_diag_errno(diag, "dating", path) : 0;
}

static int write_text(const char *dir, const char *name, const char *text, nd_diag *diag)
{
    char *path = nd_path_join(dir, name);
    int rc = path && text ? nd_file_write(path, text, strlen(text), diag)
                          : nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", name);
    if (!rc) rc = set_time(path, diag);
    free(path);
    return rc;
}

/* Write truth.json, or find that the one there is the same. */
static int claim_folder(const char *dir, const nd_script *script, nd_diag *diag)
{
    char *text = NULL, *path = nd_path_join(dir, "truth.json");
    nd_bytes found = {0};
    struct stat st;
    int rc = path ? nd_script_truth(&text, script) : ND_ENOMEM;
    if (rc) nd_diag_set(diag, rc, "making a corpus: out of memory");
    else if (stat(path, &st)) rc = write_text(dir, "truth.json", text, diag);
    else if (!(rc = nd_file_read(&found, path, (size_t)1 << 30, diag)) &&
             (found.n != strlen(text) || memcmp(found.data, text, found.n)))
        rc = nd_diag_set(diag, ND_EVERSION,
                         "making a corpus in %s: truth.json there is of other parameters: take "
                         "another folder or remove it",
                         dir);
    nd_bytes_deinit(&found);
    free(path);
    free(text);
    return rc;
}

/* ---- rendering --------------------------------------------------------------------------- */

static int finish_item(work *w, int rc, const nd_diag *diag, const char *name, bool is_kept)
{
    pthread_mutex_lock(&w->lock);
    if (rc && !w->has_failed) {
        w->has_failed = true;
        if (w->diag) *w->diag = *diag;
    }
    if (!rc) {
        w->n_kept += is_kept;
        int64_t total = (int64_t)w->script->n_tracks + w->script->n_videos;
        rc = nd_progress_update(w->progress, "making a corpus", ++w->n_done, total, name);
        if (rc && !w->has_failed) {
            w->has_failed = true;
            nd_diag_set(w->diag, rc,
                        "making a corpus: stopped on request; started again it goes on");
        }
    }
    pthread_mutex_unlock(&w->lock);
    return rc;
}

/* Files get their name when they are whole: what has the name is kept. */
static int render_item(void *user, int64_t i)
{
    work *w = user;
    nd_diag diag = {0};
    bool is_video = i < w->script->n_videos, is_kept = false;
    int item = is_video ? w->video_order[i] : w->track_order[i - w->script->n_videos];
    char *name = is_video ? nd_made_video_name(w->script, item)
                          : nd_made_track_name(w->script, item);
    char *path = name ? nd_path_join(w->dir, name) : NULL;
    struct stat st;
    int rc = path ? 0 : nd_diag_set(&diag, ND_ENOMEM, "making a corpus: out of memory");
    if (!rc) is_kept = !stat(path, &st) && S_ISREG(st.st_mode) && st.st_size > 0;
    if (!rc && !is_kept)
        rc = is_video ? nd_made_video_render(path, w->script, item, &diag)
                      : nd_made_track_render(path, w->script, item, &diag);
    if (!rc) rc = set_time(path, &diag);
    rc = finish_item(w, rc, &diag, name, is_kept);
    free(path);
    free(name);
    return rc;
}

static int render_all(work *w, int n_threads)
{
    const nd_script *s = w->script;
    uint64_t seed = s->params.seed;
    w->video_order = nd_script_shuffle(s->n_videos, nd_item_seed(seed, 1, ND_MADE_PAIRS));
    w->track_order = nd_script_shuffle(s->n_tracks, nd_item_seed(seed, 2, ND_MADE_PAIRS));
    pthread_mutex_init(&w->lock, NULL);
    int rc = w->video_order && w->track_order
                 ? nd_parallel((int64_t)s->n_tracks + s->n_videos,
                               n_threads ? n_threads : nd_core_count(), render_item, w)
                 : nd_diag_set(w->diag, ND_ENOMEM, "making a corpus: out of memory");
    pthread_mutex_destroy(&w->lock);
    free(w->video_order);
    free(w->track_order);
    return rc;
}

/* ---- lists ------------------------------------------------------------------------------- */

static json_t *pair_of(const nd_script *s, int video)
{
    const nd_script_video *v = &s->videos[video];
    const nd_script_track *t = &s->tracks[v->track];
    bool is_open = t->split != ND_IN_TEST;
    char *picture = nd_made_video_name(s, video), *sound = nd_made_track_name(s, v->track);
    json_t *pair = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "id", v->id, "video", picture ? picture : "",
        "music", sound ? sound : "", "start_s", nd_json_number(v->start_s, 3), "tags",
        is_open ? nd_script_words(s->params.world, v->tags) : json_array(), "music_tags",
        is_open ? nd_script_words(s->params.world, t->tags) : json_array(), "split",
        nd_split_names[t->split]);
    if (!picture || !sound) {
        json_decref(pair);
        pair = NULL;
    }
    free(picture);
    free(sound);
    return pair;
}

static json_t *test_tags_of(const nd_script *s, int video)
{
    const nd_script_video *v = &s->videos[video];
    const nd_script_track *t = &s->tracks[v->track];
    if (t->split != ND_IN_TEST) return json_null();
    return json_pack("{s:s, s:o, s:o}", "id", v->id, "tags",
                     nd_script_words(s->params.world, v->tags), "music_tags",
                     nd_script_words(s->params.world, t->tags));
}

static json_t *spare_of(const nd_script *s, int track)
{
    const nd_script_track *t = &s->tracks[track];
    if (t->n_videos) return json_null();
    char *sound = nd_made_track_name(s, track);
    json_t *spare = sound ? json_pack("{s:s, s:s, s:o}", "music", sound, "split",
                                      nd_split_names[t->split], "music_tags",
                                      nd_script_words(s->params.world, t->tags))
                          : NULL;
    free(sound);
    return spare;
}

/* One object a line, shuffled; null ones are left out. */
static int write_list(const char *dir, const char *name, const nd_script *s, int n, int number,
                      json_t *(*tell)(const nd_script *s, int i), nd_diag *diag)
{
    int *order = nd_script_shuffle(n, nd_item_seed(s->params.seed, number, ND_MADE_SPARES));
    nd_str lines = {0};
    int rc = order ? 0 : ND_ENOMEM;
    nd_str_append(&lines, "%s", "");
    for (int i = 0; i < n && !rc; i++) {
        json_t *line = tell(s, order[i]);
        char *text = line && !json_is_null(line) ? json_dumps(line, ND_JSON_FLAGS) : NULL;
        if (text) nd_str_append(&lines, "%s\n", text);
        else if (!line || !json_is_null(line)) rc = ND_ENOMEM;
        json_decref(line);
        free(text);
    }
    char *text = nd_str_take(&lines);
    if (!rc) rc = write_text(dir, name, text, diag);
    else nd_diag_set(diag, rc, "writing %s: out of memory", name);
    free(order);
    free(text);
    return rc;
}

/* Text that was made for it, freed. */
static int write_made(const char *dir, const char *name, char *text, nd_diag *diag)
{
    int rc = write_text(dir, name, text, diag);
    free(text);
    return rc;
}

static int write_words(const char *dir, nd_synth_world world, nd_diag *diag)
{
    int rc = write_made(dir, "synonyms.txt", nd_script_synonyms(), diag);
    if (!rc)
        rc = write_made(dir, "targets_scene.txt", nd_script_targets(world, ND_TARGET_SCENE), diag);
    if (!rc)
        rc = write_made(dir, "targets_family.txt", nd_script_targets(world, ND_TARGET_FAMILY),
                        diag);
    return rc;
}

static nd_synth_corpus_counts count(const nd_script *s, int64_t n_kept)
{
    nd_synth_corpus_counts c = {
        .n_tracks = s->n_tracks, .n_videos = s->n_videos, .n_kept = (int)n_kept};
    for (int v = 0; v < s->n_videos; v++) {
        nd_part_of_corpus split = s->tracks[s->videos[v].track].split;
        c.n_train += split == ND_IN_TRAIN;
        c.n_val += split == ND_IN_VAL;
        c.n_test += split == ND_IN_TEST;
    }
    return c;
}

int nd_synth_corpus(const char *dir, const nd_synth_corpus_params *params,
                    nd_synth_corpus_counts *counts_out, const nd_progress *progress, nd_diag *diag)
{
    int rc = check_params(dir, params, diag);
    if (rc) return rc;
    nd_script_params resolved = resolve(params);
    nd_script script = {0};
    if ((rc = nd_script_plan(&script, &resolved)))
        return nd_diag_set(diag, rc, "making a corpus: out of memory");
    work w = {.script = &script, .dir = dir, .progress = progress, .diag = diag};
    rc = make_folder(dir, "", diag);
    if (!rc) rc = make_folder(dir, "video", diag);
    if (!rc) rc = make_folder(dir, "music", diag);
    if (!rc) rc = claim_folder(dir, &script, diag);
    if (!rc) rc = render_all(&w, params->n_threads);
    if (!rc) rc = write_words(dir, resolved.world, diag);
    if (!rc) rc = write_list(dir, "gallery.jsonl", &script, script.n_tracks, 1, spare_of, diag);
    if (!rc)
        rc = write_list(dir, "test_tags.jsonl", &script, script.n_videos, 2, test_tags_of, diag);
    if (!rc) rc = write_list(dir, "corpus.jsonl", &script, script.n_videos, 3, pair_of, diag);
    if (!rc && counts_out) *counts_out = count(&script, w.n_kept);
    nd_script_deinit(&script);
    return rc;
}
