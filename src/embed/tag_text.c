/* Tags in one form. Unicode is utf8proc's business: NFC before CamelCase is looked for (a capital
 * written as letter and accent is one), NFKC_Casefold after. */
#include <string.h>
#include <utf8proc.h>

#include "embed/tag_text.h"

/* ---- pieces ---------------------------------------------------------------- */

static const char parting[] = ",;/|\n\r#";

bool nd_tag_next_piece(const char **piece_out, size_t *n_out, const char **at)
{
    for (const char *text = *at; *text;) {
        size_t n = strcspn(text, parting);
        const char *end = text + n + (text[n] != '\0');
        *at = end;
        if (strspn(text, " \t\v\f") < n) {
            *piece_out = text;
            *n_out = n;
            return true;
        }
        text = end;
    }
    return false;
}

/* ---- CamelCase ---------------------------------------------------------------- */

typedef enum { OTHER, LOWER, UPPER, MARK, DIGIT } letter_case;

static letter_case case_of(int32_t c)
{
    bool is_cherokee = (c >= 0x13A0 && c <= 0x13FF) || (c >= 0xAB70 && c <= 0xABBF);
    if (is_cherokee) return LOWER; /* folding makes capitals of it */
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LL: return LOWER;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT: return UPPER;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return MARK;
    case UTF8PROC_CATEGORY_ND: return DIGIT;
    default: return OTHER;
    }
}

/* Letters from c[i] on that are in one hump: capitals, then small ones. */
static int hump_length(const int32_t *c, int n, int i)
{
    int start = i;
    while (i < n && case_of(c[i]) == UPPER) i++;
    while (i < n && (case_of(c[i]) == LOWER || case_of(c[i]) == MARK || case_of(c[i]) == DIGIT))
        i++;
    return i - start;
}

/* Whether a word of CamelCase begins at c[i], where the last one began at c[start]:
 * calm|Piano, LOFI|Beats, mp3|Player; not i|Phone, D|Js, NF|Ts. */
static bool is_hump(const int32_t *c, int n, int start, int i)
{
    if (i - start < 2 || case_of(c[i]) != UPPER) return false;
    letter_case before = case_of(c[i - 1]);
    if (before != UPPER) return hump_length(c, n, i) >= 2;
    return i + 2 < n && case_of(c[i + 1]) == LOWER && case_of(c[i + 2]) == LOWER;
}

/* c [n] with a space before each hump into out, which has room for 2 n. @return its length */
static int part_humps(int32_t *out, const int32_t *c, int n)
{
    int used = 0;
    for (int i = 0, start = 0; i < n; i++) {
        if (case_of(c[i]) == OTHER) {
            start = i + 1;
        } else if (is_hump(c, n, start, i)) {
            out[used++] = ' ';
            start = i;
        }
        out[used++] = c[i];
    }
    return used;
}

/* ---- words ---------------------------------------------------------------- */

enum { MAX_ROUNDS = 4 };

typedef struct {
    char *out;
    size_t n;
    bool parted, and_first; /* what comes before the next letter */
    bool failed;            /* it does not fit */
} name_writer;

static void put(name_writer *w, const char *bytes, size_t n)
{
    if (w->n + n >= ND_TAG_BYTES) w->failed = true;
    if (w->failed) return;
    memcpy(w->out + w->n, bytes, n);
    w->n += n;
}

static void put_letter(name_writer *w, int32_t c)
{
    if (w->n && w->and_first) put(w, " and ", 5);
    else if (w->n && w->parted) put(w, " ", 1);
    w->parted = w->and_first = false;
    utf8proc_uint8_t bytes[4] = {0};
    size_t n = (size_t)utf8proc_encode_char(c, bytes);
    put(w, (const char *)bytes, n);
}

static bool is_apostrophe(int32_t c)
{
    return c == '\'' || c == '`' || c == 0x2018 || c == 0x2019 || c == 0x02BC;
}

/* A tone of skin, or what joins pictograms: two hands are one tag. */
static bool is_dressing(int32_t c)
{
    return (c >= 0x1F3FB && c <= 0x1F3FF) || c == 0x200D || c == 0xFE0F;
}

static bool is_letter(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO) ||
           (category == UTF8PROC_CATEGORY_SO && c >= 0x2190);
}

static void put_any(name_writer *w, int32_t c)
{
    if (is_apostrophe(c) || is_dressing(c)) return;
    bool is_inside = w->n && !w->parted && !w->and_first;
    if (is_letter(c) && (case_of(c) != MARK || is_inside)) put_letter(w, c);
    else if (c == '&') w->and_first = true;
    else w->parted = true;
}

static const utf8proc_option_t composed = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
static const utf8proc_option_t folded = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                        UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;

/* Code points of bytes [n] after decomposition and composition; freed by the caller. */
static int32_t *code_points(int *n_out, const void *bytes, size_t n, utf8proc_option_t options)
{
    const utf8proc_uint8_t *text = bytes;
    utf8proc_ssize_t room = utf8proc_decompose(text, (utf8proc_ssize_t)n, NULL, 0, options);
    if (room < 0) return NULL;
    int32_t *c = nd_calloc((size_t)room + 1, sizeof *c);
    if (!c) return NULL;
    utf8proc_decompose(text, (utf8proc_ssize_t)n, c, room, options);
    *n_out = (int)utf8proc_normalize_utf32(c, room, options);
    return c;
}

