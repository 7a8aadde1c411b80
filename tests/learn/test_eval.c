/* Evaluation: a corpus of seven videos and eight tracks with random features under a model that has
 * learned nothing, so that what is checked is the counting. */
#include "cache_fixture.h"
#include "embed/words.h"
#include "learn/eval.h"

enum { FRAMES_T = 32, FRAMES_F = 768 };

/* ---- the corpus ------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
    nd_diag diag = {0};
    if (nd_file_write(path, text, strlen(text), &diag)) printf("FAIL %s\n", diag.text), exit(1);
}

/* Clips of noise, and the rhythm that networks read. */
static void put_item(nd_cache_writer *w, const char *name, nd_medium medium, int C, uint64_t seed)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    nd_cache_record r = {0};
    nd_cache_source source = {name, medium, 1000, 5, seed};
    bool is_music = medium == ND_MUSIC;
    int64_t rows = is_music ? T : FRAMES_T, columns = is_music ? F : FRAMES_F;
    nd_rng rng;
    nd_rng_init(&rng, seed, 0);
    d->medium = medium;
    d->analysed_s = 4.0 * C;
    nd_array *a = nd_description_add(d, is_music ? "fbank" : "colour_frames", ND_F32, 3,
                                     (const int64_t[]){C, rows, columns});
    for (int64_t i = 0; i < C * rows * columns; i++)
        a->f32[i] = is_music ? (float)nd_rng_normal(&rng) : (float)nd_rng_int(&rng, 0, 255) / 255;
    if (nd_cache_encode(&r, d, false, NULL) || nd_cache_writer_put(w, &source, &r, NULL))
        printf("FAIL cannot cache %s\n", name), exit(1);
    nd_cache_record_deinit(&r);
    nd_description_destroy(&d);
}

static const char CORPUS[] =
    "{\"id\":\"p0\",\"video\":\"v0\",\"music\":\"m0\",\"start_s\":0,\"tags\":[\"calm beach\"],"
    "\"music_tags\":[\"calm beach\"],\"split\":\"test\"}\n"
    "{\"id\":\"p1\",\"video\":\"v1\",\"music\":\"m0\",\"start_s\":4,\"tags\":[],\"music_tags\":[],"
    "\"split\":\"test\"}\n"
    "{\"id\":\"p2\",\"video\":\"v2\",\"music\":\"m1\",\"start_s\":0,\"tags\":[\"Happy hills; "
    "new\"],"
    "\"music_tags\":[\"happy hills\",\"sea\"],\"split\":\"test\"}\n"
    "{\"id\":\"p3\",\"video\":\"v3\",\"music\":\"m2\",\"start_s\":0,\"tags\":[],\"music_tags\":[],"
    "\"split\":\"test\"}\n"
    "{\"id\":\"p4\",\"video\":\"v4\",\"music\":\"m3\",\"start_s\":0,\"tags\":[],"
    "\"split\":\"test\"}\n"
    "{\"id\":\"p5\",\"video\":\"v5\",\"music\":\"gone\",\"start_s\":0,\"tags\":[],"
    "\"split\":\"test\"}\n"
    "{\"id\":\"p6\",\"video\":\"v6\",\"music\":\"m4\",\"start_s\":0,\"tags\":[\"calm beach\"],"
    "\"split\":\"train\"}\n";
static const char GALLERY[] = "{\"music\":\"g0\",\"split\":\"test\",\"music_tags\":[\"seaside\"]}\n"
                              "{\"music\":\"copy_of_m0\",\"split\":\"test\",\"music_tags\":[]}\n"
                              "{\"music\":\"g1\",\"split\":\"val\",\"music_tags\":[\"sea\"]}\n"
                              "no JSON\n";
static const char TEST_TAGS[] = "{\"id\":\"p3\",\"tags\":[\"sea\"],\"music_tags\":[\"seaside\"]}\n"
                                "{\"id\":\"nobody\",\"tags\":[\"sea\"]}\n";

