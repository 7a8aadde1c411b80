/* The SQLite store's tables `models` and `joint`: what a matching model made of tracks. */
#ifndef ND_MATCH_STORES_SQLITE_JOINT_H
#define ND_MATCH_STORES_SQLITE_JOINT_H

#include "match/store.h"

/** As nd_store_ops.put_model, .put_joint, .get_model, .each_joint, .each_without_joint.
 *
 *  A row of `joint` is a track's: bytes that a walk over the table borrows, so that it costs no
 *  more than reading its pages. */
int nd__sqlite_put_model(nd_store *s, const nd_stored_model *model, nd_diag *diag);
int nd__sqlite_put_joint(nd_store *s, const nd_stored_joint *joint, nd_diag *diag);
int nd__sqlite_get_model(nd_stored_model *out, nd_store *s, nd_diag *diag);
int nd__sqlite_each_joint(nd_store *s, const nd_filter *filter, uint64_t fingerprint,
                          nd_visit_joint *visit, void *user, nd_diag *diag);
int nd__sqlite_each_without_joint(nd_store *s, uint64_t fingerprint, nd_visit_path *visit,
                                  void *user, nd_diag *diag);

#endif
