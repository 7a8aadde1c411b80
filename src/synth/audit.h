/* Leak controls of a made corpus (models.md 6.7, those that need no model). */
#ifndef ND_SYNTH_AUDIT_H
#define ND_SYNTH_AUDIT_H

#include "synth/corpus.h"

/** What can be known of a file without understanding it. */
typedef enum nd_fact {
    ND_FACT_SIZE,
    ND_FACT_DURATION,
    ND_FACT_BIT_RATE,
    ND_FACT_CODEC,
    ND_FACT_METADATA, /* how much text the container holds */
    ND_FACT_FORMAT,   /* pixels, or samples a second */
    ND_FACT_PLACE,    /* of the item in the lists */
    ND_FACT_NAME,     /* as a number */
    ND_FACT_TIME,     /* of the last change */
    ND_FACT_INODE,    /* files made one after the other have rising ones */
    ND_FACT_BRIGHTNESS,
    ND_FACT_WARMTH,
    ND_FACT_SATURATION,
    ND_FACT_LOUDNESS,
    ND_N_FACTS
} nd_fact;

typedef struct nd_audit_pair {
    int video, track, line; /* indices into the script; in corpus.jsonl from 1 */
    nd_part_of_corpus split;
    bool has_tags;
} nd_audit_pair;

/** A corpus as it was found. */
typedef struct nd_audit {
    const char *dir;
    nd_script script;   /* planned again from the parameters in truth.json */
    bool is_truth_same; /* truth.json is, to the byte, what they give */
    int *places;        /* [n_tracks], in truth.json's list */
    nd_audit_pair *pairs;
    int n_pairs;
    const nd_progress *progress;
    int n_threads;
    uint64_t *hashes; /* [n_videos + n_tracks], of the files' bytes; 0: could not be read */
    /* the report */
    json_t *controls;
    nd_str text;
    bool has_failed;
} nd_audit;

/** Read truth.json and corpus.jsonl.
 *  @param a  zeroed, with dir; nd_audit_deinit frees it, after a failure too
 *  @return 0; ND_EIO, ND_EFORMAT (story with file and line), ND_ENOMEM */
int nd_audit_read(nd_audit *a, nd_diag *diag);
void nd_audit_deinit(nd_audit *a);

/** Paths of the files, malloc'ed; NULL: out of memory. */
char *nd_audit_video_path(const nd_audit *a, int video);
char *nd_audit_track_path(const nd_audit *a, int track);

/** Add a control to the report: a line of text and a JSON object.
 *  @param extra  a JSON object whose keys are added, taken; NULL: none
 *  @return 0 or ND_ENOMEM */
int nd_audit_add(nd_audit *a, const char *name, bool has_passed, const char *found, json_t *extra);

/** The groups of controls; each adds its own.
 *  @return 0, where a control failed too; ND_EIO, ND_ENOMEM, ND_ECANCELLED. */
int nd_audit_splits(nd_audit *a, nd_diag *diag);
int nd_audit_rankers(nd_audit *a, nd_diag *diag);
int nd_audit_again(nd_audit *a, nd_diag *diag);

/* ---- ranking by a number --------------------------------------------------------------------- */

enum { ND_RANK_STATS = ND_RECALLS + 1 }; /* recalls, then the mean rank as a share, 0.5 by chance */

typedef struct nd_audit_ranking {
    double found[ND_RANK_STATS];
    double lo[ND_RANK_STATS], hi[ND_RANK_STATS]; /* bootstrap over the queries, 95 % */
    /* what 4,000 random assignments of the videos to the tracks give at the least and most */
    double chance[ND_RANK_STATS], chance_lo[ND_RANK_STATS], chance_hi[ND_RANK_STATS];
    bool is_at_chance; /* every figure found lies within the last two */
} nd_audit_ranking;

/** Rank a gallery by how near its numbers are to a query's, each number taken as its place among
 *  those of its side, and equals in random order.
 *  @param queries [n_queries]; @param gallery [n_gallery]
 *  @param wanted  [n_queries] index into the gallery
 *  @param block   so many queries each belong together, and are shuffled and drawn as one: they
 *     and their tracks are alike. Divides n_queries; 1: none do
 *  @return 0 or ND_ENOMEM. Cost: O(queries * gallery * log gallery). */
int nd_audit_rank(nd_audit_ranking *out, const double *queries, const double *gallery,
                  const int *wanted, int n_queries, int n_gallery, int block);

#endif
