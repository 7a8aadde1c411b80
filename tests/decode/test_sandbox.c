/* What is denied behind the sandbox and what still works: this program runs itself as the
 * worker, with the name of a case. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fixture.h"

/* ---- inside: each ends with 0 when it was let through ------------------------------ */

static int try_open(void)
{
    return open("/etc/passwd", O_RDONLY) < 0;
}

static int try_create(void)
{
    return open("/tmp/needledrop-sandbox-test", O_WRONLY | O_CREAT, 0600) < 0;
}

static int try_stat(void)
{
    struct stat s;
    return stat("/etc/passwd", &s) != 0;
}

static int try_unlink(void)
{
    return unlink("/tmp/needledrop-sandbox-test") != 0;
}

static int try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int try_exec(void)
{
    char *argv[] = {"true", NULL};
    return execv("/bin/true", argv) != 0;
}

static int try_fork(void)
{
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    return pid < 0;
}

static int try_kill(void)
{
    return kill(getppid(), 0) != 0;
}

static void *idle(void *user)
{
    return user;
}

static int try_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, idle, NULL) != 0;
}

static int try_run_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}

static int try_write_file(void)
{
    return write(ND_WORKER_MEDIA_FD, "x", 1) != 1;
}

static int try_memory(void)
{
    char *volatile block = malloc((size_t)3 << 30);
    int failed = !block;
    free(block);
    return failed;
}

static int try_spin(void)
{
    double end_s = nd_now_s() + 20;
    while (nd_now_s() < end_s) continue;
    return 0;
}

static int try_crash(void)
{
    raise(SIGSEGV);
    return 1;
}

static int read_media(void)
{
    nd_media *m = NULL;
    nd_samples *s = NULL;
    nd_diag diag = {0};
    nd_sample_params params = {.rate_hz = 16000, .loudness = true};
    int rc = nd_media_open(&m, ND_WORKER_MEDIA_FD, "media", &diag);
    if (!rc && nd_media_get_info(m)->has_audio) rc = nd_media_read_samples(&s, m, &params, &diag);
    if (!rc && s && write(ND_WORKER_RESULT_FD, s->data, 4 * (size_t)ND_MIN(s->n, 1000)) < 0) rc = 1;
    if (rc) fprintf(stderr, "%s %s\n", nd_error_name(rc), diag.text);
    nd_samples_destroy(&s);
    nd_media_close(&m);
    return rc != 0;
}

static int count_frame(void *user, const nd_frame *f)
{
    (void)f;
    ++*(int *)user;
    return 0;
}

static int read_pictures(void)
{
    nd_media *m = NULL;
    nd_diag diag = {0};
    int n = 0;
    nd_frame_spec specs[2] = {{0, 64, 36, 0, ND_RGB}, {8, 0, 0, 224, ND_LUMA}};
    nd_frame_params params = {.specs = specs, .n_specs = 2};
    int rc = nd_media_open(&m, ND_WORKER_MEDIA_FD, "media", &diag);
    if (!rc) rc = nd_media_read_frames(m, &params, count_frame, &n, NULL, NULL, &diag);
    if (rc) fprintf(stderr, "%s %s\n", nd_error_name(rc), diag.text);
    nd_media_close(&m);
    return rc || n == 0;
}

static const struct {
    const char *name;
    int (*attempt)(void);
    bool needs_filter, needs_limits; /* what denies it; neither: it must work */
    const char *media;
} cases[] = {
    {"open_denied", try_open, true, false, "s.wav"},
    {"create_denied", try_create, true, false, "s.wav"},
    {"stat_denied", try_stat, true, false, "s.wav"},
    {"unlink_denied", try_unlink, true, false, "s.wav"},
    {"socket_denied", try_socket, true, false, "s.wav"},
    {"exec_denied", try_exec, true, false, "s.wav"},
    {"fork_denied", try_fork, true, false, "s.wav"},
    {"thread_denied", try_thread, true, false, "s.wav"},
    {"signalling_others_denied", try_kill, true, false, "s.wav"},
    {"running_data_denied", try_run_memory, true, false, "s.wav"},
    {"writing_the_media_denied", try_write_file, false, true, "s.wav"},
    {"memory_limited", try_memory, false, true, "s.wav"},
    {"cpu_limited", try_spin, false, true, "s.wav"},
    {"crash_seen", try_crash, false, true, "s.wav"},
    {"reads_wav", read_media, false, false, "s.wav"},
    {"reads_mp3", read_media, false, false, "s.mp3"},
    {"reads_ogg", read_media, false, false, "s.ogg"},
    {"reads_opus", read_media, false, false, "s.opus"},
    {"reads_m4a", read_media, false, false, "s.m4a"},
    {"reads_flac", read_media, false, false, "s.flac"},
    {"reads_h264", read_pictures, false, false, "v.mp4"},
    {"reads_vp9", read_pictures, false, false, "v.webm"},
    {"reads_mpeg4", read_pictures, false, false, "v.avi"},
    {"reads_hevc", read_pictures, false, false, "v.mov"},
    {"reads_av1", read_pictures, false, false, "v.mkv"},
    {"reads_gif", read_pictures, false, false, "v.gif"},
};

