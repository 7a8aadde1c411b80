/* A library in one SQLite file: records in and out. Opening is in sqlite/db.c, the
 * SQL in sqlite/sql.c, the tables in docs/storage.md. */
#include <errno.h>
#include <string.h>

#include "match/match.h"
#include "match/stores/sqlite/db.h"
#include "match/stores/sqlite/joint.h"

/* Arrays lie in the file as they lie in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "features are little-endian");

static bool sqlite_claims(const char *where)
{
    return !strstr(where, "://");
}

/* ---- writing --------------------------------------------------------------------- */

static int bind_column(sqlite3_stmt *st, int at, const nd_column *c, const nd_record *r)
{
    const void *member = (const char *)r + c->offset;
    double x = 0;
    int64_t n = 0;
    switch (c->type) {
    case ND_COL_TEXT: return sqlite3_bind_text(st, at, member, -1, SQLITE_STATIC);
    case ND_COL_INT: n = *(const int *)member; break;
    case ND_COL_I64: n = *(const int64_t *)member; break;
    case ND_COL_BOOL: n = *(const bool *)member; break;
    case ND_COL_REAL: x = *(const double *)member; break;
    }
    bool is_real = c->type == ND_COL_REAL;
    if (c->is_nullable && (is_real ? x == c->none : n == c->none)) return sqlite3_bind_null(st, at);
    return is_real ? nd__sqlite_bind_real(st, at, x) : sqlite3_bind_int64(st, at, n);
}

static int put_row(nd_store *s, const nd_record *r, nd_diag *diag)
{
    sqlite3_stmt *st;
    int rc = nd__sqlite_get(&st, s, ND_SQL_PUT_TRACK, diag);
    if (rc) return rc;
    rc = sqlite3_bind_int64(st, 1, r->track.id);
    if (!rc) rc = nd__sqlite_bind_path(st, 2, r->track.path);
    for (int i = 0; !rc && nd_sqlite_columns[i].name; i++)
        rc = bind_column(st, i + 3, &nd_sqlite_columns[i], r);
    return rc ? nd__sqlite_fail(s, "writing", diag) : nd__sqlite_finish(s, st, diag);
}

static const char *const dtype_names[] = {[ND_F32] = "f32", [ND_I32] = "i32", [ND_U8] = "u8"};

static int put_feature(nd_store *s, int64_t id, const nd_array *a, nd_diag *diag)
{
    char dims[ND_ARRAY_MAX_DIMS * 21 + 1] = "";
    for (int i = 0, n = 0; i < a->n_dims; i++)
        n += snprintf(dims + n, sizeof dims - (size_t)n, i ? ",%lld" : "%lld",
                      (long long)a->dims[i]);
    uint64_t bytes = (uint64_t)nd_array_count(a) * nd_dtype_bytes(a->dtype);
    sqlite3_stmt *st;
    int rc = nd__sqlite_get(&st, s, ND_SQL_PUT_FEATURE, diag);
    if (rc) return rc;
    rc = sqlite3_bind_int64(st, 1, id);
    if (!rc) rc = sqlite3_bind_text(st, 2, a->name, -1, SQLITE_STATIC);
    if (!rc) rc = sqlite3_bind_text(st, 3, dtype_names[a->dtype], -1, SQLITE_STATIC);
    if (!rc) rc = sqlite3_bind_text(st, 4, dims, -1, SQLITE_STATIC);
    if (!rc) rc = sqlite3_bind_blob64(st, 5, bytes ? a->data : "", bytes, SQLITE_STATIC);
    return rc ? nd__sqlite_fail(s, "writing", diag) : nd__sqlite_finish(s, st, diag);
}

