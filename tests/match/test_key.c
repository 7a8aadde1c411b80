/* Keys read from text. */
#include "../test.h"
#include "match/match.h"

static void check_refused(void)
{
    static const char *const texts[] = {"",   "H",       "#",    "Cx", "C#b",     "minorm",
                                        "mm", "Cminorx", "C  q", "8A", "major C", " "};
    for (size_t i = 0; i < ND_COUNT(texts); i++) {
        int key = 77, is_minor = 88;
        nd_diag diag = {0};
        int rc = nd_key_parse(&key, &is_minor, texts[i], &diag);
        char name[64];
        snprintf(name, sizeof name, "key_refused_%zu", i);
        CHECK(name, rc == ND_EARG && key == 77 && is_minor == 88 && strstr(diag.text, "expected"),
              "\"%s\": %d, %d, %d, %s", texts[i], rc, key, is_minor, diag.text);
    }
}

static void check_read(void)
{
    static const struct {
        const char *text;
        int key, is_minor;
    } cases[] = {
        {"C", 0, 0},
        {"c", 0, 0},
        {"F#m", 6, 1},
        {"Bb", 10, 0},
        {"bb", 10, 0},
        {"b", 11, 0},
        {"A minor", 9, 1},
        {"a Minor", 9, 1},
        {"Am", 9, 1},
        {"AM", 9, 0},
        {"Amin", 9, 1},
        {"Amaj", 9, 0},
        {"major", -1, 0},
        {"MINOR", -1, 1},
        {"Cb", 11, 0},
        {"B#", 0, 0},
        {"E#m", 5, 1},
        {"G\xE2\x99\xAFm", 8, 1},
        {"E\xE2\x99\xAD", 3, 0},
        {"D  major", 2, 0},
        {"Bbm", 10, 1},
        {"f", 5, 0},
        {"gm", 7, 1},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int key = -2, is_minor = -2;
        int rc = nd_key_parse(&key, &is_minor, cases[i].text, NULL);
        char name[64];
        snprintf(name, sizeof name, "key_read_%s", cases[i].text);
        CHECK(name, !rc && key == cases[i].key && is_minor == cases[i].is_minor, "%d: %d %d", rc,
              key, is_minor);
    }
}

/* What nd_key_name writes is read as the same key. */
static void check_names(void)
{
    int n_wrong = 0;
    for (int key = 0; key < 12; key++)
        for (int is_minor = 0; is_minor < 2; is_minor++) {
            int k = -2, m = -2;
            nd_key_parse(&k, &m, nd_key_name(key, is_minor), NULL);
            n_wrong += k != key || m != is_minor;
        }
    CHECK("key_names_round_trip", n_wrong == 0, "%d of 24 differ", n_wrong);
}

int main(void)
{
    check_refused();
    check_read();
    check_names();
    TEST_END();
}
