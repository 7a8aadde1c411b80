/* The parent's side, with small shell scripts as workers. */
#include "fixture.h"

static int run(nd_bytes *result, const char *script, double wall_s, const nd_log *log,
               nd_diag *diag)
{
    int fd = open_file("media");
    char *argv[] = {"worker", "-c", (char *)script, NULL};
    nd_worker_params params = {.program = "/bin/sh",
                               .argv = argv,
                               .media_fd = fd,
                               .wall_s = wall_s,
                               .max_result_bytes = 100000,
                               .log = log};
    *result = (nd_bytes){0};
    int rc = nd_worker_run(result, &params, diag);
    close(fd);
    return rc;
}

static void test_parameters(void)
{
    nd_bytes result = {0};
    nd_diag diag = {0};
    char *argv[] = {"x", NULL};
    nd_worker_params params = {.program = "/no/such/worker", .argv = argv, .media_fd = 0};
    CHECK("no_wall_time", nd_worker_run(&result, &params, &diag) == ND_EARG, "%s", diag.text);
    params.wall_s = 5;
    CHECK("no_such_program",
          nd_worker_run(&result, &params, &diag) == ND_EIO && strstr(diag.text, "/no/such/worker"),
          "%s", diag.text);
    params.media_fd = 987;
    CHECK("no_such_descriptor", nd_worker_run(&result, &params, &diag) == ND_EIO, "%s", diag.text);
}

static const struct {
    const char *name, *script;
    int expected;
    const char *result; /* NULL: none */
    const char *story;  /* in the diagnostic */
} cases[] = {
    {"result", "cat <&3 >&4", 0, "the media", ""},
    {"empty_result", "exit 0", 0, "", ""},
    {"stdin_is_empty", "cat >&4; echo ok >&4", 0, "ok\n", ""},
    {"stdout_is_nowhere", "echo lost; echo ok >&4", 0, "ok\n", ""},
    {"other_descriptors_are_closed",
     "for i in 5 6 7 8 9; do ( : <&$i ) 2>/dev/null && exit 7; done; exit 0", 0, "", ""},
    {"environment_is_empty", "test -z \"$HOME$SECRET\" && echo ok >&4", 0, "ok\n", ""},
    {"own_reason", "echo half >&4; echo 'EFORMAT not media: really' >&2; exit 1", ND_EFORMAT, NULL,
     "not media: really"},
    {"reason_after_chatter", "echo chatter >&2; echo 'ESHORT one second' >&2; exit 1", ND_ESHORT,
     NULL, "one second"},
    {"reason_after_a_flood_of_messages",
     "i=0; while [ $i -lt 4000 ]; do echo 'warning: again and again and again and again and again "
     "and again'; i=$((i + 1)); done >&2; echo 'EEMPTY no sound' >&2; exit 1",
     ND_EEMPTY, NULL, "no sound"},
    {"no_reason", "exit 1", ND_ECRASH, NULL, "status 1"},
    {"made_up_code", "echo 'ENONSENSE x' >&2; exit 1", ND_ECRASH, NULL, "status 1"},
    {"other_status", "exit 42", ND_ECRASH, NULL, "status 42"},
    {"garbage_on_stderr", "printf 'EFORMAT a\\001\\377\\033[2Jb\\n' >&2; exit 1", ND_EFORMAT, NULL,
     "\\x"},
    {"crash", "kill -SEGV $$", ND_ECRASH, NULL, "Segmentation"},
    {"forbidden_call", "kill -SYS $$", ND_ECRASH, NULL, "forbidden system call"},
    {"cpu_time", "kill -XCPU $$", ND_ETIMEOUT, NULL, "CPU"},
    {"spinning", "ulimit -t 1; while :; do :; done", ND_ECRASH, NULL, "Killed"},
    {"hang", "sleep 60", ND_ETIMEOUT, NULL, "1 s"},
    {"hang_after_closing", "exec 2>&- 4>&-; sleep 60", ND_ETIMEOUT, NULL, "1 s"},
    {"hang_deaf_to_signals", "trap '' TERM INT; while :; do sleep 1; done", ND_ETIMEOUT, NULL,
     "1 s"},
    {"flood", "cat /dev/zero >&4", ND_ELIMIT, NULL, "100000"},
};

static void test_ends(void)
{
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_bytes result;
        nd_diag diag = {0};
        double start_s = nd_now_s(), wall_s = cases[i].expected == ND_ETIMEOUT ? 1 : 20;
        int rc = run(&result, cases[i].script, wall_s, NULL, &diag);
        size_t n = cases[i].result ? strlen(cases[i].result) : 0;
        CHECK(cases[i].name,
              rc == cases[i].expected && result.n == n &&
                  (n == 0 || !memcmp(result.data, cases[i].result, n)) &&
                  strstr(diag.text, cases[i].story) && nd_now_s() - start_s < 5,
              "%d (expected %d), %zu bytes, '%s', %.1f s", rc, cases[i].expected, result.n,
              diag.text, nd_now_s() - start_s);
        nd_bytes_deinit(&result);
    }
}

static void remember(void *user, nd_log_level level, const char *text)
{
    if (level == ND_LOG_WARNING) snprintf(user, 256, "%s", text);
}

static void test_warnings(void)
{
    char heard[256] = "";
    nd_log log = {.write = remember, .user = heard, .level = ND_LOG_WARNING};
    nd_bytes result;
    int rc = run(&result, "echo 'warning: no filter' >&2; echo ok >&4", 20, &log, NULL);
    CHECK("a_warning_reaches_the_log", rc == 0 && !strcmp(heard, "no filter"), "%d '%s'", rc,
          heard);
    nd_bytes_deinit(&result);
}

static int run_one(void *user, int64_t index)
{
    (void)user;
    char script[64], expected[64];
    snprintf(script, sizeof script, "echo %lld >&4", (long long)index);
    int n = snprintf(expected, sizeof expected, "%lld\n", (long long)index);
    nd_bytes result;
    int rc = run(&result, script, 20, NULL, NULL);
    bool is_right = rc == 0 && result.n == (size_t)n && !memcmp(result.data, expected, (size_t)n);
    nd_bytes_deinit(&result);
    return !is_right;
}

static void test_find(void)
{
    setenv("NEEDLEDROP_WORKER", "/some/where", 1);
    char *found = nd_worker_find("needledrop-worker");
    CHECK("found_where_told", found && !strcmp(found, "/some/where"), "%s", found);
    free(found);
    unsetenv("NEEDLEDROP_WORKER");
    found = nd_worker_find("no-such-worker");
    CHECK("else_where_it_is_installed", found && !strcmp(found, ND_LIBEXECDIR "/no-such-worker"),
          "%s", found);
    free(found);
}

int main(void)
{
    scratch_make();
    setenv("SECRET", "x", 1);
    shell("printf 'the media' > media");
    test_parameters();
    test_ends();
    test_warnings();
    CHECK("many_at_once", nd_parallel(64, 8, run_one, NULL) == 0, "a result was wrong");
    test_find();
    scratch_remove();
    TEST_END();
}