static int sqlite_put_track(nd_store *s, const nd_record *r, const nd_description *features,
                            nd_diag *diag)
{
    int rc = nd__sqlite_run(s, diag, ND_SQL_BEGIN, "");
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_TRACK, "pi", r->track.path, r->track.id);
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_FAILURE, "p", r->track.path);
    if (!rc) rc = put_row(s, r, diag);
    for (int i = 0; !rc && r->track.tags && r->track.tags[i]; i++)
        rc = nd__sqlite_run(s, diag, ND_SQL_PUT_TAG, "it", r->track.id, r->track.tags[i]);
    const nd_array *a;
    for (int i = 0; !rc && (a = nd_description_at(features, i)); i++)
        rc = put_feature(s, r->track.id, a, diag);
    return nd__sqlite_end(s, rc, diag);
}

static int sqlite_copy_track(nd_store *s, int64_t from_id, const nd_known *to, nd_diag *diag)
{
    const nd_file_state *f = &to->file;
    int rc = nd__sqlite_run(s, diag, ND_SQL_BEGIN, "");
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_TRACK, "pi", to->path, to->id);
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_FAILURE, "p", to->path);
    if (!rc)
        rc = nd__sqlite_run(s, diag, ND_SQL_COPY_TRACK, "ipiihi", to->id, to->path, f->size_bytes,
                            f->mtime_ns, f->hash, from_id);
    if (!rc && sqlite3_changes(s->db) == 0)
        rc = nd_diag_set(diag, ND_ENOTFOUND, "copying track %lld: it is not in library %s",
                         (long long)from_id, s->name);
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_COPY_TAGS, "ii", to->id, from_id);
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_COPY_FEATURES, "ii", to->id, from_id);
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_COPY_JOINT, "ii", to->id, from_id);
    return nd__sqlite_end(s, rc, diag);
}

static int sqlite_move_track(nd_store *s, const nd_known *to, nd_diag *diag)
{
    const nd_file_state *f = &to->file;
    int rc = nd__sqlite_run(s, diag, ND_SQL_BEGIN, "");
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_OTHER_TRACK, "pi", to->path, to->id);
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_FAILURE, "p", to->path);
    if (!rc)
        rc = nd__sqlite_run(s, diag, ND_SQL_MOVE_TRACK, "piihi", to->path, f->size_bytes,
                            f->mtime_ns, f->hash, to->id);
    return nd__sqlite_end(s, rc, diag);
}

static int sqlite_put_failure(nd_store *s, const char *path, const nd_file_state *f,
                              const char *reason, nd_diag *diag)
{
    int rc = nd__sqlite_run(s, diag, ND_SQL_BEGIN, "");
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_TRACK, "pi", path, (int64_t)0);
    if (!rc)
        rc = nd__sqlite_run(s, diag, ND_SQL_PUT_FAILURE, "piiht", path, f->size_bytes, f->mtime_ns,
                            f->hash, reason);
    return nd__sqlite_end(s, rc, diag);
}

static int sqlite_touch_failure(nd_store *s, const char *path, const nd_file_state *f,
                                nd_diag *diag)
{
    return nd__sqlite_run(s, diag, ND_SQL_TOUCH_FAILURE, "iihp", f->size_bytes, f->mtime_ns,
                          f->hash, path);
}

static int sqlite_remove(nd_store *s, const char *path, nd_diag *diag)
{
    int rc = nd__sqlite_run(s, diag, ND_SQL_BEGIN, "");
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_TRACK, "pi", path, (int64_t)0);
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_FAILURE, "p", path);
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_ROOT, "p", path);
    return nd__sqlite_end(s, rc, diag);
}

static int sqlite_put_root(nd_store *s, const char *path, nd_diag *diag)
{
    return nd__sqlite_run(s, diag, ND_SQL_PUT_ROOT, "p", path);
}

/* ---- reading --------------------------------------------------------------------- */

static int sqlite_count(nd_store *s, int64_t *n_tracks_out, int64_t *n_failures_out, nd_diag *diag)
{
    sqlite3_stmt *st;
    int rc = nd__sqlite_get(&st, s, ND_SQL_COUNT, diag);
    if (rc) return rc;
    if (sqlite3_step(st) != SQLITE_ROW) return nd__sqlite_fail(s, "reading", diag);
    *n_tracks_out = sqlite3_column_int64(st, 0);
    *n_failures_out = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return 0;
}

