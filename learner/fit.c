#include "learner/fit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/time.h"

/* Round trips of one capture: tap to client and tap to server, one entry a record. */
struct rtts {
    struct tm_rtt *client;
    struct tm_rtt *server;
};

/* A connection's payload weighs its hosts; a sample goes to the side that acknowledged `dir`
 * data. */
static void fit_rtt_side(const struct tm_record *r, size_t n, enum tm_dir dir, uint32_t min_rtts,
                         struct tm_rtt_sample *scratch, struct tm_rtt *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct tm_conn *c = &r[i].conn;
        scratch[i] = (struct tm_rtt_sample){
            .rtt_us = c->is_pseudo ? TM_PAIR_NONE : c->rtt_us[dir],
            .index = (uint32_t)i,
            .count = c->n_rtt[dir],
            .bytes = c->bytes[TM_UP] + c->bytes[TM_DOWN],
        };
        memcpy(scratch[i].host, dir == TM_UP ? r[i].server : r[i].client, TM_ADDR_LEN);
    }
    tm_rtt_of_hosts(scratch, n, min_rtts, out);
}

static int fit_rtt(const struct tm_record *r, size_t n, uint32_t min_rtts, struct rtts *out)
{
    out->client = calloc(n, sizeof *out->client);
    out->server = calloc(n, sizeof *out->server);
    struct tm_rtt_sample *scratch = calloc(n, sizeof *scratch);
    int rc = TM_ERR_NOMEM;
    if (out->client && out->server && scratch) {
        fit_rtt_side(r, n, TM_UP, min_rtts, scratch, out->server);
        fit_rtt_side(r, n, TM_DOWN, min_rtts, scratch, out->client);
        rc = TM_OK;
    }
    free(scratch);
    return rc;
}

static int add_size(struct tm_samples *samples, enum tm_swing_param p, uint32_t bytes)
{
    return bytes == TM_PAIR_NONE ? TM_OK : tm_samples_add(samples, p, bytes > 0 ? bytes : 1);
}

static int add_think(struct tm_samples *samples, enum tm_swing_param p, uint32_t gap_us,
                     struct tm_rtt rtt)
{
    return gap_us == TM_PAIR_NONE ? TM_OK : tm_samples_add(samples, p, tm_rtt_remove(rtt, gap_us));
}

/* The close follows the last byte after the closer's own pause; when the other side sent that
 * byte, the tap saw the way to the closer and back on top. */
static int add_close(struct tm_samples *samples, const struct tm_conn *c, struct tm_rtt client,
                     struct tm_rtt server)
{
    struct tm_rtt none = {0, TM_RTT_UNKNOWN};
    struct tm_rtt closer = c->close_dir == TM_UP ? client : server;
    return add_think(samples, TM_SWING_CLOSE_THINK, c->close_think_us,
                     c->close_dir == c->data_dir ? none : closer);
}

static int fit_conn(const struct tm_fit_cfg *cfg, const struct tm_pair_pool *pool,
                    const struct tm_conn *c, struct tm_rtt client, struct tm_rtt server,
                    struct tm_samples *samples)
{
    int rc = tm_samples_add(samples, TM_SWING_NUM_PAIRS, c->n_pairs);
    for (uint32_t i = c->first_pair; i != TM_PAIR_NONE && rc == TM_OK; i = pool->pair[i].next) {
        const struct tm_pair *p = &pool->pair[i];
        rc = add_size(samples, TM_SWING_REQ, p->req_bytes);
        if (rc == TM_OK)
            rc = add_size(samples, TM_SWING_RSP, p->rsp_bytes);
        if (rc == TM_OK)
            rc = add_think(samples, TM_SWING_REQ_THINK, p->req_think_us, client);
        if (rc == TM_OK && !cfg->is_server_think_zero)
            rc = add_think(samples, TM_SWING_SERVER_THINK, p->server_think_us, server);
    }
    return rc == TM_OK ? add_close(samples, c, client, server) : rc;
}

/* What a measured value of 0 means is "not seen". */
static int add_seen(struct tm_samples *samples, enum tm_measured_param p, uint64_t value)
{
    return value == 0 ? TM_OK : tm_samples_add(samples, TM_SAMPLES_MEASURED(p), value);
}

