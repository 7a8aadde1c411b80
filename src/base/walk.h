/* Folders walked, whoever asks: all files below one, links to folders not followed. */
#ifndef ND_BASE_WALK_H
#define ND_BASE_WALK_H

#include <sys/stat.h>

#include "base/base.h"

/** What a walk calls. A nonzero result ends it. Paths are borrowed. */
typedef struct nd_visitor {
    /** A file, what a link leads to, or a device or pipe (st_mode says which). */
    int (*file)(void *user, const char *path, const struct stat *info);
    /** What cannot be looked at: error is that of errno(3); is_link: a link that leads nowhere. */
    int (*problem)(void *user, const char *path, int error, bool is_link);
    /** A link to a folder. */
    int (*folder_link)(void *user, const char *path); /* optional */
    void *user;
} nd_visitor;

/** Walk a folder. Hidden entries below it are passed over, links to folders are not followed, so
 *  that no loop can be; what is gone since its folder was read was never there.
 *  @param dir  a folder, or a link to one; the visitor's paths start with it
 *  @return 0; ND_ENOMEM; what a call of the visitor returned.
 *  Threads: distinct visitors. Memory: that of the deepest folder. Order: the file system's. */
int nd_folder_walk(const char *dir, const nd_visitor *visitor);

/** Whether a path's ending is of those that hold sound and seldom anything else, in any case. */
bool nd_path_names_audio(const char *path);

/** Whether the ending of a path's name is one of a list's, in any case.
 *  @param endings  [n], without their dots */
bool nd_path_ends_in(const char *path, const char *const *endings, size_t n);

#endif
