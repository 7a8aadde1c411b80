/* Human judgement: files of lines, names, measures beside NumPy's (tests/reference/relevance.py),
 * and rankings that are files. Rankings of a model are in tests/learn/test_eval.c. */
#include "../compute/failing_malloc.h"
#include "../test.h"
#include "../uniform.h"
#include "corpus_root.h"
#include "learn/relevance.h"

enum { N = 20, MOST = 30, KINDS = 4, N_FIGURES = ND_RELEVANCE_N_FIGURES };

static void write_text(const char *name, const char *text)
{
    nd_diag diag = {0};
    if (nd_file_write(in_root(name), text, strlen(text), &diag)) printf("FAIL %s\n", diag.text);
}

/* ---- lines ---------- */

static const struct {
    const char *name, *text;
    int n, n_lines;
    const char *problem; /* NULL: none */
} files[] = {
    {"nothing", "", 0, 0, NULL},
    {"comments and empty lines", "# a\n\n  \n#b", 0, 0, NULL},
    {"tabs", "v\tt\t1\nv\tu, w\t0.5\textra\n", 2, 2, NULL},
    {"commas and quotes", "\"v,\"\"1\"\"\",t,2\r\nv,t,1e1\r\n", 2, 2, NULL},
    {"a header", "track,grade,video\nt,3,v\n", 1, 1, NULL},
    {"a header after a comment", "\xEF\xBB\xBF# x\nVideo\tMusic\tGrade\nv\tt\t3", 1, 1, NULL},
    {"JSON",
     "{\"video\":\"v\",\"track\":\"t\",\"grade\":1}\n{\"path\":\"v\",\"music\":\"u\","
     "\"grade\":2.5,\"by\":7}\n",
     2, 2, NULL},
    {"no grade", "v\tt\nv\tu\t1\n", 1, 2, "line 1: grade: a number expected"},
    {"no track", "v\t\t1\n", 0, 1, "line 1: video, track, grade expected"},
    {"words", "v\tt\tgood\n", 0, 1, "line 1: grade: a number"},
    {"half a number", "v\tt\t1x\n", 0, 1, "line 1: grade: a number"},
    {"endless", "v\tt\tinf\n", 0, 1, "line 1: grade: a number"},
    {"below 0", "v\tt\t0\n\nv\tu\t-1\n", 1, 2, "line 3: grade: 0 .. 1e+06 expected, found -1"},
    {"beyond all", "v\tt\t1e7\n", 0, 1, "found 1e+07"},
    {"a quote that does not end", "\"v,t,1\nv,t,1\n", 1, 2, "line 1: video, track, grade"},
    {"no JSON", "{\"video\":\"v\",\nv,t,1\n", 1, 2, "line 1: video, track, grade"},
    {"a text for a grade", "{\"video\":\"v\",\"track\":\"t\",\"grade\":\"1\"}", 0, 1, "a number"},
    {"a late header is no line", "v,t,1\nvideo,track,grade\n", 1, 2, "line 2: grade: a number"},
};

static void test_lines(void)
{
    for (size_t i = 0; i < ND_COUNT(files); i++) {
        nd__marks m = {.path = "j.tsv", .value = "grade"};
        nd__problems problems = {0};
        nd_diag diag = {0};
        int rc = nd__marks_parse(&m, files[i].text, strlen(files[i].text), &problems, &diag);
        const char *found = problems.lines.text ? problems.lines.text : "";
        CHECK(files[i].name,
              rc == 0 && (int)m.n == files[i].n && m.n_lines == files[i].n_lines &&
                  (files[i].problem ? strstr(found, files[i].problem) != NULL : !problems.n),
              "%zu of %d: %s", m.n, m.n_lines, found);
        nd__marks_deinit(&m);
        nd_str_deinit(&problems.lines);
    }
}

static void test_header_order(void)
{
    const char *text = "grade,track,by,video\n3,./t//u,x,v\n";
    nd__marks m = {.path = "j.csv", .value = "grade"};
    nd__problems problems = {0};
    nd__marks_parse(&m, text, strlen(text), &problems, NULL);
    CHECK("columns as the header has them, paths tidy",
          m.n == 1 && !strcmp(m.videos.texts[0], "v") && !strcmp(m.tracks.texts[0], "t/u") &&
              m.items[0].value == 3 && m.items[0].line == 2,
          "%zu", m.n);
    nd__marks_deinit(&m);
    nd_str_deinit(&problems.lines);
}

