/* Items of a corpus: what is embedded, what is kept on disk, what rhythm and motion say. */
#include "match_fixture.h"

#include <dirent.h>

#include "learn/items.h"

static nd_corpus *corpus;
static nd_model *model;
static char warnings[2048];

static void hear(void *user, nd_log_level level, const char *text)
{
    (void)user, (void)level;
    size_t n = strlen(warnings);
    snprintf(warnings + n, sizeof warnings - n, "%s\n", text);
}
static const nd_log ears = {hear, NULL, ND_LOG_WARNING};

enum { TRAIN_VAL = ND_SPLIT_BIT(ND_TRAIN) | ND_SPLIT_BIT(ND_VAL) };

static nd_items *open_items(unsigned splits, int n_threads)
{
    nd_items *items = NULL;
    nd_diag diag = {0};
    nd_items_params params = {.splits = splits, .n_threads = n_threads, .log = &ears};
    warnings[0] = 0;
    if (nd_items_open(&items, corpus, model, &params, &diag)) printf("FAIL open: %s\n", diag.text);
    return items;
}

static int find(const nd_items *items, const char *name)
{
    for (int i = 0; i < nd_items_count(items); i++)
        if (!strcmp(nd_items_name(items, i), name)) return i;
    return -1;
}

/* Files beside the cache whose names begin so. */
static int count_files(const char *prefix, char *first_out)
{
    int n = 0;
    DIR *dir = opendir(in_root("cache"));
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (!strncmp(e->d_name, prefix, strlen(prefix)) && !n++ && first_out)
            snprintf(first_out, 512, "%s/cache/%.255s", root, e->d_name);
    if (dir) closedir(dir);
    return n;
}

static void test_wrong(void)
{
    nd_items *items = NULL;
    nd_diag diag = {0};
    nd_items_params params = {.splits = 0};
    int rc = nd_items_open(&items, corpus, model, &params, &diag);
    CHECK("no split is an error", rc == ND_EARG && !items, "%d", rc);
    params.splits = 8;
    rc = nd_items_open(&items, corpus, model, &params, &diag);
    CHECK("a split that there is not is one too", rc == ND_EARG && !items, "%d", rc);
    params = (nd_items_params){.splits = TRAIN_VAL, .cache = in_root("nowhere")};
    rc = nd_items_open(&items, corpus, model, &params, &diag);
    CHECK("no cache is told", rc == ND_ENOTFOUND && !items && diag.text[0], "%d %s", rc, diag.text);
    nd_model *rows = NULL;
    nd_model_params rows_params = {.preset = "tiny", .music = "", .video = "", .n_classes = 3};
    rc = nd_model_create(in_root("rows.safetensors"), &rows_params, NULL);
    if (!rc) rc = nd_model_open(&rows, in_root("rows.safetensors"), NULL);
    params.cache = NULL;
    if (!rc) rc = nd_items_open(&items, corpus, rows, &params, &diag);
    CHECK("an extractor of another layout is told",
          rc == ND_ENOTFOUND && strstr(diag.text, "frames"), "%d %s", rc, diag.text);
    nd_model_close(&rows);
}

static void test_files(void)
{
    nd_items *items = open_items(TRAIN_VAL, 1);
    int32_t tracks[64];
    int n = nd_items_tracks(items, ND_VAL, tracks);
    int twin = find(items, "twin.ogg"), right = find(items, "m10.ogg"),
        m17 = find(items, "m17.ogg");
    CHECK("the gallery is counted", nd_items_count(items) == 3 * MATCH_TRACKS + 3, "%d",
          nd_items_count(items));
    CHECK("files of test are not embedded", m17 >= 0 && !nd_items_at(items, m17), "%d", m17);
    CHECK("nor is what is not in the cache", !nd_items_at(items, find(items, "absent.ogg")),
          "it is");
    CHECK("which is told once", strstr(warnings, "1 file,") && strstr(warnings, "absent.ogg"), "%s",
          warnings);
    CHECK("a twin is the same", nd_items_same(items, twin) == nd_items_same(items, right), "%d",
          nd_items_same(items, twin));
    CHECK("and once among the tracks", n == MATCH_VAL + 1, "%d", n);
    CHECK("spare.ogg is the last of them", tracks[n - 1] == find(items, "spare.ogg"), "%d",
          tracks[n - 1]);
    CHECK("splits are told",
          nd_items_splits(items, m17) == ND_SPLIT_BIT(ND_TEST) &&
              nd_items_splits(items, twin) == ND_SPLIT_BIT(ND_VAL),
          "%u", nd_items_splits(items, m17));
    nd_items_close(&items);
}

