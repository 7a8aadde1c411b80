/* A description as the JSON object of `inspect --json`. */
#include <string.h>

#include "base/json.h"
#include "describe/describe.h"

/* Where the published variants were asked for, they are what is shown. */
static const nd_array *find_shown(const nd_description *d, const char *name)
{
    char published[ND_ARRAY_NAME_BYTES + 16];
    snprintf(published, sizeof published, "published_%s", name);
    const nd_array *a = nd_description_find(d, published);
    return a ? a : nd_description_find(d, name);
}

static json_t *value_json(const nd_array *a, int64_t i, int decimals)
{
    switch (a->dtype) {
    case ND_F32: return nd_json_number((double)a->f32[i], decimals);
    case ND_I32: return json_integer(a->i32[i]);
    case ND_U8: return json_integer(a->u8[i]);
    }
    return json_null();
}

/* Element i of an array as a number, or a row of it as a list. */
static json_t *element_json(const nd_array *a, int64_t i, int decimals)
{
    if (a->n_dims <= 1) return value_json(a, i, decimals);
    int64_t each = nd_array_count(a) / ND_MAX(a->dims[0], 1);
    json_t *row = json_array();
    for (int64_t k = i * each; k < (i + 1) * each; k++)
        json_array_append_new(row, value_json(a, k, decimals));
    return row;
}

/* Which arrays are shown, under which key, with how many decimals. */
typedef struct {
    const char *key, *array;
    int decimals;
} field;

static const field music_scalars[] = {
    {"tempo_bpm", "tempo_bpm", 2},
    {"metre", "metre", 0},
    {"key_strength", "key_strength", 3},
    {"loudness_lufs", "integrated_lufs", 1},
};
static const field music_lists[] = {
    {"beats_s", "beats_s", 4},
    {"beat_position", "beat_position", 0},
    {"chroma", "chroma", 4},
};
static const field music_clips[] = {
    {"n_beats", "clip_n_beats", 0},
    {"beat_strength", "clip_beat_strength", 4},
    {"beat_interval_s", "clip_beat_interval_s", 4},
    {"rhythm_class", "clip_rhythm_class", 0},
    {"loudness_lufs", "clip_loudness_lufs", 1},
    {"centroid_hz", "clip_centroid_hz", 1},
    {"flatness", "clip_flatness", 4},
    {"low_ratio", "clip_low_ratio", 4},
    {"high_ratio", "clip_high_ratio", 4},
};
static const field video_lists[] = {
    {"cuts_s", "cuts_s", 4},
    {"cut_kind", "cut_kind", 0},
};
static const field video_clips[] = {
    {"flow_px", "clip_flow_px", 4},
    {"flow_class", "clip_flow_class", 0},
    {"flow_widths_s", "clip_flow_widths_s", 5},
    {"brightness", "clip_brightness", 4},
    {"saturation", "clip_saturation", 4},
    {"contrast", "clip_contrast", 4},
    {"warmth", "clip_warmth", 4},
};

static void add_scalars(json_t *root, const nd_description *d, const field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const nd_array *a = find_shown(d, fields[i].array);
        if (a && nd_array_count(a) > 0)
            json_object_set_new(root, fields[i].key, element_json(a, 0, fields[i].decimals));
    }
}

static void add_lists(json_t *root, const nd_description *d, const field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const nd_array *a = find_shown(d, fields[i].array);
        if (!a || a->n_dims < 1) continue;
        json_t *list = json_array();
        for (int64_t k = 0; k < a->dims[0]; k++)
            json_array_append_new(list, element_json(a, k, fields[i].decimals));
        json_object_set_new(root, fields[i].key, list);
    }
}

/* One object a clip. The clips are as many as the longest of the arrays has. */
static void add_clips(json_t *root, const nd_description *d, const field *fields, size_t n)
{
    int64_t n_clips = 0;
    for (size_t i = 0; i < n; i++) {
        const nd_array *a = find_shown(d, fields[i].array);
        if (a && a->n_dims >= 1) n_clips = ND_MAX(n_clips, a->dims[0]);
    }
    json_t *list = json_array();
    for (int64_t c = 0; c < n_clips; c++) {
        json_t *clip = json_object();
        json_object_set_new(clip, "start_s", nd_json_number((double)c * ND_CLIP_S, 3));
        for (size_t i = 0; i < n; i++) {
            const nd_array *a = find_shown(d, fields[i].array);
            if (a && a->n_dims >= 1 && c < a->dims[0])
                json_object_set_new(clip, fields[i].key, element_json(a, c, fields[i].decimals));
        }
        json_array_append_new(list, clip);
    }
    json_object_set_new(root, "clips", list);
}

static void add_text(json_t *object, const char *key, const char *text)
{
    if (text[0]) json_object_set_new(object, key, json_string(text));
}

static void add_info(json_t *root, const nd_description *d)
{
    const nd_media_info *info = &d->info;
    json_object_set_new(root, "duration_s", nd_json_number(info->duration_s, 3));
    if (d->is_cut) json_object_set_new(root, "analysed_s", nd_json_number(d->analysed_s, 3));
    json_object_set_new(root, "size_bytes", json_integer(info->size_bytes));
    add_text(root, "container", info->container);
    add_text(root, "audio_codec", info->audio_codec);
    add_text(root, "video_codec", info->video_codec);
    if (info->has_audio) {
        json_object_set_new(root, "rate_hz", json_integer(info->rate_hz));
        json_object_set_new(root, "n_channels", json_integer(info->n_channels));
    }
    if (info->has_video) {
        json_object_set_new(root, "width", json_integer(info->width));
        json_object_set_new(root, "height", json_integer(info->height));
        json_object_set_new(root, "fps", nd_json_number(info->fps, 3));
    }
    json_t *tags = json_object();
    add_text(tags, "title", info->title);
    add_text(tags, "artist", info->artist);
    add_text(tags, "album", info->album);
    add_text(tags, "genre", info->genre);
    add_text(tags, "mood", info->mood);
    add_text(tags, "comment", info->comment);
    if (info->tag_bpm > 0) json_object_set_new(tags, "bpm", nd_json_number(info->tag_bpm, 2));
    json_object_set_new(root, "tags", tags);
}

static void add_key(json_t *root, const nd_description *d)
{
    int key = nd_description_int(d, "key", -1);
    int is_minor = nd_description_int(d, "key_is_minor", -1);
    add_text(root, "key", nd_key_name(key, is_minor));
}

int nd_description_json(char **json_out, const nd_description *d, const char *path)
{
    json_t *root = json_object();
    int rc = nd_json_set_path(root, "path", path);
    json_object_set_new(root, "medium", json_string(d->medium == ND_MUSIC ? "music" : "video"));
    add_info(root, d);
    if (d->medium == ND_MUSIC) {
        add_scalars(root, d, music_scalars, ND_COUNT(music_scalars));
        add_key(root, d);
        add_lists(root, d, music_lists, ND_COUNT(music_lists));
        add_clips(root, d, music_clips, ND_COUNT(music_clips));
    } else {
        add_lists(root, d, video_lists, ND_COUNT(video_lists));
        add_clips(root, d, video_clips, ND_COUNT(video_clips));
    }
    if (!rc) return nd_json_print_take(json_out, root);
    json_decref(root);
    return rc;
}
