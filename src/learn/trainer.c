/* A team goes through forward and backward together, each member with its share of the clips, meets
 * in each batch norm, and then in Adam. A member's loss counts by its share of the batch. */
#include <math.h>
#include <string.h>

#include "compute/losses.h"
#include "learn/learn.h"

/* One step, as every member sees it. */
typedef struct {
    const float *clips;
    const int32_t *targets; /* [B]; NULL: labels */
    const float *labels;    /* [B, K] */
    int64_t B, T;
    double rate;
} step;

/* What a member tells of it. */
typedef struct {
    nd_tape *tape;
    double loss, grad_norm;
    int n_right, status;
} member;

struct nd_trainer {
    nd_network *network;
    nd_trainer_params params;
    nd_team *team;
    int n_members;
    member *members;
    int64_t n_steps;
    step now;
    int frozen; /* a parameter; -1: none */
    float *frozen_values;
};

int nd_trainer_create(nd_trainer **out, nd_network *network, const nd_trainer_params *params,
                      nd_diag *diag)
{
    if (!nd_network_size_of(network).K)
        return nd_diag_set(diag, ND_EARG, "training: a network with a classifier expected");
    nd_trainer *tr = nd_calloc(1, sizeof *tr);
    if (!tr) return nd_diag_set(diag, ND_ENOMEM, "training: out of memory");
    tr->network = network;
    tr->params = *params;
    tr->frozen = -1;
    int wanted = params->n_threads ? params->n_threads : nd_core_count();
    tr->n_members = ND_CLAMP(wanted, 1, ND_TEAM_MAX);
    tr->members = nd_calloc((size_t)tr->n_members, sizeof *tr->members);
    int rc = tr->members ? nd_team_create(&tr->team, tr->n_members) : ND_ENOMEM;
    for (int i = 0; i < tr->n_members && !rc; i++)
        rc = nd_tape_create(&tr->members[i].tape, tr->team, i, 0);
    if (!rc) rc = nd_params_train(nd_network_params(network), tr->n_members);
    if (rc) {
        nd_trainer_destroy(&tr);
        return nd_diag_set(diag, rc, "training: out of memory");
    }
    *out = tr;
    return 0;
}

void nd_trainer_destroy(nd_trainer **trainer)
{
    nd_trainer *tr = trainer ? *trainer : NULL;
    if (!tr) return;
    for (int i = 0; i < tr->n_members && tr->members; i++) nd_tape_destroy(&tr->members[i].tape);
    nd_team_destroy(&tr->team);
    free(tr->frozen_values);
    free(tr->members);
    free(tr);
    *trainer = NULL;
}

int nd_trainer_freeze(nd_trainer *tr, int param)
{
    nd_params *params = nd_network_params(tr->network);
    size_t bytes = (size_t)nd_tensor_count(nd_params_tensor(params, 0, param)) * sizeof(float);
    ND_ASSERT(tr->frozen < 0);
    tr->frozen_values = nd_calloc(1, bytes);
    if (!tr->frozen_values) return ND_ENOMEM;
    memcpy(tr->frozen_values, nd_params_tensor(params, 0, param)->data, bytes);
    for (int i = 0; i < tr->n_members; i++) nd_params_tensor(params, i, param)->wants_grad = false;
    tr->frozen = param;
    return 0;
}

/* Without a gradient a value still shrinks by the decay of weights. */
static void restore_frozen(nd_trainer *tr)
{
    if (tr->frozen < 0) return;
    nd_tensor *p = nd_params_tensor(nd_network_params(tr->network), 0, tr->frozen);
    memcpy(p->data, tr->frozen_values, (size_t)nd_tensor_count(p) * sizeof(float));
}

static int64_t largest(const float *row, int64_t K)
{
    int64_t best = 0;
    for (int64_t k = 1; k < K; k++)
        if (row[k] > row[best]) best = k;
    return best;
}

/* Rows whose largest logit is their target's, or one of their labels'; the share from `from` on. */
static int count_right(const nd_tensor *logits, const step *s, int64_t from)
{
    int64_t K = nd_tensor_width(logits);
    int n = 0;
    for (int64_t r = 0; r < nd_tensor_rows(logits); r++) {
        int64_t best = largest(logits->data + r * K, K);
        n += s->targets ? best == s->targets[from + r] : s->labels[(from + r) * K + best] > 0.5F;
    }
    return n;
}

static nd_tensor *loss_of(const nd_trainer *tr, nd_tape *t, nd_tensor *logits, int64_t from)
{
    const step *s = &tr->now;
    int64_t K = nd_network_size_of(tr->network).K;
    return s->targets
               ? nd_loss_cross_entropy(t, logits, s->targets + from, tr->params.label_smoothing)
               : nd_loss_binary_cross_entropy(t, logits, s->labels + from * K);
}

static nd_pass pass_of(const nd_trainer *tr, int64_t first_item)
{
    return (nd_pass){.record = true,
                     .train = true,
                     .checkpoint = tr->params.checkpoint,
                     .drop_key = tr->params.seed * 0x9E3779B97F4A7C15u + (uint64_t)tr->n_steps,
                     .first_item = first_item,
                     .no_dropout = tr->params.no_dropout};
}

