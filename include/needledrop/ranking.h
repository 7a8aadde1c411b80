/* Ranking tracks for a video, or tracks like a track. */
#ifndef NEEDLEDROP_RANKING_H
#define NEEDLEDROP_RANKING_H

#include "needledrop/library.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ND_MAX_PARTS = 8 };

/** One part of a score: how well one thing fits. */
typedef struct nd_score_part {
    const char *name; /* static, "motion" */
    double value;     /* 0 (worst) .. 1 */
    double weight;    /* share in the score; the weights of a hit sum to 1 */
} nd_score_part;

/** A track that fits. Texts are owned by the ranking. */
typedef struct nd_hit {
    int rank;    /* 1 is best */
    int library; /* index of the library it was found in */
    int64_t track_id;
    const char *path, *title, *artist; /* title, artist "" when unknown */
    double duration_s, tempo_bpm;
    const char *key; /* "A minor"; "" when unknown */
    double score;    /* 0 .. 1: the weighted sum of the parts */
    nd_score_part parts[ND_MAX_PARTS];
    int n_parts;
    double window_s[2]; /* the stretch of the track that fits best */
    double start_s;     /* start the track here, so that beats meet cuts */
    const char *why;    /* one sentence */
} nd_hit;

typedef struct nd_ranking {
    const char *path; /* of the query */
    nd_hit *hits;
    int n_hits;
    int64_t n_passed; /* tracks that passed the filter */
} nd_ranking;

typedef struct nd_rank_params {
    int n_hits;              /* 0: 10 */
    const nd_filter *filter; /* NULL: all */
    const char *ranker;      /* NULL: "rhythm" */
    int n_threads;           /* 0: one a core */
    const char *worker;      /* as nd_describe_params */
    const nd_log *log;
} nd_rank_params;

/** Rank the tracks of libraries for a video.
 *  A track whose stored features are damaged, or hold nothing to compare, is left out with a
 *  warning to params->log; n_passed counts it.
 *  @param out  created; nd_ranking_destroy. Same input, same bytes, at any n_threads; ties by
 *     path, then library. Fewer hits than asked where fewer pass the filter.
 *  @param params  NULL for the defaults above
 *  @return 0; what nd_describe_file and nd_library_each return; ND_ESHORT (2 s of video or
 *     less); ND_EARG. *out untouched.
 *  Threads: distinct libraries. Cost: the analysis of the video, then about 0.1 ms a track:
 *  reading its features (40 us, one thread at a time a call) and the fit (40 us for a video
 *  under a minute); some 200 bytes of memory a track. */
ND_API int nd_recommend(nd_ranking **out, nd_library *const *libraries, int n_libraries,
                        const char *video, const nd_rank_params *params, nd_diag *diag);

/** Rank tracks like one: a path in a library, the end of one ("caves_1.ogg"), or any music
 *  file. The first library that knows it is asked for its features; it is not among its own
 *  hits, its copies under other paths are.
 *  @return as nd_recommend; ND_EARG when several tracks end so. */
ND_API int nd_similar(nd_ranking **out, nd_library *const *libraries, int n_libraries,
                      const char *track, const nd_rank_params *params, nd_diag *diag);

/** Free a ranking and all of its texts. */
ND_API void nd_ranking_destroy(nd_ranking **ranking);

/** Rankings as the JSON of the contract: {"videos": [{"path", "n_passed", "results": [{"rank",
 *  "path", "library", "title", "artist", "duration_s", "tempo_bpm", "key", "score", "parts":
 *  {name: {"value", "weight"}}, "start_s", "window_s": [from, to], "why"}]}]}. Times have 3
 *  decimals, scores 4; a path that is not UTF-8 has its bytes in "path_hex" too.
 *  @param kind  "videos" or "tracks": the name of the list
 *  @param failures  [n_failures] queries that could not be ranked for: where there are any,
 *     "failed": [{"path", "reason"}] stands beside the list
 *  @param json_out  caller frees with free(3)
 *  @return 0 or ND_ENOMEM. */
ND_API int nd_rankings_json(char **json_out, const char *kind, nd_ranking *const *rankings,
                            int n_rankings, const nd_failure *failures, int n_failures);

#ifdef __cplusplus
}
#endif
#endif
