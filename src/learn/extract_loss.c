/* What is lost when clips are kept as bytes: the error of the values, and how far a network's
 * embedding turns. The network is a Conformer with random weights: what it makes of a clip
 * depends on all of it. */
#include <math.h>
#include <string.h>

#include "learn/extract.h"

enum { MEASURED_CLIPS = 8, SEED = 1 };

static const struct {
    const char *array;
    nd_cache_encoding encoding;
    const char *part;
} compared[ND_N_LOSSES] = {
    {"fbank", ND_CACHE_BANDS, "music"},
    {"fbank", ND_CACHE_HALF, "music"},
    {"frames", ND_CACHE_BYTE, "video"},
    {"colour_frames", ND_CACHE_UNIT, "video"},
};

struct nd_loss_meter {
    nd_network *networks[ND_N_LOSSES];
};

int nd__loss_meter_create(nd_loss_meter **out, nd_diag *diag)
{
    nd_loss_meter *m = nd_calloc(1, sizeof *m);
    int rc = m ? 0 : nd_diag_set(diag, ND_ENOMEM, "measuring what is lost: out of memory");
    for (int i = 0; i < ND_N_LOSSES && !rc; i++) {
        json_t *config = nd_network_preset(NULL, "tiny", compared[i].array, 0);
        if (!config) rc = nd_diag_set(diag, ND_ENOMEM, "measuring what is lost: out of memory");
        if (!rc) rc = nd_network_create(&m->networks[i], config, compared[i].part, diag);
        if (!rc) nd_params_init(nd_network_params(m->networks[i]), SEED);
        json_decref(config);
    }
    if (rc) nd__loss_meter_destroy(&m);
    else *out = m;
    return rc;
}

void nd__loss_meter_destroy(nd_loss_meter **meter)
{
    if (!meter || !*meter) return;
    for (int i = 0; i < ND_N_LOSSES; i++) nd_network_destroy(&(*meter)->networks[i]);
    free(*meter);
    *meter = NULL;
}

static double cosine_difference(const float *a, const float *b, int64_t n)
{
    double aa = 0, bb = 0, dd = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)a[i] - (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
        dd += d * d;
    }
    double lengths = sqrt(aa * bb), stretch = sqrt(aa) - sqrt(bb);
    /* 1 - a.b / |a||b|, without the difference of two numbers near 1 */
    return lengths > 0 ? (dd - stretch * stretch) / (2 * lengths) : 0;
}

static void add_errors(nd_loss_sum *sum, const float *a, const float *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double error = fabs((double)a[i] - (double)b[i]);
        sum->max_error = fmax(sum->max_error, error);
        sum->square_error += error * error;
    }
    sum->n_values += n;
    sum->n_clips++;
}

/* Embed both of a clip, [2, T, F]; compare them, and the clip with the one before it.
 *  @param embeddings  [3, D]: of the clip before, and room */
static int add_embeddings(nd_loss_sum *sum, nd_network *network, const float *both, int64_t T,
                          float *embeddings, bool is_first, nd_diag *diag)
{
    int64_t D = nd_network_size_of(network).D;
    float *clip = embeddings + D;
    int rc = nd_network_run(network, both, 2, T, clip, NULL, 1, NULL, diag);
    if (rc) return rc;
    double difference = cosine_difference(clip, clip + D, D);
    sum->cosine_difference += difference;
    sum->max_cosine_difference = fmax(sum->max_cosine_difference, difference);
    if (!is_first) {
        sum->neighbour_difference += cosine_difference(embeddings, clip, D);
        sum->n_neighbours++;
    }
    memcpy(embeddings, clip, (size_t)D * sizeof *clip);
    return 0;
}

/* @param both  [2, T, F] room  @param bytes  room for one clip  @param embeddings  [3, D] room */
static int measure_clips(nd_loss_sum *sum, nd_network *network, nd_cache_encoding encoding,
                         const nd_array *a, float *both, uint8_t *bytes, float *embeddings,
                         nd_diag *diag)
{
    int64_t T = a->dims[1], F = a->dims[2], n = T * F;
    int rc = 0;
    for (int64_t c = 0; c < ND_MIN(a->dims[0], MEASURED_CLIPS) && !rc; c++) {
        memcpy(both, a->f32 + c * n, (size_t)n * sizeof *both);
        nd_cache_encode_clip(bytes, encoding, both, T, F);
        nd_cache_decode_clip(both + n, encoding, bytes, T, F);
        add_errors(sum, both, both + n, n);
        /* Where all values are exact, so are embeddings. */
        bool is_exact = encoding == ND_CACHE_BYTE || encoding == ND_CACHE_UNIT;
        if (!is_exact || memcmp(both, both + n, (size_t)n * sizeof *both))
            rc = add_embeddings(sum, network, both, T, embeddings, c == 0, diag);
    }
    return rc;
}

static int measure_array(nd_loss_sum *sum, nd_network *network, nd_cache_encoding encoding,
                         const nd_array *a, nd_diag *diag)
{
    int64_t T = a->dims[1], F = a->dims[2], D = nd_network_size_of(network).D;
    float *both = nd_calloc((size_t)(T * F), 2 * sizeof *both);
    uint8_t *bytes = nd_calloc(nd_cache_clip_bytes(encoding, T, F), 1);
    float *embeddings = nd_calloc((size_t)D, 3 * sizeof *embeddings);
    int rc = both && bytes && embeddings
                 ? measure_clips(sum, network, encoding, a, both, bytes, embeddings, diag)
                 : nd_diag_set(diag, ND_ENOMEM, "measuring what is lost: out of memory");
    free(both);
    free(bytes);
    free(embeddings);
    return rc;
}

int nd__loss_measure(nd_loss_sum *sums, nd_loss_meter *meter, const nd_description *d,
                     nd_diag *diag)
{
    int rc = 0;
    for (int i = 0; i < ND_N_LOSSES && !rc; i++) {
        const nd_array *a = nd_description_find(d, compared[i].array);
        if (a) rc = measure_array(&sums[i], meter->networks[i], compared[i].encoding, a, diag);
    }
    return rc;
}

void nd__loss_report(nd_extract_report *report, const nd_loss_sum *sums, bool half)
{
    for (int i = 0; i < ND_N_LOSSES; i++) {
        const nd_loss_sum *s = &sums[i];
        if (!s->n_clips) continue;
        report->losses[report->n_losses++] = (nd_extract_loss){
            .array = compared[i].array,
            .encoding = nd_cache_encoding_name(compared[i].encoding),
            .is_kept = compared[i].encoding == nd_cache_encoding_for(compared[i].array, half),
            .n_clips = s->n_clips,
            .max_error = s->max_error,
            .rms_error = sqrt(s->square_error / (double)s->n_values),
            .mean_cosine_difference = s->cosine_difference / (double)s->n_clips,
            .max_cosine_difference = s->max_cosine_difference,
            .neighbour_cosine_difference = s->n_neighbours
                                               ? s->neighbour_difference / (double)s->n_neighbours
                                               : 0};
    }
}
