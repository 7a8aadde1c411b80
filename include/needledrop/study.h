/* A preference study: people watch videos with the music that several systems chose, do not know
 * which chose what, and say which fits better. docs/study.md has the method. */
#ifndef NEEDLEDROP_STUDY_H
#define NEEDLEDROP_STUDY_H

#include "needledrop/ranking.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ND_STUDY_MAX_SYSTEMS = 6, ND_STUDY_CODE_BYTES = 33 };

/* ---- making one ---------------------------------------------------------------------- */

/** What is compared: a model, and a library that it has indexed. */
typedef struct nd_study_system {
    const char *name;
    const char *library; /* as nd_library_open takes it */
    const char *model;   /* as nd_rank_params.model */
} nd_study_system;

typedef struct nd_study_params {
    const nd_study_system *systems;
    int n_systems; /* 2 .. ND_STUDY_MAX_SYSTEMS */
    const char *const *videos;
    int n_videos;
    uint64_t seed;      /* of the orders that people are shown; kept from the first run */
    double listen_s;    /* seconds of each version to be played before a choice; 0: 5; kept, too */
    int n_threads;      /* 0: one a core */
    const char *worker; /* as nd_describe_params */
    const nd_log *log;
    const nd_progress *progress;
    /* Told of each video that could not be used; NULL: nobody is. */
    void (*failed)(void *user, const char *video, const nd_diag *diag);
    void *user;
} nd_study_params;

typedef struct nd_study_made {
    int n_videos; /* in the study now */
    int n_shown;  /* of them, where two versions or more differ: what people are shown */
    int n_new;    /* rendered in this run */
    int n_failed; /* in this run */
} nd_study_made;

/** Make a study in a folder, or add videos to one: each video is written with each system's first
 *  choice from its recommended start, in stereo at one loudness (EBU R 128, -16 LUFS, less where a
 *  peak would pass -1 dBTP: then for all of its versions), as WebM under random names, into
 *  FOLDER/media; FOLDER/study.db says which is which. Systems that chose the same start of the same
 *  track share a version. A video that is there is not rendered again.
 *  @return 0, failed videos counted; ND_EARG (a count, a name twice, other systems than the
 *     study's); as nd_library_open, nd_searcher_open; ND_EIO, ND_EFULL, ND_ECANCELLED: what was
 *     rendered before stays. *out untouched then.
 *  Threads: one call a folder. Cost: about 0.6 s of one core a second of each version. */
ND_API int nd_study_make(nd_study_made *out, const char *folder, const nd_study_params *params,
                         nd_diag *diag);

/** {"videos", "shown", "rendered"}, and where videos failed "failed": [{"path", "reason"}].
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM */
ND_API int nd_study_made_json(char **json_out, const nd_study_made *made,
                              const nd_failure *failures, int n_failures);

/** Make codes that let one person in each.
 *  @param codes_out  [n], letters and digits
 *  @param n  1 .. 10000. From the first code on nobody comes in without one.
 *  @return 0; ND_EARG, ND_ENOTFOUND (no study), ND_EIO, ND_EFULL. */
ND_API int nd_study_invite(char codes_out[][ND_STUDY_CODE_BYTES], int n, const char *folder,
                           nd_diag *diag);

/* ---- serving it ------------------------------------------------------------------------ */

typedef struct nd_study_server nd_study_server;

typedef struct nd_serve_params {
    const char *bind; /* an IPv4 or IPv6 address; NULL: 127.0.0.1 */
    int port;         /* 0: any that is free */
    const char *web;  /* folder of the pages; NULL: found beside the program or where installed */
    const nd_log *log;
} nd_serve_params;

/** Serve a study's page by HTTP in a thread of its own until nd_study_server_close. Every answer is
 *  stored before the page hears of it.
 *  Bounds: 256 connections, 30 s of silence, 4 KiB of body, 10,000 people.
 *  @param params  NULL for the defaults above
 *  @return 0; ND_ENOTFOUND (no study, or no pages), ND_EEMPTY (nothing to show), ND_EARG (address),
 *     ND_EIO (the port is taken, ..). *out untouched.
 *  Threads: safe; the study's own in between. */
