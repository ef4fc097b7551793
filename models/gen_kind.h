/* models/gen_kind.h - internal: what each kind of model gives to gen.c.
 *
 * A user's place in the schedule, and per kind two functions with the meaning of tm_gen_open and
 * tm_gen_plan.  Plans are computed from the user's key and the connection's index alone. */
#ifndef TM_MODELS_GEN_KIND_H
#define TM_MODELS_GEN_KIND_H

#include <stdint.h>

#include "models/model.h"
#include "models/plan.h"
#include "tm/base/rng.h"

/* Where a swing user is: connection `conn` of RRE `rre` of session `session` was opened last. */
struct tm_swing_pos {
    uint64_t session;
    uint64_t rre, n_rre;
    uint64_t conn, n_conn;
    uint8_t session_key[TM_SEED_LEN];
    struct tm_rng rre_rng; /* goes on with the gaps inside the RRE */
};

struct tm_gen_user {
    uint8_t key[TM_SEED_LEN]; /* child(seed, USER, number) */
    uint32_t number;
    uint64_t next_index; /* of the next opening */
    int64_t pace_us;     /* cap of the gaps between RREs and sessions; TM_NEVER: none */
    struct tm_swing_pos swing;
};

void tm_swing_open(const struct tm_swing *s, struct tm_gen_user *u, struct tm_open *open);
TM_MUST_CHECK int tm_swing_plan(const struct tm_swing *s, const uint8_t user_key[TM_SEED_LEN],
                                uint64_t index, struct tm_plan *plan);

void tm_constant_open(const struct tm_constant *c, struct tm_gen_user *u, struct tm_open *open);
/* The same for every user and index. */
TM_MUST_CHECK int tm_constant_plan(const struct tm_constant *c, struct tm_plan *plan);

#endif
