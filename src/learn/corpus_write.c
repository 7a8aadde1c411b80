/* Writing corpus.jsonl: lines gather in memory and go out in large pieces, beside the old file,
 * which the commit replaces. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "learn/corpus.h"

enum { PIECE_BYTES = 1 << 20 };

struct nd_corpus_writer {
    nd_file_writer *file;
    char *path;
    nd_bytes lines; /* not yet handed over */
};

static int no_memory(const nd_corpus_writer *w, nd_diag *diag)
{
    return nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", w && w->path ? w->path : "");
}

int nd_corpus_writer_open(nd_corpus_writer **out, const char *dir, nd_diag *diag)
{
    int rc = nd_folder_make(dir, diag);
    if (rc) return rc;
    nd_corpus_writer *w = nd_calloc(1, sizeof *w);
    if (w) w->path = nd_path_join(dir, "corpus.jsonl");
    if (!w || !w->path) rc = no_memory(w, diag);
    if (!rc) rc = nd_file_writer_open(&w->file, w->path, diag);
    if (rc) nd_corpus_writer_close(&w);
    else *out = w;
    return rc;
}

static int hand_over(nd_corpus_writer *w, nd_diag *diag)
{
    int rc = w->lines.n ? nd_file_writer_append(w->file, w->lines.data, w->lines.n, diag) : 0;
    if (!rc) w->lines.n = 0;
    return rc;
}

static int check_text(const char *key, const char *text, nd_diag *diag)
{
    if (!text || !*text) return nd_diag_set(diag, ND_EARG, "adding a pair: no %s", key);
    size_t n = strlen(text);
    for (size_t i = 0; i < n;) {
        int length = nd_utf8_length(text + i, n - i);
        if (!length)
            return nd_diag_set(diag, ND_EARG, "adding a pair: %s \"%s\" is not UTF-8", key, text);
        i += (size_t)length;
    }
    return 0;
}

static int check_pair(const nd_pair *p, nd_diag *diag)
{
    int rc = check_text("id", p->id, diag);
    if (!rc) rc = check_text("video", p->video, diag);
    if (!rc) rc = check_text("music", p->music, diag);
    for (int i = 0; i < p->n_tags && !rc; i++) rc = check_text("tag", p->tags[i], diag);
    if (!rc && !(p->start_s >= 0 && isfinite(p->start_s)))
        rc = nd_diag_set(diag, ND_EARG, "adding pair %s: start_s 0 or more expected, found %g",
                         p->id, p->start_s);
    if (!rc && (unsigned)p->split >= ND_N_SPLITS)
        rc = nd_diag_set(diag, ND_EARG, "adding pair %s: no split %d", p->id, (int)p->split);
    return rc;
}

static json_t *pair_json(const nd_pair *p)
{
    json_t *o = json_object(), *tags = json_array();
    int failed = json_object_set_new(o, "id", json_string(p->id));
    failed |= json_object_set_new(o, "video", json_string(p->video));
    failed |= json_object_set_new(o, "music", json_string(p->music));
    failed |= json_object_set_new(o, "start_s", nd_json_number(p->start_s, 6));
    for (int i = 0; i < p->n_tags; i++)
        failed |= json_array_append_new(tags, json_string(p->tags[i]));
    failed |= json_object_set_new(o, "tags", tags);
    failed |= json_object_set_new(o, "split", json_string(nd_split_name(p->split)));
    if (!failed) return o;
    json_decref(o);
    return NULL;
}

int nd_corpus_writer_add(nd_corpus_writer *w, const nd_pair *pair, nd_diag *diag)
{
    int rc = check_pair(pair, diag);
    if (rc) return rc;
    json_t *o = pair_json(pair);
    char *line = o ? json_dumps(o, ND_JSON_FLAGS) : NULL;
    json_decref(o);
    if (!line) return no_memory(w, diag);
    rc = nd_bytes_append(&w->lines, line, strlen(line));
    if (!rc) rc = nd_bytes_append(&w->lines, "\n", 1);
    free(line);
    if (rc) return no_memory(w, diag);
    return w->lines.n >= PIECE_BYTES ? hand_over(w, diag) : 0;
}

int nd_corpus_writer_commit(nd_corpus_writer *w, nd_diag *diag)
{
    int rc = hand_over(w, diag);
    return rc ? rc : nd_file_writer_commit(w->file, diag);
}

void nd_corpus_writer_close(nd_corpus_writer **w)
{
    if (!w || !*w) return;
    nd_file_writer_close(&(*w)->file);
    nd_bytes_deinit(&(*w)->lines);
    free((*w)->path);
    free(*w);
    *w = NULL;
}
