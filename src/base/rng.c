/* xoshiro256** 1.0 by Blackman and Vigna (2018), seeded through splitmix64. */
#include <math.h>

#include "base/base.h"

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void nd_rng_init(nd_rng *rng, uint64_t seed, uint64_t stream)
{
    uint64_t mixed = stream;
    uint64_t state = seed ^ splitmix64(&mixed);
    for (int i = 0; i < 4; i++) rng->s[i] = splitmix64(&state);
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t nd_rng_next(nd_rng *rng)
{
    uint64_t *s = rng->s, result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double nd_rng_uniform(nd_rng *rng, double lo, double hi)
{
    double unit = (double)(nd_rng_next(rng) >> 11) * 0x1p-53;
    double x = lo + unit * (hi - lo);
    return lo < hi && x >= hi ? nextafter(hi, lo) : x; /* where it was rounded up */
}

int nd_rng_int(nd_rng *rng, int lo, int hi)
{
    uint64_t count = (uint64_t)((int64_t)hi - lo + 1);
    return (int)(lo + (int64_t)(nd_rng_next(rng) % count));
}

/* Box-Muller; the second value is thrown away to keep no state. */
double nd_rng_normal(nd_rng *rng)
{
    double u = 1.0 - nd_rng_uniform(rng, 0, 1), v = nd_rng_uniform(rng, 0, 1);
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}
