/* SQLite behind match/db.h. */
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "match/db.h"
#include "match/stores/sqlite/files.h"

enum { BUSY_MS = 10000 };

struct nd_db {
    sqlite3 *db;
    char *path;
    const char *what;
};

struct nd_db_row {
    sqlite3_stmt *st;
};

static int code_of(const nd_db *d)
{
    switch (sqlite3_errcode(d->db) & 0xFF) {
    case SQLITE_FULL: return ND_EFULL;
    case SQLITE_NOMEM: return ND_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ND_EBUSY;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT: return ND_EFORMAT;
    }
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ND_EFULL : ND_EIO;
}

static int fail(const nd_db *d, const char *doing, nd_diag *diag)
{
    if (!d->db) return nd_diag_set(diag, ND_ENOMEM, "%s %s: out of memory", doing, d->path);
    return nd_diag_set(diag, code_of(d), "%s %s: %s", doing, d->path, sqlite3_errmsg(d->db));
}

/* ---- statements ---------------------------------------- */

static int bind_all(sqlite3_stmt *st, const char *types, va_list values)
{
    int rc = 0, n = (int)strlen(types);
    ND_ASSERT_EQ(n, sqlite3_bind_parameter_count(st));
    for (int i = 0; i < n && !rc; i++) {
        ND_ASSERT(strchr("idt", types[i]));
        if (types[i] == 'i') rc = sqlite3_bind_int64(st, i + 1, va_arg(values, int64_t));
        if (types[i] == 'd') rc = sqlite3_bind_double(st, i + 1, va_arg(values, double));
        if (types[i] == 't')
            rc = sqlite3_bind_text(st, i + 1, va_arg(values, char *), -1, SQLITE_STATIC);
    }
    return rc;
}

/* A statement with its values; *out is to be finalized after a failure, too. */
static int prepare(sqlite3_stmt **out, nd_db *d, const char *sql, const char *types, va_list values,
                   nd_diag *diag)
{
    errno = 0;
    int rc = sqlite3_prepare_v2(d->db, sql, -1, out, NULL);
    if (rc) return fail(d, "reading", diag);
    return bind_all(*out, types, values) ? fail(d, "reading", diag) : 0;
}

static int each(nd_db *d, int (*visit)(void *user, const nd_db_row *row), void *user, nd_diag *diag,
                const char *sql, const char *types, va_list values)
{
    nd_db_row row = {NULL};
    int step = SQLITE_DONE, rc = prepare(&row.st, d, sql, types, values, diag);
    while (!rc && (step = sqlite3_step(row.st)) == SQLITE_ROW) rc = visit ? visit(user, &row) : 0;
    if (!rc && step != SQLITE_DONE)
        rc = fail(d, sqlite3_stmt_readonly(row.st) ? "reading" : "writing", diag);
    sqlite3_finalize(row.st);
    return rc;
}

int nd_db_run(nd_db *db, nd_diag *diag, const char *sql, const char *types, ...)
{
    va_list values;
    va_start(values, types);
    int rc = each(db, NULL, NULL, diag, sql, types, values);
    va_end(values);
    return rc;
}

int nd_db_each(nd_db *db, int (*visit)(void *user, const nd_db_row *row), void *user, nd_diag *diag,
               const char *sql, const char *types, ...)
{
    va_list values;
    va_start(values, types);
    int rc = each(db, visit, user, diag, sql, types, values);
    va_end(values);
    return rc;
}

typedef struct {
    int64_t value;
    bool is_there;
} number;

static int take_number(void *user, const nd_db_row *row)
{
    number *n = user;
    if (!n->is_there && !nd_db_is_null(row, 0)) *n = (number){nd_db_int(row, 0), true};
    return 0;
}

int nd_db_number(int64_t *out, nd_db *db, nd_diag *diag, const char *sql, const char *types, ...)
{
    number n = {0};
    va_list values;
    va_start(values, types);
    int rc = each(db, take_number, &n, diag, sql, types, values);
    va_end(values);
    if (!rc && !n.is_there)
        rc = nd_diag_set(diag, ND_ENOTFOUND, "reading %s: no such row", db->path);
    if (!rc) *out = n.value;
    return rc;
}

int64_t nd_db_int(const nd_db_row *row, int column)
{
    return sqlite3_column_int64(row->st, column);
}

double nd_db_real(const nd_db_row *row, int column)
{
    return sqlite3_column_double(row->st, column);
}

