/* A song: what is played when. Composed first, performed then, so that its truth is known. */
#ifndef ND_SYNTH_SONG_H
#define ND_SYNTH_SONG_H

#include "synth/instrument.h"
#include "synth/mixer.h"

typedef enum nd_mood { ND_CALM, ND_HAPPY, ND_TENSE, ND_DRIVING, ND_N_MOODS } nd_mood;

extern const char *const nd_mood_names[ND_N_MOODS];

/** Seven degrees above the key note, in semitones, and chord progressions that suit them. */
typedef struct nd_mode {
    const char *name;
    int8_t semitones[7];
    int8_t progressions[4][4]; /* degrees, 0 is the tonic */
} nd_mode;

enum { ND_MAX_STEPS = 24 };

/** How a kind of music is played. Patterns have metre * sub steps a bar: '.' rest,
 *  'o' soft, 'x' normal, 'X' accent; chords '-' holds; bass 'r' root, '5' fifth, '8' octave. */
typedef struct nd_style {
    const char *genre;
    nd_mood mood;
    float bpm_lo, bpm_hi;
    int metre, sub; /* beats a bar, steps a beat */
    int bars_a_chord;
    int modes[2]; /* of nd_modes */
    float swing;  /* share of a beat by which its second half comes late */
    float drift;  /* slow wander of the tempo, as a ratio - 1 */
    int chords, bass, arp, leads[2];
    bool sevenths, tremolo;
    const char *kit[ND_N_DRUMS]; /* a pattern for each drum; NULL: not played */
    const char *chord_steps, *bass_steps, *arp_steps;
    float lead_density;   /* notes a beat, about */
    float kit_gain, hard; /* of the drums: loudness, brushes .. sticks */
    float duck;           /* how far the kick pushes the rest down */
    float room_s, rms_db;
} nd_style;

extern const nd_style nd_styles[];
extern const int nd_n_styles;
extern const nd_mode nd_modes[];

typedef enum nd_part { ND_INTRO, ND_VERSE, ND_CHORUS, ND_BREAK, ND_OUTRO, ND_N_PARTS } nd_part;

typedef struct nd_section {
    nd_part part;
    int first_bar, n_bars;
    float level; /* planned loudness, 0..1 */
} nd_section;

enum { ND_MAX_SECTIONS = 12 };

typedef struct nd_song {
    const nd_style *style;
    const nd_mode *mode;
    int key; /* 0 C .. 11 B */
    double tempo_bpm;
    int n_bars, n_sections;
    nd_section sections[ND_MAX_SECTIONS];
    int8_t *degrees;   /* [n_bars], the chord of each bar */
    int64_t *beat_at;  /* [n_bars * metre + 1], samples; the last is the end of the last bar */
    int64_t n_samples; /* with the tail */
    int lead;          /* instrument */
} nd_song;

extern const char *const nd_part_names[ND_N_PARTS];

/** Write a song of about length_s (whole bars, and a tail) for a style.
 *  @return 0 or ND_ENOMEM; nd_song_deinit frees it. */
int nd_song_compose(nd_song *song, const nd_style *style, double length_s, uint64_t seed);
void nd_song_deinit(nd_song *song);

/** Play it: drums exactly on the grid, the others a few ms beside it as people are.
 *  @return 0 or ND_ENOMEM. Cost: about 8 ms a second of song. */
int nd_song_perform(nd_mixer *mixer, const nd_song *song, uint64_t seed);

/** Master what was performed, with the loudness of the sections. @return as nd_mixer_master */
const float *nd_song_master(nd_mixer *mixer, const nd_song *song);

/** The mood of item `index`: each of four in a row has another. */
nd_mood nd_mood_of(uint64_t seed, int64_t index);

/** The style of track `index`: nd_mood_of, and the styles of a mood in turn. */
const nd_style *nd_song_style(uint64_t seed, int64_t index);

#endif
