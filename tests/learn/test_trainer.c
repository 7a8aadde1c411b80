/* The trainer: wrong parameters; learning that cannot be luck; the same bytes from the same seed;
 * going on where it stopped; memory. */
#include "../test.h"

#include "learn/learn.h"

enum { CLASSES = 8, T = 63, F = 40, BATCH = 32, HELD_OUT = 400 };

/* ---- the made task ------------------------------------------------------------- */

/* A class is how a ridge moves through the bands (up or down, slow or fast) and whether it pulses:
 * no single time step tells. Where it starts, its height and the noise are the clip's own. */
static void make_clip(float *clip, int class, nd_rng *rng)
{
    double speed = (class & 1 ? 1 : -1) * (class & 2 ? 1.6 : 0.6),
           start = nd_rng_uniform(rng, 0, F);
    double height = nd_rng_uniform(rng, 1.5, 2.5), phase = nd_rng_uniform(rng, 0, 6.28);
    for (int t = 0; t < T; t++)
        for (int f = 0; f < F; f++) {
            double at = fmod(start + speed * t + 10 * F - f, F), d = fmin(at, F - at);
            double pulse = class & 4 ? 0.5 + 0.5 * sin(0.9 * t + phase) : 0.5;
            clip[t * F + f] = (float)(height * pulse * 2 * exp(-d * d / 4) +
                                      0.5 * nd_rng_normal(rng));
        }
}

static void make_batch(float *clips, int32_t *targets, int n, nd_rng *rng)
{
    for (int i = 0; i < n; i++) {
        targets[i] = nd_rng_int(rng, 0, CLASSES - 1);
        make_clip(clips + (size_t)i * T * F, targets[i], rng);
    }
}

static nd_network *make_network(uint64_t seed)
{
    json_t *config = nd_network_preset(NULL, "tiny", "fbank", CLASSES);
    nd_network *n = NULL;
    json_object_set_new(config, "input_dim", json_integer(F));
    ND_ASSERT(!nd_network_create(&n, config, "music", NULL));
    json_decref(config);
    nd_params_init(nd_network_params(n), seed);
    return n;
}

static double held_out_accuracy(nd_network *n, const float *clips, const int32_t *targets)
{
    static float embeddings[HELD_OUT * 64], logits[HELD_OUT * CLASSES];
    int right = 0;
    ND_ASSERT(!nd_network_run(n, clips, HELD_OUT, T, embeddings, logits, 2, NULL, NULL));
    for (int i = 0; i < HELD_OUT; i++) {
        const float *row = logits + i * CLASSES;
        int best = 0;
        for (int k = 1; k < CLASSES; k++)
            if (row[k] > row[best]) best = k;
        right += best == targets[i];
    }
    return right / (double)HELD_OUT;
}

/* Train on clips of their own, whose labels are theirs or another's. @return held-out accuracy */
static double learn(uint64_t seed, bool shuffled, int n_steps)
{
    float *clips = nd_calloc((size_t)HELD_OUT * T * F, sizeof *clips);
    int32_t targets[HELD_OUT];
    nd_network *n = make_network(seed);
    nd_trainer *tr = NULL;
    nd_rng rng;
    nd_trainer_params params = {.n_threads = 2, .seed = seed, .adam.max_norm = 3};
    ND_ASSERT(clips && !nd_trainer_create(&tr, n, &params, NULL));
    nd_rng_init(&rng, seed, 1);
    for (int i = 0; i < n_steps; i++) {
        make_batch(clips, targets, BATCH, &rng);
        for (int b = 0; b < BATCH && shuffled; b++) targets[b] = nd_rng_int(&rng, 0, CLASSES - 1);
        double rate = nd_schedule_cosine(2e-3, i, 10, n_steps);
        ND_ASSERT(!nd_trainer_step(tr, clips, targets, BATCH, T, rate, NULL, NULL));
    }
    nd_rng_init(&rng, seed, 2);
    make_batch(clips, targets, HELD_OUT, &rng);
    double accuracy = held_out_accuracy(n, clips, targets);
    nd_trainer_destroy(&tr);
    nd_network_destroy(&n);
    free(clips);
    return accuracy;
}

static void check_learning(void)
{
    enum { STEPS = 160 };
    char name[80];
    for (uint64_t seed = 1; seed <= 3; seed++) {
        double right = learn(seed, false, STEPS);
        snprintf(name, sizeof name, "seed %d: 95 %% of held-out clips or more", (int)seed);
        CHECK(name, right >= 0.95, "%.1f %%", 100 * right);
    }
    double right = learn(4, true, STEPS);
    /* 12.5 %, and four standard deviations of 400 draws. */
    CHECK("shuffled labels: chance", fabs(right - 0.125) < 4 * sqrt(0.125 * 0.875 / HELD_OUT),
          "%.1f %%", 100 * right);
}

/* ---- the rest ------------------------------------------------------------------ */

typedef struct {
    float *clips;
    int32_t targets[BATCH];
} batch;

static batch one_batch(void)
{
    batch b = {nd_calloc((size_t)BATCH * T * F, sizeof(float)), {0}};
    nd_rng rng;
    nd_rng_init(&rng, 5, 5);
    ND_ASSERT(b.clips);
    make_batch(b.clips, b.targets, BATCH, &rng);
    return b;
}

static nd_trainer *make_trainer(nd_network *n, int threads)
{
    nd_trainer *tr = NULL;
    ND_ASSERT(!nd_trainer_create(
        &tr, n, &(nd_trainer_params){.n_threads = threads, .seed = 9, .adam.max_norm = 3}, NULL));
    return tr;
}

