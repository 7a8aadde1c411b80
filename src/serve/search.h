/* Inside the serve room: how a ranking is made.
 *
 *     what is asked     a described file, words, or both               recommend.c, find.c
 *     crates            what the model made of all tracks, kept        crates.c
 *     lens              the model, and what it makes of the query      lens.c
 *     like              wishes: texts as vectors, and what is measured like.c
 *     candidates        all tracks; with a model the best of a scan    candidates.c, shortlist.c
 *     fits and scores   of each candidate                              score.c
 *     hits              the best, with reasons                         hits.c
 */
#ifndef ND_SERVE_SEARCH_H
#define ND_SERVE_SEARCH_H

#include <pthread.h>

#include "match/match.h"
#include "rank/rank.h"

enum { ND__SHORTLIST = 200, ND__WORDS_SHORTLIST = 1000, ND__LIKED_BYTES = 64 };

/** A model, and what it makes of a query. Zeroed: there is none. */
typedef struct nd__lens {
    nd_model *model;
    nd_matcher *matcher; /* the model's */
    nd_words *words;     /* the model's; NULL: it knows no texts */
    nd_stored_model stored;
    nd_described item;
    nd_rows rows;   /* of the query; n 0: there is none to be looked at */
    bool has_order; /* a row is a clip */
    int n_tags;
    float *tags; /* [n_tags, U] unit vectors of the model's tags, beside wholes */
} nd__lens;

/** Wishes, and how the tracks meet them. Zeroed: none. */
typedef struct nd__like {
    nd_wishes wishes;
    bool counts[ND_MAX_WISHES];   /* a text that is looked for */
    bool is_guess[ND_MAX_WISHES]; /* of which only letters are known */
    float *vectors;               /* [wishes.n, U]; NULL: no model that knows texts */
    float *met;                   /* [wishes.n, n_places] 0 .. 1, of texts */
    double from[ND_WISH_KINDS];   /* what "calmer" is compared with; NAN: not known */
    nd_str unknown;
} nd__like;

/** Crates being read by a thread of their own. Zeroed: none is. */
typedef struct nd__loader {
    pthread_t thread;
    bool runs;
    int rc;
    nd_diag diag;
} nd__loader;

/** A track that is looked at. */
typedef struct nd__candidate {
    int library;
    int64_t id;
    int64_t place;               /* of the search */
    char *path, *title, *artist; /* one block, owned by path */
    const char *key;             /* static */
    double duration_s, tempo_bpm;
    nd_description *track; /* owned; NULL: to be loaded when it is needed */
    int32_t offset;        /* clip of the track where the query begins */
    nd_opinion opinion;
    nd_measures measures;
    char liked[ND__LIKED_BYTES];  /* wishes that it meets, */
    char missed[ND__LIKED_BYTES]; /* and that it does not */
    const char *shared;           /* a tag of the query, too: the lens's; NULL: none */
    double plain, score;          /* without and with like */
    int rc;                       /* of reading and fitting */
    char *story;                  /* owned; why it is left out, or NULL */
} nd__candidate;

/** A track that passed the filter. */
typedef struct nd__place {
    int library;
    int64_t id;
} nd__place;

typedef struct nd__search {
    /* for all that is asked */
    nd_library *const *libraries;
    int n_libraries;
    const nd_rank_params *params;
    int n_threads, n_hits;
    const nd_ranker_ops *ranker; /* of the shelf; NULL: words alone */
    double ranker_weight;        /* beside a model's parts */
    double doubt;                /* nd_opinion.doubt, of the whole list; 0 without pair scores */
    double like_weight;
    nd__lens lens;
    const char *why_not; /* static text, why there is no model; NULL: there is, or it was told */
    nd__loader loader;
    nd_crate *crates; /* [n_libraries]; NULL: without a model, or not yet loaded */

    /* for one query */
    const char *asked;
    const int64_t *left_out; /* a library's track that is the query itself, -1; or NULL */
    nd_description *query;   /* owned; NULL: words alone */
    nd__like like;
    nd__place *places;     /* in order of library and id: all that passed the filter, the crates'
                            * where there are any; of a ranker alone candidate i's */
    nd_measures *measured; /* [n_places] as the library's list says: of words without a scan */
    size_t capacity_places, capacity_measured;
    int64_t n_places, n_passed; /* n_passed: without the query itself */
    nd__candidate *items;
    size_t n, capacity;
    int library;          /* being listed */
    pthread_mutex_t lock; /* of the libraries: one thread at a time */
} nd__search;

/** Start over params' defaults, and check them.
 *  @return 0 or ND_EARG; nd__search_deinit after both. */
int nd__search_init(nd__search *s, nd_library *const *libraries, int n_libraries,
                    const nd_rank_params *params, nd_diag *diag);
void nd__search_deinit(nd__search *s);
/** The next query: what is of the one before goes. @return 0; ND_EARG: asked is NULL. */
int nd__search_ask(nd__search *s, const char *asked, nd_diag *diag);

/** From what is asked to a ranking: search.c.
 *  @return as nd_recommend; *out untouched on failure. */
