/* One series' pictures: any decoded frame to a small plane of luma or RGB. */
#ifndef ND_DECODE_SCALER_H
#define ND_DECODE_SCALER_H

#include <libavutil/frame.h>

#include "decode/decode.h"

typedef struct nd_scaler nd_scaler;

/** @return 0 or ND_ENOMEM. */
int nd_scaler_create(nd_scaler **out, const nd_frame_spec *spec);
void nd_scaler_destroy(nd_scaler **s);

/** The next run scales anew; until then runs give the last picture again. */
void nd_scaler_forget(nd_scaler *s);

/** Scale, apply the pixel aspect and turn clockwise by 90 degrees `turns` times.
 *  @param out  width, height, stride, pixels and data are filled; data is the scaler's,
 *     valid until its next run
 *  @return 0; ND_EFORMAT (pixels that cannot be converted), ND_ENOMEM. */
int nd_scaler_run(nd_scaler *s, nd_frame *out, const AVFrame *frame, AVRational pixel_aspect,
                  int turns);

#endif
