/* tm/mbsim/event.h - what happens at one end of a simulated connection. */
#ifndef TM_MBSIM_EVENT_H
#define TM_MBSIM_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/maybenot/framework.h"

struct tm_mbsim_event {
    int64_t t_ns;
    union {
        uint16_t machine;    /* of PADDING_SENT, BLOCKING_BEGIN, TIMER_* */
        uint16_t size_bytes; /* of TUNNEL_SENT and TUNNEL_RECV in mode network; else 0 */
    };
    uint8_t kind;    /* enum tm_mb_event_kind, never one from inside the framework */
    uint8_t rank;    /* among events of equal time, the smaller first */
    bool is_client;  /* where */
    bool is_padding; /* of packets */
    bool bypass, replace;
};

/* Events in the order in which they happened. */
struct tm_mbsim_log { /* {0} is an empty one */
    struct tm_mbsim_event *events;
    size_t n, cap;
    bool is_cut; /* ended by a limit of steps or events, not by the end of all packets */
};

TM_MUST_CHECK int tm_mbsim_log_add(struct tm_mbsim_log *l, const struct tm_mbsim_event *e);
void tm_mbsim_log_deinit(struct tm_mbsim_log *l);

/* What runs at one end.  The machines are borrowed and valid. */
struct tm_mbsim_end_cfg {
    const struct tm_mb_machine *const *machines;
    size_t n_machines;
    struct tm_mb_framework_cfg limits;
};

#endif
