/* tm/app/control.h - is the model in control of the wire?  The rule, and what it says to a person.
 *
 * In control: the session lives, the thread that sends is alive, and either a carrier is open on which the other end
 * keeps to the plan, or the plan is in a pause that is not longer than it should be.  Everything else is "not in
 * control", with the reason.  User data rides in planned buffers alone, so without control none leaves.  Pure. */
#ifndef TM_APP_CONTROL_H
#define TM_APP_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "models/model.h"
#include "tm/core/session_watch.h"

#define TM_CONTROL_LATE_US (3 * TM_US_PER_S) /* behind the plan by more than this is no jitter */
#define TM_CONTROL_DEAD_US TM_US_PER_S       /* a thread that has something due runs more often */
#define TM_CONTROL_TEXT    240U

struct tm_control_facts {
    enum tm_side side;
    int64_t now_us;
    const struct tm_session_control *session; /* NULL: there is none */
    int64_t idle_us;                          /* server: how long the session has had no carrier */
    const char *trouble; /* client: why the last carrier could not be opened, "": it could */
    bool wire_has_ended; /* as in struct tm_wire_stats */
    int64_t wire_beat_us;
};
struct tm_control {
    bool in_control;
    int64_t since_us; /* since when; TM_NEVER: not known */
    char text
        [TM_CONTROL_TEXT]; /* why not; or what the model does at the moment, "": nothing to say */
};
void tm_control_judge(struct tm_control *out, const struct tm_control_facts *f);

/* What its owner should know of a session whose cover begins or ends with demand; "" of another. */
void tm_control_demand_note(char *out, size_t cap, const struct tm_session_cfg *cfg);

/* The longest pause that a modelled user makes between connections; pace_us caps it (0: it does not).  No model: a schedule file
 * decides, which the server need not have: TM_NEVER. */
int64_t tm_control_longest_gap_us(const struct tm_model *m, int64_t pace_us);
/* Whether sizes and times are settled before any user data is seen (DESIGN.md); no model: by a schedule file, so they are. */
bool tm_control_is_payload_independent(const struct tm_model *m);
/* The same of a session: none without plans is. */
bool tm_control_is_independent(const struct tm_session_cfg *cfg);

#endif
