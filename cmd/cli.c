/* Options: a table a command, read with getopt_long. */
#include "cli.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_log_start(cli *c); /* cmd/screen.c */

static const cli_option common_options[] = {
    {"json", 0, NULL, "one JSON object on stdout"},
    {"quiet", 'q', NULL, "no progress, no warnings"},
    {"verbose", 'v', NULL, "say more"},
    {"help", 'h', NULL, "show this help"},
    {0},
};

static void print_options(const cli_option *options)
{
    for (; options->name; options++) {
        char left[64], letter[8] = "    ";
        if (options->letter) snprintf(letter, sizeof letter, "-%c, ", options->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, options->name, options->value ? " " : "",
                 options->value ? options->value : "");
        printf("  %-24s %s\n", left, options->help);
    }
}

static void print_command_help(const cli_command *command)
{
    printf("usage: needledrop %s [OPTION...] %s\n\n", command->name, command->args);
    char first = command->summary[0];
    printf("%c%s.\n", first >= 'a' && first <= 'z' ? first - 32 : first, command->summary + 1);
    if (command->help[0]) printf("%s\n", command->help);
    printf("\noptions:\n");
    print_options(command->options);
    print_options(common_options);
    printf("\nexample:\n  %s\n", command->example);
}

/* The command's options and the common ones as getopt wants them. */
typedef struct {
    const cli_option *options[CLI_MAX_OPTIONS];
    struct option longs[CLI_MAX_OPTIONS + 1];
    char shorts[2 * CLI_MAX_OPTIONS + 2];
    int n;
} option_table;

static void table_add(option_table *t, const cli_option *options)
{
    for (; options->name; options++) {
        assert(t->n < CLI_MAX_OPTIONS);
        t->options[t->n] = options;
        t->longs[t->n] = (struct option){options->name, options->value != NULL, NULL, 0};
        t->n++;
        if (!options->letter) continue;
        size_t end = strlen(t->shorts);
        t->shorts[end] = options->letter;
        if (options->value) t->shorts[end + 1] = ':';
    }
}

static const cli_option *table_find_letter(const option_table *t, int letter)
{
    for (int i = 0; i < t->n; i++)
        if (t->options[i]->letter == letter) return t->options[i];
    return NULL;
}

int cli_usage(const cli *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "needledrop %s: ", c->command->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "; see needledrop %s --help\n", c->command->name);
    va_end(args);
    return CLI_USAGE;
}

static int keep_value(cli *c, const cli_option *option, const char *value)
{
    if (c->n_given == CLI_MAX_VALUES)
        return cli_usage(c, "at most %d options expected", CLI_MAX_VALUES);
    c->given[c->n_given].name = option->name;
    c->given[c->n_given++].value = value ? value : "";
    return CLI_DONE;
}

static int parse_options(cli *c, const option_table *t, int argc, char **argv)
{
    int letter, index;
    optind = 1;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, t->shorts, t->longs, &index)) != -1) {
        if (letter == '?') {
            /* Inside "-xy" optind is not yet past the word. */
            char shown[1024], short_one[3] = {'-', (char)optopt};
            return cli_usage(c, "unknown option, or one without its value: \"%s\"",
                             cli_text(shown, optopt ? short_one : argv[optind - 1]));
        }
        const cli_option *option = letter ? table_find_letter(t, letter) : t->options[index];
        int status = keep_value(c, option, optarg);
        if (status) return status;
    }
    c->args = argv + optind;
    c->n_args = argc - optind;
    return CLI_DONE;
}

int cli_parse(cli *c, const cli_command *command, int argc, char **argv, bool *exit_out)
{
    *c = (cli){.command = command};
    option_table table = {.shorts = ""};
    table_add(&table, command->options);
    table_add(&table, common_options);
    *exit_out = true;
    int status = parse_options(c, &table, argc, argv);
    if (status) return status;
    if (cli_get(c, "help")) return print_command_help(command), CLI_DONE;
    if (c->n_args < command->min_args || (command->max_args && c->n_args > command->max_args))
        return cli_usage(c, "%s expected, found %d argument%s", command->args, c->n_args,
                         c->n_args == 1 ? "" : "s");
    c->json = cli_get(c, "json");
    c->quiet = cli_get(c, "quiet");
    c->verbose = cli_get(c, "verbose");
    cli_log_start(c);
    *exit_out = false;
    return CLI_DONE;
}

