/* What the paper's two tables have in them, and what else is asked of the same systems.
 *
 * Theirs: Mao et al. 2024 and its poster (docs/models.md), in percent; measured on their own
 * collection and on HIMV-200K, neither of which is public with its media. */
#include <string.h>

#include "embed/embed.h"
#include "learn/tables.h"

#define SEPARATE .extractors = "separate"
#define UNIFIED  .extractors = "unified"
#define CBVMR    .model = "cbvmr", .config = "paper-s"
#define CMVAE    .model = "cmvae", .config = "paper-s"
#define PAPER    .model = "ut-cmvmr", .config = "paper-s"
#define OURS     .model = "ut-cmvmr", .config = "recommended", .is_ours = true

static const nd__tables_system collected[] = {
    {"cbvmr-ae", "1 CBVMR AE", CBVMR, .setting = "ae", SEPARATE,
     .theirs = {4.54, 15.69, 27.71, 43.35}},
    {"cmvae-ae", "2 CMVAE AE", CMVAE, .setting = "ae", SEPARATE,
     .theirs = {4.95, 18.00, 29.70, 43.86}},
    {"paper-s-ae", "3 UT-CMVMR AE", PAPER, .setting = "ae", SEPARATE,
     .theirs = {5.13, 19.83, 30.32, 44.80}},
    {"paper-s-a-se", "4 UT-CMVMR A-SE", PAPER, .setting = "a-se", UNIFIED, .against = "paper-s-ae",
     .theirs = {5.18, 22.38, 35.76, 45.50}},
    {"paper-s-se", "5 UT-CMVMR SE", PAPER, .setting = "se", UNIFIED, .against = "paper-s-a-se",
     .theirs = {5.58, 21.02, 35.80, 46.11}},
    {"paper-s-se+r", "6 UT-CMVMR SE+R", PAPER, .setting = "se+r", UNIFIED, .against = "paper-s-se",
     .theirs = {8.82, 22.92, 36.28, 53.82}},
    {"recommended-se+r", "ours SE+R", OURS, .setting = "se+r", UNIFIED, .is_alone = true},
};

static const nd__tables_versus collected_versus[] = {
    {"framework", "3 - 1 framework, over CBVMR", "paper-s-ae", "cbvmr-ae",
     "paper-s-ae.over-cbvmr-ae"},
    {"framework", "3 - 2 framework, over CMVAE", "paper-s-ae", "cmvae-ae",
     "paper-s-ae.over-cmvae-ae"},
    {"tag set", "4 - 1 tag set, over CBVMR", "paper-s-a-se", "cbvmr-ae",
     "paper-s-a-se.over-cbvmr-ae"},
    {"tag set", "4 - 2 tag set, over CMVAE", "paper-s-a-se", "cmvae-ae",
     "paper-s-a-se.over-cmvae-ae"},
    {"tag set", "4 - 3 tag set, over AE", "paper-s-a-se", "paper-s-ae", "paper-s-a-se"},
    {"order", "5 - 4 order, over A-SE", "paper-s-se", "paper-s-a-se", "paper-s-se"},
    {"rhythm", "6 - 5 rhythm, over SE", "paper-s-se+r", "paper-s-se", "paper-s-se+r"},
    {"ours", "ours - 6, SE+R", "recommended-se+r", "paper-s-se+r", "recommended-se+r.over-paper"},
};

static const nd__tables_system himv[] = {
    {"cbvmr-ae", "CBVMR AE", CBVMR, .setting = "ae", SEPARATE,
     .theirs = {3.40, 5.20, 15.30, 22.70}},
    {"cbvmr-se+r", "CBVMR SE+R", CBVMR, .setting = "se+r", UNIFIED,
     .theirs = {5.20, 7.10, 18.20, 29.10}},
    {"cmvae-ae", "CMVAE AE", CMVAE, .setting = "ae", SEPARATE,
     .theirs = {4.70, 9.10, 17.00, 41.20}},
    {"cmvae-se+r", "CMVAE SE+R", CMVAE, .setting = "se+r", UNIFIED,
     .theirs = {6.10, 11.80, 20.40, 44.00}},
    {"paper-s-ae", "UT-CMVMR AE", PAPER, .setting = "ae", SEPARATE,
     .theirs = {9.70, 13.90, 21.30, 45.90}},
    {"paper-s-se+r", "UT-CMVMR SE+R", PAPER, .setting = "se+r", UNIFIED, .is_alone = true,
     .theirs = {10.80, 28.10, 36.50, 51.60}},
    {"recommended-se+r", "ours SE+R", OURS, .setting = "se+r", UNIFIED, .is_alone = true},
};

