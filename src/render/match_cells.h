/* Inside the render room: the cells of a map of a match, which a picture (match_picture.c) and a
 * page (report_map.c) put on paper. */
#ifndef ND_RENDER_MATCH_CELLS_H
#define ND_RENDER_MATCH_CELLS_H

#include "needledrop/picture.h"
#include "render/canvas.h"

/** The cosine of the query's clip `row` and the track's clip `column`. */
double nd_match_cosine(const nd_match_picture *m, int64_t row, int64_t column);

/** Cosines at the ends of the scale of colours, lo < hi. */
typedef struct nd_match_scale {
    double lo, hi;
} nd_match_scale;

/** Twentieths around all finite cosines, and one in the middle; without any 0 .. 1.
 *  Cost: a look at each. */
nd_match_scale nd_match_scale_of(const nd_match_picture *m);

/** White, blue, night: darker is closer, to any eye and on any printer. @param share  0 .. 1 */
nd_color nd_match_shade(double share);

/** A colour as 0xRRGGBB, its opacity left out. */
uint32_t nd_match_pixel(nd_color color);

/** "-0.25" with a true minus. @return out */
char *nd_match_cosine_print(char out[32], double value);

/** Cells as pixels: each a cell, or the mean of those that share it; grey without finite ones.
 *  @param width, height  px, 1 or more
 *  @return an image; cairo_surface_destroy. Out of memory it is one in cairo's state of error. */
cairo_surface_t *nd_match_cells(const nd_match_picture *m, nd_match_scale scale, int width,
                                int height);

/** Clips from `row` on that lie along the track without its starting anew.
 *  @return how many; the track's first of them in *column */
int nd_match_run(const nd_match_picture *m, int row, int *column);

#endif
