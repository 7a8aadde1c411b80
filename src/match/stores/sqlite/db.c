/* Opening a SQLite library; its statements, transactions and errors. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "match/stores/sqlite/db.h"
#include "match/stores/sqlite/files.h"

enum { BUSY_MS = 10000 };

/* ---- statements ------------------------------------------------------------------ */

/* SQLite knows ENOSPC itself, but not a quota or a limit on file sizes. Its own
 * copy of errno is not kept when a commit fails; ours is 0 before each write. */
static int code_of(sqlite3 *db, int system_error)
{
    int found = sqlite3_errcode(db) & 0xFF;
    switch (found) {
    case SQLITE_FULL: return ND_EFULL;
    case SQLITE_NOMEM: return ND_ENOMEM;
    case SQLITE_BUSY: return ND_EBUSY;
    case SQLITE_LOCKED: return ND_EBUSY;
    case SQLITE_NOTADB: return ND_EFORMAT;
    case SQLITE_CORRUPT: return ND_EFORMAT;
    }
    bool is_full = system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
    return found == SQLITE_IOERR && is_full ? ND_EFULL : ND_EIO;
}

int nd__sqlite_fail(nd_store *s, const char *doing, nd_diag *diag)
{
    if (!s->db) return nd_diag_set(diag, ND_ENOMEM, "%s library %s: out of memory", doing, s->name);
    int code = code_of(s->db, errno);
    return nd_diag_set(diag, code, "%s library %s: %s", doing, s->name,
                       code == ND_EFULL ? "no space left for it" : sqlite3_errmsg(s->db));
}

int nd__sqlite_no_memory(nd_store *s, const char *doing, nd_diag *diag)
{
    return nd_diag_set(diag, ND_ENOMEM, "%s library %s: out of memory", doing, s->name);
}

/* Prepare and free the text. */
int nd__sqlite_prepare(sqlite3_stmt **out, nd_store *s, char *sql, nd_diag *diag)
{
    if (!sql) return nd__sqlite_no_memory(s, "reading", diag);
    int rc = sqlite3_prepare_v2(s->db, sql, -1, out, NULL) ? nd__sqlite_fail(s, "reading", diag)
                                                           : 0;
    free(sql);
    return rc;
}

/* The statement, prepared once, ready for new values. */
int nd__sqlite_get(sqlite3_stmt **out, nd_store *s, nd_sqlite_statement which, nd_diag *diag)
{
    sqlite3_stmt **st = &s->cached[which];
    int rc = *st ? 0 : nd__sqlite_prepare(st, s, nd_sqlite_text(which), diag);
    if (rc) return rc;
    sqlite3_reset(*st);
    sqlite3_clear_bindings(*st);
    *out = *st;
    return 0;
}

int nd__sqlite_bind_path(sqlite3_stmt *st, int at, const char *path)
{
    return sqlite3_bind_blob64(st, at, path, strlen(path), SQLITE_STATIC);
}

/* SQLite has no NaN and would make it NULL. */
int nd__sqlite_bind_real(sqlite3_stmt *st, int at, double x)
{
    return sqlite3_bind_double(st, at, isfinite(x) ? x : 0);
}

static int bind_hash(sqlite3_stmt *st, int at, uint64_t hash)
{
    return hash ? sqlite3_bind_int64(st, at, (int64_t)hash) : sqlite3_bind_null(st, at);
}

/* One value after the other: p path, t text, i int64_t, h hash. */
static int bind_all(sqlite3_stmt *st, const char *types, va_list values)
{
    int rc = 0;
    for (int i = 1; types[i - 1] && !rc; i++) {
        char type = types[i - 1];
        ND_ASSERT(strchr("ptih", type));
        if (type == 'p') rc = nd__sqlite_bind_path(st, i, va_arg(values, const char *));
        if (type == 't') rc = sqlite3_bind_text(st, i, va_arg(values, char *), -1, SQLITE_STATIC);
        if (type == 'i') rc = sqlite3_bind_int64(st, i, va_arg(values, int64_t));
        if (type == 'h') rc = bind_hash(st, i, va_arg(values, uint64_t));
    }
    return rc;
}

int nd__sqlite_bind_condition(sqlite3_stmt *st, const nd_condition *c)
{
    int rc = 0;
    for (size_t i = 0; i < c->n && !rc; i++) {
        const nd_bind *b = &c->binds[i];
        int at = (int)i + 1;
        switch (b->type) {
        case ND_BIND_REAL: rc = sqlite3_bind_double(st, at, b->real); break;
        case ND_BIND_INT: rc = sqlite3_bind_int(st, at, b->number); break;
        case ND_BIND_TEXT: rc = sqlite3_bind_text(st, at, b->text, -1, SQLITE_STATIC); break;
        case ND_BIND_BLOB: rc = nd__sqlite_bind_path(st, at, b->text); break;
        }
    }
    return rc;
}

