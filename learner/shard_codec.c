#include "learner/shard_codec.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "models/plan.h"
#include "tm/base/time.h"

#define VARINT_MAX_LEN 8U
#define PAIR_FIELDS    4U
#define TIME_LIMIT_US  (INT64_C(1) << 60) /* differences of two times fit 64 bits */

enum form {
    TIME,  /* int64_t, below TIME_LIMIT_US either way */
    COUNT, /* uint64_t */
    SMALL, /* uint32_t */
    NONE,  /* uint32_t, or TM_PAIR_NONE: stored plus 1 */
    SHORT, /* uint16_t */
    FLAG,  /* 0 or 1 in one byte: bool, or enum tm_dir */
};

struct field {
    size_t offset;
    enum form form;
};

#define FIELD(name, form)                                                                          \
    {                                                                                              \
        offsetof(struct tm_record, name), form                                                     \
    }

static const struct field fields[] = {
    FIELD(conn.start_us, TIME),         FIELD(conn.end_us, TIME),
    FIELD(conn.data_us, TIME),          FIELD(conn.bytes[0], COUNT),
    FIELD(conn.bytes[1], COUNT),        FIELD(conn.inferred[0], COUNT),
    FIELD(conn.inferred[1], COUNT),     FIELD(conn.uncounted[0], COUNT),
    FIELD(conn.uncounted[1], COUNT),    FIELD(conn.rtt_us[0], NONE),
    FIELD(conn.rtt_us[1], NONE),        FIELD(conn.n_rtt[0], SHORT),
    FIELD(conn.n_rtt[1], SHORT),        FIELD(conn.n_packets, SMALL),
    FIELD(conn.n_retrans, SMALL),       FIELD(conn.n_pairs, SMALL),
    FIELD(conn.close_think_us, NONE),   FIELD(conn.data_dir, FLAG),
    FIELD(conn.close_dir, FLAG),        FIELD(conn.has_syn, FLAG),
    FIELD(conn.has_end, FLAG),          FIELD(conn.is_pseudo, FLAG),
    FIELD(path.mss_bytes, SMALL),       FIELD(path.capacity_bps[0], COUNT),
    FIELD(path.capacity_bps[1], COUNT), FIELD(path.n_data[0], SMALL),
    FIELD(path.n_data[1], SMALL),       FIELD(path.n_lost[0], SMALL),
    FIELD(path.n_lost[1], SMALL),
};
#define N_FIELDS (sizeof fields / sizeof *fields)

/* Whoever adds a member adds it to `fields` too, or parts put together would lose it.  struct tm_tls_conn is
 * left out: no fitter asks for it, and its samples are those of the capture (learner/shard_samples.h). */
static_assert(sizeof(struct tm_conn) == 112, "a member of struct tm_conn may be missing in fields");
static_assert(sizeof(struct tm_path_conn) == 40,
              "a member of struct tm_path_conn may be missing in fields");
static_assert(sizeof(struct tm_record) == 248, "a member of struct tm_record may be missing below");
static_assert(sizeof(struct tm_pair) == 20, "a member of struct tm_pair may be missing below");
static_assert(sizeof(bool) == 1, "flags are bytes");

static void put_string(struct tm_wr *w, const char *s)
{
    size_t len = strlen(s);
    tm_wr_u8(w, (uint8_t)len);
    tm_wr_bytes(w, s, len);
}

int tm_shard_encode_settings(struct tm_wr *w, const struct tm_options *o)
{
    const struct tm_group_cfg *g = &o->fit.group;
    put_string(w, TM_VERSION);
    tm_wr_u16(w, (uint16_t)o->world.n_ports);
    for (size_t i = 0; i < o->world.n_ports; i++)
        tm_wr_u16(w, o->ports[i]);
    tm_wr_u32(w, o->world.min_packets);
    tm_wr_u32(w, o->world.exchange.gap_credit_bytes);
    tm_wr_u32(w, o->world.exchange.max_pairs);
    tm_wr_u32(w, o->world.flow.max_flows);
    tm_wr_u64(w, (uint64_t)o->world.exchange.syn_repeat_us);
    tm_wr_u64(w, (uint64_t)o->world.exchange.rtt_max_us);
    tm_wr_u64(w, (uint64_t)o->world.flow.linger_us);
    tm_wr_u8(w, o->world.exchange.is_tail_pair);
    tm_wr_u8(w, (uint8_t)o->join);
    tm_wr_u8(w, (uint8_t)o->fit.key);
    tm_wr_u8(w, o->fit.server_bits);
    tm_wr_u8(w, (uint8_t)o->fit.end);
    tm_wr_u8(w, o->fit.is_server_think_zero);
    tm_wr_u32(w, o->fit.min_rtts);
    tm_wr_u32(w, (uint32_t)o->fit.max_points);
    const int64_t gap_us[] = {g->rre_gap_us, g->inter_conn_us, g->session_gap_us,
                              g->session_length_us, g->away_us};
    for (size_t i = 0; i < sizeof gap_us / sizeof *gap_us; i++)
        tm_wr_u64(w, (uint64_t)gap_us[i]);
    tm_wr_u32(w, g->max_conns);
    tm_wr_u32(w, g->max_rres);
    return tm_wr_ok(w) ? TM_OK : TM_ERR_LIMIT;
}

