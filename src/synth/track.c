/* A track: a song written to its file, and what is true of it. */
#include <math.h>

#include "base/json.h"
#include "encode/encode.h"
#include "synth/song.h"
#include "synth/truth.h"

enum { SONG_PURPOSE = 1, PLAY_PURPOSE, LENGTH_PURPOSE };

static const char *const key_names[12] = {"C",  "Db", "D",  "Eb", "E",  "F",
                                          "Gb", "G",  "Ab", "A",  "Bb", "B"};

/* Set key in object to value, which is taken, NULL (no memory) too. */
static int put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) ? ND_ENOMEM : 0;
}

static json_t *seconds_of(const int64_t *at, int n, int step)
{
    json_t *list = json_array();
    for (int i = 0; list && i < n; i += step) {
        json_t *value = nd_json_number((double)at[i] / ND_SYNTH_RATE_HZ, 4);
        if (json_array_append_new(list, value)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Mean power of the sound between two samples, dB of full scale. */
static double loudness_db(const float *stereo, int64_t from, int64_t to)
{
    double power = 1e-12;
    for (int64_t i = 2 * from; i < 2 * to; i++)
        power += (double)stereo[i] * (double)stereo[i] / (double)(2 * (to - from));
    return 10 * log10(power);
}

static json_t *sections_of(const nd_song *song, const float *stereo)
{
    json_t *list = json_array();
    int metre = song->style->metre;
    for (int s = 0; list && s < song->n_sections; s++) {
        const nd_section *section = &song->sections[s];
        int64_t from = song->beat_at[section->first_bar * metre];
        int64_t to = song->beat_at[(section->first_bar + section->n_bars) * metre];
        json_t *item = json_pack("{s:s, s:o, s:o, s:o}", "part", nd_part_names[section->part],
                                 "start_s", nd_json_number((double)from / ND_SYNTH_RATE_HZ, 4),
                                 "level", nd_json_number((double)section->level, 2), "loudness_db",
                                 nd_json_number(loudness_db(stereo, from, to), 1));
        if (json_array_append_new(list, item)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *instruments_of(const nd_song *song)
{
    const nd_style *style = song->style;
    int played[] = {style->bass, style->chords, style->arp, song->lead};
    bool seen[ND_N_INSTRUMENTS] = {false};
    json_t *list = json_pack("[s]", "drums");
    for (size_t i = 0; list && i < ND_COUNT(played); i++) {
        if (played[i] < 0 || seen[played[i]]) continue;
        seen[played[i]] = true;
        if (json_array_append_new(list, json_string(nd_instruments[played[i]].name))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

typedef struct labels {
    char title[ND_NAME_BYTES], artist[ND_NAME_BYTES];
    const char *file; /* with its folder */
} labels;

/* The last bar is one chord on its first beat: later beats are not heard. */
static json_t *tell(const nd_song *song, const float *stereo, const labels *names)
{
    const nd_style *style = song->style;
    int n_beats = (song->n_bars - 1) * style->metre + 1;
    json_t *truth = json_object();
    if (!truth) return NULL;
    double length_s = (double)song->n_samples / ND_SYNTH_RATE_HZ;
    if (put(truth, "file", json_string(names->file)) ||
        put(truth, "title", json_string(names->title)) ||
        put(truth, "artist", json_string(names->artist)) ||
        put(truth, "genre", json_string(style->genre)) ||
        put(truth, "mood", json_string(nd_mood_names[style->mood])) ||
        put(truth, "duration_s", nd_json_number(length_s, 4)) ||
        put(truth, "tempo_bpm", nd_json_number(song->tempo_bpm, 2)) ||
        put(truth, "metre", json_integer(style->metre)) ||
        put(truth, "key", json_string(key_names[song->key])) ||
        put(truth, "mode", json_string(song->mode->name)) ||
        put(truth, "is_minor", json_boolean(song->mode->semitones[2] == 3)) ||
        put(truth, "instruments", instruments_of(song)) ||
        put(truth, "sections", sections_of(song, stereo)) ||
        put(truth, "downbeats_s", seconds_of(song->beat_at, n_beats, style->metre)) ||
        put(truth, "beats_s", seconds_of(song->beat_at, n_beats, 1))) {
        json_decref(truth);
        return NULL;
    }
    return truth;
}

static int write_sound(const char *path, const nd_song *song, const float *stereo,
                       const labels *names, nd_diag *diag)
{
    nd_writer_params params = {.rate_hz = ND_SYNTH_RATE_HZ,
                               .n_channels = 2,
                               .title = names->title,
                               .artist = names->artist,
                               .genre = song->style->genre};
    nd_writer *writer = NULL;
    int rc = nd_writer_open(&writer, path, &params, diag);
    if (!rc) rc = nd_writer_add_samples(writer, stereo, song->n_samples, diag);
    if (!rc) return nd_writer_close(&writer, diag);
    nd_writer_abort(&writer);
    return rc;
}

int nd_synth_track(json_t **truth_out, const char *folder, uint64_t seed, int64_t index,
                   double mean_length_s, nd_diag *diag)
{
    nd_song song = {0};
    nd_mixer *mixer = NULL;
    labels names = {.file = NULL};
    nd_name_track(names.title, names.artist, seed, index);
    nd_rng rng;
    nd_rng_init(&rng, nd_item_seed(seed, index, LENGTH_PURPOSE), 0);
    double length_s = mean_length_s * nd_rng_uniform(&rng, .85, 1.15);
    char *name = nd_name_file(index, names.title, ".ogg");
    char *path = name ? nd_path_join(folder, name) : NULL;
    char *file = name ? nd_path_join("music", name) : NULL;
    json_t *truth = NULL;
    int rc = path && file ? nd_song_compose(&song, nd_song_style(seed, index), length_s,
                                            nd_item_seed(seed, index, SONG_PURPOSE))
                          : ND_ENOMEM;
    if (!rc && !(mixer = nd_mixer_create(song.n_samples))) rc = ND_ENOMEM;
    if (!rc) rc = nd_song_perform(mixer, &song, nd_item_seed(seed, index, PLAY_PURPOSE));
    if (!rc) {
        const float *stereo = nd_song_master(mixer, &song);
        names.file = file;
        truth = tell(&song, stereo, &names);
        rc = truth ? write_sound(path, &song, stereo, &names, diag) : ND_ENOMEM;
    }
    if (rc == ND_ENOMEM) nd_diag_set(diag, rc, "making a track in %s: out of memory", folder);
    if (rc) json_decref(truth);
    else *truth_out = truth;
    nd_mixer_destroy(&mixer);
    nd_song_deinit(&song);
    free(file);
    free(path);
    free(name);
    return rc;
}

int nd_synth_tempo(double *bpm_out, uint64_t seed, int64_t block, int mood)
{
    int64_t index = ND_N_MOODS * block;
    while ((int)nd_mood_of(seed, index) != mood) index++;
    nd_song song;
    int rc = nd_song_compose(&song, nd_song_style(seed, index), 1,
                             nd_item_seed(seed, index, SONG_PURPOSE));
    if (rc) return rc;
    *bpm_out = song.tempo_bpm;
    nd_song_deinit(&song);
    return 0;
}
