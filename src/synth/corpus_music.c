/* Playing a track of the made world. The grid of beats is the script's; on it a band plays that
 * changes with the scene of the clip, in the manner of the clip's mood. Key, tuning, room, the
 * choice among like instruments, the mix and every note are the player's own. What is kept begins
 * in the middle of the playing, and ends there: a beginning would tell a clip's place. */
#include <math.h>
#include <string.h>

#include "encode/encode.h"
#include "synth/corpus.h"
#include "synth/truth.h"

#define RATE ((float)ND_SYNTH_RATE_HZ)

/* Beats that are played before what is kept begins: notes and room of theirs ring on into it. */
enum { MAX_BEATS = 400, LEAD_IN = 8, NOTE_SAMPLES = 8 * ND_SYNTH_RATE_HZ, N_STROKES = 3 };

typedef struct player {
    const nd_script_track *track;
    nd_mixer *mixer;
    nd_rng rng;
    float *note; /* [NOTE_SAMPLES], scratch */
    float *strokes[ND_SCRIPT_SCENES][N_STROKES];
    int stroke_n[ND_SCRIPT_SCENES][N_STROKES];
    double beats_s[MAX_BEATS + 1]; /* from the lead-in on, which is before 0 */
    int n_beats;
    double lead_s; /* from the mixer's start to 0 */
    int variant;   /* of the band's instruments and the chords */
    float key, kit_gain, lead_gain, bass_gain, chord_gain, swing;
    int degree; /* where the tune is */
} player;

static const char *const endings[] = {".ogg", ".flac", ".mp3", ".m4a"};

char *nd_made_track_name(const nd_script *script, int track)
{
    const nd_script_track *t = &script->tracks[track];
    uint64_t key = t->is_exact ? script->tracks[t->copy_of].key : t->key;
    nd_rng rng;
    nd_rng_init(&rng, key, ND_MADE_KIND);
    nd_str name = {0};
    nd_str_append(&name, "music/%s%s", t->id,
                  endings[nd_rng_int(&rng, 0, (int)ND_COUNT(endings) - 1)]);
    return nd_str_take(&name);
}

static int scene_at(const player *p, int beat)
{
    int k = nd_script_clip_at(p->track->starts_s, p->beats_s[beat]);
    return p->track->concepts[k] / ND_SCRIPT_MOODS;
}

static int mood_at(const player *p, int beat)
{
    int k = nd_script_clip_at(p->track->starts_s, p->beats_s[beat]);
    return p->track->concepts[k] % ND_SCRIPT_MOODS;
}

/* The time of an eighth, 0 or 1, of a beat; the second comes late where the band swings. */
static double eighth_s(const player *p, int beat, int eighth)
{
    double length = p->beats_s[beat + 1] - p->beats_s[beat];
    double swing = (double)nd_made_bands[scene_at(p, beat)].swing;
    return p->beats_s[beat] + (eighth ? (.5 + .5 * swing * .33) * length : 0);
}

/* @return sample of the mixer */
static int64_t sample_at(const player *p, double time_s)
{
    return (int64_t)(ND_MAX(time_s + p->lead_s, 0.0) * (double)RATE);
}

/* ---- notes ------------------------------------------------------------------------------- */

/* The instrument as scene and mood want it. */
static nd_instrument instrument_of(int which, const nd_made_band *band,
                                   const nd_made_manner *manner)
{
    nd_instrument ins = nd_instruments[which];
    float bright = band->brightness * manner->bright;
    ins.attack_s = ND_MIN(ins.attack_s * manner->attack, .6f);
    ins.release_s = ND_MIN(ins.release_s, .12f); /* the room does the rest */
    ins.cutoff *= bright;
    ins.sweep *= bright;
    ins.index *= bright;
    ins.bright = ND_MIN(ins.bright * bright, .9f);
    return ins;
}

static void tremble(float *note, int n, float depth)
{
    for (int i = 0; i < n; i++) {
        float phase = 7.1f * (float)i / RATE;
        phase -= floorf(phase);
        note[i] *= 1 - depth * fabsf(2 * phase - 1);
    }
}

