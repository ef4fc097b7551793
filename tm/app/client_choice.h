/* tm/app/client_choice.h - what tm-client run decides where its user has not. */
#ifndef TM_APP_CLIENT_CHOICE_H
#define TM_APP_CLIENT_CHOICE_H

#include "tm/app/options.h"
#include "tm/base/err.h"
#include "tm/core/token.h"

/* The seed of the schedule: of --seed, which gives the same schedule again and is warned of, or one that nobody can know.
 * TM_ERR_TLS. */
TM_MUST_CHECK int tm_client_choose_seed(uint8_t seed[TM_TOKEN_SEED_LEN],
                                        const struct tm_opt_value *v, struct tm_msg *msg);
/* When nobody said what to play: a line of log says what it is, and what it costs. */
void tm_client_tell_default(const struct tm_options *o);

#endif
