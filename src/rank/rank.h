/* Front of the rank room: how well a track fits what is asked for, and why. */
#ifndef ND_RANK_RANK_H
#define ND_RANK_RANK_H

#include "describe/describe.h"
#include "embed/embed.h"
#include "needledrop/ranking.h"

/* ---- fits ---------------------------------------------------------------------- */

/** One reason: a clause without capital or stop, worded for its tone. */
typedef struct nd_reason {
    double value, weight;
    char text[80];
} nd_reason;

/** What a ranker finds for one track. */
typedef struct nd_fit {
    nd_score_part parts[ND_MAX_PARTS];
    int n_parts;
    nd_score_part details[ND_MAX_PARTS]; /* what its part "rhythm" is made of; none beside the */
    int n_details;                       /* rhythm ranker alone, whose parts these are */
    double score;                        /* sum of value * weight, 0..1 */
    double window_s[2];                  /* stretch of the track */
    double start_s;                      /* refined so that beats meet cuts */
    nd_reason reasons[ND_MAX_PARTS];
    int n_reasons;
    char why[256]; /* the reasons as one sentence */
} nd_fit;

typedef struct nd_ranker_ops {
    const char *name;    /* the file's name */
    const char *summary; /* one line for people */
    const char *paper;   /* sources */

    /* Fit one track to the query (a video, or music for `similar`; its medium
     * says which). near_s: where in the track the video begins, within 2 s; NAN: anywhere.
     * Pure: same input, same output. Threads: safe.
     * @return 0; ND_EEMPTY when an array that it needs is absent. */
    int (*fit)(nd_fit *out, const nd_description *query, const nd_description *track,
               double near_s);
} nd_ranker_ops;

/** Every ranker of this build, NULL last: written by tools/make-shelf. */
extern const nd_ranker_ops *const nd_ranker_shelf[];

/** @return the ranker of that name; NULL when there is none. */
const nd_ranker_ops *nd_ranker_find(const char *name);

/* ---- cuts over beats -------------------------------------------------------------- */

/** A cut this near a beat meets it. */
#define ND_ON_BEAT_S 0.050

/** Time in a track under a video that lies on it: one that is shorter than the video loops as a
 *  whole. @param t  from the track's beginning on, were it long enough, s; 0 or more */
double nd_time_under(double t, double track_s, double video_s);

/** Index of the first beat at or after t, n where there is none. @param beats_s  [n] rising
 *  Cost: O(log n). */
int64_t nd_first_beat(const float *beats_s, int64_t n, double t);

/* ---- with a model -------------------------------------------------------------- */

/** What a model, and words, say of one track. NAN: not known, or not asked. */
typedef struct nd_opinion {
    double match;            /* how the query's rows lie along the track's, -1 .. 1 */
    double whole;            /* likeness of both as a whole, -1 .. 1 */
    double pair;             /* that they belong together, 0 .. 1 */
    double like;             /* nd_wishes_fit, 0 .. 1 */
    double like_weight;      /* its share in the score, 0 .. 1 */
    double at_s;             /* where in the track the query begins */
    double query_s, track_s; /* lengths; query_s 0: words alone */
    double second_weight;    /* of the ranker of the shelf, beside the weights of the model */
    double doubt;       /* 0 .. 1: by how much the model's parts weigh less beside the ranker's;
                              * by the pairs of the whole list: where nothing belongs together, the
                              * model has not learned from such media */
    const char *shared; /* a tag of both; NULL: none */
    const char *liked;  /* the wishes that it meets, "calm, no drums"; "", NULL: none */
    const char *missed; /* those that it does not */
} nd_opinion;

/** One fit of a model's opinion and, where there is one, a ranker's.
 *  Parts: match, whole, pair, rhythm (its own in details), like; those not known are left out.
 *  @param second  of the shelf's ranker, its start near at_s; NULL: none
 *  @return 0; ND_EEMPTY: nothing is known. *out untouched. Threads: safe. */
int nd_opinion_fit(nd_fit *out, const nd_opinion *o, const nd_fit *second);

/* ---- wishes -------------------------------------------------------------------- */

/** What is known of a track beside wishes: a number a kind (ND_WISH_TEXT: none), NAN where not. */
typedef struct nd_measures {
    double of[ND_WISH_KINDS];
} nd_measures;

/** Of a description: a scalar, or the mean of a vector's finite values; the mode only where the key
 *  is clear (key_strength of 0.5 or more, or not said). Threads: safe. */
void nd_measures_read(nd_measures *out, const nd_description *track);

enum { ND_MEASURE_ARRAYS = ND_WISH_KINDS + 2 };
/** The arrays that nd_measures_read looks at, NULL after the last. @param out  static texts */
void nd_measure_arrays(const char *out[ND_MEASURE_ARRAYS]);

/** What a library's list says of a track, without its features: 0 BPM, 0 LUFS and a mode of -1 are
 *  not known. Threads: safe. */
void nd_measures_of_track(nd_measures *out, double tempo_bpm, double loudness_lufs, int is_minor);

/** How well a measured wish is met: a logistic curve over steps of its measure away from the value
 *  that was said or, where none was, from `from`; with sign 0 how near it is.
 *  @param x, from  in the unit of nd_wish_measures
 *  @return 0 .. 1; NAN: x or what it is compared with is not known. Threads: safe. */
double nd_wish_meet(const nd_wish *wish, double x, double from);

#endif
