/* What corpus_check.c finds and corpus_check_print.c shows. */
#ifndef ND_LEARN_CORPUS_CHECK_H
#define ND_LEARN_CORPUS_CHECK_H

#include "learn/corpus_internal.h"

typedef enum nd__leak_kind {
    ND__SAME_VIDEO,
    ND__SAME_TRACK,
    ND__SAME_BYTES,
    ND__SAME_SOUND
} nd__leak_kind;

/** Something that several splits have. */
typedef struct nd__leak {
    nd__leak_kind kind;
    int a, b;     /* media; the same one for ND__SAME_VIDEO, ND__SAME_TRACK */
    int splits_a; /* bit s: a pair of split s has it */
    int splits_b;
} nd__leak;

/** Files of the same bytes, or a tag: what, and how often. */
typedef struct nd__tag_count {
    const char *tag;
    int n_pairs;
} nd__tag_count;

/** Lengths of the files of one medium that could be read. */
typedef struct nd__lengths {
    float *values; /* [n], owned */
    int n;
    double total_s, min_s, p10_s, median_s, p90_s, max_s;
} nd__lengths;

typedef struct nd__split_count {
    int n_pairs, n_videos, n_tracks; /* distinct paths */
} nd__split_count;

struct nd_corpus_check {
    nd_corpus *corpus;
    nd__media *media; /* [n_media] distinct paths */
    int *media_of;    /* [files of the corpus] */
    int *splits;      /* [2 n_media]: bits as in nd__leak; as video, as music */
    int *same_bytes;  /* [n_media] the first media of the same bytes, or itself */
    int n_media;
    nd__split_count by_split[ND_N_SPLITS];
    int n_videos, n_music, n_own_sound, most_videos; /* of one track */
    int n_lines, n_ids, n_pairs, n_tags_out;         /* problems by kind */
    nd__lengths video, music;
    nd__tag_count *tags; /* [n_tags], the most used first */
    int n_tags, n_mentions, n_untagged;
    nd__likeness *alike;
    int n_alike;
    nd__leak *leaks;
    int n_leaks;
    int n_unreadable;
    bool listened;
};

/** @return "same video", "same track", "same bytes", "same sound". Static. */
const char *nd__leak_name(nd__leak_kind kind);

#endif
