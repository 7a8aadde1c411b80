/* The picture of a table: wrong parameters, no figure at all, many systems, the same bytes. */
#include "../test.h"

#include "needledrop/tables.h"

static char path[64];

static nd_bytes read_png(void)
{
    nd_bytes png = {0};
    if (nd_file_read(&png, path, 1 << 24, NULL)) printf("FAIL no picture\n"), exit(1);
    return png;
}

static nd_tables_report make_report(nd_tables_row *rows, int n)
{
    static const char *const names[] = {"cbvmr-ae",         "cmvae-ae",        "paper-s-ae",
                                        "paper-s-a-se",     "paper-s-se",      "paper-s-se+r",
                                        "recommended-se+r", "recommended-se+r"};
    nd_tables_report r = {
        .rows = rows, .n_rows = n, .n_seeds = 3, .n_videos = 300, .n_tracks = 500};
    for (int i = 0; i < n; i++) {
        rows[i] = (nd_tables_row){.n_seeds = i == 1 ? 0 : 3};
        snprintf(rows[i].name, sizeof rows[i].name, "%s", names[i]);
        snprintf(rows[i].label, sizeof rows[i].label, "%d %s", i + 1, names[i]);
        for (int c = 0; c < ND_EVAL_N_CUTS; c++) {
            double mean = (0.05 + 0.04 * i) * (1 + c);
            rows[i].recall[c] = (nd_tables_figure){mean, 0.01, mean - 0.03, mean + 0.03};
        }
    }
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) r.chance[c] = 0.01 * (1 + c);
    return r;
}

int main(void)
{
    nd_tables_row rows[8];
    nd_tables_report report = make_report(rows, 8), empty = make_report(rows, 0);
    empty.chance[0] = NAN;
    report = make_report(rows, 8);
    snprintf(path, sizeof path, "/tmp/needledrop-test-%ld.png", (long)getpid());
    CHECK("no path", nd_tables_report_picture(NULL, &report, NULL) == ND_EARG, "taken");
    CHECK("no report", nd_tables_report_picture(path, NULL, NULL) == ND_EARG, "taken");
    CHECK("no folder", nd_tables_report_picture("/nonexistent/t.png", &report, NULL) == ND_EIO,
          "taken");
    CHECK("nothing was measured", nd_tables_report_picture(path, &empty, NULL) == 0, "refused");
    nd_bytes none = read_png();
    CHECK("eight systems", nd_tables_report_picture(path, &report, NULL) == 0, "refused");
    nd_bytes first = read_png();
    CHECK("a PNG, with more in it", first.n > none.n && !memcmp(first.data, "\x89PNG", 4), "%zu",
          first.n);
    nd_tables_report_picture(path, &report, NULL);
    nd_bytes again = read_png();
    CHECK("the same bytes again", again.n == first.n && !memcmp(again.data, first.data, first.n),
          "%zu and %zu", first.n, again.n);
    nd_bytes_deinit(&none);
    nd_bytes_deinit(&first);
    nd_bytes_deinit(&again);
    unlink(path);
    TEST_END();
}
