/* A .npy file that an enemy made. */
#include "compute/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    nd_array a = {0};
    nd_diag diag = {0};
    uint64_t sum = 0;
    if (nd_npy_parse(&a, data, n, "fuzz.npy", &diag)) {
        ND_ASSERT(diag.code && diag.text[0] && !a.data);
        return 0;
    }
    size_t n_bytes = (size_t)nd_array_count(&a) * nd_dtype_bytes(a.dtype);
    for (size_t i = 0; i < n_bytes; i++) sum += a.u8[i];
    ND_ASSERT(sum <= 255 * (uint64_t)n_bytes);
    ND_ASSERT(n_bytes <= 2 * n);
    nd_array_deinit(&a);
    return 0;
}
