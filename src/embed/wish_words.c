/* The words that wishes are made of, as tables. Weights are chosen: a word that is about one thing
 * has 1 of it, a mood has a half of several. */
#include <string.h>

#include "embed/wish_words.h"

const nd_wish_measure *nd_wish_measures(void)
{
    static const nd_wish_measure measures[ND_WISH_KINDS] = {
        [ND_WISH_TEXT] = {"text", NULL, "", false, false, 1},
        [ND_WISH_TEMPO] = {"tempo", "tempo_bpm", "BPM", true, false, 0.25},
        [ND_WISH_BEAT] = {"beat", "clip_beat_strength", "", true, false, 1},
        [ND_WISH_LOUDNESS] = {"loudness", "integrated_lufs", "LUFS", false, false, 6},
        [ND_WISH_BRIGHTNESS] = {"brightness", "clip_centroid_hz", "Hz", true, false, 0.5},
        [ND_WISH_MODE] = {"mode", "key_is_minor", "", false, true, 1},
    };
    return measures;
}

/* ---- tables ---------------------------------------------------------------------- */

static const nd_wish_turn before[] = {
    {"no|not|without|w o|with no|minus|non|never|avoid|except|except "
     "for|exclude|excluding|skip|remove|drop the|lose the|anything but|nothing|dont|do "
     "not|isnt|free of|free from|instead of|rather than|hardly any|too|too much|too many",
     -1, 1, ND_WISH_OF_ANY},
    {"less|fewer|nothing too|nothing very|nothing so|never too|without too much|without too "
     "many|not too|not too much|not too many|not so|not so much|not very|not that|not as|not "
     "really|not much",
     -1, .5f, ND_WISH_OF_ANY},
    {"not necessarily", -1, .25f, ND_WISH_OF_ANY},
    {"low|lower|weak|weaker|little", -1, 1, ND_WISH_OF_THING},
    {"high|higher|strong|stronger|good", 1, 1, ND_WISH_OF_THING},
    {"a little|a bit|a touch|a tad|a bit of|a touch of|slightly|somewhat|kind of|sort "
     "of|maybe|preferably|ideally",
     1, .5f, ND_WISH_OF_ANY},
    {"most|very|really|much|a lot|a lot of|lots of|way|far|super|extremely|full of", 1, 1.5f,
     ND_WISH_OF_ANY},
    {"more|not "
     "enough|so|even|quite|rather|with|some|extra|something|anything|like|sounds|sounding|feels|i "
     "want|i would like|id like|i like|i need|we want|we need|give me|make it|keep "
     "it|want|need|please|it should be|should be|to be|be|is|its|that is|thats|which is|music "
     "with|music for|tracks with|songs with|the|a|an|any|just|only|in|of",
     1, 1, ND_WISH_OF_ANY},
};

static const nd_wish_turn after[] = {
    {"free", -1, 1, ND_WISH_OF_ANY},
    {"please|thanks|though|than this|than that|than now|than before|than it is|at all|too", 1, 1,
     ND_WISH_OF_ANY},
    {"if possible|a bit|a little", 1, .5f, ND_WISH_OF_ANY},
    {"very much|a lot", 1, 1.5f, ND_WISH_OF_ANY},
    {"music|song|songs|track|tracks|tune|tunes|sound|sounding|mood|feel|feeling|vibe|vibes|one|"
     "ones|stuff|key|tempo|pace|speed|volume|scale",
     1, 1, ND_WISH_OF_SENSE},
};

static const char wholes[] =
    "super 8|drum and bass|drum n bass|rhythm and blues|r and b|rock and roll|rock n roll|country "
    "and "
    "western|call and response|black and white|soft rock|hard rock|hard bop|dark ambient|dark "
    "wave|heavy metal|speed metal|slow jam|slow motion|slow core|deep house|big beat|no wave|non "
    "stop|far east|far away|way out|super hero|low fi|lo fi|bass drum|a cappella|open air|sing "
    "along|high school|high noon|low light|soft focus|fast food|fast cars|hard drive|dark "
    "room|bright lights|power ballad|big band|little girl|little boy|most wanted|free jazz|deep "
    "sea|deep forest|light rain|heavy rain|hot air|new age|new year|new wave";

