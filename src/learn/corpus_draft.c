/* Pairs as a source finds them, before anyone opened a file. */
#include <stdarg.h>
#include <string.h>

#include "learn/corpus_internal.h"

nd__draft_pair *nd__draft_add(nd_corpus_draft *d, const char *id, const char *video,
                              const char *music)
{
    nd__draft_pair p = {.root_video = "", .root_music = ""};
    p.id = nd__arena_text(&d->texts, id, strlen(id));
    p.video = nd__arena_text(&d->texts, video, strlen(video));
    p.music = strcmp(video, music) ? nd__arena_text(&d->texts, music, strlen(music)) : p.video;
    if (!p.id || !p.video || !p.music) return NULL;
    if (nd_grow(&d->pairs, &d->pair_capacity, d->n_pairs, 1, sizeof p)) return NULL;
    d->pairs[d->n_pairs] = p;
    return &d->pairs[d->n_pairs++];
}

int nd__draft_tag(nd_corpus_draft *d, nd__draft_pair *p, const char *text, size_t n)
{
    enum { MAX_TAG_BYTES = 1024, MAX_TAGS = 1000 };
    char clean[MAX_TAG_BYTES];
    if (n >= MAX_TAG_BYTES / 3 || p->tags.n >= MAX_TAGS) return 0; /* a replaced byte becomes 3 */
    nd_text_clean(clean, sizeof clean, text, n);
    if (!*clean) return 0;
    for (size_t i = 0; i < p->tags.n; i++)
        if (!strcmp(p->tags.items[i], clean)) return 0;
    const char *copy = nd__arena_text(&d->texts, clean, strlen(clean));
    return copy ? nd__texts_add(&p->tags, copy) : ND_ENOMEM;
}

int nd__draft_fail(nd_corpus_draft *d, nd__failures *list, const char *path, const char *format,
                   ...)
{
    char text[512], shown[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    nd_text_print(shown, sizeof shown, text, strlen(text));
    nd_failure f = {nd__arena_text(&d->texts, path, strlen(path)),
                    nd__arena_text(&d->texts, shown, strlen(shown))};
    if (!f.path || !f.reason || nd_grow(&list->items, &list->capacity, list->n, 1, sizeof f))
        return ND_ENOMEM;
    list->items[list->n++] = f;
    return 0;
}

void nd__draft_deinit(nd_corpus_draft *d)
{
    for (size_t i = 0; i < d->n_pairs; i++) nd__texts_deinit(&d->pairs[i].tags);
    free(d->pairs);
    free(d->failures.items);
    free(d->unpaired.items);
    nd__texts_deinit(&d->missing);
    nd_arena_deinit(&d->texts);
    *d = (nd_corpus_draft){0};
}
