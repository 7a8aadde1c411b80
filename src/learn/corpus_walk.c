/* Folders of media walked with fts(3), as match does: names of any bytes, links to folders not
 * followed, so that no loop can be. */
#define _GNU_SOURCE
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "learn/corpus_internal.h"

static const char *const video_endings[] = {
    "3g2", "3gp",   "asf", "avi",  "divx", "f4v",  "flv",  "gif", "m2ts", "m2v",
    "m4v", "mjpeg", "mkv", "mov",  "mp4",  "mpeg", "mpg",  "mts", "mxf",  "nut",
    "ogv", "qt",    "rm",  "rmvb", "ts",   "vob",  "webm", "wmv", "y4m",
};
static const char *const music_endings[] = {
    "aac", "ac3",  "aif",  "aifc", "aiff", "alac", "amr", "ape",  "au",   "caf", "dff", "dsf",
    "dts", "eac3", "flac", "m4a",  "m4b",  "mka",  "mp2", "mp3",  "mpc",  "oga", "ogg", "opus",
    "ra",  "snd",  "spx",  "tta",  "voc",  "w64",  "wav", "wave", "weba", "wma", "wv",
};

int nd__named_like(const char *path)
{
    const char *dot = strrchr(nd_path_name(path), '.');
    if (!dot) return 0;
    for (size_t i = 0; i < ND_COUNT(video_endings); i++)
        if (!strcasecmp(dot + 1, video_endings[i])) return ND_VIDEO;
    for (size_t i = 0; i < ND_COUNT(music_endings); i++)
        if (!strcasecmp(dot + 1, music_endings[i])) return ND_MUSIC;
    return 0;
}

typedef struct {
    nd__texts *out;
    nd_corpus_draft *draft;
    int media;
} walk;

static int add_file(walk *w, const char *path, const struct stat *info)
{
    if (!(nd__named_like(path) & w->media)) return 0;
    if (!S_ISREG(info->st_mode))
        return nd__draft_fail(w->draft, &w->draft->failures, path, "not a regular file");
    const char *copy = nd__arena_text(&w->draft->texts, path, strlen(path));
    return copy ? nd__texts_add(w->out, copy) : ND_ENOMEM;
}

static int add_link(walk *w, const char *path)
{
    struct stat info;
    if (!stat(path, &info)) return S_ISDIR(info.st_mode) ? 0 : add_file(w, path, &info);
    if (!(nd__named_like(path) & w->media)) return 0;
    return nd__draft_fail(w->draft, &w->draft->failures, path, "%s", strerror(errno));
}

static int add_entry(walk *w, FTS *tree, FTSENT *e)
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
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return nd__draft_fail(w->draft, &w->draft->failures, e->fts_path, "%s",
                              strerror(e->fts_errno));
    default: return 0;
    }
}

static int check_folder(const char *dir, nd_diag *diag)
{
    struct stat info;
    if (stat(dir, &info)) return nd_diag_errno(diag, "looking for media in", dir);
    if (S_ISDIR(info.st_mode)) return 0;
    return nd_diag_set(diag, ND_EIO, "looking for media in %s: a folder expected", dir);
}

int nd__walk_media(nd__texts *out, nd_corpus_draft *d, const char *dir, int media, nd_diag *diag)
{
    walk w = {out, d, media};
    int rc = check_folder(dir, diag);
    if (rc) return rc;
    char *tidy = nd__arena_path(&d->texts, "", dir);
    char *const roots[] = {tidy, NULL};
    FTS *tree = tidy ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, NULL) : NULL;
    if (!tree) return nd_diag_set(diag, ND_ENOMEM, "looking for media in %s: out of memory", dir);
    FTSENT *e = NULL;
    while (!rc && (errno = 0, e = fts_read(tree))) rc = add_entry(&w, tree, e);
    if (!rc && errno) rc = nd_diag_errno(diag, "looking for media in", dir);
    fts_close(tree);
    nd__texts_sort(out);
    if (rc == ND_ENOMEM) nd_diag_set(diag, rc, "looking for media in %s: out of memory", dir);
    return rc;
}
