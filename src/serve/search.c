/* From what is asked to a ranking: see search.h. */
#include <string.h>

#include "serve/search.h"

enum { DEFAULT_HITS = 10 };

static bool is_blend(const char *ranker)
{
    return !strcmp(ranker, "both") || !strcmp(ranker, "model");
}

static int check_params(nd_library *const *libraries, int n_libraries, const nd_rank_params *params,
                        nd_diag *diag)
{
    if (!libraries || n_libraries < 1)
        return nd_diag_set(diag, ND_EARG, "ranking: at least one library expected");
    for (int i = 0; i < n_libraries; i++)
        if (!libraries[i]) return nd_diag_set(diag, ND_EARG, "ranking: library %d is not open", i);
    if (params->n_hits < 0 || params->n_threads < 0)
        return nd_diag_set(diag, ND_EARG, "ranking: counts of 0 or more expected");
    if (!(params->like_weight >= 0 && params->like_weight <= 1))
        return nd_diag_set(diag, ND_EARG, "ranking: a weight of 0 .. 1 expected for like");
    if (params->ranker && !is_blend(params->ranker) && !nd_ranker_find(params->ranker))
        return nd_diag_set(diag, ND_EARG, "ranking: no ranker %s; there is %s, both, model",
                           params->ranker, nd_ranker_shelf[0]->name);
    if (params->ranker && is_blend(params->ranker) && params->model && !params->model[0])
        return nd_diag_set(diag, ND_EARG, "ranking: ranker %s expects a model", params->ranker);
    return params->filter ? nd_filter_check(params->filter, diag) : 0;
}

int nd__search_init(nd__search *s, nd_library *const *libraries, int n_libraries,
                    const nd_rank_params *params, nd_diag *diag)
{
    const double weight_beside_video = 0.25; /* opinion.c */
    static const nd_rank_params defaults;
    const nd_rank_params *p = params ? params : &defaults;
    const char *ranker = p->ranker && !is_blend(p->ranker) ? p->ranker : "rhythm";
    *s = (nd__search){.libraries = libraries,
                      .n_libraries = n_libraries,
                      .params = p,
                      .n_threads = p->n_threads > 0 ? p->n_threads : nd_core_count(),
                      .n_hits = p->n_hits > 0 ? p->n_hits : DEFAULT_HITS,
                      .ranker = nd_ranker_find(ranker),
                      .ranker_weight = weight_beside_video,
                      .like_weight = p->like_weight > 0 ? p->like_weight : 0.5};
    if (p->ranker && !strcmp(p->ranker, "model")) s->ranker_weight = 0;
    pthread_mutex_init(&s->lock, NULL);
    return check_params(libraries, n_libraries, p, diag);
}

static void forget_query(nd__search *s)
{
    for (size_t i = 0; i < s->n; i++) nd__candidate_deinit(&s->items[i]);
    free(s->places);
    free(s->measured);
    s->places = NULL;
    s->measured = NULL;
    s->n = s->capacity_places = s->capacity_measured = 0;
    s->n_places = s->n_passed = 0;
    s->left_out = NULL;
    nd__like_deinit(&s->like);
    nd__lens_forget(&s->lens);
    nd_description_destroy(&s->query);
}

void nd__search_deinit(nd__search *s)
{
    nd__crates_deinit(s);
    forget_query(s);
    free(s->items);
    nd__lens_close(&s->lens);
    pthread_mutex_destroy(&s->lock);
}

int nd__search_ask(nd__search *s, const char *asked, nd_diag *diag)
{
    forget_query(s);
    s->asked = asked;
    return asked ? 0 : nd_diag_set(diag, ND_EARG, "ranking: a query expected");
}

/* With a model the best of a scan, where there is something to scan for; words alone by what lists
 * say; else all. */
static int list_candidates(nd__search *s, nd_diag *diag)
{
    bool scans = s->lens.rows.n || (s->lens.words && nd__like_has_text(&s->like));
    if (!s->query && !scans) return nd__list_measured(s, diag);
    int rc = scans ? nd__list_best(s, diag) : nd__list_all(s, diag);
    if (rc) return rc;
    return scans ? nd__pair_candidates(s, diag) : nd__like_scan(s, diag);
}

int nd__search_run(nd_ranking **out, nd__search *s, nd_diag *diag)
{
    nd_ranking *r = nd_calloc(1, sizeof *r);
    if (r) r->path = strdup(s->asked);
    int rc = r && r->path ? list_candidates(s, diag) : ND_ENOMEM;
    if (!rc) rc = nd__score_candidates(s);
    if (!rc) rc = nd__take_hits(r, s);
    if (rc == ND_ENOMEM) nd_diag_set(diag, rc, "ranking for %s: out of memory", s->asked);
    if (!rc) {
        r->n_passed = s->n_passed;
        if (s->params->keeps_descriptions) {
            r->query = s->query;
            s->query = NULL;
        }
        *out = r;
        r = NULL;
    }
    nd_ranking_destroy(&r);
    return rc;
}
