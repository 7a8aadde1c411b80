/* The best tracks of a scan, and what the model says of each.
 *
 * All tracks that the model has embedded are scanned by inner products; of the best alone the
 * details and features are read, and the pair scorer, where the model has one, looks at them. */
#include <math.h>
#include <string.h>

#include "serve/search.h"

/* What a scan gives, by place. */
typedef struct {
    float *match, *whole, *score; /* [n_places]; what is not scanned for is 0 */
    int32_t *offsets;
} scanned;

static int scanned_init(scanned *out, int64_t n)
{
    out->match = nd_calloc((size_t)n, sizeof *out->match);
    out->whole = nd_calloc((size_t)n, sizeof *out->whole);
    out->score = nd_calloc((size_t)n, sizeof *out->score);
    out->offsets = nd_calloc((size_t)n, sizeof *out->offsets);
    return out->match && out->whole && out->score && out->offsets ? 0 : ND_ENOMEM;
}

static void scanned_deinit(scanned *sc)
{
    free(sc->match);
    free(sc->whole);
    free(sc->score);
    free(sc->offsets);
}

/* ---- scanning ------------------------------------------------------------------------ */

static int scan(scanned *out, nd__search *s, nd_diag *diag)
{
    const nd_rows *rows = &s->lens.rows;
    int64_t at = 0;
    int rc = 0;
    for (int i = 0; i < s->n_libraries && !rc && rows->n; i++) {
        const nd_crate *c = &s->crates[i];
        rc = nd_scan_rows(out->match + at, out->offsets + at, c, rows->rows, rows->first[1],
                          s->n_threads, diag);
        if (!rc && rows->whole && s->query->medium == ND_MUSIC)
            rc = nd_scan_whole(out->whole + at, c, rows->whole, s->n_threads, diag);
        at += c->n;
    }
    return rc;
}

static bool is_left_out(const nd__search *s, const nd__place *place)
{
    return s->left_out && s->left_out[place->library] == place->id;
}

/* In what order tracks are looked at: the query's part and the words' part, in their shares. */
static void set_scores(scanned *sc, nd__search *s)
{
    double words = !s->lens.rows.n ? 1 : nd__like_has_text(&s->like) ? s->like_weight : 0;
    for (int64_t i = 0; i < s->n_places; i++) {
        double query = sc->match[i] + 0.4 * sc->whole[i]; /* as opinion.c weighs them */
        double texts = words > 0 ? nd__like_texts(s, i) : 0;
        sc->score[i] = (float)((1 - words) * (0.5 + 0.5 * query) + words * texts);
        if (is_left_out(s, &s->places[i])) sc->score[i] = -INFINITY;
        else s->n_passed++;
    }
}

/* ---- candidates ----------------------------------------------------------------------- */

typedef struct {
    nd__search *s;
    int64_t place;
} adding;

static int add_place(void *user, const nd_track *track)
{
    adding *a = user;
    return nd__candidate_add(a->s, track, a->s->places[a->place].library, a->place);
}

static void give_opinion(nd__candidate *c, const scanned *sc, const nd__search *s)
{
    nd_opinion *o = &c->opinion;
    o->query_s = s->query ? nd_description_analysed_s(s->query) : 0;
    if (!s->lens.rows.n) return;
    o->match = sc->match[c->place];
    if (s->lens.rows.whole && s->query->medium == ND_MUSIC) o->whole = sc->whole[c->place];
    if (!s->lens.has_order) return;
    c->offset = sc->offsets[c->place];
    o->at_s = c->offset * ND_CLIP_S;
}

static int64_t most_candidates(const nd__search *s)
{
    int64_t most = !s->lens.rows.n ? ND__WORDS_SHORTLIST : ND__SHORTLIST;
    return ND_MAX(most, 2 * (int64_t)s->n_hits);
}

/* The details of the best places. One that has left the library meanwhile is passed over. */
static int add_best(nd__search *s, const scanned *sc, nd_diag *diag)
{
    int64_t K = ND_MIN(most_candidates(s), s->n_places);
    int64_t *best = nd_calloc((size_t)K, sizeof *best);
    if (!best) return ND_ENOMEM;
    int64_t n = nd_scan_best(best, K, sc->score, s->n_places);
    int rc = 0;
    for (int64_t i = 0; i < n && !rc; i++) {
        const nd__place *place = &s->places[best[i]];
        adding a = {s, best[i]};
        size_t before = s->n;
        if (is_left_out(s, place)) continue;
        rc = nd_library_track(s->libraries[place->library], place->id, add_place, &a, diag);
        if (rc == ND_ENOTFOUND) rc = 0;
        if (s->n > before) give_opinion(&s->items[before], sc, s);
    }
    free(best);
    return rc;
}

/* ---- without a scan -------------------------------------------------------------------- */

static int add_brief(void *user, const nd_brief *brief)
{
    nd__search *s = user;
    size_t n = (size_t)s->n_places;
    int rc = nd_grow(&s->places, &s->capacity_places, n, 1, sizeof *s->places);
    if (!rc) rc = nd_grow(&s->measured, &s->capacity_measured, n, 1, sizeof *s->measured);
    if (rc) return rc;
    s->places[n] = (nd__place){s->library, brief->id};
    nd_measures_of_track(&s->measured[n], brief->tempo_bpm, brief->loudness_lufs, brief->is_minor);
    s->n_places++;
    return 0;
}

static int list_briefs(nd__search *s, nd_diag *diag)
{
    int rc = 0;
    for (s->library = 0; s->library < s->n_libraries && !rc; s->library++)
        rc = nd_library_each_brief(s->libraries[s->library], s->params->filter, add_brief, s, diag);
    s->n_passed = s->n_places;
    return rc;
}

