/* Tags in one form: what is no tag, scripts, hashtags, CamelCase, plurals. */
#include "../test.h"
#include "embed/tag_text.h"

static const struct {
    const char *name, *text;
    nd_tag_fault expected;
} faults[] = {
    {"empty", "", ND_TAG_NOTHING},
    {"spaces", " \t ", ND_TAG_NOTHING},
    {"punctuation", "!?... -- '", ND_TAG_NOTHING},
    {"an accent alone", "\xCC\x81", ND_TAG_NOTHING},
    {"invisible", "\xE2\x80\x8B\xEF\xBB\xBF", ND_TAG_NOTHING},
    {"a lone byte", "caf\xE9", ND_TAG_NOT_UTF8},
    {"a surrogate", "\xED\xA0\x80", ND_TAG_NOT_UTF8},
    {"overlong", "\xC0\xAF", ND_TAG_NOT_UTF8},
    {"cut", "\xE3\x82", ND_TAG_NOT_UTF8},
};

static const struct {
    const char *text, *name, *key;
} forms[] = {
    /* hashtags and CamelCase */
    {"#CalmPiano", "calm piano", "calmpiano"},
    {"#calm_piano", "calm piano", "calmpiano"},
    {"calm-piano", "calm piano", "calmpiano"},
    {"  Calm \t PIANO  ", "calm piano", "calmpiano"},
    {"calmpiano", "calmpiano", "calmpiano"},
    {"LOFIBeats", "lofi beats", "lofibeat"},
    {"TVShow", "tv show", "tvshow"},
    {"80sMusic", "80s music", "80smusic"},
    {"MP3Player", "mp3 player", "mp3player"},
    {"2Pac", "2pac", "2pac"},
    {"B2B", "b2b", "b2b"},
    {"iPhone", "iphone", "iphone"},
    {"DJs", "djs", "djs"},
    {"NFTs", "nfts", "nft"},
    {"AC", "ac", "ac"},
    {"HELLO", "hello", "hello"},
    /* punctuation */
    {"Drum & Bass", "drum and bass", "drumandbass"},
    {"Drum'n'Bass", "drumnbass", "drumnbass"},
    {"R&B", "r and b", "randb"},
    {"80's", "80s", "80s"},
    {"rock \xE2\x80\x99n\xE2\x80\x99 roll", "rock n roll", "rocknroll"},
    {"& more &", "more", "more"},
    {"cafe'\xCC\x81", "caf\xC3\xA9", "caf\xC3\xA9"},
    {"r &\xCC\x81 b", "r and b", "randb"},
    {"Abᏸy", "abᏰy", "abᏰy"},
    {"(live)", "live", "live"},
    {"sci-fi!", "sci fi", "scifi"},
    /* Unicode: width, composition, case, ligatures, what cannot be seen */
    {"\xEF\xBC\xA3\xEF\xBC\xA1\xEF\xBC\xAC\xEF\xBC\xAD", "calm", "calm"},
    {"Caf\xC3\x89", "caf\xC3\xA9", "caf\xC3\xA9"},
    {"Cafe\xCC\x81", "caf\xC3\xA9", "caf\xC3\xA9"},
    {"STRA\xE1\xBA\x9E"
     "E",
     "strasse", "strasse"},
    {"stra\xC3\x9F"
     "e",
     "strasse", "strasse"},
    {"\xEF\xAC\x81lm", "film", "film"},
    {"ca\xC2\xADlm", "calm", "calm"},
    {"calm\xC2\xA0piano", "calm piano", "calmpiano"},
    {"\xF0\x9D\x92\xB8\xF0\x9D\x92\xB6lm", "calm", "calm"},
    /* pictograms, with and without tones of skin */
    {"\xF0\x9F\x8E\xB9", "\xF0\x9F\x8E\xB9", "\xF0\x9F\x8E\xB9"},
    {"\xF0\x9F\x91\x8B\xF0\x9F\x8F\xBD", "\xF0\x9F\x91\x8B", "\xF0\x9F\x91\x8B"},
    {"\xE2\x9D\xA4\xEF\xB8\x8F", "\xE2\x9D\xA4", "\xE2\x9D\xA4"},
};

