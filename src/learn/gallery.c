/* gallery.jsonl, a line at a time: one that is broken costs itself alone. */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "embed/embed.h"
#include "learn/corpus_internal.h"
#include "learn/gallery.h"

enum { GALLERY_MAX_BYTES = 1 << 30 };

typedef struct {
    nd_gallery g;
    nd_tag_map known; /* tidy names of music */
    const char *dir;
} reader;

/* @return 0, *is_new_out whether the name came for the first time; ND_ENOMEM, ND_ELIMIT */
static int meet(reader *r, const char *name, bool *is_new_out, const char **tidy_out)
{
    size_t before = r->known.n;
    int id;
    char *tidy = nd_arena_alloc(&r->g.texts, strlen(name) + 2);
    if (!tidy) return ND_ENOMEM;
    nd__path_tidy(tidy, name);
    int rc = nd_tag_map_add(&r->known, tidy, strlen(tidy), &id);
    if (rc) return rc;
    if (is_new_out) *is_new_out = r->known.n > before;
    if (tidy_out) *tidy_out = tidy;
    return 0;
}

static int add_track(reader *r, const char *name, nd_split split)
{
    bool is_new;
    const char *tidy;
    int rc = meet(r, name, &is_new, &tidy);
    if (rc || !is_new) return rc;
    nd_gallery_track track = {.file = {.medium = ND_MUSIC}, .split = split};
    track.file.name = nd__arena_text(&r->g.texts, name, strlen(name));
    track.file.path = nd__arena_path(&r->g.texts, r->dir, tidy);
    if (!track.file.name || !track.file.path) return ND_ENOMEM;
    if (nd_grow(&r->g.tracks, &r->g.capacity, r->g.n, 1, sizeof track)) return ND_ENOMEM;
    r->g.tracks[r->g.n++] = track;
    return 0;
}

static int read_line(reader *r, const char *text, size_t n)
{
    json_error_t error;
    nd_split split;
    if (strspn(text, " \t\r") >= n) return 0;
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    const char *name = json_string_value(json_object_get(root, "music"));
    const char *split_name = json_string_value(json_object_get(root, "split"));
    int rc = 0;
    if (name && *name && split_name && nd_split_parse(&split, split_name))
        rc = add_track(r, name, split);
    else r->g.n_bad++;
    json_decref(root);
    return rc;
}

static int read_all(reader *r, const nd_bytes *bytes, const nd_corpus *corpus)
{
    int rc = 0;
    for (int i = 0; i < nd_corpus_file_count(corpus) && !rc; i++) {
        const nd_corpus_file *file = nd_corpus_file_at(corpus, i);
        if (file->medium == ND_MUSIC) rc = meet(r, file->name, NULL, NULL);
    }
    for (size_t at = 0; at < bytes->n && !rc;) {
        const uint8_t *end = memchr(bytes->data + at, '\n', bytes->n - at);
        size_t n = end ? (size_t)(end - bytes->data) - at : bytes->n - at;
        rc = read_line(r, (const char *)bytes->data + at, n);
        at += n + 1;
    }
    return rc;
}

static int read_file(reader *r, const char *path, const nd_corpus *corpus, nd_diag *diag)
{
    nd_bytes bytes = {0};
    if (access(path, F_OK)) return 0;
    int rc = nd_file_read(&bytes, path, GALLERY_MAX_BYTES, diag);
    if (rc) return rc;
    rc = nd_bytes_append(&bytes, "\n", 2); /* the NUL is for strspn */
    bytes.n -= !rc;
    if (!rc) rc = read_all(r, &bytes, corpus);
    nd_bytes_deinit(&bytes);
    return rc ? nd_diag_set(diag, rc, "reading %s: %s", path, nd_error_text(rc)) : 0;
}

int nd_gallery_read(nd_gallery *out, const nd_corpus *corpus, nd_diag *diag)
{
    reader r = {.dir = nd_corpus_dir(corpus)};
    char *path = nd_path_join(r.dir, "gallery.jsonl");
    int rc = path ? read_file(&r, path, corpus, diag)
                  : nd_diag_set(diag, ND_ENOMEM, "reading gallery.jsonl: out of memory");
    free(path);
    nd_tag_map_deinit(&r.known);
    if (rc) nd_gallery_deinit(&r.g);
    else *out = r.g;
    return rc;
}

void nd_gallery_deinit(nd_gallery *gallery)
{
    free(gallery->tracks);
    nd_arena_deinit(&gallery->texts);
    *gallery = (nd_gallery){0};
}
