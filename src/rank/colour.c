/* The look of the picture against the mode and the sound of the music.
 *
 * mood (0.6): faster music in the major went with lighter, more saturated, yellower colours,
 * slower music in the minor with darker, greyer, bluer ones, mediated by emotion (Palmer,
 * Schloss, Xu, Prado-Leon 2013, PNAS 110; 18 orchestral pieces, US and Mexico). Loud,
 * distorted music breaks that pattern (Whiteford, Schloss, Helwig, Palmer 2018, i-Perception 9):
 * one reason for this part's small weight.
 *
 * timbre (0.4): people match light with high pitch (Marks 1974; Marks 1987, J. Exp. Psychol.:
 * HPP 13; reviewed in Spence 2011, Attention, Perception & Psychophysics 73). Here the
 * spectral centroid stands for pitch, which is our extension: it is the usual measure of
 * how bright a sound is heard.
 */
#include "rank/parts.h"

/* Weighted mean of the levels that are known. */
static double mean_known(const double *levels, const double *weights, int n)
{
    double sum = 0, weight = 0;
    for (int i = 0; i < n; i++) {
        if (levels[i] < 0) continue;
        sum += weights[i] * levels[i];
        weight += weights[i];
    }
    return weight > 0 ? sum / weight : ND_UNKNOWN;
}

static double picture_mood(const nd_seen *v)
{
    return mean_known((double[]){v->brightness, v->saturation, v->warmth},
                      (double[]){0.4, 0.3, 0.3}, 3);
}

/* Mode counts as far as the key is clear: a profile correlation of 0.5 says nothing. */
static double music_mood(const nd_heard *m)
{
    double clear = ND_CLAMP((m->key_strength - 0.5) / 0.4, 0.0, 1.0);
    double mode = m->key < 0 ? ND_UNKNOWN : m->is_minor ? 0.5 - 0.5 * clear : 0.5 + 0.5 * clear;
    double tempo = m->tempo_bpm < 0 ? ND_UNKNOWN : nd_level_of(m->tempo_bpm, 50, 200);
    return mean_known((double[]){mode, tempo}, (double[]){0.6, 0.4}, 2);
}

/* Nearness of two levels, and the gap between them. */
static double compare(double *gap_out, double music, double picture)
{
    *gap_out = 0;
    if (music < 0 || picture < 0) return ND_UNKNOWN;
    *gap_out = music - picture;
    return nd_near(music, picture, 0.3);
}

void nd_colour_fit(nd_colour *out, const nd_seen *v, const nd_heard *m, int first)
{
    out->sound = nd_curve_mean(&m->centroid, first, ND_MAX(v->pace.n, v->energy.n));
    out->mood = compare(&out->mood_gap, music_mood(m), picture_mood(v));
    out->timbre = compare(&out->timbre_gap, out->sound, v->brightness);
    out->value = mean_known((double[]){out->mood, out->timbre}, (double[]){0.6, 0.4}, 2);
}
