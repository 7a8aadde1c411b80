/* How far two frames are apart, and their palettes.
 *
 * Each 8 x 8 block of b looks for itself in a (shifted by the common change of
 * exposure) within 3 px; what remains, with its colour, is divided by the
 * contrast of the pictures. Blocks that are black in both are bars and do not
 * count. Block matching for cut detection is Shahraray's (Scene change
 * detection and content-based sampling of video sequences, SPIE 2419, 1995);
 * the exposure term and the normalisation are ours.
 */
#include <math.h>
#include <string.h>

#include "describe/shots.h"

enum {
    W = ND_SHOT_W,
    H = ND_SHOT_H,
    S = ND_SHOT_BLOCK,
    N_BLOCKS = ND_SHOT_BLOCKS,
    BLOCKS_X = W / S,
    BLOCKS_Y = H / S,
    REACH = 3,
    PADDED_W = W + 2 * REACH,
    PADDED_H = H + 2 * REACH,
    BLACK = 24,         /* a bar's luma, with noise and ringing */
    FEWEST_BLOCKS = 10, /* a spark in the dark is no new shot */
};

static const float noise_luma = 8; /* keeps flat pictures from blowing up */

static void measure_luma(nd_shot_frame *f, int block)
{
    const uint8_t *row = f->luma + block / BLOCKS_X * S * W + block % BLOCKS_X * S;
    int sum = 0, square = 0, peak = 0;
    for (int y = 0; y < S; y++, row += W)
        for (int x = 0; x < S; x++) {
            sum += row[x];
            square += row[x] * row[x];
            peak = ND_MAX(peak, row[x]);
        }
    f->mean[block] = (float)sum / (S * S);
    f->square[block] = (float)square / (S * S);
    f->peak[block] = (uint8_t)peak;
}

static void read_block(nd_shot_frame *out, const nd_frame *frame, int block)
{
    int x0 = block % BLOCKS_X * S, y0 = block / BLOCKS_X * S, cb = 0, cr = 0;
    for (int y = y0; y < y0 + S; y++) {
        const uint8_t *rgb = frame->data + (size_t)y * frame->stride + 3 * (size_t)x0;
        for (int x = 0; x < S; x++, rgb += 3) {
            int luma = (77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2] + 128) >> 8;
            out->luma[y * W + x0 + x] = (uint8_t)luma;
            cb += rgb[2] - luma;
            cr += rgb[0] - luma;
        }
    }
    out->cb[block] = 0.564f * (float)cb / (S * S);
    out->cr[block] = 0.713f * (float)cr / (S * S);
    measure_luma(out, block);
}

void nd_shot_frame_read(nd_shot_frame *out, const nd_frame *frame)
{
    ND_ASSERT_EQ(frame->width, W);
    ND_ASSERT_EQ(frame->height, H);
    ND_ASSERT_EQ(frame->pixels, ND_RGB);
    out->time_s = frame->time_s;
    for (int block = 0; block < N_BLOCKS; block++) read_block(out, frame, block);
}

void nd_shot_frame_mix(nd_shot_frame *out, const nd_shot_frame *a, const nd_shot_frame *b, float w)
{
    int share = (int)lrintf(256 * w);
    out->time_s = a->time_s;
    for (int i = 0; i < W * H; i++)
        out->luma[i] = (uint8_t)(((256 - share) * a->luma[i] + share * b->luma[i] + 128) >> 8);
    for (int i = 0; i < N_BLOCKS; i++) {
        out->cb[i] = a->cb[i] + w * (b->cb[i] - a->cb[i]);
        out->cr[i] = a->cr[i] + w * (b->cr[i] - a->cr[i]);
        measure_luma(out, i);
    }
}

void nd_shot_palette_read(nd_shot_palette *out, const nd_shot_frame *frame)
{
    int count[ND_SHOT_LUMA_BINS] = {0}, below = 0;
    for (int i = 0; i < W * H; i++) count[frame->luma[i] * ND_SHOT_LUMA_BINS >> 8]++;
    for (int i = 0; i < ND_SHOT_LUMA_BINS; i++) {
        below += count[i];
        out->below[i] = (float)below / (W * H);
    }
    out->cb = out->cr = 0;
    for (int i = 0; i < N_BLOCKS; i++) {
        out->cb += frame->cb[i] / N_BLOCKS;
        out->cr += frame->cr[i] / N_BLOCKS;
    }
}

