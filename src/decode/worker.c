/* The parent's side: start a worker, feed it one descriptor, collect, wait, judge. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decode/decode.h"

enum { BLOCK_BYTES = 65536, MAX_STDERR_BYTES = 2 * BLOCK_BYTES, LOWEST_FREE_FD = 10 };

typedef struct {
    pid_t pid;
    int result_fd, stderr_fd; /* our ends; -1: closed */
    double end_s;             /* on nd_now_s's clock: killed then */
    nd_bytes messages;
    bool timed_out, flooded, out_of_memory;
} running;

static bool must_die(const running *w)
{
    return w->timed_out || w->flooded || w->out_of_memory;
}

/* ---- starting ------------------------------------------------------------------ */

/* Dup fd high enough that the dup2 calls in the child cannot step on it. */
static int lift(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_FREE_FD);
    close(fd);
    return high;
}

static bool make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC)) return false;
    ends[0] = lift(ends[0]);
    ends[1] = lift(ends[1]);
    if (ends[0] >= 0 && ends[1] >= 0) return true;
    if (ends[0] >= 0) close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
    return false;
}

/* What dynamic loading needs, and the sanitizers' options; nothing else leaks in. */
static void choose_environment(char *out[8])
{
    static const char *const kept[] = {
        "LD_LIBRARY_PATH=", "PATH=",         "LC_ALL=",      "ASAN_OPTIONS=",
        "UBSAN_OPTIONS=",   "TSAN_OPTIONS=", "LSAN_OPTIONS="};
    int n = 0;
    for (char **variable = environ; variable && *variable; variable++)
        for (size_t i = 0; i < ND_COUNT(kept) && n < 7; i++)
            if (!strncmp(*variable, kept[i], strlen(kept[i]))) out[n++] = *variable;
    out[n] = NULL;
}