const char *nd_db_text(const nd_db_row *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row->st, column);
    return text ? text : "";
}

bool nd_db_is_null(const nd_db_row *row, int column)
{
    return sqlite3_column_type(row->st, column) == SQLITE_NULL;
}

int64_t nd_db_last_id(const nd_db *db)
{
    return sqlite3_last_insert_rowid(db->db);
}

int nd_db_changes(const nd_db *db)
{
    return sqlite3_changes(db->db);
}

int nd_db_begin(nd_db *db, nd_diag *diag)
{
    return nd_db_run(db, diag, "BEGIN IMMEDIATE", "");
}

int nd_db_end(nd_db *db, int rc, nd_diag *diag)
{
    if (!rc) rc = nd_db_run(db, diag, "COMMIT", "");
    if (rc && !sqlite3_get_autocommit(db->db)) nd_db_run(db, NULL, "ROLLBACK", "");
    return rc;
}

/* ---- opening ---------------------------------------- */

static int execute(nd_db *d, const char *sql, nd_diag *diag)
{
    errno = 0;
    return sqlite3_exec(d->db, sql, NULL, NULL, NULL) ? fail(d, "writing", diag) : 0;
}

static int make_schema(nd_db *d, const nd_db_kind *kind, nd_diag *diag)
{
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             kind->application_id, kind->version);
    int rc = nd_db_begin(d, diag);
    if (rc) return rc;
    rc = execute(d, kind->schema, diag);
    if (!rc) rc = execute(d, sql, diag);
    return nd_db_end(d, rc, diag);
}

/* Reading alone touches nothing, even of a file that is not ours. */
static int check_kind(nd_db *d, const nd_db_kind *kind, bool is_new, nd_diag *diag)
{
    int64_t id = 0, version = 0, n_tables = 0;
    int rc = nd_db_number(&id, d, diag, "PRAGMA application_id", "");
    if (!rc) rc = nd_db_number(&version, d, diag, "PRAGMA user_version", "");
    if (!rc) rc = nd_db_number(&n_tables, d, diag, "SELECT COUNT(*) FROM sqlite_master", "");
    if (rc) return rc;
    if (is_new && !id && !version && !n_tables) return make_schema(d, kind, diag);
    if (id != kind->application_id)
        return nd_diag_set(diag, ND_EFORMAT, "opening %s: a %s expected, found another database",
                           d->path, kind->what);
    if (version != kind->version)
        return nd_diag_set(diag, ND_EVERSION,
                           "opening %s: version %d of a %s expected, found version %lld", d->path,
                           kind->version, kind->what, (long long)version);
    return 0;
}

static int open_db(nd_db *d, const nd_db_kind *kind, bool creates, nd_diag *diag)
{
    struct stat info;
    bool is_absent = stat(d->path, &info) != 0;
    if (is_absent && (errno != ENOENT || !creates)) {
        int rc = nd_diag_errno(diag, "opening", d->path);
        return errno == ENOENT ? nd_diag_set(diag, ND_ENOTFOUND, "opening %s: there is no %s",
                                             d->path, kind->what)
                               : rc;
    }
    if (!is_absent && !S_ISREG(info.st_mode))
        return nd_diag_set(diag, ND_EFORMAT, "opening %s: a file expected", d->path);
    char *path = nd_sqlite_path(d->path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (creates ? SQLITE_OPEN_CREATE : 0);
    int rc = path ? sqlite3_open_v2(path, &d->db, flags, NULL) : SQLITE_NOMEM;
    free(path);
    if (!rc) rc = sqlite3_busy_timeout(d->db, BUSY_MS);
    if (rc) return fail(d, "opening", diag);
    rc = check_kind(d, kind, creates, diag);
    if (!rc)
        rc = execute(d,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
                     "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON",
                     diag);
    return rc;
}

int nd_db_open(nd_db **out, const char *path, const nd_db_kind *kind, bool creates, nd_diag *diag)
{
    nd_db *d = nd_calloc(1, sizeof *d);
    if (d) d->path = strdup(path);
    int rc = d && d->path ? open_db(d, kind, creates, diag)
                          : nd_diag_set(diag, ND_ENOMEM, "opening %s: out of memory", path);
    if (rc) nd_db_close(&d);
    else *out = d;
    return rc;
}

void nd_db_close(nd_db **db)
{
    if (!db || !*db) return;
    sqlite3_close((*db)->db);
    free((*db)->path);
    free(*db);
    *db = NULL;
}
