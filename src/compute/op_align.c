/* How rows of a video lie along rows of a track: the soft maximum over where they start (models.md
 * 5.3). Products of all rows come from one matrix product a block of videos; that of row k is then
 * moved k places to the left and added, which gives the sums of every offset of every track in n
 * passes. A track of fewer rows than the video is looped, and summed one by one. */
#include <math.h>
#include <string.h>

#include "compute/gemm.h"
#include "compute/ops.h"

enum { VIDEOS_AT_ONCE = 16 };

typedef struct {
    int64_t N, R, M, S, W;
    const int32_t *n, *s; /* rows of each video, of each track */
    float temperature;
    float *slopes; /* [N, M, S]: d score / d sum, by offset; recorded passes only */
} alignment;

static bool is_looped(const alignment *a, int64_t i, int64_t j)
{
    return a->s[j] < a->n[i];
}

static int64_t n_offsets(const alignment *a, int64_t i, int64_t j)
{
    return is_looped(a, i, j) ? a->s[j] : a->s[j] - a->n[i] + 1;
}

/* sums [M, S]: of products [R, M S] along each offset of each track; where an offset is not valid,
 * anything. */
static void sum_along(const nd_kernels *k, const alignment *a, float *sums, const float *products,
                      int64_t i)
{
    int64_t width = a->M * a->S;
    memcpy(sums, products, (size_t)width * sizeof *sums);
    for (int64_t r = 1; r < a->n[i]; r++)
        k->add(sums, products + r * width + r, ND_MAX(width - r, 0));
    for (int64_t j = 0; j < a->M; j++) {
        if (!is_looped(a, i, j)) continue;
        const float *own = products + j * a->S;
        for (int64_t o = 0; o < a->s[j]; o++) {
            sums[j * a->S + o] = 0;
            for (int64_t r = 0; r < a->n[i]; r++)
                sums[j * a->S + o] += own[r * width + (o + r) % a->s[j]];
        }
    }
}

/* The adjoint: products [R, M S] from slopes [M, S], 0 where an offset is not valid. */
static void spread_along(const alignment *a, float *products, const float *slopes, int64_t i)
{
    int64_t width = a->M * a->S;
    memset(products, 0, (size_t)(a->R * width) * sizeof *products);
    for (int64_t j = 0; j < a->M; j++) {
        int64_t n = n_offsets(a, i, j);
        for (int64_t r = 0; r < a->n[i]; r++)
            for (int64_t o = 0; o < n; o++)
                products[r * width + j * a->S + (o + r) % a->s[j]] += slopes[j * a->S + o];
    }
}

/* Score of offsets' sums [n], each a mean once divided by rows. slopes [n], zeros, or NULL.
 * With p = softmax(x / T): y = sum p x, dy / dx = p (1 + (x - y) / T). */
static float soft_maximum(float *slopes, int32_t *best, const float *sums, int64_t n, float rows,
                          float temperature)
{
    int64_t top = 0;
    for (int64_t o = 1; o < n; o++)
        if (sums[o] > sums[top]) top = o;
    if (best) *best = (int32_t)top;
    float largest = sums[top] / rows, total = 0, y = 0;
    if (temperature <= 0) {
        if (slopes) slopes[top] = 1 / rows;
        return largest;
    }
    for (int64_t o = 0; o < n; o++) {
        float p = expf((sums[o] / rows - largest) / temperature);
        total += p;
        y += p * sums[o] / rows;
        if (slopes) slopes[o] = p;
    }
    y /= total;
    for (int64_t o = 0; slopes && o < n; o++)
        slopes[o] *= (1 + (sums[o] / rows - y) / temperature) / (total * rows);
    return y;
}

static void scores_of(const nd_kernels *k, const alignment *a, float *out, int32_t *offsets,
                      float *sums, const float *products, int64_t i)
{
    sum_along(k, a, sums, products, i);
    for (int64_t j = 0; j < a->M; j++) {
        float *slopes = a->slopes ? a->slopes + (i * a->M + j) * a->S : NULL;
        if (slopes) memset(slopes, 0, (size_t)a->S * sizeof *slopes);
        out[i * a->M + j] = soft_maximum(slopes, offsets ? offsets + i * a->M + j : NULL,
                                         sums + j * a->S, n_offsets(a, i, j), (float)a->n[i],
                                         a->temperature);
    }
}

