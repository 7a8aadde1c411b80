/* A library: indexed music to search. */
#ifndef NEEDLEDROP_LIBRARY_H
#define NEEDLEDROP_LIBRARY_H

#include "needledrop/media.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nd_library nd_library;

typedef enum nd_open_mode {
    ND_OPEN_READ, /* must exist */
    ND_OPEN_INDEX /* created when absent; one indexer at a time */
} nd_open_mode;

/** @param where  a file (SQLite), or a URL of a store in this build
 *  @return 0; ND_ENOTFOUND (READ, absent), ND_EFORMAT (not a library),
 *     ND_EVERSION (written by a newer version), ND_EBUSY (INDEX, another
 * process is indexing it), ND_EIO, ND_EUNSUPPORTED (no such store). Threads:
 * one thread at a time an object; any number of readers beside one indexer, in
 * any processes. */
ND_API int nd_library_open(nd_library **out, const char *where, nd_open_mode mode, nd_diag *diag);
ND_API void nd_library_close(nd_library **lib);

/* ---- indexing
 * ---------------------------------------------------------------- */

typedef struct nd_index_params {
    int n_workers;      /* 0: one a core */
    const char *worker; /* as nd_describe_params */
    const char *model;  /* a model file with the parts "music" and "match"; "": none; NULL: the
                         * default (nd_model_default_path), none where there is none */
    const nd_log *log;
    const nd_progress *progress;
} nd_index_params;

typedef struct nd_index_report {
    int64_t n_found; /* files that look like media */
    int64_t n_added, n_changed, n_moved, n_removed, n_unchanged;
    int64_t n_failed; /* files now listed as failed, new or from before */
    int64_t n_tracks; /* in the library now */
    double music_s;   /* seconds of music analysed in this run */
    double elapsed_s;
    char model[64];       /* name of the model that embedded; "": none did */
    int64_t n_embedded;   /* tracks in the library that it has embedded, now or before */
    int64_t n_reembedded; /* of them, in this run from stored features: no file was read */
    int64_t n_reanalysed; /* of n_changed: unchanged files, analysed anew for the model */
} nd_index_report;

/** Bring the library in step with files and folders. A path given before need
 *  not be given again to be found, but only what lies under the given paths is
 *  compared and removed. Unchanged files (size and time) cost a stat; a file
 *  whose content hash is known under a path that is gone has moved and keeps
 * its features. Each finished track is committed at once. A folder that cannot
 *  be read, or was remembered and is absent, keeps its tracks; one that is named
 *  and absent is forgotten with them. docs/storage.md says each case.
 *  With a model every track is embedded: on the way, or from stored features where its music
 *  extractor is the one that made them; else the file is analysed anew. A track that the model can
 *  make nothing of is there without. docs/storage.md.
 *  @param paths  files or folders; n_paths 0: every folder indexed before
 *  @return 0 (failed files are in the report); ND_EARG, ND_EIO (no path could
 *  be read; no worker program), as nd_model_open, ND_ENOTFOUND (a part that the
 *  model has not), ND_EFULL, ND_ECANCELLED, ND_EBUSY (another program writes in
 *  the library): what was done before stays. */
ND_API int nd_library_index(nd_library *lib, const char *const *paths, int n_paths,
                            const nd_index_params *params, nd_index_report *report_out,
                            nd_diag *diag);

/* ---- what is in it
 * ------------------------------------------------------------ */

/** One track, borrowed from the call that handed it out. */
typedef struct nd_track {
    int64_t id;
    const char *path;
    nd_media_info info;
    double tempo_bpm; /* 0 when there is no beat */
    int key;          /* 0 C .. 11 B; -1 unknown */
    int is_minor;     /* 0 or 1; -1 unknown */
    double loudness_lufs;
    const char *const *tags; /* NULL last: genre, mood and words of the tags */
} nd_track;

typedef struct nd_failure {
    const char *path;
    const char *reason;
} nd_failure;

/** Which tracks count. Zeroed: all. */
typedef struct nd_filter {
    double bpm_min, bpm_max;               /* 0: open */
    double duration_min_s, duration_max_s; /* 0: open */
    const char *const *tags;               /* every one must be there; NULL last */
    const char *const *not_tags;           /* none may be there; NULL last */
    const char *key;                       /* "C", "F#m", "major", "minor"; NULL: any */
    int vocal;                             /* 0 any, 1 with voice, -1 without; a track where
                         it is not known passes neither */
    const char *path;                      /* with * or ? a glob over the whole path ([abc]
                         is a set there), else a part of it */
} nd_filter;

/** Check a filter's texts. @return 0, or ND_EARG with what was expected. */
ND_API int nd_filter_check(const nd_filter *filter, nd_diag *diag);

/** Call visit for each track that passes, in order of path.
 *  @param filter  NULL: all
 *  @return 0; what visit returned when not 0; ND_EIO. */
ND_API int nd_library_each(nd_library *lib, const nd_filter *filter,
                           int (*visit)(void *user, const nd_track *track), void *user,
                           nd_diag *diag);
ND_API int nd_library_each_failure(nd_library *lib,
                                   int (*visit)(void *user, const nd_failure *failure), void *user,
                                   nd_diag *diag);

typedef struct nd_library_facts {
    int64_t n_tracks, n_failed;
    char model[64];     /* name of the model that it is embedded with; "": none */
    int64_t n_embedded; /* tracks that this model has embedded */
} nd_library_facts;

/** What a library holds. @return 0; as nd_library_each. Cost: a look at each track's number. */
ND_API int nd_library_count(nd_library_facts *out, nd_library *lib, nd_diag *diag);

/** The features of one track. @return 0; ND_ENOTFOUND, ND_EIO, ND_EFORMAT. */
ND_API int nd_library_description(nd_description **out, nd_library *lib, int64_t track_id,
                                  nd_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
