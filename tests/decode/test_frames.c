/* Pictures: times, sizes, turns and colours, against what went in and what ffmpeg shows. */
#include "fixture.h"

enum { MAX_SEEN = 4096 };

/* What a series handed over: times, the middle pixel of each, the first picture whole. */
typedef struct {
    int n, width, height;
    double time_s[MAX_SEEN];
    uint8_t middle[MAX_SEEN][3];
    uint8_t first[3 * 512 * 512];
    bool in_order;
} seen;

typedef struct {
    seen *series;
    int stop_after; /* 0: never */
} collector;

static int collect(void *user, const nd_frame *f)
{
    collector *c = user;
    seen *s = &c->series[f->series];
    if (c->stop_after && s->n == c->stop_after) return ND_ECANCELLED;
    if (s->n == 0) {
        s->in_order = f->index == 0;
        s->width = f->width, s->height = f->height;
        size_t bytes = (size_t)f->width * f->pixels;
        for (int y = 0; y < f->height && bytes * (size_t)f->height <= sizeof s->first; y++)
            memcpy(s->first + (size_t)y * bytes, f->data + (size_t)y * f->stride, bytes);
    } else {
        s->in_order &= f->index == s->n && f->time_s > s->time_s[s->n - 1];
    }
    if (s->n == MAX_SEEN) return 0;
    s->time_s[s->n] = f->time_s;
    memcpy(s->middle[s->n++],
           f->data + (size_t)(f->height / 2) * f->stride + (size_t)(f->width / 2) * f->pixels,
           f->pixels);
    return 0;
}

typedef struct {
    int rc;
    double length_s;
    bool is_cut;
    nd_diag diag;
} outcome;

static outcome read_frames(seen *out, const char *name, nd_frame_params params)
{
    opened o = open_media(name);
    outcome result = {.rc = o.rc, .diag = o.diag};
    memset(out, 0, sizeof *out * (size_t)ND_CLAMP(params.n_specs, 1, 2));
    collector c = {.series = out};
    if (!o.rc)
        result.rc = nd_media_read_frames(o.media, &params, collect, &c, &result.length_s,
                                         &result.is_cut, &result.diag);
    close_media(&o);
    return result;
}

static outcome read_one(seen *out, const char *name, nd_frame_spec spec)
{
    return read_frames(out, name, (nd_frame_params){.specs = &spec, .n_specs = 1});
}

static seen found[2];

static void test_parameters(void)
{
    shell(FFMPEG "-f lavfi -i testsrc=s=64x48:r=25:d=1 p.mp4 && " FFMPEG
                 "-f lavfi -i sine=440:d=1 sound.wav");
    static const struct {
        const char *name, *file;
        nd_frame_spec spec;
        double start_s, length_s;
        int n_specs, expected;
    } cases[] = {
        {"no_series", "p.mp4", {0, 8, 8, 0, ND_RGB}, 0, 0, 0, ND_EARG},
        {"too_many_series", "p.mp4", {0, 8, 8, 0, ND_RGB}, 0, 0, 9, ND_EARG},
        {"no_size", "p.mp4", {0, 0, 0, 0, ND_RGB}, 0, 0, 1, ND_EARG},
        {"half_a_size", "p.mp4", {0, 8, 0, 0, ND_RGB}, 0, 0, 1, ND_EARG},
        {"no_pixels", "p.mp4", {0, 8, 8, 0, 0}, 0, 0, 1, ND_EARG},
        {"rate_negative", "p.mp4", {-1, 8, 8, 0, ND_RGB}, 0, 0, 1, ND_EARG},
        {"rate_nan", "p.mp4", {NAN, 8, 8, 0, ND_RGB}, 0, 0, 1, ND_EARG},
        {"start_nan", "p.mp4", {0, 8, 8, 0, ND_RGB}, NAN, 0, 1, ND_EARG},
        {"length_negative", "p.mp4", {0, 8, 8, 0, ND_RGB}, 0, -1, 1, ND_EARG},
        {"start_past_the_end", "p.mp4", {0, 8, 8, 0, ND_RGB}, 5, 0, 1, ND_EEMPTY},
        {"no_picture", "sound.wav", {0, 8, 8, 0, ND_RGB}, 0, 0, 1, ND_EEMPTY},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_frame_params params = {&cases[i].spec, cases[i].n_specs, cases[i].start_s,
                                  cases[i].length_s};
        outcome o = read_frames(found, cases[i].file, params);
        CHECK(cases[i].name, o.rc == cases[i].expected && found[0].n == 0, "%d %s", o.rc,
              o.diag.text);
    }
    opened o = open_media("p.mp4");
    nd_frame_spec spec = {0, 8, 8, 0, ND_LUMA};
    nd_frame_params params = {.specs = &spec, .n_specs = 1};
    memset(found, 0, sizeof found);
    collector c = {.series = found, .stop_after = 3};
    int rc = nd_media_read_frames(o.media, &params, collect, &c, NULL, NULL, &o.diag);
    CHECK("the_sink_can_stop", rc == ND_ECANCELLED && found[0].n == 3, "%d after %d", rc,
          found[0].n);
    close_media(&o);
}

