/* What a person asks for in words. A text is first words in form with breaks between, then pieces,
 * then wishes. */
#include <string.h>

#include "embed/wish_words.h"

enum { MAX_WORDS = 512, MAX_SENSE_WORDS = 3 };

typedef enum { NO_MARK, BREAK, MINUS } mark; /* of a word: a piece begins at it; so, and "-" */

typedef struct {
    nd_word words[MAX_WORDS];
    mark marks[MAX_WORDS];
    int n;
    mark pending; /* of the next word */
    nd_wishes out;
    nd_diag *diag;
} reader;

static int refuse(const reader *r, const char *expected)
{
    return nd_diag_set(r->diag, ND_EARG, "reading what is asked for: %s expected", expected);
}

/* ---- words ---------------------------------------------------------------------- */

static int add_word(reader *r, const char *word, size_t n)
{
    if (r->n == MAX_WORDS) return refuse(r, "512 words at most");
    memcpy(r->words[r->n].text, word, n);
    r->words[r->n].text[n] = '\0';
    r->marks[r->n++] = r->pending;
    r->pending = NO_MARK;
    return 0;
}

/* What stands between spaces: a word in form, or several. */
static int add_chunk(reader *r, const char *text, size_t n)
{
    nd_tag_form form;
    if (n == 1 && (*text == '&' || *text == '+')) return add_word(r, "and", 3);
    if (*text == '-') r->pending = n > 1 ? MINUS : BREAK;
    nd_tag_fault fault = nd_tag_form_read(&form, text, n);
    if (fault == ND_TAG_NO_MEMORY)
        return nd_diag_set(r->diag, ND_ENOMEM, "reading what is asked for: out of memory");
    if (fault == ND_TAG_NOT_UTF8) return refuse(r, "UTF-8");
    if (fault == ND_TAG_TOO_LONG) return refuse(r, "words of 120 bytes at most");
    int rc = 0;
    for (const char *w = fault ? "" : form.name; *w && !rc; w += *w == ' ') {
        size_t length = strcspn(w, " ");
        rc = add_word(r, w, length);
        w += length;
    }
    if (r->n && *text == '-' && n > 1) r->pending = BREAK;
    return rc;
}

static bool is_parting(const char *c)
{
    static const char parting[] = ",;/|:()!?#\n\r";
    bool is_stop = *c == '.' && (!c[1] || strchr(" \t\n\r", c[1]));
    if (!strncmp(c, "/o ", 3)) return false; /* w/o */
    return is_stop || strchr(parting, *c);
}

static int read_words(reader *r, const char *text)
{
    int rc = 0;
    while (*text && !rc) {
        size_t n = 0;
        while (text[n] && !strchr(" \t\v\f", text[n]) && !is_parting(text + n)) n++;
        if (n) rc = add_chunk(r, text, n);
        if (text[n] && is_parting(text + n)) r->pending = BREAK;
        text += n + (text[n] != '\0');
    }
    return rc;
}

/* ---- wishes ---------------------------------------------------------------------- */

/* A piece, or what is left of it. */
typedef struct {
    const nd_word *words;
    int n;
    int sign;
    float weight;
} piece;

/* The direction, asked for before: "fast and happy" is faster twice. NULL: it was not. */
static nd_wish *same_direction(reader *r, const nd_wish *wish)
{
    for (int i = 0; i < r->out.n; i++) {
        nd_wish *before = &r->out.items[i];
        bool is_same = before->kind == wish->kind && before->sign == wish->sign;
        if (is_same && wish->kind != ND_WISH_TEXT && before->value == 0 && wish->value == 0)
            return before;
    }
    return NULL;
}

static int add_wish(reader *r, nd_wish wish)
{
    nd_wish *at = same_direction(r, &wish);
    float weight = wish.weight + (at ? at->weight : 0);
    if (!at) {
        if (r->out.n == ND_MAX_WISHES) return refuse(r, "64 wishes at most");
        at = &r->out.items[r->out.n++];
        *at = wish;
    }
    at->weight = ND_CLAMP(weight, 0.1f, 4.0f);
    return 0;
}

