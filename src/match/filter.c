/* Filters checked before a store sees them. */
#include <math.h>
#include <string.h>

#include "match/match.h"

/* A pair of limits, 0 open. */
static int check_range(double low, double high, const char *what, const char *unit, nd_diag *diag)
{
    if (!(low >= 0 && high >= 0) || isinf(low) || isinf(high))
        return nd_diag_set(diag, ND_EARG, "%s %g-%g: numbers of 0 or more expected", what, low,
                           high);
    if (high > 0 && low > high)
        return nd_diag_set(diag, ND_EARG, "%s %g-%g %s: the smaller one first expected", what, low,
                           high, unit);
    return 0;
}

static int check_tags(const char *const *tags, const char *what, nd_diag *diag)
{
    char tag[128];
    for (int i = 0; tags && tags[i]; i++)
        if (!*nd_tag_normalise(tag, sizeof tag, tags[i], strlen(tags[i])))
            return nd_diag_set(diag, ND_EARG, "%s \"%s\": a word expected", what, tags[i]);
    return 0;
}

int nd_filter_check(const nd_filter *filter, nd_diag *diag)
{
    int rc, key, is_minor;
    const nd_filter *f = filter;
    if (!f) return 0;
    if ((rc = check_range(f->bpm_min, f->bpm_max, "tempo", "bpm", diag))) return rc;
    if ((rc = check_range(f->duration_min_s, f->duration_max_s, "duration", "s", diag))) return rc;
    if ((rc = check_tags(f->tags, "tag", diag))) return rc;
    if ((rc = check_tags(f->not_tags, "tag to leave out", diag))) return rc;
    if (f->key && (rc = nd_key_parse(&key, &is_minor, f->key, diag))) return rc;
    if (f->vocal < -1 || f->vocal > 1)
        return nd_diag_set(diag, ND_EARG, "vocal %d: 0, 1 or -1 expected", f->vocal);
    if (f->path && !*f->path)
        return nd_diag_set(diag, ND_EARG, "path \"\": a part of a path or a glob expected");
    return 0;
}