float nd_shot_palette_distance(const nd_shot_palette *a, const nd_shot_palette *b)
{
    const float levels = 256 / ND_SHOT_LUMA_BINS; /* in a bin */
    float moved = 0;
    for (int i = 0; i < ND_SHOT_LUMA_BINS; i++) moved += fabsf(a->below[i] - b->below[i]);
    return levels * moved + fabsf(a->cb - b->cb) + fabsf(a->cr - b->cr);
}

/* Standard deviation of luma over the blocks that count. */
static float contrast_of(const nd_shot_frame *f, const bool *counts)
{
    float mean = 0, square = 0;
    int n = 0;
    for (int i = 0; i < N_BLOCKS; i++) {
        if (!counts[i]) continue;
        mean += f->mean[i];
        square += f->square[i];
        n++;
    }
    if (n == 0) return 0;
    mean /= (float)n;
    return sqrtf(fmaxf(square / (float)n - mean * mean, 0));
}

/* The change of exposure: median over the blocks, so that a picture half of
 * which stands still keeps that half. */
static float exposure_change(const nd_shot_frame *a, const nd_shot_frame *b, const bool *counts)
{
    float change[N_BLOCKS];
    size_t n = 0;
    for (int i = 0; i < N_BLOCKS; i++)
        if (counts[i]) change[n++] = b->mean[i] - a->mean[i];
    return nd_quantile(change, n, 0.5);
}

/* a's luma moved by `change`, its edges repeated REACH px outwards. */
static void pad_luma(uint8_t *out, const nd_shot_frame *a, int change)
{
    for (int y = 0; y < PADDED_H; y++) {
        const uint8_t *row = a->luma + (size_t)ND_CLAMP(y - REACH, 0, H - 1) * W;
        uint8_t *to = out + (size_t)y * PADDED_W;
        for (int x = 0; x < W; x++) {
            int moved = row[x] + change;
            to[REACH + x] = (uint8_t)ND_CLAMP(moved, 0, 255);
        }
        memset(to, to[REACH], REACH);
        memset(to + REACH + W, to[REACH + W - 1], REACH);
    }
}

/* Sums of absolute differences of one row of blocks at one displacement:
 * least [BLOCKS_X] keeps the smaller. */
static void match_row(uint32_t *least, const uint8_t *a, const uint8_t *b)
{
    uint16_t column[W] = {0};
    for (int y = 0; y < S; y++, a += PADDED_W, b += W)
        for (int x = 0; x < W; x++) {
            uint8_t apart = (uint8_t)(ND_MAX(a[x], b[x]) - ND_MIN(a[x], b[x])); /* in bytes: fast */
            column[x] = (uint16_t)(column[x] + apart);
        }
    for (int i = 0; i < BLOCKS_X; i++) {
        uint32_t sum = 0;
        for (int x = 0; x < S; x++) sum += column[i * S + x];
        least[i] = ND_MIN(least[i], sum);
    }
}

/* residual [N_BLOCKS] = mean absolute difference at the best displacement. */
static void match_blocks(float *residual, const nd_shot_frame *a, const nd_shot_frame *b,
                         int change)
{
    uint8_t padded[PADDED_H * PADDED_W];
    pad_luma(padded, a, change);
    for (int row = 0; row < BLOCKS_Y; row++) {
        uint32_t least[BLOCKS_X];
        memset(least, 0xff, sizeof least);
        for (int dy = 0; dy <= 2 * REACH; dy++)
            for (int dx = 0; dx <= 2 * REACH; dx++)
                match_row(least, padded + (row * S + dy) * PADDED_W + dx, b->luma + row * S * W);
        for (int i = 0; i < BLOCKS_X; i++) residual[row * BLOCKS_X + i] = (float)least[i] / (S * S);
    }
}

float nd_shot_distance(const nd_shot_frame *a, const nd_shot_frame *b)
{
    bool counts[N_BLOCKS];
    int n = 0;
    for (int i = 0; i < N_BLOCKS; i++) n += counts[i] = ND_MAX(a->peak[i], b->peak[i]) > BLACK;
    if (n == 0) return 0;
    float change = rintf(exposure_change(a, b, counts));
    float contrast = fmaxf(contrast_of(a, counts), contrast_of(b, counts));
    float scale = noise_luma + 0.5f * contrast, sum = 0, residual[N_BLOCKS];
    match_blocks(residual, a, b, (int)change);
    for (int i = 0; i < N_BLOCKS; i++) {
        if (!counts[i]) continue;
        float colour = fabsf(a->cb[i] - b->cb[i]) + fabsf(a->cr[i] - b->cr[i]);
        float differs = residual[i] + 0.5f * colour + 0.1f * fabsf(change);
        sum += fminf(differs / scale, 1);
    }
    return sum / (float)ND_MAX(n, FEWEST_BLOCKS);
}
