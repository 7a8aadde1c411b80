/* How pairs are found, in folders of empty files: what the files hold is not asked here. */
#include <sys/stat.h>

#include "../test.h"
#include "corpus_root.h"
#include "learn/corpus_internal.h"

/* A file of that text, and the folders above it. */
static void make(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s", in_root(name));
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    if (nd_file_write(path, text, strlen(text), NULL)) exit(1);
}

static const nd_corpus_ops *source(const char *name)
{
    for (int i = 0; nd_corpus_shelf[i]; i++)
        if (!strcmp(nd_corpus_shelf[i]->name, name)) return nd_corpus_shelf[i];
    printf("FAIL source_%s: not on the shelf\n", name);
    exit(1);
}

static const char *below(const char *path)
{
    return nd__path_below(root, path);
}

/* "id: video music; .." then "- unpaired; .." then "? missing; .." then "! failures; ..". */
static char *find(const char *name, const nd_corpus_params *params)
{
    nd_corpus_draft d = {0};
    nd_diag diag = {0};
    nd_str s = {0};
    int rc = source(name)->find(&d, params, &diag);
    if (rc) nd_str_append(&s, "%s: %s", nd_error_name(rc), diag.text);
    for (size_t i = 0; i < d.n_pairs; i++)
        nd_str_append(&s, "%s: %s %s; ", d.pairs[i].id, below(d.pairs[i].video),
                      below(d.pairs[i].music));
    for (size_t i = 0; i < d.unpaired.n; i++)
        nd_str_append(&s, "- %s; ", below(d.unpaired.items[i].path));
    for (size_t i = 0; i < d.missing.n; i++) nd_str_append(&s, "? %s; ", d.missing.items[i]);
    for (size_t i = 0; i < d.failures.n; i++)
        nd_str_append(&s, "! %s; ", below(d.failures.items[i].path));
    if (d.n_unused) nd_str_append(&s, "+ %d", d.n_unused);
    nd__draft_deinit(&d);
    return nd_str_take(&s);
}

static void check_find(const char *name, const char *kind, nd_corpus_params params,
                       const char *expected)
{
    char *found = find(kind, &params);
    CHECK(name, !strncmp(found, expected, strlen(expected)) && (*expected || !*found),
          "%s, expected %s", found, expected);
    free(found);
}

static void check_wrong(void)
{
    check_find("folders_without_music", "folders", (nd_corpus_params){.videos = root}, "EARG: ");
    check_find("videos_without_folder", "videos", (nd_corpus_params){0}, "EARG: ");
    check_find("manifest_without_list", "manifest", (nd_corpus_params){0}, "EARG: ");
    check_find("himv_without_ids", "himv", (nd_corpus_params){.videos = root}, "EARG: ");
    check_find("no_such_folder", "videos", (nd_corpus_params){.videos = "/nonexistent"}, "EIO: ");
    check_find("a_file_for_a_folder", "videos", (nd_corpus_params){.videos = "/dev/null"}, "EIO: ");
    check_find("no_such_list", "manifest", (nd_corpus_params){.pairs = "/nonexistent"}, "EIO: ");
}

static void check_folders(void)
{
    char videos[256], music[256];
    strcpy(videos, in_root("v"));
    strcpy(music, in_root("m"));
    nd_corpus_params p = {.videos = videos, .music = music};
    make("v/a.mp4", "");
    make("v/x/b.mkv", "");
    make("v/c.mp4", "");
    make("v/d.mp4", "");
    make("v/notes.txt", "");
    make("v/.hidden/e.mp4", "");
    make("m/a.mp3", "");
    make("m/x/b.OGG", "");
    make("m/y/b.ogg", "");
    make("m/y/c.ogg", "");
    make("m/y/d.ogg", "");
    make("m/z/d.ogg", "");
    check_find("folders_by_name", "folders", p,
               "a.mp4: v/a.mp4 m/a.mp3; c.mp4: v/c.mp4 m/y/c.ogg; x/b.mkv: v/x/b.mkv m/x/b.OGG; "
               "- v/d.mp4; + 3");
    make("v/pairs.csv", "d.mp4,z/d.ogg\nd.mp4,y/d.ogg\nc.mp4,a.mp3\n");
    check_find("folders_by_list", "folders", p,
               "d.mp4: v/d.mp4 m/z/d.ogg; d.mp4: v/d.mp4 m/y/d.ogg; c.mp4: v/c.mp4 m/a.mp3; "
               "a.mp4: v/a.mp4 m/a.mp3; x/b.mkv: v/x/b.mkv m/x/b.OGG; + 2");
    make("list.tsv", "video\tmusic\nv/a.mp4\tm/a.mp3\n");
    check_find("manifest", "manifest", (nd_corpus_params){.pairs = in_root("list.tsv")},
               "v/a.mp4: v/a.mp4 m/a.mp3; ");
    check_find("videos", "videos", (nd_corpus_params){.videos = in_root("v/")},
               "a.mp4: v/a.mp4 v/a.mp4; c.mp4: v/c.mp4 v/c.mp4; d.mp4: v/d.mp4 v/d.mp4; "
               "x/b.mkv: v/x/b.mkv v/x/b.mkv; ");
}

