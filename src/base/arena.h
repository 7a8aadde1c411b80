/* Memory that is given out front to back and taken back all at once. */
#ifndef ND_BASE_ARENA_H
#define ND_BASE_ARENA_H

#include "base/base.h"

enum { ND_ARENA_ALIGN = 64 };

/** Zeroed is empty. A request or a training step takes what it needs and resets; from the
 *  second on there is one block that fits, and nothing is asked of malloc. */
typedef struct nd_arena {
    struct nd_arena_block *blocks, *current; /* current is where the next bytes come from */
    size_t used, peak;                       /* bytes given out now, at most since create */
    size_t limit;                            /* 0: none; above it nd_arena_alloc gives NULL */
} nd_arena;

/** A place to go back to. */
typedef struct nd_arena_mark {
    struct nd_arena_block *current;
    size_t in_block, used;
} nd_arena_mark;

/** @return bytes at a multiple of ND_ARENA_ALIGN, not zeroed, good until the arena goes back to
 *  before them; NULL: out of memory, or over the limit. Cost: a few ns, malloc where the blocks
 *  are full. */
void *nd_arena_alloc(nd_arena *a, size_t bytes);

/** Where the arena stands; give back all that was given out since. */
nd_arena_mark nd_arena_save(const nd_arena *a);
void nd_arena_restore(nd_arena *a, nd_arena_mark mark);

/** Give back everything. Several blocks become one of their sum. */
void nd_arena_reset(nd_arena *a);
void nd_arena_deinit(nd_arena *a);

#endif
