/* Filming a video of the made world. A clip's concept chooses painter and grading; its motion level
 * how fast the painter's clock goes, so that the mean displacement is that of the level whatever
 * the scene; cuts come the oftener the higher the level. Shapes, colours, camera and size are the
 * video's own. */
#include <math.h>
#include <string.h>

#include "encode/encode.h"
#include "synth/corpus_film.h"
#include "synth/truth.h"

/* Mean displacement of each level, frame widths a second: 0.3 to 7 px a frame at 96 px and 8
 * frames a second. */
static const double speeds[ND_PULSES] = {.025, .067, .133, .233, .375, .583};

char *nd_made_video_name(const nd_script *script, int video)
{
    nd_str name = {0};
    nd_str_append(&name, "video/%s.mp4", script->videos[video].id);
    return nd_str_take(&name);
}

/* ---- planning ---------------------------------------------------------------------------- */

/* Nine in ten are square. */
static void choose_size(nd_made_film *film, const nd_script_params *p, nd_rng *rng)
{
    static const int shapes[][2] = {{4, 3}, {16, 9}, {9, 16}, {3, 4}, {12, 10}};
    int which = nd_rng_int(rng, 0, (int)ND_COUNT(shapes) - 1);
    bool is_square = nd_rng_uniform(rng, 0, 1) < .9;
    double ratio = is_square ? 1 : (double)shapes[which][0] / shapes[which][1];
    film->width = 2 * (int)lround(.5 * p->side_px * sqrt(ratio));
    film->height = 2 * (int)lround(.5 * p->side_px / sqrt(ratio));
    film->fps = p->fps;
    film->quality = nd_rng_int(rng, 3, 12);
}

/* How fast things move when the scene's clock runs as ours does. */
static double unit_motion(const nd_made_film *film, const nd_scene *scene)
{
    enum { SIDE = 32, SAMPLES = 3 };
    nd_pixel pixels[SIDE * SIDE];
    uint8_t rgb[SIDE * SIDE * 3];
    nd_canvas small = {.width = SIDE, .height = SIDE, .unit = (float)ND_SCENE_UNITS / SIDE};
    small.rows = small.unit * SIDE * (float)film->height / (float)film->width;
    small.height = ND_MIN(SIDE, (int)(small.rows / small.unit));
    small.pixels = pixels;
    double sum = 0;
    for (int i = 0; i < SAMPLES; i++) {
        float motion;
        nd_scene_render(rgb, &motion, &small, scene, 1.7f * (float)i);
        sum += (double)motion / SAMPLES;
    }
    return ND_MAX(sum, .01);
}

static void init_shot(nd_made_film *film, nd_made_shot *shot, double start_s, int clip, nd_rng *rng)
{
    const float usual_speed = .25f; /* that the painters were made for */
    int concept = film->video->concepts[clip];
    shot->start_s = start_s;
    shot->clip = clip;
    nd_scene_init(&shot->scene, &nd_scene_kinds[concept / ND_SCRIPT_MOODS],
                  concept % ND_SCRIPT_MOODS, usual_speed, 0, film->texture, rng);
    shot->scene.shake = 0;
    shot->scene.palette = nd_made_palette(concept, nd_rng_int(rng, 0, 2)); /* a cut is seen */
    shot->scene.palette.brightness *= (float)nd_rng_uniform(rng, .92, 1.08);
    shot->scene.palette.contrast *= (float)nd_rng_uniform(rng, .92, 1.08);
    shot->at = nd_rng_uniform(rng, 0, 20);
    shot->rate = speeds[film->video->motions[clip]] / unit_motion(film, &shot->scene);
}

/* The beat of the track that is nearest to a time of the video, as a time of the video. */
static double snap(const nd_script *script, const nd_script_video *v, double time_s)
{
    const nd_script_track *t = &script->tracks[v->track];
    double place[2] = {0}, wanted = time_s + v->start_s, at;
    double before = t->first_beat_s - nd_script_period_s(t, 0);
    while ((at = nd_script_next_beat(t, place)) < wanted) before = at;
    return (wanted - before < at - wanted ? before : at) - v->start_s;
}

static double next_cut(const nd_script *script, const nd_script_video *v, double from_s, int clip,
                       nd_rng *rng)
{
    double a_clip = .3 + .25 * v->motions[clip];
    double wait_s = -log(1 - nd_rng_uniform(rng, 0, 1)) * ND_SCRIPT_CLIP_S / a_clip;
    double off = .04 * nd_rng_normal(rng), at = from_s + ND_MAX(wait_s, .4);
    return v->is_sync ? ND_MAX(snap(script, v, at) + off, from_s + .3) : at;
}

