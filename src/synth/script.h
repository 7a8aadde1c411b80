/* The latent world: what tracks and videos are about, before any sound or picture. Pairs are
 * related through it alone; models.md 6 is the recipe. */
#ifndef ND_SYNTH_SCRIPT_H
#define ND_SYNTH_SCRIPT_H

#include <jansson.h>

#include "base/base.h"
#include "needledrop/synth.h"
#include "synth/song.h"

/* A concept is scene * ND_SCRIPT_MOODS + mood; the moods are the first three of nd_mood. A pulse is
 * level * 3 + contour: the level stays through a track, the contour is the clip's. */
enum {
    ND_SCRIPT_SCENES = 8,
    ND_SCRIPT_MOODS = 3,
    ND_CONCEPTS = ND_SCRIPT_SCENES * ND_SCRIPT_MOODS,
    ND_PULSES = 6,
    ND_BAG_CLIPS = 7,
    ND_SCRIPT_CLIPS = 16,
    ND_SCRIPT_BEFORE = ND_SCRIPT_CLIPS - 1,
    ND_FAMILY_TRACKS = 16,
    ND_ID_BYTES = 17
};
#define ND_SCRIPT_CLIP_S 4.0

typedef enum nd_part_of_corpus { ND_IN_TRAIN, ND_IN_VAL, ND_IN_TEST } nd_part_of_corpus;

/** Names of nd_part_of_corpus, as corpus.jsonl has them; beats a minute of each pulse; names of the
 *  scenes, in the order of nd_scene_kinds. */
extern const char *const nd_split_names[3];
extern const double nd_pulse_bpm[ND_PULSES];
extern const char *const nd_script_scenes[ND_SCRIPT_SCENES];

/** What is said of an item: a concept in one of three wordings, maybe a word that has nothing to do
 *  with it. -1: not said. */
typedef struct nd_script_tags {
    int concept, wording, extra;
} nd_script_tags;

/** What happens in the clips, whichever the medium; all ND_SCRIPT_CLIPS are filled in, past the
 *  end too. A file is cut out of something longer, so that its beginning is like any other place:
 *  until the first clip starts there is ND_SCRIPT_BEFORE. */
typedef struct nd_script_track {
    uint64_t key; /* names its streams of random numbers */
    char id[ND_ID_BYTES];
    nd_part_of_corpus split;
    int family, order, contour; /* -1 outside the families */
    int n_videos;
    int copy_of;   /* a track that this one repeats; -1: none */
    bool is_exact; /* the copy has the same bytes; else the same script, played otherwise */
    double duration_s;
    double first_beat_s, tempo_ratio; /* above 0; the tempo is off by the ratio everywhere */
    int tag;                          /* the concept that most of it is about */
    int8_t concepts[ND_SCRIPT_CLIPS], pulses[ND_SCRIPT_CLIPS];
    double starts_s[ND_SCRIPT_CLIPS]; /* of the clips, rising; the first within -1 .. 1 */
    nd_script_tags tags;
} nd_script_track;

typedef struct nd_script_video {
    uint64_t key;
    char id[ND_ID_BYTES];
    int track;         /* index */
    int first_clip;    /* of the track; its time is where the music starts */
    double start_s;    /* in the track: 4 * first_clip */
    double duration_s; /* has nothing to do with the track's */
    bool is_sync;      /* its cuts lie on beats */
    /* what is shown, after the noise: from the track's first_clip on */
    int8_t concepts[ND_SCRIPT_CLIPS], motions[ND_SCRIPT_CLIPS];
    double starts_s[ND_SCRIPT_CLIPS]; /* in the video; past the end of the script 1,000 */
    nd_script_tags tags;
} nd_script_video;

typedef struct nd_script_params {
    nd_synth_world world;
    int n_tracks, n_pairs; /* outside the families: train and val */
    int n_families;
    double noise;  /* chance a clip that the video shows something near instead */
    bool is_blank; /* every script is one and the same, no cut lies on a beat: nothing links a
                    * pair */
    uint64_t seed, video_seed, music_seed;
    int side_px; /* of pictures, mostly */
    double fps;
} nd_script_params;

typedef struct nd_script {
    nd_script_params params;
    nd_script_track *tracks; /* [n_tracks]: families, others, those without a video */
    nd_script_video *videos; /* [n_videos], of the families first */
    int n_tracks, n_videos;
} nd_script;

