/* Optical flow: its error on the four Middlebury pairs with measured truth, its
 * time on one thread, beside OpenCV's DIS in the same run.
 *
 * results: Mean end-point error in px over each Middlebury pair at full size; median
 * results: milliseconds a pair of frames on one thread, at 320 x 180 (the same pairs,
 * results: scaled) and at full size, means over the pairs; the last column is the time at
 * results: 320 x 180 against that of OpenCV's "fast". The target: the error of "medium" in
 * results: the time of "fast".
 *
 * The two programs take turns: ROUNDS rounds of REPEATS runs for each pair and
 * size; a time is the median over rounds of a round's median. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "describe/flow_dis.h"

enum { N_PAIRS = 4, N_PRESETS = 3, ROUNDS = 5, REPEATS = 15, SMALL_W = 320, SMALL_H = 180 };

static const char truths[] = "../shared/data/flow/middlebury";

typedef struct {
    const char *name;
    int w, h;
} pair;

static const pair pairs[N_PAIRS] = {
    {"Dimetrodon", 584, 388}, {"RubberWhale", 584, 388}, {"Venus", 420, 380}, {"Grove2", 640, 480}};

enum { FULL, SMALL, N_SIZES };

/* One method's figures: error and the times of each round. */
typedef struct {
    const char *name;
    double error_px[N_PAIRS];
    double ms[N_SIZES][N_PAIRS][ROUNDS];
} method;

static void size_of(const pair *p, int size, int *w, int *h)
{
    *w = size == FULL ? p->w : SMALL_W;
    *h = size == FULL ? p->h : SMALL_H;
}

/* Grey bytes of a picture, made once by ffmpeg: both programs read these. */
static void picture_path(char *out, size_t n, const char *work, const pair *p, int size, int k)
{
    snprintf(out, n, "%s/%s-%s-%d.gray", work, p->name, size == FULL ? "full" : "small", k);
}

static int make_pictures(const char *work)
{
    for (int i = 0; i < N_PAIRS; i++)
        for (int size = 0; size < N_SIZES; size++)
            for (int k = 10; k <= 11; k++) {
                char path[256], command[768];
                int w, h;
                size_of(&pairs[i], size, &w, &h);
                picture_path(path, sizeof path, work, &pairs[i], size, k);
                snprintf(command, sizeof command,
                         "ffmpeg -v error -y -i %s/%s_frame%d.png -vf scale=%d:%d:flags=area "
                         "-pix_fmt gray -f rawvideo %s",
                         truths, pairs[i].name, k, w, h, path);
                if (system(command)) return ND_EIO;
            }
    return 0;
}

static int read_picture(nd_bytes *out, const char *work, const pair *p, int size, int k)
{
    char path[256];
    int w, h;
    size_of(p, size, &w, &h);
    picture_path(path, sizeof path, work, p, size, k);
    int rc = nd_file_read(out, path, 1 << 24, NULL);
    return rc ? rc : out->n == (size_t)w * (size_t)h ? 0 : ND_EFORMAT;
}

static double flow_error(const float *u, const float *v, const nd_bytes *truth, size_t n)
{
    double sum = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        float t[2];
        memcpy(t, truth->data + 12 + 8 * i, sizeof t);
        if (fabsf(t[0]) > 1e9f || fabsf(t[1]) > 1e9f) continue;
        sum += hypot((double)(u[i] - t[0]), (double)(v[i] - t[1]));
        count++;
    }
    return sum / count;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *x, int n)
{
    double sorted[ND_MAX(ROUNDS, REPEATS)];
    memcpy(sorted, x, (size_t)n * sizeof *x);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_doubles);
    return sorted[n / 2];
}

