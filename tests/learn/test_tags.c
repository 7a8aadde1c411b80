/* Tags from outside: make, open, ask; what goes wrong leaves what was there. */
#include <sys/stat.h>

#include "../compute/failing_malloc.h"
#include "../test.h"
#include "needledrop/tags.h"

static char folder[] = "/tmp/needledrop-tags-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    nd_diag diag = {0};
    if (nd_file_write(in_folder(name), text, strlen(text), &diag)) printf("FAIL %s\n", diag.text);
}

static bool is_same_file(const nd_bytes *before, const char *name)
{
    nd_bytes now = {0};
    bool is_same = !nd_file_read(&now, in_folder(name), 1 << 20, NULL) && now.n == before->n &&
                   !memcmp(now.data, before->data, now.n);
    nd_bytes_deinit(&now);
    return is_same;
}

/* Two worlds: calm piano rain night, and loud drum metal crowd. */
static void write_corpus(void)
{
    static const char *const words[2][4] = {{"calm", "piano", "rain", "night"},
                                            {"loud", "drum", "metal", "crowd"}};
    nd_str s = {0};
    for (int i = 0; i < 80; i++) {
        const char *const *w = words[i % 2];
        int leave_out = i / 2 % 4;
        nd_str_append(
            &s, "{\"id\": \"%d\", \"video\": \"v%d.mp4\", \"music\": \"m%d.mp3\", \"tags\": [", i,
            i, i / 2);
        for (int k = 0, n = 0; k < 4; k++)
            if (k != leave_out) nd_str_append(&s, "%s\"%s\"", n++ ? ", " : "", w[k]);
        nd_str_append(&s, "], \"split\": \"%s\"}\n", i < 60 ? "train" : "test");
    }
    write_text("corpus.jsonl", s.text);
    nd_str_deinit(&s);
}

static void test_wrong(void)
{
    nd_tags *tags = NULL;
    nd_diag diag = {0};
    CHECK("no corpus", nd_tags_make(&tags, "/nowhere", NULL, &diag) == ND_EIO && !tags, "%s",
          diag.text);
    CHECK("nothing made yet",
          nd_tags_open(&tags, folder, NULL, &diag) == ND_ENOTFOUND &&
              strstr(diag.text, "needledrop tags makes one"),
          "%s", diag.text);
    nd_tags_params params = {.dim = 513};
    CHECK("dim too large", nd_tags_make(&tags, folder, &params, &diag) == ND_EARG, "%s", diag.text);
    params = (nd_tags_params){.min_videos = -1};
    CHECK("count below 1", nd_tags_make(&tags, folder, &params, &diag) == ND_EARG, "%s", diag.text);
    params = (nd_tags_params){.synonyms = "/nowhere"};
    CHECK("no synonyms", nd_tags_make(&tags, folder, &params, &diag) == ND_EIO, "%s", diag.text);
    params = (nd_tags_params){.vectors = "/nowhere"};
    CHECK("no vectors", nd_tags_make(&tags, folder, &params, &diag) == ND_EIO, "%s", diag.text);
    CHECK("nothing was written", access(in_folder("tags.json"), F_OK), "it was");
    nd_tags_close(&tags);
    nd_tags_close(NULL);
}

static int index_of(const nd_tags *tags, const char *name)
{
    for (int i = 0; i < nd_tags_count(tags); i++)
        if (!strcmp(nd_tags_at(tags, i)->name, name)) return i;
    return -1;
}

static void check_nearest(const char *name, const nd_tags *tags, const char *text,
                          const char *const *expected)
{
    nd_near_tag near[4];
    int n = 0, n_found = 0;
    nd_diag diag = {0};
    int rc = nd_tags_nearest(near, &n, 4, tags, text, &diag);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 4; k++) n_found += near[i].index == index_of(tags, expected[k]);
    CHECK(name, !rc && n == 4 && n_found == 4, "%s: %d of 4, nearest %s", diag.text, n_found,
          n ? nd_tags_at(tags, near[0].index)->name : "");
}

