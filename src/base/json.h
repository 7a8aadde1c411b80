/* JSON as every output writes it: rounded numbers, paths of any bytes. */
#ifndef ND_BASE_JSON_H
#define ND_BASE_JSON_H

#include <jansson.h>

/** Flags for json_dumps: 12 significant digits, so that what nd_json_number
 *  rounded is printed as short as it was rounded. Add JSON_INDENT or not. */
#define ND_JSON_FLAGS JSON_REAL_PRECISION(12)

/** Set object[key] to a path. JSON is UTF-8 and a path is any bytes: each byte
 *  that is not part of valid UTF-8 becomes U+FFFD, and only then object
 *  [key "_hex"] holds the exact bytes in lower-case hexadecimal. Control
 *  characters stay (jansson escapes them).
 *  @param key  ASCII, under 60 bytes
 *  @return 0 or ND_ENOMEM. Threads: distinct objects. */
int nd_json_set_path(json_t *object, const char *key, const char *path);

/** Append {"path", "reason"}, as every list of inputs that failed has it; the path as
 *  nd_json_set_path sets it.
 *  @param list  an array; NULL: out of memory before
 *  @return 0 or ND_ENOMEM. Threads: distinct lists. */
int nd_json_add_failure(json_t *list, const char *path, const char *reason);

/** @param decimals  0..9: places after the point that are kept
 *  @return a new real, x rounded half away from zero, never -0.0; a new null
 *     where x is NaN or infinite; NULL: out of memory. Threads: safe. */
json_t *nd_json_number(double x, int decimals);

/** Print a value on one line and give up the reference to it.
 *  @param json_out  NUL-terminated, caller frees with free(3)
 *  @param value     taken; NULL (something before ran out of memory) is ND_ENOMEM
 *  @return 0 or ND_ENOMEM (*json_out untouched). */
int nd_json_print_take(char **json_out, json_t *value);

#endif
