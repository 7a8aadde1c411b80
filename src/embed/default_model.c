/* Where the default model lies, seen from a program or from a shared library. */
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "needledrop/model.h"

/* Where `make install` puts it, from bin/ and from lib/; beside build/, also from what lies deeper
 * in it. */
static const char *const places[] = {"../share/needledrop", "../../share/needledrop",
                                     "../models",           "../../models",
                                     "../../../models",     "../../../../models"};

char *nd_model_default_path(void)
{
    static const char name[] = "default.safetensors";
    const char *given = getenv("NEEDLEDROP_MODEL");
    if (given && given[0]) return strdup(given);
    char *found = nd_path_beside(places, ND_COUNT(places), name, R_OK);
    if (found) return found;
    found = nd_path_join(ND_DATADIR, name);
    if (found && !access(found, R_OK)) return found;
    free(found);
    return NULL;
}
