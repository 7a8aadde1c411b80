/* Music like music: five parts.
 *
 *   rhythm  0.25  onset strength folded onto the bar (Dixon, Gouyon, Widmer 2004, ISMIR: bar-
 *                 length patterns independent of tempo), and beat strength
 *   timbre  0.25  centroid, its spread, flatness, low and high share
 *   tempo   0.20  nearness in octaves; half and double tempo count 0.8
 *   key     0.15  steps on the circle of fifths, relative keys together (Krumhansl 1990),
 *                 and the correlation of the chroma
 *   energy  0.15  loudness, its range, its curve over time
 *
 * Rhythm and timbre lead, as in content-based similarity at large; the weights are judgement.
 * The curve over time tells apart what is the same recording in another codec from what
 * merely resembles it, so that twins come first.
 */
#include <math.h>
#include <string.h>

#include "rank/parts.h"

enum { N_PHASES = 8, N_BEATS = 4, N_PATTERN = N_PHASES * N_BEATS };
#define ONSET_HZ (16000.0 / 512)

typedef struct {
    nd_heard heard;
    float pattern[N_PATTERN]; /* mean onset strength at each phase of each beat */
    bool has_pattern;
    double strength;  /* mean level of pace, or ND_UNKNOWN */
    double timbre[5]; /* each about as wide as it is heard; has_timbre */
    bool has_timbre;
    const float *chroma; /* [12] or NULL */
    double lufs;         /* integrated; has_lufs */
    bool has_lufs;
    double range_lu; /* deviation of loudness */
} profile;

/* ---- profiles -------------------------------------------------------------------- */

static float onset_at(const float *onset, int64_t n, double s)
{
    double at = s * ONSET_HZ;
    if (!(at >= 0 && at < (double)(n - 1))) return 0;
    int64_t below = (int64_t)at;
    float x = onset[below] + (float)(at - (double)below) * (onset[below + 1] - onset[below]);
    return isfinite(x) ? ND_CLAMP(x, 0.0f, 1e4f) : 0;
}

/* Onset strength of each beat at eight phases, beats 1 to 4 of the bar apart. */
static void fold_rhythm(profile *p, const nd_description *d)
{
    int64_t n;
    const float *onset = nd_description_f32(d, "onset", &n);
    const nd_heard *m = &p->heard;
    if (n < 2 || m->n_beats < 8) return;
    for (int64_t k = 0; k + 1 < m->n_beats; k++) {
        int32_t position = m->beat_position ? m->beat_position[k] : (int32_t)(k % 2 + 1);
        int beat = (int)(ND_CLAMP(position, 1, 1 << 20) - 1) % N_BEATS;
        double from_s = m->beats_s[k], interval_s = m->beats_s[k + 1] - from_s;
        for (int i = 0; i < N_PHASES; i++)
            p->pattern[beat * N_PHASES + i] += onset_at(onset, n,
                                                        from_s + interval_s * i / N_PHASES);
    }
    p->has_pattern = true;
}

/* Mean and deviation of the finite values of a vector. */
static bool describe_vector(double *mean_out, double *deviation_out, const nd_description *d,
                            const char *name, bool as_log)
{
    int64_t n;
    const float *x = nd_description_f32(d, name, &n);
    double sum = 0, squares = 0, count = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) continue;
        double value = as_log ? log2(ND_CLAMP(x[i], 20.0f, 20000.0f)) : ND_CLAMP(x[i], -1e3f, 1e3f);
        sum += value;
        squares += value * value;
        count++;
    }
    if (count <= 0) return false;
    *mean_out = sum / count;
    *deviation_out = sqrt(ND_MAX(0.0, squares / count - *mean_out * *mean_out));
    return true;
}

static void hear_timbre(profile *p, const nd_description *d)
{
    double ignored;
    p->has_timbre = describe_vector(&p->timbre[0], &p->timbre[1], d, "clip_centroid_hz", true) &&
                    describe_vector(&p->timbre[2], &ignored, d, "clip_flatness", false) &&
                    describe_vector(&p->timbre[3], &ignored, d, "clip_low_ratio", false) &&
                    describe_vector(&p->timbre[4], &ignored, d, "clip_high_ratio", false);
}

