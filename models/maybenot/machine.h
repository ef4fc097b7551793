/* models/maybenot/machine.h - a Maybenot v2 machine: what its author wrote, never changed while it runs.
 *
 * A probabilistic state machine.  On an event the current state's transitions for that event are drawn from; entering a state
 * updates its counters and schedules its action.  What moves is in framework.h.
 * Source: Maybenot sec. 4; format and ranges: the Rust crate 2.2.2 ("v2", strings that start with "02"). */
#ifndef TM_MODELS_MAYBENOT_MACHINE_H
#define TM_MODELS_MAYBENOT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/maybenot/dist.h"
#include "tm/base/err.h"

/* In the order of a state's transitions in a machine string.  The first eight and TIMER_* come from whoever runs the
 * framework, the others from inside. */
enum tm_mb_event_kind {
    TM_MB_NORMAL_RECV,
    TM_MB_PADDING_RECV,
    TM_MB_TUNNEL_RECV,
    TM_MB_NORMAL_SENT,
    TM_MB_PADDING_SENT,
    TM_MB_TUNNEL_SENT,
    TM_MB_BLOCKING_BEGIN,
    TM_MB_BLOCKING_END,
    TM_MB_LIMIT_REACHED,
    TM_MB_COUNTER_ZERO,
    TM_MB_TIMER_BEGIN,
    TM_MB_TIMER_END,
    TM_MB_SIGNAL,
    TM_MB_EVENT_KINDS,
};

enum tm_mb_timer { TM_MB_TIMER_ACTION, TM_MB_TIMER_INTERNAL, TM_MB_TIMER_ALL, TM_MB_TIMERS };

/* What a state asks for.  All but NONE are numbered one higher than in a machine string. */
enum tm_mb_ask {
    TM_MB_ASK_NONE,
    TM_MB_ASK_CANCEL,         /* timer */
    TM_MB_ASK_SEND_PADDING,   /* bypass, replace, timeout, limit */
    TM_MB_ASK_BLOCK_OUTGOING, /* bypass, replace, timeout, duration, limit */
    TM_MB_ASK_UPDATE_TIMER,   /* replace, duration, limit */
    TM_MB_ASKS,
};

enum tm_mb_counter_op {
    TM_MB_COUNTER_KEEP,
    TM_MB_COUNTER_INCREMENT,
    TM_MB_COUNTER_DECREMENT,
    TM_MB_COUNTER_SET,
    TM_MB_COUNTER_OPS,
};

#define TM_MB_NO_DIST      UINT32_MAX
#define TM_MB_STATE_END    UINT32_C(0xffffffff) /* the machine stops for good */
#define TM_MB_STATE_SIGNAL UINT32_C(0xfffffffe) /* stay, and send Signal to the other machines */
#define TM_MB_STATES_MAX   100000U

struct tm_mb_counter_update {
    enum tm_mb_counter_op op;
    bool is_copy;  /* by the other counter's value; else by a sample of `dist` */
    uint32_t dist; /* index, or TM_MB_NO_DIST: by 1 */
};

struct tm_mb_edge {
    uint32_t to; /* a state, TM_MB_STATE_END or TM_MB_STATE_SIGNAL */
    float p;     /* 0 < p <= 1 */
};

struct tm_mb_state {
    enum tm_mb_ask ask;
    enum tm_mb_timer timer;
    bool bypass, replace;
    uint32_t timeout, duration,
        limit; /* indices of distributions (us, us, count), or TM_MB_NO_DIST */
    struct tm_mb_counter_update counter[2]; /* A, B */
    uint16_t heard;                         /* bit e: there are transitions for event e */
    /* Transitions for event e: edges[first_edge[e] .. first_edge[e + 1] - 1]. */
    uint32_t first_edge[TM_MB_EVENT_KINDS + 1];
};

/* Arrays are owned.  Read only for everybody but machine_build.h. */
struct tm_mb_machine {
    uint64_t allowed_padding_packets; /* padding packets before max_padding_frac counts */
    uint64_t allowed_blocked_us;      /* time of blocking before max_blocking_frac counts */
    double max_padding_frac;          /* 0..1; 0: no limit, as upstream */
    double max_blocking_frac;         /* 0..1; 0: no limit, as upstream */
    struct tm_mb_state *states;       /* the machine starts in the first one */
    struct tm_mb_edge *edges;
    struct tm_mb_dist *dists;
    size_t n_states, n_edges, n_dists;
    size_t cap_states, cap_edges, cap_dists;
};

/* A machine from its string: "02", then base64 of a zlib stream of bincode (machine_string.c).  Sets *out (free with
 * tm_mb_machine_free) and validates; NULL on error.  The text need not be terminated.  TM_ERR_FORMAT: not such a string;
 * TM_ERR_UNSUPPORTED: another version; TM_ERR_RANGE: a value that is not allowed; TM_ERR_NOMEM.  The reason is in msg.
 * Memory is bounded by the format: at most 1 MiB is decoded, from which at most 10 MiB are built. */
TM_MUST_CHECK int tm_mb_machine_parse(struct tm_mb_machine **out, const char *text, size_t len,
                                      struct tm_msg *msg);
/* The string of a valid machine in *out (free with free).  TM_ERR_LIMIT when it would be too long for the
 * parser; TM_ERR_NOMEM.  Its bytes differ from other compressors'; it decodes to the same machine. */
TM_MUST_CHECK int tm_mb_machine_text(char **out, const struct tm_mb_machine *m);
void tm_mb_machine_free(struct tm_mb_machine *m);

/* Upstream's rules (1..100000 states; per event no target twice, 0 < p <= 1, the sum in single precision at most 1;
 * fractions 0..1; distributions as in dist.h), and no NaN.  TM_ERR_RANGE with the place in msg; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mb_machine_validate(const struct tm_mb_machine *m, struct tm_msg *msg);

/* Longest strings and blobs that the parser takes (machine_string.c). */
#define TM_MB_RAW_MAX  (1U << 20)
#define TM_MB_ZLIB_MAX 32768U

#endif
