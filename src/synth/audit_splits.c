/* Controls on the whole corpus: what lies in which split, time stamps, the lists. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "synth/audit.h"

/* ---- hashes ------------------------------------------------------------------------------ */

typedef struct hashing {
    nd_audit *a;
    pthread_mutex_t lock;
    int64_t n_done;
} hashing;

static int hash_item(void *user, int64_t i)
{
    hashing *h = user;
    nd_audit *a = h->a;
    int n_videos = a->script.n_videos;
    char *path = i < n_videos ? nd_audit_video_path(a, (int)i)
                              : nd_audit_track_path(a, (int)i - n_videos);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        if (nd_file_hash(&a->hashes[i], fd, NULL)) a->hashes[i] = 0;
        close(fd);
    }
    free(path);
    pthread_mutex_lock(&h->lock);
    int rc = nd_progress_update(a->progress, "reading every file", ++h->n_done,
                                (int64_t)n_videos + a->script.n_tracks, NULL);
    pthread_mutex_unlock(&h->lock);
    return path ? rc : ND_ENOMEM;
}

static int hash_files(nd_audit *a, nd_diag *diag)
{
    int64_t n = (int64_t)a->script.n_videos + a->script.n_tracks;
    hashing h = {.a = a, .lock = PTHREAD_MUTEX_INITIALIZER};
    a->hashes = nd_calloc((size_t)n, sizeof *a->hashes);
    int rc = a->hashes ? nd_parallel(n, a->n_threads, hash_item, &h) : ND_ENOMEM;
    pthread_mutex_destroy(&h.lock);
    return rc ? nd_diag_set(diag, rc, "auditing %s: %s", a->dir, nd_error_text(rc)) : 0;
}

static int check_readable(nd_audit *a)
{
    int n = a->script.n_videos + a->script.n_tracks, n_missing = 0;
    char found[64];
    for (int i = 0; i < n; i++) n_missing += a->hashes[i] == 0;
    snprintf(found, sizeof found, "%d of %d files cannot be read", n_missing, n);
    return nd_audit_add(a, "every_file_is_there", n_missing == 0, found, NULL);
}

/* ---- splits ------------------------------------------------------------------------------ */

typedef struct place {
    uint64_t hash;
    int split;
} place;

static int compare_places(const void *a, const void *b)
{
    const place *p = a, *q = b;
    return p->hash != q->hash ? (p->hash < q->hash ? -1 : 1) : p->split - q->split;
}

/* Same bytes in two splits, of videos or of music. */
static int check_hashes(nd_audit *a)
{
    const nd_script *s = &a->script;
    size_t n = 0;
    place *places = nd_calloc(2 * (size_t)a->n_pairs + (size_t)s->n_tracks, sizeof *places);
    if (!places) return ND_ENOMEM;
    for (int i = 0; i < a->n_pairs; i++) {
        const nd_audit_pair *p = &a->pairs[i];
        places[n++] = (place){a->hashes[p->video], p->split};
        places[n++] = (place){a->hashes[s->n_videos + p->track], p->split};
    }
    for (int t = 0; t < s->n_tracks; t++)
        if (!s->tracks[t].n_videos)
            places[n++] = (place){a->hashes[s->n_videos + t], s->tracks[t].split};
    qsort(places, n, sizeof *places, compare_places);
    int n_leaks = 0;
    for (size_t i = 1; i < n; i++)
        n_leaks += places[i].hash && places[i].hash == places[i - 1].hash &&
                   places[i].split != places[i - 1].split;
    free(places);
    char found[64];
    snprintf(found, sizeof found, "%d files with the same bytes in two splits", n_leaks);
    return nd_audit_add(a, "splits_by_bytes", n_leaks == 0, found, NULL);
}