static const nd__tables_versus himv_versus[] = {
    {"framework", "framework AE, over CBVMR", "paper-s-ae", "cbvmr-ae", "paper-s-ae.over-cbvmr-ae"},
    {"framework", "framework AE, over CMVAE", "paper-s-ae", "cmvae-ae", "paper-s-ae.over-cmvae-ae"},
    {"framework", "framework SE+R, over CBVMR", "paper-s-se+r", "cbvmr-se+r",
     "paper-s-se+r.over-cbvmr-se+r"},
    {"framework", "framework SE+R, over CMVAE", "paper-s-se+r", "cmvae-se+r",
     "paper-s-se+r.over-cmvae-se+r"},
    {"both", "CBVMR SE+R over AE", "cbvmr-se+r", "cbvmr-ae", "cbvmr-se+r.over-cbvmr-ae"},
    {"both", "CMVAE SE+R over AE", "cmvae-se+r", "cmvae-ae", "cmvae-se+r.over-cmvae-ae"},
    {"both", "UT-CMVMR SE+R over AE", "paper-s-se+r", "paper-s-ae", "paper-s-se+r.over-paper-s-ae"},
    {"ours", "ours over UT-CMVMR, SE+R", "recommended-se+r", "paper-s-se+r",
     "recommended-se+r.over-paper"},
};

static const nd__tables_set sets[ND_N_TABLES] = {
    [ND_TABLE_COLLECTED] = {collected, collected_versus, ND_COUNT(collected),
                            ND_COUNT(collected_versus)},
    [ND_TABLE_HIMV] = {himv, himv_versus, ND_COUNT(himv), ND_COUNT(himv_versus)},
};

const char *nd_table_name(nd_table table)
{
    static const char *const names[ND_N_TABLES] = {"collected", "himv"};
    return (int)table >= 0 && table < ND_N_TABLES ? names[table] : "";
}

const nd__tables_set *nd__tables_set_of(nd_table table)
{
    return &sets[table];
}

const nd__tables_system *nd__tables_find(const nd__tables_set *set, const char *name)
{
    int i = 0;
    while (i < set->n_systems && strcmp(set->systems[i].name, name)) i++;
    ND_ASSERT(i < set->n_systems);
    return &set->systems[i];
}

/* ---- ablations ----------------------------------------------------------------------- */

static nd__tables_part part_of(const nd__tables_system *base, const char *what, const char *words)
{
    nd__tables_part p = {.base = base};
    snprintf(p.name, sizeof p.name, "%s.%s", base->name, what);
    snprintf(p.without, sizeof p.without, "%s", words);
    return p;
}

/* Each loss that the base learns by. The widths of clips do not matter here. */
static int list_losses(nd__tables_part *out, const nd__tables_system *base)
{
    const nd_matcher_ops *ops = nd_matcher_find(base->model);
    nd_matcher *m = NULL;
    json_t *config = ops->preset(base->config, base->setting, 16, 16, 16);
    int n = 0, rc = config ? nd_matcher_create(&m, config, NULL) : ND_ENOMEM;
    json_decref(config);
    if (rc) return -1;
    const struct nd_matcher_loss *losses = nd_matcher_ops_of(m)->losses;
    for (int i = 0; losses[i].name; i++) {
        char what[32];
        if (!(nd_matcher_weights(m)[i] > 0)) continue;
        snprintf(what, sizeof what, "no-%s", losses[i].name);
        out[n] = part_of(base, what, losses[i].name);
        snprintf(out[n++].loss, sizeof out->loss, "%s", losses[i].name);
    }
    nd_matcher_destroy(&m);
    return n;
}

int nd__tables_parts(nd__tables_part *out, const nd__tables_set *set)
{
    const nd__tables_system *ours = nd__tables_find(set, "recommended-se+r");
    const nd__tables_system *paper = nd__tables_find(set, "paper-s-se+r");
    int n = list_losses(out, ours);
    if (n < 0) return -1;
    out[n] = part_of(ours, "no-rerank", "cross-attention: the pair scorer");
    out[n++].no_pair = true;
    int more = list_losses(out + n, paper);
    if (more < 0) return -1;
    n += more;
    out[n] = part_of(paper, "no-cross", "cross-attention");
    out[n++].no_cross = true;
    return n;
}
