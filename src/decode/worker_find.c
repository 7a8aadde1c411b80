/* Where the worker program lies, seen from a program or from a shared library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "decode/decode.h"

/* Places to look, from the folder of what we are part of: beside it; in the folders above, for
 * tests and benches; where `make install` puts it, from bin/ and from lib/. */
static const char *const places[] = {
    "", "..", "../..", "../../..", "../libexec/needledrop", "../../libexec/needledrop"};

/* The first place that holds it, malloc'ed; NULL: none does. */
static char *find_from(const char *file, const char *name)
{
    for (size_t i = 0; i < ND_COUNT(places); i++) {
        nd_str s = {0};
        nd_str_append(&s, "%.*s%s/%s", (int)(nd_path_name(file) - file), file, places[i], name);
        char *path = nd_str_take(&s);
        if (path && !access(path, X_OK)) return path;
        free(path);
    }
    return NULL;
}

char *nd_worker_find(const char *name)
{
    const char *given = getenv("NEEDLEDROP_WORKER");
    if (given && given[0]) return strdup(given);
    char self[4096];
    Dl_info info;
    char *found = NULL;
    /* The shared library, where we are in one. */
    if (dladdr((const void *)places, &info) && info.dli_fname && strchr(info.dli_fname, '/'))
        found = find_from(info.dli_fname, name);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (!found && n > 0) {
        self[n] = '\0';
        found = find_from(self, name);
    }
    return found ? found : nd_path_join(ND_LIBEXECDIR, name);
}
