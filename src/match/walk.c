/* What a walk finds: files that could be music, and places that could not be looked at. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/walk.h"
#include "match/walk.h"

bool nd_path_is_under(const char *path, const char *above)
{
    size_t n = strlen(above);
    if (strncmp(path, above, n) != 0) return false;
    return !path[n] || path[n] == '/' || (n && above[n - 1] == '/');
}

char *nd_path_absolute(const char *path)
{
    char *real = realpath(path, NULL);
    if (real) return real;
    /* It does not exist: where its folder is, the name goes there. */
    char *copy = strdup(path), *out = NULL;
    if (!copy) return NULL;
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/';) copy[--n] = '\0';
    char *slash = strrchr(copy, '/');
    const char *name = slash ? slash + 1 : copy;
    if (slash) *slash = '\0';
    char *dir = realpath(!slash ? "." : *copy ? copy : "/", NULL);
    if (dir) {
        out = nd_path_join(dir, name);
    } else if (*path == '/') {
        out = strdup(path);
    } else {
        char *here = getcwd(NULL, 0);
        out = here ? nd_path_join(here, path) : NULL;
        free(here);
    }
    free(dir);
    free(copy);
    return out;
}

int nd_paths_add(nd_paths *p, const char *path)
{
    char *copy = strdup(path);
    if (!copy || nd_grow(&p->items, &p->capacity, p->n, 1, sizeof *p->items)) {
        free(copy);
        return ND_ENOMEM;
    }
    p->items[p->n++] = copy;
    return 0;
}

bool nd_paths_cover(const nd_paths *p, const char *path)
{
    for (size_t i = 0; i < p->n; i++)
        if (nd_path_is_under(path, p->items[i])) return true;
    return false;
}

void nd_paths_deinit(nd_paths *p)
{
    for (size_t i = 0; i < p->n; i++) free(p->items[i]);
    free(p->items);
}

int64_t nd_mtime_ns(const struct stat *info)
{
    /* Unsigned: a file system may hold any time. */
    return (int64_t)((uint64_t)info->st_mtim.tv_sec * 1000000000 + (uint64_t)info->st_mtim.tv_nsec);
}

static int add_found(nd_walk *w, const char *path, const struct stat *info, const char *problem)
{
    nd_found f = {.path = strdup(path), .problem = problem ? strdup(problem) : NULL};
    if (info) {
        f.size_bytes = info->st_size;
        f.mtime_ns = nd_mtime_ns(info);
    }
    if (!f.path || (problem && !f.problem) || nd_grow(&w->found, &w->capacity, w->n, 1, sizeof f)) {
        free(f.path);
        free(f.problem);
        return ND_ENOMEM;
    }
    w->found[w->n++] = f;
    return w->on_file ? w->on_file(w->user, (int64_t)w->n) : 0;
}

int nd_walk_add_problem(nd_walk *w, const char *path, const char *problem)
{
    int rc = nd_paths_add(&w->blind, path);
    return rc ? rc : add_found(w, path, NULL, problem);
}

static int add_errno(nd_walk *w, const char *path, int error)
{
    char text[256];
    snprintf(text, sizeof text, "cannot be read: %s", strerror(error));
    return nd_walk_add_problem(w, path, text);
}

/* A file in a folder, a link to one, or something else of that name. */
static int visit_file(void *user, const char *path, const struct stat *info)
{
    nd_walk *w = user;
    if (!nd_path_names_audio(path) && !(w->is_known && w->is_known(w->user, path))) {
        w->n_ignored++;
        return 0;
    }
    if (!S_ISREG(info->st_mode)) return add_found(w, path, NULL, "not a regular file");
    return add_found(w, path, info, NULL);
}

static int visit_problem(void *user, const char *path, int error, bool is_link)
{
    nd_walk *w = user;
    if (!is_link || nd_path_names_audio(path)) return add_errno(w, path, error);
    w->n_ignored++;
    return 0;
}

static int visit_folder_link(void *user, const char *path)
{
    const nd_walk *w = user;
    nd_log_line(w->log, ND_LOG_WARNING,
                "%s: a link to a folder is not followed; give it as a path of its own", path);
    return 0;
}

static int walk_folder(nd_walk *w, const char *path)
{
    nd_visitor visitor = {visit_file, visit_problem, visit_folder_link, w};
    return nd_folder_walk(path, &visitor);
}

int nd_walk_path(nd_walk *w, const char *path, nd_diag *diag)
{
    struct stat info;
    int rc;
    if (stat(path, &info)) {
        if (errno == ENOENT || errno == ENOTDIR)
            return nd_diag_set(diag, ND_ENOTFOUND, "looking for music in %s: %s", path,
                               strerror(errno));
        rc = add_errno(w, path, errno);
    } else {
        rc = S_ISDIR(info.st_mode) ? nd_paths_add(&w->covered, path) : 0;
        if (rc) return nd_diag_set(diag, rc, "walking %s: out of memory", path);
        if (S_ISDIR(info.st_mode)) rc = walk_folder(w, path);
        else if (S_ISREG(info.st_mode)) rc = add_found(w, path, &info, NULL);
        else rc = add_found(w, path, NULL, "not a regular file");
    }
    return rc == ND_ENOMEM ? nd_diag_set(diag, rc, "walking %s: out of memory", path) : rc;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const nd_found *)a)->path, ((const nd_found *)b)->path);
}

static void free_found(nd_found *f)
{
    free(f->path);
    free(f->problem);
}

void nd_walk_finish(nd_walk *w)
{
    if (w->n) qsort(w->found, w->n, sizeof *w->found, by_path);
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (kept && !strcmp(w->found[kept - 1].path, w->found[i].path)) free_found(&w->found[i]);
        else w->found[kept++] = w->found[i];
    }
    w->n = kept;
}

void nd_walk_deinit(nd_walk *w)
{
    for (size_t i = 0; i < w->n; i++) free_found(&w->found[i]);
    free(w->found);
    nd_paths_deinit(&w->covered);
    nd_paths_deinit(&w->blind);
    *w = (nd_walk){0};
}
