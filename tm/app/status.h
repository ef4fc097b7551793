/* tm/app/status.h - what `status` shows: filled by the running program, carried as one JSON object, shown to people.
 *
 *   running program: tm_status_fill ── tm_status_write ──> DIR/status ──> tm_status_read ── tm_status_text: a person
 *                                                                    └──> as it is: --json
 *
 * One table (status_json.c) names every member, for writing and reading.  No secrets, no addresses, no destinations
 * are in it.  Pure but for the FILE. */
#ifndef TM_APP_STATUS_H
#define TM_APP_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tm/app/control.h"
#include "tm/app/summary.h"
#include "tm/net/tunnel_watch.h"

#define TM_STATUS_MAX 16384U /* bytes of the JSON object */

struct tm_status {
    char program[16];
    bool in_control;
    char
        reason[TM_CONTROL_TEXT]; /* why not; in control: what the model does at the moment, or "" */
    uint64_t since_s;            /* for how long this has been so */
    char note[TM_CONTROL_TEXT];  /* what its owner should know besides, "": nothing */
    struct {
        char name[TM_MODEL_LABEL_MAX + 1], kind[16], digest[2 * 8 + 1], master[8], plan[16];
        uint64_t users, pace_ms;
        bool payload_independent;
    } model; /* name "": there is no session */
    struct tm_status_machines {
        char refused[TM_CONTROL_TEXT]; /* server: why it does not run the client's; "" */
        uint64_t cell_bytes;           /* 0: machines drive no session */
        uint64_t n, n_ended;           /* of this end; n is 0 until both ends have theirs */
        uint64_t sent_normal, sent_padding, waiting_normal, waiting_padding, replaced, dropped,
            refused_actions; /* tm_padder_counts */
        uint64_t event[TM_MB_EVENT_KINDS];
    } machines; /* of the session shown, since its start */
    struct tm_tally_view tally;
    unsigned useful_permille; /* of the last five minutes; 1000: all was user data */
    uint64_t missed_us;       /* from when on a deadline counts as missed: TM_SLIP_US */
    struct {
        uint64_t sessions, sessions_in_control, carriers_open, carriers_opening, streams_open;
        uint64_t buffers_waiting, queue_bytes, queue_oldest_us;
    } now;
    struct {
        uint64_t tx_bytes,
            rx_bytes; /* as a provider counts: struct tm_kernel_totals, bytes and header */
        uint64_t n[TM_KERNEL_N];
        uint64_t rtt_us;
    } kernel; /* since the start */
    bool is_realtime;
    uint64_t
        front_pauses; /* how often the sending thread had to wait for the other one to listen */
    struct tm_standstill_stats clocks; /* since the start */
    uint64_t stood_ago_us;             /* that the last standstill ended; 0: there was none */
    uint64_t
        batches_late; /* how often writes waited while a joint model's batch was put together */
    uint64_t run_us;
    struct tm_session_stats totals;
    bool is_stuck; /* a buffer is overdue and the thread that sends does not run; not in the JSON */
};

/* ---- Filling, in the running program ---- */

struct tm_status_source {
    const char *program;
    enum tm_side side;
    int64_t run_us;
    const struct tm_tunnel_watch *watch;
    /* By tm_status_add_session: */
    uint32_t n_sessions, n_controlled;
    struct tm_session_control
        shown; /* the first without a schedule, else the first in control, else the first */
    int64_t shown_idle_us;
    uint32_t n_open, n_opening, n_waiting; /* of all */
    uint64_t waiting_bytes;
    int64_t oldest_us;
    bool is_stuck;
};
/* Nothing added yet. */
struct tm_status_source tm_status_source_new(const char *program, enum tm_side side, int64_t run_us,
                                             const struct tm_tunnel_watch *watch);
/* A tm_tunnel_watch_fn; user: a struct tm_status_source whose watch has the wire's statistics. */
void tm_status_add_session(void *user, const struct tm_session_control *c, int64_t idle_us);
void tm_status_fill(struct tm_status *st, const struct tm_status_source *src);
/* Of a program that does not run. */
void tm_status_absent(struct tm_status *st, const char *program, const char *why);

/* ---- Carrying (status_json.c) ---- */

/* One JSON object with schema_version, on one line.  Returns its length without the NUL; 0 when cap is too small. */
size_t tm_status_write(const struct tm_status *st, char *out, size_t cap);
/* Unknown members are passed over, missing ones are zero; TM_ERR_FORMAT, TM_ERR_UNSUPPORTED (another
 * schema_version) with msg. */
TM_MUST_CHECK int tm_status_read(struct tm_status *st, const char *text, size_t len,
                                 struct tm_msg *msg);

/* ---- Showing (status_text.c) ---- */

/* Lines for a person, each ended by `eol`. */
void tm_status_text(FILE *out, const struct tm_status *st, const char *eol);
/* One line, for a log. */
void tm_status_line(FILE *out, const struct tm_status *st);

#endif