static void train(nd_trainer *tr, const batch *b, int n)
{
    for (int i = 0; i < n; i++)
        ND_ASSERT(!nd_trainer_step(tr, b->clips, b->targets, BATCH, T, 1e-3, NULL, NULL));
}

static bool same_values(nd_network *a, nd_network *b)
{
    for (int i = 0; i < nd_params_count(nd_network_params(a)); i++) {
        nd_tensor *x = nd_params_tensor(nd_network_params(a), 0, i);
        nd_tensor *y = nd_params_tensor(nd_network_params(b), 0, i);
        if (memcmp(x->data, y->data, (size_t)nd_tensor_count(x) * sizeof(float))) return false;
    }
    return true;
}

static void check_wrong(const batch *b)
{
    nd_network *n = make_network(1);
    nd_trainer *tr = make_trainer(n, 2);
    nd_diag diag = {0};
    int32_t targets[BATCH] = {CLASSES};
    CHECK("a target that is no class",
          nd_trainer_step(tr, b->clips, targets, BATCH, T, 1e-3, NULL, &diag) == ND_EARG &&
              strstr(diag.text, "8"),
          "%s", diag.text);
    CHECK("fewer clips than threads",
          nd_trainer_step(tr, b->clips, b->targets, 1, T, 1e-3, NULL, &diag) == ND_EARG, "%s",
          diag.text);
    CHECK("too few time steps",
          nd_trainer_step(tr, b->clips, b->targets, BATCH, 6, 1e-3, NULL, &diag) == ND_ESHORT, "%s",
          diag.text);
    float old = nd_params_tensor(nd_network_params(n), 0, 0)->data[0], kept = b->clips[7];
    b->clips[7] = NAN;
    CHECK("a value that is not a number",
          nd_trainer_step(tr, b->clips, b->targets, BATCH, T, 1e-3, NULL, &diag) == ND_EFORMAT,
          "%s", diag.text);
    b->clips[7] = kept;
    CHECK("parameters are as before", nd_params_tensor(nd_network_params(n), 0, 0)->data[0] == old,
          "they moved");
    nd_trainer_destroy(&tr);
    nd_network_destroy(&n);
}

static void check_repeats(const batch *b)
{
    nd_network *n[2];
    for (int i = 0; i < 2; i++) {
        n[i] = make_network(3);
        nd_trainer *tr = make_trainer(n[i], 2);
        train(tr, b, 4);
        nd_trainer_destroy(&tr);
    }
    CHECK("same seed and threads, same bytes", same_values(n[0], n[1]), "they differ");
    for (int i = 0; i < 2; i++) nd_network_destroy(&n[i]);
}

/* Seven steps, and three, a new process's worth of objects, then four: from the files alone. */
static void check_resume(const batch *b)
{
    char model[] = "test-trainer-XXXXXX", state[64];
    close(mkstemp(model));
    snprintf(state, sizeof state, "%s.state", model);
    nd_network *straight = make_network(3), *first = make_network(3), *second = NULL;
    nd_trainer *tr = make_trainer(straight, 2);
    nd_model *file = NULL;
    train(tr, b, 7);
    nd_trainer_destroy(&tr);
    tr = make_trainer(first, 2);
    train(tr, b, 3);
    ND_ASSERT(
        !nd_model_write(model, &(nd_model_contents){.networks = &first, .n_networks = 1}, NULL));
    ND_ASSERT(!nd_trainer_save(tr, state, NULL));
    nd_trainer_destroy(&tr);
    ND_ASSERT(!nd_model_open(&file, model, NULL) &&
              !nd_model_network(&second, file, "music", NULL));
    tr = make_trainer(second, 2);
    ND_ASSERT(!nd_trainer_load(tr, state, NULL));
    CHECK("a state knows its steps", nd_trainer_steps(tr) == 3, "%lld",
          (long long)nd_trainer_steps(tr));
    train(tr, b, 4);
    CHECK("stopped and gone on: the same bytes", same_values(straight, second), "they differ");
    nd_trainer_destroy(&tr);
    nd_model_close(&file);
    nd_network_destroy(&straight);
    nd_network_destroy(&first);
    unlink(model);
    unlink(state);
}

static void check_memory(const batch *b)
{
    size_t peak[2][2];
    for (int twice = 0; twice < 2; twice++) {
        nd_network *n = make_network(1);
        nd_trainer *tr = NULL;
        ND_ASSERT(!nd_trainer_create(
            &tr, n, &(nd_trainer_params){.n_threads = 1, .checkpoint = twice != 0}, NULL));
        train(tr, b, 2);
        peak[twice][0] = nd_trainer_peak_bytes(tr);
        train(tr, b, 2);
        peak[twice][1] = nd_trainer_peak_bytes(tr);
        nd_trainer_destroy(&tr);
        nd_network_destroy(&n);
    }
    CHECK("steps take no more memory than the first", peak[0][0] == peak[0][1], "%zu, then %zu",
          peak[0][0], peak[0][1]);
    CHECK("blocks computed twice take less", peak[1][1] < peak[0][1], "%zu against %zu", peak[1][1],
          peak[0][1]);
}

int main(void)
{
    batch b = one_batch();
    check_wrong(&b);
    check_repeats(&b);
    check_resume(&b);
    check_memory(&b);
    check_learning();
    free(b.clips);
    TEST_END();
}