/* ---- times: frame N has the grey level 16 + 2 N ------------------------------------- */

#define COUNTED "-f lavfi -i nullsrc=s=64x48:r=25:d=4,format=gray,geq=lum='16+2*N' "

static const char *const counted[] = {"c.mp4", "c.mkv",  "c.ts", "c.avi",
                                      "c.mov", "c.h264", "c.flv"};

static int number_of(const uint8_t *pixel)
{
    return (pixel[0] - 16 + 1) / 2;
}

static void test_every_frame(void)
{
    for (size_t i = 0; i < ND_COUNT(counted); i++) {
        shell(FFMPEG COUNTED "-g 20 -pix_fmt %s -q:v 1 %s",
              strstr(counted[i], "264") ? "yuvj420p" : "yuvj420p -color_range pc", counted[i]);
        outcome o = read_one(found, counted[i], (nd_frame_spec){0, 8, 8, 0, ND_LUMA});
        int n_right = 0;
        for (int k = 0; k < found[0].n; k++)
            n_right += abs(found[0].middle[k][0] - 16 - 2 * k) <= 2 &&
                       fabs(found[0].time_s[k] - found[0].time_s[0] - k * 0.04) < 0.0021;
        char name[32];
        snprintf(name, sizeof name, "every_frame_%s", counted[i]);
        CHECK(name, !o.rc && found[0].n == 100 && n_right == 100 && found[0].in_order,
              "%d frames, %d right; %s", found[0].n, n_right, o.diag.text);
    }
}

static void test_parts(void)
{
    nd_frame_spec specs[2] = {{0, 8, 8, 0, ND_LUMA}, {5, 8, 8, 0, ND_LUMA}};
    for (size_t i = 0; i < ND_COUNT(counted); i++) {
        outcome o = read_frames(found, counted[i], (nd_frame_params){specs, 2, 1.5, 1.0});
        char name[32];
        snprintf(name, sizeof name, "part_of_%s", counted[i]);
        int from = number_of(found[0].middle[0]), grid = number_of(found[1].middle[2]);
        /* 1.5 s is between frames 37 (on show) and 38. */
        CHECK(name,
              !o.rc && o.is_cut && fabs(o.length_s - 1) < 1e-9 && abs(found[0].n - 26) <= 1 &&
                  abs(from - 37) <= 2 && found[1].n == 5 && abs(grid - 47) <= 2,
              "%d frames from %d, %d on the grid, third %d, length %g cut %d; %s", found[0].n, from,
              found[1].n, grid, o.length_s, o.is_cut, o.diag.text);
    }
}

