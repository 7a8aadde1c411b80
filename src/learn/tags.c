/* The public face of tags: make, open, ask. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "learn/tag_learn.h"

struct nd_tags {
    nd_tag_set set;
    nd_tag_vectors vectors;
    float *rows;     /* [tags, dim] */
    int n_bad_lines; /* of corpus.jsonl when it was made */
};

/* ---- making ---------------------------------------------------------------- */

static int check_params(nd_tags_params *p, nd_diag *diag)
{
    p->min_videos = p->min_videos ? p->min_videos : 2;
    p->min_tracks = p->min_tracks ? p->min_tracks : 2;
    p->dim = p->dim ? p->dim : 64;
    if (p->min_videos < 1 || p->min_tracks < 1)
        return nd_diag_set(diag, ND_EARG, "making a tag set: minimum counts of 1 or more expected");
    if (p->dim < 1 || p->dim > ND_TAG_MAX_DIM)
        return nd_diag_set(diag, ND_EARG, "making a tag set: dim of 1 .. %d expected, %d found",
                           ND_TAG_MAX_DIM, p->dim);
    return 0;
}

enum { PROBLEMS_TOLD = 20 };

/* Tell the first few. @return how many lines were left out */
static int log_problems(const nd_corpus *corpus, const nd_log *log)
{
    int n = nd_corpus_problem_count(corpus), n_bad = 0;
    for (int i = 0; i < n; i++) {
        const nd_corpus_problem *p = nd_corpus_problem_at(corpus, i);
        n_bad += p->kind != ND_PROBLEM_TAG && p->kind != ND_PROBLEM_MORE;
        if (i >= PROBLEMS_TOLD) continue;
        nd_log_line(log, ND_LOG_WARNING, "corpus.jsonl: line %d, column %d: %s", p->line, p->column,
                    p->reason);
    }
    if (n > PROBLEMS_TOLD)
        nd_log_line(log, ND_LOG_WARNING,
                    "corpus.jsonl: %d more (needledrop corpus check tells all)", n - PROBLEMS_TOLD);
    return n_bad;
}

static int make_set(nd_tags *t, const char *dir, const nd_tags_params *p, nd_diag *diag)
{
    nd_corpus *corpus = NULL;
    nd_tag_synonyms synonyms = {0};
    int rc = nd_corpus_open(&corpus, dir, diag);
    if (!rc) t->n_bad_lines = log_problems(corpus, p->log);
    if (!rc && p->synonyms) rc = nd_tag_synonyms_read(&synonyms, p->synonyms, diag);
    if (!rc) rc = nd_tag_set_make(&t->set, corpus, &synonyms, p, diag);
    nd_tag_synonyms_deinit(&synonyms);
    nd_corpus_close(&corpus);
    return rc;
}

static int read_vectors(nd_tag_vectors *out, const char *path, const nd_log *log, nd_diag *diag)
{
    nd_vec v = {0};
    int rc = nd_vec_read(&v, path, diag);
    if (!rc) rc = nd_tag_vectors_of_vec(out, &v, diag);
    if (!rc && v.n_skipped)
        nd_log_line(log, ND_LOG_WARNING,
                    "%s: %lld lines passed over (repeated, too long, not UTF-8)", path,
                    (long long)v.n_skipped);
    nd_vec_deinit(&v);
    return rc;
}

/* A vector for each tag. */
static int embed_tags(nd_tags *t, const nd_log *log, nd_diag *diag)
{
    int dim = t->vectors.dim, n = (int)t->set.names.n, n_unknown = 0;
    t->rows = nd_calloc((size_t)n * (size_t)dim, sizeof *t->rows);
    if (!t->rows) return nd_diag_set(diag, ND_ENOMEM, "making tag vectors: out of memory");
    for (int i = 0; i < n; i++) {
        bool is_known = true;
        int rc = nd_tag_vectors_text(t->rows + (int64_t)i * dim, &is_known, &t->vectors,
                                     t->set.names.texts[i]);
        if (rc) return nd_diag_set(diag, rc, "making tag vectors: %s", nd_error_text(rc));
        n_unknown += !is_known;
    }
    if (n_unknown)
        nd_log_line(log, ND_LOG_WARNING, "%d of %d tags are not in the vectors, nor a word of them",
                    n_unknown, n);
    return 0;
}

