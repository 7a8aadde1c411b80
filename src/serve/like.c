/* What is asked for in words: texts beside what the model hears and the tags of files, and measured
 * wishes.
 *
 * A text's inner products with all tracks are brought to their own mean and deviation, so that a
 * text and "calmer" weigh alike whatever the model's scale: a logistic curve, 0.88 at one deviation
 * above. A word of which only its letters are known is a guess: it moves a level by less than a
 * tenth, which claims nothing. A file that is tagged with the text meets it fully. */
#include <math.h>
#include <string.h>

#include "serve/search.h"

/* ---- reading ------------------------------------------------------------------- */

/* The vector of the text of wish i. */
static void read_text(float *out, nd__like *l, int i, const nd_words *words)
{
    const nd_wish *wish = &l->wishes.items[i];
    bool is_known = false;
    if (nd_words_vector(out, &is_known, words, wish->text)) return;
    l->counts[i] = is_known || !wish->only_if_known;
    l->is_guess[i] = !is_known;
    if (!is_known && l->counts[i])
        nd_str_append(&l->unknown, "%s%s", l->unknown.text ? ", " : "", wish->text);
}

static int read_texts(nd__search *s, nd_diag *diag)
{
    nd__like *l = &s->like;
    size_t n = (size_t)l->wishes.n, E = (size_t)nd_words_dim(s->lens.words);
    float *texts = nd_calloc(n, E * sizeof *texts);
    l->vectors = nd_calloc(n, (size_t)s->lens.stored.U * sizeof *l->vectors);
    int rc = texts && l->vectors ? 0 : nd_diag_set(diag, ND_ENOMEM, "reading words: out of memory");
    for (size_t i = 0; i < n && !rc; i++)
        if (l->wishes.items[i].kind == ND_WISH_TEXT)
            read_text(texts + i * E, l, (int)i, s->lens.words);
    if (!rc) rc = nd_matcher_text(l->vectors, s->lens.matcher, texts, (int64_t)n, diag);
    free(texts);
    return rc;
}

int nd__like_read(nd__search *s, const char *words, nd_diag *diag)
{
    nd__like *l = &s->like;
    int rc = nd_wishes_read(&l->wishes, words, diag);
    if (rc) return rc;
    for (int kind = 0; kind < ND_WISH_KINDS; kind++) l->from[kind] = NAN;
    if (s->lens.words) return read_texts(s, diag);
    for (int i = 0; i < l->wishes.n; i++) /* of tags alone */
        l->counts[i] = l->wishes.items[i].kind == ND_WISH_TEXT && !l->wishes.items[i].only_if_known;
    return 0;
}

bool nd__like_has_text(const nd__like *like)
{
    for (int i = 0; i < like->wishes.n; i++)
        if (like->counts[i]) return true;
    return false;
}

bool nd__like_has_measure(const nd__like *like)
{
    for (int i = 0; i < like->wishes.n; i++)
        if (like->wishes.items[i].kind != ND_WISH_TEXT) return true;
    return false;
}

void nd__like_deinit(nd__like *like)
{
    free(like->vectors);
    free(like->met);
    nd_str_deinit(&like->unknown);
    *like = (nd__like){0};
}

/* ---- texts and all tracks ------------------------------------------------------ */

/* x as levels beside their mean. @param spread  of them, 1: from 0 to 1 */
static void level(float *x, int64_t n, int sign, double spread)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i];
        squares += (double)x[i] * x[i];
    }
    double mean = sum / (double)ND_MAX(n, 1);
    double deviation = sqrt(ND_MAX(0.0, squares / (double)ND_MAX(n, 1) - mean * mean));
    for (int64_t i = 0; i < n; i++) {
        double z = deviation > 1e-6 ? (x[i] - mean) / deviation : 0;
        x[i] = (float)(0.5 + spread * (1 / (1 + exp(-2 * sign * z)) - 0.5));
    }
}

