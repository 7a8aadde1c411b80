/* Inside the SQLite store: the open database, its statements and errors. */
#ifndef ND_MATCH_STORES_SQLITE_DB_H
#define ND_MATCH_STORES_SQLITE_DB_H

#include <sqlite3.h>

#include "match/lock.h"
#include "match/stores/sqlite/sql.h"

struct nd_store {
    sqlite3 *db;
    char *name; /* as the caller gave it, for messages */
    char *path; /* for SQLite */
    nd_lock lock;
    sqlite3_stmt *cached[ND_SQL_N];
};

/** As nd_store_ops.open and .close.
 *
 *  WAL mode: readers see the last commit while one indexer writes, and a killed
 *  process leaves nothing half-written. The file is made under another name and
 *  renamed, so that there is never a library without its schema. Its header is
 *  looked at with immutable=1 first: what is not ours is not touched, no lock is
 *  taken on it and no journal of its is rolled back. */
int nd__sqlite_open(nd_store **out, const char *where, nd_open_mode mode, nd_diag *diag);
void nd__sqlite_close(nd_store *s);

/** "<doing> library NAME: <what SQLite said last>". @return its ND_E* code. */
int nd__sqlite_fail(nd_store *s, const char *doing, nd_diag *diag);
int nd__sqlite_no_memory(nd_store *s, const char *doing, nd_diag *diag);

/** Prepare sql and free it; NULL is ND_ENOMEM. The caller finalizes *out, also
 *  after a failure. */
int nd__sqlite_prepare(sqlite3_stmt **out, nd_store *s, char *sql, nd_diag *diag);

/** The statement, prepared once, ready for new values; stays the store's. */
int nd__sqlite_get(sqlite3_stmt **out, nd_store *s, nd_sqlite_statement which, nd_diag *diag);

/** Bind one value, borrowed until the statement is reset. @return SQLite's code.
 *  Not finite is 0: SQLite has no NaN and would make it NULL. */
int nd__sqlite_bind_path(sqlite3_stmt *st, int at, const char *path);
int nd__sqlite_bind_real(sqlite3_stmt *st, int at, double x);

/** Bind a condition's values from the first parameter on. @return SQLite's code. */
int nd__sqlite_bind_condition(sqlite3_stmt *st, const nd_condition *c);

/** Run a cached statement that gives no rows.
 *  @param types  of the values that follow: p path, t text, i int64_t, h hash
 *     (uint64_t, 0 is NULL) */
int nd__sqlite_run(nd_store *s, nd_diag *diag, nd_sqlite_statement which, const char *types, ...);

/** Step a bound statement that gives no rows, and reset it. */
int nd__sqlite_finish(nd_store *s, sqlite3_stmt *st, nd_diag *diag);

/** Commit, or undo all since BEGIN where rc or the commit is a failure.
 *  @return rc, or why it could not be committed. */
int nd__sqlite_end(nd_store *s, int rc, nd_diag *diag);

/** Call row for every row of a bound statement. @return 0; what row returned. */
int nd__sqlite_each_row(nd_store *s, sqlite3_stmt *st, int (*row)(void *user, sqlite3_stmt *st),
                        void *user, nd_diag *diag);

/** Borrowed until the next step; "" for NULL and when out of memory. A blob gets
 *  its NUL here. */
const char *nd__sqlite_text_at(sqlite3_stmt *st, int column);

#endif
