/* Running a network of a file on a given array. */
#include <math.h>
#include <string.h>

#include "describe/describe.h"
#include "embed/model.h"

static int check_clips(const nd_array *clips, const char *part, int64_t F, nd_diag *diag)
{
    char found[64] = "";
    for (int i = 0; i < clips->n_dims; i++) {
        size_t n = strlen(found);
        snprintf(found + n, sizeof found - n, "%s%lld", i ? ", " : "", (long long)clips->dims[i]);
    }
    if (clips->dtype != ND_F32 || clips->n_dims != 3 || clips->dims[2] != F)
        return nd_diag_set(diag, ND_EARG,
                           "running the %s network: f32 [clips, T, %lld] expected, found %s [%s]",
                           part, (long long)F, nd_dtype_name(clips->dtype), found);
    for (int64_t i = 0; i < nd_array_count(clips); i++)
        if (!isfinite(clips->f32[i]))
            return nd_diag_set(diag, ND_EARG,
                               "running the %s network: finite values expected, value %lld of the "
                               "array is %g",
                               part, (long long)i, (double)clips->f32[i]);
    return 0;
}

static float *floats(int64_t rows, int64_t width)
{
    size_t n;
    return nd_size_mul(&n, (size_t)rows, (size_t)width) ? nd_calloc(n, sizeof(float)) : NULL;
}

int nd_model_run(nd_array *out, nd_model *model, const char *part, const nd_array *clips,
                 bool want_logits, int n_threads, const nd_progress *progress, nd_diag *diag)
{
    nd_network *network = NULL;
    int rc = nd_model_network(&network, model, part, diag);
    if (rc) return rc;
    nd_network_size size = nd_network_size_of(network);
    if (want_logits && !size.K)
        return nd_diag_set(diag, ND_EARG, "running the %s network of %s: it has no classifier",
                           part, model->path);
    if ((rc = check_clips(clips, part, size.F, diag))) return rc;
    int64_t n = clips->dims[0];
    float *embeddings = floats(n, size.D), *logits = want_logits ? floats(n, size.K) : NULL;
    if (!embeddings || (want_logits && !logits))
        rc = nd_diag_set(diag, ND_ENOMEM, "running the %s network: out of memory", part);
    if (!rc)
        rc = nd_network_run(network, clips->f32, n, clips->dims[1], embeddings, logits, n_threads,
                            progress, diag);
    if (!rc) {
        *out = (nd_array){.dtype = ND_F32, .n_dims = 2, .dims = {n, want_logits ? size.K : size.D}};
        snprintf(out->name, sizeof out->name, "%s", want_logits ? "logits" : "clip");
        out->f32 = want_logits ? logits : embeddings;
    }
    free(rc || want_logits ? embeddings : NULL);
    free(rc ? logits : NULL);
    return rc;
}

/* A file with the wanted features, described. */
static int describe(nd_description **out, const char *features, const char *path, nd_medium medium,
                    const nd_describe_params *given, nd_diag *diag)
{
    nd_describe_params params = given ? *given : (nd_describe_params){0};
    params.medium = medium;
    params.features = features;
    return nd_describe_file(out, path, &params, diag);
}

/* Which medium a file is. */
static int medium_of(nd_medium *out, const char *path, const nd_describe_params *given,
                     nd_diag *diag)
{
    nd_description *d = NULL;
    int rc = describe(&d, "", path, 0, given, diag);
    if (!rc) *out = nd_description_medium(d);
    nd_description_destroy(&d);
    return rc;
}

static int embed_clips(nd_array *out, nd_model *model, const char *path, nd_medium medium,
                       const nd_describe_params *params, int n_threads, nd_diag *diag)
{
    const char *part = medium == ND_MUSIC ? "music" : "video";
    nd_network *network = NULL;
    nd_description *d = NULL;
    int rc = nd_model_network(&network, model, part, diag);
    if (!rc) rc = describe(&d, nd_network_feature(network), path, medium, params, diag);
    const nd_array *clips = rc ? NULL : nd_description_find(d, nd_network_feature(network));
    if (!rc && (!clips || clips->dims[0] == 0))
        rc = nd_diag_set(diag, ND_ESHORT, "embedding %s: more than 2 s expected", path);
    if (!rc) rc = nd_model_run(out, model, part, clips, false, n_threads, NULL, diag);
    nd_description_destroy(&d);
    return rc;
}

static int embed_joint(nd_array *out, nd_model *model, const char *path, nd_medium medium,
                       const nd_describe_params *params, int n_threads, nd_diag *diag)
{
    char features[128];
    nd_matcher *m = NULL;
    nd_description *d = NULL;
    nd_described x = {0};
    nd_rows rows = {0};
    int rc = nd_model_matcher(&m, model, diag);
    if (!rc) rc = nd_model_features(features, model, medium, diag);
    if (!rc) rc = describe(&d, features, path, medium, params, diag);
    if (!rc) rc = nd__model_item(&x, model, m, d, n_threads, diag);
    if (!rc) rc = nd_matcher_embed(&rows, m, &x.item, 1, n_threads, NULL, diag);
    if (!rc) {
        *out = (nd_array){
            .name = "joint", .dtype = ND_F32, .n_dims = 2, .dims = {rows.first[1], rows.W}};
        out->f32 = rows.rows;
        rows.rows = NULL;
    }
    nd_rows_deinit(&rows);
    nd_described_deinit(&x);
    nd_description_destroy(&d);
    return rc;
}

int nd_model_embed(nd_array *out, nd_model *model, const char *what, const char *path,
                   nd_medium medium, const nd_describe_params *params, int n_threads, nd_diag *diag)
{
    bool is_joint = !strcmp(what, "joint");
    if (!is_joint && strcmp(what, "clip"))
        return nd_diag_set(diag, ND_EARG, "embedding %s: clip or joint expected, found %s", path,
                           what);
    int rc = medium ? 0 : medium_of(&medium, path, params, diag);
    if (rc) return rc;
    return (is_joint ? embed_joint : embed_clips)(out, model, path, medium, params, n_threads,
                                                  diag);
}
