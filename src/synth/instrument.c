/* Four ways to make a tone, and the instruments that are settings of them.
 *   SAW     two detuned saws or squares, band-limited by polyBLEP (Valimaki, Huovilainen 2007),
 *           through a state-variable low pass (Simper 2013) that closes after the attack
 *   FM      one modulator, one carrier (Chowning 1973)
 *   SINES   up to six partials with vibrato and breath
 *   STRING  a plucked string (Karplus, Strong 1983; fractional delay after Jaffe, Smith 1983) */
#include <math.h>
#include <string.h>

#include "synth/instrument.h"

#define RATE   ((float)ND_SYNTH_RATE_HZ)
#define TWO_PI 6.28318530718f

const nd_instrument nd_instruments[ND_N_INSTRUMENTS] = {
    [ND_PAD] = {.name = "pad",
                .tone = ND_TONE_SAW,
                .gain = .36f,
                .attack_s = .45f,
                .decay_s = 2,
                .sustain = .8f,
                .release_s = .5f,
                .detune = .006f,
                .cutoff = 4,
                .sweep = 1},
    [ND_STRINGS] = {.name = "strings",
                    .tone = ND_TONE_SAW,
                    .gain = .34f,
                    .attack_s = .12f,
                    .decay_s = 1,
                    .sustain = .85f,
                    .release_s = .22f,
                    .detune = .004f,
                    .cutoff = 7,
                    .sweep = 2,
                    .vibrato = .003f},
    [ND_GLASS] = {.name = "glass pad",
                  .tone = ND_TONE_SINES,
                  .gain = .4f,
                  .attack_s = .5f,
                  .decay_s = 3,
                  .sustain = .7f,
                  .release_s = .7f,
                  .partials = {1, .25f, .3f, .06f, .1f, .05f},
                  .breath = .03f,
                  .vibrato = .002f},
    [ND_EPIANO] = {.name = "electric piano",
                   .tone = ND_TONE_FM,
                   .gain = .46f,
                   .attack_s = .002f,
                   .decay_s = .9f,
                   .sustain = .12f,
                   .release_s = .12f,
                   .ratio = 1,
                   .index = .24f,
                   .index_decay_s = .35f},
    [ND_ORGAN] = {.name = "organ",
                  .tone = ND_TONE_SINES,
                  .gain = .3f,
                  .attack_s = .012f,
                  .decay_s = 1,
                  .sustain = .9f,
                  .release_s = .05f,
                  .partials = {1, .7f, .5f, .35f, .1f, .2f},
                  .vibrato = .002f},
    [ND_PLUCK] = {.name = "guitar",
                  .tone = ND_TONE_STRING,
                  .gain = .75f,
                  .release_s = .1f,
                  .ring_s = 1.6f,
                  .bright = .5f},
    [ND_HARP] = {.name = "harp",
                 .tone = ND_TONE_STRING,
                 .gain = .8f,
                 .release_s = .6f,
                 .ring_s = 3,
                 .bright = .3f},
    [ND_SUB_BASS] = {.name = "sub bass",
                     .tone = ND_TONE_SINES,
                     .gain = .44f,
                     .attack_s = .006f,
                     .decay_s = .8f,
                     .sustain = .7f,
                     .release_s = .05f,
                     .partials = {1, .3f, .12f, .05f}},
    [ND_SAW_BASS] = {.name = "saw bass",
                     .tone = ND_TONE_SAW,
                     .gain = .5f,
                     .attack_s = .003f,
                     .decay_s = .2f,
                     .sustain = .55f,
                     .release_s = .04f,
                     .detune = .003f,
                     .cutoff = 4,
                     .sweep = 9,
                     .resonance = .45f},
    [ND_FM_BASS] = {.name = "synth bass",
                    .tone = ND_TONE_FM,
                    .gain = .56f,
                    .attack_s = .003f,
                    .decay_s = .4f,
                    .sustain = .4f,
                    .release_s = .05f,
                    .ratio = 2,
                    .index = .45f,
                    .index_decay_s = .12f},
    [ND_UPRIGHT] = {.name = "upright bass",
                    .tone = ND_TONE_STRING,
                    .gain = 1.6f,
                    .release_s = .09f,
                    .ring_s = 1.5f,
                    .bright = .2f},
    [ND_SOFT_SAW] = {.name = "saw lead",
                     .tone = ND_TONE_SAW,
                     .gain = .4f,
                     .attack_s = .012f,
                     .decay_s = .4f,
                     .sustain = .6f,
                     .release_s = .09f,
                     .detune = .005f,
                     .cutoff = 5,
                     .sweep = 5,
                     .resonance = .2f,
                     .vibrato = .004f},
    [ND_FLUTE] = {.name = "flute",
                  .tone = ND_TONE_SINES,
                  .gain = .5f,
                  .attack_s = .06f,
                  .decay_s = 1,
                  .sustain = .85f,
                  .release_s = .09f,
                  .partials = {1, .35f, .14f, .05f},
                  .breath = .12f,
                  .vibrato = .006f},
    [ND_VIBES] = {.name = "vibraphone",
                  .tone = ND_TONE_FM,
                  .gain = .5f,
                  .attack_s = .001f,
                  .decay_s = 1.1f,
                  .sustain = 0,
                  .release_s = .35f,
                  .ratio = 4,
                  .index = .14f,
                  .index_decay_s = .12f},
    [ND_SQUARE] = {.name = "square lead",
                   .tone = ND_TONE_SAW,
                   .gain = .3f,
                   .attack_s = .005f,
                   .decay_s = .3f,
                   .sustain = .6f,
                   .release_s = .06f,
                   .detune = .002f,
                   .square = 1,
                   .cutoff = 6,
                   .sweep = 4,
                   .vibrato = .004f},
    [ND_BRASS] = {.name = "brass",
                  .tone = ND_TONE_SAW,
                  .gain = .36f,
                  .attack_s = .05f,
                  .decay_s = .5f,
                  .sustain = .75f,
                  .release_s = .08f,
                  .detune = .003f,
                  .cutoff = 3,
                  .sweep = 6,
                  .resonance = .1f,
                  .vibrato = .003f},
};

