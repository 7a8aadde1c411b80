/* Folders walked: which files could be music. */
#ifndef ND_MATCH_WALK_H
#define ND_MATCH_WALK_H

#include <sys/stat.h>

#include "base/base.h"

/** A file of a walk, or a place that could not be looked at. */
typedef struct nd_found {
    char *path;    /* owned */
    char *problem; /* owned; NULL: none. Then size and time are 0 */
    int64_t size_bytes, mtime_ns;
} nd_found;

/** Paths that a walk covers; owned. */
typedef struct nd_paths {
    char **items;
    size_t n, capacity;
} nd_paths;

typedef struct nd_walk {
    nd_found *found; /* after nd_walk_finish in order of path, each once */
    size_t n, capacity;
    nd_paths covered; /* whatever else is known at or under these is gone */
    nd_paths blind;   /* but not what is at or under these: could not be seen */
    int64_t n_ignored;
    /* A file that the name does not show to be music counts where this says so;
     * may be NULL. */
    bool (*is_known)(void *user, const char *path);
    int (*on_file)(void *user, int64_t n_found); /* nonzero ends the walk; may be NULL */
    void *user;
    const nd_log *log;
} nd_walk;

/** Absolute path without symbolic links; for what does not exist the path that
 *  it would have. @return malloc'ed; NULL: out of memory. */
char *nd_path_absolute(const char *path);

/** @return whether path is `above` or lies under it. Both absolute. */
bool nd_path_is_under(const char *path, const char *above);

/** Walk one file or folder, absolute. In folders: files named like audio, hidden
 *  ones skipped; links to files count under the link's path, links to folders
 *  are not followed, so that no loop can be. What cannot be read becomes a found
 *  one with a problem and goes to `blind`; the walk goes on.
 *  @return 0; ND_ENOMEM; ND_ENOTFOUND (nothing there: walk untouched); what
 *     on_file returned. */
int nd_walk_path(nd_walk *w, const char *path, nd_diag *diag);

/** Add a path that could not be looked at, with the reason. @return 0, ND_ENOMEM. */
int nd_walk_add_problem(nd_walk *w, const char *path, const char *problem);

/** @return when the content last changed, in ns. */
int64_t nd_mtime_ns(const struct stat *info);

/** Add a copy of path. @return 0 or ND_ENOMEM. */
int nd_paths_add(nd_paths *p, const char *path);

/** @return whether path is one of them or lies under one. */
bool nd_paths_cover(const nd_paths *p, const char *path);

void nd_paths_deinit(nd_paths *p);

/** Sort by the bytes of the paths; a path found twice stays once. */
void nd_walk_finish(nd_walk *w);
void nd_walk_deinit(nd_walk *w);

#endif
