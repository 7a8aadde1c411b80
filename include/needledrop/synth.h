/* Made media of known truth, for demos and tests. */
#ifndef NEEDLEDROP_SYNTH_H
#define NEEDLEDROP_SYNTH_H

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

#ifdef __cplusplus
}
#endif
#endif
