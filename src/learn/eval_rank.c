/* Ranks of every row: without tags both ways; with tags as the paper gates, tracks of the nearest
 * tag first; and the first tracks ordered anew by the model's pair scorer. */
#include <math.h>
#include <string.h>

#include "learn/eval.h"

/* ---- orders -------------------------------------------------------------------------- */

typedef struct placed {
    float tier, score;
    int32_t at;
} placed;

static int better_first(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    if (x->tier != y->tier) return x->tier < y->tier ? 1 : -1;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->at > y->at) - (x->at < y->at);
}

static placed *sort_places(const float *tiers, const float *scores, int G)
{
    placed *all = nd_calloc((size_t)G, sizeof *all);
    for (int j = 0; j < G && all; j++) {
        float score = isnan(scores[j]) ? -INFINITY : scores[j];
        all[j] = (placed){tiers ? tiers[j] : 0, score, j};
    }
    if (all) qsort(all, (size_t)G, sizeof *all, better_first);
    return all;
}

int nd__eval_order(float *out, const float *tiers, const float *scores, int G)
{
    placed *all = sort_places(tiers, scores, G);
    int level = G;
    if (!all) return ND_ENOMEM;
    for (int k = 0; k < G; k++) {
        bool is_tied = k && all[k].tier == all[k - 1].tier && all[k].score == all[k - 1].score;
        if (!is_tied) level--;
        out[all[k].at] = (float)level;
    }
    free(all);
    return 0;
}

/* ---- ranks --------------------------------------------------------------------------- */

/* How right each track is for a query: 1 its own, 0.2 one with a tag of its own. */
static void grade_tracks(float *grades, const nd__eval_task *task, int query)
{
    const nd__eval_set *set = &task->set;
    for (int j = 0; j < set->G; j++) {
        bool is_near = nd__eval_share_a_tag(&task->words, j, set->track_of[query]);
        grades[j] = nd__eval_is_right(set, query, j) ? 1 : is_near ? 0.2f : 0;
    }
}

static void grade_videos(float *grades, const nd__eval_task *task, int track)
{
    const nd__eval_set *set = &task->set;
    for (int i = 0; i < set->n; i++) {
        bool is_near = nd__eval_share_a_tag(&task->words, track, set->track_of[i]);
        grades[i] = nd__eval_is_right(set, i, track) ? 1 : is_near ? 0.2f : 0;
    }
}

static int ranks_create(nd__eval_ranks *r, int n, int n_gallery, const int32_t *groups)
{
    r->ranks = nd_calloc((size_t)n, sizeof *r->ranks);
    r->ndcg = nd_calloc((size_t)n, sizeof *r->ndcg);
    if (!r->ranks || !r->ndcg) return ND_ENOMEM;
    r->n = n;
    r->n_gallery = n_gallery;
    r->groups = groups;
    return 0;
}

static void set_rank(nd__eval_ranks *r, int i, const float *scores, const float *grades)
{
    r->ranks[i] = nd_metric_rank(scores, grades, r->n_gallery);
    r->ndcg[i] = nd_metric_ndcg(scores, grades, r->n_gallery, 10);
}

static int count_right(const float *grades, int n)
{
    int n_right = 0;
    for (int i = 0; i < n; i++) n_right += grades[i] >= 1;
    return n_right;
}

static void add_chance(nd__eval_ranks *r, const float *grades)
{
    int n_right = count_right(grades, r->n_gallery);
    for (int c = 0; c < ND_EVAL_N_CUTS; c++)
        r->chance[c] += nd_metric_chance(n_right, r->n_gallery, nd_eval_cut(c)) / r->n;
}

typedef struct job {
    const nd__eval_system *s;
    const nd__eval_task *task;
    nd__eval_ranked_row *row;
    const nd_tag_lists *tags; /* of each query; NULL: none */
    const float *vectors;     /* of all tags; NULL: none */
    int E;
    const float *scores; /* [n, G] */
    double *alone;       /* [n, cuts] chance of a hit by the tags alone; NULL: none */
} job;

