/* Music: the whole track as waveform and loudness, the rhythm of each clip, and
 * a stretch so large that each beat is seen over the onset curve that gave it.
 */
#include <math.h>

#include "render/picture.h"

static const double short_track_s = 60, detail_length_s = 12;

enum { OVERVIEW_PX = 190, RHYTHM_PX = 120, DETAIL_PX = 330, LANE_PX = 34 };

/* ---- what is known ----------------------------------------------------------- */

static nd_series loudness_of(const nd_picture *p)
{
    return nd_picture_series(p, "loudness_lufs", 0, 10);
}

/* Value t is the rise between the frames centred at t - 3 and t - 2 (librosa's
 * definition, describe/onset_strength.c): it is drawn where it was heard. */
static nd_series onset_of(const nd_picture *p)
{
    return nd_picture_series(p, "onset", -2.5 / 31.25, 31.25);
}

/* Lowest (column 0) or highest (column 1) samples; n is 0 unless both are there. */
static nd_series waveform_of(const nd_picture *p, int column)
{
    nd_series s = nd_picture_series(p, "waveform", 0.005, 100);
    if (s.stride != 2) s.n = 0;
    if (s.n) s.values += column;
    return s;
}

bool nd_picture_has_waveform(const nd_picture *p)
{
    return waveform_of(p, 0).n > 0;
}

static bool is_long(const nd_picture *p)
{
    return p->length_s > short_track_s;
}

/* Momentary loudness as a power; silence and NaN count nothing. */
static double power_at(const nd_series *loudness, int64_t k)
{
    double lufs = loudness->values[k];
    return lufs > -100 && lufs < 100 ? pow(10, lufs / 10) : 0;
}

/* The start of the `width` loudness values with the greatest mean power. */
static int64_t loudest(const nd_series *loudness, int64_t width)
{
    int64_t best = 0;
    double sum = 0, best_sum = 0;
    for (int64_t k = 0; k < loudness->n; k++) {
        sum += power_at(loudness, k);
        if (k >= width) sum -= power_at(loudness, k - width);
        if (k + 1 >= width && sum > best_sum * (1 + 1e-9)) {
            best_sum = sum;
            best = k + 1 - width;
        }
    }
    return best;
}

void nd_music_choose_detail(nd_picture *p)
{
    p->detail_s[0] = 0;
    p->detail_s[1] = p->length_s;
    if (!is_long(p)) return;
    nd_series loudness = loudness_of(p);
    double start_s = (double)loudest(&loudness, (int64_t)(detail_length_s * loudness.rate_hz)) /
                     loudness.rate_hz;
    p->detail_s[0] = ND_MIN(start_s, p->length_s - detail_length_s);
    p->detail_s[1] = p->detail_s[0] + detail_length_s;
}

void nd_music_facts(nd_str *out, const nd_picture *p)
{
    char text[32];
    double tempo = nd_description_scalar(p->d, "tempo_bpm", -1);
    double metre = nd_description_scalar(p->d, "metre", 0);
    const char *key_name = nd_key_name(nd_description_int(p->d, "key", -1),
                                       nd_description_int(p->d, "key_is_minor", -1));
    double lufs = nd_description_scalar(p->d, "integrated_lufs", -120);
    nd_str_append(out, "%s%s", nd_description_is_cut(p->d) ? "first " : "",
                  nd_time_print(text, p->length_s, false));
    if (tempo >= 0 && tempo < 1e4) {
        nd_fact_begin(out);
        if (tempo > 0) nd_str_append(out, "%.0f bpm", tempo);
        else nd_str_append(out, "no beat");
    }
    if (metre >= 1 && metre < 100) {
        nd_fact_begin(out);
        nd_str_append(out, "%d/4", (int)metre);
    }
    if (key_name[0]) {
        nd_fact_begin(out);
        nd_str_append(out, "%s", key_name);
    }
    if (lufs > -100 && lufs < 100) {
        nd_fact_begin(out);
        nd_str_append(out, "%s%.1f LUFS", lufs < 0 ? "\xE2\x88\x92" : "", fabs(lufs));
    }
}

