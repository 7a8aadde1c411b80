/* Items as rows of as many numbers each, standardised: what networks read that know no sequence.
 *
 * Letters: N items, C clips, D width of a clip's embedding, S width of a track's statistics. */
#ifndef ND_EMBED_ITEM_INPUT_H
#define ND_EMBED_ITEM_INPUT_H

#include "embed/embed.h"
#include "embed/layers.h"

enum { ND_INPUT_CLIPS = 7 };

/** What is read of an item's clips. SPREAD: mean, variance and maximum over clips, [3 D]. SEQUENCE:
 *  the first ND_INPUT_CLIPS clips one beside another, a shorter item looped, and after them the
 *  pulse of each, [ND_INPUT_CLIPS (D + ND_PULSE_SHOWN)]. */
typedef enum nd_clip_view {
    ND_CLIPS_NONE,
    ND_CLIPS_MEAN, /* [D] */
    ND_CLIPS_SPREAD,
    ND_CLIPS_SEQUENCE
} nd_clip_view;

typedef struct nd_item_input {
    nd_clip_view view;
    int64_t D, S; /* S 0: no statistics are read */
    nd_norm_layer clips, statistics;
} nd_item_input;

/** Numbers that are read of an item. */
int64_t nd__input_width(const nd_item_input *in);
/** The widest clips that a view can standardise. */
int64_t nd__input_max_width(nd_clip_view view);

/** Add the running statistics. @param in  view, D and S set; the rest is filled
 *  @param prefix  "music"  @param momentum  as nd__norm_add */
void nd__input_add(nd_item_input *in, nd_params *params, const char *prefix, float momentum);

/** Rows of items: clips (and pulses), then statistics, by the batch's mean and deviation in a pass
 *  that trains, else by the running ones. Pulses are on a scale of their own (log2 where steps are
 *  shares of the value) and are not standardised, so that one that is missing, zeros and a flag, is
 *  no outlier.
 *  @param items  [n], n 1 or more
 *  @return [n, nd__input_width], without gradient; NULL where a tensor is, or where an item has not
 *  the S statistics that are to be read: nd_tape_status is then ND_ENOTFOUND (it has none) or
 *  ND_EFORMAT (of another width). */
nd_tensor *nd__input_run(const nd_item_input *in, const nd_layer_run *r, const nd_item *items,
                         int n);

#endif
