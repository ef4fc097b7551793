/* tm/core/message.h - control messages: what stream 0 carries.
 *
 * Each message: type (1) | length (varint) | body.  Stream 0 is reliable and in order on all carriers
 * together, so that no message is lost or doubled when a carrier dies.  Unknown types are skipped (features
 * of later versions); malformed ones end the session.
 *
 *   1 SETTINGS     version (1) | features (varint) | stream_window (varint) | streams_max (varint)
 *   2 OPEN         stream (varint) | kind (1) | len (1) | address | port (2)
 *   3 REPLY        stream (varint) | code (1)
 *   4 RESET        stream (varint) | code (1)
 *   5 CREDIT       stream (varint) | limit (varint): the sender may go up to this offset
 *   6 CARRIER_END  carrier (varint) | records (varint): no more will be received of it than these
 *   7 PLAN_SEED    seed (16): the master's; from the next group of connections on
 *   8 PLAN_HEAD    user (varint) | index (varint) | ref (1; bit 7: not in its session's first RRE) | gap_us (varint) | entries: the opening and the first
 *                  entries of an explicit plan
 *   9 FAIL         code (1): this side gives the session up (enum tm_fail)
 *  10 MACHINES     max padding, max blocking (varints, millionths, 0: no limit) | bytes of text (varint): the client brings the server's machines
 *  11 MACHINES_PART  text (1..TM_MACHINES_PART_MAX): the next bytes of it
 *  12 LISTEN       listener (1) | kind (1) | len (1) | address | port (2): the client asks the server to listen there; listeners count from 0
 *  13 LISTENING    listener (1) | code (1) | port (2): how that went, and later, with another code, that it is over
 *  14 ACCEPT       stream (varint) | listener (1): the server's OPEN, of a connection that came there */
#ifndef TM_CORE_MESSAGE_H
#define TM_CORE_MESSAGE_H

#include <stdint.h>

#include "models/plan.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/session.h"

#define TM_PROTOCOL_VERSION 2
#define TM_MESSAGE_MAX      512U /* bytes of one message, header included */

enum tm_message_kind {
    TM_MSG_SETTINGS = 1,
    TM_MSG_OPEN = 2,
    TM_MSG_REPLY = 3,
    TM_MSG_RESET = 4,
    TM_MSG_CREDIT = 5,
    TM_MSG_CARRIER_END = 6,
    TM_MSG_PLAN_SEED = 7,
    TM_MSG_PLAN_HEAD = 8,
    TM_MSG_FAIL = 9,
    TM_MSG_MACHINES = 10,
    TM_MSG_MACHINES_PART = 11,
    TM_MSG_LISTEN = 12,
    TM_MSG_LISTENING = 13,
    TM_MSG_ACCEPT = 14
};

/* Bits of SETTINGS' features: what an end understands beyond the protocol's version. */
#define TM_FEATURE_LISTEN UINT64_C(1) /* LISTEN */

#define TM_MACHINES_PART_MAX 500U

/* Codes of FAIL; others mean no more than that. */
enum tm_fail { TM_FAIL_MACHINES = 3 /* the client's machines are refused */ };

struct tm_message {
    enum tm_message_kind kind;
    uint64_t stream;
    uint8_t listener; /* LISTEN, LISTENING, ACCEPT */
    union {
        struct {
            uint8_t version;
            uint64_t features;
            uint64_t stream_window;
            uint64_t streams_max;
        } settings;
        struct tm_dest dest; /* OPEN, LISTEN: IPV4 or IPV6, port 0: any */
        uint8_t code;        /* REPLY, RESET, FAIL */
        struct {
            uint8_t code; /* enum tm_reply */
            uint16_t port;
        } listening;
        uint64_t limit; /* CREDIT */
        struct {
            uint32_t carrier;
            uint64_t n_records;
        } end;
        uint8_t seed[TM_TOKEN_SEED_LEN];
        struct {
            uint32_t user;
            struct tm_open open;    /* session is not carried, of rre whether it is 0 */
            struct tm_view entries; /* borrowed */
        } head;
        struct {
            uint32_t max_padding_ppm, max_blocking_ppm; /* 0..1000000 */
            uint32_t text_len;
        } machines;
        struct tm_view part; /* borrowed */
    } u;
};

/* Appends the whole message; sets w's error when it does not fit or is out of range. */
void tm_message_encode(struct tm_wr *w, const struct tm_message *m);
/* > 0: bytes consumed, *m is set (kind 0: a type unknown here, to be skipped); 0: not whole yet;
 * TM_ERR_FORMAT: malformed or over TM_MESSAGE_MAX. */
TM_MUST_CHECK int tm_message_decode(struct tm_message *m, const uint8_t *p, size_t len);

#endif
