/* tm/core/session_carrier.c - the carriers of a session: from opening to the last report about them. */
#include "tm/core/session_int.h"

#include <stdlib.h>

#include "tm/core/driver.h"
#include "tm/core/lookout.h"
#include "tm/core/schedlog.h"

void tm_session_carrier_free(struct tm_session *s, struct tm_carrier *c)
{
    s->n_told -= c->n_told;
    if (s->driver)
        s->driver->drop(c);
    tm_flight_clear(&s->flight, &c->sent);
    tm_player_deinit(&c->player);
    free(c);
}

struct tm_carrier *tm_session_find(struct tm_session *s, uint32_t k)
{
    struct tm_carrier *c = tm_lookout_find(s->lookout, k);
    if (c)
        tm_session_touch(s, c);
    return c;
}

uint32_t tm_session_n_open(const struct tm_session *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_carriers; i++)
        n += s->carriers[i]->state != TM_CARRIER_ENDED;
    return n;
}

/* Makes room in the array: the ended carrier with the lowest number is forgotten, its report no longer waited for. */
static void forget_oldest(struct tm_session *s)
{
    struct tm_carrier *oldest = NULL;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        if (c->state == TM_CARRIER_ENDED && (!oldest || c->k < oldest->k))
            oldest = c;
    }
    TM_ASSERT(oldest != NULL);
    tm_session_lose(s, oldest);
    tm_session_forget(s, oldest);
}

int tm_session_add(struct tm_session *s, struct tm_carrier **out, uint32_t k,
                   struct tm_known_plan *take_plan, int64_t start_us)
{
    struct tm_carrier *c = NULL;
    int rc = TM_ERR_LIMIT;
    uint32_t most = s->driver                  ? s->driver->carriers_max
                    : s->cfg.side == TM_CLIENT ? TM_CARRIERS_MAX
                                               : TM_CARRIERS_HELD;
    if (tm_session_n_open(s) >= most)
        goto fail;
    rc = TM_ERR_NOMEM;
    c = calloc(1, sizeof *c);
    if (!c)
        goto fail;
    c->k = k;
    c->sent = TM_ITEM_LIST_EMPTY;
    c->sent_due_us = INT64_MIN;
    tm_player_init(&c->player, s->cfg.side, take_plan, start_us, s->cfg.grace_us);
    rc = tm_player_grown(&c->player);
    if (rc != TM_OK) {
        tm_player_deinit(&c->player);
        free(c);
        return rc;
    }
    if (s->n_carriers == TM_CARRIERS_KEPT)
        forget_oldest(s);
    tm_session_enlist(s, c);
    s->stats.carriers_opened++;
    *out = c;
    return TM_OK;
fail:
    tm_plan_deinit(&take_plan->plan);
    return rc;
}

void tm_session_forget(struct tm_session *s, struct tm_carrier *c)
{
    tm_session_delist(s, c);
    tm_session_carrier_free(s, c);
}

void tm_session_lose(struct tm_session *s, struct tm_carrier *c)
{
    if (c->was_lost)
        return;
    c->was_lost = true;
    struct tm_item_list kept = TM_ITEM_LIST_EMPTY;
    struct tm_item *it;
    while ((it = tm_flight_first(&s->flight, &c->sent)) != NULL) {
        struct tm_stream *st = tm_session_stream(s, it->stream);
        if (!st) {
            tm_flight_drop_first(&s->flight, &c->sent);
            continue;
        }
        /* The copy that stays with the carrier is a luxury: without room for it, the range just goes again. */
        struct tm_item copy = *it;
        tm_flight_move_first(&s->flight, &c->sent, &st->lost);
        (void)tm_flight_add(&s->flight, &kept, &copy);
        tm_session_note_ready(s, st);
    }
    c->sent = kept;
}

void tm_session_note_over(struct tm_session *s, struct tm_carrier *c)
{
    if (!s->openers || c->is_over || !tm_player_done(&c->player))
        return;
    c->is_over = true;
    tm_opener_over(&s->openers[c->user], tm_player_over_us(&c->player));
}

