/* Beats by librosa's rules on the whole track: the reference beside `beat`. */
#include "describe/hearing.h"

static int add_beats(nd_description *d, const int32_t *frames, int64_t n, double tempo_bpm)
{
    nd_array *a = nd_description_add(d, "published_beats_s", ND_F32, 1, &n);
    if (!a) return ND_ENOMEM;
    for (int64_t i = 0; i < n; i++)
        a->f32[i] = (float)((double)frames[i] * ND_ONSET_HOP / ND_MUSIC_RATE_HZ);
    return nd_description_add_scalar(d, "published_tempo_bpm", tempo_bpm);
}

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    (void)in;
    int64_t t, n;
    double tempo;
    const float *onset = nd_description_f32(d, "onset", &t);
    int32_t *frames = nd_calloc((size_t)t, sizeof *frames);
    int rc = frames ? nd_beat_track_published(frames, &n, &tempo, onset, t) : ND_ENOMEM;
    if (!rc) rc = add_beats(d, frames, n, tempo);
    free(frames);
    return rc ? nd_diag_set(diag, rc, "published beats: %s", nd_error_text(rc)) : 0;
}

const nd_feature_ops nd_feature_beat_published = {
    .name = "beat_published",
    .summary = "beats of the whole track by librosa's rules",
    .paper = "Ellis, Beat tracking by dynamic programming, JNMR 36(1), 2007, as in librosa 0.11",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"published_beats_s", "published_tempo_bpm", NULL},
    .needs = (const char *const[]){"onset", NULL},
    .hear = hear,
};
