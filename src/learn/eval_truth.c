/* What is known of a made corpus, and how far a model climbs: the first track of each query, has it
 * the right tag; then the right family (bag of concepts and pulses); the right order of concepts
 * in it; the right contour and the right level of tempo. */
#include <string.h>
#include <unistd.h>

#include "learn/corpus_internal.h"
#include "learn/eval.h"

/* ---- truth.json ---------------------------------------------------------------------------- */

static int index_truth(nd__eval_truth *t)
{
    static const char *const lists[] = {"tracks", "videos"};
    t->by_id = json_object();
    int bad = !t->by_id;
    for (int k = 0; k < 2; k++) {
        const json_t *list = json_object_get(t->root, lists[k]);
        for (size_t i = 0; i < json_array_size(list) && !bad; i++) {
            json_t *item = json_array_get(list, i);
            const char *id = json_string_value(json_object_get(item, "id"));
            if (id) bad = json_object_set(t->by_id, id, item);
        }
    }
    return bad ? ND_ENOMEM : 0;
}

static int read_truth(nd__eval_truth *t, const char *path, nd_diag *diag)
{
    json_error_t error;
    t->root = json_load_file(path, 0, &error);
    if (!t->root)
        return nd_diag_set(diag, ND_EFORMAT, "reading %s: JSON expected at line %d: %s", path,
                           error.line, error.text);
    return index_truth(t) ? nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", path) : 0;
}

int nd__eval_truth_read(nd__eval_truth *out, const char *dir, nd_diag *diag)
{
    nd__eval_truth t = {0};
    char *path = nd_path_join(dir, "truth.json");
    if (!path) return nd_diag_set(diag, ND_ENOMEM, "reading truth.json: out of memory");
    int rc = access(path, F_OK) ? 0 : read_truth(&t, path, diag);
    free(path);
    if (rc) nd__eval_truth_deinit(&t);
    else *out = t;
    return rc;
}

void nd__eval_truth_deinit(nd__eval_truth *t)
{
    json_decref(t->by_id);
    json_decref(t->root);
    *t = (nd__eval_truth){0};
}

const json_t *nd__eval_truth_of(const nd__eval_truth *t, const char *file_name)
{
    const char *name = nd_path_name(file_name);
    return json_object_getn(t->by_id, name, nd__stem_bytes(name));
}

/* ---- the ladder ------------------------------------------------------------------------------ */

enum { LEVEL_PULSES = 3 };
static const char *const steps[ND_EVAL_N_STEPS] = {"tag", "family", "order", "contour", "level"};
/* Each is asked of those that were right in this one before; -1: of all. */
static const int after[ND_EVAL_N_STEPS] = {-1, 0, 1, 2, 2};

typedef struct facts {
    int of[ND_EVAL_N_STEPS];
} facts;

static int integer_of(const json_t *item, const char *key)
{
    return (int)json_integer_value(json_object_get(item, key));
}

/* @return whether the track is of a family */
static bool read_facts(facts *out, const json_t *item)
{
    for (int s = 0; s < ND_EVAL_N_STEPS; s++) out->of[s] = integer_of(item, steps[s]);
    const json_t *pulse = json_array_get(json_object_get(item, "pulses"), 0);
    out->of[ND_EVAL_N_STEPS - 1] = (int)json_integer_value(pulse) / LEVEL_PULSES;
    return item && json_is_integer(json_object_get(item, "family")) && out->of[1] >= 0;
}

/* Which steps b is right in where a is the truth; a step counts where the one before is right. */
static unsigned right_steps(const facts *a, const facts *b)
{
    unsigned right = 0;
    for (int s = 0; s < ND_EVAL_N_STEPS; s++)
        if ((after[s] < 0 || right & 1u << after[s]) && a->of[s] == b->of[s]) right |= 1u << s;
    return right;
}

static int first_track(const float *scores, int G)
{
    int best = 0;
    for (int j = 1; j < G; j++)
        if (scores[j] > scores[best]) best = j;
    return best;
}

/* Count one track found: a step counts where those before it were right. */
static void count(nd_eval_step *ladder, unsigned right)
{
    for (int s = 0; s < ND_EVAL_N_STEPS; s++) {
        if (after[s] >= 0 && !(right & 1u << after[s])) continue;
        ladder[s].n++;
        ladder[s].n_right += (right >> s) & 1;
    }
}

/* The share of the gallery that is right in each step, of what was right before. */
static void add_chance(double chance[ND_EVAL_N_STEPS], const facts *all, int G, int track)
{
    nd_eval_step by_chance[ND_EVAL_N_STEPS] = {0};
    for (int j = 0; j < G; j++) count(by_chance, right_steps(&all[track], &all[j]));
    for (int s = 0; s < ND_EVAL_N_STEPS; s++) /* n is 1 or more: it has itself */
        chance[s] += (double)by_chance[s].n_right / by_chance[s].n;
}

static void climb(nd_eval_step *ladder, const nd__eval_system *s, const nd__eval_task *task,
                  const facts *all)
{
    const nd__eval_set *set = &task->set;
    double chance[ND_EVAL_N_STEPS] = {0};
    for (int i = 0; i < set->n; i++) {
        int track = set->track_of[i];
        int found = first_track(s->scores + (int64_t)i * set->G, set->G);
        count(ladder, right_steps(&all[track], &all[found]));
        add_chance(chance, all, set->G, track);
    }
    for (int k = 0; k < ND_EVAL_N_STEPS; k++) {
        ladder[k].name = steps[k];
        ladder[k].chance = chance[k] / set->n;
    }
}

int nd__eval_ladder(nd_eval_step *out, int *n_out, const nd__eval_system *s,
                    const nd__eval_task *task, nd_diag *diag)
{
    nd__eval_truth truth = {0};
    int rc = nd__eval_truth_read(&truth, nd_corpus_dir(task->corpus), diag), G = task->set.G;
    facts *all = nd_calloc((size_t)G, sizeof *all);
    bool has_families = truth.root != NULL;
    if (!rc && !all) rc = nd_diag_set(diag, ND_ENOMEM, "evaluating: out of memory");
    for (int j = 0; j < G && !rc && has_families; j++) {
        const char *name = nd_items_name(s->items, task->set.tracks[j]);
        has_families = read_facts(&all[j], nd__eval_truth_of(&truth, name));
    }
    if (!rc && has_families) {
        climb(out, s, task, all);
        *n_out = ND_EVAL_N_STEPS;
    }
    free(all);
    nd__eval_truth_deinit(&truth);
    return rc;
}
