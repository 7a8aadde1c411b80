/* Clips of 4 s and windows of 7 clips, cut as the published code cuts them. */
#include <math.h>

#include "describe/describe.h"

int nd_clip_count(double length_s)
{
    if (!(length_s > ND_CLIP_S / 2)) return 0;
    double whole = floor(length_s / ND_CLIP_S);
    if (whole >= INT32_MAX) return INT32_MAX;
    return (int)whole + (length_s - whole * ND_CLIP_S > ND_CLIP_S / 2);
}

int nd_clip_count_frames(int64_t n_frames)
{
    int64_t whole = n_frames / ND_FRAMES_PER_CLIP;
    int64_t rest = n_frames % ND_FRAMES_PER_CLIP;
    if (whole >= INT32_MAX) return INT32_MAX;
    return (int)whole + (rest > ND_FRAMES_PER_CLIP / 2);
}

int nd_window_clip(nd_medium medium, int n, int first, int k)
{
    ND_ASSERT(n >= 1 && first >= 0 && first < n && k >= 0 && k < ND_WINDOW_CLIPS);
    if (medium == ND_MUSIC) return (first + k) % n;
    return ND_MIN(first + k, n - 1);
}

int nd_window_count(int n_clips)
{
    return n_clips <= ND_WINDOW_CLIPS ? n_clips > 0 : n_clips - ND_WINDOW_CLIPS + 1;
}
