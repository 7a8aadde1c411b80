/* Stereo sum, a Schroeder reverb (six parallel combs with damping, two all-passes a side; Moorer
 * 1979), loudness and a soft limiter. */
#include <math.h>
#include <string.h>

#include "synth/instrument.h"
#include "synth/mixer.h"

#define RATE ((float)ND_SYNTH_RATE_HZ)

enum { N_COMBS = 6, N_ALLPASSES = 2, MAX_LINE = 2048 };

struct nd_mixer {
    int64_t n;
    float *stereo; /* [n][2] */
    float *send;   /* [n], what goes to the room */
};

nd_mixer *nd_mixer_create(int64_t n)
{
    nd_mixer *m = nd_calloc(1, sizeof *m);
    if (!m) return NULL;
    m->n = n;
    m->stereo = nd_calloc((size_t)n, 2 * sizeof *m->stereo);
    m->send = nd_calloc((size_t)n, sizeof *m->send);
    if (!m->stereo || !m->send) nd_mixer_destroy(&m);
    return m;
}

void nd_mixer_destroy(nd_mixer **m)
{
    if (!m || !*m) return;
    free((*m)->stereo);
    free((*m)->send);
    free(*m);
    *m = NULL;
}

void nd_mixer_add(nd_mixer *m, const float *in, int n, int64_t at, float gain, float pan,
                  float room)
{
    float angle = .78539816f * (pan + 1), left = gain * cosf(angle), right = gain * sinf(angle);
    ND_ASSERT(at >= 0);
    int last = (int)ND_MIN(n, m->n - at);
    float *stereo = m->stereo + 2 * at, *send = m->send + at;
    for (int i = 0; i < last; i++) {
        stereo[2 * i] += left * in[i];
        stereo[2 * i + 1] += right * in[i];
    }
    for (int i = 0; i < last; i++) send[i] += gain * room * in[i];
}

void nd_mixer_duck(nd_mixer *m, int64_t at, float depth)
{
    int length = (int)ND_MIN((int64_t)(.28f * RATE), m->n - at);
    for (int i = 0; i < length; i++) {
        float gain = 1 - depth * (1 - (float)i / (.28f * RATE));
        m->stereo[2 * (at + i)] *= gain;
        m->stereo[2 * (at + i) + 1] *= gain;
    }
}

/* One side of the room: its lines differ a little from the other side's. */
static void add_room(nd_mixer *m, int side, float room_s)
{
    static const int comb_n[N_COMBS] = {811, 863, 929, 997, 1051, 1129};
    static const int allpass_n[N_ALLPASSES] = {397, 131};
    float comb[N_COMBS][MAX_LINE] = {{0}}, damp[N_COMBS] = {0}, keep[N_COMBS];
    float allpass[N_ALLPASSES][MAX_LINE] = {{0}};
    int at[N_COMBS + N_ALLPASSES] = {0}, extra = 17 * side;
    for (int c = 0; c < N_COMBS; c++)
        keep[c] = powf(.001f, (float)(comb_n[c] + extra) / (room_s * RATE));
    for (int64_t i = 0; i < m->n; i++) {
        float x = m->send[i], y = 0;
        for (int c = 0; c < N_COMBS; c++) {
            float delayed = comb[c][at[c]];
            damp[c] += .6f * (delayed - damp[c]);
            comb[c][at[c]] = x + keep[c] * damp[c];
            at[c] = at[c] + 1 < comb_n[c] + extra ? at[c] + 1 : 0;
            y += delayed;
        }
        for (int a = 0; a < N_ALLPASSES; a++) {
            int *place = &at[N_COMBS + a];
            float delayed = allpass[a][*place], in = y;
            y = delayed - .5f * in;
            allpass[a][*place] = in + .5f * y;
            *place = *place + 1 < allpass_n[a] + extra ? *place + 1 : 0;
        }
        m->stereo[2 * i + side] += .22f * y;
    }
}

/* A one-pole high pass at 22 Hz. */
static void remove_offset(nd_mixer *m)
{
    float mean[2] = {0}, step = 6.2831853f * 22 / RATE;
    for (int64_t i = 0; i < 2 * m->n; i++) {
        mean[i % 2] += step * (m->stereo[i] - mean[i % 2]);
        m->stereo[i] -= mean[i % 2];
    }
}

static void apply_levels(nd_mixer *m, const nd_level *levels, int n_levels)
{
    float gain = n_levels ? levels[0].gain : 1, step = 1 / (.02f * RATE);
    int k = 0;
    for (int64_t i = 0; i < m->n; i++) {
        while (k + 1 < n_levels && i >= levels[k + 1].at) k++;
        if (n_levels) gain += step * (levels[k].gain - gain);
        m->stereo[2 * i] *= gain;
        m->stereo[2 * i + 1] *= gain;
    }
}

static float limit(float x)
{
    float over = fabsf(x) - .7f;
    return over <= 0 ? x : copysignf(.7f + .27f * tanhf(over / .27f), x);
}

const float *nd_mixer_master(nd_mixer *m, float room_s, const nd_level *levels, int n_levels,
                             float rms_db)
{
    for (int side = 0; side < 2; side++) add_room(m, side, room_s);
    remove_offset(m);
    apply_levels(m, levels, n_levels);
    double power = 0;
    for (int64_t i = 0; i < 2 * m->n; i++) power += (double)m->stereo[i] * (double)m->stereo[i];
    float rms = (float)sqrt(power / (double)ND_MAX(2 * m->n, 1));
    float gain = rms > 0 ? powf(10, rms_db / 20) / rms : 0;
    for (int64_t i = 0; i < 2 * m->n; i++) m->stereo[i] = limit(gain * m->stereo[i]);
    return m->stereo;
}
