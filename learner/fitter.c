#include "learner/fitter.h"

#include <stdlib.h>
#include <string.h>

#include "learner/held.h"
#include "learner/keymap.h"
#include "learner/rtt.h"
#include "tm/base/grow.h"
#include "tm/base/time.h"

#define NIL UINT32_MAX

/* Kinds of held values: the parameters whose samples have a round trip taken off, and the round trips. */
#define HELD_RTT ((uint32_t)TM_SWING_PARAMS)

enum span_state { SPAN_OPEN, SPAN_KEPT, SPAN_DROPPED };

/* A connection that is open, or waits for one of its user that began before it. */
struct span {
    struct tm_span at;
    uint32_t next; /* of the user, by start; or of the free ones */
    uint32_t user;
    enum span_state state;
};

struct user {
    struct tm_group group;
    uint32_t first; /* span */
    uint32_t last;
    uint32_t client; /* host; NIL before the first connection that is kept */
};

struct host {
    uint64_t bytes;   /* payload of its connections, both directions */
    uint64_t n_conns; /* whole connections with a server */
    uint64_t n_rtts;
    struct tm_rtt rtt; /* known at the end */
    bool is_server;
};

struct tm_fitter {
    struct tm_fit_cfg cfg;
    struct tm_samples *samples;
    struct tm_group_counts *counts;
    struct tm_keymap user_keys;
    struct tm_keymap host_keys;
    struct user *user; /* by the key's number, as are hosts */
    struct host *host;
    size_t cap_users;
    size_t cap_hosts;
    struct span *span;
    size_t cap_spans;
    uint32_t n_spans;
    uint32_t first_free;
    struct tm_held held;
    struct tm_samples sessions; /* SESSION_START as us since origin_us, in zigzag */
    int64_t origin_us;          /* the first opening; TM_NEVER before */
    int64_t now_us;
    int64_t start_us; /* of what was kept: first and last packet */
    int64_t end_us;
};

static void reset(struct tm_fitter *f)
{
    tm_keymap_deinit(&f->user_keys);
    tm_keymap_deinit(&f->host_keys);
    tm_held_deinit(&f->held);
    tm_samples_deinit(&f->sessions);
    f->n_spans = 0;
    f->first_free = NIL;
    f->origin_us = TM_NEVER;
    f->now_us = INT64_MIN;
    f->start_us = TM_NEVER;
    f->end_us = INT64_MIN;
}

int tm_fitter_new(struct tm_fitter **out, const struct tm_fit_cfg *cfg, struct tm_samples *samples,
                  struct tm_group_counts *counts)
{
    struct tm_fitter *f = calloc(1, sizeof *f);
    *out = f;
    if (!f)
        return TM_ERR_NOMEM;
    f->cfg = *cfg;
    f->samples = samples;
    f->counts = counts;
    reset(f);
    return TM_OK;
}

void tm_fitter_free(struct tm_fitter *f)
{
    if (!f)
        return;
    reset(f);
    free(f->user);
    free(f->host);
    free(f->span);
    free(f);
}

void tm_fitter_memory(const struct tm_fitter *f, struct tm_memory *m)
{
    m->open_bytes += f->cap_spans * sizeof *f->span;
    m->host_bytes += tm_keymap_bytes(&f->user_keys) + tm_keymap_bytes(&f->host_keys) +
                     f->cap_users * sizeof *f->user + f->cap_hosts * sizeof *f->host;
    m->learned_bytes += tm_samples_bytes(f->samples) + tm_samples_bytes(&f->sessions) +
                        f->held.n_cells * sizeof *f->held.row;
}

