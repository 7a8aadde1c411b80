/* A small whole model of seeded parameters, in a file: extractors of the size "tiny" and a matching
 * part. Models of the same extractor seed have the same extractors. */
#ifndef ND_TESTS_MODEL_FILE_H
#define ND_TESTS_MODEL_FILE_H

#include "embed/embed.h"

typedef struct model_file {
    uint64_t extractors, match; /* seeds */
    const char *kind;           /* of the matching part; NULL: "ut_cmvmr" */
    bool without_match;
    int width;      /* of the clips that the matching part reads; 0: those of the extractors */
    bool published; /* what training says that it reads */
    bool with_tags; /* names of the four classes: "calm sea", .. */
    bool multi_label;
} model_file;

static inline nd_network *model_file_network(const char *part, const char *feature, uint64_t seed,
                                             nd_diag *diag)
{
    nd_network *n = NULL;
    json_t *config = nd_network_preset(NULL, "tiny", feature, 4);
    if (config && !nd_network_create(&n, config, part, diag))
        nd_params_init(nd_network_params(n), seed);
    json_decref(config);
    return n;
}

static inline nd_matcher *model_file_matcher(const char *kind, int width, uint64_t seed,
                                             nd_diag *diag)
{
    nd_matcher *m = NULL;
    const nd_matcher_ops *ops = nd_matcher_find(kind ? kind : "ut_cmvmr");
    json_t *config = ops ? ops->preset("recommended", "se+r", width, width, 16) : NULL;
    if (config && !nd_matcher_create(&m, config, diag)) nd_params_init(nd_matcher_params(m), seed);
    json_decref(config);
    return m;
}

/** Write it. Ends the program where it cannot. @return path */
static inline const char *model_file_write(const char *path, const model_file *f)
{
    nd_diag diag = {0};
    nd_network *networks[2] = {model_file_network("music", "fbank", f->extractors, &diag),
                               model_file_network("video", "colour_frames", f->extractors, &diag)};
    int width = networks[0] ? (int)nd_network_size_of(networks[0]).D : 0;
    nd_matcher *matcher = model_file_matcher(f->kind, f->width ? f->width : width, f->match, &diag);
    const char *loss = f->multi_label ? "binary cross-entropy" : "cross-entropy";
    json_t *record = json_pack("{s:{s:b}, s:{s:s}}", "match", "published", f->published, "music",
                               "loss", loss);
    json_t *tags = json_pack("[s, s, s, s]", "calm sea", "happy city", "tense forest", "slow snow");
    nd_model_contents contents = {.networks = networks,
                                  .n_networks = 2,
                                  .matcher = f->without_match ? NULL : matcher,
                                  .tags = f->with_tags ? tags : NULL,
                                  .record = record};
    if (!networks[0] || !networks[1] || !matcher || nd_model_write(path, &contents, &diag)) {
        fprintf(stderr, "making %s: %s\n", path, diag.text);
        exit(1);
    }
    nd_network_destroy(&networks[0]);
    nd_network_destroy(&networks[1]);
    nd_matcher_destroy(&matcher);
    json_decref(record);
    json_decref(tags);
    return path;
}

#endif
