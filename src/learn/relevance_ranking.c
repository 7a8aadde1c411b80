/* A ranking that is a file: lines of video, track, score, or what `recommend --json` printed. What
 * it does not list is not found: it has no place and no gain. */
#include <string.h>

#include "learn/relevance.h"

enum { MAX_BYTES = 256 << 20 };

/* ---- what recommend prints ---------- */

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* A path as nd_json_set_path wrote it: its bytes are in "path_hex" where they are no UTF-8.
 * @return malloc'ed; NULL: no path, or no memory */
static char *path_of(const json_t *o)
{
    const char *text = json_string_value(json_object_get(o, "path"));
    const char *hex = json_string_value(json_object_get(o, "path_hex"));
    if (!hex) return text ? strdup(text) : NULL;
    size_t n = strlen(hex) / 2;
    char *path = malloc(n + 1);
    for (size_t i = 0; i < n && path; i++) {
        int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);
        path[i] = high < 0 || low < 0 ? '?' : (char)(high << 4 | low);
    }
    if (path) path[n] = '\0';
    return path;
}

/* The score is the place: those that are printed are rounded, and would tie. */
static int add_results(nd__marks *out, const json_t *video, int number, nd__problems *problems)
{
    const json_t *results = json_object_get(video, "results");
    char *name = path_of(video);
    int rc = 0;
    if (!name || !*name)
        nd__problem_add(problems, out->path, 0, "video %d has no \"path\"", number);
    for (size_t i = 0; i < json_array_size(results) && name && *name && !rc; i++) {
        char *track = path_of(json_array_get(results, i));
        out->n_lines++;
        if (track && *track) rc = nd__marks_add(out, name, track, -(double)i, 0);
        else
            nd__problem_add(problems, out->path, 0, "result %d of video %d has no \"path\"",
                            (int)i + 1, number);
        free(track);
    }
    free(name);
    return rc;
}

static int read_report(nd__marks *out, const json_t *videos, nd__problems *problems, nd_diag *diag)
{
    int rc = 0;
    for (size_t i = 0; i < json_array_size(videos) && !rc; i++) {
        const json_t *video = json_array_get(videos, i);
        json_int_t n_passed = json_integer_value(json_object_get(video, "n_passed"));
        rc = add_results(out, video, (int)i + 1, problems);
        out->n_gallery = (int)ND_CLAMP(n_passed, out->n_gallery, 1 << 30);
    }
    if (!rc) return 0;
    nd__marks_deinit(out);
    return nd_diag_set(diag, rc, "reading %s: %s", out->path, nd_error_text(rc));
}

int nd__ranking_parse(nd__marks *out, const char *bytes, size_t n, nd__problems *problems,
                      nd_diag *diag)
{
    json_error_t error = {0};
    json_t *root = n ? json_loadb(bytes, n, 0, &error) : NULL;
    if (n && !root && json_error_code(&error) == json_error_out_of_memory)
        return nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", out->path);
    const json_t *videos = json_object_get(root, "videos");
    int rc = json_is_array(videos) ? read_report(out, videos, problems, diag)
                                   : nd__marks_parse(out, bytes, n, problems, diag);
    json_decref(root);
    return rc;
}

int nd__ranking_read(nd__marks *out, nd__problems *problems, nd_diag *diag)
{
    nd_bytes bytes = {0};
    int rc = nd_file_read(&bytes, out->path, MAX_BYTES, diag);
    if (!rc)
        rc = nd__ranking_parse(out, bytes.n ? (const char *)bytes.data : "", bytes.n, problems,
                               diag);
    nd_bytes_deinit(&bytes);
    if (!rc && !out->n)
        rc = nd_diag_set(diag, ND_EFORMAT,
                         "reading %s: lines of video, track, score or the JSON of recommend "
                         "expected, found %d lines and none of these",
                         out->path, out->n_lines);
    return rc;
}

/* ---- as a system ---------- */

typedef struct ranked {
    nd__marks marks; /* of the ranking; names of judged tracks are added to them */
    nd__lists lists; /* the same by video */
    const nd__lists *judged;
} ranked;

static int list_of(nd__placed *out, void *user, int query)
{
    const ranked *r = user;
    int v = nd__lists_find(&r->lists, r->judged->items[r->judged->first[query]].video);
    int first = r->lists.first[v], n = r->lists.first[v + 1] - first;
    for (int i = 0; i < n; i++) {
        const nd__mark *mark = &r->lists.items[first + i];
        out[i] = (nd__placed){.score = mark->value, .track = mark->track};
    }
    return n;
}

/* Names are what they are. */
static int resolve_self(nd__resolved *out, size_t n)
{
    int rc = nd__resolved_create(out, n);
    for (size_t i = 0; i < n && !rc; i++) out->ids[i] = (int32_t)i;
    return rc;
}

