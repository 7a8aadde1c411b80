/* What a person asks for in words. */
#include "../test.h"
#include "embed/wish.h"

/* Phrases and what is read of them: sign (= near a value), weight, kind, words; ? where the text
 * counts only where it is known. */
static const struct {
    const char *text, *wishes;
} PHRASES[] = {
    {"calmer, no drums",
     "-0.5tempo calm | -1.5beat calm | -0.5loudness calm | +1text calm? | -0.5text drums?"},
    {"slow piano but not too dark, 90 bpm",
     "-0.5tempo slow | +1text slow piano | +0.5brightness dark | +0.25mode dark | -0.25text dark? "
     "| =1tempo 90 bpm [90]"},
    {"no drums and vocals", "-1beat drums | -0.5text drums? | -1text vocals"},
    {"without drums and calmer",
     "-1.5beat drums | -0.5text drums? | -0.5tempo calm | -0.5loudness calm | +1text calm?"},
    {"LOUDER!", "+1loudness loud | +0.5text loud?"},
    {"more drums", "+1beat drums | +0.5text drums?"},
    {"less beat, more strings", "-0.5beat beat | -0.25text beat? | +1text strings"},
    {"drum and bass", "+1text drum and bass"},
    {"Drum & Bass", "+1text drum and bass"},
    {"major", "+1mode major | +0.5text major?"},
    {"in a minor key", "-1mode minor | +0.5text minor?"},
    {"not minor", "+1mode minor | -0.5text minor?"},
    {"high energy", "+0.5tempo energy | +0.5beat energy | +0.5loudness energy | +0.5text energy?"},
    {"very low energy please",
     "-0.75tempo energy | -0.75beat energy | -0.75loudness energy | -0.75text energy?"},
    {"low strings", "+1text low strings"},
    {"film music", "+1text film music"},
    {"calm music please", "-0.5tempo calm | -0.5beat calm | -0.5loudness calm | +1text calm?"},
    {"instrumental, no vocals", "+1text instrumental | -1text vocals"},
    {"-drums piano", "-1beat drums | -0.5text drums? | +1text piano"},
    {"-drums, +piano", "-1beat drums | -0.5text drums? | +1text piano"},
    {"drum-free", "-1beat drum | -0.5text drum?"},
    {"too fast", "-1tempo fast | -0.5text fast?"},
    {"not too fast", "-0.5tempo fast | -0.25text fast?"},
    {"not enough bass", "-0.7brightness bass | +0.5text bass?"},
    {"slower than 100 bpm", "-1tempo 100 bpm [100]"},
    {"no faster than 120bpm", "-1tempo 120 bpm [120]"},
    {"between 90 and 110 bpm", "=1tempo 100 bpm [100]"},
    {"90-110 BPM", "=1tempo 100 bpm [100]"},
    {"at least 140 bpm and happy",
     "+1tempo 140 bpm [140] | +0.3tempo happy | +0.7mode happy | +1text happy?"},
    {"something calmer than this, with a gentle piano & soft strings",
     "-0.75tempo calm | -1beat calm | -1.1loudness calm | +1text calm? | +1text gentle piano | "
     "-0.25brightness soft | +1text soft strings"},
    {"fast and happy", "+1.3tempo fast | +0.5text fast? | +0.7mode happy | +1text happy?"},
    {"happiest", "+0.3tempo happy | +0.7mode happy | +1text happy?"},
    {"sadder", "-0.4tempo sad | -0.2loudness sad | -0.7mode sad | +1text sad?"},
    {"tenser", "+1text tense"},
    {"gentler", "-0.5tempo gentle | -0.5beat gentle | -0.5loudness gentle | +1text gentle?"},
    {"r&b", "+1text r and b"},
    {"rain", "+1text rain"},
    {"no rain", "-1text rain"},
    {"hip-hop", "+1text hip hop"},
    {"tense library", "+1text tense library"},
    {"calm beach", "-0.25tempo calm | -0.25beat calm | -0.25loudness calm | +1text calm beach"},
    {"more", "+1text more"},
    {"no", "+1text no"},
    {"音樂, не громко", "+1text 音樂 | +1text не громко"},
    {"don't want singing or drums", "-1text singing | -1beat drums | -0.5text drums?"},
    {"less loud and less bright",
     "-0.5loudness loud | -0.25text loud? | -0.5brightness bright | -0.25text bright?"},
    {"super 8", "+1text super 8"},
    {"slow tempo", "-1tempo slow | +0.5text slow?"},
    {"a lot slower", "-1.5tempo slow | +0.75text slow?"},
    {"much faster", "+1.5tempo fast | +0.75text fast?"},
    {"slightly brighter", "+0.5brightness bright | +0.25text bright?"},
    {"warm sound", "-1brightness warm | +0.5text warm?"},
    {"upbeat but not loud", "+0.5tempo upbeat | +0.5beat upbeat | +0.5loudness upbeat | +1text "
                            "upbeat? | -1loudness loud | -0.5text loud?"},
    {"not 120 bpm", "-1text 120 bpm"},
    {"no slow songs", "+1tempo slow | -0.5text slow?"},
    {"a little less drums", "-0.25beat drums | -0.12text drums?"},
    {"w/o drums", "-1beat drums | -0.5text drums?"},
    {"no loud drums", "-0.5loudness loud | -0.5beat drums | -1text loud drums"},
    {"happy city", "+0.15tempo happy | +0.35mode happy | +1text happy city"},
    {"8bpm", "+1text 8bpm"},
    {"120", "+1text 120"},
    {"music box", "+1text music box"},
    {"quieter drums at 80 bpm",
     "-0.5loudness quiet | +0.5beat drums | +1text quiet drums | =1tempo 80 bpm [80]"},
    {"the beat goes on", "+0.5beat beat | +1text beat goes on"},
    {"less than 100 bpm", "-1tempo 100 bpm [100]"},
    {"no more than 100 bpm", "-1tempo 100 bpm [100]"},
    {"not without drums", "+1beat drums | +0.5text drums?"},
    {"softer", "-0.5beat soft | -0.7loudness soft | -0.5brightness soft | +0.5text soft?"},
    {"darker and heavier", "-1brightness dark | -0.5mode dark | +0.5text dark? | +0.7beat heavy | "
                           "+0.7loudness heavy | +0.5text heavy?"},
    {"Nothing too loud", "-0.5loudness loud | -0.25text loud?"},
};

