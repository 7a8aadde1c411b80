/* Tags heard or seen: what an extractor's classifier says of the clips of a file. */
#include <math.h>
#include <string.h>

#include "describe/describe.h"
#include "embed/model.h"

static const char *part_of(nd_medium medium)
{
    return medium == ND_MUSIC ? "music" : "video";
}

int nd_model_reads(char out[128], nd_model *model, nd_medium medium, bool to_match, nd_diag *diag)
{
    nd_network *network = NULL;
    if (to_match) return nd_model_features(out, model, medium, diag);
    int rc = nd_model_network(&network, model, part_of(medium), diag);
    if (!rc) snprintf(out, 128, "default,%s", nd_network_feature(network));
    return rc;
}

/* ---- names --------------------------------------------------------------------- */

/* Whether the file names what the K classes are. */
static int check_names(const nd_model *model, const char *part, int64_t K, nd_diag *diag)
{
    const json_t *tags = nd_model_tags(model), *tag;
    size_t i, n_texts = 0;
    if (!K)
        return nd_diag_set(diag, ND_ENOTFOUND,
                           "reading tags of %s: a classifier expected, the %s part has none",
                           model->path, part);
    json_array_foreach((json_t *)(uintptr_t)tags, i, tag) n_texts += json_is_string(tag);
    if (n_texts == (size_t)K && json_array_size(tags) == (size_t)K) return 0;
    return nd_diag_set(diag, ND_ENOTFOUND,
                       "reading tags of %s: names of the %lld classes of the %s part expected, "
                       "found %zu",
                       model->path, (long long)K, part, n_texts);
}

static int copy_names(nd_tag_shares *t, const json_t *tags)
{
    for (int i = 0; i < t->n_tags; i++)
        if (!(t->names[i] = strdup(json_string_value(json_array_get(tags, (size_t)i)))))
            return ND_ENOMEM;
    return 0;
}

/* ---- shares --------------------------------------------------------------------- */

/* Whether the classifier judges each tag alone. */
static bool is_multi_label(const nd_model *model, const char *part)
{
    const json_t *record = json_object_get(nd_model_record(model), part);
    const char *loss = json_string_value(json_object_get(record, "loss"));
    return loss && !strcmp(loss, "binary cross-entropy");
}

/* @param out, z  [n], may be the same */
static void shares_of(float *out, const float *z, int n, bool alone)
{
    double top = alone ? 0 : (double)z[0], sum = 0;
    for (int i = 1; i < n && !alone; i++) top = fmax(top, (double)z[i]);
    for (int i = 0; i < n && !alone; i++) sum += exp((double)z[i] - top);
    for (int i = 0; i < n; i++)
        out[i] = (float)(alone ? 1 / (1 + exp(-(double)z[i])) : exp((double)z[i] - top) / sum);
}

/* Logits in t->clips become shares, their mean the whole's. */
static void fill_shares(nd_tag_shares *t, bool alone)
{
    int K = t->n_tags;
    for (int i = 0; i < K; i++) {
        double sum = 0;
        for (int64_t c = 0; c < t->n_clips; c++) sum += (double)t->clips[c * K + i];
        t->whole[i] = (float)(sum / (double)t->n_clips);
    }
    shares_of(t->whole, t->whole, K, alone);
    for (int64_t c = 0; c < t->n_clips; c++)
        shares_of(t->clips + c * K, t->clips + c * K, K, alone);
}

/* ---- tags of a file --------------------------------------------------------------- */

/* The clips that the network reads. */
static int find_clips(const nd_array **out, const nd_description *d, const char *feature,
                      nd_diag *diag)
{
    *out = nd_description_find(d, feature);
    if (!*out)
        return nd_diag_set(diag, ND_ENOTFOUND, "reading tags: a file described with %s expected",
                           feature);
    if ((*out)->n_dims > 0 && (*out)->dims[0] > 0) return 0;
    return nd_diag_set(diag, ND_ESHORT, "reading tags: more than 2 s expected");
}

/* @param logits  [C, K], taken */
static int make_tags(nd_tag_shares *out, nd_array *logits, const nd_model *model, nd_medium medium)
{
    nd_tag_shares t = {.medium = medium,
                       .n_clips = logits->dims[0],
                       .n_tags = (int)logits->dims[1],
                       .clips = logits->f32};
    *logits = (nd_array){0};
    t.names = nd_calloc((size_t)t.n_tags, sizeof *t.names);
    t.whole = nd_calloc((size_t)t.n_tags, sizeof *t.whole);
    int rc = t.names && t.whole ? copy_names(&t, nd_model_tags(model)) : ND_ENOMEM;
    if (rc) {
        nd_tag_shares_deinit(&t);
        return rc;
    }
    fill_shares(&t, is_multi_label(model, part_of(medium)));
    *out = t;
    return 0;
}

int nd_model_tags_of(nd_tag_shares *out, nd_model *model, const nd_description *d, int n_threads,
                     const nd_progress *progress, nd_diag *diag)
{
    const char *part = part_of(d->medium);
    const nd_array *clips = NULL;
    nd_network *network = NULL;
    nd_array logits = {0};
    int rc = nd_model_network(&network, model, part, diag);
    if (!rc) rc = check_names(model, part, nd_network_size_of(network).K, diag);
    if (!rc) rc = find_clips(&clips, d, nd_network_feature(network), diag);
    if (!rc) rc = nd_model_run(&logits, model, part, clips, true, n_threads, progress, diag);
    if (!rc && make_tags(out, &logits, model, d->medium))
        rc = nd_diag_set(diag, ND_ENOMEM, "reading tags of %s: out of memory", model->path);
    return rc;
}

void nd_tag_shares_deinit(nd_tag_shares *tags)
{
    for (int i = 0; tags->names && i < tags->n_tags; i++) free(tags->names[i]);
    free(tags->names);
    free(tags->whole);
    free(tags->clips);
    *tags = (nd_tag_shares){0};
}

int nd_tags_largest(int *out, const float *shares, int n_tags, int most)
{
    int n = ND_MIN(most, n_tags);
    for (int k = 0; k < n; k++) {
        int best = -1;
        for (int i = 0; i < n_tags; i++) {
            bool is_taken = false;
            for (int j = 0; j < k; j++) is_taken |= out[j] == i;
            if (!is_taken && (best < 0 || shares[i] > shares[best])) best = i;
        }
        out[k] = best;
    }
    return n;
}
