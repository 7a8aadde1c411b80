/* New model files: a named size, with seeded parameters or with weights from elsewhere. */
#include <string.h>

#include "embed/model.h"

enum { PUBLISHED_CLASSES = 663 };
static const char *const CLASSIFIER = "classification.weight";

/* Names in a file of weights: as PyTorch has them, or with the part before. */
static const char *prefix_of(const nd_safetensors *file, const char *part, char out[16])
{
    snprintf(out, 16, "%s.", part);
    for (int i = 0; i < nd_safetensors_count(file); i++)
        if (!strncmp(nd_safetensors_at(file, i)->name, out, strlen(out))) return out;
    return "";
}

/* Classes that the weights were made for; 0: the file does not say. */
static int64_t classes_of(const nd_safetensors *file, const char *prefix)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", prefix, CLASSIFIER);
    const nd_stored_tensor *t = nd_safetensors_find(file, name);
    return t && t->n_dims == 2 ? t->dims[0] : 0;
}

/* The configuration of a part, as a new object. */
static int configure(json_t **out, const nd_model_params *p, nd_medium medium, int64_t n_classes,
                     nd_diag *diag)
{
    bool is_ours = !p->layout && !strcmp(p->preset, "recommended");
    bool is_time = is_ours || (p->layout && !strcmp(p->layout, "time"));
    const char *video = is_time ? "colour_frames" : "frames";
    *out = nd_network_preset(NULL, p->preset, medium == ND_MUSIC ? "fbank" : video, (int)n_classes);
    return *out ? 0
                : nd_diag_set(diag, ND_EARG,
                              "preset: recommended (of video: in time), paper, small or tiny "
                              "expected, found %s",
                              p->preset);
}

static int make_seeded(nd_network **out, const nd_model_params *p, nd_medium medium,
                       const char *part, nd_diag *diag)
{
    json_t *config = NULL;
    int rc = configure(&config, p, medium, p->n_classes ? p->n_classes : PUBLISHED_CLASSES, diag);
    if (!rc) rc = nd_network_create(out, config, part, diag);
    if (!rc) nd_params_init(nd_network_params(*out), p->seed);
    json_decref(config);
    return rc;
}

static int make_read(nd_network **out, const nd_model_params *p, nd_medium medium, const char *part,
                     const char *path, nd_diag *diag)
{
    char room[16];
    json_t *config = NULL;
    nd_safetensors *file = NULL;
    int rc = nd_safetensors_open(&file, path, diag);
    if (rc) return rc;
    const char *prefix = prefix_of(file, part, room);
    int64_t n_classes = p->n_classes ? p->n_classes : classes_of(file, prefix);
    rc = configure(&config, p, medium, ND_CLAMP(n_classes, 0, 1 << 24), diag);
    if (!rc) rc = nd_network_read(out, config, part, file, prefix, diag);
    json_decref(config);
    nd_safetensors_close(&file);
    return rc;
}

static int make_part(nd_network **out, const nd_model_params *p, nd_medium medium, const char *path,
                     nd_diag *diag)
{
    const char *part = medium == ND_MUSIC ? "music" : "video";
    return *path ? make_read(out, p, medium, part, path, diag)
                 : make_seeded(out, p, medium, part, diag);
}

int nd_model_create(const char *path, const nd_model_params *p, nd_diag *diag)
{
    nd_network *networks[2] = {0};
    int n = 0, rc = 0;
    if (!p->preset || (!p->music && !p->video))
        return nd_diag_set(diag, ND_EARG, "a new model: a preset and a part or two expected");
    if (p->layout && strcmp(p->layout, "rows") && strcmp(p->layout, "time"))
        return nd_diag_set(diag, ND_EARG, "layout: rows or time expected, found %s", p->layout);
    if (p->music) rc = make_part(&networks[n++], p, ND_MUSIC, p->music, diag);
    if (!rc && p->video) rc = make_part(&networks[n++], p, ND_VIDEO, p->video, diag);
    nd_model_contents contents = {.networks = networks, .n_networks = n, .half = p->half};
    if (!rc) rc = nd_model_write(path, &contents, diag);
    for (int i = 0; i < 2; i++) nd_network_destroy(&networks[i]);
    return rc;
}