static void test_problems(void)
{
    nd__problems p = {0};
    for (int i = 0; i < 200; i++) nd__problem_add(&p, "a\nb\xff", i, "bad \x01 %s", "\xc3\xa9");
    CHECK("problems are counted, the first 100 kept, one line each",
          p.n == 200 && strstr(p.lines.text, "line 99:") && !strstr(p.lines.text, "line 100:") &&
              !strncmp(p.lines.text, "a\\nb\\xFF: bad \\x01 \xc3\xa9\n", 20),
          "%.60s", p.lines.text);
    nd_str_deinit(&p.lines);
}

/* ---- names ---------- */

static void test_names(void)
{
    static const char *const known[] = {"/m/a/1.mp3", "/m/b/1.mp3", "b/2.mp3",
                                        "2.mp3",      "x2.mp3",     "/m/c/3.mp3"};
    static const struct {
        const char *text;
        int number;
    } cases[] = {{"/m/a/1.mp3", 0}, {"a/1.mp3", 0}, {"b/1.mp3", 1}, {"1.mp3", -2}, {"2.mp3", 3},
                 {"3.mp3", 5},      {"mp3", -1},    {"/3.mp3", -1}, {"", -1},      {"c/3.mp", -1}};
    nd_tag_map map = {0};
    nd__names names = {0};
    int id;
    for (size_t i = 0; i < ND_COUNT(known); i++) nd__names_add(&map, known[i], &id);
    CHECK("names", nd__names_make(&names, &map) == 0, "failed");
    for (size_t i = 0; i < ND_COUNT(cases); i++)
        CHECK(*cases[i].text ? cases[i].text : "no name",
              nd__names_find(&names, cases[i].text) == cases[i].number, "%d",
              nd__names_find(&names, cases[i].text));
    nd__names_deinit(&names);
    nd_tag_map_deinit(&map);
    nd__names_make(&names, &map);
    CHECK("among no names", nd__names_find(&names, "a") == -1, "found");
    nd__names_deinit(&names);
}

/* ---- measures ---------- */

/* One video of the golden file. */
typedef struct made {
    double scores[MOST];
    nd__mark judged[MOST];
    int n_listed, n_gallery, first[2];
} made;

static void make_video(made *out, int i)
{
    *out = (made){.n_gallery = i < 10 ? 9 : 30, .n_listed = i < 10 ? 7 : 20};
    for (int j = 0; j < out->n_gallery; j++) {
        double draw = test_uniform("relevance grades", (int64_t)i * MOST + j);
        double grade = j == i % out->n_gallery ? 3 : floor((draw - 0.5) * 8);
        out->scores[j] = floor(test_uniform("relevance scores", (int64_t)i * MOST + j) * 4) / 4;
        if (grade >= 0) out->judged[out->first[1]++] = (nd__mark){.track = j, .value = grade};
    }
}

static int list_made(nd__placed *out, void *user, int query)
{
    const made *m = user;
    (void)query;
    for (int j = 0; j < m->n_listed; j++)
        out[j] = (nd__placed){.score = m->scores[j], .track = m->n_listed - 1 - j};
    for (int j = 0; j < m->n_listed; j++) out[j].score = m->scores[out[j].track];
    return m->n_listed;
}

static int measure_made(nd_relevance_row rows[2], made *m, double relevant)
{
    nd__lists lists = {m->judged, m->first, 1, 0};
    nd__ranker ranker = {&lists, relevant, m->n_gallery, m->n_gallery, list_made, m};
    nd_eval_params params = {.n_resamples = 3};
    return nd__relevance_measure(rows, &ranker, &params);
}

