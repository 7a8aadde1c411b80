/* A model's opinion beside a ranker's, and measured wishes: weights sum to 1, what is not known has
 * none, each wish is met by what was made to meet it. */
#include "../test.h"

#include "rank/parts.h"

static nd_opinion none(void)
{
    return (nd_opinion){.match = NAN, .whole = NAN, .pair = NAN, .like = NAN, .at_s = NAN};
}

static nd_fit second(double score)
{
    nd_fit f = {.parts = {{"motion", score, 0.75}, {"sync", score, 0.25}},
                .n_parts = 2,
                .score = score,
                .window_s = {13, 33},
                .start_s = 13,
                .reasons = {{score, 0.75, "its pulse matches the motion"}},
                .n_reasons = 1};
    return f;
}

static double sum_of(const nd_fit *f, double *score_out)
{
    double weights = 0;
    *score_out = 0;
    for (int i = 0; i < f->n_parts; i++) {
        weights += f->parts[i].weight;
        *score_out += f->parts[i].weight * f->parts[i].value;
    }
    return weights;
}

static const nd_score_part *part_of(const nd_fit *f, const char *name)
{
    static const nd_score_part absent = {"absent", -1, -1};
    for (int i = 0; i < f->n_parts; i++)
        if (!strcmp(f->parts[i].name, name)) return &f->parts[i];
    return &absent;
}

static void check_sums(const char *name, const nd_fit *f)
{
    double score, weights = sum_of(f, &score);
    CHECK(name, fabs(weights - 1) < 1e-9 && fabs(score - f->score) < 1e-9 && f->why[0],
          "weights %g, score %g of %g, \"%s\"", weights, score, f->score, f->why);
}

static void test_opinion(void)
{
    nd_opinion o = none();
    nd_fit f = {.score = -1}, r = second(0.5);
    CHECK("nothing known", nd_opinion_fit(&f, &o, NULL) == ND_EEMPTY && f.score == -1, "%g",
          f.score);
    o.match = 0.8;
    o.at_s = 12;
    o.query_s = 20;
    o.track_s = 25;
    ND_ASSERT_EQ(nd_opinion_fit(&f, &o, NULL), 0);
    check_sums("match alone", &f);
    CHECK("its value and window",
          fabs(f.score - 0.9) < 1e-9 && f.start_s == 12 && f.window_s[1] == 25, "%g, %g to %g",
          f.score, f.start_s, f.window_s[1]);
    CHECK("its place is said", strstr(f.why, "from 0:12 on"), "%s", f.why);
    o.pair = 0.25;
    o.second_weight = 0.25;
    o.shared = "calm piano";
    ND_ASSERT_EQ(nd_opinion_fit(&f, &o, &r), 0);
    check_sums("with a second", &f);
    CHECK("the second's start and parts",
          f.start_s == 13 && f.n_details == 2 && !strcmp(f.details[1].name, "sync"), "%g, %d",
          f.start_s, f.n_details);
    CHECK_NEAR("weights", part_of(&f, "rhythm")->weight, 0.25, 1e-9);
    o.doubt = 0.9;
    ND_ASSERT_EQ(nd_opinion_fit(&f, &o, &r), 0);
    check_sums("in doubt", &f);
    CHECK_NEAR("the second decides", part_of(&f, "rhythm")->weight, 0.25 / 0.325, 1e-9);
    ND_ASSERT_EQ(nd_opinion_fit(&f, &o, NULL), 0);
    CHECK_NEAR("alone the model does", part_of(&f, "pair")->weight, 0.25 / 0.75, 1e-9);
    o.doubt = 0.99;
    ND_ASSERT_EQ(nd_opinion_fit(&f, &o, &r), 0);
    CHECK("in despair it keeps still", !strstr(f.why, "lip by clip") && !strstr(f.why, "oth say"),
          "%s", f.why);
    o.doubt = 0;
    ND_ASSERT_EQ(nd_opinion_fit(&f, &o, &r), 0);
    CHECK("what both share is said", strstr(f.why, "oth say \"calm piano\""), "%s", f.why);
    o.second_weight = 0;
    ND_ASSERT_EQ(nd_opinion_fit(&f, &o, &r), 0);
    check_sums("a second without weight", &f);
    CHECK("it is shown", part_of(&f, "rhythm")->weight == 0 && f.start_s == 13, "%g", f.start_s);
}

