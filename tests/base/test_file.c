/* Whole files: limits, and writing that leaves the old file whole when it fails. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../test.h"

static char folder[] = "/tmp/needledrop-file-XXXXXX";

/* folder/name, good until the next four calls. */
static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static bool holds(const char *path, const char *text)
{
    nd_bytes b = {0};
    bool same = !nd_file_read(&b, path, 1 << 20, NULL) && b.n == strlen(text) &&
                (b.n == 0 || !memcmp(b.data, text, b.n));
    nd_bytes_deinit(&b);
    return same;
}

static int files_in_folder(void)
{
    int n = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) n += entry->d_name[0] != '.';
    if (dir) closedir(dir);
    return n;
}

static void test_read(void)
{
    nd_bytes b = {0};
    nd_diag diag = {0};
    int rc = nd_file_read(&b, in_folder("absent"), 100, &diag);
    CHECK("read what is absent", rc == ND_EIO && strstr(diag.text, "absent") && !b.data, "%d %s",
          rc, diag.text);
    rc = nd_file_read(&b, folder, 100, &diag);
    CHECK("read a folder", rc == ND_EIO && !b.data, "%d %s", rc, diag.text);
    nd_file_write(in_folder("ten"), "0123456789", 10, NULL);
    rc = nd_file_read(&b, in_folder("ten"), 9, &diag);
    CHECK("read more than the limit", rc == ND_ELIMIT && strstr(diag.text, "9 bytes") && !b.data,
          "%d %s", rc, diag.text);
    rc = nd_file_read(&b, "/dev/zero", 100000, &diag);
    CHECK("read what has no end", rc == ND_ELIMIT && !b.data, "%d %s", rc, diag.text);
    rc = nd_file_read(&b, in_folder("ten"), 10, &diag);
    CHECK("read up to the limit", rc == 0 && b.n == 10 && !memcmp(b.data, "0123456789", 10), "%d",
          rc);
    nd_bytes_deinit(&b);
    rc = nd_file_read(&b, "/dev/null", 0, NULL);
    CHECK("read nothing", rc == 0 && b.n == 0, "%d", rc);
    nd_bytes_deinit(&b);
}

static void test_write(void)
{
    nd_diag diag = {0};
    struct stat info = {0};
    int before = files_in_folder();
    const char *path = in_folder("a");
    int rc = nd_file_write(in_folder("absent/a"), "x", 1, &diag);
    CHECK("write into no folder", rc == ND_EIO && strstr(diag.text, "absent/a"), "%d %s", rc,
          diag.text);
    rc = nd_file_write(folder, "x", 1, &diag);
    CHECK("write over a folder", rc == ND_EIO && files_in_folder() == before, "%d %s", rc,
          diag.text);
    CHECK("write", nd_file_write(path, "first", 5, NULL) == 0 && holds(path, "first"), " ");
    CHECK("mode of what was written", !stat(path, &info) && (info.st_mode & 0777) == 0644, "%o",
          (unsigned)info.st_mode);
    CHECK("write again", nd_file_write(path, "second", 6, NULL) == 0 && holds(path, "second"), " ");
    CHECK("write nothing", nd_file_write(path, NULL, 0, NULL) == 0 && holds(path, ""), " ");
    CHECK("nothing else is left", files_in_folder() == before + 1, "%d", files_in_folder());
}