static int check_tracks(nd_audit *a)
{
    const nd_script *s = &a->script;
    int n_leaks = 0, n_families = 0;
    uint8_t *seen = nd_calloc((size_t)s->n_tracks, 1);
    if (!seen) return ND_ENOMEM;
    for (int i = 0; i < a->n_pairs; i++) {
        const nd_audit_pair *p = &a->pairs[i];
        seen[p->track] |= (uint8_t)(1 << p->split);
        n_families += s->tracks[p->track].family >= 0 && p->split != ND_IN_TEST;
    }
    for (int t = 0; t < s->n_tracks; t++) n_leaks += (seen[t] & (seen[t] - 1)) != 0;
    free(seen);
    char found[64];
    snprintf(found, sizeof found, "%d tracks in two splits", n_leaks);
    int rc = nd_audit_add(a, "splits_by_track", n_leaks == 0, found, NULL);
    snprintf(found, sizeof found, "%d pairs of a test family outside the test part", n_families);
    return rc ? rc : nd_audit_add(a, "splits_by_family", n_families == 0, found, NULL);
}

/* In how many of the first seven clips concept and pulse differ. */
static int distance(const nd_script_track *a, const nd_script_track *b)
{
    int n = 0;
    for (int k = 0; k < ND_BAG_CLIPS; k++)
        n += a->concepts[k] != b->concepts[k] || a->pulses[k] != b->pulses[k];
    return n;
}

static int check_scripts(nd_audit *a)
{
    const nd_script *s = &a->script;
    int nearest = ND_BAG_CLIPS, n_members = s->params.n_families * ND_FAMILY_TRACKS;
    for (int i = 0; i < n_members; i++)
        for (int j = n_members; j < s->n_tracks; j++)
            nearest = ND_MIN(nearest, distance(&s->tracks[i], &s->tracks[j]));
    char found[128];
    snprintf(found, sizeof found, "the nearest heard in training differs in %d of 7 clips%s",
             nearest, s->params.is_blank ? ", as a world without a script has it" : "");
    bool is_good = s->params.is_blank ? nearest == 0 : nearest >= 2;
    return nd_audit_add(a, "no_test_script_in_training", is_good, found, NULL);
}

/* ---- lists and stamps -------------------------------------------------------------------- */

static int check_times(nd_audit *a)
{
    const nd_script *s = &a->script;
    int64_t first = 0, n_other = 0;
    for (int i = 0; i < s->n_videos + s->n_tracks; i++) {
        struct stat st;
        char *path = i < s->n_videos ? nd_audit_video_path(a, i)
                                     : nd_audit_track_path(a, i - s->n_videos);
        if (!path) return ND_ENOMEM;
        int64_t at = stat(path, &st) ? first
                                     : (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        if (i == 0) first = at;
        n_other += at != first;
        free(path);
    }
    char found[64];
    snprintf(found, sizeof found, "%lld files with another time than the first",
             (long long)n_other);
    return nd_audit_add(a, "one_time_stamp", n_other == 0, found, NULL);
}

static int check_lists(nd_audit *a)
{
    int n_tagged = 0, n_wrong = 0;
    const nd_script *s = &a->script;
    for (int i = 0; i < a->n_pairs; i++) {
        n_tagged += a->pairs[i].split == ND_IN_TEST && a->pairs[i].has_tags;
        n_wrong += s->videos[a->pairs[i].video].track != a->pairs[i].track;
    }
    n_wrong += abs(s->n_videos - a->n_pairs);
    char found[96];
    snprintf(found, sizeof found, "truth.json %s what its seed gives; %d pairs are not its",
             a->is_truth_same ? "is" : "is not", n_wrong);
    int rc = nd_audit_add(a, "lists_as_made", a->is_truth_same && !n_wrong, found, NULL);
    snprintf(found, sizeof found, "%d test pairs with tags in corpus.jsonl", n_tagged);
    return rc ? rc : nd_audit_add(a, "test_tags_apart", n_tagged == 0, found, NULL);
}

int nd_audit_splits(nd_audit *a, nd_diag *diag)
{
    int rc = hash_files(a, diag);
    if (rc) return rc;
    if ((rc = check_lists(a)) || (rc = check_readable(a)) || (rc = check_tracks(a)) ||
        (rc = check_hashes(a)) || (rc = check_scripts(a)) || (rc = check_times(a)))
        nd_diag_set(diag, rc, "auditing %s: out of memory", a->dir);
    return rc;
}