/* One word in each of forty scripts, as it stays; capitals where a script has them. */
static const struct {
    const char *script, *text, *name;
} scripts[] = {
    {"Latin", "Musik", "musik"},
    {"Greek", "Μουσική", "μουσική"},
    {"Cyrillic", "Музыка", "музыка"},
    {"Armenian", "Երաժշտություն", "երաժշտություն"},
    {"Hebrew", "מוזיקה", "מוזיקה"},
    {"Arabic", "موسيقى", "موسيقى"},
    {"Syriac", "ܡܘܣܝܩܝ", "ܡܘܣܝܩܝ"},
    {"Thaana", "މިއުޒިކް", "މިއުޒިކް"},
    {"Devanagari", "संगीत", "संगीत"},
    {"Bengali", "সঙ্গীত", "সঙ্গীত"},
    {"Gurmukhi", "ਸੰਗੀਤ", "ਸੰਗੀਤ"},
    {"Gujarati", "સંગીત", "સંગીત"},
    {"Oriya", "ସଙ୍ଗୀତ", "ସଙ୍ଗୀତ"},
    {"Tamil", "இசை", "இசை"},
    {"Telugu", "సంగీతం", "సంగీతం"},
    {"Kannada", "ಸಂಗೀತ", "ಸಂಗೀತ"},
    {"Malayalam", "സംഗീതം", "സംഗീതം"},
    {"Sinhala", "සංගීතය", "සංගීතය"},
    {"Thai", "ดนตร", "ดนตร"},
    {"Lao", "ດົນຕີ", "ດົນຕີ"},
    {"Tibetan", "རོལ", "རོལ"},
    {"Myanmar", "ဂီတ", "ဂီတ"},
    {"Georgian", "მუსიკა", "მუსიკა"},
    {"Hangul", "음악", "음악"},
    {"Ethiopic", "ሙዚቃ", "ሙዚቃ"},
    {"Cherokee", "Ꮳꮃꭹ", "ᏣᎳᎩ"},
    {"Syllabics", "ᑐᓴᕐ", "ᑐᓴᕐ"},
    {"Ogham", "ᚋᚔᚂ", "ᚋᚔᚂ"},
    {"Runic", "ᛗᚢᛋ", "ᛗᚢᛋ"},
    {"Khmer", "តន្ត្រី", "តន្ត្រី"},
    {"Mongolian", "ᠬᠥᠭ", "ᠬᠥᠭ"},
    {"Hiragana", "おんがく", "おんがく"},
    {"Katakana", "ﾐｭｰｼﾞｯｸ", "ミュージック"},
    {"Bopomofo", "ㄧㄣ", "ㄧㄣ"},
    {"Han", "音樂", "音樂"},
    {"Yi", "ꃅꎭ", "ꃅꎭ"},
    {"Tifinagh", "ⴰⵎⵣ", "ⴰⵎⵣ"},
    {"Coptic", "ⲘⲞⲨ", "ⲙⲟⲩ"},
    {"Gothic", "𐌼𐌿𐍃", "𐌼𐌿𐍃"},
    {"Deseret", "𐐣𐐷", "𐑋𐐷"},
};

static const struct {
    const char *name, *key;
} plurals[] = {
    {"drums", "drum"},
    {"violins", "violin"},
    {"strings", "string"},
    {"memories", "memory"},
    {"parties", "party"},
    {"movies", "movie"},
    {"beaches", "beach"},
    {"dresses", "dress"},
    {"boxes", "box"},
    {"videos", "video"},
    {"photos", "photo"},
    {"heroes", "hero"},
    {"video games", "videogame"},
    {"sports car", "sportscar"},
    {"blues", "blues"},
    {"bass", "bass"},
    {"christmas", "christmas"},
    {"classics", "classics"},
    {"acoustics", "acoustics"},
    {"chaos", "chaos"},
    {"famous", "famous"},
    {"tennis", "tennis"},
    {"series", "series"},
    {"bus", "bus"},
    {"80s", "80s"},
    {"m\xC3\xB6ns", "m\xC3\xB6ns"},
    {"always", "always"},
    {"news", "news"},
    {"ties", "tie"},
};

static void test_faults(void)
{
    for (size_t i = 0; i < ND_COUNT(faults); i++) {
        nd_tag_form form = {.name = "as it was"};
        nd_tag_fault found = nd_tag_form_read(&form, faults[i].text, strlen(faults[i].text));
        CHECK(faults[i].name, found == faults[i].expected && !strcmp(form.name, "as it was"),
              "%d, \"%s\"", (int)found, form.name);
    }
    nd_tag_form form;
    CHECK("a NUL", nd_tag_form_read(&form, "a\0b", 3) == ND_TAG_NOTHING, "taken");
}

