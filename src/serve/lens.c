/* The model of a ranking: which one, whether the libraries were embedded by it, and what it makes
 * of the query. */
#include <string.h>

#include "serve/search.h"

/* ---- which model -------------------------------------------------------------------- */

/* Whether a model is named, or a ranking that needs one. */
static bool is_wanted(const nd_rank_params *p)
{
    return (p->model && p->model[0]) || (p->ranker && strcmp(p->ranker, "rhythm") != 0);
}

static bool is_refused(const nd_rank_params *p)
{
    return (p->model && !p->model[0]) || (p->ranker && !strcmp(p->ranker, "rhythm"));
}

/* @return 0; ND_ENOTFOUND: library i has none (told); as nd_library_model */
static int library_model(nd_stored_model *out, const nd__search *s, int i, const char *path,
                         nd_diag *diag)
{
    int rc = nd_library_model(out, s->libraries[i], diag);
    if (rc != ND_ENOTFOUND) return rc;
    return nd_diag_set(diag, rc,
                       "ranking: library %d is embedded with no model: needledrop index LIBRARY "
                       "--model %s",
                       i + 1, path);
}

static int check_library(const nd__search *s, int i, const char *path, nd_diag *diag)
{
    nd_stored_model stored;
    int rc = library_model(&stored, s, i, path, diag);
    if (rc || stored.fingerprint == s->lens.stored.fingerprint) return rc;
    return nd_diag_set(
        diag, ND_ENOTFOUND,
        "ranking: a library embedded with the model %s expected, library %d is embedded with %s: "
        "needledrop index LIBRARY --model %s",
        s->lens.stored.name, i + 1,
        strcmp(stored.name, s->lens.stored.name) ? stored.name : "another of that name", path);
}

static int open_model(nd__search *s, const char *path, nd_diag *diag)
{
    nd__lens *l = &s->lens;
    int rc = nd_model_open(&l->model, path, diag);
    if (!rc) rc = nd_model_matcher(&l->matcher, l->model, diag);
    if (!rc) rc = nd_model_stored(&l->stored, l->model, diag);
    for (int i = 0; i < s->n_libraries && !rc; i++) rc = check_library(s, i, path, diag);
    if (rc) return rc;
    nd_matcher_size size = nd_matcher_size_of(l->matcher);
    l->has_order = nd_matcher_ops_of(l->matcher)->rows(nd_matcher_state(l->matcher), 8) == 8;
    rc = size.U && size.E ? nd_model_words(&l->words, l->model, diag) : 0;
    if (!rc && l->words && nd_words_dim(l->words) != size.E) l->words = NULL;
    return rc == ND_ENOTFOUND ? 0 : rc;
}

/* Whether no library says that a model embedded it. */
static bool any_without(const nd__search *s)
{
    nd_stored_model stored;
    for (int i = 0; i < s->n_libraries; i++)
        if (nd_library_model(&stored, s->libraries[i], NULL) == ND_ENOTFOUND) return true;
    return false;
}

int nd__lens_open(nd__search *s, nd_diag *diag)
{
    const nd_rank_params *p = s->params;
    if (is_refused(p)) return 0;
    char *path = p->model ? strdup(p->model) : nd_model_default_path();
    bool is_free = !is_wanted(p), is_bare = any_without(s);
    int rc = 0;
    if (is_free && is_bare)
        s->why_not = "a library is embedded with no model (needledrop index LIBRARY --model "
                     "FILE)";
    else if (is_free && !path) s->why_not = "there is no model here (--model FILE)";
    else if (!path)
        rc = nd_diag_set(diag, ND_ENOTFOUND, "ranking: there is no model here: --model FILE");
    else rc = open_model(s, path, diag);
    free(path);
    return rc;
}

void nd__lens_forget(nd__lens *lens)
{
    nd_rows_deinit(&lens->rows);
    nd_described_deinit(&lens->item);
}

void nd__lens_close(nd__lens *lens)
{
    nd__lens_forget(lens);
    free(lens->tags);
    nd_model_close(&lens->model);
    *lens = (nd__lens){0};
}

/* ---- the query ---------------------------------------------------------------------- */

