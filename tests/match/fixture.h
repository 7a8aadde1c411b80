/* What the match tests share: a folder of their own, files of known content, an
 * analyser that reads them as text. */
#ifndef ND_TESTS_MATCH_FIXTURE_H
#define ND_TESTS_MATCH_FIXTURE_H

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "../test.h"
#include "match/library.h"

static char fixture_root[64];

static inline void fixture_remove(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", fixture_root);
    if (*fixture_root && system(command)) perror(command);
}

/* An empty folder, removed at exit. */
static inline void fixture_start(void)
{
    strcpy(fixture_root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(fixture_root)) exit(1);
    atexit(fixture_remove);
}

/* "root/name" in one of eight buffers in turn. */
static inline const char *fixture_path(const char *name)
{
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", fixture_root, name);
    return path;
}

/* Times differ by a second from one write to the next, whatever the clock. */
static inline void fixture_set_time(const char *path)
{
    static time_t now = 1000000000;
    now++;
    struct timespec times[2] = {{.tv_sec = now}, {.tv_sec = now}};
    utimensat(AT_FDCWD, path, times, 0);
}

static inline const char *fixture_write(const char *name, const char *text)
{
    const char *path = fixture_path(name);
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file)) {
        perror(path);
        exit(1);
    }
    fixture_set_time(path);
    return path;
}

static inline const char *fixture_mkdir(const char *name)
{
    const char *path = fixture_path(name);
    if (mkdir(path, 0755)) exit(1);
    return path;
}

static inline nd_description *fixture_description(double tempo_bpm, int key, int is_minor,
                                                  double duration_s, const char *genre)
{
    static const float onset[] = {0, 0.5f, 1};
    static const int32_t beats[] = {3, 4};
    nd_description *d = nd_calloc(1, sizeof *d);
    d->medium = ND_MUSIC;
    d->analysed_s = d->info.duration_s = duration_s;
    d->info.has_audio = true;
    d->info.rate_hz = 44100;
    d->info.n_channels = 2;
    strcpy(d->info.container, "ogg");
    strcpy(d->info.title, "Title \xC3\xA9");
    snprintf(d->info.genre, sizeof d->info.genre, "%s", genre);
    int32_t values[] = {key, is_minor, 4};
    nd_array *a = nd_description_add(d, "key", ND_I32, 0, NULL);
    a->i32[0] = values[0];
    a = nd_description_add(d, "key_is_minor", ND_I32, 0, NULL);
    a->i32[0] = values[1];
    a = nd_description_add(d, "metre", ND_I32, 0, NULL);
    a->i32[0] = values[2];
    nd_description_add_scalar(d, "tempo_bpm", tempo_bpm);
    nd_description_add_scalar(d, "integrated_lufs", -14);
    nd_description_add_f32(d, "onset", onset, 3);
    nd_description_add_i32(d, "clip_n_beats", beats, 2);
    nd_description_add(d, "clip_rhythm_class", ND_I32, 2, (const int64_t[]){2, 3});
    nd_description_add_f32(d, "beats_s", NULL, 0);
    return d;
}

typedef struct fixture_analyser {
    atomic_int n_calls;
    int sleep_ms;
    void (*on_call)(const char *path); /* before the file is read; may be NULL */
} fixture_analyser;

/* A file says "TEMPO KEY IS_MINOR SECONDS GENRE", or what is wrong with it. */
static inline int fixture_analyse(nd_description **out, void *user, const char *path,
                                  const nd_log *log, nd_diag *diag)
{
    (void)log;
    fixture_analyser *a = user;
    atomic_fetch_add(&a->n_calls, 1);
    if (a->on_call) a->on_call(path);
    if (a->sleep_ms) usleep((useconds_t)a->sleep_ms * 1000);
    nd_bytes text = {0};
    int rc = nd_file_read(&text, path, 4096, diag);
    if (rc) return rc;
    double tempo = 0, seconds = 0;
    int key = 0, is_minor = 0;
    char genre[64] = "";
    nd_bytes_append(&text, "", 1);
    int n = sscanf((char *)text.data, "%lf %d %d %lf %63[^\n]", &tempo, &key, &is_minor, &seconds,
                   genre);
    nd_bytes_deinit(&text);
    if (n < 4) return nd_diag_set(diag, ND_EFORMAT, "reading %s: not media", nd_path_name(path));
    *out = fixture_description(tempo, key, is_minor, seconds, genre);
    return 0;
}

/* Every track and every failure as a line, relative to the root. */
static inline int fixture_list_track(void *user, const nd_track *t)
{
    nd_str *s = user;
    nd_str_append(s, "%s %.4g %d%s", t->path + strlen(fixture_root) + 1, t->tempo_bpm, t->key,
                  t->is_minor > 0 ? "m" : "");
    for (int i = 0; t->tags[i]; i++) nd_str_append(s, " %s", t->tags[i]);
    nd_str_append(s, "\n");
    return 0;
}

static inline int fixture_list_failure(void *user, const nd_failure *f)
{
    nd_str_append(user, "! %s: %s\n", f->path + strlen(fixture_root) + 1, f->reason);
    return 0;
}

/* @return malloc'ed. */
static inline char *fixture_list(nd_library *lib, const nd_filter *filter)
{
    nd_str s = {0};
    nd_library_each(lib, filter, fixture_list_track, &s, NULL);
    if (!filter) nd_library_each_failure(lib, fixture_list_failure, &s, NULL);
    return nd_str_take(&s);
}

#define CHECK_LIST(name, lib, filter, expected)                                            \
    do {                                                                                   \
        char *list_ = fixture_list(lib, filter);                                           \
        CHECK(name, !strcmp(list_, expected), "found:\n%sexpected:\n%s", list_, expected); \
        free(list_);                                                                       \
    } while (0)

#endif
