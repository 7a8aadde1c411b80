/* The made world's media: what a script says, as sound and as picture. */
#ifndef ND_SYNTH_CORPUS_H
#define ND_SYNTH_CORPUS_H

#include "synth/scene.h"
#include "synth/script.h"

enum { ND_MADE_RATE_HZ = 16000 };

/** Streams of the renderers, beside those of the script. */
enum { ND_MADE_MUSIC = 241, ND_MADE_VIDEO, ND_MADE_KIND, ND_MADE_PAIRS, ND_MADE_SPARES };

/** Where an item's file is in the corpus: "music/ID.ogg" (or another kind), "video/ID.mp4".
 *  @return malloc'ed; NULL: out of memory */
char *nd_made_track_name(const nd_script *script, int track);
char *nd_made_video_name(const nd_script *script, int video);

/** Render a track to a file. What it draws comes from music_seed and the track's key alone.
 *  @return 0; ND_EIO, ND_EFULL, ND_ENOMEM (nothing at path then).
 *  Threads: safe. Cost: about 5 ms a second of music. */
int nd_made_track_render(const char *path, const nd_script *script, int track, nd_diag *diag);

/** The same for a video, without sound, from video_seed. Cost: about 4 ms a second at 96 px. */
int nd_made_video_render(const char *path, const nd_script *script, int video, nd_diag *diag);

/** Play the track: instruments, then the room. @param mono_out  [*n_out] f32 at ND_SYNTH_RATE_HZ,
 *  malloc'ed. @return 0 or ND_ENOMEM */
int nd_made_track_play(float **mono_out, int64_t *n_out, const nd_script *script, int track);

/** What recording does to it: half the rate, tone, hiss, clipping, fades, one loudness (within
 *  1 dB) for all.
 *  @param inout  [n] at ND_SYNTH_RATE_HZ; afterwards [return value] at ND_MADE_RATE_HZ */
int64_t nd_made_sound_finish(float *inout, int64_t n, nd_rng *rng);

/* ---- what scenes sound and look like --------------------------------------------------------- */

/** The band of a scene. Instruments index nd_instruments, -1: none; of three each track has one. */
typedef struct nd_made_band {
    int chords[3], leads[3], basses[3];
    const char *chord_steps, *bass_steps; /* 8 eighths: 'x' plays, '-' holds, '.' rests */
    int kick, snare, ticks;               /* nd_drum */
    const char *tick_steps;
    float hard, kit_gain, bass_gain, lead_gain, swing, crackle, brightness;
} nd_made_band;

extern const nd_made_band nd_made_bands[ND_SCRIPT_SCENES];

/** How a mood is played. */
typedef struct nd_made_manner {
    int8_t semitones[7];
    int8_t chords[3][4]; /* progressions: degrees */
    float energy, bright, attack, room, tremolo;
    int octave; /* semitones by which all but the bass is moved */
} nd_made_manner;

extern const nd_made_manner nd_made_manners[ND_SCRIPT_MOODS];

/** Colours of a scene, three to choose from, and of one mood the grading. */
nd_palette nd_made_palette(int concept, int variant);

#endif
