/* Tags in one form. */
#include "../test.h"
#include "match/match.h"

static void check_normalise(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {" - _ ", ""},
        {"Hip-Hop", "hip hop"},
        {"  hip \t hop\n", "hip hop"},
        {"LO_FI", "lo fi"},
        {"\xC3\x89lan VITAL", "\xC3\x89lan vital"}, /* only ASCII is lowered */
        {"R&B", "r&b"},
        {"\xFF x", "\xFF x"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char out[32], name[32];
        nd_tag_normalise(out, sizeof out, cases[i].in, strlen(cases[i].in));
        snprintf(name, sizeof name, "tag_form_%zu", i);
        CHECK(name, !strcmp(out, cases[i].out), "\"%s\", expected \"%s\"", out, cases[i].out);
    }
    char small[4];
    nd_tag_normalise(small, sizeof small, "ab\xC3\xA9", 4);
    CHECK("tag_cut_at_whole_character", !strcmp(small, "ab"), "\"%s\"", small);
    nd_tag_normalise(small, 1, "abc", 3);
    CHECK("tag_no_room", !*small, "\"%s\"", small);
}

static void check_tags_of(void)
{
    static const struct {
        const char *genre, *mood, *expected;
    } cases[] = {
        {"", "", ""},
        {"Rock", "", "rock,"},
        {"Hip-Hop; Soul", "", "hip,hip hop,hop,soul,"},
        {"Pop/Rock|Folk, pop", "Calm", "calm,folk,pop,rock,"},
        {"Drum & Bass", "", "bass,drum,drum & bass,"},
        {",,;/| & ,", "--", ""},
        {"rock", "Rock", "rock,"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_media_info info = {0};
        strcpy(info.genre, cases[i].genre);
        strcpy(info.mood, cases[i].mood);
        const char **tags = nd_tags_of(&info);
        char found[128] = "", name[32];
        for (int k = 0; tags && tags[k]; k++) {
            strcat(found, tags[k]);
            strcat(found, ",");
        }
        snprintf(name, sizeof name, "tags_of_%zu", i);
        CHECK(name, tags && !strcmp(found, cases[i].expected), "%s, expected %s", found,
              cases[i].expected);
        free(tags);
    }
}

int main(void)
{
    check_normalise();
    check_tags_of();
    TEST_END();
}
