/* CMVAE: configurations that are wrong; rows, texts and losses against PyTorch, gradients against
 * finite differences; that experts left out of the drawing say nothing; and that it learns, to the
 * same bytes each time. */
#include "baseline.h"

extern const nd_matcher_ops nd_matcher_cmvae;
static const nd_matcher_ops *const ops = &nd_matcher_cmvae;
static const char tiny[] = "{\"hidden\": 10, \"latent\": 6}";

static void check_configurations(void)
{
    static const wrong_config wrong[] = {
        {"an unknown setting", "{\"model\": \"cmvae\", \"setting\": \"a-se\"}", "setting"},
        {"no clips of music", "{\"model\": \"cmvae\", \"music_dim\": 0}", "music_dim"},
        {"clips too wide", "{\"model\": \"cmvae\", \"video_dim\": 4001}", "video_dim"},
        {"texts of less than nothing", "{\"model\": \"cmvae\", \"text_dim\": -1}", "text_dim"},
        {"no hidden layer", "{\"model\": \"cmvae\", \"hidden\": 0}", "hidden"},
        {"too wide a latent space", "{\"model\": \"cmvae\", \"latent\": 4001}", "latent"},
        {"a text for a number", "{\"model\": \"cmvae\", \"latent\": \"deep\"}", "latent"},
        {"dropout of everything", "{\"model\": \"cmvae\", \"dropout\": 1}", "dropout"},
        {"momentum below 0", "{\"model\": \"cmvae\", \"momentum\": -1}", "momentum"},
        {"a margin that no cosine has", "{\"model\": \"cmvae\", \"margin\": 3}", "margin"},
        {"a warm-up past the end", "{\"model\": \"cmvae\", \"warm_up\": 2}", "warm_up"},
        {"fewer than no negatives", "{\"model\": \"cmvae\", \"inter_topk\": -1}", "inter_topk"},
        {"a loss that it has not", "{\"model\": \"cmvae\", \"losses\": {\"av\": 1}}", "losses"},
    };
    check_wrong_configs(wrong, ND_COUNT(wrong), create_matcher, "match");
    check_presets(ops);
}

static double kl_at(model *m, batch *b, double progress)
{
    enum { KL = 3 };
    b->pairs.progress = progress;
    return loss_alone(m, b, KL);
}

static void check_warm_up(void)
{
    static batch b;
    model m;
    batch_init(&b);
    model_init(&m, ops, "ae", tiny);
    double none = kl_at(&m, &b, 0), half = kl_at(&m, &b, 0.25), all = kl_at(&m, &b, 0.5);
    CHECK("kl counts nothing at first", none == 0, "%g", none);
    CHECK_NEAR("half of it after half the warm-up", half, all / 2, 1e-6);
    CHECK_NEAR("and no more than all", kl_at(&m, &b, 1), all, 1e-9);
    model_deinit(&m);
}

/* Another key draws other noise; the same one the same. */
static void check_key(void)
{
    enum { GEN_M = 0 };
    static batch b;
    model m;
    batch_init(&b);
    model_init(&m, ops, "ae", tiny);
    double one = loss_alone(&m, &b, GEN_M), again = loss_alone(&m, &b, GEN_M);
    b.pairs.key++;
    double other = loss_alone(&m, &b, GEN_M);
    CHECK("one key, one noise", one == again, "%g, %g", one, again);
    CHECK("another key, another noise", one != other, "%g", one);
    model_deinit(&m);
}

/* Without texts there is no whole to compare them with. */
static void check_without_texts(void)
{
    static batch b;
    model m;
    nd_joint joint = {0};
    batch_init(&b);
    model_init(&m, ops, "ae", "{\"text_dim\": 0}");
    nd_tape_begin(m.t, &(nd_pass){0});
    int rc = ops->embed(m.state, m.t, m.params, 0, b.items[0], N, &joint);
    nd_matcher_size size = ops->size(m.state);
    CHECK("a model without texts", !rc && !joint.whole && !size.U && !size.E, "%d", rc);
    model_deinit(&m);
}

int main(void)
{
    nd_gemm_threads(1);
    check_configurations();
    check_warm_up();
    check_key();
    check_without_texts();
    check_reference(ops, tiny);
    check_gradients(ops, tiny);
    check_edges(ops, tiny);
    check_learning(ops, "{\"latent\": 16}", (const double[]){0.2, 0.5});
    TEST_END();
}
