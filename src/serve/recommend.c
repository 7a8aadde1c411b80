/* From a query and libraries to a ranking.
 *
 * All tracks that pass the filter are listed, each is scored (in parallel, its features read
 * under a lock, since a library belongs to one thread at a time), sorted, and the best are
 * fitted once more for their parts, window and reason: a score is kept for each track, a fit
 * only for each hit. Order: score falling, then path, library, id; so the bytes that come out
 * do not depend on the number of threads.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "match/match.h"
#include "rank/rank.h"

enum { DEFAULT_HITS = 10 };

/* A track that passed the filter. */
typedef struct {
    int library;
    int64_t id;
    char *path, *title, *artist; /* one block, owned by path */
    double duration_s, tempo_bpm;
    const char *key; /* static */
    double score;
    int rc;      /* of reading and fitting */
    char *story; /* owned; why it is left out, or NULL */
} candidate;

typedef struct {
    const nd_ranker_ops *ranker;
    const nd_description *query;
    nd_library *const *libraries;
    int n_libraries;
    const int64_t *left_out; /* a library's track that is the query itself, -1; or NULL */
    const nd_rank_params *params;
    candidate *items;
    size_t n, capacity;
    int library; /* being listed */
    pthread_mutex_t lock;
} work;

/* ---- candidates ---------------------------------------------------------------- */

static int candidate_init(candidate *c, const nd_track *track, int library)
{
    const char *texts[3] = {track->path, track->info.title, track->info.artist};
    size_t bytes[3], total = 0;
    for (int i = 0; i < 3; i++) total += bytes[i] = strlen(texts[i]) + 1;
    char *block = malloc(total);
    if (!block) return ND_ENOMEM;
    *c = (candidate){.library = library,
                     .id = track->id,
                     .path = block,
                     .title = block + bytes[0],
                     .artist = block + bytes[0] + bytes[1],
                     .duration_s = track->info.duration_s,
                     .tempo_bpm = track->tempo_bpm,
                     .key = nd_key_name(track->key, track->is_minor)};
    memcpy(c->path, texts[0], bytes[0]);
    memcpy(c->title, texts[1], bytes[1]);
    memcpy(c->artist, texts[2], bytes[2]);
    return 0;
}

static int add_candidate(void *user, const nd_track *track)
{
    work *w = user;
    if (w->left_out && w->left_out[w->library] == track->id) return 0;
    int rc = nd_grow(&w->items, &w->capacity, w->n, 1, sizeof *w->items);
    if (!rc) rc = candidate_init(&w->items[w->n], track, w->library);
    if (!rc) w->n++;
    return rc;
}

static int list_candidates(work *w, nd_diag *diag)
{
    int rc = 0;
    for (w->library = 0; w->library < w->n_libraries && !rc; w->library++)
        rc = nd_library_each(w->libraries[w->library], w->params->filter, add_candidate, w, diag);
    return rc;
}

static int fit_candidate(nd_fit *out, work *w, const candidate *c, nd_diag *diag)
{
    nd_description *track = NULL;
    pthread_mutex_lock(&w->lock);
    int rc = nd_library_description(&track, w->libraries[c->library], c->id, diag);
    pthread_mutex_unlock(&w->lock);
    if (rc) return rc;
    rc = w->ranker->fit(out, w->query, track);
    if (rc) nd_diag_set(diag, rc, "it has nothing that ranker %s compares", w->ranker->name);
    nd_description_destroy(&track);
    return rc;
}

/* A job of nd_parallel. A track that cannot be scored is left out, not an error. */
static int score_candidate(void *user, int64_t index)
{
    work *w = user;
    candidate *c = &w->items[index];
    nd_diag diag = {0};
    nd_fit fit;
    c->rc = fit_candidate(&fit, w, c, &diag);
    if (c->rc) c->story = strdup(diag.text);
    else c->score = fit.score;
    return c->rc == ND_ENOMEM ? c->rc : 0;
}

static int compare_candidates(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (!x->rc != !y->rc) return x->rc ? 1 : -1;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    int by_path = strcmp(x->path, y->path);
    if (by_path) return by_path;
    if (x->library != y->library) return x->library - y->library;
    return (x->id > y->id) - (x->id < y->id);
}

