/* What was made, and what was found, as JSON. */
#include "serve/study.h"

static json_t *pair(const double range[2])
{
    return json_pack("[o, o]", nd_json_number(range[0], 4), nd_json_number(range[1], 4));
}

static json_t *score(const nd_study_score *s, int rank)
{
    return json_pack("{s:i, s:s, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "rank", rank, "name",
                     s->name, "wins", nd_json_number(s->wins, 3), "shown", s->n_shown, "share",
                     nd_json_number(s->share, 4), "wilson", pair(s->wilson), "resampled",
                     pair(s->resampled), "worth", nd_json_number(s->worth, 4), "worth_range",
                     pair(s->worth_range), "best", nd_json_number(s->best, 3));
}

static json_t *group(const nd_study_group *g, int k)
{
    json_t *systems = json_array();
    for (int i = 0; i < k; i++)
        if (json_array_append_new(systems, score(&g->scores[i], i + 1))) goto fail;
    return json_pack("{s:s, s:i, s:i, s:i, s:o}", "group", g->name, "people", g->n_people,
                     "answers", g->n_answers, "undecided", g->n_undecided, "systems", systems);
fail:
    json_decref(systems);
    return NULL;
}

static json_t *groups(const nd_study_report *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ND_COUNT(r->groups); i++)
        if (json_array_append_new(list, group(&r->groups[i], r->n_systems))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *people(const nd_study_report *r)
{
    return json_pack("{s:i, s:i, s:{s:i, s:i}, s:i, s:i, s:i, s:{s:i, s:i, s:i, s:i}}", "begun",
                     r->n_begun, "counted", r->n_counted, "left_out", "unfinished", r->n_unfinished,
                     "straight", r->n_straight, "same_address", r->n_same_address, "repeats",
                     r->n_repeats, "consistent", r->n_consistent, "habits", "every_day",
                     r->habits[0], "most_days", r->habits[1], "weekly", r->habits[2], "rarely",
                     r->habits[3]);
}

int nd_study_report_json(char **json_out, const nd_study_report *report)
{
    json_t *who = people(report), *list = groups(report);
    if (!who || !list) {
        json_decref(who);
        json_decref(list);
        return ND_ENOMEM;
    }
    return nd_json_print_take(json_out,
                              json_pack("{s:o, s:{s:i, s:i, s:i}, s:{s:o}, s:o}", "people", who,
                                        "videos", "all", report->n_videos, "shown", report->n_shown,
                                        "same", report->n_same, "rule", "p_straight",
                                        nd_json_number(report->p_straight, 4), "groups", list));
}

int nd_study_made_json(char **json_out, const nd_study_made *made, const nd_failure *failures,
                       int n_failures)
{
    json_t *out = json_pack("{s:i, s:i, s:i}", "videos", made->n_videos, "shown", made->n_shown,
                            "rendered", made->n_new);
    json_t *failed = out && n_failures ? json_array() : NULL;
    int rc = out && (failed || !n_failures) ? 0 : ND_ENOMEM;
    for (int i = 0; i < n_failures && !rc; i++)
        rc = nd_json_add_failure(failed, failures[i].path, failures[i].reason);
    if (!rc && failed && json_object_set(out, "failed", failed)) rc = ND_ENOMEM;
    json_decref(failed);
    if (!rc) return nd_json_print_take(json_out, out);
    json_decref(out);
    return rc;
}
