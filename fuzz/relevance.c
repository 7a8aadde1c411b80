/* Judgements, and rankings, that an enemy made. */
#include <math.h>
#include <string.h>

#include "learn/relevance.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_marks(const nd__marks *m, const nd__problems *problems)
{
    bool is_grade = !strcmp(m->value, "grade");
    for (size_t i = 0; i < m->n; i++) {
        const nd__mark *mark = &m->items[i];
        ND_ASSERT(mark->video >= 0 && mark->video < (int)m->videos.n && mark->track >= 0);
        ND_ASSERT(mark->track < (int)m->tracks.n && *m->tracks.texts[mark->track]);
        ND_ASSERT(isfinite(mark->value) && (!is_grade || mark->value >= 0));
    }
    ND_ASSERT(m->n_gallery >= 0 && (size_t)m->n_lines <= m->n + (size_t)problems->n);
}

/* Every path is found by itself; by its last part it is that one, none or several. */
static void ask_names(const nd_tag_map *paths)
{
    nd__names names = {0};
    ND_ASSERT(!nd__names_make(&names, paths));
    for (size_t i = 0; i < paths->n; i++) {
        ND_ASSERT_EQ(nd__names_find(&names, paths->texts[i]), i);
        int found = nd__names_find(&names, nd_path_name(paths->texts[i]));
        ND_ASSERT(found >= -2 && found < (int)paths->n);
    }
    nd__names_deinit(&names);
}

static void read_as(const char *value, const uint8_t *data, size_t n,
                    int (*parse)(nd__marks *out, const char *bytes, size_t n,
                                 nd__problems *problems, nd_diag *diag))
{
    nd__marks m = {.path = "fuzz", .value = value};
    nd__problems problems = {0};
    nd_diag diag = {0};
    if (parse(&m, (const char *)data, n, &problems, &diag)) ND_ASSERT(diag.code && !m.n);
    check_marks(&m, &problems);
    ask_names(&m.videos);
    ask_names(&m.tracks);
    nd__marks_deinit(&m);
    nd_str_deinit(&problems.lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    read_as("grade", data, n, nd__marks_parse);
    read_as("score", data, n, nd__ranking_parse);
    return 0;
}
