/* Rhythm of each 4-s clip tracked alone, as the published code extracts it. */
#include <string.h>

#include "describe/hearing.h"

enum { CLIP_SAMPLES = 4 * ND_MUSIC_RATE_HZ, CLIP_FRAMES = 1 + CLIP_SAMPLES / ND_ONSET_HOP };

/* clip: [CLIP_SAMPLES] */
static int track_clip(nd_rhythm *out, const float *clip)
{
    float onset[CLIP_FRAMES];
    int32_t beats[CLIP_FRAMES];
    int64_t n;
    double tempo, sum = 0;
    int rc = nd_onset_strength(onset, clip, CLIP_SAMPLES);
    if (!rc) rc = nd_beat_track_published(beats, &n, &tempo, onset, CLIP_FRAMES);
    if (rc) return rc;
    for (int64_t i = 0; i < n; i++) sum += onset[beats[i]];
    out->n_beats = (int32_t)n;
    out->strength = n ? (float)(sum / (double)n) : 0;
    double frames = n > 1 ? (double)(beats[n - 1] - beats[0]) / (double)(n - 1) : 0;
    out->interval_s = (float)(frames * ND_ONSET_HOP / ND_MUSIC_RATE_HZ);
    return 0;
}

static int track_clips(nd_rhythm *clips, int n_clips, const nd_samples *s)
{
    float *clip = nd_calloc(CLIP_SAMPLES, sizeof *clip);
    int rc = clip ? 0 : ND_ENOMEM;
    for (int c = 0; c < n_clips && !rc; c++) {
        int64_t start = (int64_t)c * CLIP_SAMPLES, n = ND_MIN(s->n - start, CLIP_SAMPLES);
        memcpy(clip, s->data + start, (size_t)n * sizeof *clip);
        memset(clip + n, 0, (size_t)(CLIP_SAMPLES - n) * sizeof *clip);
        rc = track_clip(&clips[c], clip);
    }
    free(clip);
    return rc;
}

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    int n_clips = nd_clip_count((double)in->samples->n / in->samples->rate_hz);
    nd_rhythm *clips = nd_calloc((size_t)n_clips, sizeof *clips);
    int rc = clips ? track_clips(clips, n_clips, in->samples) : ND_ENOMEM;
    if (!rc) rc = nd_rhythm_add(d, "published_", clips, n_clips);
    free(clips);
    return rc ? nd_diag_set(diag, rc, "published rhythm: %s", nd_error_text(rc)) : 0;
}

const nd_feature_ops nd_feature_rhythm_published = {
    .name = "rhythm_published",
    .summary = "beats, strength and interval of each clip tracked alone",
    .paper = "Mao et al., Unified Pretraining Target Based Video-Music Retrieval, ICASSP 2024",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"published_clip_n_beats", "published_clip_beat_strength",
                                    "published_clip_beat_interval_s", "published_clip_rhythm_class",
                                    NULL},
    .hear = hear,
};
