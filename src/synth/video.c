/* A video: a film written to its file, and what is true of it. */
#include "base/json.h"
#include "encode/encode.h"
#include "synth/film.h"
#include "synth/truth.h"

/* Streams apart from those of the tracks. */
enum { FILM_PURPOSE = 101, NAME_PURPOSE, LENGTH_PURPOSE, MOOD_PURPOSE };

static int shot_frames(const nd_film *film, int s)
{
    int end = s + 1 < film->n_shots ? film->shots[s + 1].first_frame : film->n_frames;
    return end - film->shots[s].first_frame;
}

static json_t *look_of(float brightness, float warmth, float saturation)
{
    return json_pack("{s:o, s:o, s:o}", "brightness", nd_json_number((double)brightness, 3),
                     "warmth", nd_json_number((double)warmth, 3), "saturation",
                     nd_json_number((double)saturation, 3));
}

static json_t *shots_of(const nd_film *film)
{
    json_t *list = json_array();
    for (int s = 0; list && s < film->n_shots; s++) {
        const nd_shot *shot = &film->shots[s];
        json_t *item = json_pack("{s:o, s:s, s:o, s:o}", "start_s",
                                 nd_json_number(shot->first_frame / film->fps, 4), "scene",
                                 shot->scene.kind->name, "motion_widths_s",
                                 nd_json_number((double)shot->motion, 4), "palette",
                                 look_of(shot->brightness, shot->warmth, shot->saturation));
        if (json_array_append_new(list, item)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *cuts_of(const nd_film *film)
{
    json_t *list = json_array();
    for (int s = 1; list && s < film->n_shots; s++) {
        const nd_shot *shot = &film->shots[s];
        json_t *item = json_pack("{s:o, s:s, s:o}", "time_s",
                                 nd_json_number(shot->first_frame / film->fps, 4), "kind",
                                 nd_join_names[shot->join], "length_s",
                                 nd_json_number(shot->join_frames / film->fps, 4));
        if (json_array_append_new(list, item)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *tell(const nd_film *film, const char *file, const char *title)
{
    float motion = 0, brightness = 0, warmth = 0, saturation = 0;
    for (int s = 0; s < film->n_shots; s++) {
        const nd_shot *shot = &film->shots[s];
        float share = (float)shot_frames(film, s) / (float)film->n_frames;
        motion += share * shot->motion;
        brightness += share * shot->brightness;
        warmth += share * shot->warmth;
        saturation += share * shot->saturation;
    }
    bool sync = film->sync_bpm > 0;
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "file",
                     file, "title", title, "mood", nd_mood_names[film->mood], "duration_s",
                     nd_json_number(film->n_frames / film->fps, 4), "fps",
                     nd_json_number(film->fps, 3), "width", film->width, "height", film->height,
                     "motion_widths_s", nd_json_number((double)motion, 4), "palette",
                     look_of(brightness, warmth, saturation), "sync_bpm",
                     sync ? nd_json_number(film->sync_bpm, 2) : json_null(), "sync_offset_s",
                     sync ? nd_json_number(film->sync_offset_s, 4) : json_null(), "cuts",
                     cuts_of(film), "shots", shots_of(film));
}

typedef struct reel {
    nd_writer *writer;
    nd_diag *diag;
} reel;

static int write_frame(void *user, const uint8_t *rgb)
{
    reel *r = user;
    return nd_writer_add_frame(r->writer, rgb, r->diag);
}

static int write_film(const char *path, nd_film *film, const char *title, nd_diag *diag)
{
    nd_writer_params params = {.width = film->width,
                               .height = film->height,
                               .fps = film->fps,
                               .quality = 4,
                               .title = title};
    reel r = {.diag = diag};
    int rc = nd_writer_open(&r.writer, path, &params, diag);
    if (!rc) rc = nd_film_render(film, write_frame, &r);
    if (!rc) return nd_writer_close(&r.writer, diag);
    nd_writer_abort(&r.writer);
    return rc;
}

int nd_synth_video(json_t **truth_out, const char *folder, uint64_t seed, int64_t index,
                   double mean_length_s, nd_diag *diag)
{
    nd_film film = {0};
    nd_mood mood = nd_mood_of(nd_item_seed(seed, 0, MOOD_PURPOSE), index);
    char title[ND_NAME_BYTES];
    nd_name_video(title, (int)mood, nd_item_seed(seed, index, NAME_PURPOSE));
    nd_rng rng;
    nd_rng_init(&rng, nd_item_seed(seed, index, LENGTH_PURPOSE), 0);
    double length_s = mean_length_s * nd_rng_uniform(&rng, .85, 1.15);
    char *name = nd_name_file(index, title, ".mp4");
    char *path = name ? nd_path_join(folder, name) : NULL;
    char *file = name ? nd_path_join("video", name) : NULL;
    json_t *truth = NULL;
    double bpm = 0;
    int rc = path && file ? nd_synth_tempo(&bpm, seed, index / ND_N_MOODS, (int)mood) : ND_ENOMEM;
    if (!rc) rc = nd_film_plan(&film, mood, length_s, bpm, nd_item_seed(seed, index, FILM_PURPOSE));
    if (!rc) rc = write_film(path, &film, title, diag);
    if (!rc && !(truth = tell(&film, file, title))) rc = ND_ENOMEM;
    if (rc == ND_ENOMEM) nd_diag_set(diag, rc, "making a video in %s: out of memory", folder);
    if (!rc) *truth_out = truth;
    nd_film_deinit(&film);
    free(file);
    free(path);
    free(name);
    return rc;
}