/* ---- waveform -------------------------------------------------------------------- */

/* A round half-range that holds the track's peak, so that quiet music is seen. */
static double amplitude_of(const nd_picture *p)
{
    static const double rounds[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1};
    nd_series low = waveform_of(p, 0), high = waveform_of(p, 1);
    float lo = 0, hi = 0, unused;
    nd_series_range(&low, 0, p->length_s, &lo, &unused);
    nd_series_range(&high, 0, p->length_s, &unused, &hi);
    double peak = ND_MAX(-(double)lo, (double)hi);
    for (size_t i = 0; i < ND_COUNT(rounds); i++)
        if (peak <= rounds[i]) return rounds[i];
    return 1;
}

void nd_picture_waveform(nd_canvas *c, const nd_picture *p, nd_panel panel)
{
    nd_series low = waveform_of(p, 0), high = waveform_of(p, 1);
    if (!low.n) return;
    panel.hi = amplitude_of(p);
    panel.lo = -panel.hi;
    nd_panel_band(c, &panel, &low, &high, nd_color_of(ND_INK_WAVE));
    nd_panel_value_axis(c, &panel, ND_LEFT, false, nd_color_of(ND_INK_MUTED));
}

/* ---- the whole track --------------------------------------------------------------- */

static bool has_overview(const nd_picture *p)
{
    return loudness_of(p).n > 0 || (is_long(p) && nd_picture_has_waveform(p));
}

/* The stretch that the detail shows: what lies outside is veiled. */
static void draw_detail_frame(nd_canvas *c, const nd_picture *p, const nd_panel *panel)
{
    if (!is_long(p)) return;
    nd_color ink = nd_color_of(ND_INK_TEXT);
    double x0 = nd_panel_x(panel, p->detail_s[0]), x1 = nd_panel_x(panel, p->detail_s[1]);
    nd_canvas_block(c, x0, panel->y, x1 - x0, panel->height, nd_color_alpha(ink, 0.08));
    nd_canvas_block(c, x0, panel->y + panel->height - 4, x1 - x0, 4, ink);
    nd_canvas_block(c, x0, panel->y, x1 - x0, 4, ink);
}

static void draw_overview(nd_canvas *c, const nd_picture *p, double y)
{
    nd_color green = nd_color_of(ND_INK_GREEN);
    nd_key_item key[] = {{"loudness, LUFS", ND_KEY_LINE, green},
                         {"waveform", ND_KEY_BLOCK, nd_color_of(ND_INK_WAVE)}};
    nd_panel panel = nd_picture_panel(p, y, OVERVIEW_PX);
    nd_series loudness = loudness_of(p);
    bool wave = is_long(p) && nd_picture_has_waveform(p);
    nd_panel_ground(c, &panel, is_long(p) ? "The whole track" : "Loudness");
    nd_panel_time_axis(c, &panel, true);
    if (wave) nd_picture_waveform(c, p, panel);
    if (loudness.n) {
        panel.lo = -60;
        panel.hi = 0;
        nd_panel_value_axis(c, &panel, ND_RIGHT, !wave, green);
        nd_panel_curve(c, &panel, &loudness, 2, green, 0);
    }
    draw_detail_frame(c, p, &panel);
    nd_panel_key(c, &panel, key + !loudness.n, (loudness.n ? 1 : 0) + wave);
}

/* ---- rhythm of the clips ------------------------------------------------------------ */

static bool has_rhythm(const nd_picture *p)
{
    int64_t n;
    nd_description_i32(p->d, "clip_n_beats", &n);
    return n > 0;
}

