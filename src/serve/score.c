/* Candidates fitted and scored: each by itself, on any number of threads. */
#include <math.h>

#include "serve/search.h"

/* The ranker of the shelf on a candidate, near where the model found it, if the model is to be
 * trusted with that.
 * @return 0; as nd_ranker_ops.fit, where no model has an opinion either */
static int fit_second(nd_fit *out, bool *has_out, const nd__search *s, const nd__candidate *c,
                      nd_diag *diag)
{
    *has_out = false;
    if (!s->ranker) return 0;
    double near_s = s->doubt > 0.5 ? NAN : c->opinion.at_s;
    int rc = s->ranker->fit(out, s->query, c->track, near_s);
    *has_out = !rc;
    if (!rc || (rc == ND_EEMPTY && s->lens.rows.n)) return 0;
    return nd_diag_set(diag, rc, "it has nothing that ranker %s compares", s->ranker->name);
}

int nd__fit_candidate(nd_fit *out, nd__search *s, nd__candidate *c, nd_diag *diag)
{
    nd_fit second = {0};
    bool has_second, needs_track = s->ranker || nd__like_has_measure(&s->like);
    nd_opinion o = c->opinion;
    int rc = needs_track ? nd__candidate_load(c, s, diag) : 0;
    if (!rc) rc = fit_second(&second, &has_second, s, c, diag);
    if (rc) return rc;
    if (has_second && !s->lens.rows.n && isnan(o.like)) {
        *out = second; /* the ranker alone */
        return 0;
    }
    o.second_weight = s->ranker_weight;
    o.doubt = s->doubt;
    o.liked = c->liked;
    o.missed = c->missed;
    o.shared = c->shared;
    rc = nd_opinion_fit(out, &o, has_second ? &second : NULL);
    return rc ? nd_diag_set(diag, rc, "nothing in it can be compared") : 0;
}

/* What is measured of it. Without a query nothing else is known before the wishes are. */
static int read_candidate(nd__search *s, nd__candidate *c, nd_diag *diag)
{
    nd_fit fit;
    bool measures = nd__like_has_measure(&s->like);
    int rc = measures ? nd__candidate_load(c, s, diag) : 0;
    if (!rc && measures) nd_measures_read(&c->measures, c->track);
    if (rc || !s->query) return rc;
    rc = nd__fit_candidate(&fit, s, c, diag);
    if (!rc) c->plain = fit.score;
    return rc;
}

/* A job of nd_parallel. A track that cannot be scored is left out, not an error. Without a short
 * list its features are not kept: there may be many. */
static int score_candidate(void *user, int64_t index)
{
    nd__search *s = user;
    nd__candidate *c = &s->items[index];
    nd_diag diag = {0};
    int rc = read_candidate(s, c, &diag);
    if (rc) nd__candidate_refuse(c, rc, &diag);
    c->score = c->plain;
    if (!s->crates) nd_description_destroy(&c->track);
    return rc == ND_ENOMEM ? rc : 0;
}

int nd__score_candidates(nd__search *s)
{
    int rc = nd_parallel((int64_t)s->n, s->n_threads, score_candidate, s);
    if (!rc) rc = nd__like_apply(s);
    if (!rc) nd__sort_candidates(s);
    return rc;
}