int nd__list_measured(nd__search *s, nd_diag *diag)
{
    scanned sc = {0};
    int rc = list_briefs(s, diag);
    if (!rc) rc = scanned_init(&sc, s->n_places);
    if (!rc) rc = nd__like_scan(s, diag);
    if (!rc && s->n_places > most_candidates(s)) rc = nd__like_rate(sc.score, s);
    if (!rc) rc = add_best(s, &sc, diag);
    scanned_deinit(&sc);
    return rc;
}

/* ---- pairs ----------------------------------------------------------------------------- */

/* A track that the pair scorer can look at. */
typedef struct {
    size_t at; /* candidate */
    nd_described described;
} looked_at;

/* All of them, and what the scorer reads. */
typedef struct {
    int n;
    looked_at *tracks;
    nd_item *items;
    int32_t *offsets;
    float *pair; /* probabilities that they belong together */
} pairs;

static int pairs_init(pairs *p, size_t n)
{
    p->tracks = nd_calloc(n, sizeof *p->tracks);
    p->items = nd_calloc(n, sizeof *p->items);
    p->offsets = nd_calloc(n, sizeof *p->offsets);
    p->pair = nd_calloc(n, sizeof *p->pair);
    return p->tracks && p->items && p->offsets && p->pair ? 0 : ND_ENOMEM;
}

static void pairs_deinit(pairs *p)
{
    for (int i = 0; i < p->n; i++) nd_described_deinit(&p->tracks[i].described);
    free(p->tracks);
    free(p->items);
    free(p->offsets);
    free(p->pair);
}

/* One whose features are damaged is left out later, with its story; one without clips of the
 * extractor has no pair score. @return 0 or ND_ENOMEM */
static int add_pair(pairs *p, nd__search *s, size_t at, bool published)
{
    nd__candidate *c = &s->items[at];
    nd_diag diag = {0};
    nd_described *x = &p->tracks[p->n].described;
    int64_t D = nd_matcher_size_of(s->lens.matcher).D_music;
    int rc = nd__candidate_load(c, s, &diag);
    if (rc || nd_clips_extractor(c->track) != s->lens.stored.extractor)
        return rc == ND_ENOMEM ? rc : 0;
    rc = nd_described_make(x, c->track, D, published, NULL);
    if (rc) return rc == ND_ENOMEM ? rc : 0;
    if (c->offset >= x->item.C) { /* its rows are of other clips: it was spoilt */
        nd_described_deinit(x);
        return 0;
    }
    p->tracks[p->n++].at = at;
    return 0;
}

/* The longest first: those that are scored at once are padded to the longest of them. */
static int compare_lengths(const void *a, const void *b)
{
    const looked_at *x = a, *y = b;
    int x_C = x->described.item.C, y_C = y->described.item.C;
    if (x_C != y_C) return x_C < y_C ? 1 : -1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Whether the model looks at a video and a track together. */
static bool has_pairs(const nd__search *s)
{
    return s->lens.rows.n && s->query->medium == ND_VIDEO &&
           nd_matcher_size_of(s->lens.matcher).has_pair;
}

/* Of the sum of the odds of the list, that something in it belongs to the video: a half at 0.3,
 * soft on both sides. A film that is scaled or coded anew moves the sum less than it moves the
 * largest of them, and should not be ranked by another mixture (docs/ranking.md). */
static double doubt_of(double odds)
{
    const double even = 0.3;
    return even * even / (even * even + odds * odds);
}

static void take_pairs(const pairs *p, nd__search *s)
{
    double odds = 0;
    bool is_known = false;
    for (int i = 0; i < p->n; i++) {
        double pair = isfinite(p->pair[i]) ? (double)p->pair[i] : NAN;
        s->items[p->tracks[i].at].opinion.pair = pair;
        is_known |= pair >= 0;
        if (pair >= 0) odds += pair / fmax(1 - pair, 1e-6);
    }
    s->doubt = is_known ? doubt_of(odds) : 0;
}

int nd__pair_candidates(nd__search *s, nd_diag *diag)
{
    pairs p = {0};
    if (!has_pairs(s)) return 0;
    bool published = nd_model_reads_published(s->lens.model, s->lens.matcher);
    int rc = pairs_init(&p, s->n);
    for (size_t i = 0; i < s->n && !rc; i++) rc = add_pair(&p, s, i, published);
    if (p.n) qsort(p.tracks, (size_t)p.n, sizeof *p.tracks, compare_lengths);
    for (int i = 0; i < p.n; i++) {
        p.items[i] = p.tracks[i].described.item;
        p.offsets[i] = s->items[p.tracks[i].at].offset;
    }
    if (!rc && p.n)
        rc = nd_matcher_pair(p.pair, s->lens.matcher, &s->lens.item.item, p.items, p.offsets, p.n,
                             s->n_threads, diag);
    if (!rc) take_pairs(&p, s);
    pairs_deinit(&p);
    return rc;
}

int nd__list_best(nd__search *s, nd_diag *diag)
{
    scanned sc = {0};
    int rc = nd__crates_need(s, diag);
    if (!rc) rc = scanned_init(&sc, s->n_places);
    if (!rc) rc = scan(&sc, s, diag);
    if (!rc) rc = nd__like_scan(s, diag);
    if (!rc) set_scores(&sc, s);
    if (!rc) rc = add_best(s, &sc, diag);
    scanned_deinit(&sc);
    return rc;
}
