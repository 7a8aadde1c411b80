/* Prints of music: what two encodings of a recording, and two excerpts of it, have in common.
 *
 * Haitsma, Kalker: A Highly Robust Audio Fingerprinting System, ISMIR 2002. A word is 32 bits, bit
 * b the sign of how the energy difference of bands b and b + 1 changes with time. Here bands are
 * pairs of the mel bands that the fbank feature gives, energies are logs of means over 0.37 s
 * (their frames are that long), and a word stands each 40 ms, compared with the one 0.2 s before.
 * Two stretches are one recording where few of their bits differ; unrelated ones differ in half.
 * Words that both have, at the same distance in time, say which stretches to compare; of a large
 * corpus one in 2, 4, .. is looked up, chosen by its value, so that both sides choose the same. */
#include <math.h>
#include <string.h>

#include "learn/corpus_internal.h"

enum {
    N_BITS = 32,
    MEAN_FRAMES = 37,     /* 10 ms each */
    STEP_FRAMES = 4,      /* a word */
    BACK_WORDS = 5,       /* compared with */
    MIN_VOTES = 2,        /* words at one distance that make a stretch worth comparing */
    MAX_NEIGHBOURS = 4,   /* of one word: others that are linked with it */
    MAX_LOOKED_AT = 32,   /* to find them */
    MAX_PLACES = 8 << 20, /* words that are looked up, 90 hours of all */
    MIN_WORDS = 75,       /* compared, 3 s */
    SURE_WORDS = 250      /* 10 s; of fewer, fewer bits may differ */
};
static const double words_s = STEP_FRAMES * 0.01;
/* Shares of bits that may differ over a short stretch, over a long one; published 0.35 over 3 s. */
static const double max_error_short = 0.2, max_error_long = 0.33;

/* ---- making ------------------------------------------------------------------------ */

/* Powers [T, 33] out of [C, 398, 80]; the two frames that lie between clips repeat the last. */
static void fill_powers(float *power, const nd_array *fbank)
{
    int64_t C = fbank->dims[0], frames = fbank->dims[1], bins = fbank->dims[2];
    for (int64_t t = 0; t < C * (frames + 2); t++) {
        int64_t clip = t / (frames + 2), frame = ND_MIN(t % (frames + 2), frames - 1);
        const float *mel = fbank->f32 + (clip * frames + frame) * bins;
        for (int b = 0; b <= N_BITS; b++)
            power[t * (N_BITS + 1) + b] = expf(mel[2 * b]) + expf(mel[2 * b + 1]);
    }
}

/* Log of the mean of each band from frame on. energy: [33] */
static void mean_energy(float *energy, const float *power, int64_t frame)
{
    float sum[N_BITS + 1] = {0};
    for (int64_t t = frame; t < frame + MEAN_FRAMES; t++)
        for (int b = 0; b <= N_BITS; b++) sum[b] += power[t * (N_BITS + 1) + b];
    for (int b = 0; b <= N_BITS; b++) energy[b] = logf(sum[b] + 1e-9f);
}

static uint32_t word_of(const float *now, const float *before)
{
    uint32_t word = 0;
    for (int b = 0; b < N_BITS; b++)
        word |= (uint32_t)(now[b] - now[b + 1] > before[b] - before[b + 1]) << b;
    return word;
}

int nd__print_make(nd__print *out, const nd_array *fbank)
{
    if (fbank->n_dims != 3 || fbank->dims[2] < 2 * (N_BITS + 1) || fbank->dims[1] < 1) return 0;
    int64_t T = fbank->dims[0] * (fbank->dims[1] + 2);
    int64_t n_means = T < MEAN_FRAMES ? 0 : (T - MEAN_FRAMES) / STEP_FRAMES + 1;
    int64_t n = ND_MAX(n_means - BACK_WORDS, 0);
    float *power = nd_calloc((size_t)T, (N_BITS + 1) * sizeof *power);
    float(*energy)[N_BITS + 1] = nd_calloc((size_t)n_means, sizeof *energy);
    uint32_t *words = nd_calloc((size_t)n, sizeof *words);
    if (power && energy && words) {
        fill_powers(power, fbank);
        for (int64_t i = 0; i < n_means; i++) mean_energy(energy[i], power, i * STEP_FRAMES);
        for (int64_t i = 0; i < n; i++) words[i] = word_of(energy[i + BACK_WORDS], energy[i]);
        *out = (nd__print){words, (int)n};
        words = NULL;
    }
    int rc = power && energy && out->words ? 0 : ND_ENOMEM;
    free(power);
    free(energy);
    free(words);
    return rc;
}

void nd__print_deinit(nd__print *p)
{
    free(p->words);
    *p = (nd__print){0};
}

/* ---- matching ---------------------------------------------------------------------- */

typedef struct {
    uint32_t word;
    int print, at;
} place;

typedef struct {
    int a, b, offset; /* of b's start in a, words */
} vote;

typedef struct {
    const nd__print *const *prints;
    int shift; /* one word in 2^shift is looked up */
    place *places;
    vote *votes;
    size_t n_places, place_capacity, n_votes, vote_capacity;
    nd__likeness *found;
    size_t n_found, found_capacity;
} matching;

/* Of one word by time: a copy's place stands beside the original's, also where a loop has the word
 * again and again. */