/* What a sense says of what is measured. */
static int add_measures(reader *r, const nd_wish_sense *sense, const char *name, int sign,
                        float weight)
{
    int rc = 0;
    for (int k = ND_WISH_TEXT + 1; k < ND_WISH_KINDS && !rc; k++) {
        float of = sense->of[k];
        nd_wish wish = {.kind = (nd_wish_kind)k,
                        .sign = of < 0 ? -sign : sign,
                        .weight = weight * (of < 0 ? -of : of)};
        snprintf(wish.text, sizeof wish.text, "%s", name);
        if (of < 0 || of > 0) rc = add_wish(r, wish);
    }
    return rc;
}

static bool is_measured(const nd_wish_sense *sense)
{
    for (int k = ND_WISH_TEXT + 1; k < ND_WISH_KINDS; k++)
        if (sense->of[k] < 0 || sense->of[k] > 0) return true;
    return false;
}

/* A piece that is one word or phrase of the tables. */
static int add_sense(reader *r, const nd_wish_sense *sense, const char *name, const piece *p)
{
    nd_wish text = {.sign = p->sign,
                    .weight = p->weight * sense->of[ND_WISH_TEXT],
                    .only_if_known = is_measured(sense)};
    snprintf(text.text, sizeof text.text, "%s", name);
    int rc = add_measures(r, sense, name, p->sign, p->weight);
    return rc || text.weight <= 0 ? rc : add_wish(r, text);
}

/* Longest first. @return words of it; 0: words [n] do not begin with a sense */
static int find_sense(const nd_wish_sense **out, nd_word *name, const nd_word *words, int n)
{
    for (int k = ND_MIN(n, MAX_SENSE_WORDS); k > 0; k--)
        if ((*out = nd_wish_sense_of(name, words, k))) return k;
    return 0;
}

/* Append words [n] to a text, which is one wish, or several where it grows too long. */
static int append_text(reader *r, nd_wish *text, const nd_word *words, int n)
{
    int rc = 0;
    for (int i = 0; i < n && !rc; i++) {
        size_t used = strlen(text->text);
        if (used + strlen(words[i].text) + 2 > sizeof text->text) {
            rc = add_wish(r, *text);
            used = 0;
        }
        snprintf(text->text + used, sizeof text->text - used, "%s%s", used ? " " : "",
                 words[i].text);
    }
    return rc;
}

/* A text; words in it that are measured count a half. */
static int add_text(reader *r, const piece *p)
{
    nd_wish text = {.sign = p->sign, .weight = p->weight};
    int rc = 0;
    for (int i = 0, k; i < p->n && !rc; i += k) {
        nd_word name;
        const nd_wish_sense *sense = NULL;
        int whole = nd_wish_whole(p->words + i, p->n - i);
        k = whole ? whole : find_sense(&sense, &name, p->words + i, p->n - i);
        if (sense) rc = add_measures(r, sense, name.text, p->sign, p->weight / 2);
        if (!rc) {
            rc = sense ? append_text(r, &text, &name, 1)
                       : append_text(r, &text, p->words + i, ND_MAX(k, 1));
        }
        k = ND_MAX(k, 1);
    }
    return rc ? rc : add_wish(r, text);
}

/* ---- tempo in numbers ------------------------------------------------------------- */

enum { MIN_BPM = 20, MAX_BPM = 400 };

