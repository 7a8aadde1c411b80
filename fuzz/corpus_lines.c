/* A corpus.jsonl that an enemy made. */
#include <string.h>

#include "learn/corpus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_pair(const nd_corpus *c, int i)
{
    const nd_pair *p = nd_corpus_pair(c, i);
    int video, music;
    ND_ASSERT(*p->id && *p->video && *p->music && p->start_s >= 0 && !p->tags[p->n_tags]);
    for (int k = 0; k < p->n_tags; k++) {
        size_t bytes = strlen(p->tags[k]);
        ND_ASSERT(bytes > 0 && bytes <= 1024);
    }
    nd_corpus_pair_files(c, i, &video, &music);
    ND_ASSERT(nd_corpus_file_at(c, video)->medium == ND_VIDEO);
    ND_ASSERT(nd_corpus_file_at(c, music)->medium == ND_MUSIC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    nd_corpus *c = NULL;
    nd_diag diag = {0};
    if (nd_corpus_parse(&c, "dir", (const char *)data, n, &diag)) {
        ND_ASSERT(diag.code && diag.text[0] && !c);
        return 0;
    }
    for (int i = 0; i < nd_corpus_count(c); i++) check_pair(c, i);
    for (int i = 0; i < nd_corpus_problem_count(c); i++)
        ND_ASSERT(nd_corpus_problem_at(c, i)->line > 0 && nd_corpus_problem_at(c, i)->reason[0]);
    nd_corpus_close(&c);
    return 0;
}
