/* A page for rankings: wrong parameters, what it must hold and must not, texts of any bytes, counts
 * of cuts on beats, arrays of any values, sizes. */
#include "../test.h"

#include "describe/describe.h"
#include "needledrop/ranking.h"

static char path[64];

/* The page at path; NULL: there is none. */
static char *page(void)
{
    nd_bytes b = {0};
    if (nd_file_read(&b, path, 1 << 26, NULL) || nd_bytes_append(&b, "", 1)) return NULL;
    return (char *)b.data;
}

static bool holds(const char *text, const char *part)
{
    return text && strstr(text, part);
}

static int count_of(const char *text, const char *part)
{
    int n = 0;
    for (; text && (text = strstr(text, part)); text++) n++;
    return n;
}

/* ---- made rankings -------------------------------------------------------------------- */

static nd_description *description_of(nd_medium medium, double length_s)
{
    nd_description *d = calloc(1, sizeof *d);
    if (!d) exit(1);
    d->medium = medium;
    d->analysed_s = d->info.duration_s = length_s;
    return d;
}

/* Cuts at 1, 2, 3.2 and 5 s, the last a fade; pictures; motion. */
static nd_description *made_video(void)
{
    nd_description *d = description_of(ND_VIDEO, 8);
    float motion[64];
    for (int i = 0; i < 64; i++) motion[i] = (float)(i % 9);
    nd_description_add_f32(d, "cuts_s", (const float[]){1, 2, 3.2f, 5}, 4);
    nd_description_add_i32(d, "cut_kind", (const int32_t[]){0, 0, 0, 1}, 4);
    nd_description_add_f32(d, "flow_px", motion, 64);
    nd_array *a = nd_description_add(d, "thumbnails", ND_U8, 4, (const int64_t[]){8, 54, 96, 3});
    for (int64_t i = 0; a && i < nd_array_count(a); i++) a->u8[i] = (uint8_t)(i * 7);
    return d;
}

/* Beats at each half second from 0.5 s on, a downbeat at each whole other one. */
static nd_description *made_track(double length_s)
{
    nd_description *d = description_of(ND_MUSIC, length_s);
    float beats[64], loudness[400];
    int32_t position[64];
    int n = (int)(2 * length_s) - 1;
    for (int i = 0; i < n; i++) beats[i] = (float)(0.5 * (i + 1));
    for (int i = 0; i < n; i++) position[i] = 1 + (i + 1) % 4;
    for (int i = 0; i < 400; i++) loudness[i] = -20 - (float)(i % 13);
    nd_description_add_f32(d, "beats_s", beats, n);
    nd_description_add_i32(d, "beat_position", position, n);
    nd_description_add_f32(d, "loudness_lufs", loudness, (int64_t)(10 * length_s));
    return d;
}

static nd_hit made_hit(int rank)
{
    return (nd_hit){.rank = rank,
                    .path = "/music/a.ogg",
                    .title = "",
                    .artist = "",
                    .key = "A minor",
                    .why = "It fits.",
                    .duration_s = 20,
                    .tempo_bpm = 120,
                    .score = 0.5,
                    .parts = {{"match", 0.6, 0.5}, {"rhythm", 0.4, 0.5}},
                    .n_parts = 2,
                    .details = {{"motion", 0.4, 1}},
                    .n_details = 1,
                    .window_s = {4, 12},
                    .start_s = 4};
}

static nd_ranking made_ranking(nd_hit *hits, int n)
{
    return (nd_ranking){.path = "/films/sea.mp4",
                        .model = "default",
                        .hits = hits,
                        .n_hits = n,
                        .n_passed = 7,
                        .unknown = ""};
}

/* @return the page for one ranking, to be freed; NULL: it was not written */
static char *page_of(nd_ranking *r)
{
    unlink(path);
    return nd_rankings_report(path, &r, 1, NULL, 0, NULL) ? NULL : page();
}

/* ---- whether it is a page --------------------------------------------------------------- */

static bool is_void(const char *name)
{
    return !strcmp(name, "meta") || !strcmp(name, "br") || !strcmp(name, "!doctype");
}