ND_API int nd_study_server_open(nd_study_server **out, const char *folder,
                                const nd_serve_params *params, nd_diag *diag);
ND_API void nd_study_server_close(nd_study_server **server);
/** @return the port that it listens on. */
ND_API int nd_study_server_port(const nd_study_server *server);

/* ---- what it found ------------------------------------------------------------------- */

/** How one system did. Intervals are of 95 %; NAN where there is too little for one. */
typedef struct nd_study_score {
    const char *name;      /* owned by the report */
    double wins;           /* a choice is one, no preference is shared by the versions, a version's
                            * wins by its systems */
    int n_shown;           /* answers in which it took part */
    double share;          /* wins / n_shown; NAN: never shown */
    double wilson[2];      /* interval of share, Wilson (1927), each answer for itself */
    double resampled[2];   /* interval of share, people resampled */
    double worth;          /* of Bradley, Terry and Luce: chance to be chosen among all systems */
    double worth_range[2]; /* people resampled */
    double best;           /* share of the resamples in which its worth is the highest */
} nd_study_score;

/** The answers of some of the people. */
typedef struct nd_study_group {
    const char *name;                            /* static: "all", "theory", "no theory" */
    int n_people, n_answers, n_undecided;        /* undecided: no preference */
    nd_study_score scores[ND_STUDY_MAX_SYSTEMS]; /* [n_systems], the highest worth first */
} nd_study_group;

typedef struct nd_study_report {
    int n_systems, n_videos, n_shown; /* as nd_study_made */
    int n_same;                       /* videos for which all systems chose the same */
    int n_begun;                      /* people that answered the questions */
    int n_counted;                    /* of them, whose answers are counted */
    int n_unfinished, n_straight;     /* not counted, unless all are wanted */
    int n_same_address;               /* counted, but from an address seen before; loopback aside */
    int n_repeats, n_consistent;      /* of counted people: videos shown twice, answered the same */
    int habits[4];            /* of counted people: music every day, most days, weekly, rarely */
    double p_straight;        /* the rule: less probable than this by chance */
    nd_study_group groups[3]; /* all, theory, no theory */
} nd_study_report;

typedef struct nd_report_params {
    bool counts_all; /* count the unfinished and the straight-liners, too */
    uint64_t seed;   /* of the resampling */
} nd_report_params;

/** Read a study's answers, at any time, also while it is served.
 *  @param out  created; nd_study_report_destroy
 *  @param params  NULL: as zeroed
 *  @return 0; ND_ENOTFOUND, ND_EFORMAT, ND_EIO, ND_ENOMEM. Same answers and seed, same bytes.
 *  Threads: safe. Cost: 1000 resamples of the people, about 50 ms. */
ND_API int nd_study_report_make(nd_study_report **out, const char *folder,
                                const nd_report_params *params, nd_diag *diag);
ND_API void nd_study_report_destroy(nd_study_report **report);

/** {"people": {"begun", "counted", "left_out": {"unfinished", "straight"}, "same_address",
 *  "consistent", "repeats", "habits": {..}}, "videos": {"all", "shown", "same"}, "rule":
 *  {"p_straight"}, "groups": [{"group", "people", "answers", "undecided", "systems": [{"rank",
 *  "name", "wins", "shown", "share", "wilson", "resampled", "worth", "worth_range", "best"}]}]}.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM */
ND_API int nd_study_report_json(char **json_out, const nd_study_report *report);

/** Draw the shares of each group with their intervals as PNG.
 *  @return 0; ND_EIO, ND_EFULL (path untouched), ND_ENOMEM. Threads: distinct paths. */
ND_API int nd_study_picture(const nd_study_report *report, const char *path, nd_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
