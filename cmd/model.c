/* needledrop model: what a model file holds; new ones; its networks on given arrays. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

/* ---- model FILE ---------------------------------------------------------------- */

static int show_json(cli *c, const char *path)
{
    nd_diag diag = {0};
    nd_model *m = NULL;
    char *json = NULL;
    if (nd_model_open(&m, path, &diag)) return cli_fail(c, &diag);
    int rc = nd_model_json(&json, m), status = cli_print_json(c, rc, json);
    nd_model_close(&m);
    return status;
}

static int show_text(cli *c, const char *path)
{
    nd_diag diag = {0};
    nd_model *m = NULL;
    char *text = NULL;
    int rc = nd_model_open(&m, path, &diag);
    if (!rc && (rc = nd_model_text(&text, m, c->verbose)))
        nd_diag_set(&diag, rc, "listing %s: out of memory", path);
    if (!rc) fputs(text, stdout);
    free(text);
    nd_model_close(&m);
    return rc ? cli_fail(c, &diag) : CLI_DONE;
}

/* ---- model new FILE ------------------------------------------------------------ */

static int create(cli *c)
{
    nd_model_params params = {.preset = cli_get(c, "preset"),
                              .music = cli_get(c, "music"),
                              .video = cli_get(c, "video"),
                              .layout = cli_get(c, "layout"),
                              .half = cli_get(c, "half") != NULL};
    nd_diag diag = {0};
    int status = cli_get_int(c, "classes", 1, 1 << 24, &params.n_classes);
    if (!status) status = cli_get_seed(c, "seed", &params.seed);
    if (status) return status;
    if (!params.preset) return cli_usage(c, "--preset recommended, paper, small or tiny expected");
    if (!params.music && !params.video) params.music = params.video = "";
    if (nd_model_create(c->args[1], &params, &diag)) return cli_fail(c, &diag);
    if (c->json) return show_json(c, c->args[1]);
    if (!c->quiet) printf("%s: written; see it with needledrop model %s\n", c->args[1], c->args[1]);
    return CLI_DONE;
}

/* ---- model run FILE PART ------------------------------------------------------- */

static int print_result(cli *c, const nd_array *out, const char *path)
{
    nd_embedding shown = {c->args[1], path, *out};
    char *json = NULL, text[1024];
    if (c->json) {
        int rc = nd_embeddings_json(&json, &shown, 1, NULL, 0);
        return cli_print_json(c, rc, json);
    }
    if (!c->quiet)
        printf("%s: [%lld, %lld] f32\n", cli_text(text, path), (long long)out->dims[0],
               (long long)out->dims[1]);
    return CLI_DONE;
}

static int run_network(cli *c)
{
    const char *in = cli_get(c, "in"), *path = cli_get(c, "out");
    if (c->n_args != 3 || !in || !path)
        return cli_usage(c, "run FILE music|video --in X.npy --out Y.npy expected");
    nd_array clips = {0}, out = {0};
    nd_model *m = NULL;
    nd_diag diag = {0};
    int threads = 0, status = cli_get_int(c, "jobs", 1, 256, &threads);
    if (status) return status;
    int rc = nd_array_read_npy(&clips, in, &diag);
    if (!rc) rc = nd_model_open(&m, c->args[1], &diag);
    cli_screen_start(c);
    if (!rc)
        rc = nd_model_run(&out, m, c->args[2], &clips, cli_get(c, "logits") != NULL, threads,
                          &c->progress, &diag);
    cli_screen_end(c);
    if (!rc) rc = nd_array_write_npy(&out, path, &diag);
    status = rc ? cli_fail(c, &diag) : print_result(c, &out, path);
    nd_array_deinit(&out);
    nd_array_deinit(&clips);
    nd_model_close(&m);
    return status;
}

/* ---- model run FILE match ------------------------------------------------------ */

enum { MATCH_INPUTS = 5 };
static const char *const match_inputs[MATCH_INPUTS] = {"music", "rhythm", "video", "flow", "tags"};

static int read_inputs(const cli *c, nd_array arrays[MATCH_INPUTS], nd_match_input *in,
                       nd_diag *diag)
{
    const nd_array **to[] = {&in->music, &in->rhythm, &in->video, &in->flow, &in->tags};
    int rc = 0;
    for (int i = 0; i < MATCH_INPUTS && !rc; i++) {
        const char *path = cli_get(c, match_inputs[i]);
        if (path) *to[i] = &arrays[i];
        if (path) rc = nd_array_read_npy(&arrays[i], path, diag);
    }
    return rc;
}

typedef char path_text[1024];

static int write_outputs(path_text paths[ND_MATCH_OUTPUTS], const nd_array *out, const char *folder,
                         nd_diag *diag)
{
    int rc = 0;
    if (mkdir(folder, 0777) && errno != EEXIST)
        return nd_diag_set(diag, ND_EIO, "making %s: %s", folder, strerror(errno));
    for (int i = 0; i < ND_MATCH_OUTPUTS && !rc; i++) {
        int n = snprintf(paths[i], sizeof paths[i], "%s/%s.npy", folder, out[i].name);
        if (n >= (int)sizeof paths[i])
            rc = nd_diag_set(diag, ND_EARG, "writing to %.80s..: a shorter path expected", folder);
        else if (out[i].data) rc = nd_array_write_npy(&out[i], paths[i], diag);
    }
    return rc;
}