const char *cli_get(const cli *c, const char *name)
{
    for (int i = c->n_given - 1; i >= 0; i--)
        if (!strcmp(c->given[i].name, name)) return c->given[i].value;
    return NULL;
}

int cli_get_all(const cli *c, const char *name, const char *values_out[CLI_MAX_VALUES + 1])
{
    int n = 0;
    for (int i = 0; i < c->n_given; i++)
        if (!strcmp(c->given[i].name, name)) values_out[n++] = c->given[i].value;
    values_out[n] = NULL;
    return n;
}

int cli_get_int(const cli *c, const char *name, long lo, long hi, int *out)
{
    const char *text = cli_get(c, name);
    if (!text) return CLI_DONE;
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < lo || value > hi)
        return cli_usage(c, "--%s: a whole number from %ld to %ld expected, found \"%s\"", name, lo,
                         hi, text);
    *out = (int)value;
    return CLI_DONE;
}

int cli_get_number(const cli *c, const char *name, double lo, double hi, double *out)
{
    const char *text = cli_get(c, name);
    if (!text) return CLI_DONE;
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= lo && value <= hi))
        return cli_usage(c, "--%s: a number of %g to %g expected, found \"%s\"", name, lo, hi,
                         text);
    *out = value;
    return CLI_DONE;
}

int cli_get_seed(const cli *c, const char *name, uint64_t *out)
{
    const char *text = cli_get(c, name);
    if (!text) return CLI_DONE;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-')
        return cli_usage(c, "--%s: a whole number from 0 on expected, found \"%s\"", name, text);
    *out = value;
    return CLI_DONE;
}

int cli_get_seconds(const cli *c, const char *name, double *out)
{
    const char *text = cli_get(c, name);
    if (!text) return CLI_DONE;
    double value = cli_seconds(text, strlen(text));
    if (!(value >= 0))
        return cli_usage(c, "--%s: seconds or m:ss expected, found \"%s\"", name, text);
    *out = value;
    return CLI_DONE;
}

int cli_fail(cli *c, const nd_diag *diag)
{
    c->failure = *diag;
    const char *text = diag->text[0] ? diag->text : nd_error_text(diag->code);
    fprintf(stderr, "needledrop %s: %s\n", c->command->name, text);
    return CLI_FAILED;
}

void cli_fail_input(cli *c, const char *path, const nd_diag *diag)
{
    cli_fail(c, diag);
    nd_failure *grown = realloc(c->failures, (size_t)(c->n_failures + 1) * sizeof *grown);
    if (!grown) return; /* stderr has it */
    c->failures = grown;
    nd_failure *failure = &c->failures[c->n_failures++];
    failure->path = path;
    failure->reason = strdup(diag->text[0] ? diag->text : nd_error_text(diag->code));
    if (!failure->reason) c->n_failures--;
}

int cli_inputs_status(const cli *c, int n_done)
{
    return c->failure.code == 0 ? CLI_DONE : n_done ? CLI_SOME_FAILED : CLI_FAILED;
}

int cli_print_json(cli *c, int rc, char *json)
{
    if (rc) return cli_fail(c, &(nd_diag){.code = rc});
    puts(json);
    free(json);
    c->json_is_out = true;
    return CLI_DONE;
}

int cli_finish(cli *c, int status)
{
    for (int i = 0; i < c->n_failures; i++) free((char *)c->failures[i].reason);
    free(c->failures);
    if (!c->json || status != CLI_FAILED || c->json_is_out) return status;
    char *json = NULL;
    int rc = nd_error_json(&json, &c->failure);
    cli_print_json(c, rc, json);
    return status;
}
