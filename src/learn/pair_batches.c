/* Pairs, and batches of them balanced by tag (balance.h); natural is one tag that all have.
 * Stretches and the pair of another tag are by chance, a function of the seed and the place. */
#include <math.h>
#include <string.h>

#include "learn/balance.h"
#include "learn/pair_batches.h"

/* ---- pairs ------------------------------------------------------------------------ */

static int32_t top_tag(const nd_tags *tags, const nd_pair *pair)
{
    const int32_t *list;
    if (!tags) return -1;
    if (nd_tags_of_file(tags, pair->video, &list) > 0) return list[0];
    return nd_tags_of_file(tags, pair->music, &list) > 0 ? list[0] : -1;
}

int nd_train_pairs_make(nd_train_pairs *out, const nd_corpus *corpus, const nd_items *items,
                        const nd_tags *tags, nd_split split, nd_diag *diag)
{
    int n = nd_corpus_count(corpus);
    nd_train_pairs p = {.n_tags = tags ? nd_tags_count(tags) : 0};
    p.pairs = nd_calloc((size_t)n, sizeof *p.pairs);
    if (!p.pairs) return nd_diag_set(diag, ND_ENOMEM, "listing pairs: out of memory");
    for (int i = 0; i < n; i++) {
        const nd_pair *pair = nd_corpus_pair(corpus, i);
        nd_train_pair t = {.tag = top_tag(tags, pair), .start_s = pair->start_s};
        if (pair->split != split) continue;
        nd_corpus_pair_files(corpus, i, &t.video, &t.music);
        t.track = nd_items_same(items, t.music);
        if (nd_items_at(items, t.video) && nd_items_at(items, t.music)) p.pairs[p.n++] = t;
        else p.n_left_out++;
        p.has_others |= p.n && p.pairs[p.n - 1].track != p.pairs[0].track;
    }
    if (p.n == 0) {
        nd_train_pairs_deinit(&p);
        return nd_diag_set(diag, ND_EEMPTY,
                           "listing pairs: one of %s with features of both files expected in %s",
                           nd_split_name(split), nd_corpus_dir(corpus));
    }
    *out = p;
    return 0;
}

void nd_train_pairs_shuffle(nd_train_pairs *p, uint64_t seed)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, 0);
    for (int i = p->n - 1; i > 0; i--) {
        nd_train_pair *a = &p->pairs[i], *b = &p->pairs[nd_rng_int(&rng, 0, i)], swapped = *a;
        a->music = b->music, a->track = b->track, a->start_s = b->start_s;
        b->music = swapped.music, b->track = swapped.track, b->start_s = swapped.start_s;
    }
}

void nd_train_pairs_deinit(nd_train_pairs *pairs)
{
    free(pairs->pairs);
    *pairs = (nd_train_pairs){0};
}

/* ---- batches ---------------------------------------------------------------------- */

struct nd_pair_batches {
    const nd_train_pairs *all;
    const nd_items *items;
    nd_pair_batches_params p;
    nd_balance balance; /* of pairs */
    nd_item *stretches; /* [4, B]: videos, tracks, other videos, other tracks */
    int32_t *ids;       /* [2, B]: tracks, tags */
    float *texts;       /* [2, B, E]: the pairs', the others' */
};

static int balance_pairs(nd_pair_batches *b)
{
    int n = b->all->n;
    int32_t *classes = nd_calloc((size_t)n, sizeof *classes);
    if (!classes) return ND_ENOMEM;
    for (int i = 0; i < n; i++) classes[i] = b->p.natural ? 0 : b->all->pairs[i].tag + 1;
    int rc = nd_balance_make(&b->balance, classes, n, b->all->n_tags + 1, b->p.seed);
    free(classes);
    return rc;
}

int nd_pair_batches_create(nd_pair_batches **out, const nd_train_pairs *pairs,
                           const nd_items *items, const nd_pair_batches_params *params)
{
    ND_ASSERT(pairs->has_others);
    nd_pair_batches *b = nd_calloc(1, sizeof *b);
    if (!b) return ND_ENOMEM;
    *b = (nd_pair_batches){.all = pairs, .items = items, .p = *params};
    size_t B = (size_t)params->B, E = (size_t)params->E;
    b->stretches = nd_calloc(4 * B, sizeof *b->stretches);
    b->ids = nd_calloc(2 * B, sizeof *b->ids);
    b->texts = nd_calloc(2 * B, (E + 1) * sizeof *b->texts);
    if (!b->stretches || !b->ids || !b->texts || balance_pairs(b)) {
        nd_pair_batches_destroy(&b);
        return ND_ENOMEM;
    }
    *out = b;
    return 0;
}