static void make_corpus(void)
{
    static const char *const videos[] = {"v0", "v1", "v2", "v3", "v4", "v5", "v6"};
    static const char *const tracks[] = {"m0", "m1", "m2", "m3", "m4", "g0", "g1"};
    mkdir(path_in("corpus", ""), 0700);
    write_text(path_in("corpus", "corpus.jsonl"), CORPUS);
    write_text(path_in("corpus", "gallery.jsonl"), GALLERY);
    write_text(path_in("corpus", "test_tags.jsonl"), TEST_TAGS);
    write_text(path_in("corpus", "synonyms.txt"), "sea, seaside\n! new\n");
    nd_cache_writer *w = open_writer("corpus/cache");
    for (int i = 0; i < 7; i++) put_item(w, videos[i], ND_VIDEO, 2, 100 + (uint64_t)i);
    for (int i = 0; i < 7; i++) put_item(w, tracks[i], ND_MUSIC, 3 + i % 2, 200 + (uint64_t)i);
    put_item(w, "copy_of_m0", ND_MUSIC, 3, 200);
    nd_cache_writer_close(&w);
}

/* ---- the models --------------------------------------------------------------------------- */

static void make_network(nd_network **out, const char *part, const char *feature)
{
    json_t *config = nd_network_preset(NULL, "tiny", feature, 2);
    if (!config || nd_network_create(out, config, part, NULL)) printf("FAIL network\n"), exit(1);
    nd_params_init(nd_network_params(*out), 1);
    json_decref(config);
}

static nd_words *make_words(void)
{
    static const char *const tags[] = {"calm beach", "happy hills", "sea"};
    static float rows[] = {1, 0, 0, 0, 1, 0, 0.6f, 0, 0.8f};
    nd_tag_vectors v = {0};
    nd_words *words = NULL;
    nd_vec vec = {.dim = 3, .rows = rows};
    int rc = 0, id;
    for (int i = 0; i < 3 && !rc; i++)
        rc = nd_tag_map_add(&vec.words, tags[i], strlen(tags[i]), &id);
    if (!rc) rc = nd_tag_vectors_of_vec(&v, &vec, NULL);
    if (!rc) rc = nd_words_of_vectors(&words, &v, tags, 3, 10, NULL);
    if (rc) printf("FAIL words\n"), exit(1);
    nd_tag_map_deinit(&vec.words);
    nd_tag_vectors_deinit(&v);
    return words;
}

static void make_model(const char *path, const char *name, bool has_words, uint64_t seed)
{
    nd_network *networks[2];
    nd_matcher *matcher = NULL;
    nd_words *words = has_words ? make_words() : NULL;
    nd_diag diag = {0};
    make_network(&networks[0], "music", "fbank");
    make_network(&networks[1], "video", "colour_frames");
    json_t *config = nd_matcher_find("ut-cmvmr")
                         ->preset(name, "se+r", (int)nd_network_size_of(networks[0]).D,
                                  (int)nd_network_size_of(networks[1]).D, 3);
    json_t *record = json_pack("{s:{s:b}}", "match", "published", 0);
    int rc = nd_matcher_create(&matcher, config, &diag);
    if (!rc) nd_params_init(nd_matcher_params(matcher), seed);
    nd_model_contents contents = {.networks = networks,
                                  .n_networks = 2,
                                  .matcher = matcher,
                                  .words = words,
                                  .record = record};
    if (!rc) rc = nd_model_write(path, &contents, &diag);
    if (rc) printf("FAIL model: %s\n", diag.text), exit(1);
    json_decref(config);
    json_decref(record);
    nd_matcher_destroy(&matcher);
    nd_words_destroy(&words);
    for (int i = 0; i < 2; i++) nd_network_destroy(&networks[i]);
}

/* ---- wrong parameters ----------------------------------------------------------------------- */

