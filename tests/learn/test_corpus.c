/* corpus.jsonl read and written: wrong lines first. */
#include <sys/stat.h>

#include "../compute/failing_malloc.h"
#include "corpus_root.h"
#include "learn/corpus.h"

static nd_corpus *parse(const char *text)
{
    nd_corpus *c = NULL;
    nd_diag diag = {0};
    int rc = nd_corpus_parse(&c, "dir", text, strlen(text), &diag);
    if (rc) printf("FAIL parse: %d %s\n", rc, diag.text);
    return rc ? exit(1), NULL : c;
}

/* ---- lines that are no pairs ----------------------------------------------------- */

#define GOOD(id) \
    "{\"id\": \"" id "\", \"video\": \"v\", \"music\": \"m-" id "\", \"split\": \"val\"}\n"

static void check_wrong_lines(void)
{
    static const struct {
        const char *name, *line, *reason;
        int column; /* -1: any but 0 */
    } cases[] = {
        {"not_json", "{\"id\": }", "not JSON: ", -1},
        {"cut", "{\"id\": \"a\", \"video\"", "not JSON: ", -1},
        {"two_values", "{} {}", "not JSON: ", -1},
        {"key_twice", "{\"id\": \"a\", \"id\": \"b\"}", "not JSON: duplicate", -1},
        {"not_utf8", "{\"id\": \"\xFF\"}", "not JSON: ", -1},
        {"nul", "{\"id\": \"a\\u0000b\"}", "not JSON: ", -1},
        {"surrogate", "{\"id\": \"\\ud800\"}", "not JSON: ", -1},
        {"no_object", "[1]", "a JSON object expected", 1},
        {"no_id", "{\"video\": \"v\"}", "\"id\": a text expected, found none", 0},
        {"id_number", "{\"id\": 7}", "\"id\": a text expected, found something else", 2},
        {"id_empty", "{\"id\": \"\"}", "\"id\": a text expected, found an empty one", 2},
        {"no_video", "{\"id\": \"a\"}", "\"video\": a text expected", 0},
        {"no_music", "{\"id\": \"a\", \"video\": \"v\"}", "\"music\": a text expected", 0},
        {"no_split", "{\"id\": \"a\", \"video\": \"v\", \"music\": \"m\"}",
         "\"split\": a text expected, found none", 0},
        {"other_split", "{\"id\": \"a\", \"video\": \"v\", \"music\": \"m\", \"split\": \"dev\"}",
         "train, val or test expected, found \"dev\"", 41},
        {"start_below_0",
         "{\"id\": \"a\", \"start_s\": -1, \"video\": \"v\", \"music\": \"m\", \"split\": \"val\"}",
         "0 or more, expected", 13},
        {"start_text",
         "{\"id\": \"a\", \"start_s\": \"1\", \"video\": \"v\", \"music\": \"m\", \"split\": "
         "\"val\"}",
         "0 or more, expected", 13},
        {"tags_text",
         "{\"tags\": \"x\", \"id\": \"a\", \"video\": \"v\", \"music\": \"m\", \"split\": \"val\"}",
         "a list of texts expected", 2},
        {"tags_numbers",
         "{\"tags\": [1], \"id\": \"a\", \"video\": \"v\", \"music\": \"m\", \"split\": \"val\"}",
         "a list of texts expected", 2},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char text[1024], name[64];
        snprintf(text, sizeof text, GOOD("1") "%s\n" GOOD("2"), cases[i].line);
        nd_corpus *c = parse(text);
        snprintf(name, sizeof name, "line_%s", cases[i].name);
        const nd_corpus_problem *p = nd_corpus_problem_count(c) == 1 ? nd_corpus_problem_at(c, 0)
                                                                     : NULL;
        bool at = p && (cases[i].column < 0 ? p->column > 0 : p->column == cases[i].column);
        CHECK(name, p && at && p->line == 2 && strstr(p->reason, cases[i].reason),
              "%d problems, column %d, %s", nd_corpus_problem_count(c), p ? p->column : -1,
              p ? p->reason : "");
        snprintf(name, sizeof name, "line_%s_rest_goes_on", cases[i].name);
        CHECK(name, nd_corpus_count(c) == 2 && nd_corpus_pair(c, 1)->line == 3, "%d pairs",
              nd_corpus_count(c));
        nd_corpus_close(&c);
    }
}

static void check_deep(void)
{
    enum { DEPTH = 100000 };
    char *text = malloc(DEPTH + 1);
    memset(text, '[', DEPTH);
    text[DEPTH] = '\0';
    nd_corpus *c = parse(text);
    CHECK("line_deep", nd_corpus_problem_count(c) == 1 && nd_corpus_count(c) == 0, "%d",
          nd_corpus_problem_count(c));
    nd_corpus_close(&c);
    free(text);
}

