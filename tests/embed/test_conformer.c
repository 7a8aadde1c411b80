/* The Conformer against PyTorch's float64 (tests/reference/conformer.py): forward in both modes,
 * every parameter's gradient, running statistics, ten Adam steps; in both layouts, by one member
 * and by three, with and without computing blocks twice, with every instruction set. Inference
 * gives the same bytes at any number of threads. The same of ours, preset "recommended"; and what
 * of its keys is refused. */
#include "../uniform.h"
#include "wrong_config.h"

#include "compute/kernels.h"
#include "learn/learn.h"

enum { BATCH = 3, CLASSES = 8, STEPS = 10, MAX_SAMPLES = 2048, MAX_WIDTH = 128 };

/* ---- the formula of the reference ---------------------------------------------- */

static bool ends(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && !strcmp(name + n - m, end);
}

static void fill(nd_params *params)
{
    for (int i = 0; i < nd_params_count(params); i++) {
        const char *name = nd_params_name(params, i);
        nd_tensor *p = nd_params_tensor(params, 0, i);
        double fan_in = (double)(nd_tensor_count(p) / p->dims[0]);
        for (int64_t j = 0; j < nd_tensor_count(p); j++) {
            double u = test_uniform(name, j), v = (2 * u - 1) * sqrt(3 / fan_in);
            if (ends(name, "bias") || ends(name, "running_mean")) v = 0.2 * (2 * u - 1);
            else if (ends(name, "running_var")) v = 0.5 + u;
            else if (p->n_dims == 1) v = 0.75 + 0.5 * u;
            p->data[j] = (float)v;
        }
    }
    nd_params_touch(params);
}

/* The layouts: music, video as published, video with time as time; and ours. */
static const struct {
    const char *preset, *name, *part, *feature;
    int64_t T, F;
} inputs[] = {{"tiny", "music", "music", "fbank", 398, 80},
              {"tiny", "video", "video", "frames", 224, 896},
              {"tiny", "colour", "video", "colour_frames", 32, 768},
              {"recommended", "music", "music", "fbank", 398, 80},
              {"recommended", "colour", "video", "colour_frames", 32, 768}};

typedef struct {
    char medium[32];
    int64_t T, F;
    nd_network *network;
    nd_safetensors *golden;
    float *clips;
    int32_t targets[BATCH];
} fixture;

static void fixture_open(fixture *f, int which)
{
    char path[128];
    *f = (fixture){.T = inputs[which].T, .F = inputs[which].F};
    snprintf(f->medium, sizeof f->medium, "%s_%s", inputs[which].preset, inputs[which].name);
    snprintf(path, sizeof path, "tests/golden/conformer_%s.safetensors", f->medium);
    json_t *config = nd_network_preset(NULL, inputs[which].preset, inputs[which].feature, CLASSES);
    ND_ASSERT(config && !nd_safetensors_open(&f->golden, path, NULL));
    ND_ASSERT(!nd_network_create(&f->network, config, inputs[which].part, NULL));
    json_decref(config);
    fill(nd_network_params(f->network));
    f->clips = nd_calloc((size_t)(BATCH * f->T * f->F), sizeof *f->clips);
    ND_ASSERT(f->clips);
    for (int64_t i = 0; i < BATCH * f->T * f->F; i++)
        f->clips[i] = (float)(4 * test_uniform("input", i) - 2);
    for (int b = 0; b < BATCH; b++) f->targets[b] = (5 * b + 1) % CLASSES;
}

static void fixture_close(fixture *f)
{
    nd_network_destroy(&f->network);
    nd_safetensors_close(&f->golden);
    free(f->clips);
}

/* How far found[i * step] is from a golden tensor: the largest difference by the largest value, and
 * the length of the difference by the length; -1: there is none. */
typedef struct {
    double largest, length;
} far;

static far distance(const fixture *f, const char *name, const float *found, int64_t n)
{
    static float golden[MAX_SAMPLES * 4];
    const nd_stored_tensor *s = nd_safetensors_find(f->golden, name);
    if (!s) return (far){-1, -1};
    int64_t count = (int64_t)(s->n_bytes / sizeof(float)), step = (n + count - 1) / count;
    double worst = 0, largest = 0, squares = 0, differences = 0;
    ND_ASSERT(!nd_safetensors_read_f32(f->golden, name, s->n_dims, s->dims, golden, NULL));
    for (int64_t i = 0; i < count; i++) {
        double d = (double)found[i * step] - (double)golden[i];
        worst = fmax(worst, fabs(d));
        differences += d * d;
        largest = fmax(largest, fabs((double)golden[i]));
        squares += (double)golden[i] * (double)golden[i];
    }
    return (far){worst / fmax(largest, 1e-30), sqrt(differences / fmax(squares, 1e-60))};
}

static double golden_value(const fixture *f, const char *name)
{
    float value = NAN;
    nd_safetensors_read_f32(f->golden, name, 1, (const int64_t[]){1}, &value, NULL);
    return (double)value;
}

/* ---- inference ----------------------------------------------------------------- */

