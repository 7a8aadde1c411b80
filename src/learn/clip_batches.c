/* Batches balanced by target (balance.h), and of each file a clip by chance. */
#include <string.h>

#include "learn/balance.h"
#include "learn/clip_batches.h"

struct nd_clip_batches {
    const nd_clip_data *data;
    int B;
    bool jitter;
    nd_balance files; /* of the training split, by target */
    float *scratch;
};

static int balance_files(nd_balance *out, const nd_clip_data *data, uint64_t seed)
{
    const nd_clip_files *train = &data->train;
    int32_t *targets = nd_calloc((size_t)train->n, sizeof *targets);
    if (!targets) return ND_ENOMEM;
    for (int i = 0; i < train->n; i++) targets[i] = train->files[i].target;
    int rc = nd_balance_make(out, targets, train->n, data->K, seed);
    free(targets);
    for (int c = 0; c < out->n_classes && !rc; c++)
        out->turns[c] = (uint64_t)(out->classes[c] + 1) << 32;
    return rc;
}

int nd_clip_batches_create(nd_clip_batches **out, const nd_clip_data *data, int B, uint64_t seed,
                           bool jitter)
{
    nd_clip_batches *b = nd_calloc(1, sizeof *b);
    if (!b) return ND_ENOMEM;
    *b = (nd_clip_batches){.data = data, .B = B, .jitter = jitter};
    b->scratch = nd_calloc((size_t)data->T, (size_t)data->F * sizeof *b->scratch);
    if (!b->scratch || balance_files(&b->files, data, seed)) {
        nd_clip_batches_destroy(&b);
        return ND_ENOMEM;
    }
    *out = b;
    return 0;
}

void nd_clip_batches_destroy(nd_clip_batches **batches)
{
    nd_clip_batches *b = batches ? *batches : NULL;
    if (!b) return;
    nd_balance_deinit(&b->files);
    free(b->scratch);
    free(b);
    *batches = NULL;
}

static int read_clip(nd_clip_batches *b, float *clip, const nd_clip_file *file, int64_t place)
{
    const nd_clip_data *d = b->data;
    nd_rng rng = nd_balance_rng(&b->files, ND_STREAM_FREE, place);
    int which = nd_rng_int(&rng, 0, file->n_clips - 1);
    int rc = nd_cache_clip_f32(clip, d->cache, file->item, d->array, which);
    if (!rc) nd_clip_change(clip, b->scratch, d->array, d->T, d->F, b->jitter, &rng);
    return rc;
}

int nd_clip_batches_get(nd_clip_batches *b, float *clips, int32_t *targets, float *labels,
                        int64_t step)
{
    const nd_clip_data *d = b->data;
    int rc = 0;
    if (labels) memset(labels, 0, (size_t)b->B * (size_t)d->K * sizeof *labels);
    for (int i = 0; i < b->B && !rc; i++) {
        int64_t place = step * b->B + i;
        const nd_clip_file *file = &d->train.files[nd_balance_at(&b->files, place)];
        targets[i] = file->target;
        for (int l = 0; l < file->n_labels && labels; l++) labels[i * d->K + file->labels[l]] = 1;
        rc = read_clip(b, clips + i * d->T * d->F, file, place);
    }
    return rc;
}