/* A limit on the size of files stands for the disk that is full. */
static void test_failure(void)
{
    static uint8_t large[100000];
    const char *path = in_folder("kept");
    nd_diag diag = {0};
    nd_file_write(path, "old", 3, NULL);
    int before = files_in_folder();
    struct rlimit saved, small;
    getrlimit(RLIMIT_FSIZE, &saved);
    small = (struct rlimit){4096, saved.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int rc = nd_file_write(path, large, sizeof large, &diag);
    setrlimit(RLIMIT_FSIZE, &saved);
    CHECK("a write that fails says so", rc == ND_EIO && strstr(diag.text, path), "%d %s", rc,
          diag.text);
    CHECK("a write that fails keeps the old file", holds(path, "old"), " ");
    CHECK("a write that fails leaves no other file", files_in_folder() == before, "%d",
          files_in_folder());
}

static void test_special(void)
{
    nd_diag diag = {0};
    struct stat info = {0};
    int rc = nd_file_write("/dev/full", "x", 1, &diag);
    CHECK("a full device", rc == ND_EFULL && strstr(diag.text, "/dev/full"), "%d %s", rc,
          diag.text);
    rc = nd_file_write("/dev/null", "x", 1, &diag);
    CHECK("a device stays a device", rc == 0 && !stat("/dev/null", &info) && S_ISCHR(info.st_mode),
          "%d %s", rc, diag.text);
    nd_file_write(in_folder("target"), "old", 3, NULL);
    if (symlink("target", in_folder("link"))) abort();
    rc = nd_file_write(in_folder("link"), "new", 3, &diag);
    CHECK("a link's target is written", rc == 0 && holds(in_folder("target"), "new"), "%s",
          diag.text);
    CHECK("a link stays a link", !lstat(in_folder("link"), &info) && S_ISLNK(info.st_mode), " ");
}

/* A file in pieces: what path held stays until the commit, and when there is none. */
static void test_writer(void)
{
    nd_diag diag = {0};
    nd_file_writer *w = NULL;
    const char *path = in_folder("pieces");
    int rc = nd_file_writer_open(&w, in_folder("absent/pieces"), &diag);
    CHECK("a writer into no folder", rc == ND_EIO && !w && strstr(diag.text, "absent/pieces"),
          "%d %s", rc, diag.text);
    nd_file_write(path, "old", 3, NULL);
    int before = files_in_folder();
    rc = nd_file_writer_open(&w, path, &diag);
    if (!rc) rc = nd_file_writer_append(w, "dropped", 7, &diag);
    CHECK("the old file stays", rc == 0 && holds(path, "old"), "%d %s", rc, diag.text);
    nd_file_writer_close(&w);
    nd_file_writer_close(&w);
    nd_file_writer_close(NULL);
    CHECK("what is not committed is dropped",
          holds(path, "old") && files_in_folder() == before && !w, " ");
    rc = nd_file_writer_open(&w, path, &diag);
    if (!rc) rc = nd_file_writer_append(w, "one ", 4, &diag);
    if (!rc) rc = nd_file_writer_append(w, NULL, 0, &diag);
    if (!rc) rc = nd_file_writer_append(w, "two", 3, &diag);
    if (!rc) rc = nd_file_writer_commit(w, &diag);
    CHECK("what is committed is there", rc == 0 && holds(path, "one two"), "%d %s", rc, diag.text);
    nd_file_writer_close(&w);
    CHECK("and stays", holds(path, "one two") && files_in_folder() == before, " ");
}

static void test_remove(void)
{
    nd_diag diag = {0};
    nd_file_write(in_folder("gone"), "1", 1, NULL);
    nd_file_write(in_folder("gone.new-a1B2c3"), "2", 1, NULL);
    nd_file_write(in_folder("gone.state"), "3", 1, NULL);
    nd_file_write(in_folder("begone.new-a1B2c3"), "4", 1, NULL);
    nd_file_write(in_folder("gone.new-notes.txt"), "5", 1, NULL);
    int before = files_in_folder(), rc = nd_file_tidy(in_folder("begone"), &diag);
    CHECK("what a killed writer left of another file", rc == 0 && files_in_folder() == before - 1,
          "%d %s", rc, diag.text);
    nd_file_write(in_folder("begone.new-a1B2c3"), "4", 1, NULL);
    rc = nd_file_tidy(in_folder("absent"), &diag);
    CHECK("nothing to tidy", rc == 0 && files_in_folder() == before, "%d %s", rc, diag.text);
    rc = nd_file_remove(in_folder("gone"), &diag);
    CHECK("remove a file and what a killed writer left", rc == 0 && files_in_folder() == before - 2,
          "%d %s", rc, diag.text);
    CHECK("other files stay",
          holds(in_folder("gone.state"), "3") && holds(in_folder("begone.new-a1B2c3"), "4") &&
              holds(in_folder("gone.new-notes.txt"), "5"),
          "%d", files_in_folder());
    rc = nd_file_remove(in_folder("gone"), &diag);
    CHECK("remove what is absent", rc == 0, "%d %s", rc, diag.text);
    rc = nd_file_remove("/proc/self/status", &diag);
    CHECK("remove what cannot be", rc == ND_EIO && strstr(diag.text, "/proc/self/status"), "%d %s",
          rc, diag.text);
}

/* A writer that is killed leaves what it has written, and nd_file_remove finds it. */
static void test_killed(void)
{
    int before = files_in_folder();
    pid_t child = fork();
    if (!child) {
        nd_file_writer *w = NULL;
        if (!nd_file_writer_open(&w, in_folder("killed"), NULL))
            nd_file_writer_append(w, "half", 4, NULL);
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    int left = files_in_folder() - before, rc = nd_file_remove(in_folder("killed"), NULL);
    CHECK("what a killed writer left", left == 1 && !rc && files_in_folder() == before, "%d %d",
          left, files_in_folder());
}

static void test_folder(void)
{
    nd_diag diag = {0};
    nd_file_write(in_folder("file"), "1", 1, NULL);
    int rc = nd_folder_make(in_folder("absent/one"), &diag);
    CHECK("a folder in none", rc == ND_EIO && strstr(diag.text, "absent/one"), "%d %s", rc,
          diag.text);
    rc = nd_folder_make(in_folder("file"), &diag);
    CHECK("a folder where a file is", rc == ND_EIO && strstr(diag.text, "has that name"), "%d %s",
          rc, diag.text);
    rc = nd_folder_make(in_folder("one"), &diag);
    CHECK("a folder", rc == 0 && !nd_file_write(in_folder("one/file"), "1", 1, NULL), "%d %s", rc,
          diag.text);
    rc = nd_folder_make(in_folder("one"), &diag);
    CHECK("one that is there", rc == 0 && holds(in_folder("one/file"), "1"), "%d %s", rc,
          diag.text);
    unlink(in_folder("one/file"));
    rmdir(in_folder("one"));
}

static void test_map(void)
{
    nd_file_map m = {.n = 42};
    nd_diag diag = {0};
    int rc = nd_file_map_open(&m, in_folder("absent"), &diag);
    CHECK("map what is absent", rc == ND_EIO && m.n == 42 && strstr(diag.text, "absent"), "%d %s",
          rc, diag.text);
    rc = nd_file_map_open(&m, folder, &diag);
    CHECK("map a folder", rc == ND_EIO && m.n == 42 && strstr(diag.text, "regular"), "%d %s", rc,
          diag.text);
    rc = nd_file_map_open(&m, "/dev/zero", &diag);
    CHECK("map a device", rc == ND_EIO && m.n == 42, "%d %s", rc, diag.text);
    nd_file_write(in_folder("mapped"), "0123456789", 10, NULL);
    rc = nd_file_map_open(&m, in_folder("mapped"), &diag);
    CHECK("map", rc == 0 && m.n == 10 && !memcmp(m.bytes, "0123456789", 10), "%d %s", rc,
          diag.text);
    nd_file_map_deinit(&m);
    CHECK("unmapped", !m.bytes && !m.n, " ");
    nd_file_write(in_folder("mapped"), NULL, 0, NULL);
    rc = nd_file_map_open(&m, in_folder("mapped"), &diag);
    CHECK("map nothing", rc == 0 && m.n == 0, "%d %s", rc, diag.text);
    nd_file_map_deinit(&m);
}

/* XXH3_64bits of nothing and of "abc" as the xxHash project publishes them. */
static void test_hash(void)
{
    uint64_t empty = 0, abc = 0, again = 0, untouched = 42;
    nd_file_write(in_folder("empty"), NULL, 0, NULL);
    nd_file_write(in_folder("abc"), "abc", 3, NULL);
    int fd = open(in_folder("empty"), O_RDONLY), fd2 = open(in_folder("abc"), O_RDONLY);
    CHECK("hash", nd_file_hash(&empty, fd, NULL) == 0 && nd_file_hash(&abc, fd2, NULL) == 0, " ");
    CHECK("hash of nothing", empty == 0x2D06800538D394C2u, "%llx", (unsigned long long)empty);
    CHECK("hash of abc", abc == 0x78AF5F94892F3950u, "%llx", (unsigned long long)abc);
    lseek(fd2, 2, SEEK_SET);
    CHECK("hash is of the whole file", nd_file_hash(&again, fd2, NULL) == 0 && again == abc, " ");
    CHECK("hash leaves the place", lseek(fd2, 0, SEEK_CUR) == 2, " ");
    close(fd);
    close(fd2);
    CHECK("hash of a closed file", nd_file_hash(&untouched, fd2, NULL) == ND_EIO && untouched == 42,
          " ");
}

int main(void)
{
    char command[64];
    if (!mkdtemp(folder)) return 1;
    test_read();
    test_write();
    test_failure();
    test_special();
    test_writer();
    test_remove();
    test_killed();
    test_folder();
    test_map();
    test_hash();
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command)) return 1;
    TEST_END();
}
