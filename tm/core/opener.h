/* tm/core/opener.h - when a modelled user's next connection opens (client side).
 *
 * One opener per user.  Its openings come from one source at a time (enum tm_plan_src): the session's
 * seed, which both ends hold from the first token on; the master's seed; or the heads of explicit plans that
 * the master sent.  A source changes only where a group of connections (an RRE) has ended, so that no
 * group is torn.  When everything is closed and the master's next head has not come, the opener plays one
 * more group of the session's plan: so the client opens unaided, also when the server is master.
 *
 * A user can be held where a session of the model (Swing) would begin: it then opens nothing until it is woken, and begins its session
 * as long after that as its first one began after the start. */
#ifndef TM_CORE_OPENER_H
#define TM_CORE_OPENER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/gen.h"
#include "models/plan.h"
#include "tm/base/time.h"
#include "tm/core/token.h"

/* An opening is handed out so long before it is due, if it is known by then: making its ClientHello takes time, and
 * those of a burst have to be ready when the first of them is due. */
#define TM_OPENER_LEAD_US (200 * TM_US_PER_MS)
#define TM_OPENER_HEADS   12U /* explicit heads that wait; a master sends no more ahead */

/* The opening of an explicit plan and its first entries. */
struct tm_head {
    struct tm_open open;
    uint16_t len;
    uint8_t entries[256];
};

struct tm_opener {
    uint32_t user;
    int64_t origin_us;     /* what TM_OPEN_ORIGIN of the present source means */
    int64_t prev_due_us;   /* planned time of the previous opening */
    int64_t ended_us;      /* when the last of its connections ended */
    int64_t over_us;       /* the last byte of all of them */
    uint32_t n_live;       /* its connections that are open */
    uint32_t n_busy;       /* of these, with writes to be sent or received */
    uint32_t n_fruitless;  /* connections in a row that our server never answered */
    int64_t not_before_us; /* so the next opening waits until here */
    struct tm_open next;   /* of `src`, valid when have_next */
    bool have_next;
    bool is_over; /* a schedule file has no more for this user */
    bool is_held;
    int64_t start_gap_us;  /* of its first opening, after the origin */
    enum tm_plan_src src;  /* of next */
    enum tm_plan_src want; /* source to change to at the next end of a group */
    struct tm_head heads[TM_OPENER_HEADS];
    unsigned n_heads;
};

void tm_opener_init(struct tm_opener *o, uint32_t user, enum tm_plan_src src, int64_t now_us);
/* Draws the next opening if needed; gens by source (EXPLICIT: unused).  Call before tm_opener_due.  Sets is_over when the
 * generator has no more. */
void tm_opener_fill(struct tm_opener *o, struct tm_gen *session_gen, struct tm_gen *master_gen);
/* When the next connection opens and the event that it runs from; TM_NEVER when that has not happened. */
int64_t tm_opener_due_us(const struct tm_opener *o, int64_t *event_us);
/* The next connection was handed out, due at due_us. */
void tm_opener_handed(struct tm_opener *o, int64_t due_us);
/* The last byte of one of its connections was sent or received at t_us, or it will never be. */
void tm_opener_over(struct tm_opener *o, int64_t t_us);
/* One of its connections, of which that was said before, has ended; fruitless: our server never answered on it.  After such a one the next opening
 * waits 1 s, after n in a row min(2^(n-1), 10) s, whatever the plan says: nothing of that depends on payload. */
enum tm_opener_end { TM_OPENER_FRUITFUL, TM_OPENER_FRUITLESS };
void tm_opener_ended(struct tm_opener *o, enum tm_opener_end how, int64_t t_us);
/* Whether its next opening begins a session of the model. */
bool tm_opener_begins_session(const struct tm_opener *o);
/* Opens nothing from now on; only where the next opening begins a session, or nothing was opened. */
void tm_opener_hold(struct tm_opener *o);
/* Goes on: the session begins start_gap_us after t_us.  The next opening must have been drawn. */
void tm_opener_wake(struct tm_opener *o, int64_t t_us);
/* Change to another source at the next end of a group. */
void tm_opener_switch(struct tm_opener *o, enum tm_plan_src want);
/* The master's next head (copied); TM_ERR_LIMIT when too many wait, TM_ERR_PROTO out of order. */
TM_MUST_CHECK int tm_opener_add_head(struct tm_opener *o, const struct tm_head *head);

#endif