/* Clips of a file just described; a library's track has them. */
static int embed_clips(nd__search *s, nd_diag *diag)
{
    nd_network *network = NULL;
    bool is_video = s->query->medium == ND_VIDEO;
    uint64_t extractor = s->lens.stored.extractor;
    const char *part = is_video ? "video" : "music";
    int rc = nd_model_network(&network, s->lens.model, part, diag);
    if (rc || !nd_description_find(s->query, nd_network_feature(network))) return rc;
    if (is_video) rc = nd_model_fingerprint(&extractor, s->lens.model, part, diag);
    return rc ? rc : nd_clips_embed(s->query, network, extractor, s->n_threads, NULL, diag);
}

/* Whether the clips are of the extractor that the model reads; of a video they are new. */
static bool has_clips(const nd__search *s)
{
    return s->query->medium == ND_VIDEO || nd_clips_extractor(s->query) == s->lens.stored.extractor;
}

/* The tags' texts beside wholes. */
static int look_at_tags(nd__lens *l, nd_diag *diag)
{
    int n = l->words && !l->n_tags ? nd_words_tag_count(l->words) : 0;
    size_t E = n ? (size_t)nd_words_dim(l->words) : 0;
    if (!n) return 0;
    float *texts = nd_calloc((size_t)n, E * sizeof *texts);
    l->tags = nd_calloc((size_t)n, (size_t)l->stored.U * sizeof *l->tags);
    int rc = texts && l->tags ? 0 : nd_diag_set(diag, ND_ENOMEM, "reading tags: out of memory");
    for (int i = 0; i < n && !rc; i++)
        memcpy(texts + (size_t)i * E, nd_words_tag_vector(l->words, i), E * sizeof *texts);
    if (!rc) rc = nd_matcher_text(l->tags, l->matcher, texts, n, diag);
    if (!rc) l->n_tags = n;
    free(texts);
    return rc;
}

/* Rows of the query. */
static int look_at_query(nd__search *s, nd_diag *diag)
{
    nd__lens *l = &s->lens;
    nd_matcher_size size = nd_matcher_size_of(l->matcher);
    int64_t D = s->query->medium == ND_VIDEO ? size.D_video : size.D_music;
    bool published = nd_model_reads_published(l->model, l->matcher);
    int rc = embed_clips(s, diag);
    if (rc) return rc;
    if (!has_clips(s))
        return nd_diag_set(diag, ND_ENOTFOUND,
                           "ranking for %s: a track embedded with the model %s expected: "
                           "needledrop index LIBRARY",
                           s->asked, l->stored.name);
    rc = nd_described_make(&l->item, s->query, D, published, diag);
    if (rc == ND_ESHORT)
        nd_diag_set(diag, rc, "ranking for %s: it has nothing that the model %s can read", s->asked,
                    l->stored.name);
    if (!rc)
        rc = nd_matcher_embed(&l->rows, l->matcher, &l->item.item, 1, s->n_threads, NULL, diag);
    return rc;
}

int nd__lens_look(nd__search *s, nd_diag *diag)
{
    if (!s->lens.model) return 0;
    int rc = s->query ? look_at_query(s, diag) : 0;
    return rc ? rc : look_at_tags(&s->lens, diag);
}

/* ---- tags --------------------------------------------------------------------------- */

int nd__lens_tags(int out[ND_MAX_SHOWN_TAGS], const nd__lens *lens, const float *whole)
{
    float best[ND_MAX_SHOWN_TAGS];
    int n = 0;
    int64_t U = lens->stored.U;
    for (int i = 0; i < lens->n_tags; i++) {
        float cosine = 0;
        for (int64_t k = 0; k < U; k++) cosine += lens->tags[i * U + k] * whole[k];
        int at = n;
        for (; at > 0 && cosine > best[at - 1]; at--)
            if (at < ND_MAX_SHOWN_TAGS) {
                best[at] = best[at - 1];
                out[at] = out[at - 1];
            }
        if (at == ND_MAX_SHOWN_TAGS) continue;
        best[at] = cosine;
        out[at] = i;
        n = ND_MIN(n + 1, ND_MAX_SHOWN_TAGS);
    }
    while (n > 0 && !(best[n - 1] > 0 && best[n - 1] >= 0.8f * best[0])) n--;
    return n;
}
