/* The paper's tables: what is planned, how figures of seeds are put together, and what fails. No
 * model is trained here: tests/cmd/test_eval_table.sh does. */
#include "../test.h"

#include <sys/stat.h>

#include "corpus_root.h"
#include "learn/tables.h"

static void write_text(const char *name, const char *text)
{
    nd_diag diag = {0};
    char *path = strdup(in_root(name));
    if (nd__tables_make_folders(path, &diag) || nd_file_write(path, text, strlen(text), &diag))
        printf("FAIL %s\n", diag.text), exit(1);
    free(path);
}

static void make_corpus(void)
{
    strcpy(root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(root)) printf("FAIL no folder\n"), exit(1);
    atexit(remove_root);
    write_text("corpus/corpus.jsonl",
               "{\"id\":\"p0\",\"video\":\"v0\",\"music\":\"m0\",\"start_s\":0,"
               "\"tags\":[\"calm\"],\"split\":\"test\"}\n");
}

static const char *corpus(void)
{
    return in_root("corpus");
}

/* ---- parameters ---------------------------------------------------------------------- */

static void check_wrong(void)
{
    static const struct {
        const char *name;
        nd_tables_params p;
    } cases[] = {{"a table that is none", {.table = ND_N_TABLES}},
                 {"seeds below 0", {.n_seeds = -1}},
                 {"seeds above a hundred", {.n_seeds = 101}},
                 {"more ablations than seeds", {.n_seeds = 1, .n_ablation_seeds = 2}},
                 {"epochs below 0", {.n_epochs = -1}},
                 {"jobs below 0", {.n_jobs = -1}}};
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_diag diag = {0};
        nd_tables_plan plan;
        int rc = nd_tables_plan_make(&plan, corpus(), &cases[i].p, &diag);
        CHECK(cases[i].name, rc == ND_EARG && diag.text[0], "%d", rc);
    }
    nd_tables_plan plan;
    nd_tables_report report;
    char *failures = NULL;
    CHECK("no corpus named", nd_tables_plan_make(&plan, NULL, NULL, NULL) == ND_EARG, "taken");
    CHECK("no corpus to plan", nd_tables_plan_make(&plan, in_root("x"), NULL, NULL) == ND_EIO,
          "taken");
    CHECK("no corpus to read", nd_tables_read(&report, in_root("x"), NULL, NULL) == ND_EIO,
          "taken");
    CHECK("no corpus to make", nd_tables_make(in_root("x"), NULL, &failures, NULL) == ND_EIO,
          "taken");
    CHECK("a table's name", !strcmp(nd_table_name(ND_TABLE_HIMV), "himv"), "%s",
          nd_table_name(ND_TABLE_HIMV));
    CHECK("no table's name", !*nd_table_name((nd_table)7), "%s", nd_table_name((nd_table)7));
}

/* ---- figures ------------------------------------------------------------------------- */

static void check_figure(void)
{
    const nd_estimate three[] = {{0.2, 0.1, 0.3}, {0.3, 0.2, 0.5}, {0.4, 0.3, 0.7}};
    nd_tables_figure f = nd__tables_figure_of(three, 3);
    CHECK_NEAR("the mean of three seeds", f.mean, 0.3, 1e-12);
    CHECK_NEAR("their deviation", f.deviation, 0.1, 1e-12);
    CHECK_NEAR("their lower end", f.lo, 0.2, 1e-12);
    CHECK_NEAR("their upper end", f.hi, 0.5, 1e-12);
    f = nd__tables_figure_of(three, 1);
    CHECK("one seed has no deviation", isnan(f.deviation) && f.mean == 0.2, "%g", f.deviation);
}

/* ---- the plan ------------------------------------------------------------------------ */

static nd_tables_plan plan_of(nd_tables_params p)
{
    nd_tables_plan plan = {0};
    nd_diag diag = {0};
    if (nd_tables_plan_make(&plan, corpus(), &p, &diag)) printf("FAIL %s\n", diag.text), exit(1);
    return plan;
}