static int confined(const char *name)
{
    nd_sandbox_limits limits = {.memory_bytes = (int64_t)2 << 30, .cpu_s = 2};
    nd_diag diag = {0};
    bool has_filter = false;
    if (nd_sandbox_enter(&limits, &has_filter, &diag)) return 50;
    if (!has_filter) fprintf(stderr, "warning: no filter\n");
    for (size_t i = 0; i < ND_COUNT(cases); i++)
        if (!strcmp(cases[i].name, name)) return cases[i].attempt();
    return 51;
}

/* ---- outside ------------------------------------------------------------------------ */

static void note_warning(void *user, nd_log_level level, const char *text)
{
    (void)level, (void)text;
    *(bool *)user = true;
}

/* Under the sanitizers memory has no limit; see sandbox.c. */
static const bool has_memory_limit = !ND_IS_ASAN && !ND_IS_TSAN;

static void test_case(size_t i)
{
    char name[64], self[4096] = "";
    snprintf(name, sizeof name, "%s", cases[i].name);
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) exit(1);
    char *argv[] = {self, name, NULL};
    int fd = open_file(cases[i].media);
    bool warned = false;
    nd_log log = {.write = note_warning, .user = &warned, .level = ND_LOG_WARNING};
    nd_worker_params params = {.program = self,
                               .argv = argv,
                               .media_fd = fd,
                               .wall_s = 30,
                               .max_result_bytes = 100000,
                               .log = &log};
    nd_bytes result = {0};
    nd_diag diag = {0};
    int rc = nd_worker_run(&result, &params, &diag);
    bool must_work = !cases[i].needs_filter && !cases[i].needs_limits;
    if (cases[i].needs_filter && warned) SKIP(name, "this kernel refuses filters");
    else if (cases[i].attempt == try_memory && !has_memory_limit) SKIP(name, "a sanitizer");
    else if (cases[i].attempt == try_spin) CHECK(name, rc == ND_ETIMEOUT, "%d %s", rc, diag.text);
    else CHECK(name, must_work ? rc == 0 : rc == ND_ECRASH, "%d %s", rc, diag.text);
    nd_bytes_deinit(&result);
    close(fd);
}

static void test_parameters(void)
{
    nd_diag diag = {0};
    bool has_filter;
    CHECK("no_limits", nd_sandbox_enter(NULL, &has_filter, &diag) == ND_EARG, "%s", diag.text);
    CHECK("no_cpu_time",
          nd_sandbox_enter(&(nd_sandbox_limits){.memory_bytes = 1}, &has_filter, &diag) == ND_EARG,
          "%s", diag.text);
}

int main(int argc, char **argv)
{
    if (argc == 2) return confined(argv[1]);
    scratch_make();
    test_parameters();
    shell("for e in wav mp3 ogg opus m4a flac; do " FFMPEG
          "-f lavfi -i sine=440:d=2 -ac 2 s.$e; done");
    shell("for e in mp4 webm avi gif; do " FFMPEG
          "-f lavfi -i testsrc=s=160x90:d=1 v.$e; done; " FFMPEG
          "-f lavfi -i testsrc=s=160x90:d=1 -c:v libx265 -x265-params log-level=none v.mov; " FFMPEG
          "-f lavfi -i testsrc=s=160x90:r=5:d=1 -c:v libsvtav1 -preset 10 v.mkv 2> log");
    for (size_t i = 0; i < ND_COUNT(cases); i++) test_case(i);
    scratch_remove();
    TEST_END();
}