/* Rows of a cached statement that asks for an id. */
static int each_row_of_id(nd_store *s, nd_sqlite_statement which, int64_t id,
                          int (*row)(void *user, sqlite3_stmt *st), void *user, nd_diag *diag)
{
    sqlite3_stmt *st;
    int rc = nd__sqlite_get(&st, s, which, diag);
    if (!rc && sqlite3_bind_int64(st, 1, id)) rc = nd__sqlite_fail(s, "reading", diag);
    if (rc) return rc;
    rc = nd__sqlite_each_row(s, st, row, user, diag);
    sqlite3_reset(st);
    return rc;
}

/* A listing under way: which store, whose visitor. */
typedef struct {
    nd_store *s;
    nd_diag *diag;
    void *user;
    nd_visit_path *path;
    nd_visit_known *known;
    nd_visit_track *track;
    nd_visit_brief *brief;
    nd_visit_failure *failure;
} listing;

/* Each listing has a statement of its own, so that a visitor may list too. */
static int list(listing *l, const char *sql, int (*row)(void *user, sqlite3_stmt *st))
{
    sqlite3_stmt *st = NULL;
    int rc = nd__sqlite_prepare(&st, l->s, strdup(sql), l->diag);
    if (!rc) rc = nd__sqlite_each_row(l->s, st, row, l, l->diag);
    sqlite3_finalize(st);
    return rc;
}

static int path_row(void *user, sqlite3_stmt *st)
{
    listing *l = user;
    return l->path(l->user, sqlite3_column_int64(st, 0), nd__sqlite_text_at(st, 1));
}

static int known_row(void *user, sqlite3_stmt *st)
{
    listing *l = user;
    nd_known k = {.path = nd__sqlite_text_at(st, 0),
                  .id = sqlite3_column_int64(st, 1),
                  .file = {.size_bytes = sqlite3_column_int64(st, 2),
                           .mtime_ns = sqlite3_column_int64(st, 3),
                           .hash = (uint64_t)sqlite3_column_int64(st, 4)},
                  .analysis = sqlite3_column_int(st, 5)};
    return l->known(l->user, &k);
}

static int failure_row(void *user, sqlite3_stmt *st)
{
    listing *l = user;
    return l->failure(l->user, &(nd_failure){.path = nd__sqlite_text_at(st, 0),
                                             .reason = nd__sqlite_text_at(st, 1)});
}

static int sqlite_each_root(nd_store *s, nd_visit_path *visit, void *user, nd_diag *diag)
{
    listing l = {.s = s, .diag = diag, .user = user, .path = visit};
    return list(&l, "SELECT 0, path FROM roots ORDER BY path", path_row);
}

static int sqlite_each_known(nd_store *s, nd_visit_known *visit, void *user, nd_diag *diag)
{
    listing l = {.s = s, .diag = diag, .user = user, .known = visit};
    return list(&l,
                "SELECT path, id, size_bytes, mtime_ns, hash, analysis FROM tracks UNION ALL "
                "SELECT path, 0, size_bytes, mtime_ns, hash, 0 FROM failures ORDER BY path",
                known_row);
}

static int sqlite_each_failure(nd_store *s, nd_visit_failure *visit, void *user, nd_diag *diag)
{
    listing l = {.s = s, .diag = diag, .user = user, .failure = visit};
    return list(&l, "SELECT path, reason FROM failures ORDER BY path", failure_row);
}