/* tags.vec beside corpus.jsonl; the words are the tags, in their order. */
static int write_vectors(const nd_tags *t, const char *dir, nd_diag *diag)
{
    char *path = nd_path_join(dir, "tags.vec");
    if (!path) return nd_diag_set(diag, ND_ENOMEM, "writing tags.vec: out of memory");
    nd_vec v = {.words = t->set.names, .dim = t->vectors.dim, .rows = t->rows};
    int rc = nd_vec_write(&v, path, diag);
    free(path);
    return rc;
}

static int write_set(const nd_tags *t, const char *dir, nd_diag *diag)
{
    char *path = nd_path_join(dir, "tags.json");
    if (!path) return nd_diag_set(diag, ND_ENOMEM, "writing tags.json: out of memory");
    int rc = nd_tag_set_write(&t->set, path, diag);
    free(path);
    return rc;
}

static int make(nd_tags *t, const char *dir, const nd_tags_params *p, nd_diag *diag)
{
    int rc = make_set(t, dir, p, diag);
    if (!rc)
        rc = p->vectors ? read_vectors(&t->vectors, p->vectors, p->log, diag)
                        : nd_tag_vectors_learn(&t->vectors, &t->set, p->dim, p->progress, diag);
    if (!rc) rc = embed_tags(t, p->log, diag);
    if (!rc && nd_tag_set_order(&t->set, t->rows, t->vectors.dim))
        rc = nd_diag_set(diag, ND_ENOMEM, "labelling files: out of memory");
    if (!rc) rc = write_vectors(t, dir, diag);
    return rc ? rc : write_set(t, dir, diag);
}

int nd_tags_make(nd_tags **out, const char *dir, const nd_tags_params *params, nd_diag *diag)
{
    nd_tags_params p = params ? *params : (nd_tags_params){0};
    int rc = check_params(&p, diag);
    if (rc) return rc;
    nd_tags *t = nd_calloc(1, sizeof *t);
    if (!t) return nd_diag_set(diag, ND_ENOMEM, "making a tag set: out of memory");
    rc = make(t, dir, &p, diag);
    if (!rc && out) *out = t;
    else nd_tags_close(&t);
    return rc;
}

/* ---- opening ---------------------------------------------------------------- */

static int read_set(nd_tag_set *out, const char *dir, nd_diag *diag)
{
    char *path = nd_path_join(dir, "tags.json");
    if (!path) return nd_diag_set(diag, ND_ENOMEM, "reading tags.json: out of memory");
    int rc = nd_tag_set_read(out, path, diag);
    free(path);
    if (rc == ND_EIO)
        return nd_diag_set(diag, ND_ENOTFOUND,
                           "reading %s/tags.json: a tag set expected (needledrop tags makes one)",
                           dir);
    return rc;
}

/* Whether the words of a .vec file are the tags, one for one. */
static int check_same(const nd_tags *t, const char *path, nd_diag *diag)
{
    for (size_t i = 0; i < t->set.keys.n; i++)
        if (i >= t->vectors.keys.n || strcmp(t->vectors.keys.texts[i], t->set.keys.texts[i]))
            return nd_diag_set(diag, ND_EFORMAT,
                               "reading %s: vector %zu to be of \"%s\" expected, as tags.json has "
                               "it (needledrop tags makes both)",
                               path, i, t->set.names.texts[i]);
    return 0;
}

