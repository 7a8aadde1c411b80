/* The figures of a table out of what eval wrote for each seed. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "learn/tables.h"

enum { MAX_JSON_BYTES = 16 << 20 };

/* What reading fills. */
typedef struct {
    nd__tables *t;
    nd_tables_report *r;
    nd_str missing;
    int rc; /* ND_ENOMEM */
} reader;

/* ---- figures ------------------------------------------------------------------------- */

nd_tables_figure nd__tables_figure_of(const nd_estimate *estimates, int n)
{
    nd_tables_figure f = {.deviation = NAN};
    double squares = 0;
    for (int i = 0; i < n; i++) {
        f.mean += estimates[i].value / n;
        f.lo += estimates[i].lo / n;
        f.hi += estimates[i].hi / n;
    }
    for (int i = 0; i < n; i++)
        squares += (estimates[i].value - f.mean) * (estimates[i].value - f.mean);
    if (n > 1) f.deviation = sqrt(squares / (n - 1));
    return f;
}

/* Recalls of one row of one seed. */
typedef struct {
    nd_estimate recall[ND_EVAL_N_CUTS];
} seed_row;

/* Rows of all seeds that have one. */
static void sum_up(nd_tables_figure out[ND_EVAL_N_CUTS], const seed_row *rows, int n)
{
    for (int c = 0; c < ND_EVAL_N_CUTS && n; c++) {
        nd_estimate estimates[ND__TABLES_MAX_SEEDS];
        ND_ASSERT(n <= (int)ND_COUNT(estimates));
        for (int i = 0; i < n; i++) estimates[i] = rows[i].recall[c];
        out[c] = nd__tables_figure_of(estimates, n);
    }
}

/* ---- one file ------------------------------------------------------------------------ */

static void miss(reader *x, const char *path, const char *why)
{
    nd_str_append(&x->missing, "%s: %s\n", path, why);
}

/* The test split must be the same everywhere. @return what is amiss; NULL: nothing */
static const char *check_report(reader *x, const json_t *json)
{
    int videos = 0, tracks = 0;
    if (json_unpack((json_t *)(uintptr_t)json, "{s:i, s:i, s:o}", "videos", &videos, "tracks",
                    &tracks, "rows", &(json_t *){NULL}) ||
        videos < 1 || tracks < 1)
        return "a report of needledrop eval --json expected";
    if (!x->r->n_videos) {
        x->r->n_videos = videos;
        x->r->n_tracks = tracks;
    }
    return videos == x->r->n_videos && tracks == x->r->n_tracks
               ? NULL
               : "measured on another test split than the others";
}

static json_t *parse_file(const char *path)
{
    nd_bytes bytes = {0};
    json_t *json = NULL;
    if (!nd_file_read(&bytes, path, MAX_JSON_BYTES, NULL))
        json = json_loadb((const char *)bytes.data, bytes.n, 0, NULL);
    nd_bytes_deinit(&bytes);
    return json;
}

/* Of a report that is not to be had: all, or only where it is there. */
typedef enum { TELL_NOTHING, TELL_DAMAGE, TELL } how_told;

/* NAME.json of a seed. @return NULL: not to be had */
static json_t *read_report(reader *x, int seed, const char *name, how_told told)
{
    char product[160];
    nd__tables_product(product, x->t, seed, name, "json");
    char *path = nd__tables_path(x->t, product);
    if (!path) return x->rc = ND_ENOMEM, NULL;
    bool is_there = !access(path, F_OK);
    json_t *json = is_there ? parse_file(path) : NULL;
    const char *why = !is_there ? "not made yet" : !json ? "JSON expected" : check_report(x, json);
    if (why && (told == TELL || (told == TELL_DAMAGE && is_there))) miss(x, product, why);
    free(path);
    if (!why) return json;
    json_decref(json);
    return NULL;
}

/* The row of a list by its tags and whether it is reranked; NULL: none. */
static json_t *find_row(const json_t *report, const char *list, const char *tags, bool reranked)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(report, list), i, row)
    {
        const char *its = json_string_value(json_object_get(row, "tags"));
        if (its && !strcmp(its, tags) && json_is_true(json_object_get(row, "rerank")) == reranked)
            return row;
    }
    return NULL;
}

