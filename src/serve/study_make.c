/* A study is made: what each system chooses for each video, and its versions. */
#include <math.h>
#include <string.h>

#include "serve/study.h"

static const double same_start_s = 0.05, default_listen_s = 5;

typedef struct {
    nd__study study;
    const nd_study_params *params;
    nd_library *libraries[ND_STUDY_MAX_SYSTEMS];
    nd_searcher *searchers[ND_STUDY_MAX_SYSTEMS];
    nd_rank_params how[ND_STUDY_MAX_SYSTEMS];
    nd_study_made made;
} making;

/* What a system chose, and which version it is. */
typedef struct {
    const char *track; /* the version's */
    double start_s, score;
    int version;
} choice;

/* ---- systems ---------------------------------------- */

static int check_params(const nd_study_params *p, nd_diag *diag)
{
    if (p->n_systems < 2 || p->n_systems > ND_STUDY_MAX_SYSTEMS)
        return nd_diag_set(diag, ND_EARG, "making a study: 2 to %d systems expected, not %d",
                           ND_STUDY_MAX_SYSTEMS, p->n_systems);
    if (p->n_videos < 1)
        return nd_diag_set(diag, ND_EARG, "making a study: a video or more expected");
    if (!(p->listen_s >= 0 && p->listen_s <= 60))
        return nd_diag_set(diag, ND_EARG, "making a study: 0 to 60 s to listen expected, not %g",
                           p->listen_s);
    for (int i = 0; i < p->n_systems; i++)
        for (int k = 0; k < i; k++)
            if (!strcmp(p->systems[i].name, p->systems[k].name))
                return nd_diag_set(diag, ND_EARG, "making a study: two systems are named %s",
                                   p->systems[i].name);
    return 0;
}

static const char *text_or_default(const char *model)
{
    return model ? model : "default";
}

typedef struct {
    const nd_study_params *params;
    int n, n_same;
} comparison;

static int compare_system(void *user, const nd_db_row *row)
{
    comparison *c = user;
    const nd_study_system *s = c->n < c->params->n_systems ? &c->params->systems[c->n] : NULL;
    c->n++;
    c->n_same += s && !strcmp(s->name, nd_db_text(row, 1)) &&
                 !strcmp(s->library, nd_db_text(row, 2)) &&
                 !strcmp(text_or_default(s->model), nd_db_text(row, 3));
    return 0;
}

static int store_systems(making *m, nd_diag *diag)
{
    const nd_study_params *p = m->params;
    int rc = 0;
    for (int i = 0; i < p->n_systems && !rc; i++)
        rc = nd_db_run(m->study.db, diag, "INSERT INTO systems VALUES (?, ?, ?, ?)", "ittt",
                       (int64_t)i, p->systems[i].name, p->systems[i].library,
                       text_or_default(p->systems[i].model));
    if (rc) return rc;
    return nd_db_run(m->study.db, diag,
                     "INSERT OR REPLACE INTO settings VALUES ('seed', ?), ('listen_s', ?)", "id",
                     (int64_t)p->seed, p->listen_s > 0 ? p->listen_s : default_listen_s);
}

/* The first run says what is compared; later ones find the same. */
static int settle_systems(making *m, nd_diag *diag)
{
    const nd_study_params *p = m->params;
    comparison c = {.params = p};
    int rc = nd_db_each(m->study.db, compare_system, &c, diag, "SELECT * FROM systems ORDER BY id",
                        "");
    if (rc || (c.n == p->n_systems && c.n_same == c.n)) return rc;
    if (c.n)
        return nd_diag_set(diag, ND_EARG,
                           "making study %s: its %d systems expected, with the same names, "
                           "libraries and models in the same order",
                           m->study.folder, c.n);
    rc = nd_db_begin(m->study.db, diag);
    return rc ? rc : nd_db_end(m->study.db, store_systems(m, diag), diag);
}

