/* Indexing: what is found, what changed, what survives a kill. The analyser is
 * the fixture's but for the last check, which runs the real worker. */
#include "spawn.h"

static fixture_analyser fake;
static const nd_analyser analyser = {.analyse = fixture_analyse, .user = &fake};

static nd_library *open_library(const char *name)
{
    nd_library *lib = NULL;
    nd_diag diag = {0};
    if (!nd_library_open(&lib, fixture_path(name), ND_OPEN_INDEX, &diag)) return lib;
    printf("FAIL opening %s: %s\n", name, diag.text);
    exit(1);
}

/* Index one path of the root (NULL: what is remembered). */
static int run_index(nd_library *lib, const char *name, int n_workers, nd_index_report *r,
                     nd_diag *diag)
{
    const char *path = name ? fixture_path(name) : NULL;
    nd_index_params params = {.n_workers = n_workers};
    atomic_store(&fake.n_calls, 0);
    return nd__library_index_with(lib, &path, name != NULL, &params, &analyser, r, diag);
}

/* A report as one line, so that a failed check shows all of it. */
static const char *report_line(const nd_index_report *r)
{
    static char line[128];
    snprintf(line, sizeof line,
             "found %d new %d changed %d moved %d removed %d same %d failed %d "
             "tracks %d analysed %d",
             (int)r->n_found, (int)r->n_added, (int)r->n_changed, (int)r->n_moved,
             (int)r->n_removed, (int)r->n_unchanged, (int)r->n_failed, (int)r->n_tracks,
             atomic_load(&fake.n_calls));
    return line;
}

#define CHECK_INDEX(name, lib, path, expected)                                          \
    do {                                                                                \
        nd_index_report r_ = {0};                                                       \
        nd_diag diag_ = {0};                                                            \
        int rc_ = run_index(lib, path, 2, &r_, &diag_);                                 \
        CHECK(name, !rc_ && !strcmp(report_line(&r_), expected), "%s, expected %s; %s", \
              report_line(&r_), expected, diag_.text);                                  \
    } while (0)

static void check_wrong_parameters(void)
{
    nd_library *lib = open_library("wrong");
    nd_index_report r = {.n_found = 77};
    nd_diag diag = {0};
    const char *empty = "", *null = NULL, *none = fixture_path("none");
    nd_index_params negative = {.n_workers = -1};
    const struct {
        const char *name;
        nd_library *lib;
        const char **paths;
        int n_paths;
        nd_index_params *params;
        int rc;
    } cases[] = {
        {"no_library", NULL, &none, 1, NULL, ND_EARG},
        {"negative_paths", lib, &none, -1, NULL, ND_EARG},
        {"null_paths", lib, NULL, 1, NULL, ND_EARG},
        {"null_path", lib, &null, 1, NULL, ND_EARG},
        {"empty_path", lib, &empty, 1, NULL, ND_EARG},
        {"negative_workers", lib, &none, 1, &negative, ND_EARG},
        {"nothing_remembered", lib, NULL, 0, NULL, ND_EARG},
        {"absent_path", lib, &none, 1, NULL, ND_EIO},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char name[64];
        int rc = nd__library_index_with(cases[i].lib, cases[i].paths, cases[i].n_paths,
                                        cases[i].params, &analyser, &r, &diag);
        snprintf(name, sizeof name, "index_%s", cases[i].name);
        CHECK(name, rc == cases[i].rc && r.n_found == 77 && *diag.text, "%s: %s", nd_error_name(rc),
              diag.text);
    }
    CHECK("index_no_report",
          nd__library_index_with(lib, &none, 1, NULL, &analyser, NULL, &diag) == ND_EARG,
          "accepted");
    nd_index_params no_worker = {.worker = fixture_path("no-worker")};
    CHECK("index_no_worker",
          nd_library_index(lib, &none, 1, &no_worker, &r, &diag) == ND_EIO &&
              strstr(diag.text, "no-worker"),
          "%s", diag.text);
    nd_library_close(&lib);
    if (nd_library_open(&lib, fixture_path("wrong"), ND_OPEN_READ, NULL)) exit(1);
    CHECK("index_for_reading",
          nd__library_index_with(lib, &none, 1, NULL, &analyser, &r, &diag) == ND_EARG, "accepted");
    nd_library_close(&lib);
}

