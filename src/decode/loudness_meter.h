/* EBU R128 loudness of decoded sound, measured by FFmpeg's own ebur128 filter. */
#ifndef ND_DECODE_LOUDNESS_METER_H
#define ND_DECODE_LOUDNESS_METER_H

#include <libavutil/frame.h>

#include "decode/decode.h"

typedef struct loudness_meter loudness_meter;

/** @return 0 or ND_ENOMEM. */
int loudness_meter_create(loudness_meter **out);
void loudness_meter_destroy(loudness_meter **meter);

/** Measure one frame.
 *  @param f     as decoded; stays the caller's
 *  @param mono  [f->nb_samples] the mean of its channels: measured in place of f where
 *     the filter does not know its channel layout
 *  @return 0, ND_ENOMEM, ND_EUNSUPPORTED (not even the mean can be measured). */
int loudness_meter_add(loudness_meter *meter, AVFrame *f, const float *mono);

/** Fill s->momentary_lufs, n_momentary and integrated_lufs.
 *  @param start_s, length_s  the part of the stream that s holds
 *  @return 0 or ND_ENOMEM. */
int loudness_meter_finish(loudness_meter *meter, nd_samples *s, double start_s, double length_s);

#endif