static void test_values(void)
{
    nd_items *items = open_items(TRAIN_VAL, 2);
    const nd_item *m0 = nd_items_at(items, find(items, "m0.ogg"));
    const nd_item *m1 = nd_items_at(items, find(items, "m1.ogg"));
    const nd_item *m2 = nd_items_at(items, find(items, "m2.ogg"));
    const nd_item *v = nd_items_at(items, find(items, "v2-1.mp4"));
    int D = nd_items_width(items, ND_MUSIC);
    nd_network *network = NULL;
    nd_cache *cache = NULL;
    static float clip[398 * 80], embedding[4096];
    nd_model_network(&network, model, "music", NULL);
    nd_cache_open(&cache, in_root("cache"), NULL);
    nd_cache_clip_f32(clip, cache, nd_cache_find(cache, "m1.ogg", ND_MUSIC), "fbank", 2);
    nd_network_run(network, clip, 1, 398, embedding, NULL, 1, NULL, NULL);
    nd_cache_close(&cache);
    CHECK("clips are the network's",
          m1->C == 4 && !memcmp(embedding, m1->clips + 2 * D, (size_t)D * sizeof(float)), "%d",
          m1->C);
    CHECK("beats, strength, interval",
          m0->pulse[3] == 6 && m0->pulse[4] == 1.1F && m0->pulse[5] == 0.5F, "%g %g %g",
          m0->pulse[3], m0->pulse[4], m0->pulse[5]);
    CHECK("what is not finite is 0", m1->pulse[2] == 0, "%g", m1->pulse[2]);
    CHECK("classes are cut to their range",
          m2->classes[0] == 17 && m2->classes[1] == 48 && m2->classes[2] == 64, "%d",
          m2->classes[0]);
    CHECK("motion and cuts",
          v->C == 4 && fabsf(v->pulse[0] - 0.3F) < 1e-6F && v->pulse[1] == 2 && v->pulse[4] == 1 &&
              v->pulse[3 * 3 + 1] == 1,
          "%g %g %g", v->pulse[0], v->pulse[1], v->pulse[4]);
    CHECK("flow class is the first", v->classes[0] == 20 && v->classes[1] == 0, "%d",
          v->classes[0]);
    CHECK("logits are there", nd_items_logits(items, 0) && nd_items_tag_count(items, ND_VIDEO) == 3,
          "%d", nd_items_tag_count(items, ND_VIDEO));
    nd_items_close(&items);
}

static void test_published(void)
{
    nd_items *items = NULL;
    nd_items_params params = {.splits = TRAIN_VAL, .published = true};
    int rc = nd_items_open(&items, corpus, model, &params, NULL);
    const nd_item *m0 = rc ? NULL : nd_items_at(items, find(items, "m0.ogg"));
    CHECK("published rhythm that is not there is not known", m0 && !m0->pulse && !m0->classes, "%d",
          rc);
    nd_items_close(&items);
}

/* All embeddings as one number. */
static double sum_of(const nd_items *items)
{
    double sum = 0;
    for (int i = 0; i < nd_items_count(items); i++) {
        const nd_item *item = nd_items_at(items, i);
        if (!item) continue;
        int D = nd_items_width(items, item->medium);
        for (int k = 0; k < item->C * D; k++) sum += (double)item->clips[k] * (k % 7 + i % 5);
        for (int k = 0; k < 3; k++) sum += (double)nd_items_logits(items, i)[k];
    }
    return sum;
}

static void test_kept(void)
{
    char path[512];
    nd_bytes before = {0}, after = {0};
    nd_items *items = open_items(TRAIN_VAL, 2);
    double kept = sum_of(items);
    uint64_t digest = nd_items_digest(items);
    nd_items_close(&items);
    CHECK("a file a split is kept",
          count_files("embeddings-", path) == 2 && count_files("embeddings-test", NULL) == 0, "%d",
          count_files("embeddings-", NULL));
    nd_file_read(&before, path, 1 << 30, NULL);
    unlink(path);
    items = open_items(TRAIN_VAL, 1);
    CHECK("made again on one thread it is the same", sum_of(items) == kept, "%.17g, %.17g",
          sum_of(items), kept);
    nd_items_close(&items);
    nd_file_read(&after, path, 1 << 30, NULL);
    CHECK("to the byte",
          before.n == after.n && before.n && !memcmp(before.data, after.data, after.n),
          "%zu bytes, %zu", before.n, after.n);
    after.data[after.n - 9] ^= 64;
    nd_file_write(path, after.data, after.n, NULL);
    items = open_items(TRAIN_VAL, 2);
    CHECK("a damaged one is made again", sum_of(items) == kept && strstr(warnings, "damaged"), "%s",
          warnings);
    CHECK("the digest is the same", nd_items_digest(items) == digest, "another");
    nd_items_close(&items);
    nd_file_write(path, before.data, 100, NULL);
    items = open_items(TRAIN_VAL, 2);
    CHECK("so is one that is cut", sum_of(items) == kept && strstr(warnings, "damaged"), "%s",
          warnings);
    nd_items_close(&items);
    items = open_items(TRAIN_VAL, 2);
    CHECK("and then it is whole", sum_of(items) == kept && !strstr(warnings, "damaged"), "%s",
          warnings);
    nd_items_close(&items);
    nd_bytes_deinit(&before);
    nd_bytes_deinit(&after);
}

