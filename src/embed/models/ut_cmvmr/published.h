/* The published structure of UT-CMVMR, module by module (docs/models.md "UT-CMVMR as published").
 *
 * Names here are the paper's; the parameters have those of the released code, which calls music "A"
 * (audio), xi "phi" and phi "rho".
 *
 * Letters: B rows, T places in time, D width of a clip, X width of xi and phi (dim_rho), H width of
 * theta, E width of a text. */
#ifndef ND_EMBED_MODELS_UT_CMVMR_PUBLISHED_H
#define ND_EMBED_MODELS_UT_CMVMR_PUBLISHED_H

#include "compute/ops.h"
#include "embed/layers.h"
#include "embed/models/ut_cmvmr/structures.h"

enum { UT_MUSIC, UT_VIDEO, UT_SIDES };
enum { UT_MAX_LAYERS = 16, UT_MAX_WINDOW = 64 };
/* Rows of the tables of classes: beats, strength, interval, flow. */
enum { UT_BEATS = 18, UT_STRENGTHS = 49, UT_INTERVALS = 65, UT_FLOWS = 65, UT_RHYTHM_IDS = 3 };

/* Indices of parameters are those of weights; a bias, a shift lies right after. */

/** A Transformer whose layers norm before they work, and a linear layer after them. */
typedef struct {
    int n_heads, n_layers;
    int64_t E; /* width of a head */
    float dropout;
    struct {
        int norm, qkv, out, ffn_norm, up, down;
    } layers[UT_MAX_LAYERS];
    int final;
} ut_former;

/** linear, batch norm, [sigmoid, linear, batch norm,] ReLU, linear. */
typedef struct {
    bool is_deep;
    float momentum[2];
    int linear[3], norm[2], mean[2];
} ut_mlp;

typedef struct {
    bool has_rhythm, is_mean, is_log, is_normed;
    bool has_cross; /* else a pair's items add nothing to each other */
    int window;     /* clips of a row: max_clip */
    int64_t D[UT_SIDES], X, H, E;
    float *positions[UT_SIDES]; /* [window, D] */
    float weight;               /* of theta in the score */
    float margin, ranking_margin, keep;
    int hardest;                   /* 0: min(100, B / 4) */
    nd_norm_layer norms[UT_SIDES]; /* of clips, where is_normed */
    ut_former temporal[UT_SIDES], cross;
    ut_mlp encoder[UT_SIDES], projection[UT_SIDES], recovery[UT_SIDES], text, decoder;
    int rhythm[UT_RHYTHM_IDS], flow, types;
    int logit; /* [1, 2] and [1]; -1: a fixed mixture */
    struct {
        int linear[3], norm[2], mean[2];
    } match;
} ut_published;

/** What computes: a tape, and a view of the parameters. */
typedef struct {
    const ut_published *s;
    nd_tape *t;
    nd_params *p;
    int shard;
} ut_run;

/** Clips of one medium, as the network reads them. */
typedef struct {
    nd_tensor *clips; /* [B, T, D] */
    const int32_t
        *ids;          /* classes, within their tables: music [B, T, 3], video [B, T]; NULL: none */
    const float *mask; /* [B, T] 1 or 0; NULL: all are there */
} ut_clips;

/** @return [B, X]: clips normed, rhythm or flow and positions added, temporal Transformer, mean,
 *  encoder. */
nd_tensor *nd__ut_xi(const ut_run *r, int side, const ut_clips *clips);

/** What each of a pair adds to the other: two tokens, a Transformer; zeros without has_cross.
 *  @param xi  [B, X] of music, of video  @param added  [B, X] of each, out */
void nd__ut_attend(const ut_run *r, nd_tensor *const xi[UT_SIDES], nd_tensor *added[UT_SIDES]);

/** Where things come to lie, of music and of video. */
typedef struct {
    nd_tensor *raw[UT_SIDES];   /* [B, H] theta before it has unit length */
    nd_tensor *theta[UT_SIDES]; /* [B, H] unit length */
    nd_tensor *phi[UT_SIDES];   /* [B, X] unit length, decoded from raw */
} ut_places;

/** Pairs, each conditioned on its own partner. @param xi  [B, X] of each */
void nd__ut_pair(const ut_run *r, nd_tensor *const xi[UT_SIDES], ut_places *out);

/** [B, H + X], unit length, whose inner product is w cos(theta, theta) + (1 - w) cos(phi, phi): the
 *  published score. */
nd_tensor *nd__ut_score_rows(const ut_run *r, nd_tensor *theta, nd_tensor *phi);

/** How surely pairs belong together: a logit of the published score and of the
 *  classifier's verdict.
 *  @param at  of pairs, each conditioned on its partner; raw is not read
 *  @param verdict  [B, 2] of nd__ut_match  @return [B, 1] */
nd_tensor *nd__ut_logit(const ut_run *r, const ut_places *at, nd_tensor *verdict);

/** @return [rows, K], as the modules are drawn above; NULL as an op. */
nd_tensor *nd__ut_mlp(const ut_run *r, const ut_mlp *mlp, nd_tensor *x);

/** Whether a pair belongs together. @param phi  [B, X] of each, unit length
 *  @return [B, 2] logits: no, yes. */
nd_tensor *nd__ut_match(const ut_run *r, nd_tensor *const phi[UT_SIDES]);

/** x without gradient. @param x  [rows, width], copied; NULL: zeros */
nd_tensor *nd__ut_constant(const ut_run *r, const float *x, int64_t rows, int64_t width);

/* ---- items ----------------------------------------------------------------------- */

/** Rows of an item of C clips. */
int nd__ut_rows(const ut_published *s, int C);

/** The rows of items as the network reads them, one after another: of each item all its rows, or
 *  where firsts is given the one that starts at that clip. Music loops; what a video lacks is
 *  masked.
 *  @param firsts  [n]; NULL: all  @param out  of the tape
 *  @return 0 or ND_ENOMEM (status is set) */
int nd__ut_read(const ut_run *r, int side, const nd_item *items, int n, const int32_t *firsts,
                ut_clips *out);

/** As nd_matcher_ops.declare, .release, .preset, .learn. */
int nd__ut_declare(void *state, nd_params *params, const json_t *config, nd_diag *diag);
void nd__ut_release(void *state);
json_t *nd__ut_preset(const char *name, const char *setting, int D_music, int D_video, int E);
int nd__ut_learn(const void *state, nd_tape *t, nd_params *params, int shard, const nd_pairs *pairs,
                 const float *weights, nd_tensor **losses_out);

#endif
