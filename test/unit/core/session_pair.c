#include "test/unit/core/session_pair.h"

#include "tm/core/session_int.h"
#include "tm/core/stream.h"

struct tm_session_cfg session_pair_cfg(enum tm_side side, struct tm_model *m)
{
    tm_model_constant_default(m);
    return (struct tm_session_cfg){.side = side,
                                   .master = TM_CLIENT,
                                   .model = m,
                                   .shape = {.hello_min = 480, .flight_min = 250, .fin_min = 80},
                                   .n_users = 1,
                                   .prep_us = TM_PREP_US,
                                   .seed = {1, 2, 3}};
}

static void deliver(struct session_pair *p, enum tm_side from, const struct tm_act *act)
{
    static uint8_t plain[TM_RECORD_PLAIN_MAX];
    struct tm_session *to = p->end[!from];
    if (act->hs_size > 0 && to)
        tm_session_received(to, act->carrier, act->hs_size, p->now_us);
    size_t n;
    while ((n = tm_session_compose(p->end[from], act->carrier, plain, p->now_us)) > 0) {
        if (p->on_record)
            p->on_record(p->user, from, act->carrier, (struct tm_view){plain, n});
        if (!to)
            continue;
        tm_session_received(to, act->carrier, n + TM_RECORD_OVERHEAD, p->now_us);
        (void)tm_session_record(to, act->carrier, plain, n, p->now_us);
    }
    tm_session_sent(p->end[from], act->carrier, act->write, p->now_us, p->now_us, 0);
}

static void open_carrier(struct session_pair *p, const struct tm_act *act)
{
    struct tm_token t;
    tm_session_token(p->end[TM_CLIENT], act->carrier, &t);
    tm_session_opened(p->end[TM_CLIENT], act->carrier, p->now_us);
    tm_session_sent(p->end[TM_CLIENT], act->carrier, 0, p->now_us, p->now_us, 0);
    if (!p->end[TM_SERVER]) {
        struct tm_session_cfg cfg;
        tm_session_cfg_from_token(&cfg, &t);
        cfg.model = cfg.drive == TM_DRIVE_PLANS ? &p->model : NULL;
        if (tm_session_new(&p->end[TM_SERVER], &cfg, p->now_us) != TM_OK)
            p->end[TM_SERVER] = NULL;
    }
    if (!p->end[TM_SERVER] ||
        tm_session_accept(p->end[TM_SERVER], &t, act->size, p->now_us) != TM_OK)
        (void)tm_session_gone(p->end[TM_CLIENT], act->carrier, TM_GONE_LOST, p->now_us);
}

void session_pair_act(struct session_pair *p, enum tm_side side, const struct tm_act *act)
{
    if (act->kind == TM_ACT_OPEN)
        open_carrier(p, act);
    else if (act->kind == TM_ACT_WRITE)
        deliver(p, side, act);
    else if (act->kind == TM_ACT_KILL && p->end[!side])
        (void)tm_session_gone(p->end[!side], act->carrier, TM_GONE_LOST, p->now_us);
    if (act->kind == TM_ACT_CLOSE) {
        (void)tm_session_gone(p->end[TM_SERVER], act->carrier, TM_GONE_CLOSED, p->now_us);
        (void)tm_session_gone(p->end[TM_CLIENT], act->carrier, TM_GONE_CLOSED, p->now_us);
    }
}

unsigned session_pair_n_astray(const struct tm_session *s)
{
    unsigned n = 0;
    uint32_t n_live = 0;
    uint32_t n_refused = 0;
    for (uint32_t i = 0; i < TM_STREAMS_HELD; i++) {
        const struct tm_stream *st = &s->streams[i];
        bool is_found = st->live && tm_idmap_get(&s->by_id, st->id) == i;
        n += tm_slotset_has(&s->live, i) != st->live || is_found != st->live;
        n += tm_stream_has_data(st) && !tm_slotset_has(&s->ready, i);
        n += tm_slotset_has(&s->news, i) != (st->live && st->events != 0);
        n += !st->live && (tm_slotset_has(&s->ready, i) || tm_slotset_has(&s->fresh, i));
        n_live += st->live;
        n_refused += st->live && st->refused;
    }
    n += n_live != s->live.n;
    n += n_refused != s->n_refused;
    return n;
}
