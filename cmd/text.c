/* Times and names as people read and write them; tables of hits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const char *cli_text(char out[1024], const char *bytes)
{
    return nd_text_print(out, 1024, bytes, strlen(bytes));
}

const char *cli_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *cli_time(char out[16], double seconds)
{
    unsigned s = seconds > 0 ? (unsigned)(seconds < 3e7 ? seconds + 0.5 : 3e7) : 0;
    if (s < 3600) snprintf(out, 16, "%u:%02u", s / 60, s % 60);
    else snprintf(out, 16, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    return out;
}

double cli_seconds(const char *text, size_t n)
{
    char copy[32];
    if (n == 0 || n >= sizeof copy || strspn(text, "0123456789.:") < n) return -1;
    memcpy(copy, text, n);
    copy[n] = '\0';
    double total = 0;
    for (char *at = copy;; at++) {
        char *end;
        double part = strtod(at, &end);
        if (end == at) return -1;
        total = total * 60 + part;
        at = end;
        if (!*at) return total;
        if (*at != ':') return -1;
    }
}

/* "Artist - Title" or "Title"; the file's name stands beside it anyway. */
static void print_name(const nd_hit *h, const char *file)
{
    if (h->title[0] && h->artist[0]) printf("%s - %s  (%s)\n", h->artist, h->title, file);
    else if (h->title[0]) printf("%s  (%s)\n", h->title, file);
    else printf("%s\n", file);
}

static const char indent[] = "           ";

/* Those of which something is known. */
static void print_wishes(const nd_ranking *r, const nd_hit *h)
{
    char name[1024];
    const char *before = " (";
    bool any = false;
    for (int i = 0; i < r->n_wishes; i++) {
        if (!(h->met[i] >= 0)) continue;
        printf("%s%s %.2f", before, cli_text(name, r->wishes[i]), (double)h->met[i]);
        before = "  ";
        any = true;
    }
    if (any) printf(")");
}

/* "match 0.91 x 0.50": value and weight; the ranker's own parts in brackets. */
static void print_parts(const nd_ranking *r, const nd_hit *h)
{
    for (int i = 0; i < h->n_parts; i++) {
        const nd_score_part *p = &h->parts[i];
        printf("%s%s %.2f x %.2f", i ? "  " : indent, p->name, p->value, p->weight);
        if (!strcmp(p->name, "like")) print_wishes(r, h);
        if (strcmp(p->name, "rhythm") != 0) continue;
        for (int k = 0; k < h->n_details; k++)
            printf("%s%s %.2f%s", k ? "  " : " (", h->details[k].name, h->details[k].value,
                   k + 1 < h->n_details ? "" : ")");
    }
    printf("\n");
}

static void print_tags(const char *what, const nd_shown_tags tags)
{
    for (int i = 0; tags[i]; i++) printf("%s%s", i ? ", " : what, tags[i]);
}

/* "use 0:16 to 0:35 of 0:36, from 15.504 s on"; "all of 0:36" where nothing is left out. */
static void print_window(const nd_hit *h)
{
    char length[16], from[16], to[16];
    cli_time(length, h->duration_s);
    if (h->start_s <= 0 && h->window_s[1] >= h->duration_s - 0.5) {
        printf("all of %s", length);
        return;
    }
    printf("use %s to %s of %s, from %.3f s on", cli_time(from, h->window_s[0]),
           cli_time(to, h->window_s[1]), length, h->start_s);
}

static void print_hit(const nd_ranking *r, const nd_hit *h)
{
    char file[1024];
    printf("%3d  %.3f ", h->rank, h->score);
    print_name(h, cli_text(file, cli_file_name(h->path)));
    printf("%s%s\n%s", indent, h->why, indent);
    print_window(h);
    if (h->tempo_bpm > 0) printf("; %.0f bpm", h->tempo_bpm);
    else printf("; no beat");
    if (h->key[0]) printf(", %s", h->key);
    print_tags("; heard: ", h->heard);
    printf("\n");
    print_parts(r, h);
}

void cli_print_ranking(const nd_ranking *ranking, int n_wanted)
{
    char path[1024];
    printf("%s", cli_text(path, ranking->path));
    print_tags("; tags: ", ranking->seen);
    printf("\n");
    for (int i = 0; i < ranking->n_hits; i++) print_hit(ranking, &ranking->hits[i]);
    if (ranking->n_hits < n_wanted)
        printf("(%lld track%s in all%s)\n", (long long)ranking->n_passed,
               ranking->n_passed == 1 ? "" : "s",
               ranking->n_passed ? "" : ": none passes the filter, or the library is empty");
    if (ranking->unknown[0])
        printf("(known by their letters alone: %s)\n", cli_text(path, ranking->unknown));
}