/* As the table above has it. */
static void print_wishes(nd_str *out, const nd_wishes *w)
{
    for (int i = 0; i < w->n; i++) {
        const nd_wish *x = &w->items[i];
        nd_str_append(out, "%s%s%.2g%s %s", i ? " | " : "",
                      x->sign < 0   ? "-"
                      : x->sign > 0 ? "+"
                                    : "=",
                      (double)x->weight, nd_wish_measures()[x->kind].name, x->text);
        if (x->value > 0) nd_str_append(out, " [%g]", (double)x->value);
        if (x->only_if_known) nd_str_append(out, "?");
    }
}

static void test_wrong(void)
{
    static nd_wishes w = {.n = 77};
    static char text[6000];
    nd_diag diag = {0};
    static const char *const nothing[] = {"", "  ", "!!", ", ,; -", "and", "\xEF\xBF"};
    for (size_t i = 0; i < ND_COUNT(nothing); i++)
        CHECK("nothing is asked", nd_wishes_read(&w, nothing[i], &diag) == ND_EARG && w.n == 77,
              "\"%s\": %d", nothing[i], w.n);
    memset(text, 'x', 5000);
    CHECK("too long", nd_wishes_read(&w, text, &diag) == ND_EARG && w.n == 77, "%s", diag.text);
    text[200] = '\0';
    CHECK("a word too long", nd_wishes_read(&w, text, &diag) == ND_EARG && w.n == 77, "%s",
          diag.text);
    for (size_t i = 0; i < 1300; i++) text[i] = i % 2 ? ' ' : 'a';
    text[1300] = '\0';
    CHECK("too many words", nd_wishes_read(&w, text, &diag) == ND_EARG && w.n == 77, "%s",
          diag.text);
    for (size_t i = 0; i < 200; i++) text[i] = i % 2 ? ',' : 'a';
    text[200] = '\0';
    CHECK("too many wishes", nd_wishes_read(&w, text, &diag) == ND_EARG && w.n == 77, "%s",
          diag.text);
    CHECK("no diagnostic is fine", nd_wishes_read(&w, "", NULL) == ND_EARG, "taken");
}