static double number(const json_t *o, const char *form, int cut)
{
    char key[32];
    snprintf(key, sizeof key, form, cut);
    const json_t *value = json_object_get(o, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* @return whether all figures are there */
static bool read_row(seed_row *out, const json_t *row)
{
    const json_t *found = json_object_get(row, "video_to_music");
    bool is_whole = true;
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) {
        char key[32];
        nd_estimate e = {number(found, "recall_%d", nd_eval_cut(c)), NAN, NAN};
        snprintf(key, sizeof key, "recall_%d_interval", nd_eval_cut(c));
        const json_t *ends = json_object_get(found, key);
        if (json_array_size(ends) == 2) {
            e.lo = json_number_value(json_array_get(ends, 0));
            e.hi = json_number_value(json_array_get(ends, 1));
        }
        out->recall[c] = e;
        is_whole &= isfinite(e.value) && isfinite(e.lo) && isfinite(e.hi);
    }
    return is_whole;
}

/* Add the row of a seed where it is there and whole. */
static void add_row(seed_row *rows, int *n, const json_t *report, const char *list,
                    const char *tags, bool reranked)
{
    const json_t *row = find_row(report, list, tags, reranked);
    if (row && read_row(&rows[*n], row)) ++*n;
}

/* ---- systems ------------------------------------------------------------------------- */

/* What is the same for all systems: chance, and what the true tag finds alone. */
static void read_common(reader *x, const json_t *report)
{
    const json_t *plain = json_object_get(find_row(report, "rows", "none", false),
                                          "video_to_music");
    const json_t *tag = json_object_get(find_row(report, "rows", "true", false), "tags_alone");
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) {
        double chance = number(plain, "recall_%d_chance", nd_eval_cut(c));
        double alone = number(tag, "recall_%d", nd_eval_cut(c));
        if (isfinite(chance)) x->r->chance[c] = chance;
        if (isfinite(alone)) x->r->tag_alone[c] = alone;
    }
}

static json_t *read_own_report(reader *x, int seed, const nd__tables_system *system)
{
    char plain[96];
    json_t *report = read_report(x, seed, system->name, system->is_alone ? TELL_DAMAGE : TELL);
    if (report || !system->is_alone) return report;
    snprintf(plain, sizeof plain, "%s.plain", system->name);
    return read_report(x, seed, plain, TELL);
}

static nd_tables_row *new_row(reader *x, const nd__tables_system *system, bool reranked)
{
    nd_tables_row *row = &x->r->rows[x->r->n_rows++];
    *row = (nd_tables_row){.is_ours = system->is_ours, .is_reranked = reranked};
    snprintf(row->name, sizeof row->name, "%s", system->name);
    snprintf(row->label, sizeof row->label, "%s%s", system->label, reranked ? ", reranked" : "");
    for (int c = 0; c < ND_EVAL_N_CUTS; c++)
        row->theirs[c] = system->theirs[0] > 0 && !reranked ? system->theirs[c] / 100 : NAN;
    return row;
}

/* Rows of a system: as it is, and ours as its pair scorer orders them, too. */
static void read_system(reader *x, const nd__tables_system *system)
{
    enum { PLAIN, TAGGED, RERANKED, KINDS };
    seed_row rows[KINDS][ND__TABLES_MAX_SEEDS];
    int n[KINDS] = {0};
    for (int seed = 1; seed <= x->t->p.n_seeds; seed++) {
        json_t *report = read_own_report(x, seed, system);
        if (!report) continue;
        read_common(x, report);
        add_row(rows[PLAIN], &n[PLAIN], report, "rows", "none", false);
        add_row(rows[TAGGED], &n[TAGGED], report, "rows", "true", false);
        add_row(rows[RERANKED], &n[RERANKED], report, "rows", "none", true);
        json_decref(report);
    }
    nd_tables_row *row = new_row(x, system, false);
    row->n_seeds = n[PLAIN];
    row->has_tagged = n[TAGGED] > 0;
    sum_up(row->recall, rows[PLAIN], n[PLAIN]);
    sum_up(row->tagged, rows[TAGGED], n[TAGGED]);
    if (!system->is_ours) return;
    row = new_row(x, system, true);
    row->n_seeds = n[RERANKED];
    sum_up(row->recall, rows[RERANKED], n[RERANKED]);
}

/* ---- differences --------------------------------------------------------------------- */

/* Of a question, or reranked; nothing is added where no seed has it reranked. */
static void add_difference(reader *x, const nd__tables_versus *v, const seed_row *rows, int n,
                           bool reranked)
{
    if (reranked && !n) return;
    nd_tables_difference *d = &x->r->differences[x->r->n_differences++];
    *d = (nd_tables_difference){.question = v->question, .is_reranked = reranked, .n_seeds = n};
    snprintf(d->label, sizeof d->label, "%s%s", v->label, reranked ? ", reranked" : "");
    sum_up(d->recall, rows, n);
}

static void read_question(reader *x, const nd__tables_versus *v)
{
    seed_row rows[2][ND__TABLES_MAX_SEEDS];
    int n[2] = {0};
    for (int seed = 1; seed <= x->t->p.n_seeds; seed++) {
        json_t *report = read_report(x, seed, v->file, strcmp(v->file, v->a) ? TELL : TELL_NOTHING);
        for (int reranked = 0; reranked < 2; reranked++)
            add_row(rows[reranked], &n[reranked], report, "differences", "none", reranked);
        json_decref(report);
    }
    for (int reranked = 0; reranked < 2; reranked++)
        add_difference(x, v, rows[reranked], n[reranked], reranked);
}

