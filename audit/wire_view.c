#include "audit/wire_view.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/buf.h"
#include "tm/base/grow.h"
#include "tm/base/time.h"

/* Further ahead than any window: a straggler of an earlier connection with the same endpoints. */
#define LOST_SEQ_BYTES (INT64_C(1) << 30)

/* Well below an initial window of ten segments, even of 536 bytes. */
#define FREE_RUNS  8U
#define FREE_BYTES 4000U

int tm_wire_view_add_server(struct tm_wire_view *v, const struct tm_endpoint *server)
{
    for (uint32_t i = 0; i < v->n_servers; i++) {
        if (tm_endpoint_is_equal(&v->servers[i], server))
            return TM_OK;
    }
    int rc = tm_grow(&v->servers, &v->cap_servers, v->n_servers, sizeof *v->servers);
    if (rc == TM_OK)
        v->servers[v->n_servers++] = *server;
    return rc;
}

/* ---- runs ---- */

/* Index of the first run that ends behind `offset`. */
static size_t run_behind(const struct tm_wire_half *h, uint64_t offset)
{
    size_t lo = 0;
    size_t hi = h->n_runs;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (h->runs[mid].end > offset)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static int insert_run(struct tm_wire_half *h, size_t at, struct tm_wire_run run)
{
    int rc = tm_grow(&h->runs, &h->cap_runs, h->n_runs, sizeof *h->runs);
    if (rc != TM_OK)
        return rc;
    memmove(h->runs + at + 1, h->runs + at, (h->n_runs - at) * sizeof *h->runs);
    h->runs[at] = run;
    h->n_runs++;
    return TM_OK;
}

/* Since when the sender was free to send what follows, or TM_NEVER (see free_us). */
static int64_t free_since(const struct tm_wire_half *h)
{
    if (h->acked >= h->high)
        return h->acked_us;
    size_t n =
        0; /* unacknowledged runs, at most as many packets of the initial window of 10 (RFC 6928) */
    while (n < h->n_runs && h->runs[h->n_runs - 1 - n].end > h->acked && n < FREE_RUNS)
        n++;
    if (h->n_retrans > 0 || n == FREE_RUNS || h->high - h->acked > FREE_BYTES)
        return TM_NEVER;
    return tm_max_us(h->runs[h->n_runs - 1].t_us, h->acked_us);
}

/* Bytes [start, end) were seen at t_us: keeps those that are new. */
static int add_bytes(struct tm_wire_half *h, int64_t t_us, uint64_t start, uint64_t end)
{
    uint64_t new_bytes = 0;
    uint64_t pos = start;
    size_t i = start >= h->high ? h->n_runs : run_behind(h, start);
    while (pos < end) {
        if (i < h->n_runs && h->runs[i].start <= pos) {
            pos = h->runs[i++].end;
            continue;
        }
        uint64_t stop = i < h->n_runs && h->runs[i].start < end ? h->runs[i].start : end;
        struct tm_wire_run run = {t_us, pos, stop, pos >= h->high ? free_since(h) : TM_NEVER};
        int rc = insert_run(h, i++, run);
        if (rc != TM_OK)
            return rc;
        new_bytes += stop - pos;
        pos = stop;
    }
    if (end > h->high)
        h->high = end;
    h->retrans_bytes += end - start - new_bytes;
    h->n_retrans += end - start > new_bytes;
    return TM_OK;
}

const struct tm_wire_run *tm_wire_half_at(const struct tm_wire_half *h, uint64_t offset)
{
    size_t i = run_behind(h, offset);
    return i < h->n_runs && h->runs[i].start <= offset ? &h->runs[i] : NULL;
}

uint64_t tm_wire_half_unseen(const struct tm_wire_half *h, uint64_t start, uint64_t end)
{
    uint64_t seen = 0;
    for (size_t i = run_behind(h, start); i < h->n_runs && h->runs[i].start < end; i++) {
        uint64_t from = h->runs[i].start > start ? h->runs[i].start : start;
        uint64_t to = h->runs[i].end < end ? h->runs[i].end : end;
        seen += to - from;
    }
    return end - start - seen;
}

uint64_t tm_wire_half_sent_before(const struct tm_wire_half *h, uint64_t from, int64_t t_us)
{
    size_t i = run_behind(h, from);
    uint64_t n = from;
    for (; i < h->n_runs && h->runs[i].t_us < t_us; i++)
        n = h->runs[i].end;
    return n;
}

/* ---- connections ---- */

static uint32_t hash_of(const struct tm_endpoint *client, const struct tm_endpoint *server)
{
    uint64_t h =
        UINT64_C(0xcbf29ce484222325); /* FNV-1a: the input is not hostile, the logs name it */
    const struct tm_endpoint *e[2] = {client, server};
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < sizeof e[k]->addr; i++)
            h = (h ^ e[k]->addr[i]) * UINT64_C(0x100000001b3);
        h = (h ^ e[k]->port) * UINT64_C(0x100000001b3);
    }
    return (uint32_t)(h ^ h >> 32);
}