static void test_uneven(void)
{
    /* Frames at 0, 0.1, 0.5, 0.6, 2.0 s. */
    shell(FFMPEG
          "-f lavfi -i \"nullsrc=s=64x48:r=25:d=0.2,format=gray,geq=lum='40+40*N',settb=1/1000,"
          "setpts='(if(eq(N,0),0,if(eq(N,1),0.1,if(eq(N,2),0.5,if(eq(N,3),0.6,2)))))/TB'\" "
          "-vsync passthrough -enc_time_base 1/1000 -c:v ffv1 uneven.mkv");
    nd_frame_spec specs[2] = {{0, 8, 8, 0, ND_LUMA}, {10, 8, 8, 0, ND_LUMA}};
    outcome o = read_frames(found, "uneven.mkv", (nd_frame_params){.specs = specs, .n_specs = 2});
    static const double times[] = {0, 0.1, 0.5, 0.6, 2.0};
    double off = found[0].n == 5 ? 0 : 9;
    for (int i = 0; i < 5; i++) off = fmax(off, fabs(found[0].time_s[i] - times[i]));
    CHECK("uneven_times", !o.rc && off < 0.0015, "%d frames, off by %g; %s", found[0].n, off,
          o.diag.text);
    int n_right = 0;
    for (int k = 0; k < 20; k++) {
        int expected = k < 1 ? 40 : k < 5 ? 80 : k < 6 ? 120 : 160;
        n_right += abs(found[1].middle[k][0] - expected) <= 2;
    }
    CHECK("a_frame_stays_on_show", n_right == 20 && found[1].n >= 21 && found[1].in_order,
          "%d of %d right; the first three %d %d %d", n_right, found[1].n, found[1].middle[0][0],
          found[1].middle[1][0], found[1].middle[5][0]);
    shell(FFMPEG COUNTED "-vf \"setpts='PTS+gt(N,49)*900000/TB'\" -vsync passthrough -c:v ffv1 "
                         "jump.mkv");
    o = read_one(found, "jump.mkv", (nd_frame_spec){8, 8, 8, 0, ND_LUMA});
    CHECK("a_jump_of_the_clock_is_no_time", !o.rc && fabs(o.length_s - 4) < 0.1 && found[0].n == 32,
          "%d frames, %g s; %s", found[0].n, o.length_s, o.diag.text);
}

/* ---- turns, sizes, pixel aspect ------------------------------------------------------- */

/* Mean absolute difference from what ffmpeg shows at that size. */
static double difference_from_ffmpeg(const seen *s, const char *name)
{
    nd_bytes expected = output_of("ffmpeg -v error -i %s -vf scale=%d:%d:flags=area:"
                                  "in_color_matrix=bt709 -frames:v 1 -f rawvideo -pix_fmt rgb24 -",
                                  name, s->width, s->height);
    double sum = 0;
    size_t n = (size_t)s->width * (size_t)s->height * 3;
    for (size_t i = 0; i < n && i < expected.n; i++) sum += abs(s->first[i] - expected.data[i]);
    double mean = expected.n == n && n ? sum / (double)n : 999;
    nd_bytes_deinit(&expected);
    return mean;
}

static void test_geometry(void)
{
    shell(FFMPEG "-f lavfi -i testsrc=s=320x240:r=25:d=0.4 -pix_fmt yuv420p up.mp4");
    for (int degrees = 90; degrees < 360; degrees += 90)
        shell(FFMPEG "-i up.mp4 -c copy -metadata:s:v rotate=%d turned%d.mp4", degrees, degrees);
    shell(FFMPEG "-f lavfi -i testsrc=s=333x111:r=25:d=0.4 -c:v ffv1 -pix_fmt yuv444p odd.mkv");
    shell(FFMPEG "-f lavfi -i testsrc=s=160x240:r=25:d=0.4,setsar=2 -pix_fmt yuv420p wide.mp4");
    static const struct {
        const char *name;
        nd_frame_spec spec;
        int width, height;
    } cases[] = {
        {"up.mp4", {0, 0, 0, 224, ND_RGB}, 224, 168},
        {"turned90.mp4", {0, 0, 0, 224, ND_RGB}, 168, 224},
        {"turned180.mp4", {0, 0, 0, 224, ND_RGB}, 224, 168},
        {"turned270.mp4", {0, 0, 0, 224, ND_RGB}, 168, 224},
        {"turned90.mp4", {0, 64, 36, 0, ND_RGB}, 64, 36},
        {"wide.mp4", {0, 0, 0, 224, ND_RGB}, 224, 168},
        {"odd.mkv", {0, 0, 0, 224, ND_RGB}, 224, 74},
        {"odd.mkv", {0, 7, 5, 0, ND_RGB}, 7, 5},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        outcome o = read_one(found, cases[i].name, cases[i].spec);
        char name[64];
        snprintf(name, sizeof name, "shown_%s_%dx%d", cases[i].name, cases[i].width,
                 cases[i].height);
        double off = difference_from_ffmpeg(&found[0], cases[i].name);
        CHECK(name,
              !o.rc && found[0].width == cases[i].width && found[0].height == cases[i].height &&
                  off < 4,
              "%dx%d off by %g; %s", found[0].width, found[0].height, off, o.diag.text);
    }
}

