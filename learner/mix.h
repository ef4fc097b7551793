/* learner/mix.h - a hash without a key: the same on every machine and in every run, for sharing work
 * out and for telling things apart that nobody forges on purpose. */
#ifndef TM_LEARNER_MIX_H
#define TM_LEARNER_MIX_H

#include <stddef.h>
#include <stdint.h>

/* A bijection in which every bit of x moves half of the bits of the result.
 * Source: finaliser of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood: Fast Splittable Pseudorandom
 * Number Generators, OOPSLA 2014). */
static inline uint64_t tm_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Of n bytes, taken as big-endian words of up to eight. */
static inline uint64_t tm_mix_bytes(const uint8_t *p, size_t n)
{
    uint64_t h = n;
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) {
        word = word << 8 | p[i];
        if (i % 8 == 7 || i + 1 == n) {
            h = tm_mix(h ^ word);
            word = 0;
        }
    }
    return h;
}

#endif