/* Every element that is opened is closed in its turn. @return NULL, or where it is not */
static const char *misnested(const char *text)
{
    char names[64][16];
    int depth = 0;
    for (const char *at = text; (at = strchr(at, '<')); at++) {
        char name[16] = "";
        bool closes = at[1] == '/';
        sscanf(at + 1 + closes, "%15[a-z0-9!]", name);
        const char *end = strchr(at, '>');
        if (!end || !name[0]) return at;
        if (is_void(name) || end[-1] == '/') continue;
        if (!closes && depth < 64) strcpy(names[depth++], name);
        else if (!depth || strcmp(names[--depth], name) != 0) return at;
    }
    return depth ? "an element is left open" : NULL;
}

static bool is_utf8(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0, length; i < n; i += length)
        if (!(length = (size_t)nd_utf8_length(text + i, n - i))) return false;
    return true;
}

/* Well formed, and nothing in it is loaded or run. */
static void check_page(const char *name, const char *text)
{
    static const char *const none[] = {"<script", "http:",   "https:", "url(",   "@import",
                                       "<link",   "<iframe", "<img",   "src=\"", "javascript:"};
    char label[96];
    snprintf(label, sizeof label, "%s_is_a_page", name);
    const char *wrong = text ? misnested(text) : "no page";
    CHECK(label, !wrong && is_utf8(text), "%.80s", wrong ? wrong : "not UTF-8");
    const char *found = text ? NULL : "no page";
    snprintf(label, sizeof label, "%s_is_whole", name);
    for (size_t i = 0; text && i < ND_COUNT(none); i++)
        if (strstr(text, none[i])) found = none[i];
    CHECK(label, !found && holds(text, "Content-Security-Policy\" content=\"default-src 'none'"),
          "%s", found ? found : "no policy");
}

/* ---- cases ---------------------------------------------------------------------------------- */

static void check_wrong(void)
{
    nd_ranking empty = made_ranking(NULL, 0), *list = &empty;
    nd_failure failure = {"a", "b"};
    nd_diag diag = {0};
    unlink(path);
    CHECK("no_path", nd_rankings_report(NULL, &list, 1, NULL, 0, &diag) == ND_EARG && diag.text[0],
          "%s", diag.text);
    CHECK("empty_path", nd_rankings_report("", &list, 1, NULL, 0, NULL) == ND_EARG, "taken");
    CHECK("no_rankings", nd_rankings_report(path, NULL, 1, NULL, 0, NULL) == ND_EARG, "taken");
    CHECK("negative", nd_rankings_report(path, &list, -1, NULL, 0, NULL) == ND_EARG, "taken");
    CHECK("no_failures", nd_rankings_report(path, &list, 1, NULL, 2, NULL) == ND_EARG, "taken");
    CHECK("negative_failures", nd_rankings_report(path, &list, 1, &failure, -1, NULL) == ND_EARG,
          "taken");
    CHECK("nothing_written", access(path, F_OK) != 0, "%s", path);
    CHECK("no_folder", nd_rankings_report("/nonexistent/r.html", &list, 1, NULL, 0, NULL) == ND_EIO,
          "taken");
}

static void check_bare(void)
{
    nd_hit hit = made_hit(1);
    nd_ranking r = made_ranking(NULL, 0);
    char *text = page_of(&r);
    check_page("no_hits", text);
    CHECK("no_hits_counts", holds(text, "7 tracks looked through"), "not told");
    free(text);
    r = made_ranking(&hit, 1);
    text = page_of(&r);
    check_page("nothing_kept", text);
    CHECK("names", holds(text, "Music for sea.mp4</h1>") && holds(text, "<bdi>a.ogg</bdi>"),
          "absent");
    CHECK("figures", holds(text, "0.500") && holds(text, "4.000 s") && holds(text, "120 bpm"),
          "absent");
    CHECK("wholes", holds(text, "as wholes") && !holds(text, "<image"), "a map of nothing");
    free(text);
    r.model = "";
    text = page_of(&r);
    CHECK("no_model", holds(text, "no model ranked here"), "not told");
    free(text);
}