static void check_inference(const fixture *f, const char *kernels)
{
    float e[4][BATCH * MAX_WIDTH], logits[BATCH * CLASSES];
    char name[96];
    int64_t D = nd_network_size_of(f->network).D;
    size_t bytes = (size_t)(BATCH * D) * sizeof(float);
    ND_ASSERT(D <= MAX_WIDTH);
    for (int threads = 1; threads <= 3; threads++)
        ND_ASSERT(!nd_network_run(f->network, f->clips, BATCH, f->T, e[threads], logits, threads,
                                  NULL, NULL));
    double off = distance(f, "eval.embedding", e[1], BATCH * D).largest;
    snprintf(name, sizeof name, "%s, %s: embedding in inference", f->medium, kernels);
    CHECK(name, off >= 0 && off < 2e-5, "%.2e of the largest", off);
    off = distance(f, "eval.logits", logits, BATCH * CLASSES).largest;
    snprintf(name, sizeof name, "%s, %s: logits in inference", f->medium, kernels);
    CHECK(name, off >= 0 && off < 2e-5, "%.2e of the largest", off);
    snprintf(name, sizeof name, "%s, %s: the same bytes on 1, 2 and 3 threads", f->medium, kernels);
    CHECK(name, !memcmp(e[1], e[2], bytes) && !memcmp(e[1], e[3], bytes), "they differ");
    ND_ASSERT(
        !nd_network_run(f->network, f->clips + f->T * f->F, 1, f->T, e[0], NULL, 1, NULL, NULL));
    snprintf(name, sizeof name, "%s, %s: a clip alone gives what it gives among others", f->medium,
             kernels);
    CHECK(name, !memcmp(e[0], e[1] + D, bytes / BATCH), "it differs");
}

/* ---- training ------------------------------------------------------------------ */

/* The gradient of every parameter, by the largest value of its own; where the true one is 0, by
 * the length of the whole. */
static void check_gradients(const fixture *f, const nd_trainer *tr, double whole, const char *how)
{
    nd_params *params = nd_network_params(f->network);
    char name[256], worst_name[160] = "none";
    double worst = 0;
    int n = 0, wanted = 0;
    for (int i = 0; i < nd_params_count(params); i++) {
        if (nd_params_is_buffer(params, i)) continue;
        const char *param = nd_params_name(params, i);
        wanted++;
        int64_t count = nd_tensor_count(nd_params_tensor(params, 0, i));
        const float *grad = nd_trainer_grad(tr, i);
        snprintf(name, sizeof name, "gradnorm/%s", param);
        bool is_zero = golden_value(f, name) < 1e-7 * whole;
        double length = 0;
        for (int64_t j = 0; j < count; j++) length += (double)grad[j] * (double)grad[j];
        snprintf(name, sizeof name, "grad/%s", param);
        double off = is_zero ? sqrt(length) / whole : distance(f, name, grad, count).largest;
        n += off >= 0;
        if (off > worst) snprintf(worst_name, sizeof worst_name, "%s", param);
        worst = fmax(worst, off);
    }
    snprintf(name, sizeof name, "%s, %s: gradients of all parameters", f->medium, how);
    CHECK(name, n == wanted && worst < 1e-3, "%d parameters of %d, worst %.2e at %s", n, wanted,
          worst, worst_name);
}

/* Parameters after Adam are compared by length: where a gradient is next to nothing Adam divides
 * rounding by rounding, and single values go anywhere within the steps (PyTorch's own in single
 * precision are as far from its double). */
static void check_values(const fixture *f, const char *kind, double tolerance, const char *what)
{
    bool by_length = !strcmp(kind, "adam");
    nd_params *params = nd_network_params(f->network);
    char name[256], worst_name[160] = "none";
    double worst = 0;
    int n = 0;
    for (int i = 0; i < nd_params_count(params); i++) {
        nd_tensor *p = nd_params_tensor(params, 0, i);
        snprintf(name, sizeof name, "%s/%s", kind, nd_params_name(params, i));
        far both = distance(f, name, p->data, nd_tensor_count(p));
        double off = by_length ? both.length : both.largest;
        if (off < 0) continue;
        n++;
        if (off > worst) snprintf(worst_name, sizeof worst_name, "%s", nd_params_name(params, i));
        worst = fmax(worst, off);
    }
    snprintf(name, sizeof name, "%s: %s", f->medium, what);
    CHECK(name, n > 3 && worst < tolerance, "%d tensors, worst %.2e at %s", n, worst, worst_name);
}

