#include "learner/fit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learner/mix.h"

/* Round trips of one capture: tap to client and tap to server, one entry a record. */
struct rtts {
    struct tm_rtt *client;
    struct tm_rtt *server;
};

/* A connection's payload weighs its hosts; a sample goes to the side that acknowledged `dir`
 * data. */
static void fit_rtt_side(const struct tm_record *r, size_t n, enum tm_dir dir,
                         struct tm_rtt_sample *scratch, struct tm_rtt *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct tm_conn *c = &r[i].conn;
        scratch[i] = (struct tm_rtt_sample){
            .rtt_us = c->is_pseudo ? TM_PAIR_NONE : c->rtt_us[dir],
            .index = (uint32_t)i,
            .bytes = c->bytes[TM_UP] + c->bytes[TM_DOWN],
        };
        memcpy(scratch[i].host, dir == TM_UP ? r[i].server : r[i].client, TM_ADDR_LEN);
    }
    tm_rtt_of_hosts(scratch, n, out);
}

static int fit_rtt(const struct tm_record *r, size_t n, struct rtts *out)
{
    out->client = calloc(n, sizeof *out->client);
    out->server = calloc(n, sizeof *out->server);
    struct tm_rtt_sample *scratch = calloc(n, sizeof *scratch);
    int rc = TM_ERR_NOMEM;
    if (out->client && out->server && scratch) {
        fit_rtt_side(r, n, TM_UP, scratch, out->server);
        fit_rtt_side(r, n, TM_DOWN, scratch, out->client);
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

static int fit_conn(const struct tm_pair_pool *pool, const struct tm_conn *c, struct tm_rtt client,
                    struct tm_rtt server, struct tm_samples *samples)
{
    int rc = tm_samples_add(samples, TM_SWING_NUM_PAIRS, c->n_pairs);
    for (uint32_t i = c->first_pair; i != TM_PAIR_NONE && rc == TM_OK; i = pool->pair[i].next) {
        const struct tm_pair *p = &pool->pair[i];
        rc = add_size(samples, TM_SWING_REQ, p->req_bytes);
        if (rc == TM_OK)
            rc = add_size(samples, TM_SWING_RSP, p->rsp_bytes);
        if (rc == TM_OK)
            rc = add_think(samples, TM_SWING_REQ_THINK, p->req_think_us, client);
        if (rc == TM_OK)
            rc = add_think(samples, TM_SWING_SERVER_THINK, p->server_think_us, server);
    }
    return rc == TM_OK ? add_close(samples, c, client, server) : rc;
}

static int by_span(const struct tm_record *a, const struct tm_record *b)
{
    if (a->conn.start_us != b->conn.start_us)
        return a->conn.start_us < b->conn.start_us ? -1 : 1;
    return (a->conn.end_us > b->conn.end_us) - (a->conn.end_us < b->conn.end_us);
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

/* A record under the key of the user that it belongs to. */
struct owned {
    uint8_t user[2 * TM_ADDR_LEN];
    const struct tm_record *r;
};

static void own(const struct tm_fit_cfg *cfg, const struct tm_record *r, struct owned *out)
{
    *out = (struct owned){.r = r};
    memcpy(out->user, r->client, TM_ADDR_LEN);
    if (cfg->key != TM_USER_CLIENT)
        net_of(cfg, r->server, out->user + TM_ADDR_LEN);
}

static uint32_t user_id(const struct owned *o)
{
    uint32_t id = (uint32_t)tm_mix_bytes(o->user, sizeof o->user);
    return id != TM_RUN_SEVERAL ? id : 1;
}

static int by_user(const void *a, const void *b)
{
    const struct owned *x = a;
    const struct owned *y = b;
    int order = memcmp(x->user, y->user, sizeof x->user);
    return order != 0 ? order : by_span(x->r, y->r);
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
    rc = TM_OK;
    for (size_t from = 0, to; from < n && rc == TM_OK; from = to) {
        for (to = from; to < n && memcmp(order[from].user, order[to].user, sizeof order->user) == 0;
             to++)
            span[to] = (struct tm_span){order[to].r->conn.start_us, order[to].r->conn.end_us};
        samples->user_now = user_id(&order[from]);
        rc = tm_group_user(&cfg->group, span + from, to - from, client[order[from].r - records],
                           samples, counts);
    }
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
    int rc = fit_rtt(records, n_records, &rtt);
    for (size_t i = 0; i < n_records && rc == TM_OK; i++) {
        struct owned user;
        own(cfg, &records[i], &user);
        samples->user_now = user_id(&user);
        rc = fit_conn(pool, &records[i].conn, rtt.client[i], rtt.server[i], samples);
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
    for (size_t p = 0; p < TM_SWING_PARAMS; p++) {
        int rc =
            tm_dist_fit_coarse(&out->u.swing.param[p], samples->v[p], samples->n[p], max_points);
        if (rc != TM_OK) {
            tm_model_deinit(out);
            return rc;
        }
    }
    return TM_OK;
}
