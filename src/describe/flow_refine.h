/* Variational refinement of a dense flow at one level of the pyramid.
 *
 * The flow (u, v) moves towards the minimum of the sum over pixels of
 *   BRIGHTNESS psi_d(n0 (Ix u + Iy v + It)^2)
 * + GRADIENT psi_d(n1 ((Ixx u + Ixy v + Ixt)^2 + (Ixy u + Iyy v + Iyt)^2))
 * + SMOOTHNESS edge psi_s(|grad u|^2 + |grad v|^2),  psi(s) = sqrt(s + eps^2)
 * where It, Ixt, Iyt hold the flow around which b was warped, n0 and n1
 * divide by the squared gradients (Zimmer et al. 2011, 3.1; n1 one for both
 * rows), derivatives are those of the mean of a and warped b, and `edge` falls
 * where a has an edge. As in Brox et al. 2004, 3.2: warp b, take derivatives,
 * then repeat: weights psi' from the flow at hand, a few sweeps of successive
 * over-relaxation on the linear system that they make.
 * Deviation: pixels whose motion leaves the picture have no data term. What did
 * not pay: a 3 x 3 median after each warp took a tenth of the time for 0.5 % of
 * the error; more rounds for one warp gain less than more warps.
 *
 * Sweeps go red, black, red on boards (flow_planes.h), where both halves are
 * plain vectors; row by row they follow one another two rows apart, so that a
 * round reads the coefficients from memory once.
 */
#ifndef ND_DESCRIBE_FLOW_REFINE_H
#define ND_DESCRIBE_FLOW_REFINE_H

#include "describe/flow_planes.h"

enum { ROUNDS = 2, SWEEPS = 3, WARPS = 1, FINEST_WARPS = 3 };

#define SMOOTHNESS 27.f
#define BRIGHTNESS 4.5f
#define GRADIENT   12.f
#define EPS_DATA   0.16f
#define EPS_SMOOTH 0.002f
#define NOISE      0.4f  /* grey levels: gradients below it count less */
#define EDGE       0.14f /* 1 / grey levels: gradients above 1 / EDGE are edges */
#define OVER_RELAX 1.8f
#define LEAST_DET  1e-6f /* keeps systems without any texture finite */

enum { IX, IY, IT, IXX, IXY, IYY, IXT, IYT }; /* indices of nd_flow.term */

/* ---- boards ---------------------------------------------------------------- */

/* One colour of one row, and where its neighbours stand in the other colour. */
typedef struct {
    int colour, other;
    ptrdiff_t at;   /* column 0 of this row */
    ptrdiff_t left; /* of the left neighbours; right ones stand one further */
    ptrdiff_t up, down;
} board_row;

KERNEL board_row row_of(const struct nd_flow *f, int y, int colour)
{
    ptrdiff_t at = y * f->half_stride;
    return (board_row){.colour = colour,
                       .other = 1 - colour,
                       .at = at,
                       .left = at - 1 + ((y + colour) & 1),
                       .up = at - f->half_stride,
                       .down = at + f->half_stride};
}

KERNEL void board_split(const board *b, ptrdiff_t half_stride, int y, const float *row, int w)
{
    float *restrict even = b->colour[y & 1] + y * half_stride;
    float *restrict odd = b->colour[1 - (y & 1)] + y * half_stride;
    LANES for (int k = 0; k < lanes((w + 1) / 2); k++)
    {
        even[k] = row[2 * k];
        odd[k] = row[2 * k + 1];
    }
}

KERNEL void board_join(float *restrict row, const board *b, ptrdiff_t half_stride, int y, int w)
{
    const float *restrict even = b->colour[y & 1] + y * half_stride;
    const float *restrict odd = b->colour[1 - (y & 1)] + y * half_stride;
    LANES for (int k = 0; k < lanes((w + 1) / 2); k++)
    {
        row[2 * k] = even[k];
        row[2 * k + 1] = odd[k];
    }
}

/* The value of pixel (x, y). */
KERNEL float *board_at(const board *b, ptrdiff_t half_stride, int x, int y)
{
    return b->colour[(x + y) & 1] + y * half_stride + (x >> 1);
}

/* ---- data term --------------------------------------------------------------- */

