/* The SQLite store's tables, its columns beside the members they hold, its
 * statements, and filters as conditions. */
#include <stddef.h>
#include <string.h>

#include "match/match.h"
#include "match/stores/sqlite/sql.h"

static const char version_1[] =
    "CREATE TABLE roots (path BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TABLE tracks ("
    " id INTEGER PRIMARY KEY,"
    " path BLOB NOT NULL UNIQUE,"
    " size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, hash INTEGER,"
    " duration_s REAL NOT NULL, analysed_s REAL NOT NULL, is_cut INTEGER NOT NULL,"
    " analysis INTEGER NOT NULL,"
    " tempo_bpm REAL, metre INTEGER, key INTEGER, is_minor INTEGER, loudness_lufs REAL,"
    " vocal INTEGER,"
    " title TEXT NOT NULL, artist TEXT NOT NULL, album TEXT NOT NULL, genre TEXT NOT NULL,"
    " mood TEXT NOT NULL, comment TEXT NOT NULL, tag_bpm REAL,"
    " container TEXT NOT NULL, audio_codec TEXT NOT NULL, video_codec TEXT NOT NULL,"
    " has_audio INTEGER NOT NULL, has_video INTEGER NOT NULL,"
    " rate_hz INTEGER NOT NULL, n_channels INTEGER NOT NULL,"
    " width INTEGER NOT NULL, height INTEGER NOT NULL, fps REAL NOT NULL);"
    "CREATE TABLE features ("
    " track_id INTEGER NOT NULL REFERENCES tracks ON DELETE CASCADE,"
    " name TEXT NOT NULL, dtype TEXT NOT NULL, dims TEXT NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY (track_id, name)) WITHOUT ROWID;"
    "CREATE TABLE tags ("
    " track_id INTEGER NOT NULL REFERENCES tracks ON DELETE CASCADE,"
    " tag TEXT NOT NULL, PRIMARY KEY (track_id, tag)) WITHOUT ROWID;"
    "CREATE INDEX tags_by_tag ON tags (tag);"
    "CREATE TABLE failures ("
    " path BLOB NOT NULL PRIMARY KEY,"
    " size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, hash INTEGER,"
    " reason TEXT NOT NULL) WITHOUT ROWID;";

static const char version_2[] =
    "CREATE TABLE models ("
    " fingerprint INTEGER NOT NULL PRIMARY KEY, extractor INTEGER NOT NULL, name TEXT NOT NULL,"
    " row_width INTEGER NOT NULL, whole_width INTEGER NOT NULL);"
    "CREATE TABLE joint ("
    " track_id INTEGER PRIMARY KEY REFERENCES tracks ON DELETE CASCADE,"
    " model INTEGER NOT NULL, n_rows INTEGER NOT NULL, data BLOB NOT NULL);";

const char *const nd_sqlite_steps[] = {version_1, version_2, NULL};

#define AT(member) offsetof(nd_record, member)
#define NUMBER(n, t, m)                       \
    {                                         \
        .name = n, .type = t, .offset = AT(m) \
    }
#define OPTIONAL(n, t, m, x)                                                  \
    {                                                                         \
        .name = n, .type = t, .offset = AT(m), .is_nullable = true, .none = x \
    }
#define TEXT(n)                                                      \
    {                                                                \
        .name = #n, .type = ND_COL_TEXT, .offset = AT(track.info.n), \
        .bytes = sizeof((nd_media_info){0}.n)                        \
    }

const nd_column nd_sqlite_columns[] = {
    NUMBER("size_bytes", ND_COL_I64, file.size_bytes),
    NUMBER("mtime_ns", ND_COL_I64, file.mtime_ns),
    OPTIONAL("hash", ND_COL_I64, file.hash, 0),
    NUMBER("duration_s", ND_COL_REAL, track.info.duration_s),
    NUMBER("analysed_s", ND_COL_REAL, analysed_s),
    NUMBER("is_cut", ND_COL_BOOL, is_cut),
    NUMBER("analysis", ND_COL_INT, analysis),
    OPTIONAL("tempo_bpm", ND_COL_REAL, track.tempo_bpm, 0),
    OPTIONAL("metre", ND_COL_INT, metre, 0),
    OPTIONAL("key", ND_COL_INT, track.key, -1),
    OPTIONAL("is_minor", ND_COL_INT, track.is_minor, -1),
    OPTIONAL("loudness_lufs", ND_COL_REAL, track.loudness_lufs, 0),
    OPTIONAL("vocal", ND_COL_INT, vocal, -1),
    TEXT(title),
    TEXT(artist),
    TEXT(album),
    TEXT(genre),
    TEXT(mood),
    TEXT(comment),
    OPTIONAL("tag_bpm", ND_COL_REAL, track.info.tag_bpm, 0),
    TEXT(container),
    TEXT(audio_codec),
    TEXT(video_codec),
    NUMBER("has_audio", ND_COL_BOOL, track.info.has_audio),
    NUMBER("has_video", ND_COL_BOOL, track.info.has_video),
    NUMBER("rate_hz", ND_COL_INT, track.info.rate_hz),
    NUMBER("n_channels", ND_COL_INT, track.info.n_channels),
    NUMBER("width", ND_COL_INT, track.info.width),
    NUMBER("height", ND_COL_INT, track.info.height),
    NUMBER("fps", ND_COL_REAL, track.info.fps),
    {.name = NULL},
};

