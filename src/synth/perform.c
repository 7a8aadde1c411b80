/* Performing: the layers of a song bar by bar into the mixer. Each layer has its own random
 * numbers, so that a change in one leaves the others as they were. */
#include <math.h>
#include <string.h>

#include "synth/song.h"

#define RATE ((float)ND_SYNTH_RATE_HZ)

enum { NOTE_SAMPLES = 16 * ND_SYNTH_RATE_HZ, MOTIF_BARS = 2, MOTIF_STEPS = 2 * ND_MAX_STEPS };

enum { KIT_STREAM = 1, CHORD_STREAM, BASS_STREAM, ARP_STREAM, LEAD_STREAM };

typedef struct player {
    const nd_song *song;
    nd_mixer *mixer;
    nd_rng rng;
    float *note; /* [NOTE_SAMPLES], scratch */
    int n_steps; /* a bar */
} player;

/* Where a step of a bar lies, in samples. Swing delays the second half of each beat, and with it
 * what stands between. */
static int64_t step_at(const player *p, int bar, int step)
{
    const nd_style *style = p->song->style;
    int beat = bar * style->metre + step / style->sub;
    float part = (float)(step % style->sub) / (float)style->sub;
    part += style->swing * (part <= .5f ? 2 * part : 2 - 2 * part);
    int n_beats = p->song->n_bars * style->metre;
    if (beat >= n_beats) return p->song->beat_at[n_beats];
    const int64_t *at = &p->song->beat_at[beat];
    return at[0] + (int64_t)(part * (float)(at[1] - at[0]));
}

static const nd_section *section_of(const nd_song *song, int bar)
{
    int s = 0;
    while (s + 1 < song->n_sections && bar >= song->sections[s + 1].first_bar) s++;
    return &song->sections[s];
}

static float loudness_of(char mark)
{
    return mark == 'X' ? 1 : mark == 'x' ? .8f : mark == 'o' ? .45f : 0;
}

typedef struct placing {
    float gain, pan, room, late_ms; /* late_ms: spread of the players' timing */
} placing;

static void play_note(player *p, int ins, int bar, int step, int n_steps, float pitch, float loud,
                      placing where)
{
    const nd_instrument *instrument = &nd_instruments[ins];
    int64_t at = step_at(p, bar, step),
            end = step_at(p, bar + (step + n_steps) / p->n_steps, (step + n_steps) % p->n_steps);
    float late = where.late_ms * .001f * RATE * (float)nd_rng_uniform(&p->rng, -1, 1);
    at = ND_MAX(0, at + (int64_t)late);
    float length_s = ND_MAX(.05f, .95f * (float)(end - at) / RATE);
    loud *= (float)nd_rng_uniform(&p->rng, .88, 1);
    int n = ND_MIN(nd_instrument_samples(instrument, length_s), (int)NOTE_SAMPLES);
    memset(p->note, 0, (size_t)n * sizeof *p->note);
    nd_instrument_play(p->note, n, instrument, pitch, length_s, loud, nd_rng_next(&p->rng));
    nd_mixer_add(p->mixer, p->note, n, at, where.gain, where.pan, where.room);
}

/* Pitch of a degree of the mode, 0 the key note in the octave of MIDI 60. */
static int pitch_of(const nd_song *song, int degree)
{
    int octave = (int)floorf((float)degree / 7), within = degree - 7 * octave;
    return 60 + song->key + 12 * octave + song->mode->semitones[within];
}

/* The same pitch class within six semitones of centre. */
static int pitch_near(int pitch, int centre)
{
    while (pitch > centre + 6) pitch -= 12;
    while (pitch < centre - 5) pitch += 12;
    return pitch;
}

/* Steps from one that sounds to the next that sounds or rests. */
static int held_steps(const char *pattern, int step, int n_steps)
{
    int n = 1;
    while (step + n < n_steps && pattern[step + n] == '-') n++;
    return n;
}

/* ---- layers ------------------------------------------------------------------------------ */

