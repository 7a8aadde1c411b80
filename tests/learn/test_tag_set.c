/* The unified target set, of corpora in a few lines. */
#include "../compute/failing_malloc.h"
#include "../test.h"
#include "learn/tag_learn.h"

static const nd_tags_params of_one = {.min_videos = 1, .min_tracks = 1};
static const nd_tags_params of_two = {.min_videos = 2, .min_tracks = 2};

/* A line of a corpus; its id is its number. */
static void add_line(nd_str *s, int id, const char *video, const char *music, const char *tags,
                     const char *split)
{
    nd_str_append(s,
                  "{\"id\": \"%d\", \"video\": \"%s\", \"music\": \"%s\", \"tags\": [%s], "
                  "\"split\": \"%s\"}\n",
                  id, video, music, tags, split);
}

static int make(nd_tag_set *out, nd_str *lines, const nd_tags_params *params, const char *synonyms,
                nd_diag *diag)
{
    nd_corpus *corpus = NULL;
    nd_tag_synonyms said = {0};
    int rc = nd_corpus_parse(&corpus, "corpus", lines->text ? lines->text : "", lines->n, diag);
    if (!rc && synonyms)
        rc = nd_tag_synonyms_parse(&said, synonyms, strlen(synonyms), "s.txt", diag);
    if (!rc) rc = nd_tag_set_make(out, corpus, &said, params, diag);
    nd_tag_synonyms_deinit(&said);
    nd_corpus_close(&corpus);
    nd_str_deinit(lines);
    return rc;
}

/* "name videos/tracks, .." of tags and dropped ones. */
static const char *show(const nd_tag_set *set)
{
    static char text[2000];
    int n = 0;
    for (size_t i = 0; i < set->names.n; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s %d/%d, ", set->tags[i].name,
                      set->tags[i].n_videos, set->tags[i].n_tracks);
    for (int i = 0; i < set->n_dropped; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "-%s %d/%d %s, ", set->dropped[i].tag.name,
                      set->dropped[i].tag.n_videos, set->dropped[i].tag.n_tracks,
                      set->dropped[i].reason);
    return text;
}

