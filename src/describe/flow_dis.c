/* nd_flow: memory, the choice of instruction set, and the way down the pyramid
 * (flow_dis.h gives the idea; flow_planes.h the layout; the two stages are
 * flow_search.h and flow_refine.h). */
#include "describe/flow_dis.h"

#include "describe/flow_planes.h"
#include "describe/flow_refine.h"
#include "describe/flow_search.h"

enum { COARSEST_PX = 15, ALIGN_FLOATS = 16 };

/* From the coarsest level, which starts at no motion, to half size. */
KERNEL void run_levels(struct nd_flow *f)
{
    const level *coarsest = &f->levels[f->n_levels - 1];
    for (int y = 0; y < coarsest->h; y++) {
        memset(f->u + y * f->stride, 0, (size_t)coarsest->w * sizeof *f->u);
        memset(f->v + y * f->stride, 0, (size_t)coarsest->w * sizeof *f->v);
    }
    for (int i = f->n_levels - 1;; i--) {
        const level *l = &f->levels[i];
        search(f, l);
        refine(f, l, i == 0 ? FINEST_WARPS : WARPS);
        if (i == 0) return;
        double_flow(f->mean, f->stride, l[-1].w, l[-1].h, f->u, l, f->stride, f->spare);
        double_flow(f->change, f->stride, l[-1].w, l[-1].h, f->v, l, f->stride, f->spare);
        swap_planes(&f->u, &f->mean);
        swap_planes(&f->v, &f->change);
    }
}

KERNEL void run_body(struct nd_flow *f, float *u_out, float *v_out, const uint8_t *a,
                     size_t a_stride, const uint8_t *b, size_t b_stride)
{
    build_pyramid(f, false, a, a_stride);
    build_pyramid(f, true, b, b_stride);
    run_levels(f);
    if (!u_out) return;
    const level *half = &f->levels[0];
    double_flow(u_out, f->w, f->w, f->h, f->u, half, f->stride, f->spare);
    double_flow(v_out, f->w, f->w, f->h, f->v, half, f->stride, f->spare);
}

#define RUN(name)                                                                     \
    static void name(struct nd_flow *f, float *u_out, float *v_out, const uint8_t *a, \
                     size_t a_stride, const uint8_t *b, size_t b_stride)              \
    {                                                                                 \
        run_body(f, u_out, v_out, a, a_stride, b, b_stride);                          \
    }

RUN(run_plain)
#ifdef __x86_64__
#ifdef __clang__
#define WIDE "avx512f,avx512vl,avx512bw,avx512dq"
#else
#define WIDE "avx512f,avx512vl,avx512bw,avx512dq,prefer-vector-width=512"
#endif
__attribute__((target("avx2"))) RUN(run_avx2) __attribute__((target(WIDE))) RUN(run_avx512)
#endif

    static void choose_instructions(struct nd_flow *f)
{
    f->run = run_plain;
#ifdef __x86_64__
    bool has_wide = __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq");
    if (__builtin_cpu_supports("avx2")) f->run = run_avx2;
    if (has_wide) f->run = run_avx512;
#endif
}

void nd_flow_run(nd_flow *f, float *u_out, float *v_out, const uint8_t *a, size_t a_stride,
                 const uint8_t *b, size_t b_stride)
{
    f->run(f, u_out, v_out, a, a_stride, b, b_stride);
}

double nd_flow_mean_px(const nd_flow *f)
{
    const level *l = &f->levels[0];
    double sum = 0;
    for (int y = 0; y < l->h; y++) {
        const float *u = f->u + y * f->stride, *v = f->v + y * f->stride;
        for (int x = 0; x < l->w; x++) sum += (double)(2.f * sqrtf(u[x] * u[x] + v[x] * v[x]));
    }
    return sum / ((double)l->w * l->h);
}

