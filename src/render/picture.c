/* The frame of every picture: title, facts, parts, file. */
#include "needledrop/picture.h"
#include "render/picture.h"

static const double margin_left = 92, margin_right = 92, title_height = 118, foot_height = 16;

const char *nd_picture_features(nd_medium medium)
{
    return medium == ND_VIDEO ? "thumbnails,flow,cuts,look"
                              : "waveform,onset,beat,rhythm,loudness,key";
}

nd_panel nd_picture_panel(const nd_picture *p, double y, double height)
{
    return (nd_panel){.x = margin_left,
                      .y = y + 40,
                      .width = ND_PICTURE_WIDTH - margin_left - margin_right,
                      .height = height,
                      .t1_s = p->length_s,
                      .hi = 1};
}

nd_series nd_picture_series(const nd_picture *p, const char *name, double first_s, double rate_hz)
{
    nd_series s = {.stride = 1, .first_s = first_s, .rate_hz = rate_hz};
    const nd_array *a = nd_description_find(p->d, name);
    if (!a || a->dtype != ND_F32 || a->n_dims < 1 || a->n_dims > 2) return s;
    s.values = a->f32;
    s.n = a->dims[0];
    if (a->n_dims == 2) s.stride = a->dims[1];
    if (s.stride < 1) s.n = 0;
    return s;
}

void nd_fact_begin(nd_str *out)
{
    if (out->n) nd_str_append(out, "  \xC2\xB7  ");
}

/* What was analysed; where a description does not say, the file's own claim. */
static double length_of(const nd_description *d)
{
    double length_s = nd_description_analysed_s(d);
    if (!(length_s > 0)) length_s = nd_description_info(d)->duration_s;
    return length_s > 0 ? ND_CLAMP(length_s, 0.1, 1e7) : 1;
}

static int draw(nd_bytes *png, const nd_picture *p, const nd_picture_part *parts, const char *title,
                const char *facts)
{
    double height = title_height + foot_height, y = title_height;
    for (const nd_picture_part *part = parts; part->draw; part++)
        if (part->has(p)) height += part->height;
    nd_canvas c;
    int rc = nd_canvas_init(&c, ND_PICTURE_WIDTH, (int)height);
    nd_canvas_title(&c, margin_left, title, facts);
    for (const nd_picture_part *part = parts; part->draw; part++) {
        if (!part->has(p)) continue;
        part->draw(&c, p, y);
        y += part->height;
    }
    if (!rc) rc = nd_canvas_png(png, &c);
    nd_canvas_deinit(&c);
    return rc;
}

int nd_picture_write(const nd_description *d, const char *title, const char *path, nd_diag *diag)
{
    if (!d || !path)
        return nd_diag_set(diag, ND_EARG, "drawing: a description and a path expected");
    nd_picture p = {.d = d};
    nd_str facts = {0};
    nd_bytes png = {0};
    bool is_video = nd_description_medium(d) == ND_VIDEO;
    p.length_s = length_of(d);
    if (!is_video) nd_music_choose_detail(&p);
    nd_str_append(&facts, "%s", "");
    (is_video ? nd_video_facts : nd_music_facts)(&facts, &p);
    int rc = facts.failed ? ND_ENOMEM : 0;
    if (!rc) rc = draw(&png, &p, is_video ? nd_video_parts : nd_music_parts, title, facts.text);
    if (rc) nd_diag_set(diag, rc, "drawing %s: out of memory", path);
    else rc = nd_file_write(path, png.data, png.n, diag);
    nd_bytes_deinit(&png);
    nd_str_deinit(&facts);
    return rc;
}
