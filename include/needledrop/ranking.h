/* Ranking tracks for a video, tracks like a track, and tracks for words. */
#ifndef NEEDLEDROP_RANKING_H
#define NEEDLEDROP_RANKING_H

#include "needledrop/library.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ND_MAX_PARTS = 8, ND_MAX_SHOWN_TAGS = 3 };

/** One part of a score: how well one thing fits. docs/ranking.md names them all. */
typedef struct nd_score_part {
    const char *name; /* static, "motion" */
    double value;     /* 0 (worst) .. 1 */
    double weight;    /* share in the score; the weights of a hit sum to 1 */
} nd_score_part;

/** Tags of a model, those that suit best first, NULL after the last. */
typedef const char *nd_shown_tags[ND_MAX_SHOWN_TAGS + 1];

/** A track that fits. Texts and arrays are owned by the ranking. */
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
    nd_score_part details[ND_MAX_PARTS]; /* what the part "rhythm" is made of, beside a model's;
                                          * their weights sum to 1 */
    int n_details;
    double window_s[2]; /* the stretch of the track that fits best */
    double start_s;     /* start the track here, so that beats meet cuts */
    const char *why;    /* one sentence */

    /* Which clips met, where a model looked at a query in order; else n_query_clips is 0. Query's
     * clip k lies along the track's clip offset + k. */
    int n_query_clips, n_track_clips, offset;
    const float *cosines;  /* [n_query_clips, n_track_clips] -1 .. 1 */
    nd_shown_tags heard;   /* tags that the model hears in it; of a model without tags none */
    nd_shown_tags both;    /* those of them that it sees in the query, too */
    const float *met;      /* [n_wishes of the ranking] 0 .. 1, how each is met; NAN: not known;
                           * NULL: nothing was wished for */
    nd_description *track; /* what was heard in it; NULL: not kept */
} nd_hit;

typedef struct nd_ranking {
    const char *path;  /* of the query; of nd_find the words */
    const char *model; /* name of the model that ranked; "": none */
    nd_hit *hits;
    int n_hits;
    int64_t n_passed;    /* tracks that passed the filter; with a model, of those it embedded */
    nd_shown_tags seen;  /* tags that the model sees (or hears) in the query */
    const char **wishes; /* [n_wishes] what was asked for in words: "slower", "calm piano" */
    int n_wishes;
    const char *unknown; /* words asked for that the model knows by their letters alone; "": none */
    nd_description *query; /* what was seen, `thumbnails` too, or heard; NULL: not kept */
} nd_ranking;

typedef struct nd_rank_params {
    int n_hits;              /* 0: 10 */
    const nd_filter *filter; /* NULL: all */
    const char *ranker;      /* "both": a model and the rhythm ranker; "model": its weight is 0;
                              * "rhythm": it alone; NULL: both, rhythm where there is no model */
    const char *model;       /* a model file that the libraries were embedded with; "": none;
                              * NULL: the default (nd_model_default_path) */
    const char *like;        /* what is asked for in words beside the query, "calmer, no drums";
                              * NULL: nothing */
    double like_weight;      /* its share in the score, 0 .. 1; 0: 0.5 */
    bool keeps_descriptions; /* of the query and of each hit, for nd_rankings_report */
    int n_threads;           /* 0: one a core */
    const char *worker;      /* as nd_describe_params */
    const nd_log *log;
} nd_rank_params;

/** Rank the tracks of libraries for a video.
 *  With a model all tracks that it has embedded are scanned, and the best 200 (more where more hits
 *  are asked for) looked at closely. Without, each track is fitted by the rhythm ranker; where
 *  that was not asked for, a warning to params->log says why and what to run.
 *  A track whose stored features are damaged, or hold nothing to compare, is left out with a
 *  warning to params->log; n_passed counts it.
 *  @param out  created; nd_ranking_destroy. Same input, same bytes, at any n_threads; ties by
 *     path, then library. Fewer hits than asked where fewer pass the filter.
 *  @param params  NULL for the defaults above
 *  @return 0; what nd_describe_file, nd_model_open and nd_library_each return; ND_ESHORT (2 s of
 *     video or less); ND_ENOTFOUND (a library is embedded by another model than this one, or, where
 *     one was asked for, by none); ND_EARG. *out untouched.
 *  Threads: distinct libraries. Cost: the analysis of the video, then with a model about 0.1 s for
 *  100,000 tracks and 0.3 ms for each that is looked at closely; without, 0.1 ms a track.
 *  docs/results.md has figures. */
ND_API int nd_recommend(nd_ranking **out, nd_library *const *libraries, int n_libraries,
                        const char *video, const nd_rank_params *params, nd_diag *diag);