static void play_note(player *p, int which, int beat, double at_s, double length_s, int degree,
                      float centre, float gain, float pan)
{
    const nd_made_band *band = &nd_made_bands[scene_at(p, beat)];
    const nd_made_manner *manner = &nd_made_manners[mood_at(p, beat)];
    nd_instrument ins = instrument_of(which, band, manner);
    int octave = (int)floorf((float)degree / 7);
    float pitch = p->key + (float)manner->semitones[degree - 7 * octave] + 12 * (float)octave;
    while (pitch > centre + 6) pitch -= 12;
    while (pitch < centre - 6) pitch += 12;
    at_s += nd_rng_uniform(&p->rng, -.006, .006);
    float loud = .6f + .4f * (float)nd_rng_uniform(&p->rng, 0, 1);
    float seconds = (float)ND_MIN(length_s, 6.0);
    int n = ND_MIN(nd_instrument_samples(&ins, seconds), (int)NOTE_SAMPLES);
    memset(p->note, 0, (size_t)n * sizeof *p->note);
    nd_instrument_play(p->note, n, &ins, pitch, seconds, loud, nd_rng_next(&p->rng));
    if (manner->tremolo > 0 && length_s > .4) tremble(p->note, n, manner->tremolo);
    nd_mixer_add(p->mixer, p->note, n, sample_at(p, at_s), gain, pan, manner->room);
}

/* Degree of the chord that stands at a beat; a new one every four. */
static int chord_at(const player *p, int beat)
{
    const nd_made_manner *manner = &nd_made_manners[mood_at(p, beat)];
    return manner->chords[p->variant][beat / 4 % 4];
}

/* Eighths from one that sounds to the next that sounds, rests or ends the pattern. */
static int held(const char *steps, int step)
{
    int n = 1;
    while (step + n < 8 && steps[step + n] == '-') n++;
    return n;
}

/* Patterns are eight eighths, four beats; a new clip breaks off what is held. */
static double end_s(const player *p, int beat, int step, int n)
{
    int last = beat + (step % 2 + n) / 2, until = beat;
    while (until < last && until < p->n_beats && scene_at(p, until) == scene_at(p, beat) &&
           mood_at(p, until) == mood_at(p, beat))
        until++;
    if (until == last && (step + n) % 2 && last < p->n_beats) return eighth_s(p, last, 1);
    return p->beats_s[ND_MIN(ND_MAX(until, beat + (step + n) % 2), p->n_beats)];
}

static bool has_changed(const player *p, int beat)
{
    return beat == 0 || scene_at(p, beat) != scene_at(p, beat - 1) ||
           mood_at(p, beat) != mood_at(p, beat - 1);
}

static void play_chords(player *p, int beat)
{
    const nd_made_band *band = &nd_made_bands[scene_at(p, beat)];
    const nd_made_manner *manner = &nd_made_manners[mood_at(p, beat)];
    for (int eighth = 0; eighth < 2; eighth++) {
        int step = beat % 4 * 2 + eighth;
        /* a clip that begins where the pattern holds begins with the chord */
        bool is_new = eighth == 0 && has_changed(p, beat) && band->chord_steps[step] == '-';
        if (band->chord_steps[step] != 'x' && !is_new) continue;
        double at = eighth_s(p, beat, eighth);
        double length = end_s(p, beat, step, held(band->chord_steps, step)) - at;
        for (int i = 0; i < 3; i++)
            play_note(p, band->chords[p->variant], beat, at, ND_MAX(length * .95, .08),
                      chord_at(p, beat) + 2 * i, 60 + .5f * (float)manner->octave,
                      .33f * p->chord_gain, .3f * (float)(i - 1));
    }
}

static void play_bass(player *p, int beat)
{
    const nd_made_band *band = &nd_made_bands[scene_at(p, beat)];
    int which = band->basses[p->variant];
    for (int eighth = 0; eighth < 2 && which >= 0; eighth++) {
        int step = beat % 4 * 2 + eighth;
        bool is_new = eighth == 0 && has_changed(p, beat) && band->bass_steps[step] == '-';
        if (band->bass_steps[step] != 'x' && !is_new) continue;
        double at = eighth_s(p, beat, eighth);
        double length = end_s(p, beat, step, held(band->bass_steps, step)) - at;
        int fifth = nd_rng_uniform(&p->rng, 0, 1) < .25 ? 4 : 0;
        play_note(p, which, beat, at, ND_MAX(length * .9, .1), chord_at(p, beat) + fifth, 38,
                  band->bass_gain * p->bass_gain, 0);
    }
}

