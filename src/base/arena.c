/* Blocks in a list; the current one and those after it hold nothing that was given out.
 * A block of 2 MB and more lies on huge pages where the system has them: a layer's
 * activations would else cost a page table walk every 4 kB. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

#include "base/arena.h"

enum { FIRST_BLOCK = 1 << 20, HUGE_PAGE = 2 << 20 };

typedef struct nd_arena_block {
    struct nd_arena_block *next;
    size_t n, used; /* bytes after the head */
    char pad[ND_ARENA_ALIGN - sizeof(void *) - 2 * sizeof(size_t)];
} block;

static block *block_create(size_t n)
{
    size_t bytes, align = n >= HUGE_PAGE ? HUGE_PAGE : ND_ARENA_ALIGN;
    if (__builtin_add_overflow(n, sizeof(block) + align - 1, &bytes)) return NULL;
    bytes = bytes / align * align;
    block *b = aligned_alloc(align, bytes);
    if (!b) return NULL;
    if (align == HUGE_PAGE) madvise(b, bytes, MADV_HUGEPAGE); /* advice: may be refused */
    *b = (block){.n = bytes - sizeof *b};
    return b;
}

/* Make the next block that can hold n bytes the current one; blocks too small for it are freed. */
static int next_block(nd_arena *a, size_t n)
{
    block **link = a->current ? &a->current->next : &a->blocks;
    while (*link && (*link)->n < n) {
        block *small = *link;
        *link = small->next;
        free(small);
    }
    if (!*link) {
        size_t grown = a->current ? 2 * a->current->n : FIRST_BLOCK;
        *link = block_create(ND_MAX(n, grown));
    }
    if (!*link) return ND_ENOMEM;
    a->current = *link;
    a->current->used = 0;
    return 0;
}

void *nd_arena_alloc(nd_arena *a, size_t bytes)
{
    size_t n;
    if (__builtin_add_overflow(bytes, ND_ARENA_ALIGN - 1, &n)) return NULL;
    n = n / ND_ARENA_ALIGN * ND_ARENA_ALIGN;
    if (a->limit && n > a->limit - ND_MIN(a->used, a->limit)) return NULL;
    if ((!a->current || a->current->n - a->current->used < n) && next_block(a, n)) return NULL;
    void *p = (char *)(a->current + 1) + a->current->used;
    a->current->used += n;
    a->used += n;
    a->peak = ND_MAX(a->peak, a->used);
    return p;
}

nd_arena_mark nd_arena_save(const nd_arena *a)
{
    return (nd_arena_mark){a->current, a->current ? a->current->used : 0, a->used};
}

void nd_arena_restore(nd_arena *a, nd_arena_mark mark)
{
    /* Where there was no block yet, the first one is current and empty. */
    a->current = mark.current ? mark.current : a->blocks;
    if (a->current) a->current->used = mark.in_block;
    a->used = mark.used;
}

void nd_arena_reset(nd_arena *a)
{
    if (a->blocks && a->blocks->next) {
        size_t limit = a->limit, peak = a->peak;
        nd_arena_deinit(a);
        *a = (nd_arena){.limit = limit, .peak = peak, .blocks = block_create(peak)};
    }
    nd_arena_restore(a, (nd_arena_mark){0});
}

void nd_arena_deinit(nd_arena *a)
{
    while (a->blocks) {
        block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    *a = (nd_arena){0};
}
