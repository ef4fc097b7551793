#include "tm/base/rng.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "tm/base/err.h"

static uint32_t load_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void store_le32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t rotl(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotl(*d ^ *a, 16);
    *c += *d;
    *b = rotl(*b ^ *c, 12);
    *a += *b;
    *d = rotl(*d ^ *a, 8);
    *c += *d;
    *b = rotl(*b ^ *c, 7);
}

/* The ChaCha20 block function (RFC 8439 sec. 2.3); words 12..15 are given by the caller.  Twenty lines of
 * our own instead of an EVP context: a stream is then plain memory that can be copied and never fails. */
static void chacha20_block(uint8_t out[64], const uint8_t key[32], const uint32_t tail[4])
{
    uint32_t in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (size_t i = 0; i < 8; i++)
        in[4 + i] = load_le32(key + 4 * i);
    memcpy(in + 12, tail, 16);
    uint32_t x[16];
    memcpy(x, in, sizeof x);
    for (int round = 0; round < 10; round++) {
        quarter_round(&x[0], &x[4], &x[8], &x[12]);
        quarter_round(&x[1], &x[5], &x[9], &x[13]);
        quarter_round(&x[2], &x[6], &x[10], &x[14]);
        quarter_round(&x[3], &x[7], &x[11], &x[15]);
        quarter_round(&x[0], &x[5], &x[10], &x[15]);
        quarter_round(&x[1], &x[6], &x[11], &x[12]);
        quarter_round(&x[2], &x[7], &x[8], &x[13]);
        quarter_round(&x[3], &x[4], &x[9], &x[14]);
    }
    for (size_t i = 0; i < 16; i++)
        store_le32(out + 4 * i, x[i] + in[i]);
}

void tm_rng_init(struct tm_rng *r, const uint8_t seed[TM_SEED_LEN])
{
    memset(r, 0, sizeof *r);
    memcpy(r->key, seed, TM_SEED_LEN);
    r->used = sizeof r->buf;
}

void tm_rng_deinit(struct tm_rng *r)
{
    OPENSSL_cleanse(r, sizeof *r);
}

void tm_rng_child(uint8_t out[TM_SEED_LEN], const uint8_t seed[TM_SEED_LEN],
                  enum tm_rng_label label, uint64_t index)
{
    /* A block that no tm_rng stream of the same key reaches: label >= 1 would be bit 32 of its counter. */
    const uint32_t tail[4] = {UINT32_C(0x746d6b64), (uint32_t)label, (uint32_t)index,
                              (uint32_t)(index >> 32)};
    uint8_t block[64];
    chacha20_block(block, seed, tail);
    memcpy(out, block, TM_SEED_LEN);
    OPENSSL_cleanse(block, sizeof block);
}

void tm_rng_bytes(struct tm_rng *r, void *dst, size_t n)
{
    uint8_t *at = dst;
    while (n > 0) {
        if (r->used == sizeof r->buf) {
            const uint32_t tail[4] = {(uint32_t)r->block, (uint32_t)(r->block >> 32), 0, 0};
            chacha20_block(r->buf, r->key, tail);
            r->block++;
            r->used = 0;
        }
        size_t take = sizeof r->buf - r->used;
        if (take > n)
            take = n;
        memcpy(at, r->buf + r->used, take);
        r->used += take;
        at += take;
        n -= take;
    }
}

uint64_t tm_rng_u64(struct tm_rng *r)
{
    uint8_t b[8];
    tm_rng_bytes(r, b, sizeof b);
    return (uint64_t)load_le32(b) | (uint64_t)load_le32(b + 4) << 32;
}

uint64_t tm_rng_below(struct tm_rng *r, uint64_t n)
{
    TM_ASSERT(n > 0);
    uint64_t reject = (UINT64_MAX - n + 1) % n; /* 2^64 mod n */
    uint64_t v;
    do {
        v = tm_rng_u64(r);
    } while (v < reject);
    return v % n;
}

void tm_seed_from_u64(uint8_t out[TM_SEED_LEN], uint64_t n)
{
    uint8_t in[25] = "trafficmimic seed";
    for (int i = 0; i < 8; i++)
        in[17 + i] = (uint8_t)(n >> (56 - 8 * i));
    SHA256(in, sizeof in, out);
}
