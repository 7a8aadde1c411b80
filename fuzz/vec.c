/* A .vec file that an enemy made: what is accepted is looked at, and asked. */
#include <string.h>

#include "embed/tag_vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    nd_vec v = {0};
    nd_diag diag = {0};
    if (nd_vec_parse(&v, data, n, "fuzz", &diag)) {
        ND_ASSERT(diag.code && diag.text[0] && !v.rows);
        return 0;
    }
    ND_ASSERT(v.dim > 0 && v.words.n > 0 && v.words.n * (size_t)v.dim <= n);
    nd_tag_vectors vectors = {0};
    if (v.dim <= 8 && !nd_tag_vectors_of_vec(&vectors, &v, &diag)) {
        float out[8];
        ND_ASSERT(!nd_tag_vectors_text(out, NULL, &vectors, vectors.keys.texts[0]));
        ND_ASSERT(!nd_tag_vectors_text(out, NULL, &vectors, "calm piano"));
        nd_tag_vectors_deinit(&vectors);
    }
    nd_vec_deinit(&v);
    return 0;
}
