/* What a matching model made of tracks, in and out of a SQLite library. */
#include <string.h>

#include "match/stores/sqlite/db.h"
#include "match/stores/sqlite/joint.h"

int nd__sqlite_put_model(nd_store *s, const nd_stored_model *m, nd_diag *diag)
{
    int rc = nd__sqlite_run(s, diag, ND_SQL_BEGIN, "");
    if (!rc) rc = nd__sqlite_run(s, diag, ND_SQL_DROP_MODELS, "");
    if (!rc)
        rc = nd__sqlite_run(s, diag, ND_SQL_PUT_MODEL, "iitii", (int64_t)m->fingerprint,
                            (int64_t)m->extractor, m->name, m->W, m->U);
    return nd__sqlite_end(s, rc, diag);
}

int nd__sqlite_put_joint(nd_store *s, const nd_stored_joint *joint, nd_diag *diag)
{
    sqlite3_stmt *st;
    int rc = nd__sqlite_get(&st, s, ND_SQL_PUT_JOINT, diag);
    if (rc) return rc;
    rc = sqlite3_bind_int64(st, 1, (int64_t)joint->model);
    if (!rc) rc = sqlite3_bind_int64(st, 2, joint->n_rows);
    if (!rc) rc = sqlite3_bind_blob64(st, 3, joint->data, joint->bytes, SQLITE_STATIC);
    if (!rc) rc = sqlite3_bind_int64(st, 4, joint->track_id);
    rc = rc ? nd__sqlite_fail(s, "writing", diag) : nd__sqlite_finish(s, st, diag);
    if (!rc && sqlite3_changes(s->db) == 0)
        rc = nd_diag_set(diag, ND_ENOTFOUND, "storing rows of track %lld: it is not in library %s",
                         (long long)joint->track_id, s->name);
    return rc;
}

int nd__sqlite_get_model(nd_stored_model *out, nd_store *s, nd_diag *diag)
{
    sqlite3_stmt *st;
    int rc = nd__sqlite_get(&st, s, ND_SQL_MODEL, diag);
    if (rc) return rc;
    int step = sqlite3_step(st);
    if (step == SQLITE_ROW) {
        const char *name = nd__sqlite_text_at(st, 2);
        *out = (nd_stored_model){.fingerprint = (uint64_t)sqlite3_column_int64(st, 0),
                                 .extractor = (uint64_t)sqlite3_column_int64(st, 1),
                                 .W = sqlite3_column_int64(st, 3),
                                 .U = sqlite3_column_int64(st, 4)};
        nd_text_clean(out->name, sizeof out->name, name, strlen(name));
    } else if (step == SQLITE_DONE) {
        rc = nd_diag_set(diag, ND_ENOTFOUND, "library %s: not embedded by a model yet", s->name);
    } else {
        rc = nd__sqlite_fail(s, "reading", diag);
    }
    sqlite3_reset(st);
    return rc;
}

/* A walk under way. */
typedef struct {
    uint64_t model;
    nd_visit_joint *joint;
    nd_visit_path *path;
    void *user;
} walk;

static int joint_row(void *user, sqlite3_stmt *st)
{
    const walk *w = user;
    nd_stored_joint joint = {.track_id = sqlite3_column_int64(st, 0),
                             .model = w->model,
                             .n_rows = sqlite3_column_int64(st, 1),
                             .data = sqlite3_column_blob(st, 2),
                             .bytes = (size_t)sqlite3_column_bytes(st, 2)};
    return w->joint(w->user, &joint);
}

static int path_row(void *user, sqlite3_stmt *st)
{
    const walk *w = user;
    return w->path(w->user, sqlite3_column_int64(st, 0), nd__sqlite_text_at(st, 1));
}

/* A walk over the table alone, unless tracks are asked about. */
static char *joint_sql(const nd_condition *c)
{
    nd_str sql = {0};
    nd_str_append(&sql, "SELECT track_id, n_rows, data FROM joint WHERE ");
    if (c->n) nd_str_append(&sql, "track_id IN (SELECT id FROM tracks WHERE %s) AND ", c->sql.text);
    nd_str_append(&sql, "model = ? ORDER BY track_id");
    return nd_str_take(&sql);
}

int nd__sqlite_each_joint(nd_store *s, const nd_filter *filter, uint64_t fingerprint,
                          nd_visit_joint *visit, void *user, nd_diag *diag)
{
    walk w = {.model = fingerprint, .joint = visit, .user = user};
    sqlite3_stmt *st = NULL;
    nd_condition c = {0};
    nd_str_append(&c.sql, "1");
    nd_condition_add_filter(&c, filter);
    int rc = c.failed || c.sql.failed ? nd__sqlite_no_memory(s, "reading", diag) : 0;
    if (!rc) rc = nd__sqlite_prepare(&st, s, joint_sql(&c), diag);
    if (!rc && (nd__sqlite_bind_condition(st, &c) ||
                sqlite3_bind_int64(st, (int)c.n + 1, (int64_t)fingerprint)))
        rc = nd__sqlite_fail(s, "reading", diag);
    if (!rc) rc = nd__sqlite_each_row(s, st, joint_row, &w, diag);
    sqlite3_finalize(st);
    nd_condition_deinit(&c);
    return rc;
}

int nd__sqlite_each_without_joint(nd_store *s, uint64_t fingerprint, nd_visit_path *visit,
                                  void *user, nd_diag *diag)
{
    static const char sql[] = "SELECT id, path FROM tracks WHERE NOT EXISTS (SELECT 1 FROM joint"
                              " WHERE track_id = id AND model = ?) ORDER BY id";
    walk w = {.path = visit, .user = user};
    sqlite3_stmt *st = NULL;
    int rc = nd__sqlite_prepare(&st, s, strdup(sql), diag);
    if (!rc && sqlite3_bind_int64(st, 1, (int64_t)fingerprint))
        rc = nd__sqlite_fail(s, "reading", diag);
    if (!rc) rc = nd__sqlite_each_row(s, st, path_row, &w, diag);
    sqlite3_finalize(st);
    return rc;
}