/** Libraries and a model kept open for several videos: what the model made of the tracks is read
 *  once, while the first video is analysed. Tracks are as they were then; one that has left a
 *  library meanwhile is passed over. */
typedef struct nd_searcher nd_searcher;

/** @param libraries, params  as nd_recommend's; they, and what params point to, are borrowed until
 *     nd_searcher_close
 *  @return as nd_recommend, but for what is of a video. *out untouched. */
ND_API int nd_searcher_open(nd_searcher **out, nd_library *const *libraries, int n_libraries,
                            const nd_rank_params *params, nd_diag *diag);
/** nd_recommend for one video of several. A failure leaves the searcher ready for the next.
 *  @return as nd_recommend. Threads: one call at a time a searcher. Cost: as nd_recommend, less the
 *  opening of the model (20 ms) and, from the second on, the reading of all tracks. */
ND_API int nd_searcher_recommend(nd_ranking **out, nd_searcher *searcher, const char *video,
                                 nd_diag *diag);
ND_API void nd_searcher_close(nd_searcher **searcher);

/** Rank tracks like one: a path in a library, the end of one ("caves_1.ogg"), or any music
 *  file. The first library that knows it is asked for its features; it is not among its own
 *  hits, its copies under other paths are.
 *  @return as nd_recommend; ND_EARG when several tracks end so; ND_ENOTFOUND, with a model: the
 *     library's track was not embedded. */
ND_API int nd_similar(nd_ranking **out, nd_library *const *libraries, int n_libraries,
                      const char *track, const nd_rank_params *params, nd_diag *diag);

/** Rank tracks for words alone: "slow piano, no drums". Texts are compared with what the model
 *  hears and with the tags of the files, measured wishes with tempo, beat, loudness, brightness and
 *  mode, "calmer" meaning calmer than the middle of the tracks found. Without a model tags and
 *  measures alone count.
 *  @param params  as nd_recommend's; its like is not looked at, and its ranker is rhythm where no
 *     model is wanted  @return as nd_recommend; ND_EARG: words that ask for nothing. */
ND_API int nd_find(nd_ranking **out, nd_library *const *libraries, int n_libraries,
                   const char *words, const nd_rank_params *params, nd_diag *diag);

/** Free a ranking and all of its texts. */
ND_API void nd_ranking_destroy(nd_ranking **ranking);

/** Rankings as the JSON of the contract: {"videos": [{"path", "seen": [tag], "n_passed", "model",
 *  "unknown", "results": [{"rank", "path", "library", "title", "artist", "duration_s",
 *  "tempo_bpm", "key", "score", "parts": {name: {"value", "weight"}}, "start_s", "window_s":
 *  [from, to], "why", "heard": [tag], "both": [tag]}]}]}. Part "rhythm" has "parts" of its own
 *  beside a model's, part "like" has "wishes": [{"wish", "met"}]. The first ten hits have "clips":
 *  {"offset", "cosines": [[x, per clip of the track] per clip of the query]} where clips met.
 *  Times and cosines have 3 decimals, scores 4; a path that is not UTF-8 has its bytes in
 *  "path_hex" too.
 *  @param kind  "videos" or "tracks": the name of the list
 *  @param failures  [n_failures] queries that could not be ranked for: where there are any,
 *     "failed": [{"path", "reason"}] stands beside the list
 *  @param json_out  caller frees with free(3)
 *  @return 0 or ND_ENOMEM. */
ND_API int nd_rankings_json(char **json_out, const char *kind, nd_ranking *const *rankings,
                            int n_rankings, const nd_failure *failures, int n_failures);

/** Rankings for videos as one page of HTML that needs nothing beside it, no network and no script:
 *  for each video what was seen of it, and its tracks with the parts of their scores, the stretch
 *  to use, which clips met, how cuts met beats, and tags of both. What was not kept
 *  (nd_rank_params.keeps_descriptions) is not drawn. Texts may be any bytes.
 *  @param path  written through a temporary file
 *  @param rankings  [n_rankings] for videos
 *  @param failures  [n_failures] videos that could not be ranked for, listed
 *  @return 0; ND_EARG (no path); ND_EIO, ND_EFULL (path untouched), ND_ENOMEM. Same rankings, same
 *     bytes.
 *  Threads: distinct paths. Cost: some ms and 20 to 100 KB a hit. Checked by
 *  tests/render/test_report.c. */
ND_API int nd_rankings_report(const char *path, nd_ranking *const *rankings, int n_rankings,
                              const nd_failure *failures, int n_failures, nd_diag *diag);

/** A ranking of nd_find: {"words", "n_passed", "model", "unknown": text or null, "results": as
 *  above}. @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_found_json(char **json_out, const nd_ranking *ranking);

#ifdef __cplusplus
}
#endif
#endif
