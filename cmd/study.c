/* needledrop study: which system's music do people prefer? Made, served, reported. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

/* ---- new ---------------------------------------- */

/* NAME=VALUE options, cut in place in copies of their own. */
typedef struct {
    nd_study_system items[ND_STUDY_MAX_SYSTEMS];
    char *texts[2 * CLI_MAX_VALUES];
    int n, n_texts;
} systems;

/* @return the text after "NAME=", the name cut out at *name; NULL: it has another form, or no
 * memory */
static const char *split(systems *s, const char *text, const char **name)
{
    char *copy = strdup(text), *equals = copy ? strchr(copy, '=') : NULL;
    s->texts[s->n_texts++] = copy;
    if (!equals || equals == copy || !equals[1]) return NULL;
    *equals = '\0';
    *name = copy;
    return equals + 1;
}

static int add_systems(systems *s, cli *c)
{
    const char *values[CLI_MAX_VALUES + 1], *name = "";
    int n = cli_get_all(c, "system", values);
    if (n < 2 || n > ND_STUDY_MAX_SYSTEMS)
        return cli_usage(c, "2 to %d of --system NAME=LIBRARY expected, found %d",
                         ND_STUDY_MAX_SYSTEMS, n);
    for (int i = 0; i < n; i++) {
        const char *library = split(s, values[i], &name);
        if (!library) return cli_usage(c, "--system NAME=LIBRARY expected, found %s", values[i]);
        s->items[s->n++] = (nd_study_system){.name = name, .library = library};
    }
    return CLI_DONE;
}

static int add_models(systems *s, cli *c)
{
    const char *values[CLI_MAX_VALUES + 1], *name = "";
    int n = cli_get_all(c, "model", values);
    for (int i = 0; i < n; i++) {
        int k = 0;
        const char *model = split(s, values[i], &name);
        if (!model) return cli_usage(c, "--model NAME=FILE expected, found %s", values[i]);
        while (k < s->n && strcmp(s->items[k].name, name)) k++;
        if (k == s->n) return cli_usage(c, "--model %s: no --system has this name", values[i]);
        s->items[k].model = strcmp(model, "none") ? model : "";
    }
    return CLI_DONE;
}

static void tell_failure(void *user, const char *video, const nd_diag *diag)
{
    cli_fail_input(user, video, diag);
}

static void print_made(const nd_study_made *made, const char *folder)
{
    char shown[1024];
    printf("%s: %d videos, %d of them with different music, %d rendered now\n",
           cli_text(shown, folder), made->n_videos, made->n_shown, made->n_new);
}

static int make(cli *c, const systems *s)
{
    nd_study_params params = {.systems = s->items,
                              .n_systems = s->n,
                              .videos = (const char *const *)c->args + 2,
                              .n_videos = c->n_args - 2,
                              .seed = 1,
                              .log = &c->log,
                              .progress = &c->progress,
                              .failed = tell_failure,
                              .user = c};
    nd_diag diag = {0};
    nd_study_made made = {0};
    int status = cli_get_seed(c, "seed", &params.seed);
    if (!status) status = cli_get_number(c, "listen", 0.1, 60, &params.listen_s);
    if (!status) status = cli_get_int(c, "jobs", 1, 1024, &params.n_threads);
    if (status) return status;
    cli_screen_start(c);
    int rc = nd_study_make(&made, c->args[1], &params, &diag);
    cli_screen_end(c);
    if (rc) return cli_fail(c, &diag);
    if (c->json) {
        char *json = NULL;
        rc = nd_study_made_json(&json, &made, c->failures, c->n_failures);
        if (cli_print_json(c, rc, json)) return CLI_FAILED;
    } else if (!c->quiet) print_made(&made, c->args[1]);
    return cli_inputs_status(c, made.n_videos);
}

static int run_new(cli *c)
{
    systems s = {0};
    if (c->n_args < 3) return cli_usage(c, "new DIR VIDEO... expected");
    int status = add_systems(&s, c);
    if (!status) status = add_models(&s, c);
    if (!status) status = make(c, &s);
    for (int i = 0; i < s.n_texts; i++) free(s.texts[i]);
    return status;
}

/* ---- serve ---------------------------------------- */

static volatile sig_atomic_t is_stopped;

static void stop(int number)
{
    (void)number;
    is_stopped = 1;
}

