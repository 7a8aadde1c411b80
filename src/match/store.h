/* Stores: where a library lies. One file on the shelf stores/ is one store.
 *
 * A store keeps records under their paths; what changed, moved or is new, the
 * indexer finds out. Each writing call is one transaction: after a kill at any
 * moment all of it is there or none.
 */
#ifndef ND_MATCH_STORE_H
#define ND_MATCH_STORE_H

#include "describe/describe.h"
#include "needledrop/library.h"

/** What a library knows of a file, to notice changes. */
typedef struct nd_file_state {
    int64_t size_bytes;
    int64_t mtime_ns;
    uint64_t hash; /* of the content; 0: not known */
} nd_file_state;

/** A path in the library: a track, or a file that could not be indexed. */
typedef struct nd_known {
    const char *path;
    int64_t id; /* of the track, 1 or more; 0: a failure */
    nd_file_state file;
    int analysis; /* of a track: ND_ANALYSIS_VERSION of the build that analysed it */
} nd_known;

/** A track as it is stored. */
typedef struct nd_record {
    nd_track track; /* id, 1 or more; path; tags */
    nd_file_state file;
    int metre;         /* beats in a bar; 0 when there is no beat */
    int vocal;         /* 1 with voice, 0 without, -1 not known */
    bool is_cut;       /* the file is longer than what was analysed */
    double analysed_s; /* what the features cover */
    int analysis;      /* ND_ANALYSIS_VERSION of the build that made them */
} nd_record;

/** The matching model that a library's tracks were embedded with. */
typedef struct nd_stored_model {
    uint64_t fingerprint; /* of the model */
    uint64_t extractor;   /* of what made the clip embeddings that it read */
    char name[64];        /* for people */
    int64_t W, U;         /* widths of a row, of a whole (0: none) */
} nd_stored_model;

/** What the model made of a track. */
typedef struct nd_stored_joint {
    int64_t track_id;
    uint64_t model; /* its fingerprint */
    int64_t n_rows;
    const void *data; /* [bytes] as nd_packed_write makes it; a store only keeps it */
    size_t bytes;
} nd_stored_joint;

/** A track by what its record measures, to look through a whole library. */
typedef struct nd_brief {
    int64_t id;
    double tempo_bpm, loudness_lufs; /* 0: not known, both */
    int is_minor;                    /* -1: not known */
} nd_brief;

typedef struct nd_store nd_store; /* each store has its own */

typedef int nd_visit_path(void *user, int64_t id, const char *path);
typedef int nd_visit_known(void *user, const nd_known *known);
typedef int nd_visit_track(void *user, const nd_track *track);
typedef int nd_visit_brief(void *user, const nd_brief *brief);
typedef int nd_visit_failure(void *user, const nd_failure *failure);
typedef int nd_visit_joint(void *user, const nd_stored_joint *joint);

/** Paths are any bytes but NUL; whatever is in order of path is in order of its
 *  bytes. Visitors borrow, may call reading ops, and end the walk with a nonzero
 *  value, which the op returns. Errors: as nd_library_open and nd_library_index
 *  say; ND_EFULL when nothing more can be stored. One thread at a time a store. */
