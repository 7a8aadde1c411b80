/* Folders walked: what is seen, what is not followed, what is told. */
#include <sys/stat.h>

#include "../test.h"
#include "base/walk.h"

static char folder[] = "/tmp/needledrop-walk-XXXXXX";

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* What a walk met, a letter each: f file, p pipe, b broken link, e error, l link to a folder. */
typedef struct met {
    char kinds[64];
    size_t n;
    bool has_strange; /* a path that is not below the folder */
    int error, stop_after;
} met;

static int meet(met *m, char kind, const char *path, const char *root)
{
    if (m->n + 1 < sizeof m->kinds) m->kinds[m->n++] = kind;
    m->has_strange |= strncmp(path, root, strlen(root)) != 0;
    return m->stop_after && (int)m->n >= m->stop_after ? 7 : 0;
}

static int on_file(void *user, const char *path, const struct stat *info)
{
    return meet(user, S_ISREG(info->st_mode) ? 'f' : 'p', path, folder);
}

static int on_problem(void *user, const char *path, int error, bool is_link)
{
    met *m = user;
    m->error = error;
    return meet(m, is_link ? 'b' : 'e', path, "/");
}

static int on_folder_link(void *user, const char *path)
{
    return meet(user, 'l', path, folder);
}

static int count(const met *m, char kind)
{
    int n = 0;
    for (size_t i = 0; i < m->n; i++) n += m->kinds[i] == kind;
    return n;
}

static met walk(const char *dir, int *rc, int stop_after, bool wants_links)
{
    met m = {.stop_after = stop_after};
    nd_visitor v = {on_file, on_problem, wants_links ? on_folder_link : NULL, &m};
    *rc = nd_folder_walk(dir, &v);
    return m;
}

static void make(void)
{
    static const char *const files[] = {"a.mp3",   "in/b.MP3",    "in/deep/c",
                                        ".hidden", "in/.d/e.mp3", "new\nline"};
    static const char *const folders[] = {"in", "in/deep", "in/.d"};
    for (size_t i = 0; i < ND_COUNT(folders); i++) mkdir(in_folder(folders[i]), 0700);
    for (size_t i = 0; i < ND_COUNT(files); i++)
        if (nd_file_write(in_folder(files[i]), "x", 1, NULL)) printf("FAIL write\n");
    bool ok = !symlink("a.mp3", in_folder("link.mp3")) && !symlink("nowhere", in_folder("lost"));
    ok &= !symlink("..", in_folder("in/up")) && !symlink("in", in_folder("side"));
    ok &= !mkfifo(in_folder("pipe"), 0600);
    CHECK("made", ok, "links");
}

static void test_wrong(void)
{
    int rc;
    met m = walk("/nowhere/at/all", &rc, 0, true);
    CHECK("no such folder is a problem", rc == 0 && m.n == 1 && m.kinds[0] == 'e' && m.error != 0,
          "%d, %s", rc, m.kinds);
    m = walk("/nowhere/at/all", &rc, 1, true);
    CHECK("which may end the walk", rc == 7, "%d", rc);
}

static void test_walk(void)
{
    int rc;
    met m = walk(folder, &rc, 0, true);
    CHECK("files and a link to one, hidden ones not", rc == 0 && count(&m, 'f') == 5, "%s",
          m.kinds);
    CHECK("a pipe", count(&m, 'p') == 1, "%s", m.kinds);
    CHECK("links to folders are told, not followed", count(&m, 'l') == 2, "%s", m.kinds);
    CHECK("a link to nowhere", count(&m, 'b') == 1 && count(&m, 'e') == 0, "%s", m.kinds);
    CHECK("all below the folder", !m.has_strange, "not");
    m = walk(folder, &rc, 0, false);
    CHECK("links to folders may be no matter", rc == 0 && m.n == 7, "%s", m.kinds);
    m = walk(folder, &rc, 3, true);
    CHECK("a visitor ends the walk", rc == 7 && m.n == 3, "%d, %s", rc, m.kinds);
    m = walk(in_folder("side"), &rc, 0, true);
    CHECK("a link that is given is followed", rc == 0 && count(&m, 'f') == 2, "%s", m.kinds);
    m = walk(in_folder("a.mp3"), &rc, 0, true);
    CHECK("a file that is given is met", rc == 0 && m.n == 1 && m.kinds[0] == 'f', "%s", m.kinds);
}

static void test_endings(void)
{
    static const char *const endings[] = {"x", "tar"};
    CHECK("audio", nd_path_names_audio("a/b.Flac") && nd_path_names_audio("c.d.mp3"), "not");
    CHECK("no audio",
          !nd_path_names_audio("a.mp4") && !nd_path_names_audio("mp3") &&
              !nd_path_names_audio("a.mp3/b") && !nd_path_names_audio("a.") &&
              !nd_path_names_audio(""),
          "audio");
    CHECK("endings", nd_path_ends_in("b.TAR", endings, 2) && !nd_path_ends_in("b.tar", endings, 1),
          "not");
}

int main(void)
{
    char command[64];
    if (!mkdtemp(folder)) return 1;
    make();
    test_wrong();
    test_walk();
    test_endings();
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command)) perror(command);
    TEST_END();
}