/* Its user's clock runs on, the log says how it ended. */
static void note_end(struct tm_session *s, struct tm_carrier *c, bool planned, const char *why,
                     int64_t t_us)
{
    /* Write 1 is the server's flight: whoever sent that much is our server. */
    bool answered = c->player.known.plan.n_writes > 1 && c->player.event_us[1] != TM_NEVER;
    if (s->driver && (c->relay || c->cells)) {
        answered = s->driver->is_answered(c);
        s->driver->gone(s, c, t_us);
    }
    if (s->openers && !c->is_over)
        tm_opener_over(&s->openers[c->user], t_us);
    if (s->openers)
        tm_opener_ended(&s->openers[c->user], answered ? TM_OPENER_FRUITFUL : TM_OPENER_FRUITLESS,
                        t_us);
    c->is_over = true;
    tm_session_note_gone(s, c, answered, t_us);
    if (planned)
        s->stats.carriers_ended++;
    else
        s->stats.carriers_died++;
    if (s->log) {
        const struct tm_plan *plan = &c->player.known.plan;
        uint32_t done = 0;
        for (size_t i = 0; i < plan->n_writes; i++)
            done += c->player.event_us[i] != TM_NEVER;
        tm_schedlog_end(s->log, c->k, t_us, planned, done, why);
    }
}

/* Tells the peer how far this carrier came, so that it knows exactly what was lost; nothing to tell of one on which
 * no record passed. */
static void report_end(struct tm_session *s, const struct tm_carrier *c)
{
    if (c->rx_records == 0 && c->tx_records == 0)
        return;
    tm_session_say(s, &(struct tm_message){.kind = TM_MSG_CARRIER_END,
                                           .u.end = {.carrier = c->k, .n_records = c->rx_records}});
}

void tm_session_kill(struct tm_session *s, struct tm_carrier *c, const char *why, int64_t t_us)
{
    if (c->state == TM_CARRIER_KILLED)
        return;
    bool was_open = c->state != TM_CARRIER_ENDED;
    tm_session_touch(s, c);
    c->state = TM_CARRIER_KILLED;
    c->why = why;
    tm_session_lose(s, c);
    if (was_open) {
        note_end(s, c, false, why, t_us);
        report_end(s, c);
    }
}

void tm_session_fail(struct tm_session *s, const char *why)
{
    if (s->failed)
        return;
    s->failed = why;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        if (s->carriers[i]->state != TM_CARRIER_ENDED)
            tm_session_kill(s, s->carriers[i], why, s->now_us);
    }
}

void tm_session_ended(struct tm_session *s, struct tm_carrier *c)
{
    c->state = TM_CARRIER_ENDED;
    tm_session_touch(s, c);
    if (s->failed || c->peer_reported || tm_item_list_is_empty(&c->sent))
        tm_session_forget(s, c);
}

enum tm_finish tm_session_finished(struct tm_session *s, uint32_t carrier, int64_t t_us)
{
    struct tm_carrier *c = tm_session_find(s, carrier);
    enum tm_finish otherwise = s->cfg.side == TM_SERVER ? TM_FINISH_ANSWER : TM_FINISH_BROKEN;
    if (c && c->state == TM_CARRIER_CLOSING)
        otherwise = TM_FINISH_WAIT;
    if (!c || (c->state != TM_CARRIER_LIVE && c->state != TM_CARRIER_CLOSING))
        return otherwise;
    if (c->is_early && !c->player.known.complete)
        tm_session_settle_carrier(s, c, t_us); /* it ended so soon: who waits for it must wait */
    return tm_player_peer_fin(&c->player, t_us) == TM_OK ? TM_FINISH_WAIT : otherwise;
}

/* Whether a carrier that went so did what its plan says. */
static bool is_planned(const struct tm_session *s, const struct tm_carrier *c, enum tm_gone how)
{
    bool is_server = s->cfg.side == TM_SERVER;
    bool is_reset = c->player.known.plan.close.how == TM_CLOSE_RESET;
    if (s->driver)
        return how == TM_GONE_CLOSED && (is_server || c->state == TM_CARRIER_CLOSING);
    if (!tm_player_done(&c->player) || how == TM_GONE_LOST)
        return false;
    return how == TM_GONE_RESET ? is_server && is_reset
                                : is_server || c->state == TM_CARRIER_CLOSING;
}

bool tm_session_gone(struct tm_session *s, uint32_t carrier, enum tm_gone how, int64_t t_us)
{
    struct tm_carrier *c = tm_session_find(s, carrier);
    if (!c || c->state == TM_CARRIER_KILLED || c->state == TM_CARRIER_ENDED)
        return true;
    bool planned = is_planned(s, c, how);
    c->state = TM_CARRIER_ENDED;
    note_end(s, c, planned, planned ? "" : "connection lost", t_us);
    if (!planned)
        tm_session_lose(s, c);
    report_end(s, c); /* this may fail the session, which then forgets no ended carrier */
    tm_session_ended(s, c);
    return planned;
}
