/* Who takes part, what they are asked and in which order, what they answer. */
#include <string.h>
#include <time.h>

#include "serve/study.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- who it is ---------------------------------------- */

static int take_person(void *user, const nd_db_row *row)
{
    nd__study_person *p = user;
    p->id = nd_db_int(row, 0);
    snprintf(p->token, sizeof p->token, "%s", nd_db_text(row, 1));
    return 0;
}

int nd__study_find(nd__study_person *out, nd__study *s, const nd__study_guest *guest, nd_diag *diag)
{
    static const char by_invite[] = "SELECT id, token FROM people JOIN invites ON person = id "
                                    "WHERE code = ?",
                      by_token[] = "SELECT id, token FROM people WHERE token = ?";
    bool is_invited = guest->invite[0] != '\0';
    nd__study_person found = {0};
    int rc = nd_db_each(s->db, take_person, &found, diag, is_invited ? by_invite : by_token, "t",
                        is_invited ? guest->invite : guest->token);
    if (!rc) *out = found;
    return rc;
}

int nd__study_needs_invite(bool *out, nd__study *s, nd_diag *diag)
{
    int64_t n = 0;
    int rc = nd_db_number(&n, s->db, diag, "SELECT EXISTS (SELECT 1 FROM invites)", "");
    if (!rc) *out = n != 0;
    return rc;
}

/* ---- coming in ---------------------------------------- */

static void shuffle(int64_t *x, size_t n, nd_rng *rng)
{
    for (size_t i = n; i-- > 1;) {
        size_t k = (size_t)nd_rng_int(rng, 0, (int)i);
        int64_t kept = x[i];
        x[i] = x[k];
        x[k] = kept;
    }
}

typedef struct {
    int64_t *items;
    size_t n, capacity;
} ids;

static int take_id(void *user, const nd_db_row *row)
{
    ids *list = user;
    if (nd_grow(&list->items, &list->capacity, list->n, 1, sizeof *list->items)) return ND_ENOMEM;
    list->items[list->n++] = nd_db_int(row, 0);
    return 0;
}

/* One question: the versions of a video in an order of its own. */
static int add_question(nd__study *s, int64_t person, int place, int64_t video, bool is_repeat,
                        nd_rng *rng, nd_diag *diag)
{
    ids versions = {0};
    int rc = nd_db_run(s->db, diag,
                       "INSERT INTO questions (person, place, video, is_repeat) "
                       "VALUES (?, ?, ?, ?)",
                       "iiii", person, (int64_t)place, video, (int64_t)is_repeat);
    if (!rc)
        rc = nd_db_each(s->db, take_id, &versions, diag,
                        "SELECT id FROM versions WHERE video = ? ORDER BY id", "i", video);
    shuffle(versions.items, versions.n, rng);
    for (size_t i = 0; i < versions.n && !rc; i++)
        rc = nd_db_run(s->db, diag, "INSERT INTO shown VALUES (?, ?, ?, ?)", "iiii", person,
                       (int64_t)place, (int64_t)i, versions.items[i]);
    free(versions.items);
    return rc;
}

/* Every video that differs, in an order of this person's; the first once more at the end. */
static int add_questions(nd__study *s, int64_t person, nd_diag *diag)
{
    ids videos = {0};
    nd_rng rng;
    nd_rng_init(&rng, s->seed, (uint64_t)person);
    int rc = nd_db_each(s->db, take_id, &videos, diag,
                        "SELECT id FROM videos WHERE n_versions > 1 ORDER BY id", "");
    shuffle(videos.items, videos.n, &rng);
    for (size_t i = 0; i < videos.n && !rc; i++)
        rc = add_question(s, person, (int)i + 1, videos.items[i], false, &rng, diag);
    if (!rc && videos.n >= ND__STUDY_MIN_FOR_REPEAT)
        rc = add_question(s, person, (int)videos.n + 1, videos.items[0], true, &rng, diag);
    free(videos.items);
    return rc;
}

static int check_room(nd__study *s, nd_diag *diag)
{
    int64_t n = 0;
    int rc = nd_db_number(&n, s->db, diag, "SELECT COUNT(*) FROM people", "");
    if (rc || n < ND__STUDY_MAX_PEOPLE) return rc;
    return nd_diag_set(diag, ND_ELIMIT, "study %s: %d people took part, no more are taken in",
                       s->folder, ND__STUDY_MAX_PEOPLE);
}

