#include "test/unit/learner/conversation.h"

#include "learner/packet.h"
#include "test/support/check.h"

void conv_start(struct conv *r)
{
    *r = (struct conv){.cfg = tm_exchange_cfg_default(), .up0 = 1001, .down0 = 700001};
    tm_pair_pool_init(&r->pool);
    tm_exchange_init(&r->x);
}

struct tm_conn conv_finish(struct conv *r)
{
    struct tm_conn c;
    tm_exchange_finish(&r->x, &r->cfg, &r->pool, &c);
    return c;
}

void conv_end(struct conv *r)
{
    tm_pair_pool_deinit(&r->pool);
}

void conv_feed(struct conv *r, double t_ms, enum tm_dir dir, unsigned flags, uint32_t seq,
               uint32_t ack, uint32_t len)
{
    struct tm_segment s = {
        .t_us = (int64_t)(t_ms * 1000),
        .dir = (uint8_t)dir,
        .flags = (uint8_t)flags,
        .seq = seq,
        .ack = ack,
        .payload_len = len,
    };
    r->last = tm_exchange_feed(&r->x, &r->cfg, &r->pool, &s, &r->cut);
    CHECK(r->last >= 0);
    r->n_cuts += r->last == TM_EXCHANGE_CUT;
}

void conv_up(struct conv *r, double t_ms, uint32_t at, uint32_t len, uint32_t ack)
{
    conv_feed(r, t_ms, TM_UP, TM_TCP_ACK, r->up0 + at, r->down0 + ack, len);
}

void conv_down(struct conv *r, double t_ms, uint32_t at, uint32_t len, uint32_t ack)
{
    conv_feed(r, t_ms, TM_DOWN, TM_TCP_ACK, r->down0 + at, r->up0 + ack, len);
}

void conv_up_fin(struct conv *r, double t_ms, uint32_t at, uint32_t len, uint32_t ack)
{
    conv_feed(r, t_ms, TM_UP, TM_TCP_ACK | TM_TCP_FIN, r->up0 + at, r->down0 + ack, len);
}

void conv_down_fin(struct conv *r, double t_ms, uint32_t at, uint32_t len, uint32_t ack)
{
    conv_feed(r, t_ms, TM_DOWN, TM_TCP_ACK | TM_TCP_FIN, r->down0 + at, r->up0 + ack, len);
}

void conv_syn(struct conv *r, double t_ms)
{
    conv_feed(r, t_ms, TM_UP, TM_TCP_SYN, r->up0 - 1, 0, 0);
}

void conv_syn_ack(struct conv *r, double t_ms)
{
    conv_feed(r, t_ms, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK, r->down0 - 1, r->up0, 0);
}

void conv_handshake(struct conv *r)
{
    conv_syn(r, 0);
    conv_syn_ack(r, 30);
    conv_up(r, 32, 0, 0, 0);
}

void conv_check_pair(const struct conv *r, uint32_t *i, uint32_t req, uint32_t rsp,
                     uint32_t req_think_ms, uint32_t server_think_ms)
{
    CHECK(*i != TM_PAIR_NONE);
    if (*i == TM_PAIR_NONE)
        return;
    const struct tm_pair *p = &r->pool.pair[*i];
    CHECK_INT(p->req_bytes, req);
    CHECK_INT(p->rsp_bytes, rsp);
    CHECK_INT(p->req_think_us, req_think_ms == TM_PAIR_NONE ? TM_PAIR_NONE : req_think_ms * 1000);
    CHECK_INT(p->server_think_us,
              server_think_ms == TM_PAIR_NONE ? TM_PAIR_NONE : server_think_ms * 1000);
    *i = p->next;
}