static void say_left_out(const work *w, const candidate *c)
{
    nd_log_line(w->params->log, ND_LOG_WARNING, "leaving out %s: %s", c->path,
                c->story ? c->story : nd_error_text(c->rc));
}

/* ---- hits ------------------------------------------------------------------------ */

static int hit_init(nd_hit *hit, const candidate *c, const nd_fit *fit)
{
    char *path = strdup(c->path), *title = strdup(c->title), *artist = strdup(c->artist);
    char *key = strdup(c->key), *why = strdup(fit->why);
    *hit = (nd_hit){.library = c->library,
                    .track_id = c->id,
                    .path = path,
                    .title = title,
                    .artist = artist,
                    .duration_s = c->duration_s,
                    .tempo_bpm = c->tempo_bpm,
                    .key = key,
                    .score = fit->score,
                    .n_parts = fit->n_parts,
                    .window_s = {fit->window_s[0], fit->window_s[1]},
                    .start_s = fit->start_s,
                    .why = why};
    memcpy(hit->parts, fit->parts, sizeof hit->parts);
    return path && title && artist && key && why ? 0 : ND_ENOMEM;
}

void nd_ranking_destroy(nd_ranking **ranking)
{
    nd_ranking *r = ranking ? *ranking : NULL;
    if (!r) return;
    for (int i = 0; i < r->n_hits; i++) {
        nd_hit *h = &r->hits[i];
        const char *texts[] = {h->path, h->title, h->artist, h->key, h->why};
        for (size_t k = 0; k < ND_COUNT(texts); k++) free((char *)texts[k]);
    }
    free(r->hits);
    free((char *)r->path);
    free(r);
    *ranking = NULL;
}

/* Fit the best again; one that has left the library meanwhile makes room for the next. */
static int take_hits(nd_ranking *r, work *w, int n_wanted)
{
    r->hits = nd_calloc((size_t)ND_MIN((int64_t)n_wanted, (int64_t)w->n), sizeof *r->hits);
    if (!r->hits) return ND_ENOMEM;
    for (size_t i = 0; i < w->n && !w->items[i].rc && r->n_hits < n_wanted; i++) {
        candidate *c = &w->items[i];
        nd_fit fit;
        nd_diag diag = {0};
        c->rc = fit_candidate(&fit, w, c, &diag);
        if (c->rc == ND_ENOMEM) return c->rc;
        if (c->rc) {
            c->story = strdup(diag.text);
            say_left_out(w, c);
            continue;
        }
        nd_hit *hit = &r->hits[r->n_hits++];
        if (hit_init(hit, c, &fit)) return ND_ENOMEM;
        hit->rank = r->n_hits;
    }
    return 0;
}

static int rank_candidates(nd_ranking *r, work *w)
{
    int n_threads = w->params->n_threads > 0 ? w->params->n_threads : nd_core_count();
    int rc = nd_parallel((int64_t)w->n, n_threads, score_candidate, w);
    if (rc) return rc;
    for (size_t i = 0; i < w->n; i++)
        if (w->items[i].rc) say_left_out(w, &w->items[i]);
    if (w->n) qsort(w->items, w->n, sizeof *w->items, compare_candidates);
    return take_hits(r, w, w->params->n_hits ? w->params->n_hits : DEFAULT_HITS);
}

/* ---- queries ---------------------------------------------------------------------- */

static int check_params(nd_library *const *libraries, int n_libraries, const char *query,
                        const nd_rank_params *params, nd_diag *diag)
{
    if (!query || n_libraries < 1)
        return nd_diag_set(diag, ND_EARG, "ranking: a query and at least one library expected");
    for (int i = 0; i < n_libraries; i++)
        if (!libraries[i]) return nd_diag_set(diag, ND_EARG, "ranking: library %d is not open", i);
    if (params->n_hits < 0 || params->n_threads < 0)
        return nd_diag_set(diag, ND_EARG, "ranking: counts of 0 or more expected");
    if (params->ranker && !nd_ranker_find(params->ranker))
        return nd_diag_set(diag, ND_EARG, "ranking: no ranker %s; there is %s", params->ranker,
                           nd_ranker_shelf[0]->name);
    return params->filter ? nd_filter_check(params->filter, diag) : 0;
}