static void test_lengths(void)
{
    char text[ND_TAG_RAW_BYTES + 2];
    nd_tag_form form;
    memset(text, 'x', sizeof text);
    CHECK("127 bytes", !nd_tag_form_read(&form, text, 127) && strlen(form.name) == 127, "refused");
    CHECK("128 bytes", nd_tag_form_read(&form, text, 128) == ND_TAG_TOO_LONG, "taken");
    CHECK("a raw text too long",
          nd_tag_form_read(&form, text, ND_TAG_RAW_BYTES + 1) == ND_TAG_TOO_LONG, "taken");
    memset(text, 'A', sizeof text);
    for (int i = 1; i < ND_TAG_RAW_BYTES; i += 2) text[i] = 'b';
    CHECK("4096 bytes of humps", nd_tag_form_read(&form, text, ND_TAG_RAW_BYTES) == ND_TAG_TOO_LONG,
          "taken");
    /* one code point that NFKC makes 18 of */
    for (int i = 0; i < 120; i += 3) memcpy(text + i, "\xEF\xB7\xBA", 3);
    CHECK("text that grows", nd_tag_form_read(&form, text, 120) == ND_TAG_TOO_LONG, "taken");
}

static void test_forms(void)
{
    for (size_t i = 0; i < ND_COUNT(forms); i++) {
        nd_tag_form form = {0};
        nd_tag_fault fault = nd_tag_form_read(&form, forms[i].text, strlen(forms[i].text));
        CHECK(forms[i].text,
              !fault && !strcmp(form.name, forms[i].name) && !strcmp(form.key, forms[i].key),
              "%d: \"%s\", \"%s\"", (int)fault, form.name, form.key);
    }
}

/* A name is in form already: it must stay, or a set that was written could not be read. */
static void test_stays(void)
{
    int n_moved = 0;
    nd_tag_form form, again;
    for (size_t i = 0; i < ND_COUNT(forms); i++)
        if (!nd_tag_form_read(&form, forms[i].text, strlen(forms[i].text)) &&
            (nd_tag_form_read(&again, form.name, strlen(form.name)) ||
             strcmp(again.name, form.name) || strcmp(again.key, form.key)))
            n_moved++;
    for (size_t i = 0; i < ND_COUNT(scripts); i++)
        if (!nd_tag_form_read(&form, scripts[i].text, strlen(scripts[i].text)) &&
            (nd_tag_form_read(&again, form.name, strlen(form.name)) ||
             strcmp(again.name, form.name)))
            n_moved++;
    CHECK("form of a form", n_moved == 0, "%d moved", n_moved);
}

static void test_scripts(void)
{
    for (size_t i = 0; i < ND_COUNT(scripts); i++) {
        nd_tag_form form = {0};
        nd_tag_fault fault = nd_tag_form_read(&form, scripts[i].text, strlen(scripts[i].text));
        CHECK(scripts[i].script, !fault && !strcmp(form.name, scripts[i].name), "%d: \"%s\"",
              (int)fault, form.name);
    }
    CHECK("forty scripts", ND_COUNT(scripts) >= 40, "%zu", ND_COUNT(scripts));
}

static void test_plurals(void)
{
    for (size_t i = 0; i < ND_COUNT(plurals); i++) {
        char key[ND_TAG_BYTES];
        nd_tag_key(key, plurals[i].name);
        CHECK(plurals[i].name, !strcmp(key, plurals[i].key), "\"%s\"", key);
    }
}

static void test_pieces(void)
{
    static const struct {
        const char *name, *text, *pieces;
    } cases[] = {
        {"no piece", "", ""},
        {"separators alone", " , ;; # ", ""},
        {"one piece", "calm", "calm|"},
        {"genres", "Hip-Hop; Soul/Funk", "Hip-Hop| Soul|Funk|"},
        {"hashtags", "#sunset #CalmPiano#rain", "sunset |CalmPiano|rain|"},
        {"line ends", "a,b\nc|d", "a|b|c|d|"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char found[256] = "";
        const char *piece, *at = cases[i].text;
        size_t n;
        while (nd_tag_next_piece(&piece, &n, &at)) {
            strncat(found, piece, n);
            strcat(found, "|");
        }
        CHECK(cases[i].name, !strcmp(found, cases[i].pieces) && !*at, "\"%s\"", found);
    }
}

int main(void)
{
    test_faults();
    test_lengths();
    test_forms();
    test_stays();
    test_scripts();
    test_plurals();
    test_pieces();
    TEST_END();
}
