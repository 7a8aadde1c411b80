/* A plain main for a fuzz target: runs it once on each file named, so that its
 * corpus is a test. With no file it runs on empty input. */
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int main(int argc, char **argv)
{
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    printf("pass empty\n");
    for (int i = 1; i < argc; i++) {
        nd_bytes file = {0};
        if (nd_file_read(&file, argv[i], (size_t)1 << 28, NULL)) {
            SKIP(argv[i], "cannot be read");
            continue;
        }
        LLVMFuzzerTestOneInput(file.data, file.n);
        printf("pass %s\n", argv[i]);
        nd_bytes_deinit(&file);
    }
    TEST_END();
}
