/* Planning the latent world: families for the structured test part, the natural tracks, their
 * videos with noise of their own, tracks that no video has.
 *
 * Every item has a key, a number made of the seed, its kind and its number among its kind; every
 * purpose draws from a stream of its own: so no item's numbers depend on another's. */
#include <math.h>
#include <string.h>

#include "synth/script.h"
#include "synth/truth.h"

const char *const nd_split_names[3] = {"train", "val", "test"};
const double nd_pulse_bpm[ND_PULSES] = {76, 88, 100, 116, 132, 152};

/* Purposes of nd_item_seed: kinds of items, and streams of an item. */
enum {
    FAMILY_KEY = 201,
    MEMBER_KEY,
    NATURAL_KEY,
    SPARE_KEY,
    VIDEO_KEY,
    SCRIPT_STREAM,
    LENGTH_STREAM,
    COUNT_STREAM,
    NOISE_STREAM,
    TAG_STREAM,
    PLACE_STREAM,
    TEMPO_STREAM
};

enum { MAX_VIDEOS = 12, VAL_EVERY = 10, NEVER_S = 1000 };

static void start_stream(nd_rng *rng, uint64_t key, int stream)
{
    nd_rng_init(rng, key, (uint64_t)stream);
}

static void set_id(char id[ND_ID_BYTES], uint64_t key)
{
    snprintf(id, ND_ID_BYTES, "%016llx", (unsigned long long)key);
}

static void shuffle(int8_t *x, int n, nd_rng *rng)
{
    for (int i = n - 1; i > 0; i--) {
        int j = nd_rng_int(rng, 0, i);
        int8_t kept = x[i];
        x[i] = x[j];
        x[j] = kept;
    }
}

static int differing(const int8_t *a, const int8_t *b)
{
    int n = 0;
    for (int k = 0; k < ND_BAG_CLIPS; k++) n += a[k] != b[k];
    return n;
}

int nd_script_clips(double duration_s)
{
    return ND_CLAMP((int)ceil(duration_s / ND_SCRIPT_CLIP_S - 1e-9), 1, (int)ND_SCRIPT_CLIPS);
}

int nd_script_clip_at(const double *starts_s, double time_s)
{
    int k = 0;
    if (time_s < starts_s[0]) return ND_SCRIPT_BEFORE;
    while (k + 1 < ND_SCRIPT_CLIPS && time_s >= starts_s[k + 1]) k++;
    return k;
}

double nd_script_period_s(const nd_script_track *t, double time_s)
{
    int pulse = t->pulses[nd_script_clip_at(t->starts_s, time_s)];
    return 60 / (nd_pulse_bpm[pulse] * t->tempo_ratio);
}

static double next_border_s(const nd_script_track *t, double time_s)
{
    for (int k = 0; k < ND_SCRIPT_CLIPS; k++)
        if (t->starts_s[k] > time_s) return t->starts_s[k];
    return INFINITY;
}

double nd_script_next_beat(const nd_script_track *t, double place[2])
{
    if (place[0] <= 0) return place[0] = t->first_beat_s;
    double left = 1; /* of a beat */
    for (;;) {
        double period = nd_script_period_s(t, place[0]), border = next_border_s(t, place[0]);
        double room = (border - place[0]) / period;
        if (room >= left) {
            place[1] += 1;
            return place[0] += left * period;
        }
        left -= room;
        place[0] = border;
    }
}

bool nd_script_is_near(int a, int b)
{
    return a != b && (a / ND_SCRIPT_MOODS == b / ND_SCRIPT_MOODS ||
                      a % ND_SCRIPT_MOODS == b % ND_SCRIPT_MOODS);
}

int nd_script_neighbour(int concept, nd_rng *rng)
{
    int near;
    do {
        near = nd_rng_int(rng, 0, ND_CONCEPTS - 1);
    } while (!nd_script_is_near(near, concept));
    return near;
}

/* ---- tracks ------------------------------------------------------------------------------ */

