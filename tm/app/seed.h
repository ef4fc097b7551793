/* tm/app/seed.h - the seed that a client draws its schedule from. */
#ifndef TM_APP_SEED_H
#define TM_APP_SEED_H

#include "tm/app/options.h"
#include "tm/core/token.h"

/* v: of --seed.  A number gives the same schedule again, and the log says so; otherwise nobody can know it.  TM_ERR_TLS: no random bytes. */
TM_MUST_CHECK int tm_app_seed_choose(uint8_t seed[TM_TOKEN_SEED_LEN], const struct tm_opt_value *v,
                                     struct tm_msg *msg);

#endif