/* Which drums keep the time in quiet sections; the others wait for the verse. */
static bool is_light(nd_drum drum)
{
    return drum == ND_HAT || drum == ND_SHAKER || drum == ND_RIDE || drum == ND_RIM;
}

static void play_stroke(player *p, const float *stroke, int n, nd_drum drum, int bar, int step,
                        float loud)
{
    static const float pans[ND_N_DRUMS] = {
        [ND_HAT] = .3f,     [ND_OPEN_HAT] = .3f, [ND_RIDE] = -.4f,
        [ND_SHAKER] = -.3f, [ND_TOM] = .2f,      [ND_RIM] = .15f};
    float room = drum == ND_KICK ? .01f : .06f;
    if (drum != ND_KICK) loud *= (float)nd_rng_uniform(&p->rng, .9, 1.05);
    nd_mixer_add(p->mixer, stroke, n, step_at(p, bar, step), p->song->style->kit_gain * loud,
                 pans[drum], room);
}

static void play_drum(player *p, nd_drum drum, const char *pattern)
{
    const nd_style *style = p->song->style;
    float tune = (float)nd_rng_uniform(&p->rng, .88, 1.14);
    int n = nd_drum_render(p->note, drum, tune, style->hard, nd_rng_next(&p->rng));
    for (int bar = 0; bar + 1 < p->song->n_bars; bar++) {
        const nd_section *section = section_of(p->song, bar);
        bool quiet = section->part == ND_INTRO || section->part == ND_BREAK;
        for (int step = 0; step < p->n_steps; step++) {
            float loud = loudness_of(pattern[step]) * (.4f + .6f * section->level);
            if (quiet && !is_light(drum)) loud *= drum == ND_KICK && step == 0 ? .5f : 0;
            if (quiet && step % style->sub) loud *= .6f;
            if (loud > 0) play_stroke(p, p->note, n, drum, bar, step, loud);
        }
    }
}

/* Two quick snares, or toms, lead over into the next section; a crash opens a chorus. */
static void play_fills(player *p)
{
    const nd_song *song = p->song;
    if (song->style->hard < .4f) return;
    int n = nd_drum_render(p->note, ND_TOM, 1.2f, song->style->hard, nd_rng_next(&p->rng));
    for (int s = 1; s < song->n_sections; s++)
        for (int i = 1; i <= song->style->sub; i++)
            play_stroke(p, p->note, n, ND_TOM, song->sections[s].first_bar - 1, p->n_steps - i,
                        .5f * song->sections[s].level);
    n = nd_drum_render(p->note, ND_CRASH, 1, song->style->hard, nd_rng_next(&p->rng));
    for (int s = 0; s < song->n_sections; s++)
        if (song->sections[s].part == ND_CHORUS)
            play_stroke(p, p->note, n, ND_CRASH, song->sections[s].first_bar, 0, .7f);
    play_stroke(p, p->note, n, ND_CRASH, song->n_bars - 1, 0, .5f);
}

static void play_kit(player *p)
{
    for (int drum = 0; drum < ND_N_DRUMS; drum++) {
        if (!p->song->style->kit[drum]) continue;
        ND_ASSERT_EQ(strlen(p->song->style->kit[drum]), p->n_steps);
        play_drum(p, (nd_drum)drum, p->song->style->kit[drum]);
    }
    play_fills(p);
}

static void play_chord(player *p, int bar, int step, int n_steps, float loud)
{
    const nd_style *style = p->song->style;
    int degree = p->song->degrees[bar], n = style->sevenths ? 4 : 3;
    int centre = style->mood == ND_TENSE ? 56 : 62;
    for (int i = 0; i < n; i++) {
        int pitch = pitch_near(pitch_of(p->song, degree + 2 * i), centre);
        placing where = {.gain = .45f, .pan = .5f * ((float)i - 1), .room = .3f, .late_ms = 6};
        play_note(p, style->chords, bar, step, n_steps, (float)pitch, loud, where);
    }
}

