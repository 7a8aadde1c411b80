/* Which version this is, and which plug-ins are in it. */
#include "learn/learn.h"
#include "match/match.h"
#include "rank/rank.h"

/* Each registry comes with the names of what was left out. */
extern const char *const nd_feature_left_out[];
extern const char *const nd_store_left_out[];
extern const char *const nd_ranker_left_out[];
extern const char *const nd_network_left_out[];
extern const char *const nd_matcher_left_out[];
extern const char *const nd_corpus_left_out[];

const char *nd_version(void)
{
    return ND_VERSION;
}

/* Every ops struct starts with its name. */
static const char *name_at(const void *const *shelf, const char *const *left_out, int *index)
{
    for (int i = 0; shelf[i]; i++)
        if ((*index)-- == 0) return *(const char *const *)shelf[i];
    for (int i = 0; left_out[i]; i++)
        if ((*index)-- == 0) return left_out[i];
    return NULL;
}

const char *nd_plugin(int index, const char **shelf_out)
{
    const struct {
        const char *name;
        const void *const *shelf;
        const char *const *left_out;
    } shelves[] = {
        {"feature", (const void *const *)nd_feature_shelf, nd_feature_left_out},
        {"store", (const void *const *)nd_store_shelf, nd_store_left_out},
        {"corpus", (const void *const *)nd_corpus_shelf, nd_corpus_left_out},
        {"extractor", (const void *const *)nd_network_shelf, nd_network_left_out},
        {"model", (const void *const *)nd_matcher_shelf, nd_matcher_left_out},
        {"ranker", (const void *const *)nd_ranker_shelf, nd_ranker_left_out},
    };
    for (size_t i = 0; index >= 0 && i < ND_COUNT(shelves); i++) {
        const char *name = name_at(shelves[i].shelf, shelves[i].left_out, &index);
        if (!name) continue;
        if (shelf_out) *shelf_out = shelves[i].name;
        return name;
    }
    return NULL;
}
