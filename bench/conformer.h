/* What bench/train.c and bench/infer.c share: ours and PyTorch in turn, on the same sizes, and what
 * this machine's dnnl_sgemm can do, measured in the same run. */
#ifndef ND_BENCH_CONFORMER_H
#define ND_BENCH_CONFORMER_H

#include <malloc.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>

#include "compute/gemm.h"
#include "learn/learn.h"

enum { FRAMES = 398, BANDS = 80, CLASSES = 663, ROUNDS = 2 };

typedef struct {
    const char *preset;
    int batch, threads;
    bool with_plain; /* PyTorch on the BLAS that it comes with, too: slow, and of one thread */
} bench_case;

static const bench_case bench_cases[] = {
    {"tiny", 16, 1, true},         {"tiny", 16, 2, false},        {"small", 16, 1, true},
    {"small", 16, 2, false},       {"paper", 4, 1, false},        {"paper", 4, 2, false},
    {"recommended", 32, 1, false}, {"recommended", 32, 2, false},
};

/* Ours, a number of clips on a number of threads. */
typedef struct {
    nd_network *network;
    nd_trainer *trainer; /* NULL: inference */
    float *clips, *embeddings;
    int32_t *targets;
    const bench_case *at;
} ours;

static inline void ours_create(ours *o, const bench_case *at, bool train)
{
    json_t *config = nd_network_preset(NULL, at->preset, "fbank", CLASSES);
    size_t n = (size_t)at->batch * FRAMES * BANDS;
    nd_rng rng;
    nd_rng_init(&rng, 1, 1);
    *o = (ours){.at = at};
    ND_ASSERT(config && !nd_network_create(&o->network, config, "music", NULL));
    json_decref(config);
    nd_params_init(nd_network_params(o->network), 1);
    o->clips = nd_calloc(n, sizeof *o->clips);
    o->embeddings = nd_calloc((size_t)at->batch, 4096 * sizeof *o->embeddings);
    o->targets = nd_calloc((size_t)at->batch, sizeof *o->targets);
    ND_ASSERT(o->clips && o->embeddings && o->targets);
    for (size_t i = 0; i < n; i++) o->clips[i] = (float)nd_rng_normal(&rng);
    for (int i = 0; i < at->batch; i++) o->targets[i] = nd_rng_int(&rng, 0, CLASSES - 1);
    nd_trainer_params params = {.n_threads = at->threads, .adam.max_norm = 3};
    if (train) ND_ASSERT(!nd_trainer_create(&o->trainer, o->network, &params, NULL));
}

static inline void ours_step(ours *o)
{
    if (o->trainer)
        ND_ASSERT(!nd_trainer_step(o->trainer, o->clips, o->targets, o->at->batch, FRAMES, 1e-4,
                                   NULL, NULL));
    else
        ND_ASSERT(!nd_network_run(o->network, o->clips, o->at->batch, FRAMES, o->embeddings, NULL,
                                  o->at->threads, NULL, NULL));
}

static inline void ours_destroy(ours *o)
{
    nd_trainer_destroy(&o->trainer);
    nd_network_destroy(&o->network);
    free(o->clips);
    free(o->embeddings);
    free(o->targets);
}

static inline int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Clips a second by the median step of so many seconds, two steps to warm up. */
static inline double ours_rate(const bench_case *at, bool train, double seconds, double *peak_mb)
{
    enum { MOST = 4096 };
    static double times[MOST];
    ours o;
    ours_create(&o, at, train);
    ours_step(&o);
    ours_step(&o);
    int n = 0;
    for (double end = nd_now_s() + seconds; n < 3 || (nd_now_s() < end && n < MOST); n++) {
        double start = nd_now_s();
        ours_step(&o);
        times[n] = nd_now_s() - start;
    }
    qsort(times, (size_t)n, sizeof *times, by_value);
    if (o.trainer) {
        int64_t values = nd_params_size(nd_network_params(o.network));
        *peak_mb = ((double)nd_trainer_peak_bytes(o.trainer) +
                    4.0 * (double)values * (3 + at->threads)) /
                   1e6;
    }
    ours_destroy(&o);
    return at->batch / times[n / 2];
}

/* What a field of one line of JSON holds; 0: the line has none. */
static inline double field(const char *line, const char *name)
{
    const char *at = strstr(line, name);
    return at ? strtod(at + strlen(name), NULL) : 0;
}

/* PyTorch's rate; 0: it did not run. */
static inline double torch_rate(const char *build, const bench_case *at, bool train,
                                const char *options, bool with_shim, double seconds,
                                double *peak_mb)
{
    char command[600], line[600] = "";
    snprintf(command, sizeof command,
             "%s%s%s /usr/bin/python3 bench/conformer_torch.py --mode %s --preset %s "
             "--medium music --batch %d --threads %d --seconds %g %s",
             with_shim ? "LD_PRELOAD=" : "", with_shim ? build : "",
             with_shim ? "/bench/sgemm_shim.so" : "", train ? "train" : "infer", at->preset,
             at->batch, at->threads, seconds, options);
    FILE *pipe = popen(command, "r");
    if (!pipe) return 0;
    if (!fgets(line, sizeof line, pipe)) line[0] = 0;
    if (pclose(pipe)) return 0;
    *peak_mb = field(line, "\"peak_mb\": ");
    return field(line, "\"clips_per_s\": ");
}

