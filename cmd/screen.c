/* stderr: log lines, the progress bar or its plain lines, Ctrl-C. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "cli.h"

void cli_log_start(cli *c);

/* Seconds between two drawings of the bar, and between two plain lines. */
static const double bar_period_s = 0.1, line_period_s = 3;

/* A signal handler can reach nothing but a global. */
static volatile sig_atomic_t interrupted;

struct cli_screen {
    pthread_mutex_t lock;
    bool is_terminal, is_active, bar_is_shown;
    char what[64]; /* the work under way: its rate counts from its own start */
    double started_s, shown_s;
    char last_warning[1024]; /* said once, not once a file */
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void erase_bar(struct cli_screen *s)
{
    if (s->bar_is_shown) fputs("\r\033[K", stderr);
    s->bar_is_shown = false;
}

static void write_log(void *user, nd_log_level level, const char *text)
{
    static const char *const names[] = {"error: ", "warning: ", "", ""};
    struct cli_screen *s = user;
    pthread_mutex_lock(&s->lock);
    bool is_repeated = level == ND_LOG_WARNING && !strcmp(text, s->last_warning);
    if (!is_repeated) {
        erase_bar(s);
        fprintf(stderr, "%s%s\n", names[level], text);
    }
    if (level == ND_LOG_WARNING) snprintf(s->last_warning, sizeof s->last_warning, "%s", text);
    pthread_mutex_unlock(&s->lock);
}

/* Bytes of text that fill no more than so many columns, whole characters. */
static int fit(const char *text, int columns)
{
    mbstate_t state = {0};
    int n = 0;
    while (text[n]) {
        wchar_t c;
        size_t step = mbrtowc(&c, text + n, strlen(text + n), &state);
        bool is_foreign = step == 0 || step > strlen(text + n); /* to this locale: bytes */
        if (is_foreign) state = (mbstate_t){0};
        int width = is_foreign ? 1 : wcwidth(c);
        columns -= width > 0 ? width : 0;
        if (columns < 0) return n;
        n += is_foreign ? 1 : (int)step;
    }
    return n;
}

/* "analysing music 12/77  3.1/s  0:21 left  caves_1.ogg", with a bar in front on a terminal;
 * cut to one row, since a row is all that is erased. */
static void draw_progress(struct cli_screen *s, const char *what, int64_t done, int64_t total,
                          const char *item)
{
    double elapsed_s = now_s() - s->started_s, rate = elapsed_s > 0 ? (double)done / elapsed_s : 0;
    char left[16] = "?", bar[32] = "", of[80] = "", shown[1024], line[1280];
    int columns = 80;
    struct winsize size;
    if (rate > 0 && total) cli_time(left, (double)(total - done) / rate);
    if (s->is_terminal) {
        int full = total > 0 ? (int)(10 * done / total) : 0;
        snprintf(bar, sizeof bar, "[%.*s%.*s] ", full, "##########", 10 - full, "..........");
        if (!ioctl(2, TIOCGWINSZ, &size) && size.ws_col) columns = size.ws_col;
    }
    if (total) snprintf(of, sizeof of, "/%lld  %.1f/s  %s left", (long long)total, rate, left);
    snprintf(line, sizeof line, "%s%s %lld%s%s%s", bar, what, (long long)done, of, item ? "  " : "",
             item ? cli_text(shown, cli_file_name(item)) : "");
    fprintf(stderr, s->is_terminal ? "\r\033[K%.*s" : "%.*s\n", fit(line, columns - 1), line);
    s->bar_is_shown = s->is_terminal;
}

static int show_progress(void *user, const char *what, int64_t done, int64_t total,
                         const char *item)
{
    cli *c = user;
    struct cli_screen *s = c->screen;
    pthread_mutex_lock(&s->lock);
    double now = now_s(), period_s = s->is_terminal ? bar_period_s : line_period_s;
    if (strncmp(s->what, what, sizeof s->what - 1) != 0) {
        if (s->what[0]) s->started_s = now; /* the first work began with the display */
        snprintf(s->what, sizeof s->what, "%s", what);
    }
    if (s->is_active && !c->quiet && now - s->shown_s >= period_s) {
        draw_progress(s, what, done, total, item);
        s->shown_s = now;
    }
    pthread_mutex_unlock(&s->lock);
    return interrupted;
}

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

void cli_log_start(cli *c)
{
    static struct cli_screen screen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    c->screen = &screen;
    screen.is_terminal = isatty(2);
    c->log = (nd_log){write_log, &screen,
                      c->quiet     ? ND_LOG_ERROR
                      : c->verbose ? ND_LOG_DEBUG
                                   : ND_LOG_WARNING};
    c->progress = (nd_progress){show_progress, c};
}

void cli_screen_start(cli *c)
{
    /* The second Ctrl-C ends the program at once. */
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    c->screen->is_active = true;
    c->screen->started_s = c->screen->shown_s = now_s();
}

void cli_screen_end(cli *c)
{
    erase_bar(c->screen);
    c->screen->is_active = false;
}
