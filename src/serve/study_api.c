/* Requests of the study's page, answered as JSON: knows no socket. */
#include <math.h>
#include <string.h>

#include "serve/study.h"

/* ---- replies ---------------------------------------- */

static void reply(nd__study_reply *out, int status, json_t *body)
{
    out->status = body ? status : 500;
    if (nd_json_print_take(&out->body, body)) out->body = NULL;
}

static void refuse(nd__study_reply *out, int status, const char *why)
{
    reply(out, status, json_pack("{s:s}", "error", why));
}

/* What of a failure may be told: nothing about files. */
static void refuse_failure(nd__study_reply *out, int rc)
{
    if (rc == ND_ENOTFOUND) refuse(out, 403, "an unused invitation is needed");
    else if (rc == ND_ELIMIT) refuse(out, 503, "no more people are taken in");
    else if (rc == ND_EBUSY) refuse(out, 409, "this question was answered");
    else refuse(out, 500, "the answer could not be stored");
}

static void reply_welcome(nd__study_reply *out, nd__study *s)
{
    bool needs_invite = false;
    int64_t n = 0;
    int rc = nd__study_needs_invite(&needs_invite, s, NULL);
    if (!rc) rc = nd__study_count_shown(&n, s, NULL);
    if (rc) refuse_failure(out, rc);
    else
        reply(out, 200,
              json_pack("{s:s, s:b, s:I}", "stage", "welcome", "needs_invite", (int)needs_invite,
                        "n", (json_int_t)(n + (n >= ND__STUDY_MIN_FOR_REPEAT))));
}

static json_t *list_urls(const nd__study_question *q)
{
    json_t *urls = json_array();
    for (int i = 0; i < q->n_versions; i++) {
        char url[ND__STUDY_NAME_BYTES + 8];
        snprintf(url, sizeof url, "/media/%s", q->files[i]);
        if (json_array_append_new(urls, json_string(url))) {
            json_decref(urls);
            return NULL;
        }
    }
    return urls;
}

static void reply_question(nd__study_reply *out, const nd__study_question *q)
{
    json_t *urls = list_urls(q);
    reply(out, 200,
          urls ? json_pack("{s:s, s:i, s:i, s:o, s:o}", "stage", "question", "place", q->place, "n",
                           q->n, "listen_s", nd_json_number(q->listen_s, 3), "versions", urls)
               : NULL);
}

/* Where a person is. */
static void reply_state(nd__study_reply *out, nd__study *s, const nd__study_person *p)
{
    nd__study_question q;
    int rc = nd__study_next(&q, s, p->id, NULL);
    if (rc) refuse_failure(out, rc);
    else if (q.place) reply_question(out, &q);
    else reply(out, 200, json_pack("{s:s}", "stage", "done"));
    memcpy(out->token, p->token, sizeof out->token);
}

/* ---- requests ---------------------------------------- */

static void begin(nd__study_reply *out, nd__study *s, const nd__study_guest *guest,
                  const nd__study_person *known, const json_t *body)
{
    const json_t *theory = json_object_get(body, "theory"), *habit = json_object_get(body, "habit");
    json_int_t often = json_integer_value(habit);
    nd__study_person p = *known;
    if (!json_is_boolean(theory) || !json_is_integer(habit) || often < 0 ||
        often >= ND__STUDY_HABITS) {
        refuse(out, 400, "expected {\"theory\": true or false, \"habit\": 0 to 3}");
        return;
    }
    int rc = p.id ? 0 : nd__study_enter(&p, s, guest, json_is_true(theory), (int)often, NULL);
    if (rc) refuse_failure(out, rc);
    else reply_state(out, s, &p);
}

/* Whether every version was played: by what the page says, and there was time for it. */
static bool was_heard(const nd__study_question *q, const json_t *played)
{
    const double slack_s = 0.05;
    bool is_heard = json_array_size(played) == (size_t)q->n_versions &&
                    q->shown_s >= q->n_versions * (q->listen_s - slack_s);
    for (int i = 0; i < q->n_versions && is_heard; i++)
        is_heard = json_number_value(json_array_get(played, (size_t)i)) >= q->listen_s - slack_s;
    return is_heard;
}