/* Of text, tempo, beat, loudness, brightness, mode. */
static const nd_wish_sense senses[] = {
    {"fast quick rapid speedy swift uptempo", {.5f, 1, 0, 0, 0, 0}, false},
    {"tempo speed pace", {0, 1, 0, 0, 0, 0}, true},
    {"slow downtempo", {.5f, -1, 0, 0, 0, 0}, false},
    {"calm relaxed relaxing relax peaceful chill chilled mellow gentle laidback tranquil serene "
     "soothing restful subdued",
     {1, -.5f, -.5f, -.5f, 0, 0},
     false},
    {"energetic lively driving exciting upbeat intense powerful hectic frantic wild",
     {1, .5f, .5f, .5f, 0, 0},
     false},
    {"energy drive power intensity excitement", {.5f, .5f, .5f, .5f, 0, 0}, true},
    {"loud noisy", {.5f, 0, 0, 1, 0, 0}, false},
    {"volume loudness noise", {.5f, 0, 0, 1, 0, 0}, true},
    {"quiet silent hushed", {.5f, 0, 0, -1, 0, 0}, false},
    {"soft delicate tender", {.5f, 0, -.5f, -.7f, -.5f, 0}, false},
    {"hard heavy aggressive", {.5f, 0, .7f, .7f, 0, 0}, false},
    {"bright crisp sparkling shiny brilliant airy", {.5f, 0, 0, 0, 1, 0}, false},
    {"brightness treble", {.5f, 0, 0, 0, 1, 0}, true},
    {"harsh shrill tinny", {.5f, 0, 0, .3f, 1, 0}, false},
    {"dark", {.5f, 0, 0, 0, -1, -.5f}, false},
    {"warm dull muffled muted bassy deep", {.5f, 0, 0, 0, -1, 0}, false},
    {"bass", {.5f, 0, 0, 0, -.7f, 0}, true},
    {"drum drumming beat percussion kick groove rhythm drummer", {.5f, 0, 1, 0, 0, 0}, true},
    {"rhythmic percussive groovy danceable punchy beaty", {.5f, 0, 1, 0, 0, 0}, false},
    {"beatless drumless", {.5f, 0, -1, 0, 0, 0}, false},
    {"major", {.5f, 0, 0, 0, 0, 1}, false},
    {"minor", {.5f, 0, 0, 0, 0, -1}, false},
    {"happy cheerful joyful merry jolly sunny", {1, .3f, 0, 0, 0, .7f}, false},
    {"sad melancholic melancholy gloomy sorrowful mournful", {1, -.4f, 0, -.2f, 0, -.7f}, false},
    {"vocal singing singer voice lyric sung vocalist", {1, 0, 0, 0, 0, 0}, true},
    {"tense scary creepy eerie dreamy epic funny weird strange smooth rough clean dirty fresh "
     "modern old new sweet cool hot light simple romantic serious",
     {1, 0, 0, 0, 0, 0},
     false},
};

/* ---- phrases --------------------------------------------------------------------- */

/* A phrase of a list "a bit|a lot": words of it where words [n] begin with it, or where they end
 * in it; 0.
 * @param end  set to where the phrase ends */
static int matches(const char *phrase, const char **end, const nd_word *words, int n, bool at_end)
{
    size_t length = strcspn(phrase, "|");
    int n_words = 1, k = 0;
    for (size_t i = 0; i < length; i++) n_words += phrase[i] == ' ';
    *end = phrase + length;
    if (n_words > n) return 0;
    for (words += at_end ? n - n_words : 0; k < n_words; k++) {
        size_t letters = strcspn(phrase, " |");
        if (strlen(words[k].text) != letters || memcmp(words[k].text, phrase, letters)) return 0;
        phrase += letters + 1;
    }
    return n_words;
}

