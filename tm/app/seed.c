/* tm/app/seed.c - see seed.h. */
#include "tm/app/seed.h"

#include <string.h>

#include <openssl/rand.h>

#include "tm/base/log.h"
#include "tm/base/rng.h"

int tm_app_seed_choose(uint8_t seed[TM_TOKEN_SEED_LEN], const struct tm_opt_value *v,
                       struct tm_msg *msg)
{
    uint8_t whole[TM_SEED_LEN];
    if (!v->given)
        return RAND_bytes(seed, TM_TOKEN_SEED_LEN) == 1
                   ? TM_OK
                   : tm_msg_set(msg, TM_ERR_TLS, "no random bytes from OpenSSL");
    tm_log(TM_LOG_WARN, "--seed %s: whoever knows the number knows the schedule", v->text);
    tm_seed_from_u64(whole, (uint64_t)v->num);
    memcpy(seed, whole, TM_TOKEN_SEED_LEN);
    return TM_OK;
}
