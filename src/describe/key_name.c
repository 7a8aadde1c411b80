/* Names of keys. Each pitch class is spelled as its key signature is most often
 * written: fewer accidentals win. */
#include "describe/describe.h"

static const char *const major_names[12] = {
    "C major",  "Db major", "D major",  "Eb major", "E major",  "F major",
    "F# major", "G major",  "Ab major", "A major",  "Bb major", "B major",
};
static const char *const minor_names[12] = {
    "C minor",  "C# minor", "D minor",  "Eb minor", "E minor",  "F minor",
    "F# minor", "G minor",  "G# minor", "A minor",  "Bb minor", "B minor",
};

const char *nd_key_name(int key, int is_minor)
{
    if (key < 0 || key > 11 || is_minor < 0 || is_minor > 1) return "";
    return is_minor ? minor_names[key] : major_names[key];
}