static int open_systems(making *m, nd_diag *diag)
{
    int rc = 0;
    for (int i = 0; i < m->params->n_systems && !rc; i++) {
        const nd_study_system *s = &m->params->systems[i];
        m->how[i] = (nd_rank_params){.n_hits = 1,
                                     .model = s->model,
                                     .n_threads = m->params->n_threads,
                                     .worker = m->params->worker,
                                     .log = m->params->log};
        rc = nd_library_open(&m->libraries[i], s->library, ND_OPEN_READ, diag);
        if (!rc) rc = nd_searcher_open(&m->searchers[i], &m->libraries[i], 1, &m->how[i], diag);
    }
    return rc;
}

/* ---- one video ---------------------------------------- */

/* The version with this stretch, a new one where there is none. -1: out of memory */
static int find_version(nd__study_film *film, const nd_hit *hit)
{
    int v = 0;
    while (v < film->n_versions && (strcmp(film->versions[v].track, hit->path) ||
                                    fabs(film->versions[v].start_s - hit->start_s) > same_start_s))
        v++;
    if (v == film->n_versions) {
        film->versions[v] = (nd__study_version){.track = strdup(hit->path),
                                                .start_s = hit->start_s};
        if (!film->versions[v].track) return -1;
        film->n_versions++;
    }
    return v;
}

static int choose(choice *out, nd__study_film *film, making *m, int system, nd_diag *diag)
{
    nd_ranking *r = NULL;
    int rc = nd_searcher_recommend(&r, m->searchers[system], film->video, diag);
    if (rc) return rc;
    if (r->n_hits < 1) {
        rc = nd_diag_set(diag, ND_EEMPTY, "choosing music for %s: %s has no track", film->video,
                         m->params->systems[system].library);
    } else {
        int v = find_version(film, r->hits);
        if (v < 0) rc = nd_diag_set(diag, ND_ENOMEM, "choosing music: out of memory");
        else film->versions[v].systems |= 1u << system;
        *out = (choice){v < 0 ? NULL : film->versions[v].track, r->hits->start_s, r->hits->score,
                        v};
    }
    nd_ranking_destroy(&r);
    return rc;
}

static int store_rows(making *m, const nd__study_film *film, const choice *choices, nd_diag *diag)
{
    nd_db *db = m->study.db;
    int64_t ids[ND_STUDY_MAX_SYSTEMS];
    int rc = nd_db_run(db, diag,
                       "INSERT INTO videos (path, length_s, lufs, n_versions) VALUES (?, ?, ?, ?)",
                       "tddi", film->video, film->length_s, film->lufs, (int64_t)film->n_versions);
    int64_t video = nd_db_last_id(db);
    for (int v = 0; v < film->n_versions && !rc; v++) {
        rc = nd_db_run(db, diag, "INSERT INTO versions (video, file, systems) VALUES (?, ?, ?)",
                       "iti", video, film->versions[v].file, (int64_t)film->versions[v].systems);
        ids[v] = nd_db_last_id(db);
    }
    for (int i = 0; i < m->params->n_systems && !rc; i++)
        rc = nd_db_run(db, diag, "INSERT INTO choices VALUES (?, ?, ?, ?, ?, ?)", "iiitdd", video,
                       (int64_t)i, ids[choices[i].version], choices[i].track, choices[i].start_s,
                       choices[i].score);
    return rc;
}

static int store(making *m, const nd__study_film *film, const choice *choices, nd_diag *diag)
{
    int rc = nd_db_begin(m->study.db, diag);
    if (rc) return rc;
    return nd_db_end(m->study.db, store_rows(m, film, choices, diag), diag);
}

/* Choose, render, store. */
static int add_video(making *m, int number, nd_diag *diag)
{
    nd__study_film film = {.video = m->params->videos[number], .number = number};
    choice choices[ND_STUDY_MAX_SYSTEMS];
    int rc = 0;
    for (int i = 0; i < m->params->n_systems && !rc; i++)
        rc = choose(&choices[i], &film, m, i, diag);
    if (!rc) rc = nd__study_render(&film, &m->study, m->params, diag);
    if (!rc) rc = store(m, &film, choices, diag);
    for (int v = 0; v < film.n_versions; v++) free(film.versions[v].track);
    return rc;
}

