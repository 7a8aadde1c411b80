/* Text from anywhere, times, bars and pictures as HTML. */
#include <math.h>
#include <string.h>

#include "render/report.h"

/* ---- text -------------------------------------------------------------------------- */

/* What stands for a character; NULL: itself does. */
static const char *reference_of(unsigned char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return c < 0x20 || c == 0x7F ? " " : NULL;
    }
}

void nd__html_text(nd_str *out, const char *bytes)
{
    size_t n = strlen(bytes);
    for (size_t i = 0, length; i < n; i += ND_MAX(length, (size_t)1)) {
        const char *reference = reference_of((unsigned char)bytes[i]);
        length = (size_t)nd_utf8_length(bytes + i, n - i);
        if (reference) nd_str_append(out, "%s", reference);
        else if (length) nd_str_append(out, "%.*s", (int)length, bytes + i);
        else nd_str_append(out, "\xEF\xBF\xBD");
    }
}

void nd__html_name(nd_str *out, const char *bytes)
{
    nd_str_append(out, "<bdi>");
    nd__html_text(out, bytes);
    nd_str_append(out, "</bdi>");
}

const char *nd__hit_name(const nd_hit *h)
{
    return h->title[0] ? h->title : nd_path_name(h->path);
}

void nd__html_by(nd_str *out, const nd_hit *h)
{
    if (!h->title[0] || !h->artist[0]) return;
    nd_str_append(out, " <span class=\"by\">");
    nd__html_name(out, h->artist);
    nd_str_append(out, "</span>");
}

void nd__html_tags(nd_str *out, const char *heading, const nd_shown_tags tags)
{
    if (tags[0]) nd_str_append(out, "%s", heading);
    for (int i = 0; tags[i]; i++) {
        nd_str_append(out, " <span class=\"tag\">");
        nd__html_text(out, tags[i]);
        nd_str_append(out, "</span>");
    }
}

/* ---- numbers ----------------------------------------------------------------------- */

char *nd__html_time(char out[32], double time_s)
{
    long long tenths = llround(10 * (time_s > 0 ? ND_MIN(time_s, 1e7) : 0)), s = tenths / 10;
    if (s >= 3600)
        snprintf(out, 32, "%lld:%02lld:%02lld.%lld", s / 3600, s / 60 % 60, s % 60, tenths % 10);
    else snprintf(out, 32, "%lld:%02lld.%lld", s / 60, s % 60, tenths % 10);
    return out;
}

/* What it shows stands beside it as a number. */
void nd__html_bar(nd_str *out, double share)
{
    nd_str_append(out,
                  "<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" "
                  "aria-hidden=\"true\"><rect class=\"empty\" width=\"100\" height=\"8\"/>"
                  "<rect class=\"full\" width=\"%ld\" height=\"8\"/></svg>",
                  isfinite(share) ? lround(100 * ND_CLAMP(share, 0.0, 1.0)) : 0L);
}

/* ---- pictures ---------------------------------------------------------------------- */

/* RFC 4648, section 4. */
static void append_base64(nd_str *out, const uint8_t *data, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t b1 = i + 1 < n ? data[i + 1] : 0, b2 = i + 2 < n ? data[i + 2] : 0;
        uint32_t bits = (uint32_t)data[i] << 16 | b1 << 8 | b2;
        nd_str_append(out, "%c%c%c%c", digits[bits >> 18], digits[bits >> 12 & 63],
                      i + 1 < n ? digits[bits >> 6 & 63] : '=',
                      i + 2 < n ? digits[bits & 63] : '=');
    }
}

void nd__html_png_take(nd_str *out, nd_canvas *c, int rc)
{
    nd_bytes png = {0};
    if (!rc) rc = nd_canvas_png(&png, c);
    nd_str_append(out, "data:image/png;base64,");
    append_base64(out, png.data, png.n);
    if (rc) out->failed = true;
    nd_bytes_deinit(&png);
    nd_canvas_deinit(c);
}
