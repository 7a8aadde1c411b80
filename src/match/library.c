/* A library: the store that claims its address, and what is asked of it. */
#include <string.h>

#include "match/embed_track.h"
#include "match/library.h"

static const nd_store_ops *store_for(const char *where)
{
    for (int i = 0; nd_store_shelf[i]; i++)
        if (nd_store_shelf[i]->claims(where)) return nd_store_shelf[i];
    return NULL;
}

int nd_library_open(nd_library **out, const char *where, nd_open_mode mode, nd_diag *diag)
{
    if (!out || !where || !*where || (mode != ND_OPEN_READ && mode != ND_OPEN_INDEX))
        return nd_diag_set(diag, ND_EARG, "opening a library: a file or a URL expected");
    const nd_store_ops *ops = store_for(where);
    if (!ops)
        return nd_diag_set(diag, ND_EUNSUPPORTED,
                           "opening library %s: this build has no store for such a URL", where);
    nd_library *lib = nd_calloc(1, sizeof *lib);
    if (!lib) return nd_diag_set(diag, ND_ENOMEM, "opening library %s: out of memory", where);
    lib->ops = ops;
    lib->mode = mode;
    int rc = ops->open(&lib->store, where, mode, diag);
    if (rc) free(lib);
    else *out = lib;
    return rc;
}

void nd_library_close(nd_library **lib)
{
    if (!lib || !*lib) return;
    (*lib)->ops->close((*lib)->store);
    free(*lib);
    *lib = NULL;
}

int nd_library_each(nd_library *lib, const nd_filter *filter,
                    int (*visit)(void *user, const nd_track *track), void *user, nd_diag *diag)
{
    if (!lib || !visit)
        return nd_diag_set(diag, ND_EARG, "listing tracks: an open library and a visitor expected");
    int rc = nd_filter_check(filter, diag);
    return rc ? rc : lib->ops->each_track(lib->store, filter, visit, user, diag);
}

int nd_library_track(nd_library *lib, int64_t track_id, nd_visit_track *visit, void *user,
                     nd_diag *diag)
{
    return lib->ops->get_track(lib->store, track_id, visit, user, diag);
}

int nd_library_each_brief(nd_library *lib, const nd_filter *filter, nd_visit_brief *visit,
                          void *user, nd_diag *diag)
{
    int rc = nd_filter_check(filter, diag);
    return rc ? rc : lib->ops->each_brief(lib->store, filter, visit, user, diag);
}

int nd_library_each_failure(nd_library *lib, int (*visit)(void *user, const nd_failure *failure),
                            void *user, nd_diag *diag)
{
    if (!lib || !visit)
        return nd_diag_set(diag, ND_EARG,
                           "listing failures: an open library and a visitor expected");
    return lib->ops->each_failure(lib->store, visit, user, diag);
}

int nd_library_model(nd_stored_model *out, nd_library *lib, nd_diag *diag)
{
    return lib->ops->get_model(out, lib->store, diag);
}

int nd_library_count(nd_library_facts *out, nd_library *lib, nd_diag *diag)
{
    nd_library_facts facts = {0};
    nd_stored_model model;
    if (!out || !lib)
        return nd_diag_set(diag, ND_EARG, "counting tracks: an open library expected");
    int rc = lib->ops->count(lib->store, &facts.n_tracks, &facts.n_failed, diag);
    if (rc) return rc;
    rc = nd_library_model(&model, lib, diag);
    if (!rc) {
        memcpy(facts.model, model.name, sizeof facts.model);
        rc = nd_count_embedded(&facts.n_embedded, lib, model.fingerprint, diag);
    } else if (rc == ND_ENOTFOUND) {
        rc = 0;
    }
    if (!rc) *out = facts;
    return rc;
}

int nd_library_description(nd_description **out, nd_library *lib, int64_t track_id, nd_diag *diag)
{
    if (!out || !lib)
        return nd_diag_set(diag, ND_EARG, "loading a track: an open library expected");
    return lib->ops->load(out, lib->store, track_id, NULL, diag);
}

int nd_library_arrays(nd_description **out, nd_library *lib, int64_t track_id,
                      const char *const *names, nd_diag *diag)
{
    return lib->ops->load(out, lib->store, track_id, names, diag);
}

/* What was found for the end of a path: how many, and the first three. */
typedef struct {
    const char *whole; /* the track of exactly this path wins */
    int64_t id;
    int64_t n;
    bool is_exact;
    nd_str names;
} found_tracks;

static int collect_track(void *user, int64_t id, const char *path)
{
    enum { N_NAMED = 3 };
    found_tracks *f = user;
    if (!f->is_exact) f->id = id;
    f->is_exact = f->is_exact || !strcmp(path, f->whole);
    if (f->n++ < N_NAMED) nd_str_append(&f->names, "%s%s", f->n > 1 ? ", " : "", path);
    return 0;
}

/* Look for one ending; *id_out is set when the answer is one track. */
static int find_ending(int64_t *id_out, nd_library *lib, const char *path, nd_diag *diag)
{
    found_tracks f = {.whole = path};
    int rc = lib->ops->each_ending(lib->store, path, collect_track, &f, diag);
    if (rc) goto end;
    if (f.n == 0)
        rc = nd_diag_set(diag, ND_ENOTFOUND, "finding track %s: no path in the library ends so",
                         path);
    else if (f.n > 1 && !f.is_exact)
        rc = nd_diag_set(diag, ND_EARG, "finding track %s: one expected, %lld paths end so: %s%s",
                         path, (long long)f.n, f.names.text ? f.names.text : "",
                         f.n > 3 ? ", .." : "");
    else *id_out = f.id;
end:
    nd_str_deinit(&f.names);
    return rc;
}

int nd_library_find(int64_t *id_out, nd_library *lib, const char *path, nd_diag *diag)
{
    if (!id_out || !lib || !path || !*path)
        return nd_diag_set(diag, ND_EARG, "finding a track: its path or the end of it expected");
    /* A path that leads to a file from here is that file's; else an ending. */
    char *absolute = realpath(path, NULL);
    int rc = absolute ? find_ending(id_out, lib, absolute, NULL) : ND_ENOTFOUND;
    free(absolute);
    return rc == ND_ENOTFOUND ? find_ending(id_out, lib, path, diag) : rc;
}
