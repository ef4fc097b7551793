/* learner/joint/writes.h - one TCP connection's packets -> its writes, each with the event that it runs from.
 *
 * Swing's exchanges alternate strictly; real connections do not.  Servers speak first, a side writes several times in a row, both
 * write at once.  So the unit is the write, and each direction is followed for itself:
 *
 *   write      a segment and those that follow it in its direction while the one before was full and the gap was below
 *              100 ms, whatever the other direction does meanwhile
 *              (but what comes after the other side has answered the part before is a write of its own, for the answer knew only that part;
 *              and what Nagle's algorithm (RFC 896, and as Minshall has it, draft-minshall-nagle) held back until all before it, or the last small
 *              segment before it, was acknowledged is a write of its own, as far
 *              as a tap near the sender sees it: nobody holds it back when it is played)
 *   event      the latest thing that its sender knew when it began: its own previous write was out, or a write of the other side had
 *              arrived as a whole (the write's first segment acknowledges all of it); before any of these, the connection was established
 *   gap        from that event to the write, in the sender's time: what the tap saw later than the sender did, the round
 *              trip between tap and sender, is taken off: that of the path, where it is known from more connections than this, for
 *              each handshake's holds its own jitter, which would be in all of the connection's gaps.  What came sooner than a round
 *              trip allows is a gap of 0, and is taken off the next that has a round trip in it, so that gaps of 0 and more do
 *              not add up to more than there was
 *
 * How it was closed: learner/joint/closing.h.
 *
 * Bytes are counted by sequence numbers, once: retransmissions add nothing, and a hole counts as part of the write behind it, for
 * what fills it comes later.  What was under way when one side reset the connection still counts.  Pure: no clock, no I/O. */
#ifndef TM_LEARNER_JOINT_WRITES_H
#define TM_LEARNER_JOINT_WRITES_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/exchange.h"
#include "models/deck.h"
#include "tm/base/err.h"

#define TM_CUT_INNER_GAP_US 100000
#define TM_CUT_FULL_MIN     1000U /* bytes; smaller segments are never full */

/* Segments of one direction that follow each other closely and are each as large as any so far. */
struct tm_cut_run {
    int64_t first_us, last_us;
    uint64_t end;    /* bytes of its direction up to and with this run */
    uint64_t acked;  /* bytes of the other direction that its first segment acknowledges */
    uint32_t bytes;  /* new ones */
    uint32_t full;   /* payload of its last segment */
    uint32_t n_segs; /* that held something new */
    uint8_t dir;     /* enum tm_dir */
    bool
        is_held; /* it was not full, and left just when all before it had been acknowledged, or the last before it that was not full */
};

struct tm_cut_half {
    uint64_t n_bytes;       /* so far, holes included */
    uint32_t next;          /* sequence number after them */
    uint32_t run;           /* index of the direction's last run + 1; 0: none */
    uint32_t acked;         /* highest acknowledgement of them, */
    int64_t acked_us;       /* and when it came; TM_NEVER: none */
    uint32_t small;         /* sequence number after its last segment that was not full, */
    int64_t small_acked_us; /* and when that was acknowledged; TM_NEVER: not yet, or none */
    bool is_known, is_syn_repeated, has_fin, has_small;
};

/* The first FIN, or RST, of a direction. */
struct tm_cut_end {
    int64_t t_us;
    uint64_t acked; /* bytes of the other direction, where has_ack */
    bool is_there, has_ack;
    bool acks_fin; /* the other direction's */
};

/* A connection that is being cut; all zero but the times: tm_cut_init. */
struct tm_cut {
    struct tm_cut_run *run; /* owned */
    uint32_t n_runs, cap_runs;
    struct tm_cut_half half[2];
    int64_t syn_us[2];                /* SYN, SYN-ACK; TM_NEVER: not captured */
    int64_t ready_us;                 /* the handshake's third packet */
    struct tm_cut_end fin[2], rst[2]; /* by direction */
    int64_t start_us;                 /* first packet, */
    int64_t end_us;                   /* and last FIN or RST, or last packet */
    uint32_t timed_rtt_us; /* smallest time from data to its acknowledgement, tap to server; */
    int64_t timed_us;      /* ... what is being timed: since then */
    uint32_t timed_seq;
    uint32_t path_rtt_us[2];   /* by the sender's direction, from outside; 0: not known */
    uint32_t largest;          /* segment so far */
    bool has_rst, is_too_long; /* more runs than a deck can hold: no connection comes of it */
};

void tm_cut_init(struct tm_cut *c);
void tm_cut_deinit(struct tm_cut *c);
/* Gives back what room it has for more runs: most often no more come.  More may. */
void tm_cut_trim(struct tm_cut *c);

/* One segment, in the order captured; `dir` is TM_UP from the client.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_cut_feed(struct tm_cut *c, const struct tm_segment *s);

/* Opening and end were captured, and something was sent: only such connections are learned, for of others nobody knows what
 * their beginning refers to, or how long they would have become. */
bool tm_cut_is_complete(const struct tm_cut *c);
/* Both sides closed, or one reset it. */
bool tm_cut_is_closed(const struct tm_cut *c);

/* From the tap to `dir`'s sender and back, as the handshake has it; 0: it was not captured, or repeated. */
uint32_t tm_cut_handshake_us(const struct tm_cut *c, enum tm_dir dir);

/* The most frequent segment of at least TM_CUT_FULL_MIN bytes; *n_segs how often it was seen (0: never, and 0 is returned). */
uint32_t tm_cut_full(const struct tm_cut *c, uint32_t *n_segs);

/* Appends the complete connection to `deck`: segments of at least full_bytes count as full.  The runs are used up; only deinit may
 * follow.  TM_ERR_RANGE when it is not complete or too long, TM_ERR_NOMEM, TM_ERR_LIMIT (the deck is full). */
TM_MUST_CHECK int tm_cut_finish(struct tm_cut *c, uint32_t full_bytes, enum tm_deck_role role,
                                struct tm_deck *deck);

#endif
