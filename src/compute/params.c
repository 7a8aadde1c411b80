/* The block holds what is learned first, then buffers; each starts on 16 floats, and what lies
 * between is 0 and stays 0. */
#include <math.h>
#include <string.h>

#include "compute/ops.h"
#include "compute/params.h"
#include "compute/params_internal.h"

enum { ALIGN_FLOATS = 16 };

int nd_params_create(nd_params **out)
{
    nd_params *p = nd_calloc(1, sizeof *p);
    if (!p) return ND_ENOMEM;
    *out = p;
    return 0;
}

void nd_params_destroy(nd_params **params)
{
    nd_params *p = params ? *params : NULL;
    if (!p) return;
    for (size_t i = 0; i < p->n; i++) {
        free(p->items[i].name);
        free(p->items[i].stored_name);
    }
    free(p->items);
    free(p->values);
    free(p->turned);
    free(p->grads);
    free(p->moments);
    free(p->views);
    free(p);
    *params = NULL;
}

static int add_item(nd_params *p, const param *item, const char *name)
{
    ND_ASSERT(!p->values);
    char *copy = strdup(name);
    if (!copy || nd_grow(&p->items, &p->capacity, p->n, 1, sizeof *p->items)) {
        free(copy);
        p->failed = true;
        return 0;
    }
    p->items[p->n] = *item;
    p->items[p->n].name = copy;
    return (int)p->n++;
}

int nd_params_add(nd_params *p, const char *name, nd_init init, int64_t fan_in, int n_dims,
                  const int64_t *dims)
{
    param item = {
        .init = init, .fan_in = fan_in, .shape = {.n_dims = n_dims, .dims = {1, 1, 1, 1}}};
    for (int i = 0; i < n_dims; i++) item.shape.dims[i] = dims[i];
    return add_item(p, &item, name);
}

int nd_params_add_buffer(nd_params *p, const char *name, nd_init init, int64_t D)
{
    param item = {.init = init, .is_buffer = true, .shape = {.n_dims = 1, .dims = {D, 1, 1, 1}}};
    return add_item(p, &item, name);
}