/* ---- all of them ---------------------------------------- */

int nd__study_progress(const nd_study_params *params, int number, nd_diag *diag)
{
    int rc = nd_progress_update(params->progress, "rendering videos", number, params->n_videos,
                                params->videos[number]);
    return rc ? nd_diag_set(diag, rc, "making a study: %s; the videos before are kept",
                            nd_error_text(rc))
              : 0;
}

/* What stops the rest, too. */
static bool is_fatal(int rc)
{
    return rc == ND_EFULL || rc == ND_ECANCELLED || rc == ND_ENOMEM || rc == ND_EBUSY;
}

static int add_videos(making *m, nd_diag *diag)
{
    const nd_study_params *p = m->params;
    int rc = 0;
    for (int i = 0; i < p->n_videos && !rc; i++) {
        int64_t n_known = 0;
        nd_diag why = {0};
        rc = nd_db_number(&n_known, m->study.db, diag, "SELECT COUNT(*) FROM videos WHERE path = ?",
                          "t", p->videos[i]);
        if (!rc) rc = nd__study_progress(p, i, diag);
        if (rc || n_known) continue;
        int failure = add_video(m, i, &why);
        m->made.n_new += !failure;
        if (!failure) continue;
        if (is_fatal(failure)) {
            rc = nd_diag_set(diag, failure, "%s", why.text);
            continue;
        }
        m->made.n_failed++;
        if (p->failed) p->failed(p->user, p->videos[i], &why);
    }
    return rc;
}

static int count(making *m, nd_diag *diag)
{
    int64_t n_videos = 0, n_shown = 0;
    int rc = nd_db_number(&n_videos, m->study.db, diag, "SELECT COUNT(*) FROM videos", "");
    if (!rc) rc = nd__study_count_shown(&n_shown, &m->study, diag);
    m->made.n_videos = (int)n_videos;
    m->made.n_shown = (int)n_shown;
    return rc;
}

int nd_study_make(nd_study_made *out, const char *folder, const nd_study_params *params,
                  nd_diag *diag)
{
    if (!out || !folder || !params)
        return nd_diag_set(diag, ND_EARG, "making a study: a folder and parameters expected");
    making m = {.params = params};
    int rc = check_params(params, diag);
    if (!rc) rc = open_systems(&m, diag);
    if (!rc) rc = nd__study_open(&m.study, folder, true, diag);
    if (!rc) rc = settle_systems(&m, diag);
    if (!rc) rc = add_videos(&m, diag);
    if (!rc) rc = count(&m, diag);
    if (!rc) *out = m.made;
    nd__study_deinit(&m.study);
    for (int i = 0; i < params->n_systems && i < ND_STUDY_MAX_SYSTEMS; i++) {
        nd_searcher_close(&m.searchers[i]);
        nd_library_close(&m.libraries[i]);
    }
    return rc;
}

/* ---- invitations ---------------------------------------- */

int nd_study_invite(char codes_out[][ND_STUDY_CODE_BYTES], int n, const char *folder, nd_diag *diag)
{
    enum { MAX_INVITES = 10000 };
    nd__study s = {0};
    if (!codes_out || !folder || n < 1 || n > MAX_INVITES)
        return nd_diag_set(diag, ND_EARG, "inviting: a folder and 1 to %d people expected, not %d",
                           MAX_INVITES, n);
    int rc = nd__study_open(&s, folder, false, diag);
    if (!rc) rc = nd_db_begin(s.db, diag);
    if (!rc) {
        for (int i = 0; i < n && !rc; i++) {
            rc = nd__study_random_code(codes_out[i], diag);
            if (!rc)
                rc = nd_db_run(s.db, diag, "INSERT INTO invites (code) VALUES (?)", "t",
                               codes_out[i]);
        }
        rc = nd_db_end(s.db, rc, diag);
    }
    nd__study_deinit(&s);
    return rc;
}
