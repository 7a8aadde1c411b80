/* Runs features over one open file: chooses them, orders them by their needs,
 * decodes once, hands out samples or frames. */
#include <string.h>

#include "describe/describe.h"

enum { MAX_FEATURES = 64, MAX_SERIES = 8 };

/* The chosen features in the order in which they run. */
typedef struct {
    const nd_feature_ops *ops[MAX_FEATURES];
    int n;
} plan;

const nd_feature_ops *nd_feature_find(const char *name)
{
    for (int i = 0; nd_feature_shelf[i]; i++)
        if (!strcmp(nd_feature_shelf[i]->name, name)) return nd_feature_shelf[i];
    return NULL;
}

static const nd_feature_ops *find_by_array(const char *array)
{
    for (int i = 0; nd_feature_shelf[i]; i++)
        for (const char *const *a = nd_feature_shelf[i]->arrays; *a; a++)
            if (!strcmp(*a, array)) return nd_feature_shelf[i];
    return NULL;
}

const char *nd_feature_for(const char *name, nd_medium *medium_out)
{
    const nd_feature_ops *ops = find_by_array(name);
    if (!ops) ops = nd_feature_find(name);
    if (ops && medium_out) *medium_out = ops->medium;
    return ops ? ops->name : NULL;
}

static bool plan_has(const plan *p, const nd_feature_ops *ops)
{
    for (int i = 0; i < p->n; i++)
        if (p->ops[i] == ops) return true;
    return false;
}

/* Put what the feature needs in front of it, then the feature itself. */
static void plan_add(plan *p, const nd_feature_ops *ops)
{
    if (plan_has(p, ops)) return;
    for (int i = 0; ops->needs && ops->needs[i]; i++) {
        const nd_feature_ops *needed = nd_feature_find(ops->needs[i]);
        ND_ASSERT(needed && needed->medium == ops->medium);
        plan_add(p, needed);
    }
    ND_ASSERT(p->n < MAX_FEATURES);
    p->ops[p->n++] = ops;
}

static int plan_add_named(plan *p, nd_medium medium, const char *name, nd_diag *diag)
{
    const nd_feature_ops *ops = nd_feature_find(name);
    if (!ops)
        return nd_diag_set(diag, ND_EARG, "choosing features: there is none named \"%s\"", name);
    if (ops->medium != medium)
        return nd_diag_set(diag, ND_EARG, "choosing features: \"%s\" is for %s, the file is %s",
                           name, ops->medium == ND_MUSIC ? "music" : "video",
                           medium == ND_MUSIC ? "music" : "video");
    plan_add(p, ops);
    return 0;
}

/* names: comma-separated, "" for none; "default" stands for the default set, as NULL
 * does. */
static int plan_make(plan *p, nd_medium medium, const char *names, nd_diag *diag)
{
    for (const char *at = names ? names : "default"; *at;) {
        size_t n = strcspn(at, ",");
        char name[64];
        if (n >= sizeof name)
            return nd_diag_set(diag, ND_EARG, "choosing features: a name of %zu bytes", n);
        memcpy(name, at, n);
        name[n] = '\0';
        at += n + (at[n] == ',');
        if (strcmp(name, "default")) {
            int rc = plan_add_named(p, medium, name, diag);
            if (rc) return rc;
            continue;
        }
        for (int i = 0; nd_feature_shelf[i]; i++)
            if (nd_feature_shelf[i]->is_default && nd_feature_shelf[i]->medium == medium)
                plan_add(p, nd_feature_shelf[i]);
    }
    return 0;
}

/* A feature that ends well has added all that it promised. */
static void check_promise(const nd_description *d, const nd_feature_ops *ops)
{
    for (const char *const *a = ops->arrays; *a; a++) ND_ASSERT(nd_description_find(d, *a));
}

/* ---- music ------------------------------------------------------------------- */

static int hear_all(nd_description *d, const plan *p, const nd_samples *samples, nd_diag *diag)
{
    nd_music_input in = {.samples = samples};
    d->is_cut = samples->is_cut;
    d->analysed_s = (double)samples->n / samples->rate_hz;
    int rc = 0;
    for (int i = 0; i < p->n && !rc; i++) {
        rc = p->ops[i]->hear(d, &in, diag);
        if (!rc) check_promise(d, p->ops[i]);
    }
    return rc;
}

static int rate_of(const nd_feature_ops *ops)
{
    return ops->rate_hz ? ops->rate_hz : ND_MUSIC_RATE_HZ;
}

static int channels_of(const nd_feature_ops *ops)
{
    return ND_MAX(1, ops->n_channels);
}

static int describe_music(nd_description *d, nd_media *m, const plan *p, double start_s,
                          double length_s, nd_diag *diag)
{
    nd_sample_params params = {.rate_hz = rate_of(p->ops[0]),
                               .n_channels = channels_of(p->ops[0]),
                               .start_s = start_s,
                               .length_s = length_s};
    for (int i = 0; i < p->n; i++) {
        if (rate_of(p->ops[i]) != params.rate_hz || channels_of(p->ops[i]) != params.n_channels)
            return nd_diag_set(diag, ND_EARG,
                               "choosing features: %s hears %d x %d Hz and %s %d x %d Hz: ask for "
                               "one at a time",
                               p->ops[0]->name, params.n_channels, params.rate_hz, p->ops[i]->name,
                               channels_of(p->ops[i]), rate_of(p->ops[i]));
        params.loudness |= p->ops[i]->wants_loudness;
    }
    nd_samples *samples = NULL;
    int rc = nd_media_read_samples(&samples, m, &params, diag);
    if (!rc) rc = hear_all(d, p, samples, diag);
    nd_samples_destroy(&samples);
    return rc;
}