/* n concepts, all different. */
static void draw_concepts(int8_t *out, int n, nd_rng *rng)
{
    int8_t all[ND_CONCEPTS];
    for (int i = 0; i < ND_CONCEPTS; i++) all[i] = (int8_t)i;
    shuffle(all, ND_CONCEPTS, rng);
    memcpy(out, all, (size_t)n);
}

/* Each of `from` as often as counts says, in order. */
static void lay_out(int8_t *out, const int8_t *from, const int8_t *counts, int n)
{
    for (int i = 0, k = 0; i < n; i++)
        for (int c = 0; c < counts[i]; c++) out[k++] = from[i];
}

static bool is_same_bag(const int8_t a[3], const int8_t b[3])
{
    return a[0] == b[0] && ((a[1] == b[1] && a[2] == b[2]) || (a[1] == b[2] && a[2] == b[1]));
}

static const int8_t bag_counts[3] = {3, 2, 2};

typedef struct family {
    int8_t bag[3];
    int8_t orders[4][ND_BAG_CLIPS], contours[2][ND_BAG_CLIPS];
} family;

/* Shuffles of one list that differ from each other in `least` to `most` places. */
static void draw_shuffles(int8_t out[][ND_BAG_CLIPS], int n, const int8_t *list, int least,
                          int most, nd_rng *rng)
{
    for (int i = 0; i < n; i++) {
        bool is_good;
        do {
            memcpy(out[i], list, ND_BAG_CLIPS);
            shuffle(out[i], ND_BAG_CLIPS, rng);
            is_good = true;
            for (int j = 0; j < i; j++) {
                int n_differing = differing(out[i], out[j]);
                is_good = is_good && n_differing >= least && n_differing <= most;
            }
        } while (!is_good);
    }
}

static bool is_family_bag(const family *families, int n, const int8_t bag[3])
{
    for (int f = 0; f < n; f++)
        if (is_same_bag(families[f].bag, bag)) return true;
    return false;
}

static void draw_families(family *families, int n, uint64_t seed)
{
    for (int f = 0; f < n; f++) {
        nd_rng rng;
        start_stream(&rng, nd_item_seed(seed, f, FAMILY_KEY), SCRIPT_STREAM);
        int8_t list[ND_BAG_CLIPS], contours[3] = {0, 1, 2};
        do {
            draw_concepts(families[f].bag, 3, &rng);
        } while (is_family_bag(families, f, families[f].bag));
        lay_out(list, families[f].bag, bag_counts, 3);
        draw_shuffles(families[f].orders, 4, list, 3, ND_BAG_CLIPS, &rng);
        shuffle(contours, 3, &rng);
        lay_out(list, contours, bag_counts, 3);
        draw_shuffles(families[f].contours, 2, list, 2, 3, &rng);
    }
}

/* What every track has, whatever it is about. */
static void begin_track(nd_script_track *t, uint64_t key)
{
    nd_rng rng;
    *t = (nd_script_track){.key = key, .family = -1, .order = -1, .contour = -1, .copy_of = -1};
    set_id(t->id, key);
    start_stream(&rng, key, TEMPO_STREAM);
    t->tempo_ratio = nd_rng_uniform(&rng, .99, 1.01);
    for (int k = 0; k < ND_SCRIPT_CLIPS; k++) t->starts_s[k] = k * ND_SCRIPT_CLIP_S;
}

/* Anywhere in a beat: the grid has begun before. */
static void place_beats(nd_script_track *t)
{
    nd_rng rng;
    start_stream(&rng, t->key, PLACE_STREAM);
    t->first_beat_s = nd_rng_uniform(&rng, .001, 1) * nd_script_period_s(t, 0);
}

/* A track of the control: all are about the same, at the same pulse. */
static void forget_script(nd_script_track *t)
{
    const int concept = 4, pulse = 1;
    for (int k = 0; k < ND_SCRIPT_CLIPS; k++) {
        t->concepts[k] = (int8_t) concept;
        t->pulses[k] = (int8_t)pulse;
    }
    t->tag = concept;
}

