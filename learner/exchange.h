/* learner/exchange.h - one TCP connection's packets -> request/response exchanges.
 *
 * Sequence and acknowledgement numbers alone say how many bytes went which way, so headers
 * suffice, and bytes that the tap missed are still counted.  A connection is a strictly alternating
 * sequence of objects, request, response, request, ... (Swing: half-duplex epochs); pipelined
 * requests merge into one.
 *
 *            up bytes                down bytes               up bytes
 *   IDLE --------------> REQUEST ----------------> RESPONSE ------------> REQUEST (pair complete)
 *     \ down bytes first: an empty request, kept as 1 byte, then RESPONSE
 *
 * Source: Swing (ToN 2009) sec. III.A and the extractor released with it (getconndata);
 * doc/PAPER.md lists the rules one by one and where we differ.  Pure: no clock, no I/O. */
#ifndef TM_LEARNER_EXCHANGE_H
#define TM_LEARNER_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learner/pair.h"
#include "models/plan.h"
#include "tm/base/err.h"

struct tm_exchange_cfg {
    uint32_t gap_credit_bytes; /* a hole below this counts as bytes that the tap missed; 0: none */
    uint32_t max_pairs; /* longer connections are cut into pseudo-connections of this many; >= 1 */
    int64_t syn_repeat_us; /* a SYN repeated within this is the same connection's */
    int64_t rtt_max_us;    /* longer round trips are no samples */
    bool is_tail_pair; /* R12: an answer without its request is a pair, as in the released code */
};
/* Swing's values: 15,000 bytes, 200 pairs, 3 s, 1.5 s; a tail is no pair. */
struct tm_exchange_cfg tm_exchange_cfg_default(void);

/* One TCP segment.  `dir` is TM_UP from the client to the server. */
struct tm_segment {
    int64_t t_us;
    uint32_t seq;
    uint32_t ack;
    uint32_t payload_len;
    uint8_t flags; /* enum tm_tcp_flag */
    uint8_t dir;   /* enum tm_dir */
};

/* What a finished connection (or pseudo-connection) was.  What most packets touch stands first, as in struct tm_exchange. */
struct tm_conn {
    uint64_t bytes[2]; /* payload by direction, retransmissions counted once */
    uint32_t
        rtt_us[2]; /* tap to server (TM_UP) and to client (TM_DOWN) and back; or TM_PAIR_NONE */
    uint32_t n_packets; /* of the whole connection, pseudo-connections included */
    uint16_t n_rtt[2];  /* samples behind rtt_us, at most 65535 */
    uint8_t data_dir;   /* who sent the last byte, and who closed after it: enum tm_dir */
    uint8_t close_dir;
    bool has_syn;        /* its opening was captured */
    bool has_end;        /* a FIN or RST was captured */
    bool is_pseudo;      /* a later part of a cut connection */
    uint32_t n_retrans;  /* segments that held nothing new */
    uint32_t first_pair; /* chain in the pool, owned by the connection */
    uint32_t n_pairs;
    uint32_t close_think_us; /* last payload byte to the FIN or RST after it; or TM_PAIR_NONE */
    int64_t start_us; /* SYN, or the first packet; of a pseudo-connection its first request */
    int64_t end_us;   /* last FIN or RST, or the last packet; of a cut connection its last byte */
    int64_t data_us;  /* last payload byte; start_us when there was none */
    uint64_t inferred[2];  /* of the bytes, those credited before any packet showed them */
    uint64_t uncounted[2]; /* bytes of holes too large to be credited, and never filled */
};

#define TM_EXCHANGE_HOLES 3U

/* Sequence numbers from..to-1 that no packet showed; equal: none. */
struct tm_hole {
    uint32_t from;
    uint32_t to;
};

/* The state of one direction. */
struct tm_exchange_half {
    int64_t timed_us;   /* since then ... ; TM_NEVER: nothing is timed */
    uint32_t timed_seq; /* ... an acknowledgement of this gives a round-trip sample */
    uint32_t next;      /* the sequence number after the highest byte known */
    uint32_t base;      /* that of the lowest byte known */
    bool is_valid;      /* `next` is known */
    bool has_fin;
};

/* With many connections open, each packet finds its own outside the processor's cache: what most packets need stands together in
 * the first TM_EXCHANGE_HOT bytes. */
#define TM_EXCHANGE_HOT 128U
struct tm_exchange {
    struct tm_exchange_half half[2];
    int64_t data_us;       /* last new byte; TM_NEVER: none yet */
    int64_t last_us;       /* last packet */
    uint64_t object_bytes; /* of the object in progress ... */
    uint32_t last_pair;
    uint32_t isn;  /* the number before the client's first byte */
    uint8_t phase; /* enum phase in exchange.c */
    bool has_rst;
    bool is_ready;           /* ready_us is known */
    bool is_data_late;       /* data_us is after the byte, nobody knows how long (R14) */
    bool is_syn_repeated[2]; /* SYN, SYN-ACK: no round-trip sample then (Karn) */
    bool has_handshake_rtt[2];
    struct tm_conn conn;      /* what is known so far; end and close think come with finish */
    uint64_t object_inferred; /* ... of its bytes, those known from acknowledgements alone */
    int64_t syn_us[2];        /* SYN and SYN-ACK, for the handshake's round trips; TM_NEVER: none */
    int64_t ready_us;         /* the handshake's third packet; TM_NEVER: not seen */
    int64_t close_us;         /* first FIN or RST since data_us; TM_NEVER: none */
    int64_t fin_us;           /* last new FIN, or RST */
    struct tm_hole
        hole[2][TM_EXCHANGE_HOLES]; /* by direction, the last ones too large to be credited */
};

/* A connection whose first packet is about to be fed. */
void tm_exchange_init(struct tm_exchange *x);

enum tm_exchange_result {
    TM_EXCHANGE_OK = 0,
    TM_EXCHANGE_CUT = 1, /* pair max_pairs + 1 began: *cut holds the connection up to there */
    TM_EXCHANGE_NEW =
        2, /* a SYN that opens another connection; nothing was changed: finish this one,
                            init, and feed the packet again */
};

/* One packet; `cut` is written only with TM_EXCHANGE_CUT and then owns its chain of pairs.  Returns
 * enum tm_exchange_result, or TM_ERR_NOMEM / TM_ERR_LIMIT (2^32 pairs). */
TM_MUST_CHECK int tm_exchange_feed(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                                   struct tm_pair_pool *pool, const struct tm_segment *s,
                                   struct tm_conn *cut);

/* Both sides closed, or one reset it. */
bool tm_exchange_is_closed(const struct tm_exchange *x);

/* The end, by FIN, RST or the capture's: the pair in progress is kept with what was seen.  The
 * chain of pairs passes to *out. */
void tm_exchange_finish(struct tm_exchange *x, const struct tm_exchange_cfg *cfg,
                        struct tm_pair_pool *pool, struct tm_conn *out);

#endif
