/* Texts and their numbers: open addressing with linear probing over XXH3. */
#include <string.h>
#include <xxhash.h>

#include "embed/tag_map.h"

/* The slot of text: where it is, or the empty one where it would go. */
static size_t find_slot(const nd_tag_map *m, const char *text, size_t n)
{
    size_t slot = (size_t)XXH3_64bits(text, n) & (m->n_slots - 1);
    for (; m->slots[slot]; slot = (slot + 1) & (m->n_slots - 1)) {
        const char *there = m->texts[m->slots[slot] - 1];
        if (!strncmp(there, text, n) && !there[n]) break;
    }
    return slot;
}

static int grow_slots(nd_tag_map *m)
{
    nd_tag_map larger = *m;
    larger.n_slots = m->n_slots ? 2 * m->n_slots : 64;
    larger.slots = nd_calloc(larger.n_slots, sizeof *larger.slots);
    if (!larger.slots) return ND_ENOMEM;
    for (size_t i = 0; i < m->n; i++)
        larger.slots[find_slot(&larger, m->texts[i], strlen(m->texts[i]))] = (int32_t)i + 1;
    free(m->slots);
    *m = larger;
    return 0;
}

int nd_tag_map_find(const nd_tag_map *m, const char *text, size_t n)
{
    return m->n_slots ? m->slots[find_slot(m, text, n)] - 1 : -1;
}

int nd_tag_map_add(nd_tag_map *m, const char *text, size_t n, int *id_out)
{
    int id = nd_tag_map_find(m, text, n);
    if (id < 0) {
        if (m->n >= (size_t)1 << 30) return ND_ELIMIT;
        if (2 * (m->n + 1) > m->n_slots && grow_slots(m)) return ND_ENOMEM;
        if (nd_grow(&m->texts, &m->capacity, m->n, 1, sizeof *m->texts)) return ND_ENOMEM;
        char *copy = strndup(text, n);
        if (!copy) return ND_ENOMEM;
        id = (int)m->n++;
        m->texts[id] = copy;
        m->slots[find_slot(m, text, n)] = id + 1;
    }
    *id_out = id;
    return 0;
}

void nd_tag_map_deinit(nd_tag_map *m)
{
    for (size_t i = 0; i < m->n; i++) free(m->texts[i]);
    free(m->texts);
    free(m->slots);
    *m = (nd_tag_map){0};
}
