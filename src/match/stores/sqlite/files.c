/* Names of SQLite's files. Sources: sqlite.org/uri.html, sqlite.org/wal.html,
 * sqlite.org/howtocorrupt.html. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "match/stores/sqlite/files.h"

char *nd_sqlite_immutable_uri(const char *path)
{
    nd_str uri = {0};
    nd_str_append(&uri, "file:%s", *path == '/' ? "//" : "");
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                        (*p >= '0' && *p <= '9') || strchr("/._-", *p);
        nd_str_append(&uri, is_plain ? "%c" : "%%%02X", *p);
    }
    nd_str_append(&uri, "?immutable=1");
    return nd_str_take(&uri);
}

char *nd_sqlite_path(const char *where)
{
    char *path = realpath(where, NULL);
    if (path) return path;
    return *where == '/' ? strdup(where) : nd_path_join(".", where);
}

void nd_sqlite_unlink(const char *path)
{
    static const char *const endings[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < ND_COUNT(endings); i++) {
        char *whole = NULL;
        if (asprintf(&whole, "%s%s", path, endings[i]) < 0) return;
        unlink(whole);
        free(whole);
    }
}

bool nd_sqlite_has_log(const char *path)
{
    struct stat info;
    char *log = NULL;
    if (asprintf(&log, "%s-wal", path) < 0) return true;
    bool has = !stat(log, &info) && info.st_size > 0;
    free(log);
    return has;
}
