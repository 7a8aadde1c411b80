/* Planning shots by mood, and rendering them. */
#include <math.h>
#include <string.h>

#include "synth/film.h"

const char *const nd_join_names[ND_N_JOINS] = {"cut", "dissolve", "fade"};

/* How a mood is filmed. Speeds in frame widths a second. */
typedef struct manner {
    float shot_lo_s, shot_hi_s, speed_lo, speed_hi;
    float share_soft; /* of joins that are a dissolve or a fade */
    float share_sync; /* of films whose cuts lie on beats */
} manner;

static const manner manners[ND_N_MOODS] = {
    [ND_CALM] = {4, 7, .02f, .06f, .45f, .2f},
    [ND_HAPPY] = {1.8f, 3.5f, .08f, .2f, .1f, .6f},
    [ND_TENSE] = {2.2f, 4.5f, .04f, .12f, .2f, .4f},
    [ND_DRIVING] = {.8f, 1.8f, .3f, .65f, 0, .8f},
};

static double round_to_beat(const nd_film *film, double s)
{
    double beat_s = 60 / film->sync_bpm;
    return film->sync_offset_s + round((s - film->sync_offset_s) / beat_s) * beat_s;
}

/* A kind that suits the mood and is none of the last two. */
static const nd_scene_kind *choose_kind(nd_mood mood, const nd_scene_kind *const last[2],
                                        nd_rng *rng)
{
    const nd_scene_kind *kind;
    do {
        kind = &nd_scene_kinds[nd_rng_int(rng, 0, nd_n_scene_kinds - 1)];
    } while (!(kind->moods >> mood & 1) || kind == last[0] || kind == last[1]);
    return kind;
}

static void plan_join(nd_film *film, nd_shot *shot, nd_rng *rng)
{
    const manner *m = &manners[film->mood];
    shot->join = ND_HARD;
    if (film->sync_bpm > 0 || nd_rng_uniform(rng, 0, 1) >= (double)m->share_soft) return;
    shot->join = nd_rng_int(rng, 0, 2) ? ND_DISSOLVE : ND_FADE;
    shot->join_frames = 2 * (int)(film->fps * (shot->join == ND_FADE ? .5 : .35));
}

static void plan_shots(nd_film *film, nd_rng *rng)
{
    const manner *m = &manners[film->mood];
    const nd_scene_kind *last[2] = {NULL};
    double at_s = 0, end_s = film->n_frames / film->fps;
    int scheme = nd_rng_int(rng, 0, 2);
    while (film->n_shots < ND_MAX_SHOTS) {
        nd_shot *shot = &film->shots[film->n_shots];
        *shot = (nd_shot){.first_frame = (int)lround(at_s * film->fps)};
        if (film->n_shots++) plan_join(film, shot, rng);
        shot->speed = (float)nd_rng_uniform(rng, m->speed_lo, m->speed_hi);
        const nd_scene_kind *kind = choose_kind(film->mood, last, rng);
        last[1] = last[0];
        last[0] = kind;
        scheme += nd_rng_int(rng, 1, 2); /* another one than before */
        nd_scene_init(&shot->scene, kind, (int)film->mood, shot->speed, scheme, film->texture, rng);
        at_s += nd_rng_uniform(rng, m->shot_lo_s, m->shot_hi_s);
        if (film->sync_bpm > 0) at_s = round_to_beat(film, at_s);
        if (at_s + .7 * (double)m->shot_lo_s > end_s) break;
    }
}

int nd_film_plan(nd_film *film, nd_mood mood, double length_s, double beat_bpm, uint64_t seed)
{
    static const double rates[] = {24, 25, 30};
    const manner *m = &manners[mood];
    nd_rng rng;
    nd_rng_init(&rng, seed, 1);
    *film = (nd_film){.mood = mood, .width = 320, .height = 180};
    film->fps = rates[nd_rng_int(&rng, 0, 2)];
    film->n_frames = (int)ND_MAX(2, lround(length_s * film->fps));
    film->texture = nd_calloc((size_t)ND_TEXTURE_SIDE * ND_TEXTURE_SIDE, sizeof *film->texture);
    film->shots = nd_calloc(ND_MAX_SHOTS, sizeof *film->shots);
    if (!film->texture || !film->shots) {
        nd_film_deinit(film);
        return ND_ENOMEM;
    }
    if (nd_rng_uniform(&rng, 0, 1) < (double)m->share_sync) {
        film->sync_bpm = beat_bpm;
        film->sync_offset_s = nd_rng_uniform(&rng, 0, 60 / film->sync_bpm);
    }
    nd_texture_fill(film->texture, nd_rng_next(&rng));
    plan_shots(film, &rng);
    return 0;
}

void nd_film_deinit(nd_film *film)
{
    free(film->texture);
    free(film->shots);
    *film = (nd_film){0};
}

