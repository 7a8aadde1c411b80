/* Reasons joined into one sentence: what speaks for a track, then what does not. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "rank/parts.h"

nd_tone nd_tone_of(double value)
{
    return value >= 0.6 ? ND_STRONG : value < 0.4 ? ND_WEAK : ND_FAIR;
}

/* Up to max of the reasons of one tone, those that count most first (a weak one counts by
 * what it lacks). */
static int pick(const nd_reason **out, int max, const nd_reason *reasons, int n, nd_tone tone)
{
    int n_out = 0;
    double gains[ND_MAX_PARTS];
    for (int i = 0; i < n; i++) {
        const nd_reason *r = &reasons[i];
        if (!(r->weight > 0) || !r->text[0] || nd_tone_of(r->value) != tone) continue;
        double gain = r->weight * (tone == ND_WEAK ? 1 - r->value : r->value);
        int at = n_out;
        for (; at > 0 && gain > gains[at - 1]; at--) {
            gains[at] = gains[at - 1];
            out[at] = out[at - 1];
        }
        gains[at] = gain;
        out[at] = r;
        n_out++;
    }
    return ND_MIN(n_out, max);
}

static void append(char out[256], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(char out[256], const char *format, ...)
{
    size_t n = strlen(out);
    va_list args;
    va_start(args, format);
    vsnprintf(out + n, 256 - n, format, args);
    va_end(args);
}

/* "a", "a, and b", "a, b, and c" */
static void append_list(char out[256], const nd_reason *const *list, int n)
{
    for (int i = 0; i < n; i++)
        append(out, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : ", and ", list[i]->text);
}

void nd_reasons_join(nd_fit *f)
{
    char *out = f->why;
    const nd_reason *reasons = f->reasons;
    int n = f->n_reasons;
    const nd_reason *strong[ND_MAX_PARTS], *fair[ND_MAX_PARTS], *weak[ND_MAX_PARTS];
    int n_weak = pick(weak, 2, reasons, n, ND_WEAK);
    int n_strong = pick(strong, n_weak ? 2 : 3, reasons, n, ND_STRONG);
    int n_fair = pick(fair, n_weak ? 1 : 2, reasons, n, ND_FAIR);
    bool any_strong = n_strong > 0;
    if (n_strong == 1 && n_fair) strong[n_strong++] = fair[0]; /* one reason is thin */
    out[0] = '\0';
    if (any_strong) {
        bool number = isdigit((unsigned char)strong[0]->text[0]);
        append(out, "%s", number ? "here " : ""); /* no sentence starts with a figure */
        append_list(out, strong, n_strong);
    } else if (n_fair) {
        append(out, "a fair match: ");
        append_list(out, fair, n_fair);
    } else if (n_weak) {
        append(out, "a weak match: ");
        append_list(out, weak, n_weak);
    } else {
        append(out, "nothing speaks for it or against it");
    }
    if (n_weak && (any_strong || n_fair)) append(out, ", but %s", weak[0]->text);
    append(out, ".");
    out[0] = (char)toupper((unsigned char)out[0]);
}
