/* Corpora: folders that say which video goes with which music, to learn from. */
#ifndef NEEDLEDROP_CORPUS_H
#define NEEDLEDROP_CORPUS_H

#include <stdbool.h>

#include "needledrop/library.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- building ------------------------------------------------------------------ */

typedef struct nd_corpus_params {
    const char *videos; /* folder of videos; "himv": of whatever media there are */
    const char *music;  /* "folders": folder of music */
    const char *pairs;  /* list of pairs, CSV, TSV or JSON lines. "folders": NULL is
                           VIDEOS/pairs.csv, .tsv or .jsonl where there is one */
    const char *ids;    /* "himv": list of ids, one a line or in a column of a CSV */
    double val_share;   /* of the pairs; 0: 0.1; negative: none */
    double test_share;  /* likewise; the rest is for training */
    uint64_t seed;      /* of who goes where */
    bool spread_tracks; /* videos of one track may lie in several splits */
    bool no_listening;  /* do not decode the music: only files of the same bytes are one track */
    int n_workers;      /* 0: one a core */
    const char *worker; /* as nd_describe_params */
    const nd_log *log;
    const nd_progress *progress;
} nd_corpus_params;

/** What a build found. Lists are in order of path and owned by the report. */
typedef struct nd_corpus_report {
    int n_pairs, n_train, n_val, n_test;
    int n_videos; /* distinct files */
    int n_tracks; /* pieces of music: files that sound alike are one */
    int n_groups; /* sets of pairs that must stay in one split */
    int n_tags;   /* on all pairs together */
    int n_untagged;
    double video_s, music_s;
    int n_listed;               /* "himv": ids; lists of pairs: pairs */
    int n_unused;               /* "folders": pieces of music that no video has */
    const nd_failure *failures; /* [n_failures] media and lines that could not be read */
    int n_failures;
    const nd_failure *unpaired; /* [n_unpaired] media without a partner, and why */
    int n_unpaired;
    const char *const *missing; /* [n_missing] ids without media */
    int n_missing;
    struct nd_corpus_draft *draft; /* what owns the lists */
} nd_corpus_report;

/** Make DIR/corpus.jsonl.
 *  @param out  created, also where nothing failed; nd_corpus_report_destroy
 *  @param source  how pairs are found: "folders" (a list, or equal names), "videos" (each
 *     video's own sound), "himv" (ids in file names), "manifest" (a list alone)
 *  @return 0 (media that cannot be read are in the report); ND_EARG (a parameter that the source
 *     needs is missing, no such source, shares), ND_EIO (a folder or list cannot be read),
 *     ND_EEMPTY (no pair: corpus.jsonl stays what it was, *out says why), ND_EFULL,
 *     ND_ENOMEM, ND_ECANCELLED. *out untouched but for ND_EEMPTY.
 *  Same files, same seed, same bytes, at any n_workers.
 *  Threads: distinct folders. Cost: the info of each file (10 ms or so); unless no_listening,
 *     each track is decoded (a second for three minutes). */
ND_API int nd_corpus_build(nd_corpus_report **out, const char *dir, const char *source,
                           const nd_corpus_params *params, nd_diag *diag);
ND_API void nd_corpus_report_destroy(nd_corpus_report **report);

/** {"pairs", "splits": {"train", "val", "test"}, "videos", "tracks", "groups", "tags",
 *  "untagged", "video_s", "music_s", "listed", "unused", "missing": [id], "unpaired": [{"path",
 *  "reason"}], "failed": [{"path", "reason"}]}. @return 0 or ND_ENOMEM; *json_out: free(3) */
ND_API int nd_corpus_report_json(char **json_out, const nd_corpus_report *report);

/* ---- checking ------------------------------------------------------------------ */

/** What is in a corpus, and what is wrong with it. */
typedef struct nd_corpus_check nd_corpus_check;

/** Read DIR/corpus.jsonl and every file that it names.
 *  @param params  no_listening, n_workers, worker, log, progress count; NULL: defaults
 *  @param out  created; nd_corpus_check_destroy
 *  @return 0 (whatever is found); ND_EIO (no corpus.jsonl), ND_ELIMIT, ND_ENOMEM,
 *     ND_ECANCELLED. *out untouched.
 *  Threads: safe. Cost: reads every byte for its hash; unless no_listening, decodes the music. */
ND_API int nd_corpus_check_run(nd_corpus_check **out, const char *dir,
                               const nd_corpus_params *params, nd_diag *diag);
ND_API void nd_corpus_check_destroy(nd_corpus_check **check);

/** @return broken lines and unreadable media files together. */
ND_API int nd_corpus_check_failures(const nd_corpus_check *check);

/** As a text to read; is_long: every item of every list.
 *  @return 0 or ND_ENOMEM; *out: free(3) */
ND_API int nd_corpus_check_text(char **out, const nd_corpus_check *check, bool is_long);

/** {"path", "pairs", "splits": {"train", "val", "test": {"pairs", "videos", "tracks"}},
 *  "empty_splits": [name], "videos", "music" (distinct files), "own_sound" (pairs whose music
 *  is the video's), "most_videos_of_a_track", "video_lengths", "music_lengths": {"n", "total_s",
 *  "min_s", "p10_s", "median_s", "p90_s", "max_s"}, "tags": {"distinct", "mentions", "untagged",
 *  "top": [{"tag", "pairs"}, the first 100]}, "listened", "duplicates": {"ids", "pairs" (lines
 *  that were left out), "same_bytes": [{"path", "other"}], "same_sound": [{"path", "other",
 *  "overlap_s", "offset_s" (other's start in path), "error" (share of bits)}]}, "leaks":
 *  [{"kind": "same video|track|bytes|sound", "path", "other", "splits", "other_splits"}],
 *  "problems": [{"kind": "line|id|pair|tag|more", "line", "column", "reason"}], "failed":
 *  [{"path", "reason"}]}. @return 0 or ND_ENOMEM; *json_out: free(3) */
ND_API int nd_corpus_check_json(char **json_out, const nd_corpus_check *check);

#ifdef __cplusplus
}
#endif
#endif
