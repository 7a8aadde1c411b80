/* Text from outside made safe to show; growing strings; paths. */
#include <stdarg.h>
#include <string.h>

#include "base/base.h"

int nd_utf8_length(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    if (n == 0) return 0;
    if (u[0] < 0x80) return 1;
    int length = u[0] >= 0xC2 && u[0] < 0xE0   ? 2
                 : u[0] >= 0xE0 && u[0] < 0xF0 ? 3
                 : u[0] >= 0xF0 && u[0] < 0xF5 ? 4
                                               : 0;
    if (!length || n < (size_t)length) return 0;
    for (int i = 1; i < length; i++)
        if ((u[i] & 0xC0) != 0x80) return 0;
    if (u[0] == 0xE0 && u[1] < 0xA0) return 0; /* overlong */
    if (u[0] == 0xED && u[1] > 0x9F) return 0; /* surrogate */
    if (u[0] == 0xF0 && u[1] < 0x90) return 0; /* overlong */
    if (u[0] == 0xF4 && u[1] > 0x8F) return 0; /* above U+10FFFF */
    return length;
}

/* C0 controls, DEL and the C1 controls (U+0080 .. U+009F). */
static bool is_control(const char *s, int length)
{
    unsigned char a = (unsigned char)s[0];
    return a < 0x20 || a == 0x7F || (length == 2 && a == 0xC2 && (unsigned char)s[1] < 0xA0);
}

/* What stands for a byte that cannot be shown, in NUL-terminated out[8]. */
static void escape_byte(char out[8], unsigned char byte)
{
    if (byte == '\n') strcpy(out, "\\n");
    else if (byte == '\t') strcpy(out, "\\t");
    else if (byte == '\r') strcpy(out, "\\r");
    else snprintf(out, 8, "\\x%02X", byte);
}

char *nd_text_print(char *out, size_t out_bytes, const char *in, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n;) {
        char escaped[8];
        const char *piece = in + i;
        int length = nd_utf8_length(piece, n - i), step = length ? length : 1;
        if (!length || is_control(piece, length)) {
            step = 1;
            escape_byte(escaped, (unsigned char)in[i]);
            piece = escaped;
            length = (int)strlen(escaped);
        }
        if (used + (size_t)length + 1 > out_bytes) break;
        memcpy(out + used, piece, (size_t)length);
        used += (size_t)length;
        i += (size_t)step;
    }
    if (out_bytes) out[used] = '\0';
    return out;
}

char *nd_text_clean(char *out, size_t out_bytes, const char *in, size_t n)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    size_t used = 0;
    for (size_t i = 0; i < n;) {
        const char *piece = in + i;
        int length = nd_utf8_length(piece, n - i), step = length ? length : 1;
        if (!length) {
            piece = replacement;
            length = 3;
        } else if (is_control(piece, length)) {
            piece = " ";
            length = 1;
        }
        i += (size_t)step;
        if (used == 0 && *piece == ' ') continue;
        if (used + (size_t)length + 1 > out_bytes) break;
        memcpy(out + used, piece, (size_t)length);
        used += (size_t)length;
    }
    while (used && out[used - 1] == ' ') used--;
    if (out_bytes) out[used] = '\0';
    return out;
}

void nd_str_append(nd_str *s, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0 || s->failed || nd_grow(&s->text, &s->capacity, s->n, (size_t)n + 1, 1)) {
        s->failed = true;
    } else {
        vsnprintf(s->text + s->n, (size_t)n + 1, format, again);
        s->n += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

char *nd_str_take(nd_str *s)
{
    nd_str_append(s, "%s", ""); /* an empty one becomes "" */
    char *text = s->failed ? NULL : s->text;
    if (s->failed) free(s->text);
    *s = (nd_str){0};
    return text;
}

void nd_str_deinit(nd_str *s)
{
    free(s->text);
    *s = (nd_str){0};
}

char *nd_path_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);
    nd_str s = {0};
    nd_str_append(&s, "%s%s%s", dir, n == 0 || dir[n - 1] == '/' ? "" : "/", name);
    return nd_str_take(&s);
}

const char *nd_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
