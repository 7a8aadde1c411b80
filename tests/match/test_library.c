/* A library asked: walks, one track found by the end of its path. */
#include "fixture.h"

static nd_library *lib;

static void put(int64_t id, const char *name)
{
    nd_description *d = fixture_description(100, 9, 1, 30, "Rock");
    const char **tags = nd_tags_of(&d->info);
    nd_record r = {.track = {.id = id, .path = fixture_path(name), .info = d->info, .tags = tags},
                   .file = {.hash = 1}};
    if (lib->ops->put_track(lib->store, &r, d, NULL)) printf("FAIL put %s\n", name);
    free(tags);
    nd_description_destroy(&d);
}

static int stop_at_second(void *user, const nd_track *t)
{
    (void)t;
    return ++*(int *)user == 2 ? 42 : 0;
}

static int stop_at_failure(void *user, const nd_failure *f)
{
    (void)f;
    return ++*(int *)user == 1 ? 43 : 0;
}

/* A visitor may ask the library itself. */
static int count_all(void *user, const nd_track *t)
{
    nd_description *d = NULL;
    int64_t id = 0;
    int *n = user, inner = 0;
    *n += nd_library_description(&d, lib, t->id, NULL) == 0;
    *n += nd_library_find(&id, lib, t->path, NULL) == 0 && id == t->id;
    *n += nd_library_each(lib, NULL, stop_at_second, &inner, NULL) == 42;
    *n += !strcmp(t->tags[0], "rock");
    nd_description_destroy(&d);
    return 0;
}

static void check_walks(void)
{
    int n = 0;
    CHECK("each_stops", nd_library_each(lib, NULL, stop_at_second, &n, NULL) == 42 && n == 2, "%d",
          n);
    n = 0;
    CHECK("each_failure_stops",
          nd_library_each_failure(lib, stop_at_failure, &n, NULL) == 43 && n == 1, "%d", n);
    n = 0;
    nd_library_each(lib, NULL, count_all, &n, NULL);
    CHECK("each_inside_each", n == 4 * 6, "%d of 24", n);
}

static void check_find(void)
{
    static const struct {
        const char *name, *path;
        int rc;
        int64_t id;
        const char *words;
    } cases[] = {
        {"whole_name", "b.ogg", 0, 2, ""},
        {"folder_and_name", "x/a.ogg", 0, 1, ""},
        {"several", "a.ogg", ND_EARG, -1, "3 paths"},
        {"part_of_a_component", ".ogg", ND_ENOTFOUND, -1, "no path"},
        {"part_of_a_folder", "2/c.ogg", ND_ENOTFOUND, -1, "no path"},
        {"bytes", "\xFF\n.ogg", 0, 6, ""},
        {"case_counts", "B.OGG", ND_ENOTFOUND, -1, "no path"},
        {"pattern_is_none", "*", ND_ENOTFOUND, -1, "no path"},
        {"longer_than_any",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "a",
         ND_ENOTFOUND, -1, "no path"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int64_t id = -1;
        nd_diag diag = {0};
        char name[64];
        int rc = nd_library_find(&id, lib, cases[i].path, &diag);
        snprintf(name, sizeof name, "find_%s", cases[i].name);
        CHECK(name, rc == cases[i].rc && id == cases[i].id && strstr(diag.text, cases[i].words),
              "%d, id %lld: %s", rc, (long long)id, diag.text);
    }
    int64_t id = -1;
    CHECK("find_absolute", !nd_library_find(&id, lib, fixture_path("a.ogg"), NULL) && id == 4,
          "%lld", (long long)id);
    /* From a folder, the file there is meant, not one that ends so. */
    fixture_write("a.ogg", "");
    if (chdir(fixture_root)) exit(1);
    id = -1;
    CHECK("find_from_here", !nd_library_find(&id, lib, "./a.ogg", NULL) && id == 4, "%lld",
          (long long)id);
    nd_diag diag = {0};
    CHECK("find_empty", nd_library_find(&id, lib, "", &diag) == ND_EARG, "%s", diag.text);
    CHECK("find_null", nd_library_find(&id, lib, NULL, &diag) == ND_EARG, "%s", diag.text);
}

int main(void)
{
    nd_description *d = NULL;
    CHECK("each_no_library", nd_library_each(NULL, NULL, stop_at_second, NULL, NULL) == ND_EARG,
          "accepted");
    CHECK("failures_no_library",
          nd_library_each_failure(NULL, stop_at_failure, NULL, NULL) == ND_EARG, "accepted");
    CHECK("description_no_library", nd_library_description(&d, NULL, 1, NULL) == ND_EARG,
          "accepted");
    fixture_start();
    if (nd_library_open(&lib, fixture_path("lib"), ND_OPEN_INDEX, NULL)) return 1;
    CHECK("each_no_visitor", nd_library_each(lib, NULL, NULL, NULL, NULL) == ND_EARG, "accepted");
    put(1, "x/a.ogg");
    put(2, "x/b.ogg");
    put(3, "y/a.ogg");
    put(4, "a.ogg");
    put(5, "x2/c.ogg");
    put(6, "x/\xFF\n.ogg");
    lib->ops->put_failure(lib->store, fixture_path("f"), &(nd_file_state){0}, "bad", NULL);
    lib->ops->put_failure(lib->store, fixture_path("g"), &(nd_file_state){0}, "bad", NULL);
    CHECK("description_absent", nd_library_description(&d, lib, 7, NULL) == ND_ENOTFOUND, "found");
    check_walks();
    check_find();
    nd_library_close(&lib);
    TEST_END();
}
