/* A query and a track under a matching model: each clip with each clip. */
#include <math.h>
#include <string.h>

#include "describe/describe.h"
#include "embed/model.h"

int nd__model_item(nd_described *out, nd_model *model, nd_matcher *m, nd_description *d,
                   int n_threads, nd_diag *diag)
{
    nd_matcher_size size = nd_matcher_size_of(m);
    int64_t D = d->medium == ND_MUSIC ? size.D_music : size.D_video;
    nd_network *network = NULL;
    int rc = nd_model_network(&network, model, d->medium == ND_MUSIC ? "music" : "video", diag);
    bool is_new = !rc && (nd_description_find(d, nd_network_feature(network)) ||
                          !nd_description_find(d, "clip"));
    if (is_new) rc = nd_clips_embed(d, network, 0, n_threads, NULL, diag);
    return rc ? rc : nd_described_make(out, d, D, nd_model_reads_published(model, m), diag);
}

static float dot(const float *x, const float *y, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)y[i];
    return (float)sum;
}

/* A row is a clip, in the order of time. */
static bool has_order(nd_matcher *m)
{
    return nd_matcher_ops_of(m)->rows(nd_matcher_state(m), 8) == 8;
}

/* @param rows  of the query, then of the track */
static int compare_clips(nd_match_facts *f, const nd_rows *rows)
{
    int64_t n = rows->first[1], r = rows->first[2] - n, W = rows->W;
    const float *query = rows->rows, *track = rows->rows + n * W;
    f->cosines = nd_calloc((size_t)n, (size_t)r * sizeof *f->cosines);
    if (!f->cosines) return ND_ENOMEM;
    for (int64_t i = 0; i < n * r; i++)
        f->cosines[i] = dot(query + i / r * W, track + i % r * W, W);
    f->n_query_clips = (int)n;
    f->n_track_clips = (int)r;
    return 0;
}

static void find_place(nd_match_facts *f, const nd_rows *rows)
{
    int64_t n = rows->first[1], r = rows->first[2] - n, W = rows->W, offset;
    f->score = (double)nd_rows_score(rows->rows, n, rows->rows + n * W, r, W, &offset);
    f->offset = (int)offset;
}

/* The closer look, where the model has one, and the query is what it looks at. */
static int look_closer(nd_match_facts *f, nd_matcher *m, const nd_item items[2], int n_threads,
                       nd_diag *diag)
{
    int32_t offset = f->offset;
    float pair = NAN;
    int rc = 0;
    if (items[0].medium == ND_VIDEO && nd_matcher_size_of(m).has_pair)
        rc = nd_matcher_pair(&pair, m, &items[0], &items[1], &offset, 1, n_threads, diag);
    f->pair = (double)pair;
    return rc;
}

static int compare(nd_match_facts *out, nd_matcher *m, const nd_item items[2], int n_threads,
                   nd_diag *diag)
{
    nd_match_facts f = {0};
    nd_rows rows = {0};
    int rc = nd_matcher_embed(&rows, m, items, 2, n_threads, NULL, diag);
    if (rc) return rc;
    find_place(&f, &rows);
    if (has_order(m) && compare_clips(&f, &rows))
        rc = nd_diag_set(diag, ND_ENOMEM, "comparing clips: out of memory");
    if (!rc) rc = look_closer(&f, m, items, n_threads, diag);
    nd_rows_deinit(&rows);
    if (rc) nd_match_facts_deinit(&f);
    else *out = f;
    return rc;
}

int nd_match_facts_make(nd_match_facts *out, nd_model *model, nd_description *query,
                        nd_description *track, int n_threads, nd_diag *diag)
{
    nd_matcher *m = NULL;
    nd_described x[2] = {0};
    if (track->medium != ND_MUSIC)
        return nd_diag_set(diag, ND_EARG, "comparing clips: music expected as the track");
    int rc = nd_model_matcher(&m, model, diag);
    if (!rc) rc = nd__model_item(&x[0], model, m, query, n_threads, diag);
    if (!rc) rc = nd__model_item(&x[1], model, m, track, n_threads, diag);
    if (!rc) rc = compare(out, m, (const nd_item[]){x[0].item, x[1].item}, n_threads, diag);
    nd_described_deinit(&x[0]);
    nd_described_deinit(&x[1]);
    return rc;
}

void nd_match_facts_deinit(nd_match_facts *facts)
{
    free(facts->cosines);
    *facts = (nd_match_facts){0};
}