static int sqlite_each_ending(nd_store *s, const char *ending, nd_visit_path *visit, void *user,
                              nd_diag *diag)
{
    listing l = {.s = s, .diag = diag, .user = user, .path = visit};
    sqlite3_stmt *st = NULL;
    int rc = nd__sqlite_prepare(&st, s,
                                strdup("SELECT id, path FROM tracks WHERE path = ?1 OR"
                                       " substr(path, -length(?2)) = ?2 ORDER BY path"),
                                diag);
    nd_str slashed = {0};
    nd_str_append(&slashed, "/%s", ending);
    char *tail = nd_str_take(&slashed);
    if (!rc && !tail) rc = nd__sqlite_no_memory(s, "reading", diag);
    if (!rc && (nd__sqlite_bind_path(st, 1, ending) || nd__sqlite_bind_path(st, 2, tail)))
        rc = nd__sqlite_fail(s, "reading", diag);
    if (!rc) rc = nd__sqlite_each_row(s, st, path_row, &l, diag);
    sqlite3_finalize(st);
    free(tail);
    return rc;
}

static void read_column(nd_record *r, sqlite3_stmt *st, int at, const nd_column *c)
{
    void *member = (char *)r + c->offset;
    const char *text;
    bool is_null = c->is_nullable && sqlite3_column_type(st, at) == SQLITE_NULL;
    double x = is_null ? c->none : sqlite3_column_double(st, at);
    int64_t n = is_null ? (int64_t)c->none : sqlite3_column_int64(st, at);
    switch (c->type) {
    case ND_COL_TEXT:
        text = nd__sqlite_text_at(st, at);
        nd_text_clean(member, c->bytes, text, strlen(text));
        break;
    case ND_COL_INT: *(int *)member = (int)n; break;
    case ND_COL_I64: *(int64_t *)member = n; break;
    case ND_COL_BOOL: *(bool *)member = n != 0; break;
    case ND_COL_REAL: *(double *)member = x; break;
    }
}

/* The row of nd_sqlite_select; path is borrowed until the next step. */
static void read_record(nd_record *r, sqlite3_stmt *st)
{
    r->track.id = sqlite3_column_int64(st, 0);
    r->track.path = nd__sqlite_text_at(st, 1);
    for (int i = 0; nd_sqlite_columns[i].name; i++)
        read_column(r, st, i + 2, &nd_sqlite_columns[i]);
    r->track.info.size_bytes = r->file.size_bytes;
}

/* The tags of one track, NULL last. */
typedef struct {
    char **tags;
    size_t n, capacity;
} tag_list;

static int tag_row(void *user, sqlite3_stmt *st)
{
    tag_list *list = user;
    if (nd_grow(&list->tags, &list->capacity, list->n, 2, sizeof *list->tags)) return ND_ENOMEM;
    list->tags[list->n] = strdup(nd__sqlite_text_at(st, 0));
    list->tags[list->n + 1] = NULL;
    return list->tags[list->n++] ? 0 : ND_ENOMEM;
}

static void free_tags(tag_list *list)
{
    for (size_t i = 0; i < list->n; i++) free(list->tags[i]);
    free(list->tags);
}

/* Show a record with its tags. */
static int visit_record(listing *l, nd_record *r)
{
    static const char *const none[] = {NULL};
    tag_list list = {0};
    int rc = each_row_of_id(l->s, ND_SQL_TAGS_OF, r->track.id, tag_row, &list, l->diag);
    if (rc == ND_ENOMEM) nd__sqlite_no_memory(l->s, "reading", l->diag);
    r->track.tags = list.n ? (const char *const *)list.tags : none;
    if (!rc) rc = l->track(l->user, &r->track);
    free_tags(&list);
    return rc;
}

static int track_row(void *user, sqlite3_stmt *st)
{
    nd_record r = {0};
    read_record(&r, st);
    return visit_record(user, &r);
}

static int brief_row(void *user, sqlite3_stmt *st)
{
    listing *l = user;
    return l->brief(l->user, &(nd_brief){.id = sqlite3_column_int64(st, 0),
                                         .tempo_bpm = sqlite3_column_double(st, 1),
                                         .loudness_lufs = sqlite3_column_double(st, 2),
                                         .is_minor = sqlite3_column_int(st, 3)});
}

