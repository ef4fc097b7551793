/* learner/tls.h - the TLS records of one connection: its handshake apart from its application part.
 *
 * Reads record headers in both directions, and of the ServerHello the cipher suite that tells TLS 1.3; nothing
 * else of the payload is looked at.  So playback can put its own handshake in the place of the learned one.
 *
 *            server's first record    client's Finished (1.3), or the first application record (1.2)
 *   HELLO ------------------> FLIGHT ---------------------------------> application records
 *
 * In TLS 1.3 handshake records are disguised as application data: the server's are those before the client's
 * Finished, which is the client's first after the ServerHello.  What the server sends after that (tickets)
 * cannot be told from its answers.  The application part is cut into exchanges as in exchange.h: records
 * against the direction of the last object end it.
 *
 * Bounded: bytes are never kept.  A hole inside a record's body does no harm; a hole with a header in it, or
 * a segment that was not captured whole (snapshot length), ends the following.  A connection that begins in
 * clear (STARTTLS) is followed from the first segment of the client that begins with a ClientHello.
 * Source: RFC 8446 sec. 5.1, 4.1.3, app. D.4; RFC 5246 sec. 6.2.1.  Pure. */
#ifndef TM_LEARNER_TLS_H
#define TM_LEARNER_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/exchange.h"
#include "learner/samples.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"

enum tm_tls_state {
    TM_TLS_NONE,     /* no ClientHello seen */
    TM_TLS_FOLLOWED, /* from the ClientHello to the end of what was captured */
    TM_TLS_CUT,      /* a segment was not captured whole */
    TM_TLS_LOST,     /* a record header was not captured */
    TM_TLS_BROKEN,   /* something that is no record */
};

/* Of a finished connection, beside struct tm_conn. */
struct tm_tls_conn {
    uint64_t hello_bytes;    /* the client's records before the server's first */
    uint64_t flight_bytes;   /* the server's handshake records */
    uint64_t finished_bytes; /* the client's later handshake records */
    uint64_t app_bytes[2];   /* of application records, headers included */
    uint32_t n_records[2];   /* of these */
    uint32_t n_pairs;        /* exchanges after the handshake */
    uint8_t state;           /* enum tm_tls_state; the counts are of what was followed */
    bool is_13;
    bool is_established; /* application records were seen: the handshake's sizes are whole */
};

struct tm_tls_half {
    uint32_t next;      /* sequence number of the next byte to look at */
    uint32_t body_left; /* of the record in progress */
    uint8_t head[5];
    uint8_t head_len; /* bytes of the next header there */
    bool is_valid;
};

/* What most packets touch stands last. */
struct tm_tls {
    uint64_t object_bytes; /* application bytes of the object in progress */
    uint32_t object_records;
    uint32_t hello_at;    /* offset in the server's first record; the cipher suite stands near 40 */
    uint8_t hello_id_len; /* of its session id */
    uint8_t object_dir;   /* enum tm_dir, or 2: none yet */
    bool is_server_heard;
    bool is_hello_whole; /* the cipher suite was read */
    bool is_finished;    /* the client's Finished was seen (1.3) */
    struct tm_tls_conn conn;
    struct tm_tls_half half[2];
};

/* A connection whose first segment with payload is about to be fed. */
void tm_tls_init(struct tm_tls *t);
/* The number of a direction's first byte, if the opening was seen. */
void tm_tls_start(struct tm_tls *t, enum tm_dir dir, uint32_t first);
/* One segment and what was captured of its payload.  Adds the samples of finished requests, responses and
 * records (TM_MEASURED_TLS_REQ and so on).  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_tls_feed(struct tm_tls *t, const struct tm_segment *s, struct tm_view payload,
                              struct tm_samples *samples);
/* The connection's end: adds the last object's samples, those of the handshake if it was whole, and of the
 * number of exchanges if all were seen.  *out may be NULL.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_tls_finish(struct tm_tls *t, struct tm_samples *samples,
                                struct tm_tls_conn *out);
/* "none", "followed", "cut", "lost", "broken"; static storage. */
const char *tm_tls_state_name(enum tm_tls_state s);

#endif
