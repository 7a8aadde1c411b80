/* Tag vectors of a .vec file given as a text. */
#ifndef TEST_TAG_VECTORS_OF_TEXT_H
#define TEST_TAG_VECTORS_OF_TEXT_H

#include "../test.h"

#include "embed/tag_vectors.h"

static inline nd_tag_vectors tag_vectors_of_text(const char *text)
{
    nd_vec file = {0};
    nd_tag_vectors v = {0};
    nd_diag diag = {0};
    if (nd_vec_parse(&file, text, strlen(text), "x.vec", &diag) ||
        nd_tag_vectors_of_vec(&v, &file, &diag))
        printf("FAIL %s\n", diag.text), exit(1);
    nd_vec_deinit(&file);
    return v;
}

#endif