static void check_error(const char *name, const char *dir, nd_eval_params params, int expected,
                        const char *in_story)
{
    nd_eval_report report = {.n_videos = -1};
    nd_diag diag = {0};
    int rc = nd_eval(dir, &params, &report, &diag);
    CHECK(name, rc == expected && report.n_videos == -1 && strstr(diag.text, in_story),
          "code %d: %s", rc, diag.text);
}

static void test_wrong(const char *dir, const char *model)
{
    char empty[512];
    snprintf(empty, sizeof empty, "%s", path_in("empty", ""));
    mkdir(empty, 0700);
    write_text(path_in("empty", "corpus.jsonl"), CORPUS);
    check_error("no model", dir, (nd_eval_params){0}, ND_EARG, "model");
    check_error("no such split", dir, (nd_eval_params){.model = model, .split = "x"}, ND_EARG,
                "train, val or test");
    check_error("no such control", dir, (nd_eval_params){.model = model, .control = 9}, ND_EARG,
                "control");
    check_error("no such tags", dir, (nd_eval_params){.model = model, .tags = 64}, ND_EARG, "tags");
    check_error("resamples", dir, (nd_eval_params){.model = model, .n_resamples = -1}, ND_EARG,
                "resamples");
    check_error("no such file", dir, (nd_eval_params){.model = "/nowhere"}, ND_EIO, "/nowhere");
    check_error("no corpus", "/nowhere", (nd_eval_params){.model = model}, ND_EIO, "/nowhere");
    check_error("no cache", empty, (nd_eval_params){.model = model}, ND_ENOTFOUND, "extract");
    check_error("no pair of the split", dir, (nd_eval_params){.model = model, .split = "val"},
                ND_EEMPTY, "split val");
    CHECK("no name",
          !*nd_eval_tags_name((nd_eval_tags)9) && !*nd_eval_control_name((nd_eval_control)9),
          "a name");
}

/* ---- parts ----------------------------------------------------------------------------- */

static void test_order(void)
{
    float tiers[5] = {0, 1, 0, 1, 0}, scores[5] = {9, 1, NAN, 2, 9}, out[5];
    CHECK("order", nd__eval_order(out, tiers, scores, 5) == 0, "failed");
    CHECK("tiers come before scores", out[3] > out[1] && out[1] > out[0] && out[0] > out[2],
          "%g %g %g %g", (double)out[3], (double)out[1], (double)out[0], (double)out[2]);
    CHECK("equals stay equal", out[0] == out[4], "%g %g", (double)out[0], (double)out[4]);
}

static void test_nearness(void)
{
    int64_t first[4] = {0, 1, 3, 3};
    int32_t values[3] = {0, 1, 2}, query[1] = {0};
    float vectors[6] = {1, 0, 0, 1, 0.6f, 0.8f}, out[3];
    nd__eval_words words = {.tracks = {.n = 3, .first = first, .values = values}};
    nd__eval_nearness(out, &words, query, 1, vectors, 2);
    CHECK_NEAR("the same tag", out[0], 1, 0);
    CHECK_NEAR("the nearer of two", out[1], 0.6, 1e-6);
    CHECK_NEAR("no tag", out[2], -2, 0);
    nd__eval_nearness(out, &words, query, 1, NULL, 0);
    CHECK_NEAR("without vectors only the same", out[1], 0, 0);
}

/* ---- all of it ------------------------------------------------------------------------- */

static nd_eval_report evaluate(const char *dir, nd_eval_params params)
{
    nd_eval_report report = {0};
    nd_diag diag = {0};
    params.n_resamples = 50;
    int rc = nd_eval(dir, &params, &report, &diag);
    if (rc) printf("FAIL evaluation: %s\n", diag.text), exit(1);
    return report;
}

static char *json_of(nd_eval_report *report)
{
    char *text = NULL;
    report->elapsed_s = 0;
    return nd_eval_report_json(&text, report) ? NULL : text;
}

