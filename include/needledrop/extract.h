/* Extraction: a corpus's media decoded once, into a cache of features to train on. */
#ifndef NEEDLEDROP_EXTRACT_H
#define NEEDLEDROP_EXTRACT_H

#include <stdbool.h>

#include "needledrop/library.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nd_extract_params {
    const char *what;    /* "music", "video" or both with a comma; NULL: both */
    const char *layout;  /* of video frames: "rows", as published (NULL), "time", or "rows,time" */
    const char *cache;   /* folder of the cache; NULL: DIR/cache */
    bool statistics;     /* of music too, for models that read them (CBVMR); a cache that has them
                          * of some file gets them of all */
    bool half;           /* log-mel as half floats, twice the bytes; else as bytes */
    bool retry;          /* try again what failed and has not changed */
    bool measure;        /* compare what is kept with what was computed */
    double max_length_s; /* of a file; the rest is left out; 0: 1,800 */
    int n_workers;       /* 0: one a core */
    const char *worker;  /* as nd_describe_params */
    const nd_log *log;
    const nd_progress *progress;
} nd_extract_params;

/** What a medium takes in the cache, over every file of the corpus that is in it. */
typedef struct nd_extract_share {
    int64_t n_files, n_clips;
    double media_s;
    int64_t n_bytes;
} nd_extract_share;

/** What encoding costs, over the first 8 clips of each file extracted in a run with `measure`. */
typedef struct nd_extract_loss {
    const char *array, *encoding; /* static: "fbank", "bands" */
    bool is_kept;                 /* the encoding that the cache has */
    int64_t n_clips;
    double max_error, rms_error;   /* in the array's unit */
    double mean_cosine_difference; /* 1 - cosine of the embeddings of a clip and of the clip that */
    double max_cosine_difference;  /* is kept, by a tiny Conformer of random weights (seed 1) */
    double neighbour_cosine_difference; /* mean, between a clip and the next of its file: the
                                           scale of the two above; 0 where all values are exact */
} nd_extract_loss;

enum { ND_EXTRACT_MAX_LOSSES = 4 };

typedef struct nd_extract_report {
    int64_t n_files;     /* that the corpus names, of the wanted media */
    int64_t n_extracted; /* in this run */
    int64_t n_unchanged; /* done before; the file may be gone since */
    int64_t n_failed;    /* now or before */
    nd_extract_share music, video;
    double elapsed_s, extracted_s; /* of this run: the work, and the media */
    int64_t cache_bytes;           /* both files */
    nd_extract_loss losses[ND_EXTRACT_MAX_LOSSES];
    int n_losses;
    nd_failure *failures; /* [n_failed], in order of the corpus: nd_extract_report_deinit */
} nd_extract_report;

/** Bring the cache of a corpus in step with its files. What is there and unchanged (size and
 *  time) costs a stat; a changed file is extracted again; each finished file is on disk at once,
 *  so that a kill loses only what is under way. One bad file never stops the rest.
 *  @param dir  the folder of corpus.jsonl
 *  @param params  NULL: the defaults
 *  @param report_out  filled on success
 *  @return 0 (failed files are in the report); ND_EARG (a parameter), ND_EIO (no corpus, no worker
 *     program), ND_EFORMAT (the cache is damaged), ND_EVERSION (it has other settings: the first
 *     that differs), ND_EBUSY (another process extracts into it), ND_EFULL, ND_ENOMEM,
 *     ND_ECANCELLED: what was done before stays. *report_out untouched.
 *  Same files, same features, at any n_workers. Threads: distinct caches. */
ND_API int nd_extract(const char *dir, const nd_extract_params *params,
                      nd_extract_report *report_out, nd_diag *diag);

/** Free what a report owns. A zeroed one is fine. */
ND_API void nd_extract_report_deinit(nd_extract_report *report);

/** Read the whole cache of a corpus and compare it with its checksums.
 *  @param cache  its folder
 *  @param n_items_out  files with features; may be NULL
 *  @param digest_out   one number for all of them, the same where the same features are in it, in
 *     whatever order they came; may be NULL
 *  @return 0; ND_ENOTFOUND, ND_EFORMAT (damaged: where), ND_EVERSION, ND_EIO, ND_ECANCELLED. */
ND_API int nd_extract_verify(const char *cache, int64_t *n_items_out, uint64_t *digest_out,
                             const nd_progress *progress, nd_diag *diag);

/** {"files", "extracted", "unchanged", "failed": [{"path", "reason"}], "music": {"files", "clips",
 *  "media_s", "bytes", "bytes_per_hour"}, "video": {..}, "elapsed_s", "extracted_s", "cache_bytes",
 *  "losses": [{"array", "encoding", "is_kept", "clips", "max_error", "rms_error",
 *  "mean_cosine_difference", "max_cosine_difference", "neighbour_cosine_difference"}]}.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_extract_report_json(char **json_out, const nd_extract_report *report);

/** Bytes of an hour of media; 0 where there is none. */
ND_API double nd_extract_bytes_per_hour(const nd_extract_share *share);

#ifdef __cplusplus
}
#endif
#endif
