/* What a model made of all tracks, read once for all that is asked.
 *
 * A library of 100,000 tracks takes longer to be read than to be scanned, and a video longer to be
 * analysed, by a process of its own: so the one happens beside the other. */
#include "serve/search.h"

static int load(nd__search *s, nd_diag *diag)
{
    s->crates = nd_calloc((size_t)s->n_libraries, sizeof *s->crates);
    int rc = s->crates ? 0 : ND_ENOMEM;
    for (int i = 0; i < s->n_libraries && !rc; i++)
        rc = nd_crate_load(&s->crates[i], s->libraries[i], s->params->filter, &s->lens.stored, NULL,
                           diag);
    return rc;
}

/* Messages are written by one thread at a time: not by this one. */
static void *load_beside(void *user)
{
    nd__search *s = user;
    s->loader.rc = load(s, &s->loader.diag);
    return NULL;
}

void nd__crates_begin(nd__search *s)
{
    if (!s->lens.model || s->loader.runs || s->crates) return;
    s->loader.runs = !pthread_create(&s->loader.thread, NULL, load_beside, s);
}

static void wait_for_loader(nd__search *s)
{
    if (s->loader.runs) pthread_join(s->loader.thread, NULL);
    s->loader.runs = false;
}

void nd__crates_deinit(nd__search *s)
{
    wait_for_loader(s);
    for (int i = 0; i < s->n_libraries && s->crates; i++) nd_crate_deinit(&s->crates[i]);
    free(s->crates);
    s->crates = NULL;
}

static int list_places(nd__search *s)
{
    int64_t n = 0;
    for (int i = 0; i < s->n_libraries; i++) n += s->crates[i].n;
    s->places = nd_calloc((size_t)n, sizeof *s->places);
    if (!s->places) return ND_ENOMEM;
    s->n_places = n;
    nd__place *place = s->places;
    for (int i = 0; i < s->n_libraries; i++)
        for (int64_t k = 0; k < s->crates[i].n; k++)
            *place++ = (nd__place){i, s->crates[i].tracks[k].id};
    return 0;
}

int nd__crates_need(nd__search *s, nd_diag *diag)
{
    bool is_new = s->loader.runs || !s->crates;
    int rc = 0;
    if (s->loader.runs) {
        wait_for_loader(s);
        rc = s->loader.rc;
        if (rc && diag) *diag = s->loader.diag;
    } else if (is_new) {
        rc = load(s, diag);
    }
    for (int i = 0; i < s->n_libraries && is_new && !rc; i++)
        nd_crate_warn(&s->crates[i], s->params->log);
    if (!rc && !s->places) rc = list_places(s);
    if (rc) nd__crates_deinit(s);
    return rc;
}
