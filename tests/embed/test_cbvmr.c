/* CBVMR: configurations that are wrong, tracks without statistics; rows and losses against PyTorch,
 * gradients against finite differences; and that it learns, to the same bytes each time. */
#include "baseline.h"

extern const nd_matcher_ops nd_matcher_cbvmr;
static const nd_matcher_ops *const ops = &nd_matcher_cbvmr;
static const char tiny[] = "{\"music_hidden\": 10, \"music_hidden_2\": 8, \"video_hidden\": 9, "
                           "\"rows\": 6, \"statistics_dim\": 9}";

static void check_configurations(void)
{
    static const wrong_config wrong[] = {
        {"an unknown setting", "{\"model\": \"cbvmr\", \"setting\": \"se\"}", "setting"},
        {"a setting that is a number", "{\"model\": \"cbvmr\", \"setting\": 1}", "setting"},
        {"no clips", "{\"model\": \"cbvmr\", \"music_dim\": 0}", "music_dim"},
        {"clips too wide to be a video's statistics", "{\"model\": \"cbvmr\", \"video_dim\": 1334}",
         "video_dim"},
        {"clips too wide for a sequence",
         "{\"model\": \"cbvmr\", \"setting\": \"se+r\", \"video_dim\": 4001}", "video_dim"},
        {"no statistics", "{\"model\": \"cbvmr\", \"statistics_dim\": 0}", "statistics_dim"},
        {"no hidden layer", "{\"model\": \"cbvmr\", \"music_hidden\": 0}", "music_hidden"},
        {"too wide a layer", "{\"model\": \"cbvmr\", \"music_hidden_2\": 4001}", "music_hidden_2"},
        {"a text for a number", "{\"model\": \"cbvmr\", \"video_hidden\": \"big\"}",
         "video_hidden"},
        {"no rows", "{\"model\": \"cbvmr\", \"rows\": -1}", "rows"},
        {"nothing is kept", "{\"model\": \"cbvmr\", \"keep_prob\": 0}", "keep_prob"},
        {"momentum of more than all", "{\"model\": \"cbvmr\", \"momentum\": 1.5}", "momentum"},
        {"a margin below 0", "{\"model\": \"cbvmr\", \"margin\": -0.1}", "margin"},
        {"fewer than no negatives", "{\"model\": \"cbvmr\", \"inter_topk\": -1}", "inter_topk"},
        {"a loss that it has not", "{\"model\": \"cbvmr\", \"losses\": {\"kl\": 1}}", "losses"},
    };
    check_wrong_configs(wrong, ND_COUNT(wrong), create_matcher, "match");
    check_presets(ops);
}

/* @return what is told when track 2 has the statistics given */
static int embed_with(const float *statistics, int n)
{
    static batch b;
    model m;
    nd_joint joint = {0};
    batch_init(&b);
    b.items[0][2].statistics = statistics;
    b.items[0][2].S = n;
    model_init(&m, ops, "ae", tiny);
    nd_tape_begin(m.t, &(nd_pass){0});
    int rc = ops->embed(m.state, m.t, m.params, 0, b.items[0], N, &joint);
    int status = nd_tape_status(m.t);
    ND_ASSERT(!rc || (!joint.rows && !joint.whole));
    model_deinit(&m);
    return rc ? status : 0;
}

static void check_statistics(void)
{
    static const float some[S];
    int none = embed_with(NULL, 0), other = embed_with(some, S - 1), right = embed_with(some, S);
    CHECK("a track without statistics", none == ND_ENOTFOUND, "%d", none);
    CHECK("a track with others", other == ND_EFORMAT, "%d", other);
    CHECK("a track with its own", !right, "%d", right);
}

int main(void)
{
    nd_gemm_threads(1);
    check_configurations();
    check_statistics();
    check_reference(ops, tiny);
    check_gradients(ops, tiny);
    check_edges(ops, tiny);
    check_learning(ops, "{\"statistics_dim\": 9}", (const double[]){0.5, 0.5});
    TEST_END();
}
