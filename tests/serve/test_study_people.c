/* Requests of people: what is asked, what is refused, what the report makes of it. */
#include "study_fixture.h"

static const char no_one[] = "0123456789abcdef0123456789abcdef";

typedef struct {
    nd__study *s;
    char token[ND_STUDY_CODE_BYTES];
    const char *invite;
    uint64_t address;
    int status;
    json_t *state; /* of the last reply */
} visitor;

/* A request as this visitor. @return its status; the body is in v->state */
static int request(visitor *v, const char *method, const char *name, const char *body)
{
    nd__study_reply r;
    nd__study_guest guest = {v->token, v->invite ? v->invite : "", v->address};
    nd__study_request(&r, v->s, method, name, &guest, body, body ? strlen(body) : 0);
    json_decref(v->state);
    v->state = r.body ? json_loads(r.body, 0, NULL) : NULL;
    if (r.token[0]) memcpy(v->token, r.token, sizeof v->token);
    free(r.body);
    return v->status = r.status;
}

static const char *stage(const visitor *v)
{
    const char *text = json_string_value(json_object_get(v->state, "stage"));
    return text ? text : "";
}

static int number(const visitor *v, const char *key)
{
    return (int)json_integer_value(json_object_get(v->state, key));
}

static int begin(visitor *v)
{
    return request(v, "POST", "begin", "{\"theory\": true, \"habit\": 2}");
}

static int answer(visitor *v, int choice)
{
    char body[128];
    snprintf(body, sizeof body, "{\"place\": %d, \"choice\": %d, \"played_s\": [9, 9, 9]}",
             number(v, "place"), choice);
    return request(v, "POST", "answer", body);
}

static void leave(visitor *v)
{
    json_decref(v->state);
    v->state = NULL;
}

/* ---- wrong ones ---------------------------------------- */

static void test_wrong(nd__study *s)
{
    static const struct {
        const char *method, *name, *body;
        int status;
    } cases[] = {
        {"GET", "nothing", NULL, 404},
        {"GET", "", NULL, 404},
        {"POST", "state", "{}", 405},
        {"GET", "begin", NULL, 405},
        {"DELETE", "answer", NULL, 405},
        {"POST", "begin", NULL, 400},
        {"POST", "begin", "{", 400},
        {"POST", "begin", "[]", 400},
        {"POST", "begin", "{\"theory\": 1, \"habit\": 2}", 400},
        {"POST", "begin", "{\"theory\": true}", 400},
        {"POST", "begin", "{\"theory\": true, \"habit\": 4}", 400},
        {"POST", "begin", "{\"theory\": true, \"habit\": -1}", 400},
        {"POST", "begin", "{\"theory\": true, \"habit\": 1e99}", 400},
        {"POST", "begin", "{\"theory\": true, \"habit\": 1, \"habit\": 2}", 400},
        {"POST", "answer", "{\"place\": 1, \"choice\": 0, \"played_s\": []}", 401},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        visitor v = {.s = s};
        int status = request(&v, cases[i].method, cases[i].name, cases[i].body);
        CHECK("refused", status == cases[i].status && json_object_get(v.state, "error"),
              "%s %s %s: %d", cases[i].method, cases[i].name, cases[i].body, status);
        leave(&v);
    }
    int64_t n = -1;
    nd_db_number(&n, s->db, NULL, "SELECT COUNT(*) FROM people", "");
    CHECK("nobody came in", n == 0, "%lld", (long long)n);
    visitor lost = {.s = s};
    memcpy(lost.token, no_one, sizeof no_one);
    CHECK("an unknown token is a newcomer", request(&lost, "GET", "state", NULL) == 200, "%d",
          lost.status);
    CHECK("and welcome", !strcmp(stage(&lost), "welcome") && number(&lost, "n") == 5, "%s",
          stage(&lost));
    leave(&lost);
}