/* New, same, touched, changed, moved, copied, deleted, failed: one folder's life. */
static void check_life(void)
{
    nd_library *lib = open_library("life.nd");
    fixture_mkdir("life");
    fixture_mkdir("life/sub");
    fixture_write("life/a.mp3", "100 0 0 30 Rock");
    fixture_write("life/b.OGG", "110 1 1 30 Pop");
    fixture_write("life/sub/c.flac", "120 2 0 30 Jazz");
    fixture_write("life/d.mp3", "this is a text");
    fixture_write("life/cover.jpg", "1 1 1 30 no");
    fixture_write("life/film.mp4", "1 1 1 30 no");
    fixture_write("life/.hidden.mp3", "1 1 1 30 no");
    CHECK_INDEX("life_first", lib, "life",
                "found 4 new 3 changed 0 moved 0 removed 0 same 0 failed 1 tracks 3 analysed 4");
    CHECK_LIST("life_first_list", lib, NULL,
               "life/a.mp3 100 0 rock\nlife/b.OGG 110 1m pop\nlife/sub/c.flac 120 2 jazz\n"
               "! life/d.mp3: reading d.mp3: not media\n");
    CHECK_INDEX("life_again", lib, "life",
                "found 4 new 0 changed 0 moved 0 removed 0 same 3 failed 1 tracks 3 analysed 0");
    CHECK_INDEX("life_remembered", lib, NULL,
                "found 4 new 0 changed 0 moved 0 removed 0 same 3 failed 1 tracks 3 analysed 0");
    fixture_set_time(fixture_path("life/a.mp3"));
    fixture_set_time(fixture_path("life/d.mp3"));
    CHECK_INDEX("life_touched", lib, "life",
                "found 4 new 0 changed 0 moved 0 removed 0 same 3 failed 1 tracks 3 analysed 0");
    shell("sqlite3 life.nd 'update tracks set analysis = analysis - 1 where tempo_bpm < 115'");
    CHECK_INDEX("life_of_another_build", lib, "life",
                "found 4 new 0 changed 2 moved 0 removed 0 same 1 failed 1 tracks 3 analysed 2");
    shell("sqlite3 life.nd 'update tracks set analysis = 0 where tempo_bpm > 115';"
          "mv life/sub/c.flac life/sub/moved.flac");
    CHECK_INDEX("life_of_another_build_moved", lib, "life",
                "found 4 new 1 changed 0 moved 0 removed 1 same 2 failed 1 tracks 3 analysed 1");
    shell("mv life/sub/moved.flac life/sub/c.flac");
    CHECK_INDEX("life_moved_back", lib, "life",
                "found 4 new 0 changed 0 moved 1 removed 0 same 2 failed 1 tracks 3 analysed 0");
    fixture_write("life/a.mp3", "130 3 0 40 Rock");
    CHECK_INDEX("life_changed_same_size", lib, "life",
                "found 4 new 0 changed 1 moved 0 removed 0 same 2 failed 1 tracks 3 analysed 1");
    fixture_write("life/d.mp3", "140 4 0 30 Folk");
    CHECK_INDEX("life_repaired", lib, "life",
                "found 4 new 1 changed 0 moved 0 removed 0 same 3 failed 0 tracks 4 analysed 1");
    shell("mv life/sub/c.flac life/e.flac; mv life/b.OGG life/sub/b2.ogg");
    CHECK_INDEX("life_moved", lib, "life",
                "found 4 new 0 changed 0 moved 2 removed 0 same 2 failed 0 tracks 4 analysed 0");
    CHECK_LIST("life_moved_list", lib, NULL,
               "life/a.mp3 130 3 rock\nlife/d.mp3 140 4 folk\nlife/e.flac 120 2 jazz\n"
               "life/sub/b2.ogg 110 1m pop\n");
    shell("cp life/a.mp3 life/copy.mp3; rm life/d.mp3");
    CHECK_INDEX("life_copied_deleted", lib, "life",
                "found 4 new 1 changed 0 moved 0 removed 1 same 3 failed 0 tracks 4 analysed 0");
    shell("mv life/e.flac life/a.mp3");
    CHECK_INDEX("life_moved_over", lib, "life",
                "found 3 new 0 changed 0 moved 1 removed 0 same 2 failed 0 tracks 3 analysed 0");
    CHECK_LIST("life_moved_over_list", lib, NULL,
               "life/a.mp3 120 2 jazz\nlife/copy.mp3 130 3 rock\nlife/sub/b2.ogg 110 1m pop\n");
    fixture_write("life/copy.mp3", "broken");
    CHECK_INDEX("life_broken", lib, "life",
                "found 3 new 0 changed 1 moved 0 removed 0 same 2 failed 1 tracks 2 analysed 1");
    shell("rm -r life/sub life/copy.mp3");
    CHECK_INDEX("life_deleted", lib, "life/sub",
                "found 0 new 0 changed 0 moved 0 removed 1 same 0 failed 1 tracks 1 analysed 0");
    CHECK_INDEX("life_failure_deleted", lib, "life",
                "found 1 new 0 changed 0 moved 0 removed 0 same 1 failed 0 tracks 1 analysed 0");
    shell("mv life gone");
    nd_index_report r;
    nd_diag diag = {0};
    int rc = run_index(lib, NULL, 1, &r, &diag);
    CHECK("life_absent_is_kept", rc == ND_EIO, "%s", diag.text);
    CHECK_LIST("life_absent_list", lib, NULL, "life/a.mp3 120 2 jazz\n");
    CHECK_INDEX("life_absent_named", lib, "life",
                "found 0 new 0 changed 0 moved 0 removed 1 same 0 failed 0 tracks 0 analysed 0");
    CHECK("life_forgotten", run_index(lib, NULL, 1, &r, &diag) == ND_EARG, "%s", diag.text);
    nd_library_close(&lib);
}

