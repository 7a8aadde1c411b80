/* The SQLite store: what it refuses, what it keeps, who may use it at once. */
#include <dirent.h>
#include <sys/resource.h>

#include "made.h"
#include "spawn.h"

/* ---- refused ------------------------------------------------------------------------ */

static void check_refused(const char *name, const char *where, nd_open_mode mode, int expected,
                          const char *words)
{
    nd_library *const untouched = (nd_library *)fixture_root;
    nd_library *lib = untouched;
    nd_diag diag = {0};
    int rc = nd_library_open(&lib, where, mode, &diag);
    CHECK(name, rc == expected && lib == untouched && strstr(diag.text, words), "%s: %s",
          nd_error_name(rc), diag.text);
}

static void check_wrong_parameters(void)
{
    nd_library *lib = NULL;
    nd_diag diag = {0};
    CHECK("open_nowhere", nd_library_open(&lib, NULL, ND_OPEN_READ, &diag) == ND_EARG, "opened");
    CHECK("open_no_out", nd_library_open(NULL, "x", ND_OPEN_READ, &diag) == ND_EARG, "opened");
    check_refused("open_empty_name", "", ND_OPEN_READ, ND_EARG, "expected");
    check_refused("open_mode", "x", (nd_open_mode)7, ND_EARG, "expected");
    check_refused("open_unknown_url", "gopher://host/lib", ND_OPEN_READ, ND_EUNSUPPORTED, "gopher");
    check_refused("read_absent", fixture_path("none"), ND_OPEN_READ, ND_ENOTFOUND,
                  "index makes it");
    check_refused("index_in_no_folder", fixture_path("no/lib"), ND_OPEN_INDEX, ND_EIO, "No such");
    check_refused("read_folder", fixture_root, ND_OPEN_READ, ND_EFORMAT, "folder");
    check_refused("index_folder", fixture_mkdir("dir"), ND_OPEN_INDEX, ND_EFORMAT, "folder");
    nd_library_close(NULL);
    nd_library_close(&lib);
}

