/* Rankings as JSON, byte by byte. */
#include "../test.h"

#include "needledrop/ranking.h"

static char *read_golden(void)
{
    nd_bytes file = {0};
    if (nd_file_read(&file, "tests/golden/ranking.json", 1 << 16, NULL)) return NULL;
    nd_bytes_append(&file, "", 1);
    return (char *)file.data;
}

static void test_golden(void)
{
    nd_hit hits[] = {
        {.rank = 1,
         .track_id = 7,
         .path = "/music/caves \"one\"\n.ogg",
         .title = "Caves",
         .artist = "N\xC3\xB3ra",
         .duration_s = 181.23456,
         .tempo_bpm = 123.9994,
         .key = "A minor",
         .score = 0.81249999,
         .parts = {{"motion", 0.9, 2.0 / 3}, {"sync", 1.0 / 3, 1.0 / 3}},
         .n_parts = 2,
         .window_s = {41.0004, 61.25},
         .start_s = 41.0004,
         .why = "Its 124 bpm drive matches the fast motion."},
        {.rank = 2,
         .library = 1,
         .path = "/music/\xFF.mp3",
         .title = "",
         .artist = "",
         .key = "",
         .duration_s = NAN,
         .why = "A weak match: none of the 9 cuts meets a beat."},
    };
    nd_ranking full = {.path = "holiday.mp4", .hits = hits, .n_hits = 2, .n_passed = 12};
    nd_ranking empty = {.path = "\xC3.mp4"};
    nd_ranking *both[] = {&full, &empty};
    char *json = NULL, *golden = read_golden();
    int rc = nd_rankings_json(&json, "videos", both, 2, NULL, 0);
    CHECK("ranking.json", rc == 0 && golden && !strcmp(json, golden), "%d, %s", rc, json);
    free(json);
    free(golden);
}

static void test_none(void)
{
    char *json = NULL;
    int rc = nd_rankings_json(&json, "tracks", NULL, 0, NULL, 0);
    CHECK("no rankings", rc == 0 && !strcmp(json, "{\"tracks\": []}"), "%d, %s", rc, json);
    free(json);
    nd_ranking *none = NULL;
    nd_ranking_destroy(&none);
    nd_ranking_destroy(NULL);
    CHECK("destroy nothing", !none, "%p", (void *)none);
}

int main(void)
{
    test_golden();
    test_none();
    TEST_END();
}
