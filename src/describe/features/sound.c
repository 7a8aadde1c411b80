/* The sound as people hear it: samples at 48 kHz, the mean of the channels. */

#include "describe/describe.h"

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    if (nd_description_add_f32(d, "sound", in->samples->data, in->samples->n))
        return nd_diag_set(diag, ND_ENOMEM, "keeping the sound: out of memory");
    return 0;
}

const nd_feature_ops nd_feature_sound = {
    .name = "sound",
    .summary = "samples to listen to, 48 kHz mono",
    .paper = "none",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"sound", NULL},
    .rate_hz = 48000,
    .hear = hear,
};