/* Mean over pixels of |change - centre|; signed: of change itself. */
static double mean_change(const nd_flow *f, bool is_signed, double centre)
{
    const level *l = &f->levels[0];
    double sum = 0;
    for (int y = 0; y < l->h; y++)
        for (int x = 0; x < l->w; x++) {
            double change = (double)f->change[y * f->stride + x] - centre;
            sum += is_signed ? change : fabs(change);
        }
    return sum / ((double)l->w * l->h);
}

double nd_flow_residual(nd_flow *f)
{
    for (int y = 0; y < f->levels[0].h; y++) warp_row(f, &f->levels[0], y);
    return mean_change(f, false, mean_change(f, true, 0));
}

/* ---- memory ------------------------------------------------------------------ */

static void lay_levels(struct nd_flow *f)
{
    int w = (f->w + 1) / 2, h = (f->h + 1) / 2;
    for (f->n_levels = 0; f->n_levels < MAX_LEVELS;) {
        f->levels[f->n_levels++] = (level){.w = w, .h = h, .stride = lanes(w) + 2 * PAD};
        if (ND_MAX(w, h) <= COARSEST_PX) return;
        w = (w + 1) / 2;
        h = (h + 1) / 2;
    }
}

/* Take a plane of rows x stride from the block, or only count it where the
 * block is not there yet. @return its pixel (0, 0). */
static float *take(struct nd_flow *f, size_t *used, int h, ptrdiff_t stride, int margin)
{
    size_t first = *used + (size_t)(stride * PAD + margin);
    *used += (size_t)stride * (size_t)(ND_MAX(h, PATCH) + 2 * PAD);
    uintptr_t base = ((uintptr_t)f->memory + 4 * ALIGN_FLOATS - 1) / (4 * ALIGN_FLOATS);
    return f->memory ? (float *)(base * 4 * ALIGN_FLOATS) + first : NULL;
}

/* Point all planes into the block. @return floats used. */
static size_t lay_planes(struct nd_flow *f)
{
    size_t used = 0;
    for (int i = 0; i < f->n_levels; i++) {
        level *l = &f->levels[i];
        l->a = take(f, &used, l->h, l->stride, PAD);
        l->b = take(f, &used, l->h, l->stride, PAD);
    }
    int h = f->levels[0].h;
    float **planes[] = {&f->u,    &f->v,      &f->ix,     &f->iy,      &f->weight, &f->spare,
                        &f->mean, &f->change, &f->inside, &f->patch_u, &f->patch_v};
    for (size_t i = 0; i < ND_COUNT(planes); i++) *planes[i] = take(f, &used, h, f->stride, PAD);
    board *boards[] = {&f->bu, &f->bv, &f->edge,  &f->psi,   &f->right, &f->down,
                       &f->r1, &f->r2, &f->inv11, &f->inv12, &f->inv22};
    for (int c = 0; c < 2; c++) {
        for (int i = 0; i < N_TERMS; i++)
            f->term[i].colour[c] = take(f, &used, h, f->half_stride, N_LANES);
        for (size_t i = 0; i < ND_COUNT(boards); i++)
            boards[i]->colour[c] = take(f, &used, h, f->half_stride, N_LANES);
    }
    return used;
}

int nd_flow_create(nd_flow **out, int w, int h)
{
    if (w < 1 || h < 1 || w > ND_FLOW_MAX_SIDE || h > ND_FLOW_MAX_SIDE) return ND_EARG;
    nd_flow *f = nd_calloc(1, sizeof *f);
    if (!f) return ND_ENOMEM;
    f->w = w;
    f->h = h;
    choose_instructions(f);
    lay_levels(f);
    f->stride = f->levels[0].stride + N_LANES;
    f->half_stride = lanes((f->levels[0].w + 1) / 2) + N_LANES;
    f->memory = nd_calloc(lay_planes(f) + ALIGN_FLOATS, sizeof(float));
    if (!f->memory) {
        nd_flow_destroy(&f);
        return ND_ENOMEM;
    }
    lay_planes(f);
    *out = f;
    return 0;
}

void nd_flow_destroy(nd_flow **flow)
{
    if (!flow || !*flow) return;
    free((*flow)->memory);
    free(*flow);
    *flow = NULL;
}
