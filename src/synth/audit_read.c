/* Reading a corpus as it was found: the script planned again, the pairs matched with it. */
#include <limits.h>
#include <string.h>

#include "base/json.h"
#include "synth/audit.h"

enum { MAX_ITEMS = 200000 };
#define MAX_FILE ((size_t)1 << 30)

static int bad_truth(const nd_audit *a, const char *key, nd_diag *diag)
{
    return nd_diag_set(diag, ND_EFORMAT,
                       "reading %s/truth.json: \"%s\" of the world is missing or out of range",
                       a->dir, key);
}

static bool get_int(int *out, const json_t *object, const char *key, int lo, int hi)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < lo || json_integer_value(value) > hi)
        return false;
    *out = (int)json_integer_value(value);
    return true;
}

static bool get_number(double *out, const json_t *object, const char *key, double lo, double hi)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value)) return false;
    double x = json_number_value(value);
    if (!(x >= lo && x <= hi)) return false;
    *out = x;
    return true;
}

static bool get_seed(uint64_t *out, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    char *end;
    if (!text || !*text) return false;
    *out = strtoull(text, &end, 10);
    return !*end;
}

static int read_params(nd_script_params *p, const nd_audit *a, const json_t *world, nd_diag *diag)
{
    const char *format = json_string_value(json_object_get(world, "format"));
    const char *name = json_string_value(json_object_get(world, "world"));
    if (!format || strcmp(format, "needledrop-world-1"))
        return nd_diag_set(diag, ND_EFORMAT,
                           "reading %s/truth.json: format needledrop-world-1 expected, found %s",
                           a->dir, format ? format : "none");
    if (!name || (strcmp(name, "himv") && strcmp(name, "collected")))
        return bad_truth(a, "world", diag);
    p->world = strcmp(name, "himv") ? ND_WORLD_COLLECTED : ND_WORLD_HIMV;
    p->is_blank = json_is_true(json_object_get(world, "is_blank"));
    if (!get_int(&p->n_tracks, world, "tracks", 2, MAX_ITEMS)) return bad_truth(a, "tracks", diag);
    if (!get_int(&p->n_pairs, world, "pairs", p->n_tracks, MAX_ITEMS))
        return bad_truth(a, "pairs", diag);
    if (!get_int(&p->n_families, world, "families", 1, 64)) return bad_truth(a, "families", diag);
    if (!get_int(&p->side_px, world, "side_px", 16, 512)) return bad_truth(a, "side_px", diag);
    if (!get_number(&p->fps, world, "fps", 1, 60)) return bad_truth(a, "fps", diag);
    if (!get_number(&p->noise, world, "noise", 0, .9)) return bad_truth(a, "noise", diag);
    if (!get_seed(&p->seed, world, "seed")) return bad_truth(a, "seed", diag);
    if (!get_seed(&p->video_seed, world, "video_seed")) return bad_truth(a, "video_seed", diag);
    if (!get_seed(&p->music_seed, world, "music_seed")) return bad_truth(a, "music_seed", diag);
    return 0;
}

/* ---- names to indices -------------------------------------------------------------------- */

typedef struct name_of {
    const char *id;
    int index;
} name_of;

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const name_of *)a)->id, ((const name_of *)b)->id);
}

typedef struct names {
    name_of *videos, *tracks; /* sorted by id */
    int n_videos, n_tracks;
} names;

static int sort_names(names *out, const nd_script *s)
{
    *out = (names){.n_videos = s->n_videos, .n_tracks = s->n_tracks};
    out->videos = nd_calloc((size_t)s->n_videos, sizeof *out->videos);
    out->tracks = nd_calloc((size_t)s->n_tracks, sizeof *out->tracks);
    if (!out->videos || !out->tracks) return ND_ENOMEM;
    for (int i = 0; i < s->n_videos; i++) out->videos[i] = (name_of){s->videos[i].id, i};
    for (int i = 0; i < s->n_tracks; i++) out->tracks[i] = (name_of){s->tracks[i].id, i};
    qsort(out->videos, (size_t)s->n_videos, sizeof *out->videos, compare_ids);
    qsort(out->tracks, (size_t)s->n_tracks, sizeof *out->tracks, compare_ids);
    return 0;
}

/* The index of the item whose file is folder/ID.ending; -1 where there is none. */
static int find_item(const char *path, const char *folder, const name_of *items, int n)
{
    char id[ND_ID_BYTES];
    size_t n_folder = strlen(folder), n_id = path ? strcspn(path, ".") : 0;
    if (!path || strncmp(path, folder, n_folder) || n_id - n_folder != ND_ID_BYTES - 1) return -1;
    memcpy(id, path + n_folder, ND_ID_BYTES - 1);
    id[ND_ID_BYTES - 1] = 0;
    name_of key = {id, 0};
    const name_of *found = bsearch(&key, items, (size_t)n, sizeof *items, compare_ids);
    return found ? found->index : -1;
}

/* ---- corpus.jsonl ------------------------------------------------------------------------ */