static void test_sizes(void)
{
    shell(FFMPEG
          "-f lavfi -i color=white:s=2x2:r=5:d=1,format=gray,crop=1:1 -c:v ffv1 one.mkv && " FFMPEG
          "-f lavfi -i color=white:s=16384x16:r=5:d=0.4,format=gray -c:v ffv1 long.mkv && " FFMPEG
          "-f lavfi -i color=white:s=16384x16000:r=1:d=1,format=gray -c:v mjpeg -q:v 31 "
          "-pix_fmt yuvj420p huge.avi");
    static const char *const names[] = {"one.mkv", "long.mkv", "huge.avi"};
    nd_frame_spec specs[2] = {{0, 64, 36, 0, ND_RGB}, {8, 0, 0, 224, ND_LUMA}};
    for (size_t i = 0; i < ND_COUNT(names); i++) {
        outcome o = read_frames(found, names[i], (nd_frame_params){.specs = specs, .n_specs = 2});
        CHECK(names[i],
              !o.rc && found[0].n >= 1 && found[0].middle[0][0] >= 234 &&
                  found[1].middle[0][0] >= 234,
              "%d %s; %d frames of %d", o.rc, o.diag.text, found[0].n, found[0].middle[0][0]);
    }
    /* AVI headers that claim 100000 x 100000 and 16384 x 16384. */
    static const struct {
        const char *name, *bytes;
    } claims[] = {{"a_claim_of_100000x100000", "\\240\\206\\001\\000\\240\\206\\001\\000"},
                  {"a_claim_of_16384x16384", "\\000\\100\\000\\000\\000\\100\\000\\000"}};
    for (size_t i = 0; i < ND_COUNT(claims); i++) {
        shell(FFMPEG "-f lavfi -i color=s=64x48:r=5:d=1 -c:v ffv1 claim.avi && "
                     "at=$(grep -abo strf claim.avi | head -n 1 | cut -d: -f1) && "
                     "printf '%s' | dd of=claim.avi bs=1 seek=$((at + 12)) conv=notrunc 2> log",
              claims[i].bytes);
        outcome o = read_one(found, "claim.avi", specs[0]);
        CHECK(claims[i].name, o.rc == ND_ELIMIT && found[0].n == 0, "%d %s", o.rc, o.diag.text);
    }
    shell(FFMPEG "-f lavfi -i testsrc=s=64x48:r=25:d=1 s1.m2v && " FFMPEG
                 "-f lavfi -i testsrc=s=128x96:r=25:d=1 s2.m2v && cat s1.m2v s2.m2v > s.m2v");
    outcome o = read_one(found, "s.m2v", specs[0]);
    CHECK("the_size_changes_midway", !o.rc && found[0].n >= 48 && found[0].in_order,
          "%d frames; %s", found[0].n, o.diag.text);
}

/* ---- colours ------------------------------------------------------------------------------- */

