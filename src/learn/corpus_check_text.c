/* What a check found, to read. */
#include <string.h>

#include "learn/corpus_check.h"

enum { SHOWN = 10 }; /* of a list, unless all of it is wanted */

typedef struct {
    nd_str text;
    const nd_corpus_check *c;
    bool is_long;
} page;

static const char *shown(char out[512], const char *text)
{
    return nd_text_print(out, 512, text, strlen(text));
}

/* "3:07" or "1:02:07.5"; tenths below a minute. */
static const char *clock_text(char out[32], double s)
{
    int whole = (int)(s + 0.5);
    if (s < 60) snprintf(out, 32, "%.1f s", s);
    else if (whole < 3600) snprintf(out, 32, "%d:%02d", whole / 60, whole % 60);
    else snprintf(out, 32, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    return out;
}

/* Whether item i of n is shown; where the list is cut, says so. */
static bool is_shown(page *p, int i, int n)
{
    if (p->is_long || i < SHOWN) return true;
    if (i == SHOWN) nd_str_append(&p->text, "  ... and %d more; -v shows all\n", n - SHOWN);
    return false;
}

static void print_splits(page *p)
{
    const nd_corpus_check *c = p->c;
    char dir[512];
    nd_str_append(&p->text, "%s: %d pairs, %d videos, %d music files",
                  shown(dir, nd_corpus_dir(c->corpus)), nd_corpus_count(c->corpus), c->n_videos,
                  c->n_music);
    if (c->n_own_sound) nd_str_append(&p->text, ", %d with the video's own sound", c->n_own_sound);
    if (c->most_videos > 1)
        nd_str_append(&p->text, ", at most %d videos to a track", c->most_videos);
    nd_str_append(&p->text, "\n\n        %8s %8s %8s\n", "pairs", "videos", "tracks");
    for (int s = 0; s < ND_N_SPLITS; s++) {
        const nd__split_count *n = &c->by_split[s];
        nd_str_append(&p->text, "  %-5s %8d %8d %8d%s\n", nd_split_name((nd_split)s), n->n_pairs,
                      n->n_videos, n->n_tracks, n->n_pairs ? "" : "   empty");
    }
}

static void print_lengths(page *p, const char *name, const nd__lengths *l)
{
    char total[32], t[5][32];
    const double at[] = {l->min_s, l->p10_s, l->median_s, l->p90_s, l->max_s};
    for (int i = 0; i < 5; i++) clock_text(t[i], at[i]);
    nd_str_append(&p->text, "  %-5s %10s %10s %10s %10s %10s %10s\n", name, t[0], t[1], t[2], t[3],
                  t[4], clock_text(total, l->total_s));
}

static void print_tags(page *p)
{
    const nd_corpus_check *c = p->c;
    char tag[512];
    nd_str_append(&p->text, "\ntags: %d distinct, %d in all, %d pairs without one\n", c->n_tags,
                  c->n_mentions, c->n_untagged);
    int n = p->is_long ? c->n_tags : ND_MIN(c->n_tags, 2 * SHOWN);
    for (int i = 0; i < n; i++)
        nd_str_append(&p->text, "%s%s %d", i ? ", " : "  ", shown(tag, c->tags[i].tag),
                      c->tags[i].n_pairs);
    nd_str_append(&p->text, "%s", n == c->n_tags ? n ? "\n" : "" : ", ...\n");
}

static void print_problems(page *p)
{
    int n = nd_corpus_problem_count(p->c->corpus);
    if (!n) return;
    nd_str_append(&p->text,
                  "\nlines of corpus.jsonl that are wrong: %d (%d repeat an id, %d a pair; "
                  "%d tags left out)\n",
                  n, p->c->n_ids, p->c->n_pairs, p->c->n_tags_out);
    for (int i = 0; i < n; i++) {
        const nd_corpus_problem *q = nd_corpus_problem_at(p->c->corpus, i);
        if (!is_shown(p, i, n)) return;
        nd_str_append(&p->text, "  line %d", q->line);
        if (q->column) nd_str_append(&p->text, ", column %d", q->column);
        nd_str_append(&p->text, ": %s\n", q->reason);
    }
}

static void print_unreadable(page *p)
{
    char path[512];
    int k = 0;
    if (p->c->n_unreadable)
        nd_str_append(&p->text, "\nfiles that cannot be used: %d\n", p->c->n_unreadable);
    for (int i = 0; i < p->c->n_media; i++) {
        const nd__media *m = &p->c->media[i];
        if (!m->failure) continue;
        if (!is_shown(p, k++, p->c->n_unreadable)) return;
        nd_str_append(&p->text, "  %s: %s\n", shown(path, m->path), m->failure);
    }
}

static void print_twins(page *p)
{
    const nd_corpus_check *c = p->c;
    char a[512], b[512];
    int n = 0, k = 0;
    for (int i = 0; i < c->n_media; i++) n += c->same_bytes[i] != i;
    if (n) nd_str_append(&p->text, "\nfiles with the bytes of another: %d\n", n);
    for (int i = 0; i < c->n_media; i++) {
        if (c->same_bytes[i] == i) continue;
        if (!is_shown(p, k++, n)) return;
        nd_str_append(&p->text, "  %s = %s\n", shown(a, c->media[i].path),
                      shown(b, c->media[c->same_bytes[i]].path));
    }
}

static void print_alike(page *p)
{
    const nd_corpus_check *c = p->c;
    char a[512], b[512], overlap[32];
    if (c->n_alike) nd_str_append(&p->text, "\nmusic that sounds alike: %d\n", c->n_alike);
    for (int i = 0; i < c->n_alike; i++) {
        const nd__likeness *l = &c->alike[i];
        if (!is_shown(p, i, c->n_alike)) return;
        nd_str_append(&p->text, "  %s ~ %s: %s from %.1f s on, %.0f %% of bits differ\n",
                      shown(a, c->media[l->a].path), shown(b, c->media[l->b].path),
                      clock_text(overlap, l->overlap_s), ND_MAX(l->offset_s, 0), 100 * l->error);
    }
}

static void print_split_names(page *p, int splits)
{
    const char *before = "";
    for (int s = 0; s < ND_N_SPLITS; s++) {
        if (!(splits >> s & 1)) continue;
        nd_str_append(&p->text, "%s%s", before, nd_split_name((nd_split)s));
        before = "+";
    }
}

static void print_leaks(page *p)
{
    const nd_corpus_check *c = p->c;
    char path[512];
    nd_str_append(&p->text, "\nleaks between splits: %s", c->n_leaks ? "" : "none found");
    if (c->n_leaks) nd_str_append(&p->text, "%d", c->n_leaks);
    nd_str_append(&p->text, "%s\n", c->listened ? "" : " (the music was not listened to)");
    for (int i = 0; i < c->n_leaks; i++) {
        const nd__leak *l = &c->leaks[i];
        if (!is_shown(p, i, c->n_leaks)) return;
        nd_str_append(&p->text, "  %s: %s in ", nd__leak_name(l->kind),
                      shown(path, c->media[l->a].path));
        print_split_names(p, l->splits_a);
        if (l->a != l->b) {
            nd_str_append(&p->text, ", %s in ", shown(path, c->media[l->b].path));
            print_split_names(p, l->splits_b);
        }
        nd_str_append(&p->text, "\n");
    }
}

int nd_corpus_check_text(char **out, const nd_corpus_check *check, bool is_long)
{
    page p = {.c = check, .is_long = is_long};
    print_splits(&p);
    nd_str_append(&p.text, "\n  %-5s %10s %10s %10s %10s %10s %10s\n", "", "shortest", "10 %",
                  "median", "90 %", "longest", "all");
    print_lengths(&p, "video", &check->video);
    print_lengths(&p, "music", &check->music);
    print_tags(&p);
    print_problems(&p);
    print_unreadable(&p);
    print_twins(&p);
    print_alike(&p);
    print_leaks(&p);
    char *text = nd_str_take(&p.text);
    if (!text) return ND_ENOMEM;
    *out = text;
    return 0;
}