/* Step a statement that gives no rows; reset it, so that no lock stays. */
int nd__sqlite_finish(nd_store *s, sqlite3_stmt *st, nd_diag *diag)
{
    errno = 0;
    int rc = sqlite3_step(st) == SQLITE_DONE ? 0 : nd__sqlite_fail(s, "writing", diag);
    sqlite3_reset(st);
    return rc;
}

int nd__sqlite_run(nd_store *s, nd_diag *diag, nd_sqlite_statement which, const char *types, ...)
{
    sqlite3_stmt *st;
    int rc = nd__sqlite_get(&st, s, which, diag);
    if (rc) return rc;
    va_list values;
    va_start(values, types);
    rc = bind_all(st, types, values);
    va_end(values);
    return rc ? nd__sqlite_fail(s, "writing", diag) : nd__sqlite_finish(s, st, diag);
}

/* Commit, or undo all since BEGIN where rc or the commit is a failure. */
int nd__sqlite_end(nd_store *s, int rc, nd_diag *diag)
{
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_COMMIT, "");
    if (rc && !sqlite3_get_autocommit(s->db)) nd__sqlite_run(s, NULL, ND_SQL_ROLLBACK, "");
    return rc;
}

/* Call row for every row of a statement that is ready. */
int nd__sqlite_each_row(nd_store *s, sqlite3_stmt *st, int (*row)(void *user, sqlite3_stmt *st),
                        void *user, nd_diag *diag)
{
    int rc = 0, step = SQLITE_DONE;
    while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW) rc = row(user, st);
    return rc || step == SQLITE_DONE ? rc : nd__sqlite_fail(s, "reading", diag);
}

/* Borrowed until the next step; "" for NULL and when out of memory. A blob gets
 * its NUL here. */
const char *nd__sqlite_text_at(sqlite3_stmt *st, int column)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    return text ? text : "";
}

/* ---- opening --------------------------------------------------------------------- */

/* @return 0 or SQLite's code. */
static int pragma_int(sqlite3 *db, const char *sql, int *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (!rc) rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) *out = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return rc == SQLITE_ROW ? 0 : rc;
}

static int open_immutable(nd_store *s)
{
    char *uri = nd_sqlite_immutable_uri(s->path);
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    int rc = uri ? sqlite3_open_v2(uri, &s->db, flags, NULL) : SQLITE_NOMEM;
    free(uri);
    return rc;
}

static void close_db(nd_store *s)
{
    sqlite3_close(s->db);
    s->db = NULL;
}

static int newest_version(void)
{
    int n = 0;
    while (nd_sqlite_steps[n]) n++;
    return n;
}

static int check_version(nd_store *s, int version, nd_diag *diag)
{
    if (version >= 0 && version <= newest_version()) return 0;
    return nd_diag_set(diag, ND_EVERSION,
                       "opening library %s: schema version %d or less expected, %d found: "
                       "a newer needledrop wrote it",
                       s->name, newest_version(), version);
}

static int say_not_library(nd_store *s, const char *found, nd_diag *diag)
{
    return nd_diag_set(diag, ND_EFORMAT,
                       "opening library %s: a file made by needledrop index expected, found %s",
                       s->name, found);
}

static int get_u32(const uint8_t *bytes)
{
    return (int)((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
                 bytes[3]);
}

/* The file's first 100 bytes, through SQLite's own descriptor: closing one of ours
 * would drop the locks that this process has on the file elsewhere. Nothing else
 * is read: pages may be half-way through another process's checkpoint. */
static int read_header(nd_store *s, uint8_t header[100], nd_diag *diag)
{
    sqlite3_file *file = NULL;
    int rc = open_immutable(s);
    if (!rc) rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc || !file || !file->pMethods) rc = nd__sqlite_fail(s, "opening", diag);
    else if ((rc = file->pMethods->xRead(file, header, 100, 0)) == SQLITE_IOERR_SHORT_READ)
        memset(header, 0, 100);
    else if (rc) rc = nd_diag_errno(diag, "reading library", s->name);
    close_db(s);
    return rc < 0 ? rc : 0;
}

/* Is it a library at all? Reads the header and changes nothing. */
static int probe(nd_store *s, nd_diag *diag)
{
    uint8_t header[100];
    int rc = read_header(s, header, diag);
    if (rc) return rc;
    if (memcmp(header, "SQLite format 3", 16) != 0)
        return say_not_library(s, "a file that is not SQLite", diag);
    if (get_u32(header + 68) != ND_SQLITE_APPLICATION_ID)
        return say_not_library(s, "another SQLite database", diag);
    return check_version(s, get_u32(header + 60), diag);
}

static int execute(nd_store *s, const char *sql, nd_diag *diag)
{
    errno = 0;
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) ? nd__sqlite_fail(s, "writing", diag) : 0;
}

/* Take the schema from its version to the newest in one transaction. */
static int migrate(nd_store *s, int version, nd_diag *diag)
{
    char sql[96];
    int rc = execute(s, "BEGIN IMMEDIATE", diag);
    for (int v = version; !rc && nd_sqlite_steps[v]; v++) rc = execute(s, nd_sqlite_steps[v], diag);
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             ND_SQLITE_APPLICATION_ID, newest_version());
    if (!rc) rc = execute(s, sql, diag);
    return nd__sqlite_end(s, rc, diag);
}

