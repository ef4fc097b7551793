/* audit/wire_view.h - what an observer of the wire sees of TCP connections to given servers: for each direction,
 * when every byte of payload was first seen.
 *
 *   runs of one direction:   [0 ........ 517)[517 .. 1965)      [3413 .. 4861)
 *                             t=0.000         t=0.021     hole   t=0.022
 *
 * Exactness is defined on cumulative offsets against time, so retransmissions (bytes seen before) are only
 * counted, and a hole that a later packet fills keeps the later time.  A hole that the other side
 * acknowledged was transmitted but not captured: the capture has dropped packets.  Pure. */
#ifndef TM_AUDIT_WIRE_VIEW_H
#define TM_AUDIT_WIRE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/schedule.h"
#include "learner/packet.h"
#include "models/plan.h"
#include "tm/base/err.h"

/* Bytes [start, end) of a direction, first seen in one packet. */
struct tm_wire_run {
    int64_t t_us;
    uint64_t start, end;
    int64_t
        free_us; /* since when no congestion window could have kept these bytes back: nothing, or less than
                        an initial window and never a retransmission, was unacknowledged; TM_NEVER: unknown */
};

struct tm_wire_half {
    struct tm_wire_run *runs; /* owned; sorted, disjoint */
    size_t n_runs, cap_runs;
    bool has_isn; /* its SYN was seen, or what the other side acknowledged before any data; without
                                   it no offset is known and no run is kept */
    bool has_unplaced; /* payload came before that */
    uint32_t isn;
    uint64_t high;  /* largest end */
    uint64_t acked; /* bytes that the other side acknowledged (its FIN counts as one) */
    int64_t acked_us;
    uint64_t retrans_bytes; /* seen again */
    uint64_t n_retrans;     /* packets that held any */
    int64_t fin_us;         /* first FIN; TM_NEVER: none */
    uint64_t fin_offset;    /* payload bytes before it */
    int64_t rst_us;         /* first RST; TM_NEVER: none */
};

struct tm_wire_conn {
    struct tm_endpoint client, server;
    int64_t first_us, last_us;   /* packets, either direction */
    int64_t syn_us;              /* first SYN of the client; TM_NEVER: not in the capture */
    struct tm_wire_half half[2]; /* by enum tm_dir */
    uint32_t older;              /* the connection before with the same endpoints; TM_WIRE_NONE */
};
#define TM_WIRE_NONE UINT32_MAX

struct tm_wire_view {            /* empty: {0}, then tm_wire_view_add_server */
    struct tm_endpoint *servers; /* owned */
    uint32_t n_servers;
    size_t cap_servers;
    struct tm_wire_conn *conns; /* owned, in order of their first packet */
    uint32_t n_conns;
    size_t cap_conns;
    uint32_t *table; /* owned: endpoints -> newest connection, open addressing */
    uint32_t cap_table;
    uint64_t n_packets;        /* of the connections */
    uint64_t n_fed;            /* all packets, other servers' too */
    int64_t first_us, last_us; /* of all packets fed; 0 when none was */
};

/* Connections to this server are wanted (a second time does nothing).  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_wire_view_add_server(struct tm_wire_view *v, const struct tm_endpoint *server);
/* The next TCP packet of the capture; those of other servers only move last_us.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_wire_view_feed(struct tm_wire_view *v, const struct tm_packet *p);
void tm_wire_view_deinit(struct tm_wire_view *v);

/* The newest connection between the two, or TM_WIRE_NONE; walk on through `older`. */
uint32_t tm_wire_view_find(const struct tm_wire_view *v, const struct tm_endpoint *client,
                           const struct tm_endpoint *server);
/* The run that holds byte `offset`, or NULL when it was not seen. */
const struct tm_wire_run *tm_wire_half_at(const struct tm_wire_half *h, uint64_t offset);
/* Bytes of [start, end) that were not seen. */
uint64_t tm_wire_half_unseen(const struct tm_wire_half *h, uint64_t start, uint64_t end);
/* How far the bytes from `from` on had come before t_us, in order: the end of the last run seen before; `from`
 * when its own run was not. */
uint64_t tm_wire_half_sent_before(const struct tm_wire_half *h, uint64_t from, int64_t t_us);

#endif
