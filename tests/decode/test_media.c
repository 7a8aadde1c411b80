/* Opening media: streams, tags, sizes, and the files that are not media. */
#include <seccomp.h>
#include <sys/wait.h>

#include "fixture.h"

#define SINE    "-f lavfi -i sine=440:d=2 "
#define PICTURE "-f lavfi -i testsrc=size=320x240:rate=25:duration=2 "

static void test_parameters(void)
{
    nd_media *m = NULL;
    nd_diag diag = {0};
    CHECK("open_no_descriptor", nd_media_open(&m, -1, "x", &diag) == ND_EARG && !m, "%s",
          diag.text);
    int pipe_fds[2];
    if (pipe(pipe_fds)) exit(1);
    CHECK("open_pipe", nd_media_open(&m, pipe_fds[0], "pipe", &diag) == ND_EARG && !m, "%s",
          diag.text);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    nd_media_close(NULL);
    nd_media_close(&m);
}

/* ---- what is in a file --------------------------------------------------------- */

static const struct {
    const char *name, *make;
    bool has_audio, has_video;
    int width, height, n_channels;
    double duration_s, fps;
} files[] = {
    {"audio_only.flac", SINE "audio_only.flac", 1, 0, 0, 0, 1, 2, 0},
    {"video_only.mp4", PICTURE "video_only.mp4", 0, 1, 320, 240, 0, 2, 25},
    {"both.mkv", PICTURE SINE "both.mkv", 1, 1, 320, 240, 1, 2, 25},
    {"cover.mp3",
     SINE PICTURE "-map 0 -map 1 -c:v png -frames:v 1 -disposition:v attached_pic cover.mp3", 1, 0,
     0, 0, 1, 2, 0},
    {"still.mp4",
     PICTURE "-frames:v 1 s.jpg && " FFMPEG "-i s.jpg " SINE "-c:v copy -map 0 -map 1 still.mp4", 1,
     0, 0, 0, 1, 2, 0},
    {"anamorphic.mp4", PICTURE "-vf setsar=2/1 anamorphic.mp4", 0, 1, 640, 240, 0, 2, 25},
    {"turned.mp4",
     PICTURE "up.mp4 && " FFMPEG "-i up.mp4 -c copy -metadata:s:v rotate=90 turned.mp4", 0, 1, 240,
     320, 0, 2, 25},
    {"streams.mkv",
     PICTURE "-f lavfi -i testsrc=size=64x48:rate=25:duration=2 " SINE
             "-map 1 -map 2 -map 0 -b:v:0 50k -b:v:1 900k -disposition:v:1 default "
             "-disposition:v:0 0 streams.mkv",
     1, 1, 320, 240, 1, 2, 25},
    {"odd.avi", "-f lavfi -i testsrc=size=101x77:rate=10:duration=1 -c:v ffv1 odd.avi", 0, 1, 101,
     77, 0, 1, 10},
    {"tiny.mkv",
     "-f lavfi -i color=red:size=2x2:rate=5:duration=1,format=gray,crop=1:1 -c:v ffv1 tiny.mkv", 0,
     1, 1, 1, 0, 1, 5},
    {"moving.gif", PICTURE "moving.gif", 0, 1, 320, 240, 0, 2, 25},
    {"wide.wav", "-f lavfi -i anullsrc=r=192000:cl=mono -ac 24 -t 1 wide.wav", 1, 0, 0, 0, 24, 1,
     0},
};

static void test_info(void)
{
    for (size_t i = 0; i < ND_COUNT(files); i++) {
        char made[1024];
        snprintf(made, sizeof made, FFMPEG "%s 2> log", files[i].make);
        if (shell("%s", made)) printf("FAIL make_%s: ffmpeg failed\n", files[i].name);
        opened o = open_media(files[i].name);
        const nd_media_info none = {0}, *info = o.media ? nd_media_get_info(o.media) : &none;
        CHECK(files[i].name,
              o.rc == 0 && info->has_audio == files[i].has_audio &&
                  info->has_video == files[i].has_video && info->width == files[i].width &&
                  info->height == files[i].height && info->n_channels == files[i].n_channels &&
                  fabs(info->duration_s - files[i].duration_s) < 0.06 &&
                  fabs(info->fps - files[i].fps) < 0.01,
              "%d %s; audio %d video %d %dx%d %d channels %.3f s %.3f fps", o.rc, o.diag.text,
              info->has_audio, info->has_video, info->width, info->height, info->n_channels,
              info->duration_s, info->fps);
        close_media(&o);
    }
}

static void test_tags(void)
{
    static const char tags[] = "-metadata title=' A \tTitle ' -metadata artist=Someone "
                               "-metadata album=Album -metadata genre=Jazz -metadata mood=calm "
                               "-metadata comment=note -metadata TBPM=123.5 ";
    static const char *const names[] = {"t.mp3", "t.ogg", "t.flac", "t.mkv"};
    for (size_t i = 0; i < ND_COUNT(names); i++) {
        shell(FFMPEG SINE "%s %s", tags, names[i]);
        opened o = open_media(names[i]);
        const nd_media_info none = {0}, *t = o.media ? nd_media_get_info(o.media) : &none;
        char name[32];
        snprintf(name, sizeof name, "tags_%s", names[i]);
        CHECK(name,
              !strcmp(t->title, "A  Title") && !strcmp(t->artist, "Someone") &&
                  !strcmp(t->album, "Album") && !strcmp(t->genre, "Jazz") &&
                  !strcmp(t->mood, "calm") && !strcmp(t->comment, "note") && t->tag_bpm == 123.5,
              "'%s' '%s' '%s' '%s' '%s' '%s' %g", t->title, t->artist, t->album, t->genre, t->mood,
              t->comment, t->tag_bpm);
        close_media(&o);
    }
}