static void finish_track(nd_script_track *t, const nd_script *s)
{
    nd_rng rng;
    if (s->params.is_blank) forget_script(t);
    place_beats(t);
    start_stream(&rng, t->key, TAG_STREAM);
    t->tags = nd_script_draw_tags(s->params.world, t->tag, &rng);
}

/* Member m of a family: order, contour and level are its digits. Once or twice through. */
static void plan_member(nd_script_track *t, const nd_script *s, const family *of, int f, int m)
{
    begin_track(t, nd_item_seed(s->params.seed, (int64_t)f * ND_FAMILY_TRACKS + m, MEMBER_KEY));
    t->split = ND_IN_TEST;
    t->family = f;
    t->order = m % 4;
    t->contour = m / 4 % 2;
    int level = m / 8;
    for (int k = 0; k < ND_SCRIPT_CLIPS; k++) {
        int at = k == ND_SCRIPT_BEFORE ? ND_BAG_CLIPS - 1 : k % ND_BAG_CLIPS;
        t->concepts[k] = of->orders[t->order][at];
        t->pulses[k] = (int8_t)(3 * level + of->contours[t->contour][at]);
    }
    t->tag = of->bag[0];
    nd_rng rng;
    start_stream(&rng, t->key, LENGTH_STREAM);
    int rounds = nd_rng_int(&rng, 0, 2) == 0 ? 2 : 1;
    t->duration_s = rounds * ND_BAG_CLIPS * ND_SCRIPT_CLIP_S + nd_rng_uniform(&rng, .1, 3.9);
    finish_track(t, s);
}

/* Seven clips' bag and it again for a short track, five concepts in fourteen clips for a long one.
 * None has the bag of a family. */
static void draw_natural_concepts(nd_script_track *t, const family *families, int n_families,
                                  nd_rng *rng)
{
    static const int8_t long_counts[5] = {4, 3, 3, 2, 2};
    int8_t *c = t->concepts, bag[5];
    do {
        draw_concepts(bag, 5, rng);
    } while (is_family_bag(families, n_families, bag));
    if (nd_script_clips(t->duration_s) <= 10) {
        for (int half = 0; half < 2; half++) {
            lay_out(c + half * ND_BAG_CLIPS, bag, bag_counts, 3);
            shuffle(c + half * ND_BAG_CLIPS, ND_BAG_CLIPS, rng);
        }
    } else {
        lay_out(c, bag, long_counts, 5);
        shuffle(c, 2 * ND_BAG_CLIPS, rng);
    }
    for (int k = 2 * ND_BAG_CLIPS; k < ND_SCRIPT_CLIPS; k++) c[k] = c[k - 2 * ND_BAG_CLIPS];
    t->tag = bag[0];
}

/* Pulses hang together with moods a little (about 0.1 bit), as in life. */
static void draw_natural_pulses(nd_script_track *t, nd_rng *rng)
{
    static const double fast[ND_SCRIPT_MOODS] = {.33, .67, .5};
    static const double slowest[ND_SCRIPT_MOODS] = {.51, .17, .34};
    static const double middle[ND_SCRIPT_MOODS] = {.32, .32, .32};
    int level = nd_rng_uniform(rng, 0, 1) < fast[t->tag % ND_SCRIPT_MOODS];
    for (int k = 0; k < ND_SCRIPT_CLIPS; k++) {
        int mood = t->concepts[k] % ND_SCRIPT_MOODS;
        double x = nd_rng_uniform(rng, 0, 1) - slowest[mood];
        int contour = x < 0 ? 0 : x < middle[mood] ? 1 : 2;
        t->pulses[k] = (int8_t)(3 * level + contour);
    }
}