static void test_wrong_answers(visitor *v)
{
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"{\"place\": 1, \"choice\": 3, \"played_s\": [9, 9, 9]}", 400},
        {"{\"place\": 1, \"choice\": -2, \"played_s\": [9, 9, 9]}", 400},
        {"{\"place\": 1, \"choice\": \"1\", \"played_s\": [9, 9, 9]}", 400},
        {"{\"place\": 1, \"choice\": 1, \"played_s\": 9}", 400},
        {"{\"place\": 1, \"choice\": 1}", 400},
        {"{\"place\": 2, \"choice\": 1, \"played_s\": [9, 9, 9]}", 409},
        {"{\"place\": 0, \"choice\": 1, \"played_s\": [9, 9, 9]}", 409},
        {"{\"place\": 1, \"choice\": 1, \"played_s\": []}", 409},
        {"{\"place\": 1, \"choice\": 1, \"played_s\": [9, 0, 9]}", 409},
        {"{\"place\": 1, \"choice\": 1, \"played_s\": [9, \"x\", 9]}", 409},
        {"{\"place\": 1, \"choice\": 1, \"played_s\": [9, 9, 9]}", 409}, /* too soon */
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int status = request(v, "POST", "answer", cases[i].body);
        CHECK("answer refused", status == cases[i].status, "%s: %d", cases[i].body, status);
    }
    request(v, "GET", "state", NULL);
    CHECK("still the first", number(v, "place") == 1, "%d", number(v, "place"));
}

/* ---- one person ---------------------------------------- */

static void test_person(nd__study *s)
{
    visitor v = {.s = s}, back = {.s = s};
    CHECK("begun", begin(&v) == 200 && !strcmp(stage(&v), "question"), "%d", v.status);
    CHECK("four videos, one twice", number(&v, "n") == 5, "%d", number(&v, "n"));
    CHECK("three versions", json_array_size(json_object_get(v.state, "versions")) == 3, "%d",
          number(&v, "n"));
    test_wrong_answers(&v);
    s->listen_s = 0;
    for (int place = 1; place <= 3; place++) {
        CHECK("in order", number(&v, "place") == place, "%d", number(&v, "place"));
        CHECK("answered", answer(&v, place % 3) == 200, "%d", v.status);
    }
    memcpy(back.token, v.token, sizeof v.token);
    CHECK("goes on where it was",
          request(&back, "GET", "state", NULL) == 200 && number(&back, "place") == 4, "%d",
          number(&back, "place"));
    CHECK("beginning again is going on", begin(&back) == 200 && number(&back, "place") == 4, "%d",
          number(&back, "place"));
    answer(&v, -1);
    CHECK("answered in another window", answer(&back, 0) == 409, "%d", back.status);
    answer(&v, 1);
    CHECK("done", !strcmp(stage(&v), "done"), "%s", stage(&v));
    CHECK("and stays so", answer(&v, 0) == 409, "%d", v.status);
    leave(&v);
    leave(&back);
    s->listen_s = 0.5;
}

/* ---- order ---------------------------------------- */

static int take_order(void *user, const nd_db_row *row)
{
    nd_str_append(user, "%lld ", (long long)nd_db_int(row, 0));
    return 0;
}

static char *order_of(nd__study *s, int person)
{
    nd_str text = {0};
    nd_db_each(s->db, take_order, &text, NULL,
               "SELECT version FROM shown WHERE person = ? ORDER BY place, position", "i",
               (int64_t)person);
    return nd_str_take(&text);
}

static void test_order(nd__study *s)
{
    int64_t first = 0, n_first = 0;
    for (int i = 0; i < 60; i++) {
        visitor v = {.s = s};
        begin(&v);
        leave(&v);
    }
    char *a = order_of(s, 2), *b = order_of(s, 3);
    CHECK("everybody has an order", a && b && strcmp(a, b), "%s", a);
    nd_db_number(&first, s->db, NULL, "SELECT COUNT(*) FROM shown WHERE position = 0", "");
    nd_db_number(&n_first, s->db, NULL,
                 "SELECT COUNT(*) FROM shown JOIN versions ON id = version WHERE position = 0 AND "
                 "systems = 1",
                 "");
    CHECK("a third of the time a system is first",
          first > 250 && fabs((double)n_first / (double)first - 1 / 3.0) < 0.1, "%lld of %lld",
          (long long)n_first, (long long)first);
    int64_t n_twice = -1;
    nd_db_number(&n_twice, s->db, NULL,
                 "SELECT COUNT(*) FROM questions a JOIN questions b ON a.person = b.person AND "
                 "a.video = b.video AND a.place = 1 AND b.is_repeat",
                 "");
    CHECK("the first comes twice", n_twice == 61, "%lld", (long long)n_twice);
    free(a);
    free(b);
}

