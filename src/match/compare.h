/* What was found beside what is known: which files are new, changed, gone. */
#ifndef ND_MATCH_COMPARE_H
#define ND_MATCH_COMPARE_H

#include "match/library.h"
#include "match/walk.h"

/** A path of the library. */
typedef struct nd_entry {
    char *path; /* owned */
    int64_t id; /* 0: a failure */
    nd_file_state file;
    int analysis;    /* of a track: which build's features it has */
    bool is_gone;    /* covered by this walk and not there */
    bool is_foreign; /* its features are not those that the model of this index reads */
    bool is_stale;   /* its file has other size or time: content not known yet */
    bool is_taken;   /* gone, and a new path has taken it over */
} nd_entry;

/** All paths of the library, in order. Zeroed is empty. */
typedef struct nd_entries {
    nd_entry *items;
    size_t n, capacity;
} nd_entries;

/** A file that is new or changed. */
typedef struct nd_task {
    const nd_found *found;  /* borrowed from the walk */
    nd_entry *known;        /* borrowed; NULL: a new path */
    nd_known to;            /* path, id to be stored under, state when read */
    const nd_entry *source; /* a track of the same content; NULL: none */
    bool is_move;           /* source is gone, and this is where it went */
    struct nd_task *twin;   /* next one of the same content: analysed once */
    bool is_twin;           /* reached through another's `twin` */
    bool is_settled;        /* nothing left to do */
    double music_s;         /* analysed for it */
} nd_task;

typedef struct nd_tasks {
    nd_task *items;
    size_t n, capacity;
    int64_t n_unchanged; /* tracks */
} nd_tasks;

/** All that the library knows. @return 0; ND_ENOMEM, what the store returns; free
 *  with nd_entries_deinit, also after a failure. */
int nd_entries_load(nd_entries *out, nd_library *lib, nd_diag *diag);

/** @return the entry of that path, borrowed; NULL when there is none. */
nd_entry *nd_entries_find(const nd_entries *e, const char *path);
void nd_entries_deinit(nd_entries *e);

/** Whether what is stored of an entry is what this build would find: a failure always,
 *  a track where it was analysed by a build of ND_ANALYSIS_VERSION and is not foreign. */
bool nd_entry_is_current(const nd_entry *e);

/** Go through both lists side by side: mark entries as gone or stale, make a
 *  task of each file that is new, changed, or failed without a known content.
 *  New ids are given in order of path, so that they are the same whoever
 *  finishes first. @return 0 or ND_ENOMEM. */
int nd_tasks_make(nd_tasks *out, nd_entries *known, const nd_walk *walk);

/** Whether the content of a task must be known before its analysis: a file of
 *  its size is or was known, or is another task. Sets flags[i] for task i.
 *  @return 0 or ND_ENOMEM. Cost: one sort. */
int nd_tasks_need_hash(bool *flags, const nd_tasks *tasks, const nd_entries *known);

/** Once hashes are there, for tasks not settled: set sources and moves (gone
 *  tracks first, each for one task, then copies of any), and twins (the first in
 *  order of path leads). @return 0 or ND_ENOMEM. */
int nd_tasks_match(nd_tasks *tasks, nd_entries *known);

void nd_tasks_deinit(nd_tasks *t);

#endif
