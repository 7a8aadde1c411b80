/* Beats where they are heard, places in the bar, tempo: our own tracker. */
#include "describe/hearing.h"

static int add_beats(nd_description *d, const nd_beats *b)
{
    nd_array *a = nd_description_add(d, "beats_s", ND_F32, 1, &b->n);
    if (!a) return ND_ENOMEM;
    for (int64_t i = 0; i < b->n; i++) a->f32[i] = (float)b->time_s[i];
    int rc = nd_description_add_i32(d, "beat_position", b->position, b->n);
    if (!rc) rc = nd_description_add_f32(d, "beat_salience", b->salience, b->n);
    a = rc ? NULL : nd_description_add(d, "metre", ND_I32, 0, NULL);
    if (!a) return ND_ENOMEM;
    a->i32[0] = b->metre;
    return nd_description_add_scalar(d, "tempo_bpm", b->tempo_bpm);
}

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    nd_beats *b = NULL;
    int rc = nd_beats_create(&b, in->samples->data, in->samples->n);
    if (!rc) rc = add_beats(d, b);
    nd_beats_destroy(&b);
    return rc ? nd_diag_set(diag, rc, "beats: %s", nd_error_text(rc)) : 0;
}

const nd_feature_ops nd_feature_beat = {
    .name = "beat",
    .summary = "beats where they are heard, places in the bar, tempo",
    .paper = "Krebs, Boeck, Widmer, An efficient state-space model for joint tempo and meter "
             "tracking, ISMIR 2015; Boeck, Widmer, Maximum filter vibrato suppression for onset "
             "detection, DAFx 2013; level and bars: our own (src/describe/beat_level.c)",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"beats_s", "beat_position", "beat_salience", "metre",
                                    "tempo_bpm", NULL},
    .is_default = true,
    .hear = hear,
};
