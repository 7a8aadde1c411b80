/* What the files of the Conformer share: its sizes, where its parameters are, what is made once. */
#ifndef ND_EMBED_EXTRACTORS_CONFORMER_CONFORMER_H
#define ND_EMBED_EXTRACTORS_CONFORMER_CONFORMER_H

#include "embed/embed.h"

/* What is done to values first: nothing; less the clip's mean, by its deviation; 0..1 to -2..2,
 * which has about a deviation of 1. */
typedef enum nd_input_norm { ND_INPUT_NONE, ND_INPUT_CLIP, ND_INPUT_UNIT } nd_input_norm;

enum {
    ND_CONFORMER_LAYERS = 64,
    ND_PICTURE_SIDE = 16, /* of a frame in the stem "frames" */
    ND_PICTURE_VALUES = ND_PICTURE_SIDE * ND_PICTURE_SIDE * 3
};

/* Indices of parameters: a weight, and its bias or shift right after it. */
typedef struct nd_conformer_block {
    int ffn[2][3]; /* norm, up, down */
    int attention_norm, q, k, v, r, u, v_bias, out;
    int conv_norm, gate, depthwise, middle_norm, mean, point, norm; /* mean: of batch norm */
} nd_conformer_block;

typedef struct nd_conformer {
    int64_t F, D, L, H, K, expansion, kernel;
    int64_t channels[2], token_pool;
    int64_t output_dim; /* 0: the mean over tokens is the embedding */
    double input_dropout, ffn_dropout, attention_dropout, conv_dropout, classifier_scale;
    nd_input_norm input_norm;
    bool full_positions; /* 2 T - 1 rows; else the published shift */
    bool head_scale;     /* scores by 1 / sqrt(D / H); else the published 1 / sqrt(D) */
    bool pictures;       /* a time step is a frame of its own; else a row of one picture */
    bool layer_norm;     /* after the depthwise convolution; else the published batch norm */
    bool has_stem_norm;  /* of tokens, before the first block */
    bool cosine;         /* the classifier sees directions alone */
    int stem[2], input, stem_norm, output, classifier;
    nd_conformer_block block[ND_CONFORMER_LAYERS];
    /* made by prepare */
    int64_t T;            /* tokens */
    float *positions;     /* [n_rows, D] */
    float *projected;     /* [L, n_rows, D]; NULL: not for inference */
    float *stem_weights;  /* nd_conv2d_prepare */
    float *input_weights; /* [frequencies, channels[1], D]: of the linear layer, in the
                             convolution's order; NULL: not for inference, or of pictures */
} nd_conformer;

/* A block, or the stem, of one pass: what nd_tape_block hands through. */
typedef struct nd_conformer_place {
    const nd_conformer *c;
    nd_params *params;
    int shard, layer;
} nd_conformer_place;

/* ---- parameters.c, configuration.c --------------------------------------------- */

/** Add the parameters of a state whose sizes are set, and note their indices. */
void nd__conformer_add_parameters(nd_conformer *c, nd_params *p);

/** nd_network_ops.declare and .preset. */
int nd__conformer_declare(void *state, nd_params *params, const json_t *config, const char *part,
                          nd_diag *diag);
json_t *nd__conformer_preset(const char *name, const char *feature, int n_classes);

/* ---- stem.c -------------------------------------------------------------------- */

/** Values of a token before the linear layer. */
int64_t nd__conformer_stem_width(const nd_conformer *c);

/** Tokens that T time steps make; 0: too few for one. */
int64_t nd__conformer_tokens(const nd_conformer *c, int64_t T);

/** @return the fewest time steps that make a token. */
int64_t nd__conformer_least(const nd_conformer *c);

/** What the stem needs in inference, owned by the state.
 *  @return 0; ND_ENOMEM (some may then be there). */
int nd__conformer_prepare_stem(nd_conformer *c, nd_params *params);

/** [B, T, F] to tokens [B, tokens, D]; user is the nd_conformer_place. */
nd_tensor *nd__conformer_stem(nd_tape *t, void *user, nd_tensor *x);

#endif