/* b at (x + u, y + v), bilinear: its mean with a, its difference from a. */
KERNEL void warp_row(struct nd_flow *f, const level *l, int y)
{
    const int w = l->w, h = l->h, stride = (int)l->stride;
    ptrdiff_t at = y * f->stride;
    const float *restrict u = f->u + at, *restrict v = f->v + at;
    const float *restrict a = l->a + y * l->stride, *restrict b = l->b;
    float *restrict mean = f->mean + at, *restrict change = f->change + at;
    float *restrict inside = f->inside + at;
    LANES for (int x = 0; x < lanes(w); x++)
    {
        float to_x = (float)x + u[x], to_y = (float)y + v[x];
        float px = ND_CLAMP(to_x, -2.f, (float)w + 1.f);
        float py = ND_CLAMP(to_y, -2.f, (float)h + 1.f);
        int ix = (int)(px + 2.f) - 2, iy = (int)(py + 2.f) - 2;
        float fx = px - (float)ix, fy = py - (float)iy;
        const int p = iy * stride + ix, q = p + stride;
        float upper = b[p] + (b[p + 1] - b[p]) * fx;
        float lower = b[q] + (b[q + 1] - b[q]) * fx;
        float warped = upper + (lower - upper) * fy;
        mean[x] = 0.5f * (warped + a[x]);
        change[x] = warped - a[x];
        int is_in = (to_x >= -0.5f) & (to_x <= (float)w - 0.5f) & (to_y >= -0.5f) &
                    (to_y <= (float)h - 0.5f);
        inside[x] = is_in ? 1.f : 0.f;
    }
}

/* Derivative by the five-point rule along a step of s values. */
KERNEL float slope(const float *p, ptrdiff_t s)
{
    return (8.f * (p[s] - p[-s]) - (p[2 * s] - p[-2 * s])) * (1.f / 12.f);
}

/* The eight numbers of each pixel's data term, normalised, such that
 * Ix u + Iy v + It is the change of brightness that is left at flow (u, v). */
KERNEL void derive_row(struct nd_flow *f, int w, int y, float *const rows[N_TERMS])
{
    ptrdiff_t s = f->stride, at = y * s;
    const float *restrict mean_x = f->ix + at, *restrict mean_y = f->iy + at;
    const float *restrict change = f->change + at, *restrict inside = f->inside + at;
    const float *restrict u = f->u + at, *restrict v = f->v + at;
    float *restrict rx = rows[IX], *restrict ry = rows[IY], *restrict rt = rows[IT];
    float *restrict rxx = rows[IXX], *restrict rxy = rows[IXY], *restrict ryy = rows[IYY];
    float *restrict rxt = rows[IXT], *restrict ryt = rows[IYT];
    LANES for (int x = 0; x < lanes(w); x++)
    {
        float ix = mean_x[x], iy = mean_y[x];
        float ixx = slope(mean_x + x, 1), ixy = slope(mean_y + x, 1), iyy = slope(mean_y + x, s);
        float ixt = slope(change + x, 1), iyt = slope(change + x, s);
        float n0 = inside[x] / sqrtf(ix * ix + iy * iy + NOISE * NOISE);
        float n1 = inside[x] / sqrtf(0.5f * (ixx * ixx + iyy * iyy) + ixy * ixy + NOISE * NOISE);
        rx[x] = ix * n0;
        ry[x] = iy * n0;
        rt[x] = (change[x] - ix * u[x] - iy * v[x]) * n0;
        rxx[x] = ixx * n1;
        rxy[x] = ixy * n1;
        ryy[x] = iyy * n1;
        rxt[x] = (ixt - ixx * u[x] - ixy * v[x]) * n1;
        ryt[x] = (iyt - ixy * u[x] - iyy * v[x]) * n1;
    }
}

KERNEL void first_slopes(struct nd_flow *f, const level *l)
{
    ptrdiff_t s = f->stride;
    for (int y = 0; y < l->h; y++) {
        const float *restrict mean = f->mean + y * s;
        float *restrict ix = f->ix + y * s, *restrict iy = f->iy + y * s;
        LANES for (int x = 0; x < lanes(l->w); x++)
        {
            ix[x] = slope(mean + x, 1);
            iy[x] = slope(mean + x, s);
        }
    }
    extend_border(f->ix, l->w, l->h, s, 2);
    extend_border(f->iy, l->w, l->h, s, 2);
}

/* Warp, then fill the boards that stay the same for all rounds. */
KERNEL void derive(struct nd_flow *f, const level *l)
{
    ptrdiff_t s = f->stride, hs = f->half_stride;
    for (int y = 0; y < l->h; y++) warp_row(f, l, y);
    extend_border(f->mean, l->w, l->h, s, 2);
    extend_border(f->change, l->w, l->h, s, 2);
    first_slopes(f, l);
    float *rows[N_TERMS];
    for (int i = 0; i < N_TERMS; i++) rows[i] = f->spare + i * s;
    for (int y = 0; y < l->h; y++) {
        derive_row(f, l->w, y, rows);
        for (int i = 0; i < N_TERMS; i++) board_split(&f->term[i], hs, y, rows[i], l->w);
        board_split(&f->bu, hs, y, f->u + y * s, l->w);
        board_split(&f->bv, hs, y, f->v + y * s, l->w);
        const float *restrict ix = f->ix + y * s, *restrict iy = f->iy + y * s;
        float *restrict edge = rows[0];
        LANES for (int x = 0; x < lanes(l->w); x++)
            edge[x] = 1.f / sqrtf(1.f + EDGE * EDGE * (ix[x] * ix[x] + iy[x] * iy[x]));
        board_split(&f->edge, hs, y, edge, l->w);
    }
}

