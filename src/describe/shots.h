/* Inside the describe room: what `cuts` sees of a frame, how far two frames
 * are apart, and gradual transitions. */
#ifndef ND_DESCRIBE_SHOTS_H
#define ND_DESCRIBE_SHOTS_H

#include "describe/describe.h"

enum {
    ND_SHOT_W = 64,
    ND_SHOT_H = 40,
    ND_SHOT_BLOCK = 8,
    ND_SHOT_BLOCKS = ND_SHOT_W / ND_SHOT_BLOCK * (ND_SHOT_H / ND_SHOT_BLOCK),
};

/* A frame at 64 x 40, whatever its shape was. */
typedef struct nd_shot_frame {
    double time_s;
    uint8_t luma[ND_SHOT_H * ND_SHOT_W]; /* BT.601, full range */
    float mean[ND_SHOT_BLOCKS];          /* luma of each 8 x 8 block */
    float square[ND_SHOT_BLOCKS];        /* mean of luma^2 */
    float cb[ND_SHOT_BLOCKS], cr[ND_SHOT_BLOCKS];
    uint8_t peak[ND_SHOT_BLOCKS]; /* greatest luma */
} nd_shot_frame;

/** Read an RGB frame of exactly 64 x 40. */
void nd_shot_frame_read(nd_shot_frame *out, const nd_frame *frame);

/** The frame (1 - w) a + w b, at a's time. @param w  0..1.
 *  Threads: safe. Allocates: no. Cost: about 2 us. */
void nd_shot_frame_mix(nd_shot_frame *out, const nd_shot_frame *a, const nd_shot_frame *b, float w);

enum { ND_SHOT_LUMA_BINS = 16 };

/* What colours a frame has, wherever they are. */
typedef struct nd_shot_palette {
    float below[ND_SHOT_LUMA_BINS]; /* share of luma up to 16 (i + 1) - 1 */
    float cb, cr;                   /* means */
} nd_shot_palette;

/** Threads: safe. Allocates: no. Cost: about 2 us. */
void nd_shot_palette_read(nd_shot_palette *out, const nd_shot_frame *frame);

/** How far colours must move to become the others, in luma levels: the earth
 *  mover's distance of luma plus the change of mean cb and cr. Motion within a
 *  shot mostly leaves it below 4, two shots are mostly above 10.
 *  Threads: safe. Allocates: no. Cost: O(bins). */
float nd_shot_palette_distance(const nd_shot_palette *a, const nd_shot_palette *b);

/** How much of b is not to be found in a: 0 the same picture, 1 another one.
 *  Blind to motion of up to 5 % of the width, to a change of exposure and to
 *  black bars.
 *  Threads: safe. Allocates: no. Cost: about 10 us. */
float nd_shot_distance(const nd_shot_frame *a, const nd_shot_frame *b);

/** Finds dissolves and fades in a stream of frames. */
typedef struct nd_dissolves nd_dissolves;

typedef struct nd_dissolve {
    double start_s, middle_s, end_s; /* 10, 50 and 90 % of the new shot */
    double first_s, last_s;          /* of all readings that overlap this one */
    bool is_from_flat, is_to_flat;   /* fade in, fade out */
    float score;
} nd_dissolve;

int nd_dissolves_create(nd_dissolves **out); /* 0 or ND_ENOMEM */
void nd_dissolves_destroy(nd_dissolves **p);

/** @param frame  later than the one before. @return 0 or ND_ENOMEM. */
int nd_dissolves_push(nd_dissolves *p, const nd_shot_frame *frame);

/** End of the stream. A fade out and the fade in that follows within a second
 *  become one transition, whose middle is the middle of the black.
 *  @param found  borrowed until destroy, rising in time */
void nd_dissolves_finish(nd_dissolves *p, const nd_dissolve **found, size_t *n_found);

#endif
