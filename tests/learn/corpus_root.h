/* A scratch folder for tests of corpora: `root`, made by the test, gone with remove_root. */
#ifndef ND_TESTS_CORPUS_ROOT_H
#define ND_TESTS_CORPUS_ROOT_H

#include <stdio.h>
#include <stdlib.h>

static char root[64];

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (*root && system(command)) perror(command);
}

/** A path in it, good for the next fifteen calls. */
static const char *in_root(const char *name)
{
    static char paths[16][256];
    static int next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

#endif
