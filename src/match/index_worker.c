/* Indexing with the real worker and a model file. */
#include <string.h>
#include <unistd.h>

#include "match/embed_track.h"

/* What each file is described with. */
typedef struct {
    char *worker;
    const char *features;
} means;

static int describe(nd_description **out, void *user, const char *path, const nd_log *log,
                    nd_diag *diag)
{
    const means *m = user;
    nd_describe_params params = {
        .medium = ND_MUSIC, .features = m->features, .worker = m->worker, .log = log};
    return nd_describe_file(out, path, &params, diag);
}

/* @param given  as nd_index_params.model  @param out  stays NULL without a model */
static int open_model(nd_embedder **out, const char *given, nd_diag *diag)
{
    char *path = given ? strdup(given) : nd_model_default_path();
    if (given && !path) return nd_diag_set(diag, ND_ENOMEM, "indexing: out of memory");
    int rc = path && path[0] ? nd_embedder_open(out, path, diag) : 0;
    free(path);
    return rc;
}

int nd_library_index(nd_library *lib, const char *const *paths, int n_paths,
                     const nd_index_params *params, nd_index_report *report_out, nd_diag *diag)
{
    const char *given = params ? params->worker : NULL;
    means m = {.worker = given ? strdup(given) : nd_worker_find("needledrop-worker")};
    nd_analyser analyser = {.analyse = describe, .user = &m};
    if (!m.worker) return nd_diag_set(diag, ND_ENOMEM, "indexing: out of memory");
    /* Without it every file would fail, and stay so. */
    int rc = access(m.worker, X_OK) ? nd_diag_errno(diag, "starting the worker", m.worker) : 0;
    if (!rc) rc = open_model(&analyser.embedder, params ? params->model : NULL, diag);
    if (analyser.embedder) m.features = nd_embedder_features(analyser.embedder);
    if (!rc) rc = nd__library_index_with(lib, paths, n_paths, params, &analyser, report_out, diag);
    nd_embedder_close(&analyser.embedder);
    free(m.worker);
    return rc;
}
