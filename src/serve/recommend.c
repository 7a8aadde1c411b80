/* Tracks for a video, tracks like a track: the query is described, looked at through the model, and
 * searched for (search.h). Same input, same bytes, at any number of threads. */
#include <string.h>
#include <unistd.h>

#include "serve/search.h"

/* Describe a file with what the model, or the rhythm ranker, needs of it, and a report shows. */
static int describe_query(nd__search *s, nd_medium medium, nd_diag *diag)
{
    char features[160] = "";
    nd_describe_params how = {.medium = medium, .worker = s->params->worker, .log = s->params->log};
    int rc = s->lens.model ? nd_model_features(features, s->lens.model, medium, diag) : 0;
    if (s->params->keeps_descriptions && medium == ND_VIDEO)
        strcat(features, features[0] ? ",thumbnails" : "default,thumbnails");
    if (features[0]) how.features = features;
    if (!rc) rc = nd_describe_file(&s->query, s->asked, &how, diag);
    if (rc) return rc;
    double length_s = nd_description_analysed_s(s->query);
    if (nd_clip_count(length_s) > 0) return 0;
    return nd_diag_set(diag, ND_ESHORT, "ranking for %s: more than 2 s of %s expected, %.2f found",
                       s->asked, medium == ND_VIDEO ? "video" : "music", length_s);
}

/* The query is described: look at it, read the wishes, search. */
static int search(nd_ranking **out, nd__search *s, nd_diag *diag)
{
    int rc = nd__lens_look(s, diag);
    if (!rc && s->params->like) rc = nd__like_read(s, s->params->like, diag);
    if (!rc && s->why_not)
        nd_log_line(s->params->log, ND_LOG_WARNING, "ranking by rhythm alone: %s", s->why_not);
    if (!rc) s->why_not = NULL;
    return rc ? rc : nd__search_run(out, s, diag);
}

struct nd_searcher {
    nd__search search;
    nd_rank_params params;
};

int nd_searcher_open(nd_searcher **out, nd_library *const *libraries, int n_libraries,
                     const nd_rank_params *params, nd_diag *diag)
{
    nd_searcher *s = nd_calloc(1, sizeof *s);
    if (!s) return nd_diag_set(diag, ND_ENOMEM, "ranking: out of memory");
    if (params) s->params = *params;
    int rc = nd__search_init(&s->search, libraries, n_libraries, &s->params, diag);
    if (!rc) rc = nd__lens_open(&s->search, diag);
    if (rc) nd_searcher_close(&s);
    else *out = s;
    return rc;
}

void nd_searcher_close(nd_searcher **searcher)
{
    nd_searcher *s = searcher ? *searcher : NULL;
    if (!s) return;
    nd__search_deinit(&s->search);
    free(s);
    *searcher = NULL;
}

int nd_searcher_recommend(nd_ranking **out, nd_searcher *searcher, const char *video, nd_diag *diag)
{
    nd__search *s = &searcher->search;
    int rc = nd__search_ask(s, video, diag);
    if (rc) return rc;
    nd__crates_begin(s);
    rc = describe_query(s, ND_VIDEO, diag);
    return rc ? rc : search(out, s, diag);
}

int nd_recommend(nd_ranking **out, nd_library *const *libraries, int n_libraries, const char *video,
                 const nd_rank_params *params, nd_diag *diag)
{
    nd_searcher *s = NULL;
    if (!video) return nd_diag_set(diag, ND_EARG, "ranking: a query expected");
    int rc = nd_searcher_open(&s, libraries, n_libraries, params, diag);
    if (!rc) rc = nd_searcher_recommend(out, s, video, diag);
    nd_searcher_close(&s);
    return rc;
}

/* The query's id in each library (-1 where it is not), and its features from the first.
 * @return 0, s->query NULL where no library has it; ND_EARG; ND_EIO. */
static int find_query(nd__search *s, int64_t *ids, nd_diag *diag)
{
    for (int i = 0; i < s->n_libraries; i++) {
        ids[i] = -1;
        int rc = nd_library_find(&ids[i], s->libraries[i], s->asked, diag);
        if (rc == ND_ENOTFOUND || (rc == ND_EARG && s->query)) continue;
        if (!rc && !s->query) rc = nd_library_description(&s->query, s->libraries[i], ids[i], diag);
        if (rc) return rc;
    }
    return 0;
}

/* Of a library, or a file. */
static int read_query(nd__search *s, int64_t *ids, nd_diag *diag)
{
    int rc = find_query(s, ids, diag);
    if (!rc && !s->query) rc = describe_query(s, ND_MUSIC, diag);
    if (rc == ND_EIO && !s->query && access(s->asked, F_OK))
        nd_diag_set(diag, rc, "looking for %s: not a track of the library, not a file to be read",
                    s->asked);
    return rc;
}

/* Music beside music is compared feature by feature, which tells copies of a piece: opinion.c. */
static const double weight_beside_music = 0.30;

int nd_similar(nd_ranking **out, nd_library *const *libraries, int n_libraries, const char *track,
               const nd_rank_params *params, nd_diag *diag)
{
    nd__search s;
    int64_t *ids = NULL;
    int rc = nd__search_init(&s, libraries, n_libraries, params, diag);
    if (!rc) rc = nd__search_ask(&s, track, diag);
    if (!rc && !(ids = nd_calloc((size_t)n_libraries, sizeof *ids)))
        rc = nd_diag_set(diag, ND_ENOMEM, "ranking for %s: out of memory", track);
    if (!rc) rc = nd__lens_open(&s, diag);
    if (!rc) rc = read_query(&s, ids, diag);
    s.left_out = ids;
    if (s.ranker_weight > 0) s.ranker_weight = weight_beside_music;
    if (!rc) rc = search(out, &s, diag);
    nd__search_deinit(&s);
    free(ids);
    return rc;
}
