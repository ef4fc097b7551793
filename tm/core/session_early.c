/* tm/core/session_early.c - a server answers before it can compute the plans of a session.
 *
 * A joint model's plans come out of batches (models/joint.h), which take a server a tenth of a second and more from the moment on when the first token tells
 * it the seed.  So a token says the beginning of its carrier's plan as well, as much as fits beside the
 * rest of it into the ClientHello, whose size is planned without that.  A server that has no batch yet plays this much, and the plan from its seed when
 * it can: the same writes, or the client lied, and its session is over. */
#include "tm/core/session_int.h"

#include <string.h>

static bool has_batches(const struct tm_model *m)
{
    bool has = m->kind == TM_MODEL_JOINT;
    for (size_t i = 0; m->kind == TM_MODEL_MIX && i < m->u.mix.n_parts; i++)
        has = has || has_batches(m->u.mix.part[i].model);
    return has;
}

void tm_session_put_beginning(const struct tm_session *s, const struct tm_carrier *c,
                              struct tm_token *t)
{
    const struct tm_plan *plan = &c->player.known.plan;
    if (c->src == TM_SRC_EXPLICIT || !s->cfg.model || !has_batches(s->cfg.model))
        return;
    struct tm_wr w = tm_wr_init(t->head, sizeof t->head);
    size_t room = plan->w[0].size - s->cfg.shape.hello_min;
    if (room > sizeof t->head)
        room = sizeof t->head;
    tm_entry_encode(&w, plan, 1, tm_entry_fit(plan, 1, room, plan->n_writes));
    TM_ASSERT(tm_wr_ok(&w));
    t->head_len = (uint8_t)w.len;
}

bool tm_session_has_plan(const struct tm_session *s, enum tm_plan_src src, uint32_t user)
{
    const struct tm_gen *gen = src == TM_SRC_SESSION  ? s->gen
                               : src == TM_SRC_MASTER ? s->master_gen
                                                      : NULL;
    return !s->cfg.maker || !gen || user >= s->cfg.n_users || tm_gen_has(gen, user);
}

bool tm_session_is_prepared(const struct tm_session *s, const struct tm_token *t)
{
    return t->head_len > 0 || tm_session_has_plan(s, t->src, t->user);
}

/* Of write 0 the token said its size alone. */
static bool begins_so(const struct tm_plan *whole, const struct tm_known_plan *known)
{
    size_t n = known->plan.n_writes;
    if (n > whole->n_writes || whole->w[0].size != known->plan.w[0].size)
        return false;
    for (size_t i = 1; i < n; i++) {
        if (!tm_write_is_same(&whole->w[i], &known->plan.w[i]))
            return false;
    }
    return !known->complete ||
           (n == whole->n_writes && known->plan.close_gap_us == whole->close_gap_us &&
            tm_close_is_same(&known->plan.close, &whole->close));
}

/* What the token did not say. */
static int append(struct tm_known_plan *known, const struct tm_plan *whole)
{
    int rc = TM_OK;
    known->plan.w[0] = whole->w[0];
    for (size_t i = known->plan.n_writes; rc == TM_OK && i < whole->n_writes; i++)
        rc = tm_plan_add(&known->plan, whole->w[i]);
    known->plan.close_gap_us = whole->close_gap_us;
    known->plan.close = whole->close;
    known->complete = rc == TM_OK;
    return rc;
}

void tm_session_settle_carrier(struct tm_session *s, struct tm_carrier *c, int64_t now_us)
{
    struct tm_player *p = &c->player;
    struct tm_known_plan whole = {0};
    size_t known = p->known.plan.n_writes, from = p->peer_next;
    bool is_waiting = p->own_next >= known;
    int rc = tm_session_plan(s, c->src, c->user, c->index, &whole);
    c->is_early = false;
    tm_session_touch(s, c);
    if (rc == TM_OK && !begins_so(&whole.plan, &p->known))
        rc = TM_ERR_PROTO;
    if (rc == TM_OK)
        rc = append(&p->known, &whole.plan);
    if (rc == TM_OK)
        rc = tm_player_grown(p);
    tm_plan_deinit(&whole.plan);
    if (rc != TM_OK) {
        tm_session_fail(s, rc == TM_ERR_NOMEM
                               ? "out of memory"
                               : "its carrier is not the one planned; are both ends of the same "
                                 "release?");
        return;
    }
    if (is_waiting && p->own_next < p->known.plan.n_writes)
        tm_session_note_asked(c, now_us);
    tm_session_note_peer(s, c, from);
}

void tm_session_settle(struct tm_session *s, int64_t now_us)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        if (!c->is_early || c->state == TM_CARRIER_ENDED || c->state == TM_CARRIER_KILLED)
            continue;
        if (tm_session_has_plan(s, c->src, c->user))
            tm_session_settle_carrier(s, c, now_us);
        else
            n++;
    }
    s->n_early = n;
}
