/* Batches balanced by target. Which clip stands where is worked out from the seed and the place
 * alone, so that training can be taken up at any step: place n is in round n / C at n % C of that
 * round's order of the C targets, and the r-th time that a target comes it takes file r % m of the
 * order that its m files have in turn r / m. */
#include <string.h>

#include "learn/clip_batches.h"

struct nd_clip_batches {
    const nd_clip_data *data;
    int B, n_classes;
    uint64_t seed;
    bool jitter;
    int *classes; /* [n_classes]: those with a file */
    int *first;   /* [K + 1]: files of target k are members[first[k] .. first[k + 1]) */
    int *members; /* [train.n] */
    int *order;   /* [max of C and m]: scratch */
    float *scratch;
};

/* Streams of random numbers: of rounds, of turns, of clips. */
enum { OF_ROUNDS = 1, OF_TURNS = 2, OF_CLIPS = 3 };

static nd_rng rng_of(const nd_clip_batches *b, int kind, int64_t a, int64_t c)
{
    nd_rng rng;
    nd_rng_init(&rng, b->seed * 4 + (uint64_t)kind, (uint64_t)a << 32 ^ (uint64_t)c);
    return rng;
}

/* Element `place` of 0 .. n - 1 shuffled. */
static int shuffled(const nd_clip_batches *b, int n, int place, nd_rng rng)
{
    for (int i = 0; i < n; i++) {
        int j = nd_rng_int(&rng, 0, i);
        b->order[i] = b->order[j];
        b->order[j] = i;
    }
    return b->order[place];
}

/* Files by target, by counting. */
static void sort_files(nd_clip_batches *b)
{
    const nd_clip_files *train = &b->data->train;
    int K = b->data->K;
    for (int i = 0; i < train->n; i++) b->first[train->files[i].target + 1]++;
    for (int k = 0; k < K; k++) {
        if (b->first[k + 1]) b->classes[b->n_classes++] = k;
        b->first[k + 1] += b->first[k];
    }
    for (int i = 0; i < train->n; i++) b->members[b->first[train->files[i].target]++] = i;
    memmove(b->first + 1, b->first, (size_t)K * sizeof *b->first);
    b->first[0] = 0;
}

int nd_clip_batches_create(nd_clip_batches **out, const nd_clip_data *data, int B, uint64_t seed,
                           bool jitter)
{
    nd_clip_batches *b = nd_calloc(1, sizeof *b);
    if (!b) return ND_ENOMEM;
    *b = (nd_clip_batches){.data = data, .B = B, .seed = seed, .jitter = jitter};
    b->classes = nd_calloc((size_t)data->K, sizeof *b->classes);
    b->first = nd_calloc((size_t)data->K + 1, sizeof *b->first);
    b->members = nd_calloc((size_t)data->train.n, sizeof *b->members);
    b->order = nd_calloc((size_t)ND_MAX(data->K, data->train.n), sizeof *b->order);
    b->scratch = nd_calloc((size_t)data->T, (size_t)data->F * sizeof *b->scratch);
    if (!b->classes || !b->first || !b->members || !b->order || !b->scratch) {
        nd_clip_batches_destroy(&b);
        return ND_ENOMEM;
    }
    sort_files(b);
    *out = b;
    return 0;
}

void nd_clip_batches_destroy(nd_clip_batches **batches)
{
    nd_clip_batches *b = batches ? *batches : NULL;
    if (!b) return;
    free(b->classes);
    free(b->first);
    free(b->members);
    free(b->order);
    free(b->scratch);
    free(b);
    *batches = NULL;
}

static const nd_clip_file *file_at(const nd_clip_batches *b, int64_t place)
{
    int64_t round = place / b->n_classes;
    int k = b->classes[shuffled(b, b->n_classes, (int)(place % b->n_classes),
                                rng_of(b, OF_ROUNDS, 0, round))];
    int m = b->first[k + 1] - b->first[k];
    int member = shuffled(b, m, (int)(round % m), rng_of(b, OF_TURNS, k + 1, round / m));
    return &b->data->train.files[b->members[b->first[k] + member]];
}

static int read_clip(nd_clip_batches *b, float *clip, const nd_clip_file *file, int64_t place)
{
    const nd_clip_data *d = b->data;
    nd_rng rng = rng_of(b, OF_CLIPS, 0, place);
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
        const nd_clip_file *file = file_at(b, place);
        targets[i] = file->target;
        for (int l = 0; l < file->n_labels && labels; l++) labels[i * d->K + file->labels[l]] = 1;
        rc = read_clip(b, clips + i * d->T * d->F, file, place);
    }
    return rc;
}