/* Only what lies under the given paths is compared. */
static void check_scope(void)
{
    nd_library *lib = open_library("scope.nd");
    shell("mkdir -p scope/a scope/ab; touch scope/a.txt");
    fixture_write("scope/a/1.mp3", "100 0 0 30 Rock");
    fixture_write("scope/ab/2.mp3", "110 0 0 30 Rock");
    fixture_write("scope/film.mkv", "120 0 0 30 Rock");
    const char *paths[] = {fixture_path("scope/a/../a"), fixture_path("scope/ab/"),
                           fixture_path("scope/film.mkv"), fixture_path("scope/a/1.mp3")};
    nd_index_report r;
    nd__library_index_with(lib, paths, 4, NULL, &analyser, &r, NULL);
    CHECK_LIST("scope_canonical_once", lib, NULL,
               "scope/a/1.mp3 100 0 rock\nscope/ab/2.mp3 110 0 rock\nscope/film.mkv 120 0 rock\n");
    shell("rm scope/a/1.mp3 scope/ab/2.mp3");
    CHECK_INDEX("scope_folder_prefix", lib, "scope/a",
                "found 0 new 0 changed 0 moved 0 removed 1 same 0 failed 0 tracks 2 analysed 0");
    CHECK_INDEX("scope_remembered_folders", lib, NULL,
                "found 0 new 0 changed 0 moved 0 removed 1 same 0 failed 0 tracks 1 analysed 0");
    /* A film that was named once stays when its folder is walked. */
    CHECK_INDEX("scope_named_film_stays", lib, "scope",
                "found 1 new 0 changed 0 moved 0 removed 0 same 1 failed 0 tracks 1 analysed 0");
    shell("rm scope/film.mkv");
    CHECK_INDEX("scope_named_file_gone", lib, "scope/film.mkv",
                "found 0 new 0 changed 0 moved 0 removed 1 same 0 failed 0 tracks 0 analysed 0");
    nd_library_close(&lib);
}

