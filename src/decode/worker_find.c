/* Where the worker program lies, seen from a program or from a shared library. */
#include <string.h>
#include <unistd.h>

#include "decode/decode.h"

/* Beside us; in the folders above, for tests and benches; where `make install` puts it, from bin/
 * and from lib/. */
static const char *const places[] = {
    "", "..", "../..", "../../..", "../libexec/needledrop", "../../libexec/needledrop"};

char *nd_worker_find(const char *name)
{
    const char *given = getenv("NEEDLEDROP_WORKER");
    if (given && given[0]) return strdup(given);
    char *found = nd_path_beside(places, ND_COUNT(places), name, X_OK);
    return found ? found : nd_path_join(ND_LIBEXECDIR, name);
}
