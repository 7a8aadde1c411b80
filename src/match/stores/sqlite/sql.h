/* The SQLite store's SQL: its schema (docs/storage.md says it column by column),
 * its statements, and filters as conditions. */
#ifndef ND_MATCH_STORES_SQLITE_SQL_H
#define ND_MATCH_STORES_SQLITE_SQL_H

#include "match/store.h"

/* "NDRP": PRAGMA application_id of a library. */
#define ND_SQLITE_APPLICATION_ID 0x4E445250

/** Steps of the schema, oldest first: step i leads from version i to i + 1. A
 *  step is never changed once released; a new one goes to the end. NULL last. */
extern const char *const nd_sqlite_steps[];

typedef enum nd_column_type {
    ND_COL_INT,
    ND_COL_I64,
    ND_COL_BOOL,
    ND_COL_REAL,
    ND_COL_TEXT
} nd_column_type;

/** A column of `tracks` and the member of nd_record that it holds. */
typedef struct nd_column {
    const char *name;
    nd_column_type type;
    size_t offset;
    size_t bytes;     /* of a text's array */
    bool is_nullable; /* NULL stands for the value `none`: filters never pass it */
    double none;
} nd_column;

/** Every column of `tracks` but id and path. name NULL last. */
extern const nd_column nd_sqlite_columns[];

/** Every statement of the store but the listings. */
typedef enum nd_sqlite_statement {
    ND_SQL_BEGIN,
    ND_SQL_COMMIT,
    ND_SQL_ROLLBACK,
    ND_SQL_PUT_ROOT,
    ND_SQL_DROP_TRACK,
    ND_SQL_DROP_OTHER_TRACK,
    ND_SQL_DROP_FAILURE,
    ND_SQL_DROP_ROOT,
    ND_SQL_PUT_TAG,
    ND_SQL_PUT_FEATURE,
    ND_SQL_COPY_TAGS,
    ND_SQL_COPY_FEATURES,
    ND_SQL_COPY_JOINT,
    ND_SQL_DROP_MODELS,
    ND_SQL_PUT_MODEL,
    ND_SQL_PUT_JOINT,
    ND_SQL_MODEL,
    ND_SQL_MOVE_TRACK,
    ND_SQL_PUT_FAILURE,
    ND_SQL_TOUCH_FAILURE,
    ND_SQL_TAGS_OF,
    ND_SQL_FEATURES_OF,
    ND_SQL_COUNT,
    ND_SQL_PUT_TRACK,
    ND_SQL_COPY_TRACK,
    ND_SQL_TRACK_OF,
    ND_SQL_N
} nd_sqlite_statement;

/** @return the statement's text, caller frees; NULL: out of memory. */
char *nd_sqlite_text(nd_sqlite_statement which);

/** "SELECT id, path, <columns> FROM tracks WHERE <condition>", caller frees; NULL:
 *  out of memory. */
char *nd_sqlite_select(const char *condition);

/** A value to bind. */
typedef struct nd_bind {
    enum { ND_BIND_REAL, ND_BIND_INT, ND_BIND_TEXT, ND_BIND_BLOB } type;
    double real;
    int number;
    char *text; /* owned */
} nd_bind;

/** A filter as SQL: " AND .." conditions on `tracks` and their values. */
typedef struct nd_condition {
    nd_str sql;
    nd_bind *binds;
    size_t n, capacity;
    bool failed; /* out of memory */
} nd_condition;

/** Append what the filter asks (NULL: nothing). Nothing of the filter's text
 *  gets into the SQL: all is bound. The filter must be checked. */
void nd_condition_add_filter(nd_condition *c, const nd_filter *filter);
void nd_condition_deinit(nd_condition *c);

#endif
