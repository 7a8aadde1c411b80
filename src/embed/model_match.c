/* The matching model of a file on given arrays: every value on the way, for comparison with another
 * implementation. The published structure alone has these. */
#include <math.h>
#include <string.h>

#include "embed/model.h"
#include "embed/models/ut_cmvmr/published.h"

enum { ROWS_A_PASS = 32 };

typedef struct {
    const ut_published *s;
    nd_params *params;
    const nd_match_input *in;
    nd_diag *diag;
    int64_t N;
    int rc;
} check;

static void write_dims(char out[96], int n_dims, const int64_t *dims)
{
    out[0] = 0;
    for (int i = 0; i < n_dims; i++) {
        size_t n = strlen(out);
        snprintf(out + n, 96 - n, "%s%lld", i ? ", " : "", (long long)dims[i]);
    }
}

/* An array of [N, dims..]. */
static void check_shape(check *c, const char *name, const nd_array *a, nd_dtype dtype, int n_dims,
                        const int64_t *dims)
{
    char expected[96], found[96];
    if (c->rc || !a) return;
    bool is_right = a->dtype == dtype && a->n_dims == n_dims && a->dims[0] == c->N;
    for (int i = 1; is_right && i < n_dims; i++) is_right = a->dims[i] == dims[i];
    if (is_right) return;
    write_dims(expected, n_dims, dims);
    write_dims(found, a->n_dims, a->dims);
    c->rc = nd_diag_set(c->diag, ND_EARG,
                        "running the match network: %s: %s [%s] expected, found %s [%s]", name,
                        nd_dtype_name(dtype), expected, nd_dtype_name(a->dtype), found);
}

static void check_finite(check *c, const char *name, const nd_array *a)
{
    int64_t n = c->rc || !a ? 0 : nd_array_count(a), width = n ? n / a->dims[0] : 1;
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(a->f32[i])) {
            c->rc = nd_diag_set(c->diag, ND_EARG,
                                "running the match network: %s: finite values expected, row %lld "
                                "has %g",
                                name, (long long)(i / width), (double)a->f32[i]);
            return;
        }
}

/* Classes within their tables: column k of n against sizes[k]. */
static void check_classes(check *c, const char *name, const nd_array *a, int n, const int *sizes)
{
    int64_t count = c->rc || !a ? 0 : nd_array_count(a), width = count ? count / a->dims[0] : 1;
    for (int64_t i = 0; i < count; i++)
        if (a->i32[i] < 0 || a->i32[i] >= sizes[i % n]) {
            c->rc = nd_diag_set(c->diag, ND_EARG,
                                "running the match network: %s: a class in 0 .. %d expected, row "
                                "%lld has %d",
                                name, sizes[i % n] - 1, (long long)(i / width), (int)a->i32[i]);
            return;
        }
}

/* Which arrays the configuration wants. */
static void check_given(check *c)
{
    const nd_match_input *in = c->in;
    bool has_classes = in->rhythm && in->flow;
    if (!in->music || !in->video)
        c->rc = nd_diag_set(c->diag, ND_EARG,
                            "running the match network: clips of music and of video expected");
    else if (c->s->has_rhythm && !has_classes)
        c->rc = nd_diag_set(c->diag, ND_EARG,
                            "running the match network: rhythm and flow expected (add_rhythm)");
    else if (in->tags && !c->s->E)
        c->rc = nd_diag_set(c->diag, ND_EARG,
                            "running the match network: no tags expected (t_data_dim is 0)");
}

static int check_input(check *c)
{
    static const int rhythm_sizes[] = {UT_BEATS, UT_STRENGTHS, UT_INTERVALS};
    const nd_match_input *in = c->in;
    int64_t T = c->s->is_mean ? 1 : c->s->window;
    check_given(c);
    if (c->rc) return c->rc;
    int64_t N = c->N = in->music->n_dims ? in->music->dims[0] : 0;
    check_shape(c, "music", in->music, ND_F32, 3, (const int64_t[]){N, T, c->s->D[UT_MUSIC]});
    check_shape(c, "video", in->video, ND_F32, 3, (const int64_t[]){N, T, c->s->D[UT_VIDEO]});
    check_shape(c, "rhythm", in->rhythm, ND_I32, 3, (const int64_t[]){N, T, UT_RHYTHM_IDS});
    check_shape(c, "flow", in->flow, ND_I32, 2, (const int64_t[]){N, T});
    check_shape(c, "tags", in->tags, ND_F32, 2, (const int64_t[]){N, c->s->E});
    check_finite(c, "music", in->music);
    check_finite(c, "video", in->video);
    check_finite(c, "tags", in->tags);
    check_classes(c, "rhythm", in->rhythm, UT_RHYTHM_IDS, rhythm_sizes);
    check_classes(c, "flow", in->flow, 1, (const int[]){UT_FLOWS});
    return c->rc;
}

/* ---- outputs ------------------------------------------------------------------------ */

enum {
    XI_M,
    XI_V,
    THETA_M,
    THETA_V,
    THETA_TAG,
    PHI_M,
    PHI_V,
    PHI_TAG,
    XI_M_REC,
    XI_V_REC,
    MATCH_PROB
};
static const char *const names[ND_MATCH_OUTPUTS] = {"xi_m",      "xi_v",     "theta_m",   "theta_v",
                                                    "theta_tag", "phi_m",    "phi_v",     "phi_tag",
                                                    "xi_m_rec",  "xi_v_rec", "match_prob"};

