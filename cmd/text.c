/* Times and names as people read and write them; tables of hits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const char *cli_text(char out[1024], const char *bytes)
{
    return nd_text_print(out, 1024, bytes, strlen(bytes));
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

static void print_hit(const nd_hit *h)
{
    char name[1024], file[1024], from[16], to[16], start[16];
    const char *slash = strrchr(h->path, '/');
    cli_text(file, slash ? slash + 1 : h->path);
    if (h->title[0] && h->artist[0]) snprintf(name, sizeof name, "%s - %s", h->artist, h->title);
    else snprintf(name, sizeof name, "%s", h->title[0] ? h->title : file);
    printf("%3d  %.3f  %s\n", h->rank, h->score, name);
    printf("            %s", file);
    if (h->tempo_bpm > 0) printf(", %.0f bpm", h->tempo_bpm);
    if (h->key[0]) printf(", %s", h->key);
    printf(", use %s-%s, start at %s (%.3f s)\n", cli_time(from, h->window_s[0]),
           cli_time(to, h->window_s[1]), cli_time(start, h->start_s), h->start_s);
    printf("           ");
    for (int i = 0; i < h->n_parts; i++) printf(" %s %.2f", h->parts[i].name, h->parts[i].value);
    printf("\n            %s\n", h->why);
}

void cli_print_ranking(const nd_ranking *ranking, int n_wanted)
{
    char path[1024];
    printf("%s\n", cli_text(path, ranking->path));
    for (int i = 0; i < ranking->n_hits; i++) print_hit(&ranking->hits[i]);
    if (ranking->n_hits < n_wanted)
        printf("(%lld track%s in all%s)\n", (long long)ranking->n_passed,
               ranking->n_passed == 1 ? "" : "s",
               ranking->n_passed ? "" : ": none passes the filter, or the library is empty");
}