static int print_outputs(cli *c, path_text paths[ND_MATCH_OUTPUTS], const nd_array *out)
{
    char shown[1024], *json = NULL;
    nd_embedding made[ND_MATCH_OUTPUTS];
    int n = 0;
    for (int i = 0; i < ND_MATCH_OUTPUTS; i++)
        if (out[i].data) made[n++] = (nd_embedding){c->args[1], paths[i], out[i]};
    if (c->json) {
        int rc = nd_embeddings_json(&json, made, n, NULL, 0);
        return cli_print_json(c, rc, json);
    }
    for (int i = 0; i < n && !c->quiet; i++)
        printf(made[i].shape.n_dims > 1 ? "%s: [%lld, %lld] f32\n" : "%s: [%lld] f32\n",
               cli_text(shown, made[i].out), (long long)made[i].shape.dims[0],
               (long long)made[i].shape.dims[1]);
    return CLI_DONE;
}

static int run_match(cli *c)
{
    const char *folder = cli_get(c, "out");
    if (!folder || !cli_get(c, "music") || !cli_get(c, "video"))
        return cli_usage(c, "run FILE match --music C.npy --video C.npy --out DIR expected");
    nd_array arrays[MATCH_INPUTS] = {0}, out[ND_MATCH_OUTPUTS] = {0};
    path_text paths[ND_MATCH_OUTPUTS];
    nd_match_input in = {0};
    nd_model *m = NULL;
    nd_diag diag = {0};
    int rc = read_inputs(c, arrays, &in, &diag);
    if (!rc) rc = nd_model_open(&m, c->args[1], &diag);
    if (!rc) rc = nd_model_match(out, m, &in, &diag);
    if (!rc) rc = write_outputs(paths, out, folder, &diag);
    int status = rc ? cli_fail(c, &diag) : print_outputs(c, paths, out);
    for (int i = 0; i < MATCH_INPUTS; i++) nd_array_deinit(&arrays[i]);
    for (int i = 0; i < ND_MATCH_OUTPUTS; i++) nd_array_deinit(&out[i]);
    nd_model_close(&m);
    return status;
}

static int run(cli *c)
{
    bool is_run = c->n_args > 1 && !strcmp(c->args[0], "run");
    if (is_run && c->n_args == 3 && !strcmp(c->args[2], "match")) return run_match(c);
    if (is_run) return run_network(c);
    if (c->n_args == 2 && !strcmp(c->args[0], "new")) return create(c);
    if (c->n_args == 1) return (c->json ? show_json : show_text)(c, c->args[0]);
    return cli_usage(c, "FILE, new FILE or run FILE PART expected");
}

static const cli_option options[] = {
    {"in", 0, "X.npy", "run: f32 [clips, T, F]; music [clips, 398, 80], video [clips, 224, 896]"},
    {"out", 0, "Y.npy", "run: where the embeddings go, f32 [clips, D]; of match: a folder"},
    {"logits", 0, NULL, "run: what the classifier says instead, f32 [clips, classes]"},
    {"jobs", 'j', "N", "run: threads (default: one a core)"},
    {"rhythm", 0, "R.npy", "run match: i32 [N, 7, 3], classes of beats, strength, interval"},
    {"flow", 0, "F.npy", "run match: i32 [N, 7], classes of motion"},
    {"tags", 0, "W.npy", "run match: f32 [N, 768], vectors of tags"},
    {"preset", 0, "NAME", "new: recommended, paper, small or tiny"},
    {"music", 0, "W",
     "new: only this part, or also; weights of a .safetensors, or \"\": seeded; run match: f32 "
     "[N, 7, D]"},
    {"video", 0, "W", "likewise"},
    {"layout", 0, "NAME", "new: of video: rows, as published, or time (default: the preset's)"},
    {"classes", 0, "N", "new: of the classifiers (default: the weights', else 663)"},
    {"seed", 0, "S", "new: of parameters that are not read (default: 1)"},
    {"half", 0, NULL, "new: keep half floats, for half the size"},
    {0},
};

const cli_command cli_model = {
    .name = "model",
    .args = "FILE | new FILE | run FILE music|video|match",
    .summary = "what a model file holds; new ones, or from weights; run a network",
    .help =
        "A file's networks, sizes, tags and how it was trained are listed; -v adds every tensor.\n"
        "\"new\" writes a file of a named size, with seeded parameters or with the weights that\n"
        "PyTorch saved as safetensors. \"run\" gives the embeddings of clips in a NumPy array;\n"
        "\"run FILE match\" what the published matching network makes of N pairs, row i of each\n"
        "array, as xi_m.npy, theta_m.npy, .., match_prob.npy in a folder.",
    .example = "needledrop model new tiny.safetensors --preset tiny\n"
               "  needledrop embed song.mp3 --what fbank --out x.npy\n"
               "  needledrop model run tiny.safetensors music --in x.npy --out y.npy",
    .options = options,
    .min_args = 1,
    .max_args = 3,
    .run = run,
};