static const nd_tables_kind *kind_of(const nd_tables_plan *plan, const char *name)
{
    static const nd_tables_kind none;
    for (int i = 0; i < plan->n_kinds; i++)
        if (!strcmp(plan->kinds[i].name, name)) return &plan->kinds[i];
    return &none;
}

static void check_without_targets(void)
{
    nd_tables_plan plan = plan_of((nd_tables_params){.n_seeds = 1, .n_ablation_seeds = -1});
    CHECK("AE cannot be had without targets",
          plan.impossible && strstr(plan.impossible, "targets_scene.txt"), "%s",
          plan.impossible ? plan.impossible : "nothing said");
    CHECK("the others can",
          kind_of(&plan, "train/paper-s-se+r")->n_missing == 1 &&
              kind_of(&plan, "train/cbvmr-ae")->n_missing == 0,
          "%d", plan.n_missing);
    nd_tables_plan_deinit(&plan);
    write_text("corpus/targets_scene.txt", "a, calm\n");
    write_text("corpus/targets_family.txt", "a, calm\n");
}

static void check_plan(void)
{
    nd_tables_plan plan = plan_of((nd_tables_params){.n_jobs = 1});
    CHECK("nothing is ruled out", !plan.impossible, "%s", plan.impossible);
    CHECK("nothing is there", plan.n_there == 0 && plan.n_missing == plan.n_not_timed, "%d",
          plan.n_there);
    CHECK("the folder", !strcmp(plan.models, in_root("corpus/tables")), "%s", plan.models);
    CHECK("extractors of three seeds", kind_of(&plan, "pretrain/video")->n_missing == 6, "%d",
          kind_of(&plan, "pretrain/video")->n_missing);
    CHECK("six losses and cross-attention of the paper's",
          kind_of(&plan, "train/paper-s-se+r")->n_missing == 3 + 7, "%d",
          kind_of(&plan, "train/paper-s-se+r")->n_missing);
    CHECK("losses of ours", kind_of(&plan, "train/recommended-se+r")->n_missing == 3 + 8, "%d",
          kind_of(&plan, "train/recommended-se+r")->n_missing);
    nd_tables_plan_deinit(&plan);
    plan = plan_of(
        (nd_tables_params){.table = ND_TABLE_HIMV, .n_seeds = 1, .n_ablation_seeds = -1});
    CHECK("himv has no SE",
          kind_of(&plan, "train/cmvae-se+r")->n_missing == 1 &&
              kind_of(&plan, "train/paper-s-se")->n_missing == 0,
          "%d", plan.n_missing);
    nd_tables_plan_deinit(&plan);
}

/* One seed without ablations is 4 extractors, 7 trainings, 7 + 5 measurements. */
static void check_times(void)
{
    const nd_tables_params p = {
        .n_seeds = 1, .n_ablation_seeds = -1, .n_jobs = 2, .models = strdup(in_root("timed"))};
    write_text("timed/steps.log", "train/cmvae-ae 100 collected/s1/x\ntrain/cmvae-ae 200 y\n"
                                  "eval/plain 10 z\nno line\neval/plain nan z\n");
    write_text("timed/collected/s1/unified.safetensors", "");
    nd_tables_plan plan = plan_of(p);
    CHECK_NEAR("timed by kind", kind_of(&plan, "train/cmvae-ae")->each_s, 150, 1e-9);
    CHECK("others by the general kind",
          kind_of(&plan, "train/cbvmr-ae")->each_s == 150 &&
              kind_of(&plan, "train/cbvmr-ae")->is_by_general &&
              !kind_of(&plan, "train/cmvae-ae")->is_by_general,
          "%g", kind_of(&plan, "train/cbvmr-ae")->each_s);
    CHECK("unknown ones are said to be", plan.n_not_timed == 2, "%d", plan.n_not_timed);
    CHECK_NEAR("two at a time", plan.left_s, (7 * 150 + 12 * 10) / 2.0, 1e-9);
    CHECK("extractors of the network that is there are not wanted",
          kind_of(&plan, "pretrain/video")->n_missing == 1, "%d",
          kind_of(&plan, "pretrain/video")->n_missing);
    char *text = NULL, *json = NULL;
    int rc = nd_tables_plan_text(&text, &plan), rc_json = nd_tables_plan_json(&json, &plan);
    CHECK("the plan as text", !rc && strstr(text, "2 at a time: about 0:09:45 h, and 2 steps"),
          "%s", text);
    CHECK("the plan as JSON", !rc_json && strstr(json, "\"left_s\": 585.0"), "%s", json);
    free(text);
    free(json);
    free((char *)(uintptr_t)p.models);
    nd_tables_plan_deinit(&plan);
}

