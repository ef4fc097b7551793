/* audit/conform.h - does the wire show the schedule?  Every payload offset of every carrier against time.
 *
 * For write j of a sender, with end offset O_j, due at d_j:
 *
 *   bytes on the wire  O_{j-1} ----------- O_j ----------- O_{j+1}
 *                      first byte: t >= d_j  first byte: t >= d_{j+1}
 *
 *  - early: a byte of write j before d_j - tolerance: more than O_{j-1} bytes were out before their time; for
 *           an answer also before the capture saw what it answers, plus the gap;
 *  - held:  a byte of write j left together with bytes of j+1, long after the sender's log says that it was
 *           given to TCP although the congestion window was open: fewer than O_j bytes were out before j+1 (only
 *           judged where the capture was taken at the sender);
 *  - short: bytes of a logged write do not appear and were not acknowledged, on a carrier that ended as planned;
 *  - excess: bytes beyond the last write;
 *  - unseen: acknowledged, so transmitted, but missing in the capture (it dropped packets): neither exact nor the
 *           program's fault.
 * Segments are never compared: the kernel may merge and split them.  Where the sender's log is not given,
 * d_j is the earliest time that the plan allows (reference event as the other log dates it, plus the gap).
 * Opened: SYN not before its due time.  Closed: the client's FIN after its last write, not before due and not before the last byte of
 * what it runs from, first; then the server's, no RST; but, where the plan says so, the server's first, not before due; or the client's RST,
 * not before due nor before the last byte of all.  Carriers that died or were open when a log or the capture stopped are
 * judged up to the last write that is both logged and on the wire; bytes that are neither seen nor acknowledged were lost
 * on the path before the capture, and cut the carrier there when it was not to be seen whether they are sent again.
 * Source: DESIGN.md sec. 4 (exactness) and sec. 3 (reference events).  Pure. */
#ifndef TM_AUDIT_CONFORM_H
#define TM_AUDIT_CONFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/sample.h"
#include "audit/schedule.h"
#include "audit/wire_view.h"
#include "tm/base/err.h"

#define TM_CONFORM_DIFFS_MAX 20U

struct tm_conform_cfg {
    int64_t tolerance_us; /* clocks of log and capture may disagree by this much; >= 0 */
    int64_t held_us;      /* TCP may keep a byte this long for reasons of its own; > 0 */
    int64_t
        clock_us[2]; /* added to the times of the client's and the server's log (by enum tm_side) */
    bool does_ignore_strangers;
};
/* 10 us, 5 ms, no correction, strangers are differences. */
struct tm_conform_cfg tm_conform_cfg_default(void);

enum tm_conform_kind {
    TM_DIFF_EARLY,
    TM_DIFF_HELD,
    TM_DIFF_SHORT,
    TM_DIFF_EXCESS,
    TM_DIFF_UNSEEN,
    TM_DIFF_NO_CONNECTION, /* of a carrier that is in the log */
    TM_DIFF_NO_SYN,        /* inside the capture's time, but its beginning is not there */
    TM_DIFF_LOG_HOLE,      /* a write that no log has, on a carrier that ended as planned */
    TM_DIFF_LOG_DUE,       /* due is not event + gap */
    TM_DIFF_LOG_DROPPED,   /* a writer had to drop lines */
    TM_DIFF_OPENED_EARLY,
    TM_DIFF_NO_FIN,
    TM_DIFF_FIN_EARLY,     /* before its due time or before the last byte */
    TM_DIFF_FIN_ORDER,     /* the server closed first */
    TM_DIFF_FIN_UNPLANNED, /* a carrier that should have been open */
    TM_DIFF_RST,
    TM_DIFF_NO_RST, /* a planned one */
    TM_DIFF_STRANGER,
    TM_DIFF_KINDS
};

struct tm_conform_diff {
    enum tm_conform_kind kind;
    int64_t carrier;        /* -1: none */
    int64_t write;          /* -1: none */
    int64_t expected, seen; /* bytes or us, as the text says */
    char text[200];
};

enum tm_late_group {
    TM_LATE_HANDSHAKE,
    TM_LATE_REST
}; /* ClientHello, server flight, Finished; others */
enum tm_late_source { TM_LATE_LOG, TM_LATE_CAPTURE };
enum tm_late_byte { TM_LATE_FIRST, TM_LATE_LAST };

struct tm_conform {
    uint64_t n_offsets[2], n_exact[2]; /* by enum tm_dir: end offsets judged, and found exact */
    uint64_t n_bound[2]; /* of the judged: due time from the plan, not from the sender's log */
    uint64_t bytes[2];   /* payload of the judged carriers, seen once */
    uint64_t retrans_bytes[2], n_retrans[2];
    uint64_t beyond_bytes[2]; /* partial carriers: on the wire behind the last judged write */
    uint64_t unseen_bytes[2]; /* acknowledged, never captured */
    uint64_t n_kind[TM_DIFF_KINDS];
    uint64_t n_diffs;
    struct tm_conform_diff diffs[TM_CONFORM_DIFFS_MAX]; /* the first ones */
    uint32_t n_carriers;                                /* with a connection that was judged */
    uint32_t n_whole, n_whole_ok; /* of these: ended as planned; opened and closed as planned too */
    uint32_t n_dead, n_open;      /* of these: died; open when the logs or the capture stop */
    uint32_t n_cut;               /* of these: ended as planned, but the capture stops before */
    uint32_t n_outside;           /* outside the capture's time: not judged */
    uint32_t n_unestablished;     /* opened in the log, never established */
    uint32_t n_strangers;
    int64_t path_us[2]; /* smallest first byte in the capture minus in the sender's log;
                                          TM_NEVER: unknown */
    struct tm_sample late_us[2][2][2][2]; /* [group][dir][source][byte] */
    uint64_t n_slips[2][TM_SLIP_N];       /* by direction and cause, as the senders' logs have it */
    uint64_t n_unexplained[2]; /* late or short by more than TM_SLIP_US, without a cause */
};

/* Judges all carriers of s by v.  TM_OK whatever was found (see tm_conform_is_exact); TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_conform_run(struct tm_conform *r, const struct tm_schedule *s,
                                 const struct tm_wire_view *v, const struct tm_conform_cfg *cfg);
void tm_conform_deinit(struct tm_conform *r);
/* Something was judged and there is no difference. */
bool tm_conform_is_exact(const struct tm_conform *r);

#endif
