/* Tracks for words alone. */
#include "serve/search.h"

int nd_find(nd_ranking **out, nd_library *const *libraries, int n_libraries, const char *words,
            const nd_rank_params *params, nd_diag *diag)
{
    nd__search s;
    int rc = nd__search_init(&s, libraries, n_libraries, params, diag);
    s.ranker = NULL; /* there is nothing to compare rhythms with */
    if (!rc) rc = nd__search_ask(&s, words, diag);
    if (!rc) rc = nd__lens_open(&s, diag);
    if (!rc) rc = nd__lens_look(&s, diag);
    if (!rc) rc = nd__like_read(&s, words, diag);
    if (!rc && s.why_not)
        nd_log_line(s.params->log, ND_LOG_WARNING, "finding by tags and measures alone: %s",
                    s.why_not);
    if (!rc) rc = nd__search_run(out, &s, diag);
    nd__search_deinit(&s);
    return rc;
}
