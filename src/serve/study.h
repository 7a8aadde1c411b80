/* Inside the serve room: a preference study.
 *
 *     the folder: study.db and media/               study_store.c
 *     videos and first choices into versions        study_make.c, study_render.c, study_loudness.c
 *     people, their questions and answers           study_people.c
 *     requests about them as JSON                   study_api.c
 *     HTTP: pages, media, requests                  study_http.c
 *     what the answers say                          study_report.c, study_stats.c, study_json.c
 */
#ifndef ND_SERVE_STUDY_H
#define ND_SERVE_STUDY_H

#include "base/json.h"
#include "match/match.h"
#include "needledrop/study.h"

enum { ND__STUDY_NAME_BYTES = ND_STUDY_CODE_BYTES + 5, ND__STUDY_MAX_PEOPLE = 10000 };
enum { ND__STUDY_MAX_BODY_BYTES = 4096, ND__STUDY_HABITS = 4 };
enum { ND__STUDY_MIN_FOR_REPEAT = 3 }; /* videos, from which on the first is shown twice */

/* ---- the folder ---------------------------------------- */

/** An open study. Zeroed: deinit does nothing. */
typedef struct nd__study {
    nd_db *db;
    char *folder;
    uint64_t salt; /* random: of address hashes, and its cookie's name */
    uint64_t seed;
    double listen_s;
} nd__study;

/** Open FOLDER/study.db. @param creates  where it is absent, the folder and FOLDER/media too
 *  @return 0; ND_ENOTFOUND; as nd_db_open. nd__study_deinit after both. */
int nd__study_open(nd__study *s, const char *folder, bool creates, nd_diag *diag);
void nd__study_deinit(nd__study *s);
/** malloc'ed FOLDER/media/NAME. NULL: no memory. */
char *nd__study_media_path(const nd__study *s, const char *name);
/** 32 hexadecimal digits that nobody can guess. @return 0 or ND_EIO. */
int nd__study_random_code(char out[ND_STUDY_CODE_BYTES], nd_diag *diag);
/** Whether text is 32 of 0-9 a-f. */
bool nd__study_is_code(const char *text);
/** Videos of which two versions or more are shown. @return as nd_db_number. */
int nd__study_count_shown(int64_t *out, nd__study *s, nd_diag *diag);

/* ---- rendering ---------------------------------------- */

/** One version of a video: a stretch of a track. */
typedef struct nd__study_version {
    char file[ND__STUDY_NAME_BYTES]; /* out: name in media/ */
    char *track;                     /* owned */
    double start_s;
    unsigned systems; /* a bit each */
} nd__study_version;

typedef struct nd__study_film {
    const char *video;
    int number; /* of the videos asked for, from 0: for progress */
    nd__study_version versions[ND_STUDY_MAX_SYSTEMS];
    int n_versions;
    double length_s; /* out: of what is shown, at most 180 s */
    double lufs;     /* out: of every version */
} nd__study_film;

/** Tell that video number is being worked on. @return 0; ND_ECANCELLED with its story. */
int nd__study_progress(const nd_study_params *params, int number, nd_diag *diag);
/** Write every version of a video into the study's media folder.
 *  @param film  tracks and starts given; files, length and loudness come out
 *  @return 0; as nd_describe_file, nd_writer_open: no file is left then. */
int nd__study_render(nd__study_film *film, const nd__study *s, const nd_study_params *params,
                     nd_diag *diag);

/* ---- people ---------------------------------------- */

/** Who asks: all are texts from outside. */
typedef struct nd__study_guest {
    const char *token;  /* of the cookie; "": none */
    const char *invite; /* of the link; "": none */
    uint64_t address;   /* hashed; 0: not counted */
} nd__study_guest;

typedef struct nd__study_person {
    int64_t id; /* 0: not known */
    char token[ND_STUDY_CODE_BYTES];
} nd__study_person;

/** Who a guest is: by the invite where there is one, else by the token.
 *  @param out  id 0: new, or nobody
 *  @return 0; as nd_db_each. */
int nd__study_find(nd__study_person *out, nd__study *s, const nd__study_guest *guest,
                   nd_diag *diag);
/** Whether this study lets in by invitation alone. @return as nd_db_number. */
int nd__study_needs_invite(bool *out, nd__study *s, nd_diag *diag);
/** Take a new person in, and draw the order of the questions.
 *  @param theory  0, 1; @param habit  0 .. 3
 *  @return 0; ND_ENOTFOUND (invite wanted, or not known, or used); ND_ELIMIT; as nd_db_run. */
int nd__study_enter(nd__study_person *out, nd__study *s, const nd__study_guest *guest, int theory,
                    int habit, nd_diag *diag);

/** A question that was not answered yet. */
typedef struct nd__study_question {
    int place, n; /* 1 .. n; 0: all are answered */
    int n_versions;
    int64_t versions[ND_STUDY_MAX_SYSTEMS];
    char files[ND_STUDY_MAX_SYSTEMS][ND__STUDY_NAME_BYTES];
    double listen_s; /* to be played of each */
    double shown_s;  /* seconds since it was first handed out */
} nd__study_question;

/** The next question of a person; it counts as shown from now on.
 *  @return 0; as nd_db_each. */
int nd__study_next(nd__study_question *out, nd__study *s, int64_t person, nd_diag *diag);
/** Store an answer to q. @param choice  0 .. n_versions - 1; -1: no preference
 *  @return 0; ND_EBUSY: answered meanwhile; as nd_db_run. */
int nd__study_answer(nd__study *s, int64_t person, const nd__study_question *q, int choice,
                     nd_diag *diag);

/* ---- requests ---------------------------------------- */

typedef struct nd__study_reply {
    int status;                      /* of HTTP */
    char *body;                      /* JSON, owned; NULL: out of memory */
    char token[ND_STUDY_CODE_BYTES]; /* to be set as cookie; "": none */
} nd__study_reply;

/** Answer a request under /api/.
 *  GET state: {"stage": "welcome", "needs_invite", "n"}, {"stage": "question", "place", "n",
 *  "listen_s", "versions": [url]} or {"stage": "done"}. POST begin {"theory": bool, "habit": 0..3}
 *  and POST answer {"place", "choice": 0.. or -1, "played_s": [s]} give the state after it. What is
 *  wrong gives 4xx and {"error"}.
 *  @param name  after "/api/";  @param body  [n], n <= ND__STUDY_MAX_BODY_BYTES
 *  Hostile bytes are refused. Threads: the study's. */
void nd__study_request(nd__study_reply *out, nd__study *s, const char *method, const char *name,
                       const nd__study_guest *guest, const void *body, size_t n);

/** "bytes=2-5", "bytes=2-", "bytes=-4" of a file of size bytes.
 *  @return 1: [*first, *first + *n) is wanted; 0: the whole (no such header, one that is not
 *     understood); -1: nothing of it can be had (416). */
int nd__study_range(int64_t *first, int64_t *n, const char *header, int64_t size);

#endif