static int add_loss(struct tm_samples *samples, enum tm_measured_param p, uint64_t n_lost,
                    uint64_t n_data)
{
    return n_data == 0 ? TM_OK
                       : tm_samples_add(samples, TM_SAMPLES_MEASURED(p), n_lost * 1000000 / n_data);
}

/* The network as this connection saw it. */
static int fit_path(const struct tm_record *r, struct tm_samples *samples)
{
    const struct tm_path_conn *path = &r->path;
    const uint32_t *rtt_us = r->conn.rtt_us;
    int rc = add_seen(samples, TM_MEASURED_MSS, path->mss_bytes);
    if (rc == TM_OK && !r->conn.is_pseudo && rtt_us[TM_DOWN] != TM_PAIR_NONE)
        rc = add_seen(samples, TM_MEASURED_RTT_CLIENT, rtt_us[TM_DOWN]);
    if (rc == TM_OK && !r->conn.is_pseudo && rtt_us[TM_UP] != TM_PAIR_NONE)
        rc = add_seen(samples, TM_MEASURED_RTT_SERVER, rtt_us[TM_UP]);
    if (rc == TM_OK)
        rc = add_seen(samples, TM_MEASURED_CAPACITY_UP, path->capacity_bps[TM_UP]);
    if (rc == TM_OK)
        rc = add_seen(samples, TM_MEASURED_CAPACITY_DOWN, path->capacity_bps[TM_DOWN]);
    if (rc == TM_OK)
        rc = add_loss(samples, TM_MEASURED_LOSS_UP, path->n_lost[TM_UP], path->n_data[TM_UP]);
    if (rc == TM_OK)
        rc = add_loss(samples, TM_MEASURED_LOSS_DOWN, path->n_lost[TM_DOWN], path->n_data[TM_DOWN]);
    return rc;
}

/* A record under the key of the user that it belongs to, and when it was there. */
struct owned {
    uint8_t user[2 * TM_ADDR_LEN];
    struct tm_span span;
    const struct tm_record *r;
};

static int by_span(const struct tm_span *a, const struct tm_span *b)
{
    if (a->start_us != b->start_us)
        return a->start_us < b->start_us ? -1 : 1;
    return (a->end_us > b->end_us) - (a->end_us < b->end_us);
}

/* The network that a server's address counts as. */
static void net_of(const struct tm_fit_cfg *cfg, const uint8_t server[TM_ADDR_LEN],
                   uint8_t out[TM_ADDR_LEN])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(out, server, TM_ADDR_LEN);
    if (cfg->key != TM_USER_NET || memcmp(server, mapped, sizeof mapped) != 0)
        return;
    for (unsigned bit = cfg->server_bits; bit < 32; bit++)
        out[sizeof mapped + bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
}

static void own(const struct tm_fit_cfg *cfg, const struct tm_record *r, struct owned *out)
{
    const struct tm_conn *c = &r->conn;
    *out = (struct owned){.r = r,
                          .span = {c->start_us, cfg->end == TM_END_CLOSE ? c->end_us : c->data_us}};
    memcpy(out->user, r->client, TM_ADDR_LEN);
    if (cfg->key != TM_USER_CLIENT)
        net_of(cfg, r->server, out->user + TM_ADDR_LEN);
}

static int by_user(const void *a, const void *b)
{
    const struct owned *x = a;
    const struct owned *y = b;
    int order = memcmp(x->user, y->user, sizeof x->user);
    return order != 0 ? order : by_span(&x->span, &y->span);
}

static int by_server(const void *a, const void *b)
{
    const struct owned *x = a;
    const struct owned *y = b;
    return memcmp(x->r->server, y->r->server, TM_ADDR_LEN);
}

/* Connections of each server; puts them in another order. */
static int fit_servers(struct owned *order, size_t n, struct tm_samples *samples)
{
    int rc = TM_OK;
    qsort(order, n, sizeof *order, by_server);
    for (size_t from = 0, to; from < n && rc == TM_OK; from = to) {
        uint64_t n_conns = 0;
        for (to = from; to < n && by_server(&order[from], &order[to]) == 0; to++)
            n_conns += !order[to].r->conn.is_pseudo;
        rc = add_seen(samples, TM_MEASURED_SERVER_CONNS, n_conns);
    }
    return rc;
}

