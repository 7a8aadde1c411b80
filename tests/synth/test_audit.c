/* The audit: rankers that know nothing are at chance and others are not; a corpus as made passes,
 * one that was tampered with fails in the controls that it hurts. */
#include "../test.h"

#include <sys/stat.h>
#include <time.h>

#include "base/json.h"
#include "needledrop/synth.h"
#include "synth/audit.h"

static char folder[] = "/tmp/needledrop-audit-XXXXXX";

enum { N = 128 };

static char *path_of(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ---- ranking by a number ----------------------------------------------------------------- */

static void test_ranking(void)
{
    double queries[N], gallery[N], same[N];
    int wanted[N];
    nd_rng rng;
    nd_audit_ranking r;
    nd_rng_init(&rng, 3, 0);
    for (int i = 0; i < N; i++) {
        wanted[i] = (i * 37 + 5) % N;
        queries[i] = nd_rng_normal(&rng);
        gallery[i] = nd_rng_normal(&rng);
        same[i] = 7;
    }
    int rc = nd_audit_rank(&r, queries, gallery, wanted, N, N, 1);
    CHECK("noise_is_at_chance", rc == 0 && r.is_at_chance, "%d, %.3f of %.3f..%.3f", rc, r.found[3],
          r.chance_lo[3], r.chance_hi[3]);
    CHECK_NEAR("chance", r.chance[3], 25. / N, .01);
    CHECK_NEAR("chance_of_rank", r.chance[ND_RECALLS], .5, .01);
    rc = nd_audit_rank(&r, same, gallery, wanted, N, N, 1);
    CHECK("a_constant_is_at_chance", rc == 0 && r.is_at_chance, "%.3f", r.found[3]);
    rc = nd_audit_rank(&r, same, same, wanted, N, N, 1);
    CHECK("constants_are_exactly_chance", rc == 0 && fabs(r.found[0] - 1. / N) < 1e-6, "%g",
          r.found[0]);
    for (int i = 0; i < N; i++) { /* of two blocks one is bright, and by chance loud */
        queries[i] = (i < N / 2) + .01 * nd_rng_normal(&rng);
        gallery[wanted[i]] = (i < N / 2) + .01 * nd_rng_normal(&rng);
    }
    rc = nd_audit_rank(&r, queries, gallery, wanted, N, N, N / 2);
    CHECK("blocks_are_one_coincidence", rc == 0 && r.is_at_chance, "rank %.3f",
          r.found[ND_RECALLS]);
    for (int i = 0; i < N; i++) gallery[wanted[i]] = exp(queries[i]); /* any rising function */
    rc = nd_audit_rank(&r, queries, gallery, wanted, N, N, 1);
    CHECK("a_leak_is_found", rc == 0 && !r.is_at_chance && r.found[0] > .99, "%.3f", r.found[0]);
    for (int i = 0; i < N; i++) gallery[wanted[i]] = queries[i] + nd_rng_normal(&rng);
    rc = nd_audit_rank(&r, queries, gallery, wanted, N, N, 1);
    CHECK("half_a_leak_is_found", rc == 0 && !r.is_at_chance, "%.3f, rank %.3f", r.found[3],
          r.found[ND_RECALLS]);
}

/* ---- a corpus ---------------------------------------------------------------------------- */

static json_t *audit(const char *dir, bool *passed_out)
{
    char *text = NULL;
    nd_diag diag = {0};
    nd_synth_audit_params params = {.as_json = true, .n_threads = 2};
    int rc = nd_synth_audit(&text, passed_out, path_of(dir), &params, NULL, &diag);
    CHECK("audited", rc == 0, "%d %s", rc, diag.text);
    json_t *report = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    return report;
}

/* 1 passed, 0 failed, -1 there is none of that name. */
static int control(const json_t *report, const char *name)
{
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(report, "controls"), i, c)
    {
        if (!strcmp(json_string_value(json_object_get(c, "name")), name))
            return json_is_true(json_object_get(c, "passed"));
    }
    return -1;
}

static void test_as_made(void)
{
    bool passed = false;
    json_t *report = audit("a", &passed);
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(report, "controls"), i, c)
    {
        char name[96];
        snprintf(name, sizeof name, "as_made_%s", json_string_value(json_object_get(c, "name")));
        CHECK(name, json_is_true(json_object_get(c, "passed")), "%s",
              json_string_value(json_object_get(c, "found")));
    }
    CHECK("as_made_passes", passed && json_is_true(json_object_get(report, "passed")), "failed");
    CHECK("controls", json_array_size(json_object_get(report, "controls")) >= 25, "%zu",
          json_array_size(json_object_get(report, "controls")));
    CHECK("ladder", json_array_size(json_object_get(report, "ladder")) == ND_N_ORACLES, "%zu",
          json_array_size(json_object_get(report, "ladder")));
    json_decref(report);
}

