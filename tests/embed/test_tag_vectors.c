/* Vectors of tags and of any text. */
#include "tag_vectors_of_text.h"

static float cosine(const nd_tag_vectors *v, const char *a, const char *b)
{
    float x[ND_TAG_MAX_DIM], y[ND_TAG_MAX_DIM], dot = 0;
    if (nd_tag_vectors_text(x, NULL, v, a) || nd_tag_vectors_text(y, NULL, v, b)) return NAN;
    for (int d = 0; d < v->dim; d++) dot += x[d] * y[d];
    return dot;
}

static void test_parts(void)
{
    int32_t parts[ND_GRAM_MAX_PARTS];
    CHECK("nothing", nd_gram_parts(parts, "") == 0, "some");
    CHECK("one letter: <a> whole", nd_gram_parts(parts, "a") == 1, "%d", nd_gram_parts(parts, "a"));
    /* <calm> whole, 4 of three, 3 of four, 2 of five */
    CHECK("calm", nd_gram_parts(parts, "calm") == 10, "%d", nd_gram_parts(parts, "calm"));
    CHECK("two words", nd_gram_parts(parts, "calm a") == 11, "%d", nd_gram_parts(parts, "calm a"));
    CHECK("letters, not bytes", nd_gram_parts(parts, "音樂音樂") == 10, "%d",
          nd_gram_parts(parts, "音樂音樂"));
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    int n = nd_gram_parts(parts, text);
    CHECK("a long word", n > 0 && n <= ND_GRAM_MAX_PARTS, "%d", n);
    for (int i = 1; i < 2999; i += 2) text[i] = ' ';
    n = nd_gram_parts(parts, text);
    CHECK("many words", n > 0 && n <= ND_GRAM_MAX_PARTS, "%d", n);
}

static void test_fit(void)
{
    enum { N = 26, DIM = 16 };
    static char words[N][16];
    const char *texts[N];
    static float rows[N * DIM], grams[ND_GRAM_BUCKETS * DIM], again[ND_GRAM_BUCKETS * DIM];
    nd_rng rng;
    nd_rng_init(&rng, 9, 0);
    for (int i = 0; i < N; i++) {
        double norm = 0;
        snprintf(words[i], sizeof words[i], "%c%c%c%cing", 'a' + i % 26, 'a' + i * 7 % 26,
                 'a' + i * 11 % 26, 'a' + i * 17 % 26);
        texts[i] = words[i];
        for (int d = 0; d < DIM; d++) {
            rows[i * DIM + d] = (float)nd_rng_normal(&rng);
            norm += (double)rows[i * DIM + d] * (double)rows[i * DIM + d];
        }
        for (int d = 0; d < DIM; d++) rows[i * DIM + d] /= (float)sqrt(norm);
    }
    CHECK("fit", !nd_gram_fit(grams, texts, rows, N, DIM), "failed");
    double worst = 1;
    for (int i = 0; i < N; i++) {
        float out[DIM], dot = 0, norm = 0;
        nd_gram_vector(out, texts[i], grams, DIM);
        for (int d = 0; d < DIM; d++) dot += out[d] * rows[i * DIM + d], norm += out[d] * out[d];
        worst = fmin(worst, (double)(dot / sqrtf(norm)));
    }
    CHECK("words that were fitted come back", worst > 0.95, "cosine %g", worst);
    nd_gram_fit(again, texts, rows, N, DIM);
    CHECK("again the same bytes", !memcmp(grams, again, sizeof grams), "they differ");
}

static void test_texts(void)
{
    nd_tag_vectors v = tag_vectors_of_text(
        "6 4\ncalm 2 0 0 0\npiano 0 3 0 0\nhip_hop 0 0 1 0\nof 0 0 0 1\n"
        "Guitars 0 0 0.6 0.8\nvoid 0 0 0 0\n");
    float out[4] = {77};
    bool is_known = false;
    CHECK("no tag", nd_tag_vectors_text(out, NULL, &v, " !! ") == ND_EFORMAT && out[0] > 76, "%g",
          (double)out[0]);
    CHECK("not UTF-8", nd_tag_vectors_text(out, NULL, &v, "\xFF") == ND_EFORMAT, "taken");
    CHECK("a word", !nd_tag_vectors_text(out, &is_known, &v, "CALM!") && is_known, "unknown");
    CHECK_NEAR("has length 1", out[0], 1, 1e-6);
    CHECK("two words", !nd_tag_vectors_text(out, &is_known, &v, "#CalmPiano") && is_known,
          "unknown");
    CHECK_NEAR("are their mean", out[0], sqrt(0.5), 1e-6);
    CHECK_NEAR("whichever is longer in the file", out[1], sqrt(0.5), 1e-6);
    CHECK_NEAR("a phrase of the file", cosine(&v, "HipHop", "hip-hop"), 1, 1e-6);
    CHECK_NEAR("a plural", cosine(&v, "guitar", "guitars"), 1, 1e-6);
    CHECK_NEAR("small words are passed over", cosine(&v, "piano of the calm", "calm piano"), 1,
               1e-6);
    nd_tag_vectors_text(out, &is_known, &v, "of");
    CHECK_NEAR("not one alone", out[3], 1, 1e-6);
    nd_tag_vectors_text(out, &is_known, &v, "zzyzx");
    CHECK("an unknown word", !is_known && fabsf(out[0]) + fabsf(out[1]) > 0, "known");
    CHECK("a word of zeroes is unknown",
          !nd_tag_vectors_text(out, &is_known, &v, "void") && !is_known, "known");
    CHECK("a word with its ending wrong", cosine(&v, "pianoo", "piano") > 0.6f, "%g",
          (double)cosine(&v, "pianoo", "piano"));
    nd_tag_vectors_deinit(&v);
}

static void test_no_words(void)
{
    nd_vec file = {0};
    nd_tag_vectors v = {.dim = 77};
    nd_diag diag = {0};
    int rc = nd_vec_parse(&file, "!! 1\n, 2\n", 9, "x.vec", &diag);
    CHECK("no word that can be a tag",
          !rc && nd_tag_vectors_of_vec(&v, &file, &diag) == ND_EEMPTY && v.dim == 77, "%s",
          diag.text);
    nd_vec_deinit(&file);
}

int main(void)
{
    test_parts();
    test_fit();
    test_texts();
    test_no_words();
    TEST_END();
}
