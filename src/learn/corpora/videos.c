/* Each video with its own sound: how anyone can train on films of their own. Which of them have a
 * sound is known once they are opened. */
#include "learn/corpus_internal.h"

static int find(nd_corpus_draft *d, const nd_corpus_params *params, nd_diag *diag)
{
    if (!params->videos)
        return nd_diag_set(diag, ND_EARG, "building a corpus: a folder of videos expected");
    nd__texts found = {0};
    int rc = nd__walk_media(&found, d, params->videos, ND_VIDEO, diag);
    const char *root = rc ? NULL : nd__arena_path(&d->texts, "", params->videos);
    if (!rc && !root) rc = ND_ENOMEM;
    for (size_t i = 0; i < found.n && !rc; i++) {
        const char *path = found.items[i];
        nd__draft_pair *p = nd__draft_add(d, nd__path_below(root, path), path, path);
        if (p) p->root_video = p->root_music = root;
        else rc = ND_ENOMEM;
    }
    nd__texts_deinit(&found);
    return rc;
}

const nd_corpus_ops nd_corpus_videos = {
    .name = "videos",
    .about = "each video with its own sound",
    .find = find,
};
