/* Is a track told from one clip, beyond what the clip is about? Among the clips of one class (a
 * concept has one palette of instruments, or one kind of scene) the nearest other clip by cosine:
 * is it of the same file? Nothing is fitted. Clips without both kinds are not asked. */
#include <math.h>

#include "learn/eval.h"

typedef struct search {
    const nd__clips *clips;
    double *right, *chance; /* [n] of each clip; NaN where it is not asked */
} search;

/* Copies of a file are no strangers, and too easy a find: they are passed over. */
static bool is_other(const nd__clips *c, size_t i, size_t j)
{
    if (i == j || c->classes[i] != c->classes[j]) return false;
    return c->files[i] == c->files[j] || c->contents[i] != c->contents[j];
}

static double cosine(const nd__clips *c, size_t i, size_t j)
{
    const float *a = c->x + (int64_t)i * c->D, *b = c->x + (int64_t)j * c->D;
    double dot = 0, aa = 0, bb = 0;
    for (int64_t d = 0; d < c->D; d++) {
        dot += (double)a[d] * (double)b[d];
        aa += (double)a[d] * (double)a[d];
        bb += (double)b[d] * (double)b[d];
    }
    return aa > 0 && bb > 0 ? dot / sqrt(aa * bb) : 0;
}

/* Equals share the place of the nearest. */
static int ask_clip(void *user, int64_t index)
{
    const search *s = user;
    const nd__clips *c = s->clips;
    size_t i = (size_t)index, n_others = 0, n_own = 0, n_nearest = 0, n_right = 0;
    double best = -INFINITY;
    for (size_t j = 0; j < c->n; j++) {
        if (!is_other(c, i, j)) continue;
        bool is_own = c->files[i] == c->files[j];
        double near = cosine(c, i, j);
        n_others++, n_own += is_own;
        if (near > best) best = near, n_nearest = n_right = 0;
        if (near == best) n_nearest++, n_right += is_own;
    }
    bool is_asked = n_own && n_own < n_others;
    s->right[i] = is_asked ? (double)n_right / (double)n_nearest : NAN;
    s->chance[i] = is_asked ? (double)n_own / (double)n_others : NAN;
    return 0;
}

static void sum_up(nd_eval_probe *out, const search *s)
{
    const nd__clips *c = s->clips;
    int last = -1; /* file that was asked; clips of one stand together */
    for (size_t i = 0; i < c->n; i++) {
        if (isnan(s->right[i])) continue;
        out->n++;
        out->accuracy += s->right[i];
        out->chance += s->chance[i];
        out->n_classes += c->files[i] != last;
        last = c->files[i];
    }
    if (!out->n) return;
    out->accuracy /= out->n;
    out->chance /= out->n;
}

int nd__eval_identity(nd_eval_probe *out, const nd__clips *clips, int n_threads)
{
    search s = {clips, nd_calloc(clips->n, sizeof *s.right), nd_calloc(clips->n, sizeof *s.chance)};
    int rc = s.right && s.chance ? 0 : ND_ENOMEM;
    if (!rc)
        rc = nd_parallel((int64_t)clips->n, n_threads ? n_threads : nd_core_count(), ask_clip, &s);
    if (!rc) sum_up(out, &s);
    free(s.right);
    free(s.chance);
    return rc;
}
