/* audit/features/trace.h - connections as a passive observer has them: when which segment of which size went which way.
 *
 * The material of every attack in audit/.  Payload, addresses and everything else that encryption or the recording
 * decides are left out: features come from `packets` alone.  Pure; captures are read through audit/features/material.h. */
#ifndef TM_AUDIT_TRACE_H
#define TM_AUDIT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/features/names.h"
#include "audit/schedule.h" /* struct tm_endpoint */
#include "learner/packet.h"
#include "models/plan.h"
#include "tm/base/err.h"

/* One segment with payload, in the order captured; retransmissions included, as an observer has them. */
struct tm_trace_packet {
    int64_t
        t_us; /* since the connection's first packet (its SYN), >= 0, never less than the one before */
    uint32_t bytes; /* TCP payload */
    uint8_t dir;    /* enum tm_dir: TM_UP from the client */
    bool is_new;    /* holds bytes not seen before */
};

struct tm_trace {
    struct tm_endpoint client, server;
    int64_t start_us;    /* first packet, since 1970 */
    int64_t duration_us; /* first to last packet, pure acknowledgements and FINs included */
    int64_t rtt_us
        [2]; /* handshake, tap to server and back (TM_UP: SYN to SYN-ACK), tap to client and back
                               (TM_DOWN: SYN-ACK to ACK); TM_NEVER: not seen or repeated */
    uint64_t first;        /* of its packets in the set's pool */
    uint32_t n_packets;    /* with payload */
    uint32_t n_bare[2];    /* segments without payload, by direction */
    uint64_t new_bytes[2]; /* payload, retransmissions counted once */
    bool has_syn, has_fin[2], has_rst;
    uint32_t source; /* index of the capture it came from */
    /* Labels: indices into the set's names; sessions are unique over all captures of a set. */
    uint32_t cls, session, load;
};

/* Is there an opening, payload both ways, and an end (both FINs, or a reset)? */
bool tm_trace_is_complete(const struct tm_trace *t);

struct tm_trace_set {   /* empty: {0} */
    struct tm_trace *v; /* owned, in order of their first packets within a source */
    size_t n, cap;
    struct tm_trace_packet *packets; /* owned; a trace's packets stand together, in order */
    size_t n_packets, cap_packets;
    char **names; /* owned: classes and sessions */
    uint32_t n_names, cap_names;
    struct tm_names index;
};

static inline const struct tm_trace_packet *tm_trace_packets(const struct tm_trace_set *s,
                                                             const struct tm_trace *t)
{
    return s->packets + t->first;
}

/* The index of `name` in the set's names, added when new.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_trace_set_name(struct tm_trace_set *s, const char *name, uint32_t *out);
/* Appends a trace and a copy of its n packets; t->first and t->n_packets are set here.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_trace_set_add(struct tm_trace_set *s, const struct tm_trace *t,
                                   const struct tm_trace_packet *packets, uint32_t n);
void tm_trace_set_deinit(struct tm_trace_set *s);

/* Packets of captures -> traces. */
struct tm_trace_builder; /* opaque */
struct tm_trace_cfg {
    const uint16_t
        *ports; /* servers' ports; copied; n_ports 0: every connection with a SYN in the capture */
    size_t n_ports;
    uint32_t max_flows; /* connections of one capture, 1..2^30; 0: 2^22 */
};
/* TM_ERR_NOMEM, TM_ERR_RANGE. */
TM_MUST_CHECK int tm_trace_builder_new(struct tm_trace_builder **out,
                                       const struct tm_trace_cfg *cfg);
/* One TCP packet.  A SYN after the end of a connection with the same endpoints, or with another sequence number, begins another
 * connection; whatever else follows an end is still part of it.  TM_ERR_NOMEM, TM_ERR_LIMIT: too many connections. */
TM_MUST_CHECK int tm_trace_builder_packet(struct tm_trace_builder *b, const struct tm_packet *p);
/* The capture ends: appends every connection to `out` as of capture `source` (labels: cls and session as given, load 0),
 * and forgets them. */
TM_MUST_CHECK int tm_trace_builder_end(struct tm_trace_builder *b, struct tm_trace_set *out,
                                       uint32_t source, uint32_t cls, uint32_t session);
/* Up to n ports outside the wanted ones that had most openings (or packets, when no opening was seen) since new, the busiest
 * first; how many were written. */
size_t tm_trace_builder_busiest(const struct tm_trace_builder *b, uint16_t *ports, size_t n);
void tm_trace_builder_free(struct tm_trace_builder *b);

#endif