static int open_all(nd_tags *t, const char *dir, const char *vectors, nd_diag *diag)
{
    int rc = read_set(&t->set, dir, diag);
    if (rc) return rc;
    char *own = vectors ? NULL : nd_path_join(dir, "tags.vec");
    if (!vectors && !own) return nd_diag_set(diag, ND_ENOMEM, "reading tags.vec: out of memory");
    rc = read_vectors(&t->vectors, own ? own : vectors, NULL, diag);
    if (!rc && own) rc = check_same(t, own, diag);
    free(own);
    return rc ? rc : embed_tags(t, NULL, diag);
}

int nd_tags_open(nd_tags **out, const char *dir, const char *vectors, nd_diag *diag)
{
    nd_tags *t = nd_calloc(1, sizeof *t);
    if (!t) return nd_diag_set(diag, ND_ENOMEM, "reading a tag set: out of memory");
    int rc = open_all(t, dir, vectors, diag);
    if (rc) nd_tags_close(&t);
    else *out = t;
    return rc;
}

void nd_tags_close(nd_tags **tags)
{
    if (!tags || !*tags) return;
    nd_tag_set_deinit(&(*tags)->set);
    nd_tag_vectors_deinit(&(*tags)->vectors);
    free((*tags)->rows);
    free(*tags);
    *tags = NULL;
}

/* ---- asking ---------------------------------------------------------------- */

int nd_tags_count(const nd_tags *t)
{
    return (int)t->set.names.n;
}

const nd_tag *nd_tags_at(const nd_tags *t, int i)
{
    return i >= 0 && i < nd_tags_count(t) ? &t->set.tags[i] : NULL;
}

int nd_tags_dropped_count(const nd_tags *t)
{
    return t->set.n_dropped;
}

const nd_dropped_tag *nd_tags_dropped_at(const nd_tags *t, int i)
{
    return i >= 0 && i < t->set.n_dropped ? &t->set.dropped[i] : NULL;
}

int nd_tags_of_file(const nd_tags *t, const char *name, const int32_t **tags_out)
{
    const nd_tag_lists *l = &t->set.labels;
    int file = nd_tag_map_find(&t->set.files, name, strlen(name));
    if (file < 0) return ND_ENOTFOUND;
    if (tags_out) *tags_out = l->values + l->first[file];
    return (int)(l->first[file + 1] - l->first[file]);
}

int nd_tags_file_count(const nd_tags *t, int *n_without_out)
{
    const nd_tag_lists *l = &t->set.labels;
    int n_without = 0;
    for (int i = 0; i < l->n; i++) n_without += l->first[i + 1] == l->first[i];
    if (n_without_out) *n_without_out = n_without;
    return l->n;
}

int nd_tags_bad_lines(const nd_tags *t)
{
    return t->n_bad_lines;
}

const nd_tag_vectors *nd__tags_vectors(const nd_tags *tags)
{
    return &tags->vectors;
}

const float *nd_tags_vectors(const nd_tags *t, int *dim_out)
{
    if (dim_out) *dim_out = t->vectors.dim;
    return t->rows;
}

static int nearest_first(const void *a, const void *b)
{
    const nd_near_tag *x = a, *y = b;
    if (x->cosine > y->cosine || x->cosine < y->cosine) return x->cosine < y->cosine ? 1 : -1;
    return x->index - y->index;
}

/* The tag that a text names; -1: none. */
static int find_own(const nd_tags *t, const char *text)
{
    nd_tag_form form;
    if (nd_tag_form_read(&form, text, strlen(text))) return -1;
    return nd_tag_map_find(&t->set.keys, form.key, strlen(form.key));
}

/* The cosine of every tag, nearest first, into all [tags]. Another tag with the same vector as the
 * one that was asked for comes after it. */
