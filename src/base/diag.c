/* Errors and diagnostics. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

const char *nd_error_text(int code)
{
    switch (code) {
    case ND_OK: return "no error";
#define ND__CASE(name, text) \
    case ND_##name: return text;
        ND_ERRORS(ND__CASE)
#undef ND__CASE
    default: return "unknown error";
    }
}

const char *nd_error_name(int code)
{
    switch (code) {
#define ND__CASE(name, text) \
    case ND_##name: return #name;
        ND_ERRORS(ND__CASE)
#undef ND__CASE
    default: return "";
    }
}

int nd_error_code(const char *name)
{
#define ND__COMPARE(error, text) \
    if (!strcmp(name, #error)) return ND_##error;
    ND_ERRORS(ND__COMPARE)
#undef ND__COMPARE
    return 0;
}

int nd_diag_set(nd_diag *diag, int code, const char *format, ...)
{
    if (!diag) return code;
    char raw[2 * sizeof diag->text];
    va_list args;
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    diag->code = code;
    nd_text_print(diag->text, sizeof diag->text, raw, strlen(raw));
    return code;
}