/* The time from the first packet of these connections to their last. */
static struct tm_group_cfg group_of(const struct tm_fit_cfg *cfg, const struct owned *order,
                                    size_t n)
{
    struct tm_group_cfg out = cfg->group;
    int64_t end_us = order[0].r->conn.end_us;
    out.trace_start_us = order[0].r->conn.start_us;
    for (size_t i = 1; i < n; i++) {
        out.trace_start_us = tm_min_us(out.trace_start_us, order[i].r->conn.start_us);
        end_us = tm_max_us(end_us, order[i].r->conn.end_us);
    }
    out.trace_length_us = end_us - out.trace_start_us;
    return out;
}

static int fit_users(const struct tm_fit_cfg *cfg, const struct tm_record *records, size_t n,
                     const struct tm_rtt *client, struct tm_samples *samples,
                     struct tm_group_counts *counts)
{
    int rc = TM_ERR_NOMEM;
    struct owned *order = calloc(n, sizeof *order);
    struct tm_span *span = calloc(n, sizeof *span);
    if (!order || !span)
        goto out;
    for (size_t i = 0; i < n; i++)
        own(cfg, &records[i], &order[i]);
    qsort(order, n, sizeof *order, by_user);
    struct tm_group_cfg group = group_of(cfg, order, n);
    rc = TM_OK;
    for (size_t from = 0, to; from < n && rc == TM_OK; from = to) {
        for (to = from; to < n && memcmp(order[from].user, order[to].user, sizeof order->user) == 0;
             to++)
            span[to] = order[to].span;
        rc = tm_group_user(&group, span + from, to - from, client[order[from].r - records], samples,
                           counts);
    }
    if (rc == TM_OK)
        rc = fit_servers(order, n, samples);
out:
    free(order);
    free(span);
    return rc;
}

int tm_fit_records(const struct tm_fit_cfg *cfg, const struct tm_pair_pool *pool,
                   const struct tm_record *records, size_t n_records, struct tm_samples *samples,
                   struct tm_group_counts *counts)
{
    struct rtts rtt = {0};
    if (n_records == 0)
        return TM_OK;
    if (n_records >= UINT32_MAX)
        return TM_ERR_LIMIT;
    int rc = fit_rtt(records, n_records, cfg->min_rtts, &rtt);
    for (size_t i = 0; i < n_records && rc == TM_OK; i++) {
        rc = fit_conn(cfg, pool, &records[i].conn, rtt.client[i], rtt.server[i], samples);
        if (rc == TM_OK)
            rc = fit_path(&records[i], samples);
    }
    if (rc == TM_OK)
        rc = fit_users(cfg, records, n_records, rtt.client, samples, counts);
    free(rtt.client);
    free(rtt.server);
    return rc;
}

int tm_fit_model(struct tm_samples *samples, const char *name, size_t max_points,
                 struct tm_model *out)
{
    *out = (struct tm_model){.kind = TM_MODEL_SWING};
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    int rc = TM_OK;
    for (unsigned p = 0; p < TM_SWING_PARAMS && rc == TM_OK; p++)
        rc = tm_samples_fit(samples, p, max_points, &out->u.swing.param[p]);
    for (unsigned p = 0; p < TM_MEASURED_PARAMS && rc == TM_OK; p++)
        rc = tm_samples_fit(samples, TM_SAMPLES_MEASURED(p), max_points, &out->u.swing.measured[p]);
    if (rc != TM_OK)
        tm_model_deinit(out);
    return rc;
}

void tm_fit_bounds(const struct tm_fit_cfg *cfg, const struct tm_exchange_cfg *exchange,
                   struct tm_model *m)
{
    const struct tm_group_cfg *g = &cfg->group;
    const struct {
        enum tm_swing_param p;
        struct tm_bound bound;
    } rules[] = {
        {TM_SWING_NUM_RRE, {0, g->max_rres}},
        {TM_SWING_INTER_RRE, {(uint64_t)g->rre_gap_us, (uint64_t)g->session_gap_us}},
        {TM_SWING_NUM_CONN, {0, g->max_conns}},
        {TM_SWING_INTER_CONN, {0, (uint64_t)g->inter_conn_us}},
        {TM_SWING_NUM_PAIRS, {0, exchange->max_pairs}},
        {TM_SWING_INTER_SESSION, {(uint64_t)g->session_gap_us, (uint64_t)g->away_us}},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (m->u.swing.param[rules[i].p].n_points > 0)
            m->u.swing.bound[rules[i].p] = rules[i].bound;
    }
}