/* ---- reading ------------------------------------------------------------------------- */

/* A report of eval: recalls value, value + 0.1, ..; of the same row reranked 0.05 more. */
static void write_report(const char *name, int videos, double value, double difference)
{
    nd_str s = {0};
    char path[160];
    nd_str_append(&s, "{\"videos\": %d, \"tracks\": 9, ", videos);
    for (int list = 0; list < 2; list++) {
        nd_str_append(&s, "%s\"%s\": [", list ? ", " : "", list ? "differences" : "rows");
        for (int k = 0; k < 3; k++) {
            double base = (list ? difference : value) + (k == 1 ? 0.05 : k == 2 ? 0.2 : 0);
            nd_str_append(&s,
                          "%s{\"tags\": \"%s\", \"rerank\": %s, \"tags_alone\": {\"recall_1\": "
                          "0.5}, \"video_to_music\": {",
                          k ? ", " : "", k == 2 ? "true" : "none", k == 1 ? "true" : "false");
            for (int c = 0; c < ND_EVAL_N_CUTS; c++)
                nd_str_append(&s,
                              "%s\"recall_%d\": %.4f, \"recall_%d_interval\": [%.4f, %.4f], "
                              "\"recall_%d_chance\": 0.1",
                              c ? ", " : "", nd_eval_cut(c), base + 0.1 * c, nd_eval_cut(c),
                              base + 0.1 * c - 0.02, base + 0.1 * c + 0.03, nd_eval_cut(c));
            nd_str_append(&s, "}}");
        }
        nd_str_append(&s, "]");
    }
    nd_str_append(&s, "}");
    snprintf(path, sizeof path, "read/collected/%s.json", name);
    write_text(path, s.text);
    nd_str_deinit(&s);
}

static void make_reports(void)
{
    write_report("s1/paper-s-ae", 7, 0.1, 0);
    write_report("s2/paper-s-ae", 7, 0.2, 0);
    write_report("s1/paper-s-a-se", 7, 0.3, 0.2);
    write_report("s2/paper-s-a-se", 8, 0.3, 0.2);
    write_text("read/collected/s1/paper-s-se.json", "{\"videos\": ");
    write_report("s1/recommended-se+r.plain", 7, 0.5, 0);
    write_report("s2/recommended-se+r", 7, 0.6, 0);
    write_report("s1/recommended-se+r.no-pulse", 7, 0.4, -0.25);
    write_report("s1/recommended-se+r.no-rerank", 7, 0.5, 0);
}

static const nd_tables_row *row_of(const nd_tables_report *r, const char *label)
{
    int i = 0;
    while (i < r->n_rows && strcmp(r->rows[i].label, label)) i++;
    if (i == r->n_rows) printf("FAIL no row %s\n", label), exit(1);
    return &r->rows[i];
}

static const nd_tables_ablation *part_of(const nd_tables_report *r, const char *name, bool reranked)
{
    int i = 0;
    while (i < r->n_ablations &&
           (strcmp(r->ablations[i].name, name) || r->ablations[i].is_reranked != reranked))
        i++;
    if (i == r->n_ablations) printf("FAIL no part %s\n", name), exit(1);
    return &r->ablations[i];
}