static void profile_of(profile *p, const nd_description *d, double step_s)
{
    *p = (profile){.strength = ND_UNKNOWN};
    nd_hear(&p->heard, d, step_s);
    fold_rhythm(p, d);
    hear_timbre(p, d);
    p->strength = nd_curve_mean(&p->heard.pace, 0, p->heard.pace.n);
    int64_t n;
    p->chroma = nd_description_f32(d, "chroma", &n);
    if (n != 12) p->chroma = NULL;
    double mean;
    describe_vector(&mean, &p->range_lu, d, "clip_loudness_lufs", false);
    p->lufs = nd_description_scalar(d, "integrated_lufs", NAN);
    p->has_lufs = isfinite(p->lufs);
}

/* ---- parts -------------------------------------------------------------------------- */

static double fit_tempo(const profile *q, const profile *t)
{
    double a = q->heard.tempo_bpm, b = t->heard.tempo_bpm;
    if (a < 0 || b < 0) return ND_UNKNOWN;
    if (a < 1 || b < 1) return a < 1 && b < 1;
    double octaves = fabs(log2(a / b));
    return ND_MAX(nd_near(octaves, 0, 0.1), 0.8 * nd_near(octaves, 1, 0.1));
}

static double fit_rhythm(const profile *q, const profile *t)
{
    double strength = ND_UNKNOWN;
    if (q->strength >= 0 && t->strength >= 0) strength = nd_near(q->strength, t->strength, 0.25);
    if (!q->has_pattern || !t->has_pattern) return strength;
    double pattern = ND_MAX(0.0, nd_correlation(q->pattern, t->pattern, N_PATTERN));
    return strength < 0 ? pattern : 0.7 * pattern + 0.3 * strength;
}

static double fit_timbre(const profile *q, const profile *t)
{
    static const double width[5] = {0.7, 0.4, 0.1, 0.25, 0.15};
    if (!q->has_timbre || !t->has_timbre) return ND_UNKNOWN;
    double squares = 0;
    for (int i = 0; i < 5; i++) {
        double d = (q->timbre[i] - t->timbre[i]) / width[i];
        squares += d * d;
    }
    return 1 / (1 + squares);
}

/* Steps on the circle of fifths, 0 .. 6; a minor key stands with its relative major. */
static int fifths_between(const nd_heard *a, const nd_heard *b)
{
    int place_a = (a->key + 3 * a->is_minor) * 7 % 12,
        place_b = (b->key + 3 * b->is_minor) * 7 % 12;
    int d = abs(place_a - place_b);
    return ND_MIN(d, 12 - d);
}

static double fit_key(const profile *q, const profile *t)
{
    double chroma = ND_UNKNOWN;
    if (q->chroma && t->chroma) chroma = ND_MAX(0.0, nd_correlation(q->chroma, t->chroma, 12));
    if (!(chroma >= 0)) chroma = ND_UNKNOWN;
    if (q->heard.key < 0 || t->heard.key < 0) return chroma;
    double key = 1 - fifths_between(&q->heard, &t->heard) / 6.0 -
                 (q->heard.is_minor != t->heard.is_minor ? 0.15 : 0);
    key = ND_MAX(key, 0.0);
    return chroma < 0 ? key : 0.5 * key + 0.5 * chroma;
}

static double fit_energy(const profile *q, const profile *t)
{
    const nd_curve *a = &q->heard.loudness, *b = &t->heard.loudness;
    if (!q->has_lufs || !t->has_lufs || !a->n || !b->n) return ND_UNKNOWN;
    double curve = nd_correlation(a->x, b->x, ND_MIN(a->n, b->n));
    return 0.4 * nd_near(q->lufs, t->lufs, 4) + 0.3 * nd_near(q->range_lu, t->range_lu, 2) +
           0.3 * ND_MAX(curve, 0.0);
}

/* ---- reasons ---------------------------------------------------------------------------- */

static void explain_tempo(char out[80], double value, const profile *q, const profile *t)
{
    double a = q->heard.tempo_bpm, b = t->heard.tempo_bpm;
    if (a < 1 && b < 1) snprintf(out, 80, "it is just as free of a beat");
    else if (a < 1 || b < 1) snprintf(out, 80, "it has %s beat", b < 1 ? "no steady" : "a steady");
    else if (lround(a) == lround(b)) snprintf(out, 80, "the tempo is the same, %.0f bpm", b);
    else if (fabs(fabs(log2(a / b)) - 1) < 0.2)
        snprintf(out, 80, "its %.0f bpm is about %s of %.0f", b, b < a ? "half" : "double", a);
    else if (nd_tone_of(value) != ND_WEAK) snprintf(out, 80, "its %.0f bpm is near %.0f", b, a);
    else snprintf(out, 80, "its %.0f bpm is %s than %.0f", b, b < a ? "slower" : "faster", a);
}