static void wait_for_stop(void)
{
    const struct timespec nap = {.tv_nsec = 100000000};
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    signal(SIGPIPE, SIG_IGN);
    while (!is_stopped) nanosleep(&nap, NULL);
}

/* The address, and a link for each that is invited. All of it is plain ASCII. */
static int print_links(cli *c, const char *address, int n)
{
    nd_diag diag = {0};
    char(*codes)[ND_STUDY_CODE_BYTES] = calloc((size_t)n + 1, sizeof *codes);
    int rc = codes ? 0 : nd_diag_set(&diag, ND_ENOMEM, "inviting: out of memory");
    if (!rc && n) rc = nd_study_invite(codes, n, c->args[1], &diag);
    if (!rc) printf(c->json ? "{\"address\": \"%s\", \"invitations\": [" : "%s\n", address);
    for (int i = 0; i < n && !rc; i++)
        printf(c->json ? "%s\"%s/?invite=%s\"" : "%s%s/?invite=%s\n", c->json && i ? ", " : "",
               address, codes[i]);
    if (!rc && c->json) printf("]}\n");
    c->json_is_out = !rc;
    fflush(stdout);
    free(codes);
    return rc ? cli_fail(c, &diag) : CLI_DONE;
}

static int run_serve(cli *c)
{
    nd_serve_params params = {.bind = cli_get(c, "bind"), .port = 8080, .log = &c->log};
    nd_study_server *server = NULL;
    nd_diag diag = {0};
    char address[128];
    int n_invited = 0, status = cli_get_int(c, "port", 0, 65535, &params.port);
    if (c->n_args != 2) return cli_usage(c, "serve DIR expected");
    if (!status) status = cli_get_int(c, "invite", 1, 10000, &n_invited);
    if (status) return status;
    if (nd_study_server_open(&server, c->args[1], &params, &diag)) return cli_fail(c, &diag);
    const char *host = params.bind ? params.bind : "127.0.0.1";
    snprintf(address, sizeof address, strchr(host, ':') ? "http://[%s]:%d" : "http://%s:%d", host,
             nd_study_server_port(server));
    status = print_links(c, address, n_invited);
    if (!status) wait_for_stop();
    nd_study_server_close(&server);
    return status;
}

/* ---- report ---------------------------------------- */

static void print_range(const double range[2])
{
    if (isfinite(range[0])) printf(" [%5.1f, %5.1f]", 100 * range[0], 100 * range[1]);
    else printf(" %14s", "-");
}

static void print_score(const nd_study_score *s)
{
    char name[1024];
    printf("  %-16.40s", cli_text(name, s->name));
    if (!isfinite(s->share)) {
        printf("  not shown\n");
        return;
    }
    printf(" %6.1f", 100 * s->share);
    print_range(s->wilson);
    print_range(s->resampled);
    printf("  %6.1f of %-5d %5.3f", s->wins, s->n_shown, s->worth);
    if (isfinite(s->worth_range[0]))
        printf(" [%5.3f, %5.3f]", s->worth_range[0], s->worth_range[1]);
    if (isfinite(s->best)) printf("  %5.1f", 100 * s->best);
    printf("\n");
}

static void print_group(const nd_study_report *r, const nd_study_group *g)
{
    if (!g->n_people) return;
    printf("\n%s: %d people, %d answers, %d without preference\n", g->name, g->n_people,
           g->n_answers, g->n_undecided);
    printf("  %-16s %6s %15s %15s %17s %5s %16s %6s\n", "system", "share", "Wilson 95 %",
           "people drawn", "wins", "worth", "95 %", "best %");
    for (int i = 0; i < r->n_systems; i++) print_score(&g->scores[i]);
}

static void print_report(const nd_study_report *r, bool counts_all)
{
    printf("%d videos, %d shown, %d for which all systems chose the same\n", r->n_videos,
           r->n_shown, r->n_same);
    printf("%d people began, %d counted; %d did not finish, %d always gave the same answer "
           "(by chance under %g)%s\n",
           r->n_begun, r->n_counted, r->n_unfinished, r->n_straight, r->p_straight,
           counts_all ? ", all counted" : "");
    if (r->n_same_address) printf("%d from an address seen before\n", r->n_same_address);
    if (r->n_repeats)
        printf("shown the first video again, %d of %d answered the same\n", r->n_consistent,
               r->n_repeats);
    printf("music every day %d, most days %d, weekly %d, rarely %d\n", r->habits[0], r->habits[1],
           r->habits[2], r->habits[3]);
    for (int i = 0; i < 3; i++) print_group(r, &r->groups[i]);
}

