/* The drum kit: a falling sine for the body, filtered noise for skin, wires and metal. */
#include <math.h>
#include <string.h>

#include "synth/instrument.h"

#define RATE   ((float)ND_SYNTH_RATE_HZ)
#define TWO_PI 6.28318530718f

/* body: from hz + drop down to hz. noise: between the two corners. metal: six inharmonic
 * squares, as drum machines have them. bursts: clap-like repeats of the noise, 11 ms apart. */
typedef struct stroke {
    float gain, hz, drop_hz, drop_s, body, body_s;
    float noise, noise_s, low_hz, high_hz, metal, attack_s;
    int bursts;
} stroke;

static const stroke strokes[ND_N_DRUMS] = {
    [ND_KICK] = {1, 48, 130, .035f, 1, .16f, .25f, .006f, 800, 5000, 0, 0, 0},
    [ND_SNARE] = {.7f, 185, 120, .02f, .55f, .07f, .8f, .11f, 1200, 9000, 0, 0, 0},
    [ND_RIM] = {.45f, 430, 300, .01f, .7f, .025f, .5f, .02f, 1500, 8000, 0, 0, 0},
    [ND_HAT] = {.42f, 0, 0, 1, 0, 1, .8f, .035f, 6500, 14000, .4f, 0, 0},
    [ND_OPEN_HAT] = {.38f, 0, 0, 1, 0, 1, .7f, .2f, 6000, 14000, .5f, 0, 0},
    [ND_RIDE] = {.4f, 0, 0, 1, 0, 1, .35f, .4f, 5000, 12000, .8f, 0, 0},
    [ND_SHAKER] = {.45f, 0, 0, 1, 0, 1, 1, .04f, 4500, 11000, 0, .012f, 0},
    [ND_TOM] = {.8f, 95, 60, .06f, 1, .22f, .25f, .03f, 500, 4000, 0, 0, 0},
    [ND_CLAP] = {.6f, 0, 0, 1, 0, 1, 1, .09f, 900, 7000, 0, 0, 3},
    [ND_CRASH] = {.34f, 0, 0, 1, 0, 1, .9f, .5f, 3000, 13000, .5f, 0, 0},
};

static float white(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(*state >> 32) * 0x1p-31f;
}

/* One-pole coefficient of a corner. */
static float corner(float hz)
{
    return 1 - expf(-TWO_PI * ND_MIN(hz, .45f * RATE) / RATE);
}

static float metal_at(float phases[6], float tune)
{
    static const float hz[6] = {2053, 3041, 3697, 5222, 5401, 8003};
    float x = 0;
    for (int k = 0; k < 6; k++) {
        phases[k] += hz[k] * tune / RATE;
        phases[k] -= floorf(phases[k]);
        x += phases[k] < .5f ? 1 : -1;
    }
    return x / 3;
}

static float noise_level(const stroke *s, float t, float decay)
{
    float start = 0;
    for (int i = 0; i < s->bursts && t > .011f * (float)(i + 1); i++)
        start = .011f * (float)(i + 1);
    float rise = s->attack_s > 0 ? ND_MIN(1.0f, t / s->attack_s) : 1;
    bool in_burst = s->bursts && start < .011f * (float)s->bursts;
    return rise * expf(-(t - start) / (in_burst ? .005f : decay));
}

int nd_drum_render(float *out, nd_drum drum, float tune, float hard, uint64_t seed)
{
    const stroke *s = &strokes[drum];
    uint64_t state = seed * 2 + 1;
    float bright = .55f + .45f * hard, longer = 1.3f - .3f * hard;
    float phase = 0, phases[6] = {0}, low[2] = {0}, high[2] = {0};
    float to_low = corner(s->low_hz * bright), to_high = corner(s->high_hz * bright);
    float slowest = ND_MAX(s->body > 0 ? s->body_s : 0, s->noise_s * longer) * 7 +
                    .011f * (float)s->bursts;
    int n = ND_MIN((int)(slowest * RATE), (int)ND_DRUM_SAMPLES);
    memset(out, 0, sizeof(float) * ND_DRUM_SAMPLES);
    for (int i = 0; i < n; i++) {
        float t = (float)i / RATE, x = white(&state);
        if (s->metal > 0) x += s->metal * (metal_at(phases, tune) - x);
        /* twice: 12 dB an octave */
        low[0] += to_low * (x - low[0]);
        low[1] += to_low * (x - low[0] - low[1]);
        high[0] += to_high * (x - low[0] - low[1] - high[0]);
        float y = s->noise * high[0] * noise_level(s, t, s->noise_s * longer);
        if (s->body > 0) {
            phase += (s->hz + s->drop_hz * expf(-t / s->drop_s)) * tune / RATE;
            y += s->body * expf(-t / s->body_s) * sinf(TWO_PI * phase);
        }
        out[i] = s->gain * y * ND_MIN(1.0f, (float)(n - i) / (.02f * RATE));
    }
    return n;
}
