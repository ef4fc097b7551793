/* models/plan.h - the vocabulary of schedules: what one connection (carrier) does, write by write.
 *
 * A schedule says, for every connection: when it opens, which writes go which way, each with its size
 * and the gap after the event it runs from, and when it closes.  TrafficMimic's traffic request {type,
 * size, time} is one write, open or close; a model request is an up (or down) write together with the
 * writes of the other side that refer to it (TrafficMimic sec. 2).  The unit is the write: Swing's
 * exchange is the simplest case, up, down, up, down.
 *
 * Sizes are bytes of TCP payload, TLS records and handshake included.  Times inside a connection run
 * from events, as people and servers behave: a write names an earlier write r, and its clock starts when
 * the last byte of r was received (r came from the other side) or was sent (r is the sender's own).  So
 * the invariant of a schedule is the sequence (carrier, sender, size, reference event, gap). */
#ifndef TM_MODELS_PLAN_H
#define TM_MODELS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

enum tm_dir {
    TM_UP = 0,  /* tm-client to tm-server */
    TM_DOWN = 1 /* tm-server to tm-client */
};

#define TM_WRITE_SIZE_MAX  (1U << 28)           /* bytes of one write */
#define TM_WRITE_GAP_MAX   UINT32_C(4000000000) /* us; 66 minutes, fits 32 bits */
#define TM_PLAN_WRITES_MAX 65535U               /* writes of one connection */
#define TM_REF_BACK_MAX    255U
/* Of the ClientHello, at a server that has the plan from its token. */
#define TM_WRITE_GAP_UNKNOWN UINT32_MAX

struct tm_write {
    uint32_t size;   /* bytes on the wire, 1..TM_WRITE_SIZE_MAX */
    uint32_t gap_us; /* after the event, 0..TM_WRITE_GAP_MAX; in logs also TM_WRITE_GAP_UNKNOWN */
    uint8_t dir;     /* enum tm_dir */
    uint8_t
        ref_back; /* the event is write i - ref_back; 0: the connection's start (TCP established) */
};

/* How the client closes. */
enum tm_close_how {
    TM_CLOSE_FIN = 0,
    TM_CLOSE_RESET = 1, /* by a reset: not before it has received all that the plan sends it */
    TM_CLOSE_HOWS = 2
};

/* What closes a connection.  All zero: the client's FIN, after the last byte of all writes, which the server's FIN answers.
 *
 * Neither side closes before its own last write has left.  The client's close runs from the last byte of a write, received or sent, or from
 * the end: the last byte of all writes and, where the server closes by itself, its FIN.  The server's FIN answers the client's,
 * after its own last write, or runs from a write too.  The gap of the client's close is tm_plan.close_gap_us. */
struct tm_close {
    uint8_t how; /* enum tm_close_how: the client's */
    uint8_t
        back; /* the client's runs from write n_writes - back (so server_back); 0: from the end */
    uint8_t server_back;    /* the server's FIN runs from this write; 0: it answers */
    uint32_t server_gap_us; /* 0..TM_WRITE_GAP_MAX; 0 where it answers */
};

/* What an opening runs from.  Only tm-client opens connections, whoever is master. */
enum tm_open_ref {
    TM_OPEN_ORIGIN = 0, /* the user's start */
    TM_OPEN_PREV = 1,   /* the planned opening of the user's previous connection */
    TM_OPEN_ENDED = 2, /* the end of all connections that the user opened before: they are closed */
    TM_OPEN_OVER =
        3 /* the last byte of all their writes, sent or received by the client; closings aside */
};

struct tm_open {
    uint64_t index;   /* of the connection among its user's, 0.. */
    uint32_t session; /* Swing session and RRE (counted in the session) that it belongs to */
    uint32_t rre;
    enum tm_open_ref ref;
    int64_t gap_us; /* after the event, >= 0 */
};

struct tm_plan {
    struct tm_write *w; /* owned, n_writes of cap_writes used */
    size_t n_writes;
    size_t cap_writes;
    int64_t close_gap_us;  /* the client closes this long after what its close runs from */
    struct tm_close close; /* who closes, how, and what that runs from */
};

/* An empty plan is {0}.  Appends a write; TM_ERR_NOMEM, or TM_ERR_LIMIT beyond TM_PLAN_WRITES_MAX. */
TM_MUST_CHECK int tm_plan_add(struct tm_plan *p, struct tm_write w);
/* Forgets the writes and the closing gap, keeps the memory. */
void tm_plan_clear(struct tm_plan *p);
/* Frees the writes and leaves an empty plan. */
void tm_plan_deinit(struct tm_plan *p);
/* TM_OK, or TM_ERR_RANGE when a size, gap, direction or reference is outside the limits above, or a
 * reference points before the first write, or close_gap_us is negative, or tm_close_check refuses the closing. */
TM_MUST_CHECK int tm_plan_check(const struct tm_plan *p);
/* Of a connection of n writes: TM_OK, or TM_ERR_RANGE when a reference points before the first write, or a number is outside the limits
 * above. */
TM_MUST_CHECK int tm_close_check(const struct tm_close *c, size_t n_writes);
/* Whether it is as all closings were once: the client's FIN at the end, and the server's answer. */
static inline bool tm_close_is_plain(const struct tm_close *c)
{
    return c->how == TM_CLOSE_FIN && c->back == 0 && c->server_back == 0;
}
/* Equal in every field, as far as both are known. */
static inline bool tm_write_is_same(const struct tm_write *a, const struct tm_write *b)
{
    bool is_gap_same = a->gap_us == b->gap_us || a->gap_us == TM_WRITE_GAP_UNKNOWN ||
                       b->gap_us == TM_WRITE_GAP_UNKNOWN;
    return a->size == b->size && is_gap_same && a->dir == b->dir && a->ref_back == b->ref_back;
}
static inline bool tm_close_is_same(const struct tm_close *a, const struct tm_close *b)
{
    return a->how == b->how && a->back == b->back && a->server_back == b->server_back &&
           a->server_gap_us == b->server_gap_us;
}
/* Sum of the sizes of the writes that go `dir`. */
uint64_t tm_plan_bytes(const struct tm_plan *p, enum tm_dir dir);

#endif
