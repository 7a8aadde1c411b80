/* Dense inverse search: where each patch of picture a is in picture b.
 *
 * Kroeger et al. 2016, section 2.1: patches of 8 x 8 px on an overlapping
 * grid, each matched by inverse compositional Gauss-Newton steps on the sum of
 * squared differences of the patches less their means; the gradient and the
 * Hessian are those of a's patch, so a step costs one bilinear read of b.
 * Section 2.2: the dense flow is a mean over the patches that cover a pixel.
 * Deviations: neighbours' displacements are tried before the steps, from the
 * upper left and once more from the lower right; weights 1 / (1 + error^2).
 */
#ifndef ND_DESCRIBE_FLOW_SEARCH_H
#define ND_DESCRIBE_FLOW_SEARCH_H

#include "describe/flow_planes.h"

enum { PATCH = 8, PATCH_PIXELS = PATCH * PATCH, PATCH_STEP = 4, MAX_STEPS = 2 };

/* Neighbours nearer than this (px squared) lead to the same minimum. */
#define SAME_PX2 0.15f
/* A step that gains less than this share is the last. */
#define LEAST_GAIN 0.01f
/* Added to the Hessian's diagonal: grey levels squared, summed over a patch. */
#define FLATNESS 1.f

/* A row of a patch. */
typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float v4 __attribute__((vector_size(16)));

typedef struct {
    int x, y; /* of its upper left pixel */
    v8 a[PATCH], ix[PATCH], iy[PATCH];
    float sum_ix, sum_iy;
    float inv11, inv12, inv22; /* inverse Hessian */
} patch;

typedef struct {
    float u, v;
    float cost;   /* sum of squared differences, means removed */
    float du, dv; /* the Gauss-Newton step from here */
} match;

KERNEL v8 load8(const float *p)
{
    return *(const v8 *)p;
}

/* The sums of four rows' values, all at once. */
KERNEL v4 sum8(v8 a, v8 b, v8 c, v8 d)
{
#define FOLD(x) \
    (__builtin_shufflevector(x, x, 0, 1, 2, 3) + __builtin_shufflevector(x, x, 4, 5, 6, 7))
    v4 a4 = FOLD(a), b4 = FOLD(b), c4 = FOLD(c), d4 = FOLD(d);
#undef FOLD
    v4 ab = __builtin_shufflevector(a4, b4, 0, 4, 1, 5) +
            __builtin_shufflevector(a4, b4, 2, 6, 3, 7);
    v4 cd = __builtin_shufflevector(c4, d4, 0, 4, 1, 5) +
            __builtin_shufflevector(c4, d4, 2, 6, 3, 7);
    return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) +
           __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

/* Patches stand PATCH_STEP apart, the last one at the border. */
KERNEL int grid_count(int w)
{
    return w <= PATCH ? 1 : (w - PATCH + PATCH_STEP - 1) / PATCH_STEP + 1;
}
KERNEL int grid_at(int i, int w)
{
    return w <= PATCH ? 0 : ND_MIN(i * PATCH_STEP, w - PATCH);
}

KERNEL void patch_load(patch *p, const struct nd_flow *f, const level *l, int x, int y)
{
    v8 sx = {0}, sy = {0}, xx = {0}, xy = {0}, yy = {0};
    p->x = x;
    p->y = y;
    for (int j = 0; j < PATCH; j++) {
        p->a[j] = load8(l->a + (y + j) * l->stride + x);
        v8 ix = p->ix[j] = load8(f->ix + (y + j) * f->stride + x);
        v8 iy = p->iy[j] = load8(f->iy + (y + j) * f->stride + x);
        sx += ix;
        sy += iy;
        xx += ix * ix;
        xy += ix * iy;
        yy += iy * iy;
    }
    const float n = 1.f / PATCH_PIXELS;
    v4 sums = sum8(sx, sy, xx, yy), cross = sum8(xy, xy, xy, xy);
    p->sum_ix = sums[0];
    p->sum_iy = sums[1];
    float h11 = sums[2] - sums[0] * sums[0] * n + FLATNESS;
    float h12 = cross[0] - sums[0] * sums[1] * n;
    float h22 = sums[3] - sums[1] * sums[1] * n + FLATNESS;
    float inverse = 1.f / (h11 * h22 - h12 * h12);
    p->inv11 = h22 * inverse;
    p->inv12 = -h12 * inverse;
    p->inv22 = h11 * inverse;
}