void nd_pair_batches_destroy(nd_pair_batches **batches)
{
    nd_pair_batches *b = batches ? *batches : NULL;
    if (!b) return;
    nd_balance_deinit(&b->balance);
    free(b->stretches);
    free(b->ids);
    free(b->texts);
    free(b);
    *batches = NULL;
}

static bool is_other(const nd_train_pair *a, const nd_train_pair *b, bool any_tag)
{
    return a->track != b->track && (any_tag || a->tag < 0 || a->tag != b->tag);
}

/* A pair of another track, and of another tag where there is one: from a place by chance on. */
static const nd_train_pair *other_of(const nd_pair_batches *b, const nd_train_pair *pair,
                                     nd_rng *rng)
{
    int n = b->all->n, from = 0;
    for (int tries = 0; tries < 32; tries++) {
        from = nd_rng_int(rng, 0, n - 1);
        if (is_other(pair, &b->all->pairs[from], false)) return &b->all->pairs[from];
    }
    for (int i = 0; i < 2 * n; i++) {
        const nd_train_pair *p = &b->all->pairs[(from + i) % n];
        if (is_other(pair, p, i >= n)) return p;
    }
    ND_ASSERT(!"two tracks");
    return NULL;
}

static nd_item stretch(const nd_pair_batches *b, int file, int first, int n)
{
    nd_item s = *nd_items_at(b->items, file);
    s.C = n;
    s.clips += (ptrdiff_t)first * nd_items_width(b->items, s.medium);
    if (s.pulse) s.pulse += 3 * (ptrdiff_t)first;
    if (s.classes) s.classes += 3 * (ptrdiff_t)first;
    return s;
}

/* Stretches of a pair, the track's around what the video is set to as far as it goes. */
static void cut(const nd_pair_batches *b, const nd_train_pair *p, nd_item *video, nd_item *track,
                nd_rng *rng)
{
    int C_video = nd_items_at(b->items, p->video)->C, C_track = nd_items_at(b->items, p->music)->C;
    int n_video = ND_MIN(C_video, b->p.max_clips), n_track = ND_MIN(C_track, b->p.max_clips);
    int at = nd_rng_int(rng, 0, C_video - n_video);
    *video = stretch(b, p->video, at, n_video);
    int last = C_track - n_track; /* where a stretch can start at most */
    int start = at + (int)fmin(round(p->start_s / ND_CLIP_S), C_track);
    int lo = ND_CLAMP(start + n_video - n_track, 0, last), hi = ND_CLAMP(start, lo, last);
    *track = stretch(b, p->music, nd_rng_int(rng, lo, hi), n_track);
}

static void set_text(const nd_pair_batches *b, float *to, const nd_train_pair *p)
{
    size_t E = (size_t)b->p.E;
    if (p->tag >= 0 && b->p.vectors) memcpy(to, b->p.vectors + (size_t)p->tag * E, E * sizeof *to);
    else memset(to, 0, E * sizeof *to);
}

void nd_pair_batches_get(nd_pair_batches *b, nd_pairs *out, int64_t step)
{
    int B = b->p.B, E = b->p.E;
    nd_item *videos = b->stretches, *tracks = videos + B;
    nd_item *other_videos = videos + 2 * B, *other_tracks = videos + 3 * B;
    float *other_texts = b->texts + (size_t)B * (size_t)E;
    for (int i = 0; i < B; i++) {
        int64_t place = step * B + i;
        nd_rng rng = nd_balance_rng(&b->balance, ND_STREAM_FREE, place);
        const nd_train_pair *pair = &b->all->pairs[nd_balance_at(&b->balance, place)];
        const nd_train_pair *other = other_of(b, pair, &rng);
        cut(b, pair, &videos[i], &tracks[i], &rng);
        cut(b, other, &other_videos[i], &other_tracks[i], &rng);
        set_text(b, b->texts + i * E, pair);
        set_text(b, other_texts + i * E, other);
        b->ids[i] = pair->track;
        b->ids[B + i] = pair->tag;
    }
    *out = (nd_pairs){.n = B,
                      .videos = videos,
                      .tracks = tracks,
                      .other_videos = other_videos,
                      .other_tracks = other_tracks,
                      .track_ids = b->ids,
                      .texts = b->texts,
                      .other_texts = other_texts,
                      .tags = b->ids + B,
                      .key = b->p.seed * 4 ^ (uint64_t)step * 0x9E3779B97F4A7C15u};
}
