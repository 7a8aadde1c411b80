/* Musical keys read from text: a letter A..G, then # or b (also U+266F, U+266D),
 * then nothing, "M", "maj", "major" for major, "m", "min", "minor" for minor; or a
 * mode alone. nd_key_name writes them. */
#include <string.h>
#include <strings.h>

#include "match/match.h"

/* What follows the note: -1 when it names no mode. */
static int mode_of(const char *text)
{
    while (*text == ' ') text++;
    if (!strcmp(text, "m")) return 1;
    if (!*text || !strcmp(text, "M")) return 0;
    if (!strcasecmp(text, "maj") || !strcasecmp(text, "major")) return 0;
    if (!strcasecmp(text, "min") || !strcasecmp(text, "minor")) return 1;
    return -1;
}

static bool skip_prefix(const char **text, const char *prefix)
{
    size_t n = strlen(prefix);
    if (strncmp(*text, prefix, n) != 0) return false;
    *text += n;
    return true;
}

int nd_key_parse(int *key_out, int *is_minor_out, const char *text, nd_diag *diag)
{
    static const int semitones[] = {9, 11, 0, 2, 4, 5, 7}; /* A .. G above C */
    const char *p = text;
    int key = -1, is_minor = -1;
    char letter = (char)(*p & ~0x20);
    if (*p && (!strcasecmp(p, "major") || !strcasecmp(p, "minor"))) {
        is_minor = mode_of(p);
    } else if (letter >= 'A' && letter <= 'G') {
        key = semitones[letter - 'A'];
        p++;
        if (skip_prefix(&p, "#") || skip_prefix(&p, "\xE2\x99\xAF")) key += 1;
        else if (skip_prefix(&p, "b") || skip_prefix(&p, "\xE2\x99\xAD")) key += 11;
        key %= 12;
        is_minor = mode_of(p);
    }
    if (is_minor < 0)
        return nd_diag_set(diag, ND_EARG,
                           "key \"%s\": one like C, F#m, Bb, \"A minor\", major or minor expected",
                           text);
    *key_out = key;
    *is_minor_out = is_minor;
    return 0;
}