static void check_long(void)
{
    size_t n = ND_CORPUS_MAX_LINE_BYTES + 100;
    char *text = malloc(n + 200);
    memset(text, ' ', n);
    strcpy(text + n, "\n" GOOD("1"));
    nd_corpus *c = parse(text);
    CHECK("line_too_long",
          nd_corpus_problem_count(c) == 1 && nd_corpus_problem_at(c, 0)->line == 1 &&
              nd_corpus_count(c) == 1,
          "%d problems, %d pairs", nd_corpus_problem_count(c), nd_corpus_count(c));
    nd_corpus_close(&c);
    free(text);
}

static void check_repeats(void)
{
    nd_corpus *c = parse(GOOD("1") GOOD("2") GOOD(
        "1") "{\"id\": \"3\", \"video\": \"./v\", \"music\": \".//m-2\", \"split\": \"test\"}\n");
    const nd_corpus_problem *p = nd_corpus_problem_at(c, 0), *q = nd_corpus_problem_at(c, 1);
    CHECK("repeats_are_left_out", nd_corpus_count(c) == 2 && nd_corpus_problem_count(c) == 2,
          "%d pairs", nd_corpus_count(c));
    CHECK("repeated_id", p->kind == ND_PROBLEM_ID && p->line == 3 && strstr(p->reason, "line 1"),
          "%s", p->reason);
    CHECK("repeated_pair",
          q->kind == ND_PROBLEM_PAIR && q->line == 4 && strstr(q->reason, "line 2"), "%s",
          q->reason);
    nd_corpus_close(&c);
}

static void check_many_problems(void)
{
    enum { N = 100100 };
    char *text = malloc(2 * N + 1);
    for (int i = 0; i < N; i++) memcpy(text + 2 * i, "x\n", 2);
    text[2 * N] = '\0';
    nd_corpus *c = parse(text);
    const nd_corpus_problem *last = nd_corpus_problem_at(c, nd_corpus_problem_count(c) - 1);
    CHECK("problems_are_bounded",
          nd_corpus_problem_count(c) == 100000 && last->kind == ND_PROBLEM_MORE &&
              strstr(last->reason, "101 more"),
          "%d, %s", nd_corpus_problem_count(c), last->reason);
    nd_corpus_close(&c);
    free(text);
}

/* ---- lines that are pairs -------------------------------------------------------- */

static void check_empty(void)
{
    static const char *const texts[] = {"", "\n", "\xEF\xBB\xBF", " \r\n\t\n"};
    for (size_t i = 0; i < ND_COUNT(texts); i++) {
        nd_corpus *c = parse(texts[i]);
        char name[32];
        snprintf(name, sizeof name, "empty_%zu", i);
        CHECK(name, nd_corpus_count(c) == 0 && nd_corpus_problem_count(c) == 0, "%d problems",
              nd_corpus_problem_count(c));
        nd_corpus_close(&c);
    }
}

static void check_pair(void)
{
    nd_corpus *c = parse(
        "\xEF\xBB\xBF{\"id\": \"a\", \"video\": \"x/v.mp4\", \"music\": \"/m.ogg\", "
        "\"start_s\": 1.5, \"more\": {\"a\": [1]}, \"split\": \"test\", "
        "\"tags\": [\"b\", \"\", \" \\u0007c \", \"\xE6\xB5\xB7\"]}\r\n" GOOD("b"));
    const nd_pair *p = nd_corpus_pair(c, 0);
    CHECK("pair",
          !strcmp(p->id, "a") && !strcmp(p->video, "x/v.mp4") && p->start_s == 1.5 &&
              p->split == ND_TEST && p->line == 1,
          "%s %s %g", p->id, p->video, p->start_s);
    CHECK("pair_tags",
          p->n_tags == 3 && !strcmp(p->tags[1], "c") && !strcmp(p->tags[2], "\xE6\xB5\xB7") &&
              !p->tags[3],
          "%d tags", p->n_tags);
    p = nd_corpus_pair(c, 1);
    CHECK("pair_defaults", p->start_s == 0 && p->n_tags == 0 && p->tags && !p->tags[0], "%g",
          p->start_s);
    nd_corpus_close(&c);
}