static void check_hostile(void)
{
    static const char *const wishes[] = {"<script>\"calm\"</script>"};
    static const float met[] = {0.25f};
    nd_hit hit = made_hit(1);
    nd_ranking r = made_ranking(&hit, 1);
    nd_failure failure = {"\xC0\xAF<b>\x01.mp4", "a \"reason\" & <more>"};
    nd_ranking *list = &r;
    hit.path = "/m/<img src=x onerror=alert(1)>'\"&\xFF\xFE\x1B\n.ogg";
    hit.title = "</title><script>alert(1)</script>";
    hit.artist = "\xE2\x80\xAE\">";
    hit.key = hit.why = "<b>&amp;";
    hit.heard[0] = "<i>calm";
    hit.both[0] = "\"x\" onload=\"";
    hit.met = met;
    hit.parts[1].name = "like";
    r.path = "</style><script>alert('1')</script>.mp4";
    r.model = "<m>\xED\xA0\x80";
    r.seen[0] = "<u>sea";
    r.wishes = (const char **)wishes;
    r.n_wishes = 1;
    r.unknown = "<>";
    unlink(path);
    int rc = nd_rankings_report(path, &list, 1, &failure, 1, NULL);
    char *text = rc ? NULL : page();
    check_page("hostile", text);
    CHECK("hostile_escaped",
          holds(text, "&lt;script&gt;alert(1)&lt;/script&gt;") && !holds(text, "<img") &&
              !holds(text, "<b>") && !holds(text, "<i>") && !holds(text, "\" onload=\""),
          "not escaped");
    CHECK("hostile_failure", holds(text, "\xEF\xBF\xBD\xEF\xBF\xBD&lt;b&gt; .mp4"), "not listed");
    CHECK("wish", holds(text, "0.25"), "not told");
    free(text);
}

/* From 4 s on beats lie at each half second, under the cuts at 1 and 2 s; at 6 s is a downbeat. The
 * fade does not count beside cuts. */
static void check_beats(void)
{
    static const struct {
        const char *name;
        double start_s, track_s;
        const char *expected;
    } cases[] = {{"on_beats", 4, 20, "2 of 3 cuts fall on a beat (within 50 ms), 1 of them on a"},
                 {"a_little_late", 4.04, 20, "2 of 3 cuts fall on a beat"},
                 {"too_late", 4.06, 20, "0 of 3 cuts fall on a beat (within 50 ms)."},
                 {"starts_anew", 0.5, 2, "2 of 3 cuts fall on a beat"}};
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_hit hit = made_hit(1);
        nd_ranking r = made_ranking(&hit, 1);
        hit.start_s = cases[i].start_s;
        hit.track = made_track(cases[i].track_s);
        r.query = made_video();
        char *text = page_of(&r);
        check_page(cases[i].name, text);
        const char *told = text ? strstr(text, "met beats.</strong>") : NULL;
        CHECK(cases[i].name, holds(text, cases[i].expected), "%.120s", told ? told : "nothing");
        CHECK("discs_and_rings", count_of(text, "<circle") == 4, "%d", count_of(text, "<circle"));
        free(text);
        nd_description_destroy(&hit.track);
        nd_description_destroy(&r.query);
    }
}

static void check_map(void)
{
    static const float cosines[10] = {0.1f, 0.2f, 0.9f, 0, 0, 0, 0, 0.3f, 0.8f, -0.5f};
    nd_hit hit = made_hit(1);
    nd_ranking r = made_ranking(&hit, 1);
    hit.cosines = cosines;
    hit.n_query_clips = 2;
    hit.n_track_clips = 5;
    hit.offset = 2;
    hit.both[0] = hit.heard[0] = "calm sea";
    hit.track = made_track(20);
    r.query = made_video();
    char *text = page_of(&r), *again = NULL;
    check_page("map", text);
    CHECK("map_told",
          holds(text,
                "best from 0:08 of the track on: mean cosine 0.85. Closest are the video's clip at "
                "0:00 and the track's at 0:08: 0.90."),
          "otherwise");
    CHECK("map_drawn", count_of(text, "image/png;base64,iVBORw0KGgo") == 2, "%d pictures",
          count_of(text, "image/png;base64,"));
    CHECK("frames_beside", count_of(text, "<use href=\"#v1f\"/>") == 2, "%d",
          count_of(text, "<use"));
    CHECK("outlined", count_of(text, "class=\"place\" d=\"M") == 1, "not");
    CHECK("numbers", holds(text, "<td>0:04</td><td>0:12</td><td>0.80</td>"), "absent");
    CHECK("tags_of_both", count_of(text, "<span class=\"tag\">calm sea</span>") == 2, "absent");
    again = page_of(&r);
    CHECK("same_bytes", text && again && !strcmp(text, again), "others");
    free(text);
    free(again);
    hit.offset = 5; /* no place in the track: no map */
    text = page_of(&r);
    check_page("wrong_offset", text);
    CHECK("no_map", !holds(text, "class=\"cells\""), "drawn");
    free(text);
    nd_description_destroy(&hit.track);
    nd_description_destroy(&r.query);
}

