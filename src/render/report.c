/* Rankings as one page of HTML: its frame, its list of videos, what failed (report.h). */
#include <string.h>

#include "render/report.h"

/* Nothing is loaded, sent or run: pictures are inside, and there is no script. */
static const char policy[] = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
                             "base-uri 'none'; form-action 'none'";

static void put_title(nd_str *out, nd_ranking *const *rankings, int n)
{
    nd_str_append(out, "Music for ");
    if (n == 1) nd__html_text(out, nd_path_name(rankings[0]->path));
    else nd_str_append(out, "%d videos", n);
}

static void put_head(nd_str *out, nd_ranking *const *rankings, int n)
{
    nd_str_append(out,
                  "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n"
                  "<meta name=\"generator\" content=\"needledrop %s\">\n<title>",
                  policy, ND_VERSION);
    put_title(out, rankings, n);
    nd_str_append(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", nd__report_style);
}

static void put_videos(nd_str *out, nd_ranking *const *rankings, int n)
{
    nd_str_append(out, "<nav aria-label=\"Videos\"><ol>\n");
    for (int i = 0; i < n; i++) {
        const nd_ranking *r = rankings[i];
        nd_str_append(out, "<li><a href=\"#v%d\">", i + 1);
        nd__html_name(out, nd_path_name(r->path));
        nd_str_append(out, "</a>");
        if (r->n_hits) {
            nd_str_append(out, ": ");
            nd__html_name(out, nd__hit_name(&r->hits[0]));
            nd_str_append(out, " first, %.3f", r->hits[0].score);
        }
        nd_str_append(out, "</li>\n");
    }
    nd_str_append(out, "</ol></nav>\n");
}

static void put_failures(nd_str *out, const nd_failure *failures, int n)
{
    if (!n) return;
    nd_str_append(out,
                  "<section aria-labelledby=\"failed\"><h2 id=\"failed\">Could not be ranked for"
                  "</h2>\n<ul class=\"failed\">\n");
    for (int i = 0; i < n; i++) {
        nd_str_append(out, "<li>");
        nd__html_name(out, failures[i].path);
        nd_str_append(out, "<br>");
        nd__html_name(out, failures[i].reason);
        nd_str_append(out, "</li>\n");
    }
    nd_str_append(out, "</ul></section>\n");
}

static void put_page(nd_str *out, nd_ranking *const *rankings, int n, const nd_failure *failures,
                     int n_failures)
{
    put_head(out, rankings, n);
    nd_str_append(out, "<header><h1>");
    put_title(out, rankings, n);
    nd_str_append(out, "</h1></header>\n<main>\n");
    if (n > 1) put_videos(out, rankings, n);
    for (int i = 0; i < n; i++)
        nd__report_video(out, &(nd__report_place){rankings[i], i + 1, n == 1});
    put_failures(out, failures, n_failures);
    nd_str_append(out,
                  "</main>\n<footer>Made by needledrop %s recommend --report. Scores lie between 0 "
                  "and 1; docs/ranking.md tells what each part is.</footer>\n</body>\n</html>\n",
                  ND_VERSION);
}

int nd_rankings_report(const char *path, nd_ranking *const *rankings, int n_rankings,
                       const nd_failure *failures, int n_failures, nd_diag *diag)
{
    nd_str page = {0};
    if (!path || !path[0] || n_rankings < 0 || n_failures < 0 || (n_rankings && !rankings) ||
        (n_failures && !failures))
        return nd_diag_set(diag, ND_EARG,
                           "writing a report: a path, and counts of 0 or more, expected");
    put_page(&page, rankings, n_rankings, failures, n_failures);
    int rc = page.failed ? nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", path)
                         : nd_file_write(path, page.text, page.n, diag);
    nd_str_deinit(&page);
    return rc;
}