/* ---- invitations ---------------------------------------- */

static void test_invites(nd__study *s)
{
    char codes[2][ND_STUDY_CODE_BYTES];
    visitor v = {.s = s}, other = {.s = s}, known = {.s = s};
    begin(&known);
    int rc = nd_study_invite(codes, 2, s->folder, NULL);
    CHECK("two invitations", !rc && nd__study_is_code(codes[0]) && strcmp(codes[0], codes[1]), "%d",
          rc);
    CHECK("none for zero", nd_study_invite(codes, 0, s->folder, NULL) == ND_EARG, "0 people");
    CHECK("without one", begin(&v) == 403, "%d", v.status);
    request(&v, "GET", "state", NULL);
    CHECK("it is said", json_is_true(json_object_get(v.state, "needs_invite")), "%s", stage(&v));
    v.invite = "?";
    CHECK("with a wrong one", begin(&v) == 403, "%d", v.status);
    v.invite = codes[0];
    CHECK("with one", begin(&v) == 200 && number(&v, "place") == 1, "%d", v.status);
    other.invite = codes[0];
    CHECK("the same one elsewhere is the same person",
          request(&other, "GET", "state", NULL) == 200 && !strcmp(other.token, v.token), "%s",
          other.token);
    memcpy(other.token, v.token, sizeof v.token);
    other.invite = codes[1];
    CHECK("another on the same machine is another",
          begin(&other) == 200 && strcmp(other.token, v.token), "%s", other.token);
    CHECK("who was in stays in",
          request(&known, "GET", "state", NULL) == 200 && number(&known, "place") == 1, "%s",
          stage(&known));
    leave(&v);
    leave(&other);
    leave(&known);
}

/* ---- the report ---------------------------------------- */

/* Where the version of a system stands in the question that a visitor has. */
static int place_of(const visitor *v, int system)
{
    json_t *urls = json_object_get(v->state, "versions");
    int64_t wanted = 0;
    for (size_t i = 0; i < json_array_size(urls); i++) {
        const char *url = json_string_value(json_array_get(urls, i));
        nd_db_number(&wanted, v->s->db, NULL, "SELECT systems FROM versions WHERE file = ?", "t",
                     nd_path_name(url));
        if (wanted == 1 << system) return (int)i;
    }
    return -1;
}

/* Kinds: 0 likes system 1; 1 clicks the same place; 2 leaves early; 3 has no preference. */
static void take_part(nd__study *s, int kind, int i)
{
    visitor v = {.s = s, .address = i < 2 ? 77 : 0};
    request(&v, "POST", "begin",
            i % 2 ? "{\"theory\": true, \"habit\": 0}" : "{\"theory\": false, \"habit\": 3}");
    for (int q = 0; !strcmp(stage(&v), "question") && !(kind == 2 && q == 2); q++)
        answer(&v, kind == 0   ? place_of(&v, q % 4 == 3 ? 0 : 1)
                   : kind == 1 ? 2
                   : kind == 2 ? q
                   : q == 1    ? 0
                               : -1);
    leave(&v);
}