/* "0 2 " : the labels of a file. */
static const char *labels(const nd_tag_set *set, const char *file)
{
    static char text[200];
    int n = 0, id = nd_tag_map_find(&set->files, file, strlen(file));
    if (id < 0) return "no such file";
    text[0] = '\0';
    for (int64_t i = set->labels.first[id]; i < set->labels.first[id + 1]; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%d ", (int)set->labels.values[i]);
    return text;
}

static void test_empty(void)
{
    nd_tag_set set = {.n_dropped = 77};
    nd_diag diag = {0};
    nd_str lines = {0};
    CHECK("no pair",
          make(&set, &lines, &of_two, NULL, &diag) == ND_EEMPTY && set.n_dropped == 77 &&
              strstr(diag.text, "no pair has a tag"),
          "%s", diag.text);
    add_line(&lines, 1, "v", "m", "", "train");
    CHECK("no tag", make(&set, &lines, &of_one, NULL, &diag) == ND_EEMPTY, "%s", diag.text);
    add_line(&lines, 1, "v", "m", "\"calm\"", "train");
    add_line(&lines, 2, "w", "m", "\"calm\", \"rain\"", "train");
    CHECK("none often enough",
          make(&set, &lines, &of_two, NULL, &diag) == ND_EEMPTY &&
              strstr(diag.text, "\"calm\", is on 2 and 1 (too few tracks)"),
          "%s", diag.text);
    add_line(&lines, 1, "v", "m", "\"calm\"", "test");
    CHECK("none in training",
          make(&set, &lines, &of_one, NULL, &diag) == ND_EEMPTY &&
              strstr(diag.text, "in no training pair"),
          "%s", diag.text);
}

static void test_one(void)
{
    nd_tag_set set = {0};
    nd_diag diag = {0};
    nd_str lines = {0};
    add_line(&lines, 1, "v", "m", "\"calm\"", "train");
    CHECK("one tag", !make(&set, &lines, &of_one, NULL, &diag), "%s", diag.text);
    CHECK("one tag: counts", !strcmp(show(&set), "calm 1/1, "), "%s", show(&set));
    CHECK("one tag: labels", !strcmp(labels(&set, "v"), "0 ") && !strcmp(labels(&set, "m"), "0 "),
          "%s", labels(&set, "v"));
    nd_tag_set_deinit(&set);
}

static void test_counts(void)
{
    nd_tag_set set = {0};
    nd_diag diag = {0};
    nd_str lines = {0};
    add_line(&lines, 1, "a", "m", "\"#CalmPiano\", \"drums\", \"!!\", \"rain\"", "train");
    add_line(&lines, 2, "b", "m", "\"calm piano\", \"drum\", \"calm-piano\", \"rain\"", "train");
    add_line(&lines, 3, "c", "n", "\"Calm Piano; drums\", \"late\"", "train");
    add_line(&lines, 4, "d", "o", "\"late\", \"drums\"", "val");
    add_line(&lines, 5, "e", "p", "\"new\", \"calm piano\"", "test");
    CHECK("make", !make(&set, &lines, &of_two, NULL, &diag), "%s", diag.text);
    CHECK("counts",
          !strcmp(show(&set), "calm piano 3/2, drums 3/2, -!! 1/1 no letter or digit in it, "
                              "-late 1/1 too few videos and tracks, -rain 2/1 too few tracks, "
                              "-new 0/0 in no training pair, "),
          "%s", show(&set));
    CHECK("labels of a video", !strcmp(labels(&set, "b"), "0 1 "), "%s", labels(&set, "b"));
    CHECK("labels of another split", !strcmp(labels(&set, "d"), "1 "), "%s", labels(&set, "d"));
    int m = nd_tag_map_find(&set.files, "m", 1);
    CHECK("votes", set.votes[set.labels.first[m]] == 2, "%d", set.votes[set.labels.first[m]]);
    CHECK("pairs of training", set.pairs.n == 5 && set.pairs.first[5] == 6, "%d",
          (int)set.pairs.first[5]);
    nd_tag_set_deinit(&set);
}

/* What stands in test must not reach a label or a count of training. */
static void test_leaks(void)
{
    nd_tag_set set = {0};
    nd_str lines = {0};
    add_line(&lines, 1, "a", "m", "\"calm\"", "train");
    add_line(&lines, 2, "b", "n", "\"calm\", \"rain\"", "train");
    add_line(&lines, 3, "c", "m", "\"rain\"", "test");
    add_line(&lines, 4, "d", "n", "\"RAIN\", \"RAIN!\", \"RAIN?\"", "test");
    CHECK("make with a track in two splits", !make(&set, &lines, &of_one, NULL, NULL), "failed");
    CHECK("counts of training alone", !strcmp(show(&set), "calm 2/2, rain 1/1, "), "%s",
          show(&set));
    CHECK("labels of training alone", !strcmp(labels(&set, "m"), "0 "), "%s", labels(&set, "m"));
    CHECK("labels of a test video", !strcmp(labels(&set, "c"), "1 "), "%s", labels(&set, "c"));
    nd_tag_set_deinit(&set);
}

static void test_own_sound(void)
{
    nd_tag_set set = {0};
    nd_str lines = {0};
    add_line(&lines, 1, "a", "a", "\"calm\"", "train");
    add_line(&lines, 2, "b", "b", "\"calm\"", "train");
    CHECK("a video's own sound", !make(&set, &lines, &of_two, NULL, NULL), "failed");
    CHECK("counts on both sides", !strcmp(show(&set), "calm 2/2, "), "%s", show(&set));
    CHECK("one file, one vote", set.files.n == 2 && set.votes[0] == 1, "%zu", set.files.n);
    nd_tag_set_deinit(&set);
}

static void test_synonyms(void)
{
    nd_tag_set set = {0};
    nd_str lines = {0};
    nd_diag diag = {0};
    add_line(&lines, 1, "a", "m", "\"rap\", \"fyp\"", "train");
    add_line(&lines, 2, "b", "n", "\"rap\", \"hiphop\"", "train");
    CHECK("synonyms", !make(&set, &lines, &of_two, "Hip Hop, rap\n!fyp\n", &diag), "%s", diag.text);
    CHECK("the group's first is the name",
          !strcmp(show(&set), "hip hop 2/2, -fyp 1/1 dropped by the synonyms file, "), "%s",
          show(&set));
    nd_tag_set_deinit(&set);
}

static void test_bad_tags(void)
{
    nd_tag_set set = {0};
    nd_diag diag = {0};
    nd_str lines = {0}, large = {0};
    char *text = nd_calloc(1, 5000001);
    memset(text, 'x', 5000000);
    nd_str_append(&large, "\"%s\", \"calm\", \"\", \"\\u0000\", \"音樂\"", text);
    add_line(&lines, 1, "a", "m", large.text, "train");
    memset(text, ',', 5000000);
    add_line(&lines, 2, "b", "n", "\"calm\"", "train");
    CHECK("a tag of 5 MB beside others", !make(&set, &lines, &of_one, NULL, &diag), "%s",
          diag.text);
    CHECK("the others are kept", set.names.n >= 1 && !strcmp(set.tags[0].name, "calm"), "%s",
          show(&set));
    nd_tag_set_deinit(&set);
    free(text);
    nd_str_deinit(&large);
}

/* 30,000 tags on one pair: nothing quadratic. */
static void test_many(void)
{
    nd_tag_set set = {0};
    nd_str lines = {0}, tags = {0};
    for (int i = 0; i < 30000; i++) nd_str_append(&tags, "%s\"tag%d\"", i ? "," : "", i);
    add_line(&lines, 1, "a", "m", tags.text, "train");
    add_line(&lines, 2, "b", "n", "\"tag1\"", "train");
    CHECK("30,000 tags on a pair", !make(&set, &lines, &of_one, NULL, NULL), "failed");
    CHECK("all counted", set.names.n == 30000, "%zu", set.names.n);
    nd_tag_set_deinit(&set);
    nd_str_deinit(&tags);
}

static void test_order(void)
{
    nd_tag_set set = {0};
    nd_str lines = {0};
    add_line(&lines, 1, "a", "m", "\"x\", \"y\", \"z\"", "train");
    add_line(&lines, 2, "b", "m", "\"z\"", "train");
    add_line(&lines, 3, "c", "n", "\"x\", \"y\"", "train");
    make(&set, &lines, &of_one, NULL, NULL);
    /* y lies between x and z */
    float rows[] = {1, 0, 0.70710678f, 0.70710678f, 0, 1};
    CHECK("tags", !strncmp(show(&set), "x 2/2, y 2/2, z 2/1, ", 20), "%s", show(&set));
    CHECK("order", !nd_tag_set_order(&set, rows, 2), "failed");
    CHECK("nearest to all first", !strncmp(labels(&set, "a"), "1 ", 2), "%s", labels(&set, "a"));
    CHECK("most votes before that", !strncmp(labels(&set, "m"), "2 1 ", 4), "%s",
          labels(&set, "m"));
    CHECK("a tie: the larger tag", !strcmp(labels(&set, "c"), "0 1 "), "%s", labels(&set, "c"));
    nd_tag_set_deinit(&set);
}

static void test_write(const char *path)
{
    nd_tag_set set = {0}, again = {0};
    nd_diag diag = {0};
    nd_str lines = {0};
    add_line(&lines, 1, "a \\\"b\\\"\\n", "m", "\"calm\", \"音樂\", \"\\u0001\"", "train");
    add_line(&lines, 2, "c", "n", "\"calm\", \"late\"", "val");
    add_line(&lines, 3, "d", "n", "\"unseen\"", "val");
    make(&set, &lines, &of_one, NULL, NULL);
    CHECK("write", !nd_tag_set_write(&set, path, &diag), "%s", diag.text);
    CHECK("read", !nd_tag_set_read(&again, path, &diag), "%s", diag.text);
    char *before = strdup(show(&set));
    CHECK("tags and dropped are kept", !strcmp(before, show(&again)), "%s but %s", before,
          show(&again));
    CHECK("labels are kept", !strcmp(labels(&again, "a \"b\"\n"), "0 1 "), "%s",
          labels(&again, "a \"b\"\n"));
    CHECK("a file without a tag", !strcmp(labels(&again, "d"), ""), "%s", labels(&again, "d"));
    free(before);
    nd_tag_set_deinit(&set);
    nd_tag_set_deinit(&again);
}

static const struct {
    const char *name, *text, *story;
} hostile[] = {
    {"no JSON", "{", "line 1, column 1"},
    {"no object", "[]", "an object with"},
    {"no items", "{\"tags\": [], \"dropped\": []}", "an object with"},
    {"no tags", "{\"tags\": [], \"dropped\": [], \"items\": {}}", "one or more expected"},
    {"a tag no object", "{\"tags\": [1], \"dropped\": [], \"items\": {}}", "tag 0"},
    {"a tag without counts", "{\"tags\": [{\"name\": \"a\"}], \"dropped\": [], \"items\": {}}",
     "tag 0"},
#define TAG(name, n) "{\"name\": \"" name "\", \"videos\": " n ", \"tracks\": 1}"
    {"negative", "{\"tags\": [" TAG("a", "-1") "], \"dropped\": [], \"items\": {}}", "tag 0"},
    {"huge", "{\"tags\": [" TAG("a", "3000000000") "], \"dropped\": [], \"items\": {}}", "tag 0"},
    {"not in form", "{\"tags\": [" TAG("A B", "1") "], \"dropped\": [], \"items\": {}}", "tag 0"},
    {"twice", "{\"tags\": [" TAG("a", "1") "," TAG("a", "1") "], \"dropped\": [], \"items\": {}}",
     "tag 1: another name"},
    {"dropped without a reason",
     "{\"tags\": [" TAG("a", "1") "], \"dropped\": [" TAG("b", "1") "], \"items\": {}}",
     "dropped tag 0"},
    {"an item no list", "{\"tags\": [" TAG("a", "1") "], \"dropped\": [], \"items\": {\"f\": 0}}",
     "item 0"},
    {"no such tag", "{\"tags\": [" TAG("a", "1") "], \"dropped\": [], \"items\": {\"f\": [1]}}",
     "item 0: numbers of tags"},
    {"a tag below 0", "{\"tags\": [" TAG("a", "1") "], \"dropped\": [], \"items\": {\"f\": [-1]}}",
     "item 0: numbers of tags"},
    {"half a tag", "{\"tags\": [" TAG("a", "1") "], \"dropped\": [], \"items\": {\"f\": [0.5]}}",
     "item 0: numbers of tags"},
};

static void test_hostile(const char *path)
{
    for (size_t i = 0; i < ND_COUNT(hostile); i++) {
        nd_tag_set set = {.n_dropped = 77};
        nd_diag diag = {0};
        nd_file_write(path, hostile[i].text, strlen(hostile[i].text), NULL);
        int rc = nd_tag_set_read(&set, path, &diag);
        CHECK(hostile[i].name,
              rc == ND_EFORMAT && set.n_dropped == 77 && strstr(diag.text, hostile[i].story),
              "%d %s", rc, diag.text);
    }
}

static int make_and_learn(void *user)
{
    static const char said[] = "rain, drizzle\n! fyp\n";
    nd_tag_synonyms synonyms = {0};
    nd_tag_set set = {0};
    nd_tag_vectors v = {0};
    nd_diag diag = {0};
    int rc = nd_tag_synonyms_parse(&synonyms, said, sizeof said - 1, "s.txt", &diag);
    if (!rc) rc = nd_tag_set_make(&set, user, &synonyms, &of_one, &diag);
    if (!rc) rc = nd_tag_vectors_learn(&v, &set, 2, NULL, &diag);
    if (!rc) rc = nd_tag_set_order(&set, v.rows, 2);
    nd_tag_synonyms_deinit(&synonyms);
    nd_tag_vectors_deinit(&v);
    nd_tag_set_deinit(&set);
    return rc;
}

static void test_no_memory(void)
{
    nd_str lines = {0};
    nd_corpus *corpus = NULL;
    add_line(&lines, 1, "v", "m", "\"calm sea\", \"drizzle\", \"!!\", \"fyp\"", "train");
    nd_corpus_parse(&corpus, "corpus", lines.text, lines.n, NULL);
    check_malloc_failures("make and learn without memory", make_and_learn, corpus);
    nd_corpus_close(&corpus);
    nd_str_deinit(&lines);
}

int main(void)
{
    char path[] = "/tmp/needledrop-tags-XXXXXX";
    close(mkstemp(path));
    test_hostile(path);
    test_empty();
    test_one();
    test_counts();
    test_leaks();
    test_own_sound();
    test_synonyms();
    test_bad_tags();
    test_many();
    test_order();
    test_no_memory();
    test_write(path);
    unlink(path);
    TEST_END();
}
