/* Raw tags found in texts, metadata, places. */
#include <sys/stat.h>

#include "../test.h"
#include "learn/corpus_internal.h"

static int add_text(void *user, const char *tag, size_t n)
{
    nd_str_append(user, "%.*s,", (int)n, tag);
    return 0;
}

static void check_hashtags(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"#", ""},
        {"# x", ""},
        {"no tag", ""},
        {"#one #two", "one,two,"},
        {"#one#two,#three.", "one,three,"},
        {"C#minor a/#x &#39; #39", ""},
        {"#2023 #y2k #_", "y2k,"},
        {"#\xE6\xB5\xB7 #\xE5\xA4\xA9\xE3\x80\x80#\xE7\xA9\xBA",
         "\xE6\xB5\xB7,\xE5\xA4\xA9,\xE7\xA9\xBA,"},
        {"\xEF\xBC\x83\xE6\xB5\xB7\xEF\xBC\x83\xE7\xA9\xBA", "\xE6\xB5\xB7,\xE7\xA9\xBA,"},
        {"#d\xC3\xAD"
         "a!",
         "d\xC3\xAD"
         "a,"},
        {"#a\xE2\x80\x8D"
         "b #c\xE2\x80\x94"
         "d",
         "a\xE2\x80\x8D"
         "b,c,"},
        {"#a\xFF #b", "a,b,"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_str s = {0};
        char name[32];
        nd__each_hashtag(cases[i].in, strlen(cases[i].in), add_text, &s);
        char *found = nd_str_take(&s);
        snprintf(name, sizeof name, "hashtags_%zu", i);
        CHECK(name, !strcmp(found, cases[i].out), "%s, expected %s", found, cases[i].out);
        free(found);
    }
}

static void check_info(void)
{
    nd_media_info info = {.genre = "Hip-Hop; Soul/Funk",
                          .mood = "calm",
                          .title = "At sea #waves",
                          .comment = "see #blue",
                          .artist = "#not"};
    char *found = nd__tags_of_info(&info);
    CHECK("tags_of_info", !strcmp(found, "Hip-Hop\n Soul\nFunk\ncalm\nwaves\nblue\n"), "%s", found);
    free(found);
}

/* ---- of a pair ------------------------------------------------------------------- */

static char *tags_of(const nd__draft_pair *p)
{
    nd_str s = {0};
    for (size_t i = 0; i < p->tags.n; i++) nd_str_append(&s, "%s,", p->tags.items[i]);
    return nd_str_take(&s);
}

static void check_texts(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"sea\nsun, sand\n", "sea,sun,sand,"},
        {"#sea\n#sun", "sea,sun,"},
        {"A walk by http://x.org/a.\nTags: sea, #sun\nMood: calm", "sun,sea,calm,"},
        {"Vibe Ace by Kevin is licensed under a licence.", ""},
        {"One long line that says what there is to see and hear here", ""},
        {"tags:", ""},
        {"sea,sea, sea ", "sea,"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_corpus_draft d = {0};
        nd__draft_pair *p = nd__draft_add(&d, "1", "v", "m");
        nd__tags_of_text(&d, p, cases[i].in, strlen(cases[i].in));
        char *found = tags_of(p), name[32];
        snprintf(name, sizeof name, "text_%zu", i);
        CHECK(name, !strcmp(found, cases[i].out), "%s, expected %s", found, cases[i].out);
        free(found);
        nd__draft_deinit(&d);
    }
}

static char root[64];

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (*root && system(command)) perror(command);
}

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    if (nd_file_write(path, text, strlen(text), NULL)) exit(1);
}

static void check_place(void)
{
    char path[300], folder[256];
    snprintf(folder, sizeof folder, "%s/Night Sky", root);
    mkdir(folder, 0755);
    snprintf(path, sizeof path, "%s/moon.mp4", folder);
    write_file("Night Sky/moon.txt", "stars");
    write_file("Night Sky/moon.json", "{\"tags\": [\"moon\", 3], \"title\": \"#lune #39\"}");
    write_file("Night Sky/moon.info.json", "{\"tags\": [\"cut\"");
    nd_corpus_draft d = {0};
    nd__draft_pair *p = nd__draft_add(&d, "1", path, path);
    int rc = nd__tags_of_place(&d, p, root, path);
    char *found = tags_of(p);
    CHECK("place", rc == 0 && !strcmp(found, "Night Sky,stars,moon,lune,"), "%d %s", rc, found);
    CHECK("broken_sidecar", d.failures.n == 1 && strstr(d.failures.items[0].reason, "not JSON"),
          "%zu failures", d.failures.n);
    free(found);
    nd__draft_deinit(&d);
}

/* Tags without bound are bounded. */
static void check_many(void)
{
    nd_corpus_draft d = {0};
    nd__draft_pair *p = nd__draft_add(&d, "1", "v", "m");
    char *big = malloc(5 << 20), tag[16];
    memset(big, 'x', 5 << 20);
    nd__draft_tag(&d, p, big, 5 << 20);
    CHECK("tag_of_5_mb", p->tags.n == 0, "%zu tags", p->tags.n);
    for (int i = 0; i < 2000; i++) nd__draft_tag(&d, p, tag, (size_t)snprintf(tag, 16, "t%d", i));
    CHECK("tags_are_bounded", p->tags.n == 1000, "%zu tags", p->tags.n);
    nd__draft_tag(&d, p, "\xFF\x01", 2);
    free(big);
    nd__draft_deinit(&d);
}

int main(void)
{
    strcpy(root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(root)) return 1;
    atexit(remove_root);
    check_hashtags();
    check_info();
    check_texts();
    check_place();
    check_many();
    TEST_END();
}