/* Links, loops, pipes, sockets, names of any bytes. */
static void check_odd_files(void)
{
    nd_library *lib = open_library("odd.nd");
    shell("mkdir -p odd/dir.mp3 odd/deep; mkfifo odd/pipe.mp3; cd odd; ln -s .. up; ln -s loop "
          "loop; ln -s me.ogg me.ogg; ln -s nowhere dangling.mp3; ln -s deep/x.mp3 link.mp3; "
          "ln -s / root");
    fixture_write("odd/dir.mp3/in.wav", "100 0 0 30 Rock");
    fixture_write("odd/deep/x.mp3", "110 0 0 30 Rock");
    fixture_write("odd/new\nline.mp3", "120 0 0 30 Rock");
    fixture_write("odd/\xFF\xFE.mp3", "130 0 0 30 Rock");
    fixture_write("odd/ .mp3", "140 0 0 30 Rock");
    fixture_write("odd/empty.mp3", "");
    fixture_write("odd/short.mp3", "140 0 0 1.2 Rock");
    fixture_write("odd/two.mp3", "140 0 0 2.0 Rock");
    CHECK_INDEX("odd_first", lib, "odd",
                "found 9 new 6 changed 0 moved 0 removed 0 same 0 failed 6 tracks 6 analysed 8");
    CHECK_LIST("odd_list", lib, NULL,
               "odd/ .mp3 140 0 rock\nodd/deep/x.mp3 110 0 rock\nodd/dir.mp3/in.wav 100 0 rock\n"
               "odd/link.mp3 110 0 rock\nodd/new\nline.mp3 120 0 rock\n"
               "odd/\xFF\xFE.mp3 130 0 rock\n"
               "! odd/dangling.mp3: cannot be read: No such file or directory\n"
               "! odd/empty.mp3: reading empty.mp3: not media\n"
               "! odd/me.ogg: cannot be read: Too many levels of symbolic links\n"
               "! odd/pipe.mp3: not a regular file\n"
               "! odd/short.mp3: short.mp3: too short: 1.2 s, more than 2 s expected\n"
               "! odd/two.mp3: two.mp3: too short: 2 s, more than 2 s expected\n");
    CHECK_INDEX("odd_again", lib, "odd",
                "found 9 new 0 changed 0 moved 0 removed 0 same 6 failed 6 tracks 6 analysed 0");
    nd_library_close(&lib);
}