static void play_chords(player *p)
{
    const nd_style *style = p->song->style;
    for (int bar = 0; bar < p->song->n_bars; bar++) {
        float loud = .55f + .35f * section_of(p->song, bar)->level;
        bool last = bar + 1 == p->song->n_bars;
        if (last) play_chord(p, bar, 0, p->n_steps, loud);
        for (int step = 0; step < p->n_steps && !last; step++) {
            if (style->tremolo && step % 2 == 0)
                play_chord(p, bar, step, 2, loud * (step % style->sub ? .6f : .8f));
            else if (!style->tremolo && style->chord_steps[step] == 'x')
                play_chord(p, bar, step, held_steps(style->chord_steps, step, p->n_steps), loud);
        }
    }
}

static void play_bass(player *p)
{
    const nd_style *style = p->song->style;
    for (int bar = 0; bar < p->song->n_bars; bar++) {
        const nd_section *section = section_of(p->song, bar);
        bool last = bar + 1 == p->song->n_bars;
        if (section->part == ND_INTRO || (section->part == ND_BREAK && style->hard > .5f)) continue;
        int root = pitch_near(pitch_of(p->song, p->song->degrees[bar]), 40);
        for (int step = 0; step < (last ? 1 : p->n_steps); step++) {
            char mark = last ? 'r' : style->bass_steps[step];
            if (mark == '.' || mark == '-') continue;
            int fifth = pitch_of(p->song, p->song->degrees[bar] + 4);
            int pitch = mark == '5' ? pitch_near(fifth, 43) : mark == '8' ? root + 12 : root;
            int n = last ? p->n_steps : held_steps(style->bass_steps, step, p->n_steps);
            placing where = {.gain = .7f, .room = .02f, .late_ms = 4};
            play_note(p, style->bass, bar, step, n, (float)pitch, .5f + .4f * section->level,
                      where);
        }
    }
}

static void play_arp(player *p)
{
    static const int orders[3][4] = {{0, 1, 2, 3}, {0, 2, 1, 3}, {3, 2, 1, 0}};
    const nd_style *style = p->song->style;
    const int *order = orders[nd_rng_int(&p->rng, 0, 2)];
    for (int bar = 0; bar + 1 < p->song->n_bars; bar++) {
        const nd_section *section = section_of(p->song, bar);
        int count = 0;
        for (int step = 0; step < p->n_steps; step++) {
            if (style->arp_steps[step] == '.') continue;
            int tone = order[count++ % 4], degree = p->song->degrees[bar] + 2 * (tone % 3);
            int pitch = pitch_near(pitch_of(p->song, degree), 69) + (tone == 3 ? 12 : 0);
            float accent = step % style->sub ? .65f : 1;
            placing where = {
                .gain = .5f, .pan = count % 2 ? .5f : -.5f, .room = .25f, .late_ms = 5};
            play_note(p, style->arp, bar, step, 2, (float)pitch,
                      accent * (.4f + .4f * section->level), where);
        }
    }
}

/* A tune of two bars: where it has notes, and how they move in degrees of the mode. */
typedef struct motif {
    bool sounds[MOTIF_STEPS];
    int8_t move[MOTIF_STEPS];
} motif;

static void invent_motif(motif *m, player *p)
{
    const nd_style *style = p->song->style;
    int n = MOTIF_BARS * p->n_steps, half = style->sub == 6 ? 2 : style->sub / 2;
    *m = (motif){0};
    for (int step = 0; step < n; step += half) {
        double strength = step % p->n_steps == 0 ? 1.6 : step % style->sub == 0 ? 1.15 : .6;
        if (step >= n - style->sub) strength *= .3; /* a breath before it comes again */
        m->sounds[step] = nd_rng_uniform(&p->rng, 0, 1) < strength * (double)style->lead_density;
        m->move[step] = (int8_t)lround(1.3 * nd_rng_normal(&p->rng));
    }
    m->sounds[0] = true;
}

/* The nearest degree to the walk that belongs to the chord of the bar. */
static int snap_to_chord(int degree, int chord)
{
    for (int away = 0; away < 4; away++)
        for (int sign = -1; sign <= 1; sign += 2) {
            int above = (degree + sign * away - chord) % 7;
            if (above < 0) above += 7;
            if (above == 0 || above == 2 || above == 4) return degree + sign * away;
        }
    return degree;
}

