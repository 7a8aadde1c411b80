/* Rhythm and motion of a media file as a matching model reads them, wherever its arrays lie. */
#ifndef ND_EMBED_PULSE_H
#define ND_EMBED_PULSE_H

#include "needledrop/media.h"

/** Find an array of a file by its name in docs/features.md.
 *  @param view_out  type, dims and data, borrowed; the name is not looked at
 *  @return false: there is none (*view_out untouched) */
typedef bool nd_find_array(const void *user, const char *name, nd_array *view_out);

/** Fill nd_item.pulse and nd_item.classes of a file of C clips. The interval of our rhythm is that
 *  of the clip tracked alone (published_clip_beat_interval_s, where it is there) at the octave of
 *  the whole track's beats. Values are as a worker sent them:
 *  what is not finite is 0, a class is cut to its range, clips past the end of an array repeat its
 *  last.
 *  @param pulse, classes  [C, 3] out
 *  @param has_out  whether the file has them: pulse, classes
 *  @param find, user  where its arrays are  @param C  1 or more
 *  @param published  published_*, not ours (docs/features.md)
 *  Threads: as find. Allocates: no. */
void nd_pulse_read(float *pulse, int32_t *classes, bool has_out[2], nd_find_array *find,
                   const void *user, nd_medium medium, int C, bool published);

/** Columns of nd_pulse_show: two flags, three values. */
enum {
    ND_PULSE_MISSING,
    ND_PULSE_NO_INTERVAL,
    ND_PULSE_VALUES,
    ND_PULSE_SHOWN = ND_PULSE_VALUES + 3
};

/** A clip's pulse as numbers of about 1, for a network. Not known: the flag MISSING alone. Music: a
 *  flag for no interval; 0.1 of the beats, 0.2 log2 of the strength, log2 of the interval in s.
 *  Video: 0.3 log2 of the displacement, 0.2 of the cuts, 0.
 *  @param pulse  [3] as nd_item.pulse; NULL, or not all finite: not known
 *  @param out  all of it is written  @return whether it is known. Threads: safe. */
bool nd_pulse_show(float out[ND_PULSE_SHOWN], const float *pulse, nd_medium medium);

/** log2 within what can be told apart, 1/1000 .. 1000. */
float nd_pulse_log2(float x);

#endif
