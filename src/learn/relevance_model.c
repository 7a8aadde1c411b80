/* A model's ranking of a corpus's split, for the videos that people judged. */
#include <string.h>

#include "learn/corpus_internal.h"
#include "learn/relevance.h"

/* ---- names of the corpus ---------- */

/* Why a name is nothing, by medium. */
static const char *const why_none[] = {
    [ND_VIDEO] = "the corpus has no video", [ND_MUSIC] = "the corpus has no track"};
static const char *const why_several[] = {[ND_VIDEO] = "several videos of the corpus end in",
                                          [ND_MUSIC] = "several tracks of the corpus end in"};
static const char *const why_split[] = {
    [ND_VIDEO] = "not of the split: video", [ND_MUSIC] = "not of the split: track"};
static const char *const why_bare[] = {
    [ND_VIDEO] = "without features: video", [ND_MUSIC] = "without features: track"};

typedef struct ranked {
    nd__eval_system system;
    nd__eval_task task;  /* its set has the judged videos, and all tracks */
    int32_t *place_of;   /* [files] place + 1 in the set's tracks by content; 0: none */
    const float *scores; /* [n, G] */
} ranked;

/* Files of one medium by tidy name. */
typedef struct folder {
    nd_tag_map names;
    int32_t *files; /* [names.n] */
} folder;

static nd_medium medium_of(const ranked *r, int file)
{
    const nd_corpus *corpus = r->task.corpus;
    return file < nd_corpus_file_count(corpus) ? nd_corpus_file_at(corpus, file)->medium : ND_MUSIC;
}

static int folder_make(folder *out, const ranked *r, nd_medium medium)
{
    const nd_items *items = r->system.items;
    int n = nd_items_count(items), rc = 0;
    out->files = nd_calloc((size_t)n, sizeof *out->files);
    if (!out->files) return ND_ENOMEM;
    for (int f = 0; f < n && !rc; f++) {
        if (medium_of(r, f) != medium) continue;
        int id;
        rc = nd__names_add(&out->names, nd_items_name(items, f), &id);
        if (!rc) out->files[id] = f;
    }
    return rc;
}

static void folder_deinit(folder *f)
{
    nd_tag_map_deinit(&f->names);
    free(f->files);
}

/* A video is its file, a track its place in the gallery. */
static void resolve_file(nd__resolved *out, size_t i, const ranked *r, int file, nd_medium medium)
{
    const nd_items *items = r->system.items;
    int place = medium == ND_MUSIC ? r->place_of[nd_items_same(items, file)] : 0;
    if (place) out->ids[i] = place - 1;
    else if (!(nd_items_splits(items, file) & ND_SPLIT_BIT(r->task.split)))
        out->why[i] = why_split[medium];
    else if (medium == ND_MUSIC || !nd_items_at(items, file)) out->why[i] = why_bare[medium];
    else out->ids[i] = file;
}

static int resolve(nd__resolved *out, const ranked *r, const nd_tag_map *judged, nd_medium medium)
{
    folder known = {0};
    nd__names names = {0};
    int rc = nd__resolved_create(out, judged->n);
    if (!rc) rc = folder_make(&known, r, medium);
    if (!rc) rc = nd__names_make(&names, &known.names);
    for (size_t i = 0; i < judged->n && !rc; i++) {
        int found = nd__names_find(&names, judged->texts[i]);
        if (found >= 0) resolve_file(out, i, r, known.files[found], medium);
        else out->why[i] = found == -1 ? why_none[medium] : why_several[medium];
    }
    nd__names_deinit(&names);
    folder_deinit(&known);
    return rc;
}

static int join_judged(const ranked *r, nd__relevance_task *task)
{
    nd__resolved videos = {0}, tracks = {0};
    int rc = resolve(&videos, r, &task->marks.videos, ND_VIDEO);
    if (!rc) rc = resolve(&tracks, r, &task->marks.tracks, ND_MUSIC);
    if (!rc) rc = nd__lists_make(&task->judged, &task->marks, &videos, &tracks, &task->problems);
    nd__resolved_deinit(&videos);
    nd__resolved_deinit(&tracks);
    return rc;
}

/* ---- the set ---------- */