/* ---- ablations ----------------------------------------------------------------------- */

/* With a part, minus without it, of the same minus the other way round. */
static void turn(seed_row *rows, int n)
{
    for (int i = 0; i < n; i++)
        for (int c = 0; c < ND_EVAL_N_CUTS; c++) {
            nd_estimate *e = &rows[i].recall[c];
            *e = (nd_estimate){-e->value + 0.0, -e->hi + 0.0, -e->lo + 0.0};
        }
}

/* A row of a part: without or with the pair scorer. */
static void read_part_rows(reader *x, const nd__tables_part *part, bool reranked)
{
    seed_row rows[ND__TABLES_MAX_SEEDS], worth[ND__TABLES_MAX_SEEDS];
    int n = 0, n_worth = 0;
    for (int seed = 1; seed <= x->t->p.n_ablation_seeds; seed++) {
        json_t *report = read_report(x, seed, part->name,
                                     reranked && !part->no_pair ? TELL_NOTHING : TELL);
        add_row(rows, &n, report, "rows", "none", reranked && !part->no_pair);
        add_row(worth, &n_worth, report, "differences", "none", reranked);
        json_decref(report);
    }
    if (reranked && (!n || !n_worth)) return;
    if (!part->no_pair) turn(worth, n_worth);
    nd_tables_ablation *a = &x->r->ablations[x->r->n_ablations++];
    *a = (nd_tables_ablation){.is_reranked = reranked && !part->no_pair,
                              .n_seeds = ND_MIN(n, n_worth)};
    snprintf(a->name, sizeof a->name, "%s", part->name);
    snprintf(a->without, sizeof a->without, "%s", part->without);
    snprintf(a->base, sizeof a->base, "%s", part->base->name);
    if (!a->n_seeds) return;
    sum_up(a->recall, rows, n);
    sum_up(a->worth, worth, n_worth);
}

/* The pair scorer's own part is a difference of reranked against not; the other has no meaning. */
static void read_part(reader *x, const nd__tables_part *part)
{
    if (!part->no_pair) read_part_rows(x, part, false);
    read_part_rows(x, part, true);
}

/* ---- all of it ----------------------------------------------------------------------- */

static int make_room(reader *x)
{
    nd_tables_report *r = x->r;
    const nd__tables *t = x->t;
    r->rows = nd_calloc(2 * (size_t)t->set->n_systems, sizeof *r->rows);
    r->differences = nd_calloc(2 * (size_t)t->set->n_versus, sizeof *r->differences);
    r->ablations = nd_calloc(2 * (size_t)t->n_parts, sizeof *r->ablations);
    return r->rows && r->differences && r->ablations ? 0 : ND_ENOMEM;
}

static void name_report(nd_tables_report *r, nd__tables *t)
{
    r->corpus = strdup(t->dir);
    r->models = t->models;
    t->models = NULL;
    r->table = t->p.table;
    r->n_seeds = t->p.n_seeds;
    r->n_ablation_seeds = t->p.n_ablation_seeds;
}

static int read_all(reader *x)
{
    nd_tables_report *r = x->r;
    nd__tables *t = x->t;
    int rc = make_room(x);
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) r->chance[c] = r->tag_alone[c] = NAN;
    for (int i = 0; i < t->set->n_systems && !rc; i++) read_system(x, &t->set->systems[i]);
    for (int i = 0; i < t->set->n_versus && !rc; i++) read_question(x, &t->set->versus[i]);
    for (int i = 0; i < t->n_parts && !rc && t->p.n_ablation_seeds; i++) read_part(x, &t->parts[i]);
    if (t->impossible.n) nd_str_append(&x->missing, "%s", t->impossible.text);
    if (!rc) rc = x->rc ? x->rc : x->missing.failed || t->impossible.failed ? ND_ENOMEM : 0;
    if (!rc && x->missing.n) r->missing = nd_str_take(&x->missing);
    name_report(r, t);
    return rc || (r->corpus && (r->missing || !x->missing.n)) ? rc : ND_ENOMEM;
}

int nd_tables_read(nd_tables_report *report_out, const char *dir, const nd_tables_params *params,
                   nd_diag *diag)
{
    nd__tables t = {0};
    nd_tables_report report = {0};
    reader x = {.t = &t, .r = &report};
    int rc = nd__tables_open(&t, dir, params, diag);
    if (!rc && (rc = read_all(&x)))
        nd_diag_set(diag, rc, "reading the table of %s: out of memory", dir);
    nd_str_deinit(&x.missing);
    nd__tables_close(&t);
    if (!rc) *report_out = report;
    else nd_tables_report_deinit(&report);
    return rc;
}

void nd_tables_report_deinit(nd_tables_report *report)
{
    free(report->corpus);
    free(report->models);
    free(report->rows);
    free(report->differences);
    free(report->ablations);
    free(report->missing);
    *report = (nd_tables_report){0};
}