/* What stands before a number: 1 above it, -1 below, 0 about it; 2: another word. */
static int comparison_of(const char *word)
{
    static const struct {
        const char *word;
        int sign;
    } words[] = {{"under", -1}, {"below", -1},  {"most", -1},  {"max", -1},    {"maximum", -1},
                 {"up", -1},    {"slower", -1}, {"over", 1},   {"above", 1},   {"least", 1},
                 {"min", 1},    {"minimum", 1}, {"faster", 1}, {"than", 0},    {"around", 0},
                 {"about", 0},  {"at", 0},      {"near", 0},   {"roughly", 0}, {"circa", 0},
                 {"to", 0},     {"between", 0}, {"from", 0},   {"tempo", 0},   {"of", 0}};
    for (size_t i = 0; i < ND_COUNT(words); i++)
        if (!strcmp(word, words[i].word)) return words[i].sign;
    return 2;
}

/* @param rest_out  what follows the digits  @return the whole number that a word begins with, of
 * three digits at most; 0: it begins with none */
static int number_of(const char *word, const char **rest_out)
{
    size_t digits = strspn(word, "0123456789");
    *rest_out = word + digits;
    return digits && digits <= 3 ? atoi(word) : 0;
}

/* "120 bpm", "120bpm", "90 to 100 bpm": the number's first word is at *first_out.
 * @return words up to its end; 0: there is none in p */
static int find_bpm(int *first_out, float *value_out, const piece *p)
{
    const char *rest;
    for (int end = 0; end < p->n; end++) {
        int high = number_of(p->words[end].text, &rest), i = end;
        bool is_bpm = high && !strcmp(rest, "bpm");
        bool is_parted = high && !*rest && end + 1 < p->n && !strcmp(p->words[end + 1].text, "bpm");
        if (high < MIN_BPM || high > MAX_BPM || (!is_bpm && !is_parted)) continue;
        while (i > 0 &&
               (!strcmp(p->words[i - 1].text, "to") || !strcmp(p->words[i - 1].text, "and")))
            i--;
        int low = i > 0 ? number_of(p->words[i - 1].text, &rest) : 0;
        bool is_range = low >= MIN_BPM && low <= high && !*rest;
        *first_out = is_range ? i - 1 : end;
        *value_out = (float)(is_range ? low + high : 2 * high) / 2;
        return end + 1 + is_parted;
    }
    return 0;
}

static int add_piece(reader *r, piece p);

/* @param is_found_out  whether p has a tempo in numbers: then all of it was added */
static int add_bpm(reader *r, const piece *p, bool *is_found_out)
{
    nd_wish wish = {.kind = ND_WISH_TEMPO, .weight = 1};
    int first = 0, end = find_bpm(&first, &wish.value, p), direction = 0;
    int before = first;
    bool has_than = false;
    while (before > 0 && comparison_of(p->words[before - 1].text) < 2) {
        int sign = comparison_of(p->words[--before].text);
        direction = sign ? sign : direction;
        has_than |= !strcmp(p->words[before].text, "than");
    }
    *is_found_out = end && (direction || has_than || before || p->sign > 0);
    if (!*is_found_out) return 0;              /* "not 90 bpm" stays a text */
    if (!direction && has_than) direction = 1; /* "more than", and "less than" is turned */
    wish.sign = before ? direction : direction * p->sign;
    snprintf(wish.text, sizeof wish.text, "%g bpm", (double)wish.value);
    int rc = before ? add_piece(r, (piece){p->words, before, p->sign, p->weight}) : 0;
    if (!rc) rc = add_wish(r, wish);
    if (!rc && end < p->n) rc = add_piece(r, (piece){p->words + end, p->n - end, 1, 1});
    return rc;
}

/* ---- pieces ----------------------------------------------------------------------- */

/* Whether a turn holds beside words [n]. */
static bool holds(const nd_wish_turn *turn, const nd_word *words, int n)
{
    nd_word name;
    const nd_wish_sense *sense = NULL;
    if (turn->scope == ND_WISH_OF_ANY) return true;
    if (turn->scope == ND_WISH_OF_SENSE) return nd_wish_sense_of(&name, words, n) != NULL;
    return find_sense(&sense, &name, words, n) && sense->is_thing;
}

