/* Onset strength of the whole track, one value each 32 ms. */
#include "describe/hearing.h"

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    int64_t t = nd_onset_frame_count(in->samples->n);
    nd_array *a = nd_description_add(d, "onset", ND_F32, 1, &t);
    int rc = a ? nd_onset_strength(a->f32, in->samples->data, in->samples->n) : ND_ENOMEM;
    return rc ? nd_diag_set(diag, rc, "onset strength: %s", nd_error_text(rc)) : 0;
}

const nd_feature_ops nd_feature_onset = {
    .name = "onset",
    .summary = "onset strength, one value each 32 ms",
    .paper = "Boeck, Widmer, Maximum filter vibrato suppression for onset detection, DAFx 2013, "
             "as in librosa 0.11 (no maximum filter, lag 1)",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"onset", NULL},
    .is_default = true,
    .hear = hear,
};