/* The same content many times is analysed once; a failing one each time. */
static void check_twins(void)
{
    nd_library *lib = open_library("twins.nd");
    fixture_mkdir("twins");
    for (int i = 0; i < 6; i++) {
        char name[32];
        snprintf(name, sizeof name, "twins/%d.mp3", i);
        fixture_write(name, i < 4 ? "100 0 0 30 Rock" : "not any music :)");
    }
    CHECK_INDEX("twins_once", lib, "twins",
                "found 6 new 4 changed 0 moved 0 removed 0 same 0 failed 2 tracks 4 analysed 3");
    CHECK_SHELL("twins_features",
                "sqlite3 twins.nd 'select count(*), count(distinct track_id) from features'",
                "36|4");
    /* Two of them move, one is new: two moves, one copy. */
    shell("cd twins; mv 0.mp3 7.mp3; mv 1.mp3 8.mp3; cp 2.mp3 9.mp3");
    CHECK_INDEX("twins_moved", lib, "twins",
                "found 7 new 1 changed 0 moved 2 removed 0 same 2 failed 2 tracks 5 analysed 0");
    /* Names swapped: neither may be copied from, both are changed. */
    fixture_write("twins/2.mp3", "115 0 0 30 Rock");
    CHECK_INDEX("twins_one_changes", lib, "twins",
                "found 7 new 0 changed 1 moved 0 removed 0 same 4 failed 2 tracks 5 analysed 1");
    shell("cd twins; rm [789].mp3; mv 2.mp3 x; mv 3.mp3 2.mp3; mv x 3.mp3");
    fixture_set_time(fixture_path("twins/2.mp3"));
    fixture_set_time(fixture_path("twins/3.mp3"));
    nd_index_report r;
    run_index(lib, "twins", 1, &r, NULL);
    CHECK_LIST("twins_swapped", lib, &(nd_filter){.bpm_min = 0},
               "twins/2.mp3 100 0 rock\ntwins/3.mp3 115 0 rock\n");
    nd_library_close(&lib);
}

/* ---- while it runs ---- */

static void spoil(const char *path)
{
    if (strstr(path, "vanish")) unlink(path);
    if (strstr(path, "grow")) fixture_write("race/grow.mp3", "100 0 0 30 Rock and more");
}

static void check_races(void)
{
    nd_library *lib = open_library("race.nd");
    fixture_mkdir("race");
    fixture_write("race/grow.mp3", "100 0 0 30 Rock");
    fixture_write("race/vanish.mp3", "110 0 0 30 Jazz!");
    fixture_write("race/stay.mp3", "120 0 0 30 Folk..");
    fake.on_call = spoil;
    CHECK_INDEX("race_first", lib, "race",
                "found 3 new 1 changed 0 moved 0 removed 0 same 0 failed 1 tracks 1 analysed 3");
    fake.on_call = NULL;
    char *list = fixture_list(lib, NULL);
    CHECK("race_list",
          !strncmp(list, "race/stay.mp3 120 0 folk..\n! race/grow.mp3: ", 44) &&
              strstr(list, "changed on the way"),
          "%s", list);
    free(list);
    CHECK_INDEX("race_tried_again", lib, "race",
                "found 2 new 1 changed 0 moved 0 removed 0 same 1 failed 0 tracks 2 analysed 1");
    nd_library_close(&lib);
}

static int cancel_at_third(void *user, const char *what, int64_t done, int64_t total,
                           const char *item)
{
    int *n = user;
    *n += !strcmp(what, "analysing music") && item;
    return done > total || *n >= 3;
}

static void check_cancel(void)
{
    nd_library *lib = open_library("cancel.nd");
    fixture_mkdir("cancel");
    for (int i = 0; i < 20; i++) {
        char name[32], text[64];
        snprintf(name, sizeof name, "cancel/%02d.mp3", i);
        snprintf(text, sizeof text, "%d 0 0 30 %.*s", 100 + i, i + 1, "Rockrockrockrockrockrock");
        fixture_write(name, text);
    }
    int n = 0;
    const char *path = fixture_path("cancel");
    nd_progress progress = {.update = cancel_at_third, .user = &n};
    nd_index_params params = {.n_workers = 1, .progress = &progress};
    nd_index_report r = {.n_found = 77};
    int rc = nd__library_index_with(lib, &path, 1, &params, &analyser, &r, NULL);
    CHECK("cancelled", rc == ND_ECANCELLED && r.n_found == 77, "%d", rc);
    CHECK_LIST("cancelled_keeps", lib, NULL,
               "cancel/00.mp3 100 0 r\ncancel/01.mp3 101 0 ro\ncancel/02.mp3 102 0 roc\n");
    CHECK_INDEX(
        "cancelled_goes_on", lib, NULL,
        "found 20 new 17 changed 0 moved 0 removed 0 same 3 failed 0 tracks 20 analysed 17");
    nd_library_close(&lib);
}

