/* tm/core/shuffle_stall.c - carriers that stand still: what lies on them goes again on others, long before they count as dead.
 *
 * A carrier stands still when nothing that was sent on it has been acknowledged for four times as long as that usually takes (STALL_MIN_US to
 * STALL_MAX_US), while another one has moved.  It is then passed over while there are others; a probe, acknowledged as any
 * record, or whatever else of it is acknowledged, brings it back.  Where all are slow alike, what is sent twice is bounded
 * by what one carrier has in flight. */
#include "tm/core/shuffle.h"

#define STALL_MIN_US (250 * TM_US_PER_MS)
#define STALL_MAX_US (2 * TM_US_PER_S)
#define PROBE_US     (1 * TM_US_PER_S) /* after that */

static int64_t patience_us(const struct tm_session *s)
{
    int64_t us = 4 * s->shuffler->latency_us;
    return us == 0 ? STALL_MAX_US : tm_min_us(tm_max_us(us, STALL_MIN_US), STALL_MAX_US);
}

/* Something on it waits to be acknowledged. */
static bool is_owed(const struct tm_carrier *c)
{
    return tm_relay_is_usable(c) && !c->relay->is_stalled &&
           c->relay->wanted_ack > c->acked_records;
}

static bool has_moved_since(const struct tm_session *s, int64_t t_us)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        const struct tm_carrier *c = s->carriers[i];
        if (tm_relay_is_usable(c) && c->relay->moved_us > t_us)
            return true;
    }
    return false;
}

void tm_shuffle_mind_stalls(struct tm_session *s, int64_t now_us)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        struct tm_relay *r = c->relay;
        if (!is_owed(c) || now_us < tm_later_us(r->silent_us, patience_us(s)) ||
            !has_moved_since(s, r->silent_us))
            continue;
        r->is_stalled = true;
        r->alive_us = now_us + PROBE_US;
        c->was_lost = false; /* all of it, also what was so before */
        tm_session_lose(s, c);
        tm_session_touch(s, c);
    }
}

int64_t tm_shuffle_stall_us(const struct tm_session *s)
{
    int64_t us = TM_NEVER;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        const struct tm_carrier *c = s->carriers[i];
        int64_t at_us = is_owed(c) ? tm_later_us(c->relay->silent_us, patience_us(s)) : TM_NEVER;
        /* Past that time it is another carrier's movement that decides, which is an event. */
        us = at_us > s->now_us ? tm_min_us(us, at_us) : us;
    }
    return us;
}

void tm_shuffle_moved(struct tm_session *s, struct tm_carrier *c)
{
    struct tm_shuffler *sh = s->shuffler;
    struct tm_relay *r = c->relay;
    if (c->acked_records <= r->acked_records)
        return;
    if (r->is_first)
        sh->latency_us +=
            (s->now_us - r->silent_us - sh->latency_us) / (sh->latency_us > 0 ? 8 : 1);
    r->is_first = false;
    r->acked_records = c->acked_records;
    r->silent_us = s->now_us;
    r->moved_us = s->now_us;
    r->is_stalled = false;
}
