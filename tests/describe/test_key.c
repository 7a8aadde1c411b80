/* Keys of chord progressions I-IV-V-I and i-iv-V-i made with harmonics, in all
 * 24 keys and three tunings; then silence, noise and real music of known key. */
#include "made.h"

enum { CHORD_N = ND_MUSIC_RATE_HZ, N = 8 * CHORD_N };

/* A tone of six harmonics, the k-th 0.6^k strong. */
static void add_tone(float *x, double note, double cents)
{
    double hz = 440 * exp2((note - 69 + cents / 100) / 12), amplitude = 0.1;
    for (int h = 1; h <= 6; h++, amplitude *= 0.6) made_sine(x, CHORD_N, h * hz, amplitude);
}

static void add_triad(float *x, int root, bool is_minor, double cents)
{
    add_tone(x, root, cents);
    add_tone(x, root + (is_minor ? 3 : 4), cents);
    add_tone(x, root + 7, cents);
    add_tone(x, root - 12, cents);
}

static void make_progression(float *x, int key, bool is_minor, double cents)
{
    memset(x, 0, N * sizeof *x);
    for (int i = 0; i < 8; i++) {
        static const int degrees[] = {0, 5, 7, 0};
        int degree = degrees[i % 4];
        add_triad(x + (size_t)i * CHORD_N, 60 + (key + degree) % 12, is_minor && degree != 7,
                  cents);
    }
}

static void test_progressions(float *x)
{
    for (int cents = -30; cents <= 30; cents += 30)
        for (int k = 0; k < 24; k++) {
            make_progression(x, k % 12, k >= 12, cents);
            nd_description *d = NULL;
            ND_ASSERT_EQ(made_hear(&d, "key", x, N), 0);
            int key = nd_description_find(d, "key")->i32[0];
            int is_minor = nd_description_find(d, "key_is_minor")->i32[0];
            double strength = nd_description_scalar(d, "key_strength", 0);
            CHECK("progression", key == k % 12 && is_minor == (k >= 12) && strength > 0.7,
                  "key %d %s %+d cents: found %d %s, strength %.2f", k % 12,
                  k < 12 ? "major" : "minor", cents, key, is_minor ? "minor" : "major", strength);
            nd_description_destroy(&d);
        }
}

static void test_chroma_of_a_tone(float *x)
{
    memset(x, 0, N * sizeof *x);
    made_sine(x, N, 440, 0.5);
    nd_description *d = NULL;
    ND_ASSERT_EQ(made_hear(&d, "key", x, N), 0);
    int64_t n = 0;
    const float *chroma = nd_description_f32(d, "chroma", &n);
    float sum = 0;
    for (int i = 0; i < 12; i++) sum += chroma[i];
    CHECK("chroma has 12", n == 12, "%lld", (long long)n);
    CHECK_NEAR("chroma sums to 1", sum, 1, 1e-5);
    CHECK("a tone is its own class", chroma[9] > 0.7f, "A has %.3f", chroma[9]);
    nd_description_destroy(&d);
}

static void test_unpitched(float *x)
{
    static const struct {
        const char *name;
        int64_t n;
        double noise, dc;
    } cases[] = {{"no samples", 0, 0, 0}, {"one sample", 1, 0, 1}, {"silence", N, 0, 0},
                 {"DC", N, 0, 0.9},       {"noise", N, 0.5, 0},    {"absurd", N, 3e38, 0}};
    nd_rng rng;
    nd_rng_init(&rng, 7, 0);
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        for (int64_t k = 0; k < cases[i].n; k++)
            x[k] = (float)(cases[i].dc + cases[i].noise * nd_rng_uniform(&rng, -1, 1));
        nd_description *d = NULL;
        ND_ASSERT_EQ(made_hear(&d, "key", x, cases[i].n), 0);
        double strength = nd_description_scalar(d, "key_strength", -1);
        bool is_silent = cases[i].noise == 0;
        CHECK(cases[i].name, is_silent ? strength == 0 : strength >= 0 && strength < 0.75,
              "strength %.3f", strength);
        nd_description_destroy(&d);
    }
}

/* Heard, not read: the title of the Brahms names the piano version's key, the
 * strings play in G minor (it opens D G Bb G F# G). */
static void test_real_music(void)
{
    static const struct {
        const char *file, *name;
        int key, is_minor;
    } cases[] = {
        {"Hungarian_Dance_number_5_-_Allegro_in_F_", "Hungarian dance 5 in G minor", 7, 1},
        {"Kevin_MacLeod_-_P_I_Tchaikovsky_Dance_of", "Sugar Plum Fairy in E minor", 4, 1},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        if (!test_shared_data()) {
            SKIP(cases[i].name, "no ../shared/data");
            continue;
        }
        char command[256];
        snprintf(
            command, sizeof command,
            "ffmpeg -v error -nostdin -i '../shared/data/reference/librosa_%s.flac' -f f32le -ac 1 "
            "-ar 16000 -",
            cases[i].file);
        FILE *pipe = popen(command, "r");
        float *x = nd_calloc(40 * ND_MUSIC_RATE_HZ, sizeof *x);
        int64_t n = (int64_t)fread(x, sizeof *x, 40 * ND_MUSIC_RATE_HZ, pipe);
        pclose(pipe);
        nd_description *d = NULL;
        ND_ASSERT_EQ(made_hear(&d, "key", x, n), 0);
        int key = nd_description_find(d, "key")->i32[0];
        int is_minor = nd_description_find(d, "key_is_minor")->i32[0];
        CHECK(cases[i].name, key == cases[i].key && is_minor == cases[i].is_minor,
              "found %d %s in %lld samples", key, is_minor ? "minor" : "major", (long long)n);
        nd_description_destroy(&d);
        free(x);
    }
}

int main(void)
{
    float *x = nd_calloc(N, sizeof *x);
    test_unpitched(x);
    test_chroma_of_a_tone(x);
    test_progressions(x);
    test_real_music();
    free(x);
    TEST_END();
}
