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

/** Render dir/music/NAME.ogg, dir/video/NAME.mp4 and dir/truth.json (every
 * tempo, beat, downbeat, metre, key, loudness curve, section, instrument; every
 * cut, motion and palette). The folder is created; files of the same names are
 *  replaced. Same parameters, same bytes, at any n_threads.
 *  @param progress  NULL: none
 *  @return 0; ND_EIO, ND_EFULL, ND_EARG (negative counts), ND_ECANCELLED; what
 *     was done before stays, truth.json is written last. */
ND_API int nd_synth_media(const char *dir, const nd_synth_media_params *params,
                          const nd_progress *progress, nd_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
