/* Composing: tempo and beats, sections with their loudness, a chord for every bar. */
#include <math.h>
#include <string.h>

#include "synth/song.h"

#define RATE ((double)ND_SYNTH_RATE_HZ)

/* Sections as shares of the song; their levels are the loudness curve. */
typedef struct plan {
    nd_part part;
    float share, level;
} plan;

static const plan plans[][ND_MAX_SECTIONS] = {
    {{ND_INTRO, 2, .45f},
     {ND_VERSE, 4, .7f},
     {ND_CHORUS, 4, 1},
     {ND_BREAK, 2, .35f},
     {ND_CHORUS, 4, 1},
     {ND_OUTRO, 2, .5f}},
    {{ND_INTRO, 2, .35f},
     {ND_VERSE, 4, .65f},
     {ND_CHORUS, 3, .95f},
     {ND_VERSE, 3, .7f},
     {ND_CHORUS, 4, 1},
     {ND_OUTRO, 2, .4f}},
    {{ND_VERSE, 4, .7f},
     {ND_CHORUS, 4, 1},
     {ND_BREAK, 3, .3f},
     {ND_VERSE, 2, .75f},
     {ND_CHORUS, 4, 1},
     {ND_OUTRO, 1, .45f}},
};

/* Whole pairs of bars where there are enough, single bars else. */
static void plan_sections(nd_song *song, nd_rng *rng)
{
    const plan *p = plans[nd_rng_int(rng, 0, (int)ND_COUNT(plans) - 1)];
    float total = 0, so_far = 0;
    int unit = song->n_bars >= 16 ? 2 : 1, first = 0;
    for (int i = 0; i < ND_MAX_SECTIONS; i++) total += p[i].share;
    for (int i = 0; i < ND_MAX_SECTIONS && p[i].share > 0; i++) {
        so_far += p[i].share;
        int end = unit * (int)lroundf(so_far / total * (float)song->n_bars / (float)unit);
        if (i + 1 == ND_MAX_SECTIONS || p[i + 1].share <= 0) end = song->n_bars;
        end = ND_MIN(end, song->n_bars);
        if (end <= first) continue;
        song->sections[song->n_sections++] = (nd_section){p[i].part, first, end - first,
                                                          p[i].level};
        first = end;
    }
}

/* The tempo wanders as a slow sum of two sines, so that its mean stays. */
static void place_beats(nd_song *song, nd_rng *rng)
{
    double at = nd_rng_uniform(rng, .12, .4) * RATE, beat = 60 / song->tempo_bpm * RATE;
    double slow = nd_rng_uniform(rng, .02, .05), phase = nd_rng_uniform(rng, 0, 6.28);
    int n = song->n_bars * song->style->metre;
    for (int i = 0; i <= n; i++) {
        song->beat_at[i] = (int64_t)llround(at);
        double x = 6.2831853 * slow * (double)i;
        at += beat * (1 + song->style->drift * (sin(x + phase) + .5 * sin(2.3 * x)));
    }
}

static void choose_chords(nd_song *song, nd_rng *rng)
{
    const int8_t *verse = song->mode->progressions[nd_rng_int(rng, 0, 3)];
    const int8_t *chorus = song->mode->progressions[nd_rng_int(rng, 0, 3)];
    for (int s = 0; s < song->n_sections; s++) {
        const nd_section *section = &song->sections[s];
        const int8_t *chords = section->part == ND_CHORUS ? chorus : verse;
        for (int b = 0; b < section->n_bars; b++)
            song->degrees[section->first_bar + b] = chords[b / song->style->bars_a_chord % 4];
    }
    song->degrees[song->n_bars - 1] = 0;
}

int nd_song_compose(nd_song *song, const nd_style *style, double length_s, uint64_t seed)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, 1);
    *song = (nd_song){.style = style, .key = nd_rng_int(&rng, 0, 11)};
    song->mode = &nd_modes[style->modes[nd_rng_int(&rng, 0, 2) == 2]];
    song->tempo_bpm = round(nd_rng_uniform(&rng, style->bpm_lo, style->bpm_hi));
    song->lead = style->leads[nd_rng_int(&rng, 0, 1)];
    double bar_s = 60 / song->tempo_bpm * style->metre, tail_s = .8 + .6 * (double)style->room_s;
    song->n_bars = (int)ND_MAX(4, lround((length_s - tail_s) / bar_s));
    song->degrees = nd_calloc((size_t)song->n_bars, sizeof *song->degrees);
    song->beat_at = nd_calloc((size_t)(song->n_bars * style->metre) + 1, sizeof *song->beat_at);
    if (!song->degrees || !song->beat_at) {
        nd_song_deinit(song);
        return ND_ENOMEM;
    }
    plan_sections(song, &rng);
    place_beats(song, &rng);
    choose_chords(song, &rng);
    song->n_samples = song->beat_at[song->n_bars * style->metre] + (int64_t)(tail_s * RATE);
    return 0;
}

void nd_song_deinit(nd_song *song)
{
    free(song->degrees);
    free(song->beat_at);
    *song = (nd_song){0};
}
