/* nd_synth_media: tracks and videos rendered side by side, and truth.json over them. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/json.h"
#include "needledrop/synth.h"
#include "synth/truth.h"

enum { MAX_ITEMS = 1000000, MAX_LENGTH_S = 1200, MAX_VIDEO_S = 400 };

typedef struct work {
    const nd_synth_media_params *params;
    double music_s, video_s;
    char *music, *video; /* folders */
    json_t **truths;     /* [n_videos + n_tracks]; videos first, they take longest */
    const nd_progress *progress;
    nd_diag *diag;
    pthread_mutex_t lock; /* of what follows, of diag and of progress */
    int64_t n_done;
    bool has_failed;
} work;

static int finish_item(work *w, int rc, const nd_diag *diag, const json_t *truth)
{
    pthread_mutex_lock(&w->lock);
    if (rc && !w->has_failed) {
        w->has_failed = true;
        if (w->diag) *w->diag = *diag;
    }
    if (!rc) {
        int64_t total = (int64_t)w->params->n_tracks + w->params->n_videos;
        rc = nd_progress_update(w->progress, "making media", ++w->n_done, total,
                                json_string_value(json_object_get(truth, "file")));
        if (rc && !w->has_failed) {
            w->has_failed = true;
            nd_diag_set(w->diag, rc, "making media: stopped on request");
        }
    }
    pthread_mutex_unlock(&w->lock);
    return rc;
}

static int render_item(void *user, int64_t i)
{
    work *w = user;
    nd_diag diag = {0};
    int n_videos = w->params->n_videos;
    int rc = i < n_videos
                 ? nd_synth_video(&w->truths[i], w->video, w->params->seed, i, w->video_s, &diag)
                 : nd_synth_track(&w->truths[i], w->music, w->params->seed, i - n_videos,
                                  w->music_s, &diag);
    return finish_item(w, rc, &diag, rc ? NULL : w->truths[i]);
}

static int check_params(const char *dir, const nd_synth_media_params *p, nd_diag *diag)
{
    if (!dir || !p || !*dir)
        return nd_diag_set(diag, ND_EARG, "making media: a folder and parameters expected");
    if (p->n_tracks < 0 || p->n_videos < 0 || p->n_tracks > MAX_ITEMS || p->n_videos > MAX_ITEMS)
        return nd_diag_set(diag, ND_EARG,
                           "making media: 0 to %d tracks and videos expected, not %d and %d",
                           (int)MAX_ITEMS, p->n_tracks, p->n_videos);
    if (!(p->music_s >= 0 && p->music_s <= MAX_LENGTH_S))
        return nd_diag_set(diag, ND_EARG, "making media: music of 0 to %d s expected, not %g",
                           (int)MAX_LENGTH_S, p->music_s);
    if (!(p->video_s >= 0 && p->video_s <= MAX_VIDEO_S))
        return nd_diag_set(diag, ND_EARG, "making media: videos of 0 to %d s expected, not %g",
                           (int)MAX_VIDEO_S, p->video_s);
    if (p->n_threads < 0)
        return nd_diag_set(diag, ND_EARG, "making media: n_threads should not be %d", p->n_threads);
    return 0;
}

/* The array of n truths from `first` on; the references go over. */
static json_t *gather(work *w, int first, int n)
{
    json_t *list = json_array();
    for (int i = first; list && i < first + n; i++) {
        json_t *truth = w->truths[i];
        w->truths[i] = NULL;
        if (json_array_append_new(list, truth)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static int write_truth(work *w, const char *dir)
{
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)w->params->seed);
    int n_videos = w->params->n_videos;
    json_t *truth = json_pack("{s:s, s:s, s:o, s:o}", "format", "needledrop-truth-1", "seed", seed,
                              "tracks", gather(w, n_videos, w->params->n_tracks), "videos",
                              gather(w, 0, n_videos));
    char *text = truth ? json_dumps(truth, ND_JSON_FLAGS | JSON_INDENT(1)) : NULL;
    char *path = nd_path_join(dir, "truth.json");
    int rc = text && path ? nd_file_write(path, text, strlen(text), w->diag)
                          : nd_diag_set(w->diag, ND_ENOMEM, "writing truth.json: out of memory");
    json_decref(truth);
    free(text);
    free(path);
    return rc;
}

int nd_synth_media(const char *dir, const nd_synth_media_params *params,
                   const nd_progress *progress, nd_diag *diag)
{
    int rc = check_params(dir, params, diag);
    if (rc) return rc;
    int64_t n = (int64_t)params->n_tracks + params->n_videos;
    int n_threads = params->n_threads ? params->n_threads : nd_core_count();
    work w = {.params = params,
              .music_s = params->music_s > 0 ? params->music_s : 40,
              .video_s = params->video_s > 0 ? params->video_s : 20,
              .music = nd_path_join(dir, "music"),
              .video = nd_path_join(dir, "video"),
              .truths = nd_calloc((size_t)n, sizeof *w.truths),
              .progress = progress,
              .diag = diag,
              .lock = PTHREAD_MUTEX_INITIALIZER};
    if (!w.music || !w.video || !w.truths)
        rc = nd_diag_set(diag, ND_ENOMEM, "making media: out of memory");
    if (!rc) rc = nd_folder_make(dir, diag);
    if (!rc && params->n_tracks) rc = nd_folder_make(w.music, diag);
    if (!rc && params->n_videos) rc = nd_folder_make(w.video, diag);
    if (!rc) rc = nd_parallel(n, n_threads, render_item, &w);
    if (!rc) rc = write_truth(&w, dir);
    for (int64_t i = 0; w.truths && i < n; i++) json_decref(w.truths[i]);
    pthread_mutex_destroy(&w.lock);
    free(w.truths);
    free(w.music);
    free(w.video);
    return rc;
}
