/* Items with something taken from them: what a model still finds then did not come from it. */
#include <string.h>

#include "learn/eval.h"

typedef struct maker {
    nd__eval_view view;
    const nd_item *from; /* [n] as they are */
    int n;
    int *order; /* [clips of the longest] */
    uint64_t seed;
    int64_t D, first; /* clips before the item */
} maker;

static void copy_clip(maker *m, int k, const nd_item *features, int feature_clip,
                      const nd_item *rhythm, int rhythm_clip)
{
    int64_t at = m->first + k;
    memcpy(m->view.clips + at * m->D, features->clips + feature_clip * m->D,
           (size_t)m->D * sizeof(float));
    if (rhythm->pulse)
        memcpy(m->view.pulse + at * 3, rhythm->pulse + (ptrdiff_t)rhythm_clip * 3,
               3 * sizeof(float));
    if (rhythm->classes)
        memcpy(m->view.classes + at * 3, rhythm->classes + (ptrdiff_t)rhythm_clip * 3,
               3 * sizeof(int32_t));
}

/* Fisher and Yates, inside out. */
static void shuffle_clips(maker *m, const nd_item *it, nd_rng *rng)
{
    for (int k = 0; k < it->C; k++) {
        int other = nd_rng_int(rng, 0, k);
        m->order[k] = m->order[other];
        m->order[other] = k;
    }
    for (int k = 0; k < it->C; k++) copy_clip(m, k, it, m->order[k], it, m->order[k]);
}

/* Each clip gets the rhythm of any clip of any item. */
static void strange_rhythm(maker *m, const nd_item *it, nd_rng *rng)
{
    for (int k = 0; k < it->C; k++) {
        const nd_item *other = &m->from[nd_rng_int(rng, 0, m->n - 1)];
        copy_clip(m, k, it, k, other, nd_rng_int(rng, 0, other->C - 1));
    }
}

static void change_item(maker *m, int i, nd_eval_control control)
{
    const nd_item *it = &m->from[i];
    nd_item *out = &m->view.items[i];
    nd_rng rng;
    nd_rng_init(&rng, m->seed, (uint64_t)i);
    if (control == ND_CONTROL_CLIPS) shuffle_clips(m, it, &rng);
    else strange_rhythm(m, it, &rng);
    out->clips = m->view.clips + m->first * m->D;
    if (it->pulse) out->pulse = m->view.pulse + m->first * 3;
    if (it->classes) out->classes = m->view.classes + m->first * 3;
    m->first += it->C;
}

static int change_all(maker *m, nd_eval_control control)
{
    size_t n_clips = 0, n_values;
    int longest = 0;
    for (int i = 0; i < m->n; i++) {
        n_clips += (size_t)m->from[i].C;
        longest = ND_MAX(longest, m->from[i].C);
    }
    if (!nd_size_mul(&n_values, n_clips, (size_t)m->D)) return ND_ENOMEM;
    m->view.clips = nd_calloc(n_values, sizeof(float));
    m->view.pulse = nd_calloc(3 * n_clips, sizeof(float));
    m->view.classes = nd_calloc(3 * n_clips, sizeof(int32_t));
    m->order = nd_calloc((size_t)longest, sizeof *m->order);
    if (!m->view.clips || !m->view.pulse || !m->view.classes || !m->order) return ND_ENOMEM;
    for (int i = 0; i < m->n; i++) change_item(m, i, control);
    return 0;
}

/* A view of one clip. */
static void keep_one(nd_item *it, int64_t D, int clip)
{
    it->C = 1;
    it->clips += clip * D;
    if (it->pulse) it->pulse += (ptrdiff_t)clip * 3;
    if (it->classes) it->classes += (ptrdiff_t)clip * 3;
}

int nd__eval_view_make(nd__eval_view *out, const nd_items *items, const int32_t *files, int n,
                       nd_eval_control control, uint64_t seed)
{
    maker m = {.n = n, .seed = seed};
    nd_item *from = nd_calloc((size_t)n, sizeof *from);
    m.view.items = nd_calloc((size_t)n, sizeof *m.view.items);
    m.from = from;
    int rc = from && m.view.items ? 0 : ND_ENOMEM;
    for (int i = 0; i < n && !rc; i++) from[i] = m.view.items[i] = *nd_items_at(items, files[i]);
    if (!rc && n) m.D = nd_items_width(items, from[0].medium);
    if (!rc && (control == ND_CONTROL_CLIPS || control == ND_CONTROL_RHYTHM))
        rc = change_all(&m, control);
    for (int i = 0; i < n && !rc && control >= ND_CONTROL_FIRST; i++)
        keep_one(&m.view.items[i], m.D, control == ND_CONTROL_FIRST ? 0 : from[i].C - 1);
    free(from);
    free(m.order);
    if (rc) nd__eval_view_deinit(&m.view);
    else *out = m.view;
    return rc;
}

void nd__eval_view_deinit(nd__eval_view *view)
{
    free(view->items);
    free(view->clips);
    free(view->pulse);
    free(view->classes);
    *view = (nd__eval_view){0};
}
