/* Every real file of ../shared/data: as many samples and frames as ffmpeg decodes. */
#include "fixture.h"

static char folder[4096];

static int count_frame(void *user, const nd_frame *f)
{
    (void)f;
    ++*(int *)user;
    return 0;
}

/* Frames that ffprobe decodes of the stream with the most pixels. */
static int frames_of_ffprobe(const char *path)
{
    nd_bytes text = output_of("ffprobe -v error -threads 1 -count_frames -select_streams v "
                              "-show_entries stream=width,nb_read_frames -of csv=p=0 '%s' | "
                              "sort -n | tail -n 1 | cut -d, -f2",
                              path);
    int n = !nd_bytes_append(&text, "", 1) ? atoi((const char *)text.data) : -1;
    nd_bytes_deinit(&text);
    return n;
}

static void test_video(const char *path, opened *o)
{
    int n = 0;
    double length_s = 0;
    nd_frame_spec spec = {0, 64, 36, 0, ND_LUMA};
    nd_frame_params params = {.specs = &spec, .n_specs = 1};
    int rc = nd_media_read_frames(o->media, &params, count_frame, &n, &length_s, NULL, &o->diag);
    int expected = frames_of_ffprobe(path);
    double claimed_s = nd_media_get_info(o->media)->duration_s;
    CHECK(nd_path_name(path), !rc && n == expected && fabs(length_s - claimed_s) < 0.1,
          "%d frames, ffprobe %d; %.3f s, claimed %.3f; %s", n, expected, length_s, claimed_s,
          o->diag.text);
}

static void test_music(const char *path, opened *o)
{
    nd_samples *s = NULL;
    nd_sample_params params = {.rate_hz = nd_media_get_info(o->media)->rate_hz};
    int rc = nd_media_read_samples(&s, o->media, &params, &o->diag);
    nd_bytes text = output_of(
        "ffmpeg -nostdin -v error -i '%s' -map 0:a:0 -ac 1 -f u8 - 2> log | wc -c", path);
    int64_t expected = !nd_bytes_append(&text, "", 1) ? atoll((const char *)text.data) : -1;
    CHECK(nd_path_name(path), !rc && s->n == expected, "%lld samples, ffmpeg %lld; %s",
          s ? (long long)s->n : 0, (long long)expected, o->diag.text);
    nd_bytes_deinit(&text);
    nd_samples_destroy(&s);
}

static void test_file(const char *path)
{
    opened o = open_media(path);
    if (o.rc) CHECK(nd_path_name(path), false, "%s", o.diag.text);
    else if (nd_media_get_info(o.media)->has_video) test_video(path, &o);
    else test_music(path, &o);
    close_media(&o);
}

/* One file in `every` is enough for a test; all with every = 1. */
static void test_folder(const char *what, int every)
{
    nd_bytes list = output_of("find '%s/%s' -type f ! -name '*.txt' ! -name '*.md' | sort", folder,
                              what);
    if (nd_bytes_append(&list, "", 1)) exit(1);
    int k = 0;
    for (char *path = strtok((char *)list.data, "\n"); path; path = strtok(NULL, "\n"))
        if (k++ % every == 0) test_file(path);
    nd_bytes_deinit(&list);
}

int main(void)
{
    if (!test_shared_data() || !realpath(test_shared_data(), folder)) {
        SKIP("real_media", "no ../shared/data");
        return 0;
    }
    scratch_make();
    test_folder("video", 1);
    test_folder("music", 8);
    scratch_remove();
    TEST_END();
}