static void align_backward(nd_tape *t, nd_node *node)
{
    const alignment *a = node->saved;
    nd_tensor *v = node->in[0], *m = node->in[1];
    int64_t width = a->M * a->S, block = a->R * width;
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *products = nd_tape_floats(t, VIDEOS_AT_ONCE * block), *slopes = nd_tape_floats(t, width);
    float *dv = nd_tape_grad_zeroed(t, v), *dm = nd_tape_grad_zeroed(t, m);
    if (t->status) return;
    for (int64_t from = 0; from < a->N; from += VIDEOS_AT_ONCE) {
        int64_t n = ND_MIN(VIDEOS_AT_ONCE, a->N - from), rows = n * a->R;
        for (int64_t i = from; i < from + n; i++) {
            for (int64_t j = 0; j < width; j++)
                slopes[j] = a->slopes[i * width + j] * node->out->grad[i * a->M + j / a->S];
            spread_along(a, products + (i - from) * block, slopes, i);
        }
        int64_t at = from * a->R * a->W;
        if (dv)
            nd_gemm('N', 'N', rows, a->W, width, 1, products, width, m->data, a->W, 1, dv + at,
                    a->W);
        if (dm)
            nd_gemm('T', 'N', width, a->W, rows, 1, products, width, v->data + at, a->W, 1, dm,
                    a->W);
    }
    nd_arena_restore(&t->arena, mark);
}

/* Lengths, copied and checked; NULL: each item has all the rows. */
static const int32_t *lengths(nd_tape *t, const int32_t *given, int64_t n, int64_t longest)
{
    int32_t *out = nd_tape_bytes(t, (size_t)n * sizeof *out);
    for (int64_t i = 0; out && i < n; i++) {
        out[i] = given ? given[i] : (int32_t)longest;
        ND_ASSERT(out[i] >= 1 && out[i] <= longest);
    }
    return out;
}

nd_tensor *nd_aligned_scores(nd_tape *t, nd_tensor *v, nd_tensor *m, const nd_align_params *params)
{
    if (!v || !m) return NULL;
    ND_ASSERT(v->n_dims == 3 && m->n_dims == 3 && params->temperature >= 0);
    ND_ASSERT_EQ(v->dims[2], m->dims[2]);
    alignment a = {v->dims[0], v->dims[1], m->dims[0],          m->dims[1], v->dims[2],
                   NULL,       NULL,       params->temperature, NULL};
    nd_tensor *in[] = {v, m}, *out = nd_tape_tensor(t, 2, (const int64_t[]){a.N, a.M});
    a.n = lengths(t, params->video_rows, a.N, a.R);
    a.s = lengths(t, params->track_rows, a.M, a.S);
    if (!out || !a.n || !a.s) return NULL;
    nd_node *node = nd_tape_record(t, align_backward, out, in, 2, sizeof a);
    int64_t width = a.M * a.S, block = a.R * width;
    if (node) a.slopes = nd_tape_floats(t, a.N * width);
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *products = nd_tape_floats(t, VIDEOS_AT_ONCE * block), *sums = nd_tape_floats(t, width);
    if (t->status) return NULL;
    for (int64_t from = 0; from < a.N; from += VIDEOS_AT_ONCE) {
        int64_t n = ND_MIN(VIDEOS_AT_ONCE, a.N - from);
        nd_gemm('N', 'T', n * a.R, width, a.W, 1, v->data + from * a.R * a.W, a.W, m->data, a.W, 0,
                products, width);
        for (int64_t i = from; i < from + n; i++)
            scores_of(t->kernels, &a, out->data, params->offsets_out, sums,
                      products + (i - from) * block, i);
    }
    nd_arena_restore(&t->arena, mark);
    if (node) *(alignment *)node->saved = a;
    return out;
}