/* A place in b between pixels, kept where the border's copies reach. */
typedef struct {
    const float *at;
    float fx, fy;
} place;

KERNEL place place_of(const level *l, int x, int y, float u, float v)
{
    const int reach = PAD / 2;
    float px = ND_CLAMP((float)x + u, (float)-reach, (float)(l->w + reach / 2));
    float py = ND_CLAMP((float)y + v, (float)-reach, (float)(l->h + reach / 2));
    int ix = (int)(px + (float)reach) - reach, iy = (int)(py + (float)reach) - reach;
    return (place){l->b + iy * l->stride + ix, px - (float)ix, py - (float)iy};
}

KERNEL v8 between(const float *p, float fx)
{
    v8 a = load8(p), b = load8(p + 1);
    return a + (b - a) * fx;
}

KERNEL match patch_match(const patch *p, const level *l, float u, float v)
{
    place b = place_of(l, p->x, p->y, u, v);
    v8 s = {0}, ss = {0}, sx = {0}, sy = {0};
    v8 above = between(b.at, b.fx);
    for (int j = 0; j < PATCH; j++) {
        v8 below = between(b.at + (j + 1) * l->stride, b.fx);
        v8 d = above + (below - above) * b.fy - p->a[j];
        above = below;
        s += d;
        ss += d * d;
        sx += d * p->ix[j];
        sy += d * p->iy[j];
    }
    v4 sums = sum8(s, ss, sx, sy);
    float mean = sums[0] * (1.f / PATCH_PIXELS);
    float gx = sums[2] - mean * p->sum_ix, gy = sums[3] - mean * p->sum_iy;
    return (match){.u = u,
                   .v = v,
                   .cost = sums[1] - mean * mean * PATCH_PIXELS,
                   .du = -(p->inv11 * gx + p->inv12 * gy),
                   .dv = -(p->inv12 * gx + p->inv22 * gy)};
}

/* Steps while they gain; a patch that ran away comes back to its start. */
KERNEL match patch_descend(const patch *p, const level *l, match start)
{
    match best = start;
    for (int k = 0; k < MAX_STEPS; k++) {
        match next = patch_match(p, l, best.u + best.du, best.v + best.dv);
        if (!(next.cost < best.cost)) break;
        bool is_last = best.cost - next.cost < LEAST_GAIN * best.cost;
        best = next;
        if (is_last) break;
    }
    float u = best.u - start.u, v = best.v - start.v;
    return u * u + v * v < PATCH_PIXELS ? best : start;
}

/* One patch, at (i, j) of the grid. The first pass starts from the dense flow
 * of the level above and always descends; the second, from the other side,
 * only where a neighbour is better. */
