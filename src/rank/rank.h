/* Front of the rank room: how well a track fits a video, and why. */
#ifndef ND_RANK_RANK_H
#define ND_RANK_RANK_H

#include "describe/describe.h"
#include "needledrop/ranking.h"

/** What a ranker finds for one track. */
typedef struct nd_fit {
    nd_score_part parts[ND_MAX_PARTS];
    int n_parts;
    double score;       /* sum of value * weight, 0..1 */
    double window_s[2]; /* stretch of the track */
    double start_s;     /* refined so that beats meet cuts */
    char why[256];      /* one sentence */
} nd_fit;

typedef struct nd_ranker_ops {
    const char *name;    /* the file's name */
    const char *summary; /* one line for people */
    const char *paper;   /* sources */

    /* Fit one track to the query (a video, or music for `similar`; its medium
     * says which). Pure: same input, same output. Threads: safe.
     * @return 0; ND_EEMPTY when an array that it needs is absent. */
    int (*fit)(nd_fit *out, const nd_description *query, const nd_description *track);
} nd_ranker_ops;

/** Every ranker of this build, NULL last: written by tools/make-shelf. */
extern const nd_ranker_ops *const nd_ranker_shelf[];

/** @return the ranker of that name; NULL when there is none. */
const nd_ranker_ops *nd_ranker_find(const char *name);

#endif