/* Where a clip of the script begins in the film; what was on before it is cut off at 0. */
static double border_s(const nd_script *script, const nd_script_video *v, int clip)
{
    if (clip < 0) return 0;
    return v->is_sync && v->starts_s[clip] < v->duration_s ? snap(script, v, v->starts_s[clip])
                                                           : v->starts_s[clip];
}

static void plan_shots(nd_made_film *film, const nd_script *script, nd_rng *rng)
{
    const double shortest_s = .3;
    const nd_script_video *v = film->video;
    for (int clip = -1; clip < nd_script_clips(v->duration_s); clip++) {
        int what = clip < 0 ? ND_SCRIPT_BEFORE : clip;
        double begin = ND_MAX(border_s(script, v, clip), 0), end = border_s(script, v, clip + 1);
        end = ND_MIN(end, v->duration_s);
        for (double at = begin; at < end && (at == begin || at < end - shortest_s);) {
            if (film->n_shots == ND_MADE_SHOTS) return;
            init_shot(film, &film->shots[film->n_shots++], at, what, rng);
            at = next_cut(script, v, at, what, rng);
        }
    }
}

static nd_rng film_rng(const nd_script *script, const nd_script_video *v)
{
    nd_rng rng;
    nd_rng_init(&rng, nd_item_seed(script->params.video_seed, 0, ND_MADE_VIDEO), v->key);
    return rng;
}

int nd_made_film_plan(nd_made_film *film, const nd_script *script, int video)
{
    *film = (nd_made_film){.video = &script->videos[video]};
    nd_rng rng = film_rng(script, film->video);
    choose_size(film, &script->params, &rng);
    nd_made_camera_choose(film, &rng);
    film->n_frames = (int)ND_MAX(1, lround(film->video->duration_s * film->fps));
    size_t n = (size_t)film->width * (size_t)film->height;
    film->texture = nd_calloc((size_t)ND_TEXTURE_SIDE * ND_TEXTURE_SIDE, sizeof *film->texture);
    film->shots = nd_calloc(ND_MADE_SHOTS, sizeof *film->shots);
    film->rgb = nd_calloc(n, 3);
    film->canvas = (nd_canvas){.width = film->width,
                               .height = film->height,
                               .unit = (float)ND_SCENE_UNITS / (float)film->width};
    film->canvas.rows = film->canvas.unit * (float)film->height;
    film->canvas.pixels = aligned_alloc(sizeof(nd_pixel), n * sizeof(nd_pixel));
    if (!film->texture || !film->shots || !film->rgb || !film->canvas.pixels) {
        nd_made_film_deinit(film);
        return ND_ENOMEM;
    }
    nd_texture_fill(film->texture, nd_rng_next(&rng));
    plan_shots(film, script, &rng);
    return 0;
}

void nd_made_film_deinit(nd_made_film *film)
{
    free(film->texture);
    free(film->shots);
    free(film->rgb);
    free(film->canvas.pixels);
    *film = (nd_made_film){0};
}

/* ---- filming ----------------------------------------------------------------------------- */

void nd_made_film_paint(nd_made_film *film, int frame)
{
    double time_s = frame / film->fps;
    int s = 0;
    while (s + 1 < film->n_shots && time_s >= film->shots[s + 1].start_s) s++;
    const nd_made_shot *shot = &film->shots[s];
    float motion;
    nd_scene_render(film->rgb, &motion, &film->canvas, &shot->scene,
                    (float)(shot->at + shot->rate * (time_s - shot->start_s)));
    nd_made_camera_spoil(&film->camera, film->rgb, film->width, film->height, shot->clip, time_s);
}

int nd_made_video_render(const char *path, const nd_script *script, int video, nd_diag *diag)
{
    nd_made_film film;
    nd_writer *writer = NULL;
    int rc = nd_made_film_plan(&film, script, video);
    if (rc) return nd_diag_set(diag, rc, "making %s: out of memory", path);
    nd_writer_params params = {
        .width = film.width, .height = film.height, .fps = film.fps, .quality = film.quality};
    rc = nd_writer_open(&writer, path, &params, diag);
    for (int i = 0; i < film.n_frames && !rc; i++) {
        nd_made_film_paint(&film, i);
        rc = nd_writer_add_frame(writer, film.rgb, diag);
    }
    if (!rc) rc = nd_writer_close(&writer, diag);
    nd_writer_abort(&writer);
    nd_made_film_deinit(&film);
    return rc;
}