static void test_golden(void)
{
    static const char *const names[KINDS] = {"all tracks as NumPy's", "their random order",
                                             "judged alone as NumPy's", "their random order, too"};
    double worst[KINDS] = {0};
    nd_array golden = {0};
    nd_diag diag = {0};
    int rc = nd_array_read_npy(&golden, "tests/golden/relevance.npy", &diag);
    CHECK("golden file", rc == 0 && golden.n_dims == 3 && golden.dims[0] == N, "%s", diag.text);
    for (int i = 0; i < N && !rc; i++) {
        made m;
        nd_relevance_row rows[2];
        make_video(&m, i);
        rc = measure_made(rows, &m, 2);
        for (int k = 0; k < KINDS && !rc; k++)
            for (int f = 0; f < N_FIGURES; f++) {
                const nd_relevance_row *row = &rows[k / 2];
                double found = k % 2 ? row->chance[f] : row->figures[f].value;
                double expected = (double)golden.f32[(i * KINDS + k) * N_FIGURES + f];
                worst[k] = fmax(worst[k], fabs(found - expected));
            }
    }
    for (int k = 0; k < KINDS; k++) CHECK_NEAR(names[k], worst[k], 0, 1e-6);
    nd_array_deinit(&golden);
}

/* What makes no difference has what chance has; NaN is such a score. */
static void test_indifferent(void)
{
    made m;
    nd_relevance_row rows[2];
    double worst = 0;
    make_video(&m, 15);
    m.n_listed = m.n_gallery;
    for (int j = 0; j < m.n_gallery; j++) m.scores[j] = NAN;
    measure_made(rows, &m, 2);
    for (int k = 0; k < 2; k++)
        for (int f = 0; f < N_FIGURES; f++)
            worst = fmax(worst, fabs(rows[k].figures[f].value - rows[k].chance[f]));
    CHECK_NEAR("all alike have what chance has", worst, 0, 1e-12);
    CHECK_NEAR("and as many judged", rows[0].judged_10, (double)m.first[1] / m.n_gallery, 1e-12);
    CHECK_NEAR("of the judged all are", rows[1].judged_10, 1, 0);
    CHECK("sizes", rows[0].n_tracks == 30 && rows[1].n_tracks == m.first[1], "%g, %g",
          rows[0].n_tracks, rows[1].n_tracks);
}

/* Published by hand: Manning, Raghavan, Schuetze, 8.4, has the discount; grades 3, 2, 3, 0, 1, 2
 * are the usual example of nDCG: 6.861 of 7.141. */
static void test_by_hand(void)
{
    static const double grades[] = {3, 2, 3, 0, 1, 2};
    made m = {.n_listed = 6, .n_gallery = 6, .first = {0, 6}};
    nd_relevance_row rows[2];
    for (int j = 0; j < 6; j++) {
        m.scores[j] = -j;
        m.judged[j] = (nd__mark){.track = j, .value = grades[j]};
    }
    measure_made(rows, &m, 3);
    CHECK_NEAR("the usual example", rows[0].figures[ND_RELEVANCE_NDCG].value, 6.861 / 7.141, 2e-4);
    CHECK_NEAR("a hit at once", rows[0].figures[0].value, 1, 0);
    m.n_listed = 0;
    measure_made(rows, &m, 3);
    CHECK("an empty list finds nothing",
          rows[0].figures[3].value == 0 && rows[1].figures[ND_RELEVANCE_MRR].value == 0 &&
              rows[0].judged_10 == 0,
          "%g", rows[0].figures[3].value);
}

/* ---- a ranking that is a file ---------- */

static nd_relevance_report measure(const char *judged, const char *ranking, double relevant)
{
    nd_relevance_report report = {0};
    nd_diag diag = {0};
    nd_eval_params params = {.n_resamples = 50};
    nd_relevance_params relevance = {in_root("judged"), in_root("ranking"), relevant};
    write_text("judged", judged);
    write_text("ranking", ranking);
    int rc = nd_eval_relevance(NULL, &params, &relevance, &report, &diag);
    if (rc) printf("FAIL measuring: %s\n", diag.text), exit(1);
    return report;
}

static void check_error(const char *name, const char *dir, nd_eval_params params,
                        nd_relevance_params relevance, int expected, const char *in_story)
{
    nd_relevance_report report = {.n_videos = -1};
    nd_diag diag = {0};
    int rc = nd_eval_relevance(dir, &params, &relevance, &report, &diag);
    CHECK(name, rc == expected && report.n_videos == -1 && strstr(diag.text, in_story),
          "code %d: %s", rc, diag.text);
}

