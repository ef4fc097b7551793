#include "tm/app/again.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "tm/base/rng.h"

unsigned tm_again_wait_ms(struct tm_again *a, uint64_t now_ms)
{
    bool has_lasted = now_ms - a->begun_ms >= TM_AGAIN_LASTED_MS;
    if (a->wait_ms == 0 || has_lasted)
        a->wait_ms = TM_AGAIN_MIN_MS;
    else
        a->wait_ms = a->wait_ms < TM_AGAIN_MAX_MS ? 2 * a->wait_ms : TM_AGAIN_MAX_MS;
    a->begun_ms = now_ms + a->wait_ms;
    a->n++;
    return a->wait_ms;
}

int tm_again_seed(const struct tm_again *a, const struct tm_opt_value *v,
                  uint8_t seed[TM_TOKEN_SEED_LEN], struct tm_msg *msg)
{
    uint8_t whole[TM_SEED_LEN];
    if (!v->given)
        return RAND_bytes(seed, TM_TOKEN_SEED_LEN) == 1
                   ? TM_OK
                   : tm_msg_set(msg, TM_ERR_TLS, "no random bytes from OpenSSL");
    tm_seed_from_u64(whole, (uint64_t)v->num + a->n);
    memcpy(seed, whole, TM_TOKEN_SEED_LEN);
    OPENSSL_cleanse(whole, sizeof whole);
    return TM_OK;
}
