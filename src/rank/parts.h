/* Inside the rank room: what the rhythm ranker sees and hears, and its parts.
 *
 * All of it works on storage of the caller's, about 50 KB of stack for one fit; nothing
 * here allocates. Feature arrays come from files: any value in them may be NaN, infinite
 * or out of order, which costs the fit its sense and nothing else.
 * A level is 0..1, or ND_UNKNOWN where its arrays are absent.
 */
#ifndef ND_RANK_PARTS_H
#define ND_RANK_PARTS_H

#include "base/base.h"
#include "rank/rank.h"

enum { ND_CURVE_MAX = 2048, ND_WINDOWS_KEPT = 8 };
#define ND_UNKNOWN (-1.0)

/* ---- curves -------------------------------------------------------------- */

/** Values at even steps from the start of a file; n = 0 where it is not known. */
typedef struct nd_curve {
    int n; /* 0 .. ND_CURVE_MAX */
    float x[ND_CURVE_MAX];
} nd_curve;

/** What is seen of the video. Vectors are borrowed from the description. */
typedef struct nd_seen {
    double length_s;
    double motion;                         /* level: mean of the motion alone */
    double brightness, saturation, warmth; /* levels: mean over the clips */
    const float *cuts_s;
    const int32_t *cut_kind; /* NULL: all hard */
    int64_t n_cuts;
    nd_curve pace;   /* level: motion, and how often it is cut */
    nd_curve energy; /* motion, cuts and light; smoothed */
} nd_seen;

/** What is heard of the track. */
typedef struct nd_heard {
    double length_s;
    double tempo_bpm;  /* 0: no beat; ND_UNKNOWN */
    int key, is_minor; /* -1: not known */
    double key_strength;
    const float *beats_s;
    const int32_t *beat_position; /* NULL: not known */
    const float *beat_salience;   /* NULL: not known */
    int64_t n_beats;
    nd_curve pace;     /* level: beat density and beat strength */
    nd_curve loudness; /* LUFS, -50 at least; smoothed */
    nd_curve centroid; /* level: brightness of the sound */
} nd_heard;

/** @return the step in s at which both fit a curve: 1, or more for long files. */
double nd_curve_step(double a_s, double b_s);

/** Read a video; a music track. Levels and curves as above, at step_s.
 *  Cost: O(values read). */
void nd_see(nd_seen *out, const nd_description *video, double step_s);
void nd_hear(nd_heard *out, const nd_description *track, double step_s);

/** @return seconds that a description covers, 0 .. 1e6. */
double nd_covered_s(const nd_description *d);

/** Repeat the curves of a track that is shorter than n steps up to n. */
void nd_heard_loop(nd_heard *m, int n);

/** @return mean of c over the n values from `first` on, clamped to what is there;
 *  ND_UNKNOWN where c is not known. */
double nd_curve_mean(const nd_curve *c, int first, int n);

/** How near two levels are: 1 / (1 + ((a - b) / width)^2). */
double nd_near(double a, double b, double width);

/** log2-spaced level of x between lo (0) and hi (1), clamped; 0 for x <= 0 or NaN. */
double nd_level_of(double x, double lo, double hi);

/** Pearson's r of x and y [n]; 0 where one of them is flat. */
double nd_correlation(const float *x, const float *y, int n);

/* ---- windows -------------------------------------------------------------- */

/** A stretch of the track under the whole video, before its start is refined. */
typedef struct nd_window {
    int first;      /* step of the curves */
    double motion;  /* level or ND_UNKNOWN */
    double energy;  /* level or ND_UNKNOWN */
    double content; /* weighted sum of both, for ordering */
} nd_window;

/** How video and track agree in motion and energy with the track from step `first`. */
void nd_window_fit(nd_window *out, const nd_seen *v, const nd_heard *m, int first, double step_s);

/** The best windows, best first, of all starts 2 s (or a step) apart.
 *  @param near_s  the nearest start alone; NAN: all
 *  @return how many, 1 .. ND_WINDOWS_KEPT. Cost: O(starts x video steps). */
int nd_windows_find(nd_window out[ND_WINDOWS_KEPT], const nd_seen *v, const nd_heard *m,
                    double step_s, double near_s);

/* ---- beats under cuts ------------------------------------------------------- */

typedef struct nd_sync {
    double start_s;
    double value;       /* level; ND_UNKNOWN without cuts or beats */
    double reliability; /* 0 .. 1, grows with the number of cuts */
    int n_cuts, n_on_beat, n_on_downbeat;
} nd_sync;

/** The start in [from_s, to_s] that puts most beats on cuts; without cuts the first
 *  downbeat there. Cost: O(cuts x (log beats + beats in the range)), as sync.c says. */
void nd_sync_find(nd_sync *out, const nd_seen *v, const nd_heard *m, double from_s, double to_s);

/* ---- colour ------------------------------------------------------------------ */

typedef struct nd_colour {
    double value;                /* level or ND_UNKNOWN */
    double mood, timbre;         /* nearness of each, or ND_UNKNOWN */
    double mood_gap, timbre_gap; /* music minus picture: above 0 the music is brighter */
    double sound;                /* level: brightness of the sound in the window */
} nd_colour;

/** Mood and timbre of the window that begins at step `first`. Source: colour.c. */
void nd_colour_fit(nd_colour *out, const nd_seen *v, const nd_heard *m, int first);

/* ---- scores and reasons ------------------------------------------------------ */

/** Add a part; value ND_UNKNOWN becomes 0.5 with no weight. */
void nd_fit_add(nd_fit *f, const char *name, double value, double weight);

/** Make the weights sum to 1 and the score of them.
 *  @return 0; ND_EEMPTY where no part has any weight. */
int nd_fit_finish(nd_fit *f);

typedef enum nd_tone { ND_WEAK, ND_FAIR, ND_STRONG } nd_tone;

/** @return weak under 0.4, strong from 0.6 on. */
nd_tone nd_tone_of(double value);

/** Join a fit's reasons into its sentence: the strongest first, the worst after "but". Those
 *  without weight or text are left out. */
void nd_reasons_join(nd_fit *f);

/** What the sentence about a video draws on. */
typedef struct nd_evidence {
    const nd_seen *seen;
    const nd_heard *heard;
    const nd_window *window;
    const nd_sync *sync;
    const nd_colour *colour;
    double step_s;
} nd_evidence;

/** The sentence of why this track for this video; f is finished. */
void nd_explain(nd_fit *f, const nd_evidence *e);

/** @return "crisp", "clear" or "mellow" for a level of brightness of sound. */
const char *nd_sound_word(double level);

/* ---- music like music --------------------------------------------------------- */

/** nd_ranker_ops.fit for a query that is music. */
int nd_likeness_fit(nd_fit *out, const nd_description *query, const nd_description *track);

#endif
