/* Rounded numbers, and paths that are not UTF-8. */
#include "../test.h"
#include "base/json.h"

static void check_numbers(void)
{
    static const struct {
        double x;
        int decimals;
        const char *text;
    } cases[] = {
        {0.1, 3, "[0.1]"},     {2.0 / 3, 3, "[0.667]"},     {-0.0, 2, "[0.0]"},
        {-0.0004, 3, "[0.0]"}, {41, 0, "[41.0]"},           {124.44999, 2, "[124.45]"},
        {NAN, 2, "[null]"},    {INFINITY, 2, "[null]"},     {-2.5, 0, "[-3.0]"},
        {1e300, 9, "[1e300]"}, {1799.99951, 3, "[1800.0]"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char *text = NULL, name[64];
        int rc = nd_json_print_take(
            &text, json_pack("[o]", nd_json_number(cases[i].x, cases[i].decimals)));
        snprintf(name, sizeof name, "number %g to %d", cases[i].x, cases[i].decimals);
        CHECK(name, rc == 0 && !strcmp(text, cases[i].text), "%d, %s", rc, text);
        free(text);
    }
}

static void check_paths(void)
{
    static const struct {
        const char *name, *path, *text;
    } cases[] = {
        {"plain", "/a/b.mp3", "{\"path\": \"/a/b.mp3\"}"},
        {"empty", "", "{\"path\": \"\"}"},
        {"accents", "\xC3\xA9.ogg", "{\"path\": \"\xC3\xA9.ogg\"}"},
        {"newline and quote", "a\n\"b", "{\"path\": \"a\\n\\\"b\"}"},
        {"invalid",
         "\xFF"
         "a\xC3",
         "{\"path\": \"\xEF\xBF\xBD"
         "a\xEF\xBF\xBD\", \"path_hex\": \"ff61c3\"}"},
        {"surrogate", "\xED\xA0\x80",
         "{\"path\": \"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\", \"path_hex\": \"eda080\"}"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        json_t *object = json_object();
        char *text = NULL, name[64];
        int rc = nd_json_set_path(object, "path", cases[i].path);
        if (!rc) rc = nd_json_print_take(&text, object);
        snprintf(name, sizeof name, "path %s", cases[i].name);
        CHECK(name, rc == 0 && !strcmp(text, cases[i].text), "%d, %s", rc, text);
        free(text);
    }
}

int main(void)
{
    char *text = NULL;
    CHECK("nothing to print", nd_json_print_take(&text, NULL) == ND_ENOMEM && !text, "%p",
          (void *)text);
    check_numbers();
    check_paths();
    TEST_END();
}