static void test_make(void)
{
    static const char *const calm[] = {"calm", "piano", "rain", "night"};
    static const char *const loud[] = {"loud", "drum", "metal", "crowd"};
    nd_tags *tags = NULL;
    nd_diag diag = {0};
    nd_tags_params params = {.dim = 8};
    CHECK("make", !nd_tags_make(&tags, folder, &params, &diag), "%s", diag.text);
    CHECK("tags", nd_tags_count(tags) == 8 && !nd_tags_at(tags, 8) && !nd_tags_at(tags, -1), "%d",
          nd_tags_count(tags));
    CHECK("dropped", nd_tags_dropped_count(tags) == 0 && !nd_tags_dropped_at(tags, 0), "some");
    check_nearest("calm", tags, "calm", calm);
    check_nearest("two words", tags, "Rainy NIGHTS", calm);
    check_nearest("an unseen word", tags, "drummer", loud);
    CHECK("knows", nd_tags_knows(tags, "calm seas") && !nd_tags_knows(tags, "drummer"), "not");
    const int32_t *labels;
    int n = nd_tags_of_file(tags, "v60.mp4", &labels), n_without;
    CHECK("labels of a test video", n == 3 && labels[0] >= 0 && labels[0] < 8, "%d", n);
    CHECK("no such file", nd_tags_of_file(tags, "x.mp4", NULL) == ND_ENOTFOUND, "found");
    CHECK("files", nd_tags_file_count(tags, &n_without) == 120 && n_without == 0, "%d, %d",
          nd_tags_file_count(tags, NULL), n_without);
    nd_near_tag near[100];
    CHECK("k below 1", nd_tags_nearest(near, &n, 0, tags, "calm", &diag) == ND_EARG, "taken");
    CHECK("k above the tags", !nd_tags_nearest(near, &n, 100, tags, "calm", &diag) && n == 8, "%d",
          n);
    CHECK("no word", nd_tags_nearest(near, &n, 1, tags, "?!", &diag) == ND_EFORMAT, "taken");
    CHECK("not UTF-8", nd_tags_nearest(near, &n, 1, tags, "\xFF", &diag) == ND_EFORMAT, "taken");
    nd_tags_close(&tags);
}

static void test_open(void)
{
    nd_tags *made = NULL, *tags = NULL;
    nd_diag diag = {0};
    nd_tags_params params = {.dim = 8};
    nd_bytes json = {0}, vec = {0};
    nd_file_read(&json, in_folder("tags.json"), 1 << 20, NULL);
    nd_file_read(&vec, in_folder("tags.vec"), 1 << 20, NULL);
    nd_tags_make(&made, folder, &params, &diag);
    CHECK("again the same tags.json", is_same_file(&json, "tags.json"), "it differs");
    CHECK("again the same tags.vec", is_same_file(&vec, "tags.vec"), "it differs");
    CHECK("open", !nd_tags_open(&tags, folder, NULL, &diag), "%s", diag.text);
    char *a = NULL, *b = NULL;
    CHECK("json", !nd_tags_json(&a, made) && !nd_tags_json(&b, tags) && !strcmp(a, b), "%s %s", a,
          b);
    int dim;
    const float *x = nd_tags_vectors(made, &dim), *y = nd_tags_vectors(tags, &dim);
    double worst = 0;
    for (int i = 0; i < 8 * dim; i++) worst = fmax(worst, fabs((double)(x[i] - y[i])));
    CHECK_NEAR("vectors", worst, 0, 1e-6);
    free(a);
    free(b);
    a = NULL;
    CHECK("nearest as json",
          !nd_tags_nearest_json(&a, tags, "calm", 1, &diag) &&
              strstr(a, "{\"text\": \"calm\", \"known\": true, \"nearest\": [{\"name\": \"") &&
              strstr(a, "\"cosine\": 1.0}]}"),
          "%s", a);
    free(a);
    nd_tags_close(&made);
    nd_tags_close(&tags);
    nd_bytes_deinit(&json);
    nd_bytes_deinit(&vec);
}

