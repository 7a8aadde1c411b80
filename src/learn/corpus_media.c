/* Media files asked what they are: bytes hashed, containers read, music heard. In parallel, each
 * in a worker process of its own; a file that fails does so alone. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "describe/describe.h"
#include "learn/corpus_internal.h"

/* What is heard of a piece at most: enough to know it again. */
#define MAX_HEARD_S 600.0

typedef struct {
    nd__media *media;
    int n;
    const nd_corpus_params *params;
    const char *what;      /* the work */
    pthread_mutex_t mutex; /* of log, and of progress and what is below */
    nd_log log;
    int n_done;
} reading;

static void write_log(void *user, nd_log_level level, const char *text)
{
    reading *r = user;
    pthread_mutex_lock(&r->mutex);
    r->params->log->write(r->params->log->user, level, text);
    pthread_mutex_unlock(&r->mutex);
}

static int hash_bytes(nd__media *m, nd_diag *why)
{
    struct stat info;
    int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return nd_diag_errno(why, "opening", m->path);
    int rc = 0;
    if (fstat(fd, &info)) rc = nd_diag_errno(why, "opening", m->path);
    else if (!S_ISREG(info.st_mode))
        rc = nd_diag_set(why, ND_EIO, "opening %s: a regular file expected", m->path);
    if (!rc) rc = nd_file_hash(&m->hash, fd, why);
    if (!rc) m->size_bytes = info.st_size;
    close(fd);
    return rc;
}

/* A clip is 4 s and takes more than 2. */
static int check_length(double length_s, nd_diag *why)
{
    if (length_s <= 0 || nd_clip_count(length_s) > 0) return 0;
    return nd_diag_set(why, ND_ESHORT, "too short: %.3g s, more than 2 s expected", length_s);
}

static int describe(nd_description **out, reading *r, const nd__media *m, nd_medium medium,
                    const char *features, nd_diag *why)
{
    nd_describe_params p = {.medium = medium,
                            .features = features,
                            .max_length_s = MAX_HEARD_S,
                            .worker = r->params->worker,
                            .log = &r->log};
    return nd_describe_file(out, m->path, &p, why);
}

static int see(reading *r, nd__media *m, bool *has_sound, nd_diag *why)
{
    nd_description *d = NULL;
    int rc = describe(&d, r, m, ND_VIDEO, "", why);
    if (rc) return rc;
    m->duration_s = d->info.duration_s;
    *has_sound = d->info.has_audio;
    m->tags = nd__tags_of_info(&d->info);
    rc = m->tags ? check_length(m->duration_s, why) : ND_ENOMEM;
    nd_description_destroy(&d);
    return rc;
}

static int hear(reading *r, nd__media *m, nd_diag *why)
{
    bool listens = !r->params->no_listening;
    nd_description *d = NULL;
    int rc = describe(&d, r, m, ND_MUSIC, listens ? "fbank" : "", why);
    if (rc) return rc;
    m->music_s = d->info.duration_s > 0 ? d->info.duration_s : nd_description_analysed_s(d);
    if (!m->is_video) m->duration_s = m->music_s;
    if (!m->tags) m->tags = nd__tags_of_info(&d->info);
    rc = m->tags ? check_length(m->music_s, why) : ND_ENOMEM;
    const nd_array *fbank = nd_description_find(d, "fbank");
    if (!rc && fbank) rc = nd__print_make(&m->print, fbank);
    nd_description_destroy(&d);
    return rc;
}

static int read_media(reading *r, nd__media *m, nd_diag *why)
{
    bool has_sound = true;
    int rc = hash_bytes(m, why);
    if (!rc && m->is_video) rc = see(r, m, &has_sound, why);
    if (!rc && !has_sound && m->is_music) {
        m->is_silent = true;
        return nd_diag_set(why, ND_EEMPTY, "it has no sound");
    }
    if (!rc && m->is_music) rc = hear(r, m, why);
    return rc;
}

