/* tm/core/session_plan.c - where a carrier's plan comes from, and the client's openings. */
#include "tm/core/session_int.h"

#include "tm/core/embed.h"
#include "tm/core/schedlog.h"

#define HEAD_BYTES 256U /* a PLAN_HEAD is no longer */

const struct tm_embed_rule *tm_session_embed_rule(const struct tm_session *s)
{
    return s->cfg.is_schedule ? &tm_embed_files : &tm_embed_models;
}

static bool is_explicit(const struct tm_session *s)
{
    return s->cfg.plan_mode == TM_PLAN_EMBEDDED;
}

int tm_session_plan(struct tm_session *s, enum tm_plan_src src, uint32_t user, uint64_t index,
                    struct tm_known_plan *out)
{
    /* The client as master ships plans of its own seed; the server, of the seed that it keeps. */
    bool ours = tm_session_is_master(s);
    struct tm_gen *gen = src == TM_SRC_SESSION                                ? s->gen
                         : src == TM_SRC_EXPLICIT && s->cfg.side == TM_CLIENT ? s->gen
                                                                              : s->master_gen;
    if (!gen || user >= s->cfg.n_users || (src == TM_SRC_EXPLICIT && !ours))
        return TM_ERR_PROTO;
    *out = (struct tm_known_plan){.complete = true};
    int rc = tm_gen_plan(gen, user, index, &out->plan);
    if (rc == TM_OK)
        rc = tm_shape_project(&out->plan, &s->cfg.shape, s->cfg.prep_us, &s->stats.distortion);
    if (rc == TM_OK && src == TM_SRC_EXPLICIT)
        rc = tm_embed_project(&out->plan, &s->cfg.shape, s->cfg.master, tm_session_embed_rule(s),
                              &s->stats.distortion);
    if (rc != TM_OK)
        tm_plan_deinit(&out->plan);
    return rc;
}

/* So many heads of a user are sent ahead, that those of all users are half of what may be unacknowledged; one at the least. */
static uint32_t heads_ahead(const struct tm_session *s)
{
    uint32_t n = TM_CONTROL_WINDOW / 2 / HEAD_BYTES / s->cfg.n_users;
    return n < 1 ? 1 : n < TM_OPENER_HEADS - 1 ? n : TM_OPENER_HEADS - 1;
}

void tm_session_ship_heads(struct tm_session *s, uint32_t user, uint64_t opened)
{
    while (s->heads_sent[user] < opened + heads_ahead(s)) {
        struct tm_message m = {.kind = TM_MSG_PLAN_HEAD, .u.head.user = user};
        struct tm_known_plan known;
        tm_gen_open(s->master_gen, user, &m.u.head.open);
        int rc = tm_session_plan(s, TM_SRC_EXPLICIT, user, m.u.head.open.index, &known);
        if (rc != TM_OK) {
            tm_session_fail(s, rc == TM_ERR_LIMIT
                                   ? "this model cannot be embedded: use --plan seeded"
                                   : "out of memory");
            return;
        }
        uint8_t entries[TM_EMBED_HEAD_ROOM];
        struct tm_wr w = tm_wr_init(entries, sizeof entries);
        tm_entry_encode(
            &w, &known.plan, 0,
            tm_embed_head(&known.plan, &s->cfg.shape, TM_SERVER, tm_session_embed_rule(s)));
        TM_ASSERT(tm_wr_ok(&w));
        m.u.head.entries = (struct tm_view){entries, w.len};
        tm_session_say(s, &m);
        tm_plan_deinit(&known.plan);
        s->heads_sent[user]++;
    }
}

/* ---- Openings (client) ---- */

/* The plan of an opener's next connection: computed, or the head that the master sent. */
static int opening_plan(struct tm_session *s, struct tm_opener *o, enum tm_plan_src *src,
                        struct tm_known_plan *known)
{
    *src = o->src;
    if (o->src == TM_SRC_EXPLICIT) {
        *known = (struct tm_known_plan){0};
        struct tm_rd r = tm_rd_init(o->heads[0].entries, o->heads[0].len);
        int rc = TM_OK;
        while (rc == TM_OK && r.len > 0)
            rc = tm_entry_decode(&r, known);
        if (rc == TM_OK)
            rc = tm_shape_check(&known->plan, &s->cfg.shape, 0);
        if (rc != TM_OK)
            tm_plan_deinit(&known->plan);
        return rc;
    }
    if (is_explicit(s) && tm_session_is_master(s)) {
        *src = TM_SRC_EXPLICIT;
        int rc = tm_session_plan(s, TM_SRC_EXPLICIT, o->user, o->next.index, known);
        if (rc != TM_ERR_LIMIT || s->cfg.is_schedule)
            return rc;
        *src = TM_SRC_SESSION; /* a plan that cannot carry itself: the other end computes it */
    }
    return tm_session_plan(s, *src, o->user, o->next.index, known);
}

bool tm_session_hand_opening(struct tm_session *s, struct tm_opener *o, int64_t now_us,
                             struct tm_act *act)
{
    int64_t event_us;
    int64_t due_us = tm_opener_due_us(o, &event_us);
    struct tm_known_plan known;
    enum tm_plan_src src;
    int rc = opening_plan(s, o, &src, &known);
    if (rc != TM_OK) {
        tm_session_fail(s, "the master's plan cannot be played");
        return false;
    }
    TM_ASSERT(known.plan.n_writes > 0);
    uint32_t hello = known.plan.w[0].size;
    uint32_t gap_us = known.plan.w[0].gap_us;
    struct tm_carrier *c;
    rc = tm_session_add(s, &c, s->next_carrier, &known, TM_NEVER);
    if (rc != TM_OK) {
        tm_session_fail(s, "out of memory");
        return false;
    }
    s->next_carrier++;
    c->src = src;
    c->user = o->user;
    c->index = o->next.index;
    c->opened_us = due_us;
    c->handed_us = now_us;
    c->shipping = src == TM_SRC_EXPLICIT && tm_session_is_master(s);
    if (c->shipping)
        c->shipped = tm_embed_head(&c->player.known.plan, &s->cfg.shape, TM_CLIENT,
                                   tm_session_embed_rule(s));
    if (s->log)
        tm_schedlog_open(s->log, c->k, o->user, &o->next, src, event_us, due_us, now_us);
    tm_opener_handed(o, due_us);
    *act = (struct tm_act){
        .kind = TM_ACT_OPEN, .carrier = c->k, .size = hello, .due_us = due_us, .gap_us = gap_us};
    s->stats.wire_tx_bytes += hello;
    s->stats.handshake_tx_bytes += hello;
    tm_tally_due(s->tally, now_us);
    tm_tally_bytes(s->tally, now_us, hello, 0);
    tm_player_handed(&c->player, &(struct tm_player_due){.i = 0, .due_us = due_us});
    c->n_handed = 1;
    return true;
}
