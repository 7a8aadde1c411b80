/* Counting which tags come together. Twos of tags are gathered in a list that is sorted and
 * summed whenever it has doubled, so that memory goes with the distinct twos. */
#include <math.h>
#include <string.h>

#include "learn/tag_svd.h"

typedef struct {
    uint64_t where; /* row, column */
    uint64_t count;
} cell;

typedef struct {
    cell *cells;
    size_t n, capacity, n_next; /* summed again when n reaches n_next */
} cell_list;

enum { FIRST_SUM = 1 << 20 };

static int by_where(const void *a, const void *b)
{
    const cell *x = a, *y = b;
    return x->where < y->where ? -1 : x->where > y->where;
}

static void sum_cells(cell_list *l)
{
    if (!l->n) return;
    qsort(l->cells, l->n, sizeof *l->cells, by_where);
    size_t n = 0;
    for (size_t i = 1; i < l->n; i++) {
        if (l->cells[i].where == l->cells[n].where) l->cells[n].count += l->cells[i].count;
        else l->cells[++n] = l->cells[i];
    }
    l->n = n + 1;
    l->n_next = ND_MAX(2 * l->n, (size_t)FIRST_SUM);
}

static int add_cell(cell_list *l, int row, int col)
{
    if (l->n >= ND_MAX(l->n_next, (size_t)FIRST_SUM)) sum_cells(l);
    if (nd_grow(&l->cells, &l->capacity, l->n, 1, sizeof *l->cells)) return ND_ENOMEM;
    l->cells[l->n++] = (cell){(uint64_t)row << 32 | (uint64_t)col, 1};
    return 0;
}

static int count_cells(cell_list *l, const nd_tag_lists *pairs)
{
    for (int p = 0; p < pairs->n; p++) {
        const int32_t *tags = pairs->values + pairs->first[p];
        int n = (int)ND_MIN(pairs->first[p + 1] - pairs->first[p], ND_PPMI_MAX_TAGS);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                if (i != j && add_cell(l, tags[i], tags[j])) return ND_ENOMEM;
    }
    sum_cells(l);
    return 0;
}

/* Counts into logarithms, what is above 0 kept. */
static void fill(nd_sparse *out, const cell_list *l, const double *row_sum, double total)
{
    int64_t used = 0;
    int row = 0;
    for (size_t i = 0; i < l->n; i++) {
        int r = (int)(l->cells[i].where >> 32), c = (int)(l->cells[i].where & 0xFFFFFFFF);
        double information = log((double)l->cells[i].count * total / (row_sum[r] * row_sum[c]));
        for (; row < r; row++) out->first[row + 1] = used;
        if (information <= 0) continue;
        out->col[used] = c;
        out->value[used++] = (float)information;
    }
    for (; row < out->n; row++) out->first[row + 1] = used;
}

int nd_ppmi(nd_sparse *out, const nd_tag_lists *pairs, int n_tags)
{
    cell_list l = {0};
    double total = 0, *row_sum = nd_calloc((size_t)n_tags, sizeof *row_sum);
    int rc = row_sum ? count_cells(&l, pairs) : ND_ENOMEM;
    nd_sparse m = {.n = n_tags,
                   .first = nd_calloc((size_t)n_tags + 1, sizeof *m.first),
                   .col = nd_calloc(l.n, sizeof *m.col),
                   .value = nd_calloc(l.n, sizeof *m.value)};
    if (!rc && (!m.first || !m.col || !m.value)) rc = ND_ENOMEM;
    for (size_t i = 0; i < l.n && !rc; i++) {
        row_sum[l.cells[i].where >> 32] += (double)l.cells[i].count;
        total += (double)l.cells[i].count;
    }
    if (!rc) fill(&m, &l, row_sum, total);
    if (rc) nd_sparse_deinit(&m);
    else *out = m;
    free(l.cells);
    free(row_sum);
    return rc;
}

void nd_sparse_deinit(nd_sparse *m)
{
    free(m->first);
    free(m->col);
    free(m->value);
    *m = (nd_sparse){0};
}
