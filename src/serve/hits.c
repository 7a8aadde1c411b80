/* The best candidates as hits, with all that is told of them. */
#include <string.h>

#include "serve/search.h"

/* ---- what the model made of a candidate -------------------------------------------------- */

/* @return the track in its library's crate; NULL: there is none. *crate_out is the crate. */
static const nd_crate_track *crate_track(const nd_crate **crate_out, const nd__search *s,
                                         const nd__candidate *c)
{
    int64_t at = c->place;
    if (!s->crates) return NULL;
    for (int i = 0; i < c->library; i++) at -= s->crates[i].n;
    *crate_out = &s->crates[c->library];
    return &s->crates[c->library].tracks[at];
}

static float dot_bytes(const float *x, const int8_t *y, int64_t n)
{
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* Every clip of the query with every clip of the track. */
static int add_clips(nd_hit *hit, const nd__search *s, const nd__candidate *c)
{
    const nd_crate *crate = NULL;
    const nd_crate_track *t = crate_track(&crate, s, c);
    if (!t || !s->lens.rows.n || !s->lens.has_order) return 0;
    const nd_rows *rows = &s->lens.rows;
    int64_t n = rows->first[1], W = rows->W;
    float *cosines = nd_calloc((size_t)n, (size_t)t->n_rows * sizeof *cosines);
    if (!cosines) return ND_ENOMEM;
    for (int64_t i = 0; i < n * t->n_rows; i++)
        cosines[i] = t->scale *
                     dot_bytes(rows->rows + i / t->n_rows * W, t->rows + i % t->n_rows * W, W);
    hit->cosines = cosines;
    hit->n_query_clips = (int)n;
    hit->n_track_clips = t->n_rows;
    hit->offset = c->offset;
    return 0;
}

static int show_tags(nd_shown_tags out, const nd__search *s, const int *tags, int n)
{
    for (int i = 0; i < n; i++)
        if (!(out[i] = strdup(nd_words_tag_name(s->lens.words, tags[i])))) return ND_ENOMEM;
    return 0;
}

/* @return how many tags; those of the candidate's whole */
static int hear_tags(int out[ND_MAX_SHOWN_TAGS], const nd__search *s, const nd__candidate *c)
{
    const nd_crate *crate = NULL;
    const nd_crate_track *t = crate_track(&crate, s, c);
    if (!t || !s->lens.n_tags) return 0;
    int64_t U = crate->U;
    float *whole = nd_calloc((size_t)U, sizeof *whole);
    if (!whole) return 0;
    for (int64_t k = 0; k < U; k++)
        whole[k] = t->whole_scale * (float)crate->whole[(t - crate->tracks) * U + k];
    int n = nd__lens_tags(out, &s->lens, whole);
    free(whole);
    return n;
}

static int see_tags(int out[ND_MAX_SHOWN_TAGS], const nd__search *s)
{
    return s->lens.rows.n && s->lens.rows.whole ? nd__lens_tags(out, &s->lens, s->lens.rows.whole)
                                                : 0;
}

/* Of those heard in order the ones that are seen. */
static int tags_of_both(int out[ND_MAX_SHOWN_TAGS], const int *heard, int n_heard, const int *seen,
                        int n_seen)
{
    int n = 0;
    for (int i = 0; i < n_heard; i++)
        for (int k = 0; k < n_seen; k++)
            if (heard[i] == seen[k]) out[n++] = heard[i];
    return n;
}

static int add_tags(nd_hit *hit, nd__candidate *c, const nd__search *s)
{
    int heard[ND_MAX_SHOWN_TAGS], seen[ND_MAX_SHOWN_TAGS], both[ND_MAX_SHOWN_TAGS];
    int n_heard = hear_tags(heard, s, c), n_seen = see_tags(seen, s);
    int n_both = tags_of_both(both, heard, n_heard, seen, n_seen);
    c->shared = n_both ? nd_words_tag_name(s->lens.words, both[0]) : NULL;
    int rc = show_tags(hit->heard, s, heard, n_heard);
    return rc ? rc : show_tags(hit->both, s, both, n_both);
}

/* How it meets each wish. */
static int add_wishes(nd_hit *hit, const nd__search *s, const nd__candidate *c)
{
    int n = s->like.wishes.n;
    if (!n) return 0;
    float *met = nd_calloc((size_t)n, sizeof *met);
    if (!met) return ND_ENOMEM;
    for (int i = 0; i < n; i++) met[i] = (float)nd__like_meet(s, c, i);
    hit->met = met;
    return 0;
}

static int name_wishes(nd_ranking *r, const nd__search *s)
{
    char name[ND__LIKED_BYTES];
    int n = s->like.wishes.n;
    r->wishes = nd_calloc((size_t)n, sizeof *r->wishes);
    if (!r->wishes) return ND_ENOMEM;
    for (; r->n_wishes < n; r->n_wishes++) {
        const nd_wish *wish = &s->like.wishes.items[r->n_wishes];
        if (!(r->wishes[r->n_wishes] = strdup(nd__wish_name(name, wish)))) return ND_ENOMEM;
    }
    return 0;
}

/* ---- hits ------------------------------------------------------------------------------ */

static int hit_fill(nd_hit *hit, const nd__candidate *c, const nd_fit *fit)
{
    hit->library = c->library;
    hit->track_id = c->id;
    hit->path = strdup(c->path);
    hit->title = strdup(c->title);
    hit->artist = strdup(c->artist);
    hit->key = strdup(c->key);
    hit->why = strdup(fit->why);
    hit->duration_s = c->duration_s;
    hit->tempo_bpm = c->tempo_bpm;
    hit->score = fit->score;
    hit->n_parts = fit->n_parts;
    hit->n_details = fit->n_details;
    hit->start_s = fit->start_s;
    memcpy(hit->window_s, fit->window_s, sizeof hit->window_s);
    memcpy(hit->parts, fit->parts, sizeof hit->parts);
    memcpy(hit->details, fit->details, sizeof hit->details);
    return hit->path && hit->title && hit->artist && hit->key && hit->why ? 0 : ND_ENOMEM;
}

static void tags_deinit(nd_shown_tags tags)
{
    for (int i = 0; i < ND_MAX_SHOWN_TAGS; i++) free((char *)tags[i]);
}

static void hit_deinit(nd_hit *h)
{
    const char *texts[] = {h->path, h->title, h->artist, h->key, h->why};
    for (size_t k = 0; k < ND_COUNT(texts); k++) free((char *)texts[k]);
    free((float *)h->cosines);
    free((float *)h->met);
    nd_description_destroy(&h->track);
    tags_deinit(h->heard);
    tags_deinit(h->both);
    *h = (nd_hit){0};
}

void nd_ranking_destroy(nd_ranking **ranking)
{
    nd_ranking *r = ranking ? *ranking : NULL;
    if (!r) return;
    for (int i = 0; i < r->n_hits; i++) hit_deinit(&r->hits[i]);
    for (int i = 0; i < r->n_wishes; i++) free((char *)r->wishes[i]);
    tags_deinit(r->seen);
    nd_description_destroy(&r->query);
    free(r->wishes);
    free(r->hits);
    free((char *)r->path);
    free((char *)r->model);
    free((char *)r->unknown);
    free(r);
    *ranking = NULL;
}

static void say_left_out(const nd__search *s, const nd__candidate *c)
{
    nd_log_line(s->params->log, ND_LOG_WARNING, "leaving out %s: %s", c->path,
                c->story ? c->story : nd_error_text(c->rc));
}

/* The next hit. @return 0, also where the candidate cannot be used; ND_ENOMEM */
static int take_hit(nd_ranking *r, nd__search *s, nd__candidate *c)
{
    nd_fit fit;
    nd_diag diag = {0};
    nd_hit *hit = &r->hits[r->n_hits];
    int rc = add_tags(hit, c, s);
    if (!rc) rc = nd__fit_candidate(&fit, s, c, &diag);
    if (!rc) rc = hit_fill(hit, c, &fit);
    if (!rc) rc = add_clips(hit, s, c);
    if (!rc) rc = add_wishes(hit, s, c);
    if (!rc && s->params->keeps_descriptions) {
        hit->track = c->track;
        c->track = NULL;
    }
    nd_description_destroy(&c->track);
    if (rc) {
        hit_deinit(hit);
        nd__candidate_refuse(c, rc, &diag);
        return rc == ND_ENOMEM ? rc : 0;
    }
    hit->rank = ++r->n_hits;
    return 0;
}

int nd__take_hits(nd_ranking *r, nd__search *s)
{
    int seen[ND_MAX_SHOWN_TAGS];
    r->hits = nd_calloc((size_t)ND_MIN((int64_t)s->n_hits, (int64_t)s->n), sizeof *r->hits);
    r->model = strdup(s->lens.stored.name);
    r->unknown = strdup(s->like.unknown.text ? s->like.unknown.text : "");
    if (!r->hits || !r->model || !r->unknown) return ND_ENOMEM;
    int rc = show_tags(r->seen, s, seen, see_tags(seen, s));
    if (!rc) rc = name_wishes(r, s);
    for (size_t i = 0; i < s->n && !s->items[i].rc && r->n_hits < s->n_hits && !rc; i++)
        rc = take_hit(r, s, &s->items[i]);
    for (size_t i = 0; i < s->n; i++)
        if (s->items[i].rc) say_left_out(s, &s->items[i]);
    return rc;
}
