/* What is said of items, and the truth as text. */
#include <string.h>

#include "base/json.h"
#include "synth/script.h"
#include "synth/truth.h"

const char *const nd_script_scenes[ND_SCRIPT_SCENES] = {"sea",    "hills", "city", "forest",
                                                        "blocks", "beams", "road", "shelf"};

static const char *const mood_words[ND_SCRIPT_MOODS][3] = {
    {"calm", "serene", "peaceful"}, {"happy", "cheerful", "joyful"}, {"tense", "dark", "ominous"}};
static const char *const scene_words[ND_SCRIPT_SCENES][3] = {
    {"beach", "seaside", "ocean"},     {"hills", "mountains", "highlands"},
    {"city", "downtown", "skyline"},   {"forest", "woods", "woodland"},
    {"playground", "toys", "blocks"},  {"party", "festival", "disco"},
    {"road trip", "highway", "drive"}, {"library", "bookshop", "reading"}};
static const char *const idle_words[] = {"video", "edit",         "my life", "follow me", "best of",
                                         "vlog",  "no copyright", "new",     "weekend",   "2024"};

/* People: 15 in 100 say nothing, 10 say something near, 10 add a word about nothing. A machine
 * always says something, near in 25 of 100. */
nd_script_tags nd_script_draw_tags(nd_synth_world world, int concept, nd_rng *rng)
{
    bool is_machine = world == ND_WORLD_HIMV;
    double said = nd_rng_uniform(rng, 0, 1), right = nd_rng_uniform(rng, 0, 1);
    double more = nd_rng_uniform(rng, 0, 1);
    int near = nd_script_neighbour(concept, rng), wording = nd_rng_int(rng, 0, 2);
    int idle = nd_rng_int(rng, 0, (int)ND_COUNT(idle_words) - 1);
    nd_script_tags tags = {.concept = right < (is_machine ? .25 : .1) ? near : concept,
                           .wording = is_machine ? 0 : wording,
                           .extra = !is_machine && more < .1 ? idle : -1};
    if (!is_machine && said < .15) tags.concept = -1;
    return tags;
}

json_t *nd_script_words(nd_synth_world world, nd_script_tags tags)
{
    json_t *list = json_array();
    int failed = !list;
    if (tags.concept >= 0) {
        const char *mood = mood_words[tags.concept % ND_SCRIPT_MOODS][tags.wording];
        const char *scene = scene_words[tags.concept / ND_SCRIPT_MOODS][tags.wording];
        if (world == ND_WORLD_HIMV) {
            failed |= json_array_append_new(list, json_string(mood));
            failed |= json_array_append_new(list, json_string(scene));
        } else {
            failed |= json_array_append_new(list, json_sprintf("%s %s", mood, scene));
        }
    }
    if (tags.extra >= 0) failed |= json_array_append_new(list, json_string(idle_words[tags.extra]));
    if (!failed) return list;
    json_decref(list);
    return NULL;
}

char *nd_script_synonyms(void)
{
    nd_str out = {0};
    for (int c = 0; c < ND_CONCEPTS; c++)
        for (int w = 0; w < 3; w++)
            nd_str_append(&out, "%s %s%s", mood_words[c % ND_SCRIPT_MOODS][w],
                          scene_words[c / ND_SCRIPT_MOODS][w], w < 2 ? ", " : "\n");
    for (size_t i = 0; i < ND_COUNT(idle_words); i++)
        nd_str_append(&out, "%s%s", i ? ", " : "! ", idle_words[i]);
    nd_str_append(&out, "\n");
    return nd_str_take(&out);
}

/* Every wording of a concept. */
static void add_wordings(nd_str *out, int concept)
{
    for (int w = 0; w < 3; w++)
        nd_str_append(out, ", %s %s", mood_words[concept % ND_SCRIPT_MOODS][w],
                      scene_words[concept / ND_SCRIPT_MOODS][w]);
}

/* A line a scene, or in himv's music a mood: its words, which a machine says by themselves; people
 * say them with the other word. */
static void add_word_line(nd_str *out, const char *const words[3])
{
    nd_str_append(out, "%s, %s, %s", words[0], words[1], words[2]);
}

char *nd_script_targets(nd_synth_world world, nd_target_kind kind)
{
    nd_str out = {0};
    bool is_machine = world == ND_WORLD_HIMV;
    for (int s = 0; s < ND_SCRIPT_SCENES && kind == ND_TARGET_SCENE; s++) {
        add_word_line(&out, scene_words[s]);
        for (int m = 0; m < ND_SCRIPT_MOODS && !is_machine; m++)
            add_wordings(&out, s * ND_SCRIPT_MOODS + m);
        nd_str_append(&out, "\n");
    }
    for (int m = 0; m < ND_SCRIPT_MOODS && kind == ND_TARGET_FAMILY && is_machine; m++) {
        add_word_line(&out, mood_words[m]);
        nd_str_append(&out, "\n");
    }
    for (int f = 0; f < ND_TARGET_FAMILIES && kind == ND_TARGET_FAMILY && !is_machine; f++) {
        nd_str_append(&out, "family %d", f);
        for (int c = 0; c < ND_CONCEPTS; c++)
            if ((5 * c + 2 * (c / 8)) % ND_TARGET_FAMILIES == f) add_wordings(&out, c);
        nd_str_append(&out, "\n");
    }
    return nd_str_take(&out);
}

