/* Loudness and peaks of the sound that a study writes, stereo at 48 kHz: measured on the very
 * samples that are written, which the meter of decode never sees. */
#ifndef ND_SERVE_STUDY_LOUDNESS_H
#define ND_SERVE_STUDY_LOUDNESS_H

#include "base/base.h"

enum { ND__STUDY_RATE_HZ = 48000, ND__STUDY_CHANNELS = 2 };

/** Integrated loudness of left and right together, gated.
 *  @param x  [n, 2] at 48 kHz  @return LUFS; -120: shorter than 0.4 s, or under the gate of -70
 *  Source: ITU-R BS.1770-4, annex 1. Checked against FFmpeg's ebur128. Threads: safe. */
double nd__study_lufs(const float *x, int64_t n);

/** The highest level between and at samples of either channel, four times oversampled.
 *  @param x  [n, 2]
 *  @return dBTP; -120: silence. Source: ITU-R BS.1770-4, annex 2; deviation: 24 taps a phase of a
 *  sinc under a Hann window instead of the table of 12. Threads: safe. */
double nd__study_peak_db(const float *x, int64_t n);

#endif
