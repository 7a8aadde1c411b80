/* Prints of music: made spectra, copies of them that a codec could have made, others. */
#include "../test.h"
#include "learn/corpus_internal.h"

enum { BINS = 80, FRAMES = 398, CLIPS = 8, N_OTHERS = 20 };

/* Notes that come and go: each bin's level wanders, all of one seed alike from any start on. */
static void fill(nd_array *a, uint64_t seed, int skip_frames, double noise)
{
    static float level[BINS];
    nd_rng rng, noises;
    nd_rng_init(&rng, seed, 0);
    nd_rng_init(&noises, seed, 1);
    *a = (nd_array){.dtype = ND_F32, .n_dims = 3, .dims = {CLIPS, FRAMES, BINS}};
    a->f32 = nd_calloc((size_t)CLIPS * FRAMES * BINS, sizeof(float));
    memset(level, 0, sizeof level);
    for (int t = -skip_frames; t < CLIPS * (FRAMES + 2); t++) {
        for (int b = 0; b < BINS; b++)
            level[b] = nd_rng_int(&rng, 0, 29) ? level[b] * 0.98f
                                               : (float)nd_rng_uniform(&rng, 0, 8);
        int frame = t % (FRAMES + 2);
        if (t < 0 || frame >= FRAMES) continue;
        float *out = a->f32 + ((size_t)(t / (FRAMES + 2)) * FRAMES + (size_t)frame) * BINS;
        for (int b = 0; b < BINS; b++) out[b] = level[b] + (float)(noise * nd_rng_normal(&noises));
    }
}

static nd__print make(uint64_t seed, int skip_frames, double noise)
{
    nd_array a;
    nd__print p = {0};
    fill(&a, seed, skip_frames, noise);
    if (nd__print_make(&p, &a)) exit(1);
    free(a.data);
    return p;
}

static void check_wrong(void)
{
    nd__print p = {0};
    nd_array none = {.dtype = ND_F32, .n_dims = 3, .dims = {0, FRAMES, BINS}};
    nd_array flat = {.dtype = ND_F32, .n_dims = 1, .dims = {7}};
    nd__likeness *list = NULL;
    int n = -1;
    CHECK("print_of_nothing", nd__print_make(&p, &none) == 0 && p.n == 0, "%d words", p.n);
    nd__print_deinit(&p);
    CHECK("print_of_no_spectrum", nd__print_make(&p, &flat) == 0 && p.n == 0, "%d words", p.n);
    nd__print_deinit(&p);
    const nd__print *prints[] = {&p, &p};
    CHECK("match_nothing", nd__print_match(&list, &n, prints, 2) == 0 && n == 0, "%d", n);
    CHECK("match_none", nd__print_match(&list, &n, prints, 0) == 0 && n == 0, "%d", n);
    free(list);
}

static void check_silence(void)
{
    nd_array a = {.dtype = ND_F32, .n_dims = 3, .dims = {CLIPS, FRAMES, BINS}};
    a.f32 = nd_calloc((size_t)CLIPS * FRAMES * BINS, sizeof(float));
    nd__print p = {0}, q = {0};
    nd__likeness *list = NULL;
    int n = -1;
    nd__print_make(&p, &a);
    nd__print_make(&q, &a);
    const nd__print *prints[] = {&p, &q};
    nd__print_match(&list, &n, prints, 2);
    CHECK("silence_is_like_nothing", n == 0, "%d", n);
    free(list);
    free(a.data);
    nd__print_deinit(&p);
    nd__print_deinit(&q);
}

/* Among others: a piece, itself with noise, and an excerpt of it that starts 9.5 s later. */
static void check_match(void)
{
    nd__print prints[N_OTHERS];
    const nd__print *all[N_OTHERS];
    for (int i = 0; i < N_OTHERS; i++) {
        prints[i] = i == 5 ? make(2, 0, 0.3) : i == 9 ? make(2, 950, 0.2) : make((uint64_t)i, 0, 0);
        all[i] = &prints[i];
    }
    nd__likeness *l = NULL;
    int n = -1;
    int rc = nd__print_match(&l, &n, all, N_OTHERS);
    CHECK("found", rc == 0 && n == 3, "%d likenesses", n);
    bool right = n == 3 && l[0].a == 2 && l[0].b == 5 && l[1].a == 2 && l[1].b == 9 && l[2].a == 5;
    CHECK("found_the_right_ones", right, "%d %d", n ? l[0].a : -1, n ? l[0].b : -1);
    CHECK_NEAR("offset_of_the_copy", right ? l[0].offset_s : -1, 0, 0.001);
    CHECK_NEAR("offset_of_the_excerpt", right ? l[1].offset_s : -1, 9.5, 0.05);
    CHECK("error_is_small", right && l[0].error < 0.25, "%g", n ? l[0].error : 1);
    for (int i = 0; i < N_OTHERS; i++) nd__print_deinit(&prints[i]);
    free(l);
}

int main(void)
{
    check_wrong();
    check_silence();
    check_match();
    TEST_END();
}
