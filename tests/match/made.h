/* Libraries of made tracks, for the tests of the stores. */
#ifndef ND_TESTS_MATCH_MADE_H
#define ND_TESTS_MATCH_MADE_H

#include "fixture.h"

/* Store a track of these features, which go. */
static inline void put(nd_library *lib, int64_t id, const char *name, nd_description *d,
                       int *rc_out, nd_diag *diag)
{
    const char **tags = nd_tags_of(&d->info);
    nd_record r = {
        .track = {.id = id,
                  .path = fixture_path(name),
                  .info = d->info,
                  .tags = tags,
                  .tempo_bpm = 100,
                  .key = 9,
                  .is_minor = 1,
                  .loudness_lufs = -14},
        .file = {.size_bytes = 10 + id, .mtime_ns = -5, .hash = UINT64_MAX - (uint64_t)id},
        .metre = 4,
        .vocal = -1,
        .is_cut = true,
        .analysed_s = 30.25,
    };
    int rc = lib->ops->put_track(lib->store, &r, d, diag);
    if (rc_out) *rc_out = rc;
    free(tags);
    nd_description_destroy(&d);
}

/* In the fixture's folder; a failure ends the test. */
static inline nd_library *open_library(const char *name, nd_open_mode mode)
{
    nd_library *lib = NULL;
    nd_diag diag = {0};
    if (nd_library_open(&lib, fixture_path(name), mode, &diag)) {
        printf("FAIL opening %s: %s\n", name, diag.text);
        exit(1);
    }
    return lib;
}

/* Tracks 01.ogg, 02.ogg, .. */
static inline void make_library(const char *name, int n_tracks)
{
    nd_library *lib = open_library(name, ND_OPEN_INDEX);
    for (int i = 1; i <= n_tracks; i++) {
        char track[16];
        snprintf(track, sizeof track, "%02d.ogg", i);
        put(lib, i, track, fixture_description(100, 9, 1, 30, "Rock; Pop"), NULL, NULL);
    }
    nd_library_close(&lib);
}

#endif
