/* Dense optical flow between two grey pictures of one size.
 *
 * The idea: dense inverse search on a pyramid (T. Kroeger, R. Timofte, D. Dai,
 * L. Van Gool, "Fast optical flow using dense inverse search", ECCV 2016)
 * finds large motion; a variational refinement at each level (T. Brox et al.,
 * "High accuracy optical flow estimation based on a theory for warping", ECCV
 * 2004, with the data term of H. Zimmer, A. Bruhn, J. Weickert, "Optic flow in
 * harmony", IJCV 2011) makes it exact. Work ends at half the size of the
 * pictures. bench/flow compares error and time with OpenCV's.
 *
 * The same pictures give the same bytes on every machine: AVX2 and AVX-512
 * are used where the processor has them, with the same order of operations and
 * no fused multiply-add.
 */
#ifndef ND_DESCRIBE_FLOW_DIS_H
#define ND_DESCRIBE_FLOW_DIS_H

#include <stddef.h>
#include <stdint.h>

enum { ND_FLOW_MAX_SIDE = 4096 };

/** Buffers for pictures of one size. */
typedef struct nd_flow nd_flow;

/** @param out   created; free with nd_flow_destroy
 *  @param w, h  1 .. ND_FLOW_MAX_SIDE px
 *  @return 0; ND_EARG (w or h out of range), ND_ENOMEM. *out untouched.
 *  Memory: 80 bytes a pixel at 320 x 180, towards 35 for large ones. */
int nd_flow_create(nd_flow **out, int w, int h);
void nd_flow_destroy(nd_flow **flow);

/** The motion from a to b: what is at (x, y) in a is at (x + u, y + v) in b.
 *  @param u_out, v_out  [h, w] f32 px, finite; 0 everywhere when a equals b;
 *                       both NULL where the two figures below are enough
 *  @param a, b          [h, w] u8 grey, rows a_stride and b_stride bytes apart
 *  Threads: distinct objects. Allocates: no. The result does not depend on
 *  earlier runs. Cost: 0.6 ms for 320 x 180 on one core with AVX-512.
 *  Source: see above; deviations: in flow_search.h and flow_refine.h.
 *  Checked by tests/describe/test_flow.c. */
void nd_flow_run(nd_flow *flow, float *u_out, float *v_out, const uint8_t *a, size_t a_stride,
                 const uint8_t *b, size_t b_stride);

/** The last run's mean over pixels of sqrt(u^2 + v^2), px, from the flow at
 *  half size; 0 before the first run. */
double nd_flow_mean_px(const nd_flow *flow);

/** What the last run's motion leaves unexplained: d = b(x + u, y + v) - a(x, y)
 *  at half size, where motion that leaves the picture ends at its border; the
 *  mean of |d - mean of d|, so that a change of exposure does not count. Grey
 *  levels, 0..255; 0 before the first run. Cost: one pass. */
double nd_flow_residual(nd_flow *flow);

#endif
