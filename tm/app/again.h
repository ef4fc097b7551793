/* tm/app/again.h - sessions one after another: when the next begins, and from which seed.  Pure but for the random numbers. */
#ifndef TM_APP_AGAIN_H
#define TM_APP_AGAIN_H

#include "tm/app/options.h"
#include "tm/core/token.h"

#define TM_AGAIN_MIN_MS    1000U
#define TM_AGAIN_MAX_MS    64000U
#define TM_AGAIN_LASTED_MS 60000U

struct tm_again {      /* {0} before the first session */
    uint64_t begun_ms; /* when the session that is began */
    unsigned wait_ms;  /* before it; 0: it is the first */
    unsigned n;        /* sessions before it */
};

/* The session has ended at now_ms: how long to wait before the next.  TM_AGAIN_MIN_MS; after one that lived less than TM_AGAIN_LASTED_MS
 * twice as long as before it, at most TM_AGAIN_MAX_MS. */
unsigned tm_again_wait_ms(struct tm_again *a, uint64_t now_ms);
/* The next session's seed, and the first one's.  v is --seed: a number gives the same schedules again, the session after n others has that of
 * the number + n; without it nobody can know them.  TM_ERR_TLS with msg. */
TM_MUST_CHECK int tm_again_seed(const struct tm_again *a, const struct tm_opt_value *v,
                                uint8_t seed[TM_TOKEN_SEED_LEN], struct tm_msg *msg);

#endif