/* ---- one round: weights, systems, sweeps ----------------------------------------- */

/* psi' of the smoothness term, from differences to the right and downwards. */
KERNEL void psi_row(struct nd_flow *f, int n, int y, int colour, bool is_last)
{
    board_row r = row_of(f, y, colour);
    const float *restrict u = f->bu.colour[colour] + r.at;
    const float *restrict v = f->bv.colour[colour] + r.at;
    const float *restrict u_right = f->bu.colour[r.other] + r.left + 1;
    const float *restrict v_right = f->bv.colour[r.other] + r.left + 1;
    const float *restrict u_down = is_last ? u : f->bu.colour[r.other] + r.down;
    const float *restrict v_down = is_last ? v : f->bv.colour[r.other] + r.down;
    const float *restrict edge = f->edge.colour[colour] + r.at;
    float *restrict psi = f->psi.colour[colour] + r.at;
    LANES for (int k = 0; k < n; k++)
    {
        float ux = u_right[k] - u[k], uy = u_down[k] - u[k];
        float vx = v_right[k] - v[k], vy = v_down[k] - v[k];
        psi[k] = 0.5f * SMOOTHNESS * edge[k] /
                 sqrtf(ux * ux + uy * uy + vx * vx + vy * vy + EPS_SMOOTH * EPS_SMOOTH);
    }
}

/* Weights between neighbours: the mean of both, 0 across the border. */
KERNEL void link_row(struct nd_flow *f, int n, int y, int colour, bool is_last)
{
    board_row r = row_of(f, y, colour);
    const float *restrict psi = f->psi.colour[colour] + r.at;
    const float *restrict psi_right = f->psi.colour[r.other] + r.left + 1;
    const float *restrict psi_down = is_last ? psi : f->psi.colour[r.other] + r.down;
    float *restrict right = f->right.colour[colour] + r.at;
    float *restrict down = f->down.colour[colour] + r.at;
    float half_down = is_last ? 0.f : 0.5f;
    LANES for (int k = 0; k < n; k++)
    {
        right[k] = 0.5f * (psi[k] + psi_right[k]);
        down[k] = half_down * (psi[k] + psi_down[k]);
    }
}

KERNEL void smoothness(struct nd_flow *f, const level *l)
{
    int n = lanes((l->w + 1) / 2), w = l->w;
    ptrdiff_t hs = f->half_stride;
    for (int y = 0; y < l->h; y++) { /* no difference across the right border */
        *board_at(&f->bu, hs, w, y) = *board_at(&f->bu, hs, w - 1, y);
        *board_at(&f->bv, hs, w, y) = *board_at(&f->bv, hs, w - 1, y);
    }
    for (int y = 0; y < l->h; y++)
        for (int c = 0; c < 2; c++) psi_row(f, n, y, c, y == l->h - 1);
    for (int y = 0; y < l->h; y++) {
        for (int c = 0; c < 2; c++) link_row(f, n, y, c, y == l->h - 1);
        *board_at(&f->right, hs, w - 1, y) = 0.f;
    }
}

