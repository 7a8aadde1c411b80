/* Log-mel filter bank of each 4-s clip: what the music Conformer reads. */
#include <string.h>

#include "describe/hearing.h"

enum { CLIP_SAMPLES = 4 * ND_MUSIC_RATE_HZ };

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    const nd_samples *s = in->samples;
    int n_clips = nd_clip_count((double)s->n / s->rate_hz);
    int64_t dims[] = {n_clips, ND_FBANK_CLIP_FRAMES, ND_FBANK_BANDS};
    nd_array *a = nd_description_add(d, "fbank", ND_F32, 3, dims);
    float *clip = nd_calloc(CLIP_SAMPLES, sizeof *clip);
    int rc = a && clip ? 0 : ND_ENOMEM;
    for (int c = 0; c < n_clips && !rc; c++) {
        int64_t start = (int64_t)c * CLIP_SAMPLES, n = ND_MIN(s->n - start, CLIP_SAMPLES);
        memset(clip + n, 0, (size_t)(CLIP_SAMPLES - n) * sizeof *clip);
        memcpy(clip, s->data + start, (size_t)n * sizeof *clip);
        rc = nd_fbank_compute(a->f32 + c * dims[1] * dims[2], clip, CLIP_SAMPLES);
    }
    free(clip);
    return rc ? nd_diag_set(diag, rc, "log-mel of %d clips: %s", n_clips, nd_error_text(rc)) : 0;
}

const nd_feature_ops nd_feature_fbank = {
    .name = "fbank",
    .summary = "log-mel filter bank, 398 x 80 a clip",
    .paper = "Kaldi feature-fbank; Povey et al., The Kaldi Speech Recognition Toolkit, ASRU 2011",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"fbank", NULL},
    .hear = hear,
};
