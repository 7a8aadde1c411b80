/* Rhythm of clips: classes, our own beats, and the published rule against
 * the values of the reference. */
#include <jansson.h>

#include "../test.h"

#include "hearing_data.h"

static void test_classes(void)
{
    static const struct {
        const char *name;
        nd_rhythm r;
        int32_t expected[3];
    } cases[] = {
        {"nothing", {0, 0, 0}, {0, 0, 64}},
        {"strength without a beat", {0, 7, 0}, {0, 0, 64}},
        {"one beat", {1, 3.6F, 0}, {1, 4, 64}},
        {"half to even", {8, 2.5F, 0.5F}, {8, 2, 8}},
        {"below a step", {8, 2.51F, 0.4999F}, {8, 3, 7}},
        {"too many, too strong", {40, 300, 0.1F}, {17, 48, 1}},
        {"too slow", {2, 1, 3.99F}, {2, 1, 63}},
        {"slower than the table", {2, 1, 60}, {2, 1, 63}},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int32_t c[3];
        nd_rhythm_quantise(c, &cases[i].r);
        CHECK(cases[i].name, !memcmp(c, cases[i].expected, sizeof c), "%d %d %d", c[0], c[1], c[2]);
    }
}

/* 120 bpm from 0.3 s on: eight beats in each whole clip of 4 s, half a second apart. */
static void test_own(void)
{
    made_track *k = made_create(
        &(made_params){.bpm = 120, .length_s = 19, .metre = 4, .swing = 0.5});
    nd_samples s = {.data = k->x, .n = k->n, .rate_hz = RATE};
    nd_description *d = NULL;
    int64_t n = 0, m = 0;
    int rc = nd_describe_samples(&d, &s, "rhythm", NULL);
    CHECK("the feature and its needs run", !rc, "rc %d", rc);
    if (!rc) {
        const int32_t *beats = nd_description_i32(d, "clip_n_beats", &n);
        const float *interval_s = nd_description_f32(d, "clip_beat_interval_s", &m);
        const float *strength = nd_description_f32(d, "clip_beat_strength", &m);
        CHECK("clips of 19 s", n == 5 && m == 5, "%lld", (long long)n);
        for (int64_t c = 0; c < n; c++) {
            CHECK("beats in a clip", c == 4 ? beats[c] >= 4 : beats[c] == 8, "clip %lld: %d",
                  (long long)c, beats[c]);
            CHECK_NEAR("interval", interval_s[c], 0.5, 0.005);
            CHECK("strength at the beats", strength[c] > 2, "%g", (double)strength[c]);
        }
    }
    nd_description_destroy(&d);
    made_destroy(&k);
}

static void test_silence(void)
{
    nd_samples s = {.n = 8 * RATE, .rate_hz = RATE, .data = calloc(8 * RATE, sizeof(float))};
    nd_description *d = NULL;
    int rc = nd_describe_samples(&d, &s, "rhythm,rhythm_published", NULL);
    const nd_array *own = rc ? NULL : nd_description_find(d, "clip_rhythm_class");
    const nd_array *published = rc ? NULL : nd_description_find(d, "published_clip_rhythm_class");
    static const int32_t none[6] = {0, 0, 64, 0, 0, 64};
    CHECK("silence",
          own && published && !memcmp(own->i32, none, sizeof none) &&
              !memcmp(published->i32, none, sizeof none),
          "rc %d", rc);
    nd_description_destroy(&d);
    free(s.data);
}

static void test_published(const char *data, const char *name)
{
    char path[512];
    int64_t n, n_clips = 0;
    snprintf(path, sizeof path, "%s/reference/librosa_%s.flac", data, name);
    float *x = audio_read(path, &n);
    snprintf(path, sizeof path, "%s/reference/librosa_%s.json", data, name);
    json_t *reference = json_load_file(path, 0, NULL);
    json_t *clips = json_object_get(reference, "clips_alone");
    nd_samples s = {.data = x, .n = n, .rate_hz = RATE};
    nd_description *d = NULL;
    int rc = nd_describe_samples(&d, &s, "rhythm_published", NULL);
    const float *strength = rc ? NULL
                               : nd_description_f32(d, "published_clip_beat_strength", &n_clips);
    const nd_array *classes = rc ? NULL : nd_description_find(d, "published_clip_rhythm_class");
    size_t same = 0, n_expected = json_array_size(clips);
    for (size_t c = 0; c < n_expected && (int64_t)c < n_clips; c++) {
        json_t *clip = json_array_get(clips, c), *class = json_object_get(clip, "rhythm_class");
        bool equal = fabs(strength[c] - json_number_value(json_object_get(clip, "beat_strength"))) <
                     1e-3;
        for (size_t i = 0; i < 3; i++)
            equal &= classes->i32[3 * c + i] == json_integer_value(json_array_get(class, i));
        same += equal;
    }
    CHECK(name, n_expected > 0 && same == n_expected, "%zu of %zu clips", same, n_expected);
    nd_description_destroy(&d);
    json_decref(reference);
    free(x);
}

int main(void)
{
    static const char *const NAMES[] = {"A_Mission",          "Arcadia",
                                        "Dangerous",          "inter",
                                        "chuggachugga",       "careless_perc_redfarn",
                                        "be_sharp_bw_redfarn"};
    test_classes();
    test_silence();
    test_own();
    for (size_t i = 0; i < ND_COUNT(NAMES) && test_shared_data(); i++)
        test_published(test_shared_data(), NAMES[i]);
    if (!test_shared_data()) SKIP("published rhythm", "no ../shared/data");
    TEST_END();
}
