/* Clip and window rules against a table worked out by hand from models.md 1.2. */
#include "../test.h"

#include "describe/describe.h"

static void test_clip_counts(void)
{
    static const struct {
        double length_s;
        int clips;
    } cases[] = {
        {-1, 0},    {0, 0}, {NAN, 0}, {2, 0},  {2.001, 1},  {4, 1},    {6, 1},
        {6.001, 2}, {8, 2}, {28, 7},  {30, 7}, {30.001, 8}, {180, 45}, {INFINITY, INT32_MAX},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++)
        CHECK("clip_count", nd_clip_count(cases[i].length_s) == cases[i].clips,
              "%g s: %d, expected %d", cases[i].length_s, nd_clip_count(cases[i].length_s),
              cases[i].clips);
}

static void test_frame_counts(void)
{
    static const int expected[] = {0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3};
    for (int n = 0; n < (int)ND_COUNT(expected); n++)
        CHECK("clip_count_frames", nd_clip_count_frames(n) == expected[n], "%d frames: %d", n,
              nd_clip_count_frames(n));
}

static void test_windows(void)
{
    CHECK("window_count_none", nd_window_count(0) == 0, "%d", nd_window_count(0));
    CHECK("window_count_short", nd_window_count(3) == 1, "%d", nd_window_count(3));
    CHECK("window_count_long", nd_window_count(9) == 3, "%d", nd_window_count(9));
    CHECK("music_loops", nd_window_clip(ND_MUSIC, 3, 0, 5) == 2, "%d",
          nd_window_clip(ND_MUSIC, 3, 0, 5));
    CHECK("video_repeats_last",
          nd_window_clip(ND_VIDEO, 3, 0, 5) == 2 && nd_window_clip(ND_VIDEO, 3, 0, 6) == 2, "%d",
          nd_window_clip(ND_VIDEO, 3, 0, 6));
    CHECK("first_counts", nd_window_clip(ND_MUSIC, 9, 2, 6) == 8, "%d",
          nd_window_clip(ND_MUSIC, 9, 2, 6));
}

int main(void)
{
    test_clip_counts();
    test_frame_counts();
    test_windows();
    TEST_END();
}
