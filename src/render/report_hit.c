/* A track of a report: why, from where, the parts of its score, tags, and its drawings. */
#include <math.h>
#include <string.h>

#include "render/report.h"

/* ---- parts ------------------------------------------------------------------------- */

/* In a few words; "" where the name says it. */
static const char *meaning_of(const char *part)
{
    static const struct {
        const char *part, *meaning;
    } table[] = {{"match", "clips along those of the track"},
                 {"whole", "both as wholes"},
                 {"pair", "a closer look at the two"},
                 {"rhythm", "what can be measured"},
                 {"like", "what was asked for in words"},
                 {"motion", "pace of picture and music"},
                 {"sync", "cuts on beats"},
                 {"energy", "picture and loudness"},
                 {"colour", "light, key and sound"},
                 {"length", "is it long enough"}};
    for (size_t i = 0; i < ND_COUNT(table); i++)
        if (!strcmp(table[i].part, part)) return table[i].meaning;
    return "";
}

/* @param kind  class of the row  @param adds  to the score; NAN: not told */
static void put_part(nd_str *out, const nd_score_part *p, const char *kind, double adds)
{
    nd_str_append(out, "<tr class=\"%s\"><th scope=\"row\">", kind);
    nd__html_text(out, p->name);
    nd_str_append(out, " <span class=\"key\">%s</span></th><td class=\"score\">",
                  meaning_of(p->name));
    nd__html_bar(out, p->value);
    nd_str_append(out, " %.2f</td><td>%.2f</td>", p->value, p->weight);
    if (isfinite(adds)) nd_str_append(out, "<td>%.3f</td></tr>\n", adds);
    else nd_str_append(out, "<td></td></tr>\n");
}

static void put_wishes(nd_str *out, const nd_ranking *r, const nd_hit *h)
{
    for (int i = 0; h->met && i < r->n_wishes; i++) {
        if (!(h->met[i] >= 0)) continue;
        nd_str_append(out, "<tr class=\"detail\"><th scope=\"row\">");
        nd__html_text(out, r->wishes[i]);
        nd_str_append(out, "</th><td class=\"score\">");
        nd__html_bar(out, (double)h->met[i]);
        nd_str_append(out, " %.2f</td><td></td><td></td></tr>\n", (double)h->met[i]);
    }
}

static void put_parts(nd_str *out, const nd_ranking *r, const nd_hit *h)
{
    nd_str_append(out, "<table class=\"parts\"><caption>Parts of the score</caption><thead><tr>"
                       "<th scope=\"col\">part</th><th scope=\"col\">value</th>"
                       "<th scope=\"col\">weight</th><th scope=\"col\">adds</th></tr></thead>"
                       "<tbody>\n");
    for (int i = 0; i < h->n_parts; i++) {
        const nd_score_part *p = &h->parts[i];
        put_part(out, p, p->weight < 0.005 ? "idle" : "", p->value * p->weight);
        if (!strcmp(p->name, "like")) put_wishes(out, r, h);
        if (strcmp(p->name, "rhythm") != 0) continue;
        for (int k = 0; k < h->n_details; k++) put_part(out, &h->details[k], "detail", NAN);
    }
    nd_str_append(out, "</tbody></table>\n");
}

/* ---- facts ------------------------------------------------------------------------- */

static void put_window(nd_str *out, const nd_hit *h)
{
    char from[32], to[32], length[32];
    nd_time_print(length, h->duration_s, false);
    if (h->start_s <= 0 && h->window_s[1] >= h->duration_s - 0.5) {
        nd_str_append(out, "<dt>use</dt><dd>all of %s</dd>", length);
        return;
    }
    nd_str_append(out, "<dt>use</dt><dd>%s to %s of %s</dd><dt>start at</dt><dd>%.3f s</dd>",
                  nd__html_time(from, h->window_s[0]), nd__html_time(to, h->window_s[1]), length,
                  h->start_s);
}

static void put_facts(nd_str *out, const nd_hit *h)
{
    nd_str_append(out, "<dl>");
    put_window(out, h);
    if (h->tempo_bpm > 0) nd_str_append(out, "<dt>tempo</dt><dd>%.0f bpm</dd>", h->tempo_bpm);
    else nd_str_append(out, "<dt>tempo</dt><dd>no beat</dd>");
    if (h->key[0]) {
        nd_str_append(out, "<dt>key</dt><dd>");
        nd__html_text(out, h->key);
        nd_str_append(out, "</dd>");
    }
    nd__html_tags(out, "<dt>heard</dt><dd>", h->heard);
    if (h->heard[0]) nd_str_append(out, "</dd>");
    if (h->heard[0]) nd_str_append(out, "<dt>seen, too</dt><dd>");
    nd__html_tags(out, "", h->both);
    if (h->heard[0]) nd_str_append(out, "%s</dd>", h->both[0] ? "" : "none of these");
    nd_str_append(out, "<dt>file</dt><dd class=\"file\">");
    nd__html_name(out, h->path);
    nd_str_append(out, "</dd></dl>\n");
}

static void put_heading(nd_str *out, const nd_hit *h)
{
    nd_str_append(out, "<h3><span class=\"rank\">%d</span> ", h->rank);
    nd__html_name(out, nd__hit_name(h));
    nd__html_by(out, h);
    nd_str_append(out, " <span class=\"total\">%.3f</span></h3>\n<p class=\"why\">", h->score);
    nd__html_text(out, h->why);
    nd_str_append(out, "</p>\n");
}

void nd__report_hit(nd_str *out, const nd__report_place *place, const nd_hit *h)
{
    nd_str_append(out, "<article id=\"v%dt%d\">\n", place->number, h->rank);
    put_heading(out, h);
    nd_str_append(out, "<div class=\"beside\">");
    put_facts(out, h);
    put_parts(out, place->ranking, h);
    nd_str_append(out, "</div>\n");
    nd__report_map(out, place, h);
    nd__report_beats(out, place->ranking, h);
    nd_str_append(out, "</article>\n");
}
