/* Segments from anywhere, through the exchange machine and what stands beside it; what must hold whatever
 * they are.
 *
 * Input: a byte of options, then segments of 9 bytes: flags and direction, pause in 100 us (2), sequence and
 * acknowledgement numbers as distances from what the sides sent so far (2 each, in a unit that the first byte
 * chooses), length (2). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "learner/exchange.h"
#include "learner/packet.h"
#include "learner/path.h"
#include "learner/tls.h"
#include "models/plan.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct tm_exchange_cfg cfg;
    struct tm_pair_pool pool;
    struct tm_exchange x;
    struct tm_path path;
    struct tm_tls tls;
    struct tm_samples samples;
    uint32_t next[2];
    uint64_t sent[2]; /* payload fed to the present connection */
    int64_t t_us;
};

static void check_conn(const struct run *r, const struct tm_conn *c)
{
    uint32_t n = 0;
    for (uint32_t i = c->first_pair; i != TM_PAIR_NONE; i = r->pool.pair[i].next) {
        const struct tm_pair *p = &r->pool.pair[i];
        TM_ASSERT(p->req_bytes == TM_PAIR_NONE || p->req_bytes <= TM_WRITE_SIZE_MAX);
        TM_ASSERT(p->rsp_bytes == TM_PAIR_NONE || p->rsp_bytes <= TM_WRITE_SIZE_MAX);
        TM_ASSERT(p->req_think_us == TM_PAIR_NONE || p->req_think_us <= TM_WRITE_GAP_MAX);
        TM_ASSERT(p->server_think_us == TM_PAIR_NONE || p->server_think_us <= TM_WRITE_GAP_MAX);
        n++;
    }
    TM_ASSERT_EQ(n, c->n_pairs);
    TM_ASSERT_LE(c->n_pairs, r->cfg.max_pairs);
    TM_ASSERT_LE(c->start_us, c->end_us);
    TM_ASSERT_LE(c->start_us, c->data_us);
    for (int d = 0; d < 2; d++) {
        TM_ASSERT_LE(c->inferred[d], c->bytes[d]);
        TM_ASSERT_LE(c->bytes[d], r->sent[d] + c->inferred[d]);
        TM_ASSERT(c->rtt_us[d] == TM_PAIR_NONE || (int64_t)c->rtt_us[d] < r->cfg.rtt_max_us);
    }
}

static void start(struct run *r)
{
    tm_exchange_init(&r->x);
    tm_tls_init(&r->tls);
    r->path = (struct tm_path){0};
    r->sent[0] = r->sent[1] = 0;
}

static void finish(struct run *r)
{
    struct tm_conn c;
    tm_exchange_finish(&r->x, &r->cfg, &r->pool, &c);
    check_conn(r, &c);
    tm_pair_pool_release(&r->pool, c.first_pair);
    static const uint16_t mss[2] = {1460, 0};
    struct tm_path_conn path = tm_path_finish(&r->path, mss);
    for (int d = 0; d < 2; d++)
        TM_ASSERT_LE(path.n_lost[d], path.n_data[d]);
    TM_ASSERT_EQ(tm_tls_finish(&r->tls, &r->samples, NULL), TM_OK);
    start(r);
}

static void feed(struct run *r, const struct tm_segment *s, const uint8_t *payload)
{
    struct tm_conn cut;
    int rc = tm_exchange_feed(&r->x, &r->cfg, &r->pool, s, &cut);
    if (rc == TM_EXCHANGE_NEW) {
        finish(r);
        rc = tm_exchange_feed(&r->x, &r->cfg, &r->pool, s, &cut);
    }
    TM_ASSERT(rc == TM_EXCHANGE_OK || rc == TM_EXCHANGE_CUT);
    r->sent[s->dir] += s->payload_len;
    if (rc == TM_EXCHANGE_CUT) {
        check_conn(r, &cut);
        tm_pair_pool_release(&r->pool, cut.first_pair);
    }
    tm_path_feed(&r->path, s, r->x.conn.rtt_us[s->dir]);
    struct tm_view v = {payload, s->payload_len < 600 ? s->payload_len : 600};
    TM_ASSERT_EQ(tm_tls_feed(&r->tls, s, v, &r->samples), TM_OK);
}

static struct tm_segment segment(struct run *r, struct tm_rd *rd)
{
    uint8_t what = tm_rd_u8(rd);
    unsigned dir = what >> 7;
    uint32_t unit = what & 0x40 ? 60000 : 1;
    r->t_us += tm_rd_u16(rd) * 100 - (what & 0x20 ? 3000000 : 0);
    struct tm_segment s = {.t_us = r->t_us, .dir = (uint8_t)dir, .flags = what & 0x17};
    s.seq = r->next[dir] + (uint32_t)(int16_t)tm_rd_u16(rd) * unit;
    s.ack = r->next[!dir] + (uint32_t)(int16_t)tm_rd_u16(rd) * unit;
    s.payload_len = tm_rd_u16(rd);
    uint32_t end = s.seq + s.payload_len + ((s.flags & (TM_TCP_SYN | TM_TCP_FIN)) != 0);
    if ((int32_t)(end - r->next[dir]) > 0)
        r->next[dir] = end;
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run r = {.cfg = tm_exchange_cfg_default(), .next = {1000, UINT32_MAX - 500}};
    struct tm_rd rd = tm_rd_init(data, size);
    uint8_t options = tm_rd_u8(&rd);
    uint8_t payload[600];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = size > 0 ? data[i % size] : 0;
    r.cfg.is_tail_pair = options & 1;
    r.cfg.gap_credit_bytes = options & 2 ? 0 : 15000;
    r.cfg.max_pairs = options & 4 ? 1 : 3;
    tm_pair_pool_init(&r.pool);
    start(&r);
    while (tm_rd_ok(&rd) && rd.len >= 9) {
        struct tm_segment s = segment(&r, &rd);
        feed(&r, &s, rd.len >= 600 ? rd.p : payload);
    }
    finish(&r);
    tm_pair_pool_deinit(&r.pool);
    tm_samples_deinit(&r.samples);
    return 0;
}
