/* Pairs that a list names: made by hand, or by another program. */
#include <string.h>

#include "learn/corpus_internal.h"

static int find(nd_corpus_draft *d, const nd_corpus_params *params, nd_diag *diag)
{
    if (!params->pairs)
        return nd_diag_set(diag, ND_EARG, "building a corpus: a list of pairs expected");
    const char *name = nd_path_name(params->pairs);
    size_t n = (size_t)(name - params->pairs);
    const char *dir = nd__arena_text(&d->texts, params->pairs, n);
    if (!dir) return ND_ENOMEM;
    return nd__list_pairs(d, params->pairs, params->videos ? params->videos : dir,
                          params->music ? params->music : dir, diag);
}

const nd_corpus_ops nd_corpus_manifest = {
    .name = "manifest",
    .about = "pairs of a list (CSV, TSV, JSON lines)",
    .find = find,
};