/* A worker that the stop itself killed is no failure of its file. */
static int cancel_always(void *user, const char *what, int64_t done, int64_t total,
                         const char *item)
{
    (void)user, (void)done, (void)total, (void)item;
    return !strcmp(what, "analysing music");
}

static void check_cancel_kills(void)
{
    nd_library *lib = open_library("stop.nd");
    fixture_mkdir("stop");
    fixture_write("stop/a.mp3", "looks like a crash");
    const char *path = fixture_path("stop");
    nd_progress progress = {.update = cancel_always};
    nd_index_params params = {.progress = &progress};
    nd_index_report r;
    int rc = nd__library_index_with(lib, &path, 1, &params, &analyser, &r, NULL);
    CHECK("stopped", rc == ND_ECANCELLED, "%d", rc);
    CHECK_LIST("stopped_no_failure", lib, NULL, "");
    nd_library_close(&lib);
}

/* Child: index slowly; its parent kills it. */
static int index_slowly(const char *root)
{
    nd_library *lib = NULL;
    strcpy(fixture_root, root);
    fake.sleep_ms = 50;
    const char *path = fixture_path("kill");
    nd_index_report r;
    nd_index_params params = {.n_workers = 2};
    int rc = nd_library_open(&lib, fixture_path("kill.nd"), ND_OPEN_INDEX, NULL);
    if (!rc) rc = nd__library_index_with(lib, &path, 1, &params, &analyser, &r, NULL);
    nd_library_close(&lib);
    *fixture_root = '\0';
    return rc ? 1 : 0;
}

static int count_tracks(void)
{
    int n = -1;
    sscanf(shell("sqlite3 kill.nd 'select count(*) from tracks'"), "%d", &n);
    return n;
}

static bool has_grown(int before, int all)
{
    int n = access(fixture_path("kill.nd"), F_OK) ? -1 : count_tracks();
    return n > before || n == all;
}

static void check_kill(void)
{
    enum { N_FILES = 40 };
    fixture_mkdir("kill");
    for (int i = 0; i < N_FILES; i++) {
        char name[32], text[64];
        snprintf(name, sizeof name, "kill/%02d.mp3", i);
        snprintf(text, sizeof text, "%d %d 0 30 Rock", 60 + i, i % 12);
        fixture_write(name, text);
    }
    int n_whole = 0, n_kept = 0, before = 0;
    for (int k = 0; k < 4; k++) {
        child c = child_start("slowly", fixture_root);
        for (int wait = 0; wait < 500 && !has_grown(before, N_FILES); wait++) usleep(20000);
        child_end(&c, SIGKILL);
        int n = count_tracks();
        n_kept += n >= before;
        n_whole += !strcmp(shell("sqlite3 kill.nd 'pragma integrity_check; pragma "
                                 "foreign_key_check; select count(*) from tracks where 9 <> "
                                 "(select count(*) from features where track_id = id)'"),
                           "ok\n0");
        before = n;
    }
    CHECK("kill_keeps_what_was", n_kept == 4 && before > 0, "%d of 4, %d tracks", n_kept, before);
    CHECK("kill_leaves_no_half", n_whole == 4, "%d of 4", n_whole);
    nd_library *lib = open_library("kill.nd");
    nd_index_report r = {0};
    run_index(lib, "kill", 2, &r, NULL);
    CHECK("kill_resumes",
          r.n_tracks == N_FILES && r.n_unchanged == before && r.n_added == N_FILES - before &&
              atomic_load(&fake.n_calls) == N_FILES - before,
          "%s", report_line(&r));
    nd_library_close(&lib);
}

/* ---- the same at any -j ---- */

