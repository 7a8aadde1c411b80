/* needledrop embed: features of media files as NumPy arrays. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

/* A feature was named that adds several arrays, none of its own name. */
static int which_array(const nd_description *d, const char *what, nd_diag *diag)
{
    char names[400] = "";
    for (int i = 0; nd_description_at(d, i); i++) {
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "", nd_description_at(d, i)->name);
    }
    return nd_diag_set(diag, ND_EARG, "--what %s: one of its arrays expected: %s", what, names);
}

static int describe(const cli *c, nd_description **d, const char *input, nd_diag *diag)
{
    nd_describe_params params = {.log = &c->log};
    params.features = nd_feature_for(cli_get(c, "what"), &params.medium);
    if (!params.features)
        return nd_diag_set(diag, ND_EARG,
                           "--what %s: an array or a feature of docs/features.md expected",
                           cli_get(c, "what"));
    return nd_describe_file(d, input, &params, diag);
}

/* --out is the file for one input, a folder for several (or where it is one):
 * DIR/NAME.WHAT.npy. @return malloc'ed */
static char *output_path(const cli *c, const char *input, const char *what)
{
    const char *given = cli_get(c, "out");
    struct stat info;
    bool is_folder = stat(given, &info) == 0 && S_ISDIR(info.st_mode);
    if (!is_folder && c->n_args == 1) return strdup(given);
    char *path = NULL;
    if (asprintf(&path, "%s/%s.%s.npy", given, cli_file_name(input), what) < 0) return NULL;
    return path;
}

static void print_embedding(const nd_embedding *e)
{
    char out[1024];
    printf("%s: [", cli_text(out, e->out));
    for (int i = 0; i < e->shape.n_dims; i++)
        printf("%s%lld", i ? ", " : "", (long long)e->shape.dims[i]);
    printf("] %s\n", nd_dtype_name(e->shape.dtype));
}

/* Two inputs of one name would be one file. */
static int check_free(const nd_embedding *done, int n, const char *input, const char *out,
                      nd_diag *diag)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(done[i].out, out))
            return nd_diag_set(diag, ND_EARG, "writing %s for %s: it holds the array of %s", out,
                               input, done[i].path);
    return 0;
}

/* Write an array that a file's description has, or that the model makes of it. The shape is left in
 * *shape, without its data. */
static int write_array(const cli *c, nd_model *model, const char *input, const char *out,
                       nd_array *shape, nd_diag *diag)
{
    const char *what = cli_get(c, "what");
    nd_description *d = NULL;
    nd_array made = {0};
    const nd_array *a = &made;
    int rc = model ? nd_model_embed(&made, model, what, input, 0, NULL, 0, diag)
                   : describe(c, &d, input, diag);
    if (!rc && !model && !(a = nd_description_find(d, what))) rc = which_array(d, what, diag);
    if (!rc) rc = nd_array_write_npy(a, out, diag);
    if (!rc) *shape = *a;
    shape->data = NULL;
    nd_array_deinit(&made);
    nd_description_destroy(&d);
    return rc;
}

/* Write one array of one file, and add that to the n in done. */
static int embed_one(const cli *c, nd_model *model, const char *input, nd_embedding *done, int n,
                     nd_diag *diag)
{
    char *out = output_path(c, input, cli_get(c, "what"));
    int rc = out ? check_free(done, n, input, out, diag)
                 : nd_diag_set(diag, ND_ENOMEM, "writing an array: out of memory");
    nd_embedding e = {.path = input, .out = out};
    if (!rc) rc = write_array(c, model, input, out, &e.shape, diag);
    if (rc) free(out);
    else done[n] = e;
    return rc;
}

static int embed_all(cli *c, nd_model *model, nd_embedding *done, int *n_out)
{
    for (int i = 0; i < c->n_args; i++) {
        nd_diag diag = {0};
        if (embed_one(c, model, c->args[i], done, *n_out, &diag)) {
            cli_fail_input(c, c->args[i], &diag);
            continue;
        }
        if (!c->json && !c->quiet) print_embedding(&done[*n_out]);
        ++*n_out;
    }
    return cli_inputs_status(c, *n_out);
}

static int run(cli *c)
{
    if (!cli_get(c, "what") || !cli_get(c, "out"))
        return cli_usage(c, "--what NAME and --out FILE expected");
    const char *what = cli_get(c, "what"), *path = cli_get(c, "model");
    bool by_model = !strcmp(what, "clip") || !strcmp(what, "joint");
    nd_diag diag = {0};
    nd_model *model = NULL;
    if (by_model != (path != NULL))
        return cli_usage(c, "--what clip or joint and --model FILE go together");
    if (by_model && nd_model_open(&model, path, &diag)) return cli_fail(c, &diag);
    nd_embedding *done = calloc((size_t)c->n_args, sizeof *done);
    if (!done) return nd_model_close(&model), cli_fail(c, &(nd_diag){.code = ND_ENOMEM});
    int n = 0, status = embed_all(c, model, done, &n);
    nd_model_close(&model);
    if (c->json) {
        char *json = NULL;
        int rc = nd_embeddings_json(&json, done, n, c->failures, c->n_failures);
        if (cli_print_json(c, rc, json)) status = CLI_FAILED;
    }
    for (int i = 0; i < n; i++) free((char *)done[i].out);
    free(done);
    return status;
}

static const cli_option options[] = {
    {"what", 0, "NAME",
     "fbank, frames, onset, any array of docs/features.md; by a model: clip, joint"},
    {"model", 0, "FILE", "the model file, for --what clip or joint"},
    {"out", 0, "FILE", "the .npy to write; for several inputs a folder"},
    {0},
};

const cli_command cli_embed = {
    .name = "embed",
    .args = "FILE...",
    .summary = "embeddings and features as .npy",
    .help = "",
    .example = "needledrop embed --what fbank --out song.npy song.mp3",
    .options = options,
    .min_args = 1,
    .run = run,
};
