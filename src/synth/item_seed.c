/* One stream of random numbers for each purpose of each item: drawing another item, or one
 * more number for another purpose, leaves it alone. */
#include "synth/truth.h"

uint64_t nd_item_seed(uint64_t seed, int64_t index, int purpose)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, ((uint64_t)index << 8) + (uint64_t)purpose);
    return nd_rng_next(&rng);
}