static void test_like(void)
{
    nd_opinion o = none();
    nd_fit f, r = second(0.5);
    o.match = 0;
    o.second_weight = 0.5;
    o.like = 1;
    o.like_weight = 0.4;
    o.liked = "calm";
    o.missed = "piano";
    ND_ASSERT_EQ(nd_opinion_fit(&f, &o, &r), 0);
    check_sums("with wishes", &f);
    CHECK_NEAR("their share", part_of(&f, "like")->weight, 0.4, 1e-9);
    CHECK_NEAR("their score", f.score, 0.6 * 0.5 + 0.4, 1e-9);
    CHECK("what is met and missed",
          strstr(f.why, "As asked for: calm") && strstr(f.why, "not as asked: piano"), "%s", f.why);
    o.like_weight = 1;
    ND_ASSERT_EQ(nd_opinion_fit(&f, &o, &r), 0);
    CHECK("wishes alone", f.score == 1 && part_of(&f, "match")->weight == 0, "%g", f.score);
    o = none();
    o.like = 0.25;
    o.like_weight = 1;
    o.track_s = 60;
    ND_ASSERT_EQ(nd_opinion_fit(&f, &o, NULL), 0);
    check_sums("words alone", &f);
    CHECK("all of the track", f.window_s[0] == 0 && f.window_s[1] == 60, "%g", f.window_s[1]);
}

/* ---- wishes ---------- */

static void test_measures(void)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    nd_measures m;
    d->medium = ND_MUSIC;
    nd_measures_read(&m, d);
    bool any = false;
    for (int i = 0; i < ND_WISH_KINDS; i++) any |= !isnan(m.of[i]);
    CHECK("nothing measured", !any, "something");
    nd_description_add_scalar(d, "tempo_bpm", 0);
    nd_description_add_f32(d, "clip_centroid_hz", (const float[]){1000, NAN, 3000}, 3);
    nd_array *a = nd_description_add(d, "key_is_minor", ND_I32, 0, NULL);
    a->i32[0] = 1;
    nd_measures_read(&m, d);
    CHECK("measured",
          isnan(m.of[ND_WISH_TEMPO]) && m.of[ND_WISH_BRIGHTNESS] == 2000 && m.of[ND_WISH_MODE] == 1,
          "%g %g %g", m.of[ND_WISH_TEMPO], m.of[ND_WISH_BRIGHTNESS], m.of[ND_WISH_MODE]);
    d->arrays[0].f32[0] = 80.5f;
    nd_description_add_scalar(d, "integrated_lufs", -25.5);
    nd_measures_read(&m, d);
    CHECK("numbers as they are", m.of[ND_WISH_TEMPO] == 80.5 && m.of[ND_WISH_LOUDNESS] == -25.5,
          "%g %g", m.of[ND_WISH_TEMPO], m.of[ND_WISH_LOUDNESS]);
    nd_description_add_scalar(d, "key_strength", 0.2);
    nd_measures_read(&m, d);
    CHECK("no clear key, no mode", isnan(m.of[ND_WISH_MODE]), "%g", m.of[ND_WISH_MODE]);
    nd_description_destroy(&d);
}

static void test_meet(void)
{
    const struct {
        const char *name;
        nd_wish wish;
        double x, from, lo, hi;
    } cases[] = {
        {"slower than", {.kind = ND_WISH_TEMPO, .sign = -1}, 90, 120, 0.9, 1},
        {"slower, and is not", {.kind = ND_WISH_TEMPO, .sign = -1}, 150, 120, 0, 0.15},
        {"as fast", {.kind = ND_WISH_TEMPO, .sign = 1}, 120, 120, 0.5, 0.5},
        {"under 100", {.kind = ND_WISH_TEMPO, .sign = -1, .value = 100}, 80, 300, 0.9, 1},
        {"90 bpm", {.kind = ND_WISH_TEMPO, .value = 90}, 90, 300, 1, 1},
        {"90 bpm, and is not", {.kind = ND_WISH_TEMPO, .value = 90}, 140, 90, 0, 0.2},
        {"louder", {.kind = ND_WISH_LOUDNESS, .sign = 1}, -10, -16, 0.85, 0.9},
        {"without beat", {.kind = ND_WISH_BEAT, .sign = -1}, 0, 2, 1, 1},
        {"more beat than none", {.kind = ND_WISH_BEAT, .sign = 1}, 0, 2, 0, 0},
        {"major", {.kind = ND_WISH_MODE, .sign = 1}, 0, NAN, 1, 1},
        {"minor", {.kind = ND_WISH_MODE, .sign = -1}, 0, NAN, 0, 0},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        double met = nd_wish_meet(&cases[i].wish, cases[i].x, cases[i].from);
        CHECK(cases[i].name, met >= cases[i].lo && met <= cases[i].hi, "%g", met);
    }
    nd_wish wish = {.kind = ND_WISH_BEAT, .sign = 1};
    CHECK("not known",
          isnan(nd_wish_meet(&wish, NAN, 1)) && isnan(nd_wish_meet(&wish, 1, NAN)) &&
              isnan(nd_wish_meet(&wish, 0, 0)),
          "a number");
}

int main(void)
{
    test_opinion();
    test_like();
    test_measures();
    test_meet();
    TEST_END();
}
