/* What the subcommands share: options, messages, progress, exit statuses. */
#ifndef ND_CMD_CLI_H
#define ND_CMD_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "needledrop/needledrop.h"

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_SOME_FAILED = 3 };
enum { CLI_MAX_OPTIONS = 32, CLI_MAX_VALUES = 64 };

/** One option. A table of them ends with one that has no name. */
typedef struct cli_option {
    const char *name;  /* long name, without the dashes */
    char letter;       /* 0: none */
    const char *value; /* name of its value in the help; NULL: takes none */
    const char *help;
} cli_option;

typedef struct cli cli;

/** One subcommand: a file cmd/NAME.c defines `const cli_command cli_NAME`. */
typedef struct cli_command {
    const char *name;
    const char *args;    /* as shown in the usage line */
    const char *summary; /* a line, without a full stop */
    const char *help;    /* more, after the summary; may be "" */
    const char *example;
    const cli_option *options; /* its own; the common ones come after */
    int min_args, max_args;    /* max 0: any number */
    int (*run)(cli *c);        /* @return an exit status */
} cli_command;

/** A parsed command line. */
struct cli {
    const cli_command *command;
    char *const *args;
    int n_args;
    struct {
        const char *name, *value;
    } given[CLI_MAX_VALUES];
    int n_given;
    bool json, quiet, verbose;
    nd_log log;           /* writes to stderr */
    nd_progress progress; /* a bar, or a line every few seconds */
    struct cli_screen *screen;
    nd_diag failure;      /* the last that was told */
    nd_failure *failures; /* inputs that could not be read, for the JSON; reasons owned */
    int n_failures;
    bool json_is_out; /* the one object of --json is printed */
};

/** Parse argv after the command's name into c.
 *  @return CLI_DONE and c->command->run may be called; else a status to exit with
 *  (help was printed: *exit_out is set), message printed. */
int cli_parse(cli *c, const cli_command *command, int argc, char **argv, bool *exit_out);

/** @return value of the option, "" where it takes none; NULL when not given; the
 *  last one when given several times. */
const char *cli_get(const cli *c, const char *name);

/** All values of an option that may be given several times, NULL last; points
 *  into c. At most CLI_MAX_VALUES. @return their number */
int cli_get_all(const cli *c, const char *name, const char *values_out[CLI_MAX_VALUES + 1]);

/** Parse a number option. Not given: *out untouched.
 *  @return CLI_DONE, or CLI_USAGE with the message printed. */
int cli_get_int(const cli *c, const char *name, long lo, long hi, int *out);
int cli_get_number(const cli *c, const char *name, double lo, double hi, double *out);
int cli_get_seed(const cli *c, const char *name, uint64_t *out);
int cli_get_seconds(const cli *c, const char *name, double *out); /* 90, 1:30 */

/** Print "needledrop COMMAND: text" on stderr. @return CLI_FAILED or, for
 *  cli_usage, CLI_USAGE with a hint at --help. */
int cli_fail(cli *c, const nd_diag *diag);
int cli_usage(const cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The same for one input of several: it is kept for the JSON, and the rest goes on.
 *  @param path  kept by reference */
void cli_fail_input(cli *c, const char *path, const nd_diag *diag);
/** @return CLI_DONE; CLI_SOME_FAILED where an input failed; CLI_FAILED where none was done. */
int cli_inputs_status(const cli *c, int n_done);

/** Start the progress display and catch Ctrl-C; end them both. */
void cli_screen_start(cli *c);
void cli_screen_end(cli *c);

/** Print JSON made by the library and free it.
 *  @param rc  what the maker returned. @return CLI_DONE or CLI_FAILED */
int cli_print_json(cli *c, int rc, char *json);

/** With --json, where a command failed before it printed its object: print the failure as
 *  one. @return status */
int cli_finish(cli *c, int status);

/** Any bytes as one printable line. @return out */
const char *cli_text(char out[1024], const char *bytes);
/** text[0 .. n) as seconds: "90", "1:30", "1:02:03.5". @return -1 when it is not one */
double cli_seconds(const char *text, size_t n);
/** The part of a path after its last '/', borrowed. */
const char *cli_file_name(const char *path);
/** "3:07" or "1:02:07". @return out */
const char *cli_time(char out[16], double seconds);

/* ---- filters, shared by recommend, similar, find, list ------------------------------- */

#define CLI_FILTER_OPTIONS                                                             \
    {"bpm", 0, "LO-HI", "tempo; 90-120, 90-, -120, or one number (within 3 %)"},       \
        {"duration", 0, "LO-HI", "length in seconds or m:ss; 1:00-3:30"},              \
        {"tag", 0, "WORD", "genre or mood word that must be there (repeat for more)"}, \
        {"not-tag", 0, "WORD", "word that must not be there (repeat for more)"},       \
        {"key", 0, "KEY", "C, F#m, major, minor, ..."},                                \
        {"vocal", 0, "yes|no", "with or without voice, where that is known"},          \
    {                                                                                  \
        "path", 0, "GLOB", "path that matches, or has this in it"                      \
    }

typedef struct cli_filter {
    nd_filter filter;
    const char *tags[CLI_MAX_VALUES + 1], *not_tags[CLI_MAX_VALUES + 1];
} cli_filter;

/** Read the filter options. @return CLI_DONE or CLI_USAGE (message printed). */
int cli_filter_parse(const cli *c, cli_filter *out);

/* ---- queries --------------------------------------------------------------------- */

enum { CLI_MAX_LIBRARIES = 16 };

/** What recommend, similar and find ask, and of what. */
typedef struct cli_query {
    cli_filter filter;
    nd_rank_params params; /* points into filter and the cli */
    nd_library *libraries[CLI_MAX_LIBRARIES];
    int n_libraries;
} cli_query;

#define CLI_QUERY_OPTIONS                                                    \
    {"results", 'k', "N", "how many tracks (default: 10)"},                  \
        {"also", 0, "LIBRARY", "search this library too (repeat for more)"}, \
        {"model", 0, "FILE", "model that the library was indexed with"},     \
        {"no-model", 0, NULL, "rank with none"},                             \
        {"jobs", 'j', "N", "threads (default: one a core)"}, CLI_FILTER_OPTIONS

#define CLI_RANKER_OPTIONS                                                                  \
    {"ranker", 0, "NAME", "both, model or rhythm (default: both, rhythm without a model)"}, \
        {"like", 0, "WORDS", "what is asked for beside it, \"calmer, no drums\""},          \
    {                                                                                       \
        "like-weight", 0, "A", "share of --like in the score, 0 to 1 (default: 0.5)"        \
    }

/** Read the options of a query and open the library named first and those of --also.
 *  @return CLI_DONE; CLI_USAGE or CLI_FAILED (message printed, nothing open). */
int cli_query_open(cli *c, cli_query *out);
void cli_query_close(cli_query *q);

/** Print the hits of one query as text. */
void cli_print_ranking(const nd_ranking *ranking, int n_wanted);

#endif
