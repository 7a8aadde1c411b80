/* UTF-8, text made safe to show, growing strings, paths. */
#include "../test.h"

static void test_utf8(void)
{
    static const struct {
        const char *name, *bytes;
        size_t n;
        int expected;
    } cases[] = {
        {"nothing", "", 0, 0},
        {"NUL", "\0", 1, 1},
        {"ASCII", "ab", 2, 1},
        {"last of one byte", "\x7F", 1, 1},
        {"first of two", "\xC2\x80", 2, 2},
        {"last of two", "\xDF\xBF", 2, 2},
        {"first of three", "\xE0\xA0\x80", 3, 3},
        {"last before the surrogates", "\xED\x9F\xBF", 3, 3},
        {"first after the surrogates", "\xEE\x80\x80", 3, 3},
        {"last of three", "\xEF\xBF\xBF", 3, 3},
        {"first of four", "\xF0\x90\x80\x80", 4, 4},
        {"last of all", "\xF4\x8F\xBF\xBF", 4, 4},
        {"above U+10FFFF", "\xF4\x90\x80\x80", 4, 0},
        {"five bytes", "\xF8\x88\x80\x80\x80", 5, 0},
        {"0xFF", "\xFF", 1, 0},
        {"a continuation alone", "\x80", 1, 0},
        {"overlong NUL", "\xC0\x80", 2, 0},
        {"overlong slash", "\xC1\xAF", 2, 0},
        {"overlong of three", "\xE0\x9F\xBF", 3, 0},
        {"overlong of four", "\xF0\x8F\xBF\xBF", 4, 0},
        {"high surrogate", "\xED\xA0\x80", 3, 0},
        {"low surrogate", "\xED\xBF\xBF", 3, 0},
        {"two cut short", "\xC3", 1, 0},
        {"three cut short", "\xE2\x82", 2, 0},
        {"four cut short", "\xF0\x9F\x8E", 3, 0},
        {"ASCII in place of a continuation", "\xE2\x82z", 3, 0},
        {"a lead in place of a continuation", "\xF0\x9F\xC3\xB5", 4, 0},
        {"bytes after it do not count", "\xC3\xA9\xFF", 3, 2},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int length = nd_utf8_length(cases[i].bytes, cases[i].n);
        CHECK(cases[i].name, length == cases[i].expected, "%d", length);
    }
}

/* For each room of 0 to 8 bytes: NUL-terminated inside it, nothing beyond it touched, and the
 * text is a beginning of the whole. */
static void test_cut(const char *name, char *(*copy)(char *, size_t, const char *, size_t),
                     const char *in, const char *whole)
{
    int n_good = 0;
    for (size_t room = 0; room <= 8; room++) {
        char out[16];
        memset(out, '#', sizeof out);
        char *back = copy(out, room, in, strlen(in));
        bool inside = room == 0 || memchr(out, '\0', room) != NULL;
        bool beyond = out[room] == '#' && out[15] == '#';
        bool begins = room == 0 || (inside && !strncmp(out, whole, strlen(out)));
        size_t n = room ? strlen(out) : 0, at = 0;
        while (at < n && nd_utf8_length(out + at, n - at))
            at += (size_t)nd_utf8_length(out + at, n - at);
        n_good += back == out && inside && beyond && begins && at == n;
    }
    CHECK(name, n_good == 9, "%d of 9", n_good);
}

