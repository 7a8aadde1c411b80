/* Inside the render room: a page of HTML for rankings.
 *
 *     page, lists of videos and of failures            report.c
 *     a video: facts, pictures, motion, its tracks     report_video.c
 *     a track: facts, tags, parts of the score         report_hit.c
 *     which clips met                                  report_map.c
 *     how cuts met beats                               report_beats.c
 *     text, numbers and pictures as HTML; drawings     report_html.c, report_svg.c
 *     how it looks                                     report_style.c
 *
 * Everything appends to a text whose `failed` is looked at once, at the end. Drawings are SVG, in
 * whole units of a tenth of a pixel, so that no locale puts commas into numbers; their colours are
 * the style's. Times of a video and of a track run to the right, at the same margins everywhere.
 */
#ifndef ND_RENDER_REPORT_H
#define ND_RENDER_REPORT_H

#include "needledrop/ranking.h"
#include "render/picture.h"

/* ---- report_html.c ------------------------------------------------------------------- */

/** Bytes from anywhere as text of HTML, in an element or in an attribute between ": what is not
 *  UTF-8 becomes U+FFFD, a control character a space. */
void nd__html_text(nd_str *out, const char *bytes);

/** The same as a name: its direction of writing does not reach beyond it. */
void nd__html_name(nd_str *out, const char *bytes);

/** A canvas as a URL that holds it, "data:image/png;base64,.."; it is deinited.
 *  @param rc  what nd_canvas_init returned */
void nd__html_png_take(nd_str *out, nd_canvas *c, int rc);

/** "0:02.2", to tenths. @return out */
char *nd__html_time(char out[32], double time_s);

/** A bar. @param share  0 .. 1, clamped; not finite: empty */
void nd__html_bar(nd_str *out, double share);

/** "calm sea, forest" as marks. @param heading  before them, where there are any */
void nd__html_tags(nd_str *out, const char *heading, const nd_shown_tags tags);

/** "Title", else the file's name. @return borrowed */
const char *nd__hit_name(const nd_hit *h);

/** " Artist" after a title; nothing where either is not known. */
void nd__html_by(nd_str *out, const nd_hit *h);

/* ---- report_svg.c ---------------------------------------------------------------------- */

enum { ND__SVG_WIDTH = 9600, ND__SVG_LEFT = 860, ND__SVG_RIGHT = 140, ND__SVG_AXIS = 260 };

/** Seconds that a description covers, 0.1 .. 1e6. */
double nd__length_of(const nd_description *d);

/** Over the whole width, from 0 to t1_s. */
nd_panel nd__svg_panel(double y, double height, double t1_s);

/** Open a drawing. What it shows is told to those who cannot see it: append text between this and
 *  nd__svg_begin. */
void nd__svg_label(nd_str *out, int height);
void nd__svg_begin(nd_str *out);
void nd__svg_end(nd_str *out);

/** A text on the left of a panel. */
void nd__svg_name(nd_str *out, const nd_panel *p, const char *name);
void nd__svg_ground(nd_str *out, const nd_panel *p);
/** Labels at round times below a panel, ND__SVG_AXIS high. */
void nd__svg_time_axis(nd_str *out, const nd_panel *p);

/** A track under a video: where it begins, and that it starts anew where it is the shorter one. */
typedef struct nd__under {
    double start_s, track_s, video_s;
} nd__under;

/** @return time in the track under time t of the video */
double nd__under_time(const nd__under *u, double t);

/** What a series is in a panel, the highest value of each column.
 *  @param under  the panel's time is a video's, the series' a track's; NULL: they are one
 *  @param kind  class of its area */
void nd__svg_curve(nd_str *out, const nd_panel *p, const nd_series *s, const nd__under *under,
                   const char *kind);

/** Vertical lines through a panel, one a place: those that are not told apart are left out.
 *  @param times_s  [n] rising; not finite, or outside: left out */
void nd__svg_lines(nd_str *out, const nd_panel *p, const double *times_s, int64_t n,
                   const char *kind);

/** Loudness of a track in a panel; nothing where it is not known. @param under  as of a curve */
void nd__svg_loudness(nd_str *out, const nd_panel *p, const nd_description *track,
                      const nd__under *under);
bool nd__has_loudness(const nd_description *track);

/* ---- the pieces ------------------------------------------------------------------------ */

/** Where a video or a track stands on the page: ids are "v1" and "v1t3". */
typedef struct nd__report_place {
    const nd_ranking *ranking;
    int number;    /* of the ranking, from 1 */
    bool is_alone; /* the page's title has its name */
} nd__report_place;

/** A video and all of its tracks. */
void nd__report_video(nd_str *out, const nd__report_place *place);
/** One track. */
void nd__report_hit(nd_str *out, const nd__report_place *place, const nd_hit *h);
/** The track, the stretch of it to use, and, where clips met, their map. */
void nd__report_map(nd_str *out, const nd__report_place *place, const nd_hit *h);
/** Motion, cuts and beats; nothing where any of the two is not known. */
void nd__report_beats(nd_str *out, const nd_ranking *r, const nd_hit *h);

/** The picture of a video that is on show at a time, in a rectangle, its shape kept: the page holds
 *  each once, in the drawing of the video. Nothing where there is none. */
void nd__report_frame(nd_str *out, const nd__report_place *place, double time_s,
                      const nd_panel *where);
/** Cuts of a video through a panel. */
void nd__report_cuts(nd_str *out, const nd_panel *p, const nd_description *video);
/** Motion of a video in a panel. @return false: it is not known */
bool nd__report_motion(nd_str *out, nd_panel p, const nd_description *video);

extern const char nd__report_style[];

#endif