static int read_job(void *user, int64_t index)
{
    reading *r = user;
    nd__media *m = &r->media[index];
    nd_diag why = {0};
    int rc = read_media(r, m, &why);
    if (rc == ND_EARG) return rc;
    pthread_mutex_lock(&r->mutex);
    int stop = nd_progress_update(r->params->progress, r->what, ++r->n_done, r->n, m->path);
    pthread_mutex_unlock(&r->mutex);
    if (rc) m->failure = strdup(why.text[0] ? why.text : nd_error_text(rc));
    return rc && !m->failure ? ND_ENOMEM : stop;
}

static int find_worker(const nd_corpus_params *params, nd_diag *diag)
{
    char *program = params->worker ? strdup(params->worker) : nd_worker_find("needledrop-worker");
    int rc = 0;
    if (!program) rc = nd_diag_set(diag, ND_ENOMEM, "looking for the worker: out of memory");
    else if (access(program, X_OK)) rc = nd_diag_errno(diag, "starting the worker", program);
    free(program);
    return rc;
}

int nd__media_read(nd__media *media, int n, const nd_corpus_params *params, nd_diag *diag)
{
    reading r = {.media = media, .n = n, .params = params};
    r.what = params->no_listening ? "reading media" : "reading and hearing media";
    int rc = find_worker(params, diag);
    if (rc) return rc;
    pthread_mutex_init(&r.mutex, NULL);
    if (params->log) r.log = (nd_log){write_log, &r, params->log->level};
    int n_workers = params->n_workers > 0 ? params->n_workers : nd_core_count();
    rc = nd_parallel(n, n_workers, read_job, &r);
    pthread_mutex_destroy(&r.mutex);
    if (rc == ND_ECANCELLED) return nd_diag_set(diag, rc, "%s: stopped on request", r.what);
    return rc ? nd_diag_set(diag, rc, "%s: %s", r.what, nd_error_text(rc)) : 0;
}

void nd__media_deinit(nd__media *media, int n)
{
    for (int i = 0; media && i < n; i++) {
        free(media[i].failure);
        free(media[i].tags);
        nd__print_deinit(&media[i].print);
    }
    free(media);
}

/* ---- what is the same --------------------------------------------------------------- */

static int compare_bytes(const void *items, int a, int b)
{
    const nd__media *p = (const nd__media *)items + a, *q = (const nd__media *)items + b;
    if (p->hash != q->hash) return p->hash < q->hash ? -1 : 1;
    return (p->size_bytes > q->size_bytes) - (p->size_bytes < q->size_bytes);
}

static int join_bytes(int *set, const nd__media *media, int n)
{
    int *first = nd_calloc((size_t)n, sizeof *first);
    int rc = first ? nd__group(first, n, compare_bytes, media) : ND_ENOMEM;
    for (int i = 0; i < n && !rc; i++)
        if (media[i].hash) nd__set_join(set, i, first[i]);
    free(first);
    return rc;
}

static int find_alike(nd__likeness **out, int *n_out, const nd__media *media, int n)
{
    const nd__print **prints = nd_calloc((size_t)n, sizeof *prints);
    if (!prints) return ND_ENOMEM;
    for (int i = 0; i < n; i++) prints[i] = &media[i].print;
    int rc = nd__print_match(out, n_out, prints, n);
    free(prints);
    return rc;
}

int nd__media_sets(int *set_out, const nd__media *media, int n, bool by_sound,
                   nd__likeness **alike_out, int *n_out)
{
    nd__likeness *alike = NULL;
    int n_alike = 0;
    for (int i = 0; i < n; i++) set_out[i] = i;
    int rc = join_bytes(set_out, media, n);
    if (!rc && by_sound) rc = find_alike(&alike, &n_alike, media, n);
    for (int i = 0; i < n_alike; i++) nd__set_join(set_out, alike[i].a, alike[i].b);
    if (alike_out && !rc) {
        *alike_out = alike;
        *n_out = n_alike;
    } else {
        free(alike);
    }
    return rc;
}
