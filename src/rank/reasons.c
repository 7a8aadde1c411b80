/* Why a track fits a video, in the words and numbers of an editor.
 *
 * One clause a part, worded for its tone; sentence.c joins them. Every number is the one that
 * the part was computed from. A clause is at most 79 bytes, which keeps the sentence
 * under 256.
 */
#include <math.h>
#include <string.h>

#include "rank/parts.h"

/* m:ss, of a time that a library can hold. */
static const char *clock_text(char out[12], double s)
{
    unsigned whole = (unsigned)ND_CLAMP(s, 0.0, 1e6);
    snprintf(out, 12, "%u:%02u", whole / 60 % 100000, whole % 60);
    return out;
}

/* ---- motion ------------------------------------------------------------------- */

static const char *picture_pace_words(double level)
{
    return level < 0.15   ? "still picture"
           : level < 0.35 ? "calm motion"
           : level < 0.55 ? "steady motion"
           : level < 0.75 ? "lively motion"
                          : "fast motion";
}

/* "its 124 bpm drive"; never empty. */
static void music_pace_words(char out[48], const nd_heard *m, double level)
{
    const char *word = level < 0.35 ? "gentle pulse" : level < 0.6 ? "pulse" : "drive";
    if (m->tempo_bpm >= 0.5) snprintf(out, 48, "its %.0f bpm %s", m->tempo_bpm, word);
    else snprintf(out, 48, "its free, beatless flow");
}

static void explain_motion(char out[80], double value, const nd_evidence *e)
{
    int n = e->seen->pace.n;
    double picture = nd_curve_mean(&e->seen->pace, 0, n);
    double music = nd_curve_mean(&e->heard->pace, e->window->first, n);
    char words[48];
    music_pace_words(words, e->heard, music);
    switch (nd_tone_of(value)) {
    case ND_STRONG:
        snprintf(out, 80, "%s matches the %s", words, picture_pace_words(picture));
        break;
    case ND_FAIR:
        snprintf(out, 80, "%s comes near the %s", words, picture_pace_words(picture));
        break;
    case ND_WEAK:
        snprintf(out, 80, "the picture is %s than %s", picture < music ? "calmer" : "busier",
                 words);
        break;
    }
}

/* ---- sync ---------------------------------------------------------------------- */

/* "7 of 9 cuts land", "all 9 cuts land", "both cuts land", "the one cut lands" */
static void cuts_words(char out[28], int n_met, int n_cuts)
{
    n_met = ND_CLAMP(n_met, 0, 99999);
    n_cuts = ND_CLAMP(n_cuts, n_met, 99999);
    if (n_met < n_cuts)
        snprintf(out, 28, "%d of %d cuts land%s", n_met, n_cuts, n_met == 1 ? "s" : "");
    else if (n_cuts == 1) snprintf(out, 28, "the one cut lands");
    else if (n_cuts == 2) snprintf(out, 28, "both cuts land");
    else snprintf(out, 28, "all %d cuts land", n_cuts);
}

static void explain_misses(char out[80], const nd_sync *s)
{
    if (4 * (int64_t)s->n_on_beat >= 3 * (int64_t)s->n_cuts)
        snprintf(out, 80, "the cuts fall near its beats rather than on them");
    else if (s->n_on_beat > 0)
        snprintf(out, 80, "only %d of %d cuts can meet a beat", s->n_on_beat, s->n_cuts);
    else if (s->n_cuts == 1) snprintf(out, 80, "the one cut misses the beat");
    else snprintf(out, 80, "none of the %d cuts meets a beat", s->n_cuts);
}

static void explain_sync(char out[80], double value, const nd_evidence *e)
{
    const nd_sync *s = e->sync;
    char cuts[28], start[12];
    cuts_words(cuts, s->n_on_beat, s->n_cuts);
    clock_text(start, s->start_s);
    int n_on_downbeat = ND_CLAMP(s->n_on_downbeat, 0, 99999);
    bool is_weak = nd_tone_of(value) == ND_WEAK || 2 * s->n_on_beat < s->n_cuts;
    if (e->heard->n_beats == 0) snprintf(out, 80, "it has no beat for the cuts to meet");
    else if (is_weak) explain_misses(out, s);
    else if (s->n_on_downbeat == s->n_on_beat)
        snprintf(out, 80, "%s on a downbeat from %s", cuts, start);
    else if (s->n_on_downbeat >= 2 && 2 * s->n_on_downbeat >= s->n_on_beat)
        snprintf(out, 80, "%s on a beat, %d on a downbeat, from %s", cuts, n_on_downbeat, start);
    else snprintf(out, 80, "%s on a beat from %s", cuts, start);
}

/* ---- energy --------------------------------------------------------------------- */

