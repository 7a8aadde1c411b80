/* Made media of known truth, for demos and tests. */
#ifndef NEEDLEDROP_SYNTH_H
#define NEEDLEDROP_SYNTH_H

#include <stdbool.h>

#include "needledrop/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nd_synth_media_params {
    int n_tracks; /* music files; 0: none */
    int n_videos;
    uint64_t seed;
    double music_s; /* mean length of a track; 0: 40 */
    double video_s; /* mean length of a video; 0: 20 */
    int n_threads;  /* 0: one a core */
} nd_synth_media_params;

/** Render dir/music/NN-TITLE.ogg, dir/video/NN-TITLE.mp4 and dir/truth.json. The folders are
 *  created; files of the same names are replaced, others stay. Same parameters, same bytes, at any
 *  n_threads; an item depends on the seed, its number and the lengths only, not on how many there
 *  are. Of four tracks (videos) in a row each has another mood: calm, happy, tense or driving,
 *  which its tempo, mode and energy (motion, cuts, palette) follow. Videos carry no sound.
 *
 *  truth.json: {"format", "seed", "tracks": [..], "videos": [..]}
 *    track: file title artist genre mood duration_s tempo_bpm metre (beats a bar) key mode is_minor
 *      instruments, sections [{part, start_s, level (planned, 0..1), loudness_db (RMS, of full
 *      scale)}], downbeats_s, beats_s
 *    video: file title mood duration_s fps width height, motion_widths_s (mean displacement, frame
 *      widths a second), palette {brightness 0..1, warmth -1..1, saturation 0..1}, sync_bpm and
 *      sync_offset_s (the grid of beats that its cuts lie on; null: none), cuts [{time_s (the
 *      middle of a soft one), kind (cut, dissolve, fade), length_s}], shots [{start_s, scene,
 *      motion_widths_s, palette}]
 *  @param progress  NULL: none
 *  @return 0; ND_EIO, ND_EFULL, ND_ENOMEM, ND_EARG (NULL, negative counts, music above 1,200 s or
 *     videos above 400 s), ND_ECANCELLED; what was done before stays, truth.json is written last.
 *  Threads: distinct folders. Cost: about 0.4 s of a core for 40 s of music, 1.3 s for 20 s of
 *  video. */
ND_API int nd_synth_media(const char *dir, const nd_synth_media_params *params,
                          const nd_progress *progress, nd_diag *diag);

/** Where the pairs of a made corpus come from. */
typedef enum nd_synth_world {
    ND_WORLD_COLLECTED, /* users' videos: several to a track, users' tags */
    ND_WORLD_HIMV       /* music videos: one to a track, a machine's tags */
} nd_synth_world;

/** How much of it. `tiny` is 48 px at 4 frames a second, the others 96 px at 8. */
typedef enum nd_synth_size {
    ND_SIZE_NONE,  /* n_pairs says it */
    ND_SIZE_TINY,  /* 64 tracks and 200 videos, a test part of 64 pairs: for tests */
    ND_SIZE_SMALL, /* 700 and 2,800; 512 */
    ND_SIZE_FULL   /* 1,600 and 6,300; 1,024 */
} nd_synth_size;

typedef struct nd_synth_corpus_params {
    nd_synth_size size;
    int n_pairs; /* of all parts, 24 to 200,000, where size is ND_SIZE_NONE */
    nd_synth_world world;
    bool no_script; /* a control: all items have one script, so that what a model learns to find
                            is a leak (models.md 6.7, control 4) */
    double noise;   /* chance a clip that the video shows something near; 0: 0.2,
                            negative: none; below 0.9 */
    uint64_t seed;  /* of the scripts: what goes with what */
    uint64_t video_seed; /* of how videos are made; 0: from seed */
    uint64_t music_seed; /* of how music is made; 0: from seed */
    int n_threads;       /* 0: one a core */
} nd_synth_corpus_params;

/** What was made. */
typedef struct nd_synth_corpus_counts {
    int n_tracks, n_videos;
    int n_train, n_val, n_test; /* pairs */
    int n_kept;                 /* files that were there from a run before */
} nd_synth_corpus_counts;

/** Render a corpus whose pairs are related through a script that neither medium shows in full:
 *    dir/corpus.jsonl     the pairs: id, video, music, start_s, tags (of the video), music_tags,
 *                         split; the test part without tags
 *    dir/test_tags.jsonl  the tags of the test part
 *    dir/gallery.jsonl    tracks that no video has: music, split, music_tags
 *    dir/synonyms.txt     wordings that mean the same, for nd_tags_make
 *    dir/truth.json       the scripts; what trains never reads it
 *    dir/video/ID.mp4     without sound;  dir/music/ID.ogg, .flac, .mp3, .m4a: 16 kHz, mono
 *  docs/made-world.md says how it is made. Same parameters, same bytes, at any n_threads. All files
 *  have one time stamp. Started again after it was stopped, it keeps the files that are there.
 *  @param counts_out  NULL: not wanted
 *  @return 0; ND_EARG, ND_EVERSION (dir holds a corpus of other parameters), ND_EIO, ND_EFULL,
 *     ND_ENOMEM, ND_ECANCELLED; the files made before stay; truth.json is written first, the
 *     other lists last.
 *  Threads: distinct folders. Cost: docs/made-world.md. */
ND_API int nd_synth_corpus(const char *dir, const nd_synth_corpus_params *params,
                           nd_synth_corpus_counts *counts_out, const nd_progress *progress,
                           nd_diag *diag);

typedef struct nd_synth_audit_params {
    bool as_json;  /* the report as one object instead of text */
    int n_threads; /* 0: one a core */
} nd_synth_audit_params;

/** Look for leaks in a corpus that nd_synth_corpus made: rankers by size, length, bit rate, codec,
 *  metadata, order in the lists, names, time stamps, brightness, colour and loudness, each of which
 *  has to rank at chance; the splits; one medium made again with other noise. And the ladder: the
 *  recall of oracles that know parts of the scripts.
 *  @param report_out  NUL-terminated, caller frees with free(3). As JSON:
 *     {"passed", "chance": [Recall@1, 5, 10, 25 in %], "gallery", "controls": [{"name", "passed",
 *     "found", of rankers "recall", "bootstrap_lo", .. too}], "ladder": [{"oracle", "recall"}]}
 *  @param passed_out  whether every control held
 *  @param params      NULL: text
 *  @return 0, whether they hold or not; ND_EARG, ND_EIO, ND_EFORMAT (truth.json or corpus.jsonl is
 *     not as it was written), ND_ENOMEM, ND_ECANCELLED. Outputs untouched then.
 *  Threads: safe. Cost: reads every file, decodes the test part. */
ND_API int nd_synth_audit(char **report_out, bool *passed_out, const char *dir,
                          const nd_synth_audit_params *params, const nd_progress *progress,
                          nd_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
