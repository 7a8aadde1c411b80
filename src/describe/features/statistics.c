/* CBVMR's statistics of a whole track. */
#include "describe/statistics.h"

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    const int64_t n = ND_STATISTICS;
    nd_array *a = nd_description_add(d, "statistics", ND_F32, 1, &n);
    int rc = a ? nd_track_statistics(a->f32, in->samples->data, in->samples->n) : ND_ENOMEM;
    return rc ? nd_diag_set(diag, rc, "statistics of a track: %s", nd_error_text(rc)) : 0;
}

const nd_feature_ops nd_feature_statistics = {
    .name = "statistics",
    .summary = "mean, variance and maximum of 380 rows over the middle 29 s",
    .paper = "Hong, Im, Yang, Content-based video-music retrieval using soft intra-modal structure "
             "constraint, ICMR 2018, as in its published script",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"statistics", NULL},
    .hear = hear,
};
