/* needledrop: the command line. Each subcommand is one file beside this one. */
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

extern const cli_command cli_index, cli_recommend, cli_similar, cli_find, cli_list, cli_inspect,
    cli_embed, cli_synth, cli_corpus, cli_tags, cli_extract, cli_pretrain, cli_train, cli_eval,
    cli_model, cli_study;

static const cli_command *const commands[] = {
    &cli_index, &cli_recommend, &cli_similar, &cli_find,  &cli_list,    &cli_inspect,
    &cli_embed, &cli_synth,     &cli_corpus,  &cli_tags,  &cli_extract, &cli_pretrain,
    &cli_train, &cli_eval,      &cli_model,   &cli_study,
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void)
{
    printf("usage: needledrop COMMAND [OPTION...] ...\n\n"
           "Pick background music for a video.\n\ncommands:\n");
    for (int i = 0; i < N_COMMANDS; i++)
        printf("  %-11s %s\n", commands[i]->name, commands[i]->summary);
    printf("\nEvery command has --help. LIBRARY is a file that `index` makes.\n"
           "Exit status: 0 done; 1 failed; 2 wrong usage; 3 done, but some inputs\n"
           "could not be read.\n\n"
           "example:\n"
           "  needledrop index music.nd ~/Music\n"
           "  needledrop recommend music.nd holiday.mp4\n");
}

static void print_version(void)
{
    printf("needledrop %s\n", nd_version());
    const char *shelf, *shown = "", *name;
    for (int i = 0; (name = nd_plugin(i, &shelf)); i++) {
        if (strcmp(shelf, shown)) printf("%s%s:", *shown ? "\n" : "", shelf);
        printf(" %s", name);
        shown = shelf;
    }
    printf("\n");
}

static const cli_command *find_command(const char *name)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (!strcmp(commands[i]->name, name)) return commands[i];
    return NULL;
}

static int run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
        return print_help(), argc > 1 ? CLI_DONE : CLI_USAGE;
    if (!strcmp(name, "--version")) return print_version(), CLI_DONE;
    const cli_command *command = find_command(name);
    if (!command) {
        char shown[1024];
        fprintf(stderr, "needledrop: a command expected, found \"%s\"; see needledrop --help\n",
                cli_text(shown, name));
        return CLI_USAGE;
    }
    cli c;
    bool exits = false;
    int status = cli_parse(&c, command, argc - 1, argv + 1, &exits);
    return exits ? status : cli_finish(&c, command->run(&c));
}

/* oneDNN asks for room at every matrix product: what is freed is kept, or the system would clear
 * the same pages for each (a tenth of a large model's time). */
static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    keep_memory();
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is a failed write, told like a full disk */
    int status = run(argc, argv);
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "needledrop: writing the output: not all of it could be written\n");
        return CLI_FAILED;
    }
    return status;
}
