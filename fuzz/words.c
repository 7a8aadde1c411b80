/* The words of a model file that an enemy made: what is accepted is asked. */
#include <jansson.h>
#include <math.h>

#include "embed/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ask(const nd_words *w)
{
    static const char *const texts[] = {"calm piano", "zzyzx", "the"};
    float out[ND_TAG_MAX_DIM];
    for (size_t i = 0; i < ND_COUNT(texts); i++) {
        ND_ASSERT(!nd_words_vector(out, NULL, w, texts[i]));
        for (int d = 0; d < nd_words_dim(w); d++) ND_ASSERT(isfinite(out[d]));
    }
    for (int i = 0; i < nd_words_tag_count(w); i++)
        ND_ASSERT(!nd_words_vector(out, NULL, w, nd_words_tag_name(w, i)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    nd_safetensors *file = NULL;
    nd_words *w = NULL;
    nd_diag diag = {0};
    if (nd_safetensors_parse(&file, data, n, "fuzz", &diag)) return 0;
    const char *text = nd_safetensors_metadata(file, "config");
    json_t *config = text ? json_loads(text, 0, NULL) : NULL;
    if (nd_words_read(&w, json_object_get(config, "text"), file, "text.", &diag))
        ND_ASSERT(diag.code && diag.text[0] && !w);
    else ask(w);
    nd_words_destroy(&w);
    json_decref(config);
    nd_safetensors_close(&file);
    return 0;
}
