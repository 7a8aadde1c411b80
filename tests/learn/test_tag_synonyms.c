/* The synonyms file: what is refused, what is said. */
#include "../test.h"
#include "learn/tag_synonyms.h"

static const struct {
    const char *name, *text, *story;
} refused[] = {
    {"not UTF-8", "calm, still\n\xFF, x\n", "line 2, column 1: a tag in UTF-8"},
    {"no letter", "calm, !!\n", "line 1, column 6: a tag with a letter"},
    {"nothing between commas", "calm,, still", "line 1, column 6: a tag with a letter"},
    {"a comma at the end", "calm, still,\n", "line 1, column 13: a tag with a letter"},
    {"! alone", "\n!\n", "line 2, column 2: a tag with a letter"},
    {"a tag in two groups", "calm, still\n\npeaceful, Stills\n",
     "line 3, column 10: a tag of no other group expected (it stands in line 1 too)"},
    {"dropped and kept", "calm, still\n!still\n", "it stands in line 1 too"},
};

static void test_refused(void)
{
    for (size_t i = 0; i < ND_COUNT(refused); i++) {
        nd_tag_synonyms s = {.n_groups = 77};
        nd_diag diag = {0};
        int rc = nd_tag_synonyms_parse(&s, refused[i].text, strlen(refused[i].text), "s.txt",
                                       &diag);
        CHECK(refused[i].name,
              rc == ND_EFORMAT && s.n_groups == 77 && strstr(diag.text, refused[i].story), "%d %s",
              rc, diag.text);
    }
    nd_tag_synonyms s = {0};
    nd_diag diag = {0};
    CHECK("no file", nd_tag_synonyms_read(&s, "/nowhere/s.txt", &diag) == ND_EIO, "%s", diag.text);
    char *large = nd_calloc(1, 5000001);
    memset(large, 'x', 5000000);
    CHECK("a tag of 5 MB",
          nd_tag_synonyms_parse(&s, large, 5000000, "s.txt", &diag) == ND_EFORMAT &&
              strstr(diag.text, "a shorter tag"),
          "%s", diag.text);
    free(large);
}

static void test_said(void)
{
    static const char text[] = "# a comment\r\n"
                               "Hip-Hop, hiphop, rap , #HipHopMusic\r\n"
                               "\n"
                               "  #lofi, lo-fi\n"
                               "! fyp, #ForYou\n"
                               "alone";
    nd_tag_synonyms s = {0};
    nd_diag diag = {0};
    int rc = nd_tag_synonyms_parse(&s, text, sizeof text - 1, "s.txt", &diag);
    CHECK("parse", !rc && s.n_groups == 4, "%s", diag.text);
    const nd_tag_group *rap = nd_tag_synonyms_find(&s, "rap");
    CHECK("a synonym", rap && !strcmp(rap->head.name, "hip hop") && rap->line == 2, "missing");
    CHECK("the name itself", nd_tag_synonyms_find(&s, "hiphop") == rap, "another");
    CHECK("a hashtag first is no comment", nd_tag_synonyms_find(&s, "lofi") != NULL, "missing");
    const nd_tag_group *gone = nd_tag_synonyms_find(&s, "foryou");
    CHECK("dropped", gone && gone->is_dropped, "kept");
    CHECK("not in it", !nd_tag_synonyms_find(&s, "calm"), "found");
    nd_tag_synonyms_deinit(&s);
    CHECK("nothing", !nd_tag_synonyms_parse(&s, "", 0, "s.txt", &diag) && s.n_groups == 0, "no");
    CHECK("nothing says nothing", !nd_tag_synonyms_find(&s, "calm"), "found");
    nd_tag_synonyms_deinit(&s);
}

int main(void)
{
    test_refused();
    test_said();
    TEST_END();
}