static int take_tracks(ranked *r)
{
    const nd_items *items = r->system.items;
    nd__eval_set *set = &r->task.set;
    size_t n = (size_t)nd_items_count(items);
    set->tracks = nd_calloc(n, sizeof *set->tracks);
    r->place_of = nd_calloc(n, sizeof *r->place_of);
    if (!set->tracks || !r->place_of) return ND_ENOMEM;
    set->G = nd_items_tracks(items, r->task.split, set->tracks);
    for (int j = 0; j < set->G; j++) r->place_of[nd_items_same(items, set->tracks[j])] = j + 1;
    return 0;
}

/* The judged videos as queries that look for no track of their own. */
static int take_videos(ranked *r, const nd__lists *judged)
{
    nd__eval_set *set = &r->task.set;
    set->videos = nd_calloc((size_t)judged->n, sizeof *set->videos);
    set->track_of = nd_calloc((size_t)judged->n, sizeof *set->track_of);
    if (!set->videos || !set->track_of) return ND_ENOMEM;
    for (int q = 0; q < judged->n; q++) {
        set->videos[q] = judged->items[judged->first[q]].video;
        set->track_of[q] = -1;
    }
    set->n = judged->n;
    return 0;
}

/* ---- rows ---------- */

static int list_all(nd__placed *out, void *user, int query)
{
    const ranked *r = user;
    int G = r->task.set.G;
    for (int j = 0; j < G; j++)
        out[j] = (nd__placed){.score = (double)r->scores[(int64_t)query * G + j], .track = j};
    return G;
}

static int measure(nd_relevance_report *report, ranked *r, const nd__lists *judged)
{
    nd__ranker ranker = {judged, report->relevant, r->task.set.G, r->task.set.G, list_all, r};
    nd_relevance_row *rows = report->rows + report->n_rows;
    int rc = nd__relevance_measure(rows, &ranker, r->task.params);
    if (!rc) report->n_rows += 2;
    return rc;
}

static int measure_reranked(nd_relevance_report *report, ranked *r, const nd__lists *judged,
                            nd_diag *diag)
{
    nd_relevance_row *rows = report->rows + report->n_rows;
    report->rerank = ND_MIN(r->task.params->rerank, r->task.set.G);
    int rc = nd__eval_rerank(r->system.scores, &r->system, &r->task, report->rerank, diag);
    if (!rc) rc = measure(report, r, judged);
    for (int k = 0; k < 2 && !rc; k++) rows[k].is_reranked = true;
    return rc;
}

static int measure_all(nd_relevance_report *report, ranked *r, const nd__lists *judged,
                       nd_diag *diag)
{
    int rc = take_videos(r, judged);
    if (!rc) rc = nd__eval_system_score(&r->system, &r->task, diag);
    r->scores = r->system.scores;
    if (!rc) rc = measure(report, r, judged);
    if (!rc && r->task.params->rerank > 0 && nd_matcher_size_of(r->system.matcher).has_pair)
        rc = measure_reranked(report, r, judged, diag);
    return rc;
}

static int rank_corpus(nd_relevance_report *report, ranked *r, nd__relevance_task *task,
                       nd_diag *diag)
{
    int rc = nd__eval_system_open(&r->system, &r->task, task->params->model, diag);
    if (!rc) rc = take_tracks(r);
    if (!rc) rc = join_judged(r, task);
    if (!rc) rc = nd__relevance_keep(report, task, diag);
    report->n_tracks = r->task.set.G;
    return rc ? rc : measure_all(report, r, &task->judged, diag);
}

int nd__relevance_of_model(nd_relevance_report *report, nd__relevance_task *task, const char *dir,
                           nd_diag *diag)
{
    ranked r = {.task = {.params = task->params, .split = task->split}};
    nd_corpus *corpus = NULL;
    int rc = nd_corpus_open(&corpus, dir, diag);
    r.task.corpus = corpus;
    if (!rc) rc = rank_corpus(report, &r, task, diag);
    if (rc == ND_ENOMEM) nd_diag_set(diag, rc, "measuring %s: out of memory", task->params->model);
    report->split = nd_split_name(task->split);
    report->control = nd_eval_control_name(task->params->control);
    nd__eval_system_close(&r.system);
    nd__eval_set_deinit(&r.task.set);
    nd_corpus_close(&corpus);
    free(r.place_of);
    return rc;
}