/* Our error (at full size) and our time on one pair. */
static int run_ours(method *m, const char *work, int i, int size, int round)
{
    const pair *p = &pairs[i];
    int w, h;
    size_of(p, size, &w, &h);
    nd_bytes a = {0}, b = {0}, truth = {0};
    char path[256];
    snprintf(path, sizeof path, "%s/%s_flow10.flo", truths, p->name);
    float *u = nd_calloc((size_t)w * (size_t)h, sizeof *u),
          *v = nd_calloc((size_t)w * (size_t)h, 4);
    nd_flow *flow = NULL;
    int rc = u && v ? nd_flow_create(&flow, w, h) : ND_ENOMEM;
    if (!rc) rc = read_picture(&a, work, p, size, 10);
    if (!rc) rc = read_picture(&b, work, p, size, 11);
    if (!rc) rc = nd_file_read(&truth, path, 1 << 24, NULL);
    if (!rc && truth.n != 12 + 8 * (size_t)p->w * (size_t)p->h) rc = ND_EFORMAT;
    if (!rc) {
        nd_flow_run(flow, u, v, a.data, (size_t)w, b.data, (size_t)w);
        if (size == FULL) m->error_px[i] = flow_error(u, v, &truth, a.n);
        double ms[REPEATS];
        for (int k = 0; k < REPEATS; k++) {
            double start_s = nd_now_s();
            nd_flow_run(flow, u, v, a.data, (size_t)w, b.data, (size_t)w);
            ms[k] = 1e3 * (nd_now_s() - start_s);
        }
        m->ms[size][i][round] = median(ms, REPEATS);
    }
    nd_flow_destroy(&flow);
    nd_bytes_deinit(&a);
    nd_bytes_deinit(&b);
    nd_bytes_deinit(&truth);
    free(u);
    free(v);
    return rc;
}

/* @return rows read: N_PRESETS x N_PAIRS where OpenCV is there. */
static int run_opencv(method *presets, const char *work, int round)
{
    char command[1024];
    int n = snprintf(command, sizeof command, "bench/flow_opencv.py %s %s %d", work, truths,
                     REPEATS);
    for (int i = 0; i < N_PAIRS; i++)
        n += snprintf(command + n, sizeof command - (size_t)n, " %s:%d:%d", pairs[i].name,
                      pairs[i].w, pairs[i].h);
    FILE *pipe = popen(command, "r");
    if (!pipe) return 0;
    int rows = 0;
    for (; rows < N_PRESETS * N_PAIRS; rows++) {
        method *m = &presets[rows / N_PAIRS];
        int i = rows % N_PAIRS;
        if (fscanf(pipe, "%*s %*s %lf %lf %lf", &m->error_px[i], &m->ms[FULL][i][round],
                   &m->ms[SMALL][i][round]) != 3)
            break;
    }
    pclose(pipe);
    return rows;
}

static double mean_ms(const method *m, int size)
{
    double sum = 0;
    for (int i = 0; i < N_PAIRS; i++) sum += median(m->ms[size][i], ROUNDS);
    return sum / N_PAIRS;
}

static void print_row(const method *m, double reference_ms)
{
    double mean = 0;
    printf("%s", m->name);
    for (int i = 0; i < N_PAIRS; i++) {
        printf("\t%.3f", m->error_px[i]);
        mean += m->error_px[i] / N_PAIRS;
    }
    printf("\t%.3f\t%.2f\t%.2f\t", mean, mean_ms(m, SMALL), mean_ms(m, FULL));
    if (reference_ms > 0) printf("%.2f\n", mean_ms(m, SMALL) / reference_ms);
    else printf("-\n");
}

static int run_all(const char *work)
{
    static method ours = {.name = "needledrop"};
    static method presets[N_PRESETS] = {{.name = "OpenCV DIS ultrafast"},
                                        {.name = "OpenCV DIS fast"},
                                        {.name = "OpenCV DIS medium"}};
    bool has_opencv = true;
    int rc = make_pictures(work);
    for (int round = 0; round < ROUNDS && !rc; round++) {
        for (int i = 0; i < N_PAIRS && !rc; i++) {
            rc = run_ours(&ours, work, i, FULL, round);
            if (!rc) rc = run_ours(&ours, work, i, SMALL, round);
        }
        has_opencv = has_opencv && run_opencv(presets, work, round) == N_PRESETS * N_PAIRS;
    }
    if (rc) return rc;
    printf("method");
    for (int i = 0; i < N_PAIRS; i++) printf("\t%s", pairs[i].name);
    printf("\tmean px\tms 320x180\tms full\tagainst fast\n");
    double reference_ms = has_opencv ? mean_ms(&presets[1], SMALL) : 0;
    print_row(&ours, reference_ms);
    for (int i = 0; i < N_PRESETS && has_opencv; i++) print_row(&presets[i], reference_ms);
    if (!has_opencv) printf("# python3-opencv did not run: no comparison\n");
    return 0;
}

int main(void)
{
    char work[] = "/tmp/needledrop-flow-XXXXXX", command[64];
    if (access(truths, R_OK)) {
        printf("# skipped: no ../shared/data\n");
        return 0;
    }
    if (!mkdtemp(work)) return 1;
    int rc = run_all(work);
    snprintf(command, sizeof command, "rm -r %s", work);
    if (system(command) || rc) {
        fprintf(stderr, "bench/flow: %s\n", nd_error_text(rc));
        return 1;
    }
    return 0;
}