typedef struct nd_store_ops {
    const char *name;    /* the file's name */
    const char *summary; /* one line for people */

    /* Whether `where` is an address of this store. */
    bool (*claims)(const char *where);

    /* ND_OPEN_INDEX creates what is absent, brings an older schema up to date
     * and keeps other indexers out until close. */
    int (*open)(nd_store **out, const char *where, nd_open_mode mode, nd_diag *diag);
    void (*close)(nd_store *s);

    /* ---- writing: after ND_OPEN_INDEX only ---- */

    /* Remember a folder that was indexed; twice is once. */
    int (*put_root)(nd_store *s, const char *path, nd_diag *diag);

    /* Store a track with its tags and features, in place of what is known under
     * its path or its id. */
    int (*put_track)(nd_store *s, const nd_record *r, const nd_description *features,
                     nd_diag *diag);

    /* Store to->path as a track of id to->id with all that track from_id has but
     * its file, in place of what is known under that path. */
    int (*copy_track)(nd_store *s, int64_t from_id, const nd_known *to, nd_diag *diag);

    /* Give track to->id the path and file state of *to (the path may be its own:
     * then it was only touched), in place of what else is known there. */
    int (*move_track)(nd_store *s, const nd_known *to, nd_diag *diag);

    /* Store a failure, in place of what is known under its path. */
    int (*put_failure)(nd_store *s, const char *path, const nd_file_state *file, const char *reason,
                       nd_diag *diag);

    /* Update the file state of a failure: it was touched. */
    int (*touch_failure)(nd_store *s, const char *path, const nd_file_state *file, nd_diag *diag);

    /* Forget a path: track, failure or folder. */
    int (*remove)(nd_store *s, const char *path, nd_diag *diag);

    /* Say which model the library is embedded with from now on, in place of what was
     * said before. Tracks keep another model's rows until put_joint replaces them; no
     * reading op for this model gives them. */
    int (*put_model)(nd_store *s, const nd_stored_model *model, nd_diag *diag);

    /* Store what a model made of a track, in place of what there was. It goes when the
     * track goes or is put again; a copy of the track has it too.
     * @return ND_ENOTFOUND: no such track. */
    int (*put_joint)(nd_store *s, const nd_stored_joint *joint, nd_diag *diag);

    /* ---- reading ---- */

    int (*count)(nd_store *s, int64_t *n_tracks_out, int64_t *n_failures_out, nd_diag *diag);

    /* Folders indexed, in order of path; id is 0. */
    int (*each_root)(nd_store *s, nd_visit_path *visit, void *user, nd_diag *diag);

    /* Tracks and failures, in order of path. */
    int (*each_known)(nd_store *s, nd_visit_known *visit, void *user, nd_diag *diag);

    /* Tracks that pass a filter that nd_filter_check accepts (NULL: all), in
     * order of path. */
    int (*each_track)(nd_store *s, const nd_filter *filter, nd_visit_track *visit, void *user,
                      nd_diag *diag);
    /* The same tracks in order of id, and nothing else of them. */
    int (*each_brief)(nd_store *s, const nd_filter *filter, nd_visit_brief *visit, void *user,
                      nd_diag *diag);
    int (*each_failure)(nd_store *s, nd_visit_failure *visit, void *user, nd_diag *diag);

    /* Tracks whose path is `ending` or ends with "/" and it, in order of path. */
    int (*each_ending)(nd_store *s, const char *ending, nd_visit_path *visit, void *user,
                       nd_diag *diag);

    /* One track. @return as the visitor; ND_ENOTFOUND. */
    int (*get_track)(nd_store *s, int64_t id, nd_visit_track *visit, void *user, nd_diag *diag);

    /* What put_model stored last. @return ND_ENOTFOUND: nothing was. */
    int (*get_model)(nd_stored_model *out, nd_store *s, nd_diag *diag);

    /* What the model of that fingerprint made of the tracks that pass a filter (as
     * each_track), in order of id, and nothing else of them. Data may come from
     * anywhere: nd_packed_read checks it. */
    int (*each_joint)(nd_store *s, const nd_filter *filter, uint64_t fingerprint,
                      nd_visit_joint *visit, void *user, nd_diag *diag);

    /* Tracks that have nothing of that model, in order of id. */
    int (*each_without_joint)(nd_store *s, uint64_t fingerprint, nd_visit_path *visit, void *user,
                              nd_diag *diag);

    /* What put_track stored: info, arrays in order of name; of these only the ones
     * named (NULL last), or all (NULL). Those that are not asked for are not read.
     * @return 0; ND_ENOTFOUND; ND_EFORMAT where sizes do not fit. */
    int (*load)(nd_description **out, nd_store *s, int64_t id, const char *const *names,
                nd_diag *diag);
} nd_store_ops;

/** Every store of this build, NULL last: written by tools/make-shelf. */
extern const nd_store_ops *const nd_store_shelf[];

#endif