static void answer(nd__study_reply *out, nd__study *s, const nd__study_person *p,
                   const json_t *body)
{
    const json_t *place = json_object_get(body, "place"), *choice = json_object_get(body, "choice"),
                 *played = json_object_get(body, "played_s");
    nd__study_question q;
    if (!p->id) {
        refuse(out, 401, "begin first");
        return;
    }
    int rc = nd__study_next(&q, s, p->id, NULL);
    if (rc) refuse_failure(out, rc);
    else if (!json_is_integer(place) || !json_is_integer(choice) || !json_is_array(played) ||
             json_integer_value(choice) < -1 ||
             json_integer_value(choice) >= ND_MAX(q.n_versions, 1))
        refuse(out, 400, "expected {\"place\": n, \"choice\": -1 or a version, \"played_s\": [s]}");
    else if (!q.place || json_integer_value(place) != q.place) refuse_failure(out, ND_EBUSY);
    else if (!was_heard(&q, played)) refuse(out, 409, "listen to every version first");
    else if ((rc = nd__study_answer(s, p->id, &q, (int)json_integer_value(choice), NULL)))
        refuse_failure(out, rc);
    else reply_state(out, s, p);
}

static void post(nd__study_reply *out, nd__study *s, const char *name, const nd__study_guest *guest,
                 const nd__study_person *p, const void *body, size_t n)
{
    json_t *json = n <= ND__STUDY_MAX_BODY_BYTES
                       ? json_loadb(body ? body : "", n, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    if (!json_is_object(json)) refuse(out, 400, "a JSON object expected");
    else if (!strcmp(name, "begin")) begin(out, s, guest, p, json);
    else answer(out, s, p, json);
    json_decref(json);
}

void nd__study_request(nd__study_reply *out, nd__study *s, const char *method, const char *name,
                       const nd__study_guest *guest, const void *body, size_t n)
{
    nd__study_person p = {0};
    bool is_state = !strcmp(name, "state");
    *out = (nd__study_reply){0};
    if (!is_state && strcmp(name, "begin") && strcmp(name, "answer"))
        refuse(out, 404, "there are state, begin, answer");
    else if (strcmp(method, is_state ? "GET" : "POST")) refuse(out, 405, "another method expected");
    else if (nd__study_find(&p, s, guest, NULL)) refuse_failure(out, ND_EIO);
    else if (!is_state) post(out, s, name, guest, &p, body, n);
    else if (p.id) reply_state(out, s, &p);
    else reply_welcome(out, s);
}

/* ---- ranges ---------------------------------------- */

/* Digits at *text, at most 18 of them; -1: none, or more. */
static int64_t read_number(const char **text)
{
    size_t n = strspn(*text, "0123456789");
    int64_t x = n && n <= 18 ? strtoll(*text, NULL, 10) : -1;
    *text += n;
    return x;
}

int nd__study_range(int64_t *first, int64_t *n, const char *header, int64_t size)
{
    static const char unit[] = "bytes=";
    if (!header || strncmp(header, unit, sizeof unit - 1)) return 0;
    const char *at = header + sizeof unit - 1;
    bool is_tail = *at == '-';
    at += is_tail;
    int64_t from = read_number(&at), to = INT64_MAX;
    if (!is_tail) {
        if (*at++ != '-') return 0;
        if (*at) to = read_number(&at);
    }
    if (*at || from < 0 || to < 0) return 0;
    if (is_tail) {
        to = size - 1;
        from = from ? ND_MAX(size - from, 0) : size;
    }
    if (to < from && from < size) return 0;
    if (from >= size) return -1;
    *first = from;
    *n = ND_MIN(to, size - 1) - from + 1;
    return 1;
}