static void check_same_at_any_j(void)
{
    static const int workers[] = {1, 4, 16};
    char first[4096] = "";
    double music_s = 0;
    fixture_mkdir("many");
    for (int i = 0; i < 40; i++) {
        char name[32], text[64];
        snprintf(name, sizeof name, "many/%02d.mp3", i);
        snprintf(text, sizeof text, i % 7 ? "%d %d 0 30.%d Rock" : "bad %d", 60 + i % 9, i % 12, i);
        fixture_write(name, text);
    }
    for (size_t k = 0; k < ND_COUNT(workers); k++) {
        char lib_name[32], command[256], name[64];
        nd_index_report r = {0};
        snprintf(lib_name, sizeof lib_name, "many%d.nd", workers[k]);
        nd_library *lib = open_library(lib_name);
        run_index(lib, "many", workers[k], &r, NULL);
        nd_library_close(&lib);
        snprintf(command, sizeof command, "sqlite3 %s .dump | cksum", lib_name);
        if (!k) strcpy(first, shell(command)), music_s = r.music_s;
        snprintf(name, sizeof name, "same_content_at_j_%d", workers[k]);
        CHECK(name, !strcmp(shell(command), first) && r.music_s == music_s && r.n_tracks == 34,
              "%s, expected %s; %s", shell(command), first, report_line(&r));
    }
}

/* ---- what cannot be read ---- */

/* Child, as nobody: index a folder with parts that may not be read. */
static int index_as_nobody(const char *root)
{
    strcpy(fixture_root, root);
    nd_library *lib = NULL;
    nd_index_report r = {0};
    const char *path = fixture_path("locked");
    nd_diag diag = {0};
    if (setgid(65534) || setuid(65534)) return 2;
    int rc = nd_library_open(&lib, fixture_path("open/lib"), ND_OPEN_INDEX, &diag);
    if (!rc) rc = nd__library_index_with(lib, &path, 1, NULL, &analyser, &r, &diag);
    if (rc) fprintf(stderr, "%s\n", diag.text);
    printf("%d %d\n", (int)r.n_tracks, (int)r.n_failed);
    nd_library_close(&lib);
    *fixture_root = '\0';
    return rc ? 1 : 0;
}

static void check_unreadable(void)
{
    if (geteuid()) {
        SKIP("unreadable", "needs root to become another user");
        return;
    }
    shell("chmod 755 .; mkdir open locked locked/dir; chmod 777 open");
    fixture_write("locked/dir/a.mp3", "100 0 0 30 Rock");
    fixture_write("locked/b.mp3", "110 0 0 30 Jazz!");
    fixture_write("locked/c.mp3", "120 0 0 30 Folk..");
    child c = child_start("nobody", fixture_root);
    int tracks = child_number(&c), failed = child_number(&c), status = child_end(&c, 0);
    CHECK("readable_at_first", tracks == 3 && failed == 0 && !status, "%d %d", tracks, failed);
    shell("chmod 700 locked/dir; chmod 600 locked/b.mp3; touch locked/b.mp3");
    c = child_start("nobody", fixture_root);
    tracks = child_number(&c), failed = child_number(&c), status = child_end(&c, 0);
    CHECK("unreadable_folder_keeps_tracks", tracks == 2 && failed == 2 && !status, "%d %d", tracks,
          failed);
    CHECK_SHELL("unreadable_reasons",
                "sqlite3 open/lib 'select replace(path, rtrim(path, replace(path, \"/\", \"\")), "
                "\"\"), substr(reason, -17), hash from failures order by path'",
                "b.mp3|Permission denied|\ndir|Permission denied|");
    shell("chmod 755 locked/dir; chmod 644 locked/b.mp3");
    c = child_start("nobody", fixture_root);
    tracks = child_number(&c), failed = child_number(&c), status = child_end(&c, 0);
    CHECK("readable_again", tracks == 3 && failed == 0 && !status, "%d %d", tracks, failed);
}

/* A path that never was anything is listed, and forgotten once it is not named any more; a
 * folder that was indexed and is away is not. */