static void explain_rhythm(char out[80], double value)
{
    static const char *const texts[] = {"the bar is accented otherwise",
                                        "the bar is accented somewhat alike",
                                        "the bar is accented in the same way"};
    snprintf(out, 80, "%s", texts[nd_tone_of(value)]);
}

static void explain_timbre(char out[80], double value, const profile *q, const profile *t)
{
    double gap = t->timbre[0] - q->timbre[0];
    const char *word = nd_sound_word(nd_curve_mean(&t->heard.centroid, 0, t->heard.centroid.n));
    nd_tone tone = nd_tone_of(value);
    if (tone == ND_STRONG) snprintf(out, 80, "the sound is just as %s", word);
    else if (tone == ND_FAIR) snprintf(out, 80, "its %s sound is not far off", word);
    else if (fabs(gap) < 0.2) snprintf(out, 80, "its sound is of another kind");
    else snprintf(out, 80, "its sound is %s", gap > 0 ? "brighter" : "darker");
}

static void explain_key(char out[80], double value, const profile *q, const profile *t)
{
    const nd_heard *a = &q->heard, *b = &t->heard;
    const char *key = nd_key_name(b->key, b->is_minor);
    nd_tone tone = nd_tone_of(value);
    if (!key[0] || a->key < 0)
        snprintf(out, 80, "it uses %s notes", tone == ND_STRONG ? "the same" : "other");
    else if (a->key == b->key && a->is_minor == b->is_minor)
        snprintf(out, 80, "it is in the same key, %s", key);
    else if (tone == ND_WEAK)
        snprintf(out, 80, "its key, %s, is far from %s", key, nd_key_name(a->key, a->is_minor));
    else snprintf(out, 80, "its key, %s, is related to %s", key, nd_key_name(a->key, a->is_minor));
}

static void explain_energy(char out[80], double value, const profile *q, const profile *t)
{
    double louder = t->lufs - q->lufs;
    nd_tone tone = nd_tone_of(value);
    if (tone == ND_STRONG) snprintf(out, 80, "it is about as loud and as varied");
    else if (fabs(louder) >= 2)
        snprintf(out, 80, "it is %.0f LU %s", fabs(louder), louder > 0 ? "louder" : "quieter");
    else snprintf(out, 80, "its loudness goes another way");
}

static void explain_part(nd_reason *r, const nd_score_part *p, const profile *q, const profile *t)
{
    if (!strcmp(p->name, "tempo")) explain_tempo(r->text, p->value, q, t);
    else if (!strcmp(p->name, "rhythm")) explain_rhythm(r->text, p->value);
    else if (!strcmp(p->name, "timbre")) explain_timbre(r->text, p->value, q, t);
    else if (!strcmp(p->name, "key")) explain_key(r->text, p->value, q, t);
    else if (!strcmp(p->name, "energy")) explain_energy(r->text, p->value, q, t);
}

static void explain(nd_fit *f, const profile *q, const profile *t)
{
    for (int i = 0; i < f->n_parts; i++) {
        const nd_score_part *p = &f->parts[i];
        nd_reason *r = &f->reasons[f->n_reasons++];
        *r = (nd_reason){.value = p->value, .weight = p->weight};
        if (p->weight > 0) explain_part(r, p, q, t);
    }
    nd_reasons_join(f);
}

int nd_likeness_fit(nd_fit *out, const nd_description *query, const nd_description *track)
{
    double query_s = nd_covered_s(query), track_s = nd_covered_s(track);
    if (!(query_s > 0 && track_s > 0)) return ND_EEMPTY;
    double step_s = nd_curve_step(query_s, track_s);
    profile q, t;
    profile_of(&q, query, step_s);
    profile_of(&t, track, step_s);
    nd_fit f = {.window_s = {0, track_s}};
    nd_fit_add(&f, "tempo", fit_tempo(&q, &t), 0.20);
    nd_fit_add(&f, "rhythm", fit_rhythm(&q, &t), 0.25);
    nd_fit_add(&f, "timbre", fit_timbre(&q, &t), 0.25);
    nd_fit_add(&f, "key", fit_key(&q, &t), 0.15);
    nd_fit_add(&f, "energy", fit_energy(&q, &t), 0.15);
    int rc = nd_fit_finish(&f);
    if (rc) return rc;
    explain(&f, &q, &t);
    *out = f;
    return 0;
}
