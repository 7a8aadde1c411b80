/* Marks joined to what their names are, and grouped by video. */
#include <string.h>

#include "learn/relevance.h"

static int by_video_and_track(const void *a, const void *b)
{
    const nd__mark *x = a, *y = b;
    if (x->video != y->video) return x->video < y->video ? -1 : 1;
    return (x->track > y->track) - (x->track < y->track);
}

/* Tell of a mark of a pair that has one. */
static void tell_repeat(nd__problems *problems, const nd__marks *marks, const nd__mark *mark,
                        const nd__mark *before)
{
    char earlier[32] = "";
    if (before->line) snprintf(earlier, sizeof earlier, " of line %d", before->line);
    if (mark->value == before->value)
        nd__problem_add(problems, marks->path, mark->line,
                        "the pair%s again, with the same %s: counted once", earlier, marks->value);
    else
        nd__problem_add(problems, marks->path, mark->line,
                        "the pair%s again, with another %s (%g, before %g): the first stands",
                        earlier, marks->value, mark->value, before->value);
}

/* What a join needs beside its lists. */
typedef struct join {
    const nd__marks *marks;
    const nd__resolved *videos, *tracks;
    nd__problems *problems;
    nd_tag_map pairs; /* "VIDEO TRACK" by number, in the order of items */
    int n;            /* items */
} join;

static int join_mark(nd__lists *out, join *j, const nd__mark *mark)
{
    nd__mark found = *mark;
    char key[48];
    int pair;
    found.video = j->videos->ids[mark->video];
    found.track = j->tracks->ids[mark->track];
    out->n_left_out++;
    if (found.video < 0 || found.track < 0) {
        const char *name = found.video < 0 ? j->marks->videos.texts[mark->video]
                                           : j->marks->tracks.texts[mark->track];
        nd__problem_add(j->problems, j->marks->path, mark->line, "%s %.200s",
                        found.video < 0 ? j->videos->why[mark->video] : j->tracks->why[mark->track],
                        name);
        return 0;
    }
    int n = snprintf(key, sizeof key, "%d %d", (int)found.video, (int)found.track);
    int rc = nd_tag_map_add(&j->pairs, key, (size_t)n, &pair);
    if (rc) return rc;
    if (pair < j->n) {
        tell_repeat(j->problems, j->marks, mark, &out->items[pair]);
        return 0;
    }
    out->n_left_out--;
    out->items[j->n++] = found;
    return 0;
}

/* Videos are where the number changes. */
static void group(nd__lists *lists, int n_items)
{
    lists->n = 0;
    for (int i = 0; i < n_items; i++)
        if (!i || lists->items[i].video != lists->items[i - 1].video) lists->first[lists->n++] = i;
    lists->first[lists->n] = n_items;
}

int nd__lists_make(nd__lists *out, const nd__marks *marks, const nd__resolved *videos,
                   const nd__resolved *tracks, nd__problems *problems)
{
    join j = {.marks = marks, .videos = videos, .tracks = tracks, .problems = problems};
    nd__lists lists = {.items = nd_calloc(marks->n, sizeof *lists.items),
                       .first = nd_calloc(marks->n + 1, sizeof *lists.first)};
    int rc = lists.items && lists.first ? 0 : ND_ENOMEM;
    for (size_t i = 0; i < marks->n && !rc; i++) rc = join_mark(&lists, &j, &marks->items[i]);
    nd_tag_map_deinit(&j.pairs);
    if (rc) {
        nd__lists_deinit(&lists);
        return rc;
    }
    if (j.n) qsort(lists.items, (size_t)j.n, sizeof *lists.items, by_video_and_track);
    group(&lists, j.n);
    *out = lists;
    return 0;
}

void nd__lists_deinit(nd__lists *lists)
{
    free(lists->items);
    free(lists->first);
    *lists = (nd__lists){0};
}

int nd__lists_keep(nd__lists *lists, double least)
{
    int n_before = lists->n, n_items = 0;
    for (int v = 0; v < n_before; v++) {
        int first = lists->first[v], n = lists->first[v + 1] - first;
        bool is_kept = false;
        for (int i = 0; i < n; i++) is_kept |= lists->items[first + i].value >= least;
        if (!is_kept) continue;
        memmove(lists->items + n_items, lists->items + first, (size_t)n * sizeof *lists->items);
        n_items += n;
    }
    group(lists, n_items);
    return n_before - lists->n;
}

int nd__lists_find(const nd__lists *lists, int32_t video)
{
    int lo = 0, hi = lists->n;
    while (lo < hi) {
        int middle = lo + (hi - lo) / 2;
        if (lists->items[lists->first[middle]].video < video) lo = middle + 1;
        else hi = middle;
    }
    return lo < lists->n && lists->items[lists->first[lo]].video == video ? lo : -1;
}
