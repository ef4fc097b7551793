/* audit/prove/trial.h - what `tm-client prove` did, as its log tells it: when its own transfers ran, and what the programs say that they sent.
 *
 * Lines of JSON; times are microseconds since 1970, as in a capture:
 *
 *   {"t":"trial","v":1,"server":"192.0.2.1:443","model":"https-browsing","kind":"swing","users":12,"payload_independent":true}
 *   {"t":"slot","phase":"model","from":0,"to":1500000,"on":true,"up":1000,"down":200000}
 *       a stretch of time in which transfers ran, or none did, with the bytes that the test handed over and got
 *   {"t":"count","phase":"control","at":500000,"up":1000,"down":20000}
 *       bytes on the wire since the beginning, by the program that sends them
 *   {"t":"kept","phase":"model","sent":900,"exact":900,"missed":0,"in_control":true,"others":0}
 *       the program's own account of its schedule at the phase's end; others: streams that were open before it began
 *   {"t":"capture","interface":"eth0","packets":9000,"dropped":0}   where packets were captured, if they were
 *   {"t":"note","text":"..."}   what the reader should know: why nothing was captured
 *
 * Written by another program: anything may stand there, and is bounded.  Pure. */
#ifndef TM_AUDIT_PROVE_TRIAL_H
#define TM_AUDIT_PROVE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/schedule.h"
#include "models/plan.h"
#include "tm/base/err.h"

#define TM_TRIAL_SLOTS_MAX  128U
#define TM_TRIAL_COUNTS_MAX 8192U
#define TM_TRIAL_TIME_MAX   (INT64_C(1) << 53) /* us since 1970 */

enum tm_trial_phase_kind { TM_TRIAL_MODEL, TM_TRIAL_CONTROL, TM_TRIAL_PHASES };

struct tm_trial_slot {
    int64_t from_us, to_us;
    bool is_on;
    uint64_t bytes[2]; /* by enum tm_dir */
};
struct tm_trial_count {
    int64_t at_us;
    uint64_t bytes[2];
};
struct tm_trial_phase {
    struct tm_trial_slot slots[TM_TRIAL_SLOTS_MAX]; /* by time, disjoint */
    uint32_t n_slots;
    struct tm_trial_count *counts; /* owned; by time */
    uint32_t n_counts;
    bool has_kept, is_in_control;
    uint64_t n_sent, n_exact, n_missed, n_others;
};

struct tm_trial { /* empty: {0} */
    char server_text[TM_ENDPOINT_TEXT_LEN];
    struct tm_endpoint server;
    char model[300], kind[16], note[400];
    char interface[64]; /* "": nothing was captured */
    uint64_t n_users, n_dropped;
    bool is_payload_independent;
    struct tm_trial_phase phase[TM_TRIAL_PHASES];
};

const char *tm_trial_phase_name(enum tm_trial_phase_kind phase); /* "model", "control" */

/* TM_ERR_FORMAT: no head first, a line that is none of these, slots or counts out of order; TM_ERR_LIMIT: too many; TM_ERR_UNSUPPORTED:
 * another version; TM_ERR_NOMEM.  msg names file and line. */
TM_MUST_CHECK int tm_trial_read(struct tm_trial *t, const char *text, size_t len, const char *name,
                                struct tm_msg *msg);
void tm_trial_deinit(struct tm_trial *t);

#endif
