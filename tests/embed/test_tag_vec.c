/* .vec files: hostile ones first, GloVe's, what we write. */
#include "../test.h"
#include "embed/tag_vec.h"

static const struct {
    const char *name, *text;
    int expected;
    const char *story;
} hostile[] = {
    {"empty", "", ND_EFORMAT, "line 0: \"rows dim\" expected"},
    {"one word", "word\n", ND_EFORMAT, "\"rows dim\" expected"},
    {"no row", "0 5\n", ND_EFORMAT, "a word expected"},
    {"rows missing", "3 2\na 1 2\nb 1 2\n", ND_EFORMAT, "3 rows expected"},
    {"rows too many", "1 2\na 1 2\nb 1 2\n", ND_EFORMAT, "1 rows expected"},
    {"no dim", "1 0\na\n", ND_ELIMIT, "dim 1 .. 4096"},
    {"huge dim", "1 4097\na 1\n", ND_ELIMIT, "dim 1 .. 4096"},
    {"dim that no number holds", "1 999999999999\na 1\n", ND_ELIMIT, "dim 1 .. 4096"},
    {"rows that no memory holds", "999999999999 2\na 1 2\n", ND_EFORMAT, "999999999999 rows"},
    {"a number missing", "1 3\na 1 2\n", ND_EFORMAT, "line 2: number 3 of 3"},
    {"a number too many", "1 2\na 1 2 3\n", ND_EFORMAT, "line 2: fewer numbers"},
    {"a word for a number", "1 2\na 1 b\n", ND_EFORMAT, "number 2 of 2 expected, \"b\" found"},
    {"not a number", "1 2\na nan 1\n", ND_EFORMAT, "number 1 of 2"},
    {"infinite", "1 2\na inf 1\n", ND_EFORMAT, "number 1 of 2"},
    {"too large for a float", "1 2\na 1e39 1\n", ND_EFORMAT, "number 1 of 2"},
    {"hexadecimal", "1 2\na 0x10 1\n", ND_EFORMAT, "number 1 of 2"},
    {"two points", "1 2\na 1.2.3 1\n", ND_EFORMAT, "number 1 of 2"},
    {"a comma for a point", "1 2\na 1,5 1\n", ND_EFORMAT, "number 1 of 2"},
    {"a number of 60 digits",
     "1 1\na 0.000000000000000000000000000000000000000000000000000000000001\n", ND_EFORMAT,
     "number 1 of 1"},
    {"not UTF-8 alone", "1 2\n\xFF 1 2\n", ND_EFORMAT, "a word expected"},
    {"rows of other lengths", "a 1 2\nb 1\n", ND_EFORMAT, "line 2: number 2 of 2"},
};

static void test_hostile(void)
{
    for (size_t i = 0; i < ND_COUNT(hostile); i++) {
        nd_vec v = {.dim = 77};
        nd_diag diag = {0};
        int rc = nd_vec_parse(&v, hostile[i].text, strlen(hostile[i].text), "x.vec", &diag);
        CHECK(hostile[i].name,
              rc == hostile[i].expected && v.dim == 77 && strstr(diag.text, hostile[i].story) &&
                  strstr(diag.text, "x.vec"),
              "%d %s", rc, diag.text);
    }
    nd_vec v = {0};
    CHECK("a NUL in a word", nd_vec_parse(&v, "1 1\na\0b 1\n", 10, "x", NULL) == ND_EFORMAT,
          "taken");
}

static void check_read(const char *name, const char *text, int n, int dim, float last,
                       int n_skipped)
{
    nd_vec v = {0};
    nd_diag diag = {0};
    int rc = nd_vec_parse(&v, text, strlen(text), "x.vec", &diag);
    float found = rc ? 0 : v.rows[v.words.n * (size_t)v.dim - 1];
    CHECK(name,
          !rc && (int)v.words.n == n && v.dim == dim && fabsf(found - last) <= 0 &&
              v.n_skipped == n_skipped,
          "%d %s: %zu x %d, last %g, skipped %lld", rc, diag.text, v.words.n, v.dim, (double)found,
          (long long)v.n_skipped);
    nd_vec_deinit(&v);
}

static void test_good(void)
{
    check_read("word2vec", "2 3\na 1 2 3\nb 4 5 6.5\n", 2, 3, 6.5f, 0);
    check_read("GloVe, no first line", "a 1 2 3\nb 4 5 -6e-1\n", 2, 3, -0.6f, 0);
    check_read("spaces at the end, CR LF", "2 2 \r\na 1 2 \r\nb 3 4 \r\n\r\n", 2, 2, 4, 0);
    check_read("no newline at the end", "1 1\na 2", 1, 1, 2, 0);
    check_read("tabs", "1 2\na\t1\t2\n", 1, 2, 2, 0);
    check_read("a word twice", "3 1\na 1\nb 2\na 3\n", 2, 1, 2, 1);
    check_read("a word not UTF-8", "2 1\na 1\n\xFF 2\n", 1, 1, 1, 1);
    check_read("words in other scripts", "2 1\n音樂 1\nМузыка 2\n", 2, 1, 2, 0);
    char text[400] = "2 1\na 1\n";
    memset(text + 8, 'x', 300);
    strcpy(text + 308, " 2\n");
    check_read("a word too long", text, 1, 1, 1, 1);
}

static void test_write(const char *path)
{
    float rows[] = {0.1f, -2e-30f, 1.0f / 3, 16777217.0f, 0, -1};
    nd_vec v = {.dim = 3, .rows = rows}, again = {0};
    nd_diag diag = {0};
    int id;
    nd_tag_map_add(&v.words, "calm piano", 10, &id);
    nd_tag_map_add(&v.words, "音樂", strlen("音樂"), &id);
    CHECK("write", !nd_vec_write(&v, path, &diag), "%s", diag.text);
    CHECK("read again", !nd_vec_read(&again, path, &diag), "%s", diag.text);
    CHECK("every bit is kept", again.dim == 3 && !memcmp(again.rows, rows, sizeof rows), "lost");
    CHECK("a space is _", !strcmp(again.words.texts[0], "calm_piano"), "%s", again.words.texts[0]);
    CHECK("write where there is no folder", nd_vec_write(&v, "/nowhere/x.vec", &diag) == ND_EIO,
          "%s", diag.text);
    CHECK("read what is not there", nd_vec_read(&again, "/nowhere/x.vec", &diag) == ND_EIO, "%s",
          diag.text);
    v.rows = NULL;
    nd_vec_deinit(&v);
    nd_vec_deinit(&again);
    unlink(path);
}

int main(void)
{
    char path[] = "/tmp/needledrop-vec-XXXXXX";
    close(mkstemp(path));
    test_hostile();
    test_good();
    test_write(path);
    TEST_END();
}