static void draw_clip(nd_canvas *c, const nd_panel *panel, int64_t k, int n_beats, nd_color color)
{
    char text[16];
    double t0 = (double)k * ND_CLIP_S, t1 = ND_MIN(t0 + ND_CLIP_S, panel->t1_s);
    double x0 = nd_panel_x(panel, t0), x1 = nd_panel_x(panel, t1);
    double gap = x1 - x0 > 8 ? (t1 - t0) / (x1 - x0) : 0; /* of one pixel */
    nd_panel_bar(c, panel, t0 + gap, t1 - gap, n_beats, color);
    if (x1 - x0 < 30) return;
    nd_font font = {19, false, ND_CENTER, nd_color_of(ND_INK_TEXT)};
    snprintf(text, sizeof text, "%d", n_beats);
    nd_canvas_text(c, (x0 + x1) / 2, nd_panel_y(panel, n_beats) - 6, font, text);
}

static void draw_rhythm(nd_canvas *c, const nd_picture *p, double y)
{
    nd_color pale = nd_color_mix(nd_color_of(ND_INK_PANEL), nd_color_of(ND_INK_BLUE), 0.2);
    nd_color full = nd_color_of(ND_INK_BLUE);
    nd_key_item key[] = {{"weak beats", ND_KEY_BLOCK, pale}, {"strong beats", ND_KEY_BLOCK, full}};
    nd_panel panel = nd_picture_panel(p, y, RHYTHM_PX);
    int64_t n;
    const int32_t *n_beats = nd_description_i32(p->d, "clip_n_beats", &n);
    nd_series strength = nd_picture_series(p, "clip_beat_strength", 0, 1 / ND_CLIP_S);
    float unused, strongest = 0;
    nd_series_range(&strength, 0, p->length_s, &unused, &strongest);
    panel.hi = 1;
    for (int64_t k = 0; k < n; k++) panel.hi = ND_MAX(panel.hi, 1.3 * n_beats[k]);
    nd_panel_ground(c, &panel, "Beats in each 4-second clip");
    nd_panel_time_axis(c, &panel, false);
    nd_panel_value_axis(c, &panel, ND_LEFT, true, nd_color_of(ND_INK_MUTED));
    for (int64_t k = 0; k < n && (double)k * ND_CLIP_S < p->length_s; k++) {
        bool known = k < strength.n && strongest > 0;
        double share = known ? (double)strength.values[k] / strongest : 0;
        draw_clip(c, &panel, k, n_beats[k], nd_color_mix(pale, full, share));
    }
    if (strongest > 0) nd_panel_key(c, &panel, key, ND_COUNT(key));
}

/* ---- the detail ------------------------------------------------------------------------ */

static bool has_beats(const nd_picture *p)
{
    int64_t n;
    nd_description_f32(p->d, "beats_s", &n);
    return n > 0;
}

static bool has_detail(const nd_picture *p)
{
    return nd_picture_has_waveform(p) || onset_of(p).n > 0 || has_beats(p);
}

/* A lane on top holds a mark and, where there is room, the place in the bar; a
 * thin line leads down through the curves. */
static void draw_beat(nd_canvas *c, const nd_panel *panel, double time_s, int position,
                      double salience, bool numbered)
{
    bool is_first = position == 1;
    nd_color blue = nd_color_of(ND_INK_BLUE);
    char text[16];
    if (!(time_s >= panel->t0_s && time_s <= panel->t1_s)) return;
    nd_panel_mark(c, panel, time_s, is_first ? 2.5 : 1.2, false,
                  nd_color_alpha(blue, is_first ? 0.75 : 0.2 + 0.35 * salience));
    double x = nd_panel_x(panel, time_s), width = is_first ? 6 : 3;
    nd_canvas_block(c, round(x) - width / 2, panel->y, width, is_first ? 18 : 10, blue);
    if (!numbered || position < 1) return;
    nd_font font = {is_first ? 18 : 16, is_first, ND_LEFT,
                    is_first ? blue : nd_color_of(ND_INK_MUTED)};
    snprintf(text, sizeof text, "%d", position);
    if (x + 24 < panel->x + panel->width) nd_canvas_text(c, x + 6, panel->y + 20, font, text);
}

