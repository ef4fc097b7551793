/* learner/ops/tap.h - connections in virtual time -> the packets that a tap beside the client sees, in the order of time.
 *
 * TCP as far as an observer of sizes and times sees it: handshake, segments of at most the path's MSS with PSH at a write's end,
 * acknowledgements, FIN from both sides.  A receiver acknowledges every second segment, with its own next data, or after 40 ms (RFC 9293
 * sec. 3.8.6.3; Linux: TCP_DELACK_MIN).  Nothing is lost or sent twice.  Pure; memory is bounded by what is open at a time. */
#ifndef TM_LEARNER_OPS_TAP_H
#define TM_LEARNER_OPS_TAP_H

#include <stdint.h>

#include "learner/ops/timeline.h"
#include "learner/packet.h"
#include "tm/base/err.h"

/* Addresses: user u is 198.18.0.0/16 (RFC 2544, for measurements), host u + 1; each session of a user has a server of its own, the
 * (s + 1)-th address of 10.0.0.0/8. */
#define TM_TAP_SESSIONS_MAX ((1U << 24) - 2)

/* One connection's names. */
struct tm_tap_conn_id {
    uint32_t client_ip, server_ip; /* host byte order */
    uint16_t client_port, server_port;
};

struct tm_tap_packet {
    int64_t t_us;      /* from the start of the timeline on */
    uint32_t seq, ack; /* ack 0 without the flag */
    uint32_t payload_len;
    uint8_t flags; /* enum tm_tcp_flag */
    uint8_t dir;   /* enum tm_dir */
    struct tm_tap_conn_id id;
    const struct tm_timed_conn *conn; /* borrowed until the next call */
};

struct tm_tap; /* opaque */

/* Borrows the timeline.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_tap_new(struct tm_tap **out, struct tm_timeline *t, uint16_t server_port);
void tm_tap_free(struct tm_tap *tap);
/* 1: the next packet; 0: all connections have ended.  Errors of tm_timeline_next; TM_ERR_LIMIT also when there are more than
 * TM_TAP_SESSIONS_MAX sessions. */
TM_MUST_CHECK int tm_tap_next(struct tm_tap *tap, struct tm_tap_packet *p);

/* The packet as the learner gets it from a capture file of raw IP whose clock starts at `base_us`. */
void tm_tap_decoded(const struct tm_tap_packet *p, int64_t base_us, struct tm_packet *out);

#endif
