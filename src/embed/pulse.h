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

#endif
