/* The files of a SQLite database: names and leftovers. */
#ifndef ND_MATCH_STORES_SQLITE_FILES_H
#define ND_MATCH_STORES_SQLITE_FILES_H

#include "base/base.h"

/** "file:PATH?immutable=1", every unusual byte of PATH as %XX: SQLite then reads
 *  the file as it is, without locks or journals.
 *  @return malloc'ed; NULL: out of memory. */
char *nd_sqlite_immutable_uri(const char *path);

/** The path for SQLite to open, never one that it would take for something else
 *  (":memory:", "file:x"): absolute and without symbolic links where the file
 *  exists, so that there is one lock and one log for it.
 *  @return malloc'ed; NULL: out of memory. */
char *nd_sqlite_path(const char *where);

/** Remove a database file with what SQLite keeps beside it: a journal left from
 *  a deleted database would be played into the next of that name. */
void nd_sqlite_unlink(const char *path);

/** @return whether a write-ahead log with something in it lies beside. */
bool nd_sqlite_has_log(const char *path);

#endif
