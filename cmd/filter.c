/* The filter options, and what else a query is made of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* "90-120", "90-", "-120"; "120" stands for 120 within `within` of it. */
static bool parse_range(const char *text, double within, double *lo, double *hi)
{
    const char *dash = strchr(text, '-');
    if (!dash) {
        double x = cli_seconds(text, strlen(text));
        *lo = x * (1 - within);
        *hi = x * (1 + within);
        return x > 0;
    }
    double a = dash > text ? cli_seconds(text, (size_t)(dash - text)) : 0;
    double b = dash[1] ? cli_seconds(dash + 1, strlen(dash + 1)) : 0;
    *lo = a;
    *hi = b;
    return a >= 0 && b >= 0 && (a > 0 || b > 0) && (!dash[1] || a <= b);
}

static int get_range(const cli *c, const char *name, double within, double *lo, double *hi)
{
    const char *text = cli_get(c, name);
    if (text && !parse_range(text, within, lo, hi))
        return cli_usage(c, "--%s: LO-HI, LO-, -HI or one number expected, found \"%s\"", name,
                         text);
    return CLI_DONE;
}

static int get_vocal(const cli *c, int *vocal)
{
    const char *text = cli_get(c, "vocal");
    if (!text) return CLI_DONE;
    if (strcmp(text, "yes") && strcmp(text, "no"))
        return cli_usage(c, "--vocal: yes or no expected, found \"%s\"", text);
    *vocal = strcmp(text, "yes") ? -1 : 1;
    return CLI_DONE;
}

int cli_filter_parse(const cli *c, cli_filter *out)
{
    *out = (cli_filter){.filter = {.key = cli_get(c, "key"), .path = cli_get(c, "path")}};
    nd_filter *f = &out->filter;
    if (cli_get_all(c, "tag", out->tags)) f->tags = out->tags;
    if (cli_get_all(c, "not-tag", out->not_tags)) f->not_tags = out->not_tags;
    int status = get_range(c, "bpm", 0.03, &f->bpm_min, &f->bpm_max);
    if (!status) status = get_range(c, "duration", 0.03, &f->duration_min_s, &f->duration_max_s);
    if (!status) status = get_vocal(c, &f->vocal);
    if (status) return status;
    nd_diag diag = {0};
    return nd_filter_check(f, &diag) ? cli_usage(c, "%s", diag.text) : CLI_DONE;
}

static int open_libraries(cli *c, cli_query *q)
{
    const char *names[CLI_MAX_VALUES + 1];
    int n_also = cli_get_all(c, "also", names);
    if (n_also >= CLI_MAX_LIBRARIES)
        return cli_usage(c, "at most %d libraries expected", CLI_MAX_LIBRARIES);
    for (int i = 0; i <= n_also; i++) {
        nd_diag diag = {0};
        const char *name = i ? names[i - 1] : c->args[0];
        if (nd_library_open(&q->libraries[i], name, ND_OPEN_READ, &diag)) {
            cli_query_close(q);
            return cli_fail(c, &diag);
        }
        q->n_libraries++;
    }
    return CLI_DONE;
}

/* The model and the wishes. @return CLI_DONE or CLI_USAGE (message printed) */
static int parse_ranking(const cli *c, nd_rank_params *p)
{
    const char *weight = cli_get(c, "like-weight");
    char *end = NULL;
    bool is_without = cli_get(c, "no-model");
    p->ranker = cli_get(c, "ranker");
    p->model = is_without ? "" : cli_get(c, "model");
    p->like = cli_get(c, "like");
    if (is_without && cli_get(c, "model"))
        return cli_usage(c, "--model FILE and --no-model contradict each other");
    if (p->model && !p->model[0] && !is_without) return cli_usage(c, "--model: a file expected");
    if (!weight) return CLI_DONE;
    if (!p->like) return cli_usage(c, "--like-weight expects --like WORDS");
    p->like_weight = strtod(weight, &end);
    if (end == weight || *end || !(p->like_weight > 0 && p->like_weight <= 1))
        return cli_usage(c, "--like-weight: a number above 0, 1 at most, expected, found \"%s\"",
                         weight);
    return CLI_DONE;
}

int cli_query_open(cli *c, cli_query *out)
{
    *out = (cli_query){0};
    int status = cli_filter_parse(c, &out->filter);
    nd_rank_params *p = &out->params;
    *p = (nd_rank_params){.n_hits = 10, .filter = &out->filter.filter, .log = &c->log};
    if (!status) status = parse_ranking(c, p);
    if (!status) status = cli_get_int(c, "results", 1, 100000, &p->n_hits);
    if (!status) status = cli_get_int(c, "jobs", 1, 256, &p->n_threads);
    return status ? status : open_libraries(c, out);
}

void cli_query_close(cli_query *q)
{
    for (int i = 0; i < q->n_libraries; i++) nd_library_close(&q->libraries[i]);
    q->n_libraries = 0;
}