static void test_counts(const char *dir, const char *model)
{
    nd_eval_report r = evaluate(dir, (nd_eval_params){.model = model, .n_threads = 2});
    const nd_eval_measures *v = &r.rows[0].video_to_music, *m = &r.rows[0].music_to_video;
    CHECK("queries, tracks, left out", r.n_videos == 5 && r.n_tracks == 5 && r.n_left_out == 1,
          "%d, %d, %d", r.n_videos, r.n_tracks, r.n_left_out);
    CHECK("both ways",
          v->n_queries == 5 && v->n_gallery == 5 && m->n_queries == 4 && m->n_gallery == 5,
          "%d, %d", v->n_queries, m->n_queries);
    CHECK_NEAR("chance of a track", v->chance[0], 0.2, 1e-9);
    CHECK_NEAR("chance of a video: one track has two", m->chance[0], (0.4 + 3 * 0.2) / 4, 1e-9);
    CHECK("all are found in the end", v->recall[2].value == 1 && v->recall[2].lo == 1, "%g",
          v->recall[2].value);
    CHECK("rows", r.n_rows == 5 && r.rows[1].is_reranked && r.rows[4].tags == ND_EVAL_TRUE,
          "%d rows: %s", r.n_rows, r.missing ? r.missing : "");
    CHECK_NEAR("all of so few are reranked", r.rows[1].shortlist_recall, 1, 0);
    CHECK("tags of queries",
          r.rows[2].n_tagged == 5 && r.rows[3].n_tagged == 3 && r.rows[4].n_tagged == 4,
          "%d, %d, %d", r.rows[2].n_tagged, r.rows[3].n_tagged, r.rows[4].n_tagged);
    CHECK_NEAR("tags alone: one of one, twice; of the three of \"sea\", twice; of all",
               r.rows[4].tags_alone[0], (1 + 1 + 1 / 3.0 + 1 / 3.0 + 0.2) / 5, 1e-6);
    CHECK("starts", r.moment.n == 5 && r.moment.start_within_4 == 1, "%d", r.moment.n);
    CHECK("nothing missing", !r.missing && r.training, "%s", r.missing ? r.missing : "");
    nd_eval_report_deinit(&r);
}

/* Judgements that say what the pairs say give what the pairs give. */
static void test_relevance(const char *dir, const char *model)
{
    nd_eval_params params = {.model = model, .n_resamples = 50};
    nd_relevance_params relevance = {path_in("judged.tsv", ""), NULL, 0};
    nd_relevance_report r = {0};
    nd_diag diag = {0};
    write_text(relevance.relevance, "v0\tm0\t1\nv1\tcopy_of_m0\t1\nv2\tm1\t1\nv3\tm2\t1\n"
                                    "./v4\tm3\t1\nv5\tgone\t1\nv6\tm4\t1\nv9\tm0\t1\n"
                                    "v0\tcopy_of_m0\t3\nv1\tg1\t1\nv2\tm2\t0\n");
    int rc = nd_eval_relevance(dir, &params, &relevance, &r, &diag);
    if (rc) printf("FAIL relevance: %s\n", diag.text), exit(1);
    nd_eval_report e = evaluate(dir, (nd_eval_params){.model = model});
    double worst = 0;
    for (int k = 0; k < 2; k++) {
        const nd_relevance_row *row = &r.rows[2 * k];
        const nd_eval_measures *m = &e.rows[k].video_to_music;
        for (int c = 0; c < ND_EVAL_N_CUTS; c++)
            worst = fmax(worst, fabs(row->figures[c].value - m->recall[c].value) +
                                    fabs(row->chance[c] - m->chance[c]));
        worst = fmax(worst, fabs(row->figures[ND_RELEVANCE_MRR].value - m->mrr.value));
    }
    CHECK_NEAR("judged as paired: the same hits", worst, 0, 1e-9);
    CHECK("rows, judgements, problems",
          r.n_rows == 4 && r.rows[2].is_reranked && r.rows[3].is_condensed && r.n_videos == 5 &&
              r.n_judgements == 6 && r.n_left_out == 5 && r.n_tracks == 5,
          "%d rows, %d videos, %d judgements, %d left out: %s", r.n_rows, r.n_videos,
          r.n_judgements, r.n_left_out, r.problems);
    CHECK("reasons",
          strstr(r.problems, "line 6: without features: track gone") &&
              strstr(r.problems, "line 7: not of the split: video v6") &&
              strstr(r.problems, "line 8: the corpus has no video v9") &&
              strstr(r.problems, "line 9: the pair of line 1 again, with another grade") &&
              strstr(r.problems, "line 10: not of the split: track g1"),
          "%s", r.problems);
    nd_eval_report_deinit(&e);
    nd_relevance_report_deinit(&r);
}

