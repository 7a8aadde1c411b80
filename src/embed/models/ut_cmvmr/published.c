/* UT-CMVMR as published (Mao et al., ICASSP 2024): clips in their order, with what was measured of
 * rhythm and motion, through a temporal Transformer to one vector; a Transformer over the two of a
 * pair; projections into one space, theta, and from it into the space of tags, phi. What we do
 * otherwise than the released code stands in docs/models.md. */
#include <string.h>

#include "embed/models/ut_cmvmr/published.h"

/* Of which the mean is taken: over an hour. */
enum { MAX_CLIPS = 1024 };

static const struct nd_matcher_loss losses[] = {{"av", 1}, {"vtag", 1}, {"atag", 1}, {"regular", 1},
                                                {"ce", 1}, {"pair", 1}, {0}};

static nd_matcher_size size_of(const void *state)
{
    const ut_published *s = state;
    return (nd_matcher_size){.D_music = s->D[UT_MUSIC],
                             .D_video = s->D[UT_VIDEO],
                             .W = s->H + s->X,
                             .U = s->E ? s->H : 0,
                             .E = s->E,
                             .max_clips = MAX_CLIPS,
                             .learn_clips = s->is_mean ? MAX_CLIPS : s->window,
                             .has_pair = true};
}

static int rows_of(const void *state, int C)
{
    return nd__ut_rows(state, C);
}

/* ---- items ------------------------------------------------------------------------ */

static int side_of(nd_medium medium)
{
    return medium == ND_MUSIC ? UT_MUSIC : UT_VIDEO;
}

/* Which of the rows, one after another, stands at each place of [n, R]: an item's last where it has
 * fewer; and whether the place is its own. */
static nd_tensor *place_rows(const ut_run *r, nd_tensor *x, const nd_item *items, int n, int64_t R,
                             float *mask)
{
    int32_t *ids = nd_tape_bytes(r->t, (size_t)(n * R) * sizeof *ids), first = 0;
    if (!ids || !x) return NULL;
    for (int i = 0; i < n; i++) {
        int32_t own = nd__ut_rows(r->s, items[i].C);
        for (int32_t k = 0; k < R; k++) {
            ids[i * R + k] = first + ND_MIN(k, own - 1);
            mask[i * R + k] = k < own;
        }
        first += own;
    }
    return nd_reshape(r->t, nd_embedding_rows(r->t, x, ids, n * R), 3,
                      (const int64_t[]){n, R, nd_tensor_width(x)});
}

/* Each item alone: nobody is there to attend to. */
static int embed(const void *state, nd_tape *t, nd_params *params, int shard, const nd_item *items,
                 int n, nd_joint *out)
{
    const ut_run r = {state, t, params, shard};
    ut_clips clips = {0};
    int side = side_of(items[0].medium);
    int64_t R = 1;
    for (int i = 0; i < n; i++) R = ND_MAX(R, nd__ut_rows(r.s, items[i].C));
    float *mask = nd_tape_floats(t, n * R);
    if (!mask || nd__ut_read(&r, side, items, n, NULL, &clips)) return -1;
    nd_tensor *raw = nd__ut_mlp(&r, &r.s->projection[side], nd__ut_xi(&r, side, &clips));
    nd_tensor *phi = nd_l2_normalize(t, nd__ut_mlp(&r, &r.s->decoder, raw));
    nd_tensor *theta = nd_l2_normalize(t, raw);
    nd_tensor *placed = place_rows(&r, theta, items, n, R, mask);
    *out = (nd_joint){.rows = place_rows(&r, nd__ut_score_rows(&r, theta, phi), items, n, R, mask),
                      .whole = nd_l2_normalize(t, nd_mean_pool(t, placed, mask))};
    return out->rows && out->whole ? 0 : -1;
}

/* ---- pairs, texts -------------------------------------------------------------------- */

static nd_tensor *pair(const void *state, nd_tape *t, nd_params *params, int shard,
                       const nd_item *videos, const nd_item *tracks, const int32_t *offsets, int n)
{
    const ut_run r = {state, t, params, shard};
    const nd_item *items[] = {tracks, videos};
    int32_t *starts = nd_tape_bytes(t, (size_t)n * sizeof *starts);
    nd_tensor *xi[UT_SIDES];
    ut_places at;
    if (!starts) return NULL;
    memset(starts, 0, (size_t)n * sizeof *starts);
    for (int side = 0; side < UT_SIDES; side++) {
        ut_clips clips = {0};
        if (nd__ut_read(&r, side, items[side], n, side == UT_MUSIC ? offsets : starts, &clips))
            return NULL;
        xi[side] = nd__ut_xi(&r, side, &clips);
    }
    nd__ut_pair(&r, xi, &at);
    return nd__ut_logit(&r, &at, nd__ut_match(&r, at.phi));
}

static nd_tensor *text(const void *state, nd_tape *t, nd_params *params, int shard,
                       const float *texts, int n)
{
    const ut_run r = {state, t, params, shard};
    nd_tensor *x = nd_l2_normalize(t, nd__ut_constant(&r, texts, n, r.s->E));
    return nd_l2_normalize(t, nd__ut_mlp(&r, &r.s->text, x));
}

const nd_matcher_ops nd__ut_published = {
    .name = "ut_cmvmr",
    .summary = "UT-CMVMR, module by module as published",
    .paper =
        "Mao, Liu, Zhang, Li, Shan 2024, Unified Pretraining Target Based Video-Music Retrieval "
        "With Music Rhythm And Video Optical Flow Information",
    .state_bytes = sizeof(ut_published),
    .losses = losses,
    .declare = nd__ut_declare,
    .size = size_of,
    .rows = rows_of,
    .embed = embed,
    .pair = pair,
    .text = text,
    .learn = nd__ut_learn,
    .release = nd__ut_release,
    .preset = nd__ut_preset,
};