/* Nearness of a query's tags to all tracks, and what it would find without a model. */
static void gate_query(float *tiers, const job *j, int64_t i, const float *grades)
{
    const nd_tag_lists *l = j->tags;
    int G = j->task->set.G;
    nd__eval_nearness(tiers, &j->task->words, l->values + l->first[i],
                      (int)(l->first[i + 1] - l->first[i]), j->vectors, j->E);
    for (int c = 0; c < ND_EVAL_N_CUTS; c++)
        j->alone[i * ND_EVAL_N_CUTS + c] = nd_metric_hit_chance(tiers, grades, G, nd_eval_cut(c));
}

/* A query's tracks, in order of its tags where it has any. */
static int rank_query(void *user, int64_t i)
{
    const job *j = user;
    int G = j->task->set.G, rc = 0;
    const float *scores = j->scores + i * G;
    float *work = nd_calloc(3 * (size_t)G, sizeof *work);
    if (!work) return ND_ENOMEM;
    float *grades = work, *tiers = work + G, *order = tiers + G;
    grade_tracks(grades, j->task, (int)i);
    if (j->tags) {
        gate_query(tiers, j, i, grades);
        rc = nd__eval_order(order, tiers, scores, G);
        scores = order;
    }
    if (!rc) set_rank(&j->row->videos, (int)i, scores, grades);
    free(work);
    return rc;
}

static int sum_chances(job *j)
{
    const nd__eval_set *set = &j->task->set;
    float *grades = nd_calloc((size_t)ND_MAX(set->G, set->n), sizeof *grades);
    for (int i = 0; i < set->n && grades; i++) {
        grade_tracks(grades, j->task, i);
        add_chance(&j->row->videos, grades);
    }
    for (int q = 0; q < j->row->music.n && grades; q++) {
        grade_videos(grades, j->task, set->queried[q]);
        add_chance(&j->row->music, grades);
    }
    free(grades);
    return grades ? 0 : ND_ENOMEM;
}

static int rank_track(void *user, int64_t q)
{
    const job *j = user;
    const nd__eval_set *set = &j->task->set;
    int track = set->queried[q];
    float *work = nd_calloc(2 * (size_t)set->n, sizeof *work);
    if (!work) return ND_ENOMEM;
    float *grades = work, *scores = work + set->n;
    grade_videos(grades, j->task, track);
    for (int64_t i = 0; i < set->n; i++) scores[i] = j->scores[i * set->G + track];
    set_rank(&j->row->music, (int)q, scores, grades);
    free(work);
    return 0;
}

/* All queries of a row; tracks as queries where there are no tags. */
static int rank_all(job *j, bool both_ways)
{
    const nd__eval_set *set = &j->task->set;
    int n_threads = j->task->params->n_threads;
    n_threads = n_threads ? n_threads : nd_core_count();
    int rc = ranks_create(&j->row->videos, set->n, set->G, set->group_of);
    if (!rc) rc = nd_parallel(set->n, n_threads, rank_query, j);
    if (!rc && both_ways) {
        rc = ranks_create(&j->row->music, set->Q, set->n, set->identities);
        if (!rc) rc = nd_parallel(set->Q, n_threads, rank_track, j);
    }
    return rc ? rc : sum_chances(j);
}

void nd__eval_ranked_row_deinit(nd__eval_ranked_row *row)
{
    free(row->videos.ranks);
    free(row->videos.ndcg);
    free(row->music.ranks);
    free(row->music.ndcg);
    *row = (nd__eval_ranked_row){0};
}

/* ---- tags of queries ------------------------------------------------------------------ */

static int lists_create(nd_tag_lists *l, int n, int64_t n_values)
{
    *l = (nd_tag_lists){.n = n,
                        .first = nd_calloc((size_t)n + 1, sizeof *l->first),
                        .values = nd_calloc((size_t)n_values, sizeof *l->values)};
    return l->first && l->values ? 0 : ND_ENOMEM;
}