static int by_word(const void *a, const void *b)
{
    const place *p = a, *q = b;
    if (p->word != q->word) return p->word < q->word ? -1 : 1;
    if (p->at != q->at) return p->at < q->at ? -1 : 1;
    return (p->print > q->print) - (p->print < q->print);
}

static int by_pair(const void *a, const void *b)
{
    const vote *p = a, *q = b;
    if (p->a != q->a) return p->a < q->a ? -1 : 1;
    if (p->b != q->b) return p->b < q->b ? -1 : 1;
    return (p->offset > q->offset) - (p->offset < q->offset);
}

/* Silence, and what is as good as it, has such words everywhere. */
static bool is_looked_up(uint32_t word, int shift)
{
    int ones = __builtin_popcount(word);
    return ones > 4 && ones < 28 && (uint64_t)(word * 0x9E3779B1u) >> (32 - shift) == 0;
}

static int add_places(matching *m, int print)
{
    const nd__print *p = m->prints[print];
    for (int at = 0; at < p->n; at++) {
        if (!is_looked_up(p->words[at], m->shift) || (at && p->words[at] == p->words[at - 1]))
            continue;
        if (nd_grow(&m->places, &m->place_capacity, m->n_places, 1, sizeof *m->places))
            return ND_ENOMEM;
        m->places[m->n_places++] = (place){p->words[at], print, at};
    }
    return 0;
}

/* Link place i with those before it that have its word. */
static int add_votes(matching *m, size_t i)
{
    const place *p = &m->places[i];
    int linked = 0;
    for (size_t k = i; k-- > 0 && i - k <= MAX_LOOKED_AT && linked < MAX_NEIGHBOURS;) {
        const place *q = &m->places[k];
        if (q->word != p->word) break;
        if (q->print == p->print) continue;
        linked++;
        if (nd_grow(&m->votes, &m->vote_capacity, m->n_votes, 1, sizeof *m->votes))
            return ND_ENOMEM;
        bool is_before = q->print < p->print;
        const place *a = is_before ? q : p, *b = is_before ? p : q;
        m->votes[m->n_votes++] = (vote){a->print, b->print, a->at - b->at};
    }
    return 0;
}

/* Share of bits that differ where b starts at offset in a. *n_out: words compared */
static double error_at(const nd__print *a, const nd__print *b, int offset, int *n_out)
{
    int from = ND_MAX(offset, 0), to = ND_MIN(a->n, b->n + offset);
    int64_t bits = 0;
    for (int i = from; i < to; i++) bits += __builtin_popcount(a->words[i] ^ b->words[i - offset]);
    *n_out = ND_MAX(to - from, 0);
    return *n_out ? (double)bits / ((double)N_BITS * *n_out) : 1;
}

static double error_limit(int n_words)
{
    double length = (double)(n_words - MIN_WORDS) / (SURE_WORDS - MIN_WORDS);
    return max_error_short + ND_CLAMP(length, 0, 1) * (max_error_long - max_error_short);
}

/* Compare a pair at an offset and those beside it. */
static void compare(nd__likeness *best, const matching *m, const vote *v)
{
    for (int offset = v->offset - 1; offset <= v->offset + 1; offset++) {
        int n;
        double error = error_at(m->prints[v->a], m->prints[v->b], offset, &n);
        if (n < MIN_WORDS || error >= ND_MIN(error_limit(n), best->error)) continue;
        *best = (nd__likeness){v->a, v->b, n * words_s, offset * words_s, error};
    }
}

/* The votes [from, to) of one pair: compare where several agree. */
static int settle_pair(matching *m, size_t from, size_t to)
{
    nd__likeness best = {.error = 1};
    for (size_t i = from; i < to;) {
        size_t end = i + 1;
        while (end < to && m->votes[end].offset - m->votes[end - 1].offset <= 1) end++;
        if (end - i >= MIN_VOTES) compare(&best, m, &m->votes[(i + end) / 2]);
        i = end;
    }
    if (best.error >= 1) return 0;
    if (nd_grow(&m->found, &m->found_capacity, m->n_found, 1, sizeof best)) return ND_ENOMEM;
    m->found[m->n_found++] = best;
    return 0;
}

static int settle(matching *m)
{
    int rc = 0;
    if (m->n_votes) qsort(m->votes, m->n_votes, sizeof *m->votes, by_pair);
    for (size_t i = 0; i < m->n_votes && !rc;) {
        size_t end = i + 1;
        while (end < m->n_votes && m->votes[end].a == m->votes[i].a &&
               m->votes[end].b == m->votes[i].b)
            end++;
        rc = settle_pair(m, i, end);
        i = end;
    }
    return rc;
}

int nd__print_match(nd__likeness **list_out, int *n_out, const nd__print *const *prints, int n)
{
    matching m = {.prints = prints};
    int64_t n_words = 0;
    int rc = 0;
    for (int i = 0; i < n; i++) n_words += prints[i]->n;
    while (n_words >> m.shift > MAX_PLACES) m.shift++;
    for (int i = 0; i < n && !rc; i++) rc = add_places(&m, i);
    if (!rc && m.n_places) qsort(m.places, m.n_places, sizeof *m.places, by_word);
    for (size_t i = 0; i < m.n_places && !rc; i++) rc = add_votes(&m, i);
    if (!rc) rc = settle(&m);
    free(m.places);
    free(m.votes);
    if (rc) {
        free(m.found);
        return rc;
    }
    *list_out = m.found;
    *n_out = (int)m.n_found;
    return 0;
}
