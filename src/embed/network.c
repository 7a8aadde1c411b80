/* A network: a kind of model, its configuration, its parameters; and inference, a clip at a time on
 * each thread. */
#include <string.h>

#include "embed/embed.h"
#include "embed/tape_jobs.h"

struct nd_network {
    const nd_network_ops *ops;
    json_t *config;
    char *part;
    nd_params *params;
    void *state;
    struct {
        int64_t T; /* 0: nothing was prepared */
        uint64_t version;
        bool for_inference;
    } prepared;
};

static const nd_network_ops *find_ops(const char *name)
{
    for (int i = 0; nd_network_shelf[i]; i++)
        if (!strcmp(nd_network_shelf[i]->name, name)) return nd_network_shelf[i];
    return NULL;
}

/* What "model" names; the published configurations have no such key. */
static int choose_ops(const nd_network_ops **out, const json_t *config, const char *part,
                      nd_diag *diag)
{
    const json_t *kind = json_object_get(config, "model");
    const char *name = kind ? json_string_value(kind) : "conformer";
    if (!json_is_object(config))
        return nd_diag_set(diag, ND_EFORMAT, "configuring %s: an object expected", part);
    *out = name ? find_ops(name) : NULL;
    if (!*out)
        return nd_diag_set(diag, ND_EFORMAT,
                           "configuring %s: model: one of this build expected, found %s", part,
                           name ? name : "no text");
    return 0;
}

/* A network whose parameters are named but have no storage. */
static int declare(nd_network **out, const json_t *config, const char *part, nd_diag *diag)
{
    const nd_network_ops *ops = NULL;
    int rc = choose_ops(&ops, config, part, diag);
    if (rc) return rc;
    nd_network *n = nd_calloc(1, sizeof *n);
    if (!n) return nd_diag_set(diag, ND_ENOMEM, "configuring %s: out of memory", part);
    n->ops = ops;
    n->config = json_deep_copy(config);
    n->part = strdup(part);
    n->state = nd_calloc(1, ops->state_bytes);
    if (!n->config || !n->part || !n->state || nd_params_create(&n->params))
        rc = nd_diag_set(diag, ND_ENOMEM, "configuring %s: out of memory", part);
    if (!rc) rc = ops->declare(n->state, n->params, n->config, part, diag);
    if (rc) nd_network_destroy(&n);
    else *out = n;
    return rc;
}

static int allocate(nd_network *n, nd_diag *diag)
{
    int rc = nd_params_allocate(n->params);
    return rc ? nd_diag_set(diag, rc, "configuring %s: out of memory", n->part) : 0;
}

int nd_network_create(nd_network **out, const json_t *config, const char *part, nd_diag *diag)
{
    nd_network *n = NULL;
    int rc = declare(&n, config, part, diag);
    if (!rc) rc = allocate(n, diag);
    if (rc) nd_network_destroy(&n);
    else *out = n;
    return rc;
}

int nd_network_read(nd_network **out, const json_t *config, const char *part,
                    const nd_safetensors *file, const char *prefix, nd_diag *diag)
{
    nd_network *n = NULL;
    int rc = declare(&n, config, part, diag);
    if (!rc) rc = nd_params_check(n->params, file, prefix, diag);
    if (!rc) rc = allocate(n, diag);
    if (!rc) rc = nd_params_read(n->params, file, prefix, diag);
    if (rc) nd_network_destroy(&n);
    else *out = n;
    return rc;
}

void nd_network_destroy(nd_network **network)
{
    nd_network *n = network ? *network : NULL;
    if (!n) return;
    if (n->state) n->ops->release(n->state);
    free(n->state);
    nd_params_destroy(&n->params);
    json_decref(n->config);
    free(n->part);
    free(n);
    *network = NULL;
}

nd_params *nd_network_params(nd_network *network)
{
    return network->params;
}

const json_t *nd_network_config(const nd_network *network)
{
    return network->config;
}

const char *nd_network_part(const nd_network *network)
{
    return network->part;
}

const nd_network_ops *nd_network_ops_of(const nd_network *network)
{
    return network->ops;
}

const void *nd_network_state(const nd_network *network)
{
    return network->state;
}

nd_network_size nd_network_size_of(const nd_network *network)
{
    return network->ops->size(network->state);
}

int nd_network_prepare(nd_network *n, int64_t T, bool for_inference, nd_diag *diag)
{
    uint64_t version = nd_params_version(n->params);
    bool is_old = for_inference && n->prepared.version != version;
    if (T == n->prepared.T && for_inference == n->prepared.for_inference && !is_old) return 0;
    n->prepared.T = 0;
    int rc = n->ops->prepare(n->state, n->params, T, for_inference, diag);
    if (rc) return rc;
    n->prepared.T = T;
    n->prepared.version = version;
    n->prepared.for_inference = for_inference;
    return 0;
}

json_t *nd_network_preset(const char *model, const char *preset, const char *feature, int n_classes)
{
    const nd_network_ops *ops = find_ops(model ? model : "conformer");
    return ops ? ops->preset(preset, feature, n_classes) : NULL;
}

const char *nd_network_feature(const nd_network *n)
{
    const char *layout = json_string_value(json_object_get(n->config, "layout"));
    if (!strcmp(n->part, "music")) return "fbank";
    return layout && !strcmp(layout, "time") ? "colour_frames" : "frames";
}

/* ---- inference ----------------------------------------------------------------- */

typedef struct {
    nd_network *network;
    const float *clips;
    int64_t T;
    nd_network_size size;
    float *embeddings, *logits;
} run;

static int run_clip(void *user, nd_tape *t, int64_t clip)
{
    run *r = user;
    int64_t values = r->T * r->size.F;
    nd_tape_begin(t, &(nd_pass){0});
    nd_tensor *x = nd_tape_input(t, 3, (const int64_t[]){1, r->T, r->size.F}), *logits = NULL;
    if (x) memcpy(x->data, r->clips + clip * values, (size_t)values * sizeof(float));
    nd_tensor *e = r->network->ops->forward(r->network->state, t, r->network->params, 0, x,
                                            r->logits ? &logits : NULL);
    if (!e || nd_tape_status(t)) return nd_tape_status(t);
    memcpy(r->embeddings + clip * r->size.D, e->data, (size_t)r->size.D * sizeof(float));
    if (logits)
        memcpy(r->logits + clip * r->size.K, logits->data, (size_t)r->size.K * sizeof(float));
    return 0;
}

int nd_network_run(nd_network *network, const float *clips, int64_t n, int64_t T, float *embeddings,
                   float *logits, int n_threads, const nd_progress *progress, nd_diag *diag)
{
    int rc = nd_network_prepare(network, T, true, diag);
    if (rc) return rc;
    run r = {network, clips, T, nd_network_size_of(network), embeddings, logits};
    rc = nd__tape_jobs(n, n_threads, run_clip, &r, "running the network", progress);
    return rc ? nd_diag_set(diag, rc, "running the %s network on %lld clips: %s", network->part,
                            (long long)n, nd_error_text(rc))
              : 0;
}