/* The table's place of these endpoints: theirs, or the free one. */
static uint32_t *place_of(uint32_t *table, uint32_t cap, const struct tm_wire_conn *conns,
                          const struct tm_endpoint *client, const struct tm_endpoint *server)
{
    uint32_t i = hash_of(client, server) & (cap - 1);
    while (table[i] != TM_WIRE_NONE && (!tm_endpoint_is_equal(&conns[table[i]].client, client) ||
                                        !tm_endpoint_is_equal(&conns[table[i]].server, server)))
        i = (i + 1) & (cap - 1);
    return &table[i];
}

uint32_t tm_wire_view_find(const struct tm_wire_view *v, const struct tm_endpoint *client,
                           const struct tm_endpoint *server)
{
    return v->cap_table == 0 ? TM_WIRE_NONE
                             : *place_of(v->table, v->cap_table, v->conns, client, server);
}

/* Keeps the table at most half full (it never holds more entries than there are connections). */
static int grow_table(struct tm_wire_view *v)
{
    if (v->n_conns + 1 <= v->cap_table / 2)
        return TM_OK;
    uint32_t cap = v->cap_table == 0 ? 64 : v->cap_table * 2;
    uint32_t *table = malloc(cap * sizeof *table);
    if (!table)
        return TM_ERR_NOMEM;
    memset(table, 0xff, cap * sizeof *table); /* TM_WIRE_NONE */
    for (uint32_t i = 0; i < v->n_conns; i++) /* the newest of equal endpoints comes last */
        *place_of(table, cap, v->conns, &v->conns[i].client, &v->conns[i].server) = i;
    free(v->table);
    v->table = table;
    v->cap_table = cap;
    return TM_OK;
}

static int new_conn(struct tm_wire_view *v, const struct tm_endpoint *client,
                    const struct tm_endpoint *server, int64_t t_us, struct tm_wire_conn **out)
{
    int rc = tm_grow(&v->conns, &v->cap_conns, v->n_conns, sizeof *v->conns);
    if (rc == TM_OK)
        rc = grow_table(v);
    if (rc != TM_OK)
        return rc;
    TM_ASSERT(v->conns);
    struct tm_wire_conn *c = &v->conns[v->n_conns];
    uint32_t *place = place_of(v->table, v->cap_table, v->conns, client, server);
    *c = (struct tm_wire_conn){.client = *client,
                               .server = *server,
                               .first_us = t_us,
                               .last_us = t_us,
                               .syn_us = TM_NEVER,
                               .older = *place};
    for (int d = 0; d < 2; d++) {
        c->half[d].acked_us = t_us;
        c->half[d].fin_us = TM_NEVER;
        c->half[d].rst_us = TM_NEVER;
    }
    *place = v->n_conns++;
    *out = c;
    return TM_OK;
}

/* A SYN that is not a repetition of this connection's own opens another one. */
static bool is_other_syn(const struct tm_wire_conn *c, const struct tm_packet *p, enum tm_dir dir)
{
    const struct tm_wire_half *h = &c->half[dir];
    return dir == TM_UP && (p->flags & TM_TCP_SYN) && !(h->has_isn && h->isn == p->seq);
}

/* Sequence number -> offset of payload, near `near`; negative before the first byte. */
static int64_t offset_of(const struct tm_wire_half *h, uint32_t seq, uint64_t near)
{
    uint32_t expected = h->isn + 1 + (uint32_t)near;
    return (int64_t)near + (int32_t)(seq - expected);
}

