/* The mixer: places mono signals in stereo, echo and room, and masters the sum. */
#ifndef ND_SYNTH_MIXER_H
#define ND_SYNTH_MIXER_H

#include "base/base.h"

typedef struct nd_mixer nd_mixer;

/** Two channels of n samples at ND_SYNTH_RATE_HZ, silent. NULL: out of memory. */
nd_mixer *nd_mixer_create(int64_t n);
void nd_mixer_destroy(nd_mixer **m);

/** Add a mono signal.
 *  @param in    [n] f32, starting at sample at >= 0 (what is past the end is left out)
 *  @param pan   -1 left .. 1 right (constant power)
 *  @param room  0..1, share sent to the reverb */
void nd_mixer_add(nd_mixer *m, const float *in, int n, int64_t at, float gain, float pan,
                  float room);

/** Lower what is in the mixer so far (not what comes later) for 0.28 s from sample `at`, as dance
 *  music does under its kick.
 *  @param depth  0..1, at the start */
void nd_mixer_duck(nd_mixer *m, int64_t at, float depth);

/** From sample `at` on, this gain: a step of a loudness curve. */
typedef struct nd_level {
    int64_t at;
    float gain;
} nd_level;

/** Add the room, follow the loudness curve, bring the whole to rms_db (dB of full scale) and limit
 *  softly. Once for a mixer.
 *  @param room_s  reverberation time
 *  @param levels  [n_levels], rising; each is reached with a time constant of 20 ms
 *  @return interleaved stereo, [n][2] f32 within -1..1, borrowed from m */
const float *nd_mixer_master(nd_mixer *m, float room_s, const nd_level *levels, int n_levels,
                             float rms_db);

#endif
