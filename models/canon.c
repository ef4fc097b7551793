/* The SHA256_* calls are deprecated since OpenSSL 3.0, yet they alone work on plain memory: the EVP ones
 * allocate, and a digest that can run out of memory would make every caller fallible. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "models/canon.h"

#include <assert.h>
#include <string.h>

#include <openssl/sha.h>

static_assert(sizeof(SHA256_CTX) <= sizeof(struct tm_canon), "struct tm_canon is too small");
static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct tm_canon), "struct tm_canon is misaligned");
static_assert(SHA256_DIGEST_LENGTH == TM_DIGEST_LEN, "digest length");

static SHA256_CTX *ctx(struct tm_canon *c)
{
    return (SHA256_CTX *)c->state; /* allowed: the tree is built with -fno-strict-aliasing */
}

void tm_canon_init(struct tm_canon *c, const char *domain)
{
    SHA256_Init(ctx(c));
    tm_canon_bytes(c, domain, strlen(domain) + 1);
}

void tm_canon_u32(struct tm_canon *c, uint32_t v)
{
    const uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    tm_canon_bytes(c, b, sizeof b);
}

void tm_canon_u64(struct tm_canon *c, uint64_t v)
{
    tm_canon_u32(c, (uint32_t)(v >> 32));
    tm_canon_u32(c, (uint32_t)v);
}

void tm_canon_bytes(struct tm_canon *c, const void *p, size_t n)
{
    SHA256_Update(ctx(c), p, n);
}

void tm_canon_str(struct tm_canon *c, const char *s)
{
    size_t len = strlen(s);
    tm_canon_u32(c, (uint32_t)len);
    tm_canon_bytes(c, s, len);
}

void tm_canon_final(struct tm_canon *c, uint8_t out[TM_DIGEST_LEN])
{
    SHA256_Final(out, ctx(c));
}