/* sin(2 pi x) for any x, error below 1e-3: a parabola and its correction. */
static float sine(float x)
{
    x -= floorf(x + .5f);
    float y = 8 * x - 16 * x * fabsf(x);
    return y * (.775f + .225f * fabsf(y));
}

/* White noise of a 32-bit generator (Marsaglia's xorshift), -1..1. */
static float noise(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return (float)(int32_t)x * 0x1p-31f;
}

static uint32_t noise_seed(uint64_t seed)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, 1);
    return (uint32_t)nd_rng_next(&rng) | 1;
}

/* Per-sample factor of a decay with that time constant. */
static float decay_factor(float seconds)
{
    return seconds > 0 ? expf(-1 / (seconds * RATE)) : 0;
}

typedef struct envelope {
    float level, attack_step, decay, sustain, release;
    int attack_n, hold_n, at;
} envelope;

static envelope envelope_of(const nd_instrument *ins, float length_s)
{
    int attack_n = (int)(ND_MIN(ins->attack_s, .6f * length_s) * RATE) + 8;
    return (envelope){.attack_step = 1 / (float)attack_n,
                      .decay = decay_factor(ins->decay_s),
                      .sustain = ins->sustain,
                      .release = decay_factor(ins->release_s),
                      .attack_n = attack_n,
                      .hold_n = ND_MAX((int)(length_s * RATE), attack_n)};
}

static inline float envelope_next(envelope *e)
{
    int at = e->at++;
    if (at < e->attack_n) e->level += e->attack_step;
    else if (at < e->hold_n) e->level = e->sustain + (e->level - e->sustain) * e->decay;
    else e->level *= e->release;
    return e->level;
}

/* What the step of a saw at phase 0 needs to lose its aliases. */
static inline float poly_blep(float phase, float step)
{
    if (phase < step) {
        float x = phase / step;
        return x + x - x * x - 1;
    }
    if (phase > 1 - step) {
        float x = (phase - 1) / step;
        return x * x + x + x + 1;
    }
    return 0;
}

static inline float saw(float phase, float step)
{
    return 2 * phase - 1 - poly_blep(phase, step);
}

static inline float wrap(float phase)
{
    return phase >= 1 ? phase - 1 : phase;
}

/* The low pass of Simper's state-variable filter; its two integrators are a, b. */
typedef struct lowpass {
    float a, b, g, k;
} lowpass;

static void lowpass_set(lowpass *f, float cutoff_hz, float resonance)
{
    f->g = tanf(.5f * TWO_PI * ND_MIN(cutoff_hz, .42f * RATE) / RATE);
    f->k = 2 - 2 * resonance;
}

static inline float lowpass_next(lowpass *f, float in)
{
    float a1 = 1 / (1 + f->g * (f->g + f->k)), v3 = in - f->b;
    float v1 = a1 * f->a + f->g * a1 * v3, v2 = f->b + f->g * v1;
    f->a = 2 * v1 - f->a;
    f->b = 2 * v2 - f->b;
    return v2;
}

static float vibrato_at(const nd_instrument *ins, int i)
{
    float s = (float)i / RATE, depth = ND_MIN(1.0f, ND_MAX(0.0f, 2 * s - .3f));
    return 1 + ins->vibrato * depth * sine(5.3f * s);
}