/* Every track of the oracle's row stands among those that share a tag with it. */
static void test_gates(const char *dir, const char *model)
{
    nd_eval_report r = evaluate(dir, (nd_eval_params){.model = model, .tags = 1u << ND_EVAL_TRUE});
    CHECK("oracle: only the wanted rows", r.n_rows == 3 && r.rows[2].tags == ND_EVAL_TRUE, "%d",
          r.n_rows);
    const nd_eval_measures *plain = &r.rows[0].video_to_music, *gated = &r.rows[2].video_to_music;
    CHECK("an oracle helps", gated->mrr.value >= plain->mrr.value && gated->recall[1].value == 1,
          "%g, %g", gated->mrr.value, plain->mrr.value);
    nd_eval_report_deinit(&r);
}

static void test_threads(const char *dir, const char *model, nd_eval_control control)
{
    nd_eval_params params = {
        .model = model, .n_threads = 1, .seed = 7, .control = control, .rerank = 3};
    nd_eval_report one = evaluate(dir, params);
    params.n_threads = 3;
    nd_eval_report three = evaluate(dir, params);
    char *a = json_of(&one), *b = json_of(&three), name[64];
    snprintf(name, sizeof name, "the same at any number of threads: %s", one.control);
    CHECK(name, a && b && !strcmp(a, b), "%s\n%s", a, b);
    free(a);
    free(b);
    nd_eval_report_deinit(&one);
    nd_eval_report_deinit(&three);
}

static void test_against(const char *dir, const char *model, const char *other)
{
    nd_eval_report r = evaluate(dir, (nd_eval_params){.model = model, .against = model});
    double width = 0;
    for (int i = 0; i < r.n_differences; i++)
        width += fabs(r.differences[i].video_to_music.mrr.value) +
                 fabs(r.differences[i].video_to_music.mrr.hi) +
                 fabs(r.differences[i].music_to_video.ndcg_10.lo);
    CHECK("a model beside itself", r.n_differences == r.n_rows && width == 0, "%d rows, %g",
          r.n_differences, width);
    nd_eval_report_deinit(&r);
    r = evaluate(dir, (nd_eval_params){.model = model,
                                       .against = model,
                                       .against_rerank = -1,
                                       .tags = 1u << ND_EVAL_NONE});
    CHECK("what its pair scorer is worth",
          r.n_rows == 2 && r.n_against_rows == 1 && r.n_differences == 2 &&
              !r.differences[0].is_reranked && r.differences[1].is_reranked &&
              fabs(r.differences[1].video_to_music.mrr.value - r.rows[1].video_to_music.mrr.value +
                   r.rows[0].video_to_music.mrr.value) < 1e-9,
          "%d rows, %d, %d", r.n_rows, r.n_against_rows, r.n_differences);
    nd_eval_report_deinit(&r);
    r = evaluate(dir, (nd_eval_params){.model = other, .against = model});
    CHECK("rows that both have", r.n_rows == 4 && r.n_against_rows == 5 && r.n_differences == 4,
          "%d, %d, %d", r.n_rows, r.n_against_rows, r.n_differences);
    CHECK("what is missing is told", r.missing && strstr(r.missing, "predicted tag: the model"),
          "%s", r.missing ? r.missing : "");
    CHECK("no order, no moment", r.moment.n == 0, "%d", r.moment.n);
    char *text = NULL;
    CHECK("text",
          nd_eval_report_text(&text, &r, false) == 0 && strstr(text, "difference") &&
              strstr(text, "true tag (oracle, as published)"),
          "%s", text);
    free(text);
    CHECK("Markdown", nd_eval_report_text(&text, &r, true) == 0 && strstr(text, "| ---: |"), "%s",
          text);
    free(text);
    nd_eval_report_deinit(&r);
}