/* Take a turn off one end. @return whether there was one, with something beside it */
static bool take_turn(piece *p)
{
    const nd_wish_turn *turn = NULL;
    int k = nd_wish_whole(p->words, p->n) ? 0 : nd_wish_turn_before(&turn, p->words, p->n);
    if (k && k < p->n && holds(turn, p->words + k, p->n - k)) {
        p->words += k;
    } else {
        k = nd_wish_turn_after(&turn, p->words, p->n);
        if (!k || k >= p->n || !holds(turn, p->words, p->n - k)) return false;
    }
    p->n -= k;
    p->sign *= turn->sign;
    p->weight *= turn->weight;
    return true;
}

/* A piece without its turns. */
static int add_piece(reader *r, piece p)
{
    nd_word name;
    bool is_bpm = false;
    int rc = add_bpm(r, &p, &is_bpm);
    if (rc || is_bpm) return rc;
    const nd_wish_sense *sense = nd_wish_sense_of(&name, p.words, p.n);
    return sense ? add_sense(r, sense, name.text, &p) : add_text(r, &p);
}

/* Whether the piece ends before word i, which is not its first. */
static bool is_end(const reader *r, int i)
{
    const char *rest;
    if (r->marks[i] != NO_MARK) return true;
    if (!nd_wish_is_joint(r->words[i].text)) return false;
    bool is_range = i + 1 < r->n && number_of(r->words[i - 1].text, &rest) && !*rest &&
                    number_of(r->words[i + 1].text, &rest);
    return !is_range; /* "90 and 110 bpm" */
}

/* Where the piece ends that begins at word i. */
static int find_end(const reader *r, int i)
{
    int k = nd_wish_whole(r->words + i, r->n - i);
    for (i += ND_MAX(k, 1); i < r->n && !is_end(r, i); i += ND_MAX(k, 1))
        k = nd_wish_whole(r->words + i, r->n - i);
    return ND_MIN(i, r->n);
}

/* Whether what was turned round stays so in the next piece: the text at the top of wish.h. */
static bool is_turned_on(const piece *p, const char *joint)
{
    nd_word name;
    if (!joint) return false;
    if (nd_wish_is_or(joint)) return true;
    const nd_wish_sense *sense = nd_wish_sense_of(&name, p->words, p->n);
    return !strcmp(joint, "and") && p->n == 1 && (!sense || sense->is_thing);
}

static int read_pieces(reader *r)
{
    piece last = {.sign = 1, .weight = 1};
    int rc = 0;
    for (int i = 0; i < r->n && !rc;) {
        const char *joint = NULL;
        bool is_minus = r->marks[i] == MINUS, is_parted = r->marks[i] != NO_MARK;
        for (; i < r->n && nd_wish_is_joint(r->words[i].text); i++) joint = r->words[i].text;
        if (i == r->n) break;
        int end = find_end(r, i);
        piece p = {r->words + i, end - i, is_minus ? -1 : 1, 1};
        bool has_turn = is_minus;
        while (take_turn(&p)) has_turn = true;
        if (!has_turn && last.sign < 0 && !is_parted && is_turned_on(&p, joint)) {
            p.sign = last.sign;
            p.weight = last.weight;
        }
        rc = add_piece(r, p);
        last = p;
        i = end;
    }
    return rc;
}

int nd_wishes_read(nd_wishes *out, const char *text, nd_diag *diag)
{
    reader *r = nd_calloc(1, sizeof *r);
    if (!r) return nd_diag_set(diag, ND_ENOMEM, "reading what is asked for: out of memory");
    r->diag = diag;
    int rc = strlen(text) > ND_WISH_MAX_BYTES ? refuse(r, "4096 bytes at most")
                                              : read_words(r, text);
    if (!rc) rc = read_pieces(r);
    if (!rc && !r->out.n) rc = refuse(r, "a word");
    if (!rc) *out = r->out;
    free(r);
    return rc;
}
