/* A picture is a title over parts, each a strip of the sheet with its panel.
 * Music and video are two lists of parts; a part whose arrays are absent leaves
 * no gap. */
#ifndef ND_RENDER_PICTURE_H
#define ND_RENDER_PICTURE_H

#include "describe/describe.h"
#include "render/canvas.h"

enum { ND_PICTURE_WIDTH = 1600 };

/** What is drawn. */
typedef struct nd_picture {
    const nd_description *d;
    double length_s;    /* > 0: of the time axis */
    double detail_s[2]; /* music: the stretch shown large */
} nd_picture;

/** One strip of the sheet. */
typedef struct nd_picture_part {
    double height; /* px, heading and labels included */
    /** Whether the description holds what it shows. */
    bool (*has)(const nd_picture *p);
    /** Draw it with its upper edge at y. */
    void (*draw)(nd_canvas *c, const nd_picture *p, double y);
} nd_picture_part;

/** The parts from top to bottom; the last has no draw. */
extern const nd_picture_part nd_music_parts[];
extern const nd_picture_part nd_video_parts[];

/** The line of facts under the title, "3:02 · 124 bpm · 4/4". */
void nd_music_facts(nd_str *out, const nd_picture *p);
void nd_video_facts(nd_str *out, const nd_picture *p);

/** Choose detail_s: all of a track of up to a minute, else its loudest 12 s. */
void nd_music_choose_detail(nd_picture *p);

/** Append " · " unless out is empty: goes before each fact. */
void nd_fact_begin(nd_str *out);

/** A panel over the whole length at the sheet's margins.
 *  @param y       upper edge of the part: the heading has the first 40 px
 *  @param height  of the panel */
nd_panel nd_picture_panel(const nd_picture *p, double y, double height);

/** A vector of f32 as a series. Column 0 of it, where it has two dimensions.
 *  @return n 0 where the array is absent. */
nd_series nd_picture_series(const nd_picture *p, const char *name, double first_s, double rate_hz);

/** The pictures of a video, [T, H, W, 3] u8, one a second, with pixels in them; NULL: none. */
const nd_array *nd_picture_thumbnails(const nd_picture *p);

/** Fill a rectangle with the middle of a picture, its shape kept.
 *  @param index  0 .. T - 1 */
void nd_picture_frame(nd_canvas *c, const nd_array *thumbnails, int64_t index, double x, double y,
                      double width, double height);

/** The motion of a video; n 0: none. */
nd_series nd_picture_motion(const nd_picture *p);

/** The top of an axis of motion: the highest value, but at most three times what 98 in 100 stay
 *  under, so that one wild pair of frames does not flatten the rest.
 *  @return false where memory ran out (*top_out untouched) */
bool nd_picture_motion_top(double *top_out, const nd_series *motion, double highest);

/** The waveform of music in a panel, on a scale that holds its peak. */
bool nd_picture_has_waveform(const nd_picture *p);
void nd_picture_waveform(nd_canvas *c, const nd_picture *p, nd_panel panel);

#endif
