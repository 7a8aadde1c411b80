/* Configurations are JSON of anybody's making: nothing in them is believed. */
#include <string.h>

#include "embed/config.h"

static void wrong(nd_config *c, const char *key, const char *expected, const json_t *found)
{
    if (c->rc) return;
    char *text = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);
    c->rc = nd_diag_set(c->diag, ND_EFORMAT, "configuring %s: %s: %s expected, found %.80s",
                        c->part, key, expected, text ? text : "something else");
    free(text);
}

double nd_config_real(nd_config *c, const char *key, double lo, double hi, double missing)
{
    const json_t *v = json_object_get(c->object, key);
    if (!v) return missing;
    double x = json_number_value(v);
    if (json_is_number(v) && x >= lo && x <= hi) return x;
    char expected[64];
    snprintf(expected, sizeof expected, "a number in %g .. %g", lo, hi);
    wrong(c, key, expected, v);
    return lo;
}

int64_t nd_config_int(nd_config *c, const char *key, int64_t lo, int64_t hi, int64_t missing)
{
    const json_t *v = json_object_get(c->object, key);
    if (!v) return missing;
    if (json_is_integer(v) && json_integer_value(v) >= lo && json_integer_value(v) <= hi)
        return json_integer_value(v);
    char expected[64];
    snprintf(expected, sizeof expected, "a whole number in %lld .. %lld", (long long)lo,
             (long long)hi);
    wrong(c, key, expected, v);
    return lo;
}

int nd_config_choice(nd_config *c, const char *key, const char *const *choices)
{
    const json_t *v = json_object_get(c->object, key);
    if (!v) return 0;
    char expected[128] = "";
    for (int i = 0; choices[i]; i++) {
        if (json_is_string(v) && !strcmp(json_string_value(v), choices[i])) return i;
        size_t n = strlen(expected);
        snprintf(expected + n, sizeof expected - n, "%s\"%s\"", i ? " or " : "", choices[i]);
    }
    wrong(c, key, expected, v);
    return 0;
}