/* By the model; of tags alone nothing is met as yet. */
static int scan_text(float *met, nd__search *s, int wish, nd_diag *diag)
{
    int rc = 0, sign = s->like.wishes.items[wish].sign < 0 ? -1 : 1;
    int64_t at = 0;
    if (!s->crates || !s->like.vectors) {
        for (int64_t i = 0; i < s->n_places; i++) met[i] = sign > 0 ? 0 : 1;
        return 0;
    }
    const float *vector = s->like.vectors + wish * s->lens.stored.U;
    for (int i = 0; i < s->n_libraries && !rc; i++) {
        rc = nd_scan_whole(met + at, &s->crates[i], vector, s->n_threads, diag);
        at += s->crates[i].n;
    }
    if (!rc) level(met, s->n_places, sign, s->like.is_guess[wish] ? 0.18 : 1);
    return rc;
}

typedef struct {
    nd__search *s;
    float *met;
    float value;
    int library;
} marking;

static int compare_places(const void *a, const void *b)
{
    const nd__place *x = a, *y = b;
    if (x->library != y->library) return x->library - y->library;
    return (x->id > y->id) - (x->id < y->id);
}

static int mark(void *user, const nd_brief *track)
{
    marking *m = user;
    const nd__search *s = m->s;
    nd__place key = {m->library, track->id};
    const nd__place *place = bsearch(&key, s->places, (size_t)s->n_places, sizeof *s->places,
                                     compare_places);
    if (place) m->met[place - s->places] = m->value;
    return 0;
}

/* Files that are tagged so. */
static int mark_tagged(float *met, nd__search *s, int wish, nd_diag *diag)
{
    const char *text = s->like.wishes.items[wish].text, *const tags[] = {text, NULL};
    nd_filter filter = {.tags = tags};
    marking m = {s, met, s->like.wishes.items[wish].sign < 0 ? 0 : 1, 0};
    int rc = 0;
    for (; m.library < s->n_libraries && !rc; m.library++)
        rc = nd_library_each_brief(s->libraries[m.library], &filter, mark, &m, diag);
    return rc;
}

int nd__like_scan(nd__search *s, nd_diag *diag)
{
    nd__like *l = &s->like;
    if (!nd__like_has_text(l)) return 0;
    l->met = nd_calloc((size_t)s->n_places, (size_t)l->wishes.n * sizeof *l->met);
    int rc = l->met ? 0 : ND_ENOMEM;
    for (int i = 0; i < l->wishes.n && !rc; i++) {
        float *met = l->met + i * s->n_places;
        if (!l->counts[i]) continue;
        rc = scan_text(met, s, i, diag);
        if (!rc) rc = mark_tagged(met, s, i, diag);
    }
    return rc;
}

double nd__like_texts(const nd__search *s, int64_t place)
{
    const nd__like *l = &s->like;
    double sum = 0, weights = 0;
    for (int i = 0; i < l->wishes.n; i++) {
        if (!l->counts[i]) continue;
        sum += (double)l->wishes.items[i].weight * l->met[i * s->n_places + place];
        weights += l->wishes.items[i].weight;
    }
    return weights > 0 ? sum / weights : 0.5;
}

/* ---- candidates ---------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The middle of what is known of a kind; NAN: of none. @param room  [n] */
static double middle_of(const nd_measures *measures, size_t n, int kind, double *room)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(measures[i].of[kind])) room[count++] = measures[i].of[kind];
    if (!count) return NAN;
    qsort(room, count, sizeof *room, compare_numbers);
    return room[count / 2];
}

/* Of the kinds that are wished for. */
static int find_middles(nd__like *l, const nd_measures *measures, size_t n)
{
    double *room = nd_calloc(ND_MAX(n, 1), sizeof *room);
    if (!room) return ND_ENOMEM;
    for (int i = 0; i < l->wishes.n; i++) {
        int kind = (int)l->wishes.items[i].kind;
        if (isnan(l->from[kind])) l->from[kind] = middle_of(measures, n, kind, room);
    }
    free(room);
    return 0;
}

static int find_candidates_middles(nd__search *s)
{
    enum { FIRST = 10 };
    size_t most = s->query ? ND_MIN(s->n, (size_t)FIRST) : s->n, n = 0;
    nd_measures *measures = nd_calloc(ND_MAX(most, 1), sizeof *measures);
    if (!measures) return ND_ENOMEM;
    for (size_t i = 0; i < most; i++)
        if (!s->items[i].rc) measures[n++] = s->items[i].measures;
    int rc = find_middles(&s->like, measures, n);
    free(measures);
    return rc;
}