static int make_lists(ranked *r, nd__problems *problems)
{
    nd__resolved videos = {0}, tracks = {0};
    int rc = resolve_self(&videos, r->marks.videos.n);
    if (!rc) rc = resolve_self(&tracks, r->marks.tracks.n);
    if (!rc) rc = nd__lists_make(&r->lists, &r->marks, &videos, &tracks, problems);
    nd__resolved_deinit(&videos);
    nd__resolved_deinit(&tracks);
    return rc;
}

static int resolve_videos(nd__resolved *out, const ranked *r, const nd__marks *judged)
{
    nd__names names = {0};
    int rc = nd__resolved_create(out, judged->videos.n);
    if (!rc) rc = nd__names_make(&names, &r->marks.videos);
    for (size_t i = 0; i < judged->videos.n && !rc; i++) {
        int found = nd__names_find(&names, judged->videos.texts[i]);
        out->ids[i] = ND_MAX(found, -1);
        if (found < 0)
            out->why[i] = found == -1 ? "the ranking has no video"
                                      : "several videos of the ranking end in";
    }
    nd__names_deinit(&names);
    return rc;
}

/* A judged track that no ranking lists is one more track of the gallery, which nobody found. */
static int resolve_tracks(nd__resolved *out, ranked *r, const nd__marks *judged)
{
    nd__names names = {0};
    size_t n = judged->tracks.n;
    int rc = nd__resolved_create(out, n);
    if (!rc) rc = nd__names_make(&names, &r->marks.tracks);
    for (size_t i = 0; i < n && !rc; i++) {
        int found = nd__names_find(&names, judged->tracks.texts[i]);
        out->ids[i] = found;
        if (found == -2) out->why[i] = "several tracks of the ranking end in";
    }
    nd__names_deinit(&names); /* before the map that it borrows grows */
    for (size_t i = 0; i < n && !rc; i++) {
        const char *text = judged->tracks.texts[i];
        if (out->ids[i] == -1)
            rc = nd_tag_map_add(&r->marks.tracks, text, strlen(text), &out->ids[i]);
    }
    return rc;
}

static int join_judged(ranked *r, nd__relevance_task *task)
{
    nd__resolved videos = {0}, tracks = {0};
    int rc = resolve_videos(&videos, r, &task->marks);
    if (!rc) rc = resolve_tracks(&tracks, r, &task->marks);
    if (!rc) rc = nd__lists_make(&task->judged, &task->marks, &videos, &tracks, &task->problems);
    nd__resolved_deinit(&videos);
    nd__resolved_deinit(&tracks);
    return rc;
}

static int by_track(const void *a, const void *b)
{
    int32_t x = ((const nd__mark *)a)->track, y = ((const nd__mark *)b)->track;
    return (x > y) - (x < y);
}

/* Judgements of tracks that the ranking of their video lacks. */
static int count_not_found(const ranked *r, const nd__lists *judged)
{
    int n = 0;
    for (int q = 0; q < judged->n; q++) {
        int v = nd__lists_find(&r->lists, judged->items[judged->first[q]].video);
        const nd__mark *of = r->lists.items + r->lists.first[v];
        size_t n_of = (size_t)(r->lists.first[v + 1] - r->lists.first[v]);
        for (int i = judged->first[q]; i < judged->first[q + 1]; i++)
            n += !bsearch(&judged->items[i], of, n_of, sizeof *of, by_track);
    }
    return n;
}

static int measure(nd_relevance_report *report, ranked *r, nd__relevance_task *task)
{
    nd__ranker ranker = {.judged = &task->judged,
                         .relevant = report->relevant,
                         .n_tracks = (int)r->marks.tracks.n,
                         .list = list_of,
                         .user = r};
    ranker.n_gallery = ND_MAX(ranker.n_tracks, r->marks.n_gallery);
    report->n_tracks = ranker.n_gallery;
    report->n_not_found = count_not_found(r, &task->judged);
    report->n_rows = 2;
    return nd__relevance_measure(report->rows, &ranker, task->params);
}

int nd__relevance_of_ranking(nd_relevance_report *report, nd__relevance_task *task, nd_diag *diag)
{
    ranked r = {.marks = {.path = task->relevance->ranking, .value = "score"},
                .judged = &task->judged};
    int rc = nd__ranking_read(&r.marks, &task->problems, diag);
    if (!rc) {
        rc = make_lists(&r, &task->problems);
        if (!rc) rc = join_judged(&r, task);
        if (rc) nd_diag_set(diag, rc, "measuring %s: %s", r.marks.path, nd_error_text(rc));
    }
    if (!rc) rc = nd__relevance_keep(report, task, diag);
    if (!rc && (rc = measure(report, &r, task)))
        nd_diag_set(diag, rc, "measuring %s: out of memory", r.marks.path);
    nd__lists_deinit(&r.lists);
    nd__marks_deinit(&r.marks);
    return rc;
}
