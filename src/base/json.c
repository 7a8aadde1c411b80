/* JSON as every output writes it. */
#include <math.h>
#include <string.h>

#include "base/base.h"
#include "base/json.h"

/* Valid UTF-8 of any bytes into out, 3 n + 1 bytes at most.
 * @return whether a byte had to be replaced */
static bool replace_invalid(char *out, const char *in, size_t n)
{
    bool replaced = false;
    for (size_t i = 0; i < n;) {
        int length = nd_utf8_length(in + i, n - i);
        memcpy(out, length ? in + i : "\xEF\xBF\xBD", length ? (size_t)length : 3);
        out += length ? length : 3;
        i += length ? (size_t)length : 1;
        replaced |= !length;
    }
    *out = '\0';
    return replaced;
}

static void print_hex(char *out, const char *in, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[(unsigned char)in[i] >> 4];
        *out++ = digits[(unsigned char)in[i] & 15];
    }
    *out = '\0';
}

int nd_json_set_path(json_t *object, const char *key, const char *path)
{
    char hex_key[64];
    ND_ASSERT((size_t)snprintf(hex_key, sizeof hex_key, "%s_hex", key) < sizeof hex_key);
    size_t n = strlen(path);
    char *text = nd_calloc(3, n + 1);
    if (!text) return ND_ENOMEM;
    bool replaced = replace_invalid(text, path, n);
    int failed = json_object_set_new(object, key, json_string(text));
    if (!failed && replaced) {
        print_hex(text, path, n);
        failed = json_object_set_new(object, hex_key, json_string(text));
    }
    free(text);
    return failed ? ND_ENOMEM : 0;
}

int nd_json_add_failure(json_t *list, const char *path, const char *reason)
{
    json_t *o = json_object();
    int rc = nd_json_set_path(o, "path", path);
    if (json_object_set_new(o, "reason", json_string(reason))) rc = ND_ENOMEM;
    if (json_array_append_new(list, o)) rc = ND_ENOMEM;
    return rc;
}

json_t *nd_json_number(double x, int decimals)
{
    static const double scale[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    ND_ASSERT(decimals >= 0 && decimals < (int)ND_COUNT(scale));
    double scaled = x * scale[decimals];
    if (!isfinite(scaled)) return isfinite(x) ? json_real(x) : json_null();
    return json_real(round(scaled) / scale[decimals] + 0.0);
}

int nd_json_print_take(char **json_out, json_t *value)
{
    char *text = value ? json_dumps(value, ND_JSON_FLAGS) : NULL;
    json_decref(value);
    if (!text) return ND_ENOMEM;
    *json_out = text;
    return 0;
}