static const nd_tables_difference *question_of(const nd_tables_report *r, const char *label)
{
    int i = 0;
    while (i < r->n_differences && strcmp(r->differences[i].label, label)) i++;
    if (i == r->n_differences) printf("FAIL no question %s\n", label), exit(1);
    return &r->differences[i];
}

static void check_rows(const nd_tables_report *r)
{
    const nd_tables_row *row = row_of(r, "3 UT-CMVMR AE");
    CHECK("two seeds", row->n_seeds == 2 && row->has_tagged, "%d", row->n_seeds);
    CHECK_NEAR("their mean", row->recall[1].mean, 0.25, 1e-9);
    CHECK_NEAR("with the true tag", row->tagged[0].mean, 0.35, 1e-9);
    CHECK_NEAR("their deviation", row->recall[0].deviation, 0.1 / sqrt(2), 1e-9);
    CHECK_NEAR("the interval", row->recall[0].hi - row->recall[0].lo, 0.05, 1e-9);
    CHECK_NEAR("theirs, as printed", row->theirs[3], 0.4480, 1e-9);
    CHECK("a row without figures", row_of(r, "1 CBVMR AE")->n_seeds == 0, "some");
    CHECK("another test split is left out", row_of(r, "4 UT-CMVMR A-SE")->n_seeds == 1, "%d",
          row_of(r, "4 UT-CMVMR A-SE")->n_seeds);
    row = row_of(r, "ours SE+R");
    CHECK("the ladder's report, or what stands in", row->n_seeds == 2 && row->is_ours, "%d",
          row->n_seeds);
    CHECK("ours is no row of theirs", isnan(row->theirs[0]), "%g", row->theirs[0]);
    CHECK_NEAR("ours reranked", row_of(r, "ours SE+R, reranked")->recall[0].mean, 0.6, 1e-9);
    CHECK_NEAR("chance", r->chance[2], 0.1, 1e-9);
    CHECK_NEAR("the tag alone", r->tag_alone[0], 0.5, 1e-9);
}

static void check_differences(const nd_tables_report *r)
{
    const nd_tables_difference *d = question_of(r, "4 - 3 tag set, over AE");
    CHECK("the differences of a report answer", d->n_seeds == 1 && !strcmp(d->question, "tag set"),
          "%d", d->n_seeds);
    CHECK_NEAR("a difference", d->recall[0].mean, 0.2, 1e-9);
    CHECK("no answer yet", question_of(r, "6 - 5 rhythm, over SE")->n_seeds == 0, "some");
    const nd_tables_ablation *a = part_of(r, "recommended-se+r.no-pulse", false);
    CHECK_NEAR("recall without a loss", a->recall[0].mean, 0.4, 1e-9);
    CHECK_NEAR("what it is worth", a->worth[0].mean, 0.25, 1e-9);
    CHECK("its interval is turned",
          fabs(a->worth[0].lo - 0.22) < 1e-9 && fabs(a->worth[0].hi - 0.27) < 1e-9, "%g %g",
          a->worth[0].lo, a->worth[0].hi);
    CHECK_NEAR("the same, reranked", part_of(r, "recommended-se+r.no-pulse", true)->worth[0].mean,
               0.2, 1e-9);
    a = part_of(r, "recommended-se+r.no-rerank", false);
    CHECK_NEAR("without the pair scorer", a->recall[0].mean, 0.5, 1e-9);
    CHECK_NEAR("what that is worth", a->worth[0].mean, 0.05, 1e-9);
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at++) n++;
    return n;
}

static void check_missing(const nd_tables_report *r)
{
    CHECK("what is missing is told once", count(r->missing, "s1/cbvmr-ae.json: not made yet") == 1,
          "%s", r->missing);
    CHECK("what is damaged too", count(r->missing, "s1/paper-s-se.json: JSON expected") == 1, "%s",
          r->missing);
    CHECK("and another split",
          count(r->missing, "s2/paper-s-a-se.json: measured on another test split") == 1, "%s",
          r->missing);
}