/* Rank for a described query. left_out as in work. */
static int rank_for(nd_ranking **out, nd_library *const *libraries, int n_libraries,
                    const char *path, const nd_description *query, const int64_t *left_out,
                    const nd_rank_params *params, nd_diag *diag)
{
    work w = {.ranker = nd_ranker_find(params->ranker ? params->ranker : "rhythm"),
              .query = query,
              .libraries = libraries,
              .n_libraries = n_libraries,
              .left_out = left_out,
              .params = params};
    pthread_mutex_init(&w.lock, NULL);
    nd_ranking *r = nd_calloc(1, sizeof *r);
    if (r) r->path = strdup(path);
    int rc = r && r->path ? list_candidates(&w, diag) : ND_ENOMEM;
    if (!rc) rc = rank_candidates(r, &w);
    if (rc == ND_ENOMEM) nd_diag_set(diag, rc, "ranking for %s: out of memory", path);
    if (!rc) {
        r->n_passed = (int64_t)w.n;
        *out = r;
        r = NULL;
    }
    for (size_t i = 0; i < w.n; i++) {
        free(w.items[i].path);
        free(w.items[i].story);
    }
    free(w.items);
    nd_ranking_destroy(&r);
    pthread_mutex_destroy(&w.lock);
    return rc;
}

static int describe_query(nd_description **out, const char *path, nd_medium medium,
                          const nd_rank_params *params, nd_diag *diag)
{
    nd_describe_params how = {.medium = medium, .worker = params->worker, .log = params->log};
    nd_description *d = NULL;
    int rc = nd_describe_file(&d, path, &how, diag);
    if (rc) return rc;
    double length_s = nd_description_analysed_s(d);
    if (nd_clip_count(length_s) == 0) {
        nd_description_destroy(&d);
        return nd_diag_set(diag, ND_ESHORT,
                           "ranking for %s: more than 2 s of %s expected, %.2f found", path,
                           medium == ND_VIDEO ? "video" : "music", length_s);
    }
    *out = d;
    return 0;
}

int nd_recommend(nd_ranking **out, nd_library *const *libraries, int n_libraries, const char *video,
                 const nd_rank_params *params, nd_diag *diag)
{
    params = params ? params : &(nd_rank_params){0};
    int rc = check_params(libraries, n_libraries, video, params, diag);
    nd_description *query = NULL;
    if (!rc) rc = describe_query(&query, video, ND_VIDEO, params, diag);
    if (!rc) rc = rank_for(out, libraries, n_libraries, video, query, NULL, params, diag);
    nd_description_destroy(&query);
    return rc;
}

/* The query's id in each library (-1 where it is not), and its features from the first.
 * @return 0, *out NULL where no library has it; ND_EARG; ND_EIO. */
static int find_query(nd_description **out, int64_t *ids, nd_library *const *libraries,
                      int n_libraries, const char *track, nd_diag *diag)
{
    for (int i = 0; i < n_libraries; i++) {
        ids[i] = -1;
        int rc = nd_library_find(&ids[i], libraries[i], track, diag);
        if (rc == ND_ENOTFOUND || (rc == ND_EARG && *out)) continue;
        if (!rc && !*out) rc = nd_library_description(out, libraries[i], ids[i], diag);
        if (rc) return rc;
    }
    return 0;
}

int nd_similar(nd_ranking **out, nd_library *const *libraries, int n_libraries, const char *track,
               const nd_rank_params *params, nd_diag *diag)
{
    params = params ? params : &(nd_rank_params){0};
    int rc = check_params(libraries, n_libraries, track, params, diag);
    if (rc) return rc;
    nd_description *query = NULL;
    int64_t *ids = nd_calloc((size_t)n_libraries, sizeof *ids);
    if (!ids) return nd_diag_set(diag, ND_ENOMEM, "ranking for %s: out of memory", track);
    rc = find_query(&query, ids, libraries, n_libraries, track, diag);
    if (!rc && !query) rc = describe_query(&query, track, ND_MUSIC, params, diag);
    if (rc == ND_EIO && !query && access(track, F_OK))
        nd_diag_set(diag, rc, "looking for %s: not a track of the library, not a file to be read",
                    track);
    if (!rc) rc = rank_for(out, libraries, n_libraries, track, query, ids, params, diag);
    nd_description_destroy(&query);
    free(ids);
    return rc;
}