/* Give a place to those that are buffers or not, from at on. @return where they end */
static int64_t place(nd_params *p, bool buffers, int64_t at)
{
    for (size_t i = 0; i < p->n; i++) {
        param *item = &p->items[i];
        if (item->is_buffer != buffers) continue;
        item->offset = at;
        at += (nd_tensor_count(&item->shape) + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
    }
    return at;
}

static float *floats(int64_t n)
{
    size_t bytes = (size_t)ND_MAX(n, ALIGN_FLOATS) * sizeof(float);
    float *block = aligned_alloc(ALIGN_FLOATS * sizeof(float), bytes);
    if (block) memset(block, 0, bytes);
    return block;
}

static int make_views(nd_params *p, int n_shards)
{
    nd_tensor *views = nd_calloc((size_t)n_shards * (p->n + 1), sizeof *views);
    if (!views) return ND_ENOMEM;
    for (int s = 0; s < n_shards; s++)
        for (size_t i = 0; i < p->n; i++) {
            nd_tensor *view = &views[(size_t)s * p->n + i];
            *view = p->items[i].shape;
            view->data = p->values + p->items[i].offset;
            view->is_parameter = true;
            if (!p->grads || p->items[i].is_buffer) continue;
            view->grad = p->grads + (int64_t)s * p->n_learned + p->items[i].offset;
            view->wants_grad = true;
        }
    free(p->views);
    p->views = views;
    return 0;
}

int nd_params_allocate(nd_params *p)
{
    if (p->failed) return ND_ENOMEM;
    p->n_learned = place(p, false, 0);
    p->n_values = place(p, true, p->n_learned);
    p->values = floats(p->n_values);
    return p->values ? make_views(p, 1) : ND_ENOMEM;
}

int nd_params_train(nd_params *p, int n_shards)
{
    ND_ASSERT(p->values && !p->grads && n_shards >= 1 && n_shards <= ND_TEAM_MAX);
    p->grads = floats(p->n_learned * n_shards);
    p->moments = floats(2 * p->n_learned);
    p->n_shards = n_shards;
    if (p->grads && p->moments && !make_views(p, n_shards)) return 0;
    free(p->grads);
    free(p->moments);
    p->grads = p->moments = NULL;
    return ND_ENOMEM;
}

static bool is_matrix(const param *item)
{
    const nd_tensor *s = &item->shape;
    return s->n_dims >= 2 && s->dims[2] == 1 && s->dims[3] == 1;
}

int nd_params_turn(nd_params *p)
{
    if (!p->turned) p->turned = floats(p->n_learned);
    if (!p->turned) return ND_ENOMEM;
    for (size_t i = 0; i < p->n; i++) {
        if (!is_matrix(&p->items[i])) continue;
        nd_tensor *view = nd_params_tensor(p, 0, (int)i);
        int64_t rows = view->dims[0], columns = view->dims[1];
        float *to = p->turned + p->items[i].offset;
        nd_transpose_into(to, 0, view->data, rows, columns);
        view->turned = to;
    }
    return 0;
}

/* ---- values before training ---------------------------------------------------- */

static uint64_t name_hash(const char *name) /* FNV-1a */
{
    uint64_t h = 0xCBF29CE484222325u;
    for (; *name; name++) h = (h ^ (uint8_t)*name) * 0x100000001B3u;
    return h;
}

/* How far from 0 uniform values go, or their deviation. */
static double spread(const param *item)
{
    int64_t n = nd_tensor_count(&item->shape);
    double in = (double)(n / item->shape.dims[0]), out = (double)(n / item->shape.dims[1]);
    switch (item->init) {
    case ND_INIT_FAN_IN: return 1 / sqrt(item->fan_in ? (double)item->fan_in : in);
    case ND_INIT_XAVIER: return sqrt(6 / (in + out));
    case ND_INIT_KAIMING: return sqrt(2 / in);
    default: return 1;
    }
}

void nd_waves(float *out, int64_t rows, int64_t D)
{
    for (int64_t i = 0; i < rows * D; i++) {
        int64_t column = i % D;
        double angle = (double)(i / D) * exp((double)(column & ~1) * -(log(10000.0) / (double)D));
        out[i] = (float)(column % 2 ? cos(angle) : sin(angle));
    }
}

/* Of an initialisation by chance. */
static float draw(nd_init init, double width, nd_rng *rng)
{
    bool is_uniform = init == ND_INIT_FAN_IN || init == ND_INIT_XAVIER;
    return (float)(is_uniform ? nd_rng_uniform(rng, -width, width) : width * nd_rng_normal(rng));
}

static void init_values(const param *item, float *to, uint64_t seed)
{
    int64_t n = nd_tensor_count(&item->shape);
    double width = spread(item);
    nd_rng rng;
    if (item->init == ND_INIT_WAVES) {
        nd_waves(to, item->shape.dims[0], n / item->shape.dims[0]);
        return;
    }
    nd_rng_init(&rng, seed, name_hash(item->name));
    for (int64_t j = 0; j < n; j++) switch (item->init) {
        case ND_INIT_ZEROS: to[j] = 0; break;
        case ND_INIT_ONES: to[j] = 1; break;
        default: to[j] = draw(item->init, width, &rng);
        }
}

void nd_params_init(nd_params *p, uint64_t seed)
{
    nd_params_touch(p);
    for (size_t i = 0; i < p->n; i++)
        init_values(&p->items[i], p->values + p->items[i].offset, seed);
}

uint64_t nd_params_version(const nd_params *p)
{
    return p->version;
}

void nd_params_touch(nd_params *p)
{
    p->version++;
}

/* ---- what is there ------------------------------------------------------------- */

int nd_params_count(const nd_params *p)
{
    return (int)p->n;
}

int64_t nd_params_size(const nd_params *p)
{
    int64_t sum = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!p->items[i].is_buffer) sum += nd_tensor_count(&p->items[i].shape);
    return sum;
}

const char *nd_params_name(const nd_params *p, int index)
{
    return p->items[index].name;
}

bool nd_params_is_buffer(const nd_params *p, int index)
{
    return p->items[index].is_buffer;
}

int nd_params_find(const nd_params *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->items[i].name, name)) return (int)i;
    return -1;
}

nd_tensor *nd_params_tensor(nd_params *p, int shard, int index)
{
    return &p->views[(size_t)shard * p->n + (size_t)index];
}

void nd_params_begin(nd_params *p, int shard)
{
    for (size_t i = 0; i < p->n; i++) p->views[(size_t)shard * p->n + i].has_grad = false;
}
