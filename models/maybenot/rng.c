#include "models/maybenot/rng.h"

#include <openssl/crypto.h>

void tm_mb_rng_init(struct tm_mb_rng *r, const uint8_t seed[TM_SEED_LEN])
{
    memset(r, 0, sizeof *r);
    r->kind = TM_MB_RNG_CHACHA;
    tm_rng_init(&r->chacha, seed);
}

void tm_mb_rng_init_xoshiro(struct tm_mb_rng *r, uint64_t seed)
{
    memset(r, 0, sizeof *r);
    r->kind = TM_MB_RNG_XOSHIRO;
    for (int i = 0; i < 4; i++) { /* SplitMix64 */
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = seed;
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        r->xoshiro[i] = z ^ z >> 31;
    }
}

void tm_mb_rng_deinit(struct tm_mb_rng *r)
{
    OPENSSL_cleanse(r, sizeof *r);
}

uint32_t tm_mb_rng_u32_chacha(struct tm_mb_rng *r)
{
    uint8_t b[4];
    tm_rng_bytes(&r->chacha, b, sizeof b);
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