static void run_command(const char *format)
{
    char command[1024];
    snprintf(command, sizeof command, format, path_of("a"));
    if (system(command)) CHECK("command", false, "%s", command);
}

/* A file's time, a file in two splits, tags in the test part, a track of the test part in
 * training. */
static void test_tampered(void)
{
    run_command("cd '%s' && v=$(sed -n 's/.*\"video\": \"\\([^\"]*\\)\".*train\".*/\\1/p' "
                "corpus.jsonl | head -n 1) && t=$(sed -n 's/.*\"video\": \"\\([^\"]*\\)\".*"
                "test\".*/\\1/p' corpus.jsonl | tail -n 1) && cp \"$v\" \"$t\" && "
                "sed -i '0,/\"tags\": \\[\\], \"music_tags\": \\[\\], \"split\": \"test\"/"
                "s//\"tags\": [\"x\"], \"music_tags\": [], \"split\": \"train\"/' corpus.jsonl && "
                "sed -i '0,/\"tags\": \\[\\], \"music_tags\": \\[\\], \"split\": \"test\"/"
                "s//\"tags\": [\"x\"], \"music_tags\": [], \"split\": \"test\"/' corpus.jsonl");
    bool passed = true;
    json_t *report = audit("a", &passed);
    static const char *const hurt[] = {"one_time_stamp", "splits_by_bytes", "test_tags_apart",
                                       "splits_by_family"};
    for (size_t i = 0; i < ND_COUNT(hurt); i++) {
        char name[64];
        snprintf(name, sizeof name, "tampered_%s", hurt[i]);
        CHECK(name, control(report, hurt[i]) == 0, "%d", control(report, hurt[i]));
    }
    CHECK("tampered_fails", !passed, "passed");
    CHECK("others_still_pass", control(report, "lists_as_made") == 1, "%d",
          control(report, "lists_as_made"));
    json_decref(report);
}

static void test_bad_input(void)
{
    char *text = NULL;
    bool passed;
    nd_diag diag = {0};
    static const struct {
        const char *name, *change, *expected;
        int code;
    } cases[] = {
        {"bad_line", "echo '{\"video\": ' >> '%s/corpus.jsonl'", "line 25", ND_EFORMAT},
        {"bad_split", "sed -i '3s/\"split\": \"[a-z]*\"/\"split\": \"other\"/' '%s/corpus.jsonl'",
         "line 3", ND_EFORMAT},
        {"bad_id", "sed -i '2s/video\\//video\\/0/' '%s/corpus.jsonl'", "line 2", ND_EFORMAT},
        {"bad_truth", "sed -i '1s/\"families\": 1/\"families\": 1000/' '%s/truth.json'", "families",
         ND_EFORMAT},
        {"cut_truth", "truncate -s 900 '%s/truth.json'", "truth.json", ND_EFORMAT},
        {"no_truth", "rm '%s/truth.json'", "truth.json", ND_EIO},
    };
    CHECK("wrong_null", nd_synth_audit(NULL, &passed, "a", NULL, NULL, NULL) == ND_EARG, "taken");
    int rc = nd_synth_audit(&text, &passed, path_of("none"), NULL, NULL, &diag);
    CHECK("no_folder", rc == ND_EIO && diag.text[0], "%d %s", rc, diag.text);
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        run_command(cases[i].change);
        rc = nd_synth_audit(&text, &passed, path_of("a"), NULL, NULL, &diag);
        CHECK(cases[i].name, rc == cases[i].code && strstr(diag.text, cases[i].expected), "%d %s",
              rc, diag.text);
    }
    free(text);
}

int main(void)
{
    if (!mkdtemp(folder)) return 1;
    test_ranking();
    nd_synth_corpus_params few = {.n_pairs = 24, .seed = 8, .n_threads = 2};
    nd_diag diag = {0};
    int rc = nd_synth_corpus(path_of("a"), &few, NULL, NULL, &diag);
    CHECK("made", rc == 0, "%d %s", rc, diag.text);
    test_as_made();
    test_tampered();
    test_bad_input();
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK("folder_removed", system(command) == 0, "%s", folder);
    TEST_END();
}