static void test_colours(void)
{
    static const struct {
        const char *matrix, *tag;
    } matrices[] = {{"bt601", "smpte170m"}, {"bt709", "bt709"}, {"bt709", "unknown"}};
    static const char *const ranges[] = {"tv", "pc"};
    static const struct {
        const char *name;
        uint8_t rgb[3];
    } colours[] = {{"0xC83020", {200, 48, 32}},
                   {"0x20A060", {32, 160, 96}},
                   {"0x3040D0", {48, 64, 208}},
                   {"0x000000", {0, 0, 0}},
                   {"0xFFFFFF", {255, 255, 255}}};
    nd_frame_spec specs[2] = {{0, 8, 8, 0, ND_RGB}, {0, 8, 8, 0, ND_LUMA}};
    for (int k = 0; k < 6; k++) {
        int worst = 0, worst_luma = 0;
        const char *range = ranges[k % 2], *matrix = matrices[k / 2].matrix;
        double kr = k / 2 ? 0.2126 : 0.299, kb = k / 2 ? 0.0722 : 0.114;
        for (size_t c = 0; c < ND_COUNT(colours); c++) {
            shell(FFMPEG "-f lavfi -i color=%s:s=64x48:r=5:d=0.4,format=rgb24,"
                         "scale=out_color_matrix=%s:out_range=%s,format=yuv444p "
                         "-c:v libx264 -qp 0 -color_range %s -colorspace %s colour.mp4",
                  colours[c].name, matrix, range, range, matrices[k / 2].tag);
            read_frames(found, "colour.mp4", (nd_frame_params){.specs = specs, .n_specs = 2});
            const uint8_t *rgb = colours[c].rgb;
            for (int i = 0; i < 3; i++) worst = ND_MAX(worst, abs(found[0].middle[0][i] - rgb[i]));
            int luma = (int)lrint(kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2]);
            worst_luma = ND_MAX(worst_luma, abs(found[1].middle[0][0] - luma));
        }
        char name[64];
        snprintf(name, sizeof name, "colours_%s_%s", matrices[k / 2].tag, range);
        CHECK(name, worst <= 2 && worst_luma <= 2, "off by %d, luma by %d", worst, worst_luma);
    }
}

/* ---- damage --------------------------------------------------------------------------------- */

static void test_damage(void)
{
    shell(FFMPEG "-f lavfi -i testsrc2=s=320x240:r=25:d=4 -g 25 -c:v mpeg4 whole.mp4 && "
                 "cp whole.mp4 broken.mp4 && size=$(stat -c %%s broken.mp4) && "
                 "dd if=/dev/zero of=broken.mp4 bs=1 seek=$((size / 2)) count=8000 conv=notrunc "
                 "2> log && " FFMPEG
                 "-i whole.mp4 -c copy whole.mkv && head -c $((size / 2)) whole.mkv > cut.mkv");
    outcome o = read_one(found, "broken.mp4", (nd_frame_spec){0, 8, 8, 0, ND_LUMA});
    CHECK("broken_middle_keeps_the_rest",
          !o.rc && found[0].n > 70 && fabs(o.length_s - 4) < 0.1 && found[0].in_order,
          "%d frames, %g s; %s", found[0].n, o.length_s, o.diag.text);
    o = read_one(found, "cut.mkv", (nd_frame_spec){0, 8, 8, 0, ND_LUMA});
    CHECK("cut_short_keeps_its_start", !o.rc && found[0].n > 30 && found[0].n < 80, "%d frames; %s",
          found[0].n, o.diag.text);
    shell(FFMPEG "-f lavfi -i testsrc=s=64x48:r=25:d=1 -t 0 zero.mkv");
    o = read_one(found, "zero.mkv", (nd_frame_spec){0, 8, 8, 0, ND_LUMA});
    CHECK("no_frame_at_all", (o.rc == ND_EEMPTY || o.rc == ND_EFORMAT) && o.diag.text[0], "%d %s",
          o.rc, o.diag.text);
}

int main(void)
{
    scratch_make();
    test_parameters();
    test_every_frame();
    test_parts();
    test_uneven();
    test_geometry();
    test_sizes();
    test_colours();
    test_damage();
    scratch_remove();
    TEST_END();
}
