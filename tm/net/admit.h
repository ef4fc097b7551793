/* tm/net/admit.h - whether a token is ours to accept, and the one clear line of log when it is not.
 *
 * Order: token opens, client known, time, not used before, binder.  Whoever fails is a stranger on the wire. */
#ifndef TM_NET_ADMIT_H
#define TM_NET_ADMIT_H

#include <stdint.h>

#include "tm/net/gate.h"
#include "tm/net/replay.h"
#include "tm/net/ticket.h"
#include "tm/net/tunnel_server.h"

/* Lines about refusals: a few at once, then one every ten seconds, with the number left out. */
struct tm_admit_log {
    int64_t next_us;
    unsigned burst;
    uint64_t n_left_out;
};

struct tm_admit {
    const struct tm_ticket_key *key;
    const struct tm_ticket_key *key_old; /* NULL: there is none, or it has expired */
    tm_tunnel_lookup_fn lookup;
    void *user;
    bool takes_join;
    struct tm_replay *replay;
    /* The time, ms since 1970, that this token is judged by: its session's, or for its first token the wall clock's. */
    uint64_t (*now_ms)(void *owner, const struct tm_token *t);
    void *owner;
    struct tm_admit_log log;
    uint64_t refused; /* tokens of ours that were not accepted */
};

struct tm_admitted {
    struct tm_token token;
    uint8_t psk[TM_PSK_LEN]; /* to be cleansed by the caller */
    uint8_t nonce[TM_TICKET_NONCE_LEN];
};

/* TM_OK and *out; or TM_ERR_AUTH, after logging when the token was made with our key.  A guest that is judged again has used its
 * token already. */
TM_MUST_CHECK int tm_admit_check(struct tm_admit *a, const struct tm_gate_guest *guest,
                                 struct tm_admitted *out);
/* The token has been accepted, once, even if its guest has to wait: a copy of it that comes meanwhile is a stranger's. */
void tm_admit_use(struct tm_admit *a, const struct tm_admitted *ad);
/* Counts and logs a refusal: what happened, and what to do about it. */
void tm_admit_refuse(struct tm_admit *a, const struct tm_token *t, const char *text);

#endif
