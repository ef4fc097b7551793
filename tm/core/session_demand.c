/* tm/core/session_demand.c - cover that begins with the first demand, or ends when there is none (--on-demand, --idle-stop).
 *
 * Demand is an open stream, whether or not it carries anything.  The one thing that it decides is whether a modelled user begins its next
 * session: so an observer learns at each beginning whether there was demand in the time before, and at the first one when it came. */
#include "tm/core/session_int.h"

/* Woken users begin so much later: time to make what leaves first. */
#define WAKE_US TM_WRITE_LEAD_US

static bool has_gate(const struct tm_session *s)
{
    return s->openers && (s->cfg.on_demand || s->cfg.idle_stop_us > 0);
}

void tm_session_demanded(struct tm_session *s)
{
    s->has_demanded = true;
    s->demand_us = tm_max_us(s->demand_us, s->now_us);
}

static bool is_wanted(const struct tm_session *s)
{
    if (s->cfg.on_demand && !s->has_demanded)
        return false;
    return s->cfg.idle_stop_us == 0 || s->now_us - s->demand_us < s->cfg.idle_stop_us;
}

void tm_session_mind_demand(struct tm_session *s)
{
    s->is_asked = false;
    if (!has_gate(s))
        return;
    if (s->live.n > 0)
        tm_session_demanded(s);
    bool wanted = is_wanted(s);
    for (uint32_t u = 0; u < s->cfg.n_users; u++) {
        struct tm_opener *o = &s->openers[u];
        int64_t event_us;
        if (o->is_held && wanted && o->have_next)
            tm_opener_wake(o, s->now_us + WAKE_US);
        else if (!o->is_held && !wanted && tm_opener_begins_session(o) &&
                 tm_opener_due_us(o, &event_us) <= s->now_us + TM_OPENER_LEAD_US)
            tm_opener_hold(o);
    }
}
