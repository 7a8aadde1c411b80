/* A small database of one's own: what is refused, values there and back, undoing, two at once. */
#include "../test.h"
#include "match/db.h"

static const nd_db_kind kind = {"thing", 0x4E447465,
                                "CREATE TABLE t (i INTEGER, d REAL, s TEXT UNIQUE)", 1},
                        newer = {"thing", 0x4E447465, "CREATE TABLE t (i INTEGER)", 2},
                        other = {"other", 0x4E447466, "CREATE TABLE t (i INTEGER)", 1};
static char root[] = "/tmp/needledrop-db-XXXXXX";

static void remove_root(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", root);
    if (system(command)) printf("%s stays\n", root);
}

static const char *at(const char *name)
{
    static char path[4][64];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, 64, "%s/%s", root, name);
    return p;
}

static void test_wrong(void)
{
    nd_db *db = NULL;
    nd_diag diag = {0};
    char noise[4096];
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (char)(37 * i + 1);
    int rc = nd_db_open(&db, at("absent"), &kind, false, &diag);
    CHECK("absent", rc == ND_ENOTFOUND && !db && strstr(diag.text, "no thing"), "%s", diag.text);
    rc = nd_db_open(&db, root, &kind, true, &diag);
    CHECK("a folder", rc == ND_EFORMAT && !db, "%d, %s", rc, diag.text);
    rc = nd_db_open(&db, at("none/a"), &kind, true, &diag);
    CHECK("no folder for it", rc < 0 && !db, "%d, %s", rc, diag.text);
    nd_file_write(at("noise"), noise, sizeof noise, NULL);
    rc = nd_db_open(&db, at("noise"), &kind, true, &diag);
    CHECK("noise", rc == ND_EFORMAT && !db, "%d, %s", rc, diag.text);
    rc = nd_db_open(&db, at("a"), &other, true, &diag);
    nd_db_close(&db);
    rc = nd_db_open(&db, at("a"), &kind, true, &diag);
    CHECK("another's", rc == ND_EFORMAT && !db && strstr(diag.text, "a thing expected"), "%d, %s",
          rc, diag.text);
    rc = nd_db_open(&db, at("b"), &newer, true, &diag);
    nd_db_close(&db);
    rc = nd_db_open(&db, at("b"), &kind, false, &diag);
    CHECK("a newer one", rc == ND_EVERSION && !db, "%d, %s", rc, diag.text);
    nd_db_close(&db);
    nd_db_close(NULL);
}

static int take_row(void *user, const nd_db_row *row)
{
    int *n = user;
    if ((*n)++) return 7;
    CHECK("values",
          nd_db_int(row, 0) == -5 && nd_db_real(row, 1) == 0.25 &&
              !strcmp(nd_db_text(row, 2), "x\xff"),
          "%lld, %g, %s", (long long)nd_db_int(row, 0), nd_db_real(row, 1), nd_db_text(row, 2));
    CHECK("no NULL", !nd_db_is_null(row, 0), "NULL");
    return 0;
}

static int64_t count(nd_db *db)
{
    int64_t n = -1;
    nd_db_number(&n, db, NULL, "SELECT COUNT(*) FROM t", "");
    return n;
}

static void test_values(nd_db *db, nd_db *second)
{
    nd_diag diag = {0};
    int64_t n = 11;
    int n_rows = 0;
    int rc = nd_db_run(db, &diag, "INSERT INTO t VALUES (?, ?, ?)", "idt", (int64_t)-5, 0.25,
                       "x\xff");
    CHECK("in", !rc && nd_db_changes(db) == 1 && nd_db_last_id(db) == 1, "%s", diag.text);
    nd_db_run(db, &diag, "INSERT INTO t VALUES (NULL, ?, ?)", "dt", (double)NAN, NULL);
    rc = nd_db_each(db, take_row, &n_rows, &diag, "SELECT * FROM t ORDER BY rowid", "");
    CHECK("a visitor ends it", rc == 7 && n_rows == 2, "%d, %d", rc, n_rows);
    rc = nd_db_number(&n, db, &diag, "SELECT d FROM t WHERE i IS NULL", "");
    CHECK("NULL is none", rc == ND_ENOTFOUND && n == 11, "%d", rc);
    rc = nd_db_run(db, &diag, "INSERT INTO t (s) VALUES (?)", "t", "x\xff");
    CHECK("twice", rc == ND_EFORMAT && strstr(diag.text, "UNIQUE"), "%d, %s", rc, diag.text);
    rc = nd_db_run(db, &diag, "NONSENSE", "");
    CHECK("no SQL", rc < 0 && strstr(diag.text, "NONSENSE"), "%d, %s", rc, diag.text);
    nd_db_begin(db, NULL);
    nd_db_run(db, NULL, "INSERT INTO t (i) VALUES (1)", "");
    CHECK("another does not see it yet", count(second) == 2, "%lld", (long long)count(second));
    CHECK("undone", nd_db_end(db, ND_EIO, NULL) == ND_EIO && count(db) == 2, "%lld",
          (long long)count(db));
    nd_db_begin(db, NULL);
    nd_db_run(db, NULL, "INSERT INTO t (i) VALUES (1)", "");
    CHECK("done", !nd_db_end(db, 0, NULL) && count(second) == 3, "%lld", (long long)count(second));
}

int main(void)
{
    nd_db *db = NULL, *second = NULL;
    nd_diag diag = {0};
    if (!mkdtemp(root)) return 1;
    atexit(remove_root);
    test_wrong();
    int rc = nd_db_open(&db, at("t"), &kind, true, &diag);
    CHECK("made", !rc, "%s", diag.text);
    rc = nd_db_open(&second, at("t"), &kind, false, &diag);
    CHECK("opened again", !rc, "%s", diag.text);
    if (!rc) test_values(db, second);
    nd_db_close(&db);
    nd_db_close(&second);
    TEST_END();
}
