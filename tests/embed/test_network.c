/* Configurations that lie, and networks of every size by name. */
#include "wrong_config.h"

static const wrong_config wrong[] = {
    {"not an object", "[1]", "object"},
    {"no such kind", "{\"model\": \"transformer\"}", "transformer"},
    {"kind is a number", "{\"model\": 3}", "model"},
    {"input too narrow", "{\"input_dim\": 6}", "input_dim"},
    {"negative width", "{\"encoder_dim\": -1}", "encoder_dim"},
    {"width of text", "{\"encoder_dim\": \"wide\"}", "encoder_dim"},
    {"width with a fraction", "{\"encoder_dim\": 64.5}", "encoder_dim"},
    {"width over all bounds", "{\"encoder_dim\": 9223372036854775807}", "encoder_dim"},
    {"no layers", "{\"num_encoder_layers\": 0}", "num_encoder_layers"},
    {"too many layers", "{\"num_encoder_layers\": 65}", "num_encoder_layers"},
    {"heads that do not divide", "{\"num_attention_heads\": 7}", "num_attention_heads"},
    {"an even kernel", "{\"conv_kernel_size\": 30}", "conv_kernel_size"},
    {"another expansion", "{\"conv_expansion_factor\": 3}", "conv_expansion_factor"},
    {"dropout of everything", "{\"input_dropout\": 1}", "input_dropout"},
    {"dropout of text", "{\"conv_dropout\": \"x\"}", "conv_dropout"},
    {"negative classes", "{\"num_classes\": -5}", "num_classes"},
    {"no such positions", "{\"positions\": \"rotary\"}", "positions"},
    {"no such layout", "{\"layout\": \"columns\"}", "layout"},
};

/* A configuration that claims 270 GB of parameters, over a file that has none. */
static void test_claims(void)
{
    static const char bytes[] = "\2\0\0\0\0\0\0\0{}";
    json_t *config = json_pack("{s:i, s:i}", "encoder_dim", 4000, "num_classes", 1 << 24);
    nd_safetensors *file = NULL;
    nd_network *n = NULL;
    nd_diag diag = {0};
    ND_ASSERT(config && !nd_safetensors_parse(&file, bytes, sizeof bytes - 1, "none", NULL));
    int rc = nd_network_read(&n, config, "music", file, "music.", &diag);
    CHECK("what a file does not hold is not allocated",
          rc == ND_ENOTFOUND && strstr(diag.text, "music.encoder."), "%d, %s", rc, diag.text);
    nd_safetensors_close(&file);
    json_decref(config);
}

/* Parameters as models.md 1.3 counts them, with 663 classes. */
static void test_presets(void)
{
    static const struct {
        const char *preset, *feature, *part;
        double millions;
    } sizes[] = {{"paper", "fbank", "music", 45.6}, {"paper", "frames", "video", 31.3}};
    for (size_t i = 0; i < ND_COUNT(sizes); i++) {
        json_t *config = nd_network_preset(NULL, sizes[i].preset, sizes[i].feature, 663);
        nd_network *n = NULL;
        ND_ASSERT(config && !nd_network_create(&n, config, sizes[i].part, NULL));
        double found = (double)nd_params_size(nd_network_params(n)) / 1e6;
        CHECK(sizes[i].feature, fabs(found - sizes[i].millions) < 0.06, "%.2f million", found);
        CHECK("feature_of_part", !strcmp(nd_network_feature(n), sizes[i].feature), "%s",
              nd_network_feature(n));
        nd_network_destroy(&n);
        json_decref(config);
    }
    CHECK("no_such_preset", !nd_network_preset(NULL, "huge", "fbank", 5), "made");
    CHECK("no_such_feature", !nd_network_preset(NULL, "tiny", "onset", 5), "made");
    CHECK("no_such_model", !nd_network_preset("cbvmr!", "tiny", "fbank", 5), "made");
}

/* Positions by distance: a network of its own, the same bytes twice. */
static void test_full_positions(void)
{
    enum { T = 40, F = 20, D = 64 };
    json_t *config = nd_network_preset(NULL, "tiny", "fbank", 3);
    nd_network *n = NULL;
    float clips[2 * T * F], e[2][2 * D], shifted[2 * D];
    for (int i = 0; i < 2 * T * F; i++) clips[i] = (float)sin(0.37 * i * i);
    json_object_set_new(config, "input_dim", json_integer(F));
    for (int full = 0; full < 2; full++) {
        if (full) json_object_set_new(config, "positions", json_string("full"));
        ND_ASSERT(!nd_network_create(&n, config, "music", NULL));
        nd_params_init(nd_network_params(n), 1);
        for (int k = 0; k < 2; k++)
            ND_ASSERT(!nd_network_run(n, clips, 2, T, e[k], NULL, k + 1, NULL, NULL));
        CHECK("same_bytes", !memcmp(e[0], e[1], sizeof e[0]), "they differ");
        if (full) CHECK("positions_matter", memcmp(e[0], shifted, sizeof shifted), "the same");
        memcpy(shifted, e[0], sizeof shifted);
        nd_network_destroy(&n);
    }
    json_decref(config);
}

int main(void)
{
    check_wrong_configs(wrong, ND_COUNT(wrong), create_network, "configuring music");
    test_claims();
    test_presets();
    test_full_positions();
    TEST_END();
}