/* ---- video ------------------------------------------------------------------- */

typedef struct {
    const plan *p;
    void *states[MAX_FEATURES];
    int series_of[MAX_FEATURES];
    nd_frame_spec specs[MAX_SERIES];
    int n_series;
    nd_diag *diag;
} viewing;

static bool spec_is_equal(const nd_frame_spec *a, const nd_frame_spec *b)
{
    return a->rate_hz == b->rate_hz && a->width == b->width && a->height == b->height &&
           a->long_side_px == b->long_side_px && a->pixels == b->pixels;
}

/* Features that want the same frames share one series. */
static int series_for(viewing *v, const nd_frame_spec *spec)
{
    for (int i = 0; i < v->n_series; i++)
        if (spec_is_equal(&v->specs[i], spec)) return i;
    ND_ASSERT(v->n_series < MAX_SERIES);
    v->specs[v->n_series] = *spec;
    return v->n_series++;
}

static int show_frame(void *user, const nd_frame *frame)
{
    viewing *v = user;
    int rc = 0;
    for (int i = 0; i < v->p->n && !rc; i++)
        if (v->series_of[i] == frame->series) rc = v->p->ops[i]->see(v->states[i], frame, v->diag);
    return rc;
}

static int viewing_start(viewing *v, const nd_media_info *info)
{
    nd_video_input in = {.info = info};
    for (int i = 0; i < v->p->n; i++) {
        const nd_feature_ops *ops = v->p->ops[i];
        v->series_of[i] = series_for(v, &ops->frames);
        v->states[i] = nd_calloc(1, ops->state_bytes);
        if (!v->states[i])
            return nd_diag_set(v->diag, ND_ENOMEM, "starting %s: out of memory", ops->name);
        int rc = ops->start ? ops->start(v->states[i], &in, v->diag) : 0;
        if (rc) return rc;
    }
    return 0;
}

static void viewing_stop(viewing *v)
{
    for (int i = 0; i < v->p->n; i++) {
        if (v->states[i] && v->p->ops[i]->stop) v->p->ops[i]->stop(v->states[i]);
        free(v->states[i]);
    }
}

static int describe_video(nd_description *d, nd_media *m, const plan *p, double start_s,
                          double length_s, nd_diag *diag)
{
    viewing v = {.p = p, .diag = diag};
    int rc = viewing_start(&v, &d->info);
    if (!rc) {
        nd_frame_params params = {
            .specs = v.specs, .n_specs = v.n_series, .start_s = start_s, .length_s = length_s};
        rc = nd_media_read_frames(m, &params, show_frame, &v, &d->analysed_s, &d->is_cut, diag);
    }
    for (int i = 0; i < p->n && !rc; i++) {
        rc = p->ops[i]->finish(v.states[i], d, diag);
        if (!rc) check_promise(d, p->ops[i]);
    }
    viewing_stop(&v);
    return rc;
}

/* ---- both --------------------------------------------------------------------- */

/* What the container claimed gives way to what was found, where all was read. */
static void settle_duration(nd_description *d, double start_s)
{
    double seen_s = start_s + d->analysed_s;
    if (!d->is_cut || d->info.duration_s < seen_s) d->info.duration_s = seen_s;
}

int nd_describe_media(nd_description **out, nd_media *m, nd_medium medium, const char *features,
                      double start_s, double length_s, nd_diag *diag)
{
    const nd_media_info *info = nd_media_get_info(m);
    if (!medium) medium = info->has_video ? ND_VIDEO : ND_MUSIC;
    plan p = {0};
    int rc = plan_make(&p, medium, features, diag);
    if (rc) return rc;
    nd_description *d = nd_calloc(1, sizeof *d);
    if (!d) return nd_diag_set(diag, ND_ENOMEM, "describing: out of memory");
    d->info = *info;
    d->medium = medium;
    if (p.n > 0)
        rc = medium == ND_MUSIC ? describe_music(d, m, &p, start_s, length_s, diag)
                                : describe_video(d, m, &p, start_s, length_s, diag);
    if (rc) {
        nd_description_destroy(&d);
        return rc;
    }
    if (p.n > 0) settle_duration(d, start_s);
    *out = d;
    return 0;
}

int nd_describe_samples(nd_description **out, const nd_samples *samples, const char *features,
                        nd_diag *diag)
{
    plan p = {0};
    int rc = plan_make(&p, ND_MUSIC, features, diag);
    if (rc) return rc;
    nd_description *d = nd_calloc(1, sizeof *d);
    if (!d) return nd_diag_set(diag, ND_ENOMEM, "describing: out of memory");
    d->medium = ND_MUSIC;
    rc = hear_all(d, &p, samples, diag);
    if (rc) nd_description_destroy(&d);
    else *out = d;
    return rc;
}
