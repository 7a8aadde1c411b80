/* Walks folders with fts(3), which is safe against names of any bytes and needs
 * no more memory than the deepest folder. Links to folders are not followed: a
 * link to "/" in a music folder (Wine makes such) would index the machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "match/walk.h"

/* Endings of files that hold sound and seldom anything else. */
static const char *const audio_endings[] = {
    "aac", "ac3",  "aif",  "aifc", "aiff", "alac", "amr", "ape",  "au",   "caf", "dff", "dsf",
    "dts", "eac3", "flac", "m4a",  "m4b",  "mka",  "mp2", "mp3",  "mpc",  "oga", "ogg", "opus",
    "ra",  "snd",  "spx",  "tta",  "voc",  "w64",  "wav", "wave", "weba", "wma", "wv",
};

static bool is_named_like_audio(const char *path)
{
    const char *dot = strrchr(nd_path_name(path), '.');
    for (size_t i = 0; dot && i < ND_COUNT(audio_endings); i++)
        if (!strcasecmp(dot + 1, audio_endings[i])) return true;
    return false;
}

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
static int add_file(nd_walk *w, const char *path, const struct stat *info)
{
    if (!is_named_like_audio(path) && !(w->is_known && w->is_known(w->user, path))) {
        w->n_ignored++;
        return 0;
    }
    if (!S_ISREG(info->st_mode)) return add_found(w, path, NULL, "not a regular file");
    return add_found(w, path, info, NULL);
}

static int add_link(nd_walk *w, const char *path)
{
    struct stat info;
    if (stat(path, &info)) {
        if (is_named_like_audio(path)) return add_errno(w, path, errno);
        w->n_ignored++;
        return 0;
    }
    if (!S_ISDIR(info.st_mode)) return add_file(w, path, &info);
    nd_log_line(w->log, ND_LOG_WARNING,
                "%s: a link to a folder is not followed; give it as a path of its own", path);
    return 0;
}

static int add_entry(nd_walk *w, FTS *tree, FTSENT *e)
{
    if (e->fts_level > 0 && e->fts_name[0] == '.' && e->fts_info != FTS_DP) {
        fts_set(tree, e, FTS_SKIP);
        return 0;
    }
    switch (e->fts_info) {
    case FTS_F:
    case FTS_DEFAULT: return add_file(w, e->fts_path, e->fts_statp);
    case FTS_SL:
    case FTS_SLNONE: return add_link(w, e->fts_path);
    case FTS_DNR: return add_errno(w, e->fts_path, e->fts_errno);
    case FTS_ERR:
    case FTS_NS:
        /* Gone since the folder was read: as if it had not been there. */
        return e->fts_errno == ENOENT ? 0 : add_errno(w, e->fts_path, e->fts_errno);
    default: return 0;
    }
}

static int walk_folder(nd_walk *w, const char *path)
{
    char *const roots[] = {(char *)path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!tree) return errno == ENOMEM ? ND_ENOMEM : add_errno(w, path, errno);
    int rc = 0;
    FTSENT *e = NULL;
    while (!rc && (errno = 0, e = fts_read(tree))) rc = add_entry(w, tree, e);
    if (!rc && errno) rc = errno == ENOMEM ? ND_ENOMEM : add_errno(w, path, errno);
    fts_close(tree);
    return rc;
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