static int run_report(cli *c)
{
    nd_report_params params = {.counts_all = cli_get(c, "all") != NULL, .seed = 1};
    nd_study_report *report = NULL;
    nd_diag diag = {0};
    const char *plot = cli_get(c, "plot");
    int status = cli_get_seed(c, "seed", &params.seed);
    if (c->n_args != 2) return cli_usage(c, "report DIR expected");
    if (status) return status;
    int rc = nd_study_report_make(&report, c->args[1], &params, &diag);
    if (!rc && plot) rc = nd_study_picture(report, plot, &diag);
    if (rc) {
        status = cli_fail(c, &diag);
    } else if (c->json) {
        char *json = NULL;
        rc = nd_study_report_json(&json, report);
        status = cli_print_json(c, rc, json);
    } else {
        print_report(report, params.counts_all);
    }
    nd_study_report_destroy(&report);
    return status;
}

/* ---- the command ---------------------------------------- */

/* Options that belong to another of the three. */
static int check_options(const cli *c, const char *const *wanted)
{
    for (int i = 0; i < c->n_given; i++) {
        bool is_own = false, is_wanted = false;
        for (const cli_option *o = c->command->options; o->name; o++)
            is_own |= !strcmp(o->name, c->given[i].name);
        for (int k = 0; wanted[k]; k++) is_wanted |= !strcmp(wanted[k], c->given[i].name);
        if (is_own && !is_wanted)
            return cli_usage(c, "--%s is not for %s", c->given[i].name, c->args[0]);
    }
    return CLI_DONE;
}

static int run(cli *c)
{
    static const struct {
        const char *name;
        int (*run)(cli *c);
        const char *const options[6];
    } parts[] = {
        {"new", run_new, {"system", "model", "seed", "listen", "jobs", NULL}},
        {"serve", run_serve, {"port", "bind", "invite", NULL}},
        {"report", run_report, {"all", "plot", "seed", NULL}},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(c->args[0], parts[i].name)) continue;
        int status = check_options(c, parts[i].options);
        return status ? status : parts[i].run(c);
    }
    char shown[1024];
    return cli_usage(c, "new, serve or report expected, found %s", cli_text(shown, c->args[0]));
}

static const cli_option options[] = {
    {"system", 0, "NAME=LIBRARY", "new: a system, and a library that it indexed (2 to 6)"},
    {"model", 0, "NAME=FILE", "new: the system's model (default: the default; none: rhythm)"},
    {"listen", 0, "S", "new: seconds of each version to be heard first (default: 5)"},
    {"jobs", 'j', "N", "new: threads (default: one a core)"},
    {"port", 0, "P", "serve: port (default: 8080; 0: any that is free)"},
    {"bind", 0, "ADDR", "serve: address (default: 127.0.0.1, this machine alone)"},
    {"invite", 0, "N", "serve: make N links that let one person in each, and nobody else"},
    {"all", 0, NULL, "report: count unfinished and one-sided answers, too"},
    {"plot", 0, "FILE", "report: draw shares and intervals as PNG"},
    {"seed", 0, "N", "new: of the orders; report: of the resampling (default: 1)"},
    {0},
};

const cli_command cli_study = {
    .name = "study",
    .args = "new DIR VIDEO... | serve DIR | report DIR",
    .summary = "ask people which system's music fits better",
    .help =
        "new renders each video with each system's first choice, at one loudness; a system is\n"
        "a model and a library that it indexed. serve shows them to people on a web page, not\n"
        "saying which is which, in random order, and stores their answers. report gives shares\n"
        "with intervals and a ranking, for all and by knowledge of music theory.",
    .example = "needledrop study new panel *.mp4 --system ours=a.nd --model ours=a.safetensors \\\n"
               "      --system paper=b.nd --model paper=b.safetensors\n"
               "  needledrop study serve panel --invite 24\n"
               "  needledrop study report panel --plot panel.png",
    .options = options,
    .min_args = 2,
    .run = run,
};