/* Of a library that was written to by someone else, or a worker that was taken over. */
static void check_any_values(void)
{
    static const float wild[] = {NAN, INFINITY, -INFINITY, 1e30f, -5, 3, 2, 2, 0};
    static const float cosines[4] = {NAN, INFINITY, -1e30f, 1e30f};
    nd_hit hit = made_hit(1);
    nd_ranking r = made_ranking(&hit, 1);
    double lengths[] = {NAN, INFINITY, -1, 0, 1e300, 0.001};
    for (size_t i = 0; i < ND_COUNT(lengths); i++) {
        hit.track = description_of(ND_MUSIC, lengths[i]);
        r.query = description_of(ND_VIDEO, i % 2 ? 8 : lengths[i]);
        nd_description_add_f32(r.query, "cuts_s", wild, 9);
        nd_description_add_i32(r.query, "cut_kind", (const int32_t[]){1, 7}, 2);
        nd_description_add_f32(r.query, "flow_px", wild, 9);
        nd_description_add_f32(hit.track, "beats_s", wild, 9);
        nd_description_add_i32(hit.track, "beat_position", (const int32_t[]){1}, 1);
        nd_description_add_f32(hit.track, "loudness_lufs", wild, 5);
        hit.cosines = cosines;
        hit.n_query_clips = hit.n_track_clips = 2;
        hit.score = hit.start_s = hit.window_s[1] = i % 2 ? NAN : 1e300;
        hit.duration_s = lengths[i];
        char *text = page_of(&r);
        CHECK("any_values", text && !misnested(text) && is_utf8(text), "length %g", lengths[i]);
        free(text);
        nd_description_destroy(&hit.track);
        nd_description_destroy(&r.query);
    }
}

static void check_large(void)
{
    enum { N = 450, HITS = 10 };
    float *cosines = calloc((size_t)N * N, sizeof *cosines);
    nd_hit hits[HITS];
    for (int i = 0; cosines && i < N * N; i++) cosines[i] = (float)sin(i * 0.37 + i % N);
    nd_description *track = made_track(30), *video = made_video();
    for (int i = 0; i < HITS; i++) {
        hits[i] = made_hit(i + 1);
        hits[i].cosines = cosines;
        hits[i].n_query_clips = hits[i].n_track_clips = N;
        hits[i].offset = 400;
        hits[i].track = track;
    }
    nd_ranking r = made_ranking(hits, HITS);
    r.query = video;
    char *text = page_of(&r);
    check_page("large", text);
    CHECK("large_is_small", text && strlen(text) < 2 << 20, "%zu bytes", text ? strlen(text) : 0);
    CHECK("all_listed", count_of(text, "<article") == HITS && count_of(text, "href=\"#v1t") == HITS,
          "%d", count_of(text, "<article"));
    free(text);
    nd_description_destroy(&track);
    nd_description_destroy(&video);
    free(cosines);
}

static void check_several(void)
{
    nd_hit hit = made_hit(1);
    nd_ranking r = made_ranking(&hit, 1), *list[] = {&r, &r, &r};
    unlink(path);
    nd_rankings_report(path, list, 3, NULL, 0, NULL);
    char *text = page();
    check_page("several", text);
    CHECK("several_listed",
          count_of(text, "<section") == 3 && holds(text, "href=\"#v3\"") &&
              holds(text, "id=\"v3t1\"") && holds(text, "Music for 3 videos"),
          "%d sections", count_of(text, "<section"));
    free(text);
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/needledrop-report-%d.html", (int)getpid());
    check_wrong();
    check_bare();
    check_hostile();
    check_beats();
    check_map();
    check_any_values();
    check_large();
    check_several();
    unlink(path);
    TEST_END();
}