static void plan_natural(nd_script_track *t, const nd_script *s, const family *families,
                         uint64_t key)
{
    nd_rng rng;
    begin_track(t, key);
    start_stream(&rng, key, LENGTH_STREAM);
    t->duration_s = nd_rng_uniform(&rng, 28.5, 60);
    start_stream(&rng, key, SCRIPT_STREAM);
    draw_natural_concepts(t, families, s->params.n_families, &rng);
    draw_natural_pulses(t, &rng);
    for (int k = 0; k < ND_SCRIPT_CLIPS; k++) t->starts_s[k] += nd_rng_uniform(&rng, -1, 1);
    finish_track(t, s);
}

/* min(12, 1 + Zipf(1.8)). */
static int draw_count(uint64_t key)
{
    nd_rng rng;
    start_stream(&rng, key, COUNT_STREAM);
    double x = nd_rng_uniform(&rng, 0, 1.8822296181); /* zeta(1.8) */
    int k = 1;
    while (k < MAX_VIDEOS - 1 && (x -= pow(k, -1.8)) > 0) k++;
    return 1 + k;
}

/* Make the counts sum to n_pairs: the numbers of videos change by one here and there. */
static void fit_counts(nd_script_track *tracks, int n, int n_pairs)
{
    int sum = 0;
    for (int i = 0; i < n; i++) sum += tracks[i].n_videos;
    for (int i = 0; sum != n_pairs; i = (i + 1) % n) {
        int least = n_pairs < 2 * n ? 1 : 2;
        if (sum < n_pairs) tracks[i].n_videos++;
        else if (tracks[i].n_videos > least) tracks[i].n_videos--;
        else continue;
        sum += sum < n_pairs ? 1 : -1;
    }
}

static int spare_count(const nd_script_params *p)
{
    return (int)lround(.3 * p->n_tracks);
}

/* Tracks that no video has; two in a hundred repeat a track of the val part to the byte, two more
 * are that track played by others. */
static void plan_spare(nd_script_track *t, const nd_script *s, const family *families, int number)
{
    const nd_script_params *p = &s->params;
    uint64_t key = nd_item_seed(p->seed, number, SPARE_KEY);
    int n_each = (p->n_tracks + 49) / 50, n_val = (p->n_tracks + VAL_EVERY - 2) / VAL_EVERY;
    plan_natural(t, s, families, key);
    if (number < 2 * n_each && n_val) {
        int first = p->n_families * ND_FAMILY_TRACKS;
        int of = first + 1 + VAL_EVERY * (number % n_val);
        nd_script_track kept = *t;
        *t = s->tracks[of];
        t->key = kept.key;
        memcpy(t->id, kept.id, sizeof t->id);
        t->copy_of = of;
        t->is_exact = number < n_each;
        t->tags = kept.tags;
        t->n_videos = 0;
    }
    t->split = ND_IN_VAL;
}

static void plan_tracks(nd_script *s, const family *families)
{
    const nd_script_params *p = &s->params;
    nd_script_track *t = s->tracks;
    for (int f = 0; f < p->n_families; f++)
        for (int m = 0; m < ND_FAMILY_TRACKS; m++, t++) {
            plan_member(t, s, &families[f], f, m);
            t->n_videos = 1;
        }
    nd_script_track *first = t;
    for (int i = 0; i < p->n_tracks; i++, t++) {
        plan_natural(t, s, families, nd_item_seed(p->seed, i, NATURAL_KEY));
        t->split = i % VAL_EVERY == 1 ? ND_IN_VAL : ND_IN_TRAIN;
        t->n_videos = p->world == ND_WORLD_HIMV ? 1 : draw_count(t->key);
    }
    fit_counts(first, p->n_tracks, p->n_pairs);
    for (int i = 0; i < spare_count(p); i++, t++) plan_spare(t, s, families, i);
}

/* ---- videos ------------------------------------------------------------------------------ */