static int feed_half(struct tm_wire_half *h, const struct tm_packet *p)
{
    if ((p->flags & TM_TCP_RST) && h->rst_us == TM_NEVER)
        h->rst_us = p->t_us;
    if (p->flags & TM_TCP_SYN) {
        h->has_isn = true;
        h->isn = p->seq;
    }
    h->has_unplaced |= !h->has_isn && p->payload_len > 0;
    if (!h->has_isn || (p->flags & TM_TCP_RST))
        return TM_OK;
    int64_t start = offset_of(h, p->seq + ((p->flags & TM_TCP_SYN) ? 1 : 0), h->high);
    int64_t end = start + p->payload_len;
    if (start > (int64_t)h->high + LOST_SEQ_BYTES)
        return TM_OK;
    if ((p->flags & TM_TCP_FIN) && h->fin_us == TM_NEVER && end >= 0) {
        h->fin_us = p->t_us;
        h->fin_offset = (uint64_t)end;
    }
    if (start < 0) /* a keep-alive probe repeats the byte before the first */
        start = 0;
    return end > start ? add_bytes(h, p->t_us, (uint64_t)start, (uint64_t)end) : TM_OK;
}

/* p, of the other direction, acknowledges h. */
static void feed_ack(struct tm_wire_half *h, const struct tm_wire_half *other,
                     const struct tm_packet *p)
{
    bool is_ack = (p->flags & TM_TCP_ACK) && !(p->flags & (TM_TCP_RST | TM_TCP_SYN));
    if (!h->has_isn && is_ack && !h->has_unplaced && other->has_isn && other->high == 0) {
        h->has_isn = true; /* the handshake's third packet names what the capture missed */
        h->isn = p->ack - 1;
    }
    if (!h->has_isn || !(p->flags & TM_TCP_ACK) || (p->flags & TM_TCP_RST))
        return;
    int64_t acked = offset_of(h, p->ack, h->acked);
    if (acked > (int64_t)h->acked) {
        h->acked = (uint64_t)acked;
        h->acked_us = p->t_us;
    }
}

static bool is_server(const struct tm_wire_view *v, const struct tm_endpoint *e)
{
    for (uint32_t i = 0; i < v->n_servers; i++) {
        if (tm_endpoint_is_equal(&v->servers[i], e))
            return true;
    }
    return false;
}

int tm_wire_view_feed(struct tm_wire_view *v, const struct tm_packet *p)
{
    v->first_us = v->n_fed == 0 ? p->t_us : tm_min_us(v->first_us, p->t_us);
    v->last_us = v->n_fed == 0 ? p->t_us : tm_max_us(v->last_us, p->t_us);
    v->n_fed++;
    struct tm_endpoint src = {.port = p->src_port};
    struct tm_endpoint dst = {.port = p->dst_port};
    memcpy(src.addr, p->src, sizeof src.addr);
    memcpy(dst.addr, p->dst, sizeof dst.addr);
    bool is_up = is_server(v, &dst);
    if (!is_up && !is_server(v, &src))
        return TM_OK;
    enum tm_dir dir = is_up ? TM_UP : TM_DOWN;
    const struct tm_endpoint *client = is_up ? &src : &dst;
    const struct tm_endpoint *server = is_up ? &dst : &src;

    uint32_t k = tm_wire_view_find(v, client, server);
    struct tm_wire_conn *c = k == TM_WIRE_NONE ? NULL : &v->conns[k];
    if (!c || is_other_syn(c, p, dir)) {
        int rc = new_conn(v, client, server, p->t_us, &c);
        if (rc != TM_OK)
            return rc;
    }
    v->n_packets++;
    c->last_us = p->t_us;
    if (dir == TM_UP && (p->flags & TM_TCP_SYN) && c->syn_us == TM_NEVER)
        c->syn_us = p->t_us;
    feed_ack(&c->half[!dir], &c->half[dir], p);
    return feed_half(&c->half[dir], p);
}

void tm_wire_view_deinit(struct tm_wire_view *v)
{
    for (uint32_t i = 0; i < v->n_conns; i++) {
        free(v->conns[i].half[0].runs);
        free(v->conns[i].half[1].runs);
    }
    free(v->conns);
    free(v->servers);
    free(v->table);
    *v = (struct tm_wire_view){0};
}