/* The code is used up by this person, where codes are wanted. */
static int use_invite(nd__study *s, const nd__study_guest *guest, int64_t person, nd_diag *diag)
{
    bool is_needed = false;
    int rc = nd__study_needs_invite(&is_needed, s, diag);
    if (rc || !is_needed) return rc;
    rc = nd_db_run(s->db, diag, "UPDATE invites SET person = ? WHERE code = ? AND person IS NULL",
                   "it", person, guest->invite);
    if (!rc && nd_db_changes(s->db) != 1)
        rc = nd_diag_set(diag, ND_ENOTFOUND, "study %s: an unused invitation expected", s->folder);
    return rc;
}

static int add_person(nd__study_person *p, nd__study *s, const nd__study_guest *guest, int theory,
                      int habit, nd_diag *diag)
{
    static const char sql[] = "INSERT INTO people (token, address, begun_at, theory, habit) "
                              "VALUES (?, NULLIF(?, 0), ?, ?, ?)";
    int rc = check_room(s, diag);
    if (!rc)
        rc = nd_db_run(s->db, diag, sql, "tiiii", p->token, (int64_t)guest->address, (int64_t)now(),
                       (int64_t)theory, (int64_t)habit);
    if (rc) return rc;
    p->id = nd_db_last_id(s->db);
    rc = use_invite(s, guest, p->id, diag);
    return rc ? rc : add_questions(s, p->id, diag);
}

int nd__study_enter(nd__study_person *out, nd__study *s, const nd__study_guest *guest, int theory,
                    int habit, nd_diag *diag)
{
    nd__study_person p = {0};
    int rc = nd__study_random_code(p.token, diag);
    if (!rc) rc = nd_db_begin(s->db, diag);
    if (rc) return rc;
    rc = add_person(&p, s, guest, theory, habit, diag);
    rc = nd_db_end(s->db, rc, diag);
    if (!rc) *out = p;
    return rc;
}

/* ---- questions ---------------------------------------- */

typedef struct {
    nd__study_question *q;
    double listen_s;
    bool is_shown;
} taking;

static int take_question(void *user, const nd_db_row *row)
{
    taking *t = user;
    t->q->place = (int)nd_db_int(row, 0);
    t->is_shown = !nd_db_is_null(row, 1);
    t->q->shown_s = t->is_shown ? ND_MAX(0, now() - nd_db_real(row, 1)) : 0;
    t->q->listen_s = ND_MIN(t->listen_s, nd_db_real(row, 2));
    t->q->n = (int)nd_db_int(row, 3);
    return 0;
}

static int take_version(void *user, const nd_db_row *row)
{
    nd__study_question *q = user;
    if (q->n_versions == ND_STUDY_MAX_SYSTEMS) return ND_EFORMAT;
    q->versions[q->n_versions] = nd_db_int(row, 0);
    snprintf(q->files[q->n_versions++], ND__STUDY_NAME_BYTES, "%s", nd_db_text(row, 1));
    return 0;
}

int nd__study_next(nd__study_question *out, nd__study *s, int64_t person, nd_diag *diag)
{
    nd__study_question q = {0};
    taking t = {&q, s->listen_s, false};
    int rc = nd_db_each(s->db, take_question, &t, diag,
                        "SELECT place, shown_at, length_s, (SELECT COUNT(*) FROM questions "
                        "WHERE person = ?1) FROM questions q JOIN videos v ON v.id = q.video "
                        "WHERE person = ?1 AND answered_at IS NULL ORDER BY place LIMIT 1",
                        "i", person);
    if (!rc && q.place)
        rc = nd_db_each(s->db, take_version, &q, diag,
                        "SELECT id, file FROM shown JOIN versions ON version = id "
                        "WHERE person = ? AND place = ? ORDER BY position",
                        "ii", person, (int64_t)q.place);
    if (!rc && q.place && !t.is_shown)
        rc = nd_db_run(s->db, diag,
                       "UPDATE questions SET shown_at = ? WHERE person = ? AND place = ?", "dii",
                       now(), person, (int64_t)q.place);
    if (!rc) *out = q;
    return rc;
}

int nd__study_answer(nd__study *s, int64_t person, const nd__study_question *q, int choice,
                     nd_diag *diag)
{
    int rc = nd_db_run(s->db, diag,
                       "UPDATE questions SET answered_at = ?, position = ? "
                       "WHERE person = ? AND place = ? AND answered_at IS NULL",
                       "diii", now(), (int64_t)choice, person, (int64_t)q->place);
    if (!rc && nd_db_changes(s->db) != 1)
        rc = nd_diag_set(diag, ND_EBUSY, "study %s: question %d was answered", s->folder, q->place);
    return rc;
}