static void check_files(void)
{
    nd_corpus *c = parse(
        "{\"id\": \"1\", \"video\": \"a.mp4\", \"music\": \"a.mp4\", \"split\": \"train\"}\n"
        "{\"id\": \"2\", \"video\": \"./b.mp4\", \"music\": \"/t.ogg\", \"split\": \"train\"}\n"
        "{\"id\": \"3\", \"video\": \"b.mp4\", \"music\": \"a.mp4\", \"split\": \"train\"}\n");
    int video, music;
    CHECK("files_once", nd_corpus_file_count(c) == 4, "%d", nd_corpus_file_count(c));
    nd_corpus_pair_files(c, 2, &video, &music);
    CHECK("files_of_pair", video == 2 && music == 1, "%d %d", video, music);
    const nd_corpus_file *f = nd_corpus_file_at(c, 2);
    CHECK("file_path",
          !strcmp(f->path, "dir/b.mp4") && !strcmp(f->name, "./b.mp4") && f->medium == ND_VIDEO,
          "%s %s", f->path, f->name);
    CHECK("file_absolute", !strcmp(nd_corpus_file_at(c, 3)->path, "/t.ogg"), "%s",
          nd_corpus_file_at(c, 3)->path);
    nd_corpus_close(&c);
}

/* Any script is text; 5 MB of it is no tag. */
static void check_tags(void)
{
    static const char *const tags[] = {
        "\xD0\xBC\xD0\xBE\xD1\x80\xD0\xB5",                 /* Cyrillic */
        "\xD9\x86\xDB\x8C\xE2\x80\x8C\xD9\x85",             /* Arabic with a joiner */
        "\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8\xE0\xA5\x8D", /* Devanagari */
        "\xE1\x9A\xA0\xE1\x9A\xA2",
        "\xF0\x93\x80\x80",                             /* runes, hieroglyphs */
        "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x8E\xA4", /* emoji */
    };
    enum { LONG = 5 << 20 };
    nd_str s = {0};
    nd_str_append(
        &s,
        "{\"id\": \"1\", \"video\": \"v\", \"music\": \"m\", \"split\": \"val\", \"tags\": [\"");
    char *big = malloc(LONG + 1);
    memset(big, 'x', LONG);
    big[LONG] = '\0';
    nd_str_append(&s, "%s\"", big);
    for (size_t i = 0; i < ND_COUNT(tags); i++) nd_str_append(&s, ", \"%s\"", tags[i]);
    nd_str_append(&s, "]}");
    nd_corpus *c = parse(s.text);
    const nd_pair *p = nd_corpus_pair(c, 0);
    bool same = p->n_tags == (int)ND_COUNT(tags);
    for (int i = 0; same && i < p->n_tags; i++) same = !strcmp(p->tags[i], tags[i]);
    CHECK("tags_of_scripts", same, "%d tags", p->n_tags);
    CHECK("tag_of_5_mb",
          nd_corpus_problem_count(c) == 1 && nd_corpus_problem_at(c, 0)->kind == ND_PROBLEM_TAG,
          "%d problems", nd_corpus_problem_count(c));
    nd_corpus_close(&c);
    nd_str_deinit(&s);
    free(big);
}

static int parse_once(void)
{
    static const char text[] = GOOD("1") "{\n" GOOD(
        "1") "{\"id\": \"2\", \"tags\": [\"x\", \"y\"], \"video\": \"v\", "
             "\"music\": \"m\", \"split\": \"val\"}\n";
    nd_corpus *c = NULL;
    int rc = nd_corpus_parse(&c, "dir", text, strlen(text), NULL);
    if (!rc && (nd_corpus_count(c) != 2 || nd_corpus_problem_count(c) != 2)) rc = ND_EFORMAT;
    nd_corpus_close(&c);
    return rc;
}

/* Blocks are not counted: the arena's are not malloc's. */
static void check_no_memory(void)
{
    int rc = ND_ENOMEM;
    long n = 0;
    for (; MALLOC_CAN_FAIL && rc == ND_ENOMEM; n++) {
        malloc_calls_left = n;
        rc = parse_once();
        malloc_calls_left = -1;
    }
    if (!MALLOC_CAN_FAIL) SKIP("parse_out_of_memory", "this build's malloc does not fail");
    else CHECK("parse_out_of_memory", rc == 0 && n > 5, "call %ld: error %d", n, rc);
}

/* ---- writing --------------------------------------------------------------------- */

static void check_open(void)
{
    nd_corpus *c = NULL;
    nd_diag diag = {0};
    int rc = nd_corpus_open(&c, in_root("nothing"), &diag);
    CHECK("open_nothing", rc == ND_EIO && !c && strstr(diag.text, "corpus.jsonl"), "%s", diag.text);
    mkdir(in_root("odd"), 0755);
    mkdir(in_root("odd/corpus.jsonl"), 0755);
    rc = nd_corpus_open(&c, in_root("odd"), &diag);
    CHECK("open_folder", rc == ND_EIO && !c, "%d %s", rc, diag.text);
    nd_corpus_close(NULL);
    nd_corpus_close(&c);
}

