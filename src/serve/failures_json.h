/* Inputs that could not be read, in a result's JSON. */
#ifndef ND_SERVE_FAILURES_JSON_H
#define ND_SERVE_FAILURES_JSON_H

#include "base/json.h"
#include "needledrop/library.h"

/** One failure as the visitor of a list: {"path", "reason"} appended to user, a JSON array.
 *  @return 0 or ND_ENOMEM. */
int nd__json_add_failure(void *user, const nd_failure *failure);

/** Print {key: list}, with "failed": [{"path", "reason"}] where there are failures.
 *  @param list  taken;  @param rc  what the list's making met: not 0 and nothing is printed
 *  @return 0, rc or ND_ENOMEM. */
int nd__json_print_results_take(char **json_out, const char *key, json_t *list, int rc,
                                const nd_failure *failures, int n_failures);

#endif