int *nd_script_shuffle(int n, uint64_t seed)
{
    int *order = nd_calloc((size_t)n, sizeof *order);
    nd_rng rng;
    nd_rng_init(&rng, seed, 0);
    for (int i = 0; order && i < n; i++) {
        int j = nd_rng_int(&rng, 0, i);
        order[i] = order[j];
        order[j] = i;
    }
    return order;
}

/* ---- truth.json -------------------------------------------------------------------------- */

static json_t *ints_of(const int8_t *x, int n)
{
    json_t *list = json_array();
    for (int i = 0; list && i < n; i++)
        if (json_array_append_new(list, json_integer(x[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *seconds_of(const double *x, int n)
{
    json_t *list = json_array();
    for (int i = 0; list && i < n; i++)
        if (json_array_append_new(list, nd_json_number(x[i], 4))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *tell_track(const nd_script *s, int i)
{
    const nd_script_track *t = &s->tracks[i];
    int n = nd_script_clips(t->duration_s);
    json_t *copy = t->copy_of < 0 ? json_null() : json_string(s->tracks[t->copy_of].id);
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:o, s:b, s:o, s:o, s:o, s:i, s:o, s:o, s:o}",
                     "id", t->id, "split", nd_split_names[t->split], "videos", t->n_videos,
                     "family", t->family, "order", t->order, "contour", t->contour, "copy_of", copy,
                     "is_exact", t->is_exact, "duration_s", nd_json_number(t->duration_s, 3),
                     "first_beat_s", nd_json_number(t->first_beat_s, 4), "tempo_ratio",
                     nd_json_number(t->tempo_ratio, 5), "tag", t->tag, "concepts",
                     ints_of(t->concepts, n), "pulses", ints_of(t->pulses, n), "starts_s",
                     seconds_of(t->starts_s, n));
}

static json_t *tell_video(const nd_script *s, int i)
{
    const nd_script_video *v = &s->videos[i];
    int n = nd_script_clips(v->duration_s);
    return json_pack("{s:s, s:s, s:o, s:o, s:b, s:o, s:o, s:o}", "id", v->id, "track",
                     s->tracks[v->track].id, "start_s", nd_json_number(v->start_s, 3), "duration_s",
                     nd_json_number(v->duration_s, 3), "is_sync", v->is_sync, "concepts",
                     ints_of(v->concepts, n), "motions", ints_of(v->motions, n), "starts_s",
                     seconds_of(v->starts_s, n));
}

static json_t *tell_world(const nd_script_params *p)
{
    char seeds[3][24];
    const uint64_t values[3] = {p->seed, p->video_seed, p->music_seed};
    for (int i = 0; i < 3; i++)
        snprintf(seeds[i], sizeof seeds[i], "%llu", (unsigned long long)values[i]);
    json_t *world = json_pack(
        "{s:s, s:s, s:i, s:i, s:i, s:o, s:s, s:s, s:s, s:i, s:o}", "format", "needledrop-world-1",
        "world", p->world == ND_WORLD_HIMV ? "himv" : "collected", "tracks", p->n_tracks, "pairs",
        p->n_pairs, "families", p->n_families, "noise", nd_json_number(p->noise, 6), "seed",
        seeds[0], "video_seed", seeds[1], "music_seed", seeds[2], "side_px", p->side_px, "fps",
        nd_json_number(p->fps, 3));
    if (world && p->is_blank && json_object_set_new(world, "is_blank", json_true())) {
        json_decref(world);
        world = NULL;
    }
    return world;
}

/* Append one value as a line. */
static int add_line(nd_str *out, json_t *value, const char *after)
{
    char *text = value ? json_dumps(value, ND_JSON_FLAGS) : NULL;
    if (text) nd_str_append(out, "%s%s\n", text, after);
    json_decref(value);
    int rc = text ? 0 : ND_ENOMEM;
    free(text);
    return rc;
}

static int add_list(nd_str *out, const nd_script *s, int n,
                    json_t *(*tell)(const nd_script *s, int i), int purpose)
{
    int *order = nd_script_shuffle(n, nd_item_seed(s->params.seed, n, purpose));
    int rc = order ? 0 : ND_ENOMEM;
    for (int i = 0; i < n && !rc; i++) rc = add_line(out, tell(s, order[i]), i + 1 < n ? "," : "");
    free(order);
    return rc;
}

int nd_script_truth(char **text_out, const nd_script *script)
{
    nd_str out = {0};
    nd_str_append(&out, "{\"world\": ");
    int rc = add_line(&out, tell_world(&script->params), ",");
    nd_str_append(&out, "\"tracks\": [\n");
    if (!rc) rc = add_list(&out, script, script->n_tracks, tell_track, 231);
    nd_str_append(&out, "],\n\"videos\": [\n");
    if (!rc) rc = add_list(&out, script, script->n_videos, tell_video, 232);
    nd_str_append(&out, "]}\n");
    char *text = nd_str_take(&out);
    if (!rc && !text) rc = ND_ENOMEM;
    if (!rc) *text_out = text;
    else free(text);
    return rc;
}
