/* Invented names. */
#include <ctype.h>
#include <string.h>

#include "synth/truth.h"

static const char *const adjectives[] = {
    "Amber",  "Silver", "Hidden", "Paper",  "Distant",  "Golden",   "Quiet",    "Velvet",
    "Broken", "Copper", "Winter", "Summer", "Electric", "Little",   "Midnight", "Open",
    "Slow",   "Bright", "Hollow", "Wild",   "Crystal",  "Northern", "Marble",   "Secret",
};
static const char *const nouns[] = {
    "Harbour", "Lantern", "River",  "Garden", "Signal",  "Mountain", "Window",  "Train",
    "Shadow",  "Meadow",  "Engine", "Letter", "Island",  "Mirror",   "Orchard", "Bridge",
    "Comet",   "Compass", "Tide",   "Forest", "Highway", "Feather",  "Tower",   "Horizon",
};
static const char *const people[] = {
    "Ada",  "Otto", "Mara", "Ivo",   "Nell", "Theo", "Wanda", "Emil",
    "Rosa", "Hugo", "Ines", "Jonas", "Lena", "Milo", "Petra", "Silas",
};
/* By nd_mood. */
static const char *const views[4][4] = {
    {"Morning Walk", "Still Water", "Long Afternoon", "Letters Home"},
    {"Holiday", "Birthday", "Market Day", "First of May"},
    {"Night Watch", "The Cellar", "Someone Outside", "Lost Signal"},
    {"The Chase", "Rush Hour", "Downhill", "Last Lap"},
};

static const char *pick(const char *const *list, size_t n, nd_rng *rng)
{
    return list[nd_rng_int(rng, 0, (int)n - 1)];
}
#define PICK(list, rng) pick(list, ND_COUNT(list), rng)

static void name_artist(char out[ND_NAME_BYTES], nd_rng *rng)
{
    const char *first = PICK(adjectives, rng), *second = PICK(nouns, rng);
    switch (nd_rng_int(rng, 0, 4)) {
    case 0: snprintf(out, ND_NAME_BYTES, "The %s %ss", first, second); break;
    case 1: snprintf(out, ND_NAME_BYTES, "%s %s Ensemble", first, second); break;
    case 2: snprintf(out, ND_NAME_BYTES, "%s %s", PICK(people, rng), second); break;
    case 3: snprintf(out, ND_NAME_BYTES, "%s & %s", PICK(people, rng), PICK(people, rng)); break;
    default: snprintf(out, ND_NAME_BYTES, "%s %s Trio", first, second); break;
    }
}

void nd_name_track(char title[ND_NAME_BYTES], char artist[ND_NAME_BYTES], uint64_t seed,
                   int64_t index)
{
    enum { N_ADJECTIVES = ND_COUNT(adjectives), N_TITLES = N_ADJECTIVES * ND_COUNT(nouns) };
    enum { STRIDE = 149 }; /* no divisor in common: each title once before one comes again */
    nd_rng rng;
    nd_rng_init(&rng, nd_item_seed(seed, 0, 0), 0);
    int n = (int)((nd_rng_next(&rng) % N_TITLES + (uint64_t)(index % N_TITLES) * STRIDE) %
                  N_TITLES);
    snprintf(title, ND_NAME_BYTES, "%s %s", adjectives[n % N_ADJECTIVES], nouns[n / N_ADJECTIVES]);
    nd_rng_init(&rng, nd_item_seed(seed, index, 0), 1);
    name_artist(artist, &rng);
}

void nd_name_video(char title[ND_NAME_BYTES], int mood, uint64_t seed)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, 1);
    snprintf(title, ND_NAME_BYTES, "%s", PICK(views[mood], &rng));
}

char *nd_name_file(int64_t index, const char *title, const char *ending)
{
    nd_str name = {0};
    nd_str_append(&name, "%02lld-", (long long)index + 1);
    for (const char *s = title; *s; s++)
        nd_str_append(&name, "%c", isalnum((unsigned char)*s) ? tolower((unsigned char)*s) : '-');
    nd_str_append(&name, "%s", ending);
    return nd_str_take(&name);
}
