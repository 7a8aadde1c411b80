/* What recording and publishing do to music: none of it has to do with the script. */
#include <math.h>

#include "synth/corpus.h"

#define RATE   ((float)ND_MADE_RATE_HZ)
#define TWO_PI 6.28318530718f

/* Every second sample after a half-band low pass (Hann window, 23 taps). */
static int64_t halve(float *x, int64_t n)
{
    enum { REACH = 11 };
    float taps[REACH + 1];
    for (int k = 0; k <= REACH; k++) {
        float window = .5f + .5f * cosf(TWO_PI * .5f * (float)k / (REACH + 1));
        taps[k] = k ? window * sinf(.25f * TWO_PI * (float)k) / (.5f * TWO_PI * (float)k) : .5f;
    }
    int64_t n_out = n / 2;
    float past[REACH + 1] = {0}; /* what in-place writing would have overwritten */
    for (int64_t i = 0; i < n_out; i++) {
        int64_t at = 2 * i;
        float sum = taps[0] * x[at];
        for (int k = 1; k <= REACH; k += 2) {
            float before = past[k], after = at + k < n ? x[at + k] : 0;
            sum += taps[k] * (before + after);
        }
        for (int k = REACH; k > 2; k--) past[k] = past[k - 2];
        past[2] = x[at];
        past[1] = x[at + 1];
        x[i] = sum;
    }
    return n_out;
}

static float pole_of(float hz)
{
    return 1 - expf(-TWO_PI * hz / RATE);
}

/* ---- tone -------------------------------------------------------------------------------- */

typedef struct biquad {
    double b[3], a[2], x[2], y[2];
} biquad;

static double biquad_next(biquad *f, double x)
{
    double y = f->b[0] * x + f->b[1] * f->x[0] + f->b[2] * f->x[1] - f->a[0] * f->y[0] -
               f->a[1] * f->y[1];
    f->x[1] = f->x[0];
    f->x[0] = x;
    f->y[1] = f->y[0];
    return f->y[0] = y;
}

/* The two stages of ITU-R BS.1770's weighting, at our rate. */
static void weighting(biquad out[2])
{
    double q = .7071752369554196, k = tan(.5 * (double)TWO_PI * 1681.974450955533 / (double)RATE);
    double high = pow(10, 3.999843853973347 / 20), mid = pow(high, .4996667741545416);
    double a0 = 1 + k / q + k * k;
    out[0] = (biquad){.b = {(high + mid * k / q + k * k) / a0, 2 * (k * k - high) / a0,
                            (high - mid * k / q + k * k) / a0},
                      .a = {2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0}};
    q = .5003270373238773;
    k = tan(.5 * (double)TWO_PI * 38.13547087602444 / (double)RATE);
    a0 = 1 + k / q + k * k;
    out[1] = (biquad){.b = {1, -2, 1}, .a = {2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0}};
}

/* Power of low, high and their product, plain and weighted. */
typedef struct powers {
    double plain[3], weighted[3];
} powers;

static powers measure(const float *x, int64_t n, float split)
{
    powers p = {.plain = {1e-12, 0, 1e-12}, .weighted = {1e-12, 0, 1e-12}};
    biquad low_filter[2], high_filter[2];
    weighting(low_filter);
    weighting(high_filter);
    float low = 0;
    for (int64_t i = 0; i < n; i++) {
        low += split * (x[i] - low);
        double l = (double)low, h = (double)(x[i] - low);
        double wl = biquad_next(&low_filter[1], biquad_next(&low_filter[0], l));
        double wh = biquad_next(&high_filter[1], biquad_next(&high_filter[0], h));
        p.plain[0] += l * l, p.plain[1] += 2 * l * h, p.plain[2] += h * h;
        p.weighted[0] += wl * wl, p.weighted[1] += 2 * wl * wh, p.weighted[2] += wh * wh;
    }
    return p;
}

/* How much louder the ear finds it than its power is, dB, when low is divided and high multiplied
 * by `tilt`. */
static double excess_db(const powers *p, double tilt)
{
    double a = 1 / (tilt * tilt), c = tilt * tilt;
    return 10 * log10((a * p->weighted[0] + p->weighted[1] + c * p->weighted[2]) /
                      (a * p->plain[0] + p->plain[1] + c * p->plain[2]));
}

/* The tilt about 800 Hz, of 12 dB at most, that gives the wanted excess. */
static double find_tilt(const powers *p, double wanted_db)
{
    double lo = -12, hi = 12;
    for (int i = 0; i < 20; i++) {
        double middle = .5 * (lo + hi);
        if (excess_db(p, pow(10, middle / 40)) < wanted_db) lo = middle;
        else hi = middle;
    }
    return pow(10, lo / 40);
}

/* Tilt, and on some a limit to the band. What is about low scenes would be dull throughout, and so
 * softer to the ear at the same power: the tilt gives every track a tone drawn apart from that. */
static void colour(float *x, int64_t n, nd_rng *rng)
{
    const float split = pole_of(800);
    bool is_dull = nd_rng_uniform(rng, 0, 1) < .2;
    float limit = pole_of((float)nd_rng_uniform(rng, 3000, 5500)), low = 0, a = 0, b = 0;
    powers p = measure(x, n, split);
    float tilt = (float)find_tilt(&p, nd_rng_uniform(rng, -2.5, -.5));
    for (int64_t i = 0; i < n; i++) {
        low += split * (x[i] - low);
        float y = low / tilt + (x[i] - low) * tilt;
        if (is_dull) {
            a += limit * (y - a);
            y = b += limit * (a - b);
        }
        x[i] = y;
    }
}

static double rms_of(const float *x, int64_t n)
{
    double power = 1e-20;
    for (int64_t i = 0; i < n; i++) power += (double)x[i] * (double)x[i];
    return sqrt(power / (double)ND_MAX(n, 1));
}

/* Hiss 20 to 40 dB below the music, more or less dull. */
static void add_hiss(float *x, int64_t n, nd_rng *rng)
{
    double below_db = nd_rng_uniform(rng, 20, 40);
    float dull = (float)nd_rng_uniform(rng, .15, 1), y = 0;
    float level = (float)(rms_of(x, n) * pow(10, -below_db / 20)) * sqrtf(3 * (2 - dull) / dull);
    uint64_t state = nd_rng_next(rng) | 1;
    for (int64_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        y += dull * ((float)(int32_t)(state >> 32) * 0x1p-31f - y);
        x[i] += level * y;
    }
}

static float soften(float x)
{
    float over = fabsf(x) - .8f;
    return over <= 0 ? x : copysignf(.8f + .17f * tanhf(over / .17f), x);
}

/* To -20 dB of full scale within 1 dB, whatever was done before; one in twenty is driven into
 * its limit first. */
static void level(float *x, int64_t n, nd_rng *rng)
{
    bool is_clipped = nd_rng_uniform(rng, 0, 1) < .05;
    double wanted = pow(10, nd_rng_uniform(rng, -21, -19) / 20);
    if (is_clipped) {
        float most = 2 * (float)rms_of(x, n);
        for (int64_t i = 0; i < n; i++) x[i] = ND_CLAMP(x[i], -most, most);
    }
    float gain = (float)(wanted / rms_of(x, n));
    for (int64_t i = 0; i < n; i++) x[i] = soften(gain * x[i]);
}

int64_t nd_made_sound_finish(float *inout, int64_t n, nd_rng *rng)
{
    n = halve(inout, n);
    colour(inout, n, rng);
    add_hiss(inout, n, rng);
    level(inout, n, rng);
    return n;
}
