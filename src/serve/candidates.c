/* Tracks that are looked at. */
#include <math.h>
#include <string.h>

#include "serve/search.h"

static int candidate_init(nd__candidate *c, const nd_track *track, int library, int64_t place)
{
    const char *texts[3] = {track->path, track->info.title, track->info.artist};
    size_t bytes[3], total = 0;
    for (int i = 0; i < 3; i++) total += bytes[i] = strlen(texts[i]) + 1;
    char *block = malloc(total);
    if (!block) return ND_ENOMEM;
    *c = (nd__candidate){.library = library,
                         .id = track->id,
                         .place = place,
                         .path = block,
                         .title = block + bytes[0],
                         .artist = block + bytes[0] + bytes[1],
                         .duration_s = track->info.duration_s,
                         .tempo_bpm = track->tempo_bpm,
                         .key = nd_key_name(track->key, track->is_minor)};
    c->opinion = (nd_opinion){.match = NAN, .whole = NAN, .pair = NAN, .like = NAN, .at_s = NAN};
    c->opinion.track_s = track->info.duration_s;
    nd_measures_of_track(&c->measures, track->tempo_bpm, track->loudness_lufs, track->is_minor);
    memcpy(c->path, texts[0], bytes[0]);
    memcpy(c->title, texts[1], bytes[1]);
    memcpy(c->artist, texts[2], bytes[2]);
    return 0;
}

int nd__candidate_add(nd__search *s, const nd_track *track, int library, int64_t place)
{
    int rc = nd_grow(&s->items, &s->capacity, s->n, 1, sizeof *s->items);
    if (!rc) rc = candidate_init(&s->items[s->n], track, library, place);
    if (!rc) s->n++;
    return rc;
}

static int add_track(void *user, const nd_track *track)
{
    nd__search *s = user;
    if (s->left_out && s->left_out[s->library] == track->id) return 0;
    return nd__candidate_add(s, track, s->library, (int64_t)s->n);
}

/* Places are asked for by library and id. */
static int compare_ids(const void *a, const void *b)
{
    const nd__candidate *x = a, *y = b;
    if (x->library != y->library) return x->library - y->library;
    return (x->id > y->id) - (x->id < y->id);
}

int nd__list_all(nd__search *s, nd_diag *diag)
{
    int rc = 0;
    for (s->library = 0; s->library < s->n_libraries && !rc; s->library++)
        rc = nd_library_each(s->libraries[s->library], s->params->filter, add_track, s, diag);
    if (rc) return rc;
    if (s->n) qsort(s->items, s->n, sizeof *s->items, compare_ids);
    s->places = nd_calloc(s->n, sizeof *s->places);
    if (!s->places) return ND_ENOMEM;
    s->n_places = s->n_passed = (int64_t)s->n;
    for (size_t i = 0; i < s->n; i++) {
        s->items[i].place = (int64_t)i;
        s->places[i] = (nd__place){s->items[i].library, s->items[i].id};
    }
    return 0;
}

int nd__candidate_load(nd__candidate *c, nd__search *s, nd_diag *diag)
{
    if (c->track) return 0;
    const char *names[ND_MEASURE_ARRAYS];
    nd_library *lib = s->libraries[c->library];
    nd_measure_arrays(names);
    pthread_mutex_lock(&s->lock);
    int rc = s->query ? nd_library_description(&c->track, lib, c->id, diag)
                      : nd_library_arrays(&c->track, lib, c->id, names, diag);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

void nd__candidate_refuse(nd__candidate *c, int rc, const nd_diag *diag)
{
    c->rc = rc;
    free(c->story);
    c->story = strdup(diag->text);
}

void nd__candidate_deinit(nd__candidate *c)
{
    nd_description_destroy(&c->track);
    free(c->path);
    free(c->story);
}

static int compare_scores(const void *a, const void *b)
{
    const nd__candidate *x = a, *y = b;
    if (!x->rc != !y->rc) return x->rc ? 1 : -1;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    int by_path = strcmp(x->path, y->path);
    return by_path ? by_path : compare_ids(a, b);
}

void nd__sort_candidates(nd__search *s)
{
    if (s->n) qsort(s->items, s->n, sizeof *s->items, compare_scores);
}