static void check_mistyped(void)
{
    nd_library *lib = open_library("typo.nd");
    nd_index_report r = {0};
    nd_diag diag = {0};
    fixture_mkdir("typo");
    fixture_mkdir("away");
    fixture_write("typo/a.mp3", "100 0 0 30 Rock");
    fixture_write("away/b.mp3", "110 0 0 30 Pop");
    const char *paths[] = {fixture_path("typo"), fixture_path("away"), fixture_path("tpyo")};
    int rc = nd__library_index_with(lib, paths, 3, NULL, &analyser, &r, &diag);
    CHECK("mistyped_is_listed", !rc && r.n_tracks == 2 && r.n_failed == 1, "%s %s", report_line(&r),
          diag.text);
    if (rename(paths[1], fixture_path("elsewhere"))) exit(1);
    CHECK_INDEX("mistyped_is_forgotten", lib, NULL,
                "found 1 new 0 changed 0 moved 0 removed 0 same 1 failed 1 tracks 2 analysed 0");
    CHECK_INDEX("away_is_remembered", lib, "typo",
                "found 1 new 0 changed 0 moved 0 removed 0 same 1 failed 1 tracks 2 analysed 0");
    if (rename(fixture_path("elsewhere"), paths[1])) exit(1);
    CHECK_INDEX("away_is_back", lib, NULL,
                "found 2 new 0 changed 0 moved 0 removed 0 same 2 failed 0 tracks 2 analysed 0");
    nd_library_close(&lib);
}

/* ---- with the worker ---- */

static void check_worker(void)
{
    char worker[512];
    const char *build = getenv("NEEDLEDROP_BUILD");
    snprintf(worker, sizeof worker, "%s/needledrop-worker", build ? build : "build");
    if (access(worker, X_OK)) {
        CHECK("worker", 0, "%s is not there", worker);
        return;
    }
    fixture_mkdir("real");
    shell("cd real; ffmpeg -v error -f lavfi -i sine=440:duration=6 -metadata genre=Test a.wav; "
          "ffmpeg -v error -f lavfi -i sine=330:duration=6 b.ogg; "
          "ffmpeg -v error -f lavfi -i sine=330:duration=1 short.wav; "
          "ffmpeg -v error -f lavfi -i anullsrc -t 6 silent.wav; echo text > text.mp3; : > no.mp3");
    nd_library *lib = open_library("real.nd");
    const char *path = fixture_path("real");
    nd_index_params params = {.worker = worker, .n_workers = 2};
    nd_index_report r = {0};
    nd_diag diag = {0};
    int rc = nd_library_index(lib, &path, 1, &params, &r, &diag);
    char *list = fixture_list(lib, NULL);
    CHECK("worker_index", rc == 0 && r.n_tracks + r.n_failed == 6 && r.music_s > 11, "%s\n%s",
          diag.text, list);
    CHECK("worker_tracks",
          strstr(list, "real/a.wav ") && strstr(list, " test\n") && strstr(list, "real/b.ogg "),
          "%s", list);
    CHECK("worker_reasons",
          strstr(list, "! real/short.wav: short.wav: too short: 1 s") &&
              strstr(list, "! real/text.mp3: ") && strstr(list, "! real/no.mp3: "),
          "%s", list);
    if (nd_feature_find("loudness"))
        CHECK("worker_silent", strstr(list, "! real/silent.wav: silent.wav: silent:"), "%s", list);
    else SKIP("worker_silent", "this build has no loudness feature");
    free(list);
    nd_library_close(&lib);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "slowly")) return index_slowly(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "nobody")) return index_as_nobody(argv[2]);
    fixture_start();
    check_wrong_parameters();
    check_life();
    check_scope();
    check_mistyped();
    check_odd_files();
    check_twins();
    check_races();
    check_cancel();
    check_cancel_kills();
    check_kill();
    check_same_at_any_j();
    check_unreadable();
    check_worker();
    TEST_END();
}
