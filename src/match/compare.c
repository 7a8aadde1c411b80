/* Files compared with a library, by two sorts and two merges.
 *
 * Size and time tell what is unchanged. Only files whose size is met elsewhere
 * can be copies of something or moved; only they are hashed before they are
 * analysed, so that a first index reads no file twice from disk. */
#include <string.h>

#include "match/compare.h"

static int load_entry(void *user, const nd_known *k)
{
    nd_entries *e = user;
    nd_entry entry = {
        .path = strdup(k->path), .id = k->id, .file = k->file, .analysis = k->analysis};
    if (!entry.path || nd_grow(&e->items, &e->capacity, e->n, 1, sizeof entry)) {
        free(entry.path);
        return ND_ENOMEM;
    }
    e->items[e->n++] = entry;
    return 0;
}

int nd_entries_load(nd_entries *out, nd_library *lib, nd_diag *diag)
{
    int rc = lib->ops->each_known(lib->store, load_entry, out, diag);
    return rc == ND_ENOMEM ? nd_diag_set(diag, rc, "reading the library: out of memory") : rc;
}

static int entry_by_path(const void *path, const void *entry)
{
    return strcmp(path, ((const nd_entry *)entry)->path);
}

nd_entry *nd_entries_find(const nd_entries *e, const char *path)
{
    return e->n ? bsearch(path, e->items, e->n, sizeof *e->items, entry_by_path) : NULL;
}

void nd_entries_deinit(nd_entries *e)
{
    for (size_t i = 0; i < e->n; i++) free(e->items[i].path);
    free(e->items);
    *e = (nd_entries){0};
}

bool nd_entry_is_current(const nd_entry *e)
{
    return !e->id || (e->analysis == ND_ANALYSIS_VERSION && !e->is_foreign);
}

static bool is_unchanged(const nd_entry *e, const nd_found *f)
{
    return !f->problem && nd_entry_is_current(e) && e->file.size_bytes == f->size_bytes &&
           e->file.mtime_ns == f->mtime_ns &&
           (e->id || e->file.hash); /* a failure without a hash is tried again */
}

static int add_task(nd_tasks *t, const nd_found *f, nd_entry *e)
{
    if (nd_grow(&t->items, &t->capacity, t->n, 1, sizeof *t->items)) return ND_ENOMEM;
    t->items[t->n++] = (nd_task){
        .found = f,
        .known = e,
        .to = {.path = f->path,
               .id = e ? e->id : 0,
               .file = {.size_bytes = f->size_bytes, .mtime_ns = f->mtime_ns}},
    };
    if (e) e->is_stale = true;
    return 0;
}

int nd_tasks_make(nd_tasks *out, nd_entries *known, const nd_walk *walk)
{
    int64_t next_id = 1;
    size_t i = 0;
    for (size_t k = 0; k < known->n; k++) next_id = ND_MAX(next_id, known->items[k].id + 1);
    for (size_t f = 0; f < walk->n || i < known->n;) {
        nd_entry *e = i < known->n ? &known->items[i] : NULL;
        const nd_found *found = f < walk->n ? &walk->found[f] : NULL;
        int order = !e ? 1 : !found ? -1 : strcmp(e->path, found->path);
        bool is_blind = order <= 0 && nd_paths_cover(&walk->blind, e->path);
        if (order < 0) e->is_gone = !is_blind && nd_paths_cover(&walk->covered, e->path);
        /* A track that cannot be seen today is kept as it is. */
        else if (!order && (is_unchanged(e, found) || (e->id && is_blind)))
            out->n_unchanged += e->id != 0;
        else if (add_task(out, found, order ? NULL : e)) return ND_ENOMEM;
        i += order <= 0;
        f += order >= 0;
    }
    for (size_t k = 0; k < out->n; k++)
        if (!out->items[k].to.id) out->items[k].to.id = next_id++;
    return 0;
}

/* ---- by size, by content ----------------------------------------------------------- */

/* A known file or a task under what it is sorted by. */
typedef struct {
    uint64_t hash;
    int64_t size_bytes;
    size_t task;     /* index, or SIZE_MAX for an entry */
    nd_entry *entry; /* NULL for a task */
} content;

