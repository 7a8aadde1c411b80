#!/usr/bin/env python3
"""Golden values of nd_rng, from the definitions in the papers alone.

splitmix64: Steele, Lea, Flood (2014); xoshiro256**: Blackman, Vigna (2018). The state of
(seed, stream) is four values of splitmix64 started at seed XOR splitmix64(stream).
Checked first against the published first values of splitmix64 from 1234567.

    tests/reference/rng.py > tests/golden/rng.txt
"""
M = (1 << 64) - 1


def splitmix64(state):
    state = (state + 0x9E3779B97F4A7C15) & M
    z = state
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M
    return state, z ^ z >> 31


def rotl(x, k):
    return (x << k | x >> 64 - k) & M


def xoshiro256ss(seed, stream):
    state = seed ^ splitmix64(stream)[1]
    s = []
    for _ in range(4):
        state, z = splitmix64(state)
        s.append(z)
    while True:
        yield rotl(s[1] * 5 & M, 7) * 9 & M
        t = s[1] << 17 & M
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)


def main():
    state, found = 1234567, []
    for _ in range(5):
        state, z = splitmix64(state)
        found.append(z)
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423,
                     4593380528125082431, 16408922859458223821], found

    print("# seed stream, then the first eight values; written by tests/reference/rng.py")
    for seed, stream in [(0, 0), (1, 0), (0, 1), (42, 7), (M, M), (0x123456789ABCDEF0, 1 << 63)]:
        values = xoshiro256ss(seed, stream)
        print(seed, stream, *(next(values) for _ in range(8)))


if __name__ == "__main__":
    main()
