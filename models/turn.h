/* models/turn.h - the users of a model begin in turns: a hundred who pause alike would otherwise open all their first connections within a
 * second. */
#ifndef TM_MODELS_TURN_H
#define TM_MODELS_TURN_H

#include <stdint.h>

#include "tm/base/time.h"

#define TM_USER_TURN_US  (50 * TM_US_PER_MS) /* a user begins so long after the one before it, */
#define TM_USER_TURNS_US (5 * TM_US_PER_S)   /* or less, so that all have begun after this */

/* How long after the user before it a user begins, of n_users (1 or more) of a model. */
static inline int64_t tm_turn_us(uint32_t n_users)
{
    return tm_min_us(TM_USER_TURN_US, TM_USER_TURNS_US / n_users);
}

#endif