/* Forward and backward of clips from .. from + n - 1. */
static void run_share(nd_trainer *tr, int rank, int64_t from, int64_t n)
{
    const step *s = &tr->now;
    member *m = &tr->members[rank];
    nd_params *params = nd_network_params(tr->network);
    int64_t F = nd_network_size_of(tr->network).F;
    nd_pass pass = pass_of(tr, from);
    nd_tape_begin(m->tape, &pass);
    nd_params_begin(params, rank);
    nd_tensor *x = nd_tape_input(m->tape, 3, (const int64_t[]){n, s->T, F}), *logits = NULL;
    if (x) memcpy(x->data, s->clips + from * s->T * F, (size_t)(n * s->T * F) * sizeof(float));
    nd_network_ops_of(tr->network)
        ->forward(nd_network_state(tr->network), m->tape, params, rank, x, &logits);
    nd_tensor *loss = loss_of(tr, m->tape, logits, from);
    float share = (float)n / (float)s->B;
    m->status = nd_tape_backward(m->tape, loss, share);
    if (m->status) return;
    m->loss = (double)loss->data[0] * (double)share;
    m->n_right = count_right(logits, s, from);
}

static void step_member(void *user, int rank)
{
    nd_trainer *tr = user;
    int64_t from = tr->now.B * rank / tr->n_members, to = tr->now.B * (rank + 1) / tr->n_members;
    run_share(tr, rank, from, to - from);
    nd_adam adam = tr->params.adam;
    adam.rate = (float)tr->now.rate;
    tr->members[rank].grad_norm = nd_adam_step(nd_network_params(tr->network), &adam,
                                               tr->n_steps + 1, tr->team, rank);
}

static int check_step(const nd_trainer *tr, const step *s, nd_diag *diag)
{
    int64_t K = nd_network_size_of(tr->network).K;
    if (s->B < tr->n_members)
        return nd_diag_set(diag, ND_EARG, "training: %d clips a batch or more expected, found %lld",
                           tr->n_members, (long long)s->B);
    for (int64_t i = 0; i < s->B && s->targets; i++)
        if (s->targets[i] < 0 || s->targets[i] >= K)
            return nd_diag_set(diag, ND_EARG, "training: targets below %lld expected, found %d",
                               (long long)K, s->targets[i]);
    for (int64_t i = 0; i < s->B * K && s->labels; i++)
        if (!(s->labels[i] >= 0 && s->labels[i] <= 1))
            return nd_diag_set(diag, ND_EARG, "training: labels of 0 .. 1 expected, found %g",
                               (double)s->labels[i]);
    return 0;
}

/* What the members tell, as one. */
static int gather(const nd_trainer *tr, nd_step_report *out, nd_diag *diag)
{
    int rc = 0;
    nd_step_report report = {.grad_norm = tr->members[0].grad_norm};
    for (int i = 0; i < tr->n_members; i++) {
        if (tr->members[i].status && (!rc || rc == ND_ECANCELLED)) rc = tr->members[i].status;
        report.loss += tr->members[i].loss;
        report.n_right += tr->members[i].n_right;
    }
    if (rc)
        return nd_diag_set(diag, rc, "training on %lld clips a step: %s", (long long)tr->now.B,
                           nd_error_text(rc));
    if (!isfinite(report.grad_norm))
        return nd_diag_set(diag, ND_EFORMAT,
                           "training: a finite gradient expected at step %lld, its length is %g",
                           (long long)tr->n_steps + 1, report.grad_norm);
    *out = report;
    return 0;
}

static int take_step(nd_trainer *tr, const step *s, nd_step_report *report_out, nd_diag *diag)
{
    nd_step_report report;
    int rc = check_step(tr, s, diag);
    if (!rc) rc = nd_network_prepare(tr->network, s->T, false, diag);
    if (rc) return rc;
    tr->now = *s;
    nd_team_run(tr->team, step_member, tr);
    restore_frozen(tr);
    rc = gather(tr, &report, diag);
    if (rc) return rc;
    tr->n_steps++;
    if (report_out) *report_out = report;
    return 0;
}

int nd_trainer_step(nd_trainer *tr, const float *clips, const int32_t *targets, int64_t B,
                    int64_t T, double rate, nd_step_report *report_out, nd_diag *diag)
{
    step s = {.clips = clips, .targets = targets, .B = B, .T = T, .rate = rate};
    return take_step(tr, &s, report_out, diag);
}

int nd_trainer_step_labels(nd_trainer *tr, const float *clips, const float *labels, int64_t B,
                           int64_t T, double rate, nd_step_report *report_out, nd_diag *diag)
{
    step s = {.clips = clips, .labels = labels, .B = B, .T = T, .rate = rate};
    return take_step(tr, &s, report_out, diag);
}

int64_t nd_trainer_steps(const nd_trainer *tr)
{
    return tr->n_steps;
}

int nd_trainer_save(const nd_trainer *tr, const char *path, nd_diag *diag)
{
    return nd_params_write_state(nd_network_params(tr->network), path, tr->n_steps, diag);
}

int nd_trainer_load(nd_trainer *tr, const char *path, nd_diag *diag)
{
    return nd_params_read_state(nd_network_params(tr->network), path, &tr->n_steps, diag);
}

const float *nd_trainer_grad(const nd_trainer *tr, int param)
{
    return nd_params_tensor(nd_network_params(tr->network), 0, param)->grad;
}

size_t nd_trainer_peak_bytes(const nd_trainer *tr)
{
    size_t sum = 0;
    for (int i = 0; i < tr->n_members; i++) sum += nd_tape_peak_bytes(tr->members[i].tape);
    return sum;
}