/* What cannot be a file is listed; a link to a folder is no way in. */
static void check_odd(void)
{
    make("odd/a.mp4", "");
    mkfifo(in_root("odd/b.mp4"), 0644);
    if (symlink("/nonexistent", in_root("odd/c.mp4")) || symlink("..", in_root("odd/up")) ||
        symlink("a.mp4", in_root("odd/d.mp4")))
        exit(1);
    check_find("odd_files", "videos", (nd_corpus_params){.videos = in_root("odd")},
               "a.mp4: odd/a.mp4 odd/a.mp4; d.mp4: odd/d.mp4 odd/d.mp4; ! odd/");
}

static void check_himv(void)
{
    static const struct {
        const char *name, *file, *list;
    } lists[] = {
        {"himv_lines", "ids.txt",
         "-aaaaaaaaa_\nbbbbbbbbbbb\nccccccccccc\nddddddddddd\n\nbbbbbbbbbbb\n"},
        {"himv_column", "ids.csv",
         "0,x,-aaaaaaaaa_\n1,y,bbbbbbbbbbb\n2,\"z,\",ccccccccccc\n3,,ddddddddddd\n"},
        {"himv_named", "ids2.csv",
         "n,youtube_id\nxxxxxxxxxxx,-aaaaaaaaa_\n1,bbbbbbbbbbb\n"
         "2,ccccccccccc\n3,ddddddddddd\n"},
        {"himv_addresses", "ids3.txt",
         "https://www.youtube.com/watch?v=-aaaaaaaaa_&t=1\n"
         "https://youtu.be/bbbbbbbbbbb\nccccccccccc\nddddddddddd\n"},
    };
    make("h/Title [bbbbbbbbbbb].mp4", "");
    make("h/x/Old title--aaaaaaaaa_.webm", "");
    make("h/-aaaaaaaaa_.m4a", "");
    make("h/other.mp4", "");
    make("h/zbbbbbbbbbbb.mp4", ""); /* an id inside a word is none */
    make("h/ddddddddddd.mp3", "");
    for (size_t i = 0; i < ND_COUNT(lists); i++) {
        make(lists[i].file, lists[i].list);
        check_find(lists[i].name, "himv",
                   (nd_corpus_params){.videos = in_root("h"), .ids = in_root(lists[i].file)},
                   "-aaaaaaaaa_: h/x/Old title--aaaaaaaaa_.webm h/-aaaaaaaaa_.m4a; "
                   "bbbbbbbbbbb: h/Title [bbbbbbbbbbb].mp4 h/Title [bbbbbbbbbbb].mp4; "
                   "- h/other.mp4; - h/zbbbbbbbbbbb.mp4; - h/ddddddddddd.mp3; ? ccccccccccc; ");
    }
    make("wrong.txt", "vid\nbbbbbbbbbbb\ntoo short\n");
    check_find(
        "himv_wrong_id", "himv",
        (nd_corpus_params){.videos = in_root("h"), .ids = in_root("wrong.txt")},
        "bbbbbbbbbbb: h/Title [bbbbbbbbbbb].mp4 h/Title [bbbbbbbbbbb].mp4; - h/-aaaaaaaaa_.m4a; "
        "- h/ddddddddddd.mp3; - h/other.mp4; - h/x/Old title--aaaaaaaaa_.webm; "
        "- h/zbbbbbbbbbbb.mp4; ! wrong.txt; ");
    make("empty.txt", "");
    check_find("himv_no_ids", "himv",
               (nd_corpus_params){.videos = in_root("h"), .ids = in_root("empty.txt")}, "- ");
}

int main(void)
{
    strcpy(root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(root)) return 1;
    atexit(remove_root);
    check_wrong();
    check_folders();
    check_odd();
    check_himv();
    TEST_END();
}
