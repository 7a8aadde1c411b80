/* Items of made media: each is rendered to its file, and its truth told as JSON. */
#ifndef ND_SYNTH_TRUTH_H
#define ND_SYNTH_TRUTH_H

#include <jansson.h>

#include "base/base.h"

enum { ND_NAME_BYTES = 96 };

/** Invent names for track `index` of a seed: titles come again after 576. */
void nd_name_track(char title[ND_NAME_BYTES], char artist[ND_NAME_BYTES], uint64_t seed,
                   int64_t index);
/** A title that suits a mood (nd_mood). */
void nd_name_video(char title[ND_NAME_BYTES], int mood, uint64_t seed);

/** "01-amber-harbour.ogg": number from 1 on, title in small letters, ending.
 *  @return malloc'ed; NULL: out of memory */
char *nd_name_file(int64_t index, const char *title, const char *ending);

/** Render track `index` of a seed into folder.
 *  @param truth_out  a new object, caller's reference
 *  @return 0; ND_EIO, ND_EFULL, ND_ENOMEM. Threads: safe. */
int nd_synth_track(json_t **truth_out, const char *folder, uint64_t seed, int64_t index,
                   double mean_length_s, nd_diag *diag);

/** Tempo of the track of that mood among the four of a block (0: tracks 0..3), rendered or not.
 *  @return 0 or ND_ENOMEM */
int nd_synth_tempo(double *bpm_out, uint64_t seed, int64_t block, int mood);

/** The same for a video. One that is cut on beats has the tempo of the track of its mood and
 *  block, so that there is music that fits. */
int nd_synth_video(json_t **truth_out, const char *folder, uint64_t seed, int64_t index,
                   double mean_length_s, nd_diag *diag);

/** A number for each (seed, item, purpose), so that items do not depend on each other. */
uint64_t nd_item_seed(uint64_t seed, int64_t index, int purpose);

#endif