/* A side's host: addresses may be clients here and servers there. */
static int host_of(struct tm_fitter *f, const uint8_t addr[TM_ADDR_LEN], bool is_server,
                   uint32_t *out)
{
    uint8_t key[TM_KEYMAP_KEY_LEN] = {is_server};
    bool is_new;
    memcpy(key + TM_ADDR_LEN, addr, TM_ADDR_LEN);
    int rc = tm_grow(&f->host, &f->cap_hosts, f->host_keys.n, sizeof *f->host);
    if (rc == TM_OK)
        rc = tm_keymap_put(&f->host_keys, key, out, &is_new);
    if (rc == TM_OK && is_new)
        f->host[*out] = (struct host){.is_server = is_server};
    return rc;
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

static int user_of(struct tm_fitter *f, const uint8_t client[TM_ADDR_LEN],
                   const uint8_t server[TM_ADDR_LEN], uint32_t *out)
{
    uint8_t key[TM_KEYMAP_KEY_LEN] = {0};
    bool is_new;
    memcpy(key, client, TM_ADDR_LEN);
    if (f->cfg.key != TM_USER_CLIENT)
        net_of(&f->cfg, server, key + TM_ADDR_LEN);
    int rc = tm_grow(&f->user, &f->cap_users, f->user_keys.n, sizeof *f->user);
    if (rc == TM_OK)
        rc = tm_keymap_put(&f->user_keys, key, out, &is_new);
    if (rc == TM_OK && is_new)
        f->user[*out] = (struct user){.first = NIL, .last = NIL, .client = NIL};
    return rc;
}

/* Behind all that began before or with it; times step back in badly merged captures alone. */
static void insert(struct tm_fitter *f, struct user *u, uint32_t i)
{
    struct span *s = &f->span[i];
    uint32_t before = NIL;
    if (u->last != NIL && f->span[u->last].at.start_us <= s->at.start_us) {
        before = u->last;
    } else {
        for (uint32_t k = u->first; k != NIL && f->span[k].at.start_us <= s->at.start_us;
             k = f->span[k].next)
            before = k;
    }
    s->next = before == NIL ? u->first : f->span[before].next;
    if (before == NIL)
        u->first = i;
    else
        f->span[before].next = i;
    if (s->next == NIL)
        u->last = i;
}

int tm_fitter_open(struct tm_fitter *f, const uint8_t client[TM_ADDR_LEN],
                   const uint8_t server[TM_ADDR_LEN], int64_t start_us, uint32_t *ticket)
{
    uint32_t user;
    uint32_t i = f->first_free;
    int rc = user_of(f, client, server, &user);
    if (rc == TM_OK && i == NIL)
        rc = f->n_spans < NIL ? tm_grow(&f->span, &f->cap_spans, f->n_spans, sizeof *f->span)
                              : TM_ERR_LIMIT;
    if (rc != TM_OK)
        return rc;
    if (i == NIL)
        i = f->n_spans++;
    else
        f->first_free = f->span[i].next;
    f->span[i] = (struct span){.at = {start_us, start_us}, .user = user, .state = SPAN_OPEN};
    insert(f, &f->user[user], i);
    if (f->origin_us == TM_NEVER)
        f->origin_us = start_us;
    f->now_us = tm_max_us(f->now_us, start_us);
    *ticket = i;
    return TM_OK;
}

static int add_measured(struct tm_fitter *f, enum tm_measured_param p, uint64_t value)
{
    return tm_samples_add(f->samples, TM_SAMPLES_MEASURED(p), value);
}

/* What a measured value of 0 means is "not seen". */
static int add_seen(struct tm_fitter *f, enum tm_measured_param p, uint64_t value)
{
    return value == 0 ? TM_OK : add_measured(f, p, value);
}

static int add_loss(struct tm_fitter *f, enum tm_measured_param p, uint64_t n_lost, uint64_t n_data)
{
    return n_data == 0 ? TM_OK : add_measured(f, p, n_lost * 1000000 / n_data);
}

/* The network as this connection saw it. */
static int fit_path(struct tm_fitter *f, const struct tm_path_conn *path)
{
    int rc = add_seen(f, TM_MEASURED_MSS, path->mss_bytes);
    if (rc == TM_OK)
        rc = add_seen(f, TM_MEASURED_CAPACITY_UP, path->capacity_bps[TM_UP]);
    if (rc == TM_OK)
        rc = add_seen(f, TM_MEASURED_CAPACITY_DOWN, path->capacity_bps[TM_DOWN]);
    if (rc == TM_OK)
        rc = add_loss(f, TM_MEASURED_LOSS_UP, path->n_lost[TM_UP], path->n_data[TM_UP]);
    if (rc == TM_OK)
        rc = add_loss(f, TM_MEASURED_LOSS_DOWN, path->n_lost[TM_DOWN], path->n_data[TM_DOWN]);
    return rc;
}

static int add_size(struct tm_fitter *f, enum tm_swing_param p, uint32_t bytes)
{
    return bytes == TM_PAIR_NONE ? TM_OK : tm_samples_add(f->samples, p, bytes > 0 ? bytes : 1);
}

static int hold_think(struct tm_fitter *f, enum tm_swing_param p, uint32_t gap_us, uint32_t host)
{
    return gap_us == TM_PAIR_NONE ? TM_OK : tm_held_add(&f->held, host, p, gap_us);
}

/* The close follows the last byte after the closer's own pause; when the other side sent that
 * byte, the tap saw the way to the closer and back on top. */
static int fit_close(struct tm_fitter *f, const struct tm_conn *c, uint32_t client, uint32_t server)
{
    if (c->close_think_us == TM_PAIR_NONE)
        return TM_OK;
    if (c->close_dir == c->data_dir)
        return tm_samples_add(f->samples, TM_SWING_CLOSE_THINK, c->close_think_us);
    return hold_think(f, TM_SWING_CLOSE_THINK, c->close_think_us,
                      c->close_dir == TM_UP ? client : server);
}

static int fit_pairs(struct tm_fitter *f, const struct tm_pair_pool *pool, const struct tm_conn *c,
                     uint32_t client, uint32_t server)
{
    int rc = tm_samples_add(f->samples, TM_SWING_NUM_PAIRS, c->n_pairs);
    for (uint32_t i = c->first_pair; i != TM_PAIR_NONE && rc == TM_OK; i = pool->pair[i].next) {
        const struct tm_pair *p = &pool->pair[i];
        rc = add_size(f, TM_SWING_REQ, p->req_bytes);
        if (rc == TM_OK)
            rc = add_size(f, TM_SWING_RSP, p->rsp_bytes);
        if (rc == TM_OK)
            rc = hold_think(f, TM_SWING_REQ_THINK, p->req_think_us, client);
        if (rc == TM_OK && !f->cfg.is_server_think_zero)
            rc = hold_think(f, TM_SWING_SERVER_THINK, p->server_think_us, server);
    }
    return rc;
}

/* What a connection tells of one of its hosts; `dir` goes there. */
static int fit_host(struct tm_fitter *f, const struct tm_conn *c, enum tm_dir dir, uint32_t host)
{
    struct host *h = &f->host[host];
    uint32_t rtt_us = c->rtt_us[dir];
    h->bytes += c->bytes[TM_UP] + c->bytes[TM_DOWN];
    if (c->is_pseudo)
        return TM_OK;
    h->n_conns++;
    if (rtt_us == TM_PAIR_NONE)
        return TM_OK;
    h->n_rtts += c->n_rtt[dir];
    int rc = add_seen(f, dir == TM_UP ? TM_MEASURED_RTT_SERVER : TM_MEASURED_RTT_CLIENT, rtt_us);
    return rc == TM_OK ? tm_held_add(&f->held, host, HELD_RTT, rtt_us) : rc;
}

static int fit_record(struct tm_fitter *f, struct user *u, const struct tm_record *r,
                      const struct tm_pair_pool *pool)
{
    uint32_t server;
    const struct tm_conn *c = &r->conn;
    f->start_us = tm_min_us(f->start_us, c->start_us);
    f->end_us = tm_max_us(f->end_us, c->end_us);
    int rc = u->client == NIL ? host_of(f, r->client, false, &u->client) : TM_OK;
    uint32_t client = u->client;
    if (rc == TM_OK)
        rc = host_of(f, r->server, true, &server);
    if (rc == TM_OK)
        rc = fit_host(f, c, TM_DOWN, client);
    if (rc == TM_OK)
        rc = fit_host(f, c, TM_UP, server);
    if (rc == TM_OK)
        rc = fit_pairs(f, pool, c, client, server);
    if (rc == TM_OK)
        rc = fit_close(f, c, client, server);
    return rc == TM_OK ? fit_path(f, &r->path) : rc;
}

/* 0, -1, 1, -2, ... as 0, 1, 2, 3: times may step back. */
static uint64_t zigzag(int64_t v)
{
    return v < 0 ? (uint64_t)(-(v + 1)) * 2 + 1 : (uint64_t)v * 2;
}

static int64_t unzigzag(uint64_t v)
{
    return v % 2 == 1 ? -(int64_t)(v / 2) - 1 : (int64_t)(v / 2);
}

/* The user's next connection is complete. */
static int group_span(struct tm_fitter *f, struct user *u, const struct tm_span *at)
{
    struct tm_group_found found;
    int rc = tm_group_feed(&f->cfg.group, &u->group, at, f->samples, f->counts, &found);
    if (rc == TM_OK && found.has_inter_rre)
        rc = tm_held_add(&f->held, u->client, TM_SWING_INTER_RRE, found.inter_rre_us);
    if (rc == TM_OK && found.has_session)
        rc = tm_samples_add(&f->sessions, TM_SAMPLES_MEASURED(TM_MEASURED_SESSION_START),
                            zigzag(at->start_us - f->origin_us));
    return rc;
}

/* Of the spans that begin with the user's first, that which ends first, and the one before it in *before.
 * NIL when one of them is open, or another may begin at the same time. */
static uint32_t next_span(const struct tm_fitter *f, const struct user *u, bool is_end,
                          uint32_t *before)
{
    uint32_t best = u->first;
    uint32_t previous = NIL;
    *before = NIL;
    if (best == NIL || (!is_end && f->span[best].at.start_us >= f->now_us))
        return NIL;
    int64_t start_us = f->span[best].at.start_us;
    for (uint32_t i = u->first; i != NIL && f->span[i].at.start_us == start_us;
         i = f->span[i].next) {
        if (f->span[i].state == SPAN_OPEN)
            return NIL;
        if (f->span[i].at.end_us < f->span[best].at.end_us) {
            best = i;
            *before = previous;
        }
        previous = i;
    }
    return best;
}

static int drain(struct tm_fitter *f, struct user *u, bool is_end)
{
    uint32_t i;
    uint32_t before;
    int rc = TM_OK;
    while (rc == TM_OK && (i = next_span(f, u, is_end, &before)) != NIL) {
        struct span *s = &f->span[i];
        if (before == NIL)
            u->first = s->next;
        else
            f->span[before].next = s->next;
        if (u->last == i)
            u->last = before;
        if (s->state == SPAN_KEPT)
            rc = group_span(f, u, &s->at);
        s->next = f->first_free;
        f->first_free = i;
    }
    return rc;
}

/* Who never had a connection that was kept is forgotten: a flood of openings leaves nothing behind. */
static int drain_user(struct tm_fitter *f, uint32_t user)
{
    struct user *u = &f->user[user];
    int rc = drain(f, u, false);
    if (rc == TM_OK && u->first == NIL && u->group.n_sessions == 0)
        tm_keymap_remove(&f->user_keys, user);
    return rc;
}

int tm_fitter_close(struct tm_fitter *f, uint32_t ticket, const struct tm_record *r,
                    const struct tm_pair_pool *pool)
{
    struct span *s = &f->span[ticket];
    int rc = TM_OK;
    TM_ASSERT(s->state == SPAN_OPEN);
    s->state = SPAN_DROPPED;
    if (r) {
        s->state = SPAN_KEPT;
        s->at.end_us = f->cfg.end == TM_END_CLOSE ? r->conn.end_us : r->conn.data_us;
        f->now_us = tm_max_us(f->now_us, r->conn.end_us);
        rc = fit_record(f, &f->user[s->user], r, pool);
    }
    return rc == TM_OK ? drain_user(f, s->user) : rc;
}

/* The median of each host's round trips, where it was measured often enough. */
static int find_medians(struct tm_fitter *f)
{
    size_t n;
    int rc = tm_held_sort(&f->held, HELD_RTT, &n);
    const struct tm_held_row *row = f->held.row;
    if (rc != TM_OK)
        return rc;
    for (size_t from = 0, to; from < n; from = to) {
        uint64_t total = 0;
        struct host *h = &f->host[row[from].host];
        for (to = from; to < n && row[to].host == row[from].host; to++)
            total += row[to].count;
        if (h->n_rtts < f->cfg.min_rtts)
            continue;
        uint64_t seen = 0;
        size_t i = from;
        while (seen + row[i].count <= (total - 1) / 2)
            seen += row[i++].count;
        uint64_t median_us = tm_held_value(&f->held, &row[i], (total - 1) / 2 - seen);
        h->rtt = (struct tm_rtt){(uint32_t)median_us, TM_RTT_HOST};
    }
    return TM_OK;
}

/* Hosts of this side that were not measured get what is half-way of all bytes. */
static int find_side(struct tm_fitter *f, bool is_server)
{
    uint32_t n = f->host_keys.n;
    size_t n_side = 0;
    struct tm_rtt_host *side = calloc(n + 1U, sizeof *side);
    if (!side)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        if (f->host[i].is_server == is_server)
            side[n_side++] = (struct tm_rtt_host){f->host[i].rtt, f->host[i].bytes};
    }
    struct tm_rtt rtt = tm_rtt_side(side, n_side);
    for (uint32_t i = 0; i < n; i++) {
        if (f->host[i].is_server == is_server && f->host[i].rtt.origin == TM_RTT_UNKNOWN)
            f->host[i].rtt = rtt;
    }
    free(side);
    return TM_OK;
}

