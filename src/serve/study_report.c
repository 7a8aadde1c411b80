/* What a study's answers say: people are read with their answers, those that cannot be believed
 * left out, the rest scored as a whole and by their training. */
#include <string.h>

#include "serve/study.h"
#include "serve/study_stats.h"

static const double p_straight = 0.05;
static const char *const group_names[] = {"all", "theory", "no theory"};

/* One answer while its rows come in, and what is kept of a person's first. */
typedef struct {
    int64_t person, place, video;
    bool is_repeat;
    int choice, n_versions; /* choice -1: no preference */
    unsigned sets[ND_STUDY_MAX_SYSTEMS];
} answer;

typedef struct {
    int64_t id;
    int theory, habit;
    int n_questions, n_answers;
    int counts[ND_STUDY_MAX_SYSTEMS + 1]; /* questions by their number of versions */
    bool has_varied;                      /* two answers at different positions */
    int position;                         /* of the first */
    int64_t first_video;
    unsigned first_set; /* systems of the version chosen there; 0: no preference */
    int n_repeats, n_consistent;
    nd__tally tally;
} person;

typedef struct {
    nd_study_report report; /* first: what is handed out is part of this */
    char *names[ND_STUDY_MAX_SYSTEMS];
} owned_report;

typedef struct {
    owned_report *out;
    person *people; /* [n], rising by id */
    size_t n, capacity;
    size_t at; /* of the person whose answers come in */
    answer open;
} reading;

/* ---- reading ---------------------------------------- */

static int take_system(void *user, const nd_db_row *row)
{
    owned_report *o = user;
    if (o->report.n_systems == ND_STUDY_MAX_SYSTEMS) return ND_EFORMAT;
    o->names[o->report.n_systems] = strdup(nd_db_text(row, 0));
    return o->names[o->report.n_systems++] ? 0 : ND_ENOMEM;
}

static int take_person(void *user, const nd_db_row *row)
{
    reading *r = user;
    if (nd_grow(&r->people, &r->capacity, r->n, 1, sizeof *r->people)) return ND_ENOMEM;
    r->people[r->n++] = (person){.id = nd_db_int(row, 0),
                                 .theory = nd_db_int(row, 1) != 0,
                                 .habit = (int)(nd_db_int(row, 2) & 3),
                                 .n_questions = (int)nd_db_int(row, 3)};
    return 0;
}

static void add_answer(person *p, const answer *a)
{
    unsigned chosen = a->choice < 0 ? 0 : a->sets[a->choice];
    if (!p->n_answers) {
        p->position = a->choice;
        p->first_video = a->video;
        p->first_set = chosen;
    }
    p->has_varied |= a->choice != p->position;
    p->n_answers++;
    p->counts[a->n_versions]++;
    if (!a->is_repeat) {
        nd__tally_add(&p->tally, a->sets, a->n_versions, a->choice);
    } else if (a->video == p->first_video) {
        p->n_repeats++;
        p->n_consistent += chosen == p->first_set;
    }
}

/* The rows of the open answer are all there. @return 0 or ND_EFORMAT */
static int close_answer(reading *r)
{
    const answer *a = &r->open;
    unsigned all = 0;
    if (!a->n_versions) return 0;
    for (int v = 0; v < a->n_versions; v++) {
        if (!a->sets[v] || a->sets[v] >> r->out->report.n_systems || all & a->sets[v])
            return ND_EFORMAT;
        all |= a->sets[v];
    }
    while (r->at < r->n && r->people[r->at].id < a->person) r->at++;
    if (r->at == r->n || r->people[r->at].id != a->person || a->choice >= a->n_versions)
        return ND_EFORMAT;
    add_answer(&r->people[r->at], a);
    r->open.n_versions = 0;
    return 0;
}

/* A version of a question that was answered; they come in order. */
static int take_row(void *user, const nd_db_row *row)
{
    reading *r = user;
    answer *a = &r->open;
    int rc = 0;
    if (nd_db_int(row, 0) != a->person || nd_db_int(row, 1) != a->place) {
        rc = close_answer(r);
        *a = (answer){.person = nd_db_int(row, 0),
                      .place = nd_db_int(row, 1),
                      .video = nd_db_int(row, 2),
                      .is_repeat = nd_db_int(row, 3) != 0,
                      .choice = (int)ND_MAX(nd_db_int(row, 4), -1)};
    }
    if (!rc && a->n_versions == ND_STUDY_MAX_SYSTEMS) rc = ND_EFORMAT;
    if (!rc) a->sets[a->n_versions++] = (unsigned)nd_db_int(row, 5);
    return rc;
}

static int count_videos(nd_study_report *out, nd__study *s, nd_diag *diag)
{
    static const char same_address[] =
        "SELECT COUNT(*) FROM people p WHERE EXISTS (SELECT 1 FROM people o "
        "WHERE o.address = p.address AND o.id < p.id)";
    int64_t n_videos = 0, n_shown = 0, n_same_address = 0;
    int rc = nd_db_number(&n_videos, s->db, diag, "SELECT COUNT(*) FROM videos", "");
    if (!rc) rc = nd__study_count_shown(&n_shown, s, diag);
    if (!rc) rc = nd_db_number(&n_same_address, s->db, diag, same_address, "");
    out->n_videos = (int)n_videos;
    out->n_shown = (int)n_shown;
    out->n_same = (int)(n_videos - n_shown);
    out->n_same_address = (int)n_same_address;
    return rc;
}