static void lists_deinit(nd_tag_lists *l)
{
    free(l->first);
    free(l->values);
}

/* The catalogue's tags of the track that is looked for. */
static int true_tags(nd_tag_lists *out, const nd__eval_task *task)
{
    const nd__eval_set *set = &task->set;
    const nd_tag_lists *of = &task->words.tracks;
    int64_t n = 0;
    for (int i = 0; i < set->n; i++)
        n += of->first[set->track_of[i] + 1] - of->first[set->track_of[i]];
    if (lists_create(out, set->n, n)) return ND_ENOMEM;
    n = 0;
    for (int i = 0; i < set->n; i++) {
        for (int64_t a = of->first[set->track_of[i]]; a < of->first[set->track_of[i] + 1]; a++)
            out->values[n++] = of->values[a];
        out->first[i + 1] = n;
    }
    return 0;
}

/* Which of the model's tags lies nearest to a video. @param texts  [K, U] */
static int nearest_tag(const float *whole, const float *texts, int K, int64_t U)
{
    int best = 0;
    double most = -INFINITY;
    for (int k = 0; k < K; k++) {
        double sum = 0;
        for (int64_t u = 0; u < U; u++) sum += (double)whole[u] * (double)texts[k * U + u];
        if (sum > most) most = sum, best = k;
    }
    return best;
}

/* Texts of the model's tags in the space of wholes, [K, U]. */
static int tag_texts(float **out, nd__eval_system *s, nd_diag *diag)
{
    int K = nd_words_tag_count(s->words), E = nd_words_dim(s->words);
    float *vectors = nd_calloc((size_t)K * (size_t)E, sizeof *vectors);
    float *texts = nd_calloc((size_t)K * (size_t)s->video_rows.U, sizeof *texts);
    int rc = vectors && texts ? 0 : nd_diag_set(diag, ND_ENOMEM, "evaluating: out of memory");
    for (int k = 0; k < K && !rc; k++)
        memcpy(vectors + (int64_t)k * E, nd_words_tag_vector(s->words, k),
               (size_t)E * sizeof *vectors);
    if (!rc) rc = nd_matcher_text(texts, s->matcher, vectors, K, diag);
    free(vectors);
    if (rc) free(texts);
    else *out = texts;
    return rc;
}

static int predicted_tags(nd_tag_lists *out, nd__eval_system *s, nd__eval_task *task, nd_diag *diag)
{
    float *texts = NULL;
    int64_t U = s->video_rows.U;
    int rc = tag_texts(&texts, s, diag), n = task->set.n, K = nd_words_tag_count(s->words);
    if (!rc && lists_create(out, n, n))
        rc = nd_diag_set(diag, ND_ENOMEM, "evaluating: out of memory");
    for (int i = 0; i < n && !rc; i++) {
        int k = nearest_tag(s->video_rows.whole + i * U, texts, K, U), tag;
        rc = nd__eval_word(&task->words, nd_words_tag_name(s->words, k), &tag);
        if (rc) break;
        out->values[i] = tag;
        out->first[i + 1] = i + 1;
    }
    free(texts);
    return rc;
}

/* Vectors of all tags as the model's words have them; NULL where it has none. */
static int tag_vectors(float **out, int *E_out, const nd__eval_system *s,
                       const nd__eval_words *words)
{
    *E_out = s->words ? nd_words_dim(s->words) : 0;
    *out = NULL;
    if (!s->words) return 0;
    float *v = nd_calloc(words->keys.n * (size_t)*E_out, sizeof *v);
    if (!v) return ND_ENOMEM;
    for (size_t k = 0; k < words->keys.n; k++)
        if (nd_words_vector(v + k * (size_t)*E_out, NULL, s->words, words->forms[k].name) ==
            ND_ENOMEM) {
            free(v);
            return ND_ENOMEM;
        }
    *out = v;
    return 0;
}

static int count_tagged(const nd_tag_lists *l)
{
    int n = 0;
    for (int i = 0; i < l->n; i++) n += l->first[i + 1] > l->first[i];
    return n;
}