static int get_version(struct tm_rd *rd)
{
    struct tm_view v = tm_rd_bytes(rd, tm_rd_u8(rd));
    if (!tm_rd_ok(rd))
        return TM_ERR_FORMAT;
    bool is_ours = v.len == strlen(TM_VERSION) && memcmp(v.p, TM_VERSION, v.len) == 0;
    return is_ours ? TM_OK : TM_ERR_UNSUPPORTED;
}

/* 0..most; else the reader's error is set. */
static uint8_t get_choice(struct tm_rd *rd, unsigned most)
{
    uint8_t v = tm_rd_u8(rd);
    rd->bad |= v > most;
    return rd->bad ? 0 : v;
}

static void get_group(struct tm_rd *rd, struct tm_group_cfg *g)
{
    int64_t *const gap_us[] = {&g->rre_gap_us, &g->inter_conn_us, &g->session_gap_us,
                               &g->session_length_us, &g->away_us};
    for (size_t i = 0; i < sizeof gap_us / sizeof *gap_us; i++)
        *gap_us[i] = (int64_t)tm_rd_u64(rd);
    g->max_conns = tm_rd_u32(rd);
    g->max_rres = tm_rd_u32(rd);
}

static bool is_duration(int64_t us)
{
    return us >= 0 && us <= (int64_t)TM_MODEL_TIME_MAX_US;
}

static bool settings_ok(const struct tm_options *o)
{
    const struct tm_group_cfg *g = &o->fit.group;
    const struct tm_exchange_cfg *x = &o->world.exchange;
    return o->world.n_ports >= 1 && x->max_pairs >= 1 && x->max_pairs <= TM_MODEL_PAIRS_MAX &&
           o->fit.server_bits <= 32 && o->fit.min_rtts >= 1 &&
           o->fit.max_points >= TM_DIST_POINTS_MIN && o->fit.max_points <= TM_DIST_POINTS_MAX &&
           is_duration(g->rre_gap_us) && is_duration(g->inter_conn_us) &&
           is_duration(g->session_gap_us) && is_duration(g->session_length_us) &&
           is_duration(g->away_us) && g->max_conns >= 1 && g->max_conns <= TM_MODEL_COUNT_MAX &&
           g->max_rres >= 1 && g->max_rres <= TM_MODEL_COUNT_MAX;
}

int tm_shard_decode_settings(struct tm_rd *rd, struct tm_options *o)
{
    int rc = get_version(rd);
    if (rc != TM_OK)
        return rc;
    o->world.ports = o->ports;
    o->world.n_ports = tm_rd_u16(rd);
    if (o->world.n_ports > TM_OPTIONS_PORTS_MAX)
        return TM_ERR_FORMAT;
    for (size_t i = 0; i < o->world.n_ports; i++)
        o->ports[i] = tm_rd_u16(rd);
    o->world.min_packets = tm_rd_u32(rd);
    o->world.exchange.gap_credit_bytes = tm_rd_u32(rd);
    o->world.exchange.max_pairs = tm_rd_u32(rd);
    o->world.flow.max_flows = tm_rd_u32(rd);
    o->world.exchange.syn_repeat_us = (int64_t)tm_rd_u64(rd);
    o->world.exchange.rtt_max_us = (int64_t)tm_rd_u64(rd);
    o->world.flow.linger_us = (int64_t)tm_rd_u64(rd);
    o->world.exchange.is_tail_pair = get_choice(rd, 1);
    o->join = (enum tm_join)get_choice(rd, TM_JOIN_NONE);
    o->fit.key = (enum tm_user_key)get_choice(rd, TM_USER_NET);
    o->fit.server_bits = tm_rd_u8(rd);
    o->fit.end = (enum tm_conn_end)get_choice(rd, TM_END_PAYLOAD);
    o->fit.is_server_think_zero = get_choice(rd, 1);
    o->fit.min_rtts = tm_rd_u32(rd);
    o->fit.max_points = tm_rd_u32(rd);
    get_group(rd, &o->fit.group);
    return tm_rd_ok(rd) && rd->len == 0 && settings_ok(o) ? TM_OK : TM_ERR_FORMAT;
}

size_t tm_shard_record_max(const struct tm_record *r)
{
    return (size_t)2 * TM_ADDR_LEN + 2 * sizeof(uint16_t) + N_FIELDS * VARINT_MAX_LEN +
           (size_t)r->conn.n_pairs * PAIR_FIELDS * VARINT_MAX_LEN;
}

static void put_none(struct tm_wr *w, uint32_t v)
{
    tm_wr_varint(w, v == TM_PAIR_NONE ? 0 : (uint64_t)v + 1);
}