/* What is not a library stays as it is, with nothing beside it. */
static void check_foreign(void)
{
    static const struct {
        const char *name, *make, *words;
    } cases[] = {
        {"text", "printf 'my notes' > f/x", "not SQLite"},
        {"long_text", "yes notes | head -c 100000 > f/x", "not SQLite"},
        {"header_only", "printf 'SQLite format 3\\0' > f/x", "not SQLite"},
        {"other_database", "sqlite3 f/x 'create table t (a)'", "another SQLite database"},
        {"other_with_wal",
         "sqlite3 f/x 'pragma journal_mode=wal; create table t (a)' '.shell cp f/x-wal f/keep' "
         "> f/log; rm f/log; mv f/keep f/x-wal",
         "another SQLite database"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char name[64], before[4096];
        shell("rm -rf f; mkdir f");
        shell(cases[i].make);
        strcpy(before, shell("cd f; ls; cksum *"));
        snprintf(name, sizeof name, "read_%s", cases[i].name);
        check_refused(name, fixture_path("f/x"), ND_OPEN_READ, ND_EFORMAT, cases[i].words);
        snprintf(name, sizeof name, "index_%s", cases[i].name);
        check_refused(name, fixture_path("f/x"), ND_OPEN_INDEX, ND_EFORMAT, cases[i].words);
        snprintf(name, sizeof name, "untouched_%s", cases[i].name);
        CHECK_SHELL(name, "cd f; ls; cksum *", before);
    }
    shell("rm -rf f; mkfifo pipe; touch empty");
    check_refused("read_pipe", fixture_path("pipe"), ND_OPEN_READ, ND_EFORMAT, "pipe");
    check_refused("read_empty", fixture_path("empty"), ND_OPEN_READ, ND_EFORMAT, "expected");
    nd_library *lib = open_library("empty", ND_OPEN_INDEX);
    CHECK_LIST("index_empty_file", lib, NULL, "");
    nd_library_close(&lib);
}

static void check_versions(void)
{
    make_library("newer", 1);
    shell("sqlite3 newer 'pragma user_version = 99'");
    check_refused("read_newer", fixture_path("newer"), ND_OPEN_READ, ND_EVERSION, "99 found");
    check_refused("index_newer", fixture_path("newer"), ND_OPEN_INDEX, ND_EVERSION, "newer");
    CHECK_SHELL("newer_untouched",
                "sqlite3 newer 'pragma user_version; select count(*) from tracks'", "99\n1");
    shell("sqlite3 older 'pragma application_id = 0x4E445250'");
    check_refused("read_older", fixture_path("older"), ND_OPEN_READ, ND_EVERSION, "up to date");
    nd_library *lib = open_library("older", ND_OPEN_INDEX);
    nd_library_close(&lib);
    lib = open_library("older", ND_OPEN_READ);
    CHECK_LIST("index_older_migrates", lib, NULL, "");
    nd_library_close(&lib);
}

/* Each page in turn overwritten, and the file cut: never a crash. */
static void check_damaged(void)
{
    make_library("good", 100);
    int n_refused = 0;
    for (int i = 0; i < 16; i++) {
        char command[128];
        nd_library *lib = NULL;
        snprintf(command, sizeof command,
                 "cp good bad; yes | head -c 16384 | dd of=bad bs=16384 seek=%d conv=notrunc", i);
        shell(command);
        if (!nd_library_open(&lib, fixture_path("bad"), ND_OPEN_READ, NULL)) {
            nd_str s = {0};
            int rc = nd_library_each(lib, NULL, fixture_list_track, &s, NULL);
            for (int64_t id = 1; id <= 100 && !rc; id++) {
                nd_description *d = NULL;
                rc = nd_library_description(&d, lib, id, NULL);
                nd_description_destroy(&d);
            }
            n_refused += rc != 0;
            nd_str_deinit(&s);
            nd_library_close(&lib);
        } else {
            n_refused++;
        }
    }
    CHECK("damaged_pages_noticed", n_refused >= 6, "%d of 16", n_refused);
    shell("head -c 6000 good > bad");
    nd_library *lib = NULL;
    nd_str s = {0};
    int rc = nd_library_open(&lib, fixture_path("bad"), ND_OPEN_READ, NULL);
    if (!rc) rc = nd_library_each(lib, NULL, fixture_list_track, &s, NULL);
    CHECK("cut_short", rc == ND_EFORMAT, "%s", nd_error_name(rc));
    nd_str_deinit(&s);
    nd_library_close(&lib);
}

/* ---- kept ----------------------------------------------------------------------------- */

static void check_round_trip(void)
{
    nd_library *lib = open_library("round", ND_OPEN_INDEX);
    nd_description *in = fixture_description(123.5, 9, 1, 30.5, "Rock; Pop"), *out = NULL;
    in->info.tag_bpm = 124;
    in->info.fps = NAN; /* SQLite has none */
    int rc;
    put(lib, 7, "a\n\xFF.ogg", in, &rc, NULL);
    CHECK("put", rc == 0, "%d", rc);
    CHECK("load_absent", nd_library_description(&out, lib, 8, NULL) == ND_ENOTFOUND && !out, "got");
    rc = nd_library_description(&out, lib, 7, NULL);
    CHECK("load", rc == 0, "%d", rc);
    in = fixture_description(123.5, 9, 1, 30.5, "Rock; Pop");
    int n_same = 0, n = 0;
    for (const nd_array *a; (a = nd_description_at(in, n)); n++) {
        const nd_array *b = nd_description_find(out, a->name);
        size_t bytes = (size_t)nd_array_count(a) * nd_dtype_bytes(a->dtype);
        n_same += b && b->dtype == a->dtype && b->n_dims == a->n_dims &&
                  !memcmp(b->dims, a->dims, sizeof a->dims) && !memcmp(b->data, a->data, bytes);
    }
    CHECK("features_as_before", n == 9 && n_same == n && !nd_description_at(out, n), "%d of %d",
          n_same, n);
    const nd_media_info *info = nd_description_info(out);
    CHECK("info_as_before",
          info->duration_s == 30.5 && !strcmp(info->title, "Title \xC3\xA9") &&
              !strcmp(info->genre, "Rock; Pop") && info->rate_hz == 44100 && info->has_audio &&
              !info->has_video && info->size_bytes == 17 && info->tag_bpm == 124 && info->fps == 0,
          "%s %g", info->title, info->duration_s);
    CHECK("cut_as_before", nd_description_is_cut(out) && nd_description_analysed_s(out) == 30.25,
          "%g", nd_description_analysed_s(out));
    nd_description_destroy(&in);
    nd_description_destroy(&out);
    nd_library_close(&lib);
}

/* Rows that another program spoilt are refused, not believed. */
static void check_hostile_features(void)
{
    static const char *const updates[] = {
        "dims = ''",
        "dims = '4'",
        "dims = '3,'",
        "dims = ',3'",
        "dims = '-3'",
        "dims = '1,1,1,1,3'",
        "dims = '3 '",
        "dims = '99999999999999999999'",
        "dims = '4611686018427387904,4'",
        "dtype = 'f64'",
        "dtype = ''",
        "name = ''",
        "data = x'00'",
        "name = 'a_name_of_more_than_thirty_one_b'",
    };
    make_library("hostile", 1);
    for (size_t i = 0; i < ND_COUNT(updates); i++) {
        char command[256], name[64];
        shell("cp hostile spoilt");
        snprintf(command, sizeof command,
                 "sqlite3 spoilt \"update features set %s where name = 'onset'\"", updates[i]);
        shell(command);
        nd_library *lib = open_library("spoilt", ND_OPEN_READ);
        nd_description *d = NULL;
        nd_diag diag = {0};
        int rc = nd_library_description(&d, lib, 1, &diag);
        snprintf(name, sizeof name, "spoilt_feature_%zu", i);
        CHECK(name, rc == ND_EFORMAT && !d, "%s: %s", updates[i], diag.text);
        nd_library_close(&lib);
    }
}

/* Any program that knows SQLite can read it; nothing lies beside it when closed. */
static void check_shell_reads(void)
{
    shell("mkdir clean");
    make_library("clean/lib", 5);
    CHECK_SHELL("only_the_file_remains", "ls -A clean", "lib");
    CHECK_SHELL("shell_integrity",
                "sqlite3 clean/lib 'pragma integrity_check; pragma "
                "foreign_key_check; pragma journal_mode; pragma user_version'",
                "ok\nwal\n2");
    CHECK_SHELL("shell_counts",
                "sqlite3 clean/lib 'select count(*) from tracks; select count(*) from features; "
                "select count(*) from tags; select count(*) from failures'",
                "5\n45\n10\n0");
    char expected[256];
    snprintf(expected, sizeof expected, "%s|11|-5|100.0|9|1|4||1", fixture_path("01.ogg"));
    CHECK_SHELL("shell_row",
                "sqlite3 clean/lib 'select path, size_bytes, mtime_ns, tempo_bpm, key, is_minor, "
                "metre, vocal, is_cut from tracks where id = 1'",
                expected);
    CHECK_SHELL(
        "shell_feature",
        "sqlite3 clean/lib \"select dtype, dims, hex(data) from features where track_id = 1 "
        "and name in ('clip_n_beats', 'key', 'beats_s') order by name\"",
        "f32|0|\ni32|2|0300000004000000\ni32||09000000");
}

/* Writing ops one by one. */
static void check_changes(void)
{
    nd_library *lib = open_library("changes", ND_OPEN_INDEX);
    const nd_store_ops *ops = lib->ops;
    nd_file_state f = {.size_bytes = 1, .mtime_ns = 2, .hash = 3};
    put(lib, 1, "a", fixture_description(100, 9, 1, 30, "Rock"), NULL, NULL);
    put(lib, 2, "b", fixture_description(100, 9, 1, 30, "Pop"), NULL, NULL);
    ops->put_failure(lib->store, fixture_path("c"), &f, "bad", NULL);
    CHECK_LIST("three_paths", lib, NULL, "a 100 9m rock\nb 100 9m pop\n! c: bad\n");
    nd_known to = {.path = fixture_path("c"), .id = 3, .file = f};
    CHECK("copy", !ops->copy_track(lib->store, 1, &to, NULL), "failed");
    CHECK_LIST("copy_replaces_failure", lib, NULL, "a 100 9m rock\nb 100 9m pop\nc 100 9m rock\n");
    to = (nd_known){.path = fixture_path("d"), .id = 4, .file = f};
    CHECK("copy_of_none", ops->copy_track(lib->store, 99, &to, NULL) == ND_ENOTFOUND, "copied");
    to = (nd_known){.path = fixture_path("b"), .id = 1, .file = f};
    CHECK("move", !ops->move_track(lib->store, &to, NULL), "failed");
    CHECK_LIST("move_replaces_track", lib, NULL, "b 100 9m rock\nc 100 9m rock\n");
    ops->put_failure(lib->store, fixture_path("b"), &f, "worse", NULL);
    CHECK_LIST("failure_replaces_track", lib, NULL, "c 100 9m rock\n! b: worse\n");
    ops->remove(lib->store, fixture_path("b"), NULL);
    ops->remove(lib->store, fixture_path("c"), NULL);
    CHECK_LIST("removed", lib, NULL, "");
    nd_library_close(&lib);
    CHECK_SHELL("nothing_left_over",
                "sqlite3 changes 'select count(*) from features; select count(*) from tags'",
                "0\n0");
}

/* ---- at once ----------------------------------------------------------------------------- */

/* Child: index a track, hold the library, wait to be killed. */
static int hold(const char *where)
{
    nd_library *lib = NULL;
    if (nd_library_open(&lib, where, ND_OPEN_INDEX, NULL)) return 1;
    char *slash = strrchr(strcpy(fixture_root, where), '/');
    *slash = '\0';
    put(lib, 1, "held.ogg", fixture_description(100, 9, 1, 30, "Rock"), NULL, NULL);
    *fixture_root = '\0';
    printf("1\n");
    fflush(stdout);
    for (;;) pause();
}

static void check_two_processes(void)
{
    char words[32];
    shell("mkdir two");
    child c = child_start("hold", fixture_path("two/lib"));
    CHECK("holder_started", child_number(&c) == 1, "ended");
    snprintf(words, sizeof words, "number %d", (int)c.pid);
    check_refused("index_while_indexed", fixture_path("two/lib"), ND_OPEN_INDEX, ND_EBUSY, words);
    shell("ln -s lib two/link");
    check_refused("index_through_link", fixture_path("two/link"), ND_OPEN_INDEX, ND_EBUSY, words);
    nd_library *reader = open_library("two/lib", ND_OPEN_READ);
    CHECK_LIST("read_while_indexed", reader, NULL, "two/held.ogg 100 9m rock\n");
    child_end(&c, SIGKILL);
    CHECK_LIST("read_after_kill", reader, NULL, "two/held.ogg 100 9m rock\n");
    nd_library *lib = open_library("two/lib", ND_OPEN_INDEX);
    CHECK_LIST("index_after_kill", lib, NULL, "two/held.ogg 100 9m rock\n");
    check_refused("index_twice_in_a_process", fixture_path("two/lib"), ND_OPEN_INDEX, ND_EBUSY,
                  "another process");
    put(lib, 2, "two/x.ogg", fixture_description(100, 9, 1, 30, ""), NULL, NULL);
    CHECK_LIST("reader_sees_commit", reader, NULL, "two/held.ogg 100 9m rock\ntwo/x.ogg 100 9m\n");
    nd_library_close(&lib);
    nd_library_close(&reader);
    CHECK_SHELL("all_cleaned_up", "ls -A two", "lib\nlink");
}

/* A library deleted by hand after a kill leaves its log: not the next one's. */
static void check_stale_log(void)
{
    shell("mkdir stale");
    child c = child_start("hold", fixture_path("stale/lib"));
    child_number(&c);
    child_end(&c, SIGKILL);
    shell("rm stale/lib");
    CHECK_SHELL("log_is_left", "ls stale/lib-wal", "stale/lib-wal");
    nd_library *lib = open_library("stale/lib", ND_OPEN_INDEX);
    CHECK_LIST("stale_log_not_played", lib, NULL, "");
    nd_library_close(&lib);
    CHECK_SHELL("stale_integrity", "sqlite3 stale/lib 'pragma integrity_check'", "ok");
}

/* Child, as nobody: read a library in a folder that may not be written. */
static int read_as_nobody(const char *where)
{
    if (setuid(65534)) return 2;
    nd_library *lib = NULL;
    nd_diag diag = {0};
    int n = 0;
    if (nd_library_open(&lib, where, ND_OPEN_READ, &diag)) {
        fprintf(stderr, "%s\n", diag.text);
        return 1;
    }
    strcpy(fixture_root, "/");
    char *list = fixture_list(lib, NULL);
    *fixture_root = '\0';
    for (char *p = list; *p; p++) n += *p == '\n';
    printf("%d\n", n);
    free(list);
    nd_library_close(&lib);
    return 0;
}

static void check_read_only(void)
{
    shell("mkdir ro; chmod 755 .");
    make_library("ro/lib", 3);
    shell("chmod 444 ro/lib; chmod 555 ro");
    if (geteuid()) {
        SKIP("read_only_folder", "needs root to become another user");
        return;
    }
    child c = child_start("nobody", fixture_path("ro/lib"));
    int n = child_number(&c), status = child_end(&c, 0);
    CHECK("read_only_folder", n == 3 && status == 0, "%d tracks, status %d", n, status);
}

/* ---- full disk ------------------------------------------------------------------------------ */

/* Child: store tracks until no file may grow; print how many were stored. */
static int fill(const char *where)
{
    struct rlimit limit = {.rlim_cur = 1200000, .rlim_max = 1200000};
    nd_library *lib = NULL;
    nd_diag diag = {0};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) || nd_library_open(&lib, where, ND_OPEN_INDEX, &diag))
        return 1;
    int n = 0, rc = 0;
    while (!rc && n < 1000) {
        nd_description *d = fixture_description(100, 9, 1, 30, "Rock");
        char name[32];
        snprintf(name, sizeof name, "%d", n + 1);
        nd_description_add(d, "large", ND_F32, 1, (const int64_t[]){2000});
        put(lib, n + 1, name, d, &rc, &diag);
        n += !rc;
    }
    char *list = fixture_list(lib, NULL); /* it still can be read */
    int n_listed = 0;
    for (char *p = list; *p; p++) n_listed += *p == '\n';
    free(list);
    printf("%d %d\n", n, n_listed);
    nd_library_close(&lib);
    return rc == ND_EFULL ? 0 : 1;
}