static void check_refused(void)
{
    static const char *const bad_tag[] = {"\xFF", NULL};
    static const struct {
        const char *name;
        nd_pair pair;
    } cases[] = {
        {"no_id", {.video = "v", .music = "m"}},
        {"no_video", {.id = "1", .video = "", .music = "m"}},
        {"path_not_utf8", {.id = "1", .video = "\xC3", .music = "m"}},
        {"tag_not_utf8", {.id = "1", .video = "v", .music = "m", .tags = bad_tag, .n_tags = 1}},
        {"start", {.id = "1", .video = "v", .music = "m", .start_s = NAN}},
        {"start_below_0", {.id = "1", .video = "v", .music = "m", .start_s = -0.5}},
        {"split", {.id = "1", .video = "v", .music = "m", .split = (nd_split)7}},
    };
    nd_corpus_writer *w = NULL;
    nd_diag diag = {0};
    if (nd_corpus_writer_open(&w, in_root("refused"), &diag)) exit(1);
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char name[64];
        snprintf(name, sizeof name, "refused_%s", cases[i].name);
        int rc = nd_corpus_writer_add(w, &cases[i].pair, &diag);
        CHECK(name, rc == ND_EARG && diag.text[0], "%d", rc);
    }
    nd_corpus_writer_close(&w);
    CHECK("not_committed", access(in_root("refused/corpus.jsonl"), F_OK), "there is a file");
}

static void check_round_trip(void)
{
    static const char *const tags[] = {"a \"b\"", "\xE6\xB5\xB7", NULL};
    const nd_pair pairs[] = {
        {.id = "one", .video = "v\n.mp4", .music = "m", .start_s = 0.1, .tags = tags, .n_tags = 2},
        {.id = "two", .video = "v", .music = "v", .split = ND_TEST},
    };
    nd_corpus_writer *w = NULL;
    nd_corpus *c = NULL;
    int rc = nd_corpus_writer_open(&w, in_root("made"), NULL);
    for (size_t i = 0; i < ND_COUNT(pairs) && !rc; i++)
        rc = nd_corpus_writer_add(w, &pairs[i], NULL);
    if (!rc) rc = nd_corpus_writer_commit(w, NULL);
    nd_corpus_writer_close(&w);
    CHECK("written", rc == 0 && !nd_corpus_open(&c, in_root("made"), NULL), "%d", rc);
    const nd_pair *p = nd_corpus_pair(c, 0), *q = nd_corpus_pair(c, 1);
    CHECK("read_again",
          nd_corpus_count(c) == 2 && !strcmp(p->video, pairs[0].video) && p->start_s == 0.1 &&
              p->n_tags == 2 && !strcmp(p->tags[0], tags[0]) && q->split == ND_TEST,
          "%d", nd_corpus_count(c));
    nd_corpus_close(&c);
}

/* A link to a device that is always full. */
static void check_full(void)
{
    nd_corpus_writer *w = NULL;
    nd_diag diag = {0};
    const nd_pair pair = {.id = "1", .video = "v", .music = "m"};
    mkdir(in_root("full"), 0755);
    if (symlink("/dev/full", in_root("full/corpus.jsonl"))) exit(1);
    int rc = nd_corpus_writer_open(&w, in_root("full"), &diag);
    if (!rc) rc = nd_corpus_writer_add(w, &pair, &diag);
    if (!rc) rc = nd_corpus_writer_commit(w, &diag);
    nd_corpus_writer_close(&w);
    CHECK("disk_full", rc == ND_EFULL, "%d %s", rc, diag.text);
}

/* What was there stays where the new one is given up. */
static void check_kept(void)
{
    nd_corpus_writer *w = NULL;
    nd_corpus *c = NULL;
    const nd_pair pair = {.id = "other", .video = "v", .music = "m"};
    if (nd_corpus_writer_open(&w, in_root("made"), NULL)) exit(1);
    nd_corpus_writer_add(w, &pair, NULL);
    nd_corpus_writer_close(&w);
    int rc = nd_corpus_open(&c, in_root("made"), NULL);
    CHECK("given_up_keeps_the_old", rc == 0 && !strcmp(nd_corpus_pair(c, 0)->id, "one"), "%d", rc);
    nd_corpus_close(&c);
}

int main(void)
{
    strcpy(root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(root)) return 1;
    atexit(remove_root);
    check_no_memory();
    check_wrong_lines();
    check_deep();
    check_long();
    check_repeats();
    check_many_problems();
    check_empty();
    check_pair();
    check_files();
    check_tags();
    check_open();
    check_refused();
    check_round_trip();
    check_full();
    check_kept();
    TEST_END();
}
