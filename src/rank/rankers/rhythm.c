/* The ranker without a network: five parts, each a correspondence between sight and sound.
 *
 *   motion  0.30  pace of the picture, pace of the music            windows.c
 *   sync    0.25  cuts on beats at the best start                   sync.c
 *   energy  0.20  energy of the picture over time, loudness         windows.c
 *   colour  0.15  brightness, saturation, warmth; mode and timbre   colour.c
 *   length  0.10  a track that must loop loses by what it lacks     here
 *
 * Structure in time comes first (motion, sync, energy: 0.75): it is measured reliably, and
 * congruence of structure is what film-music studies find viewers notice. The weight of
 * sync is scaled by c / (c + 1) for c cuts, since one cut meets a beat of any track. Colour
 * rests on good evidence but on the estimate of the mode, which errs; length is no
 * correspondence at all, only what an editor would say. The weights are judgement, not
 * fitted to choices of people.
 *
 * A part whose arrays are absent, or that has nothing to compare (no cuts, no key), is 0.5 with
 * weight 0; the other weights grow so that they sum to 1.
 *
 * Cost: 30 to 60 us a track for a video of 10 to 30 s, 3 to 7 ms for 15 minutes with 2,000
 * cuts against a track of half an hour.
 */
#include <math.h>

#include "rank/parts.h"

static const double weight_motion = 0.30, weight_sync = 0.25, weight_energy = 0.20,
                    weight_colour = 0.15, weight_length = 0.10;

/* What a window and its start are worth together. */
static double worth(const nd_window *w, const nd_sync *s)
{
    double sync = s->value < 0 ? 0 : weight_sync * s->reliability * s->value;
    return weight_motion * ND_MAX(w->motion, 0.0) + weight_energy * ND_MAX(w->energy, 0.0) + sync;
}

/* Refine the start of each good window; take the best of them. */
static void place(nd_window *window, nd_sync *sync, const nd_seen *v, const nd_heard *m,
                  double step_s, double near_s)
{
    nd_window windows[ND_WINDOWS_KEPT];
    int n = nd_windows_find(windows, v, m, step_s, near_s);
    bool loops = m->length_s < v->length_s, is_held = isfinite(near_s);
    double reach_s = is_held ? 2 : 1, before_s = loops && !is_held ? 0 : reach_s;
    double last_s = loops ? ND_MIN(2.0, m->length_s) : m->length_s - v->length_s, best = -1;
    for (int i = 0; i < n; i++) {
        double at_s = windows[i].first * step_s;
        double from_s = ND_CLAMP(at_s - before_s, 0.0, last_s);
        nd_sync s;
        nd_sync_find(&s, v, m, from_s, ND_CLAMP(at_s + (loops ? 2 : reach_s), from_s, last_s));
        double value = worth(&windows[i], &s);
        if (value <= best) continue;
        best = value;
        *window = windows[i];
        *sync = s;
    }
}

static int fit_video(nd_fit *out, const nd_description *video, const nd_description *track,
                     double near_s)
{
    double video_s = nd_covered_s(video), track_s = nd_covered_s(track);
    if (!(video_s > 0 && track_s > 0)) return ND_EEMPTY;
    double step_s = nd_curve_step(video_s, track_s);
    nd_seen seen;
    nd_heard heard;
    nd_window window;
    nd_sync sync;
    nd_colour colour;
    nd_see(&seen, video, step_s);
    nd_hear(&heard, track, step_s);
    nd_heard_loop(&heard, ND_MAX(seen.pace.n, seen.energy.n));
    place(&window, &sync, &seen, &heard, step_s, near_s);
    nd_colour_fit(&colour, &seen, &heard, window.first);

    nd_fit f = {.start_s = sync.start_s,
                .window_s = {sync.start_s, ND_MIN(sync.start_s + video_s, track_s)}};
    nd_fit_add(&f, "motion", window.motion, weight_motion);
    nd_fit_add(&f, "sync", sync.value, weight_sync * sync.reliability);
    nd_fit_add(&f, "energy", window.energy, weight_energy);
    nd_fit_add(&f, "colour", colour.value, weight_colour);
    bool any = window.motion >= 0 || sync.value >= 0 || window.energy >= 0 || colour.value >= 0;
    nd_fit_add(&f, "length", ND_MIN(1.0, track_s / video_s), any ? weight_length : 0);
    int rc = nd_fit_finish(&f);
    if (rc) return rc;
    nd_explain(&f, &(nd_evidence){&seen, &heard, &window, &sync, &colour, step_s});
    *out = f;
    return 0;
}

static int fit(nd_fit *out, const nd_description *query, const nd_description *track, double near_s)
{
    return nd_description_medium(query) == ND_VIDEO ? fit_video(out, query, track, near_s)
                                                    : nd_likeness_fit(out, query, track);
}

extern const nd_ranker_ops nd_ranker_rhythm;
const nd_ranker_ops nd_ranker_rhythm = {
    .name = "rhythm",
    .summary = "motion, cuts, energy and colour against beats, loudness, mode and timbre",
    .paper = "Spence 2011, Crossmodal correspondences: a tutorial review; Lipscomb, Kendall "
             "1994; Eitan, Granot 2006; Palmer et al. 2013",
    .fit = fit,
};