KERNEL void search_patch(struct nd_flow *f, const level *l, int i, int j, int n_x, int n_y,
                         bool is_first)
{
    patch p;
    patch_load(&p, f, l, grid_at(i, l->w), grid_at(j, l->h));
    int at = j * n_x + i, back = is_first ? -1 : 1;
    ptrdiff_t centre = ND_MIN(p.y + PATCH / 2, l->h - 1) * f->stride +
                       ND_MIN(p.x + PATCH / 2, l->w - 1);
    match best = is_first ? patch_match(&p, l, f->u[centre], f->v[centre])
                          : patch_match(&p, l, f->patch_u[at], f->patch_v[at]);
    const int beside[2] = {i + back >= 0 && i + back < n_x ? at + back : at,
                           j + back >= 0 && j + back < n_y ? at + back * n_x : at};
    bool is_better = false;
    for (int k = 0; k < 2; k++) {
        if (beside[k] == at) continue;
        float u = f->patch_u[beside[k]], v = f->patch_v[beside[k]];
        float du = u - best.u, dv = v - best.v;
        if (du * du + dv * dv < SAME_PX2) continue;
        match other = patch_match(&p, l, u, v);
        if (!(other.cost < best.cost)) continue;
        best = other;
        is_better = true;
    }
    if (is_first || is_better) best = patch_descend(&p, l, best);
    f->patch_u[at] = best.u;
    f->patch_v[at] = best.v;
}

KERNEL void gradients_of_a(struct nd_flow *f, const level *l)
{
    ptrdiff_t s = l->stride;
    for (int y = 0; y < ND_MAX(l->h, PATCH); y++) {
        const float *restrict r = l->a + y * s;
        float *restrict ix = f->ix + y * f->stride, *restrict iy = f->iy + y * f->stride;
        LANES for (int x = 0; x < ND_MAX(l->w, PATCH); x++)
        {
            ix[x] = 0.5f * (r[x + 1] - r[x - 1]);
            iy[x] = 0.5f * (r[x + s] - r[x - s]);
        }
    }
}

/* Add a patch's displacement to the pixels under it. */
KERNEL void spread_patch(struct nd_flow *f, const level *l, int x, int y, float u, float v)
{
    const v8 one = {1, 1, 1, 1, 1, 1, 1, 1};
    place b = place_of(l, x, y, u, v);
    v8 above = between(b.at, b.fx);
    for (int j = 0; j < PATCH; j++) {
        v8 below = between(b.at + (j + 1) * l->stride, b.fx);
        v8 d = above + (below - above) * b.fy - load8(l->a + (y + j) * l->stride + x);
        above = below;
        v8 weight = one / (one + d * d);
        ptrdiff_t at = (y + j) * f->stride + x;
        *(v8 *)(f->u + at) += weight * u;
        *(v8 *)(f->v + at) += weight * v;
        *(v8 *)(f->weight + at) += weight;
    }
}

KERNEL void densify(struct nd_flow *f, const level *l, int n_x, int n_y)
{
    size_t bytes = (size_t)ND_MAX(l->w, PATCH) * sizeof(float);
    float *const planes[] = {f->u, f->v, f->weight};
    for (int i = 0; i < 3; i++)
        for (int y = 0; y < ND_MAX(l->h, PATCH); y++) memset(planes[i] + y * f->stride, 0, bytes);
    for (int j = 0; j < n_y; j++)
        for (int i = 0; i < n_x; i++)
            spread_patch(f, l, grid_at(i, l->w), grid_at(j, l->h), f->patch_u[j * n_x + i],
                         f->patch_v[j * n_x + i]);
    for (int y = 0; y < l->h; y++) {
        float *restrict u = f->u + y * f->stride, *restrict v = f->v + y * f->stride;
        const float *restrict weight = f->weight + y * f->stride;
        LANES for (int x = 0; x < l->w; x++)
        {
            float n = 1.f / weight[x];
            u[x] *= n;
            v[x] *= n;
        }
    }
}

/* f->u, f->v: the flow so far in, the flow of this level's patches out. */
KERNEL void search(struct nd_flow *f, const level *l)
{
    int n_x = grid_count(l->w), n_y = grid_count(l->h);
    gradients_of_a(f, l);
    for (int j = 0; j < n_y; j++)
        for (int i = 0; i < n_x; i++) search_patch(f, l, i, j, n_x, n_y, true);
    for (int j = n_y - 1; j >= 0; j--)
        for (int i = n_x - 1; i >= 0; i--) search_patch(f, l, i, j, n_x, n_y, false);
    densify(f, l, n_x, n_y);
}

#endif
