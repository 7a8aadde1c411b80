/* Some items rendered again: with the other medium's noise changed the bytes are those of the file,
 * with its own noise changed they are not. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "synth/audit.h"

enum { N_SAMPLES = 3 };

static uint64_t hash_of(const char *path)
{
    uint64_t hash = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && nd_file_hash(&hash, fd, NULL)) hash = 0;
    if (fd >= 0) close(fd);
    return hash;
}

/* Render one item into a scratch folder and hash it.
 * @param music_change, video_change  added to the seeds */
static int render_hash(uint64_t *out, const nd_audit *a, const char *scratch, bool is_video,
                       int item, uint64_t music_change, uint64_t video_change, nd_diag *diag)
{
    nd_script changed = a->script;
    changed.params.music_seed += music_change;
    changed.params.video_seed += video_change;
    char *name = is_video ? nd_made_video_name(&changed, item) : nd_made_track_name(&changed, item);
    char *path = name ? nd_path_join(scratch, nd_path_name(name)) : NULL;
    int rc = !path      ? nd_diag_set(diag, ND_ENOMEM, "rendering again: out of memory")
             : is_video ? nd_made_video_render(path, &changed, item, diag)
                        : nd_made_track_render(path, &changed, item, diag);
    if (!rc) *out = hash_of(path);
    if (path) unlink(path);
    free(path);
    free(name);
    return rc;
}

typedef struct tally {
    int n_same, n_changed, n;
} tally;

static int try_item(tally *t, const nd_audit *a, const char *scratch, bool is_video, int item,
                    nd_diag *diag)
{
    uint64_t kept = 0, own = 0;
    uint64_t file = a->hashes[is_video ? item : a->script.n_videos + item];
    int rc = render_hash(&kept, a, scratch, is_video, item, is_video, !is_video, diag);
    if (!rc) rc = render_hash(&own, a, scratch, is_video, item, !is_video, is_video, diag);
    if (rc) return rc;
    t->n++;
    t->n_same += kept == file;
    t->n_changed += own != file;
    return 0;
}

static int report(nd_audit *a, const char *name, const tally *t, const char *other)
{
    char found[128];
    snprintf(found, sizeof found,
             "%d of %d rendered again with other %s noise are the file; %d change with their own",
             t->n_same, t->n, other, t->n_changed);
    return nd_audit_add(a, name, t->n_same == t->n && t->n_changed == t->n, found, NULL);
}

int nd_audit_again(nd_audit *a, nd_diag *diag)
{
    const char *base = getenv("TMPDIR");
    char *scratch = nd_path_join(base && *base ? base : "/tmp", "needledrop-audit-XXXXXX");
    tally videos = {0}, tracks = {0};
    if (!scratch) return nd_diag_set(diag, ND_ENOMEM, "rendering again: out of memory");
    int rc = mkdtemp(scratch) ? 0 : nd_diag_errno(diag, "creating", scratch);
    for (int i = 0; i < N_SAMPLES && !rc; i++) {
        int place = (2 * i + 1) * 997;
        rc = try_item(&videos, a, scratch, true, place % a->script.n_videos, diag);
        if (!rc) rc = try_item(&tracks, a, scratch, false, place % a->script.n_tracks, diag);
        if (!rc)
            rc = nd_progress_update(a->progress, "rendering some again", i + 1, N_SAMPLES, NULL);
    }
    rmdir(scratch);
    free(scratch);
    if (!rc) rc = report(a, "videos_do_not_know_the_music", &videos, "music");
    if (!rc) rc = report(a, "music_does_not_know_the_videos", &tracks, "video");
    if (rc && diag && !diag->code) nd_diag_set(diag, rc, "auditing: %s", nd_error_text(rc));
    return rc;
}
