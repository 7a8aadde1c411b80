/* Where the time of a Conformer goes, on one thread.
 *
 * results: Share of samples of the program counter, a thousand a second of processor time, by
 * results: function. Products are what runs in oneDNN and in the code that it makes. "While in
 * results: products" is the GFLOP/s of the products that are really done (the second convolution's
 * results: are 0.56 of its formula, and tiles hang over the edge), against dnnl_sgemm's peak in
 * results: the same run: what is left to be had by better products is that column's distance from
 * results: 100 %, the rest of the table is what other code could save. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>

#include "conformer.h"

enum { MAX_SAMPLES = 1 << 16, MAX_SYMBOLS = 1 << 15 };

static volatile uintptr_t samples[MAX_SAMPLES];
static volatile int n_samples;

static void take_sample(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
#ifdef __x86_64__
    const ucontext_t *c = context;
    if (n_samples < MAX_SAMPLES) samples[n_samples++] = (uintptr_t)c->uc_mcontext.gregs[REG_RIP];
#else
    (void)context;
#endif
}

/* On a stack of its own: the code that oneDNN makes keeps values below its stack pointer. */
static void sampling(bool on)
{
    static char room[1 << 16];
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
    struct sigaction action = {.sa_sigaction = take_sample,
                               .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    sigaltstack(&stack, NULL);
    struct itimerval every = {{0, on ? 1000 : 0}, {0, on ? 1000 : 0}};
    sigaction(SIGPROF, &action, NULL);
    setitimer(ITIMER_PROF, &every, NULL);
}

/* ---- names of our own functions ------------------------------------------------ */

typedef struct {
    uintptr_t at;
    char name[48];
} symbol;

static symbol symbols[MAX_SYMBOLS];
static int n_symbols;

int main(int argc, char **argv);

/* What nm says of this program, moved to where it was loaded. */
static void read_symbols(void)
{
    char line[512], name[256], kind;
    unsigned long long at, main_at = 0;
    FILE *pipe = popen("nm -n /proc/$PPID/exe", "r");
    while (pipe && fgets(line, sizeof line, pipe) && n_symbols < MAX_SYMBOLS)
        if (sscanf(line, "%llx %c %255s", &at, &kind, name) == 3 && (kind == 't' || kind == 'T')) {
            if (!strcmp(name, "main")) main_at = at;
            symbols[n_symbols].at = (uintptr_t)at;
            snprintf(symbols[n_symbols++].name, sizeof symbols->name, "%.47s", name);
        }
    if (pipe) pclose(pipe);
    uintptr_t moved = (uintptr_t)main - (uintptr_t)main_at;
    for (int i = 0; i < n_symbols; i++) symbols[i].at += moved;
}

/* The function that holds an address; NULL: not one of ours. */
static const char *function_at(uintptr_t pc)
{
    int lo = 0, hi = n_symbols;
    if (!n_symbols || pc < symbols[0].at || pc > symbols[n_symbols - 1].at + 65536) return NULL;
    while (hi - lo > 1) {
        int middle = (lo + hi) / 2;
        if (symbols[middle].at <= pc) lo = middle;
        else hi = middle;
    }
    return symbols[lo].name;
}

/* ---- groups -------------------------------------------------------------------- */

enum { PRODUCTS, TRANSFORMS, FIRST, POINTWISE, NORMS, ATTENTION, DEPTHWISE, MOVES, ADAM, REST, N };

static const char *const groups[N] = {"products (oneDNN)",
                                      "transforms of the second convolution",
                                      "first convolution",
                                      "bias, activation, dropout, residual",
                                      "layer and batch norm",
                                      "softmax, positions, masks",
                                      "gates and depthwise convolution",
                                      "transposes and copies",
                                      "optimiser",
                                      "everything else"};

static const struct {
    const char *start;
    int group;
} starts[] = {
    {"wino_", TRANSFORMS},
    {"conv_first", FIRST},
    {"transpose_taps", FIRST},
    {"bias_act", POINTWISE},
    {"dropout", POINTWISE},
    {"layer_norm", NORMS},
    {"column_stats", NORMS},
    {"affine_act", NORMS},
    {"softmax", ATTENTION},
    {"attend", ATTENTION},
    {"head_backward", ATTENTION},
    {"glu", DEPTHWISE},
    {"depthwise", DEPTHWISE},
    {"nd_transpose", MOVES},
    {"transpose", MOVES},
    {"adam", ADAM},
    {"nd_adam", ADAM},
    {"sum_squares", ADAM},
};

static int group_of(uintptr_t pc)
{
    const char *name = function_at(pc);
    if (!name) return PRODUCTS;
    for (size_t i = 0; i < ND_COUNT(starts); i++)
        if (!strncmp(name, starts[i].start, strlen(starts[i].start))) return starts[i].group;
    return REST;
}

/* ---- one kind of run ----------------------------------------------------------- */

typedef struct {
    double share[N], clips_per_s, product_rate, peak;
} profile;

/* The products that are done of a clip: the formula's, but for the second convolution. */
static double done_gflop(const char *preset)
{
    enum { TILES = 25 * 5, TOKENS = 98 * 19 };
    json_t *c = nd_network_preset(NULL, preset, "fbank", CLASSES);
    double D = (double)json_integer_value(json_object_get(c, "encoder_dim"));
    json_decref(c);
    return forward_gflop(preset) + 2e-9 * D * D * (TILES * ND_WINO_POINTS - TOKENS * 9.0);
}

static void run(profile *p, const bench_case *at, bool train)
{
    ours o;
    double gflop = done_gflop(at->preset) * (train ? 3 : 1);
    ours_create(&o, at, train);
    ours_step(&o);
    ours_step(&o);
    n_samples = 0;
    sampling(true);
    int steps = 0;
    double start = nd_now_s();
    while (nd_now_s() - start < 8) ours_step(&o), steps++;
    double elapsed = nd_now_s() - start;
    sampling(false);
    for (int i = 0; i < n_samples; i++) p->share[group_of(samples[i])] += 1.0 / n_samples;
    p->clips_per_s = steps * at->batch / elapsed;
    p->product_rate = p->clips_per_s * gflop / p->share[PRODUCTS];
    p->peak = sgemm_peak(1);
    ours_destroy(&o);
}

int main(int argc, char **argv)
{
    static const bench_case cases[] = {{"small", 16, 1, false}, {"paper", 4, 1, false}};
    profile p[4] = {0};
    (void)argc;
    (void)argv;
    keep_memory();
    read_symbols();
    for (int i = 0; i < 4; i++) run(&p[i], &cases[i / 2], i % 2 == 0);
    printf("music Conformer, one thread\tsmall, training\tsmall, inference\tpaper, training\t"
           "paper, inference\n");
    for (int g = 0; g < N; g++) {
        printf("%s", groups[g]);
        for (int i = 0; i < 4; i++) printf("\t%.1f %%", 100 * p[i].share[g]);
        printf("\n");
    }
    printf("clips/s");
    for (int i = 0; i < 4; i++) printf("\t%.1f", p[i].clips_per_s);
    printf("\nGFLOP/s while in products");
    for (int i = 0; i < 4; i++) printf("\t%.0f", p[i].product_rate);
    printf("\nof dnnl_sgemm's peak");
    for (int i = 0; i < 4; i++) printf("\t%.0f %%", 100 * p[i].product_rate / p[i].peak);
    printf("\n");
    return 0;
}
