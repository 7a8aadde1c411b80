/* Layers that matching models share. */
#include "embed/layers.h"

/* As PyTorch's BatchNorm1d. */
static const float NORM_EPS = 1e-5f;

typedef char param_name[128];

static const char *name_of(param_name out, const char *prefix, const char *name, const char *leaf)
{
    snprintf(out, sizeof(param_name), "%s.%s.%s", prefix, name, leaf);
    return out;
}

int nd__linear_add(nd_params *params, const char *prefix, const char *name, nd_init init,
                   int64_t in, int64_t out)
{
    param_name full;
    int index = nd_params_add(params, name_of(full, prefix, name, "weight"), init, 0, 2,
                              (const int64_t[]){out, in});
    nd_params_add(params, name_of(full, prefix, name, "bias"), ND_INIT_ZEROS, 0, 1, &out);
    return index;
}

static nd_tensor *tensor_of(const nd_layer_run *r, int index)
{
    return nd_params_tensor(r->params, r->shard, index);
}

nd_tensor *nd__linear_run(const nd_layer_run *r, nd_tensor *x, int index,
                          const nd_linear_params *params)
{
    return nd_linear(r->t, x, tensor_of(r, index), tensor_of(r, index + 1), params);
}

nd_norm_layer nd__norm_add(nd_params *params, const char *prefix, const char *name, int64_t D,
                           bool has_gain, float momentum)
{
    param_name full;
    nd_norm_layer norm = {.gain = -1, .momentum = momentum};
    if (has_gain) {
        norm.gain = nd_params_add(params, name_of(full, prefix, name, "weight"), ND_INIT_ONES, 0, 1,
                                  &D);
        nd_params_add(params, name_of(full, prefix, name, "bias"), ND_INIT_ZEROS, 0, 1, &D);
    }
    norm.mean = nd_params_add_buffer(params, name_of(full, prefix, name, "running_mean"),
                                     ND_INIT_ZEROS, D);
    nd_params_add_buffer(params, name_of(full, prefix, name, "running_var"), ND_INIT_ONES, D);
    return norm;
}

static nd_tensor *all_of(nd_tape *t, int64_t D, float value)
{
    nd_tensor *x = nd_tape_input(t, 1, &D);
    for (int64_t i = 0; x && i < D; i++) x->data[i] = value;
    return x;
}

nd_tensor *nd__norm_run(const nd_layer_run *r, nd_tensor *x, const nd_norm_layer *norm)
{
    if (!x) return NULL;
    bool has_gain = norm->gain >= 0;
    int64_t D = nd_tensor_width(x);
    nd_tensor *rows = nd_reshape(r->t, x, 2, (const int64_t[]){nd_tensor_rows(x), D});
    nd_tensor *gain = has_gain ? tensor_of(r, norm->gain) : all_of(r->t, D, 1);
    nd_tensor *shift = has_gain ? tensor_of(r, norm->gain + 1) : all_of(r->t, D, 0);
    rows = nd_batch_norm(r->t, rows, gain, shift, tensor_of(r, norm->mean),
                         tensor_of(r, norm->mean + 1),
                         &(nd_batch_norm_params){.eps = NORM_EPS, .momentum = norm->momentum});
    return nd_reshape(r->t, rows, x->n_dims, x->dims);
}