/* A walk by steps; a calm one leaves out what is not of five tones. */
static void play_lead(player *p, int beat)
{
    const nd_made_band *band = &nd_made_bands[scene_at(p, beat)];
    const nd_made_manner *manner = &nd_made_manners[mood_at(p, beat)];
    double chance = .3 + .5 * (double)manner->energy;
    for (int eighth = 0; eighth < 2; eighth++) {
        if (nd_rng_uniform(&p->rng, 0, 1) > (eighth ? .5 * chance : chance)) continue;
        p->degree = ND_CLAMP(p->degree + nd_rng_int(&p->rng, -2, 2), 0, 9);
        int degree = p->degree;
        if (mood_at(p, beat) == ND_CALM && (degree % 7 == 3 || degree % 7 == 6)) degree--;
        double beat_s = p->beats_s[beat + 1] - p->beats_s[beat];
        play_note(p, band->leads[p->variant], beat, eighth_s(p, beat, eighth),
                  beat_s * (eighth                 ? .45
                            : manner->energy > .6f ? .5
                                                   : .95),
                  degree, 72 + .7f * (float)manner->octave, band->lead_gain * p->lead_gain, .1f);
    }
}

/* ---- drums ------------------------------------------------------------------------------- */

/* Render the strokes of a scene's kit once. */
static int prepare_kit(player *p, int scene)
{
    const nd_made_band *band = &nd_made_bands[scene];
    const int drums[N_STROKES] = {band->kick, band->snare, band->ticks};
    for (int i = 0; i < N_STROKES; i++) {
        if (p->strokes[scene][i]) continue;
        float tune = (float)nd_rng_uniform(&p->rng, .88, 1.14);
        float *stroke = p->strokes[scene][i] = nd_calloc(ND_DRUM_SAMPLES, sizeof *stroke);
        if (!stroke) return ND_ENOMEM;
        p->stroke_n[scene][i] = nd_drum_render(stroke, (nd_drum)drums[i],
                                               i == 1 && band->snare == ND_TOM ? 1.5f * tune : tune,
                                               band->hard, nd_rng_next(&p->rng));
    }
    return 0;
}

static void strike(player *p, int beat, int eighth, int stroke, float loud)
{
    int scene = scene_at(p, beat);
    const nd_made_band *band = &nd_made_bands[scene];
    static const float pans[N_STROKES] = {0, .05f, -.25f};
    loud *= p->kit_gain * band->kit_gain * (float)nd_rng_uniform(&p->rng, .85, 1);
    nd_mixer_add(p->mixer, p->strokes[scene][stroke], p->stroke_n[scene][stroke],
                 sample_at(p, eighth_s(p, beat, eighth)), loud, pans[stroke], .04f);
}

static int play_kit(player *p, int beat)
{
    int scene = scene_at(p, beat);
    const nd_made_band *band = &nd_made_bands[scene];
    int rc = prepare_kit(p, scene);
    if (rc) return rc;
    strike(p, beat, 0, 0, beat % 2 ? .65f : 1);
    if (beat % 2) strike(p, beat, 0, 1, .8f);
    for (int eighth = 0; eighth < 2; eighth++)
        if (band->tick_steps[beat % 4 * 2 + eighth] == 'x')
            strike(p, beat, eighth, 2, eighth ? .35f : .5f);
    return 0;
}

/* Pops of dust, some a beat. */
static void play_crackle(player *p, int beat)
{
    float depth = nd_made_bands[scene_at(p, beat)].crackle;
    for (int i = 0; i < 12 && depth > 0; i++) {
        float pop[48];
        float level = depth * .12f * (float)nd_rng_uniform(&p->rng, .1, 1);
        for (int k = 0; k < 48; k++)
            pop[k] = level * expf(-.15f * (float)k) * (float)nd_rng_uniform(&p->rng, -1, 1);
        double at = nd_rng_uniform(&p->rng, p->beats_s[beat], p->beats_s[beat + 1]);
        nd_mixer_add(p->mixer, pop, 48, sample_at(p, at), 1, 0, 0);
    }
}

/* ---- the piece --------------------------------------------------------------------------- */

/* The bar may have begun at any beat. */
static void find_beats(player *p)
{
    double place[2] = {0};
    int n = LEAD_IN + nd_rng_int(&p->rng, 0, 3);
    p->beats_s[n] = nd_script_next_beat(p->track, place);
    for (int i = n - 1; i >= 0; i--)
        p->beats_s[i] = p->beats_s[i + 1] -
                        nd_script_period_s(p->track, ND_MIN(p->beats_s[i + 1], 0));
    p->lead_s = .1 - p->beats_s[0];
    while (n < MAX_BEATS && p->beats_s[n] < p->track->duration_s)
        p->beats_s[++n] = nd_script_next_beat(p->track, place);
    p->n_beats = n;
}