static int peak_of(const float *x, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

static void explain_energy(char out[80], double value, const nd_evidence *e)
{
    int n = e->seen->energy.n;
    int seen = peak_of(e->seen->energy.x, n);
    int heard = peak_of(e->heard->loudness.x + e->window->first, n);
    char at[12];
    clock_text(at, (seen + 0.5) * e->step_s);
    nd_tone tone = nd_tone_of(value);
    bool is_inside = seen >= 3 && seen < n - 3; /* at its ends a peak is no event */
    if (tone == ND_STRONG && is_inside && abs(seen - heard) <= 2)
        snprintf(out, 80, "it peaks with the picture at %s of the video", at);
    else if (tone == ND_STRONG) snprintf(out, 80, "its loudness rises and falls with the picture");
    else if (tone == ND_WEAK) snprintf(out, 80, "it swells where the picture calms down");
    else if (value > 0.53) snprintf(out, 80, "its loudness follows the picture loosely");
    else out[0] = '\0'; /* no relation is no reason */
}

/* ---- colour --------------------------------------------------------------------- */

const char *nd_sound_word(double level)
{
    return level < 0.35 ? "mellow" : level < 0.65 ? "clear" : "crisp";
}

/* "dark, cool picture": the two qualities that stand out most, or none. */
static void picture_words(char out[32], const nd_seen *v)
{
    const struct {
        double level;
        const char *low, *high;
    } looks[] = {{v->brightness, "dark", "bright"},
                 {v->warmth, "cool", "warm"},
                 {v->saturation, "muted", "vivid"}};
    const char *words[3] = {0};
    int n = 0;
    for (size_t i = 0; i < ND_COUNT(looks) && n < 2; i++)
        if (looks[i].level >= 0 && fabs(looks[i].level - 0.5) > 0.15)
            words[n++] = looks[i].level < 0.5 ? looks[i].low : looks[i].high;
    snprintf(out, 32, "%s%s%s%spicture", n > 0 ? words[0] : "", n > 1 ? ", " : "",
             n > 1 ? words[1] : "", n > 0 ? " " : "");
}

static void explain_colour_fit(char out[80], const nd_evidence *e, bool strong)
{
    const nd_colour *c = e->colour;
    const char *key = nd_key_name(e->heard->key, e->heard->is_minor);
    const char *sound = nd_sound_word(c->sound);
    char picture[32];
    picture_words(picture, e->seen);
    bool by_mood = key[0] && c->mood >= 0.6, by_sound = c->timbre >= 0.6;
    if (by_mood && by_sound)
        snprintf(out, 80, "its %s key and %s sound suit the %s", key, sound, picture);
    else if (strong && by_mood) snprintf(out, 80, "its %s key suits the %s", key, picture);
    else if (strong && by_sound) snprintf(out, 80, "its %s sound suits the %s", sound, picture);
    else if (strong) snprintf(out, 80, "its mood suits the %s", picture);
    else snprintf(out, 80, "its mood is not far from the %s", picture);
}

static void explain_colour(char out[80], double value, const nd_evidence *e)
{
    const nd_colour *c = e->colour;
    nd_tone tone = nd_tone_of(value);
    if (tone != ND_WEAK) {
        explain_colour_fit(out, e, tone == ND_STRONG);
        return;
    }
    bool mood = c->timbre < 0 || (c->mood >= 0 && c->mood <= c->timbre);
    double gap = mood ? c->mood_gap : c->timbre_gap;
    snprintf(out, 80, "its %s is %s than the picture", mood ? "mood" : "sound",
             gap > 0 ? "brighter" : "darker");
}

/* ---- all -------------------------------------------------------------------------- */

static void explain_length(char out[80], double value, const nd_evidence *e)
{
    char track[12], video[12];
    clock_text(track, e->heard->length_s);
    clock_text(video, e->seen->length_s);
    if (value < 0.6) snprintf(out, 80, "at %s it must loop to fill %s", track, video);
}

static void explain_part(nd_reason *r, const nd_score_part *p, const nd_evidence *e)
{
    if (!strcmp(p->name, "motion")) explain_motion(r->text, p->value, e);
    else if (!strcmp(p->name, "sync")) explain_sync(r->text, p->value, e);
    else if (!strcmp(p->name, "energy")) explain_energy(r->text, p->value, e);
    else if (!strcmp(p->name, "colour")) explain_colour(r->text, p->value, e);
    else if (!strcmp(p->name, "length")) explain_length(r->text, p->value, e);
}

void nd_explain(nd_fit *f, const nd_evidence *e)
{
    for (int i = 0; i < f->n_parts; i++) {
        const nd_score_part *p = &f->parts[i];
        nd_reason *r = &f->reasons[f->n_reasons++];
        *r = (nd_reason){.value = p->value, .weight = p->weight};
        if (p->weight > 0) explain_part(r, p, e);
    }
    nd_reasons_join(f);
}