static void test_wrong(void)
{
    const char *judged = in_root("good"), *ranking = in_root("order"), *none = in_root("none");
    write_text("good", "v\tt\t1\nw\tt\t0\n");
    write_text("order", "v\tt\t0.5\n");
    write_text("empty", "# nothing\n");
    nd_eval_params plain = {0}, model = {.model = "m"}, resamples = {.n_resamples = -1};
    check_error("no judgements", NULL, plain, (nd_relevance_params){NULL, ranking, 0}, ND_EARG,
                "judgements");
    check_error("neither", NULL, plain, (nd_relevance_params){judged, NULL, 0}, ND_EARG,
                "a ranking alone");
    check_error("a model without a corpus", NULL, model, (nd_relevance_params){judged, NULL, 0},
                ND_EARG, "a ranking alone");
    check_error("both", "dir", model, (nd_relevance_params){judged, ranking, 0}, ND_EARG,
                "a ranking alone");
    check_error("grade", NULL, plain, (nd_relevance_params){judged, ranking, -1}, ND_EARG,
                "above 0 expected, found -1");
    check_error("no number", NULL, plain, (nd_relevance_params){judged, ranking, NAN}, ND_EARG,
                "above 0");
    check_error("resamples", NULL, resamples, (nd_relevance_params){judged, ranking, 0}, ND_EARG,
                "resamples");
    check_error("no file", NULL, plain, (nd_relevance_params){none, ranking, 0}, ND_EIO, "none");
    check_error("no ranking", NULL, plain, (nd_relevance_params){judged, none, 0}, ND_EIO, "none");
    check_error("an empty ranking", NULL, plain, (nd_relevance_params){judged, in_root("empty"), 0},
                ND_EFORMAT, "found 0 lines");
    check_error("empty judgements", NULL, plain,
                (nd_relevance_params){in_root("empty"), ranking, 0}, ND_EEMPTY, "0 of 0 lines");
    check_error("nothing relevant", NULL, plain, (nd_relevance_params){judged, ranking, 2},
                ND_EEMPTY, "grade 2 or more expected, found 1 videos without, and 1 of 2 lines");
    check_error("no corpus", "/nowhere", model, (nd_relevance_params){judged, NULL, 0}, ND_EIO,
                "/nowhere");
}

static const char JUDGED[] = "video,track,grade\n"
                             "a.mp4,x.mp3,2\n"
                             "a.mp4,y.mp3,1\n"
                             "a.mp4,x.mp3,2\n"
                             "a.mp4,x.mp3,1\n"
                             "b.mp4,x.mp3,1\n"
                             "b.mp4,nobody.mp3,1\n"
                             "c.mp4,x.mp3,1\n"
                             "d.mp4,x.mp3,0\n";

