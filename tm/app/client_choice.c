/* tm/app/client_choice.c - see client_choice.h. */
#include "tm/app/client_choice.h"

#include <string.h>

#include <openssl/rand.h>

#include "tm/app/preset.h"
#include "tm/base/log.h"
#include "tm/base/rng.h"

int tm_client_choose_seed(uint8_t seed[TM_TOKEN_SEED_LEN], const struct tm_opt_value *v,
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

void tm_client_tell_default(const struct tm_options *o)
{
    const struct tm_preset *light = tm_preset_get(0);
    if (tm_preset_is_default(o))
        tm_log(TM_LOG_WARN,
               "no --preset, --model or --schedule: preset default, about %u GB a month, busy or "
               "idle (--preset %s: %u GB)",
               tm_preset_get((unsigned)o->v[TM_OPT_PRESET].num)->month_gb, light->name,
               light->month_gb);
}