/* The 2 x 2 system of each pixel, inverted, and its right side. */
KERNEL void system_row(struct nd_flow *f, int w, int n, int y, int colour)
{
    board_row r = row_of(f, y, colour);
#define ROW(name, b) const float *restrict name = f->b.colour[colour] + r.at
#define OUT(name)    float *restrict name = f->name.colour[colour] + r.at
    ROW(u, bu);
    ROW(v, bv);
    ROW(ix, term[IX]);
    ROW(iy, term[IY]);
    ROW(it, term[IT]);
    ROW(ixx, term[IXX]);
    ROW(ixy, term[IXY]);
    ROW(iyy, term[IYY]);
    ROW(ixt, term[IXT]);
    ROW(iyt, term[IYT]);
    ROW(w_right, right);
    ROW(w_down, down);
    const float *restrict w_left = f->right.colour[r.other] + r.left;
    const float *restrict w_up = f->down.colour[r.other] + r.up;
    OUT(r1);
    OUT(r2);
    OUT(inv11);
    OUT(inv12);
    OUT(inv22);
    LANES for (int k = 0; k < n; k++)
    {
        float e = ix[k] * u[k] + iy[k] * v[k] + it[k];
        float e1 = ixx[k] * u[k] + ixy[k] * v[k] + ixt[k];
        float e2 = ixy[k] * u[k] + iyy[k] * v[k] + iyt[k];
        float p = 0.5f * BRIGHTNESS / sqrtf(e * e + EPS_DATA * EPS_DATA);
        float q = 0.5f * GRADIENT / sqrtf(e1 * e1 + e2 * e2 + EPS_DATA * EPS_DATA);
        float links = w_left[k] + w_right[k] + w_up[k] + w_down[k];
        float a11 = p * ix[k] * ix[k] + q * (ixx[k] * ixx[k] + ixy[k] * ixy[k]) + links;
        float a22 = p * iy[k] * iy[k] + q * (ixy[k] * ixy[k] + iyy[k] * iyy[k]) + links;
        float a12 = p * ix[k] * iy[k] + q * ixy[k] * (ixx[k] + iyy[k]);
        float det = a11 * a22 - a12 * a12;
        float inverse = 1.f / (det > LEAST_DET ? det : LEAST_DET);
        r1[k] = -p * ix[k] * it[k] - q * (ixx[k] * ixt[k] + ixy[k] * iyt[k]);
        r2[k] = -p * iy[k] * it[k] - q * (ixy[k] * ixt[k] + iyy[k] * iyt[k]);
        inv11[k] = a22 * inverse;
        inv12[k] = -a12 * inverse;
        inv22[k] = a11 * inverse;
    }
#undef ROW
#undef OUT
    /* right of the picture: the sweeps then let scratch die away */
    for (int k = (w + 1 - ((y + colour) & 1)) / 2; k < n; k++) inv11[k] = inv12[k] = inv22[k] = 0.f;
}

KERNEL void relax_row(struct nd_flow *f, int n, int y, int colour)
{
    board_row r = row_of(f, y, colour);
    float *restrict u = f->bu.colour[colour] + r.at, *restrict v = f->bv.colour[colour] + r.at;
    const float *ou = f->bu.colour[r.other], *ov = f->bv.colour[r.other];
    const float *restrict u_left = ou + r.left, *restrict v_left = ov + r.left;
    const float *restrict u_up = ou + r.up, *restrict v_up = ov + r.up;
    const float *restrict u_down = ou + r.down, *restrict v_down = ov + r.down;
    const float *restrict right = f->right.colour[colour] + r.at;
    const float *restrict down = f->down.colour[colour] + r.at;
    const float *restrict left = f->right.colour[r.other] + r.left;
    const float *restrict up = f->down.colour[r.other] + r.up;
    const float *restrict r1 = f->r1.colour[colour] + r.at, *restrict r2 = f->r2.colour[colour] +
                                                                           r.at;
    const float *restrict inv11 = f->inv11.colour[colour] + r.at;
    const float *restrict inv12 = f->inv12.colour[colour] + r.at;
    const float *restrict inv22 = f->inv22.colour[colour] + r.at;
    LANES for (int k = 0; k < n; k++)
    {
        float s1 = r1[k] + left[k] * u_left[k] + right[k] * u_left[k + 1] + up[k] * u_up[k] +
                   down[k] * u_down[k];
        float s2 = r2[k] + left[k] * v_left[k] + right[k] * v_left[k + 1] + up[k] * v_up[k] +
                   down[k] * v_down[k];
        u[k] += OVER_RELAX * (inv11[k] * s1 + inv12[k] * s2 - u[k]);
        v[k] += OVER_RELAX * (inv12[k] * s1 + inv22[k] * s2 - v[k]);
    }
}

/* All sweeps in one pass: sweep i works 2 i rows behind the first, and its
 * second colour one row behind its first. The result is that of whole sweeps. */
KERNEL void relax(struct nd_flow *f, const level *l)
{
    int n = lanes((l->w + 1) / 2);
    for (int step = 0; step < l->h + 2 * SWEEPS - 1; step++)
        for (int behind = 0; behind < 2 * SWEEPS; behind++) {
            int y = step - behind;
            if (y >= 0 && y < l->h) relax_row(f, n, y, behind & 1);
        }
}

/* ---- together ---------------------------------------------------------------------- */

KERNEL void refine(struct nd_flow *f, const level *l, int n_warps)
{
    int n = lanes((l->w + 1) / 2);
    for (int i = 0; i < n_warps; i++) {
        derive(f, l);
        for (int round = 0; round < ROUNDS; round++) {
            smoothness(f, l);
            for (int y = 0; y < l->h; y++)
                for (int c = 0; c < 2; c++) system_row(f, l->w, n, y, c);
            relax(f, l);
        }
        for (int y = 0; y < l->h; y++) {
            board_join(f->u + y * f->stride, &f->bu, f->half_stride, y, l->w);
            board_join(f->v + y * f->stride, &f->bv, f->half_stride, y, l->w);
        }
    }
}

#endif