/* m0 and m1 are a family but for their order; of the others each has its own tag. */
static void test_ladder(const char *dir, const char *model)
{
    nd_eval_report r = evaluate(dir, (nd_eval_params){.model = model});
    CHECK("tracks without a family: no ladder", r.n_steps == 0, "%d", r.n_steps);
    nd_eval_report_deinit(&r);
    write_text(path_in("corpus", "truth.json"),
               "{\"tracks\":["
               "{\"id\":\"m0\",\"tag\":1,\"family\":0,\"order\":0,\"contour\":0,\"pulses\":[1]},"
               "{\"id\":\"m1\",\"tag\":1,\"family\":0,\"order\":1,\"contour\":0,\"pulses\":[4]},"
               "{\"id\":\"m2\",\"tag\":2,\"family\":1,\"order\":0,\"contour\":0,\"pulses\":[4]},"
               "{\"id\":\"m3\",\"tag\":3,\"family\":2,\"order\":0,\"contour\":0,\"pulses\":[4]},"
               "{\"id\":\"g0\",\"tag\":4,\"family\":3,\"order\":0,\"contour\":0,\"pulses\":[4]}]}");
    r = evaluate(dir, (nd_eval_params){.model = model});
    CHECK("five steps of all queries", r.n_steps == 5 && r.ladder[0].n == 5, "%d", r.n_steps);
    CHECK_NEAR("chance of a tag: two tracks share one", r.ladder[0].chance, (3 * 0.4 + 2 * 0.2) / 5,
               1e-9);
    CHECK_NEAR("chance of the order in a family", r.ladder[2].chance, (3 * 0.5 + 2) / 5, 1e-9);
    for (int k = 1; k < r.n_steps; k++)
        CHECK(r.ladder[k].name,
              r.ladder[k].n == r.ladder[k < 4 ? k - 1 : 2].n_right &&
                  r.ladder[k].n_right <= r.ladder[k].n,
              "%d of %d", r.ladder[k].n_right, r.ladder[k].n);
    nd_eval_report_deinit(&r);
}

/* Two files of two clips each and a copy of the first, all of one class; one clip of another. */
static void test_identity(void)
{
    float x[] = {1, 0, 0.9f, 0.1f, 0, 1, 0.8f, 0.2f, 1, 0, 0.9f, 0.1f, 1, 0};
    int32_t classes[] = {0, 0, 0, 0, 0, 0, 1}, files[] = {0, 0, 1, 1, 2, 2, 3};
    int32_t contents[] = {0, 0, 1, 1, 0, 0, 3};
    nd__clips clips = {x, classes, files, contents, 7, 2};
    nd_eval_probe one = {0}, three = {0}, none = {0};
    CHECK("identity", nd__eval_identity(&one, &clips, 1) == 0 && one.n == 6 && one.n_classes == 3,
          "%d of %d", one.n, one.n_classes);
    CHECK_NEAR("five of six are nearest their own file", one.accuracy, 5 / 6.0, 1e-12);
    CHECK_NEAR("its chance, copies passed over", one.chance, (4 / 3.0 + 2 * 0.2) / 6, 1e-12);
    nd__eval_identity(&three, &clips, 3);
    CHECK("the same on three threads", !memcmp(&one, &three, sizeof one), "not");
    clips.n = 2;
    CHECK("no stranger, no question",
          nd__eval_identity(&none, &clips, 1) == 0 && none.n == 0 && none.accuracy == 0, "%d",
          none.n);
    memset(x, 0, sizeof x);
    clips.n = 4;
    nd__eval_identity(&none, &clips, 1);
    CHECK_NEAR("what tells nothing has its chance", none.accuracy, none.chance, 1e-12);
}