static void rank_tags(nd_near_tag *all, const nd_tags *t, const float *query, int own)
{
    int n = nd_tags_count(t), dim = t->vectors.dim;
    for (int i = 0; i < n; i++) {
        double dot = 0;
        for (int d = 0; d < dim; d++)
            dot += (double)query[d] * (double)t->rows[(int64_t)i * dim + d];
        all[i] = (nd_near_tag){i, (float)ND_CLAMP(dot, -1.0, i == own ? 1.0 : 1.0 - 1e-6)};
        if (i == own && dot > 0) all[i].cosine = 1;
    }
    qsort(all, (size_t)n, sizeof *all, nearest_first);
}

int nd_tags_nearest(nd_near_tag *out, int *n_out, int k, const nd_tags *t, const char *text,
                    nd_diag *diag)
{
    if (k < 1) return nd_diag_set(diag, ND_EARG, "looking for near tags: k of 1 or more expected");
    float *query = nd_calloc((size_t)t->vectors.dim, sizeof *query);
    nd_near_tag *all = nd_calloc(t->set.names.n, sizeof *all);
    int rc = query && all ? nd_tag_vectors_text(query, NULL, &t->vectors, text) : ND_ENOMEM;
    if (rc) {
        nd_diag_set(diag, rc, "looking for tags near \"%.60s\": %s", text,
                    rc == ND_EFORMAT ? "a short text with a letter in it, UTF-8, expected"
                                     : "out of memory");
    } else {
        rank_tags(all, t, query, find_own(t, text));
        *n_out = ND_MIN(k, nd_tags_count(t));
        memcpy(out, all, (size_t)*n_out * sizeof *out);
    }
    free(all);
    free(query);
    return rc;
}

int nd_tags_knows(const nd_tags *t, const char *text)
{
    bool is_known = false;
    float *out = nd_calloc((size_t)t->vectors.dim, sizeof *out);
    if (out && nd_tag_vectors_text(out, &is_known, &t->vectors, text)) is_known = false;
    free(out);
    return is_known;
}

/* ---- JSON ---------------------------------------------------------------- */

int nd_tags_json(char **json_out, const nd_tags *t)
{
    json_t *tags = json_array(), *dropped = json_array();
    int failed = !tags || !dropped, n_without, n_files = nd_tags_file_count(t, &n_without);
    for (int i = 0; i < nd_tags_count(t) && !failed; i++)
        failed = json_array_append_new(tags, nd_tag_json(&t->set.tags[i]));
    for (int i = 0; i < t->set.n_dropped && !failed; i++)
        failed = json_array_append_new(dropped, nd_dropped_tag_json(&t->set.dropped[i]));
    json_t *root = json_pack("{s:o, s:o, s:i, s:i, s:i, s:i}", "tags", tags, "dropped", dropped,
                             "files", n_files, "files_without_a_tag", n_without, "bad_lines",
                             t->n_bad_lines, "dim", t->vectors.dim);
    if (failed) {
        json_decref(root);
        root = NULL;
    }
    return nd_json_print_take(json_out, root);
}

static json_t *near_json(const nd_tags *t, const nd_near_tag *near, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n && list; i++) {
        json_t *item = json_pack("{s:s, s:o}", "name", t->set.tags[near[i].index].name, "cosine",
                                 nd_json_number((double)near[i].cosine, 4));
        if (json_array_append_new(list, item)) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

int nd_tags_nearest_json(char **json_out, const nd_tags *t, const char *text, int k, nd_diag *diag)
{
    int n = 0;
    nd_near_tag *near = nd_calloc((size_t)ND_MAX(ND_MIN(k, nd_tags_count(t)), 1), sizeof *near);
    int rc = near ? nd_tags_nearest(near, &n, k, t, text, diag) : ND_ENOMEM;
    if (!rc)
        rc = nd_json_print_take(json_out, json_pack("{s:s, s:b, s:o}", "text", text, "known",
                                                    nd_tags_knows(t, text), "nearest",
                                                    near_json(t, near, n)));
    free(near);
    return rc;
}