static void draw_beats(nd_canvas *c, const nd_picture *p, const nd_panel *panel)
{
    int64_t n, n_positions, n_salience, in_view = 0;
    const float *beats = nd_description_f32(p->d, "beats_s", &n);
    const int32_t *position = nd_description_i32(p->d, "beat_position", &n_positions);
    const float *salience = nd_description_f32(p->d, "beat_salience", &n_salience);
    for (int64_t k = 0; k < n; k++) in_view += beats[k] >= panel->t0_s && beats[k] <= panel->t1_s;
    bool numbered = (double)in_view * 30 < panel->width;
    for (int64_t k = 0; k < n; k++) {
        double clear = k < n_salience && isfinite(salience[k]) ? ND_CLAMP(salience[k], 0, 1) : 1;
        draw_beat(c, panel, beats[k], k < n_positions ? position[k] : 0, clear, numbered);
    }
}

static void draw_onset(nd_canvas *c, const nd_picture *p, nd_panel panel)
{
    nd_series onset = onset_of(p);
    nd_color color = nd_color_of(ND_INK_VERMILION);
    float lo = 0, hi = 0;
    if (!nd_series_range(&onset, panel.t0_s, panel.t1_s, &lo, &hi)) return;
    panel.lo = 0;
    panel.hi = hi > 0 ? 1.04 * (double)hi : 1;
    nd_panel_value_axis(c, &panel, ND_RIGHT, false, color);
    nd_panel_curve(c, &panel, &onset, 2.2, color, 0.08);
}

/* "The loudest twelve seconds", or what a short track shows of itself. */
static const char *detail_heading(const nd_picture *p)
{
    if (is_long(p))
        return loudness_of(p).n ? "The loudest twelve seconds" : "The first twelve seconds";
    return has_beats(p) ? "Beats" : "Onsets";
}

static void draw_detail_key(nd_canvas *c, const nd_picture *p, const nd_panel *panel)
{
    nd_key_item key[3];
    int n = 0;
    if (nd_picture_has_waveform(p))
        key[n++] = (nd_key_item){"waveform", ND_KEY_BLOCK, nd_color_of(ND_INK_WAVE)};
    if (onset_of(p).n)
        key[n++] = (nd_key_item){"onset strength", ND_KEY_LINE, nd_color_of(ND_INK_VERMILION)};
    if (has_beats(p))
        key[n++] = (nd_key_item){"beat, its place in the bar", ND_KEY_LINE,
                                 nd_color_of(ND_INK_BLUE)};
    nd_panel_key(c, panel, key, n);
}

static void draw_detail(nd_canvas *c, const nd_picture *p, double y)
{
    nd_panel panel = nd_picture_panel(p, y, DETAIL_PX), curves;
    panel.t0_s = p->detail_s[0];
    panel.t1_s = p->detail_s[1];
    curves = panel;
    curves.y += LANE_PX;
    curves.height -= LANE_PX;
    nd_panel_ground(c, &panel, detail_heading(p));
    nd_panel_time_axis(c, &panel, true);
    nd_picture_waveform(c, p, curves);
    draw_beats(c, p, &panel);
    draw_onset(c, p, curves);
    draw_detail_key(c, p, &panel);
}

/* A short track begins with it, a long one with the whole. */
static bool has_short_detail(const nd_picture *p)
{
    return !is_long(p) && has_detail(p);
}

static bool has_long_detail(const nd_picture *p)
{
    return is_long(p) && has_detail(p);
}

const nd_picture_part nd_music_parts[] = {
    {DETAIL_PX + 84, has_short_detail, draw_detail},
    {OVERVIEW_PX + 84, has_overview, draw_overview},
    {RHYTHM_PX + 58, has_rhythm, draw_rhythm},
    {DETAIL_PX + 84, has_long_detail, draw_detail},
    {0, NULL, NULL},
};