static int read_rows(reading *r, nd__study *s, nd_diag *diag)
{
    int rc = nd_db_each(s->db, take_system, r->out, diag, "SELECT name FROM systems ORDER BY id",
                        "");
    if (!rc)
        rc = nd_db_each(s->db, take_person, r, diag,
                        "SELECT id, theory, habit, (SELECT COUNT(*) FROM questions "
                        "WHERE person = id) FROM people ORDER BY id",
                        "");
    if (!rc)
        rc = nd_db_each(s->db, take_row, r, diag,
                        "SELECT q.person, q.place, q.video, q.is_repeat, q.position, v.systems "
                        "FROM questions q JOIN shown s ON s.person = q.person AND "
                        "s.place = q.place JOIN versions v ON v.id = s.version "
                        "WHERE q.answered_at IS NOT NULL "
                        "ORDER BY q.person, q.place, s.position",
                        "");
    return rc ? rc : close_answer(r);
}

/* All of one moment, while it is served. */
static int read_study(reading *r, nd__study *s, nd_diag *diag)
{
    int rc = nd_db_run(s->db, diag, "BEGIN", "");
    if (!rc) {
        rc = count_videos(&r->out->report, s, diag);
        if (!rc) rc = read_rows(r, s, diag);
        rc = nd_db_end(s->db, rc, diag);
    }
    if (rc && diag && !diag->code)
        nd_diag_set(diag, rc, "reading study %s: %s", s->folder, nd_error_text(rc));
    return rc;
}

/* ---- who counts, and how ---------------------------------------- */

/* Never another answer, of so many that chance hardly does it. */
static bool is_straight(const person *p)
{
    return !p->has_varied && nd__straight_chance(p->counts) < p_straight;
}

static void count_person(nd_study_report *out, const person *p)
{
    out->n_counted++;
    out->n_repeats += p->n_repeats;
    out->n_consistent += p->n_consistent;
    out->habits[p->habit]++;
}

/* Tallies of the people that count, those with knowledge of theory first.
 * @return how many have it */
static int choose_people(nd__tally *tallies, const reading *r, bool counts_all)
{
    nd_study_report *out = &r->out->report;
    int n_theory = 0;
    out->n_begun = (int)r->n;
    for (int theory = 1; theory >= 0; theory--) {
        for (size_t i = 0; i < r->n; i++) {
            const person *p = &r->people[i];
            bool is_unfinished = p->n_answers < p->n_questions, straight = is_straight(p);
            if (p->theory != theory) continue;
            out->n_unfinished += is_unfinished;
            out->n_straight += !is_unfinished && straight;
            if (!counts_all && (is_unfinished || straight)) continue;
            tallies[out->n_counted] = p->tally;
            count_person(out, p);
            n_theory += theory;
        }
    }
    return n_theory;
}

/* The highest worth first; equal ones in the order of systems. */
static void sort_scores(nd_study_score *scores, int k)
{
    for (int i = 1; i < k; i++) {
        nd_study_score s = scores[i];
        int at = i;
        while (at > 0 && scores[at - 1].worth < s.worth) {
            scores[at] = scores[at - 1];
            at--;
        }
        scores[at] = s;
    }
}

static int score_group(nd_study_group *g, const owned_report *o, const nd__tally *people, int n,
                       uint64_t seed)
{
    int k = o->report.n_systems;
    g->n_people = n;
    for (int i = 0; i < n; i++) {
        g->n_answers += people[i].n_answers;
        g->n_undecided += people[i].n_undecided;
    }
    for (int i = 0; i < k; i++) g->scores[i].name = o->names[i];
    int rc = nd__study_score(g->scores, people, n, k, seed);
    if (!rc) sort_scores(g->scores, k);
    return rc;
}

static int score(reading *r, const nd_report_params *params)
{
    owned_report *o = r->out;
    nd_study_report *out = &o->report;
    nd__tally *tallies = nd_calloc(r->n, sizeof *tallies);
    if (!tallies) return ND_ENOMEM;
    int n_theory = choose_people(tallies, r, params->counts_all), n = out->n_counted;
    const struct {
        int first, n;
    } parts[] = {{0, n}, {0, n_theory}, {n_theory, n - n_theory}};
    out->p_straight = p_straight;
    int rc = 0;
    for (size_t i = 0; i < ND_COUNT(parts) && !rc; i++) {
        out->groups[i].name = group_names[i];
        rc = score_group(&out->groups[i], o, tallies + parts[i].first, parts[i].n, params->seed);
    }
    free(tallies);
    return rc;
}

int nd_study_report_make(nd_study_report **out, const char *folder, const nd_report_params *params,
                         nd_diag *diag)
{
    nd_report_params p = params ? *params : (nd_report_params){0};
    nd_diag why = {0};
    nd__study study = {0};
    if (!out || !folder) return nd_diag_set(diag, ND_EARG, "reporting a study: a folder expected");
    reading r = {.out = nd_calloc(1, sizeof *r.out)};
    int rc = r.out ? nd__study_open(&study, folder, false, &why)
                   : nd_diag_set(&why, ND_ENOMEM, "reporting study %s: out of memory", folder);
    if (!rc) rc = read_study(&r, &study, &why);
    if (!rc && r.out->report.n_systems < 2)
        rc = nd_diag_set(&why, ND_EFORMAT, "reporting study %s: two systems or more expected",
                         folder);
    if (!rc && (rc = score(&r, &p)))
        nd_diag_set(&why, rc, "reporting study %s: out of memory", folder);
    nd__study_deinit(&study);
    free(r.people);
    nd_study_report *made = r.out ? &r.out->report : NULL;
    if (rc) nd_study_report_destroy(&made);
    else *out = made;
    if (rc && diag) *diag = why;
    return rc;
}

void nd_study_report_destroy(nd_study_report **report)
{
    if (!report || !*report) return;
    owned_report *o = (owned_report *)*report;
    for (int i = 0; i < ND_STUDY_MAX_SYSTEMS; i++) free(o->names[i]);
    free(o);
    *report = NULL;
}