/* Add statistics to every track of the cache but one. @return that are there now */
static int add_statistics(const char *but, float first)
{
    const int64_t n = ND_STATISTICS;
    nd_cache_writer *w = NULL;
    int n_added = 0, rc = nd_cache_writer_open(&w, in_root("cache"), NULL);
    const nd_cache *cache = rc ? NULL : nd_cache_writer_known(w);
    for (int i = 0; cache && i < nd_cache_count(cache); i++) {
        const nd_cache_item *item = nd_cache_at(cache, i);
        nd_description d = {.medium = ND_MUSIC};
        nd_cache_record r = {0};
        bool has = nd_cache_f32(cache, i, "statistics", NULL);
        if (has || item->source.medium != ND_MUSIC || !strcmp(item->source.name, but)) continue;
        nd_array *a = nd_description_add(&d, "statistics", ND_F32, 1, &n);
        for (int k = 0; k < n; k++) a->f32[k] = first + (float)(i + k);
        rc = nd_cache_encode(&r, &d, false, NULL);
        if (!rc) rc = nd_cache_writer_add(w, item, &item->source, &r, NULL);
        n_added += !rc;
        nd_cache_record_deinit(&r);
        nd_array_deinit(&d.arrays[0]);
        free(d.arrays);
    }
    nd_cache_writer_close(&w);
    return n_added;
}

static void test_statistics(void)
{
    nd_items *items = NULL;
    nd_diag diag = {0};
    nd_items_params params = {.splits = TRAIN_VAL, .features = "statistics"};
    nd_items *plain = open_items(TRAIN_VAL, 1);
    uint64_t before = nd_items_digest(plain);
    CHECK("statistics that are not there are not known",
          !nd_items_at(plain, find(plain, "m0.ogg"))->statistics, "known");
    nd_items_close(&plain);
    int n = add_statistics("m3.ogg", NAN);
    n += add_statistics("nothing", 0);
    CHECK("statistics are added", n > 10, "%d", n);
    int rc = nd_items_open(&items, corpus, model, &params, &diag);
    CHECK("and told where they are no numbers",
          rc == ND_ENOTFOUND && !items && strstr(diag.text, "needledrop extract --statistics"),
          "%d %s", rc, diag.text);
    plain = open_items(TRAIN_VAL, 1);
    const nd_item *m3 = nd_items_at(plain, find(plain, "m3.ogg"));
    const nd_item *m0 = nd_items_at(plain, find(plain, "m0.ogg"));
    CHECK("others do without", !m0->statistics && m0->S == 0 && nd_items_digest(plain) == before,
          "%d", m0->S);
    CHECK("what is good is there",
          m3->statistics && m3->S == ND_STATISTICS && m3->statistics[5] - m3->statistics[0] == 5,
          "%d", m3->S);
    nd_items_close(&plain);
}

static void test_statistics_of_all(void)
{
    nd_items *items = NULL;
    nd_diag diag = {0};
    nd_items_params params = {.splits = TRAIN_VAL, .features = "statistics"};
    nd_items *plain = open_items(TRAIN_VAL, 1);
    uint64_t before = nd_items_digest(plain), digests[2] = {0};
    nd_items_close(&plain);
    for (int k = 0; k < 2; k++) {
        int rc = write_cache();
        if (!rc) rc = add_statistics("nothing", (float)k) < 10;
        if (!rc) rc = nd_items_open(&items, corpus, model, &params, &diag);
        if (!rc) digests[k] = nd_items_digest(items);
        CHECK("statistics of all", !rc, "%d %s", rc, diag.text);
        nd_items_close(&items);
    }
    plain = open_items(TRAIN_VAL, 1);
    CHECK("the digest of who does not read them is as before", nd_items_digest(plain) == before,
          "another");
    nd_items_close(&plain);
    CHECK("who does has another for others",
          digests[0] && digests[0] != digests[1] && digests[0] != before, "the same");
}

static int stop(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    (void)what, (void)total, (void)item, (void)done;
    return ++*(int *)user > 2;
}

static void test_stop(void)
{
    int n = 0;
    nd_items *items = NULL;
    nd_progress progress = {stop, &n};
    nd_items_params params = {.splits = ND_SPLIT_BIT(ND_TEST), .progress = &progress};
    int rc = nd_items_open(&items, corpus, model, &params, NULL);
    CHECK("it stops on request", rc == ND_ECANCELLED && !items, "%d", rc);
    CHECK("and leaves nothing", count_files("embeddings-test", NULL) == 0, "a file");
}

int main(void)
{
    nd_diag diag = {0};
    int rc = make_match_corpus(&diag);
    if (!rc) rc = nd_corpus_open(&corpus, root, &diag);
    if (!rc) rc = nd_model_open(&model, in_root("x.safetensors"), &diag);
    CHECK("a corpus", !rc, "%s", diag.text);
    if (rc) TEST_END();
    test_wrong();
    test_files();
    test_values();
    test_published();
    test_kept();
    test_statistics();
    test_statistics_of_all();
    test_stop();
    nd_corpus_close(&corpus);
    nd_model_close(&model);
    TEST_END();
}