/* GFLOP/s of dnnl_sgemm at 2048^3, the best of some runs. */
static inline double sgemm_peak(int threads)
{
    enum { N = 2048 };
    float *m = nd_calloc(3, (size_t)N * N * sizeof *m);
    int before = nd_gemm_threads(threads);
    double best = 0;
    ND_ASSERT(m);
    for (size_t i = 0; i < (size_t)2 * N * N; i++) m[i] = 0.5f;
    for (int i = 0; i < 5; i++) {
        double start = nd_now_s();
        nd_gemm('N', 'N', N, N, N, 1, m, N, m + N * N, N, 0, m + 2 * N * N, N);
        best = ND_MAX(best, 2e-9 * N * N * N / (nd_now_s() - start));
    }
    nd_gemm_threads(before);
    free(m);
    return best;
}

static inline double number(const json_t *config, const char *key, double missing)
{
    const json_t *value = json_object_get(config, key);
    return value ? (double)json_integer_value(value) : missing;
}

/* Multiplications and additions of a clip's forward pass as the formulas have them, 2 a product:
 * the stem, the linear layer, and L blocks. */
static inline double forward_gflop(const char *preset)
{
    json_t *c = nd_network_preset(NULL, preset, "fbank", CLASSES);
    double D = number(c, "encoder_dim", 0), L = number(c, "num_encoder_layers", 0);
    const json_t *channels = json_object_get(c, "stem_channels");
    double C1 = channels ? (double)json_integer_value(json_array_get(channels, 0)) : D;
    double C2 = channels ? (double)json_integer_value(json_array_get(channels, 1)) : D;
    double rows = 98, W = 19, T = floor(rows / number(c, "token_pool", 1));
    double stem = 198.0 * 39 * 9 * C1 + rows * W * 9 * C1 * C2 + T * W * C2 * D;
    double block = T * (16 * D * D + 5 * D * D + 3 * T * D + 3 * D * D +
                        number(c, "conv_kernel_size", 0) * D);
    double E = number(c, "output_dim", D), output = E == D ? 0 : D * E;
    json_decref(c);
    return 2e-9 * (stem + L * block + output + E * CLASSES);
}

enum { ONEDNN, TRACED, AS_IT_COMES, N_THEIRS };

static inline void put_rate(double rate)
{
    if (rate > 0) printf("%.1f\t", rate);
    else printf("\t");
}

/* One case, ours and theirs in turn: the mean of two medians. */
static inline void bench_run(const char *build, const bench_case *at, bool train)
{
    static const double seconds = 4;
    double mine = 0, mine_mb = 0, theirs[N_THEIRS] = {0}, mb[N_THEIRS] = {0};
    double gflop = forward_gflop(at->preset) * (train ? 3 : 1), peak = sgemm_peak(at->threads);
    for (int i = 0; i < ROUNDS; i++) {
        mine += ours_rate(at, train, seconds, &mine_mb) / ROUNDS;
        theirs[ONEDNN] += torch_rate(build, at, train, "--layout nchw", true, seconds,
                                     &mb[ONEDNN]) /
                          ROUNDS;
        if (!train)
            theirs[TRACED] += torch_rate(build, at, train, "--jit --layout nchw", true, seconds,
                                         &mb[TRACED]) /
                              ROUNDS;
    }
    if (at->with_plain)
        theirs[AS_IT_COMES] = torch_rate(build, at, train, "--layout nchw", false, seconds,
                                         &mb[AS_IT_COMES]);
    printf("%s, %d clips, %d thread%s\t", at->preset, at->batch, at->threads,
           at->threads > 1 ? "s" : "");
    put_rate(mine);
    put_rate(theirs[AS_IT_COMES]);
    put_rate(theirs[ONEDNN]);
    peak = ND_MAX(peak, sgemm_peak(at->threads)); /* others may have been busy before */
    double faster = ND_MAX(theirs[ONEDNN], theirs[AS_IT_COMES]);
    if (!train) put_rate(theirs[TRACED]);
    printf("%.2f\t", mine / faster);
    if (!train) printf("%.2f\t", mine / ND_MAX(faster, theirs[TRACED]));
    printf("%.0f\t%.0f\t%.0f %%", mine * gflop, peak, 100 * mine * gflop / peak);
    if (train) printf("\t%.0f\t%.0f", mine_mb, mb[ONEDNN]);
    printf("\n");
    fflush(stdout);
}

/* Both sides keep the memory that they free: oneDNN asks for its packing room at every product. */
static inline void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

static inline void bench_main(const char *build, bool train)
{
    keep_memory();
    printf("music Conformer\tours, clips/s\tPyTorch as it comes\tPyTorch on oneDNN\t%sratio to the "
           "faster BLAS\t%sGFLOP/s\tsgemm peak\tshare%s\n",
           train ? "" : "traced\t", train ? "" : "ratio to the fastest\t",
           train ? "\tours, MB\tPyTorch, MB" : "");
    for (size_t i = 0; i < ND_COUNT(bench_cases); i++)
        if (bench_cases[i].threads <= nd_core_count()) bench_run(build, &bench_cases[i], train);
}

#endif
