/* Inside nd_flow: its planes, and the loops that every stage shares.
 *
 * Only flow_dis.c includes this, flow_search.h and flow_refine.h. Every
 * function is inlined into the body that flow_dis.c compiles once for each
 * instruction set; loops over x are written so that compilers turn them into
 * vectors of any width with the same results.
 *
 * Layout. A picture of the pyramid has PAD columns and rows of copies of its
 * border on all sides. Working planes have one size, that of the finest level,
 * and the same margins; loops run over lanes(width) values, a whole number of
 * vectors, so what lies right of a picture is scratch: finite, never used.
 */
#ifndef ND_DESCRIBE_FLOW_PLANES_H
#define ND_DESCRIBE_FLOW_PLANES_H

#include <math.h>
#include <string.h>

#include "base/base.h"

/* No fused multiply-add: the same bytes with and without it. Vectors cross
 * only inlined calls, so how the ABI would pass them does not matter. */
#pragma GCC diagnostic ignored "-Wpsabi"
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* unoptimised builds */
#pragma clang fp contract(off)
#define LANES _Pragma("clang loop vectorize(assume_safety)")
#else
#pragma GCC optimize("fp-contract=off")
#define LANES _Pragma("GCC ivdep")
#endif
#define KERNEL static inline __attribute__((always_inline))

enum { PAD = 32, N_LANES = 16, MAX_LEVELS = 12, N_TERMS = 8 };

typedef struct {
    int w, h;
    ptrdiff_t stride;
    float *a, *b; /* [h, w] with PAD around: pixel (0, 0) */
} level;

/* A plane split like a chessboard: pixel (x, y) is in colour[(x + y) & 1] at
 * row y, column x / 2. All four neighbours of a pixel have the other colour. */
typedef struct {
    float *colour[2];
} board;

struct nd_flow {
    int w, h, n_levels;
    void (*run)(struct nd_flow *f, float *u_out, float *v_out, const uint8_t *a, size_t a_stride,
                const uint8_t *b, size_t b_stride);
    level levels[MAX_LEVELS]; /* from half size down */
    ptrdiff_t stride;         /* of working planes */
    ptrdiff_t half_stride;    /* of boards */

    float *u, *v;          /* flow at the level at hand, px of that level */
    float *ix, *iy;        /* gradients */
    float *weight, *spare; /* densification; scratch rows */
    float *mean, *change;  /* (a + warped b) / 2, warped b - a */
    float *inside;         /* 1 where the flow stays in the picture, else 0 */
    float *patch_u, *patch_v;

    board term[N_TERMS];       /* the linearised data term, see derive() */
    board bu, bv;              /* the flow that is being solved for */
    board edge;                /* less smoothing across edges of a */
    board psi;                 /* robust weight of smoothness at the pixel */
    board right, down;         /* ... between it and its neighbour */
    board r1, r2;              /* right side of the 2 x 2 systems */
    board inv11, inv12, inv22; /* inverse of their matrices */
    void *memory;
};

KERNEL int lanes(int n)
{
    return (n + N_LANES - 1) / N_LANES * N_LANES;
}

KERNEL void swap_planes(float **a, float **b)
{
    float *t = *a;
    *a = *b;
    *b = t;
}

/* Copy the border `margin` px outwards on all sides. */
KERNEL void extend_border(float *p, int w, int h, ptrdiff_t stride, int margin)
{
    for (int y = 0; y < h; y++) {
        float *row = p + y * stride;
        for (int x = 1; x <= margin; x++) row[-x] = row[0];
        for (int x = 0; x < margin; x++) row[w + x] = row[w - 1];
    }
    size_t bytes = (size_t)(w + 2 * margin) * sizeof *p;
    const float *top = p - margin, *bottom = top + (h - 1) * stride;
    for (int y = 1; y <= margin; y++) {
        memcpy(p - y * stride - margin, top, bytes);
        memcpy(p + (h - 1 + y) * stride - margin, bottom, bytes);
    }
}

/* ---- pyramid --------------------------------------------------------------- */

