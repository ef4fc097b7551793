/* tm/core/shuffle.h - internal to the engine: what the shuffling driver knows of a session and of a carrier. */
#ifndef TM_CORE_SHUFFLE_H
#define TM_CORE_SHUFFLE_H

#include "models/shuffle.h"
#include "tm/core/driver.h"
#include "tm/core/rate.h"
#include "tm/core/shape.h"

#define TM_RELAY_WRITES 16U /* handed out on a carrier and not departed, at most; a power of two */

struct tm_shuffler {
    struct tm_shuffle_cfg cfg;
    struct tm_shuffle_count count;
    struct tm_rng rng;
    uint32_t rr;    /* slot of the stream that sends next */
    uint32_t run_k; /* carrier of the last piece ... */
    uint32_t n_run; /* ... and how many it had in a row */
    bool is_stuck;  /* too much waits for acknowledgement: nothing is composed before some comes */
    int64_t
        ack_us; /* when something received is to be acknowledged at the latest; TM_NEVER: nothing */
    int64_t latency_us; /* smoothed: how long an acknowledgement takes; 0: not known */
    uint32_t unacked;   /* bytes of records received and not acknowledged */
    /* client */
    int64_t open_us;      /* no carrier is opened before */
    uint32_t n_fruitless; /* openings in a row that our server did not answer */
};

struct tm_relay {
    uint8_t plain[TM_RECORD_PLAIN_MAX]; /* of the write that was handed out last */
    uint32_t plain_len;                 /* 0: none, or taken */
    uint32_t hello_bytes;
    uint64_t rx_bytes;
    bool is_ready;        /* the handshake is so far that records may be sent */
    bool owes_flight;     /* server: the flight is due; client: the Finished */
    uint32_t n_departed;  /* of c->n_handed */
    uint32_t outstanding; /* bytes of those that have not */
    uint32_t size[TM_RELAY_WRITES];
    int64_t handed_us[TM_RELAY_WRITES];
    int64_t delay_us;       /* smoothed: from handing out to departure */
    struct tm_rate rate;    /* of what was handed out */
    uint64_t wanted_ack;    /* records below this have to be acknowledged */
    bool is_stalled;        /* see shuffle_stall.c */
    bool is_first;          /* nothing was owed when what is owed was sent, at silent_us */
    uint64_t acked_records; /* of the carrier's, when that last grew: */
    int64_t moved_us;
    int64_t heard_us;   /* when it last brought more than acknowledgements; INT64_MIN: never */
    int64_t silent_us;  /* since when the other end owes that; meaningful while it does */
    int64_t alive_us;   /* client: when to send something for its sake */
    int64_t surplus_us; /* client: since when it has not been needed; TM_NEVER: it is */
};

static inline bool tm_relay_is_usable(const struct tm_carrier *c)
{
    return c->state == TM_CARRIER_LIVE && c->relay->is_ready;
}

/* ---- shuffle_open.c: carriers that come and go; all but the first for the client ---- */

#define TM_SHUFFLE_SURPLUS_US (600 * TM_US_PER_S) /* not needed for so long, a carrier is removed */

/* Uniform in from_us..to_us. */
int64_t tm_shuffle_drawn_us(struct tm_session *s, int64_t from_us, int64_t to_us);
/* When the next carrier is to be opened; TM_NEVER: there are enough, or this is the server. */
int64_t tm_shuffle_open_due_us(const struct tm_session *s);
/* False: it cannot be opened now. */
bool tm_shuffle_hand_open(struct tm_session *s, int64_t now_us, struct tm_act *act);
/* Notes which carrier is one too many, and since when. */
void tm_shuffle_mind_surplus(struct tm_session *s, int64_t now_us);
/* False: none is to be closed now. */
bool tm_shuffle_hand_close(struct tm_session *s, int64_t now_us, struct tm_act *act);
/* An opening has ended that our server did not answer. */
void tm_shuffle_was_fruitless(struct tm_session *s, int64_t t_us);

/* ---- shuffle_stall.c ---- */

/* What lies on carriers that stand still goes again on others. */
void tm_shuffle_mind_stalls(struct tm_session *s, int64_t now_us);
/* When to look again; TM_NEVER: not before an event. */
int64_t tm_shuffle_stall_us(const struct tm_session *s);
/* Records of it may have been acknowledged. */
void tm_shuffle_moved(struct tm_session *s, struct tm_carrier *c);

#endif
