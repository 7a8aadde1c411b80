/* Whole analyses: what `index` does to a track and `recommend` to a video, against
 * FFmpeg's own decoding of the same file in the same run.
 *
 * results: CPU seconds (user and system) of one thread, medians of 5 runs that take turns:
 * results: `ffmpeg -threads 1 -f null` alone, and needledrop-worker with every default
 * results: feature, decoding included. "s of media / CPU s" is how many seconds of it one
 * results: core analyses in a second.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base.h"

enum { ROUNDS = 5 };

typedef struct {
    const char *name, *path; /* path: below ../shared/data */
    const char *make;        /* ffmpeg's options that make the file of it */
    const char *made;        /* name of the made file */
} subject;

static const subject subjects[] = {
    {"music, mp3, 180 s", "music/kevin_macleod_mog/Arcadia.ogg", "-t 180 -c:a libmp3lame -b:a 192k",
     "a.mp3"},
    {"music, ogg vorbis, 180 s", "music/kevin_macleod_mog/Arcadia.ogg",
     "-t 180 -c:a libvorbis -q:a 5", "b.ogg"},
    {"video, h264 360p, 10 s", "video/blender_clips/Big_Buck_Bunny_360_10s_1MB.mp4",
     "-c copy -t 10", "c.mp4"},
    {"video, h264 720p, 10 s", "video/blender_clips/Big_Buck_Bunny_720_10s_1MB.mp4",
     "-c copy -t 10", "d.mp4"},
    {"video, h264 1080p, 10 s", "video/blender_clips/Big_Buck_Bunny_1080_10s_1MB.mp4",
     "-c copy -t 10", "e.mp4"},
};

static double children_cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* CPU seconds of a command; negative when it fails. */
static float run(const char *command)
{
    double before = children_cpu_s();
    int status = system(command);
    return status ? -1 : (float)(children_cpu_s() - before);
}

static double length_of(const char *path)
{
    char command[600];
    snprintf(command, sizeof command,
             "ffprobe -v error -show_entries format=duration -of csv=p=0 '%s'", path);
    FILE *pipe = popen(command, "r");
    double length_s = 0;
    if (pipe && fscanf(pipe, "%lf", &length_s) != 1) length_s = 0;
    if (pipe) pclose(pipe);
    return length_s;
}

static void bench(const subject *s, const char *build, const char *folder)
{
    char file[300], make[900], decode[600], analyse[900];
    snprintf(file, sizeof file, "%s/%s", folder, s->made);
    snprintf(make, sizeof make,
             "ffmpeg -nostdin -v error -y -stream_loop 20 -i '../shared/data/%s' %s '%s'", s->path,
             s->make, file);
    snprintf(decode, sizeof decode,
             "ffmpeg -nostdin -v error -threads 1 -i '%s' -map 0:%s -f null -", file,
             strstr(s->name, "video") ? "v:0" : "a:0");
    snprintf(analyse, sizeof analyse,
             "%s/needledrop-worker 0 default 0 1800 4294967296 600 x 3<'%s' 4>&1 | cat > /dev/null",
             build, file);
    if (run(make) < 0) {
        printf("%s\tcannot be made\n", s->name);
        return;
    }
    float alone[ROUNDS], ours[ROUNDS];
    run(decode), run(analyse); /* warm */
    for (int i = 0; i < ROUNDS; i++) {
        alone[i] = run(decode);
        ours[i] = run(analyse);
    }
    double a = (double)nd_quantile(alone, ROUNDS, 0.5), b = (double)nd_quantile(ours, ROUNDS, 0.5);
    printf("%s\t%.3f\t%.3f\t%.2f\t%.0f\n", s->name, a, b, b / a, length_of(file) / b);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/needledrop-bench-XXXXXX", clean[64];
    if (access("../shared/data", R_OK) || argc < 2 || !mkdtemp(folder)) {
        printf("skipped: no ../shared/data, or no build folder named\n");
        return 0;
    }
    printf("file\tffmpeg decoding, CPU s\tours, CPU s\tratio\ts of media / CPU s\n");
    for (size_t i = 0; i < ND_COUNT(subjects); i++) bench(&subjects[i], argv[1], folder);
    snprintf(clean, sizeof clean, "rm -rf %s", folder);
    return system(clean) ? 1 : 0;
}
