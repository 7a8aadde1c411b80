/* Folders of media: files named like them. */
#include <string.h>
#include <sys/stat.h>

#include "base/walk.h"
#include "learn/corpus_internal.h"

static const char *const video_endings[] = {
    "3g2", "3gp",   "asf", "avi",  "divx", "f4v",  "flv",  "gif", "m2ts", "m2v",
    "m4v", "mjpeg", "mkv", "mov",  "mp4",  "mpeg", "mpg",  "mts", "mxf",  "nut",
    "ogv", "qt",    "rm",  "rmvb", "ts",   "vob",  "webm", "wmv", "y4m",
};

int nd__named_like(const char *path)
{
    if (nd_path_ends_in(path, video_endings, ND_COUNT(video_endings))) return ND_VIDEO;
    return nd_path_names_audio(path) ? ND_MUSIC : 0;
}

typedef struct {
    nd__texts *out;
    nd_corpus_draft *draft;
    int media;
} walk;

static int visit_file(void *user, const char *path, const struct stat *info)
{
    const walk *w = user;
    if (!(nd__named_like(path) & w->media)) return 0;
    if (!S_ISREG(info->st_mode))
        return nd__draft_fail(w->draft, &w->draft->failures, path, "not a regular file");
    const char *copy = nd__arena_text(&w->draft->texts, path, strlen(path));
    return copy ? nd__texts_add(w->out, copy) : ND_ENOMEM;
}

static int visit_problem(void *user, const char *path, int error, bool is_link)
{
    const walk *w = user;
    if (is_link && !(nd__named_like(path) & w->media)) return 0;
    return nd__draft_fail(w->draft, &w->draft->failures, path, "%s", strerror(error));
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
    nd_visitor visitor = {visit_file, visit_problem, NULL, &w};
    rc = tidy ? nd_folder_walk(tidy, &visitor) : ND_ENOMEM;
    nd__texts_sort(out);
    if (rc == ND_ENOMEM) nd_diag_set(diag, rc, "looking for media in %s: out of memory", dir);
    return rc;
}
