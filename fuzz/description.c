/* What a worker sends back, written by an enemy who took it over. */
#include "describe/describe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    nd_description *d = NULL;
    if (nd_description_read(&d, data, n, NULL)) return 0;
    char *json = NULL;
    nd_bytes again = {0};
    if (!nd_description_json(&json, d, "fuzz")) free(json);
    if (!nd_description_write(&again, d)) nd_bytes_deinit(&again);
    nd_description_destroy(&d);
    return 0;
}