static int create_full(const char *where)
{
    struct rlimit limit = {.rlim_cur = 5000, .rlim_max = 5000};
    nd_library *lib = NULL;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) return 1;
    return nd_library_open(&lib, where, ND_OPEN_INDEX, NULL) == ND_EFULL ? 0 : 1;
}

static void check_full(void)
{
    shell("mkdir full");
    child c = child_start("fill", fixture_path("full/lib"));
    int n = child_number(&c), n_listed = child_number(&c), status = child_end(&c, 0);
    CHECK("full_says_so", status == 0 && n > 5, "status %d after %d", status, n);
    CHECK("full_keeps_what_was", n_listed == n, "%d of %d", n_listed, n);
    char expected[32];
    snprintf(expected, sizeof expected, "ok\n%d\n%d", n, n * 10);
    CHECK_SHELL("full_integrity",
                "sqlite3 full/lib 'pragma integrity_check; select count(*) from tracks; "
                "select count(*) from features'",
                expected);
    shell("rm -rf full; mkdir full");
    c = child_start("create_full", fixture_path("full/lib"));
    CHECK("create_full", child_end(&c, 0) == 0, "another answer");
    CHECK_SHELL("create_full_leaves_nothing", "ls -A full", "");
}

/* Names that SQLite would take for something else are files like others. */
static void check_special_names(void)
{
    static const char *const names[] = {":memory:", "file:x?mode=memory", "-", "a%41#b"};
    if (chdir(fixture_mkdir("special"))) exit(1);
    for (size_t i = 0; i < ND_COUNT(names); i++) {
        nd_library *lib = NULL;
        char name[64];
        int rc = nd_library_open(&lib, names[i], ND_OPEN_INDEX, NULL);
        nd_library_close(&lib);
        if (!rc) rc = nd_library_open(&lib, names[i], ND_OPEN_READ, NULL);
        nd_library_close(&lib);
        snprintf(name, sizeof name, "special_name_%zu", i);
        CHECK(name, rc == 0 && access(names[i], F_OK) == 0, "%d", rc);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "hold")) return hold(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "fill")) return fill(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "create_full")) return create_full(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "nobody")) return read_as_nobody(argv[2]);
    fixture_start();
    check_wrong_parameters();
    check_foreign();
    check_versions();
    check_damaged();
    check_round_trip();
    check_hostile_features();
    check_shell_reads();
    check_changes();
    check_two_processes();
    check_stale_log();
    check_read_only();
    check_full();
    check_special_names();
    TEST_END();
}
