/* How well a network knows files that it has not learnt from. */
#include <math.h>
#include <string.h>

#include "learn/pretrain.h"

static bool has_label(const nd_clip_file *file, int64_t k, bool any)
{
    for (int i = 0; i < (any ? file->n_labels : 1); i++)
        if (file->labels[i] == k) return true;
    return false;
}

static int64_t largest(const double *row, int64_t K)
{
    int64_t best = 0;
    for (int64_t k = 1; k < K; k++)
        if (row[k] > row[best]) best = k;
    return best;
}

/* As nd_loss_cross_entropy of one row. */
static double entropy(const double *z, int64_t K, int32_t target)
{
    int64_t best = largest(z, K);
    double sum = 1; /* the largest's own share */
    for (int64_t k = 0; k < K; k++)
        if (k != best) sum += exp(z[k] - z[best]);
    return z[best] + log(sum) - z[target];
}

/* As nd_loss_binary_cross_entropy of one row. */
static double binary_entropy(const double *z, int64_t K, const nd_clip_file *file)
{
    double sum = 0;
    for (int64_t k = 0; k < K; k++)
        sum += fmax(z[k], 0) + log1p(exp(-fabs(z[k]))) - (has_label(file, k, true) ? z[k] : 0);
    return sum / (double)K;
}

typedef struct {
    double *row;   /* [K] */
    double *means; /* [files, K] of logits over the clips of a file */
    double loss;
    int64_t n_clips_right, n_items_right;
} score;

/* Logits of x->logits, of one file. */
static void add_file(score *s, const nd_pretraining *x, const nd_clip_file *file, double *mean)
{
    int64_t K = x->data.K;
    bool any = x->p.multi_label;
    for (int c = 0; c < file->n_clips; c++) {
        for (int64_t k = 0; k < K; k++) {
            s->row[k] = (double)x->logits[c * K + k];
            mean[k] += s->row[k] / file->n_clips;
        }
        s->loss += any ? binary_entropy(s->row, K, file) : entropy(s->row, K, file->target);
        s->n_clips_right += has_label(file, largest(s->row, K), any);
    }
    s->n_items_right += has_label(file, largest(mean, K), any);
}

static int score_file(score *s, nd_pretraining *x, int index)
{
    const nd_clip_data *d = &x->data;
    const nd_clip_file *file = &d->val.files[index];
    int rc = nd_clip_data_read(x->file_clips, d, file);
    if (rc) return nd_diag_set(x->run.diag, rc, "reading clips of %s/cache", x->dir);
    rc = nd_network_run(x->network, x->file_clips, file->n_clips, d->T, x->embeddings, x->logits,
                        x->p.run.n_threads, NULL, x->run.diag);
    if (!rc) add_file(s, x, file, s->means + index * d->K);
    return rc;
}

/* Mean loss of the files' mean logits times a factor. */
static double loss_at(const score *s, const nd_pretraining *x, double factor)
{
    const nd_clip_files *val = &x->data.val;
    int64_t K = x->data.K;
    double sum = 0;
    for (int i = 0; i < val->n; i++) {
        for (int64_t k = 0; k < K; k++) s->row[k] = factor * s->means[i * K + k];
        sum += x->p.multi_label ? binary_entropy(s->row, K, &val->files[i])
                                : entropy(s->row, K, val->files[i].target);
    }
    return sum / val->n;
}

/* At the best factor of 1/16 .. 4: a network that has come to know its own files is too sure of
 * others, which says nothing of how well it tells them apart. */
static double item_loss(const score *s, const nd_pretraining *x)
{
    double best = INFINITY;
    for (int step = -16; step <= 8; step++) best = fmin(best, loss_at(s, x, exp2(step / 4.0)));
    return best;
}

int nd__pretrain_score(nd_pretraining *x, nd_pretrain_epoch *out)
{
    const nd_clip_files *val = &x->data.val;
    size_t K = (size_t)x->data.K;
    score s = {.row = nd_calloc(((size_t)val->n + 1) * K, sizeof *s.row)};
    if (!s.row)
        return nd_diag_set(x->run.diag, ND_ENOMEM, "validating %s: out of memory", x->report.part);
    s.means = s.row + K;
    int rc = 0;
    for (int i = 0; i < val->n && !rc; i++) rc = score_file(&s, x, i);
    out->val_item_loss = rc ? 0 : item_loss(&s, x);
    free(s.row);
    if (rc) return rc;
    out->val_loss = s.loss / (double)val->n_clips;
    out->val_clip_accuracy = (double)s.n_clips_right / (double)val->n_clips;
    out->val_item_accuracy = (double)s.n_items_right / (double)val->n;
    return 0;
}
