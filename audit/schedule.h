/* audit/schedule.h - the schedule of one session as its logs tell it (tm/core/schedlog.h).
 *
 * One log says everything about the plan (its own writes, and what it received); the log of the other end
 * adds the times at that end.  Carriers have the same numbers in both.  Pure: text in, structure out. */
#ifndef TM_AUDIT_SCHEDULE_H
#define TM_AUDIT_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/core/schedlog.h"

#define TM_SCHEDULE_CARRIERS_MAX (1U << 22)

/* An address and port; IPv4 in its IPv6 form ::ffff:a.b.c.d, as learner/packet.h has it. */
struct tm_endpoint {
    uint8_t addr[16];
    uint16_t port;
};

struct tm_sched_write {
    struct tm_write w;
    bool is_known;    /* some log has a line about it */
    bool is_sent;     /* the sender's log has: the times below (its clock) hold */
    bool is_received; /* the receiver's log has: at_us (its clock) holds */
    int64_t event_us, due_us, first_us, last_us;
    uint32_t unsent;
    enum tm_slip slip; /* why it left late or in part, by the sender */
    int64_t at_us;
};

struct tm_sched_carrier {
    bool is_known; /* any line names it */
    bool has_open; /* client's log only */
    uint32_t user;
    uint64_t index;
    enum tm_plan_src src;
    enum tm_open_ref open_ref;
    int64_t open_gap_us, open_event_us, open_due_us;
    bool has_up[2]; /* by enum tm_side */
    int64_t up_us[2];
    bool has_endpoints[2];
    struct tm_endpoint client[2],
        server[2];     /* as that side sees them: differ behind an address translator */
    bool has_close[2]; /* by enum tm_dir: who closes; in that side's log only */
    struct tm_schedlog_close close[2];
    bool has_end[2];
    bool is_planned[2]; /* the end was planned; else it died */
    int64_t end_us[2];
    uint32_t end_writes[2];
    struct tm_sched_write *writes; /* owned, by index */
    uint32_t n_writes, cap_writes; /* n: one more than the largest index that a line names */
};

struct tm_schedule { /* empty: {0} */
    bool has_side[2];
    struct tm_schedlog_line session[2];
    int64_t last_us[2]; /* the latest time that any of its lines names as past */
    uint64_t n_dropped; /* lines that a writer had to drop */
    bool is_cut;        /* a log ends inside a line */
    uint64_t n_lines;
    struct tm_sched_carrier *carriers; /* owned, by number */
    uint32_t n_carriers, cap_carriers;
};

/* Adds one log (`len` bytes of text; `name` for messages).  Errors, one line in msg: TM_ERR_FORMAT empty, no
 * session line first, a bad line (its number), a second session, a second log of the same side, a write
 * that the other log has differently; TM_ERR_LIMIT numbers beyond TM_SCHEDULE_CARRIERS_MAX or
 * TM_PLAN_WRITES_MAX; TM_ERR_NOMEM.  A last line without newline that does not parse is left out. */
TM_MUST_CHECK int tm_schedule_add(struct tm_schedule *s, const char *text, size_t len,
                                  const char *name, struct tm_msg *msg);
void tm_schedule_deinit(struct tm_schedule *s);

/* The writes of c before the first index that no line names. */
uint32_t tm_sched_carrier_prefix(const struct tm_sched_carrier *c);
/* Ended as planned; died; neither: still open when the logs stop.  The client's word counts where there is one: it
 * ends as planned only after the server's FIN, so a server that calls that death saw something else, and a
 * client that opened it and does not tell of its end was stopped before. */
bool tm_sched_carrier_is_planned(const struct tm_sched_carrier *c);
bool tm_sched_carrier_is_dead(const struct tm_sched_carrier *c);

/* "192.0.2.1:443", "[2001:db8::1]:443".  False when it is neither. */
bool tm_endpoint_parse(struct tm_endpoint *out, const char *text);
bool tm_endpoint_is_equal(const struct tm_endpoint *a, const struct tm_endpoint *b);
#define TM_ENDPOINT_TEXT_LEN 56U
void tm_endpoint_text(const struct tm_endpoint *e, char out[TM_ENDPOINT_TEXT_LEN]);

#endif
