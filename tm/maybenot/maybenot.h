/* maybenot.h - Maybenot machines for programs in C: a library of TrafficMimic.
 *
 * Types, numbers and functions up to maybenot_on_events are those of maybenot-ffi 2.0.1, so a program that was written
 * for that library compiles and runs with this one.  What follows them is ours alone.
 *
 * A framework runs machines at one end of a connection.  Report what happens to packets there; carry out the actions
 * that come back.  A framework may be used by one thread at a time; two frameworks know nothing of each other.
 *
 *     MaybenotFramework *f;
 *     if (maybenot_start(machines, 0.5, 0, &f) == MaybenotResult_Ok) {
 *         MaybenotEvent e = {.event_type = MaybenotEventType_NormalSent};
 *         maybenot_on_events(f, &e, 1, actions, &n_actions);       room for maybenot_num_machines(f) actions
 *         maybenot_stop(f);
 *     } */
#ifndef MAYBENOT_H
#define MAYBENOT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What happened.  Report received packets only once they are authenticated. */
enum MaybenotEventType {
    MaybenotEventType_NormalRecv = 0,
    MaybenotEventType_PaddingRecv = 1,
    MaybenotEventType_TunnelRecv = 2,
    MaybenotEventType_NormalSent = 3, /* queued, not yet in the tunnel */
    MaybenotEventType_PaddingSent =
        4, /* queued, of `machine`; also when a queued packet took its place */
    MaybenotEventType_TunnelSent = 5,    /* left, of either kind */
    MaybenotEventType_BlockingBegin = 6, /* a block action of `machine` fired */
    MaybenotEventType_BlockingEnd = 7,
    MaybenotEventType_TimerBegin = 8, /* of `machine` */
    MaybenotEventType_TimerEnd = 9,   /* of `machine` */
};
typedef uint32_t MaybenotEventType;

enum MaybenotResult {
    MaybenotResult_Ok = 0,
    MaybenotResult_MachineStringNotUtf8 = 1,
    MaybenotResult_InvalidMachineString = 2,
    MaybenotResult_StartFramework =
        3, /* a fraction outside 0..1, too many machines, or no memory */
    MaybenotResult_NullPointer = 4,
};
typedef uint32_t MaybenotResult;

enum MaybenotTimer {
    MaybenotTimer_Action = 0,
    MaybenotTimer_Internal = 1,
    MaybenotTimer_All = 2,
};
typedef uint32_t MaybenotTimer;

typedef struct MaybenotFramework MaybenotFramework;

typedef struct MaybenotEvent {
    MaybenotEventType event_type;
    uintptr_t machine; /* whose action it was, where that is said above; machines count from 0 */
} MaybenotEvent;

typedef struct MaybenotDuration {
    uint64_t secs;
    uint32_t nanos; /* below 10^9 */
} MaybenotDuration;

enum MaybenotAction_Tag {
    MaybenotAction_Cancel = 0,        /* stop a timer of the machine */
    MaybenotAction_SendPadding = 1,   /* set the machine's action timer: then send padding */
    MaybenotAction_BlockOutgoing = 2, /* set the machine's action timer: then hold what leaves */
    MaybenotAction_UpdateTimer = 3,   /* set the machine's internal timer */
};
typedef uint32_t MaybenotAction_Tag;

typedef struct MaybenotAction_Cancel_Body {
    uintptr_t machine;
    MaybenotTimer timer;
} MaybenotAction_Cancel_Body;

typedef struct MaybenotAction_SendPadding_Body {
    uintptr_t machine;
    struct MaybenotDuration timeout;
    bool replace; /* a packet that waits may leave instead */
    bool bypass;  /* it may pass a block that allows it */
} MaybenotAction_SendPadding_Body;

typedef struct MaybenotAction_BlockOutgoing_Body {
    uintptr_t machine;
    struct MaybenotDuration timeout;
    bool replace; /* also end a longer block earlier */
    bool bypass;  /* padding with `bypass` may pass */
    struct MaybenotDuration duration;
} MaybenotAction_BlockOutgoing_Body;

typedef struct MaybenotAction_UpdateTimer_Body {
    uintptr_t machine;
    struct MaybenotDuration duration;
    bool replace; /* also end a longer timer earlier */
} MaybenotAction_UpdateTimer_Body;

typedef struct MaybenotAction {
    MaybenotAction_Tag tag;
    union {
        MaybenotAction_Cancel_Body cancel;
        MaybenotAction_SendPadding_Body send_padding;
        MaybenotAction_BlockOutgoing_Body block_outgoing;
        MaybenotAction_UpdateTimer_Body update_timer;
    };
} MaybenotAction;

/* "maybenot-ffi/2.0.1 trafficmimic/VERSION": the interface, then the library.  Static. */
const char *maybenot_version(void);

/* Starts the machines of a terminated string, one a line (LF or CR LF between them; none: no machines).  The fractions, 0..1, hold what
 * all of them ask for: padding of the packets sent, blocking of the time; 0 means no limit.  On Ok *out is a framework for maybenot_stop;
 * on any other result *out is as before. */
MaybenotResult maybenot_start(const char *machines_str, double max_padding_frac,
                              double max_blocking_frac, struct MaybenotFramework **out);
uintptr_t maybenot_num_machines(struct MaybenotFramework *this_);
/* Frees the framework; NULL is allowed. */
void maybenot_stop(struct MaybenotFramework *this_);
/* Reports events in the order in which they happened, now.  actions_out has room for one action a machine; *num_actions_out of
 * them are written.  Allocates nothing.  NullPointer when any argument is NULL, also of no events. */
MaybenotResult maybenot_on_events(struct MaybenotFramework *this_,
                                  const struct MaybenotEvent *events, uintptr_t num_events,
                                  struct MaybenotAction *actions_out, uintptr_t *num_actions_out);

/* ---- Not in maybenot-ffi ---- */

/* As maybenot_start, for simulation and tests: the same seed, events and times give the same actions.  Time begins at `now_ns`;
 * report with maybenot_on_events_at alone. */
MaybenotResult maybenot_start_seeded(const char *machines_str, double max_padding_frac,
                                     double max_blocking_frac, const uint8_t seed[32],
                                     int64_t now_ns, struct MaybenotFramework **out);
/* As maybenot_on_events, at a time of the caller's clock, which never goes back. */
MaybenotResult maybenot_on_events_at(struct MaybenotFramework *this_,
                                     const struct MaybenotEvent *events, uintptr_t num_events,
                                     int64_t now_ns, struct MaybenotAction *actions_out,
                                     uintptr_t *num_actions_out);
/* From now on at most so many actions in a sliding second; a call above that returns none.  For machines that come from others. */
void maybenot_limit_actions(struct MaybenotFramework *this_, uint64_t max_per_second);
/* Why a single machine string (no LF) is refused: a line in reason[cap], terminated; Ok and an empty line when it is not. */
MaybenotResult maybenot_check(const char *machine_str, char *reason, size_t cap);

#ifdef __cplusplus
}
#endif

#endif
