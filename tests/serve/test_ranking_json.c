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
    static const float cosines[] = {0.12345f, -1, 0.5f, 1}, met[] = {0.25f, NAN};
    const char *wishes[] = {"slower", "no drum"};
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
         .parts = {{"match", 0.9, 0.5}, {"rhythm", 1.0 / 3, 1.0 / 3}, {"like", 0.25, 1.0 / 6}},
         .n_parts = 3,
         .details = {{"motion", 0.25, 1}},
         .n_details = 1,
         .n_query_clips = 2,
         .n_track_clips = 2,
         .offset = 1,
         .cosines = cosines,
         .heard = {"calm", "piano"},
         .both = {"piano"},
         .met = met,
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
    nd_ranking full = {.path = "holiday.mp4",
                       .hits = hits,
                       .n_hits = 2,
                       .n_passed = 12,
                       .model = "default",
                       .seen = {"piano"},
                       .wishes = wishes,
                       .n_wishes = 2,
                       .unknown = "xyzzy"};
    nd_ranking empty = {.path = "\xC3.mp4"};
    nd_ranking *both[] = {&full, &empty};
    char *json = NULL, *golden = read_golden();
    int rc = nd_rankings_json(&json, "videos", both, 2, NULL, 0);
    CHECK("ranking.json", rc == 0 && golden && !strcmp(json, golden), "%d, %s", rc, json);
    free(json);
    free(golden);
}

static void test_found(void)
{
    nd_ranking found = {.path = "calm\xFF piano", .model = "", .unknown = ""};
    char *json = NULL;
    int rc = nd_found_json(&json, &found);
    CHECK("found.json",
          rc == 0 &&
              !strcmp(json, "{\"words\": \"calm\xEF\xBF\xBD piano\", \"n_passed\": 0, \"model\": "
                            "null, \"unknown\": null, \"results\": []}"),
          "%d, %s", rc, json);
    free(json);
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
    test_found();
    test_none();
    TEST_END();
}
