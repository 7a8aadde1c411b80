/* What the files of nd_eval_relevance share: lines read, names found, lists of tracks measured.
 *
 * A mark is a number that somebody gave a track for a video: a grade by a person, a score by a
 * system. Videos and tracks are numbers from 0; whose, each type says. */
#ifndef ND_LEARN_RELEVANCE_H
#define ND_LEARN_RELEVANCE_H

#include "learn/eval.h"

/* ---- what is amiss (relevance_read.c) ---------- */

/** Lines that are told to people. Zeroed is empty. */
typedef struct nd__problems {
    nd_str lines; /* the first 100 */
    int n;
} nd__problems;

/** Add "PATH: line N: text", made printable. @param line  from 1; 0: of no line */
void nd__problem_add(nd__problems *p, const char *path, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- marks (relevance_read.c) ---------- */

typedef struct nd__mark {
    int32_t video, track;
    int line; /* from 1; 0: of no line */
    double value;
} nd__mark;

/** Marks as a file has them. Zeroed is empty. */
typedef struct nd__marks {
    const char *path;          /* borrowed: what the file is called */
    const char *value;         /* "grade" or "score"; static */
    nd_tag_map videos, tracks; /* tidy names of both */
    nd__mark *items;           /* [n], in order of lines; numbers of those names */
    size_t n, capacity;
    int n_lines;   /* that should be marks, good and bad */
    int n_gallery; /* tracks that one video's were chosen among, as the file says; 0: it does not */
} nd__marks;

/** Read lines of video, track, value: JSON where a line starts with "{", fields parted by tabs
 *  where it has one, else by commas (RFC 4180 quotes). A first line that names its columns orders
 *  them. Empty lines and those that start with "#" are passed over. A bad line is a problem and
 *  left out.
 *  @param out  path and value are set; n is 0 on failure; nd__marks_deinit either way
 *  @param bytes  [n]  @return 0; ND_ENOMEM, ND_ELIMIT (over 2^30 names). */
int nd__marks_parse(nd__marks *out, const char *bytes, size_t n, nd__problems *problems,
                    nd_diag *diag);

/** The same of out's file. @return also ND_EIO, ND_ELIMIT (above 256 MB). */
int nd__marks_read(nd__marks *out, nd__problems *problems, nd_diag *diag);

/** One mark more. @param video, track  texts, tidied here  @return 0; ND_ENOMEM, ND_ELIMIT */
int nd__marks_add(nd__marks *m, const char *video, const char *track, double value, int line);

/** As nd__marks_read, where the file may also be what `recommend --json` prints
 *  (relevance_ranking.c): then a track's score is its place, from above, and n_gallery is known. */
int nd__ranking_read(nd__marks *out, nd__problems *problems, nd_diag *diag);
/** The same of bytes [n]. */
int nd__ranking_parse(nd__marks *out, const char *bytes, size_t n, nd__problems *problems,
                      nd_diag *diag);

void nd__marks_deinit(nd__marks *m);

/* ---- names (relevance_names.c) ---------- */

/** Paths that are found by themselves, or by how they end. Zeroed is empty. */
typedef struct nd__names {
    const nd_tag_map *known; /* borrowed: tidy paths */
    char **reversed;         /* [known->n], owned and sorted: "3pm.a/cisum/" and its number */
    int32_t *numbers;        /* [known->n] of those */
} nd__names;

/** The number of a path among names, added where it is new; tidied first.
 *  @return as nd_tag_map_add. */
int nd__names_add(nd_tag_map *names, const char *path, int *out);

/** @return 0 or ND_ENOMEM (*out untouched). Cost: O(n log n). */
int nd__names_make(nd__names *out, const nd_tag_map *known);
void nd__names_deinit(nd__names *names);

/** Find "music/a.mp3" or, where no known path is that, the one known path that ends in
 *  "/music/a.mp3".
 *  @param text  a tidy path  @return its number; -1: none; -2: several. Cost: O(log n) */
int nd__names_find(const nd__names *names, const char *text);

/** What names of a file are in another world. Zeroed is empty. */
typedef struct nd__resolved {
    int32_t *ids;     /* [n] -1: nothing, why says the reason */
    const char **why; /* [n] static */
} nd__resolved;

/** @return 0 or ND_ENOMEM. ids are -1 at first. */
int nd__resolved_create(nd__resolved *out, size_t n);
void nd__resolved_deinit(nd__resolved *r);

/* ---- marks by video (relevance_lists.c) ---------- */

/** Marks, video by video; each pair of a video and a track once. Zeroed is empty. */
typedef struct nd__lists {
    nd__mark *items; /* by video, then track */
    int *first;      /* [n + 1] places in items */
    int n;           /* videos that have one */
    int n_left_out;  /* marks that name what is not there, or a pair for the second time */
} nd__lists;

/** Join marks to what their names are. The first mark of a pair stands.
 *  @param videos, tracks  of the marks' names
 *  @param out  filled on success; nd__lists_deinit  @return 0; ND_ENOMEM, ND_ELIMIT. */
int nd__lists_make(nd__lists *out, const nd__marks *marks, const nd__resolved *videos,
                   const nd__resolved *tracks, nd__problems *problems);
void nd__lists_deinit(nd__lists *lists);

/** Take out videos without a mark of `least` or more. @return how many. */
int nd__lists_keep(nd__lists *lists, double least);

/** @return the place of a video in lists; -1: none. Cost: O(log n). */
int nd__lists_find(const nd__lists *lists, int32_t video);

/* ---- measures (relevance_measure.c) ---------- */

/** A track in the order of a system. */
typedef struct nd__placed {
    double score;
    int32_t track;
    double grade; /* NaN: nobody judged it */
} nd__placed;

/** A system: what it answers to each judged video. */
typedef struct nd__ranker {
    const nd__lists *judged; /* n >= 1, each with a relevant track */
    double relevant;
    int n_tracks;  /* their numbers are below that */
    int n_gallery; /* that a video's are chosen among */
    /** Fill the tracks of a judged video and their scores. @param out  [n_tracks]  @return how
     *  many. */
    int (*list)(nd__placed *out, void *user, int query);
    void *user;
} nd__ranker;

/** Both rows of a system: unjudged tracks at grade 0, and judged ones alone.
 *  @return 0 or ND_ENOMEM. Cost: O(n G log G). */
int nd__relevance_measure(nd_relevance_row rows[2], const nd__ranker *ranker,
                          const nd_eval_params *params);

/* ---- systems ---------- */

/** What a measurement is made of. */
typedef struct nd__relevance_task {
    const nd_eval_params *params; /* with defaults filled in */
    const nd_relevance_params *relevance;
    nd_split split;
    nd__marks marks;
    nd__lists judged; /* made by the system, whose numbers they have */
    nd__problems problems;
} nd__relevance_task;

/** After judged is made: leave out videos without a relevant track.
 *  @return 0; ND_EEMPTY (none is left). */
int nd__relevance_keep(nd_relevance_report *report, nd__relevance_task *task, nd_diag *diag);

/** Measure the model of params on the corpus (relevance_model.c), the ranking that is a file
 *  (relevance_ranking.c). @return as nd_eval_relevance. */
int nd__relevance_of_model(nd_relevance_report *report, nd__relevance_task *task, const char *dir,
                           nd_diag *diag);
int nd__relevance_of_ranking(nd_relevance_report *report, nd__relevance_task *task, nd_diag *diag);

#endif