static void test_given_vectors(void)
{
    nd_tags *tags = NULL;
    nd_diag diag = {0};
    nd_near_tag near[1];
    int n, dim = 0;
    write_text("words.vec",
               "5 3\ncalm 1 0 0\npiano 1 .2 0\ndrum 0 0 1\nocean .9 0 .1\nloud 0 1 1\n");
    char *path = strdup(in_folder("words.vec"));
    nd_tags_params params = {.vectors = path};
    CHECK("given vectors", !nd_tags_make(&tags, folder, &params, &diag), "%s", diag.text);
    nd_tags_vectors(tags, &dim);
    CHECK("their size", dim == 3, "%d", dim);
    nd_tags_close(&tags);
    CHECK("open with their words", !nd_tags_open(&tags, folder, path, &diag), "%s", diag.text);
    CHECK("a word that is no tag",
          !nd_tags_nearest(near, &n, 1, tags, "ocean", &diag) &&
              near[0].index == index_of(tags, "calm"),
          "%d", near[0].index);
    nd_tags_close(&tags);
    write_text("words.vec", "1 3\ncalm 1 0\n");
    CHECK("broken vectors", nd_tags_make(&tags, folder, &params, &diag) == ND_EFORMAT && !tags,
          "%s", diag.text);
    CHECK("what was there stays", !nd_tags_open(&tags, folder, NULL, &diag), "%s", diag.text);
    nd_tags_close(&tags);
    free(path);
}

static void test_broken(void)
{
    nd_tags *tags = NULL;
    nd_diag diag = {0};
    write_text("tags.vec", "1 2\nother 1 2\n");
    CHECK("tags.vec of another set",
          nd_tags_open(&tags, folder, NULL, &diag) == ND_EFORMAT && !tags, "%s", diag.text);
    unlink(in_folder("tags.vec"));
    CHECK("no tags.vec", nd_tags_open(&tags, folder, NULL, &diag) == ND_EIO && !tags, "%s",
          diag.text);
    write_text("corpus.jsonl", "{\"id\": \"1\", \"video\": \"v\", \"music\": \"m\", \"tags\": [], "
                               "\"split\": \"train\"}\n");
    nd_bytes before = {0};
    nd_file_read(&before, in_folder("tags.json"), 1 << 20, NULL);
    CHECK("no tags at all", nd_tags_make(&tags, folder, NULL, &diag) == ND_EEMPTY && !tags, "%s",
          diag.text);
    CHECK("tags.json stays", is_same_file(&before, "tags.json"), "it does not");
    nd_bytes_deinit(&before);
}

static int open_small(void *unused)
{
    (void)unused;
    nd_diag diag = {0};
    nd_tags *tags = NULL;
    char *json = NULL, *near = NULL;
    int rc = nd_tags_open(&tags, folder, NULL, &diag);
    if (!rc) rc = nd_tags_json(&json, tags);
    if (!rc) rc = nd_tags_nearest_json(&near, tags, "calm seas", 2, &diag);
    if (rc && rc != ND_ENOMEM) printf("without memory: %s\n", diag.text);
    free(json);
    free(near);
    nd_tags_close(&tags);
    return rc;
}

static void test_no_memory(void)
{
    write_text("corpus.jsonl", "{\"id\": \"1\", \"video\": \"v\", \"music\": \"m\", \"tags\": "
                               "[\"calm sea\", \"rain\", \"!!\"], \"split\": \"train\"}\n");
    nd_tags_params params = {.dim = 2, .min_videos = 1, .min_tracks = 1};
    nd_diag diag = {0};
    CHECK("make small", !nd_tags_make(NULL, folder, &params, &diag), "%s", diag.text);
    check_malloc_failures("open without memory", open_small, NULL);
}

int main(void)
{
    if (!mkdtemp(folder)) return 2;
    write_corpus();
    test_wrong();
    test_make();
    test_open();
    test_given_vectors();
    test_broken();
    test_no_memory();
    static const char *const names[] = {"corpus.jsonl", "tags.json", "tags.vec", "words.vec",
                                        "same.txt"};
    for (size_t i = 0; i < ND_COUNT(names); i++) unlink(in_folder(names[i]));
    rmdir(folder);
    TEST_END();
}