static void test_report(const char *folder)
{
    nd__study s;
    nd_study_report *r = NULL;
    nd_diag diag = {0};
    char *json = NULL;
    if (fixture_make(&s, folder, 3, 4, 0, false)) exit(1);
    CHECK("of nobody", !nd_study_report_make(&r, folder, NULL, &diag) && r->n_begun == 0, "%s",
          diag.text);
    nd_study_report_destroy(&r);
    for (int i = 0; i < 10; i++) take_part(&s, 0, i);
    for (int i = 0; i < 2; i++) take_part(&s, 1, i);
    take_part(&s, 2, 4);
    take_part(&s, 3, 5);
    CHECK("read", !nd_study_report_make(&r, folder, &(nd_report_params){.seed = 1}, &diag), "%s",
          diag.text);
    CHECK("who counts",
          r->n_begun == 14 && r->n_counted == 11 && r->n_unfinished == 1 && r->n_straight == 2,
          "%d, %d, %d, %d", r->n_begun, r->n_counted, r->n_unfinished, r->n_straight);
    CHECK("an address seen before", r->n_same_address == 3, "%d", r->n_same_address);
    CHECK("consistent", r->n_repeats == 11 && r->n_consistent == 11, "%d of %d", r->n_consistent,
          r->n_repeats);
    const nd_study_group *all = r->groups;
    CHECK("what they like is first",
          !strcmp(all->scores[0].name, "two") && all->scores[0].share > 0.6 &&
              all->scores[0].worth_range[0] > all->scores[2].worth,
          "%s, %g", all->scores[0].name, all->scores[0].share);
    CHECK("answers without the repeat", all->n_answers == 44 && all->n_undecided == 3, "%d, %d",
          all->n_answers, all->n_undecided);
    CHECK("by theory", r->groups[1].n_people == 6 && r->groups[2].n_people == 5, "%d, %d",
          r->groups[1].n_people, r->groups[2].n_people);
    CHECK("habits", r->habits[0] == 6 && r->habits[3] == 5, "%d, %d", r->habits[0], r->habits[3]);
    CHECK("as JSON",
          !nd_study_report_json(&json, r) && strstr(json, "\"counted\": 11") &&
              strstr(json, "\"group\": \"no theory\""),
          "%s", json);
    free(json);
    nd_study_report_destroy(&r);
    nd_study_report_make(&r, folder, &(nd_report_params){.counts_all = true}, &diag);
    CHECK("all of them", r->n_counted == 14 && r->n_straight == 2, "%d", r->n_counted);
    char picture[128];
    snprintf(picture, sizeof picture, "%s/shares.png", folder);
    CHECK("as a picture", !nd_study_picture(r, picture, &diag) && !access(picture, R_OK), "%s",
          diag.text);
    nd_study_report_destroy(&r);
    nd_study_report_destroy(&r);
    nd_db_run(s.db, NULL, "UPDATE versions SET systems = 64", "");
    CHECK("damaged", nd_study_report_make(&r, folder, NULL, &diag) == ND_EFORMAT && !r, "%s",
          diag.text);
    nd__study_deinit(&s);
}

static void test_ranges(void)
{
    static const struct {
        const char *header;
        int kind;
        int64_t first, n;
    } cases[] = {
        {NULL, 0, 0, 0},
        {"", 0, 0, 0},
        {"bytes=0-", 1, 0, 100},
        {"bytes=2-5", 1, 2, 4},
        {"bytes=-7", 1, 93, 7},
        {"bytes=-700", 1, 0, 100},
        {"bytes=99-", 1, 99, 1},
        {"bytes=100-", -1, 0, 0},
        {"bytes=50-900", 1, 50, 50},
        {"bytes=5-2", 0, 0, 0},
        {"bytes=-0", -1, 0, 0},
        {"bytes=1-2,5-6", 0, 0, 0},
        {"bytes=a-b", 0, 0, 0},
        {"bytes=--4", 0, 0, 0},
        {"bytes=99999999999999999999-", 0, 0, 0},
        {"lines=1-2", 0, 0, 0},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int64_t first = 0, n = 0;
        int kind = nd__study_range(&first, &n, cases[i].header, 100);
        CHECK("range", kind == cases[i].kind && first == cases[i].first && n == cases[i].n,
              "%s: %d, %lld, %lld", cases[i].header, kind, (long long)first, (long long)n);
    }
}

int main(void)
{
    nd__study s;
    char folder[64], other[64], third[64];
    nd_study_report *r = NULL;
    nd_diag diag = {0};
    if (!mkdtemp(fixture_root)) return 1;
    atexit(fixture_remove);
    CHECK("no study",
          nd_study_report_make(&r, fixture_folder(folder, "none"), NULL, &diag) == ND_ENOTFOUND &&
              !r,
          "%s", diag.text);
    if (fixture_make(&s, fixture_folder(folder, "a"), 3, 4, 0.5, false)) return 1;
    test_wrong(&s);
    test_person(&s);
    test_order(&s);
    nd__study_deinit(&s);
    if (fixture_make(&s, fixture_folder(other, "b"), 2, 2, 0.5, false)) return 1;
    test_invites(&s);
    nd__study_deinit(&s);
    test_report(fixture_folder(third, "c"));
    test_ranges();
    TEST_END();
}