static int read_pair(nd_audit_pair *out, const nd_audit *a, const names *n, const json_t *line,
                     int number, nd_diag *diag)
{
    const char *split = json_string_value(json_object_get(line, "split"));
    nd_audit_pair pair = {.line = number,
                          .video = find_item(json_string_value(json_object_get(line, "video")),
                                             "video/", n->videos, n->n_videos),
                          .track = find_item(json_string_value(json_object_get(line, "music")),
                                             "music/", n->tracks, n->n_tracks),
                          .has_tags = json_array_size(json_object_get(line, "tags")) > 0 ||
                                      json_array_size(json_object_get(line, "music_tags")) > 0};
    int s = 0;
    while (s < 3 && (!split || strcmp(split, nd_split_names[s]))) s++;
    if (pair.video < 0 || pair.track < 0 || s == 3)
        return nd_diag_set(diag, ND_EFORMAT,
                           "reading %s/corpus.jsonl: line %d: %s expected, found none", a->dir,
                           number,
                           s == 3           ? "a split of train, val or test"
                           : pair.video < 0 ? "a video that truth.json has"
                                            : "a music file that truth.json has");
    pair.split = (nd_part_of_corpus)s;
    *out = pair;
    return 0;
}

static int read_pairs(nd_audit *a, const names *n, const nd_bytes *bytes, nd_diag *diag)
{
    const char *at = (const char *)bytes->data, *end = at + bytes->n;
    size_t capacity = 0;
    for (int number = 1; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        json_error_t error;
        json_t *line = json_loadb(at, (size_t)(stop - at), 0, &error);
        if (!line)
            return nd_diag_set(diag, ND_EFORMAT, "reading %s/corpus.jsonl: line %d, column %d: %s",
                               a->dir, number, error.column, error.text);
        int rc = nd_grow(&a->pairs, &capacity, (size_t)a->n_pairs, 1, sizeof *a->pairs);
        if (rc) nd_diag_set(diag, rc, "reading %s: out of memory", a->dir);
        else rc = read_pair(&a->pairs[a->n_pairs], a, n, line, number, diag);
        json_decref(line);
        if (rc) return rc;
        a->n_pairs++;
        at = stop + 1;
    }
    return 0;
}

/* The place of each track in the list that truth.json has. */
static void read_places(nd_audit *a, const names *n, const json_t *tracks)
{
    for (size_t i = 0; i < json_array_size(tracks) && i < INT_MAX; i++) {
        const char *id = json_string_value(json_object_get(json_array_get(tracks, i), "id"));
        name_of key = {id ? id : "", 0};
        const name_of *found = bsearch(&key, n->tracks, (size_t)n->n_tracks, sizeof *n->tracks,
                                       compare_ids);
        if (found) a->places[found->index] = (int)i;
    }
}

static int read_file(nd_bytes *out, const nd_audit *a, const char *name, nd_diag *diag)
{
    char *path = nd_path_join(a->dir, name);
    int rc = path ? nd_file_read(out, path, MAX_FILE, diag)
                  : nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", name);
    free(path);
    return rc;
}

static int read_truth(json_t **out, nd_audit *a, nd_diag *diag)
{
    nd_bytes bytes = {0};
    json_error_t error;
    char *again = NULL;
    nd_script_params p = {0};
    int rc = read_file(&bytes, a, "truth.json", diag);
    if (rc) return rc;
    json_t *truth = json_loadb((const char *)bytes.data, bytes.n, 0, &error);
    if (!truth)
        rc = nd_diag_set(diag, ND_EFORMAT, "reading %s/truth.json: line %d, column %d: %s", a->dir,
                         error.line, error.column, error.text);
    if (!rc) rc = read_params(&p, a, json_object_get(truth, "world"), diag);
    if (!rc &&
        ((rc = nd_script_plan(&a->script, &p)) || (rc = nd_script_truth(&again, &a->script))))
        nd_diag_set(diag, rc, "reading %s/truth.json: out of memory", a->dir);
    if (!rc) a->is_truth_same = strlen(again) == bytes.n && !memcmp(again, bytes.data, bytes.n);
    free(again);
    nd_bytes_deinit(&bytes);
    if (rc) json_decref(truth);
    else *out = truth;
    return rc;
}

int nd_audit_read(nd_audit *a, nd_diag *diag)
{
    json_t *truth = NULL;
    names n = {0};
    nd_bytes bytes = {0};
    int rc = read_truth(&truth, a, diag);
    if (!rc) {
        a->places = nd_calloc((size_t)a->script.n_tracks, sizeof *a->places);
        if (!a->places || sort_names(&n, &a->script))
            rc = nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", a->dir);
    }
    if (!rc) {
        read_places(a, &n, json_object_get(truth, "tracks"));
        rc = read_file(&bytes, a, "corpus.jsonl", diag);
    }
    if (!rc) rc = read_pairs(a, &n, &bytes, diag);
    nd_bytes_deinit(&bytes);
    json_decref(truth);
    free(n.videos);
    free(n.tracks);
    return rc;
}

void nd_audit_deinit(nd_audit *a)
{
    nd_script_deinit(&a->script);
    free(a->places);
    free(a->pairs);
    free(a->hashes);
    json_decref(a->controls);
    nd_str_deinit(&a->text);
    *a = (nd_audit){0};
}

char *nd_audit_video_path(const nd_audit *a, int video)
{
    char *name = nd_made_video_name(&a->script, video);
    char *path = name ? nd_path_join(a->dir, name) : NULL;
    free(name);
    return path;
}

char *nd_audit_track_path(const nd_audit *a, int track)
{
    char *name = nd_made_track_name(&a->script, track);
    char *path = name ? nd_path_join(a->dir, name) : NULL;
    free(name);
    return path;
}