static void play_saw(float *out, int n, const nd_instrument *ins, float hz, float loud, envelope e,
                     uint32_t seed)
{
    enum { BLOCK = 32 };
    lowpass filter = {0};
    float phase[2] = {.5f * fabsf(noise(&seed)), .5f + .5f * fabsf(noise(&seed))};
    float sweep = ins->sweep * loud, sweep_decay = decay_factor(.12f);
    for (int block = 0; block < n; block += BLOCK) {
        float base = hz * vibrato_at(ins, block) / RATE;
        float steps[2] = {base * (1 + ins->detune), base * (1 - ins->detune)};
        lowpass_set(&filter, hz * (ins->cutoff * (.5f + .5f * loud) + sweep), ins->resonance);
        sweep *= powf(sweep_decay, BLOCK);
        for (int i = block; i < ND_MIN(block + BLOCK, n); i++) {
            float x = 0;
            for (int v = 0; v < 2; v++) {
                phase[v] = wrap(phase[v] + steps[v]);
                x += saw(phase[v], steps[v]);
                if (ins->square > 0) x -= ins->square * saw(wrap(phase[v] + .5f), steps[v]);
            }
            out[i] += .5f * ins->gain * loud * envelope_next(&e) * lowpass_next(&filter, x);
        }
    }
}

static void play_fm(float *out, int n, const nd_instrument *ins, float hz, float loud, envelope e)
{
    float phase = 0, modulator = 0, index = ins->index * loud;
    float index_decay = decay_factor(ins->index_decay_s);
    float step = hz / RATE;
    for (int i = 0; i < n; i++) {
        phase = wrap(phase + step);
        modulator = wrap(modulator + step * ins->ratio);
        float body = sine(phase + (.06f + index) * sine(modulator));
        out[i] += ins->gain * loud * envelope_next(&e) * body;
        index *= index_decay;
    }
}

static void play_sines(float *out, int n, const nd_instrument *ins, float hz, float loud,
                       envelope e, uint32_t seed)
{
    int n_partials = 0;
    while (n_partials < 6 && ins->partials[n_partials] > 0 &&
           hz * (float)(n_partials + 1) < .45f * RATE)
        n_partials++;
    float phase = 0, breath = 0, step = hz / RATE;
    for (int i = 0; i < n; i++) {
        if (i % 32 == 0) step = hz * vibrato_at(ins, i) / RATE;
        phase = wrap(phase + step);
        float x = 0;
        for (int k = 0; k < n_partials; k++) x += ins->partials[k] * sine((float)(k + 1) * phase);
        breath += .2f * (noise(&seed) - breath);
        out[i] += ins->gain * loud * envelope_next(&e) * (x + ins->breath * 3 * breath);
    }
}

static void play_string(float *out, int n, const nd_instrument *ins, float hz, float loud,
                        float length_s, uint32_t seed)
{
    enum { LINE = 1024 };
    float line[LINE], period = ND_CLAMP(RATE / hz, 4.0f, (float)LINE - 2) - .5f;
    int whole = (int)period, at = 0, hold_n = (int)(length_s * RATE);
    float part = period - (float)whole, allpass = (1 - part) / (1 + part);
    float smooth = 0, last = 0, held = 0, mean = 0;
    float bright = ins->bright * (.5f + .5f * loud) + .12f;
    for (int i = 0; i < whole; i++) mean += line[i] = smooth += bright * (noise(&seed) - smooth);
    float scale = .8f / sqrtf(bright / (2 - bright) + 1e-3f);
    for (int i = 0; i < whole; i++) line[i] = scale * (line[i] - mean / (float)whole);
    float ring_s = ins->ring_s * powf(220 / hz, .4f);
    float keep = powf(.001f, period / RATE / ring_s), release = decay_factor(ins->release_s);
    float level = ins->gain * loud;
    for (int i = 0; i < n; i++) {
        float x = line[at], y = .5f * (x + last) * keep;
        float shifted = allpass * y + held - allpass * line[at ? at - 1 : whole - 1];
        held = y;
        last = x;
        line[at] = shifted;
        at = at + 1 < whole ? at + 1 : 0;
        if (i > hold_n) level *= release;
        out[i] += level * x * ND_MIN(1.0f, (float)i / 16);
    }
}

void nd_instrument_play(float *out, int n, const nd_instrument *ins, float pitch, float length_s,
                        float loud, uint64_t seed)
{
    float hz = 440 * exp2f((pitch - 69) / 12);
    envelope e = envelope_of(ins, length_s);
    uint32_t state = noise_seed(seed);
    switch (ins->tone) {
    case ND_TONE_SAW: play_saw(out, n, ins, hz, loud, e, state); break;
    case ND_TONE_FM: play_fm(out, n, ins, hz, loud, e); break;
    case ND_TONE_SINES: play_sines(out, n, ins, hz, loud, e, state); break;
    case ND_TONE_STRING: play_string(out, n, ins, hz, loud, length_s, state); break;
    }
}

int nd_instrument_samples(const nd_instrument *ins, float length_s)
{
    return (int)((length_s + ins->attack_s + 6 * ins->release_s) * RATE) + 64;
}