static void play_motif(player *p, const motif *m, int bar, int *degree, float loud)
{
    const nd_style *style = p->song->style;
    int first = bar % MOTIF_BARS * p->n_steps;
    placing where = {.gain = .62f, .pan = .1f, .room = .3f, .late_ms = 8};
    for (int step = 0; step < p->n_steps; step++) {
        if (!m->sounds[first + step]) continue;
        int n = 1;
        while (step + n < p->n_steps && !m->sounds[first + step + n] && n < 2 * style->sub) n++;
        *degree = ND_CLAMP(*degree + m->move[first + step], 1, 10);
        if (step % style->sub == 0) *degree = snap_to_chord(*degree, p->song->degrees[bar]);
        int pitch = pitch_of(p->song, *degree) + (p->song->key > 6 ? -12 : 0);
        if (style->mood == ND_TENSE && p->song->lead == ND_BRASS) pitch -= 12;
        play_note(p, p->song->lead, bar, step, n, (float)pitch, loud, where);
    }
}

static void play_lead(player *p)
{
    motif tunes[2];
    int degree = 4;
    invent_motif(&tunes[0], p);
    invent_motif(&tunes[1], p);
    for (int bar = 0; bar + 1 < p->song->n_bars; bar++) {
        const nd_section *section = section_of(p->song, bar);
        int within = bar - section->first_bar;
        bool sings = section->part == ND_CHORUS || (section->part == ND_VERSE && within >= 2);
        if (within % 8 == 0) degree = section->part == ND_CHORUS ? 6 : 4;
        if (sings) /* A A B A */
            play_motif(p, &tunes[within / 2 % 4 == 2], bar, &degree, .5f + .4f * section->level);
    }
}

static void duck_under_kick(player *p)
{
    const nd_style *style = p->song->style;
    if (style->duck <= 0) return;
    for (int bar = 0; bar + 1 < p->song->n_bars; bar++) {
        if (section_of(p->song, bar)->level < .6f) continue;
        for (int step = 0; step < p->n_steps; step++) {
            if (style->kit[ND_KICK][step] == '.') continue;
            nd_mixer_duck(p->mixer, step_at(p, bar, step), style->duck);
        }
    }
}

static void start_layer(player *p, uint64_t seed, uint64_t stream)
{
    nd_rng_init(&p->rng, seed, stream);
}

int nd_song_perform(nd_mixer *mixer, const nd_song *song, uint64_t seed)
{
    player p = {.song = song, .mixer = mixer, .n_steps = song->style->metre * song->style->sub};
    p.note = nd_calloc(NOTE_SAMPLES, sizeof *p.note);
    if (!p.note) return ND_ENOMEM;
    ND_ASSERT(p.n_steps <= ND_MAX_STEPS);
    start_layer(&p, seed, CHORD_STREAM);
    play_chords(&p);
    start_layer(&p, seed, ARP_STREAM);
    if (song->style->arp >= 0) play_arp(&p);
    start_layer(&p, seed, BASS_STREAM);
    play_bass(&p);
    duck_under_kick(&p);
    start_layer(&p, seed, LEAD_STREAM);
    play_lead(&p);
    start_layer(&p, seed, KIT_STREAM);
    play_kit(&p);
    free(p.note);
    return 0;
}

const float *nd_song_master(nd_mixer *mixer, const nd_song *song)
{
    nd_level levels[ND_MAX_SECTIONS + 1];
    int n = 0, metre = song->style->metre;
    for (int s = 0; s < song->n_sections; s++) {
        const nd_section *section = &song->sections[s];
        /* a little before the bar, so that its first stroke has the new loudness */
        int64_t at = s ? song->beat_at[section->first_bar * metre] - ND_SYNTH_RATE_HZ / 16 : 0;
        levels[n++] = (nd_level){at, .55f + .45f * section->level};
    }
    levels[n++] = (nd_level){song->n_samples - ND_SYNTH_RATE_HZ / 8, 0};
    return nd_mixer_master(mixer, song->style->room_s, levels, n, song->style->rms_db);
}