/* By content; gone tracks before those in place before tasks, each in order of
 * path. */
static int by_content(const void *a, const void *b)
{
    const content *x = a, *y = b;
    if (x->size_bytes != y->size_bytes) return x->size_bytes < y->size_bytes ? -1 : 1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    if (!x->entry != !y->entry) return x->entry ? -1 : 1;
    if (!x->entry) return x->task < y->task ? -1 : x->task > y->task;
    if (x->entry->is_gone != y->entry->is_gone) return x->entry->is_gone ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static bool is_same_content(const content *a, const content *b)
{
    return a->size_bytes == b->size_bytes && a->hash == b->hash;
}

/* Tasks that can be read, and entries that `wanted` says, sorted by content.
 * @return NULL: out of memory. */
static content *sort_contents(size_t *n_out, const nd_tasks *tasks, nd_entry *entries, size_t n,
                              bool (*wanted)(const nd_entry *e), bool with_hash)
{
    content *all = nd_calloc(tasks->n + n, sizeof *all);
    size_t used = 0;
    if (!all) return NULL;
    for (size_t i = 0; i < n; i++)
        if (wanted(&entries[i]))
            all[used++] = (content){.hash = with_hash ? entries[i].file.hash : 0,
                                    .size_bytes = entries[i].file.size_bytes,
                                    .task = SIZE_MAX,
                                    .entry = &entries[i]};
    for (size_t i = 0; i < tasks->n; i++) {
        const nd_known *to = &tasks->items[i].to;
        if (tasks->items[i].found->problem || tasks->items[i].is_settled) continue;
        if (with_hash && !to->file.hash) continue;
        all[used++] = (content){
            .hash = with_hash ? to->file.hash : 0, .size_bytes = to->file.size_bytes, .task = i};
    }
    if (used) qsort(all, used, sizeof *all, by_content);
    *n_out = used;
    return all;
}

static bool is_any(const nd_entry *e)
{
    return e->file.hash != 0;
}

int nd_tasks_need_hash(bool *flags, const nd_tasks *tasks, const nd_entries *known)
{
    size_t n;
    content *all = sort_contents(&n, tasks, known->items, known->n, is_any, false);
    if (!all) return ND_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        bool is_met = (i && is_same_content(&all[i - 1], &all[i])) ||
                      (i + 1 < n && is_same_content(&all[i], &all[i + 1]));
        if (!all[i].entry) flags[all[i].task] = is_met;
    }
    free(all);
    return 0;
}

/* A stale one is about to be replaced, an old build's features are no longer wanted:
 * nothing may be copied from them. */
static bool is_source(const nd_entry *e)
{
    return e->id && e->file.hash && !e->is_stale && nd_entry_is_current(e);
}

/* One content: its gone tracks, its tracks in place, its tasks. */
static void match_group(nd_tasks *tasks, const content *group, size_t n)
{
    size_t n_gone = 0, n_entries = 0;
    while (n_entries < n && group[n_entries].entry) n_gone += group[n_entries++].entry->is_gone;
    for (size_t i = n_entries; i < n; i++) {
        nd_task *task = &tasks->items[group[i].task];
        size_t nth = i - n_entries;
        task->is_move = nth < n_gone;
        if (task->is_move) group[nth].entry->is_taken = true;
        if (n_entries) task->source = group[task->is_move ? nth : n_entries - 1].entry;
        task->is_twin = nth > 0;
        if (nth > 0) tasks->items[group[i - 1].task].twin = task;
    }
}

int nd_tasks_match(nd_tasks *tasks, nd_entries *known)
{
    size_t n;
    content *all = sort_contents(&n, tasks, known->items, known->n, is_source, true);
    if (!all) return ND_ENOMEM;
    for (size_t start = 0, end; start < n; start = end) {
        for (end = start + 1; end < n && is_same_content(&all[start], &all[end]);) end++;
        match_group(tasks, all + start, end - start);
    }
    free(all);
    return 0;
}

void nd_tasks_deinit(nd_tasks *t)
{
    free(t->items);
    *t = (nd_tasks){0};
}