static void test_probe(const char *dir, const char *model)
{
    nd_eval_report r = evaluate(dir, (nd_eval_params){.model = model, .probe = true});
    const nd_eval_probe *p = &r.probes[0];
    CHECK("probes: clips alone where nothing else is known",
          r.n_probes == 2 && !strcmp(p->what, "clip") && !strcmp(p->medium, "music"), "%d",
          r.n_probes);
    CHECK("of one train track, all four test tracks' clips", p->n_fitted == 3 && p->n >= 12,
          "%d, %d", p->n_fitted, p->n);
    CHECK("accuracy is a share", p->accuracy >= 0 && p->accuracy <= 1, "%g", p->accuracy);
    nd_eval_report_deinit(&r);
    write_text(
        path_in("corpus", "truth.json"),
        "{\"tracks\":[{\"id\":\"m4\",\"concepts\":[0,1],\"starts_s\":[0,5],\"pulses\":[1,-1]},"
        "{\"id\":\"m0\",\"concepts\":[1,0],\"starts_s\":[0,5],\"pulses\":[1,2]}],"
        "\"videos\":[{\"id\":\"v6\",\"concepts\":[\"x\"],\"starts_s\":[0]}, 3]}");
    r = evaluate(dir, (nd_eval_params){.model = model, .probe = true});
    CHECK("probes of a made corpus",
          r.n_probes == 6 && !strcmp(r.probes[0].what, "concept") && r.probes[0].n == 3 &&
              r.probes[0].n_classes == 2 && r.probes[1].n_fitted == 1,
          "%d", r.n_probes);
    nd_eval_report_deinit(&r);
    write_text(path_in("corpus", "truth.json"),
               "{\"tracks\":[{\"id\":\"m0\",\"concepts\":[5],\"starts_s\":[0]},"
               "{\"id\":\"m1\",\"concepts\":[5,6],\"starts_s\":[0,8]}]}");
    r = evaluate(dir, (nd_eval_params){.model = model, .probe = true});
    p = &r.probes[ND_MAX(r.n_probes, 1) - 1];
    for (int i = 0; i < r.n_probes; i++)
        if (!strcmp(r.probes[i].what, "track")) p = &r.probes[i];
    CHECK("track: three clips of one, two of another share a concept",
          !strcmp(p->what, "track") && !strcmp(p->medium, "music") && p->n == 5 &&
              p->n_classes == 2 && p->n_fitted == 0,
          "%s, %d of %d", p->what, p->n, p->n_classes);
    CHECK_NEAR("its chance", p->chance, (3 * 0.5 + 2 * 0.25) / 5, 1e-9);
    nd_eval_report_deinit(&r);
    test_ladder(dir, model);
    write_text(path_in("corpus", "truth.json"), "{");
    check_error("truth that is no JSON", dir, (nd_eval_params){.model = model, .probe = true},
                ND_EFORMAT, "truth.json");
}

int main(void)
{
    char dir[512], model[512], other[512];
    if (!make_root()) return 1;
    make_corpus();
    snprintf(dir, sizeof dir, "%s", path_in("corpus", ""));
    snprintf(model, sizeof model, "%s", path_in("ours.safetensors", ""));
    snprintf(other, sizeof other, "%s", path_in("published.safetensors", ""));
    make_model(model, "recommended", true, 3);
    make_model(other, "paper", false, 4);
    test_wrong(dir, model);
    test_order();
    test_nearness();
    test_identity();
    test_counts(dir, model);
    test_relevance(dir, model);
    test_gates(dir, model);
    for (int c = 0; c < ND_EVAL_N_CONTROLS; c++) test_threads(dir, model, (nd_eval_control)c);
    test_against(dir, model, other);
    test_probe(dir, model);
    TEST_END();
}
