/* Texts and their numbers: each distinct text once, numbered in the order it came. */
#ifndef ND_EMBED_TAG_MAP_H
#define ND_EMBED_TAG_MAP_H

#include "base/base.h"

/** Zeroed is empty. */
typedef struct nd_tag_map {
    char **texts; /* [n], owned */
    size_t n, capacity;
    int32_t *slots; /* [n_slots], number + 1 or 0; open addressing, at most half full */
    size_t n_slots; /* 0 or a power of two */
} nd_tag_map;

/** The number of text [n], added where it is new.
 *  @param text  any bytes without NUL  @param id_out  0 ..
 *  @return 0; ND_ENOMEM, ND_ELIMIT (over 2^30 texts): the map is as it was. Cost: O(n). */
int nd_tag_map_add(nd_tag_map *m, const char *text, size_t n, int *id_out);

/** @return the number of text [n]; -1 where it is not there. Threads: any number of readers. */
int nd_tag_map_find(const nd_tag_map *m, const char *text, size_t n);

/** The map is empty after. */
void nd_tag_map_deinit(nd_tag_map *m);

#endif
