/* Rankers by name; parts into a score. */
#include <string.h>

#include "rank/parts.h"

const nd_ranker_ops *nd_ranker_find(const char *name)
{
    for (int i = 0; nd_ranker_shelf[i]; i++)
        if (!strcmp(nd_ranker_shelf[i]->name, name)) return nd_ranker_shelf[i];
    return NULL;
}

void nd_fit_add(nd_fit *f, const char *name, double value, double weight)
{
    ND_ASSERT(f->n_parts < ND_MAX_PARTS);
    bool known = value >= 0;
    f->parts[f->n_parts++] = (nd_score_part){
        .name = name, .value = known ? ND_MIN(value, 1.0) : 0.5, .weight = known ? weight : 0};
}

int nd_fit_finish(nd_fit *f)
{
    double total = 0, score = 0;
    for (int i = 0; i < f->n_parts; i++) total += f->parts[i].weight;
    if (!(total > 0)) return ND_EEMPTY;
    for (int i = 0; i < f->n_parts; i++) {
        f->parts[i].weight /= total;
        score += f->parts[i].weight * f->parts[i].value;
    }
    f->score = ND_MIN(score, 1.0);
    return 0;
}
