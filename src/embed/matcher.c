/* A matching model of a configuration: which kind, its parameters, the weights of its losses. */
#include <string.h>

#include "embed/config.h"
#include "embed/embed.h"

struct nd_matcher {
    const nd_matcher_ops *ops;
    json_t *config;
    nd_params *params;
    void *state;
    float weights[ND_MAX_LOSSES];
};

/* "ut-cmvmr" and "ut_cmvmr" are one name. */
static bool is_name(const char *a, const char *b)
{
    for (; *a && (*a == *b || (*a == '_' && *b == '-')); a++, b++) {
    }
    return !*a && !*b;
}

const nd_matcher_ops *nd_matcher_find(const char *name)
{
    for (int i = 0; nd_matcher_shelf[i]; i++)
        if (is_name(nd_matcher_shelf[i]->name, name)) return nd_matcher_shelf[i];
    return NULL;
}

/* The published configurations have no key "model". */
static int choose_ops(const nd_matcher_ops **out, const json_t *config, nd_diag *diag)
{
    const json_t *kind = json_object_get(config, "model");
    const char *name = kind ? json_string_value(kind) : "ut_cmvmr";
    if (!json_is_object(config))
        return nd_diag_set(diag, ND_EFORMAT, "configuring match: an object expected");
    const nd_matcher_ops *ops = name ? nd_matcher_find(name) : NULL;
    if (!ops)
        return nd_diag_set(diag, ND_EFORMAT,
                           "configuring match: model: one of this build expected, found %s",
                           name ? name : "no text");
    if (ops->choose) ops = ops->choose(config, diag);
    if (!ops) return ND_EFORMAT;
    *out = ops;
    return 0;
}

static int read_weights(nd_matcher *m, nd_diag *diag)
{
    const json_t *given = json_object_get(m->config, "losses");
    nd_config c = {.object = given, .part = "match: losses", .diag = diag};
    size_t n_known = 0;
    if (given && !json_is_object(given))
        return nd_diag_set(diag, ND_EFORMAT, "configuring match: losses: an object expected");
    for (int i = 0; m->ops->losses[i].name; i++) {
        const struct nd_matcher_loss *loss = &m->ops->losses[i];
        m->weights[i] = (float)nd_config_real(&c, loss->name, 0, 1e6, (double)loss->weight);
        n_known += json_object_get(given, loss->name) != NULL;
    }
    if (c.rc || n_known == json_object_size(given)) return c.rc;
    return nd_diag_set(diag, ND_EFORMAT, "configuring match: losses: one that %s does not have",
                       m->ops->name);
}

/* A matcher whose parameters are named but have no storage. */
static int declare(nd_matcher **out, const json_t *config, nd_diag *diag)
{
    const nd_matcher_ops *ops = NULL;
    int rc = choose_ops(&ops, config, diag);
    if (rc) return rc;
    nd_matcher *m = nd_calloc(1, sizeof *m);
    if (!m) return nd_diag_set(diag, ND_ENOMEM, "configuring match: out of memory");
    m->ops = ops;
    m->config = json_deep_copy(config);
    m->state = nd_calloc(1, ops->state_bytes);
    if (!m->config || !m->state || nd_params_create(&m->params))
        rc = nd_diag_set(diag, ND_ENOMEM, "configuring match: out of memory");
    if (!rc) rc = read_weights(m, diag);
    if (!rc) rc = ops->declare(m->state, m->params, m->config, diag);
    if (rc) nd_matcher_destroy(&m);
    else *out = m;
    return rc;
}

static int allocate(nd_matcher *m, nd_diag *diag)
{
    int rc = nd_params_allocate(m->params);
    return rc ? nd_diag_set(diag, rc, "configuring match: out of memory") : 0;
}

int nd_matcher_create(nd_matcher **out, const json_t *config, nd_diag *diag)
{
    nd_matcher *m = NULL;
    int rc = declare(&m, config, diag);
    if (!rc) rc = allocate(m, diag);
    if (rc) nd_matcher_destroy(&m);
    else *out = m;
    return rc;
}

int nd_matcher_read(nd_matcher **out, const json_t *config, const nd_safetensors *file,
                    const char *prefix, nd_diag *diag)
{
    nd_matcher *m = NULL;
    int rc = declare(&m, config, diag);
    if (!rc) rc = nd_params_check(m->params, file, prefix, diag);
    if (!rc) rc = allocate(m, diag);
    if (!rc) rc = nd_params_read(m->params, file, prefix, diag);
    if (rc) nd_matcher_destroy(&m);
    else *out = m;
    return rc;
}

void nd_matcher_destroy(nd_matcher **matcher)
{
    nd_matcher *m = matcher ? *matcher : NULL;
    if (!m) return;
    if (m->state) m->ops->release(m->state);
    free(m->state);
    nd_params_destroy(&m->params);
    json_decref(m->config);
    free(m);
    *matcher = NULL;
}

nd_params *nd_matcher_params(nd_matcher *m)
{
    return m->params;
}

const json_t *nd_matcher_config(const nd_matcher *m)
{
    return m->config;
}

const nd_matcher_ops *nd_matcher_ops_of(const nd_matcher *m)
{
    return m->ops;
}

const void *nd_matcher_state(const nd_matcher *m)
{
    return m->state;
}

nd_matcher_size nd_matcher_size_of(const nd_matcher *m)
{
    return m->ops->size(m->state);
}

const float *nd_matcher_weights(const nd_matcher *m)
{
    return m->weights;
}