static void test_phrases(void)
{
    for (size_t i = 0; i < ND_COUNT(PHRASES); i++) {
        static nd_wishes w;
        nd_str found = {0};
        nd_diag diag = {0};
        int rc = nd_wishes_read(&w, PHRASES[i].text, &diag);
        if (!rc) print_wishes(&found, &w);
        CHECK(PHRASES[i].text, !rc && found.text && !strcmp(found.text, PHRASES[i].wishes), "%s%s",
              diag.text, found.text ? found.text : "");
        nd_str_deinit(&found);
    }
}

/* A sentence without a stop is several texts. */
static void test_long(void)
{
    static nd_wishes w;
    nd_str text = {0}, all = {0};
    for (int i = 0; i < 60; i++)
        nd_str_append(&text, "%sword%c%c", i ? " " : "", 'a' + i % 26, 'a' + i / 26);
    CHECK("a long sentence", !nd_wishes_read(&w, text.text, NULL) && w.n > 1, "%d wishes", w.n);
    for (int i = 0; i < w.n; i++) nd_str_append(&all, "%s%s", i ? " " : "", w.items[i].text);
    CHECK("no word is lost", all.text && !strcmp(all.text, text.text), "%s", all.text);
    nd_str_deinit(&text);
    nd_str_deinit(&all);
}

/* Whatever is said, what is read is sound. */
static void test_anything(void)
{
    static const char *const words[] = {"no",   "not",    "too",  "calm",  "bpm",   "90",
                                        "and",  ",",      "-",    "a",     "bit",   "drum",
                                        "bass", "or",     "less", "than",  "99bpm", "free",
                                        "lot",  "slower", "\xC3", "piano", "&",     "."};
    nd_rng rng;
    nd_rng_init(&rng, 3, 0);
    int n_wrong = 0, n_read = 0;
    for (int k = 0; k < 3000; k++) {
        static nd_wishes w;
        nd_str text = {0};
        for (int i = nd_rng_int(&rng, 1, 12); i > 0; i--)
            nd_str_append(&text, "%s%s",
                          words[nd_rng_int(&rng, 0, (int)ND_COUNT(words) - (k % 4 ? 4 : 1))],
                          nd_rng_int(&rng, 0, 9) ? " " : "");
        int rc = nd_wishes_read(&w, text.text, NULL);
        n_read += !rc;
        for (int i = 0; i < w.n && !rc; i++) {
            const nd_wish *x = &w.items[i];
            n_wrong += !*x->text || x->weight < 0.099f || x->weight > 4 ||
                       x->kind >= ND_WISH_KINDS || (x->sign == 0 && x->value <= 0);
        }
        nd_str_deinit(&text);
    }
    CHECK("3000 made sentences", n_wrong == 0 && n_read > 1500, "%d wrong, %d read", n_wrong,
          n_read);
}

static void test_measures(void)
{
    const nd_wish_measure *m = nd_wish_measures();
    for (int k = 0; k < ND_WISH_KINDS; k++)
        CHECK("a measure", m[k].name && (k == ND_WISH_TEXT) == !m[k].array && m[k].step > 0, "%d",
              k);
}

int main(void)
{
    test_wrong();
    test_phrases();
    test_long();
    test_anything();
    test_measures();
    TEST_END();
}
