/* Files beside the running program. */
#include <unistd.h>

#include "../test.h"
#include "base/base.h"

int main(void)
{
    static const char *const folders[] = {"nowhere", "../base", ""};
    char *found = nd_path_beside(folders, 3, "test_beside", X_OK);
    CHECK("found", found && strstr(found, "/../base/test_beside"), "%s", found ? found : "none");
    free(found);
    found = nd_path_beside(folders, 1, "test_beside", X_OK);
    CHECK("in_no_such_folder", !found, "%s", found);
    free(found);
    found = nd_path_beside(folders, 3, "no such file", F_OK);
    CHECK("no_such_file", !found, "%s", found);
    free(found);
    found = nd_path_beside(NULL, 0, "test_beside", F_OK);
    CHECK("no_folders", !found, "%s", found);
    free(found);
    TEST_END();
}
