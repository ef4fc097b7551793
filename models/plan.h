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

struct tm_write {
    uint32_t size;   /* bytes on the wire, 1..TM_WRITE_SIZE_MAX */
    uint32_t gap_us; /* after the event, 0..TM_WRITE_GAP_MAX */
    uint8_t dir;     /* enum tm_dir */
    uint8_t
        ref_back; /* the event is write i - ref_back; 0: the connection's start (TCP established) */
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
    int64_t
        close_gap_us; /* the client closes this long after the last byte of all writes (sent by it,
                                or received by it) */
};

/* An empty plan is {0}.  Appends a write; TM_ERR_NOMEM, or TM_ERR_LIMIT beyond TM_PLAN_WRITES_MAX. */
TM_MUST_CHECK int tm_plan_add(struct tm_plan *p, struct tm_write w);
/* Forgets the writes and the closing gap, keeps the memory. */
void tm_plan_clear(struct tm_plan *p);
/* Frees the writes and leaves an empty plan. */
void tm_plan_deinit(struct tm_plan *p);
/* TM_OK, or TM_ERR_RANGE when a size, gap, direction or reference is outside the limits above, or a
 * reference points before the first write, or close_gap_us is negative. */
TM_MUST_CHECK int tm_plan_check(const struct tm_plan *p);
/* Sum of the sizes of the writes that go `dir`. */
uint64_t tm_plan_bytes(const struct tm_plan *p, enum tm_dir dir);

#endif
