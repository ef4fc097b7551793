/* audit/correlate/scene.h - what two observers saw at the same time: carriers of tunnels at the entry, flows at the exit.
 *
 *   exit    flow 0  ..|..|||....||      carriers 0, 1: tunnel a     sum of a: all its carriers as one
 *           flow 1  |....||...|         carrier 2: tunnel b
 *   entry   carrier 0, 1, 2
 *
 * Which carrier carried how much of which flow is known from the truth and serves to judge alone.  Times count from the first packet
 * of the scene, so that scenes captured one after another can be laid over each other.  Pure. */
#ifndef TM_AUDIT_CORRELATE_SCENE_H
#define TM_AUDIT_CORRELATE_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/correlate/truth.h"
#include "audit/features/trace.h"
#include "tm/base/err.h"

struct tm_scene_packet {
    int64_t t_us;   /* of the scene's clock */
    uint32_t bytes; /* TCP payload, > 0 */
    uint8_t dir;    /* enum tm_dir */
};

/* A flow, a carrier, or the sum of a tunnel's carriers. */
struct tm_scene_line {
    struct tm_scene_packet *v; /* owned; ascending times */
    uint32_t n;                /* >= 1 */
    uint32_t tunnel;
    uint64_t bytes[2]; /* by enum tm_dir */
};

struct tm_scene_share {
    uint32_t flow, carrier;
    uint64_t bytes; /* 0: not known */
};

struct tm_scene {                                  /* empty: {0} */
    struct tm_scene_line *flows, *carriers, *sums; /* owned; sums by tunnel, n 0: no carrier seen */
    uint32_t n_flows, n_carriers, n_tunnels;
    size_t cap_flows, cap_carriers;
    struct tm_scene_share *shares; /* owned; ascending by flow, then carrier; each pair once */
    uint32_t n_shares;
    size_t cap_shares;
    bool has_bytes; /* every share's bytes are known */
};

enum tm_scene_side { TM_SCENE_FLOW, TM_SCENE_CARRIER };

/* Appends a flow or a carrier with a copy of n >= 1 packets (any order, any clock that the scene's others share).  Its number in *out.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_scene_add(struct tm_scene *s, enum tm_scene_side side, uint32_t tunnel,
                               const struct tm_scene_packet *v, uint32_t n, uint32_t *out);
/* The carrier carried `bytes` (0: not known) of the flow; given again, they add up.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_scene_share(struct tm_scene *s, uint32_t flow, uint32_t carrier,
                                 uint64_t bytes);
/* When all were added: sorts, adds up the tunnels' carriers, and sets the clock to 0 at the first packet.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_scene_finish(struct tm_scene *s);
void tm_scene_deinit(struct tm_scene *s);

/* Moves an observer's clock: every packet up of the carriers later by delay_us, every packet down earlier. Before finish. */
void tm_scene_delay(struct tm_scene *s, int64_t delay_us);

static inline int64_t tm_scene_first_us(const struct tm_scene_line *l)
{
    return l->v[0].t_us;
}
static inline int64_t tm_scene_last_us(const struct tm_scene_line *l)
{
    return l->v[l->n - 1].t_us;
}
/* Index of the first packet at or behind t_us. */
uint32_t tm_scene_at(const struct tm_scene_line *l, int64_t t_us);

struct tm_scene_counts {
    uint32_t n_flows, n_carriers;     /* named by the truth and seen with payload */
    uint32_t n_no_flow, n_no_carrier; /* lines of the truth that name one which was not seen */
    uint32_t n_other_flows,
        n_other_carriers; /* connections in the captures that the truth does not name */
};

struct tm_scene_view { /* borrowed */
    const struct tm_truth *truth;
    const struct tm_trace_set *entry, *exit;
    int64_t delay_us; /* as tm_scene_delay */
    const char *name; /* of the truth's file, for messages */
};

/* The scene of two captures.  Retransmissions, segments without a new byte, are left out.  *s is empty before and finished after.
 * Errors, one line in msg that begins with the name: TM_ERR_FORMAT: no flow, or no carrier of the truth was seen; a flow or
 * carrier of two tunnels.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_scene_join(struct tm_scene *s, const struct tm_scene_view *view,
                                struct tm_scene_counts *counts, struct tm_msg *msg);

#endif
