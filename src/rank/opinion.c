/* A model's opinion of a track, with a ranker's as the second: parts, score and reasons.
 *
 *   match   0.50  the query's clips, in order, along the track's at the best place
 *   whole   0.20  both as a whole (music beside music alone)
 *   pair    0.25  the two looked at together; of the few that matched best
 *   rhythm  0.25  a ranker of the shelf, near that place; 0.30 for music beside music
 *   like          what was asked for in words; its share is the caller's
 *
 * Beside a ranker, match and pair weigh less the more the model doubts. A model that sees media
 * unlike those it was trained on finds no pair that belongs together, and then the ranker decides.
 *
 * Inner products go from -1 .. 1 to 0 .. 1. Weights of what is known are made to sum to 1. On the
 * validation part of a made world every split with less than 0.3 of rhythm is as good, and on real
 * films pair is near 0 for all tracks, so that match and rhythm must order them (docs/ranking.md).
 */
#include <math.h>
#include <string.h>

#include "rank/parts.h"

static const double weight_match = 0.50, weight_whole = 0.20, weight_pair = 0.25;

static double level_of_cosine(double x)
{
    return isnan(x) ? ND_UNKNOWN : ND_CLAMP(0.5 + 0.5 * x, 0.0, 1.0);
}

static void add_known(nd_fit *f, const char *name, double value, double weight)
{
    if (value >= 0) nd_fit_add(f, name, value, weight);
}

/* The share of like in the sum, whatever the other weights sum to. */
static void add_like(nd_fit *f, const nd_opinion *o)
{
    double others = 0, share = ND_CLAMP(o->like_weight, 0.0, 1.0);
    if (isnan(o->like)) return;
    for (int i = 0; i < f->n_parts; i++) others += f->parts[i].weight;
    if (share >= 1 || others <= 0)
        for (int i = 0; i < f->n_parts; i++) f->parts[i].weight = 0;
    nd_fit_add(f, "like", o->like, share >= 1 || others <= 0 ? 1 : others * share / (1 - share));
}

static void add_parts(nd_fit *f, const nd_opinion *o, const nd_fit *second)
{
    double trust = second && o->second_weight > 0 ? 1 - ND_CLAMP(o->doubt, 0.0, 1.0) : 1;
    add_known(f, "match", level_of_cosine(o->match), trust * weight_match);
    add_known(f, "whole", level_of_cosine(o->whole), trust * weight_whole);
    add_known(f, "pair", isnan(o->pair) ? ND_UNKNOWN : o->pair, trust * weight_pair);
    if (second) {
        nd_fit_add(f, "rhythm", second->score, o->second_weight);
        memcpy(f->details, second->parts, sizeof f->details);
        f->n_details = second->n_parts;
    }
    add_like(f, o);
}

/* ---- reasons ------------------------------------------------------------------- */

static const char *clock_text(char out[12], double s)
{
    unsigned whole = (unsigned)ND_CLAMP(s, 0.0, 1e6);
    snprintf(out, 12, "%u:%02u", whole / 60, whole % 60);
    return out;
}

static void explain_match(char out[80], double value, const nd_opinion *o)
{
    char at[12];
    nd_tone tone = nd_tone_of(value);
    if (isnan(o->at_s))
        snprintf(out, 80, "%s",
                 tone == ND_WEAK ? "the model hears another thing in it"
                                 : "the model finds the two alike");
    else if (tone == ND_WEAK) snprintf(out, 80, "clip by clip it goes another way");
    else
        snprintf(out, 80, "clip by clip it %s from %s on",
                 tone == ND_STRONG ? "goes along" : "goes half along",
                 clock_text(at, ND_MAX(o->at_s, 0.0)));
}

static nd_reason *add_reason(nd_fit *f, double value, double weight)
{
    ND_ASSERT(f->n_reasons < ND_MAX_PARTS);
    f->reasons[f->n_reasons] = (nd_reason){.value = value, .weight = weight};
    return &f->reasons[f->n_reasons++];
}

/* A model whose part counts for less keeps still about it. */
static const double least_told = 0.03;

/* What the rows say is one reason: their mean. The closer look is one where it is in favour: it is
 * sparing with that, so that a low value says little of one track (docs/ranking.md). */
static void explain_model(nd_fit *f, const nd_opinion *o)
{
    double sum = 0, weights = 0, all = 0;
    for (int i = 0; i < f->n_parts; i++) {
        const nd_score_part *p = &f->parts[i];
        all += p->weight;
        if (strcmp(p->name, "match") != 0 && strcmp(p->name, "whole") != 0) continue;
        sum += p->weight * p->value;
        weights += p->weight;
    }
    if (weights <= least_told * all) return;
    nd_reason *r = add_reason(f, sum / weights, weights);
    explain_match(r->text, r->value, o);
    if (!o->shared) return;
    r = add_reason(f, ND_MAX(r->value, 0.6), 0.5 * weights);
    snprintf(r->text, 80, "both say \"%.60s\"", o->shared);
}

static void explain_pair(nd_fit *f, const nd_score_part *p)
{
    if (nd_tone_of(p->value) != ND_STRONG) return;
    nd_reason *r = add_reason(f, p->value, p->weight);
    snprintf(r->text, 80, "looked at closely the two belong together");
}

/* What is met and what is not. */
static void explain_like(nd_fit *f, const nd_opinion *o, const nd_score_part *p)
{
    if (!(p->weight > 0)) return;
    if (o->liked && o->liked[0]) {
        nd_reason *r = add_reason(f, ND_MAX(p->value, 0.6), p->weight);
        snprintf(r->text, 80, "as asked for: %.63s", o->liked);
    }
    if (o->missed && o->missed[0]) {
        nd_reason *r = add_reason(f, ND_MIN(p->value, 0.39), p->weight);
        snprintf(r->text, 80, "not as asked: %.63s", o->missed);
    }
}

/* The second's reasons, by their share in the score. */
static void explain_second(nd_fit *f, const nd_fit *second, double weight)
{
    for (int i = 0; i < second->n_reasons && f->n_reasons < ND_MAX_PARTS; i++) {
        const nd_reason *from = &second->reasons[i];
        nd_reason *r = add_reason(f, from->value, from->weight * weight);
        memcpy(r->text, from->text, sizeof r->text);
    }
}

static void explain(nd_fit *f, const nd_opinion *o, const nd_fit *second)
{
    explain_model(f, o);
    for (int i = 0; i < f->n_parts; i++) {
        if (!strcmp(f->parts[i].name, "pair")) explain_pair(f, &f->parts[i]);
        if (!strcmp(f->parts[i].name, "like")) explain_like(f, o, &f->parts[i]);
    }
    for (int i = 0; i < f->n_parts; i++)
        if (!strcmp(f->parts[i].name, "rhythm")) explain_second(f, second, f->parts[i].weight);
    nd_reasons_join(f);
}

int nd_opinion_fit(nd_fit *out, const nd_opinion *o, const nd_fit *second)
{
    nd_fit f = {0};
    add_parts(&f, o, second);
    int rc = nd_fit_finish(&f);
    if (rc) return rc;
    f.start_s = isnan(o->at_s) ? 0 : o->at_s;
    if (second) f.start_s = second->start_s;
    f.window_s[0] = f.start_s;
    double end_s = o->query_s > 0 ? f.start_s + o->query_s : o->track_s;
    f.window_s[1] = ND_CLAMP(end_s, f.start_s, ND_MAX(o->track_s, f.start_s));
    if (second) memcpy(f.window_s, second->window_s, sizeof f.window_s);
    explain(&f, o, second);
    *out = f;
    return 0;
}
