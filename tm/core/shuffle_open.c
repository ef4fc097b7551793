/* tm/core/shuffle_open.c - the carriers of a shuffled session, as the client opens and removes them.
 *
 * There are as many as the mapping wants (models/shuffle.h), each rise spread over a little time.  One that is no longer needed stays for
 * TM_SHUFFLE_SURPLUS_US, then it is closed; the last that was opened goes first.  After an opening that our server did not answer the
 * next one waits. */
#include "tm/core/shuffle.h"

#define SPREAD_US       (100 * TM_US_PER_MS) /* openings of one rise are apart by a lag below this */
#define BACK_OFF_MAX_US (10 * TM_US_PER_S)

int64_t tm_shuffle_drawn_us(struct tm_session *s, int64_t from_us, int64_t to_us)
{
    return from_us + (int64_t)tm_rng_below(&s->shuffler->rng, (uint64_t)(to_us - from_us) + 1);
}

static uint32_t n_wanted_open(const struct tm_session *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        enum tm_carrier_state st = s->carriers[i]->state;
        n += st == TM_CARRIER_OPENING || st == TM_CARRIER_LIVE;
    }
    return n;
}

int64_t tm_shuffle_open_due_us(const struct tm_session *s)
{
    bool wants = s->cfg.side == TM_CLIENT && n_wanted_open(s) < s->shuffler->count.m;
    return wants ? s->shuffler->open_us : TM_NEVER;
}

bool tm_shuffle_hand_open(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    struct tm_known_plan none = {0};
    struct tm_carrier *c;
    int rc = tm_session_add(s, &c, s->next_carrier, &none, TM_NEVER);
    if (rc == TM_OK) {
        c->src = TM_SRC_DRIVEN;
        c->opened_us = c->handed_us = now_us;
        rc = s->driver->adopt(s, c, s->cfg.shape.hello_min);
        if (rc != TM_OK)
            tm_session_forget(s, c);
    }
    if (rc != TM_OK) {
        s->shuffler->open_us = now_us + BACK_OFF_MAX_US; /* too many, or no memory: later */
        return false;
    }
    s->next_carrier++;
    s->shuffler->open_us = now_us + tm_shuffle_drawn_us(s, 0, SPREAD_US);
    uint32_t hello = s->cfg.shape.hello_min;
    *act = (struct tm_act){.kind = TM_ACT_OPEN, .carrier = c->k, .size = hello, .due_us = now_us};
    c->relay->size[0] = hello;
    c->relay->handed_us[0] = now_us;
    c->relay->outstanding = hello;
    c->n_handed = 1;
    s->stats.wire_tx_bytes += hello;
    s->stats.handshake_tx_bytes += hello;
    tm_tally_bytes(s->tally, now_us, hello, 0);
    return true;
}

/* The usable carrier with the highest number, where more are than are in use; NULL: none. */
static struct tm_carrier *surplus(const struct tm_session *s)
{
    struct tm_carrier *last = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        if (!tm_relay_is_usable(s->carriers[i]))
            continue;
        n++;
        last = !last || s->carriers[i]->k > last->k ? s->carriers[i] : last;
    }
    return n > s->shuffler->count.m ? last : NULL;
}

void tm_shuffle_mind_surplus(struct tm_session *s, int64_t now_us)
{
    const struct tm_carrier *over = s->cfg.side == TM_CLIENT ? surplus(s) : NULL;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_relay *r = s->carriers[i]->relay;
        if (s->carriers[i] != over)
            r->surplus_us = TM_NEVER;
        else if (r->surplus_us == TM_NEVER)
            r->surplus_us = now_us;
    }
}

bool tm_shuffle_hand_close(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    struct tm_carrier *c = s->cfg.side == TM_CLIENT ? surplus(s) : NULL;
    if (!c || c->writing || c->relay->surplus_us == TM_NEVER ||
        now_us < tm_later_us(c->relay->surplus_us, TM_SHUFFLE_SURPLUS_US))
        return false;
    c->state = TM_CARRIER_CLOSING;
    tm_session_touch(s, c);
    *act = (struct tm_act){.kind = TM_ACT_CLOSE, .carrier = c->k, .due_us = now_us};
    return true;
}

void tm_shuffle_was_fruitless(struct tm_session *s, int64_t t_us)
{
    struct tm_shuffler *sh = s->shuffler;
    unsigned doublings = sh->n_fruitless < 4 ? sh->n_fruitless : 4;
    sh->n_fruitless++;
    sh->open_us = t_us + tm_min_us(TM_US_PER_S << doublings, BACK_OFF_MAX_US);
}