static int spawn(pid_t *pid, const nd_worker_params *p, int media_fd, int result_fd, int stderr_fd)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    char *environment[8];
    choose_environment(environment);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    /* A group of its own: Ctrl-C reaches us, and we decide. */
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, stderr_fd, 2);
    posix_spawn_file_actions_adddup2(&actions, media_fd, ND_WORKER_MEDIA_FD);
    posix_spawn_file_actions_adddup2(&actions, result_fd, ND_WORKER_RESULT_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions, ND_WORKER_RESULT_FD + 1);
    int error = posix_spawn(pid, p->program, &actions, &attributes, p->argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static int start(running *w, const nd_worker_params *p, nd_diag *diag)
{
    int result[2] = {-1, -1}, messages[2] = {-1, -1}, error = 0;
    int media_fd = fcntl(p->media_fd, F_DUPFD_CLOEXEC, LOWEST_FREE_FD);
    if (media_fd < 0 || !make_pipe(result) || !make_pipe(messages)) error = errno;
    else error = spawn(&w->pid, p, media_fd, result[1], messages[1]);
    if (media_fd >= 0) close(media_fd);
    if (result[1] >= 0) close(result[1]);
    if (messages[1] >= 0) close(messages[1]);
    if (!error) {
        w->result_fd = result[0];
        w->stderr_fd = messages[0];
        return 0;
    }
    if (result[0] >= 0) close(result[0]);
    if (messages[0] >= 0) close(messages[0]);
    return nd_diag_set(diag, ND_EIO, "starting the worker %s: %s", p->program, strerror(error));
}

/* ---- collecting ------------------------------------------------------------------- */

/* Read what is there. @return its bytes; 0 when the other end is closed; -1: none yet */
static ssize_t take(int fd, uint8_t block[BLOCK_BYTES])
{
    ssize_t n = read(fd, block, BLOCK_BYTES);
    return n < 0 && errno != EINTR && errno != EAGAIN ? 0 : n;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* More of the result than was allowed ends the worker. */
static void take_result(running *w, nd_bytes *result, size_t most)
{
    uint8_t block[BLOCK_BYTES];
    ssize_t n = take(w->result_fd, block);
    if (n == 0) close_fd(&w->result_fd);
    if (n > 0 && (size_t)n > most - ND_MIN(result->n, most)) w->flooded = true;
    else if (n > 0 && nd_bytes_append(result, block, (size_t)n)) w->out_of_memory = true;
}

/* Of too many messages the first half goes: the reason comes last. */
static void take_messages(running *w)
{
    uint8_t block[BLOCK_BYTES];
    nd_bytes *kept = &w->messages;
    ssize_t n = take(w->stderr_fd, block);
    if (n == 0) close_fd(&w->stderr_fd);
    if (n <= 0 || nd_bytes_append(kept, block, (size_t)n) || kept->n < MAX_STDERR_BYTES) return;
    memmove(kept->data, kept->data + kept->n - MAX_STDERR_BYTES / 2, MAX_STDERR_BYTES / 2);
    kept->n = MAX_STDERR_BYTES / 2;
}

/* Read both pipes to their ends, within the wall time and the size. */
static void collect(running *w, nd_bytes *result, const nd_worker_params *p)
{
    while (w->result_fd >= 0 || w->stderr_fd >= 0) {
        double left_s = w->end_s - nd_now_s();
        if (left_s <= 0) w->timed_out = true;
        if (must_die(w)) return;
        struct pollfd fds[2] = {{w->result_fd, POLLIN, 0}, {w->stderr_fd, POLLIN, 0}};
        if (poll(fds, 2, (int)ceil(ND_MIN(left_s, 1e5) * 1000)) < 0) continue;
        if (fds[0].revents) take_result(w, result, p->max_result_bytes);
        if (fds[1].revents) take_messages(w);
    }
}

/* Wait for the end within the wall time; a worker that closed its pipes and lives on is
 * as dead as one that hangs. @return false when the host has others wait for it */
static bool wait_for(running *w, int *status)
{
    for (;;) {
        if (must_die(w)) kill(-w->pid, SIGKILL);
        pid_t got = waitpid(w->pid, status, must_die(w) ? 0 : WNOHANG);
        if (got == w->pid) return true;
        if (got < 0 && errno != EINTR) return false;
        if (nd_now_s() > w->end_s) w->timed_out = true;
        else if (got == 0) usleep(500);
    }
}

/* ---- judging ------------------------------------------------------------------------- */

/* Hand "warning: ..." lines to the log; leave the last other line in last[512]. */
static void read_messages(const running *w, const nd_log *log, char last[512])
{
    static const char warning[] = "warning: ";
    last[0] = '\0';
    for (size_t at = 0; at < w->messages.n;) {
        const char *line = (const char *)w->messages.data + at;
        const char *end = memchr(line, '\n', w->messages.n - at);
        size_t n = end ? (size_t)(end - line) : w->messages.n - at;
        if (n > sizeof warning - 1 && !memcmp(line, warning, sizeof warning - 1))
            nd_log_line(log, ND_LOG_WARNING, "%.*s", (int)ND_MIN(n - sizeof warning + 1, 400),
                        line + sizeof warning - 1);
        else if (n > 0) nd_text_print(last, 512, line, n);
        at += n + 1;
    }
}

/* "CODE text" as the worker's own account of its failure. */
static int judge_exit(int status, const char *last, nd_diag *diag)
{
    char name[32] = "";
    size_t n = strcspn(last, " ");
    if (n < sizeof name) {
        memcpy(name, last, n);
        name[n] = '\0';
    }
    int code = nd_error_code(name);
    if (status == 1 && code) return nd_diag_set(diag, code, "%s", last[n] ? last + n + 1 : "");
    return nd_diag_set(diag, ND_ECRASH, "the worker ended with status %d: %s", status,
                       last[0] ? last : "no reason given");
}

static int judge_signal(int number, const char *last, nd_diag *diag)
{
    if (number == SIGXCPU)
        return nd_diag_set(diag, ND_ETIMEOUT, "the worker used up its CPU seconds");
    if (number == SIGSYS)
        return nd_diag_set(diag, ND_ECRASH,
                           "the worker tried a forbidden system call and was "
                           "stopped");
    const char *name = sigdescr_np(number); /* strsignal is not for threads */
    return nd_diag_set(diag, ND_ECRASH, "the worker crashed (%s)%s%s",
                       name ? name : "unknown signal", last[0] ? ": " : "", last);
}

static int judge(const running *w, int status, const nd_worker_params *p, nd_diag *diag)
{
    char last[512];
    read_messages(w, p->log, last);
    if (w->timed_out)
        return nd_diag_set(diag, ND_ETIMEOUT, "the worker was stopped after %.0f s", p->wall_s);
    if (w->flooded)
        return nd_diag_set(diag, ND_ELIMIT, "the worker sent more than %zu bytes",
                           p->max_result_bytes);
    if (w->out_of_memory) return nd_diag_set(diag, ND_ENOMEM, "running the worker: out of memory");
    if (WIFSIGNALED(status)) return judge_signal(WTERMSIG(status), last, diag);
    return WEXITSTATUS(status) ? judge_exit(WEXITSTATUS(status), last, diag) : 0;
}

int nd_worker_run(nd_bytes *result, const nd_worker_params *params, nd_diag *diag)
{
    if (!result || !params || !params->program || !params->argv || params->media_fd < 0 ||
        !(params->wall_s > 0))
        return nd_diag_set(diag, ND_EARG,
                           "running a worker: a program, its arguments, a "
                           "descriptor and a time limit expected");
    running w = {.result_fd = -1, .stderr_fd = -1, .end_s = nd_now_s() + params->wall_s};
    int rc = start(&w, params, diag);
    if (rc) return rc;
    collect(&w, result, params);
    close_fd(&w.result_fd);
    close_fd(&w.stderr_fd);
    int status = 0;
    if (wait_for(&w, &status)) rc = judge(&w, status, params, diag);
    else rc = nd_diag_set(diag, ND_EIO, "waiting for the worker: %s", strerror(errno));
    nd_bytes_deinit(&w.messages);
    if (rc) nd_bytes_deinit(result);
    return rc;
}
