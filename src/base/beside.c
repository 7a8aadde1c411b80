/* Files beside us, seen from a program or from a shared library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

/* The first folder that has it, from the folder of a file. */
static char *find_from(const char *file, const char *const *folders, size_t n, const char *name,
                       int mode)
{
    for (size_t i = 0; i < n; i++) {
        nd_str s = {0};
        nd_str_append(&s, "%.*s%s/%s", (int)(nd_path_name(file) - file), file, folders[i], name);
        char *path = nd_str_take(&s);
        if (path && !access(path, mode)) return path;
        free(path);
    }
    return NULL;
}

char *nd_path_beside(const char *const *folders, size_t n, const char *name, int mode)
{
    static const char here = 0;
    char self[4096];
    Dl_info info;
    char *found = NULL;
    /* The shared library, where we are in one. */
    if (dladdr(&here, &info) && info.dli_fname && strchr(info.dli_fname, '/'))
        found = find_from(info.dli_fname, folders, n, name, mode);
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (found || length <= 0) return found;
    self[length] = '\0';
    return find_from(self, folders, n, name, mode);
}