static void test_ranking(void)
{
    nd_relevance_report r = measure(JUDGED,
                                    "/v/a.mp4\t/m/z.mp3\t3\n/v/a.mp4\t/m/x.mp3\t2\n"
                                    "/v/a.mp4\t/m/y.mp3\t1\n/v/a.mp4\t/m/z.mp3\t1\n"
                                    "/v/b.mp4\t/m/z.mp3\t1\n/v/d.mp4\t/m/z.mp3\t1\n",
                                    0);
    const nd_relevance_row *all = &r.rows[0], *alone = &r.rows[1];
    CHECK("counts",
          r.n_lines == 8 && r.n_judgements == 4 && r.n_left_out == 3 && r.n_videos == 2 &&
              r.n_without == 1 && r.n_tracks == 4 && r.n_not_found == 2 && r.n_rows == 2,
          "%d %d %d %d %d %d %d", r.n_lines, r.n_judgements, r.n_left_out, r.n_videos, r.n_without,
          r.n_tracks, r.n_not_found);
    CHECK_NEAR("hit@1", all->figures[0].value, 0, 0);
    CHECK_NEAR("hit@5: what is not listed is not found", all->figures[1].value, 0.5, 0);
    CHECK_NEAR("hit@5 by chance: of four all are among five", all->chance[1], 1, 0);
    CHECK_NEAR("MRR: the second, and none", all->figures[ND_RELEVANCE_MRR].value, 0.25, 1e-12);
    CHECK_NEAR("judged alone: the first, and none", alone->figures[0].value, 0.5, 0);
    CHECK_NEAR("judged alone, by chance", alone->chance[0], 1, 1e-12);
    CHECK_NEAR("intervals", all->figures[1].hi - all->figures[1].lo, 1, 0);
    CHECK("what is amiss is told",
          strstr(r.problems, "line 4: the pair of line 2 again, with the same grade") &&
              strstr(r.problems, "line 5: the pair of line 2 again, with another grade (1, before "
                                 "2): the first stands") &&
              strstr(r.problems, "line 8: the ranking has no video c.mp4") &&
              strstr(r.problems, "ranking: line 4: the pair of line 1 again, with another score"),
          "%s", r.problems);
    char *text = NULL, *json = NULL;
    CHECK("text",
          nd_relevance_report_text(&text, &r, false) == 0 && strstr(text, "random order") &&
              strstr(text, "2 judged tracks are not in the ranking of their video") &&
              strstr(text, "1 videos without a track of grade 1"),
          "%s", text);
    CHECK("JSON",
          nd_relevance_report_json(&json, &r) == 0 && strstr(json, "\"hit_5\": 0.5") &&
              strstr(json, "\"condensed\": true") && strstr(json, "\"model\": null") &&
              strstr(json, "\"ndcg_10_interval\": ["),
          "%s", json);
    free(text);
    free(json);
    CHECK("Markdown", nd_relevance_report_text(&text, &r, true) == 0 && strstr(text, "| ---: |"),
          "%s", text);
    free(text);
    nd_relevance_report_deinit(&r);
}

/* Scores that are printed are rounded: places count. "b\xff.mp4" is told in hexadecimal. */
static void test_recommend_json(void)
{
    nd_relevance_report r = measure(
        "a.mp4\ty.mp3\t1\nb\xff.mp4\tx.mp3\t1\n",
        "{\"videos\": [{\"path\": \"/v/a.mp4\", \"n_passed\": 40, \"results\": ["
        "{\"path\": \"/m/x.mp3\", \"score\": 0.5}, {\"path\": \"/m/y.mp3\", \"score\": 0.5},"
        "{\"score\": 1}]},\n"
        "{\"path\": \"/v/b\xef\xbf\xbd.mp4\", \"path_hex\": \"2f762f62ff2e6d7034\","
        "\"results\": [{\"path\": \"/m/x.mp3\"}]}, {\"results\": [{}]}, 3]}",
        0);
    CHECK("recommend --json", r.n_videos == 2 && r.n_tracks == 40 && r.n_not_found == 0, "%d, %d",
          r.n_videos, r.n_tracks);
    CHECK_NEAR("places, not scores", r.rows[0].figures[ND_RELEVANCE_MRR].value, 0.75, 1e-12);
    CHECK_NEAR("chance among all that passed", r.rows[0].chance[0], 1 / 40.0, 1e-12);
    CHECK("what has no path is told",
          strstr(r.problems, "ranking: result 3 of video 1 has no \"path\"") &&
              strstr(r.problems, "video 4 has no \"path\""),
          "%s", r.problems);
    nd_relevance_report_deinit(&r);
}

static int measure_once(void *user)
{
    nd_eval_params params = {.n_resamples = 5};
    nd_relevance_report report = {0};
    int rc = nd_eval_relevance(NULL, &params, user, &report, NULL);
    nd_relevance_report_deinit(&report);
    return rc;
}

static void test_memory(void)
{
    nd_relevance_params relevance = {in_root("judged"), in_root("ranking"), 0};
    write_text("judged", JUDGED);
    write_text("ranking", "a.mp4\tx.mp3\t3\na.mp4\tx.mp3\t2\n"
                          "{\"video\":\"b.mp4\",\"track\":\"y.mp3\",\"score\":1}\n");
    check_malloc_failures("out of memory anywhere", measure_once, &relevance);
}

int main(void)
{
    strcpy(root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(root)) return 1;
    atexit(remove_root);
    test_wrong();
    test_lines();
    test_header_order();
    test_problems();
    test_names();
    test_golden();
    test_indifferent();
    test_by_hand();
    test_ranking();
    test_recommend_json();
    test_memory();
    TEST_END();
}
