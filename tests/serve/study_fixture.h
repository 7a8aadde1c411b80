/* A small study in a folder, made without a model: K systems "one", "two", .. whose version of each
 * video is a colour and a tone of its own. */
#ifndef ND_TESTS_SERVE_STUDY_FIXTURE_H
#define ND_TESTS_SERVE_STUDY_FIXTURE_H

#include "../test.h"
#include "encode/encode.h"
#include "serve/study.h"

static const char *const fixture_names[ND_STUDY_MAX_SYSTEMS] = {"one",  "two",  "three",
                                                                "four", "five", "six"};

/** Four seconds of a colour and a tone as WebM; text of its name where has_media is false. */
static inline int fixture_media(const nd__study *s, const char *file, int hue, bool has_media)
{
    enum { W = 64, H = 36, FPS = 25, RATE = 48000, SECONDS = 4 };
    char *path = nd__study_media_path(s, file);
    static uint8_t picture[W * H * 3];
    static float sound[RATE * SECONDS];
    nd_writer *w = NULL;
    int rc = has_media ? 0 : nd_file_write(path, file, strlen(file), NULL);
    for (int i = 0; i < W * H; i++) memcpy(picture + 3 * i, (uint8_t[]){40, 40 * hue, 90}, 3);
    for (int i = 0; i < RATE * SECONDS; i++)
        sound[i] = (float)(0.1 * sin(2 * M_PI * 220 * hue * i / RATE));
    if (has_media)
        rc = nd_writer_open(
            &w, path,
            &(nd_writer_params){
                .width = W, .height = H, .fps = FPS, .quality = 20, .rate_hz = RATE},
            NULL);
    for (int i = 0; i < FPS * SECONDS && w && !rc; i++) rc = nd_writer_add_frame(w, picture, NULL);
    if (w && !rc) rc = nd_writer_add_samples(w, sound, RATE * SECONDS, NULL);
    if (w) rc = rc ? rc : nd_writer_close(&w, NULL);
    free(path);
    return rc;
}

static inline int fixture_video(nd__study *s, int video, int k, bool has_media)
{
    char name[32], file[ND__STUDY_NAME_BYTES];
    snprintf(name, sizeof name, "video-%d.mp4", video);
    int rc = nd_db_run(
        s->db, NULL, "INSERT INTO videos (path, length_s, lufs, n_versions) VALUES (?, 4, -16, ?)",
        "ti", name, (int64_t)k);
    int64_t id = nd_db_last_id(s->db);
    for (int i = 0; i < k && !rc; i++) {
        char code[ND_STUDY_CODE_BYTES];
        rc = nd__study_random_code(code, NULL);
        snprintf(file, sizeof file, "%s.webm", code);
        if (!rc)
            rc = nd_db_run(s->db, NULL,
                           "INSERT INTO versions (video, file, systems) VALUES (?, ?, ?)", "iti",
                           id, file, (int64_t)1 << i);
        int64_t version = nd_db_last_id(s->db);
        if (!rc)
            rc = nd_db_run(s->db, NULL, "INSERT INTO choices VALUES (?, ?, ?, 'a.ogg', 0, 1)",
                           "iii", id, (int64_t)i, version);
        if (!rc) rc = fixture_media(s, file, i + 1, has_media);
    }
    return rc;
}

/** Make it, and leave it open. @return 0 or what failed */
static inline int fixture_make(nd__study *s, const char *folder, int k, int n_videos,
                               double listen_s, bool has_media)
{
    nd_diag diag = {0};
    int rc = nd__study_open(s, folder, true, &diag);
    for (int i = 0; i < k && !rc; i++)
        rc = nd_db_run(s->db, &diag, "INSERT INTO systems VALUES (?, ?, 'a.nd', 'default')", "it",
                       (int64_t)i, fixture_names[i]);
    if (!rc)
        rc = nd_db_run(s->db, &diag, "INSERT INTO settings VALUES ('seed', 5), ('listen_s', ?)",
                       "d", listen_s);
    for (int v = 0; v < n_videos && !rc; v++) rc = fixture_video(s, v, k, has_media);
    s->seed = 5;
    s->listen_s = listen_s;
    if (rc) printf("FAIL making a study: %d, %s\n", rc, diag.text);
    return rc;
}

/** A folder to be removed at the end. */
static char fixture_root[] = "/tmp/needledrop-study-XXXXXX";

static inline void fixture_remove(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", fixture_root);
    if (system(command)) printf("%s stays\n", fixture_root);
}

static inline const char *fixture_folder(char out[64], const char *name)
{
    snprintf(out, 64, "%s/%s", fixture_root, name);
    return out;
}

#endif