/* ---- rows ------------------------------------------------------------------------------ */

static nd__eval_ranked_row *new_row(nd__eval_system *s, nd_eval_tags tags)
{
    nd__eval_ranked_row *row = &s->rows[s->n_rows++];
    row->tags = tags;
    return row;
}

static int rank_with_tags(nd__eval_system *s, const nd__eval_task *task, nd_eval_tags kind,
                          const nd_tag_lists *tags)
{
    float *vectors;
    int E, rc = tag_vectors(&vectors, &E, s, &task->words);
    if (rc) return rc;
    int n = task->set.n;
    double *alone = nd_calloc((size_t)n * ND_EVAL_N_CUTS, sizeof *alone);
    job j = {s, task, new_row(s, kind), tags, vectors, E, s->scores, alone};
    j.row->n_tagged = count_tagged(tags);
    rc = alone ? rank_all(&j, false) : ND_ENOMEM;
    for (int i = 0; i < n * ND_EVAL_N_CUTS && !rc; i++)
        j.row->tags_alone[i % ND_EVAL_N_CUTS] += alone[i] / n;
    free(alone);
    free(vectors);
    return rc;
}

/* Why a row of tags cannot be; NULL: it can. */
static const char *obstacle(const nd__eval_system *s, const nd__eval_words *words,
                            nd_eval_tags kind)
{
    if (!count_tagged(&words->tracks))
        return "no track has tags in a catalogue (music_tags of corpus.jsonl, gallery.jsonl, "
               "test_tags.jsonl)";
    if (kind == ND_EVAL_USER && !count_tagged(&words->queries))
        return "no video of the split has tags (corpus.jsonl, test_tags.jsonl)";
    if (kind == ND_EVAL_PREDICTED && (!s->words || !s->video_rows.U))
        return "the model knows no texts";
    if (kind == ND_EVAL_PREDICTED && !nd_words_tag_count(s->words)) return "the model has no tags";
    return NULL;
}

static int rank_kind(nd__eval_system *s, nd__eval_task *task, nd_eval_tags kind, nd_diag *diag)
{
    nd_tag_lists tags = {0};
    const char *why = obstacle(s, &task->words, kind);
    if (why) {
        nd_str_append(&s->missing, "%s tag: %s\n", nd_eval_tags_name(kind), why);
        return s->missing.failed ? ND_ENOMEM : 0;
    }
    if (kind == ND_EVAL_USER) return rank_with_tags(s, task, kind, &task->words.queries);
    int rc = kind == ND_EVAL_TRUE ? true_tags(&tags, task) : predicted_tags(&tags, s, task, diag);
    if (!rc) rc = rank_with_tags(s, task, kind, &tags);
    lists_deinit(&tags);
    return rc;
}

/* ---- reranking ------------------------------------------------------------------------- */

/* What a query's rerank needs. */
typedef struct reranking {
    nd__eval_system *s;
    const nd__eval_task *task;
    int N;           /* first tracks */
    nd_item *items;  /* [N] */
    int32_t *places; /* [N] of the tracks */
    int32_t *offsets;
    float *odds;  /* [N] by the pair scorer */
    float *tiers; /* [G] 1: one of the first */
    nd_diag *diag;
} reranking;

static int reranking_create(reranking *r)
{
    size_t N = (size_t)r->N;
    r->items = nd_calloc(N, sizeof *r->items);
    r->places = nd_calloc(N, sizeof *r->places);
    r->offsets = nd_calloc(N, sizeof *r->offsets);
    r->odds = nd_calloc(N, sizeof *r->odds);
    r->tiers = nd_calloc((size_t)r->task->set.G, sizeof *r->tiers);
    return r->items && r->places && r->offsets && r->odds && r->tiers ? 0 : ND_ENOMEM;
}

static void reranking_deinit(reranking *r)
{
    free(r->items);
    free(r->places);
    free(r->offsets);
    free(r->odds);
    free(r->tiers);
}

