/* Inside the match room: what a library is made of; indexing with any analyser. */
#ifndef ND_MATCH_LIBRARY_H
#define ND_MATCH_LIBRARY_H

#include "match/match.h"

struct nd_library {
    const nd_store_ops *ops;
    nd_store *store;
    nd_open_mode mode;
};

/** Analyse one file: nd_describe_file, or what a test puts in its place.
 *  Called from several threads at once. */
typedef struct nd_analyser {
    int (*analyse)(nd_description **out, void *user, const char *path, const nd_log *log,
                   nd_diag *diag);
    void *user;
    struct nd_embedder *embedder; /* the model that its tracks go through; NULL: none */
} nd_analyser;

/** nd_library_index with another analyser. */
int nd__library_index_with(nd_library *lib, const char *const *paths, int n_paths,
                           const nd_index_params *params, const nd_analyser *analyser,
                           nd_index_report *report_out, nd_diag *diag);

#endif