static void check_training(int which, int n_threads, bool checkpoint)
{
    fixture f;
    nd_trainer *tr = NULL;
    nd_step_report report = {0};
    char how[64], name[128];
    float losses[STEPS];
    fixture_open(&f, which);
    snprintf(how, sizeof how, "%d threads%s", n_threads, checkpoint ? ", blocks twice" : "");
    nd_trainer_params params = {
        .n_threads = n_threads, .no_dropout = true, .checkpoint = checkpoint, .adam.max_norm = 3};
    ND_ASSERT(!nd_trainer_create(&tr, f.network, &params, NULL));
    for (int i = 0; i < STEPS; i++) {
        ND_ASSERT(!nd_trainer_step(tr, f.clips, f.targets, BATCH, f.T, 1e-3, &report, NULL));
        losses[i] = (float)report.loss;
        if (i) continue;
        check_gradients(&f, tr, report.grad_norm, how);
        if (!strcmp(inputs[which].preset, "recommended")) continue; /* it has none */
        snprintf(name, sizeof name, "%s: running statistics after a step", how);
        check_values(&f, "after1", 2e-5, name);
    }
    snprintf(name, sizeof name, "%s, %s: losses of ten steps", f.medium, how);
    double off = distance(&f, "adam.loss", losses, STEPS).largest;
    CHECK(name, off >= 0 && off < 1e-3, "%.2e", off);
    snprintf(name, sizeof name, "%s: parameters after ten steps", how);
    check_values(&f, "adam", 1e-3, name);
    nd_trainer_destroy(&tr);
    fixture_close(&f);
}

/* ---- keys of ours -------------------------------------------------------------- */

static const wrong_config wrong[] = {
    {"channels of text", "{\"stem_channels\": \"16\"}", "stem_channels"},
    {"one channel count", "{\"stem_channels\": [16]}", "stem_channels"},
    {"three channel counts", "{\"stem_channels\": [16, 32, 64]}", "stem_channels"},
    {"no channels", "{\"stem_channels\": [0, 32]}", "stem_channels"},
    {"channels with a fraction", "{\"stem_channels\": [16, 32.5]}", "stem_channels"},
    {"too many channels", "{\"stem_channels\": [16, 4001]}", "stem_channels"},
    {"no such stem", "{\"stem\": \"patches\"}", "stem"},
    {"frames of another size", "{\"stem\": \"frames\", \"input_dim\": 80}", "input_dim"},
    {"no tokens in a mean", "{\"token_pool\": 0}", "token_pool"},
    {"no such norm", "{\"conv_norm\": \"group\"}", "conv_norm"},
    {"no such stem norm", "{\"stem_norm\": \"batch\"}", "stem_norm"},
    {"no such input norm", "{\"input_norm\": \"band\"}", "input_norm"},
    {"no such scale", "{\"attention_scale\": \"none\"}", "attention_scale"},
    {"an embedding of no width", "{\"output_dim\": 0}", "output_dim"},
    {"no such classifier", "{\"classifier\": \"tree\"}", "classifier"},
    {"a scale of nothing", "{\"classifier_scale\": 0}", "classifier_scale"},
};

/* The fewest time steps that make a token, and one less. */
static void check_short(int which, int64_t least)
{
    fixture f;
    nd_diag diag = {0};
    float e[MAX_WIDTH];
    fixture_open(&f, which);
    int rc = nd_network_run(f.network, f.clips, 1, least - 1, e, NULL, 1, NULL, &diag);
    CHECK("a clip too short for a token", rc == ND_ESHORT && strstr(diag.text, "time steps"),
          "%d, %s", rc, diag.text);
    CHECK("a clip of one token",
          !nd_network_run(f.network, f.clips, 1, least, e, NULL, 1, NULL, &diag), "%s", diag.text);
    CHECK("a clip with time steps left over",
          !nd_network_run(f.network, f.clips, 1, least + 1, e, NULL, 1, NULL, &diag), "%s",
          diag.text);
    fixture_close(&f);
}

/* Loudness is no content where input_norm is "clip": a clip louder by a constant is the same. */
static void check_loudness(int which, bool is_same)
{
    fixture f;
    float e[2][MAX_WIDTH];
    fixture_open(&f, which);
    ND_ASSERT(!nd_network_run(f.network, f.clips, 1, f.T, e[0], NULL, 1, NULL, NULL));
    for (int64_t i = 0; i < f.T * f.F; i++) f.clips[i] = 2 * f.clips[i] + 1;
    ND_ASSERT(!nd_network_run(f.network, f.clips, 1, f.T, e[1], NULL, 1, NULL, NULL));
    double off = 0;
    for (int64_t d = 0; d < nd_network_size_of(f.network).D; d++)
        off = fmax(off, fabs((double)e[0][d] - (double)e[1][d]));
    CHECK(f.medium, (off < 1e-4) == is_same, "an embedding is %.2e off by loudness", off);
    fixture_close(&f);
}

int main(void)
{
    check_wrong_configs(wrong, ND_COUNT(wrong), create_network, "configuring music");
    check_short(3, 19);
    check_short(4, 4);
    check_loudness(3, true);
    check_loudness(4, false);
    for (int which = 0; which < (int)ND_COUNT(inputs); which++) {
        for (int i = 0; nd_kernels_at(i); i++) {
            fixture f;
            nd_kernels_use(nd_kernels_at(i));
            fixture_open(&f, which);
            check_inference(&f, nd_kernels_at(i)->name);
            fixture_close(&f);
        }
        nd_kernels_use(NULL);
        check_training(which, 1, false);
        check_training(which, 3, false);
        check_training(which, 2, true);
    }
    TEST_END();
}
