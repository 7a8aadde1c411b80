/* A video of the made world: its shots, planned and then filmed. */
#ifndef ND_SYNTH_CORPUS_FILM_H
#define ND_SYNTH_CORPUS_FILM_H

#include "synth/corpus.h"

enum { ND_MADE_SHOTS = 96 };

typedef struct nd_made_shot {
    double start_s;
    int clip;        /* of the script */
    double rate, at; /* the scene's seconds a second, and where it begins */
    nd_scene scene;
} nd_made_shot;

/** What a camera does to what it sees: none of it has to do with the script. */
typedef struct nd_made_camera {
    float noise, flicker, shake_px; /* of 255, of 1 */
    double on_since_s;              /* before the film begins */
    int bars_px;                    /* black, above and below; 0: none */
    bool has_mark;
    int mark_x, mark_y, mark_px;
    uint8_t mark[3];
    bool is_hidden[ND_SCRIPT_CLIPS]; /* something passes before the lens */
    uint64_t state;                  /* of the noise */
} nd_made_camera;

typedef struct nd_made_film {
    int width, height, n_frames, n_shots, quality;
    double fps;
    float *texture;
    const nd_script_video *video;
    nd_made_shot *shots; /* [ND_MADE_SHOTS] */
    nd_made_camera camera;
    nd_canvas canvas;
    uint8_t *rgb; /* [height][width][3] */
} nd_made_film;

/** Plan a video's shots and make what filming needs.
 *  @return 0 or ND_ENOMEM; nd_made_film_deinit frees it, half-built too */
int nd_made_film_plan(nd_made_film *film, const nd_script *script, int video);
void nd_made_film_deinit(nd_made_film *film);

/** Paint a frame into film->rgb. Call in order: the noise goes on from frame to frame. */
void nd_made_film_paint(nd_made_film *film, int frame);

/** Let the camera spoil a painted picture. @param clip  on show */
void nd_made_camera_spoil(nd_made_camera *camera, uint8_t *rgb, int width, int height, int clip,
                          double time_s);

/** Choose the camera. @param film  its size is known */
void nd_made_camera_choose(nd_made_film *film, nd_rng *rng);

#endif