static void test_print(void)
{
    static const struct {
        const char *name, *in;
        size_t n;
        const char *expected;
    } cases[] = {
        {"print nothing", "", 0, ""},
        {"print plain", "caf\xC3\xA9 \xF0\x9F\x8E\xB5", 10, "caf\xC3\xA9 \xF0\x9F\x8E\xB5"},
        {"print lines", "a\nb\r\tc", 6, "a\\nb\\r\\tc"},
        {"print NUL", "a\0b", 3, "a\\x00b"},
        {"print escape", "\x1B[31m", 5, "\\x1B[31m"},
        {"print DEL", "\x7F", 1, "\\x7F"},
        {"print a C1 control", "\xC2\x9B!", 3, "\\xC2\\x9B!"},
        {"print what is not UTF-8", "\xFF\xC3(", 3, "\\xFF\\xC3("},
        {"print a surrogate", "\xED\xA0\x80", 3, "\\xED\\xA0\\x80"},
        {"print a cut character", "x\xE2\x82", 3, "x\\xE2\\x82"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char out[64];
        nd_text_print(out, sizeof out, cases[i].in, cases[i].n);
        CHECK(cases[i].name, !strcmp(out, cases[i].expected), "'%s'", out);
    }
    test_cut("print cut at a character", nd_text_print, "\xE2\x82\xAC\xF0\x9F\x8E\xB5zz",
             "\xE2\x82\xAC\xF0\x9F\x8E\xB5zz");
    test_cut("print cut at an escape", nd_text_print, "a\xFF\n\xFE", "a\\xFF\\n\\xFE");
}

static void test_clean(void)
{
    static const struct {
        const char *name, *in;
        size_t n;
        const char *expected;
    } cases[] = {
        {"clean nothing", "", 0, ""},
        {"clean plain", "caf\xC3\xA9", 5, "caf\xC3\xA9"},
        {"clean spaces", "  \t\n ", 5, ""},
        {"clean both ends", " \ta b\n\n", 7, "a b"},
        {"clean a line's end within", "a\nb", 3, "a b"},
        {"clean NUL", "a\0b\0", 4, "a b"},
        {"clean what is not UTF-8",
         "\xFF"
         "a",
         2,
         "\xEF\xBF\xBD"
         "a"},
        {"clean a C1 control", "a\xC2\x85z", 4, "a z"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char out[64];
        nd_text_clean(out, sizeof out, cases[i].in, cases[i].n);
        CHECK(cases[i].name, !strcmp(out, cases[i].expected), "'%s'", out);
    }
    test_cut("clean cut at a character", nd_text_clean, "a\xC3\xA9\xF0\x9F\x8E\xB5zz",
             "a\xC3\xA9\xF0\x9F\x8E\xB5zz");
    test_cut("clean cut at a replacement", nd_text_clean, "\xFF\xFF\xFF",
             "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    char out[5];
    nd_text_clean(out, sizeof out, "abc def", 7);
    CHECK("clean takes the space that a cut leaves", !strcmp(out, "abc"), "'%s'", out);
}

/* Bytes at random: both copies are valid UTF-8 without control characters. */
static void test_hostile(void)
{
    nd_rng rng;
    int n_bad = 0;
    nd_rng_init(&rng, 11, 0);
    for (int round = 0; round < 3000; round++) {
        char in[40], out[2][64];
        size_t n = (size_t)nd_rng_int(&rng, 0, sizeof in);
        size_t room = (size_t)nd_rng_int(&rng, 1, sizeof out[0]);
        for (size_t i = 0; i < n; i++) in[i] = (char)(nd_rng_next(&rng) >> (round % 2 ? 56 : 57));
        nd_text_print(out[0], room, in, n);
        nd_text_clean(out[1], room, in, n);
        for (int k = 0; k < 2; k++) {
            const char *at = out[k];
            int length;
            while ((length = nd_utf8_length(at, strlen(at))) && (unsigned char)*at >= 0x20)
                at += length;
            n_bad += *at != '\0' || strlen(out[k]) >= room;
        }
    }
    CHECK("random bytes", n_bad == 0, "%d of 6000 are not clean", n_bad);
}

static void test_str(void)
{
    nd_str s = {0};
    for (int i = 0; i < 1000; i++) nd_str_append(&s, "%d,", i % 10);
    CHECK("append", s.n == 2000 && !strncmp(s.text, "0,1,2,3,", 8) && s.text[2000] == '\0', "%zu",
          s.n);
    char *text = nd_str_take(&s);
    CHECK("take hands over", text && strlen(text) == 2000 && !s.text && s.n == 0, " ");
    free(text);
    text = nd_str_take(&s);
    CHECK("take of nothing is empty", text && *text == '\0', " ");
    free(text);
    nd_str_append(&s, "kept");
    s.failed = true; /* as after a failure to grow */
    nd_str_append(&s, "lost");
    CHECK("no append after a failure", s.n == 4, "%zu", s.n);
    CHECK("take after a failure is NULL", nd_str_take(&s) == NULL && !s.failed, " ");
    nd_str_append(&s, "x");
    nd_str_deinit(&s);
    CHECK("deinit leaves it empty", !s.text && s.n == 0 && s.capacity == 0, " ");
}

static void test_paths(void)
{
    static const struct {
        const char *dir, *name, *expected;
    } joins[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"", "b", "b"}};
    static const struct {
        const char *path, *expected;
    } names[] = {{"a/b/c.ogg", "c.ogg"}, {"c.ogg", "c.ogg"}, {"/", ""}, {"a/", ""}, {"", ""}};
    for (size_t i = 0; i < ND_COUNT(joins); i++) {
        char *path = nd_path_join(joins[i].dir, joins[i].name);
        CHECK(joins[i].expected, path && !strcmp(path, joins[i].expected), "'%s'", path);
        free(path);
    }
    for (size_t i = 0; i < ND_COUNT(names); i++) {
        const char *name = nd_path_name(names[i].path);
        CHECK("name of a path", !strcmp(name, names[i].expected), "'%s'", name);
    }
}

static void test_diag(void)
{
    nd_diag diag = {0};
    char endless[2000];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    CHECK("diag NULL", nd_diag_set(NULL, ND_EIO, "%s", "x") == ND_EIO, " ");
    int rc = nd_diag_set(&diag, ND_EFORMAT, "reading %s: %d", "a\nb\xFF", 7);
    CHECK("diag is one line",
          rc == ND_EFORMAT && diag.code == rc && !strcmp(diag.text, "reading a\\nb\\xFF: 7"), "%s",
          diag.text);
    nd_diag_set(&diag, ND_EIO, "%s", endless);
    CHECK("diag is cut", strlen(diag.text) == sizeof diag.text - 1, "%zu", strlen(diag.text));
    CHECK("text of no error", !strcmp(nd_error_text(ND_OK), "no error"), " ");
    CHECK("text of an unknown error", !strcmp(nd_error_text(12345), "unknown error"), " ");
    int n_round = 0, n = 0;
#define COUNT(name, text) \
    n++, n_round += nd_error_code(#name) == ND_##name && !strcmp(nd_error_name(ND_##name), #name);
    ND_ERRORS(COUNT)
#undef COUNT
    CHECK("names of errors and back", n_round == n, "%d of %d", n_round, n);
    CHECK("unknown names", nd_error_code("EWHAT") == 0 && !*nd_error_name(12345), " ");
}

int main(void)
{
    test_utf8();
    test_print();
    test_clean();
    test_hostile();
    test_str();
    test_paths();
    test_diag();
    TEST_END();
}
