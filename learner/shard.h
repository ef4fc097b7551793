/* learner/shard.h - which clients' connections belong to one part of n.
 *
 * By the client's address, so that everything that spans connections of a user, RREs and sessions,
 * stays within a part.  What spans users, the round trips of servers, is worked out when all parts
 * are together again (learner/shard_file.h). */
#ifndef TM_LEARNER_SHARD_H
#define TM_LEARNER_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/mix.h"
#include "learner/packet.h"

#define TM_SHARD_PARTS_MAX 65536U

struct tm_shard {
    uint32_t part;    /* 1..n_parts */
    uint32_t n_parts; /* 0 or 1: everything is in the one part */
};

static inline bool tm_shard_has(struct tm_shard s, const uint8_t client[TM_ADDR_LEN])
{
    return s.n_parts < 2 || tm_mix_bytes(client, TM_ADDR_LEN) % s.n_parts == s.part - 1;
}

#endif