static char *select_briefs(const char *condition)
{
    nd_str s = {0};
    nd_str_append(&s,
                  "SELECT id, ifnull(tempo_bpm, 0), ifnull(loudness_lufs, 0), ifnull(is_minor, -1)"
                  " FROM tracks WHERE %s",
                  condition);
    return nd_str_take(&s);
}

/* Rows of tracks that pass a filter.
 * @param select  makes the statement of a condition, as nd_sqlite_select */
static int list_filtered(listing *l, const nd_filter *filter, char *(*select)(const char *),
                         const char *order, int (*row)(void *user, sqlite3_stmt *st))
{
    sqlite3_stmt *st = NULL;
    nd_condition c = {0};
    nd_str_append(&c.sql, "1");
    nd_condition_add_filter(&c, filter);
    nd_str_append(&c.sql, " ORDER BY %s", order);
    int rc = c.failed || c.sql.failed ? nd__sqlite_no_memory(l->s, "reading", l->diag) : 0;
    if (!rc) rc = nd__sqlite_prepare(&st, l->s, select(c.sql.text), l->diag);
    if (!rc && nd__sqlite_bind_condition(st, &c)) rc = nd__sqlite_fail(l->s, "reading", l->diag);
    if (!rc) rc = nd__sqlite_each_row(l->s, st, row, l, l->diag);
    sqlite3_finalize(st);
    nd_condition_deinit(&c);
    return rc;
}

static int sqlite_each_track(nd_store *s, const nd_filter *filter, nd_visit_track *visit,
                             void *user, nd_diag *diag)
{
    listing l = {.s = s, .diag = diag, .user = user, .track = visit};
    return list_filtered(&l, filter, nd_sqlite_select, "path", track_row);
}

static int sqlite_each_brief(nd_store *s, const nd_filter *filter, nd_visit_brief *visit,
                             void *user, nd_diag *diag)
{
    listing l = {.s = s, .diag = diag, .user = user, .brief = visit};
    return list_filtered(&l, filter, select_briefs, "id", brief_row);
}

/* A record that outlives its row: the cached statement is free again for the visitor's calls. */
typedef struct {
    nd_record r;
    char *path;
} kept_record;

static int kept_row(void *user, sqlite3_stmt *st)
{
    kept_record *k = user;
    read_record(&k->r, st);
    k->r.track.path = k->path = strdup(k->r.track.path);
    return k->path ? 0 : ND_ENOMEM;
}

static int sqlite_get_track(nd_store *s, int64_t id, nd_visit_track *visit, void *user,
                            nd_diag *diag)
{
    listing l = {.s = s, .diag = diag, .user = user, .track = visit};
    kept_record k = {0};
    int rc = each_row_of_id(s, ND_SQL_TRACK_OF, id, kept_row, &k, diag);
    if (rc == ND_ENOMEM) nd__sqlite_no_memory(s, "reading", diag);
    if (!rc && !k.path)
        rc = nd_diag_set(diag, ND_ENOTFOUND, "looking for track %lld: it is not in library %s",
                         (long long)id, s->name);
    if (!rc) rc = visit_record(&l, &k.r);
    free(k.path);
    return rc;
}

/* ---- features back --------------------------------------------------------------- */

/* "3,224,896" into a->dims; "" is a scalar. @return false when it is neither. */
static bool parse_dims(nd_array *a, const char *text)
{
    for (a->n_dims = 0; *text; a->n_dims++) {
        if (a->n_dims == ND_ARRAY_MAX_DIMS || *text < '0' || *text > '9') return false;
        char *end;
        errno = 0;
        long long dim = strtoll(text, &end, 10);
        if (errno || (*end && (*end != ',' || !end[1]))) return false;
        a->dims[a->n_dims] = dim;
        text = *end ? end + 1 : end;
    }
    return true;
}

static nd_dtype parse_dtype(const char *text)
{
    for (size_t i = 1; i < ND_COUNT(dtype_names); i++)
        if (!strcmp(text, dtype_names[i])) return (nd_dtype)i;
    return 0;
}

