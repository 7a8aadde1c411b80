/* The sound as people hear it: left and right at 48 kHz. */
#include <string.h>

#include "describe/describe.h"

enum { N_CHANNELS = 2 };

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    ND_ASSERT(in->samples->n_channels == N_CHANNELS);
    nd_array *a = nd_description_add(d, "sound", ND_F32, 2,
                                     (const int64_t[]){in->samples->n, N_CHANNELS});
    if (!a) return nd_diag_set(diag, ND_ENOMEM, "keeping the sound: out of memory");
    memcpy(a->f32, in->samples->data, (size_t)in->samples->n * N_CHANNELS * sizeof *a->f32);
    return 0;
}

const nd_feature_ops nd_feature_sound = {
    .name = "sound",
    .summary = "samples to listen to, 48 kHz stereo",
    .paper = "none",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"sound", NULL},
    .rate_hz = 48000,
    .n_channels = N_CHANNELS,
    .hear = hear,
};