/* ---- statements --------------------------------------------------------------- */

static const char *const texts[ND_SQL_N] = {
    [ND_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [ND_SQL_COMMIT] = "COMMIT",
    [ND_SQL_ROLLBACK] = "ROLLBACK",
    [ND_SQL_PUT_ROOT] = "INSERT OR IGNORE INTO roots (path) VALUES (?)",
    [ND_SQL_DROP_TRACK] = "DELETE FROM tracks WHERE path = ? OR id = ?",
    [ND_SQL_DROP_OTHER_TRACK] = "DELETE FROM tracks WHERE path = ? AND id <> ?",
    [ND_SQL_DROP_FAILURE] = "DELETE FROM failures WHERE path = ?",
    [ND_SQL_DROP_ROOT] = "DELETE FROM roots WHERE path = ?",
    [ND_SQL_PUT_TAG] = "INSERT INTO tags (track_id, tag) VALUES (?, ?)",
    [ND_SQL_PUT_FEATURE] = "INSERT INTO features (track_id, name, dtype, dims, data)"
                           " VALUES (?, ?, ?, ?, ?)",
    [ND_SQL_COPY_TAGS] = "INSERT INTO tags (track_id, tag)"
                         " SELECT ?, tag FROM tags WHERE track_id = ?",
    [ND_SQL_COPY_FEATURES] = "INSERT INTO features (track_id, name, dtype, dims, data)"
                             " SELECT ?, name, dtype, dims, data FROM features"
                             " WHERE track_id = ?",
    [ND_SQL_COPY_JOINT] = "INSERT INTO joint (track_id, model, n_rows, data)"
                          " SELECT ?, model, n_rows, data FROM joint WHERE track_id = ?",
    [ND_SQL_DROP_MODELS] = "DELETE FROM models",
    [ND_SQL_PUT_MODEL] = "INSERT INTO models (fingerprint, extractor, name, row_width, whole_width)"
                         " VALUES (?, ?, ?, ?, ?)",
    [ND_SQL_PUT_JOINT] = "INSERT OR REPLACE INTO joint (track_id, model, n_rows, data)"
                         " SELECT id, ?, ?, ? FROM tracks WHERE id = ?",
    [ND_SQL_MODEL] = "SELECT fingerprint, extractor, name, row_width, whole_width FROM models",
    [ND_SQL_MOVE_TRACK] = "UPDATE tracks SET path = ?, size_bytes = ?, mtime_ns = ?, hash = ?"
                          " WHERE id = ?",
    [ND_SQL_PUT_FAILURE] = "INSERT OR REPLACE INTO failures"
                           " (path, size_bytes, mtime_ns, hash, reason) VALUES (?, ?, ?, ?, ?)",
    [ND_SQL_TOUCH_FAILURE] = "UPDATE failures SET size_bytes = ?, mtime_ns = ?, hash = ?"
                             " WHERE path = ?",
    [ND_SQL_TAGS_OF] = "SELECT tag FROM tags WHERE track_id = ? ORDER BY tag",
    [ND_SQL_FEATURES_OF] = "SELECT name, dtype, dims, data FROM features"
                           " WHERE track_id = ? ORDER BY name",
    [ND_SQL_COUNT] = "SELECT (SELECT count(*) FROM tracks), (SELECT count(*) FROM failures)",
};

/* ", size_bytes, mtime_ns, .."; the columns of the file as `file`, the others as
 * `other`, each its own name where that is NULL. */
static void append_columns(nd_str *s, const char *file, const char *other)
{
    for (const nd_column *c = nd_sqlite_columns; c->name; c++) {
        bool is_file = c->offset - AT(file) < sizeof(nd_file_state);
        const char *text = is_file ? file : other;
        nd_str_append(s, ", %s", text ? text : c->name);
    }
}

char *nd_sqlite_select(const char *condition)
{
    nd_str s = {0};
    nd_str_append(&s, "SELECT id, path");
    append_columns(&s, NULL, NULL);
    nd_str_append(&s, " FROM tracks WHERE %s", condition);
    return nd_str_take(&s);
}

char *nd_sqlite_text(nd_sqlite_statement which)
{
    if (texts[which]) return strdup(texts[which]);
    if (which == ND_SQL_TRACK_OF) return nd_sqlite_select("id = ?");
    nd_str s = {0};
    nd_str_append(&s, "INSERT INTO tracks (id, path");
    append_columns(&s, NULL, NULL);
    nd_str_append(&s, which == ND_SQL_PUT_TRACK ? ") VALUES (?, ?" : ") SELECT ?, ?");
    append_columns(&s, "?", which == ND_SQL_PUT_TRACK ? "?" : NULL);
    nd_str_append(&s, which == ND_SQL_PUT_TRACK ? ")" : " FROM tracks WHERE id = ?");
    return nd_str_take(&s);
}

/* ---- filters ------------------------------------------------------------------ */

static void add_condition(nd_condition *c, const char *sql, nd_bind bind)
{
    bool is_text = bind.type == ND_BIND_TEXT || bind.type == ND_BIND_BLOB;
    if ((is_text && !bind.text) || nd_grow(&c->binds, &c->capacity, c->n, 1, sizeof bind)) {
        free(bind.text);
        c->failed = true;
        return;
    }
    c->binds[c->n++] = bind;
    nd_str_append(&c->sql, " AND %s", sql);
    c->failed = c->failed || c->sql.failed;
}

static void add_limit(nd_condition *c, const char *sql, double limit)
{
    if (limit > 0) add_condition(c, sql, (nd_bind){.type = ND_BIND_REAL, .real = limit});
}

static void add_number(nd_condition *c, const char *sql, int number)
{
    add_condition(c, sql, (nd_bind){.type = ND_BIND_INT, .number = number});
}

static void add_tags(nd_condition *c, const char *sql, const char *const *tags)
{
    for (int i = 0; tags && tags[i]; i++) {
        char tag[128];
        nd_tag_normalise(tag, sizeof tag, tags[i], strlen(tags[i]));
        add_condition(c, sql, (nd_bind){.type = ND_BIND_TEXT, .text = strdup(tag)});
    }
}

static void add_key(nd_condition *c, const char *text)
{
    int key = -1, is_minor = -1;
    if (!text || nd_key_parse(&key, &is_minor, text, NULL)) return;
    if (key >= 0) add_number(c, "key = ?", key);
    if (is_minor >= 0) add_number(c, "is_minor = ?", is_minor);
}

/* With * or ? a glob over the whole path, else a part of it, byte by byte. */
static void add_path(nd_condition *c, const char *path)
{
    if (!path) return;
    bool is_glob = strpbrk(path, "*?");
    const char *sql = is_glob ? "CAST(path AS TEXT) GLOB ?" : "instr(path, ?) > 0";
    add_condition(c, sql,
                  (nd_bind){.type = is_glob ? ND_BIND_TEXT : ND_BIND_BLOB, .text = strdup(path)});
}

void nd_condition_add_filter(nd_condition *c, const nd_filter *filter)
{
    if (!filter) return;
    add_limit(c, "tempo_bpm >= ?", filter->bpm_min);
    add_limit(c, "tempo_bpm <= ?", filter->bpm_max);
    add_limit(c, "duration_s >= ?", filter->duration_min_s);
    add_limit(c, "duration_s <= ?", filter->duration_max_s);
    add_tags(c, "id IN (SELECT track_id FROM tags WHERE tag = ?)", filter->tags);
    add_tags(c, "id NOT IN (SELECT track_id FROM tags WHERE tag = ?)", filter->not_tags);
    add_key(c, filter->key);
    if (filter->vocal) add_number(c, "vocal = ?", filter->vocal > 0);
    add_path(c, filter->path);
}

void nd_condition_deinit(nd_condition *c)
{
    for (size_t i = 0; i < c->n; i++) free(c->binds[i].text);
    free(c->binds);
    nd_str_deinit(&c->sql);
    *c = (nd_condition){0};
}