/* Halve the picture itself: means of 2 x 2 pixels, the last repeated. */
KERNEL void halve_bytes(level *l, float *out, const uint8_t *in, size_t in_stride, int in_w,
                        int in_h)
{
    for (int y = 0; y < l->h; y++) {
        const uint8_t *p = in + (size_t)(2 * y) * in_stride;
        const uint8_t *q = 2 * y + 1 < in_h ? p + in_stride : p;
        float *restrict o = out + y * l->stride;
        int n = in_w / 2;
        LANES for (int x = 0; x < n; x++)
            o[x] = (float)(p[2 * x] + p[2 * x + 1] + q[2 * x] + q[2 * x + 1]) * 0.25f;
        if (n < l->w) o[n] = (float)(p[2 * n] + q[2 * n]) * 0.5f;
    }
}

/* Halve a level whose border has been extended. */
KERNEL void halve(level *l, float *out, const float *in, ptrdiff_t in_stride)
{
    for (int y = 0; y < l->h; y++) {
        const float *restrict p = in + 2 * y * in_stride, *restrict q = p + in_stride;
        float *restrict o = out + y * l->stride;
        LANES for (int x = 0; x < l->w; x++)
            o[x] = (p[2 * x] + p[2 * x + 1] + q[2 * x] + q[2 * x + 1]) * 0.25f;
    }
}

/* Convolve with [k, 1 - 2k, k] both ways: against the aliasing of halving. */
KERNEL void blur(level *l, float *p, float *spare, ptrdiff_t spare_stride)
{
    const float k = 0.165f, c = 1 - 2 * k;
    ptrdiff_t s = l->stride;
    for (int y = 0; y < l->h; y++) {
        const float *restrict r = p + y * s;
        float *restrict o = spare + y * spare_stride;
        LANES for (int x = 0; x < l->w; x++)
        {
            float cross = r[x - 1] + r[x + 1] + r[x - s] + r[x + s];
            float corners = r[x - s - 1] + r[x - s + 1] + r[x + s - 1] + r[x + s + 1];
            o[x] = c * c * r[x] + c * k * cross + k * k * corners;
        }
    }
    for (int y = 0; y < l->h; y++)
        memcpy(p + y * s, spare + y * spare_stride, (size_t)l->w * sizeof *p);
}

KERNEL void build_pyramid(struct nd_flow *f, bool is_b, const uint8_t *in, size_t in_stride)
{
    for (int i = 0; i < f->n_levels; i++) {
        level *l = &f->levels[i];
        float *p = is_b ? l->b : l->a;
        if (i == 0) {
            halve_bytes(l, p, in, in_stride, f->w, f->h);
            extend_border(p, l->w, l->h, l->stride, 1);
            blur(l, p, f->spare, f->stride);
        } else {
            halve(l, p, is_b ? l[-1].b : l[-1].a, l[-1].stride);
        }
        extend_border(p, l->w, l->h, l->stride, PAD);
    }
}

/* Double a flow component in size and in value, bilinear: a fine pixel lies a
 * quarter of a coarse pixel from the nearest one's centre. row: scratch. */
KERNEL void double_flow(float *out, ptrdiff_t out_stride, int w, int h, const float *in,
                        const level *l, ptrdiff_t in_stride, float *restrict row)
{
    for (int y = 0; y < h; y++) {
        int other = ND_CLAMP(y / 2 + (y & 1 ? 1 : -1), 0, l->h - 1);
        const float *restrict p = in + y / 2 * in_stride, *restrict q = in + other * in_stride;
        LANES for (int x = 0; x < l->w; x++) row[x] = 1.5f * p[x] + 0.5f * q[x];
        row[-1] = row[0];
        row[l->w] = row[l->w - 1];
        float *restrict o = out + y * out_stride;
        for (int k = 0; k < w / 2; k++) {
            o[2 * k] = 0.75f * row[k] + 0.25f * row[k - 1];
            o[2 * k + 1] = 0.75f * row[k] + 0.25f * row[k + 1];
        }
        if (w & 1) o[w - 1] = 0.75f * row[w / 2] + 0.25f * row[w / 2 - 1];
    }
}

#endif