/* The file does not exist, or is empty; the indexer's lock is held. */
static int create(nd_store *s, nd_diag *diag)
{
    nd_str name = {0};
    nd_str_append(&name, "%s-new", s->path);
    char *made = nd_str_take(&name);
    if (!made) return nd__sqlite_no_memory(s, "creating", diag);
    nd_sqlite_unlink(made);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(made, &s->db, flags, NULL) ? nd__sqlite_fail(s, "creating", diag) : 0;
    if (!rc) rc = execute(s, "PRAGMA page_size = 16384", diag); /* docs/storage.md says why */
    if (!rc) rc = migrate(s, 0, diag);
    if (!rc) rc = execute(s, "PRAGMA journal_mode = WAL", diag);
    for (int i = 0; i < ND_SQL_N; i++) {
        sqlite3_finalize(s->cached[i]);
        s->cached[i] = NULL;
    }
    close_db(s);
    if (!rc) nd_sqlite_unlink(s->path);
    if (!rc && rename(made, s->path)) rc = nd_diag_errno(diag, "creating library", s->name);
    if (rc) nd_sqlite_unlink(made);
    free(made);
    return rc;
}

/* A reader in a folder that it may not write cannot make the -shm file that WAL
 * needs; with no log to read, the file alone is all. */
static int connect_db(nd_store *s, nd_open_mode mode, int *version_out, nd_diag *diag)
{
    static const char sql[] = "PRAGMA user_version";
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(s->path, &s->db, flags, NULL);
    if (!rc) rc = sqlite3_busy_timeout(s->db, BUSY_MS);
    if (!rc) rc = pragma_int(s->db, sql, version_out);
    int basic = rc & 0xFF;
    if (mode == ND_OPEN_READ && (basic == SQLITE_CANTOPEN || basic == SQLITE_READONLY) &&
        !nd_sqlite_has_log(s->path)) {
        close_db(s);
        rc = open_immutable(s);
        if (!rc) rc = pragma_int(s->db, sql, version_out);
    }
    return rc ? nd__sqlite_fail(s, "opening", diag) : 0;
}

static int bring_up_to_date(nd_store *s, int version, nd_open_mode mode, nd_diag *diag)
{
    int rc = check_version(s, version, diag);
    if (rc || version == newest_version()) return rc;
    if (mode == ND_OPEN_INDEX) return migrate(s, version, diag);
    return nd_diag_set(diag, ND_EVERSION,
                       "opening library %s: schema version %d expected, %d found: "
                       "needledrop index brings it up to date",
                       s->name, newest_version(), version);
}

static int open_file(nd_store *s, nd_open_mode mode, nd_diag *diag)
{
    struct stat info;
    bool is_absent = stat(s->path, &info) != 0;
    if (is_absent && errno != ENOENT) return nd_diag_errno(diag, "opening library", s->name);
    if (is_absent && mode == ND_OPEN_READ)
        return nd_diag_set(diag, ND_ENOTFOUND,
                           "opening library %s: there is none; needledrop index makes it", s->name);
    if (!is_absent && !S_ISREG(info.st_mode))
        return say_not_library(s, S_ISDIR(info.st_mode) ? "a folder" : "a device or pipe", diag);
    bool is_empty = is_absent || info.st_size == 0;
    int version = 0;
    int rc = is_empty && mode == ND_OPEN_INDEX ? create(s, diag) : probe(s, diag);
    if (!rc) rc = connect_db(s, mode, &version, diag);
    if (!rc) rc = execute(s, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON", diag);
    if (!rc) rc = bring_up_to_date(s, version, mode, diag);
    if (rc) return rc;
    return execute(
        s, mode == ND_OPEN_READ ? "PRAGMA query_only = ON" : "PRAGMA synchronous = NORMAL", diag);
}

void nd__sqlite_close(nd_store *s)
{
    if (!s) return;
    for (int i = 0; i < ND_SQL_N; i++) sqlite3_finalize(s->cached[i]);
    sqlite3_close(s->db);
    nd_lock_release(&s->lock);
    free(s->path);
    free(s->name);
    free(s);
}

int nd__sqlite_open(nd_store **out, const char *where, nd_open_mode mode, nd_diag *diag)
{
    nd_store *s = nd_calloc(1, sizeof *s);
    int rc = 0;
    if (s) s->name = strdup(where);
    if (s) s->path = nd_sqlite_path(where);
    if (!s || !s->name || !s->path)
        rc = nd_diag_set(diag, ND_ENOMEM, "opening library %s: out of memory", where);
    if (!rc && mode == ND_OPEN_INDEX) rc = nd_lock_take(&s->lock, s->path, diag);
    if (!rc) rc = open_file(s, mode, diag);
    if (rc) nd__sqlite_close(s);
    else *out = s;
    return rc;
}
