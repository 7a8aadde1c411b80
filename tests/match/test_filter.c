/* Filters refused, and filters asked of a library. */
#include "fixture.h"

#define TAGS(...)         \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

static void check_refused(void)
{
    const struct {
        const char *name;
        nd_filter filter;
    } cases[] = {
        {"bpm_negative", {.bpm_min = -1}},
        {"bpm_not_a_number", {.bpm_max = NAN}},
        {"bpm_infinite", {.bpm_min = INFINITY}},
        {"bpm_wrong_order", {.bpm_min = 120, .bpm_max = 90}},
        {"duration_wrong_order", {.duration_min_s = 2, .duration_max_s = 1}},
        {"duration_negative", {.duration_max_s = -5}},
        {"tag_empty", {.tags = (const char *const[]){"rock", " ", NULL}}},
        {"not_tag_empty", {.not_tags = (const char *const[]){"", NULL}}},
        {"key", {.key = "Q"}},
        {"vocal", {.vocal = 2}},
        {"path_empty", {.path = ""}},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char name[64];
        nd_diag diag = {0};
        int rc = nd_filter_check(&cases[i].filter, &diag);
        snprintf(name, sizeof name, "filter_refused_%s", cases[i].name);
        CHECK(name, rc == ND_EARG && strstr(diag.text, "expected"), "%d %s", rc, diag.text);
    }
    CHECK("filter_none", nd_filter_check(NULL, NULL) == 0, "refused");
    CHECK("filter_zeroed", nd_filter_check(&(nd_filter){0}, NULL) == 0, "refused");
}

static void put(nd_library *lib, int64_t id, const char *name, nd_description *d, int vocal)
{
    const char **tags = nd_tags_of(&d->info);
    nd_record r = {.track = {.id = id,
                             .path = fixture_path(name),
                             .info = d->info,
                             .tags = tags,
                             .tempo_bpm = nd_description_scalar(d, "tempo_bpm", 0),
                             .key = (int)nd_description_scalar(d, "key", -1),
                             .is_minor = (int)nd_description_scalar(d, "key_is_minor", -1)},
                   .file = {.size_bytes = 1, .hash = (uint64_t)id},
                   .vocal = vocal};
    nd_diag diag = {0};
    if (lib->ops->put_track(lib->store, &r, d, &diag)) printf("FAIL put: %s\n", diag.text);
    free(tags);
    nd_description_destroy(&d);
}

static int add_letter(void *user, const nd_track *t)
{
    strncat(user, t->path + strlen(fixture_root) + 1, 1);
    return 0;
}

static void check_queries(nd_library *lib)
{
    const struct {
        const char *name;
        nd_filter filter;
        const char *expected; /* first letters of the paths that pass */
    } cases[] = {
        {"all", {.bpm_min = 0}, "abcde"},
        {"bpm_range", {.bpm_min = 90, .bpm_max = 120}, "ab"},
        {"bpm_upper_leaves_out_no_beat", {.bpm_max = 100}, "a"},
        {"duration", {.duration_min_s = 60}, "de"},
        {"duration_range", {.duration_min_s = 31, .duration_max_s = 60}, "bd"},
        {"tag", {.tags = TAGS("Rock")}, "ab"},
        {"tag_phrase", {.tags = TAGS("HIP-HOP")}, "c"},
        {"tag_every_one", {.tags = TAGS("rock", "pop")}, "b"},
        {"not_tag", {.not_tags = TAGS("rock", "soul")}, "de"},
        {"tag_quote", {.tags = TAGS("' OR 1 --")}, ""},
        {"key", {.key = "A minor"}, "ac"},
        {"key_major", {.key = "A"}, "b"},
        {"mode", {.key = "minor"}, "ac"},
        {"vocal", {.vocal = 1}, "a"},
        {"no_vocal", {.vocal = -1}, "b"},
        {"path_part", {.path = "dir]"}, "de"},
        {"path_part_bracket", {.path = "[dir"}, "de"},
        {"path_glob", {.path = "*/b*"}, "b"},
        {"path_glob_is_whole", {.path = "b*"}, ""},
        {"path_bytes", {.path = "\xFF\xFE"}, "e"},
        {"path_glob_bytes", {.path = "*\xFF*"}, "e"},
        {"path_newline", {.path = "\n"}, "d"},
        {"path_percent", {.path = "%"}, ""},
        {"all_at_once",
         {.bpm_min = 80, .key = "minor", .tags = TAGS("rock"), .path = "a.", .vocal = 1},
         "a"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char name[64], found[16] = "";
        snprintf(name, sizeof name, "filter_%s", cases[i].name);
        nd_library_each(lib, &cases[i].filter, add_letter, found, NULL);
        CHECK(name, !strcmp(found, cases[i].expected), "found %s, expected %s", found,
              cases[i].expected);
    }
}

int main(void)
{
    check_refused();
    fixture_start();
    nd_library *lib = NULL;
    if (nd_library_open(&lib, fixture_path("lib"), ND_OPEN_INDEX, NULL)) return 1;
    put(lib, 5, "a.ogg", fixture_description(100, 9, 1, 30, "Rock"), 1);
    put(lib, 4, "b.ogg", fixture_description(120, 9, 0, 40, "Rock, Pop"), 0);
    put(lib, 3, "c.ogg", fixture_description(140, 9, 1, 20, "Hip-Hop; Soul"), -1);
    put(lib, 2, "d[dir]/x\ny.ogg", fixture_description(0, -1, -1, 60, ""), -1);
    put(lib, 1, "e[dir]/\xFF\xFE.ogg", fixture_description(0, -1, -1, 300, "Ambient"), -1);
    check_queries(lib);
    nd_filter wrong = {.key = "Q"};
    CHECK("filter_checked_by_each",
          nd_library_each(lib, &wrong, fixture_list_track, NULL, NULL) == ND_EARG, "accepted");
    nd_library_close(&lib);
    TEST_END();
}