static uint64_t load_64(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static uint32_t load_32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static void put_field(struct tm_wr *w, const struct field *f, const uint8_t *at)
{
    uint16_t half;
    switch (f->form) {
    case TIME:
        tm_wr_u64(w, load_64(at));
        return;
    case COUNT:
        tm_wr_varint(w, load_64(at));
        return;
    case SMALL:
        tm_wr_varint(w, load_32(at));
        return;
    case NONE:
        put_none(w, load_32(at));
        return;
    case SHORT:
        memcpy(&half, at, sizeof half);
        tm_wr_u16(w, half);
        return;
    case FLAG:
        tm_wr_u8(w, *at);
        return;
    }
}

int tm_shard_encode_record(struct tm_wr *w, const struct tm_record *r,
                           const struct tm_pair_pool *pool)
{
    tm_wr_bytes(w, r->client, TM_ADDR_LEN);
    tm_wr_bytes(w, r->server, TM_ADDR_LEN);
    tm_wr_u16(w, r->client_port);
    tm_wr_u16(w, r->server_port);
    for (size_t i = 0; i < N_FIELDS; i++)
        put_field(w, &fields[i], (const uint8_t *)r + fields[i].offset);
    for (uint32_t i = r->conn.first_pair; i != TM_PAIR_NONE; i = pool->pair[i].next) {
        const struct tm_pair *p = &pool->pair[i];
        put_none(w, p->req_bytes);
        put_none(w, p->rsp_bytes);
        put_none(w, p->req_think_us);
        put_none(w, p->server_think_us);
    }
    return tm_wr_ok(w) ? TM_OK : TM_ERR_LIMIT;
}

/* A number of at most `max`; else the reader's error is set. */
static uint64_t get_varint(struct tm_rd *rd, uint64_t max)
{
    uint64_t v = tm_rd_varint(rd);
    rd->bad |= v > max;
    return rd->bad ? 0 : v;
}

static uint32_t get_none(struct tm_rd *rd, uint64_t max)
{
    uint64_t v = get_varint(rd, max + 1);
    return v == 0 ? TM_PAIR_NONE : (uint32_t)(v - 1);
}

static void get_u32(struct tm_rd *rd, enum form form, uint8_t *at)
{
    uint32_t v =
        form == NONE ? get_none(rd, TM_WRITE_GAP_MAX) : (uint32_t)get_varint(rd, UINT32_MAX);
    memcpy(at, &v, sizeof v);
}

static void get_time(struct tm_rd *rd, uint8_t *at)
{
    int64_t v = (int64_t)tm_rd_u64(rd);
    rd->bad |= v >= TIME_LIMIT_US || v <= -TIME_LIMIT_US;
    memcpy(at, &v, sizeof v);
}

static void get_field(struct tm_rd *rd, const struct field *f, uint8_t *at)
{
    uint64_t v;
    uint16_t half;
    switch (f->form) {
    case TIME:
        get_time(rd, at);
        return;
    case COUNT:
        v = tm_rd_varint(rd);
        memcpy(at, &v, sizeof v);
        return;
    case SMALL:
    case NONE:
        get_u32(rd, f->form, at);
        return;
    case SHORT:
        half = tm_rd_u16(rd);
        memcpy(at, &half, sizeof half);
        return;
    case FLAG:
        *at = tm_rd_u8(rd);
        rd->bad |= *at > 1;
        *at &= 1;
        return;
    }
}

static int get_pairs(struct tm_rd *rd, struct tm_conn *c, struct tm_pair_pool *pool)
{
    uint32_t last = TM_PAIR_NONE;
    c->first_pair = TM_PAIR_NONE;
    for (uint32_t i = 0; i < c->n_pairs && tm_rd_ok(rd); i++) {
        uint32_t at;
        int rc = tm_pair_pool_take(pool, &at);
        if (rc != TM_OK)
            return rc;
        struct tm_pair *p = &pool->pair[at];
        p->req_bytes = get_none(rd, TM_WRITE_SIZE_MAX);
        p->rsp_bytes = get_none(rd, TM_WRITE_SIZE_MAX);
        p->req_think_us = get_none(rd, TM_WRITE_GAP_MAX);
        p->server_think_us = get_none(rd, TM_WRITE_GAP_MAX);
        if (last == TM_PAIR_NONE)
            c->first_pair = at;
        else
            pool->pair[last].next = at;
        last = at;
    }
    return tm_rd_ok(rd) ? TM_OK : TM_ERR_FORMAT;
}

int tm_shard_decode_record(struct tm_rd *rd, struct tm_record *r, struct tm_pair_pool *pool)
{
    *r = (struct tm_record){.conn = {.first_pair = TM_PAIR_NONE}};
    tm_rd_copy(rd, r->client, TM_ADDR_LEN);
    tm_rd_copy(rd, r->server, TM_ADDR_LEN);
    r->client_port = tm_rd_u16(rd);
    r->server_port = tm_rd_u16(rd);
    for (size_t i = 0; i < N_FIELDS; i++)
        get_field(rd, &fields[i], (uint8_t *)r + fields[i].offset);
    if (!tm_rd_ok(rd) || r->conn.n_pairs == 0 || r->conn.n_pairs > TM_MODEL_PAIRS_MAX ||
        r->conn.n_pairs > rd->len / PAIR_FIELDS)
        return TM_ERR_FORMAT;
    return get_pairs(rd, &r->conn, pool);
}
