/* Walks folders with fts(3), which is safe against names of any bytes and needs no more memory than
 * the deepest folder. Links to folders are not followed: a link to "/" in a music folder (Wine
 * makes such) would lead through the machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <strings.h>

#include "base/walk.h"

/* ---- endings ----------------------------------------------------------------- */

static const char *const audio_endings[] = {
    "aac", "ac3",  "aif",  "aifc", "aiff", "alac", "amr", "ape",  "au",   "caf", "dff", "dsf",
    "dts", "eac3", "flac", "m4a",  "m4b",  "mka",  "mp2", "mp3",  "mpc",  "oga", "ogg", "opus",
    "ra",  "snd",  "spx",  "tta",  "voc",  "w64",  "wav", "wave", "weba", "wma", "wv",
};

bool nd_path_ends_in(const char *path, const char *const *endings, size_t n)
{
    const char *dot = strrchr(nd_path_name(path), '.');
    for (size_t i = 0; dot && i < n; i++)
        if (!strcasecmp(dot + 1, endings[i])) return true;
    return false;
}

bool nd_path_names_audio(const char *path)
{
    return nd_path_ends_in(path, audio_endings, ND_COUNT(audio_endings));
}

/* ---- folders ----------------------------------------------------------------- */

static int visit_link(const nd_visitor *v, const char *path)
{
    struct stat info;
    if (stat(path, &info)) return v->problem(v->user, path, errno, true);
    if (!S_ISDIR(info.st_mode)) return v->file(v->user, path, &info);
    return v->folder_link ? v->folder_link(v->user, path) : 0;
}

static int visit(const nd_visitor *v, FTS *tree, FTSENT *e)
{
    if (e->fts_level > 0 && e->fts_name[0] == '.' && e->fts_info != FTS_DP) {
        fts_set(tree, e, FTS_SKIP);
        return 0;
    }
    switch (e->fts_info) {
    case FTS_F:
    case FTS_DEFAULT: return v->file(v->user, e->fts_path, e->fts_statp);
    case FTS_SL:
    case FTS_SLNONE: return visit_link(v, e->fts_path);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        if (e->fts_info != FTS_DNR && e->fts_errno == ENOENT && e->fts_level > 0) return 0;
        return v->problem(v->user, e->fts_path, e->fts_errno, false);
    default: return 0;
    }
}

/* The walk itself came to an end that it should not. */
static int visit_error(const nd_visitor *v, const char *dir, int error)
{
    return error == ENOMEM ? ND_ENOMEM : v->problem(v->user, dir, error, false);
}

int nd_folder_walk(const char *dir, const nd_visitor *v)
{
    char *const roots[] = {(char *)dir, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, NULL);
    if (!tree) return visit_error(v, dir, errno);
    int rc = 0;
    FTSENT *e = NULL;
    while (!rc && (errno = 0, e = fts_read(tree))) rc = visit(v, tree, e);
    if (!rc && errno) rc = visit_error(v, dir, errno);
    fts_close(tree);
    return rc;
}
