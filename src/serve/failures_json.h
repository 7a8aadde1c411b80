/* Inputs that could not be read, in a result's JSON. */
#ifndef ND_SERVE_FAILURES_JSON_H
#define ND_SERVE_FAILURES_JSON_H

#include "base/json.h"
#include "needledrop/library.h"

/** One failure as the visitor of a list: {"path", "reason"} appended to user, a JSON array.
 *  @return 0 or ND_ENOMEM. */
int nd__json_add_failure(void *user, const nd_failure *failure);

/** root["failed"] = [{"path", "reason"}], where there are any. @return 0 or ND_ENOMEM. */
int nd__json_set_failures(json_t *root, const nd_failure *failures, int n);

#endif