/* The humps of text as UTF-8, NUL-terminated; freed by the caller. */
static char *with_humps_parted(const char *text, size_t n)
{
    int n_points = 0;
    int32_t *c = code_points(&n_points, text, n, composed);
    int32_t *parted = c ? nd_calloc(2 * (size_t)n_points + 1, sizeof *parted) : NULL;
    char *out = parted ? nd_calloc(8 * (size_t)n_points + 1, 1) : NULL;
    size_t used = 0;
    for (int i = 0, k = out ? part_humps(parted, c, n_points) : 0; i < k; i++)
        used += (size_t)utf8proc_encode_char(parted[i], (utf8proc_uint8_t *)out + used);
    free(parted);
    free(c);
    return out;
}

static bool is_utf8(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        int length = nd_utf8_length(text + i, n - i);
        if (!length) return false;
        i += (size_t)length;
    }
    return true;
}

/* Once through: the name of text. @param out  untouched unless fine */
static nd_tag_fault read_name(char out[ND_TAG_BYTES], const char *text, size_t n)
{
    char name[ND_TAG_BYTES] = "";
    name_writer w = {.out = name};
    char *parted = with_humps_parted(text, n);
    int n_points = 0;
    int32_t *c = parted ? code_points(&n_points, parted, strlen(parted), folded) : NULL;
    for (int i = 0; c && i < n_points; i++) put_any(&w, c[i]);
    bool is_out_of_memory = !c;
    free(c);
    free(parted);
    if (is_out_of_memory) return ND_TAG_NO_MEMORY;
    if (w.failed) return ND_TAG_TOO_LONG;
    if (!w.n) return ND_TAG_NOTHING;
    memcpy(out, name, sizeof name);
    return ND_TAG_FINE;
}

/* What was taken out may have parted a letter from its accent: until the name stays as it is. */
nd_tag_fault nd_tag_form_read(nd_tag_form *out, const char *text, size_t n)
{
    nd_tag_form form = {0};
    if (n > ND_TAG_RAW_BYTES) return ND_TAG_TOO_LONG;
    if (!is_utf8(text, n)) return ND_TAG_NOT_UTF8;
    if (memchr(text, '\0', n)) return ND_TAG_NOTHING;
    nd_tag_fault fault = read_name(form.name, text, n);
    for (int round = 0; !fault && round < MAX_ROUNDS; round++) {
        char before[ND_TAG_BYTES];
        memcpy(before, form.name, sizeof before);
        fault = read_name(form.name, before, strlen(before));
        if (!strcmp(form.name, before)) break;
    }
    if (fault) return fault;
    nd_tag_key(form.key, form.name);
    *out = form;
    return ND_TAG_FINE;
}

/* ---- plurals ---------------------------------------------------------------- */

static bool ends_in(const char *word, size_t n, const char *end)
{
    size_t m = strlen(end);
    return n >= m && !memcmp(word + n - m, end, m);
}

static bool ends_in_any(const char *word, size_t n, const char *const *ends)
{
    for (; *ends; ends++)
        if (ends_in(word, n, *ends)) return true;
    return false;
}

static bool is_small_ascii(const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (word[i] < 'a' || word[i] > 'z') return false;
    return true;
}

/* Bytes to cut from the end of an English plural; *y_out: the singular then gets a y. */
static size_t plural_end(bool *y_out, const char *word, size_t n)
{
    static const char *const no_plural[] = {"ss",    "us",       "is",      "as",     "ics",
                                            "blues", "series",   "species", "always", "lens",
                                            "news",  "classics", NULL};
    static const char *const in_os[] = {"videos",  "photos", "pianos", "solos",
                                        "studios", "cellos", "intros", NULL};
    static const char *const in_ies[] = {"movies", "zombies", "cookies", "selfies", "hippies",
                                         "indies", "foodies", "oldies",  NULL};
    static const char *const in_es[] = {"ches", "shes", "xes", "sses", "zzes", "heroes", NULL};
    *y_out = false;
    if (n < 4 || word[n - 1] != 's' || !is_small_ascii(word, n)) return 0;
    if (ends_in_any(word, n, no_plural)) return 0;
    if (ends_in(word, n, "os")) return ends_in_any(word, n, in_os) ? 1 : 0;
    *y_out = n > 4 && ends_in(word, n, "ies") && !ends_in_any(word, n, in_ies);
    return *y_out ? 3 : ends_in_any(word, n, in_es) ? 2 : 1;
}

void nd_tag_key(char out[ND_TAG_BYTES], const char *name)
{
    const char *space = strrchr(name, ' '), *last = space ? space + 1 : name;
    bool has_y;
    size_t cut = plural_end(&has_y, last, strlen(last)), used = 0;
    for (const char *c = name, *end = last + strlen(last) - cut; c < end; c++)
        if (*c != ' ' && used + 2 < ND_TAG_BYTES) out[used++] = *c;
    if (has_y) out[used++] = 'y';
    out[used] = '\0';
}
