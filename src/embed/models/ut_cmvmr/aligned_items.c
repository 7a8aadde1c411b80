/* Items as numbers. A clip's pulse becomes weights of a basis: tents along logarithmic scales, the
 * two nearest of which share a value, so that neighbours learn from each other; the value itself;
 * and flags for what is missing. An interval also shows its place within an octave, as trackers
 * take half or double the tempo. */
#include <math.h>
#include <string.h>

#include "embed/models/ut_cmvmr/aligned.h"

/* Tents at lo, lo + step, .. of a value, from column `at` on. */
typedef struct {
    int at, n;
    float lo, step;
    bool is_circle; /* the last is beside the first */
} scale;

enum { TENTS = ND_PULSE_SHOWN };

static const scale beats = {TENTS, 16, 0, 1, false};
static const scale strength = {TENTS + 16, 20, -4, 0.5f, false};        /* log2 */
static const scale interval = {TENTS + 36, 28, -2.375f, 0.125f, false}; /* log2 s */
static const scale octave = {TENTS + 64, 12, 0, 1.0f / 12, true};       /* log2 s, mod 1 */
static const scale displacement = {TENTS, 64, -7, 0.125f, false};       /* log2 widths / s */
static const scale cuts = {TENTS + 64, 9, 0, 1, false};

static void put(float *basis, const scale *s, float x)
{
    float place = (x - s->lo) / s->step;
    if (!s->is_circle) place = ND_CLAMP(place, 0, (float)(s->n - 1));
    int below = (int)floorf(place);
    float share = place - (float)below;
    basis[s->at + below % s->n] += 1 - share;
    basis[s->at + (below + 1) % s->n] += share;
}

static void music_basis(float *basis, const float *pulse)
{
    put(basis, &beats, pulse[0]);
    put(basis, &strength, nd_pulse_log2(pulse[1]));
    if (pulse[2] <= 0) return;
    float octaves = nd_pulse_log2(pulse[2]);
    put(basis, &interval, octaves);
    put(basis, &octave, octaves - floorf(octaves));
}

static void video_basis(float *basis, const float *pulse)
{
    put(basis, &displacement, nd_pulse_log2(pulse[0]));
    put(basis, &cuts, pulse[1]);
}

static void fill_basis(float *basis, const float *pulse, int side)
{
    bool is_music = side == ALIGNED_MUSIC;
    if (!nd_pulse_show(basis, pulse, is_music ? ND_MUSIC : ND_VIDEO)) return;
    if (is_music) music_basis(basis, pulse);
    else video_basis(basis, pulse);
}

/* Which items keep their pulse in this pass: the rest learn to do without. NULL: no memory. */
static const float *kept_pulses(const aligned_pass *p, int n)
{
    float *kept = nd_tape_floats(p->t, n);
    nd_drop drop = nd_tape_drop(p->t, (float)p->a->pulse_dropout, 1);
    for (int i = 0; kept && i < n; i++) kept[i] = 1;
    if (kept && drop.threshold) p->t->kernels->dropout(kept, kept, n, drop);
    return kept;
}

static int make_basis(const aligned_pass *p, const nd_item *items, aligned_items *out)
{
    out->basis = nd_tape_input(p->t, 3, (const int64_t[]){out->n, out->T, ALIGNED_BASIS});
    const float *kept = kept_pulses(p, out->n);
    if (!out->basis || !kept) return -1;
    memset(out->basis->data, 0, (size_t)nd_tensor_count(out->basis) * sizeof(float));
    for (int i = 0; i < out->n; i++)
        for (int k = 0; k < out->rows[i]; k++)
            fill_basis(out->basis->data + (i * out->T + k) * ALIGNED_BASIS,
                       kept[i] > 0 && items[i].pulse ? items[i].pulse + 3 * k : NULL, out->side);
    return 0;
}

/* Clips of an item into its rows: as they are, or their mean. A shorter item is looped; that is
 * masked, and there so that a batch's statistics are those of clips. */
static void put_clips(const aligned_pass *p, aligned_items *out, const nd_item *item, int i)
{
    int64_t D = p->a->D[out->side];
    float *mean = out->means->data + i * D, *rows = out->clips->data + i * out->T * D;
    for (int k = 0; k < item->C; k++)
        p->t->kernels->scale_add(mean, k > 0, 1.0f / (float)item->C, item->clips + k * D, D);
    for (int64_t k = 0; k < out->T; k++) {
        const float *clip = p->a->is_mean ? mean : item->clips + k % item->C * D;
        memcpy(rows + k * D, clip, (size_t)D * sizeof *rows);
        out->mask[i * out->T + k] = k < out->rows[i];
    }
}

int nd__aligned_items(const aligned_pass *p, const nd_item *items, int n, aligned_items *out)
{
    nd_tape *t = p->t;
    *out = (aligned_items){.n = n, .side = items[0].medium - ND_MUSIC, .T = 1};
    int64_t D = p->a->D[out->side];
    out->rows = nd_tape_bytes(t, (size_t)n * sizeof *out->rows);
    for (int i = 0; out->rows && i < n; i++) {
        ND_ASSERT(items[i].C >= 1 && items[i].C <= p->a->max_clips);
        ND_ASSERT_EQ(items[i].medium, items[0].medium);
        out->rows[i] = p->a->is_mean ? 1 : items[i].C;
        out->T = ND_MAX(out->T, out->rows[i]);
    }
    out->mask = nd_tape_floats(t, n * out->T);
    out->clips = nd_tape_input(t, 3, (const int64_t[]){n, out->T, D});
    out->means = nd_tape_input(t, 2, (const int64_t[]){n, D});
    if (t->status) return -1;
    for (int i = 0; i < n; i++) put_clips(p, out, &items[i], i);
    return p->a->has_pulse ? make_basis(p, items, out) : 0;
}