/* A track of those measures, at a place, beside wish i. */
static double meet(const nd__search *s, const nd_measures *measures, int64_t place, int i)
{
    const nd_wish *wish = &s->like.wishes.items[i];
    if (wish->kind != ND_WISH_TEXT)
        return nd_wish_meet(wish, measures->of[wish->kind], s->like.from[wish->kind]);
    return s->like.counts[i] ? s->like.met[i * s->n_places + place] : NAN;
}

double nd__like_meet(const nd__search *s, const nd__candidate *c, int i)
{
    return meet(s, &c->measures, c->place, i);
}

static bool is_looked_for(const nd__like *l, int i)
{
    return l->wishes.items[i].kind != ND_WISH_TEXT || l->counts[i];
}

/* The mean of all wishes; what is not known of the track is halfway. NAN: there is none. */
static double meet_all(const nd__search *s, const nd_measures *measures, int64_t place)
{
    const nd__like *l = &s->like;
    double sum = 0, weights = 0;
    for (int i = 0; i < l->wishes.n; i++) {
        if (!is_looked_for(l, i)) continue;
        double met = meet(s, measures, place, i);
        sum += (double)l->wishes.items[i].weight * (isnan(met) ? 0.5 : met);
        weights += l->wishes.items[i].weight;
    }
    return weights > 0 ? sum / weights : NAN;
}

int nd__like_rate(float *scores, nd__search *s)
{
    int rc = find_middles(&s->like, s->measured, (size_t)s->n_places);
    for (int64_t i = 0; i < s->n_places && !rc; i++)
        scores[i] = (float)meet_all(s, &s->measured[i], i);
    return rc;
}

const char *nd__wish_name(char out[ND__LIKED_BYTES], const nd_wish *wish)
{
    static const char *const words[ND_WISH_KINDS][2] = {
        [ND_WISH_TEMPO] = {"slower", "faster"},
        [ND_WISH_BEAT] = {"with less beat", "with more beat"},
        [ND_WISH_LOUDNESS] = {"quieter", "louder"},
        [ND_WISH_BRIGHTNESS] = {"of a darker sound", "of a brighter sound"},
        [ND_WISH_MODE] = {"minor", "major"}};
    bool is_text = wish->kind == ND_WISH_TEXT || wish->sign == 0;
    const char *no = is_text && wish->sign < 0 ? "no " : "";
    const char *text = is_text ? wish->text : words[wish->kind][wish->sign > 0];
    snprintf(out, ND__LIKED_BYTES, "%s", no);
    nd_text_clean(out + strlen(no), ND__LIKED_BYTES - strlen(no), text, strlen(text));
    return out;
}

/* Put a wish's name to a list of them. */
static void add_name(char list[ND__LIKED_BYTES], const nd_wish *wish)
{
    char name[ND__LIKED_BYTES];
    nd__wish_name(name, wish);
    size_t n = strlen(list), n_name = strlen(name);
    if (n + n_name + 3 >= ND__LIKED_BYTES || strstr(list, name)) return;
    if (n) {
        memcpy(list + n, ", ", 2);
        n += 2;
    }
    memcpy(list + n, name, n_name + 1);
}

static void give_like(nd__search *s, nd__candidate *c)
{
    const nd__like *l = &s->like;
    double like = meet_all(s, &c->measures, c->place);
    c->liked[0] = c->missed[0] = '\0';
    for (int i = 0; i < l->wishes.n; i++) {
        double met = nd__like_meet(s, c, i);
        if (met >= 0.6) add_name(c->liked, &l->wishes.items[i]);
        else if (met < 0.4) add_name(c->missed, &l->wishes.items[i]);
    }
    if (isnan(like)) return;
    c->opinion.like = like;
    c->opinion.like_weight = s->query ? s->like_weight : 1;
    c->score = (1 - c->opinion.like_weight) * c->plain + c->opinion.like_weight * c->opinion.like;
}

int nd__like_apply(nd__search *s)
{
    if (!s->like.wishes.n) return 0;
    nd__sort_candidates(s);
    if (find_candidates_middles(s)) return ND_ENOMEM;
    for (size_t i = 0; i < s->n; i++) give_like(s, &s->items[i]);
    return 0;
}
