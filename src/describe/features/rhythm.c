/* Rhythm of each 4-s clip out of the track's own beats and onset strength.
 *
 * Beats stand where they are heard, the onset curve peaks one to three frames
 * later (rule 5 of models.md 7); the strength at a beat is the curve's largest
 * value from the beat's frame to three after it. */
#include <math.h>

#include "describe/hearing.h"

static const double FRAME_HZ = (double)ND_MUSIC_RATE_HZ / ND_ONSET_HOP;

static double strength_at(double time_s, const float *onset, int64_t t)
{
    int64_t first = (int64_t)floor(time_s * FRAME_HZ);
    double best = 0;
    for (int64_t i = ND_MAX(first, 0); i <= first + 3 && i < t; i++) best = fmax(best, onset[i]);
    return best;
}

/* The clip's beats are beats_s[0 .. n). */
static nd_rhythm clip_rhythm(const float *beats_s, int64_t n, const float *onset, int64_t t)
{
    nd_rhythm r = {.n_beats = (int32_t)n};
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += strength_at(beats_s[i], onset, t);
    if (n > 0) r.strength = (float)(sum / (double)n);
    if (n > 1) r.interval_s = (beats_s[n - 1] - beats_s[0]) / (float)(n - 1);
    return r;
}

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    int n_clips = nd_clip_count((double)in->samples->n / in->samples->rate_hz);
    nd_rhythm *clips = nd_calloc((size_t)n_clips, sizeof *clips);
    if (!clips) return nd_diag_set(diag, ND_ENOMEM, "rhythm of %d clips: out of memory", n_clips);
    int64_t n_beats, t;
    const float *beats_s = nd_description_f32(d, "beats_s", &n_beats);
    const float *onset = nd_description_f32(d, "onset", &t);
    int64_t first = 0;
    for (int c = 0; c < n_clips; c++) {
        int64_t end = first;
        while (end < n_beats && beats_s[end] < (c + 1) * ND_CLIP_S) end++;
        clips[c] = clip_rhythm(beats_s + first, end - first, onset, t);
        first = end;
    }
    int rc = nd_rhythm_add(d, "", clips, n_clips);
    free(clips);
    return rc ? nd_diag_set(diag, rc, "rhythm: %s", nd_error_text(rc)) : 0;
}

const nd_feature_ops nd_feature_rhythm = {
    .name = "rhythm",
    .summary = "beats, strength and interval of each clip",
    .paper = "Mao et al., Unified Pretraining Target Based Video-Music Retrieval, ICASSP 2024; "
             "deviation: beats of the whole track, placed where they are heard",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"clip_n_beats", "clip_beat_strength", "clip_beat_interval_s",
                                    "clip_rhythm_class", NULL},
    .is_default = true,
    .needs = (const char *const[]){"onset", "beat", NULL},
    .hear = hear,
};
