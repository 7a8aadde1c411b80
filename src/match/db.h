/* A small SQLite database of one's own: for what is neither library nor store, such as a study's
 * answers. SQL in, rows out; SQLite itself stays in match/stores/sqlite/.
 *
 * Values of a statement are given by a text of types, one letter a value:
 *     i  int64_t      d  double (not finite: NULL)      t  const char *, borrowed; NULL: NULL
 * Threads: one at a time an object; any number of processes a file. */
#ifndef ND_MATCH_DB_H
#define ND_MATCH_DB_H

#include "base/base.h"

typedef struct nd_db nd_db;
typedef struct nd_db_row nd_db_row; /* borrowed until the visitor returns */

typedef struct nd_db_kind {
    const char *what;       /* "study", for messages */
    int32_t application_id; /* in the file's header: another's file is refused */
    const char *schema;     /* SQL that makes an empty file one of this kind */
    int version;            /* of the schema, from 1: a file of another is refused */
} nd_db_kind;

/** Open a file, in WAL mode: a killed process leaves nothing half-written.
 *  @param creates  make it where it is absent; else it must be there
 *  @return 0; ND_ENOTFOUND, ND_EFORMAT (another file: nothing of it is touched), ND_EVERSION,
 *     ND_EIO, ND_EFULL, ND_EBUSY (10 s), ND_ENOMEM. */
int nd_db_open(nd_db **out, const char *path, const nd_db_kind *kind, bool creates, nd_diag *diag);
void nd_db_close(nd_db **db);

/** Run one statement without rows.
 *  @return 0; ND_EIO, ND_EFULL, ND_EBUSY, ND_EFORMAT (damaged; a constraint), ND_ENOMEM. */
int nd_db_run(nd_db *db, nd_diag *diag, const char *sql, const char *types, ...);

/** Call visit for every row; it may not use db.
 *  @return 0; what visit returned when not 0; as nd_db_run. */
int nd_db_each(nd_db *db, int (*visit)(void *user, const nd_db_row *row), void *user, nd_diag *diag,
               const char *sql, const char *types, ...);

/** The first number of the first row. @return 0; ND_ENOTFOUND: no row, or NULL; as nd_db_run. */
int nd_db_number(int64_t *out, nd_db *db, nd_diag *diag, const char *sql, const char *types, ...);

/** A value of a row, column from 0. NULL is 0, 0, "". Text is borrowed from the row. */
int64_t nd_db_int(const nd_db_row *row, int column);
double nd_db_real(const nd_db_row *row, int column);
const char *nd_db_text(const nd_db_row *row, int column);
bool nd_db_is_null(const nd_db_row *row, int column);

/** Of the last insert; rows that the last statement changed. */
int64_t nd_db_last_id(const nd_db *db);
int nd_db_changes(const nd_db *db);

/** Begin writing; commit, or undo all since where rc is a failure. @return rc, or why not. */
int nd_db_begin(nd_db *db, nd_diag *diag);
int nd_db_end(nd_db *db, int rc, nd_diag *diag);

#endif