/* The longest phrase of a list. @return words of it; 0: none */
static int find_phrase(const char *list, const nd_word *words, int n, bool at_end)
{
    int longest = 0;
    for (const char *end; *list; list = end + (*end == '|'))
        longest = ND_MAX(longest, matches(list, &end, words, n, at_end));
    return longest;
}

static int find_turn(const nd_wish_turn **out, const nd_wish_turn *turns, size_t n_turns,
                     const nd_word *words, int n, bool at_end)
{
    int longest = 0;
    for (size_t i = 0; i < n_turns; i++) {
        int k = find_phrase(turns[i].phrases, words, n, at_end);
        if (k <= longest) continue;
        longest = k;
        *out = &turns[i];
    }
    return longest;
}

int nd_wish_turn_before(const nd_wish_turn **out, const nd_word *words, int n)
{
    return find_turn(out, before, ND_COUNT(before), words, n, false);
}

int nd_wish_turn_after(const nd_wish_turn **out, const nd_word *words, int n)
{
    return find_turn(out, after, ND_COUNT(after), words, n, true);
}

int nd_wish_whole(const nd_word *words, int n)
{
    return find_phrase(wholes, words, n, false);
}

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(word, *list)) return true;
    return false;
}

bool nd_wish_is_joint(const char *word)
{
    static const char *const joints[] = {"and", "but", "or", "nor", "yet", "plus", "then", NULL};
    return is_one_of(word, joints);
}

bool nd_wish_is_or(const char *word)
{
    static const char *const ors[] = {"or", "nor", NULL};
    return is_one_of(word, ors);
}

/* ---- senses ---------------------------------------------------------------------- */

static const nd_wish_sense *find_sense(const char *name)
{
    char key[ND_TAG_BYTES];
    nd_tag_key(key, name);
    size_t n = strlen(key);
    for (size_t i = 0; i < ND_COUNT(senses); i++)
        for (const char *k = senses[i].keys; *k; k += *k == ' ') {
            size_t length = strcspn(k, " ");
            if (length == n && !memcmp(k, key, n)) return &senses[i];
            k += length;
        }
    return NULL;
}

/* What a word compares, as far as it has a sense: calmer, happier, sadder, gentler.
 * @param name  its last word is one; the word's beginning is at last */
static const nd_wish_sense *find_compared(char *name, size_t last)
{
    static const struct {
        const char *end, *positive; /* "?": the last letter was doubled */
    } ends[] = {{"ier", "y"}, {"iest", "y"}, {"er", ""},  {"est", ""},
                {"er", "e"},  {"est", "e"},  {"er", "?"}, {"est", "?"}};
    size_t n = strlen(name);
    for (size_t i = 0; i < ND_COUNT(ends); i++) {
        char word[ND_TAG_BYTES + 2];
        size_t cut = strlen(ends[i].end);
        if (n < last + cut + 3 || strcmp(name + n - cut, ends[i].end)) continue;
        bool is_doubled = *ends[i].positive == '?';
        if (is_doubled && name[n - cut - 1] != name[n - cut - 2]) continue;
        snprintf(word, sizeof word, "%.*s%s", (int)(n - cut - is_doubled), name,
                 is_doubled ? "" : ends[i].positive);
        const nd_wish_sense *sense = find_sense(word);
        if (sense && !sense->is_thing) {
            memcpy(name, word, strlen(word) + 1);
            return sense;
        }
    }
    return NULL;
}

const nd_wish_sense *nd_wish_sense_of(nd_word *name_out, const nd_word *words, int n)
{
    char name[ND_TAG_BYTES] = "";
    size_t used = 0, last = 0;
    for (int i = 0; i < n; i++) {
        size_t length = strlen(words[i].text);
        if (used + length + 2 > sizeof name) return NULL;
        if (i) name[used++] = ' ';
        last = used;
        memcpy(name + used, words[i].text, length + 1);
        used += length;
    }
    const nd_wish_sense *sense = find_sense(name);
    if (!sense) sense = find_compared(name, last);
    if (sense) memcpy(name_out->text, name, sizeof name);
    return sense;
}
