/* nd_synth_audit: the controls one group after the other, then the ladder of oracles. */
#include <string.h>

#include "base/json.h"
#include "synth/audit.h"

int nd_audit_add(nd_audit *a, const char *name, bool has_passed, const char *found, json_t *extra)
{
    json_t *control = json_pack("{s:s, s:b, s:s}", "name", name, "passed", has_passed, "found",
                                found);
    int failed = !control || (extra && json_object_update_missing(control, extra));
    json_decref(extra);
    if (json_array_append_new(a->controls, control)) failed = 1;
    nd_str_append(&a->text, "%s %-30s %s\n", has_passed ? "pass" : "FAIL", name, found);
    a->has_failed |= !has_passed;
    return failed ? ND_ENOMEM : 0;
}

static json_t *recalls_of(const double x[ND_RECALLS])
{
    json_t *list = json_array();
    for (int r = 0; r < ND_RECALLS; r++)
        if (!list || json_array_append_new(list, nd_json_number(100 * x[r], 2))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static void print_recalls(nd_str *text, const char *name, const double x[ND_RECALLS])
{
    nd_str_append(text, "%-18s %5.1f %5.1f %5.1f %5.1f\n", name, 100 * x[0], 100 * x[1], 100 * x[2],
                  100 * x[3]);
}

/* The steps must stand apart where a person would look: at Recall@1, and the last one short of
 * all or near it. */
static int add_ladder(nd_audit *a, json_t *report)
{
    double rungs[ND_N_ORACLES][ND_RECALLS], chance[ND_RECALLS];
    int n = a->script.params.n_families * ND_FAMILY_TRACKS;
    json_t *ladder = json_array();
    int rc = ladder ? 0 : ND_ENOMEM;
    for (int r = 0; r < ND_RECALLS; r++) chance[r] = ND_MIN(1.0, (double)nd_recall_at[r] / n);
    nd_str_append(&a->text,
                  "\noracles that know a part of the scripts, %d videos against %d tracks: "
                  "Recall@1 5 10 25 in %%\n",
                  n, n);
    print_recalls(&a->text, "chance", chance);
    for (int o = 0; o < ND_N_ORACLES && !rc; o++) {
        rc = nd_oracle_ladder(rungs[o], &a->script, (nd_oracle)o);
        if (rc) break;
        print_recalls(&a->text, nd_oracle_names[o], rungs[o]);
        json_t *rung = json_pack("{s:s, s:o}", "oracle", nd_oracle_names[o], "recall",
                                 recalls_of(rungs[o]));
        rc = json_array_append_new(ladder, rung) ? ND_ENOMEM : 0;
    }
    if (json_object_set_new(report, "chance", recalls_of(chance)) ||
        json_object_set_new(report, "gallery", json_integer(n)) ||
        json_object_set_new(report, "ladder", ladder))
        rc = ND_ENOMEM;
    return rc;
}

/* Pack what was found; *report is taken. */
static int finish(char **report_out, nd_audit *a, json_t *report, bool as_json)
{
    json_object_set_new(report, "passed", json_boolean(!a->has_failed));
    json_object_set(report, "controls", a->controls);
    nd_str_append(&a->text, "\n%s\n", a->has_failed ? "some controls FAILED" : "all controls pass");
    if (as_json) return nd_json_print_take(report_out, report);
    json_decref(report);
    char *text = nd_str_take(&a->text);
    if (!text) return ND_ENOMEM;
    *report_out = text;
    return 0;
}

int nd_synth_audit(char **report_out, bool *passed_out, const char *dir,
                   const nd_synth_audit_params *params, const nd_progress *progress, nd_diag *diag)
{
    if (!report_out || !passed_out || !dir || !*dir || (params && params->n_threads < 0))
        return nd_diag_set(diag, ND_EARG, "auditing a corpus: a folder and results expected");
    int n_threads = params && params->n_threads ? params->n_threads : nd_core_count();
    nd_audit a = {.dir = dir, .progress = progress, .n_threads = n_threads};
    json_t *report = json_object();
    a.controls = json_array();
    int rc = report && a.controls ? nd_audit_read(&a, diag)
                                  : nd_diag_set(diag, ND_ENOMEM, "auditing: out of memory");
    if (!rc) rc = nd_audit_splits(&a, diag);
    if (!rc) rc = nd_audit_again(&a, diag);
    if (!rc) rc = nd_audit_rankers(&a, diag);
    if (!rc && (rc = add_ladder(&a, report)))
        nd_diag_set(diag, rc, "auditing %s: out of memory", dir);
    if (rc) {
        json_decref(report);
    } else if ((rc = finish(report_out, &a, report, params && params->as_json))) {
        nd_diag_set(diag, rc, "auditing %s: out of memory", dir);
    } else {
        *passed_out = !a.has_failed;
    }
    nd_audit_deinit(&a);
    return rc;
}