/* ---- rendering --------------------------------------------------------------------------- */

typedef struct studio {
    nd_film *film;
    nd_canvas canvas;
    uint8_t *rgb, *other; /* [height][width][3] */
    size_t n_bytes;
} studio;

static int shot_of(const nd_film *film, int frame)
{
    int s = 0;
    while (s + 1 < film->n_shots && frame >= film->shots[s + 1].first_frame) s++;
    return s;
}

static float shot_time(const nd_film *film, const nd_shot *shot, int frame)
{
    return (float)((frame - shot->first_frame) / film->fps);
}

static void mix(uint8_t *a, const uint8_t *b, size_t n, float share)
{
    int weight = (int)lroundf(256 * share);
    for (size_t i = 0; i < n; i++) a[i] = (uint8_t)((a[i] * (256 - weight) + b[i] * weight) >> 8);
}

/* Lay the neighbour over the frame (or black) as far as the join has come. */
static void apply_join(studio *w, int frame, int s)
{
    const nd_film *film = w->film;
    for (int k = s; k <= s + 1 && k < film->n_shots; k++) {
        const nd_shot *shot = &film->shots[k];
        int away = frame - shot->first_frame; /* from the middle of the join */
        float half = .5f * (float)shot->join_frames, place = ((float)away + .5f) / half;
        if (shot->join_frames == 0 || fabsf(place) >= 1) continue;
        if (shot->join == ND_FADE) {
            memset(w->other, 0, w->n_bytes);
            mix(w->rgb, w->other, w->n_bytes, 1 - fabsf(place));
        } else {
            const nd_shot *neighbour = &film->shots[k == s ? s - 1 : s + 1];
            float motion;
            nd_scene_render(w->other, &motion, &w->canvas, &neighbour->scene,
                            shot_time(film, neighbour, frame));
            mix(w->rgb, w->other, w->n_bytes, .5f - .5f * fabsf(place));
        }
    }
}

/* Add to the shot's sums: its look and motion in this frame. */
static void measure(const studio *w, nd_shot *shot, float motion)
{
    double luma = 0, warm = 0, pure = 0;
    for (size_t i = 0; i < w->n_bytes; i += 3) {
        int r = w->rgb[i], g = w->rgb[i + 1], b = w->rgb[i + 2];
        int most = ND_MAX(r, ND_MAX(g, b)), least = ND_MIN(r, ND_MIN(g, b));
        luma += .299 * r + .587 * g + .114 * b;
        warm += r - b;
        pure += most ? (double)(most - least) / most : 0;
    }
    double n = (double)(w->n_bytes / 3);
    shot->motion += motion;
    shot->brightness += (float)(luma / n / 255);
    shot->warmth += (float)(warm / n / 255);
    shot->saturation += (float)(pure / n);
}

static void render_frame(studio *w, int frame, int measured[])
{
    enum { MEASURE_EVERY = 5 };
    int s = shot_of(w->film, frame);
    nd_shot *shot = &w->film->shots[s];
    float motion;
    nd_scene_render(w->rgb, &motion, &w->canvas, &shot->scene, shot_time(w->film, shot, frame));
    if ((frame - shot->first_frame) % MEASURE_EVERY == 0) {
        measure(w, shot, motion);
        measured[s]++;
    }
    apply_join(w, frame, s);
}

int nd_film_render(nd_film *film, int (*give)(void *user, const uint8_t *rgb), void *user)
{
    int measured[ND_MAX_SHOTS] = {0}, rc = 0;
    size_t n = (size_t)film->width * (size_t)film->height;
    studio w = {.film = film, .n_bytes = 3 * n};
    w.canvas = (nd_canvas){.width = film->width,
                           .height = film->height,
                           .unit = (float)ND_SCENE_UNITS / (float)film->width};
    w.canvas.rows = w.canvas.unit * (float)film->height;
    w.canvas.pixels = aligned_alloc(sizeof(nd_pixel), n * sizeof(nd_pixel));
    w.rgb = nd_calloc(n, 3);
    w.other = nd_calloc(n, 3);
    if (!w.canvas.pixels || !w.rgb || !w.other) rc = ND_ENOMEM;
    for (int frame = 0; frame < film->n_frames && !rc; frame++) {
        render_frame(&w, frame, measured);
        rc = give(user, w.rgb);
    }
    for (int s = 0; s < film->n_shots && !rc; s++) {
        nd_shot *shot = &film->shots[s];
        float k = 1 / (float)ND_MAX(measured[s], 1);
        shot->motion *= k;
        shot->brightness *= k;
        shot->warmth *= k;
        shot->saturation *= k;
    }
    free(w.canvas.pixels);
    free(w.rgb);
    free(w.other);
    return rc;
}