/* Motion goes with the pulse; one level up or down is the noise. */
static int draw_motion(int pulse, double noise, nd_rng *rng)
{
    bool is_off = nd_rng_uniform(rng, 0, 1) < noise;
    int step = nd_rng_int(rng, 0, 1) ? 1 : -1;
    if (!is_off) return pulse;
    if (pulse + step < 0 || pulse + step >= ND_PULSES) step = -step;
    return pulse + step;
}

static void draw_length(nd_script_video *v, const nd_script_track *t, bool is_blank)
{
    nd_rng rng;
    start_stream(&rng, v->key, LENGTH_STREAM);
    bool is_structured = t->family >= 0;
    v->duration_s = is_structured ? ND_BAG_CLIPS * ND_SCRIPT_CLIP_S + nd_rng_uniform(&rng, .1, 3.9)
                                  : nd_rng_uniform(&rng, 8, 28);
    int last = (int)((t->duration_s - v->duration_s) / ND_SCRIPT_CLIP_S);
    double moved = nd_rng_uniform(&rng, 0, 1);
    int first = nd_rng_int(&rng, 0, ND_MAX(last, 0));
    v->first_clip = is_structured || moved < .4 ? 0 : first;
    v->start_s = v->first_clip * ND_SCRIPT_CLIP_S;
    v->is_sync = nd_rng_uniform(&rng, 0, 1) < .5 && !is_blank;
}

static void plan_video(nd_script_video *v, const nd_script *s, int track, int number)
{
    const nd_script_track *t = &s->tracks[track];
    *v = (nd_script_video){.key = nd_item_seed(t->key, number, VIDEO_KEY), .track = track};
    set_id(v->id, v->key);
    draw_length(v, t, s->params.is_blank);
    nd_rng rng;
    start_stream(&rng, v->key, NOISE_STREAM);
    double noise = s->params.noise;
    int before = v->first_clip ? v->first_clip - 1 : ND_SCRIPT_BEFORE;
    for (int k = 0; k < ND_SCRIPT_CLIPS; k++) {
        bool is_past = v->first_clip + k >= ND_SCRIPT_CLIPS || k == ND_SCRIPT_BEFORE;
        int of = is_past ? before : v->first_clip + k;
        bool is_off = nd_rng_uniform(&rng, 0, 1) < noise;
        int near = nd_script_neighbour(t->concepts[of], &rng);
        v->concepts[k] = is_off ? (int8_t)near : t->concepts[of];
        v->motions[k] = (int8_t)draw_motion(t->pulses[of], noise, &rng);
        v->starts_s[k] = is_past ? NEVER_S : t->starts_s[of] - v->start_s;
    }
    start_stream(&rng, v->key, TAG_STREAM);
    v->tags = nd_script_draw_tags(s->params.world, t->tag, &rng);
}

static void plan_videos(nd_script *s)
{
    nd_script_video *v = s->videos;
    for (int i = 0; i < s->n_tracks; i++)
        for (int k = 0; k < s->tracks[i].n_videos; k++) plan_video(v++, s, i, k);
}

int nd_script_plan(nd_script *out, const nd_script_params *params)
{
    int n_members = params->n_families * ND_FAMILY_TRACKS;
    nd_script s = {.params = *params,
                   .n_tracks = n_members + params->n_tracks + spare_count(params),
                   .n_videos = n_members + params->n_pairs};
    family *families = nd_calloc((size_t)params->n_families, sizeof *families);
    s.tracks = nd_calloc((size_t)s.n_tracks, sizeof *s.tracks);
    s.videos = nd_calloc((size_t)s.n_videos, sizeof *s.videos);
    int rc = families && s.tracks && s.videos ? 0 : ND_ENOMEM;
    if (!rc) {
        draw_families(families, params->n_families, params->seed);
        plan_tracks(&s, families);
        plan_videos(&s);
        *out = s;
    } else {
        nd_script_deinit(&s);
    }
    free(families);
    return rc;
}

void nd_script_deinit(nd_script *script)
{
    free(script->tracks);
    free(script->videos);
    *script = (nd_script){0};
}
