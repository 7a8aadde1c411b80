/* Instruments: one note, or one stroke of a drum, as samples. */
#ifndef ND_SYNTH_INSTRUMENT_H
#define ND_SYNTH_INSTRUMENT_H

#include "base/base.h"

enum { ND_SYNTH_RATE_HZ = 32000 };

/** Names of `nd_instruments`. */
enum {
    ND_PAD,
    ND_STRINGS,
    ND_GLASS,
    ND_EPIANO,
    ND_ORGAN,
    ND_PLUCK,
    ND_HARP,
    ND_SUB_BASS,
    ND_SAW_BASS,
    ND_FM_BASS,
    ND_UPRIGHT,
    ND_SOFT_SAW,
    ND_FLUTE,
    ND_VIBES,
    ND_SQUARE,
    ND_BRASS,
    ND_N_INSTRUMENTS
};

/** How an instrument makes its tone. */
typedef enum nd_tone { ND_TONE_SAW, ND_TONE_FM, ND_TONE_SINES, ND_TONE_STRING } nd_tone;

typedef struct nd_instrument {
    const char *name;
    nd_tone tone;
    float gain;               /* brings all to a like loudness */
    float attack_s, decay_s;  /* decay towards sustain: time constant */
    float sustain, release_s; /* 0..1; time constant */
    float detune;             /* SAW: spread of its voices, as a ratio - 1 */
    float square;             /* SAW: 0 saw .. 1 square */
    float cutoff, sweep;      /* SAW: low pass in multiples of the pitch, and at the attack */
    float resonance;          /* SAW: 0..0.9 */
    float ratio, index;       /* FM: modulator's pitch ratio, depth at the attack (turns) */
    float index_decay_s;      /* FM */
    float partials[6];        /* SINES: their amplitudes */
    float breath;             /* SINES: noise beside the tone, 0..1 */
    float vibrato;            /* depth as a ratio - 1 */
    float ring_s, bright;     /* STRING: decay to 1/1000 at 220 Hz; 0..1 */
} nd_instrument;

extern const nd_instrument nd_instruments[ND_N_INSTRUMENTS];

/** Add a note to out.
 *  @param out      [n] f32; the note starts at out[0] and is cut at n
 *  @param pitch    MIDI number, fractions allowed, 12..120
 *  @param length_s until the key is let go; the release follows
 *  @param loud     0..1; softer is darker too
 *  @param seed     of its noise and phases
 *  Threads: safe. Cost: about 10 ns a sample a voice. */
void nd_instrument_play(float *out, int n, const nd_instrument *ins, float pitch, float length_s,
                        float loud, uint64_t seed);

/** @return samples until a note of that length cannot be heard any more. */
int nd_instrument_samples(const nd_instrument *ins, float length_s);

/** Strokes of the drum kit. */
typedef enum nd_drum {
    ND_KICK,
    ND_SNARE,
    ND_RIM,
    ND_HAT,
    ND_OPEN_HAT,
    ND_RIDE,
    ND_SHAKER,
    ND_TOM,
    ND_CLAP,
    ND_CRASH,
    ND_N_DRUMS
} nd_drum;

enum { ND_DRUM_SAMPLES = 2 * ND_SYNTH_RATE_HZ };

/** Render one stroke; its attack is at out[0].
 *  @param out   [ND_DRUM_SAMPLES] f32, overwritten
 *  @param tune  pitch ratio, 0.7..1.4
 *  @param hard  0 brushes .. 1 sticks: brightness
 *  @return samples until it has died away */
int nd_drum_render(float *out, nd_drum drum, float tune, float hard, uint64_t seed);

#endif
