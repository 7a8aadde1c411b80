/* UT-CMVMR (Mao et al., ICASSP 2024): two structures under one name. "published" is the paper's
 * module by module, with the faults of its code mended; "aligned" is ours, which compares clips in
 * the order of time (docs/models.md). */
#include <string.h>

#include "embed/models/ut_cmvmr/structures.h"

static const nd_matcher_ops *choose(const json_t *config, nd_diag *diag)
{
    const json_t *value = json_object_get(config, "structure");
    const char *name = value ? json_string_value(value) : "published";
    if (name && !strcmp(name, "published")) return &nd__ut_published;
    if (name && !strcmp(name, "aligned")) return &nd__ut_aligned;
    nd_diag_set(diag, ND_EFORMAT,
                "configuring match: structure: published or aligned expected, found %s",
                name ? name : "no text");
    return NULL;
}

static json_t *preset(const char *name, const char *setting, int D_music, int D_video, int E)
{
    const nd_matcher_ops *ops = strcmp(name, "recommended") ? &nd__ut_published : &nd__ut_aligned;
    return ops->preset(name, setting, D_music, D_video, E);
}

extern const nd_matcher_ops nd_matcher_ut_cmvmr;
const nd_matcher_ops nd_matcher_ut_cmvmr = {
    .name = "ut_cmvmr",
    .summary = "clips in order, rhythm and motion; as published, or aligned in time",
    .paper =
        "Mao, Liu, Zhang, Li, Shan 2024, Unified Pretraining Target Based Video-Music Retrieval "
        "With Music Rhythm And Video Optical Flow Information",
    .choose = choose,
    .preset = preset,
};
