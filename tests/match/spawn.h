/* The test program started again as another process, with other arguments. */
#ifndef ND_TESTS_MATCH_SPAWN_H
#define ND_TESTS_MATCH_SPAWN_H

#include <signal.h>
#include <sys/wait.h>

#include "fixture.h"

typedef struct child {
    pid_t pid;
    FILE *out; /* what it prints */
} child;

/* Run this program with two arguments, in the same folder. */
static inline child child_start(const char *what, const char *argument)
{
    int pipe_fds[2];
    if (pipe(pipe_fds)) exit(1);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipe_fds[1], STDOUT_FILENO);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        execl("/proc/self/exe", "child", what, argument, (char *)NULL);
        _exit(127);
    }
    close(pipe_fds[1]);
    return (child){.pid = pid, .out = fdopen(pipe_fds[0], "r")};
}

/* The next number that it prints; -1 when it ended before. */
static inline int child_number(child *c)
{
    int n;
    return fscanf(c->out, "%d", &n) == 1 ? n : -1;
}

/* @return its exit status; 128 + the signal that ended it. */
static inline int child_end(child *c, int signal_number)
{
    int status = 0;
    if (signal_number) kill(c->pid, signal_number);
    waitpid(c->pid, &status, 0);
    fclose(c->out);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The output of a shell command in the test's folder, without its last newline;
 * one at a time. */
static inline const char *shell(const char *command)
{
    static char output[4096];
    char whole[1024];
    snprintf(whole, sizeof whole, "cd '%s' && %s 2>&1", fixture_root, command);
    FILE *pipe_file = popen(whole, "r");
    size_t n = pipe_file ? fread(output, 1, sizeof output - 1, pipe_file) : 0;
    if (pipe_file) pclose(pipe_file);
    while (n && output[n - 1] == '\n') n--;
    output[n] = '\0';
    return output;
}

#define CHECK_SHELL(name, command, expected)                                                       \
    do {                                                                                           \
        const char *found_ = shell(command);                                                       \
        CHECK(name, !strcmp(found_, expected), "found \"%s\", expected \"%s\"", found_, expected); \
    } while (0)

#endif
