/* Inside the describe room: colour pictures that are kept as they come. */
#ifndef ND_DESCRIBE_ALBUM_H
#define ND_DESCRIBE_ALBUM_H

#include "describe/describe.h"

/** Pictures of one size, the first one's. Zeroed is empty. */
typedef struct nd_album {
    nd_bytes pixels; /* [n, h, w, 3] */
    int64_t n;
    int w, h;
} nd_album;

/** Add a picture; of another shape than the first it is cut, or stands on black.
 *  @param frame  ND_RGB  @param most  pictures an album may hold  @param name  of the feature, for
 *  messages
 *  @return 0; ND_ELIMIT (there are that many), ND_ENOMEM (then it is only good for
 *  nd_album_deinit). */
int nd_album_add(nd_album *album, const nd_frame *frame, int64_t most, const char *name,
                 nd_diag *diag);

/** Store them as the array `name`, [n, h, w, 3] u8. @return 0 or ND_ENOMEM. */
int nd_album_store(const nd_album *album, nd_description *d, const char *name, nd_diag *diag);

void nd_album_deinit(nd_album *album);

#endif