/* The first tracks of a query, and where it goes best along them. @param scores  [G] */
static int take_first(reranking *r, int query, const float *scores)
{
    const nd_rows *v = &r->s->video_rows, *m = &r->s->track_rows;
    placed *all = sort_places(NULL, scores, r->task->set.G);
    if (!all) return ND_ENOMEM;
    for (int k = 0; k < r->N; k++) {
        int64_t j = all[k].at, at;
        nd_rows_score(v->rows + v->first[query] * v->W, v->first[query + 1] - v->first[query],
                      m->rows + m->first[j] * m->W, m->first[j + 1] - m->first[j], m->W, &at);
        r->items[k] = r->s->tracks.items[j];
        r->places[k] = all[k].at;
        r->offsets[k] = (int32_t)at;
    }
    free(all);
    return 0;
}

/* A query's first tracks by the pair scorer, before all others as they were. */
static int rerank_query(reranking *r, int query, float *scores)
{
    int G = r->task->set.G, rc = take_first(r, query, scores);
    if (!rc)
        rc = nd_matcher_pair(r->odds, r->s->matcher, &r->s->videos.items[query], r->items,
                             r->offsets, r->N, r->task->params->n_threads, r->diag);
    if (rc) return rc;
    memset(r->tiers, 0, (size_t)G * sizeof *r->tiers);
    for (int k = 0; k < r->N; k++) {
        r->tiers[r->places[k]] = 1;
        scores[r->places[k]] = r->odds[k];
    }
    return nd__eval_order(scores, r->tiers, scores, G);
}

int nd__eval_rerank(float *scores, nd__eval_system *s, const nd__eval_task *task, int N,
                    nd_diag *diag)
{
    int n = task->set.n;
    reranking r = {.s = s, .task = task, .N = N, .diag = diag};
    int rc = reranking_create(&r);
    for (int i = 0; i < n && !rc; i++) {
        rc = rerank_query(&r, i, scores + (int64_t)i * task->set.G);
        if (!rc && nd_progress_update(task->params->progress, "reranking", i + 1, n, NULL))
            rc = nd_diag_set(diag, ND_ECANCELLED, "evaluating: stopped on request");
    }
    reranking_deinit(&r);
    return rc;
}

static int rank_reranked(nd__eval_system *s, const nd__eval_task *task,
                         const nd__eval_ranked_row *before, nd_diag *diag)
{
    const nd__eval_set *set = &task->set;
    int N = ND_MIN(task->params->rerank, set->G);
    size_t n_bytes = (size_t)set->n * (size_t)set->G * sizeof *s->scores;
    float *scores = malloc(n_bytes);
    if (!scores) return nd_diag_set(diag, ND_ENOMEM, "evaluating: out of memory");
    memcpy(scores, s->scores, n_bytes);
    int rc = nd__eval_rerank(scores, s, task, N, diag);
    if (!rc) {
        job j = {s, task, new_row(s, ND_EVAL_NONE), NULL, NULL, 0, scores, NULL};
        j.row->is_reranked = true;
        j.row->shortlist_recall = nd_metric_recall(before->videos.ranks, set->n, N);
        rc = rank_all(&j, false);
    }
    free(scores);
    return rc;
}

/* The row without tags is always made: what follows compares itself with it. */
int nd__eval_rank(nd__eval_system *s, nd__eval_task *task, nd_diag *diag)
{
    job plain = {s, task, new_row(s, ND_EVAL_NONE), NULL, NULL, 0, s->scores, NULL};
    int rc = rank_all(&plain, true);
    if (!rc && task->params->rerank > 0 && nd_matcher_size_of(s->matcher).has_pair)
        rc = rank_reranked(s, task, plain.row, diag);
    for (int k = ND_EVAL_PREDICTED; k < ND_EVAL_N_TAGS && !rc; k++)
        if (task->params->tags & 1u << k) rc = rank_kind(s, task, (nd_eval_tags)k, diag);
    return rc == ND_ENOMEM ? nd_diag_set(diag, rc, "evaluating: out of memory") : rc;
}
