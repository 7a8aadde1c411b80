/* Numbers that the reference scripts make too (tests/reference/golden.py): a golden file then holds
 * results alone. */
#ifndef ND_TESTS_UNIFORM_H
#define ND_TESTS_UNIFORM_H

#include <stdint.h>

/** Value i of a name, in [0, 1): 24 bits of splitmix64, started at the FNV-1a hash of the name. */
static inline double test_uniform(const char *name, int64_t i)
{
    uint64_t z = 0xCBF29CE484222325u;
    for (; *name; name++) z = (z ^ (uint8_t)*name) * 0x100000001B3u;
    z += (uint64_t)(i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 40) * 0x1p-24;
}

#endif
