/* tm/net/replay.h - no token is accepted twice (research: tls-shape sec. 2.5).
 *
 * While the server runs, the nonces of the accepted tokens are remembered; when the table is full, those with the
 * oldest times are forgotten and their time becomes the floor: nothing at or below it is accepted.  Across
 * restarts a small state file remembers, for each client, the highest token time that was accepted: after a
 * restart that client's older tokens are refused.  Both hold by the tokens' own times alone, so whatever a clock is
 * set to, no token is accepted twice; the window keeps times that are far off from becoming anybody's floor.  (One floor for all clients would shut
 * out, after each restart, every client whose clock is behind another's.)  The file: 16 bytes magic and
 * version, then records of 16 bytes: client id, time in ms, big-endian, zero padded to 8. */
#ifndef TM_NET_REPLAY_H
#define TM_NET_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/core/token.h"
#include "tm/net/ticket.h"

#define TM_REPLAY_NONCE_LEN   TM_TICKET_NONCE_LEN
#define TM_REPLAY_CAP         65536U
#define TM_REPLAY_CLIENTS_MAX 65536U
#define TM_REPLAY_WINDOW_MS   (INT64_C(2) * 3600 * 1000)

struct tm_replay;

struct tm_replay_cfg {
    const char *path;  /* state file, made when absent; NULL: nothing survives a restart */
    size_t cap;        /* nonces remembered; 0: TM_REPLAY_CAP */
    int64_t window_ms; /* either side of now; 0: TM_REPLAY_WINDOW_MS */
};

/* TM_ERR_NOMEM; TM_ERR_IO, TM_ERR_FORMAT with msg when the file cannot be used. */
TM_MUST_CHECK int tm_replay_new(struct tm_replay **out, const struct tm_replay_cfg *cfg,
                                struct tm_msg *msg);
void tm_replay_free(struct tm_replay *r);

/* Whether the token could be accepted at now_ms: TM_OK; TM_ERR_RANGE: its time is outside the
 * window; TM_ERR_AUTH: used before, or not newer than the floor.  Remembers nothing. */
TM_MUST_CHECK int tm_replay_check(const struct tm_replay *r,
                                  const uint8_t client_id[TM_CLIENT_ID_LEN],
                                  const uint8_t nonce[TM_REPLAY_NONCE_LEN], uint64_t time_ms,
                                  uint64_t now_ms);
/* The client's tokens up to this time are refused, whatever their nonces; 0: none. */
uint64_t tm_replay_floor_ms(const struct tm_replay *r, const uint8_t client_id[TM_CLIENT_ID_LEN]);
/* The token has been accepted: remembers it and writes the client's floor.  TM_ERR_IO: the file could not be
 * written (the token is remembered in memory); TM_ERR_LIMIT: too many clients for the file. */
TM_MUST_CHECK int tm_replay_use(struct tm_replay *r, const uint8_t client_id[TM_CLIENT_ID_LEN],
                                const uint8_t nonce[TM_REPLAY_NONCE_LEN], uint64_t time_ms);

#endif
