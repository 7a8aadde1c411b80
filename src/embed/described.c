/* Descriptions and models. */
#include <math.h>
#include <string.h>

#include "describe/describe.h"
#include "embed/model.h"

/* ---- what a model reads ---------------------------------------------------------- */

bool nd_model_reads_published(const nd_model *model, const nd_matcher *m)
{
    const json_t *training = json_object_get(nd_model_record(model), "match");
    const json_t *said = json_object_get(training, "published");
    const json_t *config = nd_matcher_config(m);
    const char *structure = json_string_value(json_object_get(config, "structure"));
    const char *classes = json_string_value(json_object_get(config, "classes"));
    if (json_is_boolean(said)) return json_is_true(said);
    return (!structure || !strcmp(structure, "published")) &&
           (!classes || !strcmp(classes, "published"));
}

int nd_model_features(char out[128], nd_model *model, nd_medium medium, nd_diag *diag)
{
    nd_network *network = NULL;
    nd_matcher *matcher = NULL;
    int rc = nd_model_network(&network, model, medium == ND_MUSIC ? "music" : "video", diag);
    if (!rc) rc = nd_model_matcher(&matcher, model, diag);
    if (rc) return rc;
    bool published = nd_model_reads_published(model, matcher);
    const char *more = medium == ND_MUSIC ? ",rhythm_published"
                       : published        ? ",flow_published"
                                          : "";
    const char *needs = medium == ND_MUSIC ? nd_matcher_ops_of(matcher)->features : NULL;
    snprintf(out, 128, "default,%s%s%s%s", nd_network_feature(network), more, needs ? "," : "",
             needs ? needs : "");
    return 0;
}

char *nd_model_name(char out[64], const nd_model *model)
{
    const char *name = nd_path_name(model->path), *end = strstr(name, ".safetensors");
    size_t n = end ? (size_t)(end - name) : strlen(name);
    return nd_text_clean(out, 64, name, n);
}

/* ---- clips --------------------------------------------------------------------- */

static bool are_finite(const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

int64_t nd_clip_steps(const nd_network *network)
{
    const char *feature = nd_network_feature(network);
    if (!strcmp(feature, "fbank")) return 398;
    return !strcmp(feature, "frames") ? 224 : 32;
}

/* Clips that the network can read; 0: none. */
static int64_t count_clips(const nd_array *clips, const nd_network *network)
{
    bool fits = clips->dtype == ND_F32 && clips->n_dims == 3 &&
                clips->dims[1] == nd_clip_steps(network) &&
                clips->dims[2] == nd_network_size_of(network).F;
    return fits && are_finite(clips->f32, nd_array_count(clips)) ? clips->dims[0] : 0;
}

static void drop_array(nd_description *d, const char *name)
{
    for (size_t i = 0; i < d->n_arrays; i++) {
        if (strcmp(d->arrays[i].name, name)) continue;
        nd_array_deinit(&d->arrays[i]);
        memmove(&d->arrays[i], &d->arrays[i + 1], (d->n_arrays - i - 1) * sizeof *d->arrays);
        d->n_arrays--;
        return;
    }
}

static int add_clips(nd_description *d, const float *clips, int64_t n, int64_t D,
                     uint64_t extractor)
{
    int32_t halves[2] = {(int32_t)(uint32_t)extractor, (int32_t)(uint32_t)(extractor >> 32)};
    drop_array(d, "clip");
    drop_array(d, "clip_extractor");
    nd_array *a = nd_description_add(d, "clip", ND_F32, 2, (const int64_t[]){n, D});
    if (!a) return ND_ENOMEM;
    if (n) memcpy(a->f32, clips, (size_t)(n * D) * sizeof *clips);
    int rc = nd_description_add_i32(d, "clip_extractor", halves, 2);
    if (rc) drop_array(d, "clip");
    return rc;
}

int nd_clips_embed(nd_description *d, nd_network *network, uint64_t extractor, int n_threads,
                   const nd_progress *progress, nd_diag *diag)
{
    const char *feature = nd_network_feature(network);
    const nd_array *clips = nd_description_find(d, feature);
    if (!clips)
        return nd_diag_set(diag, ND_ENOTFOUND, "embedding clips: a file described with %s expected",
                           feature);
    int64_t n = count_clips(clips, network), D = nd_network_size_of(network).D;
    float *embedded = nd_calloc((size_t)n, (size_t)D * sizeof *embedded);
    if (!embedded) return nd_diag_set(diag, ND_ENOMEM, "embedding clips: out of memory");
    int rc = !n ? 0
                : nd_network_run(network, clips->f32, n, clips->dims[1], embedded, NULL, n_threads,
                                 progress, diag);
    if (!rc) {
        drop_array(d, feature);
        if (!are_finite(embedded, n * D)) n = 0;
        if (add_clips(d, embedded, n, D, extractor))
            rc = nd_diag_set(diag, ND_ENOMEM, "embedding clips: out of memory");
    }
    free(embedded);
    return rc;
}

uint64_t nd_clips_extractor(const nd_description *d)
{
    int64_t n;
    const int32_t *halves = nd_description_i32(d, "clip_extractor", &n);
    return n == 2 ? (uint32_t)halves[0] | (uint64_t)(uint32_t)halves[1] << 32 : 0;
}

/* ---- the item -------------------------------------------------------------------- */

static bool find_array(const void *user, const char *name, nd_array *view_out)
{
    const nd_array *a = nd_description_find(user, name);
    if (a) *view_out = *a;
    return a;
}

const float *nd_described_statistics(int *S_out, const nd_description *d)
{
    int64_t n = 0;
    const float *x = nd_description_f32(d, "statistics", &n);
    if (n != ND_STATISTICS || !are_finite(x, n)) n = 0;
    *S_out = (int)n;
    return n ? x : NULL;
}

int nd_described_make(nd_described *out, const nd_description *d, int64_t D, bool published,
                      nd_diag *diag)
{
    const nd_array *clips = nd_description_find(d, "clip");
    bool has[2], fits = clips && clips->dtype == ND_F32 && clips->n_dims == 2;
    if (!fits || clips->dims[1] != D || clips->dims[0] < 1 || clips->dims[0] > INT32_MAX ||
        !are_finite(clips->f32, clips->dims[0] * D))
        return nd_diag_set(diag, ND_ESHORT, "reading clips: embeddings of %lld numbers expected",
                           (long long)D);
    nd_described x = {.item = {.medium = d->medium, .C = (int)clips->dims[0], .clips = clips->f32}};
    x.pulse = nd_calloc((size_t)x.item.C, 3 * sizeof *x.pulse);
    x.classes = nd_calloc((size_t)x.item.C, 3 * sizeof *x.classes);
    if (!x.pulse || !x.classes) {
        nd_described_deinit(&x);
        return nd_diag_set(diag, ND_ENOMEM, "reading clips: out of memory");
    }
    nd_pulse_read(x.pulse, x.classes, has, find_array, d, d->medium, x.item.C, published);
    x.item.pulse = has[0] ? x.pulse : NULL;
    x.item.classes = has[1] ? x.classes : NULL;
    x.item.statistics = nd_described_statistics(&x.item.S, d);
    *out = x;
    return 0;
}

void nd_described_deinit(nd_described *x)
{
    free(x->pulse);
    free(x->classes);
    *x = (nd_described){0};
}
