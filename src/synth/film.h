/* A film: shots and the ways from one to the next, planned first, rendered then. */
#ifndef ND_SYNTH_FILM_H
#define ND_SYNTH_FILM_H

#include "synth/scene.h"
#include "synth/song.h"

enum { ND_MAX_SHOTS = 512 };

typedef enum nd_join { ND_HARD, ND_DISSOLVE, ND_FADE, ND_N_JOINS } nd_join;

extern const char *const nd_join_names[ND_N_JOINS];

typedef struct nd_shot {
    int first_frame; /* of the shot; in the middle of the join that leads to it */
    nd_join join;    /* how it begins; the first shot has none */
    int join_frames; /* length of that join; 0 for a hard cut */
    float speed;     /* planned, frame widths a second */
    nd_scene scene;
    /* measured while rendering, means over the shot's frames */
    float motion, brightness, warmth, saturation;
} nd_shot;

typedef struct nd_film {
    nd_mood mood;
    int width, height, n_frames, n_shots;
    double fps;
    double sync_bpm, sync_offset_s; /* cuts lie on this grid of beats; 0: on none */
    float *texture;
    nd_shot *shots;
} nd_film;

/** Plan a film of about length_s.
 *  @param beat_bpm  tempo for films whose cuts lie on beats: by mood, some do
 *  @return 0 or ND_ENOMEM; nd_film_deinit frees it. */
int nd_film_plan(nd_film *film, nd_mood mood, double length_s, double beat_bpm, uint64_t seed);
void nd_film_deinit(nd_film *film);

/** Render it, one frame after the other, and fill in what is measured.
 *  @param give  is handed each picture, [height][width][3]; nonzero stops with that code
 *  @return 0, ND_ENOMEM, or what give returned. Cost: about 50 ns a pixel. */
int nd_film_render(nd_film *film, int (*give)(void *user, const uint8_t *rgb), void *user);

#endif
