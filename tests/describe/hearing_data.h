/* What tests and benches of the music-time features share: reading audio, .npy
 * and .beats files, the F-measure, and tracks made of clicks and drums. */
#ifndef ND_TESTS_HEARING_DATA_H
#define ND_TESTS_HEARING_DATA_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "describe/hearing.h"

enum { RATE = ND_MUSIC_RATE_HZ };

/* ---- files ----------------------------------------------------------------------- */

/** Mono samples at 16 kHz of any audio file through the ffmpeg program; n 0 and a
 *  free-able pointer when there is none.
 *  @param filter  of FFmpeg, before the resampling */
static inline float *audio_read_through(const char *filter, const char *path, int64_t *n_out)
{
    char command[1024];
    size_t capacity = (size_t)RATE * 60, n = 0;
    float *x = malloc(capacity * sizeof *x);
    snprintf(command, sizeof command,
             "ffmpeg -v quiet -nostdin -i '%s' -af %s -ac 1 -ar %d -f f32le - 2>/dev/null", path,
             filter, RATE);
    FILE *pipe = popen(command, "r");
    while (pipe && x) {
        size_t got = fread(x + n, sizeof *x, capacity - n, pipe);
        if (!got) break;
        n += got;
        if (n == capacity) x = realloc(x, (capacity *= 2) * sizeof *x);
    }
    if (pipe) pclose(pipe);
    *n_out = x ? (int64_t)n : 0;
    return x;
}

static inline float *audio_read(const char *path, int64_t *n_out)
{
    return audio_read_through("anull", path, n_out);
}

/** The values of a version 1 .npy file of little-endian f32. */
static inline float *npy_read(const char *path, int64_t *n_out)
{
    nd_bytes b = {0};
    float *x = NULL;
    *n_out = 0;
    if (nd_file_read(&b, path, 1 << 24, NULL) || b.n < 10) goto done;
    size_t head = 10 + b.data[8] + ((size_t)b.data[9] << 8);
    if (head > b.n || !(x = malloc(b.n - head + 1))) goto done;
    memcpy(x, b.data + head, b.n - head);
    *n_out = (int64_t)((b.n - head) / sizeof *x);
done:
    nd_bytes_deinit(&b);
    return x;
}

/** Numbers of a text file, up to most, as they stand; a # begins a comment.
 *  @return their number */
static inline int64_t numbers_read(double *out, int64_t most, const char *path)
{
    FILE *f = fopen(path, "r");
    char line[256];
    int64_t n = 0;
    while (f && fgets(line, sizeof line, f)) {
        char *at = line, *end;
        line[strcspn(line, "#")] = '\0';
        for (double x; n < most && (x = strtod(at, &end), end != at); at = end) out[n++] = x;
    }
    if (f) fclose(f);
    return n;
}

/* ---- scores ------------------------------------------------------------------------ */

/** F-measure of rising times as mir_eval defines it: both lists without their
 *  first 5 s, the largest matching of pairs at most window_s apart. */
static inline double f_measure(const double *truth, int64_t n, const double *found, int64_t m,
                               double window_s)
{
    int64_t i = 0, j = 0, hits = 0;
    while (i < n && truth[i] < 5) i++;
    while (j < m && found[j] < 5) j++;
    int64_t n_kept = n - i, m_kept = m - j;
    while (i < n && j < m) {
        double late = found[j] - truth[i];
        if (fabs(late) <= window_s) i++, j++, hits++;
        else if (late < 0) j++;
        else i++;
    }
    return n_kept > 0 && m_kept > 0 ? 2.0 * (double)hits / (double)(n_kept + m_kept) : 0;
}

/** Keep the times whose position is 1. @return their number */
static inline int64_t downbeats(double *out, const double *time_s, const int32_t *position,
                                int64_t n)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (position[i] == 1) out[kept++] = time_s[i];
    return kept;
}

/* ---- made tracks --------------------------------------------------------------------- */

/** A track with known beats. */
typedef struct made_track {
    float *x; /* [n] */
    int64_t n;
    double beat_s[4096];
    int32_t position[4096];
    int64_t n_beats;
} made_track;

typedef struct made_params {
    double bpm, length_s;
    int metre;       /* kick on 1 (and 3 of 4), snare on the others */
    double swing;    /* place of the off-beat hi-hat, 0..1; 0: clicks alone */
    double drift;    /* share by which the tempo bends, over 20 s */
    double next_bpm; /* from the middle on; 0: no change */
} made_params;

static inline void made_add(made_track *k, double time_s, double gain, double hz, double fall_hz,
                            double decay, double noise, nd_rng *rng)
{
    int64_t start = (int64_t)nearbyint(time_s * RATE);
    double phase = 0;
    for (int64_t i = 0; i < RATE / 5 && start + i < k->n; i++) {
        double t = (double)i / RATE;
        phase += 2 * M_PI * (hz + fall_hz * exp(-40 * t)) / RATE;
        double tone = hz > 0 ? sin(phase) : 0;
        k->x[start + i] += (float)(gain * exp(-decay * t) *
                                   (tone + noise * nd_rng_uniform(rng, -1, 1)));
    }
}

/** @return the track; free with made_destroy. */
static inline made_track *made_create(const made_params *p)
{
    made_track *k = calloc(1, sizeof *k);
    nd_rng rng;
    nd_rng_init(&rng, 1, 0);
    k->n = (int64_t)(p->length_s * RATE);
    k->x = calloc((size_t)k->n, sizeof *k->x);
    for (double t = 0.3; t < p->length_s - 0.5 && k->n_beats < 4096; k->n_beats++) {
        double bpm = p->next_bpm > 0 && t > p->length_s / 2 ? p->next_bpm : p->bpm;
        double interval = 60 / bpm * (1 + p->drift * sin(2 * M_PI * t / 20));
        int place = (int)(k->n_beats % p->metre);
        k->beat_s[k->n_beats] = t;
        k->position[k->n_beats] = place + 1;
        if (p->swing <= 0) {
            made_add(k, t, 0.6, 1000, 0, 60, 0, &rng);
        } else {
            bool kick = place == 0 || (p->metre == 4 && place == 2);
            if (kick) made_add(k, t, 0.8, 50, 80, 18, 0, &rng);
            else made_add(k, t, 0.3, 190, 0, 28, 1, &rng);
            made_add(k, t, 0.12, 0, 0, 90, 1, &rng);
            made_add(k, t + p->swing * interval, 0.12, 0, 0, 90, 1, &rng);
        }
        t += interval;
    }
    return k;
}

static inline void made_destroy(made_track **k)
{
    if (*k) free((*k)->x);
    free(*k);
    *k = NULL;
}

#endif