static int64_t width_of(const ut_published *s, int which)
{
    bool is_theta = which >= THETA_M && which <= THETA_TAG;
    return which == MATCH_PROB ? 1 : is_theta ? s->H : s->X;
}

static int make_outputs(nd_array *out, const check *c)
{
    for (int i = 0; i < ND_MATCH_OUTPUTS; i++) {
        if (!c->in->tags && (i == THETA_TAG || i == PHI_TAG)) continue;
        int64_t width = width_of(c->s, i);
        out[i] = (nd_array){
            .dtype = ND_F32, .n_dims = i == MATCH_PROB ? 1 : 2, .dims = {c->N, width}};
        snprintf(out[i].name, sizeof out[i].name, "%s", names[i]);
        out[i].data = nd_calloc((size_t)c->N, (size_t)width * sizeof(float));
        if (!out[i].data)
            return nd_diag_set(c->diag, ND_ENOMEM,
                               "running the match network: "
                               "out of memory");
    }
    return 0;
}

/* What the published forward has in evaluation mode; theta and phi have unit length, xi has not. */
static void run_pairs(const ut_run *r, const ut_clips clips[UT_SIDES],
                      nd_tensor *out[ND_MATCH_OUTPUTS])
{
    nd_tensor *xi[UT_SIDES];
    ut_places at;
    for (int side = 0; side < UT_SIDES; side++) xi[side] = nd__ut_xi(r, side, &clips[side]);
    nd__ut_pair(r, xi, &at);
    for (int side = 0; side < UT_SIDES; side++) {
        out[XI_M + side] = xi[side];
        out[THETA_M + side] = at.theta[side];
        out[PHI_M + side] = at.phi[side];
        out[XI_M_REC + side] = nd__ut_mlp(r, &r->s->recovery[side], at.raw[side]);
    }
    out[MATCH_PROB] = nd_slice(r->t, nd_softmax(r->t, nd__ut_match(r, at.phi)), 1, 1);
}

static void run_tags(const ut_run *r, const float *tags, int64_t B,
                     nd_tensor *out[ND_MATCH_OUTPUTS])
{
    nd_tensor *raw = nd__ut_mlp(r, &r->s->text, nd__ut_constant(r, tags, B, r->s->E));
    out[THETA_TAG] = nd_l2_normalize(r->t, raw);
    out[PHI_TAG] = nd_l2_normalize(r->t, nd__ut_mlp(r, &r->s->decoder, raw));
}

/* Rows [from, from + B). */
static ut_clips clips_at(const ut_run *r, int side, const nd_array *clips, const nd_array *classes,
                         int64_t from, int64_t B)
{
    int64_t T = clips->dims[1], D = clips->dims[2], n = side == UT_MUSIC ? UT_RHYTHM_IDS : 1;
    nd_tensor *x = nd__ut_constant(r, clips->f32 + from * T * D, B * T, D);
    return (ut_clips){.clips = nd_reshape(r->t, x, 3, (const int64_t[]){B, T, D}),
                      .ids = r->s->has_rhythm ? classes->i32 + from * T * n : NULL};
}

static int run_rows(const check *c, nd_tape *t, int64_t from, int64_t B, nd_array *out)
{
    const ut_run r = {c->s, t, c->params, 0};
    const nd_match_input *in = c->in;
    nd_tensor *y[ND_MATCH_OUTPUTS] = {0};
    nd_tape_begin(t, &(nd_pass){0});
    const ut_clips clips[UT_SIDES] = {clips_at(&r, UT_MUSIC, in->music, in->rhythm, from, B),
                                      clips_at(&r, UT_VIDEO, in->video, in->flow, from, B)};
    run_pairs(&r, clips, y);
    if (in->tags) run_tags(&r, in->tags->f32 + from * c->s->E, B, y);
    if (nd_tape_status(t)) return nd_tape_status(t);
    for (int i = 0; i < ND_MATCH_OUTPUTS; i++)
        if (y[i]) {
            int64_t width = width_of(c->s, i);
            memcpy(out[i].f32 + from * width, y[i]->data, (size_t)(B * width) * sizeof(float));
        }
    return 0;
}

static int run_all(const check *c, nd_array *out)
{
    nd_tape *t = NULL;
    int rc = nd_tape_create(&t, NULL, 0, 0);
    for (int64_t at = 0; !rc && at < c->N; at += ROWS_A_PASS)
        rc = run_rows(c, t, at, ND_MIN(ROWS_A_PASS, c->N - at), out);
    nd_tape_destroy(&t);
    return rc ? nd_diag_set(c->diag, rc, "running the match network: %s", nd_error_text(rc)) : 0;
}

int nd_model_match(nd_array out[ND_MATCH_OUTPUTS], nd_model *model, const nd_match_input *in,
                   nd_diag *diag)
{
    nd_matcher *m = NULL;
    int rc = nd_model_matcher(&m, model, diag);
    if (rc) return rc;
    if (nd_matcher_ops_of(m) != &nd__ut_published)
        return nd_diag_set(diag, ND_EUNSUPPORTED,
                           "running the match network of %s: the published structure expected",
                           model->path);
    nd_array made[ND_MATCH_OUTPUTS] = {0};
    check c = {nd_matcher_state(m), nd_matcher_params(m), in, diag, 0, 0};
    rc = check_input(&c);
    if (!rc) rc = make_outputs(made, &c);
    if (!rc) rc = run_all(&c, made);
    for (int i = 0; i < ND_MATCH_OUTPUTS; i++) {
        if (rc) nd_array_deinit(&made[i]);
        else out[i] = made[i];
    }
    return rc;
}