/** Plan the world. The same parameters give the same one; video_seed and music_seed change nothing
 *  in it.
 *  @param out  zeroed or to be overwritten; nd_script_deinit frees it
 *  @return 0 or ND_ENOMEM (*out untouched). Cost: some microseconds an item. */
int nd_script_plan(nd_script *out, const nd_script_params *params);
void nd_script_deinit(nd_script *script);

/** How many clips of a script of that length are played, the last one maybe in part. */
int nd_script_clips(double duration_s);

/** The clip on show at a time. @param starts_s [ND_SCRIPT_CLIPS] @return ND_SCRIPT_BEFORE before
 *  the first */
int nd_script_clip_at(const double *starts_s, double time_s);

/** Seconds from beat to beat in the clip that is on at a time. */
double nd_script_period_s(const nd_script_track *t, double time_s);

/** The first beat after time_s of the track's grid, whose phase goes on where the tempo changes.
 *  @param place_inout  zeroed before the first call: {seconds, beats} so far
 *  @return its time */
double nd_script_next_beat(const nd_script_track *t, double place_inout[2]);

/** Draw a concept near another one: the same scene or the same mood (nine of them). */
int nd_script_neighbour(int concept, nd_rng *rng);
/** Whether two concepts share scene or mood and are not the same. */
bool nd_script_is_near(int a, int b);

/* ---- words ---------------------------------------------------------------------------------- */

/** Draw what people, or in the world `himv` a machine, say of something about that concept. */
nd_script_tags nd_script_draw_tags(nd_synth_world world, int concept, nd_rng *rng);

/** The words as a list of texts. @return a new array; NULL: out of memory */
json_t *nd_script_words(nd_synth_world world, nd_script_tags tags);

/** The wordings of each concept, a line each, then the words that are about nothing after "!": what
 *  `needledrop tags --synonyms` reads. @return malloc'ed; NULL: out of memory */
char *nd_script_synonyms(void);

/** Targets that video and music do not share, to pretrain extractors that know nothing of each
 *  other (models.md 6.4, "AE"): the scenes, for video; for music families of concepts, which cut
 *  through the scenes. A machine says mood and scene apart, so in `himv` the families are the
 *  moods. */
typedef enum nd_target_kind { ND_TARGET_SCENE, ND_TARGET_FAMILY } nd_target_kind;
enum { ND_TARGET_FAMILIES = 6 };

/** A target a line, its name first, then every tag that belongs to it: what `needledrop pretrain
 *  --targets` reads. @return malloc'ed; NULL: out of memory */
char *nd_script_targets(nd_synth_world world, nd_target_kind kind);

/** Everything as the text of truth.json, an item a line, in an order that tells nothing.
 *  @param text_out  malloc'ed. @return 0 or ND_ENOMEM */
int nd_script_truth(char **text_out, const nd_script *script);

/** A shuffled list of 0 .. n - 1. @return malloc'ed [n]; NULL: out of memory */
int *nd_script_shuffle(int n, uint64_t seed);

/* ---- oracles -------------------------------------------------------------------------------- */

/** What an oracle knows of the two scripts. */
typedef enum nd_oracle {
    ND_ORACLE_TAG,    /* the track's one tag */
    ND_ORACLE_BAG,    /* how often each concept comes, and not when */
    ND_ORACLE_RHYTHM, /* pulse and motion in order, no concepts */
    ND_ORACLE_ORDER,  /* concepts in order */
    ND_ORACLE_ALL,    /* concepts, pulse and motion in order */
    ND_N_ORACLES
} nd_oracle;

extern const char *const nd_oracle_names[ND_N_ORACLES];

/** How well a track fits a video over the video's first seven clips, as log likelihood under the
 *  script's noise; for the tag, how many clips show it. */
double nd_oracle_score(const nd_script *script, nd_oracle what, int video, int track);

enum { ND_RECALLS = 4 };
/** 1, 5, 10, 25. */
extern const int nd_recall_at[ND_RECALLS];

/** The chance that the wanted one of n is among the first K when equals stand in random order.
 *  @param scores [n], larger is better; @param wanted  index
 *  @param mean_rank_out  expected rank / n, 0..1; NULL: not wanted */
void nd_oracle_recall(double out[ND_RECALLS], double *mean_rank_out, const double *scores, int n,
                      int wanted);

/** Mean recall of an oracle over the test part: every test video against every test track. The
 *  world has at least one family. @return 0 or ND_ENOMEM */
int nd_oracle_ladder(double out[ND_RECALLS], const nd_script *script, nd_oracle what);

#endif