static void test_offset(void)
{
    opened o = {.fd = open_file("audio_only.flac")};
    lseek(o.fd, 1000, SEEK_SET);
    o.rc = nd_media_open(&o.media, o.fd, "audio_only.flac", &o.diag);
    CHECK("descriptor_not_at_its_start", o.rc == 0, "%s", o.diag.text);
    close_media(&o);
}

static void test_ten_hours(void)
{
    shell(FFMPEG "-f lavfi -i anullsrc=r=8000:cl=mono -t 36000 -c:a flac ten_hours.flac");
    opened o = open_media("ten_hours.flac");
    nd_sample_params params = {.rate_hz = 16000, .length_s = 3};
    nd_samples *s = NULL;
    double start_s = nd_now_s();
    if (!o.rc) o.rc = nd_media_read_samples(&s, o.media, &params, &o.diag);
    CHECK("ten_hours_read_three_seconds",
          !o.rc && s->n == 48000 && s->is_cut &&
              fabs(nd_media_get_info(o.media)->duration_s - 36000) < 1 && nd_now_s() - start_s < 2,
          "%s", o.diag.text);
    nd_samples_destroy(&s);
    close_media(&o);
}

/* ---- what is not media ------------------------------------------------------------- */

static const struct {
    const char *name, *make;
    int expected;
} bad[] = {
    {"text.mp3", "printf 'this is a text file\\n' > text.mp3", ND_EFORMAT},
    {"empty.flac", ": > empty.flac", ND_EFORMAT},
    {"noise.mp4", "head -c 100000 /dev/zero > noise.mp4", ND_EFORMAT},
    {"picture.png", FFMPEG PICTURE "-frames:v 1 picture.png", ND_EEMPTY},
    {"picture.jpg", FFMPEG PICTURE "-frames:v 1 picture.jpg", ND_EEMPTY},
    {"truncated.mp4", FFMPEG PICTURE "whole.mp4 && head -c 4000 whole.mp4 > truncated.mp4",
     ND_EFORMAT},
    {"list.m3u8",
     "printf '#EXTM3U\\n#EXT-X-TARGETDURATION:9\\n#EXTINF:9,\\n/etc/passwd\\n' > list.m3u8",
     ND_EFORMAT},
    {"song.mp3",
     "printf '#EXTM3U\\n#EXT-X-TARGETDURATION:9\\n#EXTINF:9,\\nfile:///etc/passwd\\n' > song.mp3",
     ND_EFORMAT},
    {"url.m3u8",
     "printf '#EXTM3U\\n#EXT-X-TARGETDURATION:9\\n#EXTINF:9,\\nhttp://127.0.0.1:9/a.ts\\n' > "
     "url.m3u8",
     ND_EFORMAT},
    {"list.ffconcat", "printf \"ffconcat version 1.0\\nfile '/etc/passwd'\\n\" > list.ffconcat",
     ND_EFORMAT},
    {"session.sdp",
     "printf 'v=0\\no=- 0 0 IN IP4 127.0.0.1\\ns=x\\nc=IN IP4 127.0.0.1\\nt=0 0\\n"
     "m=audio 9 RTP/AVP 0\\n' > session.sdp",
     ND_EFORMAT},
    {"list.xspf",
     "printf '<?xml version=\"1.0\"?><playlist xmlns=\"http://xspf.org/ns/0/\"><trackList>"
     "<track><location>file:///etc/passwd</location></track></trackList></playlist>' > list.xspf",
     ND_EFORMAT},
    {"manifest.mpd",
     "printf '<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
     "type=\"static\"><Period><BaseURL>/etc/passwd</BaseURL></Period></MPD>' > manifest.mpd",
     ND_EFORMAT},
};

static void test_bad(void)
{
    for (size_t i = 0; i < ND_COUNT(bad); i++) {
        if (shell("%s", bad[i].make)) printf("FAIL make_%s: shell failed\n", bad[i].name);
        opened o = open_media(bad[i].name);
        CHECK(bad[i].name, o.rc == bad[i].expected && !o.media && strstr(o.diag.text, bad[i].name),
              "%d (expected %d) '%s'", o.rc, bad[i].expected, o.diag.text);
        close_media(&o);
    }
}

/* A process that may open nothing: a try ends it. */
static int open_where_opening_kills(const char *name)
{
    static const int calls[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(socket),
                                SCMP_SYS(connect), SCMP_SYS(execve)};
    opened o = {.fd = open_file(name)};
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        for (size_t i = 0; i < ND_COUNT(calls); i++)
            seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, calls[i], 0);
        if (seccomp_load(filter)) _exit(99);
        _exit(nd_media_open(&o.media, o.fd, name, &o.diag) ? 1 : 0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    close(o.fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static void test_nothing_is_opened(void)
{
    for (size_t i = 0; i < ND_COUNT(bad); i++) {
        char name[64];
        snprintf(name, sizeof name, "opens_nothing_%s", bad[i].name);
        int status = open_where_opening_kills(bad[i].name);
        if (status == 99) SKIP(name, "this kernel refuses filters");
        else CHECK(name, status == 1, "status %d", status);
    }
}

int main(void)
{
    scratch_make();
    test_parameters();
    test_info();
    test_tags();
    test_offset();
    test_ten_hours();
    test_bad();
    test_nothing_is_opened();
    scratch_remove();
    TEST_END();
}
