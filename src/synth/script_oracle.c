/* Oracles: what a ranker could reach that knows a given part of the latent scripts. Scores are log
 * likelihoods under the noise that made the videos, so that no ranker with the same knowledge does
 * better but by luck. */
#include <math.h>
#include <string.h>

#include "synth/script.h"

const char *const nd_oracle_names[ND_N_ORACLES] = {"tag", "bag", "rhythm", "order",
                                                   "order_and_rhythm"};
const int nd_recall_at[ND_RECALLS] = {1, 5, 10, 25};

#define IMPOSSIBLE (-30.0)

static double log_of(double p)
{
    return p > 0 ? ND_MAX(log(p), IMPOSSIBLE) : IMPOSSIBLE;
}

/* Nine concepts are near each one: two of the scene, seven of the mood. */
static double concept_score(int shown, int meant, double noise)
{
    if (shown == meant) return log_of(1 - noise);
    return nd_script_is_near(shown, meant) ? log_of(noise / 9) : IMPOSSIBLE;
}

static double motion_score(int shown, int meant, double noise)
{
    if (shown == meant) return log_of(1 - noise);
    if (abs(shown - meant) != 1) return IMPOSSIBLE;
    return log_of(meant == 0 || meant == ND_PULSES - 1 ? noise : noise / 2);
}

/* Each clip that is shown could be any of the track's seven. */
static double bag_score(const int8_t *shown, const int8_t *meant, double noise)
{
    double sum = 0;
    for (int k = 0; k < ND_BAG_CLIPS; k++) {
        double p = 0;
        for (int j = 0; j < ND_BAG_CLIPS; j++) p += exp(concept_score(shown[k], meant[j], noise));
        sum += log_of(p / ND_BAG_CLIPS);
    }
    return sum;
}

double nd_oracle_score(const nd_script *script, nd_oracle what, int video, int track)
{
    const nd_script_video *v = &script->videos[video];
    const nd_script_track *t = &script->tracks[track];
    const int8_t *meant = t->concepts + v->first_clip, *pulses = t->pulses + v->first_clip;
    double noise = script->params.noise, order = 0, rhythm = 0, tagged = 0;
    if (what == ND_ORACLE_BAG) return bag_score(v->concepts, meant, noise);
    for (int k = 0; k < ND_BAG_CLIPS; k++) {
        order += concept_score(v->concepts[k], meant[k], noise);
        rhythm += motion_score(v->motions[k], pulses[k], noise);
        tagged += v->concepts[k] == t->tag;
    }
    switch (what) {
    case ND_ORACLE_TAG: return tagged;
    case ND_ORACLE_RHYTHM: return rhythm;
    case ND_ORACLE_ORDER: return order;
    default: return order + rhythm;
    }
}

/* Sums of logarithms of the same things differ in their last bits where the order differs. */
void nd_oracle_recall(double out[ND_RECALLS], double *mean_rank_out, const double *scores, int n,
                      int wanted)
{
    const double same = 1e-9;
    int better = 0, equal = 0;
    for (int i = 0; i < n; i++) {
        better += scores[i] > scores[wanted] + same;
        equal += fabs(scores[i] - scores[wanted]) <= same;
    }
    for (int r = 0; r < ND_RECALLS; r++)
        out[r] = ND_CLAMP((double)(nd_recall_at[r] - better) / equal, 0.0, 1.0);
    if (mean_rank_out) *mean_rank_out = (better + .5 * (equal + 1)) / n;
}

int nd_oracle_ladder(double out[ND_RECALLS], const nd_script *script, nd_oracle what)
{
    int n = script->params.n_families * ND_FAMILY_TRACKS;
    double *scores = nd_calloc((size_t)n, sizeof *scores), sums[ND_RECALLS] = {0};
    if (!scores) return ND_ENOMEM;
    for (int v = 0; v < n; v++) {
        double recall[ND_RECALLS];
        for (int t = 0; t < n; t++) scores[t] = nd_oracle_score(script, what, v, t);
        nd_oracle_recall(recall, NULL, scores, n, script->videos[v].track);
        for (int r = 0; r < ND_RECALLS; r++) sums[r] += recall[r] / n;
    }
    memcpy(out, sums, sizeof sums);
    free(scores);
    return 0;
}