static void check_forms(const nd_tables_report *r)
{
    char *text = NULL, *markdown = NULL, *json = NULL, *csv = NULL;
    int rc = nd_tables_report_text(&text, r, false) | nd_tables_report_text(&markdown, r, true) |
             nd_tables_report_json(&json, r) | nd_tables_report_csv(&csv, r);
    if (rc) printf("FAIL forms: %d\n", rc), exit(1);
    CHECK("text has ours", strstr(text, "15.0 ± 7.1 (13.0 .. 18.0)"), "%s", text);
    CHECK("and theirs, as theirs",
          strstr(text, "5.13 / 19.83 / 30.32 / 44.80") && strstr(text, "it is not ours"), "%s",
          text);
    CHECK("Markdown", strstr(markdown, "| 3 UT-CMVMR AE | 2 | 15.0 ± 7.1 (13.0 .. 18.0) |"), "%s",
          markdown);
    CHECK("CSV",
          strstr(csv, "\nsystem,paper-s-ae,\"3 UT-CMVMR AE\",2,none,0,1,15.0000,7.0711,"
                      "13.0000,18.0000,5.1300\n"),
          "%s", csv);
    CHECK("CSV of a part",
          strstr(csv, "\nworth,recommended-se+r.no-pulse,\"pulse\",1,none,0,1,"
                      "25.0000,,22.0000,27.0000,\n"),
          "%s", csv);
    json_t *parsed = json_loads(json, 0, NULL);
    CHECK("JSON",
          json_array_size(json_object_get(parsed, "rows")) == (size_t)r->n_rows &&
              json_array_size(json_object_get(parsed, "missing")) > 0,
          "%s", json);
    json_decref(parsed);
    free(text);
    free(markdown);
    free(json);
    free(csv);
}

static void check_read(void)
{
    char *models = strdup(in_root("read"));
    const nd_tables_params p = {.n_seeds = 2, .n_ablation_seeds = 1, .models = models};
    nd_tables_report r = {0};
    nd_diag diag = {0};
    make_reports();
    int rc = nd_tables_read(&r, corpus(), &p, &diag);
    if (rc) printf("FAIL %s\n", diag.text), exit(1);
    CHECK("counts of the test split", r.n_videos == 7 && r.n_tracks == 9, "%d", r.n_videos);
    check_rows(&r);
    check_differences(&r);
    check_missing(&r);
    check_forms(&r);
    nd_tables_report_deinit(&r);
    free(models);
}

/* ---- making -------------------------------------------------------------------------- */

static int stop(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    (void)user, (void)what, (void)done, (void)total, (void)item;
    return 1;
}

/* The corpus has no features: what needs nothing before it fails, the rest is not tried. */
static void check_make(void)
{
    char *models = strdup(in_root("made")), *failures = NULL;
    nd_tables_params p = {.n_seeds = 1, .n_ablation_seeds = -1, .n_jobs = 3, .models = models};
    nd_diag diag = {0};
    int rc = nd_tables_make(corpus(), &p, &failures, &diag);
    CHECK("steps that fail do not end it", rc == 0 && failures, "%s", diag.text);
    CHECK("each is told once",
          failures && count(failures, "\n") == 2 &&
              count(failures, "s1/video.safetensors: ") == 1 &&
              count(failures, "s1/scene.safetensors: ") == 1,
          "%s", failures ? failures : "none");
    free(failures);
    failures = NULL;
    CHECK("no lock stays", access(in_root("made/collected/s1/video.safetensors.lock"), F_OK),
          "it does");
    nd_progress progress = {.update = stop};
    p.progress = &progress;
    write_text("made/collected/s1/video.safetensors", "no model");
    rc = nd_tables_make(corpus(), &p, &failures, &diag);
    CHECK("a stop", rc == ND_ECANCELLED && !failures && diag.text[0], "%d", rc);
    free(models);
}

int main(void)
{
    make_corpus();
    check_wrong();
    check_figure();
    check_without_targets();
    check_plan();
    check_times();
    check_read();
    check_make();
    TEST_END();
}