int nd__search_run(nd_ranking **out, nd__search *s, nd_diag *diag);

/* ---- lens.c ------------------------------------------------------------------------ */

/** Open the model that is asked for, or the default, and see that the libraries are embedded by it.
 *  Where none was asked for and there is none, the lens stays zeroed, and s->why_not says why.
 *  @return as nd_recommend. */
int nd__lens_open(nd__search *s, nd_diag *diag);
/** What the model, where there is one, makes of s->query and, once, of its own tags.
 *  @return as nd_clips_embed, nd_described_make, nd_matcher_embed. */
int nd__lens_look(nd__search *s, nd_diag *diag);
/** The tags that suit a whole [U] best, their number first. @return how many, ND_MAX_SHOWN_TAGS at
 *  most; of those the ones that stand out. */
int nd__lens_tags(int out[ND_MAX_SHOWN_TAGS], const nd__lens *lens, const float *whole);
/** What it made of a query goes. */
void nd__lens_forget(nd__lens *lens);
void nd__lens_close(nd__lens *lens);

/* ---- crates.c ---------------------------------------------------------------------- */

/** Begin to read the crates in a thread, where there is a model and they are not there: while a
 *  video is analysed by another process. The libraries are not to be touched until
 *  nd__crates_need. */
void nd__crates_begin(nd__search *s);
/** Have them, however they come, and s->places of them. @return as nd_crate_load; what was asked
 *  for in vain is not there. */
int nd__crates_need(nd__search *s, nd_diag *diag);
void nd__crates_deinit(nd__search *s);

/* ---- like.c ------------------------------------------------------------------------ */

/** Read words, and make vectors of them where the lens knows texts.
 *  @return as nd_wishes_read, nd_matcher_text. */
int nd__like_read(nd__search *s, const char *words, nd_diag *diag);
/** Whether a text is looked for; whether something that is measured. */
bool nd__like_has_text(const nd__like *like);
bool nd__like_has_measure(const nd__like *like);
/** How every place meets the texts: by the model, and by the tags of files. @return 0; ND_ENOMEM;
 *  as nd_library_each. */
int nd__like_scan(nd__search *s, nd_diag *diag);
/** Of texts alone, as met; 0.5 where there is none. */
double nd__like_texts(const nd__search *s, int64_t place);
/** How all of s->measured meet all wishes, "calmer" than their middle.
 *  @param scores  [n_places] 0 .. 1  @return 0 or ND_ENOMEM */
int nd__like_rate(float *scores, nd__search *s);
/** Give candidates their opinion.like and score, from the plain scores: "calmer" than the middle of
 *  the first ten of these; without a query than the middle of all, where it is first asked.
 *  @return 0 or ND_ENOMEM. */
int nd__like_apply(nd__search *s);
/** How a candidate meets wish i, 0 .. 1. @return NAN: it is not known, or not looked for */
double nd__like_meet(const nd__search *s, const nd__candidate *c, int i);
/** "calm", "no drums", "slower". @return out */
const char *nd__wish_name(char out[ND__LIKED_BYTES], const nd_wish *wish);
void nd__like_deinit(nd__like *like);

/* ---- candidates.c, shortlist.c ------------------------------------------------------- */

/** Every track that passes, as candidates and places. @return as nd_library_each. */
int nd__list_all(nd__search *s, nd_diag *diag);
/** The best of a scan, with the opinion of the model. @return as nd_crate_load. */
int nd__list_best(nd__search *s, nd_diag *diag);
/** What the model says of the query beside each of them, where it looks at two. @return as
 *  nd_matcher_pair. */
int nd__pair_candidates(nd__search *s, nd_diag *diag);
/** The best for words by what the libraries' lists, and the tags of files, say; where there are
 *  few, all. @return as nd_library_each_brief. */
int nd__list_measured(nd__search *s, nd_diag *diag);
/** Load a candidate's features, where they are not: for words alone those that are measured.
 *  @return as nd_library_description. */
int nd__candidate_load(nd__candidate *c, nd__search *s, nd_diag *diag);
/** Add one. @return 0 or ND_ENOMEM. */
int nd__candidate_add(nd__search *s, const nd_track *track, int library, int64_t place);
/** It cannot be used: the story is kept for nd__say_left_out. */
void nd__candidate_refuse(nd__candidate *c, int rc, const nd_diag *diag);
void nd__candidate_deinit(nd__candidate *c);
/** By score, path, library, id; those that cannot be used last. */
void nd__sort_candidates(nd__search *s);

/* ---- score.c, hits.c ------------------------------------------------------------------ */

/** The whole fit of a candidate, like included. @return as nd_ranker_ops.fit. */
int nd__fit_candidate(nd_fit *out, nd__search *s, nd__candidate *c, nd_diag *diag);
/** Plain scores and measures of all, in parallel, then like; sorted. @return 0 or ND_ENOMEM. */
int nd__score_candidates(nd__search *s);
/** The best as hits; one that has left the library meanwhile makes room for the next.
 *  @return 0 or ND_ENOMEM: r is half made then. */
int nd__take_hits(nd_ranking *r, nd__search *s);

#endif