/* The mix of this track; three in ten have drums that hardly stand out. */
static void choose_mix(player *p)
{
    bool is_weak = nd_rng_uniform(&p->rng, 0, 1) < .3;
    p->variant = nd_rng_int(&p->rng, 0, 2);
    p->key = 60 + (float)nd_rng_int(&p->rng, -6, 5) + (float)nd_rng_uniform(&p->rng, -.4, .4);
    p->kit_gain = (float)(is_weak ? nd_rng_uniform(&p->rng, .3, .5)
                                  : nd_rng_uniform(&p->rng, .6, 1));
    p->chord_gain = (float)nd_rng_uniform(&p->rng, .7, 1.3);
    p->bass_gain = (float)nd_rng_uniform(&p->rng, .7, 1.2);
    p->lead_gain = (float)nd_rng_uniform(&p->rng, .6, 1.2);
    p->degree = nd_rng_int(&p->rng, 2, 6);
}

static int play_beats(player *p)
{
    for (int beat = 0; beat < p->n_beats; beat++) {
        play_chords(p, beat);
        play_bass(p, beat);
        play_lead(p, beat);
        play_crackle(p, beat);
        int rc = play_kit(p, beat);
        if (rc) return rc;
    }
    return 0;
}

static void deinit_player(player *p)
{
    for (int s = 0; s < ND_SCRIPT_SCENES; s++)
        for (int i = 0; i < N_STROKES; i++) free(p->strokes[s][i]);
    nd_mixer_destroy(&p->mixer);
    free(p->note);
    free(p);
}

static nd_rng player_rng(const nd_script *script, const nd_script_track *t)
{
    uint64_t key = t->is_exact ? script->tracks[t->copy_of].key : t->key;
    nd_rng rng;
    nd_rng_init(&rng, nd_item_seed(script->params.music_seed, 0, ND_MADE_MUSIC), key);
    return rng;
}

int nd_made_track_play(float **mono_out, int64_t *n_out, const nd_script *script, int track)
{
    const nd_script_track *t = &script->tracks[track];
    player *p = nd_calloc(1, sizeof *p);
    if (!p) return ND_ENOMEM;
    int64_t n = (int64_t)(t->duration_s * (double)RATE);
    p->track = t;
    p->rng = player_rng(script, t);
    find_beats(p);
    int64_t lead = sample_at(p, 0);
    p->mixer = nd_mixer_create(lead + n);
    p->note = nd_calloc(NOTE_SAMPLES, sizeof *p->note);
    float *mono = nd_calloc((size_t)n, sizeof *mono);
    int rc = p->mixer && p->note && mono ? 0 : ND_ENOMEM;
    if (!rc) {
        choose_mix(p);
        rc = play_beats(p);
    }
    if (!rc) {
        float room_s = (float)nd_rng_uniform(&p->rng, .15, 1.2);
        const float *stereo = nd_mixer_master(p->mixer, room_s, NULL, 0, -20) + 2 * lead;
        for (int64_t i = 0; i < n; i++) mono[i] = .5f * (stereo[2 * i] + stereo[2 * i + 1]);
        *mono_out = mono;
        *n_out = n;
    } else {
        free(mono);
    }
    deinit_player(p);
    return rc;
}

int nd_made_track_render(const char *path, const nd_script *script, int track, nd_diag *diag)
{
    float *sound = NULL;
    int64_t n = 0;
    nd_writer *writer = NULL;
    nd_writer_params params = {.rate_hz = ND_MADE_RATE_HZ, .n_channels = 1};
    int rc = nd_made_track_play(&sound, &n, script, track);
    if (rc) return nd_diag_set(diag, rc, "making %s: out of memory", path);
    nd_rng rng = player_rng(script, &script->tracks[track]);
    n = nd_made_sound_finish(sound, n, &rng);
    rc = nd_writer_open(&writer, path, &params, diag);
    if (!rc) rc = nd_writer_add_samples(writer, sound, n, diag);
    if (!rc) rc = nd_writer_close(&writer, diag);
    nd_writer_abort(&writer);
    free(sound);
    return rc;
}
