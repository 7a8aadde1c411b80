/* Tables, and lists of pairs. */
#include "../test.h"
#include "learn/corpus_internal.h"

static void check_wrong(void)
{
    nd__table t = {0};
    nd_diag diag = {0};
    char many[200];
    int rc = nd__table_parse(&t, "a,\"b", 4, "x.csv", &diag);
    CHECK("quote_without_end", rc == ND_EFORMAT && !t.cells && strstr(diag.text, "line 1"), "%s",
          diag.text);
    memset(many, ',', sizeof many);
    rc = nd__table_parse(&t, many, sizeof many, "x.csv", &diag);
    CHECK("too_many_fields", rc == ND_ELIMIT && !t.cells, "%d", rc);
    rc = nd__table_read(&t, "/nonexistent", &diag);
    CHECK("no_such_list", rc == ND_EIO, "%d", rc);
}

/* Cells with | between, rows with / . */
static char *flat(const nd__table *t)
{
    nd_str s = {0};
    for (int i = 0; i < t->n_rows * t->n_columns; i++)
        nd_str_append(&s, "%s%c", t->cells[i], (i + 1) % t->n_columns ? '|' : '/');
    return nd_str_take(&s);
}

static void check_tables(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"\n\n", ""},
        {"a", "a/"},
        {"a,b\nc,d\n", "a|b/c|d/"},
        {"\xEF\xBB\xBF"
         "a,b\r\nc\r\n",
         "a|b/c|/"},
        {"a\tb,c\nd\te\n", "a|b,c/d|e/"},
        {"\"a,\"\"b\"\"\",c\n", "a,\"b\"|c/"},
        {"\"a\nb\",c\n\nd,e", "a\nb|c/d|e/"},
        {",\n", "|/"},
        {"\"a\"x,b\n", "ax|b/"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd__table t = {0};
        char name[32];
        int rc = nd__table_parse(&t, cases[i].in, strlen(cases[i].in), "x", NULL);
        char *found = flat(&t);
        snprintf(name, sizeof name, "table_%zu", i);
        CHECK(name, rc == 0 && !strcmp(found, cases[i].out), "%d \"%s\"", rc, found);
        free(found);
        nd__table_deinit(&t);
    }
}

static void check_table_lines(void)
{
    static const char text[] = "Video,MUSIC\n\n\"a\nb\",c\nd,e\n";
    nd__table t = {0};
    int rc = nd__table_parse(&t, text, strlen(text), "x", NULL);
    CHECK("lines_of_rows", rc == 0 && t.n_rows == 3 && t.lines[1] == 3 && t.lines[2] == 5,
          "%d rows, %d %d", t.n_rows, t.lines[1], t.lines[2]);
    CHECK("columns_by_name",
          nd__table_column(&t, "music") == 1 && nd__table_column(&t, "tags") == -1, "wrong");
    nd__table_deinit(&t);
}

/* ---- pairs ----------------------------------------------------------------------- */

static char root[64];

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (*root && system(command)) perror(command);
}

static const char *write_file(const char *name, const char *text)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", root, name);
    if (nd_file_write(path, text, strlen(text), NULL)) exit(1);
    return path;
}

/* "video music start tag,tag; .." of the pairs, then "! .." of the failures. */
static char *list(const char *path)
{
    nd_corpus_draft d = {0};
    nd_diag diag = {0};
    nd_str s = {0};
    int rc = nd__list_pairs(&d, path, root, root, &diag);
    if (rc) nd_str_append(&s, "%d %s", rc, diag.text);
    for (size_t i = 0; i < d.n_pairs; i++) {
        const nd__draft_pair *p = &d.pairs[i];
        nd_str_append(&s, "%s %s %g ", nd_path_name(p->video), nd_path_name(p->music), p->start_s);
        for (size_t k = 0; k < p->tags.n; k++) nd_str_append(&s, "%s,", p->tags.items[k]);
        nd_str_append(&s, "; ");
    }
    for (size_t i = 0; i < d.failures.n; i++) {
        const char *colon = strrchr(d.failures.items[i].reason, ':');
        nd_str_append(&s, "! %.*s; ", (int)(colon - d.failures.items[i].reason),
                      d.failures.items[i].reason);
    }
    nd__draft_deinit(&d);
    return nd_str_take(&s);
}

static void check_lists(void)
{
    static const struct {
        const char *name, *file, *text, *expected;
    } cases[] = {
        {"csv_names", "a.csv", "tags,music,video\nsea;sun | x,m.ogg,v.mp4\n",
         "v.mp4 m.ogg 0 sea,sun,x,; "},
        {"csv_order", "b.csv", "v.mp4,m.ogg,2.5\n", "v.mp4 m.ogg 2.5 ; "},
        {"tsv", "c.tsv", "video\tmusic\nv.mp4\tm.ogg\n", "v.mp4 m.ogg 0 ; "},
        {"missing", "d.csv", "gone.mp4,m.ogg\nv.mp4,gone.ogg\nv.mp4,m.ogg\n",
         "v.mp4 m.ogg 0 ; ! line 1: no such video; ! line 2: no such music; "},
        {"start", "e.csv", "v.mp4,m.ogg,x\nv.mp4,m.ogg,-1\n",
         "! line 1: start_s; ! line 2: start_s; "},
        {"one_column", "f.csv", "v.mp4\n", "! line 1; "},
        {"json", "g.jsonl",
         "{\"video\": \"v.mp4\", \"music\": \"m.ogg\", \"start_s\": 1, \"tags\": [\"a\", "
         "1]}\n\n{\n",
         "v.mp4 m.ogg 1 a,; ! line 3: not JSON; "},
        {"json_empty", "h.jsonl", "", ""},
    };
    write_file("v.mp4", "v");
    write_file("m.ogg", "m");
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char *found = list(write_file(cases[i].file, cases[i].text)), name[32];
        snprintf(name, sizeof name, "list_%s", cases[i].name);
        CHECK(name, !strcmp(found, cases[i].expected), "%s, expected %s", found, cases[i].expected);
        free(found);
    }
}

int main(void)
{
    strcpy(root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(root)) return 1;
    atexit(remove_root);
    check_wrong();
    check_tables();
    check_table_lines();
    check_lists();
    TEST_END();
}