/* A description being loaded. */
typedef struct {
    nd_description *d;
    const char *const *names; /* of the arrays, NULL last; NULL: all */
} loading;

static bool is_named(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (!strcmp(*names, name)) return true;
    return false;
}

/* One row of features, checked: a library may come from anywhere. */
static int feature_row(void *user, sqlite3_stmt *st)
{
    const loading *l = user;
    nd_description *d = l->d;
    if (l->names && !is_named(l->names, nd__sqlite_text_at(st, 0))) return 0;
    nd_array a = {.dtype = parse_dtype(nd__sqlite_text_at(st, 1))};
    const char *name = nd__sqlite_text_at(st, 0);
    const void *data = sqlite3_column_blob(st, 3);
    size_t bytes = (size_t)sqlite3_column_bytes(st, 3);
    if (!a.dtype || !parse_dims(&a, nd__sqlite_text_at(st, 2))) return ND_EFORMAT;
    if (!*name || strlen(name) >= sizeof a.name || nd_description_find(d, name)) return ND_EFORMAT;
    int64_t n = nd_array_count(&a);
    if (n < 0 || (uint64_t)n * nd_dtype_bytes(a.dtype) != bytes) return ND_EFORMAT;
    nd_array *added = nd_description_add(d, name, a.dtype, a.n_dims, a.dims);
    if (!added) return ND_ENOMEM;
    if (bytes) memcpy(added->data, data, bytes);
    return 0;
}

static int record_row(void *user, sqlite3_stmt *st)
{
    nd_record *r = user;
    read_record(r, st);
    return 0;
}

static int sqlite_load(nd_description **out, nd_store *s, int64_t id, const char *const *names,
                       nd_diag *diag)
{
    nd_record r = {0};
    int rc = each_row_of_id(s, ND_SQL_TRACK_OF, id, record_row, &r, diag);
    if (rc) return rc;
    if (!r.track.id)
        return nd_diag_set(diag, ND_ENOTFOUND, "loading track %lld: it is not in library %s",
                           (long long)id, s->name);
    nd_description *d = nd_calloc(1, sizeof *d);
    if (!d) return nd__sqlite_no_memory(s, "reading", diag);
    d->info = r.track.info;
    d->medium = ND_MUSIC;
    d->is_cut = r.is_cut;
    d->analysed_s = r.analysed_s;
    rc = each_row_of_id(s, ND_SQL_FEATURES_OF, id, feature_row, &(loading){d, names}, diag);
    if (rc == ND_EFORMAT)
        nd_diag_set(diag, rc,
                    "loading track %lld of library %s: a feature whose size fits its dimensions "
                    "expected, found another",
                    (long long)id, s->name);
    if (rc == ND_ENOMEM) nd__sqlite_no_memory(s, "reading", diag);
    if (rc) nd_description_destroy(&d);
    else *out = d;
    return rc;
}

const nd_store_ops nd_store_sqlite = {
    .name = "sqlite",
    .summary = "a library in one file, for one machine",
    .claims = sqlite_claims,
    .open = nd__sqlite_open,
    .close = nd__sqlite_close,
    .put_root = sqlite_put_root,
    .put_track = sqlite_put_track,
    .copy_track = sqlite_copy_track,
    .move_track = sqlite_move_track,
    .put_failure = sqlite_put_failure,
    .touch_failure = sqlite_touch_failure,
    .remove = sqlite_remove,
    .put_model = nd__sqlite_put_model,
    .put_joint = nd__sqlite_put_joint,
    .count = sqlite_count,
    .each_root = sqlite_each_root,
    .each_known = sqlite_each_known,
    .each_track = sqlite_each_track,
    .each_brief = sqlite_each_brief,
    .each_failure = sqlite_each_failure,
    .each_ending = sqlite_each_ending,
    .get_track = sqlite_get_track,
    .get_model = nd__sqlite_get_model,
    .each_joint = nd__sqlite_each_joint,
    .each_without_joint = nd__sqlite_each_without_joint,
    .load = sqlite_load,
};