static int release_held(struct tm_fitter *f)
{
    int rc = TM_OK;
    for (size_t i = 0; i < f->held.n_rows; i++) {
        const struct tm_held_row *row = &f->held.row[i];
        if (row->kind == HELD_RTT)
            continue;
        for (uint64_t k = 0; k < row->count && rc == TM_OK; k++)
            rc = tm_samples_add(
                f->samples, row->kind,
                tm_rtt_remove(f->host[row->host].rtt, tm_held_value(&f->held, row, k)));
    }
    return rc;
}

static int add_start(struct tm_fitter *f, uint64_t offset, uint64_t count)
{
    int rc = TM_OK;
    int64_t at_us = tm_max_us(f->origin_us + unzigzag(offset) - f->start_us, 0);
    int64_t length_us = f->end_us - f->start_us;
    uint64_t ppm = (uint64_t)((double)at_us / (double)length_us * 1e6 + 0.5);
    for (uint64_t k = 0; k < count && rc == TM_OK; k++)
        rc = add_measured(f, TM_MEASURED_SESSION_START, ppm);
    return rc;
}

/* Session starts as parts of the capture. */
static int release_sessions(struct tm_fitter *f)
{
    struct tm_runs r = {0};
    if (f->end_us <= f->start_us)
        return TM_OK;
    int rc = tm_samples_runs(&f->sessions, TM_SAMPLES_MEASURED(TM_MEASURED_SESSION_START), &r);
    for (size_t i = 0; i < r.n && rc == TM_OK; i++)
        rc = add_start(f, r.v[i].value, r.v[i].count);
    free(r.v);
    return rc;
}

int tm_fitter_end(struct tm_fitter *f)
{
    int rc = TM_OK;
    for (uint32_t i = 0; i < f->user_keys.n && rc == TM_OK; i++) {
        rc = drain(f, &f->user[i], true);
        TM_ASSERT(rc != TM_OK || f->user[i].first == NIL);
        if (rc == TM_OK)
            rc = tm_group_end(&f->user[i].group, f->samples, f->counts);
    }
    if (rc == TM_OK)
        rc = find_medians(f);
    if (rc == TM_OK)
        rc = find_side(f, false);
    if (rc == TM_OK)
        rc = find_side(f, true);
    if (rc == TM_OK)
        rc = release_held(f);
    if (rc == TM_OK)
        rc = release_sessions(f);
    for (uint32_t i = 0; i < f->host_keys.n && rc == TM_OK; i++)
        rc = add_seen(f, TM_MEASURED_SERVER_CONNS, f->host[i].is_server ? f->host[i].n_conns : 0);
    reset(f);
    return rc;
}
