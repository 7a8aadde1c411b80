/* What was found beside what is known. */
#include "../test.h"
#include "match/compare.h"

/* Known: n entries of a letter, an id, a size, a time, a hash each. */
static nd_entries known_of(const nd_entry *entries, size_t n)
{
    nd_entries e = {.items = nd_calloc(n, sizeof *entries), .n = n, .capacity = n};
    for (size_t i = 0; i < n; i++) {
        e.items[i] = entries[i];
        e.items[i].path = strdup(entries[i].path);
    }
    return e;
}

static char folder[] = "/m";

static nd_walk walk_of(nd_found *found, size_t n)
{
    static char *covered[] = {folder};
    return (nd_walk){.found = found, .n = n, .covered = {.items = covered, .n = 1}};
}

static nd_entry entry(const char *path, int64_t id, int64_t size, int64_t time, uint64_t hash)
{
    return (nd_entry){.path = (char *)path,
                      .id = id,
                      .file = {size, time, hash},
                      .analysis = ND_ANALYSIS_VERSION};
}

static nd_found found(const char *path, int64_t size, int64_t time)
{
    return (nd_found){.path = (char *)path, .size_bytes = size, .mtime_ns = time};
}

static void check_tasks(void)
{
    const nd_entry entries[] = {
        entry("/a", 9, 1, 1, 1),     entry("/m/b", 2, 10, 1, 11), entry("/m/c", 3, 20, 1, 12),
        entry("/m/d", 0, 30, 1, 13), entry("/m/e", 0, 40, 1, 0),  entry("/m/g", 4, 50, 1, 14),
    };
    nd_found files[] = {found("/m/a", 50, 7), found("/m/b", 10, 1), found("/m/c", 20, 2),
                        found("/m/d", 30, 1), found("/m/e", 40, 1), found("/m/f", 60, 1)};
    nd_entries known = known_of(entries, ND_COUNT(entries));
    nd_walk walk = walk_of(files, ND_COUNT(files));
    nd_tasks tasks = {0};
    int rc = nd_tasks_make(&tasks, &known, &walk);
    /* New a and f, changed c, failed e whose content is not known. */
    CHECK("tasks", rc == 0 && tasks.n == 4 && tasks.n_unchanged == 1, "%zu", tasks.n);
    CHECK("task_ids_in_order",
          tasks.items[0].to.id == 10 && tasks.items[1].to.id == 3 && tasks.items[2].to.id == 11 &&
              tasks.items[3].to.id == 12,
          "%d", (int)tasks.items[0].to.id);
    CHECK("gone", known.items[5].is_gone && !known.items[0].is_gone && !known.items[1].is_gone,
          "wrong");
    bool flags[4] = {0};
    rc = nd_tasks_need_hash(flags, &tasks, &known);
    /* a has the size of g that is gone, c its own; e and f are alone. */
    CHECK("need_hash", !rc && flags[0] && flags[1] && !flags[2] && !flags[3], "%d%d%d%d", flags[0],
          flags[1], flags[2], flags[3]);
    tasks.items[0].to.file.hash = 14;
    tasks.items[1].to.file.hash = 15;
    rc = nd_tasks_match(&tasks, &known);
    CHECK("moved",
          !rc && tasks.items[0].is_move && tasks.items[0].source == &known.items[5] &&
              known.items[5].is_taken,
          "not found");
    CHECK("not_moved", !tasks.items[1].source && !tasks.items[2].source, "found");
    nd_tasks_deinit(&tasks);
    nd_entries_deinit(&known);
}

/* A hash without its size is another content. */
static void check_collision(void)
{
    const nd_entry entries[] = {entry("/m/a", 1, 10, 1, 77)};
    nd_found files[] = {found("/m/a", 10, 1), found("/m/b", 11, 1), found("/m/c", 10, 1)};
    nd_entries known = known_of(entries, 1);
    nd_walk walk = walk_of(files, 3);
    nd_tasks tasks = {0};
    int rc = nd_tasks_make(&tasks, &known, &walk);
    for (size_t i = 0; i < tasks.n; i++) tasks.items[i].to.file.hash = 77;
    if (!rc) rc = nd_tasks_match(&tasks, &known);
    CHECK("same_hash_other_size", !rc && tasks.n == 2 && !tasks.items[0].source, "taken as a copy");
    CHECK("same_hash_same_size", tasks.n == 2 && tasks.items[1].source && !tasks.items[1].is_move,
          "not a copy");
    nd_tasks_deinit(&tasks);
    nd_entries_deinit(&known);
}

static void check_nothing(void)
{
    nd_entries known = {0};
    nd_walk walk = {0};
    nd_tasks tasks = {0};
    bool none = false;
    CHECK("nothing",
          !nd_tasks_make(&tasks, &known, &walk) && !nd_tasks_need_hash(&none, &tasks, &known) &&
              !nd_tasks_match(&tasks, &known) && !nd_entries_find(&known, "/a"),
          "failed");
    nd_tasks_deinit(&tasks);
}

int main(void)
{
    check_nothing();
    check_tasks();
    check_collision();
    TEST_END();
}
