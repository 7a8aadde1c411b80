/* Paths and walks. */
#include "fixture.h"
#include "match/walk.h"

static void check_under(void)
{
    static const struct {
        const char *path, *above;
        bool is_under;
    } cases[] = {
        {"/a/b", "/a", true},  {"/a", "/a", true},    {"/ab", "/a", false}, {"/", "/", true},
        {"/a/b", "/", true},   {"/a", "/a/b", false}, {"/a/", "/a", true},  {"/b/a", "/a", false},
        {"/a/b", "/a/", true}, {"/A/b", "/a", false},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char name[64];
        snprintf(name, sizeof name, "under_%zu", i);
        CHECK(name, nd_path_is_under(cases[i].path, cases[i].above) == cases[i].is_under, "%s, %s",
              cases[i].path, cases[i].above);
    }
}

static void check_absolute(void)
{
    const struct {
        const char *name, *path, *expected;
    } cases[] = {
        {"here", ".", ""},
        {"folder", "sub/../sub/", "/sub"},
        {"link", "link", "/sub"},
        {"under_link", "link/none", "/sub/none"},
        {"absent", "none", "/none"},
        {"absent_slash", "none///", "/none"},
        {"absent_in_absent", "no/such", "/no/such"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char name[64];
        char *found = nd_path_absolute(cases[i].path);
        snprintf(name, sizeof name, "absolute_%s", cases[i].name);
        CHECK(name,
              !strncmp(found, fixture_root, strlen(fixture_root)) &&
                  !strcmp(found + strlen(fixture_root), cases[i].expected),
              "%s", found);
        free(found);
    }
    char *found = nd_path_absolute("/none");
    CHECK("absolute_at_root", !strcmp(found, "/none"), "%s", found);
    free(found);
}

static bool knows_film(void *user, const char *path)
{
    (void)user;
    return !strcmp(nd_path_name(path), "film.mkv");
}

static int stop_at_second(void *user, int64_t n_found)
{
    (void)user;
    return n_found == 2 ? ND_ECANCELLED : 0;
}

static void check_walk(void)
{
    nd_walk w = {.is_known = knows_film};
    CHECK("walk_absent", nd_walk_path(&w, fixture_path("none"), NULL) == ND_ENOTFOUND && !w.n,
          "found");
    int rc = nd_walk_path(&w, fixture_root, NULL);
    if (!rc) rc = nd_walk_path(&w, fixture_path("sub"), NULL); /* seen before */
    nd_walk_finish(&w);
    CHECK("walk", rc == 0 && w.n == 3 && w.n_ignored == 4 && w.blind.n == 0 && w.covered.n == 2,
          "%zu found, %lld ignored", w.n, (long long)w.n_ignored);
    CHECK("walk_sorted",
          w.n == 3 && !strcmp(nd_path_name(w.found[0].path), "b.MP3") &&
              !strcmp(nd_path_name(w.found[1].path), "film.mkv") &&
              !strcmp(nd_path_name(w.found[2].path), "a.ogg") && w.found[2].size_bytes == 3,
          "another order");
    nd_walk_deinit(&w);
    w.on_file = stop_at_second;
    CHECK("walk_stopped", nd_walk_path(&w, fixture_root, NULL) == ND_ECANCELLED, "went on");
    nd_walk_deinit(&w);
}

int main(void)
{
    fixture_start();
    if (chdir(fixture_root)) return 1;
    fixture_mkdir("sub");
    if (symlink("sub", "link")) return 1;
    check_under();
    check_absolute();
    fixture_write("b.MP3", "1");
    fixture_write("film.mkv", "12");
    fixture_write("sub/a.ogg", "123");
    fixture_write("sub/notes.txt", "1234");
    fixture_write("sub/ogg", "no ending");
    check_walk();
    TEST_END();
}
